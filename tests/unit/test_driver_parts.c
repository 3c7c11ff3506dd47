/* The small parts of the driver core, and the script of dummy-ups. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/str.h"
#include "drivers/core/backoff.h"
#include "drivers/core/driver.h"
#include "drivers/core/queue.h"
#include "drivers/virtual/script.h"

/* ---------------------------------------------------------------------------- backoff */

static void pauses_double_up_to_the_longest(void **state)
{
	struct backoff b = {1000, 8000, 0};
	const int middle[] = {1000, 2000, 4000, 8000, 8000, 8000};

	(void)state;
	for (size_t i = 0; i < sizeof(middle) / sizeof(middle[0]); i++)
		assert_in_range(backoff_next(&b), middle[i] * 3 / 4, middle[i] * 5 / 4);
	backoff_reset(&b);
	assert_in_range(backoff_next(&b), 750, 1250);
}

static void a_pause_of_a_millisecond_has_no_trouble(void **state)
{
	struct backoff b = {1, 1, 0};

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_in_range(backoff_next(&b), 1, 2);
}

/* ------------------------------------------------------------------------------ queue */

static void a_command_is_taken_out_by_its_number(void **state)
{
	const unsigned long taken[] = {3, 1};
	struct queue q = {0}, waiting = {0};
	struct queue_command *cmd;

	(void)state;
	for (unsigned long i = 1; i <= 3; i++) {
		assert_true(queue_push(&q, false, "beeper.on", NULL, NULL, i));
		cmd = queue_pop(&q);
		cmd->number = i;
		assert_true(queue_append(&waiting, cmd));
	}
	assert_null(queue_take(&waiting, 4));
	for (size_t i = 0; i < 2; i++) {
		cmd = queue_take(&waiting, taken[i]);
		assert_int_equal(cmd->client, taken[i]);
		queue_command_free(cmd);
	}
	assert_int_equal(waiting.count, 1);
	assert_ptr_equal(waiting.head, waiting.tail);
	queue_clear(&waiting);
	assert_null(waiting.tail);
}

static void commands_come_out_in_their_order(void **state)
{
	struct queue q = {0};
	struct queue_command *cmd;

	(void)state;
	assert_true(queue_push(&q, false, "load.off", NULL, "id", 7));
	assert_true(queue_push(&q, true, "ups.id", "x", NULL, 8));
	cmd = queue_pop(&q);
	assert_string_equal(cmd->name, "load.off");
	assert_null(cmd->value);
	assert_string_equal(cmd->id, "id");
	assert_int_equal(cmd->client, 7);
	queue_command_free(cmd);
	cmd = queue_pop(&q);
	assert_true(cmd->is_set);
	assert_string_equal(cmd->value, "x");
	queue_command_free(cmd);
	assert_null(queue_pop(&q));
}

static void a_full_queue_takes_no_more(void **state)
{
	struct queue q = {0};

	(void)state;
	for (int i = 0; i < QUEUE_MAX; i++)
		assert_true(queue_push(&q, false, "a.b", NULL, NULL, 1));
	assert_false(queue_push(&q, false, "a.b", NULL, NULL, 1));
	queue_clear(&q);
	assert_true(queue_push(&q, false, "a.b", NULL, NULL, 1));
	queue_clear(&q);
}

/* -------------------------------------------------------------------------- core_clean */

static void texts_of_devices_are_cleaned(void **state)
{
	const struct {
		const char *raw, *clean;
	} rows[] = {
		{"  Smart-UPS 1500  ", "Smart-UPS 1500"},
		{"a\tb\r\n", "a b"},
		{"\xff\xfe"
		 "EATON\x80\x81"
		 "9E",
		 "EATON 9E"},
		{"a\x7f"
		 "b",
		 "a b"},
		{"", ""},
		{" \x01 ", ""},
		{"keeps \"quotes\" # and \\", "keeps \"quotes\" # and \\"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];

		assert_true(str_copy(text, sizeof(text), rows[i].raw));
		assert_string_equal(core_clean(text), rows[i].clean);
	}
}

/* ------------------------------------------------------------------------------ script */

static unsigned problems;

static struct script read_script(const char *text)
{
	char path[] = "/tmp/chestnut-script-XXXXXX";
	struct conf_report report = {0};
	int fd = mkstemp(path);
	struct script s;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(script_read(&s, path, &report), 0);
	unlink(path);
	problems = report.errors;
	return s;
}

