#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/core/settings.h"

static const struct driver_option options[] = {
	{.name = "subdriver", .argument = "name", .help = "x"},
	{.name = "password", .argument = "text", .help = "x", .flags = DRIVER_OPTION_SECRET},
	{.name = "pollfreq",
	 .argument = "n",
	 .help = "x",
	 .flags = DRIVER_OPTION_RELOADABLE,
	 .min = 1,
	 .max = 60},
	{.name = "pollonly", .help = "x"},
	{.name = NULL},
};
static const struct driver driver = {.name = "test-ups", .options = options};

static char said[4096];

static void keep(void *arg, enum conf_severity severity, const char *text)
{
	size_t used = strlen(said);

	(void)arg;
	(void)severity;
	snprintf(said + used, sizeof(said) - used, "%s\n", text);
}

static struct settings *load_with(const char *text, const char *section, const char *const *x,
				  size_t x_count)
{
	char path[] = "/tmp/chestnut-settings-XXXXXX";
	struct conf_report report = {.emit = keep};
	int fd = mkstemp(path);
	struct settings *s;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	said[0] = '\0';
	s = settings_load(&driver, path, section, x, x_count, &report);
	unlink(path);
	return s;
}

static struct settings *load(const char *text)
{
	return load_with(text, "ups", NULL, 0);
}

static void assert_refused(const char *text, const char *why)
{
	struct settings *s = load(text);

	assert_null(s);
	if (!strstr(said, why))
		fail_msg("\"%s\" lacks \"%s\"", said, why);
}

static void a_section_is_read_above_its_globals(void **state)
{
	struct settings *s = load("pollinterval = 5\nuser = a\n"
				  "[other]\nport = no\n"
				  "[ups]\ndriver = test-ups\nport = auto\npollinterval = 7\n");

	(void)state;
	assert_non_null(s);
	assert_string_equal(settings_get(s, "port"), "auto");
	assert_int_equal(settings_long(s, "pollinterval", 2), 7);
	assert_string_equal(settings_get(s, "user"), "a");
	assert_null(settings_get(s, "group"));
	settings_free(s);
}

static void a_section_may_be_continued_later(void **state)
{
	struct settings *s = load("[ups]\nport = a\n[other]\nport = b\n[ups]\nsubdriver = x\n");

	(void)state;
	assert_non_null(s);
	assert_string_equal(settings_get(s, "port"), "a");
	assert_string_equal(settings_get(s, "subdriver"), "x");
	settings_free(s);
}

static void x_beats_the_file(void **state)
{
	const char *const x[] = {"port=b", "pollonly", "default.ups.id=a=b"};
	struct settings *s = load_with("[ups]\nport = a\n", "ups", x, 3);

	(void)state;
	assert_non_null(s);
	assert_string_equal(settings_get(s, "port"), "b");
	assert_true(settings_flag(s, "pollonly"));
	assert_string_equal(settings_get(s, "default.ups.id"), "a=b");
	settings_free(s);
}

static void without_a_section_no_file_is_needed(void **state)
{
	const char *const x[] = {"port=b"};
	struct conf_report report = {.emit = keep};
	struct settings *s = settings_load(&driver, "/no/such/file", NULL, x, 1, &report);

	(void)state;
	assert_non_null(s);
	settings_free(s);
	said[0] = '\0';
	assert_null(settings_load(&driver, "/no/such/file", NULL, NULL, 0, &report));
	assert_non_null(strstr(said, "-x port=..."));
}

static void driver_options_are_found_letter_case_aside(void **state)
{
	struct settings *s = load("[ups]\nport = a\nPollFreq = 9\n");

	(void)state;
	assert_non_null(s);
	assert_int_equal(settings_long(s, "pollfreq", 1), 9);
	settings_free(s);
}

static void an_unknown_key_is_refused_with_the_closest_one(void **state)
{
	(void)state;
	assert_refused("[ups]\nport = a\npolfreq = 9\n", "did you mean \"pollfreq\"?");
	assert_refused("[ups]\nport = a\npolfreq = 9\n", ":3:");
	assert_refused("[ups]\nport = a\nxyzzy = 9\n", "\"test-ups -L\"");
}

