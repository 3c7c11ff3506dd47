/* What the drivers that follow another one decide and copy. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/str.h"
#include "common/ups/driverwire.h"
#include "drivers/virtual/cloneplan.h"
#include "drivers/virtual/mirror.h"
#include "drivers/virtual/outletwords.h"

/* ---------------------------------------------------------------------------- cloneplan */

struct scene {
	struct cloneplan plan;
	struct cloneplan_view view;
};

static struct scene a_scene(void)
{
	struct scene s = {
		.plan = {.offdelay_s = 60, .ondelay_s = 20, .can_cut = true, .can_switch_on = true},
		.view = {.now_ms = 1000000, .fresh = true, .on_line = true},
	};

	return s;
}

static void power_fails(struct scene *s, bool low)
{
	s->view.on_line = false;
	s->view.on_battery = true;
	s->view.low = low;
}

static void power_is_back(struct scene *s)
{
	s->view.on_line = true;
	s->view.on_battery = false;
}

static enum cloneplan_order step(struct scene *s)
{
	return cloneplan_step(&s->plan, &s->view);
}

/* Steps once a second; stops at the first order. */
static enum cloneplan_order pass(struct scene *s, int seconds)
{
	enum cloneplan_order order = CLONEPLAN_NOTHING;

	for (int i = 0; i < seconds && order == CLONEPLAN_NOTHING; i++) {
		s->view.now_ms += 1000;
		order = step(s);
	}
	return order;
}

static void answer(struct scene *s, bool done)
{
	cloneplan_answer(&s->plan, s->plan.order, done, s->view.now_ms);
}

static void outlet(struct scene *s, bool on)
{
	s->plan.watched = s->view.outlet_known = true;
	s->view.outlet_on = on;
}

static struct scene a_scene_with_the_outlet_cut(void)
{
	struct scene s = a_scene();

	power_fails(&s, true);
	step(&s);
	assert_int_equal(pass(&s, 60), CLONEPLAN_CUT);
	answer(&s, true);
	assert_true(cloneplan_off(&s.plan));
	return s;
}

static void a_low_battery_warns_and_then_cuts(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, false);
	pass(&s, 1000);
	assert_false(cloneplan_fsd(&s.plan));
	assert_int_equal(cloneplan_shutdown_timer(&s.plan, s.view.now_ms), -1);
	s.view.low = true;
	assert_int_equal(step(&s), CLONEPLAN_NOTHING);
	assert_true(cloneplan_fsd(&s.plan));
	assert_int_equal(cloneplan_shutdown_timer(&s.plan, s.view.now_ms), 60);
	assert_int_equal(cloneplan_start_timer(&s.plan, s.view.now_ms), 20);
	assert_int_equal(pass(&s, 59), CLONEPLAN_NOTHING);
	assert_int_equal(pass(&s, 1), CLONEPLAN_CUT);
	assert_true(cloneplan_fsd(&s.plan));
	answer(&s, true);
	assert_false(cloneplan_fsd(&s.plan));
	assert_true(cloneplan_off(&s.plan));
}

static void a_low_battery_without_a_power_failure_does_nothing(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.view.low = true;
	pass(&s, 100);
	assert_false(cloneplan_fsd(&s.plan));
	/* Neither on line nor on battery: off, or not known yet. */
	s.view.on_line = false;
	pass(&s, 100);
	assert_false(cloneplan_fsd(&s.plan));
}

static void a_calibration_is_no_power_failure(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, true);
	s.view.calibrating = true;
	pass(&s, 100);
	assert_false(cloneplan_fsd(&s.plan));
}

static void stale_data_begin_nothing(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, true);
	s.view.fresh = false;
	pass(&s, 100);
	assert_false(cloneplan_fsd(&s.plan));
}

