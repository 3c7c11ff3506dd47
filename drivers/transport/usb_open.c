/*
 * The way to the device: look at all that may be meant, take one, let go of it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"
#include "drivers/transport/usb_private.h"

static const char token[] = "usb";

enum {
	CANDIDATES_MAX = 16,
	LOOKS_MAX = 3, /* when devices come while we look */
	CLAIM_TRIES = 3,
	CLAIM_PAUSE_MS = 100,
	TEXT_TRIES = 2,
};

/* One look at the bus. */
struct search {
	struct core *core;
	struct usb_bus *bus;
	const struct usb_finder *finder;
	void *arg;
	struct usb_patterns patterns;
	struct usb_choice preset;
	int config_index; /* USB_ANY: the active one */

	struct usb *found[CANDIDATES_MAX]; /* open, accepted, best first */
	size_t count;
	struct usb *asked;  /* whom accept() was asked of last */
	unsigned seen;      /* devices that are no hubs */
	char obstacle[700]; /* why one that may be meant is not looked at */
	char other[500];    /* one that is not meant although its ids fit */
};

/* ---------------------------------------------------------------------------- options */

static bool read_hex(struct core *c, const char *key, int *out)
{
	const char *text = core_option(c, key);
	char *end;
	long n;

	*out = USB_ANY;
	if (!text)
		return true;
	errno = 0;
	n = strtol(text, &end, 16);
	if (errno || end == text || *end || n < 0 || n > 255) {
		log_error(token, "[%s] %s = \"%s\": it takes a hexadecimal number up to ff",
			  core_ups(c), key, text);
		return false;
	}
	*out = (int)n;
	return true;
}

/* A flag that may carry a number. */
static bool read_alternate(struct core *c, int *out)
{
	const char *text = core_option(c, "usb_set_altinterface");
	long n = 0;

	*out = USB_ANY;
	if (!core_flag(c, "usb_set_altinterface"))
		return true;
	if (text && *text && !str_to_long(text, 0, 255, &n)) {
		log_error(token, "[%s] usb_set_altinterface = \"%s\": it takes a number",
			  core_ups(c), text);
		return false;
	}
	*out = (int)n;
	return true;
}

static bool read_options(struct search *s)
{
	struct core *c = s->core;

	s->preset.language = USB_ANY;
	s->config_index = (int)core_option_long(c, "usb_config_index", USB_ANY);
	if (!read_hex(c, "usb_hid_rep_index", &s->preset.interface) ||
	    !read_hex(c, "usb_hid_desc_index", &s->preset.hid_index) ||
	    !read_hex(c, "usb_hid_ep_in", &s->preset.in) ||
	    !read_hex(c, "usb_hid_ep_out", &s->preset.out) ||
	    !read_alternate(c, &s->preset.alternate) || !usb_patterns_read(&s->patterns, c))
		return false;
	if (s->patterns.any || s->finder->known)
		return true;
	log_error(token, "[%s] fits any USB device: set vendorid and productid", core_ups(c));
	usb_patterns_free(&s->patterns);
	return false;
}

/* What the options say goes over what the driver knows. */
static void prefer_options(struct usb_choice *c, const struct usb_choice *preset)
{
	if (preset->interface != USB_ANY)
		c->interface = preset->interface;
	if (preset->hid_index != USB_ANY)
		c->hid_index = preset->hid_index;
	if (preset->in != USB_ANY)
		c->in = preset->in;
	if (preset->out != USB_ANY)
		c->out = preset->out;
	if (preset->alternate != USB_ANY)
		c->alternate = preset->alternate;
}

/* --------------------------------------------------------------------------- a device */

static void read_place(struct usb *u)
{
	uint8_t ports[8];
	struct usb_identity *who = &u->who;
	int n = libusb_get_port_numbers(u->device, ports, (int)sizeof(ports));
	size_t at;

	who->bus = libusb_get_bus_number(u->device);
	who->number = libusb_get_device_address(u->device);
	who->port = libusb_get_port_number(u->device);
	str_format(who->way, sizeof(who->way), "%u", who->bus);
	for (int i = 0; i < n; i++) {
		at = strlen(who->way);
		str_format(who->way + at, sizeof(who->way) - at, "%c%u", i ? '.' : '-', ports[i]);
	}
	/* Where the system knows no ports there is only the number. */
	if (n <= 0) {
		at = strlen(who->way);
		str_format(who->way + at, sizeof(who->way) - at, "-dev%u", who->number);
	}
#ifdef __linux__
	str_format(u->node, sizeof(u->node), "/dev/bus/usb/%03u/%03u", who->bus, who->number);
#else
	str_format(u->node, sizeof(u->node), "bus %03u device %03u", who->bus, who->number);
#endif
}

