/*
 * usbhid-ups: UPSes that speak HID over USB.  The maps say what they mean
 * (docs/maps.md, data/maps/usbhid-ups), engine.h does the work, usb.h reaches
 * the device; this file brings them together.
 */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/core/driver.h"
#include "drivers/engine/host.h"
#include "drivers/transport/usb.h"
#include "drivers/usbhid/hiddevice.h"
#include "drivers/usbhid/hidfix.h"
#include "drivers/usbhid/look.h"

static const char token[] = "usbhid";
static const char program[] = "usbhid-ups";

enum {
	DESCRIPTOR_MAX = 16384,
	REPORT_TIMEOUT_MS = USB_TIMEOUT_MS,
	DISCHARGE_LOG_S = 30,
	LOOK_AGAIN_MS = 200,
};

struct usbhid {
	const struct mapset *maps;
	const struct map *only; /* subdriver */

	/* While the device is open. */
	struct usb *usb;
	const struct map *map;
	const struct map_match *match;
	struct hid_desc desc;
	uint8_t *descriptor; /* as it came */
	size_t descriptor_size;
	struct hid_reports *reports;
	struct hid_device *device;
	struct engine *engine;
	bool wants_packets, listening;
	bool heard;                     /* a packet since the last poll */
	long silent_polls;              /* in a row without one */
	bool threshold_set;             /* lowbatt */
	bool hinted;                    /* at root */
	bool nothing;                   /* of the map is on this interface */
	bool elsewhere;                 /* another interface is used than the first for HID */
	int interface;                  /* that one */
	struct map_set_item numbers[2]; /* of options, for the map's functions */

	long long closed_ms; /* the last time, once it was served */
	bool anew;           /* opened again with nothing lost */
};

static const struct driver_option options[] = {
	USB_FIND_OPTIONS,
	USB_HID_OPTIONS,
	{.name = "subdriver",
	 .argument = "name",
	 .help = "the map to use, by its name or title; else the device decides"},
	{.name = "lowbatt",
	 .argument = "percent",
	 .help = "battery.charge.low, written to the device",
	 .max = 100},
	{.name = "offdelay",
	 .argument = "seconds",
	 .help = "ups.delay.shutdown at the start",
	 .max = 7200},
	{.name = "ondelay",
	 .argument = "seconds",
	 .help = "ups.delay.start at the start",
	 .min = -1,
	 .max = 86400},
	{.name = "pollfreq",
	 .argument = "seconds",
	 .help = "between two readings of all values; 30",
	 .min = 1,
	 .max = 3600},
	{.name = "pollonly", .help = "do not use the interrupt pipe"},
	{.name = "interruptonly", .help = "use nothing but the interrupt pipe"},
	{.name = "interruptsize",
	 .argument = "bytes",
	 .help = "of the packets of the interrupt pipe",
	 .min = 1,
	 .max = 4096},
	{.name = "interrupt_pipe_no_events_tolerance",
	 .argument = "polls",
	 .help = "open the device anew when the pipe said nothing in more polls; -1 = never",
	 .min = -1,
	 .max = INT_MAX},
	{.name = "waitbeforereconnect",
	 .argument = "seconds",
	 .help = "leave a lost device alone for so long; 0",
	 .max = 3600},
	{.name = "winhid", .help = "of NUT on Windows; does nothing"},
	{.name = "maxreport", .help = "ask for the longest report every time"},
	{.name = "onlinedischarge", .help = "the same as onlinedischarge_onbattery"},
	{.name = "onlinedischarge_onbattery", .help = "on mains and discharging means on battery"},
	{.name = "onlinedischarge_calibration",
	 .help = "on mains and discharging means calibration"},
	{.name = "onlinedischarge_log_throttle_sec",
	 .argument = "seconds",
	 .help = "between two messages of that; 30, -1 = none",
	 .min = -1,
	 .max = 86400},
	{.name = "onlinedischarge_log_throttle_hovercharge",
	 .argument = "percent",
	 .help = "from that charge on there are none; 100",
	 .max = 101},
	{.name = "lbrb_log_delay_sec",
	 .argument = "seconds",
	 .help = "a low battery has to last so long while the UPS calibrates",
	 .max = 60},
	{.name = "lbrb_log_delay_without_calibrating",
	 .help = "lbrb_log_delay_sec counts at all times with mains"},
	{.name = "disable_fix_report_desc", .help = "take the report descriptor as it is"},
	{.name = "powercom_sdcmd_byte_order_fallback",
	 .help = "Powercom: delays in the byte order of old models"},
	{.name = "powercom_sdcmd_discrete_delay",
	 .help = "Powercom: delays as the numbers 1 to 18"},
	LOOK_OPTIONS,
	{.name = NULL},
};