static void a_warning_is_not_taken_back_when_the_power_returns(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, true);
	step(&s);
	power_is_back(&s);
	s.view.low = false;
	assert_int_equal(pass(&s, 59), CLONEPLAN_NOTHING);
	assert_true(cloneplan_fsd(&s.plan));
	assert_int_equal(pass(&s, 1), CLONEPLAN_CUT);
	answer(&s, true);
	assert_int_equal(pass(&s, 20), CLONEPLAN_SWITCH_ON);
	answer(&s, true);
	assert_false(cloneplan_off(&s.plan));
	assert_int_equal(pass(&s, 1000), CLONEPLAN_NOTHING);
}

static void the_power_has_to_be_back_for_a_while_without_a_break(void **state)
{
	struct scene s = a_scene_with_the_outlet_cut();

	(void)state;
	assert_int_equal(pass(&s, 1000), CLONEPLAN_NOTHING);
	power_is_back(&s);
	assert_int_equal(pass(&s, 19), CLONEPLAN_NOTHING);
	power_fails(&s, true);
	assert_int_equal(pass(&s, 1), CLONEPLAN_NOTHING);
	power_is_back(&s);
	assert_int_equal(pass(&s, 19), CLONEPLAN_NOTHING);
	assert_int_equal(cloneplan_start_timer(&s.plan, s.view.now_ms), 1);
	assert_int_equal(pass(&s, 1), CLONEPLAN_SWITCH_ON);
}

static void a_cut_outlet_waits_while_the_source_is_stale(void **state)
{
	struct scene s = a_scene_with_the_outlet_cut();

	(void)state;
	power_is_back(&s);
	s.view.fresh = false;
	assert_int_equal(pass(&s, 1000), CLONEPLAN_NOTHING);
	s.view.fresh = true;
	assert_int_equal(pass(&s, 19), CLONEPLAN_NOTHING);
	assert_int_equal(pass(&s, 1), CLONEPLAN_SWITCH_ON);
}

static void a_switch_on_that_fails_is_tried_again(void **state)
{
	struct scene s = a_scene_with_the_outlet_cut();

	(void)state;
	power_is_back(&s);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pass(&s, 40), CLONEPLAN_SWITCH_ON);
		answer(&s, false);
		assert_true(cloneplan_off(&s.plan));
	}
}

static void told_to_stay_off_it_does(void **state)
{
	struct scene s = a_scene();

	(void)state;
	cloneplan_shut_down(&s.plan, s.view.now_ms, true);
	assert_true(cloneplan_fsd(&s.plan));
	assert_int_equal(cloneplan_start_timer(&s.plan, s.view.now_ms), -1);
	assert_int_equal(pass(&s, 60), CLONEPLAN_CUT);
	answer(&s, true);
	assert_int_equal(pass(&s, 1000), CLONEPLAN_NOTHING);
	assert_true(cloneplan_off(&s.plan));
	/* Until somebody wants it back. */
	cloneplan_shut_down(&s.plan, s.view.now_ms, false);
	assert_false(cloneplan_fsd(&s.plan));
	assert_int_equal(pass(&s, 20), CLONEPLAN_SWITCH_ON);
}

static void a_second_order_does_not_begin_the_time_anew(void **state)
{
	struct scene s = a_scene();

	(void)state;
	cloneplan_shut_down(&s.plan, s.view.now_ms, false);
	pass(&s, 30);
	cloneplan_shut_down(&s.plan, s.view.now_ms, true);
	assert_int_equal(pass(&s, 30), CLONEPLAN_CUT);
}

static void a_cut_that_could_not_be_ordered_is_announced_anew(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, true);
	step(&s);
	s.view.fresh = false;
	assert_int_equal(pass(&s, 500), CLONEPLAN_NOTHING);
	assert_true(cloneplan_fsd(&s.plan));
	s.view.fresh = true;
	power_is_back(&s);
	assert_int_equal(pass(&s, 60), CLONEPLAN_NOTHING);
	assert_true(cloneplan_fsd(&s.plan));
	assert_int_equal(pass(&s, 1), CLONEPLAN_CUT);
}

