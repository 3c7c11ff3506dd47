/*
 * apcsmart: Smart-UPS, Matrix-UPS and Back-UPS Pro of APC on a serial line.
 *
 * What each letter means is in a map (data/maps/apcsmart); apcline talks, apcdevice and
 * the engine do the rest.  Here is what the user decides: how the load is cut off.
 */
#include "config.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/apc/apcdevice.h"
#include "drivers/apc/apcways.h"
#include "drivers/engine/host.h"

static const char token[] = "apcsmart";
static const char program[] = "apcsmart";

enum {
	BAUD = 2400,
	START_TRIES = 5,
	AGAIN_TRIES = 1, /* in a poll */
	FULL_S = 10,
	SLOW_S = 3600,
	CONFIRM_MIN_MS = 3000, /* a command that cuts the load off has to come twice */
	CONFIRM_MAX_MS = 15000,
	FORCE_PAUSE_MS = 3500,
};

/* Commands of the map. */
static const char soft[] = "shutdown.return";
static const char hard[] = "experimental.shutdown.return.at"; /* hidden, takes digits */
static const char stay_off[] = "shutdown.stayoff";
static const char at_once[] = "load.off";
static const char fail_mains[] = "test.failure.start";

struct apcsmart {
	const struct mapset *maps;
	const struct map *map;
	struct apcways order; /* advorder; none: sdtype */
	char delay[4];        /* awd */
	int force_pause_ms;

	/* While it is open. */
	struct serial *serial;
	struct apcline line;
	struct apcdevice *device;
	struct engine *engine;

	/* The command that waits for its second time. */
	char pending[64];
	long long pending_ms;
};

static const struct driver_option options[] = {
	{.name = "cable",
	 .argument = "number",
	 .help = "940-0095B, a cable for both modes; all others are as 940-0024C"},
	{.name = "ttymode",
	 .argument = "mode",
	 .help = "raw or canonical; makes no difference here"},
	{.name = "sdtype",
	 .argument = "0-5",
	 .help = "how -k cuts the load off; see apcsmart(8)",
	 .max = APCWAYS_SDTYPE_MAX},
	{.name = "advorder",
	 .argument = "digits",
	 .help = "ways that -k tries in this order, each 0 to 4; no: as sdtype says"},
	{.name = "awd", .argument = "digits", .help = "delay until it wakes up, in 6 minutes"},
	{.name = "wugrace", .argument = "digits", .help = "older name of awd"},
	{.name = "cshdelay",
	 .argument = "seconds",
	 .help = "between the simulated power failure and S; 3.5"},
	{.name = "pollfreq",
	 .argument = "seconds",
	 .help = "between two readings of all values; 10",
	 .min = 1,
	 .max = 3600},
	{.name = "map", .argument = "name", .help = "take this map"},
	{.name = NULL},
};

/* ------------------------------------------------------------------ the configuration */

static bool refuse(struct core *c, const char *option, const char *mend)
{
	log_error(token, "%s: %s = %s: %s", core_ups(c), option, core_option(c, option), mend);
	return false;
}

static bool take_options(struct core *c, struct apcsmart *a)
{
	const char *order = core_option(c, "advorder"), *pause = core_option(c, "cshdelay");
	const char *name = core_option(c, "awd") ? "awd" : "wugrace";
	const char *delay = core_option(c, name);

	a->order.count = 0;
	a->force_pause_ms = FORCE_PAUSE_MS;
	if (order && !str_caseequal(order, "no") && !apcways_parse_order(order, &a->order))
		return refuse(c, "advorder", "write no, or up to five of the digits 0 to 4");
	if (!apcways_parse_delay(delay ? delay : "", a->delay))
		return refuse(c, name, "write one to three digits");
	if (pause && !apcways_parse_pause(pause, &a->force_pause_ms))
		return refuse(c, "cshdelay", "write seconds, 0 to 9.9");
	return true;
}

static bool take_map(struct core *c, struct apcsmart *a)
{
	const struct map *only;
	struct mapset_candidate first;

	if (!engine_core_maps(c, program, "map", &a->maps, &only))
		return false;
	a->map = only;
	if (!only && mapset_candidates(a->maps, NULL, MAP_MATCH_PROBE, &first, 1) > 0)
		a->map = first.map;
	if (!a->map)
		log_error(token, "no map for apcsmart has a line MATCH probe Q");
	return a->map != NULL;
}

