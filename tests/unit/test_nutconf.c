/*
 * The parts of nutconf that make and compare texts: devices as a scan tells
 * them, what is different between two files, secrets that nobody is shown, and
 * nut.conf.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/nutconf/device.h"
#include "clients/nutconf/diff.h"
#include "clients/nutconf/hide.h"
#include "common/base/modefile.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"

/* ------------------------------------------------------------------- devices */

static void a_line_of_the_scanner_is_a_device(void **state)
{
	struct device d = {.count = 0};
	char text[128];

	(void)state;
	assert_true(device_parse_scan(
		&d,
		"USB:driver=\"usbhid-ups\",port=\"auto\",vendor=\"A, \\\"B\\\"\",product=\"5E\","
		"nolock"));
	assert_string_equal(d.kind, "USB");
	assert_string_equal(device_get(&d, "driver"), "usbhid-ups");
	assert_string_equal(device_get(&d, "VENDOR"), "A, \"B\"");
	assert_null(device_get(&d, "nolock"));
	assert_int_equal(d.count, 5);
	device_describe(&d, text, sizeof(text));
	assert_string_equal(text, "A, \"B\" 5E (usbhid-ups, auto)");
	device_remove(&d, "vendor");
	assert_int_equal(d.count, 4);
	device_free(&d);
}

static void what_is_no_device_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"USB:",
		":driver=a,port=b",
		"USB:driver=a",
		"driver=a,port=b",
		"USB:driver=\"a,port=b",
		"USB:driver=a,port=b,",
		"USB:driver=a,port=b,=c",
		"# USB:driver=a,port=b",
		"USB:driver=a,port=b,[x]=c",
		"USB:driver=a,port=\"b\"c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct device d = {.count = 0};

		assert_false(device_parse_scan(&d, lines[i]));
		device_free(&d);
	}
}

static void a_device_has_no_endless_number_of_keys(void **state)
{
	struct device d = {.count = 0};
	char key[16];

	(void)state;
	for (int i = 0; i < DEVICE_KEYS_MAX; i++) {
		str_format(key, sizeof(key), "k%d", i);
		assert_true(device_set(&d, key, "v"));
	}
	assert_true(device_set(&d, "k3", NULL));
	assert_false(device_set(&d, "one more", "v"));
	assert_false(device_set(&d, "more", "v"));
	assert_false(device_set(&d, "k3", "a\nb"));
	device_free(&d);
}

/* ---------------------------------------------------------------------- diff */

static void expect_diff(const char *a, const char *b, const char *diff)
{
	struct buffer before = {0}, after = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	buffer_append_str(&before, a);
	buffer_append_str(&after, b);
	diff_print(&before, &after, "f", out);
	fclose(out);
	assert_string_equal(text, diff);
	free(text);
	buffer_free(&before);
	buffer_free(&after);
}

static void a_diff_shows_what_changes_and_three_lines_around(void **state)
{
	(void)state;
	expect_diff("a\n", "a\n", "");
	expect_diff("", "a\nb", "--- f\n+++ f (new)\n@@ -0,0 +1,2 @@\n+a\n+b\n");
	expect_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		    "--- f\n+++ f (new)\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
	expect_diff("a\nb\nc\n", "b\nc\nd\n",
		    "--- f\n+++ f (new)\n@@ -1,3 +1,3 @@\n-a\n b\n c\n+d\n");
}

static void changes_far_apart_are_two_groups(void **state)
{
	(void)state;
	expect_diff("a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
		    "--- f\n+++ f (new)\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
		    "@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n");
}

/* ------------------------------------------------------------------- secrets */

static void expect_hidden(const char *text, const char *shown)
{
	struct buffer in = {0}, none = {0}, out = {0};

	buffer_append_str(&in, text);
	assert_true(hide_secrets(&in, &in, "<new>", &out));
	assert_string_equal(buffer_string(&out), shown);
	buffer_clear(&out);
	assert_true(hide_secrets(&in, &none, "<hidden>", &out));
	assert_string_equal(buffer_string(&out), shown);
	buffer_free(&in);
	buffer_free(&out);
}

static void passwords_are_hidden_wherever_they_stand(void **state)
{
	(void)state;
	expect_hidden("[a]\n\tpassword = \"x y\" # c\n  PASSWORDHASH=z\nupsmon primary\n",
		      "[a]\n\tpassword = <hidden>\n  PASSWORDHASH = <hidden>\nupsmon primary\n");
	expect_hidden(
		"MONITOR a@b 1 u p primary\nCERTIDENT n p\n# password = kept\n",
		"MONITOR a@b 1 u <hidden> primary\nCERTIDENT n <hidden>\n# password = kept\n");
	expect_hidden("MONITOR a POWERVAL 1 UPSDUSER u PASSWORD \"p\" TYPE primary\n",
		      "MONITOR a POWERVAL 1 UPSDUSER u PASSWORD <hidden> TYPE primary\n");
	expect_hidden("community = c\nport = x\n", "community = <hidden>\nport = x\n");
	expect_hidden("password = \"x # y\n", "<a line that cannot be read>\n");
}

