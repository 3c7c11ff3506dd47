#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/ups/driverwire.h"
#include "common/ups/state.h"

/* An observer that writes down what it learns, as lines of the driver socket. */
struct diary {
	struct state_observer observer;
	struct state *s;
	struct buffer text;
	int notified;
	bool lazy; /* does not walk the changes when told */
};

static void write_change(void *arg, const struct state_change *c)
{
	driverwire_append_change(&((struct diary *)arg)->text, c);
}

static const char *read_diary(struct diary *d)
{
	buffer_clear(&d->text);
	state_changes(d->s, &d->observer, write_change, d);
	return buffer_string(&d->text);
}

static void notified(struct state_observer *o, void *arg)
{
	struct diary *d = arg;

	(void)o;
	d->notified++;
	if (!d->lazy)
		state_changes(d->s, &d->observer, write_change, d);
}

static void open_diary(struct diary *d, struct state *s, bool from_start)
{
	memset(d, 0, sizeof(*d));
	d->s = s;
	d->observer.notify = notified;
	d->observer.arg = d;
	state_observe(s, &d->observer, from_start);
}

static void close_diary(struct diary *d)
{
	state_unobserve(d->s, &d->observer);
	buffer_free(&d->text);
}

static int setup(void **state)
{
	*state = state_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	state_free(*state);
	return 0;
}

static void an_observer_from_the_start_is_told_everything(void **state)
{
	struct state *s = *state;
	struct diary d;

	state_set(s, "b", "2");
	state_set_flags(s, "b", STATE_RW);
	state_set(s, "a", "1");
	state_add_command(s, "load.off");
	state_set_fresh(s, true);
	open_diary(&d, s, true);
	assert_string_equal(read_diary(&d), "SETINFO a \"1\"\nSETINFO b \"2\"\nSETAUX b 0\n"
					    "SETFLAGS b RW\nADDCMD load.off\nDATAOK\n");
	assert_string_equal(read_diary(&d), "");
	close_diary(&d);
}

static void an_observer_from_now_is_told_what_comes(void **state)
{
	struct state *s = *state;
	struct diary d;

	state_set(s, "a", "1");
	open_diary(&d, s, false);
	assert_string_equal(read_diary(&d), "");
	state_set(s, "b", "2");
	state_set(s, "a", "1");
	assert_string_equal(read_diary(&d), "SETINFO b \"2\"\n");
	close_diary(&d);
}

static void observers_are_told_once_a_flush(void **state)
{
	struct state *s = *state;
	struct diary d;

	open_diary(&d, s, false);
	state_set(s, "a", "1");
	state_set(s, "a", "2");
	assert_int_equal(d.notified, 0);
	state_flush(s);
	assert_int_equal(d.notified, 1);
	assert_string_equal(buffer_string(&d.text), "SETINFO a \"2\"\n");
	state_flush(s);
	assert_int_equal(d.notified, 1);
	close_diary(&d);
}

static void deletions_come_first(void **state)
{
	struct state *s = *state;
	struct diary d;

	state_set(s, "z", "1");
	state_set(s, "e", "1");
	state_add_enum(s, "e", "x");
	state_add_range(s, "e", 1, 2);
	state_add_command(s, "go");
	open_diary(&d, s, false);
	state_set(s, "a", "1");
	state_delete(s, "z");
	state_delete_enum(s, "e", "x");
	state_delete_range(s, "e", 1, 2);
	state_delete_command(s, "go");
	state_set_fresh(s, true);
	assert_string_equal(read_diary(&d),
			    "DELINFO z\nDELENUM e \"x\"\nDELRANGE e 1 2\nDELCMD go\n"
			    "SETINFO a \"1\"\nSETAUX e 0\nSETFLAGS e NUMBER\nDATAOK\n");
	close_diary(&d);
}

static void a_variable_that_went_and_came_back_is_both(void **state)
{
	struct state *s = *state;
	struct diary d;

	state_set(s, "a", "1");
	state_add_enum(s, "a", "x");
	open_diary(&d, s, false);
	state_delete(s, "a");
	state_set(s, "a", "1");
	assert_string_equal(read_diary(&d), "DELINFO a\nSETINFO a \"1\"\n");
	close_diary(&d);
}

