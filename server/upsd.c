#include "config.h"

#include "server/upsd.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "server/confine.h"
#include "server/secure.h"

enum {
	TICK_MS = 1000,
	/* Descriptors for everything that is not a connection: the loop, the log, files
	 * being read, the listeners' spare ones. */
	RESERVED_FILES = 32,
	DEFAULT_MAX_CONNECTIONS = 65000,
	MAX_TRACKED = 16384,
	CACHE_BYTES = 8 * 1024 * 1024,
};

static const char token[] = "upsd";

long long upsd_now_ms(const struct upsd *u)
{
	return loop_now_ms(u->loop);
}

bool upsd_pidfile(char *dst, size_t size)
{
	return str_format(dst, size, "%s/upsd.pid", paths_altpid());
}

/* ------------------------------------------------------------ configuration */

/* One configuration, read but not yet in force. */
struct loaded {
	struct upsd_conf *conf;
	struct users *users;
	struct tls_context *tls;
	struct conf_report report;
};

static bool read_server(struct loaded *l)
{
	char path[PATH_MAX];

	l->report.emit = conf_emit_log;
	l->report.arg = (void *)(uintptr_t) "conf";
	l->conf = upsd_conf_new();
	return l->conf && paths_conf_file(path, sizeof(path), "upsd.conf") &&
	       upsd_conf_read_server(l->conf, path, &l->report);
}

/* Both files, whatever is wrong with the first: all problems are told in one run. */
static bool read_rest(const struct upsd *u, struct loaded *l)
{
	char devices[PATH_MAX], users[PATH_MAX];
	bool ok;

	if (!paths_conf_file(devices, sizeof(devices), "ups.conf") ||
	    !paths_conf_file(users, sizeof(users), "upsd.users"))
		return false;
	ok = upsd_conf_read_devices(l->conf, devices, &l->report);
	l->users = users_load(users, &l->report);
	if (!ok || !l->users)
		return false;
	if (l->conf->ups_count || l->conf->allow_no_device)
		return secure_load(l->conf, u->opener, &l->tls);
	log_error(token, "Fatal error: at least one UPS must be defined in ups.conf (or set "
			 "ALLOW_NO_DEVICE yes in upsd.conf)");
	return false;
}

static void discard(struct loaded *l)
{
	upsd_conf_free(l->conf);
	users_free(l->users);
	tls_context_unref(l->tls);
	*l = (struct loaded){0};
}

static void apply_debug(const struct upsd *u, const struct upsd_conf *conf)
{
	log_set_debug(conf->debug_min > u->options->debug ? (int)conf->debug_min
							  : u->options->debug);
}

static size_t raise_files(const struct upsd_conf *conf)
{
	size_t wanted = (size_t)conf->max_connections;

	return privilege_raise_files(wanted ? wanted + RESERVED_FILES : 0);
}

/* MAXCONN counts drivers and listeners too, as in NUT; clients get what is left. */
static void apply_limits(struct upsd *u)
{
	size_t wanted = (size_t)u->conf->max_connections;
	size_t others = u->upses.count + listen_set_count(u->listens);
	size_t files = raise_files(u->conf);
	size_t possible = files > RESERVED_FILES ? files - RESERVED_FILES : 1;
	size_t total = wanted ? wanted : DEFAULT_MAX_CONNECTIONS;

	if (total > possible) {
		if (wanted)
			log_error(token,
				  "MAXCONN %zu is over the limit of open files: %zu "
				  "connections are possible; raise the limit (ulimit -n, "
				  "LimitNOFILE)",
				  wanted, possible);
		total = possible;
	}
	u->clients.max = total > others ? total - others : 1;
	if (total <= others)
		log_warn(token,
			 "%zu connections are not enough for %zu drivers and listeners: "
			 "raise MAXCONN",
			 total, others);
}

static void load_names(struct upsd *u, const struct upsd_conf *conf)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)(uintptr_t) "conf"};
	const char *dir = paths_data();
	char path[PATH_MAX];

	/* The file's word counts only where the environment has none. */
	if (!getenv("NUT_DATAPATH") && conf->datapath)
		dir = conf->datapath;
	if (str_format(path, sizeof(path), "%s/cmdvartab", dir))
		u->names = names_load(path, &report);
}

static void apply(struct upsd *u, struct loaded *l)
{
	struct upsd_conf *before = u->conf;
	struct users *old_users = u->users;

	u->conf = l->conf;
	u->users = l->users;
	u->users_generation++;
	/* Sessions under way keep the certificate that they began with. */
	tls_context_unref(u->tls);
	u->tls = l->tls;
	*l = (struct loaded){0};
	apply_debug(u, u->conf);
	if (!upses_apply(&u->upses, before, u->conf))
		log_error(token, "not all UPSes could be set up");
	upsd_conf_free(before);
	users_free(old_users);
}

