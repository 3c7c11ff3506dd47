#include "config.h"

#include "drivers/transport/snmp_driver.h"

#include "common/base/log.h"
#include "drivers/transport/snmp_private.h"

static const char token[] = "snmp";

static const char *option(void *arg, const char *name)
{
	return core_option(arg, name);
}

static bool wait_for(void *arg, const bool *done, int ms)
{
	return core_wait_for(arg, done, ms);
}

static void alive(void *arg)
{
	core_alive(arg);
}

/* One driver a process: its helper stays.  It is forked before the sandbox is closed. */
static struct resolver *names(struct core *c, const struct agent_config *cfg)
{
	static struct resolver *resolver;
	struct netaddr numeric;

	if (!resolver && !netaddr_from_numeric(cfg->host, cfg->port, &numeric))
		resolver = resolver_new(core_loop(c));
	return resolver;
}

enum driver_result agent_open_driver(struct core *c, struct agent **out)
{
	struct agent_config cfg;
	struct agent_host host = {
		.loop = core_loop(c), .wait_for = wait_for, .alive = alive, .arg = c};
	enum agent_result r;
	char why[256];

	if (!agent_config_read(&cfg, option, c, core_port(c), why, sizeof(why))) {
		log_error(token, "ups.conf: [%s]: %s", core_ups(c), why);
		return DRIVER_FATAL;
	}
	host.resolver = names(c, &cfg);
	r = agent_open(&cfg, &host, out);
	agent_config_free(&cfg);
	if (r == AGENT_OK)
		return DRIVER_OK;
	return r == AGENT_BADVALUE ? DRIVER_FATAL : DRIVER_FAILED;
}

enum driver_result agent_driver_result(const struct agent *a, enum agent_result r)
{
	if (snmp_link_is_broken(a->link))
		return DRIVER_LOST;
	return r == AGENT_OK || r == AGENT_MISSING ? DRIVER_OK : DRIVER_FAILED;
}