static void flags_cleared_are_told(void **state)
{
	struct state *s = *state;
	struct diary d;

	state_set(s, "a", "1");
	state_set_flags(s, "a", STATE_RW);
	open_diary(&d, s, false);
	state_set_flags(s, "a", 0);
	assert_string_equal(read_diary(&d), "SETAUX a 0\nSETFLAGS a\n");
	close_diary(&d);
}

static void an_observer_that_starts_late_hears_nothing_of_old_deletions(void **state)
{
	struct state *s = *state;
	struct diary slow, late;

	state_set(s, "a", "1");
	open_diary(&slow, s, false);
	state_delete(s, "a");
	open_diary(&late, s, true);
	assert_string_equal(read_diary(&late), "DATASTALE\n");
	assert_string_equal(read_diary(&slow), "DELINFO a\n");
	close_diary(&slow);
	close_diary(&late);
}

static void each_observer_goes_at_its_own_pace(void **state)
{
	struct state *s = *state;
	struct diary quick, slow;

	state_set(s, "a", "1");
	open_diary(&quick, s, false);
	open_diary(&slow, s, false);
	slow.lazy = true;
	for (int i = 0; i < 100; i++) {
		state_setf(s, "a", "%d", i);
		state_set(s, "b", "1");
		state_delete(s, "b");
		state_flush(s);
	}
	assert_int_equal(quick.notified, 100);
	assert_string_equal(read_diary(&slow), "DELINFO b\nSETINFO a \"99\"\n");
	close_diary(&quick);
	close_diary(&slow);
}

static void an_observer_that_never_looks_bounds_the_news(void **state)
{
	struct state *s = *state;
	struct diary stuck;
	char name[16];
	int taken = 0;

	open_diary(&stuck, s, false);
	for (int i = 0; i < 5 * STATE_MAX_VARS; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		taken += state_set(s, name, "1") == STATE_CHANGED;
		state_delete(s, name);
	}
	assert_in_range(taken, STATE_MAX_VARS, 4 * STATE_MAX_VARS);
	assert_int_equal(state_set(s, "fresh", "1"), STATE_REFUSED);
	close_diary(&stuck);
	assert_int_equal(state_set(s, "fresh", "1"), STATE_CHANGED);
}

static void a_dump_of_something_else_is_told_as_the_difference(void **state)
{
	struct state *s = *state;
	struct diary d;

	state_set(s, "a", "1");
	state_add_enum(s, "a", "x");
	state_add_enum(s, "a", "y");
	state_set(s, "b", "2");
	state_add_command(s, "old");
	open_diary(&d, s, false);
	state_resync_begin(s);
	state_set(s, "a", "1");
	state_add_enum(s, "a", "y");
	state_set(s, "c", "3");
	state_add_command(s, "new");
	state_resync_end(s);
	assert_string_equal(read_diary(&d),
			    "DELENUM a \"x\"\nDELINFO b\nDELCMD old\nADDENUM a \"y\"\nSETAUX a 0\n"
			    "SETFLAGS a\nSETINFO c \"3\"\nADDCMD new\n");
	close_diary(&d);
}

static void count_dirty(void *arg)
{
	++*(int *)arg;
}

static void the_first_change_after_a_flush_asks_for_the_next(void **state)
{
	struct state *s = *state;
	int asked = 0;

	state_on_dirty(s, count_dirty, &asked);
	state_set(s, "a", "1");
	state_set(s, "a", "2");
	assert_int_equal(asked, 1);
	state_flush(s);
	state_set(s, "a", "2");
	assert_int_equal(asked, 1);
	state_set(s, "a", "3");
	assert_int_equal(asked, 2);
}

struct leaver {
	struct state_observer observer;
	struct state *s;
	struct state_observer *other;
	int told;
};

static void leave(struct state_observer *o, void *arg)
{
	struct leaver *l = arg;

	l->told++;
	if (l->other)
		state_unobserve(l->s, l->other);
	state_unobserve(l->s, o);
}

static void observers_may_leave_while_they_are_told(void **state)
{
	struct state *s = *state;
	struct leaver a = {.observer = {.notify = leave, .arg = &a}, .s = s};
	struct leaver b = {.observer = {.notify = leave, .arg = &b}, .s = s};
	struct leaver c = {.observer = {.notify = leave, .arg = &c}, .s = s};

	state_observe(s, &a.observer, false);
	state_observe(s, &b.observer, false);
	state_observe(s, &c.observer, false);
	c.other = &b.observer; /* the last to come is told first */
	state_set(s, "v", "1");
	state_flush(s);
	assert_int_equal(c.told, 1);
	assert_int_equal(b.told, 0);
	assert_int_equal(a.told, 1);
	state_set(s, "v", "2");
	state_flush(s);
	assert_int_equal(a.told + b.told + c.told, 2);
}

