/*
 * The half of dummy-ups that plays files.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/virtual/dummy.h"

/*
 * How clients may write to a variable, as Debian's dummy-ups 2.8.0 announces it
 * (seen on its socket, with a file of every variable): texts of at most 32
 * bytes, except these.
 */
enum { LENGTH_OTHERS = 32, LOG_AGAIN_S = 600 };

static const struct {
	const char *name;
	int length; /* 0 = a number */
} known[] = {
	{"battery.charge", 0},
	{"battery.charge.low", 0},
	{"battery.charge.restart", 0},
	{"battery.current", 0},
	{"battery.runtime", 0},
	{"battery.runtime.low", 0},
	{"battery.temperature", 0},
	{"battery.voltage", 0},
	{"battery.voltage.nominal", 0},
	{"input.frequency", 0},
	{"input.quality", 6},
	{"input.sensitivity", 1},
	{"input.transfer.boost.high", 0},
	{"input.transfer.boost.low", 0},
	{"input.transfer.high", 0},
	{"input.transfer.low", 0},
	{"input.transfer.reason", 1},
	{"input.transfer.trim.high", 0},
	{"input.transfer.trim.low", 0},
	{"input.voltage", 0},
	{"input.voltage.maximum", 0},
	{"input.voltage.minimum", 0},
	{"input.voltage.nominal", 0},
	{"output.current", 0},
	{"output.frequency", 0},
	{"output.voltage", 0},
	{"ups.date", 16},
	{"ups.delay.reboot", 0},
	{"ups.delay.shutdown", 0},
	{"ups.delay.start", 0},
	{"ups.firmware", 16},
	{"ups.firmware.aux", 16},
	{"ups.id", 16},
	{"ups.load", 0},
	{"ups.mfr.date", 16},
	{"ups.temperature", 0},
	{"ups.test.interval", 0},
	{"ups.test.result", 16},
	{"ups.time", 16},
};

static void set_writable(struct state *s, const char *name)
{
	int length = LENGTH_OTHERS;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_caseequal(name, known[i].name))
			length = known[i].length;
	}
	state_set_flags(s, name, length > 0 ? STATE_RW | STATE_STRING : STATE_RW);
	if (length > 0)
		state_set_aux(s, name, length);
}

static void set(struct core *c, const char *name, const char *value)
{
	struct state *s = core_state(c);
	bool is_new = !state_find(s, name);

	if (str_caseequal(name, "ups.status")) {
		core_status_begin(c);
		core_status_add(c, value);
		is_new = is_new && state_set(s, name, value) != STATE_REFUSED;
	} else if (state_set(s, name, value) == STATE_REFUSED) {
		log_debug(1, "dummy", "%s is not taken from the file", name);
		return;
	}
	if (is_new)
		set_writable(s, name);
}

/* A status is always there, if only without a word. */
static void unset(struct core *c, const char *name)
{
	if (str_caseequal(name, "ups.status"))
		core_status_begin(c);
	else
		state_delete(core_state(c), name);
}

/* ---------------------------------------------------------------------------- the file */

static bool find_path(struct core *c, struct dummy *d)
{
	const char *port = core_port(c);

	if (port[0] == '.')
		return str_copy(d->path, sizeof(d->path), port);
	return paths_conf_file(d->path, sizeof(d->path), port);
}

