#include "config.h"

#include "drivers/scan/usbscan.h"

#include <libusb.h>

#include "common/base/str.h"
#include "drivers/core/core.h"
#include "drivers/scan/usbknown.h"
#include "drivers/transport/usb_private.h"

enum { INTERFACES_MAX = 32 };

struct scan {
	const struct usbknown *known;
	struct findings *all;
	int detail;
};

/* A device while it is looked at. */
struct look {
	libusb_device *device;
	struct libusb_device_descriptor desc;
	struct usb_identity who;
	char node[64];
	bool is_power;
	char obstacle[900]; /* why it could not be opened; "" */
	bool has_texts;
};

/* ------------------------------------------------------------------------------------ texts */

/* False: the device is silent, and is not to be asked any more. */
static bool read_text(libusb_device_handle *handle, unsigned char index, char *dst, int size)
{
	int n = index ? libusb_get_string_descriptor_ascii(handle, index, (unsigned char *)dst,
							   size - 1)
		      : 0;

	dst[n > 0 ? n : 0] = '\0';
	core_clean(dst);
	return n != LIBUSB_ERROR_TIMEOUT;
}

static void read_texts(struct look *l)
{
	struct usb_identity *who = &l->who;
	libusb_device_handle *handle;
	int err = libusb_open(l->device, &handle);

	if (err == LIBUSB_ERROR_ACCESS)
		usb_access_explain(who, l->node, l->obstacle, sizeof(l->obstacle));
	else if (err)
		str_format(l->obstacle, sizeof(l->obstacle), "%s is not opened: %s", l->node,
			   libusb_strerror(err));
	if (err)
		return;
	l->has_texts = read_text(handle, l->desc.iManufacturer, who->vendor, sizeof(who->vendor)) &&
		       read_text(handle, l->desc.iProduct, who->product, sizeof(who->product)) &&
		       read_text(handle, l->desc.iSerialNumber, who->serial, sizeof(who->serial));
	if (!l->has_texts)
		str_format(l->obstacle, sizeof(l->obstacle),
			   "it does not answer when it is asked for its texts");
	libusb_close(handle);
}

/* ---------------------------------------------------------------------------- power devices */

/* Reports of the usage page of power devices, or batteries, first of all; as far as the system's
 * own driver has read them. */
static bool is_power(const struct look *l)
{
	unsigned char head[2];
	bool is_there = true;

	for (unsigned nth = 0; is_there && nth < INTERFACES_MAX; nth++)
		if (usb_place_reports(l->device, &l->who, nth, head, sizeof(head), &is_there) ==
			    sizeof(head) &&
		    head[0] == 0x05 && (head[1] == 0x84 || head[1] == 0x85))
			return true;
	return false;
}

/* ---------------------------------------------------------------------------------- findings */

static void set_place(struct scan *s, struct finding *f, const struct look *l)
{
	char text[16];

	str_format(text, sizeof(text), "%03u", l->who.bus);
	finding_comment(s->all, f, s->detail >= 2 ? NULL : "", "bus", text);
	str_format(text, sizeof(text), "%03u", l->who.number);
	finding_comment(s->all, f, s->detail >= 3 ? NULL : "", "device", text);
	str_format(text, sizeof(text), "%03u", l->who.port);
	finding_comment(s->all, f, s->detail >= 2 ? NULL : "", "busport", text);
	str_format(text, sizeof(text), "%04X", l->who.release);
	/* No driver looks at it. */
	if (s->detail >= 4)
		finding_comment(s->all, f, "NOTMATCHED-YET", "bcdDevice", text);
}

static void add_device(struct scan *s, const struct look *l, const struct usbknown_answer *a)
{
	struct finding *f = findings_add(s->all, FINDING_USB, a->driver, "auto");
	char text[16];

	if (!f)
		return;
	f->alternates = a->alternates;
	f->place = str_dup(l->who.way);
	s->all->failed = s->all->failed || !f->place;
	str_format(text, sizeof(text), "%04X", l->who.vendor_id);
	finding_set(s->all, f, "vendorid", text);
	str_format(text, sizeof(text), "%04X", l->who.product_id);
	finding_set(s->all, f, "productid", text);
	finding_set_pattern(s->all, f, "product", l->who.product);
	finding_set_pattern(s->all, f, "serial", l->who.serial);
	finding_set_pattern(s->all, f, "vendor", l->who.vendor);
	set_place(s, f, l);
	if (*l->obstacle)
		finding_remark(s->all, f, "%s", l->obstacle);
}

