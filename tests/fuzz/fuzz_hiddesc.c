/*
 * A report descriptor: the input is its bytes.  Every field has to lie within
 * its report, be found by its path or have an earlier one there, and read back
 * what can be set in it.
 */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/usbhid/hiddesc.h"
#include "drivers/usbhid/hidusage.h"
#include "drivers/usbhid/hidvalue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS_TRIED = 256 };

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_value(const struct hid_desc *d, const struct hid_field *f)
{
	static uint8_t report[HID_MAX_REPORT];
	size_t len = hid_desc_report_size(d, f->type, f->report) - hid_desc_data_offset(d);
	double min, max, v;

	require(len <= sizeof(report));
	memset(report, 0xa5, len);
	if (!hid_value_get(f, report, len, &v)) {
		require(f->bits > 64);
		return;
	}
	require(isfinite(v));
	hid_value_range(f, &min, &max);
	if (min > max) /* too few bits for its range */
		return;
	require(hid_value_set(f, report, len, min));
	require(hid_value_get(f, report, len, &v));
	require(fabs(v - min) <= 1e-9 * fabs(min) + 1e-9 * fabs(max));
}

static void check_field(const struct hid_desc *d, const struct hid_usages *u,
			const struct hid_field *f)
{
	const struct hid_field *first = hid_desc_find(d, f->type, f->path, f->depth);
	char text[HID_MAX_PATH_TEXT];
	uint32_t path[HID_MAX_PATH];
	const char *bad;

	require(f->depth > 0 && f->depth <= HID_MAX_PATH && f->bits > 0);
	require(f->bit + f->bits <= d->bits[f->type][f->report]);
	require(first && first <= f);
	hid_path_format(u, f->path, f->depth, text, sizeof(text));
	require(hid_path_parse(u, text, path, &bad) == f->depth);
	require(memcmp(path, f->path, f->depth * sizeof(path[0])) == 0);
	check_value(d, f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hid_usages *u = hid_usages_new();
	struct hid_desc d;

	require(u && hid_usages_add(u, "UPS", 0x840004) && hid_usages_add(u, "Flow", 0x84001e));
	require(hid_desc_parse(&d, data, size));
	require(d.count <= HID_MAX_FIELDS);
	for (size_t i = 0; i < d.count && i < FIELDS_TRIED; i++)
		check_field(&d, u, &d.fields[i]);
	hid_desc_free(&d);
	hid_usages_free(u);
	return 0;
}