static void report_restart_only(const struct upsd_conf *before, const struct upsd_conf *after)
{
	if (!str_equal(before->statepath, after->statepath) ||
	    !str_equal(before->datapath, after->datapath))
		log_notice(token, "STATEPATH and DATAPATH are taken at the next start only");
}

static void reload(void *arg)
{
	struct upsd *u = arg;
	struct loaded next = {0};
	char state[64];

	log_info(token, "SIGHUP: reloading configuration");
	str_format(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld", clock_ms() * 1000);
	daemon_notify(state);
	if (!read_server(&next) || !read_rest(u, &next) || next.report.errors) {
		log_error(token, "the configuration has errors: the old one stays in force");
		discard(&next);
	} else {
		report_restart_only(u->conf, next.conf);
		apply(u, &next);
		listen_set_apply(u->listens, u->conf, false);
		apply_limits(u);
		upses_tick(&u->upses, upsd_now_ms(u), u->conf->maxage_s);
		log_info(token, "configuration reloaded: %zu UPSes, %zu users", u->upses.count,
			 users_count(u->users));
	}
	daemon_notify("READY=1");
}

/* -------------------------------------------------------------------- serve */

static void tick(void *arg)
{
	struct upsd *u = arg;
	long long now_ms = upsd_now_ms(u);

	upses_tick(&u->upses, now_ms, u->conf->maxage_s);
	clients_tick(&u->clients, now_ms);
	tracking_expire(u->tracking, now_ms, u->conf->tracking_delay_s);
	secure_watch_expiry(u->tls, now_ms);
	loop_timer_set(u->tick, TICK_MS);
}

static void end(void *arg)
{
	struct upsd *u = arg;

	log_info(token, "exiting");
	daemon_notify("STOPPING=1");
	loop_stop(u->loop);
}

static void accepted(void *arg, int fd, const struct sockaddr_storage *peer,
		     enum upsd_conf_security security)
{
	struct upsd *u = arg;

	clients_accept(&u->clients, fd, peer, security);
}

static void refused(void *arg, int fd)
{
	(void)arg;
	clients_refuse(fd);
}

/* -------------------------------------------------------------------- start */

/* Before anything is open that a helper should not have, and before the root changes. */
static bool start_guard(struct upsd *u)
{
	u->guard = guard_new(u->loop);
	if (!u->guard)
		log_errno(token, errno,
			  "Fatal error: cannot start the process that checks hashed "
			  "passwords");
	return u->guard != NULL;
}

/* Whose user and root directory upsd will have is settled before anything else. */
static bool enter(struct upsd *u)
{
	const struct upsd_options *o = u->options;

	if (geteuid() == 0 && !privilege_lookup(o->user ? o->user : RUN_AS_USER,
						o->user ? NULL : RUN_AS_GROUP, &u->privilege))
		return false;
	return !o->chroot_path || privilege_chroot(o->chroot_path);
}

static int bind_for_us(void *arg, const struct netaddr *addr)
{
	const struct upsd *u = arg;

	return opener_bind(u->opener, addr);
}

static bool start_listening(struct upsd *u, const struct upsd_conf *conf)
{
	struct listen_result result;

	u->listens = listen_set_new(u->loop, &(struct listen_config){.family = u->options->family,
								     .accepted = accepted,
								     .refused = refused,
								     .bind = bind_for_us,
								     .arg = u});
	if (!u->listens)
		return false;
	result = listen_set_apply(u->listens, conf, true);
	if (result.failed && !(conf->allow_not_all_listeners && result.bound)) {
		log_error(token, "Fatal error: cannot listen on all addresses (end what uses the "
				 "port, change LISTEN in upsd.conf, or set "
				 "ALLOW_NOT_ALL_LISTENERS yes)");
		return false;
	}
	return true;
}

static int open_for_us(void *arg, const char *path)
{
	return opener_open(arg, path);
}

/* A reload needs what root can open. */
static void keep_rights(struct upsd *u, const struct upsd_conf *conf)
{
	if (geteuid() != 0 || u->privilege.uid == 0)
		return;
	u->opener = confine_keep_rights(conf);
	if (u->opener)
		conffile_set_open(open_for_us, u->opener);
}

/* What root may be needed for; afterwards nobody is root any more. */
static bool take_ports(struct upsd *u, const struct upsd_conf *conf)
{
	apply_debug(u, conf);
	raise_files(conf);
	if (!start_listening(u, conf))
		return false;
	keep_rights(u, conf);
	if (!privilege_drop(&u->privilege))
		return false;
	privilege_hide_memory();
	privilege_no_new();
	return true;
}

/* Without the directory no driver can be reached now, but it may appear. */
static void enter_statepath(const struct upsd_conf *conf)
{
	if (conf->statepath && !paths_set_state(conf->statepath) &&
	    !str_equal(conf->statepath, paths_state()))
		log_warn(token, "statepath %s is ignored: NUT_STATEPATH=%s is set", conf->statepath,
			 paths_state());
	if (chdir(paths_state()) != 0)
		log_warn_errno(token, errno, "Can't chdir to %s, where the drivers' sockets are",
			       paths_state());
}

static bool start_signals(struct upsd *u)
{
	static const struct {
		int number;
		loop_fn *fn;
	} rows[] = {{SIGHUP, reload}, {SIGTERM, end}, {SIGINT, end}, {SIGQUIT, end}};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		u->signals[i] = loop_signal_new(u->loop, rows[i].number, rows[i].fn, u);
		if (!u->signals[i])
			return false;
	}
	return true;
}

