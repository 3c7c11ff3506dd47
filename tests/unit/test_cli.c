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

#include "common/ups/nutauth.h"
#include "clients/cli/output.h"
#include "common/base/log.h"
#include "common/base/str.h"

/* ------------------------------------------------------------------ output */

static char *text;
static size_t text_len;

static struct output begin_output(bool json)
{
	return (struct output){.to = open_memstream(&text, &text_len), .json = json};
}

static void check_output(struct output *o, const char *expected)
{
	fclose(o->to);
	assert_string_equal(text, expected);
	free(text);
}

static void a_map_is_lines_or_an_object(void **state)
{
	struct output plain = begin_output(false);

	(void)state;
	output_begin(&plain, OUTPUT_MAP);
	output_item(&plain, "ups.load", "23");
	output_end(&plain);
	check_output(&plain, "ups.load: 23\n");

	struct output json = begin_output(true);

	output_begin(&json, OUTPUT_MAP);
	output_item(&json, "ups.load", "23");
	output_item(&json, "ups.status", "OL");
	output_end(&json);
	check_output(&json, "{\n  \"ups.load\": \"23\",\n  \"ups.status\": \"OL\"\n}\n");
}

static void a_list_is_lines_or_an_array(void **state)
{
	struct output json = begin_output(true);

	(void)state;
	output_begin(&json, OUTPUT_LIST);
	output_item(&json, NULL, "a");
	output_item(&json, NULL, "b");
	output_end(&json);
	check_output(&json, "[\n  \"a\",\n  \"b\"\n]\n");
}

static void one_value_is_a_line_or_a_string(void **state)
{
	struct output json = begin_output(true);

	(void)state;
	output_begin(&json, OUTPUT_VALUE);
	output_item(&json, NULL, "23");
	check_output(&json, "\"23\"\n");
}

static void an_error_leaves_a_whole_document_wherever_it_strikes(void **state)
{
	struct output early = begin_output(true);

	(void)state;
	output_error(&early, "Unknown UPS");
	check_output(&early, "{\"error\": \"Unknown UPS\"}\n");

	struct output map = begin_output(true);

	output_begin(&map, OUTPUT_MAP);
	output_item(&map, "a.b", "1");
	output_error(&map, "Data stale");
	check_output(&map, "{\n  \"a.b\": \"1\",\n  \"error\": \"Data stale\"\n}\n");

	struct output list = begin_output(true);

	output_begin(&list, OUTPUT_LIST);
	output_item(&list, NULL, "a");
	output_error(&list, "Data stale");
	check_output(&list, "[\n  \"a\",\n  {\"error\": \"Data stale\"}\n]\n");
}

static void json_strings_hold_any_byte(void **state)
{
	struct output o = begin_output(true);

	(void)state;
	output_json_string(o.to, "q\" b\\ \n\t\x01\x7f u\xc3\xa4 l\xe4 s\xed\xa0\x80 o\xc0\x80");
	check_output(&o, "\"q\\\" b\\\\ \\n\\t\\u0001\\u007f u\xc3\xa4 l\\u00e4 "
			 "s\\u00ed\\u00a0\\u0080 o\\u00c0\\u0080\"");
}

/* ---------------------------------------------------------------- nutauth.conf */

static char folder[64];
static char path[128];

static void ignore_log(void *arg, enum log_level level, const char *token, const char *line)
{
	(void)arg;
	(void)level;
	(void)token;
	(void)line;
}

