/* The timer daemon's requests and timers, in virtual time. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clients/upssched/schedule.h"

static struct schedule s;

static int begin(void **state)
{
	(void)state;
	schedule_init(&s);
	return 0;
}

static int end(void **state)
{
	(void)state;
	schedule_free(&s);
	return 0;
}

/* ------------------------------------------------------------------ helpers */

static struct words *reader;

/* Valid until the next call. */
static struct wire_request parse(const char *line)
{
	static const struct words_limits limits = {WIRE_WORDS_MAX, WIRE_LINE_MAX};
	size_t len = strlen(line);

	words_free(reader);
	reader = words_new(WORDS_WIRE, &limits);
	assert_int_equal(words_feed(reader, &line, &len), WORDS_LINE);
	return wire_parse(reader);
}

static enum schedule_result ask(const char *line, long long now_ms)
{
	struct wire_request r = parse(line);

	if (r.verb == WIRE_START || r.verb == WIRE_START_SHARED)
		return schedule_start(&s, &r, now_ms);
	assert_true(r.verb == WIRE_CANCEL || r.verb == WIRE_CANCEL_MATCHED);
	return schedule_cancel(&s, &r);
}

/* All that is due, as `name[types|upses|messages] ...`. */
static const char *due(long long now_ms)
{
	static char text[1024];
	struct schedule_due d;

	text[0] = '\0';
	while (schedule_expire(&s, now_ms, &d)) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s[%s|%s|%s]", len ? " " : "", d.name,
			 d.has_event ? d.types : "-", d.has_event ? d.upses : "-",
			 d.has_event ? d.messages : "-");
		schedule_due_free(&d);
	}
	return text;
}

#define EVENT(type, ups) " \"" type "\" \"" ups "\" \"" type " of " ups "\"\n"

/* ------------------------------------------------------------------- tests */

static void a_timer_tells_what_started_it(void **state)
{
	(void)state;
	assert_int_equal(ask("START \"a\" \"5\"" EVENT("ONBATT", "u@h"), 1000), SCHEDULE_STARTED);
	assert_int_equal(schedule_due_ms(&s), 6000);
	assert_string_equal(due(5999), "");
	assert_string_equal(due(6000), "a[ONBATT|u@h|ONBATT of u@h]");
	assert_int_equal(schedule_due_ms(&s), -1);
}

static void one_of_an_older_client_tells_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask("START a 5\n", 0), SCHEDULE_STARTED);
	assert_string_equal(due(5000), "a[-|-|-]");
}

static void an_event_without_a_ups_has_an_empty_one(void **state)
{
	(void)state;
	ask("START a 0 SHUTDOWN \"\" \"\"\n", 0);
	assert_string_equal(due(0), "a[SHUTDOWN||]");
}

static void start_runs_beside_one_of_the_same_name(void **state)
{
	(void)state;
	ask("START a 5" EVENT("ONBATT", "x"), 0);
	ask("START a 5" EVENT("ONBATT", "y"), 1000);
	assert_string_equal(due(5500), "a[ONBATT|x|ONBATT of x]");
	assert_string_equal(due(6500), "a[ONBATT|y|ONBATT of y]");
}

static void a_shared_one_gathers_who_joins_and_keeps_its_time(void **state)
{
	(void)state;
	assert_int_equal(ask("START-SHARED a 5" EVENT("ONBATT", "x"), 0), SCHEDULE_STARTED);
	assert_int_equal(ask("START-SHARED a 5" EVENT("ONBATT", "y"), 4000), SCHEDULE_JOINED);
	assert_int_equal(ask("START-SHARED a 9" EVENT("COMMBAD", "x"), 4500), SCHEDULE_JOINED);
	assert_int_equal(ask("START-SHARED a 5" EVENT("ONBATT", "x"), 4600), SCHEDULE_JOINED);
	assert_int_equal(ask("START-SHARED b 5" EVENT("ONBATT", "x"), 4700), SCHEDULE_STARTED);
	assert_string_equal(due(5000),
			    "a[ONBATT,COMMBAD|x,y|ONBATT of x.\tONBATT of y.\tCOMMBAD of x]");
}

