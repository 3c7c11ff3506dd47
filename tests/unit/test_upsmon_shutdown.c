/* The order of a shutdown, in virtual time. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "clients/upsmon/brain/shutdown.h"
#include "common/base/buffer.h"
#include "common/base/log.h"

static struct {
	struct shutdown s;
	struct buffer acts; /* in order: "fsd0 fsd1 SHUTDOWN run" */
	bool reachable;
	size_t asked;
	long long now_ms;
} t;

static const struct policy policy = {.hostsync = 10, .final_delay = 2};

static bool send_fsd(void *arg, size_t i)
{
	(void)arg;
	buffer_appendf(&t.acts, "fsd%zu ", i);
	return t.reachable;
}

static bool ask_logins(void *arg, size_t i)
{
	(void)arg;
	(void)i;
	t.asked++;
	return t.reachable;
}

static void tell(void *arg, enum notice n)
{
	(void)arg;
	buffer_appendf(&t.acts, "%s ", notice_name(n));
}

static void execute(void *arg)
{
	(void)arg;
	buffer_append_str(&t.acts, "run ");
}

static const struct shutdown_acts acts = {send_fsd, ask_logins, tell, execute};

static void silence(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg;
	(void)level;
	(void)token;
	(void)text;
}

static int begin(void **state)
{
	(void)state;
	log_set_sink(silence, NULL);
	t.s = (struct shutdown){0};
	t.reachable = true;
	t.asked = 0;
	t.now_ms = 1000;
	return 0;
}

static int end(void **state)
{
	(void)state;
	buffer_free(&t.acts);
	return 0;
}

static void start(size_t primaries)
{
	shutdown_begin(&t.s, &acts, NULL, primaries, &policy, t.now_ms);
}

/* It is asked when it wants to be. */
static void pass(long long ms)
{
	long long end_ms = t.now_ms + ms, due;

	while ((due = shutdown_due_ms(&t.s)) >= 0 && due <= end_ms) {
		t.now_ms = due > t.now_ms ? due : t.now_ms + 1;
		shutdown_tick(&t.s, t.now_ms);
	}
	t.now_ms = end_ms;
}

static void answer_logins(long others)
{
	shutdown_logins_answered(&t.s, others, t.now_ms);
}

static void a_secondary_waits_only_finaldelay(void **state)
{
	(void)state;
	start(0);
	assert_string_equal(buffer_string(&t.acts), "SHUTDOWN ");
	pass(1900);
	assert_string_equal(buffer_string(&t.acts), "SHUTDOWN ");
	pass(200);
	assert_string_equal(buffer_string(&t.acts), "SHUTDOWN run ");
	pass(60000);
	assert_string_equal(buffer_string(&t.acts), "SHUTDOWN run ");
	assert_int_equal(t.asked, 0);
}

static void a_lonely_primary_sets_fsd_and_goes(void **state)
{
	(void)state;
	start(2);
	assert_string_equal(buffer_string(&t.acts), "fsd0 fsd1 ");
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	assert_int_equal(t.asked, 0);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	assert_int_equal(t.asked, 2);
	answer_logins(0);
	answer_logins(0);
	pass(2100);
	assert_string_equal(buffer_string(&t.acts), "fsd0 fsd1 SHUTDOWN run ");
}

static void a_primary_waits_until_the_last_secondary_is_gone(void **state)
{
	(void)state;
	start(1);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	answer_logins(2);
	assert_string_equal(buffer_string(&t.acts), "fsd0 SHUTDOWN_HOSTSYNC ");
	pass(300);
	assert_int_equal(t.asked, 2);
	answer_logins(1);
	pass(300);
	assert_string_equal(buffer_string(&t.acts), "fsd0 SHUTDOWN_HOSTSYNC ");
	answer_logins(0);
	pass(2100);
	assert_string_equal(buffer_string(&t.acts), "fsd0 SHUTDOWN_HOSTSYNC SHUTDOWN run ");
}

static void the_ups_with_most_secondaries_counts(void **state)
{
	(void)state;
	start(2);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	answer_logins(1);
	answer_logins(0);
	assert_string_equal(buffer_string(&t.acts), "fsd0 fsd1 SHUTDOWN_HOSTSYNC ");
}