static int make_folder(void **state)
{
	(void)state;
	str_copy(folder, sizeof(folder), "/tmp/test_cli.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	str_format(path, sizeof(path), "%s/nutauth.conf", folder);
	setenv("HOME", folder, 1);
	setenv("NUT_CONFPATH", folder, 1);
	unsetenv("NUT_AUTHCONF_FILE");
	unsetenv("NUT_AUTHCONF_PATH");
	log_set_sink(ignore_log, NULL);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	unlink(path);
	return rmdir(folder);
}

static void write_file(const char *content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
	chmod(path, 0600);
}

static void check_login(const char *user, const char *host, unsigned port, const char *expect_user,
			const char *expect_password)
{
	struct nutauth found;

	assert_true(nutauth_find(path, user, host, port, &found));
	assert_true(str_equal(found.user, expect_user));
	assert_true(str_equal(found.password, expect_password));
	nutauth_free(&found);
}

static void the_section_closest_to_the_server_wins_key_by_key(void **state)
{
	(void)state;
	write_file("user = everybody\n"
		   "pass = everywhere\n"
		   "[@there:4000]\n"
		   "username = bob\n"
		   "[bob@there:4000]\n"
		   "password = \"of bob\"\n"
		   "[ann@there:4000]\n"
		   "password = \"of ann\"\n"
		   "[other]\n"
		   "pass = elsewhere\n");
	check_login(NULL, "here", 3493, "everybody", "everywhere");
	check_login(NULL, "there", 4000, "bob", "of bob");
	check_login("ann", "there", 4000, "bob", "of ann");
	check_login(NULL, "there", 3493, "everybody", "everywhere");
	check_login(NULL, "OTHER", 3493, "everybody", "elsewhere");
}

static void switches_are_three_valued(void **state)
{
	struct nutauth found;

	(void)state;
	write_file("[h]\nFORCESSL = yes\n[i]\nCERTVERIFY = off\nFORCESSL\n");
	assert_true(nutauth_find(path, NULL, "h", 3493, &found));
	assert_int_equal(found.forcessl, 1);
	assert_int_equal(found.certverify, -1);
	assert_true(nutauth_find(path, NULL, "i", 3493, &found));
	assert_int_equal(found.forcessl, 1);
	assert_int_equal(found.certverify, 0);
}

static void what_is_demanded_of_tls_is_gathered_key_by_key(void **state)
{
	struct tlspolicy_source demands;
	struct nutauth found;

	(void)state;
	write_file("CERTPATH = /anchors\nCERTFILE = /all.pem\nCERTIDENT_PASS = \"a b\"\n"
		   "[@h]\nCERTFILE = /h.pem\nCERTIDENT_NAME = me\nCERTHOST = h.example\n"
		   "CERTVERIFY = 1\n[@i]\nFORCESSL = 0\n");
	assert_true(nutauth_find(path, NULL, "h", 3493, &found));
	demands = nutauth_demands(&found, true);
	assert_string_equal(demands.cert_path, "/anchors");
	assert_string_equal(demands.cert_file, "/h.pem");
	assert_string_equal(demands.ident_name, "me");
	assert_string_equal(demands.ident_password, "a b");
	assert_string_equal(demands.cert_name, "h.example");
	assert_int_equal(demands.certverify, 1);
	assert_int_equal(demands.forcessl, -1);
	assert_true(demands.daemon);
	assert_false(demands.plain);
	nutauth_free(&found);
	assert_null(found.ident_password);
	assert_true(nutauth_find(path, NULL, "i", 3493, &found));
	demands = nutauth_demands(&found, false);
	assert_true(demands.plain);
	assert_string_equal(demands.cert_file, "/all.pem");
	assert_null(demands.cert_name);
	nutauth_free(&found);
}

static void a_section_without_a_server_spoils_the_file(void **state)
{
	struct nutauth found;

	(void)state;
	write_file("[]\npass = x\n");
	assert_false(nutauth_find(path, NULL, "h", 3493, &found));
	assert_null(found.password);
}

static void a_named_file_must_be_there_and_a_default_one_need_not(void **state)
{
	struct nutauth found;

	(void)state;
	unlink(path);
	assert_false(nutauth_find(path, NULL, "h", 3493, &found));
	assert_false(nutauth_find("default", NULL, "h", 3493, &found));
	assert_true(nutauth_find(NULL, NULL, "h", 3493, &found));
	write_file("pass = found\n");
	assert_true(nutauth_find("none", NULL, "h", 3493, &found));
	assert_null(found.password);
	assert_true(nutauth_find(NULL, NULL, "h", 3493, &found));
	assert_string_equal(found.password, "found");
	nutauth_free(&found);
}

static void a_file_that_includes_itself_ends(void **state)
{
	struct nutauth found;

	(void)state;
	write_file("pass = x\nINCLUDE nutauth.conf\n");
	assert_false(nutauth_find(path, NULL, "h", 3493, &found));
	write_file("[h]\nINCLUDE missing.conf\npass = y\n");
	check_login(NULL, "h", 3493, NULL, "y");
	write_file("INCLUDE_REQUIRED missing.conf\n");
	assert_false(nutauth_find(path, NULL, "h", 3493, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_is_lines_or_an_object),
		cmocka_unit_test(a_list_is_lines_or_an_array),
		cmocka_unit_test(one_value_is_a_line_or_a_string),
		cmocka_unit_test(an_error_leaves_a_whole_document_wherever_it_strikes),
		cmocka_unit_test(json_strings_hold_any_byte),
		cmocka_unit_test_setup_teardown(the_section_closest_to_the_server_wins_key_by_key,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_demanded_of_tls_is_gathered_key_by_key,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(switches_are_three_valued, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_section_without_a_server_spoils_the_file,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_named_file_must_be_there_and_a_default_one_need_not, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_includes_itself_ends, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
