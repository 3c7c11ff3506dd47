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
#include "common/ups/driverfolder.h"

static char folder[] = "/tmp/driverfolder-XXXXXX";
static char mend[512];

static void install(const char *name)
{
	char path[256];
	FILE *f;

	str_format(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return 1;
	install("usbhid-ups");
	install("snmp-ups");
	return 0;
}

static int end(void **state)
{
	char path[256];

	(void)state;
	str_format(path, sizeof(path), "%s/usbhid-ups", folder);
	unlink(path);
	str_format(path, sizeof(path), "%s/snmp-ups", folder);
	unlink(path);
	return rmdir(folder);
}

static const char *mend_of(const char *name)
{
	driverfolder_mend(folder, name, mend, sizeof(mend));
	return mend;
}

static void a_slip_of_the_pen_is_guessed(void **state)
{
	(void)state;
	assert_string_equal(mend_of("usbhid-usp"), "did you mean \"usbhid-ups\"?");
	assert_non_null(strstr(mend_of("nothing-like-it"), "see what is in /tmp/driverfolder-"));
	assert_false(driverfolder_is_foreign("usbhid-usp"));
}

/* "mge-shut" is far from being a slip of "snmp-ups", whatever the letters say. */
static void a_driver_of_nut_that_we_lack_is_known_with_what_can_be_used(void **state)
{
	(void)state;
	assert_true(driverfolder_is_foreign("mge-shut"));
	assert_non_null(strstr(mend_of("mge-shut"), "NUT's that Chestnut does not have; by USB, "
						    "usbhid-ups serves most of these UPSes; "));
	assert_non_null(strstr(mend_of("megatec_usb"), "nutdrv_qx"));
	assert_non_null(strstr(mend_of("metasys"), "does not have; NUT's own works, linked"));
}

static void a_folder_that_is_not_there_is_no_harm(void **state)
{
	(void)state;
	driverfolder_mend("/nonexistent", "usbhid-ups", mend, sizeof(mend));
	assert_string_equal(mend, "see what is in /nonexistent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slip_of_the_pen_is_guessed),
		cmocka_unit_test(a_driver_of_nut_that_we_lack_is_known_with_what_can_be_used),
		cmocka_unit_test(a_folder_that_is_not_there_is_no_harm),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
