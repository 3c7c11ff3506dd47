/*
 * apcupsd-ups: UPSes that an apcupsd looks after, here or elsewhere, by its network
 * server (NIS).  What its words mean is in a map (data/maps/apcupsd-ups); nislink asks,
 * nisdevice and the engine do the rest.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"
#include "drivers/apcupsd/nisage.h"
#include "drivers/apcupsd/nisdevice.h"
#include "drivers/apcupsd/nislink.h"
#include "drivers/engine/host.h"

static const char token[] = "apcupsd";
static const char program[] = "apcupsd-ups";
static const char usual_port[] = "3551";

enum {
	CANDIDATES_MAX = 64,
	TIMEOUT_S = 5,
	PAUSES = 5,      /* as many of its usual pauses have to be missing */
	MAX_AGE_S = 600, /* apcupsd looks at its UPS at least once a minute, unless it is told other
			  */
};

struct apcupsd_ups {
	const struct mapset *maps;
	const struct map *only; /* `map` */

	/* While it is open. */
	struct resolver *resolver;
	struct nislink *link;
	struct nisdevice *device;
	const struct map *map;
	const struct map_match *match;
	struct engine *engine;

	struct nisage age;
	char trouble[160]; /* as it was logged last; "": none */
	bool was_old;
};

static const struct driver_option options[] = {
	{.name = "timeout",
	 .argument = "seconds",
	 .help = "how long to wait for an answer (5)",
	 .min = 1,
	 .max = 60},
	{.name = "maxage",
	 .argument = "seconds",
	 .help = "older news of the UPS count for nothing; 0: they may have any age (600)",
	 .min = 0,
	 .max = 86400},
	{.name = "map", .argument = "name", .help = "take this map"},
	{.name = NULL},
};

/* ---------------------------------------------------------------------------- answers */

/* Once for each reason: it is tried again and again. */
static void tell_trouble(struct core *c, struct apcupsd_ups *u, const char *why)
{
	if (str_equal(u->trouble, why))
		return;
	if (why[0])
		log_warn(token, "%s: the apcupsd at %s does not answer: %s", core_ups(c),
			 core_port(c), why);
	else
		log_notice(token, "%s: the apcupsd at %s answers again", core_ups(c), core_port(c));
	str_copy(u->trouble, sizeof(u->trouble), why);
}

static bool fetch(void *arg, struct nisreply *into)
{
	struct core *c = arg;
	struct apcupsd_ups *u = core_data(c);
	int timeout_ms = (int)core_option_long(c, "timeout", TIMEOUT_S) * 1000;
	const char *trouble;
	bool done;

	nislink_ask(u->link, into, timeout_ms, &done);
	/* The link has a limit of its own; nobody may wait here for ever if it fails. */
	core_wait_for(c, &done, 2 * timeout_ms);
	if (!done) {
		nislink_drop(u->link);
		return false;
	}
	trouble = nislink_trouble(u->link);
	tell_trouble(c, u, trouble ? trouble : "");
	return !trouble;
}

/* An apcupsd that hangs before a dead line. */
static bool is_old(struct core *c, struct apcupsd_ups *u)
{
	long limit = core_option_long(c, "maxage", MAX_AGE_S);
	long long age = nisage_look(&u->age, nisdevice_reply(u->device), PAUSES);
	bool old = limit > 0 && age > limit;

	if (old && !u->was_old)
		log_warn(
			token,
			"%s: the apcupsd at %s has not heard of its UPS for %lld s (maxage is %ld)",
			core_ups(c), core_port(c), age, limit);
	u->was_old = old;
	return old;
}

/* --------------------------------------------------------------------------- the engine */

static bool fits(struct apcupsd_ups *u, const struct mapset_candidate *candidate)
{
	struct mapconv_context context = {.map = candidate->map};
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};

	return nisdevice_probe(u->device, candidate->match->value, &v) == DEVICE_OK &&
	       mapconv_read(candidate->match->steps, candidate->match->step_count, &v, &context);
}

static bool choose_map(struct apcupsd_ups *u)
{
	struct mapset_candidate list[CANDIDATES_MAX];
	size_t count = mapset_candidates(u->maps, u->only, MAP_MATCH_PROBE, list, CANDIDATES_MAX);

	u->map = u->only;
	u->match = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!fits(u, &list[i]))
			continue;
		u->map = list[i].map;
		u->match = list[i].match;
		break;
	}
	return u->map != NULL;
}