/* ------------------------------------------------------------------- the device's I/O */

static int io_error(enum usb_result r, size_t size)
{
	switch (r) {
	case USB_STALL:
		return HID_IO_STALL;
	case USB_GONE:
	case USB_ENDING:
		return HID_IO_GONE;
	case USB_FAILED: /* perhaps more came than there was room for */
		return size < 256 ? HID_IO_OVERFLOW : HID_IO_FAILED;
	default:
		return HID_IO_FAILED;
	}
}

static int io_get(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size)
{
	struct usbhid *u = arg;
	size_t got = 0;
	enum usb_result r = usb_hid_get(u->usb, (enum usb_report)type, report, buf, size, &got,
					REPORT_TIMEOUT_MS);

	return r == USB_OK ? (int)got : io_error(r, size);
}

static int io_set(void *arg, enum hid_type type, uint8_t report, const uint8_t *buf, size_t size)
{
	struct usbhid *u = arg;
	enum usb_result r =
		usb_hid_set(u->usb, (enum usb_report)type, report, buf, size, REPORT_TIMEOUT_MS);

	if (r == USB_FAILED)
		return HID_IO_FAILED;
	return r == USB_OK ? (int)size : io_error(r, size);
}

static int io_string(void *arg, unsigned index, char *text, size_t size)
{
	struct usbhid *u = arg;
	enum usb_result r = usb_string(u->usb, index, text, size);

	return r == USB_OK ? (int)strlen(text) : io_error(r, size);
}

/* -------------------------------------------------------------------------- finding it */

static bool known(void *arg, uint16_t vendor, uint16_t product)
{
	struct core *c = arg;
	const struct usbhid *u = core_data(c);
	bool any = u->only || look_is_wanted(c) || core_option(c, "productid");

	for (size_t i = 0; !any && i < u->maps->count; i++) {
		const struct map *m = u->maps->maps[i];

		for (size_t k = 0; !any && k < m->match_count; k++)
			any = m->matches[k].how == MAP_MATCH_USB &&
			      m->matches[k].vendor == vendor && m->matches[k].product == product;
	}
	return any;
}

static bool accept(void *arg, struct usb *usb, const struct usb_identity *who,
		   struct usb_choice *choice)
{
	struct core *c = arg;
	struct usbhid *u = core_data(c);
	struct mapset_usb device = {
		.vendor = who->vendor_id,
		.product = who->product_id,
		.mfr = who->vendor,
		.model = who->product,
		.serial = who->serial,
		.any_product = core_option(c, "productid") != NULL,
	};

	if (u->elsewhere)
		choice->interface = u->interface;
	u->map = u->only;
	u->match = mapset_match_usb(u->maps, &device, u->only, &u->map);
	if (u->match || u->only)
		return true;
	if (look_is_wanted(c))
		return look_accepts(c, usb);
	log_notice(token, "no map is for %04x:%04x \"%s\"; --explore shows what it has",
		   who->vendor_id, who->product_id, who->product);
	return false;
}

/* ------------------------------------------------------------------------ what it says */