static struct usb *device_new(struct search *s, libusb_device *device,
			      const struct libusb_device_descriptor *d)
{
	struct usb *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->bus = s->bus;
	u->device = libusb_ref_device(device);
	u->lock_fd = -1;
	u->language = -1;
	u->choice = s->preset;
	u->who.vendor_id = d->idVendor;
	u->who.product_id = d->idProduct;
	u->who.release = d->bcdDevice;
	read_place(u);
	return u;
}

static void describe(const struct usb_identity *who, char *dst, size_t size)
{
	str_format(dst, size, "%04x:%04x \"%s\" \"%s\", serial \"%s\", at %s", who->vendor_id,
		   who->product_id, who->vendor, who->product, who->serial, who->way);
}

static enum usb_result read_text(struct usb *u, unsigned index, char *dst, size_t size)
{
	enum usb_result r = USB_OK;

	for (int i = 0; i < TEXT_TRIES; i++) {
		r = usb_string(u, index, dst, size);
		if (r != USB_FAILED && r != USB_TIMEOUT)
			break;
	}
	return r == USB_GONE || r == USB_ENDING ? r : USB_OK;
}

static enum usb_result read_texts(struct usb *u, const struct libusb_device_descriptor *d)
{
	struct usb_identity *who = &u->who;
	enum usb_result r;

	r = read_text(u, d->iManufacturer, who->vendor, sizeof(who->vendor));
	if (r == USB_OK)
		r = read_text(u, d->iProduct, who->product, sizeof(who->product));
	if (r == USB_OK)
		r = read_text(u, d->iSerialNumber, who->serial, sizeof(who->serial));
	core_clean(who->vendor);
	core_clean(who->product);
	core_clean(who->serial);
	return r;
}

/* ---------------------------------------------------------------------------- looking */

static bool may_be_meant(struct search *s, const struct usb *u)
{
	const struct usb_identity *who = &u->who;
	const struct usb_memory *m = &s->bus->memory;

	/* The number was good for the first time only. */
	if (!usb_patterns_match_place(&s->patterns, who, !m->set))
		return false;
	if (s->finder->known && !s->finder->known(s->arg, who->vendor_id, who->product_id))
		return false;
	return !m->set ||
	       (m->who.vendor_id == who->vendor_id && m->who.product_id == who->product_id);
}

static bool open_handle(struct search *s, struct usb *u)
{
	int err = libusb_open(u->device, &u->handle);

	if (!err)
		return true;
	u->handle = NULL;
	if (err == LIBUSB_ERROR_ACCESS)
		usb_access_explain(&u->who, u->node, s->obstacle, sizeof(s->obstacle));
	else if (err != LIBUSB_ERROR_NO_DEVICE)
		str_format(s->obstacle, sizeof(s->obstacle), "%s is not opened: %s", u->node,
			   libusb_strerror(err));
	return false;
}

static bool ask_accept(struct search *s, struct usb *u)
{
	u->choice = s->preset;
	s->asked = u;
	if (s->finder->accept && !s->finder->accept(s->arg, u, &u->who, &u->choice))
		return false;
	prefer_options(&u->choice, &s->preset);
	return !u->gone;
}

static bool is_meant(struct search *s, struct usb *u, const struct libusb_device_descriptor *d)
{
	char text[480];

	if (!open_handle(s, u) || read_texts(u, d) != USB_OK)
		return false;
	if (usb_patterns_match_texts(&s->patterns, &u->who) &&
	    usb_memory_score(&s->bus->memory, &u->who) > 0 && ask_accept(s, u))
		return true;
	describe(&u->who, text, sizeof(text));
	str_copy(s->other, sizeof(s->other), text);
	return false;
}

static bool is_better(struct search *s, const struct usb *a, const struct usb *b)
{
	int by_memory = usb_memory_score(&s->bus->memory, &a->who) -
			usb_memory_score(&s->bus->memory, &b->who);

	if (by_memory != 0)
		return by_memory > 0;
	return strcmp(a->who.way, b->who.way) < 0;
}

static void keep(struct search *s, struct usb *u)
{
	size_t at = s->count;

	if (at == CANDIDATES_MAX) {
		usb_close(u);
		return;
	}
	for (; at > 0 && is_better(s, u, s->found[at - 1]); at--)
		s->found[at] = s->found[at - 1];
	s->found[at] = u;
	s->count++;
}

