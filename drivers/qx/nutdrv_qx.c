/*
 * nutdrv_qx: UPSes of the Megatec kind, that answer queries, over serial lines and
 * USB.  The maps are the protocols (docs/maps.md, data/maps/nutdrv_qx); a carrier
 * takes queries to the device, qxdevice and the engine do the rest.
 */
#include "config.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/engine/host.h"
#include "drivers/qx/qxbattery.h"
#include "drivers/qx/qxdevice.h"
#include "drivers/qx/qxprobe.h"
#include "drivers/qx/qxserial.h"
#include "drivers/qx/qxsettings.h"
#include "drivers/qx/qxusb.h"

static const char token[] = "qx";
static const char program[] = "nutdrv_qx";

/* Drivers that this one took the place of: it is installed under their names, too. */
static const struct older {
	const char *name;
	const char *protocol; /* unless another is asked for; NULL = as it is found */
	bool minutes;         /* ondelay, and how long a test lasts, are in minutes */
} olders[] = {
	{"blazer_ser", NULL, true},
	{"blazer_usb", NULL, true},
	{"bestups", "bestups", false},
};
static const struct older *older; /* the name that we were started under, if it is one of these */

struct nutdrv_qx {
	const struct mapset *maps;
	const struct map *only; /* protocol */

	/* While the device is open. */
	struct qx_serial *serial;
	struct qx_usb *usb;
	struct carrier carrier;
	struct qx_found found;
	struct qx_device *device;
	struct engine *engine;
	struct qx_battery battery;
	/* The options that are settings are written once. */
	enum { SETTINGS_WAIT, SETTINGS_DUE, SETTINGS_DONE } settings;
	struct mapnumbers numbers; /* of the options, and what the map's functions keep */
};

static const struct driver_option options[] = {
	USB_FIND_OPTIONS,
	USB_HID_OPTIONS,
	QX_USB_OPTIONS,
	QX_SERIAL_OPTIONS,
	QX_BATTERY_OPTIONS,
	QX_SETTING_OPTIONS,
	{.name = "protocol",
	 .argument = "name",
	 .help = "the map to use, by its name; else the device decides"},
	{.name = "offdelay",
	 .argument = "seconds",
	 .help = "ups.delay.shutdown at the start; 30",
	 .max = 599940},
	{.name = "ondelay",
	 .argument = "seconds",
	 .help = "ups.delay.start at the start; 180",
	 .max = 599940},
	{.name = "stayoff", .help = "killpower cuts the power off for good"},
	{.name = "pollfreq",
	 .argument = "seconds",
	 .help = "between two readings of all values; 30",
	 .min = 1,
	 .max = 3600},
	{.name = "novendor", .help = "do not ask for the vendor: some devices hang then"},
	{.name = "norating", .help = "do not ask for the ratings: some devices hang then"},
	{.name = "nooutstats", .help = "q6: do not ask for the power of the phases"},
	{.name = "slave_address",
	 .argument = "address",
	 .help = "masterguard: the ups.id of the one that is meant",
	 .max = 99},
	{.name = "slave_addr",
	 .argument = "address",
	 .help = "the same as slave_address",
	 .max = 99},
	{.name = "nombattvolt", .argument = "V", .help = "of the older bestups; does nothing"},
	{.name = "battvoltmult",
	 .argument = "factor",
	 .help = "of the older bestups; does nothing"},
	{.name = "ID", .argument = "text", .help = "of the older bestups; does nothing"},
	{.name = "testing", .help = "with what was never tried on a device (voltronic-axpert)"},
	{.name = "ignoresab", .help = "the device's shutdown bit is always on and says nothing"},
	{.name = NULL},
};