static void a_short_silence_changes_nothing(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, true);
	step(&s);
	s.view.fresh = false;
	pass(&s, 20);
	s.view.fresh = true;
	assert_int_equal(pass(&s, 39), CLONEPLAN_NOTHING);
	assert_int_equal(pass(&s, 1), CLONEPLAN_CUT);
}

static void an_outlet_that_cannot_be_cut_keeps_warning_until_the_power_is_back(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.plan.can_cut = false;
	power_fails(&s, true);
	step(&s);
	assert_int_equal(pass(&s, 1000), CLONEPLAN_NOTHING);
	assert_true(cloneplan_fsd(&s.plan));
	assert_false(cloneplan_off(&s.plan));
	power_is_back(&s);
	pass(&s, 19);
	assert_true(cloneplan_fsd(&s.plan));
	pass(&s, 1);
	assert_false(cloneplan_fsd(&s.plan));
}

static void a_cut_that_fails_is_tried_again_and_keeps_warning(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, true);
	step(&s);
	assert_int_equal(pass(&s, 60), CLONEPLAN_CUT);
	for (int i = 0; i < 2; i++) {
		answer(&s, false);
		assert_true(cloneplan_fsd(&s.plan));
		assert_int_equal(pass(&s, 10), CLONEPLAN_CUT);
	}
	answer(&s, false);
	assert_int_equal(pass(&s, 1000), CLONEPLAN_NOTHING);
	assert_true(cloneplan_fsd(&s.plan));
	assert_false(cloneplan_off(&s.plan));
}

static void a_source_lost_with_the_order_has_it_announced_anew(void **state)
{
	struct scene s = a_scene();

	(void)state;
	power_fails(&s, true);
	step(&s);
	assert_int_equal(pass(&s, 60), CLONEPLAN_CUT);
	s.view.fresh = false;
	answer(&s, false);
	assert_int_equal(pass(&s, 100), CLONEPLAN_NOTHING);
	assert_true(cloneplan_fsd(&s.plan));
	s.view.fresh = true;
	assert_int_equal(pass(&s, 60), CLONEPLAN_NOTHING);
	assert_int_equal(pass(&s, 1), CLONEPLAN_CUT);
}

static void a_watched_outlet_is_off_when_it_says_so(void **state)
{
	struct scene s = a_scene();

	(void)state;
	outlet(&s, true);
	power_fails(&s, true);
	step(&s);
	assert_int_equal(pass(&s, 60), CLONEPLAN_CUT);
	answer(&s, true);
	assert_false(cloneplan_off(&s.plan));
	assert_true(cloneplan_fsd(&s.plan));
	outlet(&s, false);
	step(&s);
	assert_true(cloneplan_off(&s.plan));
	assert_false(cloneplan_fsd(&s.plan));
}

static void a_watched_outlet_that_stays_on_is_cut_again(void **state)
{
	struct scene s = a_scene();

	(void)state;
	outlet(&s, true);
	power_fails(&s, true);
	step(&s);
	assert_int_equal(pass(&s, 60), CLONEPLAN_CUT);
	answer(&s, true);
	assert_int_equal(pass(&s, 29), CLONEPLAN_NOTHING);
	assert_int_equal(pass(&s, 1), CLONEPLAN_CUT);
	assert_true(cloneplan_fsd(&s.plan));
}

static void an_outlet_switched_on_by_others_begins_nothing_but_is_guarded(void **state)
{
	struct scene s = a_scene();

	(void)state;
	outlet(&s, false);
	power_fails(&s, true);
	pass(&s, 100);
	assert_false(cloneplan_fsd(&s.plan));
	outlet(&s, true);
	power_is_back(&s);
	assert_int_equal(pass(&s, 100), CLONEPLAN_NOTHING);
	assert_false(cloneplan_fsd(&s.plan));
	power_fails(&s, true);
	step(&s);
	assert_true(cloneplan_fsd(&s.plan));
}