static void a_number_out_of_range_is_refused(void **state)
{
	(void)state;
	assert_refused("[ups]\nport = a\npollfreq = 61\n", "pollfreq");
	assert_refused("[ups]\nport = a\npollinterval = 0\n", "pollinterval");
	assert_refused("[ups]\nport = a\npollinterval = often\n", "often");
}

static void all_mistakes_are_told_in_one_run(void **state)
{
	(void)state;
	assert_refused("[ups]\nport = a\npollfreq = 61\nfoo = 1\n", ":3:");
	assert_non_null(strstr(said, ":4:"));
}

static void assert_ignored(const char *line, const char *why)
{
	char text[128];
	struct settings *s;

	str_format(text, sizeof(text), "[ups]\nport = a\n%s\n", line);
	s = load(text);
	assert_non_null(s);
	if (!strstr(said, why))
		fail_msg("\"%s\" lacks \"%s\"", said, why);
	assert_int_equal(settings_count(s), 1);
	settings_free(s);
}

/* As by NUT: who moves over has a driver that starts. */
static void a_line_that_says_nothing_is_warned_of_and_ignored(void **state)
{
	struct settings *s;

	(void)state;
	assert_ignored("subdriver", ":3: \"subdriver\" has no value");
	assert_ignored("subdriver =", ":3: \"subdriver =\" has no value");
	assert_ignored("subdriver x", "lacks its \"=\"");
	assert_ignored("pollonly =", "has no value");
	assert_ignored("pollonly yes", "lacks its \"=\"");
	s = load("pollinterval 7\nuser =\n[ups]\nport = a\n");
	assert_non_null(s);
	assert_null(settings_get(s, "pollinterval"));
	assert_null(settings_get(s, "user"));
	settings_free(s);
	assert_refused("[ups]\nport =\n", "has no port");
}

static void what_follows_the_digits_of_a_number_is_warned_of(void **state)
{
	struct settings *s = load("pollinterval = 5s\n[ups]\nport = a\npollfreq = 30 # s\n"
				  "maxstartdelay = 2.5\n");

	(void)state;
	assert_non_null(s);
	assert_string_equal(settings_get(s, "pollinterval"), "5");
	assert_int_equal(settings_long(s, "pollfreq", 1), 30);
	assert_int_equal(settings_long(s, "maxstartdelay", 1), 2);
	assert_non_null(strstr(said, ":1: pollinterval \"5s\" is taken as 5"));
	settings_free(s);
}

static void a_mistake_in_the_section_of_another_driver_keeps_nobody_from_his_ups(void **state)
{
	struct settings *s = load("[other]\ndesc = \"a\n# b\"\nport = b\n[ups]\nport = a\n"
				  "[third]\ndesc = \"c\n# d\"\n");

	(void)state;
	assert_non_null(s);
	assert_string_equal(settings_get(s, "port"), "a");
	assert_non_null(strstr(said, ":2:"));
	assert_non_null(strstr(said, ":8:"));
	settings_free(s);
	assert_refused("[other]\nport = b\n[ups]\ndesc = \"a\n# b\"\nport = a\n", ":4:");
}

static void a_section_without_port_is_refused(void **state)
{
	(void)state;
	assert_refused("[ups]\ndriver = test-ups\n", "has no port");
}

static void a_missing_section_is_named_with_the_closest_one(void **state)
{
	(void)state;
	assert_refused("[upss]\nport = a\n", "did you mean [upss]?");
}

static void another_drivers_section_is_refused(void **state)
{
	(void)state;
	assert_refused("[ups]\ndriver = usbhid-ups\nport = auto\n", "is for the driver usbhid-ups");
}

static void a_flag_that_is_denied_is_not_set(void **state)
{
	struct settings *s = load("[ups]\nport = a\nallow_killpower = no\npollonly = yes\n");

	(void)state;
	assert_non_null(s);
	assert_false(settings_flag(s, "allow_killpower"));
	assert_true(settings_flag(s, "pollonly"));
	settings_free(s);
}