static void look_at(struct search *s, libusb_device *device)
{
	struct libusb_device_descriptor d;
	struct usb *u;

	if (libusb_get_device_descriptor(device, &d) != 0 || d.bDeviceClass == LIBUSB_CLASS_HUB)
		return;
	s->seen++;
	u = device_new(s, device, &d);
	if (!u)
		return;
	if (may_be_meant(s, u) && is_meant(s, u, &d))
		keep(s, u);
	else
		usb_close(u);
}

/* False: the process ends. */
static bool look(struct search *s)
{
	libusb_device **list = NULL;
	ssize_t n = libusb_get_device_list(s->bus->context, &list);
	bool going = true;

	if (n < 0)
		str_format(s->obstacle, sizeof(s->obstacle), "the bus is not readable: %s",
			   libusb_strerror((int)n));
	for (ssize_t i = 0; i < n && going; i++) {
		look_at(s, list[i]);
		going = core_wait(s->core, 0);
	}
	if (n >= 0)
		libusb_free_device_list(list, 1);
	return going;
}

/* ------------------------------------------------------------------- inside the device */

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

static bool read_configuration(struct search *s, struct usb *u)
{
	struct libusb_config_descriptor *config = NULL;
	int err;
	bool found;

	if (s->config_index != USB_ANY)
		err = libusb_get_config_descriptor(u->device, (uint8_t)s->config_index, &config);
	else
		err = libusb_get_active_config_descriptor(u->device, &config);
	/* Nobody has configured it yet. */
	if (err == LIBUSB_ERROR_NOT_FOUND && s->config_index == USB_ANY)
		err = libusb_get_config_descriptor(u->device, 0, &config);
	if (err) {
		usb_bus_say(s->bus, "[%s] %s: its configuration is not readable: %s",
			    core_ups(s->core), u->node, libusb_strerror(err));
		return false;
	}
	found = read_interface(u, config);
	libusb_free_config_descriptor(config);
	if (!found)
		usb_bus_say(s->bus, "[%s] %s has no interface %d (usb_hid_rep_index)",
			    core_ups(s->core), u->node, u->choice.interface);
	return found;
}

/* ----------------------------------------------------------------------------- taking */

