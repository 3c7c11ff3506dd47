#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/ups/state.h"

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

static void a_value_is_set_changed_and_found_in_any_letter_case(void **state)
{
	struct state *s = *state;

	assert_null(state_get(s, "ups.status"));
	assert_int_equal(state_set(s, "ups.status", "OL"), STATE_CHANGED);
	assert_int_equal(state_set(s, "ups.status", "OL"), STATE_UNCHANGED);
	assert_int_equal(state_set(s, "UPS.Status", "OB"), STATE_CHANGED);
	assert_string_equal(state_get(s, "ups.STATUS"), "OB");
	assert_string_equal(state_var_name(state_find(s, "UPS.STATUS")), "ups.status");
	assert_int_equal(state_count(s), 1);
}

static void a_value_that_differs_only_in_letter_case_is_a_change(void **state)
{
	struct state *s = *state;

	state_set(s, "ups.id", "rack");
	assert_int_equal(state_set(s, "ups.id", "Rack"), STATE_CHANGED);
	assert_string_equal(state_get(s, "ups.id"), "Rack");
}

static void variables_are_in_order_whatever_order_they_come_in(void **state)
{
	struct state *s = *state;
	static const char *const names[] = {"m", "b", "Z", "a", "C", "y", "x1", "x10", "x2", "aa"};
	static const char *const sorted[] = {"a", "aa", "b", "C", "m", "x1", "x10", "x2", "y", "Z"};

	for (size_t i = 0; i < 10; i++)
		assert_int_equal(state_set(s, names[i], "1"), STATE_CHANGED);
	assert_int_equal(state_count(s), 10);
	for (size_t i = 0; i < 10; i++)
		assert_string_equal(state_var_name(state_at(s, i)), sorted[i]);
	assert_null(state_at(s, 10));
}

static void values_grow_and_shrink(void **state)
{
	struct state *s = *state;
	char text[64];

	for (size_t len = 0; len < 40; len++) {
		memset(text, 'x', len);
		text[len] = '\0';
		state_set(s, "a", text);
		assert_string_equal(state_get(s, "a"), text);
	}
	for (size_t len = 40; len-- > 0;) {
		text[len] = '\0';
		state_set(s, "a", text);
		assert_string_equal(state_get(s, "a"), text);
	}
}

static void a_value_may_be_taken_from_the_tree_itself(void **state)
{
	struct state *s = *state;
	char name[16];

	state_set(s, "a", "short");
	state_set(s, "b", "a value too long to stand in the record");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(state_set(s, name, state_get(s, i % 2 ? "a" : "b")),
				 STATE_CHANGED);
	}
	assert_string_equal(state_get(s, "c98"), "a value too long to stand in the record");
	assert_string_equal(state_get(s, "c99"), "short");
	state_set(s, "b", state_get(s, "b") + 30);
	assert_string_equal(state_get(s, "b"), "he record");
}

static void values_are_taken_whole_up_to_the_limit(void **state)
{
	struct state *s = *state;
	char *text = malloc(STATE_MAX_VALUE + 2);

	memset(text, 'v', STATE_MAX_VALUE + 1);
	text[STATE_MAX_VALUE + 1] = '\0';
	assert_int_equal(state_set(s, "a", text), STATE_REFUSED);
	assert_int_equal(state_setf(s, "a", "%s", text), STATE_REFUSED);
	assert_int_equal(state_count(s), 0);
	text[STATE_MAX_VALUE] = '\0';
	assert_int_equal(state_set(s, "a", text), STATE_CHANGED);
	assert_int_equal(state_setf(s, "a", "%s", text), STATE_UNCHANGED);
	assert_string_equal(state_get(s, "a"), text);
	free(text);
}

static void names_that_would_break_a_line_are_refused(void **state)
{
	struct state *s = *state;
	static const char *const bad[] = {"",     "a b", "a\tb", "a\nb", "a\"b",
					  "a\\b", "a#b", "a=b",  "\x7f", "\xc3\xa4"};
	char name[STATE_MAX_NAME + 2];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(state_set(s, bad[i], "1"), STATE_REFUSED);
		assert_int_equal(state_add_command(s, bad[i]), STATE_REFUSED);
	}
	memset(name, 'n', sizeof(name));
	name[STATE_MAX_NAME + 1] = '\0';
	assert_int_equal(state_set(s, name, "1"), STATE_REFUSED);
	name[STATE_MAX_NAME] = '\0';
	assert_int_equal(state_set(s, name, "1"), STATE_CHANGED);
}