/* ----------------------------------------------------------------------------- the line */

static enum serial_result port_send(void *arg, const char *bytes, size_t count, int pace_ms)
{
	const struct apcsmart *a = core_data(arg);

	return serial_write(a->serial, bytes, count, pace_ms);
}

static enum serial_result port_take(void *arg, char *byte, int timeout_ms)
{
	const struct apcsmart *a = core_data(arg);
	size_t got;

	return serial_read(a->serial, byte, 1, &got, timeout_ms);
}

static bool port_wait(void *arg, int ms)
{
	return core_wait(arg, ms);
}

static void on_unasked(void *arg)
{
	core_poll_now(arg);
}

/* To be called when nothing is asked any more. */
static void listen(struct core *c, struct apcsmart *a)
{
	apcline_drain(&a->line);
	if (a->line.alerted)
		core_poll_now(c);
	serial_listen(a->serial, on_unasked, c);
}

static enum driver_result open_line(struct core *c, struct apcsmart *a)
{
	const struct serial_settings how = {.baud = BAUD, .no_lock = core_flag(c, "nolock")};
	const char *cable = core_option(c, "cable");
	enum driver_result r = serial_open(c, core_port(c), &how, &a->serial);

	if (r != DRIVER_OK)
		return r;
	a->line = (struct apcline){
		.port = {.send = port_send, .take = port_take, .wait = port_wait, .arg = c}};
	/* This cable tells the UPS by RTS which of its two modes is meant. */
	if (cable && str_caseequal(cable, "940-0095B") &&
	    serial_set_lines(a->serial, SERIAL_DTR) != SERIAL_OK)
		log_warn(token, "%s: the lines of %s cannot be set for the cable %s", core_ups(c),
			 core_port(c), cable);
	return DRIVER_OK;
}

/* -------------------------------------------------------------------------------- opening */

static void apc_close(struct core *c)
{
	struct apcsmart *a = core_data(c);

	engine_free(a->engine);
	apcdevice_free(a->device);
	serial_close(a->serial);
	a->engine = NULL;
	a->device = NULL;
	a->serial = NULL;
}

static bool start_engine(struct core *c, struct apcsmart *a)
{
	struct engine_host host = engine_core_host(c);
	const struct engine_device device = apcdevice_ops(a->device);
	long full_s = core_option_long(c, "pollfreq", FULL_S);
	const struct engine_options given = {
		.full_s = full_s,
		.quick_s = core_option_long(c, "pollinterval", 2),
		.slow_fulls = (unsigned)(SLOW_S / full_s),
		.rules = {.discharge_log_s = -1},
	};

	a->engine = engine_new(a->map, NULL, &device, &host, &given);
	return a->engine != NULL;
}

static enum driver_result meet(struct core *c, struct apcsmart *a)
{
	enum apcline_result r = apcline_start(&a->line, START_TRIES);

	if (r == APCLINE_OK) {
		a->device = apcdevice_new(a->map, &a->line);
		r = a->device ? apcdevice_look(a->device) : APCLINE_GARBAGE;
	}
	if (r == APCLINE_OK) {
		core_forget(c);
		if (start_engine(c, a))
			return DRIVER_OK;
		log_error(token, "out of memory");
	} else if (r == APCLINE_SILENCE || r == APCLINE_GARBAGE) {
		log_error(token,
			  "%s: no Smart-UPS answers on %s; is it on, and is the cable one for "
			  "Smart mode (940-0024C, or cable = 940-0095B)? UPSes of SMT and SMX "
			  "types speak another protocol",
			  core_ups(c), core_port(c));
	}
	return DRIVER_FAILED;
}

static enum driver_result apc_open(struct core *c)
{
	struct apcsmart *a = core_data(c);
	enum driver_result r;