static bool read_descriptor(struct core *c, struct usbhid *u)
{
	enum usb_result r = USB_FAILED;
	bool parsed = false;

	u->descriptor_size = 0;
	u->descriptor = malloc(DESCRIPTOR_MAX);
	if (u->descriptor)
		r = usb_hid_descriptor(u->usb, USB_HID_BEST, u->descriptor, DESCRIPTOR_MAX,
				       &u->descriptor_size);
	if (r == USB_OK)
		parsed = hid_desc_parse(&u->desc, u->descriptor, u->descriptor_size);
	else if (r != USB_ENDING)
		log_error(token, "%s: the report descriptor cannot be read (%s)", core_ups(c),
			  usb_result_name(r));
	if (parsed && u->desc.left_out)
		log_debug(1, token, "%u items of the report descriptor are not understood",
			  u->desc.left_out);
	return parsed;
}

static bool quirk(const struct usbhid *u, const char *name)
{
	return u->map && map_quirk(u->map, u->match, name);
}

static void fix_descriptor(struct core *c, struct usbhid *u)
{
	for (size_t i = 0; hidfix_names[i] && !core_flag(c, "disable_fix_report_desc"); i++) {
		unsigned changed =
			quirk(u, hidfix_names[i]) ? hidfix_apply(&u->desc, hidfix_names[i]) : 0;

		if (changed)
			log_debug(1, token, "%s: %u fields corrected (disable_fix_report_desc)",
				  hidfix_names[i], changed);
	}
}

/* Some put their firmware behind the model: "Back-UPS ES 850G2 FW:938.a2 .I USB FW:a2". */
static void publish_model(struct core *c, const char *product)
{
	static const char mark[] = " FW:", aux_mark[] = " USB FW:";
	char model[128];
	char *firmware, *aux;

	str_copy(model, sizeof(model), product);
	firmware = strstr(model, mark);
	aux = strstr(model, aux_mark);
	if (firmware)
		*firmware = '\0';
	if (aux)
		*aux = '\0';
	if (model[0])
		core_set_text(c, "ups.model", model);
	if (firmware && firmware != aux)
		core_set_text(c, "ups.firmware", firmware + sizeof(mark) - 1);
	if (firmware && aux)
		core_set_text(c, "ups.firmware.aux", aux + sizeof(aux_mark) - 1);
}

static void publish_identity(struct core *c, const struct usbhid *u)
{
	const struct usb_identity *who = usb_identity(u->usb);
	struct state *s = core_state(c);

	state_set(s, "device.type", "ups");
	state_setf(s, "ups.vendorid", "%04x", who->vendor_id);
	state_setf(s, "ups.productid", "%04x", who->product_id);
	if (who->vendor[0])
		core_set_text(c, "ups.mfr", who->vendor);
	publish_model(c, who->product);
	if (who->serial[0])
		core_set_text(c, "ups.serial", who->serial);
	state_setf(s, "driver.version.data", "%s%s%s", u->map->title, u->map->version[0] ? " " : "",
		   u->map->version);
}

static struct engine_options engine_options(struct core *c)
{
	return (struct engine_options){
		.full_s = core_option_long(c, "pollfreq", 0),
		.quick_s = core_option_long(c, "pollinterval", 2),
		.passive = core_flag(c, "interruptonly"),
		.rules =
			{
				.discharge_is_calibration =
					core_flag(c, "onlinedischarge_calibration"),
				.discharge_is_on_battery =
					core_flag(c, "onlinedischarge_onbattery") ||
					core_flag(c, "onlinedischarge"),
				.discharge_log_s = core_option_long(
					c, "onlinedischarge_log_throttle_sec", DISCHARGE_LOG_S),
				.hover_charge = (double)core_option_long(
					c, "onlinedischarge_log_throttle_hovercharge", 100),
				.low_delay_s = core_option_long(c, "lbrb_log_delay_sec", -1),
				.low_delay_always =
					core_flag(c, "lbrb_log_delay_without_calibrating"),
			},
	};
}

