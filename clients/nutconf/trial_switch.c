#include "config.h"

#include "clients/nutconf/trial_switch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/nutconf/tools.h"
#include "clients/nutconf/trial_hands.h"
#include "clients/nutconf/trial_site.h"
#include "common/base/clock.h"
#include "common/base/run.h"
#include "common/base/str.h"
#include "common/ups/status.h"

enum {
	CHECK_MS = 30 * 1000,
	BACK_MS = 60 * 1000,
	LOOK_MS = 50,
	SAID_MAX = 16 * 1024,
	NAMES_SHOWN = 12
};

static const uint32_t matters = STATUS_OL | STATUS_OB | STATUS_LB | STATUS_FSD;

/* How a UPS was before. */
struct before {
	char ups[64];
	char status[256];
	struct trial_list clients, abilities, values;
};

struct over {
	struct trial_change change;
	struct before upses[TRIAL_UPS_MAX];
	size_t count;
};

static bool move_part(struct trial_change *c, enum trial_part part, bool ours)
{
	return c->systemd ? trial_units_move(c, part, ours) : trial_procs_move(c, part, ours);
}

/* ---------------------------------------------------------------------- before all */

static bool is_systemd(const struct trial_switch *how)
{
	return how->init == TRIAL_INIT_SYSTEMD ||
	       (how->init == TRIAL_INIT_LOOK && access("/run/systemd/system", F_OK) == 0);
}

/* Our own daemons are asked whether they take the real configuration. */
static bool check_conf(struct trial_change *c, const char *name)
{
	const char *const env[] = {"NUT_CONFPATH", c->how->conf, NULL};
	char path[PATH_MAX];
	const char *argv[] = {path, "-t", NULL};
	struct run r = {.argv = argv,
			.env = env,
			.limit_ms = CHECK_MS,
			.max = SAID_MAX,
			.with_errors = true};
	struct buffer said = {0};
	bool ok;

	if (!tools_find(name, path, sizeof(path))) {
		trial_say(c, "our %s is not found, nothing is changed", name);
		return false;
	}
	ok = run_went_well(&r, &said);
	if (!ok)
		trial_say(c, "%s -t finds the configuration wrong, nothing is changed:\n%s", name,
			  buffer_string(&said));
	buffer_free(&said);
	return ok;
}

static bool snapshot_one(struct over *o, const char *ups)
{
	const struct trial_server *s = &o->change.how->server;
	struct before *b = &o->upses[o->count];
	uint32_t bits;

	if (o->count == TRIAL_UPS_MAX || !str_copy(b->ups, sizeof(b->ups), ups))
		return false;
	o->count++;
	if (!trial_ask_status(s, ups, b->status, sizeof(b->status)) ||
	    !trial_ask_clients(s, ups, &b->clients) ||
	    !trial_ask_abilities(s, ups, &b->abilities) || !trial_ask_values(s, ups, &b->values)) {
		trial_say(&o->change, "UPS %s: %s", ups, trial_ask_error());
		return o->change.how->force;
	}
	bits = status_parse(b->status, NULL);
	if ((bits & STATUS_OL) && !(bits & (STATUS_OB | STATUS_LB | STATUS_FSD)))
		return true;
	trial_say(&o->change, "UPS %s is not quietly on line: %s", ups, b->status);
	return o->change.how->force;
}

static bool snapshot(struct over *o)
{
	const struct trial_server *s = &o->change.how->server;
	struct trial_list names = {NULL, 0};
	bool ok = trial_ask_upses(s, &names);

	if (!ok) {
		/* A machine with upsmon alone has no upsd of its own. */
		trial_say(&o->change, "no upsd at %s:%u: %s", s->host, s->port, trial_ask_error());
		ok = o->change.how->force;
	}
	for (size_t i = 0; ok && i < names.count; i++)
		ok = snapshot_one(o, names.items[i].name);
	if (!ok)
		trial_say(&o->change, "nothing is changed; --force does it all the same");
	trial_list_free(&names);
	return ok;
}

/* ------------------------------------------------------------------------ is it well */

static bool is_served(const struct trial_switch *how, const struct before *b)
{
	char status[256];

	if (!*b->status)
		return true; /* it was not served before */
	return trial_ask_status(&how->server, b->ups, status, sizeof(status)) &&
	       (status_parse(status, NULL) & matters) == (status_parse(b->status, NULL) & matters);
}

static unsigned count_of(const struct trial_list *l, const char *name)
{
	unsigned count = 0;

	for (size_t i = 0; i < l->count; i++)
		count += str_equal(l->items[i].name, name);
	return count;
}