static void a_shared_one_joins_any_of_its_name(void **state)
{
	(void)state;
	ask("START a 5\n", 0);
	assert_int_equal(ask("START-SHARED a 5" EVENT("ONBATT", "x"), 1), SCHEDULE_JOINED);
	assert_string_equal(due(5000), "a[ONBATT|x|ONBATT of x]");
}

static void cancel_ends_all_that_the_ups_started(void **state)
{
	(void)state;
	ask("START a 5" EVENT("ONBATT", "x"), 0);
	ask("START a 5" EVENT("ONBATT", "y"), 1);
	ask("START a 5" EVENT("ONBATT", "x"), 2);
	ask("START b 5" EVENT("ONBATT", "x"), 3);
	assert_int_equal(ask("CANCEL a \"\"" EVENT("ONLINE", "x"), 4), SCHEDULE_CANCELLED);
	assert_string_equal(due(9000), "a[ONBATT|y|ONBATT of y] b[ONBATT|x|ONBATT of x]");
}

static void cancel_of_a_stranger_ends_all_of_the_name(void **state)
{
	(void)state;
	ask("START a 5" EVENT("ONBATT", "x"), 0);
	ask("START a 5\n", 1);
	assert_int_equal(ask("CANCEL a \"\"" EVENT("ONLINE", "z"), 2), SCHEDULE_CANCELLED);
	assert_string_equal(due(9000), "");
	ask("START a 5" EVENT("ONBATT", "x"), 0);
	ask("START a 5" EVENT("ONBATT", "y"), 1);
	assert_int_equal(ask("CANCEL a\n", 2), SCHEDULE_CANCELLED);
	assert_string_equal(due(9000), "");
}

static void cancel_of_one_ends_a_shared_timer(void **state)
{
	(void)state;
	ask("START-SHARED a 5" EVENT("ONBATT", "x"), 0);
	ask("START-SHARED a 5" EVENT("ONBATT", "y"), 0);
	assert_int_equal(ask("CANCEL a \"\"" EVENT("ONLINE", "y"), 1), SCHEDULE_CANCELLED);
	assert_string_equal(due(9000), "");
}

static void cancel_matched_takes_one_ups_out(void **state)
{
	(void)state;
	ask("START-SHARED a 5" EVENT("ONBATT", "x"), 0);
	ask("START-SHARED a 5" EVENT("ONBATT", "y"), 0);
	ask("START-SHARED a 5" EVENT("LOWBATT", "x"), 0);
	assert_int_equal(ask("CANCEL-MATCHED a \"\"" EVENT("ONLINE", "z"), 1), SCHEDULE_ABSENT);
	assert_int_equal(ask("CANCEL-MATCHED a \"\"" EVENT("ONLINE", "x"), 1), SCHEDULE_CANCELLED);
	assert_int_equal(ask("CANCEL-MATCHED a \"\"" EVENT("ONLINE", "x"), 1), SCHEDULE_ABSENT);
	assert_string_equal(due(9000), "a[ONBATT|y|ONBATT of y]");
}

static void the_last_to_leave_ends_the_timer(void **state)
{
	(void)state;
	ask("START-SHARED a 5" EVENT("ONBATT", "x"), 0);
	ask("START-SHARED a 5" EVENT("ONBATT", "y"), 0);
	ask("CANCEL-MATCHED a \"\"" EVENT("ONLINE", "x"), 1);
	ask("CANCEL-MATCHED a \"\"" EVENT("ONLINE", "y"), 1);
	assert_int_equal(schedule_due_ms(&s), -1);
	assert_int_equal(s.event_bytes, 0);
}

static void cancel_matched_without_a_ups_is_cancel(void **state)
{
	(void)state;
	ask("START a 5" EVENT("ONBATT", "x"), 0);
	assert_int_equal(ask("CANCEL-MATCHED a\n", 0), SCHEDULE_CANCELLED);
}

static void what_was_cancelled_or_has_fired_is_absent(void **state)
{
	(void)state;
	assert_int_equal(ask("CANCEL a\n", 0), SCHEDULE_ABSENT);
	ask("START a 1\n", 0);
	due(1000);
	assert_int_equal(ask("CANCEL a \"\"" EVENT("ONLINE", "x"), 0), SCHEDULE_ABSENT);
}

