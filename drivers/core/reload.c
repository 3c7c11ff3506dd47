#include "config.h"

#include <signal.h>

#include "common/base/str.h"
#include "drivers/core/core.h"

struct change_log {
	struct core *core;
	unsigned unapplied;
};

static void on_difference(void *arg, const char *key, bool reloadable, bool secret, const char *old,
			  const char *new_value)
{
	struct change_log *log = arg;
	const char *was = secret ? "(secret)" : old ? old : "(none)";
	const char *is = secret ? "(secret)" : new_value ? new_value : "(none)";

	if (!reloadable) {
		log_notice("reload", "%s changed from \"%s\" to \"%s\": that needs a restart", key,
			   was, is);
		log->unapplied++;
		return;
	}
	log_notice("reload", "%s changed from \"%s\" to \"%s\"", key, was, is);
	if (!new_value)
		publish_unset(log->core, key);
	if (str_equal(key, "allow_killpower"))
		publish_allow_killpower(log->core, new_value != NULL);
}

enum reload_outcome reload(struct core *c)
{
	static char token[] = "reload";
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct change_log log = {.core = c};
	struct settings *fresh;

	log_notice("reload", "reading ups.conf again");
	fresh = settings_load(c->driver, c->conf_path, c->cli->with_config ? c->cli->ups : NULL,
			      c->cli->x, c->cli->x_count, &report);
	if (!fresh) {
		log_error("reload", "the settings stay as they were");
		return RELOAD_FAILED;
	}
	settings_diff(c->settings, fresh, on_difference, &log);
	if (!settings_adopt(c->settings, fresh))
		log_error("reload", "out of memory: not everything was taken up");
	settings_free(fresh);
	publish_settings(c);
	publish_debug(c);
	return log.unapplied > 0 ? RELOAD_NEEDS_RESTART : RELOAD_DONE;
}

void reload_or_exit(struct core *c)
{
	if (reload(c) != RELOAD_NEEDS_RESTART)
		return;
	log_notice("reload", "ending, to be started anew");
	core_end(c, 128 + SIGUSR1);
}
