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
	TEXT_TRIES = 2,
	SILENT_TEXTS = 2,
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
	if (!read_hex(c, "usb_config_index", &s->config_index) ||
	    !read_hex(c, "usb_hid_rep_index", &s->preset.interface) ||
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
	usb_place_read(device, &u->who, u->node, sizeof(u->node));
	return u;
}

static void describe(const struct usb_identity *who, char *dst, size_t size)
{
	str_format(dst, size, "%04x:%04x \"%s\" \"%s\", serial \"%s\", at %s", who->vendor_id,
		   who->product_id, who->vendor, who->product, who->serial, who->way);
}

/* An answer that was garbled may be better the next time; of one that did not come the driver has
 * waited long enough. */
static enum usb_result read_text(struct usb *u, unsigned index, char *dst, size_t size)
{
	enum usb_result r = USB_OK;

	for (int i = 0; i < TEXT_TRIES; i++) {
		r = usb_string(u, index, dst, size);
		if (r != USB_FAILED)
			break;
	}
	core_clean(dst);
	return r;
}

/* A device that is silent is asked for two texts, not for all: others, which may be the ones that
 * are meant, wait for it. */
static enum usb_result read_texts(struct usb *u, const struct libusb_device_descriptor *d)
{
	struct usb_identity *who = &u->who;
	const struct {
		unsigned index;
		char *text;
	} rows[] = {{d->iManufacturer, who->vendor},
		    {d->iProduct, who->product},
		    {d->iSerialNumber, who->serial}};
	int silent = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && silent < SILENT_TEXTS; i++) {
		enum usb_result r = read_text(u, rows[i].index, rows[i].text, sizeof(who->serial));

		if (r == USB_GONE || r == USB_ENDING)
			return r;
		silent += r == USB_TIMEOUT;
	}
	return USB_OK;
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

/* ----------------------------------------------------------------------------- taking */

static void remember(struct usb_memory *m, const struct usb *u)
{
	char serial[sizeof(m->who.serial)];

	str_copy(serial, sizeof(serial), m->set ? m->who.serial : "");
	m->who = u->who;
	if (!*m->who.serial)
		str_copy(m->who.serial, sizeof(m->who.serial), serial);
	m->set = true;
}

static void note_others(struct usb_bus *b, const struct usb *u)
{
	libusb_device **list = NULL;
	ssize_t n = libusb_get_device_list(b->context, &list);

	for (ssize_t i = 0; i < n; i++)
		if (list[i] != u->device)
			usb_memory_note(&b->memory, list[i]);
	if (n >= 0)
		libusb_free_device_list(list, 1);
}

static bool take(struct search *s, struct usb *u)
{
	char text[480];

	s->bus->open = u;
	if (s->asked != u && !ask_accept(s, u))
		return false;
	if (!usb_claim(u, s->core, s->config_index))
		return false;
	describe(&u->who, text, sizeof(text));
	log_info(token, "[%s] is %s", core_ups(s->core), text);
	if (s->count > 1 && !s->bus->memory.set && !core_flag(s->core, "allow_duplicates"))
		log_warn(token,
			 "[%s] fits %zu devices and took the first: set serial, or busport, or, if "
			 "it does not matter which, allow_duplicates",
			 core_ups(s->core), s->count);
	remember(&s->bus->memory, u);
	note_others(s->bus, u);
	s->bus->said[0] = '\0';
	memset(&u->counts, 0, sizeof(u->counts));
	return true;
}

static bool refuse_many(struct search *s)
{
	char text[480];

	if (!s->finder->sole || s->count < 2 || core_flag(s->core, "allow_duplicates"))
		return false;
	log_error(token, "[%s] several devices fit; choose one by vendorid, serial or busport:",
		  core_ups(s->core));
	for (size_t i = 0; i < s->count; i++) {
		describe(&s->found[i]->who, text, sizeof(text));
		log_error(token, "[%s] %s", core_ups(s->core), text);
		usb_close(s->found[i]);
	}
	s->count = 0;
	return true;
}

static struct usb *take_one(struct search *s)
{
	/* Another one than the best is another device, unless that was allowed. */
	bool any = core_flag(s->core, "allow_duplicates") && !s->bus->memory.set;
	struct usb *taken = NULL;

	if (refuse_many(s))
		return NULL;
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
	if (s.bus) {
		*out = find(&s);
		s.bus->in_vain = !*out;
	}
	usb_patterns_free(&s.patterns);
	return *out ? DRIVER_OK : DRIVER_FAILED;
}

/* Not from a device that is silent: the kernel would ask it for its reports, for 20 seconds
 * and more, and keep us meanwhile. */
static void give_back(struct usb *u)
{
	if (u->claimed && u->silent)
		libusb_set_auto_detach_kernel_driver(u->handle, 0);
	if (u->claimed)
		libusb_release_interface(u->handle, u->interface);
	if (u->detached && !u->silent)
		libusb_attach_kernel_driver(u->handle, u->interface);
}

void usb_close(struct usb *u)
{
	if (!u)
		return;
	usb_unlisten(u);
	give_back(u);
	if (u->handle)
		libusb_close(u->handle);
	if (u->lock_fd >= 0)
		close(u->lock_fd);
	if (u->bus->open == u)
		u->bus->open = NULL;
	libusb_unref_device(u->device);
	free(u);
}

bool usb_is_hid(const struct usb *u)
{
	struct libusb_config_descriptor *config;
	bool hid = false, boot = false;

	if (libusb_get_active_config_descriptor(u->device, &config) != 0)
		return false;
	for (int i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface *face = &config->interface[i];

		for (int k = 0; k < face->num_altsetting; k++) {
			const struct libusb_interface_descriptor *d = &face->altsetting[k];

			hid = hid || d->bInterfaceClass == LIBUSB_CLASS_HID;
			boot = boot || (d->bInterfaceClass == LIBUSB_CLASS_HID &&
					d->bInterfaceSubClass == 1);
		}
	}
	libusb_free_config_descriptor(config);
	return hid && !boot;
}

int usb_next_hid(const struct usb *u)
{
	struct libusb_config_descriptor *config;
	bool behind = false;
	int next = USB_ANY;

	if (libusb_get_active_config_descriptor(u->device, &config) != 0)
		return USB_ANY;
	for (int i = 0; i < config->bNumInterfaces && next == USB_ANY; i++) {
		const struct libusb_interface *face = &config->interface[i];

		if (face->num_altsetting < 1)
			continue;
		if (behind && face->altsetting[0].bInterfaceClass == LIBUSB_CLASS_HID)
			next = face->altsetting[0].bInterfaceNumber;
		behind = behind || face->altsetting[0].bInterfaceNumber == u->interface;
	}
	libusb_free_config_descriptor(config);
	return next;
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