	if (!take_options(c, a) || !take_map(c, a))
		return DRIVER_FATAL;
	r = open_line(c, a);
	if (r != DRIVER_OK)
		return r;
	r = meet(c, a);
	if (r != DRIVER_OK) {
		apc_close(c);
		return r;
	}
	state_set(core_state(c), "device.type", "ups");
	state_setf(core_state(c), "driver.version.data", "%s %s", a->map->title, a->map->version);
	log_info(token, "%s is a UPS of firmware \"%s\"", core_ups(c),
		 apcdevice_firmware(a->device));
	if (apcdevice_is_unknown(a->device))
		log_warn(token,
			 "%s: it does not tell what it can do, and the map %s does not know its "
			 "firmware: only the simplest is used",
			 core_ups(c), a->map->name);
	return DRIVER_OK;
}

/* ---------------------------------------------------------------------------- polls */

/* A UPS that was switched off and on has to be told of Smart mode again. */
static enum driver_result wake(struct apcsmart *a)
{
	enum apcline_result r = apcline_start(&a->line, AGAIN_TRIES);

	if (r == APCLINE_GONE)
		return DRIVER_LOST;
	return r == APCLINE_OK ? DRIVER_OK : DRIVER_FAILED;
}

static enum driver_result apc_poll(struct core *c)
{
	struct apcsmart *a = core_data(c);
	enum engine_result r;

	apcline_drain(&a->line);
	a->line.alerted = false;
	r = engine_poll(a->engine, clock_ms());
	if (r == ENGINE_FAILED) {
		enum driver_result woken = wake(a);

		if (woken != DRIVER_OK)
			return woken;
		r = engine_poll(a->engine, clock_ms());
	}
	if (r != ENGINE_GONE)
		listen(c, a);
	return engine_core_result(r);
}

/* ------------------------------------------------------------------------------- orders */

static enum driverwire_result to_wire(enum apcline_result r)
{
	return r == APCLINE_OK ? DRIVERWIRE_HANDLED : DRIVERWIRE_R_FAILED;
}

/* S works on battery only. */
static enum apcline_result force_off(struct core *c, struct apcsmart *a)
{
	unsigned bits = 0;
	enum apcline_result r = apcdevice_status(a->device, &bits);

	if (r == APCLINE_OK && bits & APCDEVICE_ONLINE) {
		r = apcdevice_command(a->device, fail_mains, "");
		if (r == APCLINE_OK && !core_wait(c, a->force_pause_ms))
			r = APCLINE_ENDING;
	}
	return r == APCLINE_OK ? apcdevice_command(a->device, soft, "") : r;
}

static enum apcline_result cut(struct core *c, struct apcsmart *a, enum apcway way)
{
	switch (way) {
	case APCWAY_HARD:
		return apcdevice_command(a->device, hard, a->delay);
	case APCWAY_STAYOFF:
		return apcdevice_command(a->device, stay_off, "");
	case APCWAY_AT_ONCE:
		return apcdevice_command(a->device, at_once, "");
	case APCWAY_FORCED:
		return force_off(c, a);
	default:
		return apcdevice_command(a->device, soft, "");
	}
}

/* If the UPS does not say where its power comes from, the mains are out: why else would it be told
 * to cut its load off? */
static struct apcways ways(struct core *c, struct apcsmart *a)
{
	unsigned bits = 0;
	bool online = false;

	if (a->order.count > 0)
		return a->order;
	if (apcdevice_status(a->device, &bits) == APCLINE_OK)
		online = (bits & APCDEVICE_BATTERY) == 0;
	return apcways_of_type(core_option_long(c, "sdtype", 0), online);
}

static enum driverwire_result apc_shutdown(struct core *c)
{
	static const char *const names[] = {"S", "@", "K", "Z", "CS"};
	struct apcsmart *a = core_data(c);
	struct apcways w = ways(c, a);

	for (unsigned i = 0; i < w.count; i++) {
		if (cut(c, a, w.list[i]) == APCLINE_OK) {
			log_notice(token, "%s was told to cut its load off (%s)", core_ups(c),
				   names[w.list[i]]);
			return DRIVERWIRE_HANDLED;
		}
		log_warn(token, "%s did not take %s", core_ups(c), names[w.list[i]]);
	}
	log_error(token,
		  "%s took no way of cutting its load off: sdtype or advorder name others, see "
		  "apcsmart(8)",
		  core_ups(c));
	return DRIVERWIRE_R_FAILED;
}