static void an_outlet_that_nobody_can_switch_on_counts_as_on_again(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.plan.can_switch_on = false;
	power_fails(&s, true);
	step(&s);
	assert_int_equal(pass(&s, 60), CLONEPLAN_CUT);
	answer(&s, true);
	power_is_back(&s);
	assert_int_equal(pass(&s, 20), CLONEPLAN_NOTHING);
	assert_false(cloneplan_off(&s.plan));
	power_fails(&s, true);
	step(&s);
	assert_true(cloneplan_fsd(&s.plan));
}

static void an_answer_to_an_older_order_counts_for_nothing(void **state)
{
	struct scene s = a_scene_with_the_outlet_cut();
	unsigned old = s.plan.order;

	(void)state;
	power_is_back(&s);
	assert_int_equal(pass(&s, 20), CLONEPLAN_SWITCH_ON);
	cloneplan_answer(&s.plan, old, true, s.view.now_ms);
	assert_true(cloneplan_off(&s.plan));
}

/* -------------------------------------------------------------------------- outletwords */

static void words_are(const char *status, const char *timer, const char *delay, bool off, bool fsd)
{
	struct outletwords w = outletwords_of(status, timer, delay);

	assert_int_equal(w.off, off);
	assert_int_equal(w.fsd, fsd);
}

static void an_outlet_tells_of_its_end(void **state)
{
	(void)state;
	words_are(NULL, NULL, NULL, false, false);
	words_are("on", "-1", "30", false, false);
	words_are("off", "-1", "30", true, false);
	words_are("OFF", NULL, NULL, true, false);
	words_are("on", "20", "30", false, true);
	words_are("on", "30", "30", false, true);
	words_are("on", "0", "30", false, true);
	words_are("on", "31", "30", false, false);
	words_are("on", "soon", "30", false, false);
	words_are("on", "20", NULL, false, true);
	words_are("on", "0", NULL, false, false);
	words_are("on", "20", "?", false, true);
	words_are("offline", "", "", false, false);
}

/* ------------------------------------------------------------------------------- mirror */

static bool keep(void *arg, const char *theirs, char *ours, size_t size)
{
	(void)arg;
	if (str_casestarts(theirs, "driver."))
		return str_format(ours, size, "upstream.%s", theirs);
	return !str_casestarts(theirs, "secret.") && str_copy(ours, size, theirs);
}

static const struct mirror_rules all = {.variable = keep, .command = keep};
static const struct mirror_rules read_only = {.variable = keep, .read_only = true};

struct pair {
	struct state *from, *to;
	struct mirror mirror;
};

static struct pair a_pair(const struct mirror_rules *rules)
{
	struct pair p = {.from = state_new(), .to = state_new()};

	assert_true(mirror_init(&p.mirror, p.to, rules, NULL));
	state_set(p.to, "own.value", "1");
	state_set(p.from, "ups.status", "OL");
	state_set(p.from, "ups.load", "10");
	state_set(p.from, "driver.name", "x");
	state_set(p.from, "secret.x", "x");
	state_set_flags(p.from, "ups.load", STATE_RW | STATE_STRING);
	state_set_aux(p.from, "ups.load", 7);
	state_add_enum(p.from, "ups.load", "10");
	state_add_enum(p.from, "ups.load", "20");
	state_add_command(p.from, "beeper.on");
	state_add_command(p.from, "driver.x");
	return p;
}

static void free_pair(struct pair *p)
{
	mirror_free(&p->mirror);
	state_free(p->from);
	state_free(p->to);
}

static void a_copy_has_values_descriptions_and_commands(void **state)
{
	struct pair p = a_pair(&all);
	const struct state_var *v;

	(void)state;
	mirror_follow(&p.mirror, p.from);
	v = state_find(p.to, "ups.load");
	assert_string_equal(state_var_value(v), "10");
	assert_int_equal(state_var_flags(v), STATE_RW | STATE_STRING);
	assert_int_equal(state_var_aux(v), 7);
	assert_int_equal(state_var_enum_count(v), 2);
	assert_string_equal(state_var_enum(v, 1), "20");
	assert_string_equal(state_get(p.to, "upstream.driver.name"), "x");
	assert_null(state_get(p.to, "driver.name"));
	assert_null(state_get(p.to, "secret.x"));
	assert_null(state_get(p.to, "ups.status"));
	assert_non_null(state_find_command(p.to, "beeper.on"));
	assert_non_null(state_find_command(p.to, "upstream.driver.x"));
	free_pair(&p);
}