static void variables_and_commands_have_a_limit(void **state)
{
	struct state *s = *state;
	char name[16];

	for (int i = 0; i < STATE_MAX_VARS; i++) {
		snprintf(name, sizeof(name), "v%d", i * 7919 % STATE_MAX_VARS);
		assert_int_equal(state_set(s, name, "1"), STATE_CHANGED);
	}
	assert_int_equal(state_set(s, "more", "1"), STATE_REFUSED);
	assert_int_equal(state_set(s, "v1", "2"), STATE_CHANGED);
	for (int i = 0; i < STATE_MAX_COMMANDS; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(state_add_command(s, name), STATE_CHANGED);
	}
	assert_int_equal(state_add_command(s, "more"), STATE_REFUSED);
}

static void a_deleted_variable_takes_its_metadata_along(void **state)
{
	struct state *s = *state;

	state_set(s, "a", "1");
	state_set_flags(s, "a", STATE_RW | STATE_STRING);
	state_add_enum(s, "a", "x");
	assert_int_equal(state_delete(s, "A"), STATE_CHANGED);
	assert_int_equal(state_delete(s, "a"), STATE_UNCHANGED);
	state_set(s, "a", "1");
	assert_int_equal(state_var_flags(state_find(s, "a")), 0);
	assert_int_equal(state_var_enum_count(state_find(s, "a")), 0);
}

static void metadata_of_an_unknown_variable_are_refused(void **state)
{
	struct state *s = *state;

	assert_int_equal(state_set_flags(s, "a", STATE_RW), STATE_REFUSED);
	assert_int_equal(state_set_aux(s, "a", 1), STATE_REFUSED);
	assert_int_equal(state_add_enum(s, "a", "1"), STATE_REFUSED);
	assert_int_equal(state_delete_enum(s, "a", "1"), STATE_REFUSED);
	assert_int_equal(state_add_range(s, "a", 1, 2), STATE_REFUSED);
	assert_int_equal(state_delete_range(s, "a", 1, 2), STATE_REFUSED);
	assert_int_equal(state_count(s), 0);
}

static void flags_and_length_are_replaced_and_cleared(void **state)
{
	struct state *s = *state;

	state_set(s, "a", "1");
	assert_int_equal(state_set_flags(s, "a", STATE_RW | STATE_STRING), STATE_CHANGED);
	assert_int_equal(state_set_flags(s, "a", STATE_RW | STATE_STRING), STATE_UNCHANGED);
	assert_int_equal(state_set_aux(s, "a", 8), STATE_CHANGED);
	assert_int_equal(state_set_aux(s, "a", -1), STATE_REFUSED);
	assert_int_equal(state_var_flags(state_find(s, "a")), STATE_RW | STATE_STRING);
	assert_int_equal(state_var_aux(state_find(s, "a")), 8);
	assert_int_equal(state_set_flags(s, "a", 0), STATE_CHANGED);
	assert_int_equal(state_set_aux(s, "a", 0), STATE_CHANGED);
	assert_int_equal(state_var_flags(state_find(s, "a")), 0);
	assert_int_equal(state_var_aux(state_find(s, "a")), 0);
}

static void enumerations_keep_the_order_in_which_they_came(void **state)
{
	struct state *s = *state;
	const struct state_var *v;

	state_set(s, "a", "1");
	assert_int_equal(state_add_enum(s, "a", "low"), STATE_CHANGED);
	assert_int_equal(state_add_enum(s, "a", "High"), STATE_CHANGED);
	assert_int_equal(state_add_enum(s, "a", "auto"), STATE_CHANGED);
	assert_int_equal(state_add_enum(s, "a", "low"), STATE_UNCHANGED);
	assert_int_equal(state_delete_enum(s, "a", "none"), STATE_UNCHANGED);
	assert_int_equal(state_delete_enum(s, "a", "HIGH"), STATE_CHANGED);
	v = state_find(s, "a");
	assert_int_equal(state_var_enum_count(v), 2);
	assert_string_equal(state_var_enum(v, 0), "low");
	assert_string_equal(state_var_enum(v, 1), "auto");
	assert_null(state_var_enum(v, 2));
	state_delete_enum(s, "a", "low");
	state_delete_enum(s, "a", "auto");
	assert_int_equal(state_var_enum_count(state_find(s, "a")), 0);
}