static void assert_step(const struct script *s, size_t i, enum script_action action,
			const char *name, const char *text)
{
	assert_true(i < s->count);
	assert_int_equal(s->steps[i].action, action);
	if (name)
		assert_string_equal(s->steps[i].name, name);
	if (text)
		assert_string_equal(s->steps[i].text, text);
}

static void a_line_sets_a_variable(void **state)
{
	struct script s = read_script("ups.status: OL CHRG\n"
				      "ups.mfr ACME   Inc \n"
				      "ups.id: \"a \\\"b\\\" \\# c\" # remark\n");

	(void)state;
	assert_int_equal(s.count, 3);
	assert_step(&s, 0, SCRIPT_SET, "ups.status", "OL CHRG");
	assert_step(&s, 1, SCRIPT_SET, "ups.mfr", "ACME Inc");
	assert_step(&s, 2, SCRIPT_SET, "ups.id", "a \"b\" # c");
	script_free(&s);
}

static void a_variable_without_value_goes(void **state)
{
	struct script s = read_script("ups.id:\nups.mfr \"\"\n");

	(void)state;
	assert_step(&s, 0, SCRIPT_DELETE, "ups.id", NULL);
	assert_step(&s, 1, SCRIPT_DELETE, "ups.mfr", NULL);
	script_free(&s);
}

static void timers_pause(void **state)
{
	struct script s = read_script("TIMER 5\nTIMER 0.25\n");

	(void)state;
	assert_step(&s, 0, SCRIPT_PAUSE, NULL, NULL);
	assert_int_equal(s.steps[0].pause_ms, 5000);
	assert_int_equal(s.steps[1].pause_ms, 250);
	script_free(&s);
}

static void a_timer_that_makes_no_sense_is_left_out_and_told(void **state)
{
	struct script s = read_script("TIMER\nTIMER x\nTIMER -1\nTIMER 1e300\nups.id: 1\n");

	(void)state;
	assert_int_equal(problems, 4);
	assert_int_equal(s.count, 1);
	script_free(&s);
}

static void alarms_come_and_go(void **state)
{
	struct script s = read_script("ALARM Too hot\nALARM\n");

	(void)state;
	assert_step(&s, 0, SCRIPT_ALARM, NULL, "Too hot");
	assert_step(&s, 1, SCRIPT_ALARM_NONE, NULL, NULL);
	script_free(&s);
}

static void the_recorded_drivers_own_variables_are_left_out(void **state)
{
	struct script s = read_script("driver.name: usbhid-ups\ndriver.parameter.port: auto\n");

	(void)state;
	assert_int_equal(s.count, 0);
	assert_int_equal(problems, 0);
	script_free(&s);
}

static void a_long_file_is_read_whole(void **state)
{
	struct buffer text = {0};
	struct script s;

	(void)state;
	for (int i = 0; i < 4000; i++)
		buffer_append_str(&text, "a.b: 1\n");
	s = read_script(buffer_string(&text));
	assert_int_equal(s.count, 4000);
	script_free(&s);
	buffer_free(&text);
}

static void a_missing_file_is_an_error(void **state)
{
	struct conf_report report = {0};
	struct script s;

	(void)state;
	assert_int_not_equal(script_read(&s, "/no/such/file", &report), 0);
	assert_int_equal(s.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_double_up_to_the_longest),
		cmocka_unit_test(a_pause_of_a_millisecond_has_no_trouble),
		cmocka_unit_test(commands_come_out_in_their_order),
		cmocka_unit_test(a_command_is_taken_out_by_its_number),
		cmocka_unit_test(a_full_queue_takes_no_more),
		cmocka_unit_test(texts_of_devices_are_cleaned),
		cmocka_unit_test(a_line_sets_a_variable),
		cmocka_unit_test(a_variable_without_value_goes),
		cmocka_unit_test(timers_pause),
		cmocka_unit_test(a_timer_that_makes_no_sense_is_left_out_and_told),
		cmocka_unit_test(alarms_come_and_go),
		cmocka_unit_test(the_recorded_drivers_own_variables_are_left_out),
		cmocka_unit_test(a_long_file_is_read_whole),
		cmocka_unit_test(a_missing_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