static void changes_are_copied_and_nothing_else_changes(void **state)
{
	struct pair p = a_pair(&all);
	uint64_t generation;

	(void)state;
	mirror_follow(&p.mirror, p.from);
	generation = state_generation(p.to);
	mirror_update(&p.mirror);
	assert_true(state_generation(p.to) == generation);

	state_set(p.from, "ups.load", "20");
	state_delete_enum(p.from, "ups.load", "10");
	state_set(p.from, "battery.charge.low", "5");
	state_add_range(p.from, "battery.charge.low", 1, 9);
	state_delete(p.from, "driver.name");
	state_delete_command(p.from, "beeper.on");
	state_add_command(p.from, "load.on");
	mirror_update(&p.mirror);
	assert_string_equal(state_get(p.to, "ups.load"), "20");
	assert_int_equal(state_var_enum_count(state_find(p.to, "ups.load")), 1);
	assert_int_equal(state_var_range(state_find(p.to, "battery.charge.low"), 0).max, 9);
	assert_null(state_get(p.to, "upstream.driver.name"));
	assert_null(state_find_command(p.to, "beeper.on"));
	assert_non_null(state_find_command(p.to, "load.on"));
	assert_string_equal(state_get(p.to, "own.value"), "1");
	free_pair(&p);
}

static void another_original_leaves_nothing_of_the_first(void **state)
{
	struct pair p = a_pair(&all);
	struct state *other = state_new();

	(void)state;
	mirror_follow(&p.mirror, p.from);
	state_set(other, "ups.load", "30");
	state_set(other, "ups.id", "b");
	state_add_command(other, "load.off");
	mirror_follow(&p.mirror, other);
	assert_int_equal(state_count(p.to), 3);
	assert_string_equal(state_get(p.to, "ups.load"), "30");
	assert_int_equal(state_var_flags(state_find(p.to, "ups.load")), 0);
	assert_int_equal(state_var_aux(state_find(p.to, "ups.load")), 0);
	assert_int_equal(state_var_enum_count(state_find(p.to, "ups.load")), 0);
	assert_string_equal(state_get(p.to, "ups.id"), "b");
	assert_string_equal(state_get(p.to, "own.value"), "1");
	assert_int_equal(state_command_count(p.to), 1);
	/* The first one's changes are nobody's business any more. */
	state_set(p.from, "ups.load", "99");
	mirror_update(&p.mirror);
	assert_string_equal(state_get(p.to, "ups.load"), "30");
	mirror_detach(&p.mirror);
	state_free(other);
	free_pair(&p);
}

static void a_read_only_copy_can_not_be_set(void **state)
{
	struct pair p = a_pair(&read_only);

	(void)state;
	mirror_follow(&p.mirror, p.from);
	assert_int_equal(state_var_flags(state_find(p.to, "ups.load")), STATE_STRING);
	assert_int_equal(state_command_count(p.to), 0);
	free_pair(&p);
}

/* One of a few names, so that the same ones come, change and go. */
static void change_something(struct state *s, unsigned (*next)(void))
{
	static const char *const names[] = {"ups.a", "ups.b", "driver.c", "secret.d", "UPS.e"};
	static const char *const texts[] = {"1", "2", "x y", ""};
	const char *name = names[next() % 5], *text = texts[next() % 4];
	long low = (long)(next() % 4);

	switch (next() % 10) {
	case 0:
		state_delete(s, name);
		break;
	case 1:
		state_set_flags(s, name, next() % 8);
		break;
	case 2:
		state_set_aux(s, name, low);
		break;
	case 3:
		state_add_enum(s, name, text);
		break;
	case 4:
		state_delete_enum(s, name, text);
		break;
	case 5:
		state_add_range(s, name, low, low + (long)(next() % 3));
		break;
	case 6:
		state_delete_range(s, name, low, low);
		break;
	case 7:
		state_add_command(s, name);
		break;
	case 8:
		state_delete_command(s, name);
		break;
	default:
		state_set(s, name, text);
		break;
	}
}

