/* The words of a command: NOTIFYCMD and CMDSCRIPT. */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/command.h"

#define WORD(text) ((char[]){text})

static void expect(char **command, size_t count, const char *const *words)
{
	assert_non_null(command);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(command[i]);
		assert_string_equal(command[i], words[i]);
	}
	assert_null(command[count]);
	command_free(command);
}

static void words_that_are_apart_stay_as_they_are(void **state)
{
	char *words[] = {WORD("/bin/say"), WORD("two words"), WORD(""), WORD("a=b")};

	(void)state;
	expect(command_new(4, words), 4, (const char *const *)words);
}

static void one_word_with_blanks_is_split(void **state)
{
	char *words[] = {WORD("/usr/bin/sudo  /bin/say \"two words\" a\\ b")};
	const char *const wanted[] = {"/usr/bin/sudo", "/bin/say", "two words", "a b"};

	(void)state;
	expect(command_new(1, words), 4, wanted);
}

static void a_file_whose_name_has_blanks_is_one_word(void **state)
{
	char path[] = "/tmp/say two words XXXXXX", *words[] = {path};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	expect(command_new(1, words), 1, (const char *const *)words);
	unlink(path);
}

static void what_cannot_be_split_is_one_word(void **state)
{
	char *unbalanced[] = {WORD("/bin/say \"two words")}, *blanks[] = {WORD("  ")};

	(void)state;
	expect(command_new(1, unbalanced), 1, (const char *const *)unbalanced);
	expect(command_new(1, blanks), 1, (const char *const *)blanks);
}

static void one_argument_more_is_one_word_whatever_is_in_it(void **state)
{
	char *words[] = {WORD("/bin/say"), WORD("-x"), NULL};
	const char *const wanted[] = {"/bin/say", "-x", "a; `id` $HOME \"b\""};

	(void)state;
	expect(command_with(words, wanted[2]), 3, wanted);
}

static void there_may_be_nothing_to_free(void **state)
{
	(void)state;
	command_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_apart_stay_as_they_are),
		cmocka_unit_test(one_word_with_blanks_is_split),
		cmocka_unit_test(a_file_whose_name_has_blanks_is_one_word),
		cmocka_unit_test(what_cannot_be_split_is_one_word),
		cmocka_unit_test(one_argument_more_is_one_word_whatever_is_in_it),
		cmocka_unit_test(there_may_be_nothing_to_free),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
