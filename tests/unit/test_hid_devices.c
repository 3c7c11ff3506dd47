/*
 * Descriptors and reports of real devices, with what Debian's usbhid-ups 2.8.0
 * published from them: every number that the recorded map formats plainly must
 * come out the same here.  The files are those of ../shared/facts; without them
 * (CHESTNUT_SHARED) the test is skipped.
 */
#include "config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/usbhid/hidreports.h"
#include "drivers/usbhid/hidusage.h"
#include "tests/unit/hid_file.h"

enum { COLUMNS = 10 };

static char shared[512];

struct device {
	const char *file, *family;
	unsigned plain; /* how many values are to be compared, at least */
};

static const struct device devices[] = {
	{"apc-back-ups-es-850g2", "apc", 15},
	{"apc-back-ups-rs-1000g", "apc", 15},
	{"cyberpower-cst135uc2", "cps", 12},
	{"cyberpower-ec850lcd", "cps", 14},
	{"eaton-3s-700", "mge", 9},
	{"liebert-psi5", "belkin", 3},
	{"minuteman-05dd-a0a0", "delta_ups", 21},
	{"powercom-0d9f-0004", "powercom", 12},
	{"powerwalker-vi-1200-shl", "liebert", 6},
	{"salicru-slc-twin-pro2", "salicru", 11},
	{"santak-tg-box-850", "mge", 7},
	{"tripplite-3016", "tripplite", 17},
};

/* ------------------------------------------------------------------------------ tables */

/* Cuts a line at its tabs; missing columns are empty. */
static void cut(char *line, const char *columns[COLUMNS])
{
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t len = strcspn(line, "\t");

		columns[i] = line;
		line += len;
		if (*line)
			*line++ = '\0';
	}
}

static FILE *open_shared(const char *name)
{
	char path[1024];

	assert_true(str_format(path, sizeof(path), "%s/facts/%s", shared, name));
	return fopen(path, "re");
}

static void add_usages(struct hid_usages *u, const char *table)
{
	FILE *in = open_shared("hid-usages.tsv");
	const char *columns[COLUMNS];
	char line[1024];

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		cut(line, columns);
		if (str_equal(columns[0], table))
			assert_true(hid_usages_add(u, columns[1],
						   (uint32_t)strtoul(columns[2], NULL, 16)));
	}
	fclose(in);
}

/* --------------------------------------------------------------------------- comparing */

static int get_report(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size)
{
	return hid_file_get_report(arg, (int)type, report, buf, size);
}

struct comparison {
	const struct device *device;
	const struct hid_file *file;
	const struct hid_desc *d;
	struct hid_reports *reports;
	const struct hid_usages *usages;
	char seen[HID_FILE_VALUES][64];
	size_t seen_count;
	unsigned compared, wrong;
};

/* The first row whose place exists counts for a name. */
static bool first_of_its_name(struct comparison *c, const char *name)
{
	for (size_t i = 0; i < c->seen_count; i++) {
		if (str_equal(c->seen[i], name))
			return false;
	}
	if (c->seen_count < HID_FILE_VALUES)
		str_copy(c->seen[c->seen_count++], sizeof(c->seen[0]), name);
	return true;
}

static void compare_row(struct comparison *c, const char *columns[COLUMNS])
{
	const char *place = columns[1], *name = columns[2], *conversion = columns[4];
	uint32_t path[HID_MAX_PATH];
	const char *bad, *expected = hid_file_value(c->file, name);
	unsigned depth = hid_path_parse(c->usages, place, path, &bad);
	const struct hid_field *f = depth ? hid_desc_find(c->d, HID_FEATURE, path, depth) : NULL;
	char text[64];
	double v = NAN;

	/* What the device refuses is left to the next row. */
	if (!f || hid_reports_value(c->reports, f, 0, &v) == HID_REFUSED ||
	    !first_of_its_name(c, name) || !expected || !str_starts(conversion, "format:%."))
		return;
	str_format(text, sizeof(text), "%.*f", atoi(conversion + 9), v);
	c->compared++;
	if (str_equal(text, expected))
		return;
	print_error("%s: %s is %s, recorded was %s (%s)\n", c->device->file, name, text, expected,
		    place);
	c->wrong++;
}

