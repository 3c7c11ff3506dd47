/* nutconf trial: the suite beside a live NUT; nutconf-trial(8). */
#include "config.h"

#include "clients/nutconf/trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/nutconf/trial_conf.h"
#include "clients/nutconf/trial_events.h"
#include "clients/nutconf/trial_switch.h"
#include "clients/nutconf/verbs.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"
#include "common/ups/netwire.h"

enum {
	OPT_DIR = 256,
	OPT_PORT,
	OPT_FOR,
	OPT_CONF,
	OPT_LIVE,
	OPT_USER,
	OPT_LOG,
	OPT_LOOK,
	OPT_VALUES,
	OPT_WITHIN,
	OPT_FORCE,
	OPT_STATE,
	OPT_UNITS,
	OPT_INIT,
};

enum { STOP_MS = 30 * 1000, PASSWORD_BYTES = 12, WITHIN_S = 60, START_S = 60 };

static const struct option_row rows[] = {
	{OPT_DIR, "dir", "DIR", "the trial's folder (" TRIAL_DIR ")"},
	{OPT_CONF, "conf", "DIR", "where the live configuration is"},
	{OPT_LIVE, "live", "HOST[:PORT]", "the live upsd (as its upsd.conf says)"},
	{OPT_PORT, "port", "PORT", "start: our upsd's (13493)"},
	{OPT_FOR, "for", "TIME", "start: end by itself after 90s, 30m, 24h, 7d"},
	{OPT_USER, "user", "NAME", "start: who our daemons are, never root"},
	{OPT_LOG, "log", "FILE", "start: a log that the live upsmon writes to"},
	{OPT_LOOK, "look", "SECONDS", "start: how often the status is compared (1)"},
	{OPT_VALUES, "values", "SECONDS", "start: how often all values are compared (15)"},
	{OPT_WITHIN, "within", "SECONDS", "switch: go back unless all is well by then (60)"},
	{OPT_FORCE, "force", NULL, "switch: even if a UPS is not quietly on line"},
	{OPT_STATE, "state", "DIR", "switch: where the live PID files are (/run/nut)"},
	{OPT_INIT, "init", "systemd|none", "switch: who starts the daemons (looked up)"},
	{OPT_UNITS, "units", "DIR",
	 "switch: where changes of units go (/run/systemd/system, until the next boot)"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct request {
	const char *dir, *conf, *live, *user, *log;
	long long for_ms;
	struct trial_plan plan;
	struct trial_switch how;
	char recorder[PATH_MAX];
};

/* -------------------------------------------------------------------- the command line */

/* 90, 90s, 30m, 24h, 7d. */
static bool parse_time(const char *text, long long *ms)
{
	static const struct {
		char unit;
		long long ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	size_t len = strlen(text);
	long long factor = 1000;
	char digits[24];
	long count;

	for (size_t i = 0; len && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] == units[i].unit) {
			factor = units[i].ms;
			len--;
			break;
		}
	}
	if (!str_format(digits, sizeof(digits), "%.*s", (int)len, text) ||
	    !str_to_long(digits, 1, 1000000, &count)) {
		fprintf(stderr, "nutconf: \"%s\" is no time like 90s, 30m, 24h\n", text);
		return false;
	}
	*ms = count * factor;
	return true;
}

static bool parse_seconds(const char *what, const char *text, unsigned *ms)
{
	double seconds;

	if (!str_to_double(text, &seconds) || seconds < 0.05 || seconds > 3600) {
		fprintf(stderr, "nutconf: %s wants seconds from 0.05 to 3600, not \"%s\"\n", what,
			text);
		return false;
	}
	*ms = (unsigned)(seconds * 1000);
	return true;
}

static bool parse_port(const char *text, unsigned *port)
{
	long value;

	if (!str_to_long(text, 1, 65535, &value)) {
		fprintf(stderr, "nutconf: \"%s\" is no port\n", text);
		return false;
	}
	*port = (unsigned)value;
	return true;
}

static bool parse_init(struct request *r, const char *text)
{
	r->how.init = str_equal(text, "systemd") ? TRIAL_INIT_SYSTEMD : TRIAL_INIT_NONE;
	if (r->how.init == TRIAL_INIT_SYSTEMD || str_equal(text, "none"))
		return true;
	fprintf(stderr, "nutconf: --init wants systemd or none, not \"%s\"\n", text);
	return false;
}

static bool take_option(struct request *r, int letter, const char *value)
{
	switch (letter) {
	case OPT_DIR:
		r->dir = value;
		return true;
	case OPT_CONF:
		r->conf = value;
		return true;
	case OPT_LIVE:
		r->live = value;
		return true;
	case OPT_USER:
		r->user = value;
		return true;
	case OPT_LOG:
		r->log = value;
		return true;
	case OPT_PORT:
		return parse_port(value, &r->plan.port);
	case OPT_FOR:
		return parse_time(value, &r->for_ms);
	case OPT_LOOK:
		return parse_seconds("--look", value, &r->plan.poll_ms);
	case OPT_VALUES:
		return parse_seconds("--values", value, &r->plan.every_ms);
	case OPT_WITHIN:
		return parse_seconds("--within", value, &r->how.within_ms);
	case OPT_FORCE:
		r->how.force = true;
		return true;
	case OPT_STATE:
		r->how.state = value;
		return true;
	case OPT_UNITS:
		r->how.units = value;
		return true;
	case OPT_INIT:
		return parse_init(r, value);
	default:
		return false;
	}
}

static bool find_live(const struct request *r, struct trial_server *s)
{
	const char *why;

	trial_conf_find_server(r->conf, s);
	if (!r->live || netwire_parse_host(r->live, s->host, sizeof(s->host), &s->port, &why))
		return true;
	fprintf(stderr, "nutconf: --live %s: %s\n", r->live, why);
	return false;
}

/* ------------------------------------------------------------------------------- start */

/* An ordinary user, whoever calls. */
static bool find_user(const struct request *r, struct privilege *p)
{
	if (geteuid() != 0) {
		*p = (struct privilege){.uid = geteuid(), .gid = getegid()};
		return true;
	}
	if (!privilege_lookup(r->user ? r->user : RUN_AS_USER, NULL, p))
		return false;
	if (p->uid != 0)
		return true;
	fprintf(stderr, "nutconf: a trial never runs as root, so that it cannot shut this machine "
			"down; name another user with --user\n");
	return false;
}

/* A folder with other things in it is not ours to use. */
static bool is_usable(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool empty = true;
	DIR *d;

	if (!trial_path(path, sizeof(path), dir, "trial"))
		return false;
	if (access(path, F_OK) == 0)
		return true;
	d = opendir(dir);
	while (d && (entry = readdir(d)))
		empty = empty && entry->d_name[0] == '.';
	if (d)
		closedir(d);
	if (!empty)
		fprintf(stderr, "nutconf: %s is no trial's folder, and not empty\n", dir);
	return empty;
}

static bool complain(const char *path)
{
	fprintf(stderr, "nutconf: cannot make %s: %s\n", path, strerror(errno));
	return false;
}

/* The one that the caller's rights may be needed for. A link there is nobody's folder. */
static bool make_own_folder(const char *dir, const struct privilege *p)
{
	struct stat st;

	if (mkdir(dir, 0750) != 0 && errno != EEXIST)
		return complain(dir);
	if (lstat(dir, &st) != 0)
		return complain(dir);
	if (!S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != p->uid)) {
		fprintf(stderr, "nutconf: %s is no folder, or somebody else's\n", dir);
		return false;
	}
	if (geteuid() == 0 && lchown(dir, p->uid, p->gid) != 0)
		return complain(dir);
	return true;
}

