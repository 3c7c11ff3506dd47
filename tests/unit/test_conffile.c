#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/conffile.h"
#include "common/base/log.h"

static struct buffer seen;

static void note_problem(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	buffer_appendf(&seen, "%s %s\n", severity == CONF_ERROR ? "E" : "W", text);
}

static void note_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	(void)r;
	assert_string_equal(arg, "argument");
	assert_true(count > 0);
	buffer_appendf(&seen, "%u", at->line);
	for (size_t i = 0; i < count; i++)
		buffer_appendf(&seen, " <%s>", words[i]);
	buffer_append_str(&seen, "\n");
}

static void note_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	(void)r;
	assert_string_equal(arg, "argument");
	buffer_appendf(&seen, "%u %s", at->line, s->section ? s->section : "-");
	if (s->key)
		buffer_appendf(&seen, ".%s%s", s->key, s->has_equals ? " =" : "");
	for (size_t i = 0; i < s->count; i++)
		buffer_appendf(&seen, " <%s>", s->values[i]);
	buffer_append_str(&seen, "\n");
}

static char argument[] = "argument";

static FILE *stream_of(const char *text)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_int_equal(fputs(text, f) >= 0, 1);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	return f;
}

static void expect_lines(const char *text, const char *expected)
{
	struct conf_report r = {.emit = note_problem};
	FILE *f = stream_of(text);

	buffer_clear(&seen);
	assert_int_equal(conffile_read_lines_fd(fileno(f), "t.conf", note_line, argument, &r), 0);
	assert_string_equal(buffer_string(&seen), expected);
	fclose(f);
}

static struct conf_report expect_settings(const char *text, const char *expected)
{
	struct conf_report r = {.emit = note_problem};
	FILE *f = stream_of(text);

	buffer_clear(&seen);
	assert_int_equal(conffile_read_settings_fd(fileno(f), "t.conf", note_setting, argument, &r),
			 0);
	assert_string_equal(buffer_string(&seen), expected);
	fclose(f);
	return r;
}

static void lines_come_with_their_physical_numbers(void **state)
{
	(void)state;
	expect_lines(
		"# head\n\nMAXAGE 15\nLISTEN \\\n  127.0.0.1 3493\nSTATEPATH /run/nut # here\n",
		"3 <MAXAGE> <15>\n4 <LISTEN> <127.0.0.1> <3493>\n6 <STATEPATH> </run/nut>\n");
}

static void a_last_line_without_newline_is_read(void **state)
{
	(void)state;
	expect_lines("a b\nword", "1 <a> <b>\n2 <word>\n");
}

static void windows_line_ends_do_no_harm(void **state)
{
	(void)state;
	expect_lines("a b\r\nc \"d\"\r\n", "1 <a> <b>\n2 <c> <d>\n");
}

static void a_mark_of_utf8_is_no_part_of_the_first_word(void **state)
{
	(void)state;
	expect_lines("\xef\xbb\xbf"
		     "a 1\n\xef\xbb\xbf"
		     "b\n",
		     "1 <a> <1>\n2 <\xef\xbb\xbf"
		     "b>\n");
	expect_lines("\xef\xbb\xbf", "");
	expect_lines("\xef\xbb", "1 <\xef\xbb>\n");
}

static void all_problems_of_a_file_are_found_in_one_run(void **state)
{
	(void)state;
	expect_lines("a \"b\n# c\nd\ne \"f\n# g\nh \"i\n",
		     "E t.conf:1: # below the line of a quote, without a backslash; "
		     "close the quote, or write \\# there\n"
		     "3 <d>\n"
		     "E t.conf:4: # below the line of a quote, without a backslash; "
		     "close the quote, or write \\# there\n"
		     "E t.conf:6: quote without its end; close it with \"\n");
}

static void a_monstrous_line_is_left_out_alone(void **state)
{
	char *text = malloc(200000);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 199990);
	memcpy(text + 199990, "\nb\n", 4);
	expect_lines(text, "E t.conf:1: line too long; the line is left out\n2 <b>\n");
	free(text);
}

