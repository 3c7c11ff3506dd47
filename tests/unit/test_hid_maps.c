/*
 * The maps at work on recorded devices: all that Debian's usbhid-ups 2.8.0
 * published of them has to come out, apart from what is explained below.  The
 * files are those of ../shared/facts; without them (CHESTNUT_SHARED) the test is
 * skipped.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/engine/engine.h"
#include "drivers/usbhid/hiddevice.h"
#include "drivers/usbhid/hidfix.h"
#include "tests/unit/hid_file.h"

static char shared[512];

struct device {
	const char *file, *map;
	uint16_t vendor, product;
};

static const struct device devices[] = {
	{"apc-back-ups-es-850g2", "apc", 0x051d, 0x0002},
	{"apc-back-ups-rs-1000g", "apc", 0x051d, 0x0002},
	{"cyberpower-cst135uc2", "cps", 0x0764, 0x0601},
	{"cyberpower-ec850lcd", "cps", 0x0764, 0x0501},
	{"eaton-3s-700", "mge", 0x0463, 0xffff},
	{"liebert-psi5", "belkin", 0x10af, 0x0002},
	{"minuteman-05dd-a0a0", "delta_ups", 0x05dd, 0xa0a0},
	{"powercom-0d9f-0004", "powercom", 0x0d9f, 0x0004},
	{"powerwalker-vi-1200-shl", "liebert", 0x06da, 0xffff},
	{"salicru-slc-twin-pro2", "salicru", 0x2e66, 0x0201},
	{"santak-tg-box-850", "mge", 0x0463, 0xffff},
	{"tripplite-3016", "tripplite", 0x09ae, 0x3016},
};

static const char full[] = "its Charging bit is set, at 100 percent";
static const char newer[] = "CyberPower's delays count in minutes: defaults of later versions";

/* What 2.8.0 published otherwise. */
static const struct {
	const char *file, *name, *ours, *why;
} differences[] = {
	{"cyberpower-cst135uc2", "ups.delay.shutdown", "60", newer},
	{"cyberpower-cst135uc2", "ups.delay.start", "0", newer},
	{"cyberpower-ec850lcd", "ups.delay.shutdown", "60", newer},
	{"cyberpower-ec850lcd", "ups.delay.start", "0", newer},
	{"powercom-0d9f-0004", "battery.date", NULL, "battery.mfr.date since then"},
	{"eaton-3s-700", "ups.status", "OL CHRG", "its Charging bit is set, at 92 percent"},
	{"liebert-psi5", "ups.status", "OL", full},
	{"powerwalker-vi-1200-shl", "ups.status", "OL", full},
	{"powercom-0d9f-0004", "battery.voltage", "26.6", "report 164, which 2.8.0 does not read"},
	{NULL, NULL, NULL, NULL},
};

struct play {
	struct hid_file file;
	struct state *state;
	char status[128], alarm[512];
};

/* -------------------------------------------------------------------- device and host */

static int get_report(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size)
{
	struct play *p = arg;

	return hid_file_get_report(&p->file, (int)type, report, buf, size);
}

static int set_report(void *arg, enum hid_type type, uint8_t report, const uint8_t *buf,
		      size_t size)
{
	(void)arg;
	(void)type;
	(void)report;
	(void)buf;
	return (int)size;
}

static int get_string(void *arg, unsigned index, char *text, size_t size)
{
	struct play *p = arg;

	if (index > 255 || !p->file.strings[index][0])
		return HID_IO_STALL;
	str_copy(text, size, p->file.strings[index]);
	return (int)strlen(text);
}

static void set_text(void *arg, const char *name, const char *text)
{
	struct play *p = arg;

	assert_int_not_equal(state_set(p->state, name, text), STATE_REFUSED);
}

static void status_begin(void *arg)
{
	struct play *p = arg;

	p->status[0] = p->alarm[0] = '\0';
}

static void append(char *text, size_t size, const char *word)
{
	size_t len = strlen(text);

	str_format(text + len, size - len, "%s%s", len ? " " : "", word);
}

static void status(void *arg, const char *word)
{
	struct play *p = arg;

	append(p->status, sizeof(p->status), word);
}

static void alarm_text(void *arg, const char *text)
{
	struct play *p = arg;

	append(p->alarm, sizeof(p->alarm), text);
}

static bool wait_for(void *arg, int ms)
{
	(void)arg;
	(void)ms;
	return true;
}

static void alive(void *arg)
{
	(void)arg;
}

/* --------------------------------------------------------------------------- comparing */