static void add_remark(struct scan *s, const struct look *l, const struct usbknown_answer *a)
{
	struct finding *f = findings_add(s->all, FINDING_USB, NULL, NULL);

	if (a->foreign)
		finding_remark(s->all, f,
			       "USB device %04x:%04x at %s (%s %s) is a UPS for NUT's driver %s, "
			       "which this suite has not",
			       l->who.vendor_id, l->who.product_id, l->who.way, l->who.vendor,
			       l->who.product, a->foreign);
	else
		finding_remark(s->all, f,
			       "USB device %04x:%04x at %s (%s %s) says that it is a power device, "
			       "and no map knows it: \"usbhid-ups --explore -x vendorid=%04x -x "
			       "productid=%04x\" drafts one",
			       l->who.vendor_id, l->who.product_id, l->who.way, l->who.vendor,
			       l->who.product, l->who.vendor_id, l->who.product_id);
}

static struct usbknown_answer ask(struct scan *s, const struct look *l)
{
	const struct usbknown_device d = {
		.vendor_id = l->who.vendor_id,
		.product_id = l->who.product_id,
		.has_texts = l->has_texts,
		.vendor = l->who.vendor,
		.product = l->who.product,
		.serial = l->who.serial,
		.is_power = l->is_power,
	};

	return usbknown_ask(s->known, &d);
}

static void look_at(struct scan *s, libusb_device *device)
{
	struct look l = {.device = device};
	struct usbknown_answer a;

	if (libusb_get_device_descriptor(device, &l.desc) != 0 ||
	    l.desc.bDeviceClass == LIBUSB_CLASS_HUB)
		return;
	l.who.vendor_id = l.desc.idVendor;
	l.who.product_id = l.desc.idProduct;
	l.who.release = l.desc.bcdDevice;
	usb_place_read(device, &l.who, l.node, sizeof(l.node));
	l.is_power = is_power(&l);
	a = ask(s, &l);
	if (!a.driver && !a.foreign && !l.is_power)
		return;
	read_texts(&l);
	a = ask(s, &l);
	if (a.driver)
		add_device(s, &l, &a);
	else if (a.foreign || l.is_power)
		add_remark(s, &l, &a);
}

/* -------------------------------------------------------------------------- two of one kind */

static bool are_alike(const struct finding *a, const struct finding *b)
{
	static const char *const keys[] = {"vendorid", "productid", "product", "serial", "vendor"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!str_equal(finding_text(a, keys[i]), finding_text(b, keys[i])))
			return false;
	return true;
}

static void tell_apart(struct findings *all, struct finding *f)
{
	for (struct finding *other = all->first; f->place && other; other = other->next) {
		if (other == f || other->type != FINDING_USB || !other->driver ||
		    !are_alike(f, other))
			continue;
		finding_remark(all, f,
			       "there is another one of its kind that says the same of itself: "
			       "its place tells it apart, so it has to stay there");
		finding_replace(all, f, "busport", f->place);
		return;
	}
}

bool usbscan_run(int detail, struct conf_report *r, struct findings *all, char *why, size_t size)
{
	struct scan s = {.all = all, .detail = detail};
	struct usbknown *known = usbknown_new(r);
	libusb_context *context = NULL;
	libusb_device **list = NULL;
	ssize_t count;
	int err = known ? libusb_init(&context) : LIBUSB_ERROR_NO_MEM;

	count = err ? err : libusb_get_device_list(context, &list);
	s.known = known;
	for (ssize_t i = 0; i < count; i++)
		look_at(&s, list[i]);
	for (struct finding *f = all->first; f; f = f->next)
		if (f->type == FINDING_USB && f->driver)
			tell_apart(all, f);
	if (count < 0)
		str_format(why, size, "libusb cannot look at the bus: %s",
			   libusb_strerror((int)count));
	if (list)
		libusb_free_device_list(list, 1);
	if (!err)
		libusb_exit(context);
	usbknown_free(known);
	return count >= 0;
}
