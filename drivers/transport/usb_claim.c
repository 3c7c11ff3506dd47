/*
 * The inside of a device: which interface and endpoints, whose they are, and making them ours.
 */
#include "config.h"

#include "common/base/str.h"
#include "drivers/transport/holder.h"
#include "drivers/transport/usb_private.h"

enum { CLAIM_TRIES = 3, CLAIM_PAUSE_MS = 100 };

/* -------------------------------------------------------------------------- descriptors */

/* The `index`th HID descriptor among descriptors of a class. */
static bool find_hid(const uint8_t *extra, int size, int index, size_t *length)
{
	while (size >= 2 && extra[0] >= 2 && extra[0] <= size) {
		if (extra[1] == LIBUSB_DT_HID && extra[0] >= 9 && index-- == 0) {
			*length = (size_t)extra[7] | (size_t)extra[8] << 8;
			return true;
		}
		size -= extra[0];
		extra += extra[0];
	}
	return false;
}

/* Where it belongs, or behind an endpoint, where older devices have it. */
static void read_hid(struct usb *u, const struct libusb_interface_descriptor *d)
{
	int index = u->choice.hid_index > 0 ? u->choice.hid_index : 0;
	bool found = find_hid(d->extra, d->extra_length, index, &u->report_length_config);

	for (int i = 0; !found && i < d->bNumEndpoints; i++)
		found = find_hid(d->endpoint[i].extra, d->endpoint[i].extra_length, index,
				 &u->report_length_config);
}

static bool is_endpoint(const struct libusb_endpoint_descriptor *e, uint8_t direction, int wanted)
{
	if ((e->bEndpointAddress & LIBUSB_ENDPOINT_DIR_MASK) != direction)
		return false;
	if (wanted != USB_ANY)
		return (e->bEndpointAddress & 0x0f) == (wanted & 0x0f);
	return (e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) == LIBUSB_TRANSFER_TYPE_INTERRUPT;
}

static void read_endpoints(struct usb *u, const struct libusb_interface_descriptor *d)
{
	for (int i = 0; i < d->bNumEndpoints; i++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[i];

		if (!u->in && is_endpoint(e, LIBUSB_ENDPOINT_IN, u->choice.in)) {
			u->in = e->bEndpointAddress;
			u->packet_size = e->wMaxPacketSize & 0x7ff;
		}
		if (!u->out && is_endpoint(e, LIBUSB_ENDPOINT_OUT, u->choice.out))
			u->out = e->bEndpointAddress;
	}
}

/* A number that was asked for, else the first for HID, else the first. */
static const struct libusb_interface *find_interface(const struct libusb_config_descriptor *config,
						     int wanted)
{
	const struct libusb_interface *first = NULL;

	for (int i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface *n = &config->interface[i];

		if (n->num_altsetting < 1)
			continue;
		if (wanted != USB_ANY ? n->altsetting[0].bInterfaceNumber == wanted
				      : n->altsetting[0].bInterfaceClass == LIBUSB_CLASS_HID)
			return n;
		if (!first)
			first = n;
	}
	return wanted == USB_ANY ? first : NULL;
}

static bool read_interface(struct usb *u, const struct libusb_config_descriptor *config)
{
	const struct libusb_interface *n = find_interface(config, u->choice.interface);
	const struct libusb_interface_descriptor *d;

	if (!n)
		return false;
	d = &n->altsetting[0];
	for (int i = 0; i < n->num_altsetting; i++)
		if (u->choice.alternate == n->altsetting[i].bAlternateSetting)
			d = &n->altsetting[i];
	u->interface = d->bInterfaceNumber;
	u->configuration = config->bConfigurationValue;
	read_hid(u, d);
	read_endpoints(u, d);
	return true;
}