/* Options that the functions of maps ask for. */
static size_t take_numbers(struct core *c, struct usbhid *u)
{
	static const struct {
		const char *option, *number;
	} switches[] = {
		{"powercom_sdcmd_byte_order_fallback", "powercom-byte-order-fallback"},
		{"powercom_sdcmd_discrete_delay", "powercom-discrete-delay"},
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (core_flag(c, switches[i].option))
			u->numbers[count++] = (struct map_set_item){switches[i].number, 1};
	}
	return count;
}

static bool start_engine(struct core *c, struct usbhid *u)
{
	struct hid_io io = {io_get, io_set, io_string, u};
	struct engine_host host = engine_core_host(c);
	struct engine_options given = engine_options(c);
	struct hid_device_options how = {
		.passive = given.passive,
		.ask_maximum = core_flag(c, "maxreport") || quirk(u, "max-report"),
		.doubt_charge = quirk(u, hid_doubt_charge),
		.doubt_empty = quirk(u, hid_doubt_empty),
	};

	given.product = usb_identity(u->usb)->product;
	given.number_count = take_numbers(c, u);
	given.numbers = u->numbers;

	u->reports = hid_reports_new(&u->desc, &io);
	if (u->reports)
		u->device = hid_device_new(u->map, u->match, &u->desc, u->reports, &how);
	if (u->device) {
		struct engine_device device = hid_device_ops(u->device);

		u->engine = engine_new(u->map, u->match, &device, &host, &given);
	}
	if (!u->engine) {
		log_error(token, "out of memory");
		return false;
	}
	u->nothing = engine_rows_here(u->engine) == 0;
	if (u->nothing)
		return false;
	engine_core_set(c, u->engine, "offdelay", "ups.delay.shutdown");
	engine_core_set(c, u->engine, "ondelay", "ups.delay.start");
	return true;
}

/* --------------------------------------------------------------------- looking at one */

/* For a capture: the same device, when it is plugged in again. */
static struct usb *look_again(void *arg, long long end_ms)
{
	static const struct usb_finder finder = {.known = known, .accept = accept, .sole = true};
	struct core *c = arg;
	struct usbhid *u = core_data(c);
	bool going = true;

	usb_close(u->usb);
	u->usb = NULL;
	while (going && clock_ms() < end_ms && usb_open(c, &finder, c, &u->usb) == DRIVER_FAILED)
		going = core_wait(c, LOOK_AGAIN_MS);
	return u->usb;
}

static void look(struct core *c, struct usbhid *u)
{
	const struct look how = {
		.core = c,
		.usb = u->usb,
		.maps = u->maps,
		.map = u->map,
		.desc = &u->desc,
		.descriptor = u->descriptor,
		.descriptor_size = u->descriptor_size,
		.io = {io_get, io_set, io_string, u},
		.again = look_again,
		.arg = c,
	};

	look_at(&how);
}

/* ------------------------------------------------------------------------------ driver */

static void usbhid_close(struct core *c)
{
	struct usbhid *u = core_data(c);

	if (u->engine)
		u->closed_ms = clock_ms();
	if (u->listening)
		usb_unlisten(u->usb);
	engine_free(u->engine);
	hid_device_free(u->device);
	hid_reports_free(u->reports);
	hid_desc_free(&u->desc);
	free(u->descriptor);
	usb_close(u->usb);
	u->engine = NULL;
	u->device = NULL;
	u->reports = NULL;
	u->descriptor = NULL;
	u->usb = NULL;
	u->listening = u->threshold_set = u->heard = false;
	u->silent_polls = 0;
}

static void on_packet(void *arg, enum usb_result r, const uint8_t *data, size_t size)
{
	struct core *c = arg;
	struct usbhid *u = core_data(c);
	uint8_t number;

	u->heard = true;
	if (r != USB_OK) {
		u->heard = false;
		u->listening = false;
		log_debug(1, token, "the interrupt pipe ended: %s", usb_result_name(r));
		if (r == USB_STALL)
			u->wants_packets = false;
		if (r == USB_GONE)
			core_poll_now(c);
	} else if (hid_reports_interrupt(u->reports, data, size, &number)) {
		engine_news(u->engine);
		core_poll_now(c);
	}
}