/* Flags that are numbers for the maps. */
static void take_numbers(struct core *c, struct nutdrv_qx *n)
{
	static const char *const flags[] = {"novendor",
					    "norating",
					    "ignoresab",
					    "nooutstats",
					    "battery_voltage_reports_one_pack",
					    "reset_to_default",
					    "testing",
					    NULL};
	long address;

	n->numbers = (struct mapnumbers){.count = 0};
	for (size_t i = 0; flags[i]; i++) {
		if (core_flag(c, flags[i]))
			mapnumbers_set(&n->numbers, flags[i], 1);
	}
	address = core_option_long(c, "slave_address", core_option_long(c, "slave_addr", -1));
	if (address >= 0)
		mapnumbers_set(&n->numbers, "slave_addr", (double)address);
}

/* ---------------------------------------------------------------------------- the device */

static bool by_usb(struct core *c)
{
	const char *port = core_port(c);

	return !port || port[0] != '/';
}

static enum driver_result open_carrier(struct core *c, struct nutdrv_qx *n)
{
	enum driver_result r;

	if (by_usb(c)) {
		r = qx_usb_open(c, n->maps, &n->usb);
		if (r == DRIVER_OK)
			n->carrier = qx_usb_carrier(n->usb);
		return r;
	}
	r = qx_serial_open(c, &n->serial);
	if (r == DRIVER_OK)
		n->carrier = qx_serial_carrier(n->serial);
	return r;
}

static enum driver_result choose(struct core *c, struct nutdrv_qx *n)
{
	const struct map *only = n->only;

	if (!only && older && older->protocol)
		only = mapset_find(n->maps, older->protocol);
	if (!only && n->usb && qx_usb_protocol(n->usb)[0])
		only = mapset_find(n->maps, qx_usb_protocol(n->usb));
	switch (qx_probe(n->maps, only, &n->carrier, &n->numbers, &n->found)) {
	case CARRIER_OK:
		return DRIVER_OK;
	case CARRIER_GONE:
	case CARRIER_ENDING:
		return DRIVER_FAILED;
	default:
		log_error(token,
			  "%s: the device on %s answers to %s%s; is it on, and is the cable the "
			  "right one (cablepower)?",
			  core_ups(c), n->usb ? "USB" : core_port(c),
			  only ? "nothing of the protocol " : "no protocol that is known",
			  only ? only->name : "");
		return DRIVER_FAILED;
	}
}

static void set_ondelay(struct core *c, struct engine *e)
{
	char seconds[32];

	if (!older || !older->minutes || !core_option(c, "ondelay")) {
		engine_core_set(c, e, "ondelay", "ups.delay.start");
		return;
	}
	str_format(seconds, sizeof(seconds), "%ld", 60 * core_option_long(c, "ondelay", 0));
	if (engine_setvar(e, "ups.delay.start", seconds) != DRIVERWIRE_HANDLED)
		log_error(token, "%s: ondelay = %s: this many minutes cannot be set", core_ups(c),
			  core_option(c, "ondelay"));
}

static bool start_engine(struct core *c, struct nutdrv_qx *n)
{
	struct engine_host host = engine_core_host(c);
	struct engine_options given = {
		.full_s = core_option_long(c, "pollfreq", 0),
		.quick_s = core_option_long(c, "pollinterval", 2),
		.rules = {.discharge_log_s = -1},
		.store = &n->numbers,
	};
	struct engine_device device;

	n->device = qx_device_new(n->found.map, &n->carrier, &n->numbers);
	if (!n->device)
		return false;
	device = qx_device_ops(n->device);
	n->engine = engine_new(n->found.map, n->found.match, &device, &host, &given);
	if (!n->engine)
		return false;
	engine_core_set(c, n->engine, "offdelay", "ups.delay.shutdown");
	set_ondelay(c, n->engine);
	return true;
}

static void publish_identity(struct core *c, const struct nutdrv_qx *n)
{
	struct state *s = core_state(c);

	state_set(s, "device.type", "ups");
	state_setf(s, "driver.version.data", "%s%s%s", n->found.map->title,
		   n->found.map->version[0] ? " " : "", n->found.map->version);
	if (!n->usb)
		return;
	state_setf(s, "ups.vendorid", "%04x", qx_usb_identity(n->usb)->vendor_id);
	state_setf(s, "ups.productid", "%04x", qx_usb_identity(n->usb)->product_id);
	state_set(s, "driver.parameter.subdriver", qx_usb_name(n->usb));
}