static void of_enumeration_values_the_exact_spelling_is_deleted_first(void **state)
{
	struct state *s = *state;

	state_set(s, "a", "1");
	state_add_enum(s, "a", "ON");
	state_add_enum(s, "a", "on");
	state_delete_enum(s, "a", "on");
	assert_string_equal(state_var_enum(state_find(s, "a"), 0), "ON");
}

static void a_range_is_known_by_either_bound(void **state)
{
	struct state *s = *state;
	const struct state_var *v;

	state_set(s, "a", "1");
	assert_int_equal(state_add_range(s, "a", 5, 1), STATE_REFUSED);
	assert_int_equal(state_add_range(s, "a", 1, 5), STATE_CHANGED);
	assert_int_equal(state_add_range(s, "a", 1, 9), STATE_UNCHANGED);
	assert_int_equal(state_add_range(s, "a", 3, 5), STATE_UNCHANGED);
	assert_int_equal(state_add_range(s, "a", 10, 20), STATE_CHANGED);
	assert_int_equal(state_delete_range(s, "a", 2, 3), STATE_UNCHANGED);
	assert_int_equal(state_delete_range(s, "a", 1, 99), STATE_CHANGED);
	v = state_find(s, "a");
	assert_int_equal(state_var_range_count(v), 1);
	assert_int_equal(state_var_range(v, 0).min, 10);
	assert_int_equal(state_var_range(v, 0).max, 20);
	assert_int_equal(state_var_range(v, 1).max, 0);
}

static void a_range_makes_a_number(void **state)
{
	struct state *s = *state;

	state_set(s, "a", "1");
	state_set_flags(s, "a", STATE_RW);
	state_add_range(s, "a", 1, 5);
	assert_int_equal(state_var_flags(state_find(s, "a")), STATE_RW | STATE_NUMBER);
}

static void lists_of_a_hostile_driver_end_somewhere(void **state)
{
	struct state *s = *state;
	char *text = malloc(STATE_MAX_VALUE + 1);
	size_t taken = 0;

	state_set(s, "a", "1");
	for (long i = 0; i < STATE_MAX_RANGES; i++)
		assert_int_equal(state_add_range(s, "a", i, i), STATE_CHANGED);
	assert_int_equal(state_add_range(s, "a", -5, -4), STATE_REFUSED);
	memset(text, 'x', STATE_MAX_VALUE);
	for (int i = 0; i < STATE_MAX_ENUMS + 1; i++) {
		snprintf(text + STATE_MAX_VALUE - 8, 9, "%08d", i);
		taken += state_add_enum(s, "a", text) == STATE_CHANGED;
	}
	assert_in_range(taken, 256, STATE_MAX_ENUMS);
	while (state_var_enum_count(state_find(s, "a")) > 0)
		state_delete_enum(s, "a", state_var_enum(state_find(s, "a"), 0));
	for (int i = 0; i < STATE_MAX_ENUMS; i++) {
		snprintf(text, 9, "%08d", i);
		assert_int_equal(state_add_enum(s, "a", text), STATE_CHANGED);
	}
	assert_int_equal(state_add_enum(s, "a", "more"), STATE_REFUSED);
	free(text);
}

static void an_overridden_variable_belongs_to_the_admin(void **state)
{
	struct state *s = *state;

	state_set(s, "a", "device");
	assert_int_equal(state_override(s, "a", "admin"), STATE_CHANGED);
	assert_int_equal(state_set(s, "a", "device"), STATE_REFUSED);
	assert_int_equal(state_delete(s, "a"), STATE_REFUSED);
	assert_int_equal(state_set_flags(s, "a", STATE_RW), STATE_REFUSED);
	assert_int_equal(state_add_enum(s, "a", "x"), STATE_REFUSED);
	assert_string_equal(state_get(s, "a"), "admin");
	assert_int_equal(state_override(s, "a", "other"), STATE_CHANGED);
	assert_int_equal(state_override(s, "a", "other"), STATE_UNCHANGED);
	assert_int_equal(state_override(s, "new", "1"), STATE_CHANGED);
	assert_true(state_var_flags(state_find(s, "new")) & STATE_IMMUTABLE);
	assert_int_equal(state_override(s, "bad name", "1"), STATE_REFUSED);
}