static unsigned next_number(void)
{
	static unsigned long long seed = 20261128;

	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33);
}

static void assert_equal(const struct state *from, const struct state *to)
{
	struct buffer wanted = {0}, found = {0};

	driverwire_append_dump(&wanted, from);
	driverwire_append_dump(&found, to);
	assert_string_equal(buffer_string(&found), buffer_string(&wanted));
	buffer_free(&wanted);
	buffer_free(&found);
}

/* What a copy that was made anew would have. */
static void assert_is_copy(const struct pair *p)
{
	struct state *fresh = state_new();
	struct mirror m;

	assert_true(mirror_init(&m, fresh, &all, NULL));
	mirror_follow(&m, p->from);
	state_delete(p->to, "own.value");
	assert_equal(fresh, p->to);
	mirror_free(&m);
	state_free(fresh);
}

static void after_any_changes_the_copy_is_what_a_new_one_would_be(void **state)
{
	struct pair p = a_pair(&all);
	struct state *other = state_new();

	(void)state;
	mirror_follow(&p.mirror, p.from);
	for (int i = 0; i < 3000; i++) {
		for (unsigned k = next_number() % 6; k > 0; k--) {
			change_something(p.from, next_number);
			change_something(other, next_number);
		}
		if (next_number() % 8 == 0) {
			struct state *before = p.from;

			p.from = other;
			other = before;
			mirror_follow(&p.mirror, p.from);
		}
		mirror_update(&p.mirror);
		assert_is_copy(&p);
	}
	free_pair(&p);
	state_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_low_battery_warns_and_then_cuts),
		cmocka_unit_test(a_low_battery_without_a_power_failure_does_nothing),
		cmocka_unit_test(a_calibration_is_no_power_failure),
		cmocka_unit_test(stale_data_begin_nothing),
		cmocka_unit_test(a_warning_is_not_taken_back_when_the_power_returns),
		cmocka_unit_test(the_power_has_to_be_back_for_a_while_without_a_break),
		cmocka_unit_test(a_cut_outlet_waits_while_the_source_is_stale),
		cmocka_unit_test(a_switch_on_that_fails_is_tried_again),
		cmocka_unit_test(told_to_stay_off_it_does),
		cmocka_unit_test(a_second_order_does_not_begin_the_time_anew),
		cmocka_unit_test(a_cut_that_could_not_be_ordered_is_announced_anew),
		cmocka_unit_test(a_short_silence_changes_nothing),
		cmocka_unit_test(
			an_outlet_that_cannot_be_cut_keeps_warning_until_the_power_is_back),
		cmocka_unit_test(a_cut_that_fails_is_tried_again_and_keeps_warning),
		cmocka_unit_test(a_source_lost_with_the_order_has_it_announced_anew),
		cmocka_unit_test(a_watched_outlet_is_off_when_it_says_so),
		cmocka_unit_test(a_watched_outlet_that_stays_on_is_cut_again),
		cmocka_unit_test(an_outlet_switched_on_by_others_begins_nothing_but_is_guarded),
		cmocka_unit_test(an_outlet_that_nobody_can_switch_on_counts_as_on_again),
		cmocka_unit_test(an_answer_to_an_older_order_counts_for_nothing),
		cmocka_unit_test(an_outlet_tells_of_its_end),
		cmocka_unit_test(a_copy_has_values_descriptions_and_commands),
		cmocka_unit_test(changes_are_copied_and_nothing_else_changes),
		cmocka_unit_test(another_original_leaves_nothing_of_the_first),
		cmocka_unit_test(a_read_only_copy_can_not_be_set),
		cmocka_unit_test(after_any_changes_the_copy_is_what_a_new_one_would_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