static bool take_lock(struct search *s, struct usb *u)
{
	char holder[128];
	pid_t pid;

	u->lock_fd = usb_lock(u->who.way, &pid);
	if (u->lock_fd != -1)
		return true;
	usb_holder_name(pid, holder, sizeof(holder));
	usb_bus_say(s->bus,
		    "[%s] %s (%04x:%04x at %s) is driven by %s already: tell the sections apart by "
		    "serial or busport",
		    core_ups(s->core), u->node, u->who.vendor_id, u->who.product_id, u->who.way,
		    holder);
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

static int claim_once(struct usb *u)
{
	int err = configure(u);

	/* Detached with the claim, given back with the release, where libusb can. */
	if (!err && libusb_set_auto_detach_kernel_driver(u->handle, 1) != 0)
		u->detached = libusb_detach_kernel_driver(u->handle, u->interface) == 0;
	if (!err)
		err = libusb_claim_interface(u->handle, u->interface);
	u->claimed = err == 0;
	if (!err && u->choice.alternate != USB_ANY)
		err = libusb_set_interface_alt_setting(u->handle, u->interface,
						       u->choice.alternate);
	return err;
}

static bool claim(struct search *s, struct usb *u)
{
	char why[500];
	int err = claim_once(u);

	for (int i = 1; i < CLAIM_TRIES && (err == LIBUSB_ERROR_BUSY || err == LIBUSB_ERROR_IO);
	     i++) {
		if (!core_wait(s->core, CLAIM_PAUSE_MS))
			return false;
		err = claim_once(u);
	}
	if (!err)
		return true;
	if (err == LIBUSB_ERROR_BUSY)
		usb_holder_explain(u, why, sizeof(why));
	else
		str_copy(why, sizeof(why), libusb_strerror(err));
	usb_bus_say(s->bus, "[%s] interface %d of %s (%04x:%04x at %s) is not to be had: %s",
		    core_ups(s->core), u->interface, u->node, u->who.vendor_id, u->who.product_id,
		    u->who.way, why);
	return false;
}

static void remember(struct usb_memory *m, const struct usb *u)
{
	char serial[sizeof(m->who.serial)];

	str_copy(serial, sizeof(serial), m->set ? m->who.serial : "");
	m->who = u->who;
	if (!*m->who.serial)
		str_copy(m->who.serial, sizeof(m->who.serial), serial);
	m->set = true;
}

static bool take(struct search *s, struct usb *u)
{
	char text[480];

	s->bus->open = u;
	if (s->asked != u && !ask_accept(s, u))
		return false;
	if (!read_configuration(s, u) || !take_lock(s, u) || !claim(s, u))
		return false;
	describe(&u->who, text, sizeof(text));
	log_info(token, "[%s] is %s", core_ups(s->core), text);
	if (s->count > 1 && !s->bus->memory.set && !core_flag(s->core, "allow_duplicates"))
		log_warn(token,
			 "[%s] fits %zu devices and took the first: set serial, or busport, or, if "
			 "it does not matter which, allow_duplicates",
			 core_ups(s->core), s->count);
	remember(&s->bus->memory, u);
	s->bus->said[0] = '\0';
	memset(&u->counts, 0, sizeof(u->counts));
	return true;
}

static struct usb *take_one(struct search *s)
{
	/* Another one than the best is another device, unless that was allowed. */
	bool any = core_flag(s->core, "allow_duplicates") && !s->bus->memory.set;
	struct usb *taken = NULL;

	for (size_t i = 0; i < s->count && !taken && (i == 0 || any); i++)
		if (take(s, s->found[i]))
			taken = s->found[i];
	for (size_t i = 0; i < s->count; i++)
		if (s->found[i] != taken)
			usb_close(s->found[i]);
	s->bus->open = taken;
	return taken;
}

/* --------------------------------------------------------------------------- the whole */

static void say_nothing_found(struct search *s)
{
	if (*s->obstacle)
		usb_bus_say(s->bus, "[%s] %s", core_ups(s->core), s->obstacle);
	else if (*s->other && s->bus->memory.set)
		usb_bus_say(s->bus,
			    "[%s] its device is away; %s is another one (if it is to take its "
			    "place, restart the driver)",
			    core_ups(s->core), s->other);
	else if (*s->other)
		usb_bus_say(s->bus, "[%s] no USB device fits: %s does not", core_ups(s->core),
			    s->other);
	else if (s->bus->memory.set)
		usb_bus_say(s->bus, "[%s] its device is away", core_ups(s->core));
	else
		usb_bus_say(s->bus, "[%s] no USB device fits: none of the %u has such ids",
			    core_ups(s->core), s->seen);
}

/* One look, and one more if something was plugged in meanwhile: nobody would come back to it soon.
 */
static struct usb *find(struct search *s)
{
	struct usb *u = NULL;

	for (int i = 0; i < LOOKS_MAX && !u; i++) {
		unsigned before = s->bus->arrivals;
		bool going;

		s->count = 0;
		s->seen = 0;
		s->asked = NULL;
		s->obstacle[0] = s->other[0] = '\0';
		going = look(s);
		if (going && s->count == 0)
			say_nothing_found(s);
		u = take_one(s);
		if (!going || before == s->bus->arrivals)
			break;
	}
	return u;
}

enum driver_result usb_open(struct core *c, const struct usb_finder *f, void *arg, struct usb **out)
{
	struct search s = {.core = c, .finder = f, .arg = arg};

	*out = NULL;
	if (!read_options(&s))
		return DRIVER_FATAL;
	s.bus = usb_bus_get(c);
	if (s.bus)
		*out = find(&s);
	usb_patterns_free(&s.patterns);
	return *out ? DRIVER_OK : DRIVER_FAILED;
}

void usb_close(struct usb *u)
{
	if (!u)
		return;
	usb_unlisten(u);
	if (u->claimed)
		libusb_release_interface(u->handle, u->interface);
	if (u->detached)
		libusb_attach_kernel_driver(u->handle, u->interface);
	if (u->handle)
		libusb_close(u->handle);
	if (u->lock_fd >= 0)
		close(u->lock_fd);
	if (u->bus->open == u)
		u->bus->open = NULL;
	libusb_unref_device(u->device);
	free(u);
}

const struct usb_identity *usb_identity(const struct usb *u)
{
	return &u->who;
}

const char *usb_node(const struct usb *u)
{
	return u->node;
}

int usb_interface(const struct usb *u)
{
	return u->interface;
}

size_t usb_packet_size(const struct usb *u)
{
	return u->packet_size;
}
