#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/upsmon/notify/mailtext.h"

static struct buffer b;
static struct mail_address got[MAIL_RECEIVERS_MAX];
static const char *why;

static int end(void **state)
{
	(void)state;
	buffer_free(&b);
	return 0;
}

static int read_list(const char *list)
{
	return mailtext_addresses(list, got, MAIL_RECEIVERS_MAX, &why);
}

static const char *compose(const char *to, const char *subject, const char *text)
{
	static const struct mail_address from = {.address = "ups@office.example"};
	int count = read_list(to);

	assert_true(count > 0);
	buffer_clear(&b);
	assert_true(mailtext_append(&b, &(struct mail_parts){.from = &from,
							     .to = got,
							     .to_count = (size_t)count,
							     .subject = subject,
							     .text = text,
							     .id = "1.2.3",
							     .host = "a b\r\n>.example",
							     .now = 1700000000}));
	return buffer_string(&b);
}

/* What follows `name` up to the end of the header, its further lines included. */
static const char *header(const char *message, const char *name)
{
	static char value[4096];
	const char *at = strstr(message, name), *stop = at;

	assert_non_null(at);
	do
		stop = strstr(stop + 1, "\r\n");
	while (stop && stop[2] == ' ');
	assert_non_null(stop);
	at += strlen(name);
	memcpy(value, at, (size_t)(stop - at));
	value[stop - at] = '\0';
	return value;
}

static const char *body(const char *message)
{
	const char *at = strstr(message, "\r\n\r\n");

	assert_non_null(at);
	return at + 4;
}

static void lists_of_addresses_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_list("a@b.example"), 1);
	assert_string_equal(got[0].address, "a@b.example");
	assert_string_equal(got[0].name, "");
	assert_int_equal(read_list(" <a@b> , Zoë Q. <c@d>,, \"Last, \\\"First\\\"\" <e@f> ,root"),
			 4);
	assert_string_equal(got[0].address, "a@b");
	assert_string_equal(got[1].name, "Zoë Q.");
	assert_string_equal(got[1].address, "c@d");
	assert_string_equal(got[2].name, "Last, \"First\"");
	assert_string_equal(got[2].address, "e@f");
	assert_string_equal(got[3].address, "root");
}

