#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/ups/netwire.h"
#include "common/ups/state.h"

static struct words *reader;

static int setup(void **state)
{
	(void)state;
	reader = words_new(WORDS_WIRE, &netwire_reply_limits);
	return reader ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	words_free(reader);
	return 0;
}

static const struct words *read_line(const char *line)
{
	size_t len = strlen(line);

	assert_int_equal(words_feed(reader, &line, &len), WORDS_LINE);
	return reader;
}

static enum netwire_reply classify(const char *line, enum netwire_error *e)
{
	return netwire_classify(read_line(line), e);
}

static void error_names_go_both_ways(void **state)
{
	(void)state;
	for (int e = NETWIRE_OK + 1; e < NETWIRE_UNKNOWN_ERROR; e++)
		assert_int_equal(netwire_error_of(netwire_error_name((enum netwire_error)e)), e);
	assert_string_equal(netwire_error_name(NETWIRE_DATA_STALE), "DATA-STALE");
	assert_int_equal(netwire_error_of("data-stale"), NETWIRE_UNKNOWN_ERROR);
	assert_int_equal(netwire_error_of("OK"), NETWIRE_UNKNOWN_ERROR);
	assert_int_equal(netwire_error_of(""), NETWIRE_UNKNOWN_ERROR);
	assert_string_equal(netwire_error_name((enum netwire_error)999), "UNKNOWN");
}

static void requests_are_quoted_where_needed(void **state)
{
	struct buffer b = {0};
	const char *words[] = {"SET", "VAR", "ups", "ups.id", "my \"rack\"", ""};

	(void)state;
	netwire_append_request(&b, 6, words);
	netwire_append_error(&b, NETWIRE_UNKNOWN_UPS);
	assert_string_equal(buffer_string(&b),
			    "SET VAR ups ups.id \"my \\\"rack\\\"\" \"\"\nERR UNKNOWN-UPS\n");
	buffer_free(&b);
}

static void texts_have_seven_bits(void **state)
{
	struct buffer b = {0};

	(void)state;
	netwire_append_text(&b, "a \"b\" \\ #c");
	netwire_append_text(&b, "B\xc3\xbcro \"1\"\xff");
	netwire_append_text(&b, "\xd0\x98");
	netwire_append_text(&b, "");
	assert_string_equal(buffer_string(&b),
			    "\"a \\\"b\\\" \\\\ \\#c\"\"Bro \\\"1\\\"\"\"\"\"\"");
	buffer_free(&b);
}

static void what_comes_before_a_first_command_is_skipped(void **state)
{
	(void)state;
	assert_string_equal(netwire_skip_mark("\xef\xbb\xbfVER"), "VER");
	assert_string_equal(netwire_skip_mark("VER"), "VER");
	assert_string_equal(netwire_skip_mark("\xff\xfd"), "");
	assert_string_equal(netwire_skip_mark(""), "");
}

static void replies_are_told_apart(void **state)
{
	enum netwire_error e;

	(void)state;
	assert_int_equal(classify("OK\n", &e), NETWIRE_R_OK);
	assert_int_equal(e, NETWIRE_OK);
	assert_int_equal(classify("OK Goodbye\n", &e), NETWIRE_R_OK);
	assert_int_equal(classify("ERR DATA-STALE\n", &e), NETWIRE_R_ERR);
	assert_int_equal(e, NETWIRE_DATA_STALE);
	assert_int_equal(classify("ERR ACCESS-DENIED \"more to say\"\n", &e), NETWIRE_R_ERR);
	assert_int_equal(e, NETWIRE_ACCESS_DENIED);
	assert_int_equal(classify("ERR\n", &e), NETWIRE_R_ERR);
	assert_int_equal(e, NETWIRE_UNKNOWN_ERROR);
	assert_int_equal(classify("BEGIN LIST VAR u\n", &e), NETWIRE_R_BEGIN);
	assert_int_equal(classify("END LIST VAR u\n", &e), NETWIRE_R_END);
	assert_int_equal(classify("BEGIN\n", &e), NETWIRE_R_DATA);
	assert_int_equal(classify("EVENT SYNC u\n", &e), NETWIRE_R_EVENT);
	assert_int_equal(classify("VAR u ups.status \"OL\"\n", &e), NETWIRE_R_DATA);
	assert_int_equal(e, NETWIRE_OK);
	assert_int_equal(classify("1.3\n", &e), NETWIRE_R_DATA);
	assert_int_equal(classify("\n", &e), NETWIRE_R_DATA);
}

