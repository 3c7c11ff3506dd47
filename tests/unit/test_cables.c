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
#include "drivers/serial/cables.h"
#include "drivers/transport/serial.h"

static char folder[] = "/tmp/chn-cables-XXXXXX";
static char last[512];

static void emit(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg, (void)severity;
	str_copy(last, sizeof(last), text);
}

static struct conf_report load(struct cables *c, const char *own)
{
	struct conf_report r = {.emit = emit};
	char path[128];
	FILE *f;

	str_format(path, sizeof(path), "%s/maps/genericups/own.cables", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(own, f) >= 0 && fclose(f) == 0);
	last[0] = '\0';
	assert_true(cables_load(c, &r));
	return r;
}

static void lines_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		unsigned mask, value;
	} samples[] = {
		{"CTS", SERIAL_CTS, SERIAL_CTS},
		{"-CTS", SERIAL_CTS, 0},
		{"dcd -rng", SERIAL_DCD | SERIAL_RI, SERIAL_DCD},
		{"-RI", SERIAL_RI, 0},
		{"CTS+-DSR", SERIAL_CTS | SERIAL_DSR, SERIAL_CTS},
	};
	struct cable_test t;
	unsigned lines;

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		assert_true(cables_parse_inputs(samples[i].text, &t));
		assert_int_equal(t.mask, samples[i].mask);
		assert_int_equal(t.value, samples[i].value);
	}
	assert_false(cables_parse_inputs("", &t));
	assert_false(cables_parse_inputs("DTR", &t));
	assert_true(cables_parse_outputs("DTR+RTS", &lines));
	assert_int_equal(lines, SERIAL_DTR | SERIAL_RTS);
	assert_true(cables_parse_outputs("-DTR ST", &lines));
	assert_int_equal(lines, SERIAL_ST);
	assert_true(cables_parse_outputs("NULL", &lines));
	assert_int_equal(lines, 0);
	assert_false(cables_parse_outputs("CTS", &lines));
}

static void every_cable_of_ours_is_there(void **state)
{
	struct cables c;

	(void)state;
	assert_int_equal(load(&c, "").errors, 0);
	assert_int_equal(c.count, 24);
	for (long type = 0; type < 24; type++) {
		const struct cable *row = cables_find(&c, type);

		assert_non_null(row);
		assert_true(row->tests[CABLE_OL].mask && row->tests[CABLE_LB].mask);
		assert_true(row->mfr[0] && row->model[0] && row->title[0]);
	}
	assert_int_equal(cables_find(&c, 4)->shutdown, CABLE_LINES);
	assert_int_equal(cables_find(&c, 4)->shutdown_lines, 0);
	assert_int_equal(cables_find(&c, 8)->shutdown, CABLE_NO_SHUTDOWN);
	assert_int_equal(cables_find(&c, 11)->shutdown, CABLE_BREAK);
	assert_null(cables_find(&c, 24));
	cables_free(&c);
}

static void a_cable_of_ones_own_needs_no_compiler(void **state)
{
	struct cables c;

	(void)state;
	assert_int_equal(
		load(&c, "CABLE 100 me mine \"my cable\" CP(DTR) OL(DSR) LB(-RI) SD(BREAK)\n")
			.errors,
		0);
	assert_int_equal(cables_find(&c, 100)->tests[CABLE_OL].mask, SERIAL_DSR);
	cables_free(&c);
}

static void mistakes_are_told_with_their_line(void **state)
{
	static const char *const bad[] = {
		"CABLE 100 me mine\n",
		"CABLE x me mine title OL(CTS)\n",
		"CABLE 100 me mine title OL(DTR)\n",
		"CABLE 100 me mine title LB(CTS)\n",
		"CABLE 100 me mine title OL(CTS) colour(red)\n",
		"CABLE 3 me mine title OL(CTS)\n", /* common.cables has it */
		"WIRE\n",
	};
	struct cables c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(load(&c, bad[i]).errors, 1);
		assert_non_null(strstr(last, "own.cables:1: "));
		assert_int_equal(c.count, 24);
		cables_free(&c);
	}
}

static int setup(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	str_format(path, sizeof(path), "%s/maps", folder);
	mkdir(path, 0755);
	str_format(path, sizeof(path), "%s/maps/genericups", folder);
	mkdir(path, 0755);
	return setenv("NUT_CONFPATH", folder, 1) || setenv("NUT_DATAPATH", MAPS_DATA, 1);
}

static int teardown(void **state)
{
	static const char *const rest[] = {"/maps/genericups/own.cables", "/maps/genericups",
					   "/maps", ""};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		str_format(path, sizeof(path), "%s%s", folder, rest[i]);
		remove(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_people_write_them),
		cmocka_unit_test(every_cable_of_ours_is_there),
		cmocka_unit_test(a_cable_of_ones_own_needs_no_compiler),
		cmocka_unit_test(mistakes_are_told_with_their_line),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
