#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/usbhid/hiddevice.h"
#include "drivers/usbhid/hidusage.h"
#include "drivers/usbhid/hidvalue.h"

static const char token[] = "usbhid";

struct hid_device {
	const struct hid_desc *d;
	struct hid_reports *reports;
	struct hid_usages *usages;
	bool passive;
};

/* ------------------------------------------------------------------------------ life */

static bool load_usages(struct hid_device *h, const struct map *map)
{
	h->usages = hid_usages_new();
	for (size_t i = 0; h->usages && i < map->usage_count; i++) {
		const struct map_usage *u = &map->usages[i];

		if (!hid_usages_add(h->usages, u->name, u->number))
			log_warn(token, "%s:%u: %s cannot be the name of a usage", u->file, u->line,
				 u->name);
	}
	return h->usages != NULL;
}

static void skip_report(struct hid_device *h, const struct map *map, const struct map_match *match)
{
	struct mapnumbers numbers = {0};
	double number;

	map_numbers(map, match, &numbers);
	if (mapnumbers_get(&numbers, "skip-report", &number) && number >= 0 && number <= 255)
		hid_reports_skip(h->reports, (uint8_t)number);
}

struct hid_device *hid_device_new(const struct map *map, const struct map_match *match,
				  const struct hid_desc *d, struct hid_reports *reports,
				  const struct hid_device_options *options)
{
	struct hid_device *h = calloc(1, sizeof(*h));
	struct hid_doubt doubt;

	if (!h)
		return NULL;
	h->d = d;
	h->reports = reports;
	h->passive = options->passive;
	if (!load_usages(h, map)) {
		hid_device_free(h);
		return NULL;
	}
	skip_report(h, map, match);
	hid_reports_ask_maximum(reports, options->ask_maximum);
	hid_reports_never_ask(reports, options->passive);
	/* Only what is asked again can be doubted. */
	hid_doubt_make(&doubt, d, options->doubt_charge && !options->passive,
		       options->doubt_empty && !options->passive);
	hid_reports_doubt(reports, &doubt);
	return h;
}

void hid_device_free(struct hid_device *h)
{
	if (!h)
		return;
	hid_usages_free(h->usages);
	free(h);
}

/* ---------------------------------------------------------------------------- places */

static const void *device_place(void *arg, const char *where)
{
	const struct hid_device *h = arg;
	uint32_t path[HID_MAX_PATH];
	const struct hid_field *f = NULL;
	const char *bad;
	unsigned depth = hid_path_parse(h->usages, where, path, &bad);

	if (depth && !h->passive)
		f = hid_desc_find(h->d, HID_FEATURE, path, depth);
	if (depth && !f)
		f = hid_desc_find(h->d, HID_INPUT, path, depth);
	return f;
}

static enum device_result device_result(enum hid_result r)
{
	static const enum device_result results[] = {
		[HID_OK] = DEVICE_OK,     [HID_REFUSED] = DEVICE_REFUSED, [HID_NONE] = DEVICE_NONE,
		[HID_GONE] = DEVICE_GONE, [HID_RANGE] = DEVICE_RANGE,
	};

	return results[r];
}

static unsigned long device_begin(void *arg)
{
	const struct hid_device *h = arg;

	return hid_reports_begin(h->reports);
}

static enum device_result device_read(void *arg, const void *place, unsigned long since,
				      struct mapvalue *v)
{
	const struct hid_device *h = arg;
	double number = 0;
	enum hid_result r = hid_reports_value(h->reports, place, since, &number);

	if (r != HID_OK)
		return device_result(r);
	return mapvalue_set_number(v, number) ? DEVICE_OK : DEVICE_NONE;
}

static bool device_here(void *arg, const void *place, unsigned long since)
{
	const struct hid_device *h = arg;

	return hid_reports_here(h->reports, place, since);
}

static enum device_result device_write(void *arg, const void *place, const struct mapvalue *v,
				       enum map_type type, bool command)
{
	const struct hid_device *h = arg;
	double number;

	(void)type;
	if (!mapvalue_number(v, &number))
		return DEVICE_KIND;
	return device_result(hid_reports_write(h->reports, place, number, command));
}

static double device_step(void *arg, const void *place)
{
	const struct hid_field *f = place;
	double step = pow(10, f->exponent < 0 ? f->exponent : 0);

	(void)arg;
	return fmax(step, hid_value_step(f));
}

static void device_forget(void *arg)
{
	const struct hid_device *h = arg;

	hid_reports_forget(h->reports);
}

static void device_counts(void *arg, struct device_counts *counts)
{
	const struct hid_device *h = arg;
	const struct hid_statistics *s = hid_reports_statistics(h->reports);

	counts->failed = s->failures;
	counts->good = s->gets - s->failures - s->stalls;
}

/* ------------------------------------------------------------------ what functions ask */

static bool device_string(void *arg, unsigned index, char *dst, size_t size)
{
	const struct hid_device *h = arg;
	const char *text = hid_reports_string(h->reports, index);

	return text && str_copy(dst, size, text);
}

static bool device_report(void *arg, unsigned id, unsigned char *dst, size_t size, size_t *len)
{
	const struct hid_device *h = arg;
	const uint8_t *bytes;
	size_t got;

	if (id > 255 || hid_reports_bytes(h->reports, HID_FEATURE, (uint8_t)id, size,
					  hid_reports_poll(h->reports), &bytes, &got) != HID_OK)
		return false;
	*len = got < size ? got : size;
	memcpy(dst, bytes, *len);
	return true;
}

struct engine_device hid_device_ops(struct hid_device *h)
{
	return (struct engine_device){
		.place = device_place,
		.begin = device_begin,
		.read = device_read,
		.here = device_here,
		.write = device_write,
		.step = device_step,
		.forget = device_forget,
		.counts = device_counts,
		.string = device_string,
		.report = device_report,
		.arg = h,
	};
}