static void a_new_password_is_seen_to_be_new(void **state)
{
	struct buffer before = {0}, after = {0}, out = {0};

	(void)state;
	buffer_append_str(&before, "password = a\n");
	buffer_append_str(&after, "password = b\n");
	assert_true(hide_secrets(&after, &before, "<new>", &out));
	assert_string_equal(buffer_string(&out), "password = <new>\n");
	buffer_free(&before);
	buffer_free(&after);
	buffer_free(&out);
}

/* ------------------------------------------------------------------- nut.conf */

static void expect_mode(const char *text, const char *value, unsigned line)
{
	struct buffer b = {0};
	unsigned at = 0;

	if (!value) {
		assert_false(modefile_get(text, strlen(text), "MODE", &b, &at));
		return;
	}
	assert_true(modefile_get(text, strlen(text), "MODE", &b, &at));
	assert_string_equal(buffer_string(&b), value);
	assert_int_equal(at, line);
	buffer_free(&b);
}

static void assignments_are_read_as_a_shell_does(void **state)
{
	(void)state;
	expect_mode("", NULL, 0);
	expect_mode("# MODE=none\nMODEL=x\nXMODE=y\n", NULL, 0);
	expect_mode("MODE=none\n", "none", 1);
	expect_mode("MODE=a\nexport MODE=b # c\n", "b", 2);
	expect_mode("X='\nMODE=no\n'\n MODE=\"net\"'server'\n", "netserver", 4);
	expect_mode("A=1;MODE=a\\ b\r\n", "a b", 1);
	expect_mode("MODE=\"a\\\"\\x\"", "a\"\\x", 1);
	expect_mode("MODE=", "", 1);
	expect_mode("MODE='open", "open", 1);
}

static void expect_set(const char *text, const char *value, const char *after)
{
	struct buffer b = {0};

	assert_true(modefile_set(text, strlen(text), "MODE", value, &b));
	assert_string_equal(buffer_string(&b), after);
	buffer_free(&b);
}

static void an_assignment_takes_the_place_of_the_last(void **state)
{
	(void)state;
	expect_set("", "none", "MODE=none\n");
	expect_set("# x", "a b", "# x\nMODE='a b'\n");
	expect_set("MODE=a\n export MODE=\"b\" # c\nX=1\n", "d",
		   "MODE=a\n export MODE=d # c\nX=1\n");
	expect_set("MODE=a", "it's", "MODE='it'\\''s'");
}

/* ---------------------------------------------------------------------- files */

static char *read_back(const char *path)
{
	struct buffer b = {0};
	char *text;

	assert_int_equal(wholefile_read(path, &b), 0);
	text = str_dup(buffer_string(&b));
	buffer_free(&b);
	return text;
}

static void a_file_is_replaced_and_keeps_its_mode(void **state)
{
	char folder[] = "/tmp/test-nutconf-XXXXXX", path[64], link[64];
	struct buffer text = {0};
	struct wholefile_staged staged;
	struct stat st;
	char *back;

	(void)state;
	assert_non_null(mkdtemp(folder));
	str_format(path, sizeof(path), "%s/file", folder);
	str_format(link, sizeof(link), "%s/link", folder);
	buffer_append_str(&text, "one\n");
	assert_int_equal(wholefile_replace(path, &text,
					   &(struct wholefile_owner){geteuid(), getegid(), 0640}),
			 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(symlink("file", link), 0);
	buffer_append_str(&text, "two\n");
	assert_int_equal(wholefile_stage(&staged, link, &text, NULL), 0);
	back = read_back(path);
	assert_string_equal(back, "one\n");
	free(back);
	assert_int_equal(wholefile_place(&staged), 0);
	back = read_back(link);
	assert_string_equal(back, "one\ntwo\n");
	free(back);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0604);
	assert_int_equal(unlink(path), 0);
	/* A link that leads nowhere is nobody's file. */
	assert_int_not_equal(wholefile_stage(&staged, link, &text, NULL), 0);
	assert_int_equal(unlink(link), 0);
	/* Nothing else is left. */
	assert_int_equal(rmdir(folder), 0);
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_the_scanner_is_a_device),
		cmocka_unit_test(what_is_no_device_is_refused),
		cmocka_unit_test(a_device_has_no_endless_number_of_keys),
		cmocka_unit_test(a_diff_shows_what_changes_and_three_lines_around),
		cmocka_unit_test(changes_far_apart_are_two_groups),
		cmocka_unit_test(passwords_are_hidden_wherever_they_stand),
		cmocka_unit_test(a_new_password_is_seen_to_be_new),
		cmocka_unit_test(assignments_are_read_as_a_shell_does),
		cmocka_unit_test(an_assignment_takes_the_place_of_the_last),
		cmocka_unit_test(a_file_is_replaced_and_keeps_its_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