static void sections_and_settings_take_all_their_shapes(void **state)
{
	struct conf_report r = expect_settings("maxretry = 3\n"
					       "[ups1] behind is ignored\n"
					       "  driver = \"dummy-ups\"\n"
					       "  port=a=b\n"
					       "  allow_killpower\n"
					       "  upsmon primary\n"
					       "  actions = SET FSD\n"
					       "  desc =\n"
					       "[empty]\n"
					       "\"[with space]\"\n"
					       "k = v\n",
					       "1 -.maxretry = <3>\n"
					       "2 ups1\n"
					       "3 ups1.driver = <dummy-ups>\n"
					       "4 ups1.port = <a> <=> <b>\n"
					       "5 ups1.allow_killpower\n"
					       "6 ups1.upsmon <primary>\n"
					       "7 ups1.actions = <SET> <FSD>\n"
					       "8 ups1.desc =\n"
					       "9 empty\n"
					       "10 with space\n"
					       "11 with space.k = <v>\n");

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.warnings, 0);
}

static void a_quoted_equals_is_a_value(void **state)
{
	(void)state;
	expect_settings("[u]\npassword \"=\"\npassword = \"=\"\n",
			"1 u\n2 u.password <=>\n3 u.password = <=>\n");
}

static void settings_below_a_bad_header_go_to_nobody(void **state)
{
	static const char mend[] =
		"write [name], or \"[a name]\" with spaces; the settings below are left out\n";
	char expected[512];

	(void)state;
	snprintf(expected, sizeof(expected),
		 "1 good\n2 good.a = <1>\n"
		 "E t.conf:3: \"[my\" is no section header; %s"
		 "E t.conf:5: \"[]\" is no section header; %s"
		 "E t.conf:6: \"[\" is no section header; %s"
		 "8 next\n9 next.d = <4>\n",
		 mend, mend, mend);
	assert_int_equal(
		expect_settings("[good]\na = 1\n[my ups]\nb = 2\n[]\n[\nc = 3\n[next]\nd = 4\n",
				expected)
			.errors,
		3);
}

static void a_value_without_key_is_an_error(void **state)
{
	(void)state;
	expect_settings("= 5\n", "E t.conf:1: a value without its key; write key = value\n");
}

static void a_file_that_cannot_be_read_gives_its_errno(void **state)
{
	struct conf_report r = {.emit = note_problem};

	(void)state;
	buffer_clear(&seen);
	assert_int_equal(conffile_read_lines("/nonexistent/t.conf", note_line, argument, &r),
			 ENOENT);
	assert_int_equal(conffile_read_settings("/", note_setting, argument, &r), EISDIR);
	assert_int_equal(conffile_read_lines_fd(-1, "t.conf", note_line, argument, &r), EBADF);
	assert_int_equal(r.errors + r.warnings, 0);
	assert_int_equal(seen.len, 0);
}

static void a_path_is_read_like_a_stream(void **state)
{
	struct conf_report r = {.emit = note_problem};
	char path[] = "/tmp/test_conffile.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[a]\nb = c\n", 10), 10);
	close(fd);
	buffer_clear(&seen);
	assert_int_equal(conffile_read_settings(path, note_setting, argument, &r), 0);
	assert_string_equal(buffer_string(&seen), "1 a\n2 a.b = <c>\n");
	buffer_clear(&seen);
	assert_int_equal(conffile_read_lines(path, note_line, argument, &r), 0);
	assert_string_equal(buffer_string(&seen), "1 <[a]>\n2 <b> <=> <c>\n");
	unlink(path);
}

static const struct conf_where here = {.file = "upsd.conf", .line = 7};