static void times_without_sense_start_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask("START a -5\n", 0), SCHEDULE_BAD_TIME);
	assert_int_equal(ask("START a soon\n", 0), SCHEDULE_BAD_TIME);
	assert_int_equal(ask("START a 99999999999999999999\n", 0), SCHEDULE_BAD_TIME);
	assert_int_equal(ask("START a 100000001\n", 0), SCHEDULE_BAD_TIME);
	assert_int_equal(schedule_due_ms(&s), -1);
	assert_int_equal(ask("START a 3x\n", 0), SCHEDULE_STARTED); /* as NUT reads it */
	assert_int_equal(schedule_due_ms(&s), 3000);
}

static void there_is_an_end_to_timers(void **state)
{
	(void)state;
	for (int i = 0; i < SCHEDULE_TIMERS_MAX; i++)
		assert_int_equal(ask("START a 5" EVENT("ONBATT", "x"), 0), SCHEDULE_STARTED);
	assert_int_equal(ask("START b 5\n", 0), SCHEDULE_FULL);
	assert_int_equal(ask("START-SHARED a 5" EVENT("ONBATT", "y"), 0), SCHEDULE_JOINED);
	assert_int_equal(ask("CANCEL a\n", 0), SCHEDULE_CANCELLED);
	assert_int_equal(s.event_bytes, 0);
	assert_int_equal(ask("START b 5\n", 0), SCHEDULE_STARTED);
}

static void there_is_an_end_to_what_a_timer_remembers(void **state)
{
	char line[WIRE_LINE_MAX], filler[4000];

	(void)state;
	memset(filler, 'm', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "START-SHARED a 5 ONBATT ups%d \"%d%s\"\n", i, i,
			 filler);
		assert_int_equal(ask(line, 0), i ? SCHEDULE_JOINED : SCHEDULE_STARTED);
	}
	assert_in_range(s.event_bytes, 1, 2 * 1024 * 1024);
	assert_true(strlen(due(5000)) > 0);
	assert_int_equal(s.event_bytes, 0);
}

static void lines_that_are_none_are_unknown(void **state)
{
	static const char *const lines[] = {"\n",         "START\n",     "START a\n",    "CANCEL\n",
					    "CANCLE a\n", "start a 5\n", "# START a 5\n"};
	char line[WIRE_NAME_MAX + 32];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(parse(lines[i]).verb, WIRE_UNKNOWN);
	snprintf(line, sizeof(line), "CANCEL %0*d\n", WIRE_NAME_MAX + 1, 1);
	assert_int_equal(parse(line).verb, WIRE_UNKNOWN);
	assert_int_equal(parse("LIST-TIMERS\n").verb, WIRE_LIST);
	assert_int_equal(parse("LIST-TIMERS \"\" \"\" \"\" \"\" \"\"\n").verb, WIRE_LIST);
}

static void what_is_written_is_read_again(void **state)
{
	struct wire_request r = {
		.verb = WIRE_START,
		.name = "a \"b\" \\c #d",
		.seconds = 17,
		.has_event = true,
		.event = {"ONBATT", "", "x = y"},
	};
	struct buffer b = {0};

	(void)state;
	assert_true(wire_append(&b, &r));
	r = parse(buffer_string(&b));
	assert_int_equal(r.verb, WIRE_START);
	assert_string_equal(r.name, "a \"b\" \\c #d");
	assert_int_equal(r.seconds, 17);
	assert_true(r.has_event);
	assert_string_equal(r.event.ups, "");
	assert_string_equal(r.event.message, "x = y");
	buffer_clear(&b);
	r = (struct wire_request){.verb = WIRE_CANCEL, .name = "n", .command = "c"};
	assert_true(wire_append(&b, &r));
	assert_string_equal(buffer_string(&b), "CANCEL \"n\" \"c\"\n");
	buffer_free(&b);
}

static void the_list_has_six_columns(void **state)
{
	struct buffer b = {0};

	(void)state;
	ask("START late 60\n", 0);
	ask("START-SHARED a 5" EVENT("ONBATT", "x"), 0);
	ask("START-SHARED a 5" EVENT("ONBATT", "y"), 0);
	schedule_list(&s, &b, 1500, 1000000);
	assert_string_equal(buffer_string(&b),
			    "BEGIN LIST TIMERS\n"
			    "a\t1000004\t4\tONBATT\tx,y\tONBATT of x.\tONBATT of y\n"
			    "late\t1000059\t59\t\"\"\t\"\"\t\"\"\n"
			    "END LIST TIMERS\nOK\n");
	buffer_free(&b);
}