static void what_a_relay_could_take_for_something_else_is_no_address(void **state)
{
	static const char *const bad[] = {
		"a@b>\r\nDATA", "a b@c",  "a@b c",     "<a@b",    "a@b <c@d> e",
		"-x",           "a@",     "@b",        "<>",      "\xc3\xa4@b",
		"a@b, c\nd@e",  "a(b)@c", "\"a b\"@c", "a\x7f@b", "x <a@b> <c@d>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_list(bad[i]) >= 0)
			fail_msg("taken: %s", bad[i]);
	assert_string_equal(why, "an address is not of the form name@host");
	assert_int_equal(read_list(""), -1);
	assert_int_equal(read_list(" , ,"), -1);
	assert_string_equal(why, "there is no address");
}

static void endless_lists_and_addresses_are_refused(void **state)
{
	struct buffer many = {0};

	(void)state;
	for (int i = 0; i < MAIL_RECEIVERS_MAX; i++)
		buffer_append_str(&many, "a@b,");
	assert_int_equal(read_list(buffer_string(&many)), MAIL_RECEIVERS_MAX);
	buffer_append_str(&many, "c");
	assert_int_equal(read_list(buffer_string(&many)), -1);
	assert_string_equal(why, "there are too many addresses");
	buffer_clear(&many);
	for (int i = 0; i < MAIL_ADDRESS_MAX; i++)
		buffer_append_char(&many, 'a');
	assert_int_equal(read_list(buffer_string(&many)), 1);
	buffer_append_char(&many, 'a');
	assert_int_equal(read_list(buffer_string(&many)), -1);
	buffer_free(&many);
}

static void a_message_has_the_headers_that_relays_want(void **state)
{
	const char *m = compose("a@b, Me <c@d>", "Power failure", "text");

	(void)state;
	assert_string_equal(header(m, "From: "), "ups@office.example");
	assert_string_equal(header(m, "To: "), "a@b,\r\n \"Me\" <c@d>");
	assert_string_equal(header(m, "Subject: "), "Power failure");
	assert_string_equal(header(m, "Message-ID: "), "<1.2.3@ab.example>");
	assert_string_equal(header(m, "MIME-Version: "), "1.0");
	assert_string_equal(header(m, "Content-Type: "), "text/plain; charset=UTF-8");
	setenv("TZ", "UTC0", 1);
	m = compose("a@b", "s", "text");
	assert_string_equal(header(m, "Date: "), "Tue, 14 Nov 2023 22:13:20 +0000");
	unsetenv("TZ");
}

static void a_subject_beyond_ascii_is_encoded(void **state)
{
	const char *m = compose("Zoë <a@b>", "Akku schwach – ä", "text");

	(void)state;
	assert_string_equal(header(m, "Subject: "), "=?UTF-8?B?QWtrdSBzY2h3YWNoIOKAkyDDpA==?=");
	assert_string_equal(header(m, "To: "), "=?UTF-8?B?Wm/Dqw==?= <a@b>");
	/* What looks encoded is encoded. */
	m = compose("a@b", "=?UTF-8?Q?x?=", "text");
	assert_string_equal(header(m, "Subject: "), "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=");
}

static void a_long_subject_is_folded_between_characters(void **state)
{
	char subject[401];
	const char *m, *value;

	(void)state;
	for (size_t i = 0; i < 400; i += 2)
		memcpy(subject + i, "\xc3\xa4", 2);
	subject[400] = '\0';
	m = compose("a@b", subject, "text");
	value = header(m, "Subject: ");
	/* 22 of them, 44 bytes, in a piece. */
	assert_true(strncmp(value,
			    "=?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6"
			    "TDpMOkw6Q=?=\r\n =?UTF-8?B?w6TD",
			    86) == 0);
	for (const char *p = m; *p; p += strcspn(p, "\n") + 1)
		assert_true(strcspn(p, "\n") <= 90);
}

static void nothing_in_a_text_begins_a_header(void **state)
{
	const char *m = compose("\"A\nBcc: x@y\" <a@b>", "s\r\nBcc: x@y\r\n\r\nbody", "text");

	(void)state;
	assert_null(strstr(m, "\nBcc"));
	m = compose("a@b", "s\xff\xc3", "text");
	assert_string_equal(header(m, "Subject: "), "=?UTF-8?B?cz8/?=");
}

static void a_body_is_quoted_printable(void **state)
{
	(void)state;
	assert_string_equal(body(compose("a@b", "s", "one\ntwo = 2\r\n.\nä\t. \n")),
			    "one\r\ntwo =3D 2\r\n.\r\n=C3=A4=09.=20\r\n");
	assert_string_equal(body(compose("a@b", "s", "")), "");
	assert_string_equal(body(compose("a@b", "s", "\n\nx")), "\r\n\r\nx\r\n");
	assert_string_equal(body(compose("a@b", "s", "a\rb\x01\xff")), "a b ?\r\n");
}

static void long_lines_of_a_body_are_broken(void **state)
{
	char text[1001];
	const char *p;
	size_t total = 0;

	(void)state;
	memset(text, '=', 1000);
	text[1000] = '\0';
	for (p = body(compose("a@b", "s", text)); *p;) {
		size_t len = strcspn(p, "\r");

		assert_true(len <= 76);
		total += len - (p[len - 1] == '=');
		p += len + 2;
	}
	assert_int_equal(total, 3000);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_of_addresses_are_read),
		TEST(what_a_relay_could_take_for_something_else_is_no_address),
		TEST(endless_lists_and_addresses_are_refused),
		TEST(a_message_has_the_headers_that_relays_want),
		TEST(a_subject_beyond_ascii_is_encoded),
		TEST(a_long_subject_is_folded_between_characters),
		TEST(nothing_in_a_text_begins_a_header),
		TEST(a_body_is_quoted_printable),
		TEST(long_lines_of_a_body_are_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