static void a_number_out_of_range_names_the_range(void **state)
{
	struct conf_report r = {.emit = note_problem};
	long value = 5;

	(void)state;
	buffer_clear(&seen);
	assert_true(conf_parse_long(&r, &here, "MAXAGE", "15", 1, 3600, &value));
	assert_int_equal(value, 15);
	assert_false(conf_parse_long(&r, &here, "MAXAGE", "0", 1, 3600, &value));
	assert_false(conf_parse_long(&r, &here, "MAXAGE", "15s", 1, 3600, &value));
	assert_int_equal(value, 15);
	assert_string_equal(
		buffer_string(&seen),
		"E upsd.conf:7: MAXAGE is \"0\"; it takes a whole number from 1 to 3600\n"
		"E upsd.conf:7: MAXAGE is \"15s\"; it takes a whole number from 1 to 3600\n");
	assert_int_equal(r.errors, 2);
}

static void a_column_is_shown_where_it_is_known(void **state)
{
	struct conf_report r = {.emit = note_problem};

	(void)state;
	buffer_clear(&seen);
	conf_error(&r, &(struct conf_where){"a.conf", 3, 14}, "mend", "bad");
	conf_error(&r, &(struct conf_where){"a.conf", 0, 14}, NULL, "bad");
	assert_string_equal(buffer_string(&seen), "E a.conf:3:14: bad; mend\nE a.conf: bad\n");
}

static void a_boolean_says_what_it_takes(void **state)
{
	struct conf_report r = {.emit = note_problem};
	bool value = false;

	(void)state;
	buffer_clear(&seen);
	assert_true(conf_parse_bool(&r, &here, "nolock", "yes", &value));
	assert_true(value);
	assert_false(conf_parse_bool(&r, &here, "nolock", "maybe", &value));
	assert_true(value);
	assert_string_equal(buffer_string(&seen),
			    "E upsd.conf:7: nolock is \"maybe\"; it takes yes or no\n");
}

static void an_unknown_word_is_shown_with_its_neighbour(void **state)
{
	static const char *const known[] = {"MAXAGE", "LISTEN", NULL};
	struct conf_report r = {.emit = note_problem};

	(void)state;
	buffer_clear(&seen);
	conf_unknown(&r, &here, "LISTNE", known);
	conf_unknown(&r, &here, "POLLFREQ", known);
	assert_string_equal(buffer_string(&seen),
			    "W upsd.conf:7: unknown word \"LISTNE\"; did you mean \"LISTEN\"?\n"
			    "W upsd.conf:7: unknown word \"POLLFREQ\"\n");
	assert_int_equal(r.warnings, 2);
	assert_int_equal(r.errors, 0);
}

static void a_file_open_to_everybody_is_warned_of(void **state)
{
	struct conf_report r = {.emit = note_problem};
	char path[] = "/tmp/test_conffile.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	buffer_clear(&seen);
	conf_warn_if_world_readable(&r, path);
	conf_warn_if_world_readable(&r, "/nonexistent");
	assert_int_equal(r.warnings, 0);
	assert_int_equal(chmod(path, 0644), 0);
	conf_warn_if_world_readable(&r, path);
	assert_int_equal(r.warnings, 1);
	assert_non_null(strstr(buffer_string(&seen), "chmod o-rwx"));
	unlink(path);
}

static void problems_are_counted_when_nobody_listens(void **state)
{
	struct conf_report r = {0};

	(void)state;
	conf_error(&r, &here, NULL, "x");
	conf_warning(&r, &here, "y", "%d", 5);
	assert_int_equal(r.errors, 1);
	assert_int_equal(r.warnings, 1);
}

static void a_problem_too_long_is_cut_but_keeps_its_place_and_mend(void **state)
{
	struct conf_report r = {.emit = note_problem};
	char *word = malloc(60000);

	(void)state;
	assert_non_null(word);
	memset(word, 'x', 59999);
	word[59999] = '\0';
	buffer_clear(&seen);
	conf_error(&r, &here, "mend", "%s", word);
	assert_true(strncmp(buffer_string(&seen), "E upsd.conf:7: xxx", 18) == 0);
	assert_non_null(strstr(buffer_string(&seen), "xxx; mend\n"));
	free(word);
}