static bool start_timers(struct upsd *u)
{
	u->tick = loop_timer_new(u->loop, tick, u);
	if (!u->tick || !loop_watchdog(u->loop, daemon_watchdog_ms()))
		return false;
	loop_timer_set(u->tick, TICK_MS);
	upses_tick(&u->upses, upsd_now_ms(u), u->conf->maxage_s);
	return true;
}

static void write_pidfile(struct upsd *u)
{
	char path[PATH_MAX];
	int err;

	if (u->options->mode == UPSD_FOREGROUND) {
		log_info(token, "Running as foreground process, not saving a PID file");
		return;
	}
	err = upsd_pidfile(path, sizeof(path)) ? daemon_pidfile_write(path) : ENAMETOOLONG;
	/* Serving matters more: without the file only -c does not work. */
	if (err)
		log_errno(token, err, "cannot write %s", path);
	u->pidfile_written = !err;
}

static bool make_tables(struct upsd *u)
{
	rendered_cache_init(&u->cache, CACHE_BYTES);
	clients_init(&u->clients, u, u->loop);
	u->tracking = tracking_new(MAX_TRACKED);
	u->upses.loop = u->loop;
	u->upses.tracking = u->tracking;
	u->upses.cache = &u->cache;
	return u->tracking != NULL;
}

static bool start(struct upsd *u)
{
	struct loaded l = {0};

	u->conf = upsd_conf_new(); /* an empty one, to compare the first with */
	u->loop = loop_new();
	if (!u->conf || !u->loop || !make_tables(u) || !start_guard(u) || !enter(u) ||
	    !start_signals(u))
		return false;
	if (!read_server(&l) || !take_ports(u, l.conf) || !read_rest(u, &l)) {
		discard(&l);
		return false;
	}
	enter_statepath(l.conf);
	load_names(u, l.conf);
	apply(u, &l);
	apply_limits(u);
	if (!u->names || !start_timers(u))
		return false;
	write_pidfile(u);
	confine(u->conf);
	return true;
}

static void stop(struct upsd *u)
{
	char path[PATH_MAX];

	if (u->pidfile_written && upsd_pidfile(path, sizeof(path)))
		daemon_pidfile_remove(path);
	listen_set_free(u->listens);
	clients_free(&u->clients);
	upses_free(&u->upses);
	tracking_free(u->tracking);
	names_free(u->names);
	users_free(u->users);
	guard_free(u->guard);
	tls_context_unref(u->tls);
	upsd_conf_free(u->conf);
	conffile_set_open(NULL, NULL);
	opener_free(u->opener);
	loop_timer_free(u->tick);
	for (size_t i = 0; i < sizeof(u->signals) / sizeof(u->signals[0]); i++)
		if (u->signals[i])
			loop_signal_free(u->signals[i]);
	if (u->loop)
		loop_free(u->loop);
}

static bool previous_instance_runs(void)
{
	char path[PATH_MAX];
	pid_t pid;

	/* A container that starts anew gives the same number again: that is us. */
	if (!upsd_pidfile(path, sizeof(path)) || daemon_pidfile_read(path, &pid) != DAEMON_PID_OK ||
	    pid == getpid() || daemon_signal_pid(pid, "upsd", 0) != DAEMON_PID_OK)
		return false;
	printf("Fatal error: A previous upsd instance is already running!\n"
	       "Either stop the previous instance first (upsd -c stop), or use the "
	       "'reload' command.\n");
	return true;
}

int upsd_run(const struct upsd_options *options)
{
	struct upsd u = {.options = options};
	int starter = -1;
	bool started;
	int rc = -1;

	if (previous_instance_runs())
		return 1;
	if (options->mode == UPSD_BACKGROUND && daemon_fork(&starter, 0) != 0) {
		log_errno(token, errno, "cannot go to the background");
		return 1;
	}
	log_to_syslog(options->mode == UPSD_BACKGROUND);
	started = start(&u);
	if (starter >= 0) {
		if (started)
			log_to_stderr(false);
		(started ? daemon_ready : daemon_failed)(starter);
	}
	if (started) {
		log_info(token, "Startup successful");
		daemon_notify("READY=1");
		rc = loop_run(u.loop);
	}
	stop(&u);
	return started && rc == 0 ? 0 : 1;
}