/* A small generator, so that a failure can be repeated. */
static unsigned roll(unsigned *seed, unsigned sides)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % sides;
}

static void change_at_random(struct state *s, unsigned *seed)
{
	char name[8], text[8];
	long min = roll(seed, 4), max = 4 + roll(seed, 4);

	snprintf(name, sizeof(name), "v%u", roll(seed, 6));
	snprintf(text, sizeof(text), "t%u", roll(seed, 5));
	switch (roll(seed, 12)) {
	case 0:
	case 1:
	case 2:
		state_set(s, name, text);
		break;
	case 3:
		state_delete(s, name);
		break;
	case 4:
		state_set_flags(s, name, roll(seed, 8));
		break;
	case 5:
		state_set_aux(s, name, roll(seed, 3));
		break;
	case 6:
		state_add_enum(s, name, text);
		break;
	case 7:
		state_delete_enum(s, name, text);
		break;
	case 8:
		state_add_range(s, name, min, max);
		break;
	case 9:
		state_delete_range(s, name, min, max);
		break;
	case 10:
		state_add_command(s, name);
		break;
	default:
		state_delete_command(s, name);
		break;
	}
}

static void feed(struct state *mirror, const char *lines)
{
	struct words *w = words_new(WORDS_WIRE, &driverwire_limits);
	size_t len = strlen(lines);

	while (len > 0) {
		if (words_feed(w, &lines, &len) != WORDS_LINE)
			continue;

		struct driverwire_message m = driverwire_from_driver(w, mirror);

		assert_true(m.word != DRIVERWIRE_UNKNOWN);
		if (m.word == DRIVERWIRE_DATAOK || m.word == DRIVERWIRE_DATASTALE)
			state_set_fresh(mirror, m.word == DRIVERWIRE_DATAOK);
	}
	words_free(w);
}

static void assert_same(struct state *a, struct state *b)
{
	struct buffer x = {0}, y = {0};

	driverwire_append_dump(&x, a);
	driverwire_append_dump(&y, b);
	assert_string_equal(buffer_string(&x), buffer_string(&y));
	buffer_free(&x);
	buffer_free(&y);
}

static void a_mirror_fed_with_changes_is_the_same_tree(void **state)
{
	struct state *s = *state, *mirror = state_new(), *slow_mirror = state_new();
	struct diary d, slow;
	unsigned seed = 7;

	open_diary(&d, s, true);
	open_diary(&slow, s, true);
	for (int round = 0; round < 3000; round++) {
		bool dump = roll(&seed, 10) == 0;

		if (dump)
			state_resync_begin(s);
		for (unsigned n = roll(&seed, 20); n > 0; n--)
			change_at_random(s, &seed);
		if (dump && roll(&seed, 4) > 0)
			state_resync_end(s);
		state_resync_abort(s);
		state_set_fresh(s, roll(&seed, 2));
		feed(mirror, read_diary(&d));
		assert_same(s, mirror);
		if (roll(&seed, 5) == 0) {
			feed(slow_mirror, read_diary(&slow));
			assert_same(s, slow_mirror);
		}
	}
	close_diary(&d);
	close_diary(&slow);
	state_free(mirror);
	state_free(slow_mirror);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(an_observer_from_the_start_is_told_everything),
		T(an_observer_from_now_is_told_what_comes),
		T(observers_are_told_once_a_flush),
		T(deletions_come_first),
		T(a_variable_that_went_and_came_back_is_both),
		T(flags_cleared_are_told),
		T(an_observer_that_starts_late_hears_nothing_of_old_deletions),
		T(each_observer_goes_at_its_own_pace),
		T(an_observer_that_never_looks_bounds_the_news),
		T(a_dump_of_something_else_is_told_as_the_difference),
		T(the_first_change_after_a_flush_asks_for_the_next),
		T(observers_may_leave_while_they_are_told),
		T(a_mirror_fed_with_changes_is_the_same_tree),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