static void another_daemon_can_take_all_over(void **state)
{
	struct schedule before = s;
	struct buffer b = {0};
	char *line;

	(void)state;
	ask("START b 9\n", 0);
	ask("START-SHARED a 5" EVENT("ONBATT", "x"), 0);
	ask("START-SHARED a 5" EVENT("COMMBAD", "y"), 0);
	assert_int_equal(schedule_hand_over(&s, &b, 1000), 3);
	before = s;
	schedule_init(&s);
	line = strtok(b.failed ? NULL : (char *)(uintptr_t)buffer_string(&b), "\n");
	for (; line; line = strtok(NULL, "\n")) {
		char whole[256];

		snprintf(whole, sizeof(whole), "%s\n", line);
		ask(whole, 0);
	}
	assert_string_equal(due(4000), "a[ONBATT,COMMBAD|x,y|ONBATT of x.\tCOMMBAD of y]");
	assert_string_equal(due(8000), "b[-|-|-]");
	schedule_free(&before);
	buffer_free(&b);
}

/* Every timer that was started is cancelled or fires, once, and when it is due. */
static void hours_of_random_requests_lose_and_invent_nothing(void **state)
{
	unsigned seed = 7;
	size_t started = 0, cancelled = 0, fired = 0;

	(void)state;
	for (long long now = 0; now < 4LL * 3600 * 1000; now += 1000) {
		size_t before = s.timers.count;
		char line[128];
		char name = (char)('a' + rand_r(&seed) % 3), ups = (char)('x' + rand_r(&seed) % 3);
		struct schedule_due d;

		if (rand_r(&seed) % 2) {
			snprintf(line, sizeof(line), "START %c %d ONBATT %c m\n", name,
				 rand_r(&seed) % 60, ups);
			started += ask(line, now) == SCHEDULE_STARTED;
		} else {
			snprintf(line, sizeof(line), "%s %c \"\" ONLINE %c m\n",
				 rand_r(&seed) % 2 ? "CANCEL" : "CANCEL-MATCHED", name, ups);
			ask(line, now);
			cancelled += before - s.timers.count;
		}
		while (schedule_expire(&s, now, &d)) {
			fired++;
			schedule_due_free(&d);
		}
		assert_true(schedule_due_ms(&s) < 0 || schedule_due_ms(&s) > now);
		assert_int_equal(started, cancelled + fired + s.timers.count);
	}
	assert_true(fired > 100 && cancelled > 100);
}

static int free_reader(void **state)
{
	(void)state;
	words_free(reader);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_timer_tells_what_started_it),
		TEST(one_of_an_older_client_tells_nothing),
		TEST(an_event_without_a_ups_has_an_empty_one),
		TEST(start_runs_beside_one_of_the_same_name),
		TEST(a_shared_one_gathers_who_joins_and_keeps_its_time),
		TEST(a_shared_one_joins_any_of_its_name),
		TEST(cancel_ends_all_that_the_ups_started),
		TEST(cancel_of_a_stranger_ends_all_of_the_name),
		TEST(cancel_of_one_ends_a_shared_timer),
		TEST(cancel_matched_takes_one_ups_out),
		TEST(the_last_to_leave_ends_the_timer),
		TEST(cancel_matched_without_a_ups_is_cancel),
		TEST(what_was_cancelled_or_has_fired_is_absent),
		TEST(times_without_sense_start_nothing),
		TEST(there_is_an_end_to_timers),
		TEST(there_is_an_end_to_what_a_timer_remembers),
		TEST(lines_that_are_none_are_unknown),
		TEST(what_is_written_is_read_again),
		TEST(the_list_has_six_columns),
		TEST(another_daemon_can_take_all_over),
		TEST(hours_of_random_requests_lose_and_invent_nothing),
	};

	return cmocka_run_group_tests_name("upssched's timers", tests, NULL, free_reader);
}
