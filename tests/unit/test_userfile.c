/*
 * What becomes of upsd.users when a password is put into it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clients/secure/userfile.h"

static void expect(const char *before, const char *after, enum userfile_done done)
{
	struct buffer out = {0};

	assert_int_equal(userfile_edit(before, strlen(before), "ann", "$y$new", &out), done);
	assert_string_equal(buffer_string(&out), after);
	buffer_free(&out);
}

static void a_password_of_either_kind_is_replaced(void **state)
{
	(void)state;
	expect("# mine\n[ann]\n  password = old # secret\n  upsmon primary\n\n[bob]\npassword = "
	       "x\n",
	       "# mine\n[ann]\n\tpasswordhash = \"$y$new\"\n  upsmon primary\n\n[bob]\npassword = "
	       "x\n",
	       USERFILE_CHANGED);
	expect("[bob]\nPASSWORD = x\n[ann]\nactions = SET\nPasswordHash = \"$5$rounds=1$x\"\n",
	       "[bob]\nPASSWORD = x\n[ann]\n\tpasswordhash = \"$y$new\"\nactions = SET\n",
	       USERFILE_CHANGED);
}

static void a_password_over_several_lines_goes_whole(void **state)
{
	(void)state;
	expect("[ann]\npassword = \"a\\\nb\"\nactions = SET\n",
	       "[ann]\n\tpasswordhash = \"$y$new\"\nactions = SET\n", USERFILE_CHANGED);
}

static void a_user_without_password_gets_one(void **state)
{
	(void)state;
	expect("[ann]", "[ann]\n\tpasswordhash = \"$y$new\"\n", USERFILE_CHANGED);
	expect("[ann] # her\nupsmon primary",
	       "[ann] # her\n\tpasswordhash = \"$y$new\"\nupsmon primary", USERFILE_CHANGED);
}

static void a_new_user_comes_at_the_end(void **state)
{
	(void)state;
	expect("", "[ann]\n\tpasswordhash = \"$y$new\"\n", USERFILE_ADDED);
	expect("[anna]\npassword = x",
	       "[anna]\npassword = x\n\n[ann]\n\tpasswordhash = \"$y$new\"\n", USERFILE_ADDED);
	expect("[Ann]\npassword = x\n",
	       "[Ann]\npassword = x\n\n[ann]\n\tpasswordhash = \"$y$new\"\n", USERFILE_ADDED);
	expect("# [ann]\n", "# [ann]\n\n[ann]\n\tpasswordhash = \"$y$new\"\n", USERFILE_ADDED);
}

static void only_the_section_that_counts_is_changed(void **state)
{
	(void)state;
	expect("[ann]\npassword = x\n[bob]\n[ann]\npassword = y\n",
	       "[ann]\n\tpasswordhash = \"$y$new\"\n[bob]\n[ann]\npassword = y\n",
	       USERFILE_CHANGED);
}

static void a_line_that_cannot_be_read_stays(void **state)
{
	(void)state;
	expect("[ann]\nactions = \"a # b\"\npassword = x\n",
	       "[ann]\n\tpasswordhash = \"$y$new\"\nactions = \"a # b\"\n", USERFILE_CHANGED);
}

static void names_that_would_need_quotes_are_refused(void **state)
{
	static const char *const bad[] = {"",     "a b", "a]",   "[a",    "a\"b",    "a#b",
					  "a\\b", "a=b", "a\nb", "a\x7f", "\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(userfile_name_is_good(bad[i]));
	assert_true(userfile_name_is_good("upsmon@rack-1.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_of_either_kind_is_replaced),
		cmocka_unit_test(a_password_over_several_lines_goes_whole),
		cmocka_unit_test(a_user_without_password_gets_one),
		cmocka_unit_test(a_new_user_comes_at_the_end),
		cmocka_unit_test(only_the_section_that_counts_is_changed),
		cmocka_unit_test(a_line_that_cannot_be_read_stays),
		cmocka_unit_test(names_that_would_need_quotes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