/* Everybody who was logged in is so again. */
static bool are_clients_back(const struct trial_switch *how, const struct before *b)
{
	struct trial_list now = {NULL, 0};
	bool ok = trial_ask_clients(&how->server, b->ups, &now) || !b->clients.count;

	for (size_t i = 0; ok && i < b->clients.count; i++)
		ok = count_of(&now, b->clients.items[i].name) >=
		     count_of(&b->clients, b->clients.items[i].name);
	trial_list_free(&now);
	return ok;
}

static bool wait_until(struct over *o, const char *what, long long deadline,
		       bool (*well)(const struct trial_switch *how, const struct before *b))
{
	for (size_t i = 0; i < o->count;) {
		if (well(o->change.how, &o->upses[i])) {
			i++;
			continue;
		}
		if (clock_ms() > deadline) {
			trial_say(&o->change, "UPS %s: %s", o->upses[i].ups, what);
			return false;
		}
		clock_sleep_ms(LOOK_MS);
	}
	return true;
}

static void tell_lost(struct over *o, const char *ups, const char *what,
		      const struct trial_list *old, const struct trial_list *now)
{
	unsigned lost = 0;

	for (size_t i = 0; i < old->count; i++) {
		const char *name = old->items[i].name;

		if (str_starts(name, "driver.") || trial_list_find(now, name))
			continue;
		if (++lost <= NAMES_SHOWN)
			trial_say(&o->change, "UPS %s: %s is gone: %s", ups, what, name);
	}
	if (lost > NAMES_SHOWN)
		trial_say(&o->change, "UPS %s: and %u more", ups, lost - NAMES_SHOWN);
}

/* Nothing is taken back for that, but people should know. */
static void tell_differences(struct over *o)
{
	for (size_t i = 0; i < o->count; i++) {
		struct trial_list values = {NULL, 0}, abilities = {NULL, 0};
		struct before *b = &o->upses[i];

		if (trial_ask_values(&o->change.how->server, b->ups, &values) &&
		    trial_ask_abilities(&o->change.how->server, b->ups, &abilities)) {
			tell_lost(o, b->ups, "a variable", &b->values, &values);
			tell_lost(o, b->ups, "what could be done", &b->abilities, &abilities);
			trial_say(&o->change,
				  "UPS %s: %zu variables (%zu before), %zu settings and "
				  "commands (%zu before)",
				  b->ups, values.count, b->values.count, abilities.count,
				  b->abilities.count);
		}
		trial_list_free(&values);
		trial_list_free(&abilities);
	}
}

static void tell_gap(const struct trial_change *c, const char *what, long long since)
{
	long long ms = since ? clock_ms() - since : 0;

	if (since)
		trial_say(c, "%s for %lld.%03lld s", what, ms / 1000, ms % 1000);
}

/* ------------------------------------------------------------------------- one way */

static bool go(struct over *o, bool ours)
{
	struct trial_change *c = &o->change;
	long long deadline = clock_ms() + (ours ? c->how->within_ms : BACK_MS);
	bool ok;

	c->driver_stop_ms = c->monitor_stop_ms = 0;
	ok = move_part(c, TRIAL_DRIVERS, ours) || !ours;
	ok = ok && (move_part(c, TRIAL_UPSD, ours) || !ours);
	ok = ok && (wait_until(o, "is not served as before", deadline, is_served) || !ours);
	if (ok)
		tell_gap(c, "no values of a UPS were served", c->driver_stop_ms);
	ok = ok && (move_part(c, TRIAL_UPSMON, ours) || !ours);
	if (!ok)
		return false;
	ok = wait_until(o, "not all are logged in again", deadline, are_clients_back);
	if (ok)
		tell_gap(c, "no upsmon watched", c->monitor_stop_ms);
	return ok && wait_until(o, "is not served as before", deadline, is_served);
}

static bool go_back(struct over *o)
{
	bool ok;

	trial_say(&o->change, "going back");
	ok = go(o, false);
	if (ok)
		trial_change_forget(&o->change);
	trial_say(&o->change, ok ? "the live suite runs again"
				 : "NOT all of the live suite runs again: look at it now; `nutconf "
				   "trial back` tries once more");
	return ok;
}

/* What the process that does it ends with. */
enum { DONE = 0, TAKEN_BACK = 1, STUCK = 2 };

