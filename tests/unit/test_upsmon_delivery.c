#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "clients/upsmon/notify/delivery.h"

static struct words *words;
static struct delivery got;

static int begin(void **state)
{
	(void)state;
	words = words_new(WORDS_WIRE, &delivery_limits);
	return words ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	words_free(words);
	return 0;
}

/* Reads one line into `got`. */
static bool parse(const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(words_feed(words, &text, &len), WORDS_LINE);
	assert_int_equal(len, 0);
	return delivery_parse(words, &got);
}

static void send(const struct delivery *d)
{
	struct buffer b = {0};

	assert_true(delivery_append(&b, d));
	assert_true(parse(buffer_string(&b)));
	assert_int_equal(got.kind, d->kind);
	assert_string_equal(got.text, d->text ? d->text : "");
	buffer_free(&b);
}

static void every_byte_of_a_text_arrives(void **state)
{
	char text[256];

	(void)state;
	for (int i = 1; i < 256; i++)
		text[i - 1] = (char)i;
	text[255] = '\0';
	for (int kind = 0; kind < DELIVERY_COUNT; kind++)
		send(&(struct delivery){
			.kind = kind, .text = text, .argc = 1, .argv = {"x"}, .mail.port = 25});
}

static void an_execution_brings_its_words_and_its_notice(void **state)
{
	(void)state;
	send(&(struct delivery){.kind = DELIVERY_EXEC,
				.text = "UPS a@b on battery",
				.type = "ONBATT",
				.ups = "a@b",
				.argc = 3,
				.argv = {"/bin/x", "", "-a b\n%41"}});
	assert_string_equal(got.type, "ONBATT");
	assert_string_equal(got.ups, "a@b");
	assert_int_equal(got.argc, 3);
	assert_string_equal(got.argv[0], "/bin/x");
	assert_string_equal(got.argv[1], "");
	assert_string_equal(got.argv[2], "-a b\n%41");
}

static void a_mail_brings_its_relay(void **state)
{
	const struct delivery d = {.kind = DELIVERY_MAIL,
				   .text = "two\nlines",
				   .mail = {.host = "relay",
					    .port = 465,
					    .user = "me",
					    .password = "p \"#\\",
					    .authorities = "/x.pem",
					    .from = "a@b",
					    .to = "c@d, e@f",
					    .subject = "Akku schwäch\t"}};

	(void)state;
	send(&d);
	assert_string_equal(got.mail.host, "relay");
	assert_int_equal(got.mail.port, 465);
	assert_string_equal(got.mail.user, "me");
	assert_string_equal(got.mail.password, d.mail.password);
	assert_string_equal(got.mail.authorities, "/x.pem");
	assert_string_equal(got.mail.from, "a@b");
	assert_string_equal(got.mail.to, d.mail.to);
	assert_string_equal(got.mail.subject, d.mail.subject);
}

static void what_a_kind_does_not_use_stays_at_home(void **state)
{
	struct buffer b = {0};

	(void)state;
	assert_true(delivery_append(&b, &(struct delivery){.kind = DELIVERY_LOG,
							   .text = "t",
							   .priority = LOG_ERR,
							   .type = "x",
							   .mail.password = "secret"}));
	assert_string_equal(buffer_string(&b), "LOG \"t\" 3\n");
	buffer_free(&b);
}

static void no_string_counts_as_an_empty_one(void **state)
{
	(void)state;
	send(&(struct delivery){.kind = DELIVERY_MAIL, .mail.port = 1});
	assert_string_equal(got.mail.user, "");
}

static void what_breaks_the_bounds_is_not_appended(void **state)
{
	struct delivery many = {.kind = DELIVERY_EXEC, .argc = DELIVERY_ARGS_MAX + 1};
	struct buffer b = {0};
	char *big = malloc(40000);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 39999);
	big[39999] = '\0';
	assert_true(buffer_append_str(&b, "before\n"));
	assert_false(delivery_append(&b, &(struct delivery){.kind = DELIVERY_WALL, .text = big}));
	assert_false(delivery_append(&b, &many));
	assert_false(delivery_append(&b, &(struct delivery){.kind = DELIVERY_COUNT}));
	assert_false(delivery_append(&b, &(struct delivery){.kind = DELIVERY_EXEC}));
	assert_false(delivery_append(&b, &(struct delivery){.kind = DELIVERY_LOG, .priority = 8}));
	assert_false(delivery_append(&b, &(struct delivery){.kind = DELIVERY_MAIL}));
	assert_string_equal(buffer_string(&b), "before\n");
	free(big);
	buffer_free(&b);
}

static void as_many_arguments_as_there_may_be_arrive(void **state)
{
	struct delivery d = {.kind = DELIVERY_EXEC, .argc = DELIVERY_ARGS_MAX};

	(void)state;
	for (size_t i = 0; i < DELIVERY_ARGS_MAX; i++)
		d.argv[i] = "a";
	send(&d);
	assert_int_equal(got.argc, DELIVERY_ARGS_MAX);
}

static void lines_that_are_no_deliveries_are_refused(void **state)
{
	static const char *const bad[] = {
		"\n",
		"LOG\n",
		"wall x\n",
		"SHOUT x\n",
		"LOG x\n",
		"LOG x 8\n",
		"LOG x -1\n",
		"LOG x 3 4\n",
		"WALL %\n",
		"WALL %4\n",
		"WALL %00\n",
		"WALL %41\n",
		"WALL %0a\n",
		"WALL %G0\n",
		"EXEC x ONBATT\n",
		"EXEC x ONBATT ups\n",
		"EXEC x ONBATT %zz prog\n",
		"PRINT x y\n",
		"MAIL x 0 a b c d e f g\n",
		"MAIL x 65536 a b c d e f g\n",
		"MAIL x 25 a b c d e f\n",
		"MAIL x 25 a b c d e f g h\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i]))
			fail_msg("taken: %s", bad[i]);
	assert_true(parse("MAIL x 25 a b c d e f g\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_byte_of_a_text_arrives),
		TEST(an_execution_brings_its_words_and_its_notice),
		TEST(a_mail_brings_its_relay),
		TEST(what_a_kind_does_not_use_stays_at_home),
		TEST(no_string_counts_as_an_empty_one),
		TEST(what_breaks_the_bounds_is_not_appended),
		TEST(as_many_arguments_as_there_may_be_arrive),
		TEST(lines_that_are_no_deliveries_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