static void a_secondary_that_stays_is_given_up_after_hostsync(void **state)
{
	(void)state;
	start(1);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	for (int i = 0; i < 30; i++) {
		answer_logins(1);
		pass(300);
	}
	assert_int_equal(t.s.phase, SHUTDOWN_SYNC);
	for (int i = 0; i < 5; i++) {
		answer_logins(1);
		pass(300);
	}
	assert_int_equal(t.s.phase, SHUTDOWN_FINAL);
	pass(2100);
	assert_string_equal(buffer_string(&t.acts), "fsd0 SHUTDOWN_HOSTSYNC SHUTDOWN run ");
}

static void a_server_that_is_gone_is_not_waited_for(void **state)
{
	(void)state;
	t.reachable = false;
	start(1);
	assert_int_equal(t.s.phase, SHUTDOWN_FINAL);
	pass(2100);
	assert_string_equal(buffer_string(&t.acts), "fsd0 SHUTDOWN run ");
}

static void a_server_that_does_not_answer_costs_a_bounded_time(void **state)
{
	(void)state;
	start(1);
	pass(SHUTDOWN_FSD_LIMIT_MS - 100);
	assert_int_equal(t.s.phase, SHUTDOWN_FSD);
	pass(200);
	assert_int_equal(t.s.phase, SHUTDOWN_SYNC);
	shutdown_fsd_answered(&t.s, true, t.now_ms); /* too late to matter */
	pass(10100);
	assert_int_equal(t.s.phase, SHUTDOWN_FINAL);
}

static void an_unknown_number_of_secondaries_is_none(void **state)
{
	(void)state;
	start(1);
	shutdown_fsd_answered(&t.s, false, t.now_ms);
	answer_logins(-1);
	assert_int_equal(t.s.phase, SHUTDOWN_FINAL);
}

static void a_server_that_took_fsd_is_asked_again(void **state)
{
	(void)state;
	start(1);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	answer_logins(-1);
	t.reachable = false;
	pass(1000);
	t.reachable = true;
	pass(300);
	answer_logins(1);
	assert_string_equal(buffer_string(&t.acts), "fsd0 SHUTDOWN_HOSTSYNC ");
}

static void one_that_counts_no_more_is_given_a_bounded_time(void **state)
{
	(void)state;
	start(1);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	answer_logins(-1);
	t.reachable = false;
	pass(SHUTDOWN_COUNT_MS - 300);
	assert_int_equal(t.s.phase, SHUTDOWN_SYNC);
	pass(600);
	assert_int_equal(t.s.phase, SHUTDOWN_FINAL);
}

static void a_new_server_has_not_heard_of_all_secondaries_yet(void **state)
{
	(void)state;
	start(1);
	shutdown_doubt(&t.s, t.now_ms);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	answer_logins(0);
	pass(300);
	answer_logins(1);
	assert_string_equal(buffer_string(&t.acts), "fsd0 SHUTDOWN_HOSTSYNC ");
}

static void secondaries_are_not_gone_because_the_server_is(void **state)
{
	(void)state;
	start(1);
	shutdown_fsd_answered(&t.s, true, t.now_ms);
	answer_logins(1);
	pass(300);
	answer_logins(-1);
	t.reachable = false;
	pass(9000);
	assert_int_equal(t.s.phase, SHUTDOWN_SYNC);
	pass(1000);
	assert_int_equal(t.s.phase, SHUTDOWN_FINAL);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		ROW(a_secondary_waits_only_finaldelay),
		ROW(a_lonely_primary_sets_fsd_and_goes),
		ROW(a_primary_waits_until_the_last_secondary_is_gone),
		ROW(the_ups_with_most_secondaries_counts),
		ROW(a_secondary_that_stays_is_given_up_after_hostsync),
		ROW(a_server_that_is_gone_is_not_waited_for),
		ROW(a_server_that_does_not_answer_costs_a_bounded_time),
		ROW(an_unknown_number_of_secondaries_is_none),
		ROW(a_server_that_took_fsd_is_asked_again),
		ROW(one_that_counts_no_more_is_given_a_bounded_time),
		ROW(a_new_server_has_not_heard_of_all_secondaries_yet),
		ROW(secondaries_are_not_gone_because_the_server_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