static void commands_are_ordered_and_found_in_any_letter_case(void **state)
{
	struct state *s = *state;

	assert_int_equal(state_add_command(s, "test.battery.start"), STATE_CHANGED);
	assert_int_equal(state_add_command(s, "Beeper.off"), STATE_CHANGED);
	assert_int_equal(state_add_command(s, "load.off"), STATE_CHANGED);
	assert_int_equal(state_add_command(s, "LOAD.OFF"), STATE_UNCHANGED);
	assert_int_equal(state_command_count(s), 3);
	assert_string_equal(state_command(s, 0), "Beeper.off");
	assert_string_equal(state_command(s, 2), "test.battery.start");
	assert_null(state_command(s, 3));
	assert_string_equal(state_find_command(s, "beeper.OFF"), "Beeper.off");
	assert_int_equal(state_delete_command(s, "beeper.off"), STATE_CHANGED);
	assert_int_equal(state_delete_command(s, "beeper.off"), STATE_UNCHANGED);
	assert_null(state_find_command(s, "beeper.off"));
}

static void a_new_tree_is_stale(void **state)
{
	struct state *s = *state;

	assert_false(state_fresh(s));
	assert_int_equal(state_set_fresh(s, true), STATE_CHANGED);
	assert_int_equal(state_set_fresh(s, true), STATE_UNCHANGED);
	assert_true(state_fresh(s));
}

static void the_generation_grows_with_changes_only(void **state)
{
	struct state *s = *state;
	uint64_t g = state_generation(s);

	state_set(s, "a", "1");
	assert_true(state_generation(s) > g);
	g = state_generation(s);
	state_set(s, "a", "1");
	state_set_flags(s, "a", 0);
	state_delete(s, "b");
	assert_true(state_generation(s) == g);
	state_set_flags(s, "a", STATE_RW);
	assert_true(state_generation(s) > g);
}

static void trees_share_what_they_have_in_common(void **state)
{
	struct state *a = *state, *b = state_new();

	state_set(a, "ups.model", "1");
	state_set(b, "ups.model", "2");
	assert_ptr_equal(state_var_name(state_at(a, 0)), state_var_name(state_at(b, 0)));
	state_add_enum(a, "ups.model", "x");
	state_add_enum(b, "ups.model", "x");
	assert_ptr_equal(state_var_enum(state_at(a, 0), 0), state_var_enum(state_at(b, 0), 0));
	state_free(b);
	assert_string_equal(state_var_name(state_at(a, 0)), "ups.model");
	assert_string_equal(state_var_enum(state_at(a, 0), 0), "x");
}

static void dump(struct state *s)
{
	state_set(s, "a", "1");
	state_add_enum(s, "a", "x");
	state_add_enum(s, "a", "y");
	state_set_flags(s, "a", STATE_RW);
	state_set(s, "b", "2");
	state_add_range(s, "b", 1, 5);
	state_set_aux(s, "b", 3);
	state_set(s, "c", "3");
	state_add_command(s, "load.off");
	state_add_command(s, "load.on");
}

static void the_same_dump_again_changes_nothing(void **state)
{
	struct state *s = *state;
	uint64_t g;

	state_resync_begin(s);
	dump(s);
	state_resync_end(s);
	g = state_generation(s);
	state_resync_begin(s);
	dump(s);
	state_resync_end(s);
	assert_true(state_generation(s) == g);
	assert_int_equal(state_var_enum_count(state_find(s, "a")), 2);
	assert_int_equal(state_var_flags(state_find(s, "a")), STATE_RW);
	assert_int_equal(state_var_range_count(state_find(s, "b")), 1);
}