static bool make_folders(const char *dir)
{
	static const char *const names[] = {"conf", "run", "log"};
	char path[PATH_MAX];

	if (!is_usable(dir))
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!trial_path(path, sizeof(path), dir, names[i]))
			return false;
		if (mkdir(path, 0750) != 0 && errno != EEXIST)
			return complain(path);
	}
	return true;
}

/* What an earlier trial saw stays beside, once. */
static void put_aside(const char *dir)
{
	static const char *const names[] = {"values", "events"};
	char path[PATH_MAX], old[PATH_MAX + 8];

	for (size_t i = 0; i < 2; i++) {
		if (trial_path(path, sizeof(path), dir, names[i]) &&
		    str_format(old, sizeof(old), "%s.old", path))
			rename(path, old);
	}
}

static bool write_one(const char *dir, const char *name, const struct buffer *text)
{
	char path[PATH_MAX];
	int err;

	if (!trial_path(path, sizeof(path), dir, name))
		return false;
	err = wholefile_replace(path, text, NULL);
	if (err)
		fprintf(stderr, "nutconf: cannot write %s: %s\n", path, strerror(err));
	return err == 0;
}

static bool write_all(const struct request *r, const struct trial_conf *c)
{
	int err;

	if (!make_folders(r->dir))
		return false;
	put_aside(r->dir);
	if (!write_one(r->dir, "conf/ups.conf", &c->ups_conf) ||
	    !write_one(r->dir, "conf/upsd.conf", &c->upsd_conf) ||
	    !write_one(r->dir, "conf/upsd.users", &c->upsd_users) ||
	    !write_one(r->dir, "conf/upsmon.conf", &c->upsmon_conf))
		return false;
	err = trial_plan_write(&r->plan, r->dir);
	if (err)
		fprintf(stderr, "nutconf: cannot write to %s: %s\n", r->dir, strerror(err));
	return err == 0;
}

