/*
 * snmp-ups: UPSes, PDUs, transfer switches and sensors with an SNMP agent.  The maps are
 * their MIBs (docs/maps.md, data/maps/snmp-ups); the engine does the work, the
 * transport reaches the agent in few packets.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/engine/host.h"
#include "drivers/snmp/snmpchoose.h"
#include "drivers/snmp/snmpdevice.h"
#include "drivers/transport/snmp_driver.h"
#include "drivers/transport/snmp_trap.h"

static const char token[] = "snmp";
static const char program[] = "snmp-ups";

/* notransferoids */
static const char *const transfer_voltages[] = {"input.transfer.low", "input.transfer.high", NULL};

struct snmp_ups {
	const struct mapset *maps;
	const struct map *only; /* mibs */

	/* While the agent is open. */
	struct agent *agent;
	struct agent_traps *traps;
	const struct map *map;
	const struct map_match *match;
	struct snmp_device *device;
	struct engine *engine;
	bool is_read; /* once, completely: what there is, is known */
	struct map_set_item numbers[1];
};

static const struct driver_option options[] = {
	AGENT_OPTIONS,
	AGENT_TRAP_OPTION,
	{.name = "mibs",
	 .argument = "name",
	 .help = "the map to use, auto (the device decides), or --list"},
	{.name = "pollfreq",
	 .argument = "seconds",
	 .help = "between two readings of all values; 30",
	 .min = 1,
	 .max = 3600},
	{.name = "semistaticfreq",
	 .argument = "readings",
	 .help = "after which settings and the like are read again; 10",
	 .min = 1,
	 .max = 10000},
	{.name = "notransferoids", .help = "leave the transfer voltages alone"},
	{.name = "symmetrathreephase", .help = "transfer voltages are those of three phases"},
	{.name = "ondelay", .argument = "seconds", .help = "ups.delay.start", .max = 86400},
	{.name = "offdelay", .argument = "seconds", .help = "ups.delay.shutdown", .max = 86400},
	{.name = NULL},
};

/* ----------------------------------------------------------------------- which of the maps */

static void list_maps(const struct mapset *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		log_notice(token, "mibs = %s: %s %s", maps->maps[i]->name, maps->maps[i]->title,
			   maps->maps[i]->version);
}

/* `mibs`: nothing and "auto" are the same. */
static bool find_maps(struct core *c, struct snmp_ups *u)
{
	const char *name = core_option(c, "mibs");

	if (!name || str_caseequal(name, "auto") || str_equal(name, "--list")) {
		if (!engine_core_maps(c, program, NULL, &u->maps, &u->only))
			return false;
		if (name && str_equal(name, "--list")) {
			list_maps(u->maps);
			return false;
		}
		return true;
	}
	return engine_core_maps(c, program, "mibs", &u->maps, &u->only);
}

static enum agent_result choose_map(struct core *c, struct snmp_ups *u)
{
	struct snmp_choice choice;
	enum agent_result r = snmp_choose(u->agent, u->maps, u->only, &choice);

	u->map = choice.map;
	u->match = choice.match;
	if (r == AGENT_MISSING)
		log_error(token,
			  "%s: no map is for the agent at %s, which calls itself %s; mibs = names "
			  "one",
			  core_ups(c), agent_where(u->agent),
			  choice.object_id[0] ? choice.object_id : "nothing");
	return r;
}

/* ----------------------------------------------------------------------------- the engine */

static bool start_engine(struct core *c, struct snmp_ups *u)
{
	struct engine_host host = engine_core_host(c);
	struct engine_options given = {
		.full_s = core_option_long(c, "pollfreq", 0),
		.quick_s = core_option_long(c, "pollinterval", 2),
		/* One packet; the mains are seen to fail at once, and a dead agent to be dead. */
		.quick_status = true,
		.tell_unknown = true,
		.slow_fulls = (unsigned)core_option_long(c, "semistaticfreq", 10),
		.rules = {.discharge_log_s = -1},
		.numbers = u->numbers,
	};
	struct engine_device device;

	if (core_flag(c, "notransferoids"))
		given.leave_out = transfer_voltages;
	u->numbers[0] = (struct map_set_item){"symmetrathreephase", 0.707};
	given.number_count = core_flag(c, "symmetrathreephase") ? 1 : 0;
	u->device = snmp_device_new(u->agent);
	if (!u->device)
		return false;
	device = snmp_device_ops(u->device);
	u->engine = engine_new(u->map, u->match, &device, &host, &given);
	return u->engine != NULL;
}

