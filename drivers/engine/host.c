#include "config.h"

#include "common/base/log.h"
#include "drivers/engine/host.h"

static const char token[] = "map";

static void host_set_text(void *arg, const char *name, const char *text)
{
	core_set_text(arg, name, text);
}

static void host_status_begin(void *arg)
{
	core_status_begin(arg);
	core_alarm_begin(arg);
}

static void host_alarm_begin(void *arg)
{
	core_alarm_begin(arg);
}

static void host_status(void *arg, const char *word)
{
	core_status_add(arg, word);
}

static void host_alarm(void *arg, const char *text)
{
	core_alarm_add(arg, text);
}

static bool host_wait(void *arg, int ms)
{
	return core_wait(arg, ms);
}

static void host_alive(void *arg)
{
	core_alive(arg);
}

struct engine_host engine_core_host(struct core *c)
{
	return (struct engine_host){
		.state = core_state(c),
		.set_text = host_set_text,
		.status_begin = host_status_begin,
		.status = host_status,
		.alarm = host_alarm,
		.wait = host_wait,
		.alive = host_alive,
		.arg = c,
		.alarm_begin = host_alarm_begin,
	};
}

bool engine_core_maps(struct core *c, const char *driver, const char *option,
		      const struct mapset **maps, const struct map **only)
{
	static struct mapset loaded;
	static bool is_loaded;
	static char arg[] = "map";
	struct conf_report report = {.emit = conf_emit_log, .arg = arg};
	const char *name = option ? core_option(c, option) : NULL;

	if (!is_loaded && !mapset_load(&loaded, driver, &report))
		return false;
	is_loaded = true;
	if (loaded.count == 0)
		log_error(token, "there are no maps for %s: is NUT installed completely?", driver);
	*maps = &loaded;
	*only = name ? mapset_find(&loaded, name) : NULL;
	if (name && !*only)
		log_error(token, "%s \"%s\": there is no such map", option, name);
	return loaded.count > 0 && (!name || *only);
}

void engine_core_set(struct core *c, struct engine *e, const char *option, const char *variable)
{
	const char *value = core_option(c, option);

	if (value && engine_setvar(e, variable, value) != DRIVERWIRE_HANDLED)
		log_warn(token, "%s = %s: this UPS has no %s that could be set", option, value,
			 variable);
}

enum driver_result engine_core_result(enum engine_result r)
{
	static const enum driver_result results[] = {
		[ENGINE_OK] = DRIVER_OK,
		[ENGINE_FAILED] = DRIVER_FAILED,
		[ENGINE_UNKNOWN] = DRIVER_STALE,
		[ENGINE_GONE] = DRIVER_LOST,
	};

	return results[r];
}