static void listen_again(struct core *c, struct usbhid *u)
{
	enum usb_result r;

	if (!u->wants_packets || u->listening)
		return;
	r = usb_listen(u->usb, (size_t)core_option_long(c, "interruptsize", 0), on_packet, c);
	u->listening = r == USB_OK;
	if (r == USB_STALL)
		u->wants_packets = false;
	if (r != USB_OK)
		log_debug(1, token, "no interrupt pipe: %s", usb_result_name(r));
}

static enum driver_result open_device(struct core *c, struct usbhid *u)
{
	if (!read_descriptor(c, u))
		return DRIVER_FAILED;
	fix_descriptor(c, u);
	if (look_is_wanted(c)) {
		look(c, u);
		return DRIVER_FAILED;
	}
	/* Another device would not be taken in the place of that one. */
	if (!u->anew)
		core_forget(c);
	if (!start_engine(c, u))
		return DRIVER_FAILED;
	publish_identity(c, u);
	u->wants_packets = !core_flag(c, "pollonly") && !quirk(u, "no-interrupt");
	listen_again(c, u);
	if (core_flag(c, "interruptonly") && !u->listening) {
		log_error(token,
			  "%s: interruptonly: this device has no interrupt pipe to listen to",
			  core_ups(c));
		return DRIVER_FAILED;
	}
	log_info(token, "%s is served by the map %s", core_ups(c), u->map->title);
	return DRIVER_OK;
}

/*
 * Some have a keyboard, or the maker's own reports, on their first interface for HID, and are a
 * UPS on another.
 */
static bool look_elsewhere(struct core *c, struct usbhid *u)
{
	int next = USB_ANY;

	u->elsewhere = false;
	if (!u->nothing)
		return false;
	u->nothing = false;
	if (!core_option(c, "usb_hid_rep_index"))
		next = usb_next_hid(u->usb);
	if (next == USB_ANY) {
		log_error(token,
			  "%s: nothing of the map %s is on this device; --explore shows "
			  "what it has",
			  core_ups(c), u->map->name);
		return false;
	}
	log_info(token, "%s: interface %d has nothing of the map %s, interface %d may", core_ups(c),
		 usb_interface(u->usb), u->map->name, next);
	u->elsewhere = true;
	u->interface = next;
	return true;
}

/* waitbeforereconnect.  False: the process is to end. */
static bool leave_alone(struct core *c, const struct usbhid *u)
{
	long long end = u->closed_ms + 1000LL * core_option_long(c, "waitbeforereconnect", 0);
	long long now = clock_ms();

	return u->anew || !u->closed_ms || end <= now || core_wait(c, (int)(end - now));
}

static enum driver_result open_some(struct core *c, struct usbhid *u)
{
	static const struct usb_finder serving = {.known = known, .accept = accept};
	static const struct usb_finder looking = {.known = known, .accept = accept, .sole = true};
	enum driver_result r;
	bool again;

	do {
		r = usb_open(c, look_is_wanted(c) ? &looking : &serving, c, &u->usb);
		if (r == DRIVER_FAILED && look_is_wanted(c) && geteuid() != 0 && !u->hinted) {
			log_notice(token, "root needs no permission to look at a device");
			u->hinted = true;
		}
		if (r != DRIVER_OK) {
			u->elsewhere = false;
			return r;
		}
		r = open_device(c, u);
		if (r == DRIVER_OK)
			return r;
		again = look_elsewhere(c, u);
		usbhid_close(c);
	} while (again);
	return r;
}

static enum driver_result usbhid_open(struct core *c)
{
	struct usbhid *u = core_data(c);

	if (core_flag(c, "pollonly") && core_flag(c, "interruptonly")) {
		log_error(token, "pollonly and interruptonly: nothing would be left to read");
		return DRIVER_FATAL;
	}
	if (!look_options_fit(c))
		return DRIVER_FATAL;
	if (!engine_core_maps(c, program, "subdriver", &u->maps, &u->only))
		return DRIVER_FATAL;
	if (!leave_alone(c, u))
		return DRIVER_FAILED;
	return open_some(c, u);
}