static int work(struct over *o)
{
	if (go(o, true)) {
		tell_differences(o);
		trial_say(&o->change, "ours runs; `nutconf trial back` goes back");
		return DONE;
	}
	return go_back(o) ? TAKEN_BACK : STUCK;
}

/* --------------------------------------------------------------------------- guard */

static void be_deaf(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTOU};

	setsid();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

/* Waits for the one that works; takes its place if it dies. */
static int guard(struct over *o)
{
	int status = 0;
	pid_t pid;

	be_deaf();
	pid = fork();
	if (pid == 0)
		_exit(work(o));
	if (pid < 0)
		return TAKEN_BACK;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	trial_say(&o->change, "the process that switched over died (signal %d)", WTERMSIG(status));
	return go_back(o) ? TAKEN_BACK : STUCK;
}

/* Its words are shown here for as long as somebody looks on. */
static int run_guarded(struct over *o)
{
	int ends[2], status = 0;
	char part[1024];
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe(ends) != 0)
		return TAKEN_BACK;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		_exit(guard(o));
	}
	close(ends[1]);
	while (pid > 0 &&
	       ((n = read(ends[0], part, sizeof(part))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0 && fwrite(part, 1, (size_t)n, stdout) > 0)
			fflush(stdout);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return TAKEN_BACK;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STUCK;
}

/* ---------------------------------------------------------------------------- verbs */

static void free_over(struct over *o)
{
	for (size_t i = 0; o && i < o->count; i++) {
		trial_list_free(&o->upses[i].clients);
		trial_list_free(&o->upses[i].abilities);
		trial_list_free(&o->upses[i].values);
	}
	if (o)
		trial_change_free(&o->change);
	free(o);
}

static bool has_record(const struct trial_switch *s)
{
	char path[PATH_MAX];

	return trial_path(path, sizeof(path), s->dir, "switch") && access(path, F_OK) == 0;
}

/* What is in it says what is run: it has to be the caller's alone. */
static bool is_safe_folder(const struct trial_switch *s)
{
	struct stat st;

	if (lstat(s->dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 022))
		return true;
	fprintf(stderr, "nutconf: %s is not a folder that is yours and nobody else may write to\n",
		s->dir);
	return false;
}

static bool make_folder(const struct trial_switch *s)
{
	if (mkdir(s->dir, 0700) == 0 || errno == EEXIST)
		return is_safe_folder(s);
	fprintf(stderr, "nutconf: cannot make %s: %s\n", s->dir, strerror(errno));
	return false;
}

static bool prepare(struct over *o)
{
	struct trial_change *c = &o->change;
	int err;

	c->systemd = is_systemd(c->how);
	if (!check_conf(c, "upsd") || !check_conf(c, "upsmon") || !snapshot(o) ||
	    !(c->systemd ? trial_units_find(c) : trial_procs_find(c)))
		return false;
	err = trial_change_write(c);
	if (err)
		trial_say(c, "cannot write what runs now to %s: %s; nothing is changed",
			  c->how->dir, strerror(err));
	return err == 0;
}

int trial_switch_over(const struct trial_switch *s)
{
	struct over *o = calloc(1, sizeof(*o));
	int result = TAKEN_BACK;

	if (!o || !make_folder(s)) {
		free(o);
		return EXIT_FAILURE;
	}
	o->change.how = s;
	if (has_record(s))
		fprintf(stderr, "nutconf: it was switched over already; `nutconf trial back` goes "
				"back\n");
	else if (prepare(o))
		result = run_guarded(o);
	free_over(o);
	return result == DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Who is logged in now is to be so afterwards; what cannot be asked does not matter. */
static void look_around(struct over *o)
{
	struct trial_switch forced = *o->change.how;
	const struct trial_switch *how = o->change.how;

	forced.force = true;
	o->change.how = &forced;
	snapshot(o);
	o->change.how = how;
}

int trial_switch_back(const struct trial_switch *s)
{
	struct over *o = calloc(1, sizeof(*o));
	bool ok = false;
	int err;

	if (!o)
		return EXIT_FAILURE;
	o->change.how = s;
	err = !has_record(s) ? ENOENT : is_safe_folder(s) ? trial_change_read(&o->change) : EPERM;
	if (err == ENOENT) {
		fprintf(stderr, "nutconf: nothing was switched over from %s\n", s->dir);
	} else if (err) {
		fprintf(stderr, "nutconf: %s/switch cannot be read: %s\n", s->dir, strerror(err));
	} else {
		look_around(o);
		be_deaf();
		ok = go_back(o);
	}
	free_over(o);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
