/*
 * Units for sections of ups.conf: their names, MODE, and the texts for systemd.
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

#include "common/base/str.h"
#include "drivers/init/instance.h"
#include "drivers/init/mode.h"
#include "drivers/init/unitfiles.h"

/* ------------------------------------------------------------------------------------ names */

static void names_that_are_safe_stay_as_they_are(void **state)
{
	char name[INSTANCE_UNIT_MAX];

	(void)state;
	assert_true(instance_unit_of("usb-1", name, sizeof(name)));
	assert_string_equal(name, "nut-driver@usb-1.service");
	assert_true(instance_of("A:b_c.9-", name, sizeof(name)));
	assert_string_equal(name, "A:b_c.9-");
}

static void all_else_is_written_in_hexadecimal(void **state)
{
	static const struct {
		const char *section, *instance;
	} rows[] = {
		{"my ups", "my\\x20ups"},
		{"a/b", "a\\x2fb"},
		{".hidden", "\\x2ehidden"},
		{"a\\x2db", "a\\x5cx2db"},
		{"%n$HOME", "\\x25n\\x24HOME"},
		{"\xc3\xbc", "\\xc3\\xbc"},
		{"a@b", "a\\x40b"},
		{"..", "\\x2e."},
	};
	char name[INSTANCE_UNIT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(instance_of(rows[i].section, name, sizeof(name)));
		assert_string_equal(name, rows[i].instance);
	}
}

static void a_name_that_no_unit_can_have_is_refused(void **state)
{
	char section[400], name[INSTANCE_UNIT_MAX];

	(void)state;
	assert_false(instance_of("", name, sizeof(name)));
	memset(section, 'a', sizeof(section));
	section[255 - strlen("nut-driver@.service")] = '\0';
	assert_true(instance_unit_of(section, name, sizeof(name)));
	assert_int_equal(strlen(name), 255);
	section[255 - strlen("nut-driver@.service")] = 'a';
	section[256 - strlen("nut-driver@.service")] = '\0';
	assert_false(instance_unit_of(section, name, sizeof(name)));
	assert_false(instance_of("abcd", name, 4));
}

static void an_instance_is_looked_up_and_not_decoded(void **state)
{
	struct ctl_ups upses[] = {{.name = (char *)"usb/1"}, {.name = (char *)"usb-1"}};
	struct ctl_config cfg = {.upses = upses, .count = 2};

	(void)state;
	assert_ptr_equal(instance_find(&cfg, "usb-1"), &upses[1]);
	assert_ptr_equal(instance_find(&cfg, "nut-driver@usb-1.service"), &upses[1]);
	assert_ptr_equal(instance_find(&cfg, "usb\\x2f1"), &upses[0]);
	assert_null(instance_find(&cfg, "usb\\x2d1"));
	assert_null(instance_find(&cfg, "MD5_572711037591d834031ba49346c6b3dc"));
}

/* ------------------------------------------------------------------------------------- MODE */

struct folder {
	char path[64];
	char said[512];
};

static void remember(void *arg, enum conf_severity severity, const char *text)
{
	struct folder *f = arg;

	(void)severity;
	str_copy(f->said, sizeof(f->said), text);
}

static int make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	str_copy(f->path, sizeof(f->path), "/tmp/chn-init-XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	setenv("NUT_CONFPATH", f->path, 1);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;
	char file[128];

	str_format(file, sizeof(file), "%s/nut.conf", f->path);
	unlink(file);
	rmdir(f->path);
	free(f);
	return 0;
}

static struct mode mode_of(struct folder *f, const char *text)
{
	struct conf_report report = {.emit = remember, .arg = f};
	struct mode m;
	char file[128];
	FILE *out;

	str_format(file, sizeof(file), "%s/nut.conf", f->path);
	if (text && (out = fopen(file, "w"))) {
		fputs(text, out);
		fclose(out);
	}
	f->said[0] = '\0';
	mode_read(&m, &report);
	return m;
}