/*
 * With interruptonly a device that has nothing to tell and one that is dead look alike.  So
 * one that was not heard since the last poll is asked for its status, which every device
 * has to answer (USB 2.0, 9.4.5) and which does not touch its reports.  A refusal is an answer.
 */
static enum driver_result listen_for_life(struct usbhid *u)
{
	enum usb_result r;

	if (!u->listening)
		return DRIVER_FAILED;
	if (u->heard) {
		u->heard = false;
		return DRIVER_OK;
	}
	r = usb_device_status(u->usb);
	return r == USB_STALL ? DRIVER_OK : usb_driver_result(r);
}

/*
 * interrupt_pipe_no_events_tolerance: some devices stop talking until they are opened again.  What
 * is known of this one stays meanwhile: nothing says that it is lost.
 */
static enum driver_result open_anew(struct core *c, struct usbhid *u)
{
	enum driver_result r;

	log_debug(1, token, "%s: nothing came by the interrupt pipe in %ld polls: opening it anew",
		  core_ups(c), u->silent_polls);
	u->anew = true;
	usbhid_close(c);
	r = usbhid_open(c);
	u->anew = false;
	return r;
}

static bool is_too_quiet(struct core *c, struct usbhid *u)
{
	long most = core_option_long(c, "interrupt_pipe_no_events_tolerance", -1);

	u->silent_polls = u->heard ? 0 : u->silent_polls + 1;
	/* Where there is no pipe, nothing can be said on it. */
	return most >= 0 && u->listening && u->silent_polls > most;
}

static enum driver_result poll_passive(struct usbhid *u)
{
	enum driver_result alive = listen_for_life(u);
	enum engine_result r;

	if (alive != DRIVER_OK)
		return alive;
	r = engine_poll(u->engine, clock_ms());
	/* It lives, and has not told anything yet. */
	return r == ENGINE_FAILED ? DRIVER_STALE : engine_core_result(r);
}

static enum driver_result usbhid_poll(struct core *c)
{
	struct usbhid *u = core_data(c);
	enum engine_result r;

	if (usb_is_gone(u->usb))
		return DRIVER_LOST;
	listen_again(c, u);
	if (is_too_quiet(c, u) && open_anew(c, u) != DRIVER_OK)
		return DRIVER_LOST;
	if (core_flag(c, "interruptonly"))
		return poll_passive(u);
	u->heard = false;
	r = engine_poll(u->engine, clock_ms());
	if (r == ENGINE_OK && !u->threshold_set)
		engine_core_set(c, u->engine, "lowbatt", "battery.charge.low");
	u->threshold_set = u->threshold_set || r == ENGINE_OK;
	return engine_core_result(r);
}

static enum driverwire_result usbhid_instcmd(struct core *c, const char *name, const char *value)
{
	struct usbhid *u = core_data(c);
	enum driverwire_result r = engine_instcmd(u->engine, name, value);

	core_poll_now(c);
	return r;
}

static enum driverwire_result usbhid_setvar(struct core *c, const char *name, const char *value)
{
	struct usbhid *u = core_data(c);

	return engine_setvar(u->engine, name, value);
}

static enum driverwire_result usbhid_shutdown(struct core *c)
{
	struct usbhid *u = core_data(c);

	return engine_shutdown(u->engine);
}

static const struct driver usbhid_driver = {
	.name = "usbhid-ups",
	.description = "UPSes that speak HID over USB",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct usbhid),
	.open = usbhid_open,
	.poll = usbhid_poll,
	.instcmd = usbhid_instcmd,
	.setvar = usbhid_setvar,
	.shutdown = usbhid_shutdown,
	.close = usbhid_close,
};

int main(int argc, char **argv)
{
	return core_main(&usbhid_driver, argc, argv);
}