static void compare_map(struct comparison *c)
{
	FILE *in = open_shared("hid-map.tsv");
	const char *columns[COLUMNS];
	char line[1024];

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		cut(line, columns);
		if (str_equal(columns[0], c->device->family) && str_equal(columns[3], "var"))
			compare_row(c, columns);
	}
	fclose(in);
}

/* Reports that were recorded are as long as the descriptor has them. */
static void check_lengths(const struct device *device, const struct hid_file *f,
			  const struct hid_desc *d)
{
	for (int type = HID_INPUT; type <= HID_FEATURE; type++) {
		for (int i = 0; i < 256; i++) {
			size_t size = hid_desc_report_size(d, (enum hid_type)type, (uint8_t)i);

			if (f->lens[type][i] && size && f->lens[type][i] != size)
				print_message("%s: report %02x has %zu bytes, described are %zu\n",
					      device->file, (unsigned)i, f->lens[type][i], size);
		}
	}
}

static void compare_device(const struct device *device)
{
	static struct hid_file file;
	struct hid_io io = {get_report, NULL, NULL, &file};
	struct comparison c = {.device = device, .file = &file};
	struct hid_usages *u = hid_usages_new();
	struct hid_desc d;
	char path[1024];

	assert_non_null(u);
	add_usages(u, device->family);
	add_usages(u, "standard");
	assert_true(str_format(path, sizeof(path), "%s/facts/hid-devices/%s.txt", shared,
			       device->file));
	assert_true(hid_file_read(&file, path));
	assert_true(hid_desc_parse(&d, file.descriptor, file.descriptor_len));
	assert_int_equal(d.left_out, 0);
	check_lengths(device, &file, &d);
	c.d = &d;
	c.usages = u;
	c.reports = hid_reports_new(&d, &io);
	assert_non_null(c.reports);
	compare_map(&c);
	print_message("%s: %zu fields, %u numbers the same\n", device->file, d.count, c.compared);
	hid_reports_free(c.reports);
	hid_desc_free(&d);
	hid_usages_free(u);
	assert_int_equal(c.wrong, 0);
	assert_true(c.compared >= device->plain);
}

static void recorded_devices_give_the_recorded_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		compare_device(&devices[i]);
}

static const struct hid_field *field(const struct hid_desc *d, const struct hid_usages *u,
				     enum hid_type type, const char *text)
{
	uint32_t path[HID_MAX_PATH];
	const char *bad;
	unsigned depth = hid_path_parse(u, text, path, &bad);
	const struct hid_field *f;

	assert_true(depth > 0);
	f = hid_desc_find(d, type, path, depth);
	assert_non_null(f);
	return f;
}

/* Items of four bits, of 24 bits, and more of them than usages. */
static void a_descriptor_of_odd_sizes_is_read_to_its_last_bit(void **state)
{
	static struct hid_file file;
	struct hid_usages *u = hid_usages_new();
	const struct hid_field *f;
	struct hid_desc d;
	char path[1024];

	(void)state;
	add_usages(u, "standard");
	assert_true(str_format(path, sizeof(path), "%s/facts/hid-devices/unknown-nut-3227.txt",
			       shared));
	assert_true(hid_file_read(&file, path));
	assert_true(hid_desc_parse(&d, file.descriptor, file.descriptor_len));
	assert_int_equal(d.left_out, 0);
	assert_int_equal(hid_desc_report_size(&d, HID_FEATURE, 0x0b), 23);
	f = field(&d, u, HID_FEATURE, "UPS.PowerSummary.DesignCapacity");
	assert_int_equal(f->bit, 16);
	assert_int_equal(f->bits, 24);
	assert_int_equal(f->logical_max, 0xfffffe);
	f = field(&d, u, HID_FEATURE, "UPS.PowerSummary.ConfigVoltage");
	assert_int_equal(f->bit, 112);
	f = field(&d, u, HID_INPUT, "UPS.PowerSummary.PresentStatus.Charging");
	assert_int_equal(f->bits, 1);
	hid_desc_free(&d);
	hid_usages_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_devices_give_the_recorded_numbers),
		cmocka_unit_test(a_descriptor_of_odd_sizes_is_read_to_its_last_bit),
	};
	const char *place = getenv("CHESTNUT_SHARED");
	FILE *in;

	str_copy(shared, sizeof(shared), place ? place : "../shared");
	in = open_shared("hid-map.tsv");
	if (!in) {
		print_message("skipped: no recorded devices, CHESTNUT_SHARED names their folder\n");
		return 77;
	}
	fclose(in);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