static void what_a_dump_does_not_name_again_goes_at_its_end(void **state)
{
	struct state *s = *state;

	dump(s);
	state_override(s, "mine", "1");
	state_resync_begin(s);
	state_set(s, "a", "1");
	state_add_enum(s, "a", "y");
	state_add_enum(s, "a", "z");
	state_set(s, "d", "4");
	state_set_flags(s, "d", STATE_RW);
	state_add_command(s, "load.on");
	state_add_command(s, "beeper.off");
	assert_string_equal(state_get(s, "b"), "2");
	assert_string_equal(state_var_enum(state_find(s, "a"), 0), "x");
	state_resync_end(s);
	assert_int_equal(state_count(s), 3);
	assert_string_equal(state_var_name(state_at(s, 0)), "a");
	assert_string_equal(state_var_name(state_at(s, 1)), "d");
	assert_string_equal(state_var_name(state_at(s, 2)), "mine");
	assert_int_equal(state_var_flags(state_at(s, 0)), 0);
	assert_int_equal(state_var_enum_count(state_at(s, 0)), 2);
	assert_string_equal(state_var_enum(state_at(s, 0), 0), "y");
	assert_string_equal(state_var_enum(state_at(s, 0), 1), "z");
	assert_int_equal(state_var_flags(state_at(s, 1)), STATE_RW);
	assert_int_equal(state_command_count(s), 2);
	assert_string_equal(state_command(s, 0), "beeper.off");
	assert_string_equal(state_command(s, 1), "load.on");
}

static void an_aborted_dump_keeps_everything(void **state)
{
	struct state *s = *state;

	dump(s);
	state_resync_begin(s);
	state_set(s, "a", "9");
	state_add_enum(s, "a", "z");
	state_resync_abort(s);
	assert_int_equal(state_count(s), 3);
	assert_string_equal(state_get(s, "a"), "9");
	assert_int_equal(state_var_enum_count(state_find(s, "a")), 2);
	assert_int_equal(state_command_count(s), 2);
	state_resync_abort(s);
	state_resync_end(s);
	assert_int_equal(state_count(s), 3);
}

static void a_variable_may_go_and_come_back_within_a_dump(void **state)
{
	struct state *s = *state;

	dump(s);
	state_resync_begin(s);
	state_set(s, "a", "1");
	state_add_enum(s, "a", "q");
	state_delete(s, "a");
	state_set(s, "a", "2");
	state_add_enum(s, "a", "r");
	state_resync_end(s);
	assert_int_equal(state_count(s), 1);
	assert_int_equal(state_var_enum_count(state_at(s, 0)), 1);
	assert_string_equal(state_var_enum(state_at(s, 0), 0), "r");
}

static void a_dump_in_any_order_is_taken(void **state)
{
	struct state *s = *state;
	char name[16];

	for (int round = 0; round < 2; round++) {
		state_resync_begin(s);
		for (int i = 0; i < 500; i++) {
			snprintf(name, sizeof(name), "v%d", i * 313 % 500);
			assert_int_not_equal(state_set(s, name, name), STATE_REFUSED);
			state_set_flags(s, name, i % 2 ? STATE_RW : STATE_STRING);
		}
		state_resync_end(s);
		assert_int_equal(state_count(s), 500);
		assert_string_equal(state_get(s, "v499"), "v499");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(a_value_is_set_changed_and_found_in_any_letter_case),
		T(a_value_that_differs_only_in_letter_case_is_a_change),
		T(variables_are_in_order_whatever_order_they_come_in),
		T(values_grow_and_shrink),
		T(a_value_may_be_taken_from_the_tree_itself),
		T(values_are_taken_whole_up_to_the_limit),
		T(names_that_would_break_a_line_are_refused),
		T(variables_and_commands_have_a_limit),
		T(a_deleted_variable_takes_its_metadata_along),
		T(metadata_of_an_unknown_variable_are_refused),
		T(flags_and_length_are_replaced_and_cleared),
		T(enumerations_keep_the_order_in_which_they_came),
		T(of_enumeration_values_the_exact_spelling_is_deleted_first),
		T(a_range_is_known_by_either_bound),
		T(a_range_makes_a_number),
		T(lists_of_a_hostile_driver_end_somewhere),
		T(an_overridden_variable_belongs_to_the_admin),
		T(commands_are_ordered_and_found_in_any_letter_case),
		T(a_new_tree_is_stale),
		T(the_generation_grows_with_changes_only),
		T(trees_share_what_they_have_in_common),
		T(the_same_dump_again_changes_nothing),
		T(what_a_dump_does_not_name_again_goes_at_its_end),
		T(an_aborted_dump_keeps_everything),
		T(a_variable_may_go_and_come_back_within_a_dump),
		T(a_dump_in_any_order_is_taken),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