/* A child writes `first`, and keeps the pipe open without a word more until it is killed. */
static void a_pipe_whose_writer_falls_silent_is_an_error(void **state)
{
	char folder[] = "/tmp/chestnut-conf-XXXXXX", path[64];
	pid_t child;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	child = fork();
	if (child == 0) {
		int fd = open(path, O_RDWR);

		if (write(fd, "LISTEN 127", 10) == 10)
			pause();
		_exit(0);
	}
	assert_int_equal(conffile_open(path), -1);
	assert_int_equal(errno, ETIMEDOUT);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink(path);
	rmdir(folder);
}

static void a_pipe_with_all_of_its_text_is_read_like_a_file(void **state)
{
	char folder[] = "/tmp/chestnut-conf-XXXXXX", path[64], text[16] = {0};
	pid_t child;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	child = fork();
	if (child == 0) {
		fd = open(path, O_WRONLY);
		if (write(fd, "LISTEN ", 7) == 7)
			usleep(100000);
		_exit(write(fd, "::1\n", 4) == 4 ? 0 : 1);
	}
	fd = conffile_open(path);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 11);
	assert_string_equal(text, "LISTEN ::1\n");
	close(fd);
	waitpid(child, NULL, 0);
	unlink(path);
	rmdir(folder);
}

static enum log_level logged_level;
static char logged[256];

static void catch_log(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg;
	logged_level = level;
	snprintf(logged, sizeof(logged), "%s|%s", token, text);
}

static void problems_reach_the_log_with_their_severity(void **state)
{
	static char token[] = "conf";
	struct conf_report r = {.emit = conf_emit_log, .arg = token};
	const struct conf_where whole = {.file = "upsd.conf"};

	(void)state;
	log_set_sink(catch_log, NULL);
	conf_error(&r, &whole, "make one", "there is no LISTEN");
	assert_string_equal(logged, "conf|upsd.conf: there is no LISTEN; make one");
	assert_int_equal(logged_level, LOG_L_ERROR);
	conf_warning(&r, &here, NULL, "odd");
	assert_string_equal(logged, "conf|upsd.conf:7: odd");
	assert_int_equal(logged_level, LOG_L_WARNING);
	log_set_sink(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_with_their_physical_numbers),
		cmocka_unit_test(a_last_line_without_newline_is_read),
		cmocka_unit_test(windows_line_ends_do_no_harm),
		cmocka_unit_test(a_mark_of_utf8_is_no_part_of_the_first_word),
		cmocka_unit_test(all_problems_of_a_file_are_found_in_one_run),
		cmocka_unit_test(a_monstrous_line_is_left_out_alone),
		cmocka_unit_test(sections_and_settings_take_all_their_shapes),
		cmocka_unit_test(a_quoted_equals_is_a_value),
		cmocka_unit_test(settings_below_a_bad_header_go_to_nobody),
		cmocka_unit_test(a_value_without_key_is_an_error),
		cmocka_unit_test(a_file_that_cannot_be_read_gives_its_errno),
		cmocka_unit_test(a_path_is_read_like_a_stream),
		cmocka_unit_test(a_number_out_of_range_names_the_range),
		cmocka_unit_test(a_column_is_shown_where_it_is_known),
		cmocka_unit_test(a_boolean_says_what_it_takes),
		cmocka_unit_test(an_unknown_word_is_shown_with_its_neighbour),
		cmocka_unit_test(a_file_open_to_everybody_is_warned_of),
		cmocka_unit_test(problems_are_counted_when_nobody_listens),
		cmocka_unit_test(a_problem_too_long_is_cut_but_keeps_its_place_and_mend),
		cmocka_unit_test(a_pipe_whose_writer_falls_silent_is_an_error),
		cmocka_unit_test(a_pipe_with_all_of_its_text_is_read_like_a_file),
		cmocka_unit_test(problems_reach_the_log_with_their_severity),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buffer_free(&seen);
	return failed;
}