/* True: it came some seconds ago, and now again. */
static bool confirmed(struct core *c, struct apcsmart *a, const char *name, const char *value)
{
	char text[sizeof(a->pending)];
	long long age = clock_ms() - a->pending_ms;
	bool same;

	str_format(text, sizeof(text), "%s %s", name, value ? value : "");
	same = str_caseequal(text, a->pending) && age <= CONFIRM_MAX_MS;
	if (same && age >= CONFIRM_MIN_MS) {
		a->pending[0] = '\0';
		return true;
	}
	log_notice(token, "%s: %s has to be given twice, 3 to 15 seconds apart", core_ups(c), name);
	if (!same) {
		str_copy(a->pending, sizeof(a->pending), text);
		a->pending_ms = clock_ms();
	}
	return false;
}

/* shutdown.return, "cs" or "at:nnn". */
static enum driverwire_result return_way(const char *value, enum apcway *way, char digits[4])
{
	*way = APCWAY_SOFT;
	if (!value || !value[0])
		return DRIVERWIRE_HANDLED;
	*way = APCWAY_FORCED;
	if (str_caseequal(value, "cs"))
		return DRIVERWIRE_HANDLED;
	*way = APCWAY_HARD;
	return str_casestarts(value, "at:") && value[3] && apcways_parse_delay(value + 3, digits)
		       ? DRIVERWIRE_HANDLED
		       : DRIVERWIRE_R_INVALID;
}

static enum driverwire_result cut_by_command(struct core *c, struct apcsmart *a, const char *name,
					     const char *value)
{
	enum apcway way = str_caseequal(name, stay_off) ? APCWAY_STAYOFF : APCWAY_AT_ONCE;
	char kept[sizeof(a->delay)], digits[sizeof(a->delay)];
	enum driverwire_result r = DRIVERWIRE_HANDLED;

	str_copy(kept, sizeof(kept), a->delay);
	str_copy(digits, sizeof(digits), a->delay);
	if (str_caseequal(name, soft))
		r = return_way(value, &way, digits);
	if (r != DRIVERWIRE_HANDLED)
		return r;
	if (!confirmed(c, a, name, value))
		return DRIVERWIRE_HANDLED;
	str_copy(a->delay, sizeof(a->delay), digits);
	r = to_wire(cut(c, a, way));
	str_copy(a->delay, sizeof(a->delay), kept);
	return r;
}

/* One key starts and stops it: to stop what does not run would start it. */
static bool would_do_the_opposite(struct apcsmart *a, const char *name,
				  enum driverwire_result *result)
{
	bool start = str_caseequal(name, "calibrate.start");
	unsigned bits = 0;

	if (!start && !str_caseequal(name, "calibrate.stop"))
		return false;
	*result = to_wire(apcdevice_status(a->device, &bits));
	return *result != DRIVERWIRE_HANDLED || ((bits & APCDEVICE_CALIBRATES) != 0) == start;
}

static enum driverwire_result apc_instcmd(struct core *c, const char *name, const char *value)
{
	struct apcsmart *a = core_data(c);
	enum driverwire_result r = DRIVERWIRE_R_UNKNOWN;

	if (!state_find_command(core_state(c), name))
		return r;
	if (str_caseequal(name, soft) || str_caseequal(name, stay_off) ||
	    str_caseequal(name, at_once))
		r = cut_by_command(c, a, name, value);
	else if (!would_do_the_opposite(a, name, &r))
		r = engine_instcmd(a->engine, name, value);
	core_poll_now(c);
	return r;
}

static enum driverwire_result apc_setvar(struct core *c, const char *name, const char *value)
{
	struct apcsmart *a = core_data(c);
	enum driverwire_result r = engine_setvar(a->engine, name, value);

	core_poll_now(c);
	return r;
}

static const struct driver apc_driver = {
	.name = "apcsmart",
	.description = "Smart-UPSes of APC on a serial line",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct apcsmart),
	.open = apc_open,
	.poll = apc_poll,
	.instcmd = apc_instcmd,
	.setvar = apc_setvar,
	.shutdown = apc_shutdown,
	.close = apc_close,
};

/* apcsmart-old is the driver of before 2012, whose configurations this one takes. */
int main(int argc, char **argv)
{
	static struct driver named;
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";

	named = apc_driver;
	if (str_equal(name, "apcsmart-old"))
		named.name = "apcsmart-old";
	return core_main(&named, argc, argv);
}