static void on_trap(void *arg, const struct snmp_oid *what)
{
	struct core *c = arg;
	struct snmp_ups *u = core_data(c);
	char text[256];

	snmp_oid_text(what, text, sizeof(text));
	log_info(token, "%s: the agent tells of something (trap %s)", core_ups(c), text);
	engine_look_at_all(u->engine);
	core_poll_now(c);
}

static void publish_identity(struct core *c, const struct snmp_ups *u)
{
	state_setf(core_state(c), "driver.version.data", "%s%s%s", u->map->title,
		   u->map->version[0] ? " MIB " : " MIB", u->map->version);
}

/* --------------------------------------------------------------------------------- driver */

static void snmp_ups_close(struct core *c)
{
	struct snmp_ups *u = core_data(c);

	agent_traps_close(u->traps);
	engine_free(u->engine);
	snmp_device_free(u->device);
	agent_close(u->agent);
	u->traps = NULL;
	u->engine = NULL;
	u->device = NULL;
	u->agent = NULL;
	u->is_read = false;
}

static enum driver_result snmp_ups_start(struct core *c, struct snmp_ups *u)
{
	long port = core_option_long(c, "traps", 0);
	enum agent_result r = choose_map(c, u);

	if (r != AGENT_OK)
		return DRIVER_FAILED;
	core_forget(c);
	if (!start_engine(c, u)) {
		log_error(token, "out of memory");
		return DRIVER_FAILED;
	}
	publish_identity(c, u);
	if (port > 0)
		u->traps = agent_traps_open(u->agent, (unsigned)port, on_trap, c);
	log_info(token, "%s at %s is served by the map %s (%s)", core_ups(c), agent_where(u->agent),
		 u->map->name, u->map->title);
	return DRIVER_OK;
}

static enum driver_result snmp_ups_open(struct core *c)
{
	struct snmp_ups *u = core_data(c);
	enum driver_result r;

	if (!find_maps(c, u))
		return DRIVER_FATAL;
	r = agent_open_driver(c, &u->agent);
	if (r != DRIVER_OK)
		return r;
	r = snmp_ups_start(c, u);
	if (r != DRIVER_OK)
		snmp_ups_close(c);
	return r;
}

static enum driver_result snmp_ups_poll(struct core *c)
{
	struct snmp_ups *u = core_data(c);
	enum engine_result r = engine_poll(u->engine, clock_ms());

	if (r == ENGINE_OK && !u->is_read) {
		engine_core_set(c, u->engine, "offdelay", "ups.delay.shutdown");
		engine_core_set(c, u->engine, "ondelay", "ups.delay.start");
		u->is_read = true;
	}
	if (r == ENGINE_FAILED &&
	    agent_driver_result(u->agent, snmp_device_result(u->device)) == DRIVER_LOST)
		return DRIVER_LOST;
	return engine_core_result(r);
}

/* With -k nothing was read yet, and so it is not known which commands there are. */
static void read_first(struct core *c, struct snmp_ups *u)
{
	if (!u->is_read)
		snmp_ups_poll(c);
}

static enum driverwire_result snmp_ups_instcmd(struct core *c, const char *name, const char *value)
{
	struct snmp_ups *u = core_data(c);
	enum driverwire_result r;

	read_first(c, u);
	r = engine_instcmd(u->engine, name, value);
	core_poll_now(c);
	return r;
}

static enum driverwire_result snmp_ups_setvar(struct core *c, const char *name, const char *value)
{
	struct snmp_ups *u = core_data(c);

	return engine_setvar(u->engine, name, value);
}

static enum driverwire_result snmp_ups_shutdown(struct core *c)
{
	struct snmp_ups *u = core_data(c);

	read_first(c, u);
	return engine_shutdown(u->engine);
}

static const struct driver snmp_driver = {
	.name = "snmp-ups",
	.description = "UPSes, PDUs and the like with an SNMP agent",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct snmp_ups),
	.open = snmp_ups_open,
	.poll = snmp_ups_poll,
	.instcmd = snmp_ups_instcmd,
	.setvar = snmp_ups_setvar,
	.shutdown = snmp_ups_shutdown,
	.close = snmp_ups_close,
};

int main(int argc, char **argv)
{
	return core_main(&snmp_driver, argc, argv);
}
