#include "config.h"

#include "drivers/scan/usbknown.h"

#include <stdlib.h>

#include "drivers/maps/mapset.h"

/* In the order in which they are preferred, where the device does not decide. */
enum { USBHID_UPS, NUTDRV_QX, DRIVERS };

static const char *const drivers[DRIVERS] = {
	[USBHID_UPS] = "usbhid-ups",
	[NUTDRV_QX] = "nutdrv_qx",
};

/* UPSes that only drivers of NUT speak to: their owners should not think that they are broken. */
static const struct {
	uint16_t vendor, product;
	const char *driver;
} foreigners[] = {
	{0x0592, 0x0002, "bcmxcp_usb"}, {0x03f0, 0x1f01, "bcmxcp_usb"},
	{0x03f0, 0x1f02, "bcmxcp_usb"}, {0x4234, 0x0001, "powervar_cx_usb"},
	{0x04b4, 0x5500, "riello_usb"}, {0x09ae, 0x0001, "tripplite_usb"},
};

struct usbknown {
	struct mapset maps[DRIVERS];
};

struct usbknown *usbknown_new(struct conf_report *r)
{
	struct usbknown *k = calloc(1, sizeof(*k));
	bool ok = k != NULL;

	for (int i = 0; ok && i < DRIVERS; i++)
		ok = mapset_load(&k->maps[i], drivers[i], r);
	if (ok)
		return k;
	usbknown_free(k);
	return NULL;
}

void usbknown_free(struct usbknown *k)
{
	for (int i = 0; k && i < DRIVERS; i++)
		mapset_free(&k->maps[i]);
	free(k);
}

static bool is_listed(const struct mapset *s, const struct usbknown_device *d)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct map *m = s->maps[i];

		for (size_t n = 0; n < m->match_count; n++)
			if (m->matches[n].how == MAP_MATCH_USB &&
			    m->matches[n].vendor == d->vendor_id &&
			    m->matches[n].product == d->product_id)
				return true;
	}
	return false;
}

static bool knows(const struct mapset *s, const struct usbknown_device *d)
{
	const struct mapset_usb usb = {
		.vendor = d->vendor_id,
		.product = d->product_id,
		.mfr = d->vendor,
		.model = d->product,
		.serial = d->serial,
	};
	const struct map *map;

	if (!d->has_texts)
		return is_listed(s, d);
	return mapset_match_usb(s, &usb, NULL, &map) != NULL;
}

struct usbknown_answer usbknown_ask(const struct usbknown *k, const struct usbknown_device *d)
{
	bool hid = knows(&k->maps[USBHID_UPS], d), qx = knows(&k->maps[NUTDRV_QX], d);
	struct usbknown_answer a = {NULL, NULL, NULL};

	if (hid)
		a.driver = drivers[USBHID_UPS];
	else if (qx)
		a.driver = drivers[NUTDRV_QX];
	/* Where both know the ids, the reports decide: without any of power devices it is no HID
	 * one. */
	if (hid && qx && !d->is_power && d->has_texts)
		a = (struct usbknown_answer){drivers[NUTDRV_QX], drivers[USBHID_UPS], NULL};
	else if (hid && qx)
		a.alternates = drivers[NUTDRV_QX];
	for (size_t i = 0; !a.driver && i < sizeof(foreigners) / sizeof(foreigners[0]); i++)
		if (foreigners[i].vendor == d->vendor_id && foreigners[i].product == d->product_id)
			a.foreign = foreigners[i].driver;
	return a;
}