static bool start_engine(struct core *c, struct apcupsd_ups *u)
{
	struct engine_host host = engine_core_host(c);
	const struct engine_device device = nisdevice_ops(u->device);
	/* One answer has all: each poll is a full one. */
	const struct engine_options given = {
		.full_s = 1,
		.quick_s = core_option_long(c, "pollinterval", 2),
		.rules = {.discharge_log_s = -1},
	};

	engine_free(u->engine);
	core_forget(c);
	u->engine = engine_new(u->map, u->match, &device, &host, &given);
	return u->engine != NULL;
}

/* --------------------------------------------------------------------------------- driver */

static void apcupsd_close(struct core *c)
{
	struct apcupsd_ups *u = core_data(c);

	engine_free(u->engine);
	nisdevice_free(u->device);
	nislink_free(u->link);
	if (u->resolver)
		resolver_free(u->resolver);
	u->engine = NULL;
	u->device = NULL;
	u->link = NULL;
	u->resolver = NULL;
}

static enum driver_result start_link(struct core *c, struct apcupsd_ups *u)
{
	char host[256];
	const char *why;
	unsigned port;

	if (!netwire_parse_host_of(core_port(c), usual_port, host, sizeof(host), &port, &why)) {
		log_error(token, "port = %s: %s; write host or host:port", core_port(c), why);
		return DRIVER_FATAL;
	}
	u->resolver = resolver_new(core_loop(c));
	u->link = u->resolver ? nislink_new(core_loop(c), u->resolver, host, port) : NULL;
	u->device = nisdevice_new(fetch, c);
	if (u->link && u->device)
		return DRIVER_OK;
	log_errno(token, errno, "%s", core_port(c));
	return DRIVER_FAILED;
}

static enum driver_result start(struct core *c, struct apcupsd_ups *u)
{
	enum driver_result r = start_link(c, u);

	if (r != DRIVER_OK)
		return r;
	if (!nisdevice_look(u->device))
		return DRIVER_FAILED;
	if (!choose_map(u)) {
		tell_trouble(c, u, "what it says has no STATUS: is it an apcupsd?");
		return DRIVER_FAILED;
	}
	if (!start_engine(c, u)) {
		log_error(token, "out of memory");
		return DRIVER_FAILED;
	}
	return DRIVER_OK;
}

static enum driver_result apcupsd_open(struct core *c)
{
	struct apcupsd_ups *u = core_data(c);
	enum driver_result r;

	if (!engine_core_maps(c, program, "map", &u->maps, &u->only))
		return DRIVER_FATAL;
	r = start(c, u);
	if (r != DRIVER_OK) {
		apcupsd_close(c);
		return r;
	}
	log_info(token, "%s is looked after by the apcupsd at %s, whose words the map %s tells",
		 core_ups(c), core_port(c), u->map->name);
	return DRIVER_OK;
}

static void publish_version(struct core *c, const struct apcupsd_ups *u)
{
	const char *version = nisreply_value(nisdevice_reply(u->device), "VERSION");
	char text[NISREPLY_VALUE_MAX + 16];

	str_format(text, sizeof(text), "%s %s", u->map->title, version ? version : "");
	core_set_text(c, "driver.version.data", text);
}

static enum driver_result apcupsd_poll(struct core *c)
{
	struct apcupsd_ups *u = core_data(c);
	enum engine_result r = engine_poll(u->engine, clock_ms());

	/* The engine settles at its beginning what there is. */
	if ((r == ENGINE_OK || r == ENGINE_UNKNOWN) && nisdevice_grew(u->device)) {
		if (!start_engine(c, u))
			return DRIVER_LOST;
		r = engine_poll(u->engine, clock_ms());
	}
	if (r == ENGINE_OK || r == ENGINE_UNKNOWN)
		publish_version(c, u);
	if (r == ENGINE_OK && is_old(c, u))
		return DRIVER_STALE;
	return engine_core_result(r);
}

static const struct driver apcupsd_driver = {
	.name = "apcupsd-ups",
	.description = "UPSes that an apcupsd looks after",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct apcupsd_ups),
	.open = apcupsd_open,
	.poll = apcupsd_poll,
	.close = apcupsd_close,
};

int main(int argc, char **argv)
{
	return core_main(&apcupsd_driver, argc, argv);
}
