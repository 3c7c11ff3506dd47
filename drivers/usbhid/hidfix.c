#include "config.h"

#include <stddef.h>

#include "common/base/str.h"
#include "drivers/usbhid/hidfix.h"

enum {
	USAGE_INPUT = 0x84001a,
	USAGE_OUTPUT = 0x84001c,
	USAGE_VOLTAGE = 0x840030,
	USAGE_CONFIG_VOLTAGE = 0x840040,
	USAGE_CONFIG_ACTIVE_POWER = 0x840044,
	USAGE_LOW_TRANSFER = 0x840053,
	USAGE_HIGH_TRANSFER = 0x840054,
	USAGE_RUN_TIME = 0x850068,

	MAINS_MAX = 511, /* volts that 9 bits hold */
	POWER_MAX = 2048,
	RUN_TIME_MAX = 0x75ffffff,
};

static uint32_t usage_of(const struct hid_field *f)
{
	return f->path[f->depth - 1];
}

static uint32_t parent_of(const struct hid_field *f)
{
	return f->depth > 1 ? f->path[f->depth - 2] : 0;
}

static const struct hid_field *find(const struct hid_desc *d, uint32_t parent, uint32_t usage)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct hid_field *f = &d->fields[i];

		if (f->type == HID_FEATURE && usage_of(f) == usage && parent_of(f) == parent)
			return f;
	}
	return NULL;
}

static unsigned set_range(struct hid_field *f, int64_t min, int64_t max)
{
	if (f->logical_min == min && f->logical_max == max)
		return 0;
	f->logical_min = min;
	f->logical_max = max;
	return 1;
}

/* Mains of 230 V with bounds of 120 V: a transfer voltage may be set beyond what can be measured.
 */
static unsigned fix_apc(struct hid_desc *d)
{
	const struct hid_field *transfer = find(d, USAGE_INPUT, USAGE_HIGH_TRANSFER);
	int64_t top = transfer ? transfer->logical_max : 0;
	unsigned changed = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct hid_field *f = &d->fields[i];

		if (parent_of(f) != USAGE_INPUT || f->logical_max >= top)
			continue;
		if (usage_of(f) == USAGE_VOLTAGE)
			changed += set_range(f, 0, 2 * top);
		else if (usage_of(f) == USAGE_CONFIG_VOLTAGE && f->logical_max < 255)
			changed += set_range(f, f->logical_min, 255);
	}
	return changed;
}

static bool same_range(const struct hid_field *a, const struct hid_field *b)
{
	return a && a->logical_min == b->logical_min && a->logical_max == b->logical_max;
}

/* Voltages with the bounds of the transfer voltages: a brown-out could not be read. */
static unsigned fix_cps(struct hid_desc *d)
{
	const struct hid_field *high = find(d, USAGE_INPUT, USAGE_HIGH_TRANSFER);
	const struct hid_field *low = find(d, USAGE_INPUT, USAGE_LOW_TRANSFER);
	unsigned changed = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct hid_field *f = &d->fields[i];
		bool mains = parent_of(f) == USAGE_INPUT || parent_of(f) == USAGE_OUTPUT;

		if (usage_of(f) == USAGE_VOLTAGE && mains &&
		    (same_range(high, f) || same_range(low, f)))
			changed += set_range(f, 0, MAINS_MAX);
		else if (usage_of(f) == USAGE_CONFIG_ACTIVE_POWER && f->logical_max < POWER_MAX)
			changed += set_range(f, f->logical_min, POWER_MAX);
	}
	return changed;
}

/* Maxima below their minima, which no way of reading them mends. */
static unsigned fix_idowell(struct hid_desc *d)
{
	unsigned changed = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct hid_field *f = &d->fields[i];

		if (f->logical_min < f->logical_max)
			continue;
		if (usage_of(f) == USAGE_RUN_TIME)
			changed += set_range(f, 0, RUN_TIME_MAX);
		else if (usage_of(f) == USAGE_VOLTAGE)
			changed += set_range(f, 0, UINT16_MAX);
	}
	return changed;
}

static unsigned (*const fixes[])(struct hid_desc *d) = {fix_apc, fix_cps, fix_idowell};

const char *const hidfix_names[] = {"apc-voltage-range", "cps-voltage-range", "idowell-maxima",
				    NULL};

unsigned hidfix_apply(struct hid_desc *d, const char *name)
{
	for (size_t i = 0; hidfix_names[i]; i++) {
		if (str_equal(hidfix_names[i], name))
			return fixes[i](d);
	}
	return 0;
}