/* The UPSes of this machine's server; one that does not answer may have none. */
static void list_upses(struct request *r, const struct trial_server *live)
{
	struct trial_list list = {NULL, 0};

	if (!trial_ask_upses(live, &list))
		fprintf(stderr, "nutconf: the live upsd at %s:%u: %s\n", live->host, live->port,
			trial_ask_error());
	for (size_t i = 0; i < list.count && r->plan.count < TRIAL_UPS_MAX; i++) {
		struct trial_ups *u = &r->plan.upses[r->plan.count];

		if (!trial_conf_is_plain(list.items[i].name))
			fprintf(stderr, "nutconf: a UPS is left out for its name\n");
		else if (str_copy(u->ups, sizeof(u->ups), list.items[i].name) &&
			 str_copy(u->name, sizeof(u->name), list.items[i].name)) {
			u->server = *live;
			r->plan.count++;
		}
	}
	trial_list_free(&list);
}

static bool make_password(char *dst, size_t size)
{
	unsigned char bytes[PASSWORD_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		str_format(dst + 2 * i, size - 2 * i, "%02x", bytes[i]);
	secret_wipe(bytes, sizeof(bytes));
	return true;
}

/* What needs the rights of the caller: to read the live configuration, and to make a folder. */
static bool read_live(struct request *r, struct trial_conf *conf)
{
	char password[2 * PASSWORD_BYTES + 1];
	struct trial_server live;
	bool ok;

	if (!find_live(r, &live) || !make_password(password, sizeof(password)))
		return false;
	list_upses(r, &live);
	ok = trial_conf_make(conf, &r->plan, &live, r->conf, r->dir, r->recorder, password);
	secret_wipe(password, sizeof(password));
	if (ok && !r->plan.count) {
		fprintf(stderr, "nutconf: there is no live UPS to try with\n");
		return false;
	}
	if (ok && !conf->monitors)
		printf("The live upsmon.conf watches no UPS: values are compared, decisions are "
		       "not.\n");
	r->plan.started_ms = trial_now_ms();
	r->plan.until_ms = r->for_ms ? r->plan.started_ms + r->for_ms : 0;
	return ok && (!r->log || str_copy(r->plan.log, sizeof(r->plan.log), r->log));
}

/*
 * From here on as the trial's user, for good: the folder is theirs, who could put links into it
 * that lead root elsewhere.
 */
static bool become_user(const struct privilege *p)
{
	if (geteuid() == 0 && !privilege_drop(p))
		return false;
	privilege_no_new();
	return geteuid() != 0;
}

/* Opened with the caller's rights, who may read it. */
static int open_log(const struct request *r)
{
	int fd = r->log ? open(r->log, O_RDONLY | O_CLOEXEC) : -1;

	if (r->log && (fd < 0 || lseek(fd, 0, SEEK_END) < 0)) {
		fprintf(stderr, "nutconf: cannot read %s: %s\n", r->log, strerror(errno));
		return -2;
	}
	return fd;
}

static int be_watcher(const struct request *r, int log_fd, int handle)
{
	struct trial_watch w = {r->dir, r->recorder, &r->plan, log_fd, handle};
	char pidfile[PATH_MAX];
	int status;

	if (!trial_path(pidfile, sizeof(pidfile), r->dir, "run/watch.pid") ||
	    daemon_pidfile_write(pidfile) != 0) {
		daemon_failed(handle);
		return EXIT_FAILURE;
	}
	status = trial_watch_run(&w);
	daemon_pidfile_remove(pidfile);
	return status;
}

static bool ended_well(pid_t pid)
{
	int status;

	while (pid > 0 && waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* In the background; the exit status of who watches, or of who waited until it runs. */
static int launch(const struct request *r, int log_fd)
{
	int handle;
	pid_t pid;

	/* daemon_fork() ends its caller, who has a word to say. */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (daemon_fork(&handle, START_S) != 0)
			_exit(EXIT_FAILURE);
		return be_watcher(r, log_fd, handle);
	}
	if (!ended_well(pid)) {
		fprintf(stderr,
			"nutconf: the trial does not start; its programs say why in %s/log\n",
			r->dir);
		return EXIT_FAILURE;
	}
	printf("The trial runs: %zu UPSes, our upsd on 127.0.0.1 port %u. It shuts nothing down.\n"
	       "  nutconf trial status | report | stop\n",
	       r->plan.count, r->plan.port);
	return EXIT_SUCCESS;
}

/* Our upsmon could note nothing, and its silence would look like another decision. */
static bool may_record(const struct request *r)
{
	if (access(r->recorder, X_OK) == 0)
		return true;
	fprintf(stderr,
		"nutconf: %s is not where the user of the trial may go (%s), and by it our upsmon "
		"notes what it would do; install it, or name another --user\n",
		r->recorder, strerror(errno));
	return false;
}

static int start(struct request *r)
{
	struct trial_conf conf = {.monitors = 0};
	int log_fd = -1, status = EXIT_FAILURE;
	struct privilege p;

	if (trial_watcher(r->dir)) {
		fprintf(stderr, "nutconf: a trial runs in %s already; see `nutconf trial status`\n",
			r->dir);
		return EXIT_FAILURE;
	}
	if (find_user(r, &p) && read_live(r, &conf)) {
		log_fd = open_log(r);
		if (log_fd != -2 && make_own_folder(r->dir, &p) && become_user(&p) &&
		    may_record(r) && write_all(r, &conf))
			status = launch(r, log_fd);
	}
	if (log_fd >= 0)
		close(log_fd);
	trial_conf_free(&conf);
	return status;
}

/* -------------------------------------------------------------------------------- stop */

static int stop(const struct request *r)
{
	long long deadline = clock_ms() + STOP_MS;
	int pid = trial_watcher(r->dir);

	if (!pid) {
		fprintf(stderr, "nutconf: no trial runs in %s\n", r->dir);
		return EXIT_FAILURE;
	}
	daemon_signal_pid(pid, "nutconf", SIGTERM);
	while (trial_watcher(r->dir) && clock_ms() < deadline)
		clock_sleep_ms(50);
	if (trial_watcher(r->dir)) {
		fprintf(stderr, "nutconf: process %d does not end\n", pid);
		return EXIT_FAILURE;
	}
	return trial_report_print(r->dir, stdout);
}

/* ------------------------------------------------------------------------------ record */

/* What the trial's upsmon would have done: run by it, as NOTIFYCMD and SHUTDOWNCMD. */
static int record(const struct request *r, int count, char **words)
{
	struct trial_event e = {.ms = trial_now_ms(), .ours = true};
	const char *type = getenv("NOTIFYTYPE"), *system = getenv("UPSNAME");
	char path[PATH_MAX];

	(void)r;
	if (count < 2)
		return EXIT_FAILURE;
	if (str_equal(words[1], "shutdown")) {
		str_copy(e.type, sizeof(e.type), "SHUTDOWNCMD");
		str_copy(e.how, sizeof(e.how), "command");
	} else {
		str_copy(e.type, sizeof(e.type), type ? type : "");
		str_copy(e.how, sizeof(e.how), "notice");
		str_format(e.ups, sizeof(e.ups), "%.*s", (int)strcspn(system ? system : "", "@"),
			   system ? system : "");
		str_copy(e.text, sizeof(e.text), count > 2 ? words[2] : "");
	}
	if (!trial_path(path, sizeof(path), words[0], "events"))
		return EXIT_FAILURE;
	return trial_event_append(path, &e) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* -------------------------------------------------------------------------------- verb */

static int run_switch(struct request *r, bool back)
{
	char dir[PATH_MAX];

	/* Not in the trial's folder, which is its user's: what is in this one is run by root. */
	if (!find_live(r, &r->how.server) || !str_format(dir, sizeof(dir), "%s.switch", r->dir))
		return EXIT_FAILURE;
	r->how.dir = dir;
	r->how.conf = r->conf;
	return back ? trial_switch_back(&r->how) : trial_switch_over(&r->how);
}

static int act(struct request *r, const char *what)
{
	if (str_equal(what, "start"))
		return start(r);
	if (str_equal(what, "status"))
		return trial_status_print(r->dir, stdout);
	if (str_equal(what, "report"))
		return trial_report_print(r->dir, stdout);
	if (str_equal(what, "stop"))
		return stop(r);
	if (str_equal(what, "switch") || str_equal(what, "back"))
		return run_switch(r, str_equal(what, "back"));
	fprintf(stderr,
		"nutconf: trial wants start, status, report, stop, switch or back, not "
		"\"%s\"\n",
		what);
	return EXIT_FAILURE;
}

static int usage(int status)
{
	printf("usage: nutconf trial start|status|report|stop|switch|back [options]\n\n");
	options_print(rows, stdout);
	return status;
}

static bool find_self(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);

	if (len <= 0)
		return false;
	path[len] = '\0';
	return true;
}

int verb_trial(int argc, char **argv)
{
	struct request *r = calloc(1, sizeof(*r));
	struct option_parser p;
	const char *what, *value;
	int letter, status = EXIT_FAILURE;

	if (argc < 2 || str_equal(argv[1], "-h") || str_equal(argv[1], "--help") || !r) {
		free(r);
		return usage(argc < 2 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	what = argv[1];
	*r = (struct request){.dir = TRIAL_DIR, .conf = paths_conf()};
	r->plan = (struct trial_plan){.port = TRIAL_PORT, .poll_ms = 1000, .every_ms = 15000};
	r->how = (struct trial_switch){.within_ms = WITHIN_S * 1000, .init = TRIAL_INIT_LOOK};
	if (str_equal(what, "record")) {
		status = record(r, argc - 2, argv + 2);
		goto out;
	}
	options_begin(&p, rows, argc - 1, argv + 1);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		if (letter == 'h') {
			status = usage(EXIT_SUCCESS);
			goto out;
		}
		if (!take_option(r, letter, value))
			goto out;
	}
	if (options_operand_count(&p) > 0) {
		fprintf(stderr, "nutconf: trial %s: \"%s\" is no option\n", what,
			options_operands(&p)[0]);
		goto out;
	}
	if (r->dir[0] != '/')
		fprintf(stderr, "nutconf: --dir wants a path that begins with /\n");
	else if (find_self(r->recorder, sizeof(r->recorder)))
		status = act(r, what);
out:
	free(r);
	return status;
}