static bool read_configuration(struct usb *u, struct core *c, int config_index)
{
	struct libusb_config_descriptor *config = NULL;
	int err;
	bool found;

	if (config_index != USB_ANY)
		err = libusb_get_config_descriptor(u->device, (uint8_t)config_index, &config);
	else
		err = libusb_get_active_config_descriptor(u->device, &config);
	/* Nobody has configured it yet. */
	if (err == LIBUSB_ERROR_NOT_FOUND && config_index == USB_ANY)
		err = libusb_get_config_descriptor(u->device, 0, &config);
	if (err) {
		usb_bus_say(u->bus, "[%s] %s: its configuration is not readable: %s", core_ups(c),
			    u->node, libusb_strerror(err));
		return false;
	}
	found = read_interface(u, config);
	libusb_free_config_descriptor(config);
	if (!found)
		usb_bus_say(u->bus, "[%s] %s has no interface %d (usb_hid_rep_index)", core_ups(c),
			    u->node, u->choice.interface);
	return found;
}

/* ----------------------------------------------------------------------------- taking */

static bool take_lock(struct usb *u, struct core *c)
{
	char holder[128];
	pid_t pid;

	u->lock_fd = usb_lock(u->who.way, &pid);
	if (u->lock_fd != -1)
		return true;
	holder_name(pid, holder, sizeof(holder));
	usb_bus_say(u->bus,
		    "[%s] %s (%04x:%04x at %s) is driven by %s already: tell the sections apart by "
		    "serial or busport",
		    core_ups(c), u->node, u->who.vendor_id, u->who.product_id, u->who.way, holder);
	return false;
}

/* Only if it must be: it resets what the kernel has set up. */
static int configure(struct usb *u)
{
	int now = 0;
	int err = libusb_get_configuration(u->handle, &now);

	if (err || now == u->configuration)
		return err;
	if (libusb_kernel_driver_active(u->handle, u->interface) == 1)
		libusb_detach_kernel_driver(u->handle, u->interface);
	return libusb_set_configuration(u->handle, u->configuration);
}

/*
 * These calls keep us until the system is done, up to five seconds each with a device that
 * does not answer (the limit of its own transfers); the others get their turn in between.
 */
static int claim_once(struct usb *u, struct core *c)
{
	int err = configure(u);

	if (!core_wait(c, 0))
		return LIBUSB_ERROR_INTERRUPTED;
	/* Detached with the claim, given back with the release, where libusb can. */
	if (!err && libusb_set_auto_detach_kernel_driver(u->handle, 1) != 0)
		u->detached = libusb_detach_kernel_driver(u->handle, u->interface) == 0;
	if (!err)
		err = libusb_claim_interface(u->handle, u->interface);
	u->claimed = u->claimed || err == 0;
	if (!core_wait(c, 0))
		return LIBUSB_ERROR_INTERRUPTED;
	if (!err && u->choice.alternate != USB_ANY)
		err = libusb_set_interface_alt_setting(u->handle, u->interface,
						       u->choice.alternate);
	return err;
}

static bool claim(struct usb *u, struct core *c)
{
	char why[500];
	int err = claim_once(u, c);

	for (int i = 1; i < CLAIM_TRIES && (err == LIBUSB_ERROR_BUSY || err == LIBUSB_ERROR_IO);
	     i++) {
		if (!core_wait(c, CLAIM_PAUSE_MS))
			return false;
		err = claim_once(u, c);
	}
	if (!err || err == LIBUSB_ERROR_INTERRUPTED)
		return !err;
	if (err == LIBUSB_ERROR_BUSY)
		usb_holder_explain(u, why, sizeof(why));
	else
		str_copy(why, sizeof(why), libusb_strerror(err));
	usb_bus_say(u->bus, "[%s] interface %d of %s (%04x:%04x at %s) is not to be had: %s",
		    core_ups(c), u->interface, u->node, u->who.vendor_id, u->who.product_id,
		    u->who.way, why);
	return false;
}

bool usb_claim(struct usb *u, struct core *c, int config_index)
{
	return read_configuration(u, c, config_index) && take_lock(u, c) && claim(u, c);
}