static struct map *read_map(const char *name)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (char[]){"map"}};
	const char *top = getenv("abs_top_srcdir");
	char path[1024];
	struct map *m;

	assert_true(str_format(path, sizeof(path), "%s/data/maps/usbhid-ups/%s.map",
			       top ? top : ".", name));
	m = map_load_path(path, &report);
	assert_non_null(m);
	assert_int_equal(m->errors, 0);
	return m;
}

/* The first match of these ids that asks for no texts. */
static const struct map_match *match_of(const struct map *m, const struct device *device)
{
	for (size_t i = 0; i < m->match_count; i++) {
		const struct map_match *match = &m->matches[i];

		if (match->vendor == device->vendor && match->product == device->product &&
		    !match->mfr && !match->model && !match->serial)
			return match;
	}
	return NULL;
}

/* What the driver knows without a map. */
static bool of_the_driver(const char *name)
{
	static const char *const names[] = {
		"ups.mfr",       "ups.model",    "ups.serial",       "ups.vendorid",
		"ups.productid", "ups.firmware", "ups.firmware.aux", NULL};

	if (str_starts(name, "device."))
		return true;
	for (size_t i = 0; names[i]; i++) {
		if (str_equal(names[i], name))
			return true;
	}
	return false;
}

static const char *expected_value(const struct device *device, const struct hid_file_value *v)
{
	for (size_t i = 0; differences[i].file; i++) {
		if (str_equal(differences[i].file, device->file) &&
		    str_equal(differences[i].name, v->name)) {
			print_message("%s: %s differs: %s\n", device->file, v->name,
				      differences[i].why);
			return differences[i].ours;
		}
	}
	return v->value;
}

static unsigned compare(struct play *p, const struct device *device)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < p->file.value_count; i++) {
		const struct hid_file_value *v = &p->file.values[i];
		const char *expected = expected_value(device, v);
		const char *is = str_equal(v->name, "ups.status")  ? p->status
				 : str_equal(v->name, "ups.alarm") ? p->alarm
								   : state_get(p->state, v->name);

		if (of_the_driver(v->name) || str_equal(is, expected))
			continue;
		print_error("%s: %s is %s, recorded was %s\n", device->file, v->name,
			    is ? is : "(nothing)", v->value);
		wrong++;
	}
	return wrong;
}

static unsigned play_device(const struct device *device)
{
	static struct play p;
	struct hid_io io = {get_report, set_report, get_string, &p};
	struct engine_host host = {NULL,       set_text, status_begin, status,
				   alarm_text, wait_for, alive,        &p};
	struct engine_options options = {.quick_s = 2, .rules = {.hover_charge = 100}};
	struct map *m = read_map(device->map);
	const struct map_match *match = match_of(m, device);
	struct hid_device_options how = {0};
	struct engine_device ops;
	struct hid_reports *reports;
	struct hid_device *hid;
	struct engine *e;
	struct hid_desc d;
	char path[1024];
	unsigned wrong;

	str_format(path, sizeof(path), "%s/facts/hid-devices/%s.txt", shared, device->file);
	assert_true(hid_file_read(&p.file, path));
	assert_true(hid_desc_parse(&d, p.file.descriptor, p.file.descriptor_len));
	for (size_t i = 0; hidfix_names[i]; i++) {
		if (map_quirk(m, match, hidfix_names[i]))
			hidfix_apply(&d, hidfix_names[i]);
	}
	p.state = host.state = state_new();
	reports = hid_reports_new(&d, &io);
	hid = hid_device_new(m, match, &d, reports, &how);
	assert_non_null(hid);
	ops = hid_device_ops(hid);
	e = engine_new(m, match, &ops, &host, &options);
	assert_non_null(e);
	assert_int_equal(engine_poll(e, 1000000), ENGINE_OK);
	wrong = compare(&p, device);
	print_message("%s: %lu transfers for %zu variables\n", device->file,
		      hid_reports_statistics(reports)->gets, state_count(p.state));
	engine_free(e);
	hid_device_free(hid);
	hid_reports_free(reports);
	hid_desc_free(&d);
	state_free(p.state);
	map_free(m);
	return wrong;
}

static void recorded_devices_are_published_as_they_were(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		wrong += play_device(&devices[i]);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_devices_are_published_as_they_were),
	};
	const char *place = getenv("CHESTNUT_SHARED");
	char path[1024];
	FILE *in;

	str_copy(shared, sizeof(shared), place ? place : "../shared");
	str_format(path, sizeof(path), "%s/facts/hid-map.tsv", shared);
	in = fopen(path, "re");
	if (!in) {
		print_message("skipped: no recorded devices, CHESTNUT_SHARED names their folder\n");
		return 77;
	}
	fclose(in);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