/* -------------------------------------------------------------------------------- driver */

static void qx_close(struct core *c)
{
	struct nutdrv_qx *n = core_data(c);

	engine_free(n->engine);
	qx_device_free(n->device);
	qx_serial_close(n->serial);
	qx_usb_close(n->usb);
	n->engine = NULL;
	n->device = NULL;
	n->serial = NULL;
	n->usb = NULL;
}

static enum driver_result qx_open(struct core *c)
{
	struct nutdrv_qx *n = core_data(c);
	enum driver_result r;

	if (!engine_core_maps(c, program, "protocol", &n->maps, &n->only) ||
	    !qx_battery_start(&n->battery, c))
		return DRIVER_FATAL;
	take_numbers(c, n);
	r = open_carrier(c, n);
	if (r != DRIVER_OK)
		return r;
	r = choose(c, n);
	if (r == DRIVER_OK)
		core_forget(c);
	if (r == DRIVER_OK && !start_engine(c, n)) {
		log_error(token, "out of memory");
		r = DRIVER_FAILED;
	}
	if (r != DRIVER_OK) {
		qx_close(c);
		return r;
	}
	publish_identity(c, n);
	log_info(token, "%s speaks the protocol %s", core_ups(c), n->found.map->name);
	return DRIVER_OK;
}

static enum driver_result qx_poll(struct core *c)
{
	struct nutdrv_qx *n = core_data(c);
	enum engine_result r;

	/* After the first reading, when its status is published. */
	if (n->settings == SETTINGS_DUE) {
		qx_settings_apply(c, n->engine);
		n->settings = SETTINGS_DONE;
	}
	r = engine_poll(n->engine, clock_ms());
	if (r == ENGINE_OK && n->settings == SETTINGS_WAIT)
		n->settings = SETTINGS_DUE;
	if (r == ENGINE_OK)
		qx_battery_update(&n->battery, core_state(c), clock_ms());
	return engine_core_result(r);
}

static enum driverwire_result qx_instcmd(struct core *c, const char *name, const char *value)
{
	struct nutdrv_qx *n = core_data(c);
	enum driverwire_result r;
	char seconds[32];
	double minutes;

	if (older && older->minutes && value && str_caseequal(name, "test.battery.start") &&
	    str_to_double(value, &minutes) &&
	    str_format(seconds, sizeof(seconds), "%.0f", 60 * minutes))
		value = seconds;
	r = engine_instcmd(n->engine, name, value);
	core_poll_now(c);
	return r;
}

static enum driverwire_result qx_setvar(struct core *c, const char *name, const char *value)
{
	struct nutdrv_qx *n = core_data(c);

	return engine_setvar(n->engine, name, value);
}

static enum driverwire_result qx_shutdown(struct core *c)
{
	struct nutdrv_qx *n = core_data(c);

	/* One that is under way already may have another end than this one is to have. */
	engine_instcmd(n->engine, "shutdown.stop", NULL);
	if (core_flag(c, "stayoff"))
		return engine_instcmd(n->engine, "shutdown.stayoff", NULL);
	return engine_shutdown(n->engine);
}

static const struct driver qx_driver = {
	.name = "nutdrv_qx",
	.description = "UPSes of the Megatec kind, over serial lines and USB",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct nutdrv_qx),
	.open = qx_open,
	.poll = qx_poll,
	.instcmd = qx_instcmd,
	.setvar = qx_setvar,
	.shutdown = qx_shutdown,
	.close = qx_close,
};

int main(int argc, char **argv)
{
	static struct driver named;
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";

	named = qx_driver;
	for (size_t i = 0; i < sizeof(olders) / sizeof(olders[0]); i++) {
		if (str_equal(name, olders[i].name))
			older = &olders[i];
	}
	if (older)
		named.name = older->name;
	return core_main(&named, argc, argv);
}
