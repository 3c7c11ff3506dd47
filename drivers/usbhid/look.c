#include "config.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "drivers/usbhid/capture.h"
#include "drivers/usbhid/explore.h"
#include "drivers/usbhid/look.h"

static const char token[] = "usbhid";

enum {
	DESCRIPTOR_MAX = 16384,
	PAGE_POWER = 0x84, /* of HID */
	PAGE_BATTERY = 0x85,
};

/* ----------------------------------------------------------------------- which device */

bool look_options_fit(const struct core *c)
{
	bool fit = core_option(c, "capture") ||
		   (!core_option(c, "capture_seconds") && !core_flag(c, "capture_anonymous"));

	if (!fit)
		log_error(token, "capture_seconds and capture_anonymous go with capture: "
				 "--capture FILE --capture-seconds 60");
	return fit;
}

bool look_is_wanted(const struct core *c)
{
	return core_flag(c, "explore") || core_option(c, "capture");
}

/* Named by who asks: it is looked at, whatever it is. */
static bool is_chosen(const struct core *c)
{
	static const char *const keys[] = {"vendorid", "productid", "vendor", "product",
					   "serial",   "bus",       "device", "busport"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (core_option(c, keys[i]))
			return true;
	}
	return false;
}

static bool is_power_device(const struct hid_desc *d)
{
	for (size_t i = 0; i < d->count; i++) {
		for (unsigned k = 0; k < d->fields[i].depth; k++) {
			uint32_t page = d->fields[i].path[k] >> 16;

			if (page == PAGE_POWER || page == PAGE_BATTERY)
				return true;
		}
	}
	return false;
}

/* False: the system knows what it is, and it is something else. */
static bool may_be_power_device(const struct usb *usb)
{
	uint8_t *bytes = malloc(DESCRIPTOR_MAX);
	bool may = !bytes, is_there = true;

	for (unsigned i = 0; !may && is_there; i++) {
		size_t got = usb_hid_glance(usb, i, bytes, DESCRIPTOR_MAX, &is_there);
		struct hid_desc d;

		if (!is_there)
			break;
		may = got == 0 || !hid_desc_parse(&d, bytes, got);
		if (!may) {
			may = is_power_device(&d);
			hid_desc_free(&d);
		}
	}
	free(bytes);
	return may;
}

bool look_accepts(const struct core *c, const struct usb *usb)
{
	return is_chosen(c) || (usb_is_hid(usb) && may_be_power_device(usb));
}

/* --------------------------------------------------------------------- looking at one */

/* The device's own, if it has one. */
static const struct map *map_of_names(const struct look *l)
{
	return l->map || l->maps->count == 0 ? l->map : l->maps->maps[0];
}

static struct hid_usages *usage_names(const struct map *names)
{
	struct hid_usages *usages = hid_usages_new();

	for (size_t i = 0; usages && i < names->usage_count; i++)
		hid_usages_add(usages, names->usages[i].name, names->usages[i].number);
	return usages;
}

static bool explore(const struct look *l, const struct hid_usages *usages)
{
	const struct usb_identity *who = usb_identity(l->usb);
	struct draft_source from = {
		.desc = l->desc,
		.reports = hid_reports_new(l->desc, &l->io),
		.usages = usages,
		.vendor = who->vendor_id,
		.product = who->product_id,
		.maps = l->maps->maps,
		.map_count = l->maps->count,
		.names = map_of_names(l),
	};
	bool well = from.reports && explore_print(stdout, &from) == HID_OK;

	hid_reports_free(from.reports);
	if (fflush(stdout) == 0 && well)
		return true;
	log_error(token, "the device was not printed whole");
	return false;
}

static bool capture(const struct look *l, const struct hid_usages *usages, const char *path)
{
	struct core *c = l->core;
	const struct capture capture = {
		.core = c,
		.usb = l->usb,
		.again = l->again,
		.arg = l->arg,
		.desc = l->desc,
		.usages = usages,
		.descriptor = l->descriptor,
		.descriptor_size = l->descriptor_size,
		.seconds = core_option_long(c, "capture_seconds", 0),
		.anonymous = core_flag(c, "capture_anonymous"),
	};

	return capture_write(&capture, path);
}

static bool look_well(const struct look *l)
{
	const struct map *names = map_of_names(l);
	const char *path = core_option(l->core, "capture");
	struct hid_usages *usages;
	bool well;

	if (!is_chosen(l->core) && !is_power_device(l->desc)) {
		log_error(token, "there is a HID device, but none of the power pages; choose it by "
				 "vendorid if it is meant");
		return false;
	}
	usages = names ? usage_names(names) : NULL;
	if (!usages) {
		log_error(token,
			  names ? "out of memory" : "there are no maps, and no names of usages");
		return false;
	}
	well = !core_flag(l->core, "explore") || explore(l, usages);
	well = well && (!path || capture(l, usages, path));
	hid_usages_free(usages);
	return well;
}

void look_at(const struct look *l)
{
	core_finish(l->core, look_well(l));
}