static void x_can_take_a_flag_back(void **state)
{
	const char *const x[] = {"pollonly=no"};
	struct settings *s = load_with("[ups]\nport = a\npollonly\npollfreq = 3\n", "ups", x, 1);

	(void)state;
	assert_non_null(s);
	assert_false(settings_flag(s, "pollonly"));
	assert_int_equal(settings_long(s, "pollfreq", 0), 3);
	settings_free(s);
}

static void items_tell_their_kind(void **state)
{
	struct settings *s = load("[ups]\nport = a\npassword = x\nOVERRIDE.ups.id = y\n");
	struct settings_item item;

	(void)state;
	assert_non_null(s);
	assert_int_equal(settings_count(s), 3);
	item = settings_at(s, 1);
	assert_int_equal(item.kind, SETTINGS_DRIVER);
	assert_true(item.secret);
	item = settings_at(s, 2);
	assert_int_equal(item.kind, SETTINGS_OVERRIDE);
	assert_string_equal(item.name, "ups.id");
	settings_free(s);
}

static void note(void *arg, const char *key, bool reloadable, bool secret, const char *old,
		 const char *new_value)
{
	char *text = arg;
	size_t used = strlen(text);

	snprintf(text + used, 1024 - used, "%s%s%s:%s>%s ", key, reloadable ? "" : "!",
		 secret ? "?" : "", old ? old : "-", new_value ? new_value : "-");
}

static void differences_are_those_of_what_is_in_force(void **state)
{
	struct settings *was = load("pollinterval = 5\nuser = a\n"
				    "[ups]\nport = a\npollinterval = 7\npollonly\n");
	struct settings *is =
		load("pollinterval = 6\nuser = b\n"
		     "[ups]\nport = b\npollinterval = 7\npollfreq = 2\npassword = s\n");
	char text[1024] = "";

	(void)state;
	assert_non_null(was);
	assert_non_null(is);
	settings_diff(was, is, note, text);
	assert_string_equal(text, "port!:a>b pollfreq:->2 password!?:->s user!:a>b pollonly!:>- ");
	settings_free(was);
	settings_free(is);
}

static void only_reloadable_keys_are_adopted(void **state)
{
	struct settings *s = load("debug_min = 1\n[ups]\nport = a\npollfreq = 2\nsubdriver = x\n");
	struct settings *from = load("pollinterval = 9\n[ups]\nport = b\npollfreq = 3\n");

	(void)state;
	assert_non_null(s);
	assert_non_null(from);
	assert_true(settings_adopt(s, from));
	assert_string_equal(settings_get(s, "port"), "a");
	assert_string_equal(settings_get(s, "subdriver"), "x");
	assert_int_equal(settings_long(s, "pollfreq", 0), 3);
	assert_int_equal(settings_long(s, "pollinterval", 0), 9);
	assert_null(settings_get(s, "debug_min"));
	settings_free(s);
	settings_free(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_is_read_above_its_globals),
		cmocka_unit_test(a_section_may_be_continued_later),
		cmocka_unit_test(x_beats_the_file),
		cmocka_unit_test(without_a_section_no_file_is_needed),
		cmocka_unit_test(driver_options_are_found_letter_case_aside),
		cmocka_unit_test(an_unknown_key_is_refused_with_the_closest_one),
		cmocka_unit_test(a_number_out_of_range_is_refused),
		cmocka_unit_test(all_mistakes_are_told_in_one_run),
		cmocka_unit_test(a_line_that_says_nothing_is_warned_of_and_ignored),
		cmocka_unit_test(what_follows_the_digits_of_a_number_is_warned_of),
		cmocka_unit_test(
			a_mistake_in_the_section_of_another_driver_keeps_nobody_from_his_ups),
		cmocka_unit_test(a_section_without_port_is_refused),
		cmocka_unit_test(a_missing_section_is_named_with_the_closest_one),
		cmocka_unit_test(another_drivers_section_is_refused),
		cmocka_unit_test(a_flag_that_is_denied_is_not_set),
		cmocka_unit_test(x_can_take_a_flag_back),
		cmocka_unit_test(items_tell_their_kind),
		cmocka_unit_test(differences_are_those_of_what_is_in_force),
		cmocka_unit_test(only_reloadable_keys_are_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