static void mode_says_what_may_run(void **state)
{
	struct mode m = mode_of(*state, "MODE=netclient\n");

	assert_true(!m.drivers && !m.server && m.monitor && !m.by_hand);
	m = mode_of(*state, "MODE=none\n");
	assert_true(!m.drivers && !m.server && !m.monitor);
	m = mode_of(*state, "export MODE=\"standalone\" # this one\n");
	assert_true(m.drivers && m.server && m.monitor && !m.by_hand);
	m = mode_of(*state, "MODE=none\nMODE='netserver'\n");
	assert_true(m.drivers && m.server && m.monitor);
	m = mode_of(*state, "MODE=manual\n");
	assert_true(m.drivers && m.by_hand);
	assert_string_equal(m.word, "manual");
}

static void without_a_mode_the_files_say_what_runs(void **state)
{
	struct folder *f = *state;
	struct mode m = mode_of(f, NULL);

	assert_true(m.drivers && m.server && m.monitor && !m.by_hand);
	assert_string_equal(f->said, "");
	m = mode_of(f, "#MODE=none\nMODE=\nOTHER=none\n");
	assert_true(m.drivers && m.server && m.monitor);
	assert_string_equal(f->said, "");
}

static void a_slip_of_the_pen_leaves_no_machine_unprotected(void **state)
{
	struct folder *f = *state;
	struct mode m = mode_of(f, "\n\nMODE=netcleint\n");

	assert_true(m.drivers && m.server && m.monitor && !m.word);
	assert_non_null(strstr(f->said, "nut.conf:3: MODE=netcleint"));
	assert_non_null(strstr(f->said, "did you mean netclient?"));
}

/* ------------------------------------------------------------------------------------ texts */

static void a_hostile_name_is_one_line_of_text_without_specifiers(void **state)
{
	struct ctl_ups ups = {.name = (char *)"a\nExecStart=/bin/evil %n\\\xff",
			      .driver = (char *)"dummy-ups"};
	struct buffer text = {0};

	(void)state;
	unitfiles_section(&text, &ups);
	assert_non_null(
		strstr(buffer_string(&text),
		       "\nDescription=UPS driver of a?ExecStart=/bin/evil %%n?? (dummy-ups)\n"));
	assert_null(strstr(buffer_string(&text), "\nExecStart"));
	buffer_free(&text);
}

static void only_a_driver_that_needs_the_network_waits_for_it(void **state)
{
	struct ctl_ups net = {.name = (char *)"a", .driver = (char *)"snmp-ups"};
	struct ctl_ups usb = {.name = (char *)"b", .driver = (char *)"usbhid-ups"};
	struct ctl_ups none = {.name = (char *)"c"};
	struct buffer text = {0};

	(void)state;
	unitfiles_section(&text, &net);
	assert_non_null(
		strstr(buffer_string(&text), "After=network.target network-online.target\n"));
	assert_null(strstr(buffer_string(&text), "Wants="));
	buffer_clear(&text);
	unitfiles_section(&text, &usb);
	assert_null(strstr(buffer_string(&text), "network"));
	buffer_clear(&text);
	unitfiles_section(&text, &none);
	assert_non_null(strstr(buffer_string(&text), "UPS driver of c\n"));
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_are_safe_stay_as_they_are),
		cmocka_unit_test(all_else_is_written_in_hexadecimal),
		cmocka_unit_test(a_name_that_no_unit_can_have_is_refused),
		cmocka_unit_test(an_instance_is_looked_up_and_not_decoded),
		cmocka_unit_test_setup_teardown(mode_says_what_may_run, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(without_a_mode_the_files_say_what_runs, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_slip_of_the_pen_leaves_no_machine_unprotected,
						make_folder, remove_folder),
		cmocka_unit_test(a_hostile_name_is_one_line_of_text_without_specifiers),
		cmocka_unit_test(only_a_driver_that_needs_the_network_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
