#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/ups/driverwire.h"

static struct state *tree;
static struct words *reader;

static int setup(void **state)
{
	(void)state;
	tree = state_new();
	reader = words_new(WORDS_WIRE, &driverwire_limits);
	return tree && reader ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	state_free(tree);
	words_free(reader);
	return 0;
}

static void read_line(const char *line)
{
	size_t len = strlen(line);

	assert_int_equal(words_feed(reader, &line, &len), WORDS_LINE);
	assert_int_equal(len, 0);
}

static struct driverwire_message from(const char *line)
{
	read_line(line);
	return driverwire_from_driver(reader, tree);
}

static struct driverwire_message to(const char *line)
{
	read_line(line);
	return driverwire_to_driver(reader);
}

static void assert_written(struct buffer *b, const char *text)
{
	assert_string_equal(buffer_string(b), text);
	buffer_clear(b);
}

static void state_lines_are_applied(void **state)
{
	(void)state;
	assert_int_equal(from("SETINFO ups.status \"OL CHRG\"\n").word, DRIVERWIRE_APPLIED);
	assert_string_equal(state_get(tree, "ups.status"), "OL CHRG");
	assert_int_equal(from("setinfo ups.status OB\n").word, DRIVERWIRE_APPLIED);
	assert_string_equal(state_get(tree, "ups.status"), "OB");
	assert_int_equal(from("ADDENUM ups.status \"a b\"\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(from("ADDRANGE ups.status -5 7\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(from("SETAUX ups.status 32\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(from("SETFLAGS ups.status rw STRING ODD\n").word, DRIVERWIRE_APPLIED);

	const struct state_var *v = state_find(tree, "ups.status");

	assert_string_equal(state_var_enum(v, 0), "a b");
	assert_int_equal(state_var_range(v, 0).min, -5);
	assert_int_equal(state_var_aux(v), 32);
	assert_int_equal(state_var_flags(v), STATE_RW | STATE_STRING);
	assert_int_equal(from("DELENUM ups.status \"A B\"\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(from("DELRANGE ups.status -5 7\n").word, DRIVERWIRE_APPLIED);
	v = state_find(tree, "ups.status");
	assert_int_equal(state_var_enum_count(v), 0);
	assert_int_equal(state_var_range_count(v), 0);
	assert_int_equal(from("ADDCMD load.off\n").word, DRIVERWIRE_APPLIED);
	assert_string_equal(state_command(tree, 0), "load.off");
	assert_int_equal(from("DELCMD load.off\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(state_command_count(tree), 0);
	assert_int_equal(from("DELINFO ups.status\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(state_count(tree), 0);
}

static void setflags_without_flags_clears_them(void **state)
{
	(void)state;
	from("SETINFO a 1\n");
	from("SETFLAGS a RW\n");
	assert_int_equal(from("SETFLAGS a\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(state_var_flags(state_find(tree, "a")), 0);
}

static void words_too_many_are_ignored(void **state)
{
	(void)state;
	/* What an old driver makes of the value  a"b c  */
	assert_int_equal(from("SETINFO x \"a\"b c\"\"\n").word, DRIVERWIRE_APPLIED);
	assert_string_equal(state_get(tree, "x"), "a");
	assert_int_equal(from("DELINFO x really\n").word, DRIVERWIRE_APPLIED);
	assert_int_equal(from("PONG now\n").word, DRIVERWIRE_PONG);
}

static void lines_too_short_or_wrong_are_bad(void **state)
{
	static const char *const lines[] = {
		"SETINFO\n",
		"SETINFO a\n",
		"DELINFO\n",
		"ADDENUM v\n",
		"DELENUM v\n",
		"ADDRANGE v 1\n",
		"ADDRANGE v 1 x\n",
		"ADDRANGE v 5 1\n",
		"DELRANGE v 1\n",
		"SETAUX v\n",
		"SETAUX v x\n",
		"SETAUX v -1\n",
		"SETFLAGS\n",
		"ADDCMD\n",
		"DELCMD\n",
		"TRACKING id\n",
		"TRACKING id none\n",
		"PID\n",
		"PID x\n",
		"SETINFO \"a b\" 1\n",
		"ADDENUM nosuch 1\n",
		"SETFLAGS nosuch RW\n",
		"SETINFO \"\" 1\n",
		"ADDRANGE v 1 99999999999999999999\n",
	};

	(void)state;
	from("SETINFO v 1\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_int_equal(from(lines[i]).word, DRIVERWIRE_BAD);
	assert_int_equal(state_count(tree), 1);
	assert_int_equal(from("\n").word, DRIVERWIRE_UNKNOWN);
	assert_int_equal(from("# SETINFO a 1\n").word, DRIVERWIRE_UNKNOWN);
	assert_int_equal(from("VERSION 2\n").word, DRIVERWIRE_UNKNOWN);
	assert_int_equal(from("OK\n").word, DRIVERWIRE_UNKNOWN);
}

static void other_words_of_a_driver_are_told_apart(void **state)
{
	struct driverwire_message m;

	(void)state;
	assert_int_equal(from("DATAOK\n").word, DRIVERWIRE_DATAOK);
	assert_int_equal(from("datastale\n").word, DRIVERWIRE_DATASTALE);
	assert_false(state_fresh(tree));
	assert_int_equal(from("DUMPDONE\n").word, DRIVERWIRE_DUMPDONE);
	assert_int_equal(from("PONG\n").word, DRIVERWIRE_PONG);
	assert_int_equal(from("OK Goodbye\n").word, DRIVERWIRE_GOODBYE);
	m = from("PID 4711\n");
	assert_int_equal(m.word, DRIVERWIRE_PID);
	assert_int_equal(m.number, 4711);
	m = from("TRACKING AB-1 -1\n");
	assert_int_equal(m.word, DRIVERWIRE_TRACKING);
	assert_string_equal(m.id, "AB-1");
	assert_int_equal(m.number, DRIVERWIRE_PENDING);
}

static void requests_without_arguments_are_read(void **state)
{
	(void)state;
	assert_int_equal(to("PING\n").word, DRIVERWIRE_PING);
	assert_int_equal(to("dumpall\n").word, DRIVERWIRE_DUMPALL);
	assert_int_equal(to("DUMPSTATUS\n").word, DRIVERWIRE_DUMPSTATUS);
	assert_int_equal(to("GETPID\n").word, DRIVERWIRE_GETPID);
	assert_int_equal(to("NOBROADCAST\n").word, DRIVERWIRE_NOBROADCAST);
	assert_int_equal(to("LOGOUT\n").word, DRIVERWIRE_LOGOUT);
	assert_int_equal(to("DUMPVALUE\n").word, DRIVERWIRE_UNKNOWN);
	assert_string_equal(to("DUMPVALUE ups.status\n").name, "ups.status");
	assert_int_equal(to("\n").word, DRIVERWIRE_UNKNOWN);
	assert_int_equal(to("WHAT\n").word, DRIVERWIRE_UNKNOWN);
}

static void broadcast_takes_a_number(void **state)
{
	(void)state;
	assert_int_equal(to("BROADCAST\n").number, 1);
	assert_int_equal(to("BROADCAST 1\n").number, 1);
	assert_int_equal(to("BROADCAST 5\n").number, 1);
	assert_int_equal(to("BROADCAST 0\n").number, 0);
	assert_int_equal(to("BROADCAST -1\n").number, 0);
	assert_int_equal(to("BROADCAST x\n").number, 0);
}

static void instcmd_has_four_shapes(void **state)
{
	struct driverwire_message m = to("INSTCMD load.off\n");

	(void)state;
	assert_int_equal(m.word, DRIVERWIRE_INSTCMD);
	assert_string_equal(m.name, "load.off");
	assert_null(m.value);
	assert_null(m.id);
	m = to("INSTCMD load.off \"30 s\"\n");
	assert_int_equal(m.word, DRIVERWIRE_INSTCMD);
	assert_string_equal(m.value, "30 s");
	assert_null(m.id);
	m = to("INSTCMD load.off tracking ID\n");
	assert_int_equal(m.word, DRIVERWIRE_INSTCMD);
	assert_null(m.value);
	assert_string_equal(m.id, "ID");
	m = to("INSTCMD load.off 30 TRACKING ID\n");
	assert_int_equal(m.word, DRIVERWIRE_INSTCMD);
	assert_string_equal(m.value, "30");
	assert_string_equal(m.id, "ID");
	m = to("INSTCMD load.off TRACKING\n");
	assert_string_equal(m.value, "TRACKING");
	assert_int_equal(to("INSTCMD\n").word, DRIVERWIRE_BAD);
	assert_int_equal(to("INSTCMD a b c\n").word, DRIVERWIRE_BAD);
	assert_int_equal(to("INSTCMD a b c d\n").word, DRIVERWIRE_BAD);
	assert_int_equal(to("INSTCMD a TRACKING id more\n").word, DRIVERWIRE_BAD);
	assert_int_equal(to("INSTCMD a b TRACKING id more\n").word, DRIVERWIRE_BAD);
}

static void set_has_two_shapes_and_tolerates_a_tail(void **state)
{
	struct driverwire_message m = to("SET ups.id \"my rack\"\n");

	(void)state;
	assert_int_equal(m.word, DRIVERWIRE_SET);
	assert_string_equal(m.name, "ups.id");
	assert_string_equal(m.value, "my rack");
	assert_null(m.id);
	m = to("SET ups.id x TRACKING ID\n");
	assert_int_equal(m.word, DRIVERWIRE_SET);
	assert_string_equal(m.id, "ID");
	m = to("SET ups.id x y\n");
	assert_int_equal(m.word, DRIVERWIRE_SET);
	assert_string_equal(m.value, "x");
	assert_null(m.id);
	assert_null(to("SET ups.id x TRACKING ID more\n").id);
	assert_int_equal(to("SET ups.id x y z\n").word, DRIVERWIRE_BAD);
	assert_int_equal(to("SET ups.id\n").word, DRIVERWIRE_BAD);
	assert_int_equal(to("SET\n").word, DRIVERWIRE_BAD);
}

static void a_dump_has_its_order(void **state)
{
	struct buffer b = {0};

	(void)state;
	state_set(tree, "b", "say \"#\\\"");
	state_set_flags(tree, "b", STATE_RW | STATE_STRING);
	state_set_aux(tree, "b", 20);
	state_set(tree, "A", "");
	state_add_range(tree, "A", 1, 2);
	state_add_enum(tree, "A", "x y");
	state_override(tree, "c", "fixed");
	state_add_command(tree, "load.on");
	driverwire_append_dump(&b, tree);
	assert_written(&b, "DATASTALE\nSETINFO A \"\"\nADDENUM A \"x y\"\nADDRANGE A 1 2\n"
			   "SETFLAGS A NUMBER\nSETINFO b \"say \\\"\\#\\\\\\\"\"\nSETAUX b 20\n"
			   "SETFLAGS b RW STRING\nSETINFO c \"fixed\"\nADDCMD load.on\nDUMPDONE\n");
	state_set_fresh(tree, true);
	driverwire_append_value(&b, tree, "c");
	assert_written(&b, "SETINFO c \"fixed\"\nDATAOK\nDUMPDONE\n");
	driverwire_append_value(&b, tree, "none");
	assert_written(&b, "DATAOK\nDUMPDONE\n");
	state_set_fresh(tree, false);
	driverwire_append_value(&b, tree, "none");
	assert_written(&b, "DATASTALE\nDUMPDONE\n");
	buffer_free(&b);
}

static void requests_quote_their_values(void **state)
{
	struct buffer b = {0};

	(void)state;
	driverwire_append_instcmd(&b, "load.off", NULL, NULL);
	assert_written(&b, "INSTCMD load.off\n");
	driverwire_append_instcmd(&b, "load.off", "a b", NULL);
	assert_written(&b, "INSTCMD load.off \"a b\"\n");
	driverwire_append_instcmd(&b, "load.off", "5", "ID-1");
	assert_written(&b, "INSTCMD load.off \"5\" TRACKING ID-1\n");
	driverwire_append_instcmd(&b, "load.off", NULL, "ID-1");
	assert_written(&b, "INSTCMD load.off TRACKING ID-1\n");
	driverwire_append_set(&b, "ups.id", "a\"b", NULL);
	assert_written(&b, "SET ups.id \"a\\\"b\"\n");
	driverwire_append_set(&b, "ups.id", "", "ID-1");
	assert_written(&b, "SET ups.id \"\" TRACKING ID-1\n");
	driverwire_append_tracking(&b, "ID-1", DRIVERWIRE_R_FAILED);
	assert_written(&b, "TRACKING ID-1 3\n");
	buffer_free(&b);
}

static void a_value_of_any_bytes_arrives_as_it_was(void **state)
{
	struct buffer b = {0};
	char *value = malloc(STATE_MAX_VALUE + 1);

	(void)state;
	for (size_t i = 0; i < STATE_MAX_VALUE; i++)
		value[i] = "\\\"#= abc\xc3\xa4"[i % 10];
	value[STATE_MAX_VALUE] = '\0';
	driverwire_append_set(&b, "v", value, "ID");
	struct driverwire_message m = to(buffer_string(&b));

	assert_int_equal(m.word, DRIVERWIRE_SET);
	assert_string_equal(m.value, value);
	assert_string_equal(m.id, "ID");
	buffer_free(&b);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(state_lines_are_applied),
		T(setflags_without_flags_clears_them),
		T(words_too_many_are_ignored),
		T(lines_too_short_or_wrong_are_bad),
		T(other_words_of_a_driver_are_told_apart),
		T(requests_without_arguments_are_read),
		T(broadcast_takes_a_number),
		T(instcmd_has_four_shapes),
		T(set_has_two_shapes_and_tolerates_a_tail),
		T(a_dump_has_its_order),
		T(requests_quote_their_values),
		T(a_value_of_any_bytes_arrives_as_it_was),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