static void events_are_read(void **state)
{
	struct netwire_event e;

	(void)state;
	e = netwire_parse_event(read_line("EVENT VAR u ups.status \"OL CHRG\"\n"));
	assert_int_equal(e.kind, NETWIRE_EVENT_VAR);
	assert_string_equal(e.ups, "u");
	assert_string_equal(e.var, "ups.status");
	assert_string_equal(e.value, "OL CHRG");
	e = netwire_parse_event(read_line("EVENT DELVAR u ups.alarm\n"));
	assert_int_equal(e.kind, NETWIRE_EVENT_DELVAR);
	assert_string_equal(e.var, "ups.alarm");
	assert_null(e.value);
	e = netwire_parse_event(read_line("EVENT STATE u DISCONNECTED\n"));
	assert_int_equal(e.kind, NETWIRE_EVENT_STATE);
	assert_int_equal(e.availability, NETWIRE_AVAIL_DISCONNECTED);
	assert_string_equal(netwire_availability_word(NETWIRE_AVAIL_STALE), "STALE");
	assert_int_equal(netwire_parse_event(read_line("EVENT SYNC u\n")).kind, NETWIRE_EVENT_SYNC);
	assert_int_equal(netwire_parse_event(read_line("EVENT GONE u\n")).kind, NETWIRE_EVENT_GONE);
}

static void events_that_are_none_are_bad(void **state)
{
	static const char *const lines[] = {
		"EVENT\n",           "EVENT VAR u v\n",
		"EVENT DELVAR u\n",  "EVENT STATE u\n",
		"EVENT STATE u X\n", "EVENT SYNC\n",
		"EVENT GONE\n",      "EVENT ODD u v w\n",
		"VAR u v \"1\"\n",   "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_int_equal(netwire_parse_event(read_line(lines[i])).kind, NETWIRE_EVENT_BAD);
}

static void the_longest_value_fits_a_request_and_a_reply(void **state)
{
	char *value = malloc(STATE_MAX_VALUE + 1);
	const char *words[] = {"SET", "VAR", "a-ups-with-a-name", "a.variable.with.a.name", value};
	struct words *request = words_new(WORDS_WIRE, &netwire_request_limits);
	struct buffer b = {0};

	(void)state;
	memset(value, '"', STATE_MAX_VALUE);
	value[STATE_MAX_VALUE] = '\0';
	netwire_append_request(&b, 5, words);
	assert_string_equal(words_at(read_line(buffer_string(&b)), 4), value);

	const char *p = buffer_string(&b);
	size_t len = strlen(p);

	assert_int_equal(words_feed(request, &p, &len), WORDS_LINE);
	assert_string_equal(words_at(request, 4), value);
	words_free(request);
	buffer_free(&b);
	free(value);
}

static void assert_target(const char *text, const char *ups, const char *host, unsigned port)
{
	struct netwire_target t;
	const char *why;

	assert_true(netwire_parse_target(text, &t, &why));
	assert_string_equal(t.ups, ups);
	assert_string_equal(t.host, host);
	assert_int_equal(t.port, port);
}

static void targets_have_defaults(void **state)
{
	unsigned port = (unsigned)atoi(NUT_PORT);

	(void)state;
	assert_target("rack", "rack", "localhost", port);
	assert_target("rack@srv", "rack", "srv", port);
	assert_target("rack@srv:1234", "rack", "srv", 1234);
	assert_target("rack@10.0.0.1", "rack", "10.0.0.1", port);
	assert_target("rack@[::1]:99", "rack", "::1", 99);
	assert_target("rack@[fe80::1%eth0]", "rack", "fe80::1%eth0", port);
	assert_target("rack@::1", "rack", "::1", port);
}

static void targets_that_cannot_be_meant_are_refused_with_a_reason(void **state)
{
	static const char *const bad[] = {
		"",        "@host",       "rack@",        "rack@:3493", "rack:3493",
		"rack@h:", "rack@h:0",    "rack@h:65536", "rack@h:12x", "rack@[::1",
		"rack@[]", "rack@[::1]x", "rack@[::1]:",  "rack@h:+",
	};
	struct netwire_target t;
	char longest[600];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *why = NULL;

		assert_false(netwire_parse_target(bad[i], &t, &why));
		assert_non_null(why);
	}

	const char *why = NULL;

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(netwire_parse_target(longest, &t, &why));
	longest[1] = '@';
	assert_false(netwire_parse_target(longest, &t, &why));
	longest[257] = '\0';
	assert_true(netwire_parse_target(longest, &t, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(error_names_go_both_ways),
		T(requests_are_quoted_where_needed),
		T(texts_have_seven_bits),
		T(what_comes_before_a_first_command_is_skipped),
		T(replies_are_told_apart),
		T(events_are_read),
		T(events_that_are_none_are_bad),
		T(the_longest_value_fits_a_request_and_a_reply),
		T(targets_have_defaults),
		T(targets_that_cannot_be_meant_are_refused_with_a_reason),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