static bool same_stamp(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_size == b->st_size && a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Reads the file (again) and starts at its top; with an error all stays as it was. */
static int read_script(struct dummy *d, const struct stat *stamp)
{
	static char token[] = "dummy";
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct script fresh;
	int err = script_read(&fresh, d->path, &report);

	if (err)
		return err;
	script_free(&d->script);
	d->script = fresh;
	d->read_at = *stamp;
	d->next = 0;
	d->resume_ms = 0;
	loop_timer_cancel(d->timer);
	return 0;
}

/* Once, and then now and then: it is looked for over and over. */
static void log_trouble(struct dummy *d, int err)
{
	unsigned missed;

	if (!log_throttle_pass(&d->trouble, LOG_AGAIN_S, &missed))
		return;
	if (missed > 0)
		log_warn_errno("dummy", err, "%s (and %u times before)", d->path, missed);
	else
		log_warn_errno("dummy", err, "%s", d->path);
}

/* Takes up a file that was written anew. */
static int refresh(struct dummy *d)
{
	struct stat now;

	if (stat(d->path, &now) != 0)
		return errno;
	return same_stamp(&now, &d->read_at) ? 0 : read_script(d, &now);
}

/* ------------------------------------------------------------------------------ playing */

static void on_timer(void *arg)
{
	core_poll_now(arg);
}

static void pause_for(struct dummy *d, long ms)
{
	d->resume_ms = clock_ms() + ms;
	loop_timer_set(d->timer, ms);
}

/* Plays up to the next TIMER, or to the end.  False: there was nothing left. */
static bool play(struct core *c, struct dummy *d)
{
	if (d->next >= d->script.count)
		return false;
	while (d->next < d->script.count) {
		const struct script_step *step = &d->script.steps[d->next++];

		switch (step->action) {
		case SCRIPT_SET:
			set(c, step->name, step->text);
			break;
		case SCRIPT_DELETE:
			unset(c, step->name);
			break;
		case SCRIPT_ALARM:
			core_alarm_add(c, step->text);
			break;
		case SCRIPT_ALARM_NONE:
			core_alarm_begin(c);
			break;
		case SCRIPT_PAUSE:
			pause_for(d, step->pause_ms);
			return true;
		}
	}
	return true;
}

enum driver_result player_poll(struct core *c)
{
	struct dummy *d = core_data(c);
	bool at_end = d->next >= d->script.count;
	int err = 0;

	if (clock_ms() < d->resume_ms && d->mode == DUMMY_LOOP)
		return DRIVER_OK;
	/* A loop is played to its end before its file is looked at again. */
	if (d->mode == DUMMY_ONCE || at_end)
		err = refresh(d);
	if (err) {
		log_trouble(d, err);
		return DRIVER_FAILED;
	}
	if (clock_ms() < d->resume_ms)
		return DRIVER_OK;
	if (!play(c, d) && d->mode == DUMMY_LOOP) {
		d->next = 0;
		play(c, d);
	}
	return DRIVER_OK;
}

static void publish_start(struct core *c)
{
	if (!state_find(core_state(c), "ups.mfr"))
		set(c, "ups.mfr", "Dummy Manufacturer");
	if (!state_find(core_state(c), "ups.model"))
		set(c, "ups.model", "Dummy UPS");
	if (!state_find(core_state(c), "ups.status"))
		set(c, "ups.status", "OL");
	state_add_command(core_state(c), "load.off");
}

enum driver_result player_open(struct core *c)
{
	struct dummy *d = core_data(c);
	struct stat now;
	int err = 0;

	if (!find_path(c, d)) {
		log_error("dummy", "port: the path is too long");
		return DRIVER_FATAL;
	}
	if (!d->timer && !(d->timer = loop_timer_new(core_loop(c), on_timer, c)))
		return DRIVER_FAILED;
	if (stat(d->path, &now) != 0)
		err = errno;
	else
		err = read_script(d, &now);
	if (err) {
		log_trouble(d, err);
		player_close(c); /* nobody else does, where opening failed */
		return DRIVER_FAILED;
	}
	publish_start(c);
	return DRIVER_OK;
}

enum driverwire_result player_setvar(struct core *c, const char *name, const char *value)
{
	const struct state_var *v = state_find(core_state(c), name);

	if (!v)
		return DRIVERWIRE_R_UNKNOWN;
	if (state_var_flags(v) & STATE_IMMUTABLE)
		return DRIVERWIRE_R_FAILED;
	set(c, name, value);
	return DRIVERWIRE_HANDLED;
}

void player_close(struct core *c)
{
	struct dummy *d = core_data(c);

	loop_timer_free(d->timer);
	d->timer = NULL;
	script_free(&d->script);
}
