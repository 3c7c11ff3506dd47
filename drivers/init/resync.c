#include "config.h"

#include "drivers/init/resync.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/conffile.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/init/instance.h"
#include "drivers/init/mode.h"
#include "drivers/init/systemd.h"
#include "drivers/init/unitfiles.h"

static char token[] = "enumerator";

enum { AGAIN = 20 }; /* then whoever writes the file without end may wait for the next time */

struct work {
	const struct resync_how *how;
	struct ctl_config cfg;
	struct mode mode;
	struct driver_units units; /* as they were before */
	bool *is_new;              /* for each section: systemd did not know of it */
	bool changed, failed;
};

static void note(struct work *w, bool done)
{
	w->changed |= done;
	w->failed |= !done;
}

static bool order(const char *verb, const char *unit)
{
	log_notice(token, "%s %s", verb, unit);
	return systemd_ctl(verb, "--no-block", unit, NULL) == 0;
}

static bool remember_new(struct work *w)
{
	w->is_new = calloc(w->cfg.count + 1, sizeof(*w->is_new));
	if (!w->is_new)
		log_error(token, "out of memory");
	for (size_t i = 0; w->is_new && i < w->cfg.count; i++)
		w->is_new[i] = !unitfiles_wanted(systemd_generator_dir(), &w->cfg.upses[i]);
	return w->is_new;
}

static void reload_units(struct work *w)
{
	if (!w->how->anew && unitfiles_match(systemd_generator_dir(), &w->cfg, &w->mode))
		return;
	note(w, systemd_ctl("daemon-reload", NULL) == 0);
}

static void stop_gone(struct work *w)
{
	for (size_t i = 0; i < w->units.count; i++) {
		const struct driver_unit *u = &w->units.list[i];
		bool stays = w->mode.drivers && instance_find(&w->cfg, u->name);

		/* One that is about to start finds by itself that it has no section. */
		if (!stays && u->state == DRIVER_UNIT_RUNNING)
			note(w, order("stop", u->name));
	}
}

/* The driver itself knows what of its section it can take up as it runs. */
static void tell_running(struct work *w, const struct ctl_ups *ups, const struct driver_unit *u)
{
	if (w->how->anew || (u->pid > 0 && daemon_signal_pid(u->pid, ups->driver, SIGUSR1) != 0))
		note(w, order("restart", u->name));
}

static void bring_up(struct work *w, size_t i)
{
	const struct ctl_ups *ups = &w->cfg.upses[i];
	const struct driver_unit *u;
	char unit[INSTANCE_UNIT_MAX];

	if (!instance_unit_of(ups->name, unit, sizeof(unit))) {
		log_error(token, "ups.conf:%u: [%s] is too long for the name of a unit", ups->line,
			  ups->name);
		w->failed = true;
		return;
	}
	u = systemd_driver_unit(&w->units, unit);
	if (u && u->state == DRIVER_UNIT_RUNNING)
		tell_running(w, ups, u);
	else if (u && u->state == DRIVER_UNIT_ON_ITS_WAY)
		log_debug(1, token, "%s is about to start, and reads the file then", unit);
	else if (!u || u->state == DRIVER_UNIT_FAILED || w->is_new[i] || w->how->anew)
		note(w, order("start", unit));
}

/* upsd serves the sections that it finds, and looks again when it is told to. */
static void tell_upsd(void)
{
	if (systemd_ctl("is-active", "--quiet", "nut-server.service", NULL) == 0)
		order("reload", "nut-server.service");
}

static enum resync_result result_of(const struct work *w)
{
	return w->failed ? RESYNC_DIFFERS : w->changed ? RESYNC_CHANGED : RESYNC_SAME;
}

static enum resync_result once(const struct resync_how *how)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct conf_report mode_report = report;
	struct work w = {.how = how};
	enum resync_result result = RESYNC_DIFFERS;

	mode_read(&w.mode, &mode_report);
	if (!ctl_config_read(&w.cfg, &report))
		return RESYNC_NO_FILE;
	if (report.errors > 0) {
		log_error(token, "all drivers go on as they were until that is mended");
		goto out;
	}
	if (!remember_new(&w) || !systemd_driver_units(&w.units))
		goto out;
	reload_units(&w);
	stop_gone(&w);
	for (size_t i = 0; w.mode.drivers && i < w.cfg.count; i++)
		bring_up(&w, i);
	tell_upsd();
	result = result_of(&w);
out:
	systemd_driver_units_free(&w.units);
	ctl_config_free(&w.cfg);
	free(w.is_new);
	return result;
}

/* Which text the file holds, as far as that is seen without reading it. */
static struct stat look(void)
{
	char path[CTL_PATH_MAX];
	struct stat st = {0};

	if (!paths_conf_file(path, sizeof(path), "ups.conf") || stat(path, &st) != 0)
		st = (struct stat){0};
	return st;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

enum resync_result resync(const struct resync_how *how)
{
	struct stat before = look();
	enum resync_result result = once(how);

	/* systemd does not see what changes while its path unit's service runs. */
	for (int i = 0; i < AGAIN; i++) {
		struct stat after = look();
		enum resync_result next;

		if (is_same(&before, &after))
			break;
		before = after;
		next = once(&(struct resync_how){.anew = false});
		if (next != RESYNC_SAME)
			result = next;
	}
	return result;
}
