/*
 * By systemd: the units stay the distribution's, and get drop-ins that run our programs in
 * them.  Those are in /run, so that a new start of the machine takes them away.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/nutconf/tools.h"
#include "clients/nutconf/trial_hands.h"
#include "common/base/clock.h"
#include "common/base/paths.h"
#include "common/base/run.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"

enum { LIMIT_MS = 120 * 1000, SAID_MAX = 64 * 1024 };

static const char dropin[] = "90-nutconf-trial.conf";

static const char *const programs[TRIAL_PARTS] = {"upsdrvctl", "upsd", "upsmon"};

static bool systemctl(struct buffer *said, const char *a, const char *b)
{
	const char *argv[] = {"systemctl", a, b, NULL};
	struct run r = {.argv = argv, .limit_ms = LIMIT_MS, .max = SAID_MAX, .with_errors = !said};

	return run_went_well(&r, said);
}

/* The part that a unit belongs to; -1: none of ours. */
static int part_of(const char *unit)
{
	if (str_starts(unit, "nut-driver@"))
		return TRIAL_DRIVERS;
	if (str_equal(unit, "nut-server.service"))
		return TRIAL_UPSD;
	if (str_equal(unit, "nut-monitor.service") || str_equal(unit, "nut-client.service"))
		return TRIAL_UPSMON;
	return -1;
}

bool trial_units_find(struct trial_change *c)
{
	static const char *const argv[] = {"systemctl",      "list-units", "--plain",
					   "--no-legend",    "--full",     "--state=active",
					   "--type=service", "nut-*",      NULL};
	struct run r = {.argv = argv, .limit_ms = LIMIT_MS, .max = SAID_MAX};
	struct buffer said = {0};
	char *text, *line;

	str_copy(c->units_dir, sizeof(c->units_dir),
		 c->how->units ? c->how->units : "/run/systemd/system");
	if (!run_went_well(&r, &said)) {
		trial_say(c, "systemctl does not tell which units run");
		buffer_free(&said);
		return false;
	}
	buffer_string(&said);
	text = said.data;
	while (tools_next_line(&text, &line)) {
		line[strcspn(line, " ")] = '\0';
		if (part_of(line) >= 0 && c->unit_count < TRIAL_UNITS_MAX &&
		    !strpbrk(line, "/\"\\") &&
		    str_copy(c->units[c->unit_count], sizeof(c->units[0]), line))
			c->unit_count++;
	}
	buffer_free(&said);
	if (!c->unit_count)
		trial_say(c, "no unit of NUT is active");
	return c->unit_count > 0;
}

/* `nut-driver@.service.d` for all of them. */
static bool dropin_path(const struct trial_change *c, const char *unit, char *dst, size_t size,
			bool folder)
{
	const char *name = part_of(unit) == TRIAL_DRIVERS ? "nut-driver@.service" : unit;

	return str_format(dst, size, folder ? "%s/%s.d" : "%s/%s.d/%s", c->units_dir, name, dropin);
}

static void append_text(const struct trial_change *c, enum trial_part part, const char *path,
			struct buffer *b)
{
	const char *state = c->how->state ? c->how->state : "/run/nut";

	buffer_appendf(b,
		       "# Made by `nutconf trial switch`; `nutconf trial back` takes it away.\n"
		       "[Service]\nEnvironment=NUT_CONFPATH=%s NUT_STATEPATH=%s "
		       "NUT_ALTPIDPATH=%s NUT_PIDPATH=%s\nExecStart=\n",
		       c->how->conf, state, state, state);
	if (part == TRIAL_DRIVERS)
		buffer_appendf(b, "ExecStart=%s start %%i\nExecStop=\nExecStop=%s stop %%i\n", path,
			       path);
	else
		buffer_appendf(b,
			       "Type=simple\nPIDFile=\nExecStart=%s -F\nExecReload=\n"
			       "ExecReload=%s -c reload -P $MAINPID\n",
			       path, path);
}

static bool add_dropin(struct trial_change *c, const char *unit)
{
	int part = part_of(unit); /* a record may name anything */
	struct wholefile_owner owner = {geteuid(), getegid(), 0644};
	char folder[PATH_MAX], file[PATH_MAX], program[PATH_MAX];
	struct buffer b = {0};
	int err;

	if (part < 0) {
		trial_say(c, "%s is none of our units", unit);
		return false;
	}
	if (!tools_find(programs[part], program, sizeof(program)) ||
	    !dropin_path(c, unit, folder, sizeof(folder), true) ||
	    !dropin_path(c, unit, file, sizeof(file), false)) {
		trial_say(c, "our %s is not found", programs[part]);
		return false;
	}
	append_text(c, (enum trial_part)part, program, &b);
	err = mkdir(folder, 0755) != 0 && errno != EEXIST ? errno
							  : wholefile_replace(file, &b, &owner);
	buffer_free(&b);
	if (err)
		trial_say(c, "cannot write %s: %s", file, strerror(err));
	return err == 0;
}

static void remove_dropin(struct trial_change *c, const char *unit)
{
	char path[PATH_MAX];

	if (dropin_path(c, unit, path, sizeof(path), false))
		unlink(path);
	/* Only if nothing else is in it. */
	if (dropin_path(c, unit, path, sizeof(path), true))
		rmdir(path);
}

static bool move_unit(struct trial_change *c, const char *unit, bool ours)
{
	trial_say(c, "%s: %s", unit, ours ? "ours" : "as before");
	if (part_of(unit) == TRIAL_DRIVERS && !c->driver_stop_ms)
		c->driver_stop_ms = clock_ms();
	if (part_of(unit) == TRIAL_UPSMON)
		c->monitor_stop_ms = clock_ms();
	if (systemctl(NULL, "restart", unit))
		return true;
	trial_say(c, "systemctl restart %s failed; `systemctl status %s` tells more", unit, unit);
	return false;
}

bool trial_units_move(struct trial_change *c, enum trial_part part, bool ours)
{
	bool ok = true;

	for (size_t i = 0; i < c->unit_count; i++) {
		if (part_of(c->units[i]) != (int)part)
			continue;
		if (ours)
			ok = ok && add_dropin(c, c->units[i]);
		else
			remove_dropin(c, c->units[i]);
	}
	ok = ok && systemctl(NULL, "daemon-reload", NULL);
	for (size_t i = 0; i < c->unit_count && (ok || !ours); i++) {
		if (part_of(c->units[i]) == (int)part)
			ok = move_unit(c, c->units[i], ours) && ok;
	}
	return ok;
}
