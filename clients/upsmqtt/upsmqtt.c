#include "config.h"

#include "clients/upsmqtt/upsmqtt.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/upsmqtt/bridge.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/fence.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/net/opener.h"

static const char token[] = "upsmqtt";
static const char program[] = "upsmqtt";

enum { PASSWORD_MAX = 1024, SIGNALS = 4 };

struct upsmqtt {
	const struct upsmqtt_options *options;
	struct loop *loop;
	struct resolver *resolver;
	struct opener *opener;
	struct bridge *bridge;
	struct loop_signal *signals[SIGNALS];
	bool pidfile_written;
};

bool upsmqtt_pidfile(char *dst, size_t size)
{
	return str_format(dst, size, "%s/upsmqtt.pid", paths_altpid());
}

/* -------------------------------------------------------------------- configuration */

static bool conf_path(char *dst, size_t size)
{
	return paths_conf_file(dst, size, "upsmqtt.conf");
}

static struct mqtt_conf *load(void)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)(uintptr_t) "conf"};
	char path[PATH_MAX];

	return conf_path(path, sizeof(path)) ? mqtt_conf_load(path, &report) : NULL;
}

/* The first line of PASSWORDFILE. False: it cannot be read, which is said. */
static bool read_password(const char *path, char *dst, size_t size)
{
	int fd = path ? conffile_open(path) : -1;
	ssize_t len;

	dst[0] = '\0';
	if (!path)
		return true;
	len = fd >= 0 ? read(fd, dst, size - 1) : -1;
	if (len < 0)
		log_error(token, "PASSWORDFILE %s cannot be read: %s", path, conffile_why(errno));
	if (fd >= 0)
		close(fd);
	if (len < 0)
		return false;
	dst[len] = '\0';
	dst[strcspn(dst, "\r\n")] = '\0';
	if (dst[0])
		return true;
	log_error(token, "PASSWORDFILE %s has no password in its first line", path);
	return false;
}

static void apply_debug(const struct upsmqtt *u, const struct mqtt_conf *conf)
{
	int least = (int)conf->debug_min;

	log_set_debug(least > u->options->debug ? least : u->options->debug);
}

/* NULL: it was said why. */
static struct bridge *make_bridge(struct upsmqtt *u, struct mqtt_conf *conf)
{
	char password[PASSWORD_MAX];
	struct bridge *made = NULL;

	if (read_password(conf->password_file, password, sizeof(password)))
		made = bridge_new(u->loop, u->resolver, conf,
				  conf->password_file ? password : NULL);
	else
		mqtt_conf_free(conf);
	secret_wipe(password, sizeof(password));
	return made;
}

static void reload(void *arg)
{
	struct upsmqtt *u = arg;
	struct mqtt_conf *conf;
	struct bridge *next = NULL;
	char state[64];

	log_info(token, "SIGHUP: reloading configuration");
	str_format(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld", clock_ms() * 1000);
	daemon_notify(state);
	conf = load();
	if (conf) {
		apply_debug(u, conf);
		next = make_bridge(u, conf);
	}
	if (next) {
		/* The new one has not connected yet, so both do not meet at the broker. */
		bridge_free(u->bridge);
		u->bridge = next;
		log_info(token, "configuration reloaded");
	} else {
		log_error(token, "the configuration has errors: the old one stays in force");
	}
	daemon_notify("READY=1");
}

int upsmqtt_check(void)
{
	struct mqtt_conf *conf = load();
	char password[PASSWORD_MAX];
	bool good = conf && read_password(conf->password_file, password, sizeof(password));

	if (conf)
		secret_wipe(password, sizeof(password));
	mqtt_conf_free(conf);
	printf("upsmqtt.conf: %s\n", good ? "no errors" : "it has errors");
	return good ? 0 : 1;
}

/* ----------------------------------------------------------------------------- rights */

static int open_for_us(void *arg, const char *path)
{
	return opener_open(arg, path);
}

/* A reload may need what only root can open. */
static void keep_rights(struct upsmqtt *u, const struct mqtt_conf *conf)
{
	struct opener_list l = {.sandbox = sandbox_wanted(conf->sandbox)};
	char path[PATH_MAX];

	if (conf_path(path, sizeof(path)))
		opener_list_path(&l, path);
	opener_list_path(&l, conf->auth_file);
	opener_list_path(&l, conf->password_file);
	u->opener = opener_new(&l);
	if (u->opener)
		conffile_set_open(open_for_us, u->opener);
	else
		log_warn_errno(token, errno, "root's files are out of reach from now on");
}

static bool drop_rights(struct upsmqtt *u, const struct mqtt_conf *conf)
{
	const char *user = u->options->user ? u->options->user : conf->run_as;
	struct privilege p;

	if (geteuid() == 0) {
		if (!privilege_lookup(user ? user : RUN_AS_USER, user ? NULL : RUN_AS_GROUP, &p))
			return false;
		if (p.uid != 0)
			keep_rights(u, conf);
		if (!privilege_drop(&p))
			return false;
	}
	privilege_hide_memory();
	privilege_no_new();
	return true;
}

static void confine(const struct mqtt_conf *conf)
{
	struct fence f = {.count = 0};

	if (!sandbox_wanted(conf->sandbox)) {
		log_info(token, "there is no sandbox: it is switched off, or not built in");
		return;
	}
	fence_allow(&f, paths_conf(), SANDBOX_READ);
	fence_allow(&f, paths_altpid(), SANDBOX_WRITE);
	fence_allow(&f, "/etc/ssl", SANDBOX_READ);
	fence_allow(&f, "/usr/share/ca-certificates", SANDBOX_READ);
	fence_allow(&f, "/usr/local/share/ca-certificates", SANDBOX_READ);
	fence_allow_around(&f, conf->auth_file, SANDBOX_READ);
	fence_allow_around(&f, conf->password_file, SANDBOX_READ);
	fence_allow_around(&f, conf->ca_file, SANDBOX_READ);
	fence_allow_around(&f, conf->cert_file, SANDBOX_READ);
	fence_allow_around(&f, conf->key_file, SANDBOX_READ);
	log_info(token, "sandbox: %s", fence_close(&f, SANDBOX_NO_PROGRAMS));
}

/* ------------------------------------------------------------------------------- life */

static void end(void *arg)
{
	struct upsmqtt *u = arg;

	log_info(token, "exiting");
	daemon_notify("STOPPING=1");
	loop_stop(u->loop);
}

static bool start_signals(struct upsmqtt *u)
{
	static const struct {
		int number;
		loop_fn *fn;
	} rows[SIGNALS] = {{SIGHUP, reload}, {SIGTERM, end}, {SIGINT, end}, {SIGQUIT, end}};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < SIGNALS; i++) {
		u->signals[i] = loop_signal_new(u->loop, rows[i].number, rows[i].fn, u);
		if (!u->signals[i])
			return false;
	}
	return loop_watchdog(u->loop, daemon_watchdog_ms());
}

static void write_pidfile(struct upsmqtt *u)
{
	char path[PATH_MAX];
	int err;

	if (u->options->mode == UPSMQTT_FOREGROUND)
		return;
	err = upsmqtt_pidfile(path, sizeof(path)) ? daemon_pidfile_write(path) : ENAMETOOLONG;
	if (err)
		log_errno(token, err, "cannot write %s", path);
	u->pidfile_written = !err;
}

/* With a sandbox around all that the network can reach. */
static bool serve(struct upsmqtt *u, struct mqtt_conf *conf)
{
	if (!drop_rights(u, conf)) {
		mqtt_conf_free(conf);
		return false;
	}
	confine(conf);
	u->resolver = resolver_new(u->loop);
	if (u->resolver) {
		u->bridge = make_bridge(u, conf);
		return u->bridge != NULL;
	}
	log_errno(token, errno, "cannot start the process that looks up names");
	mqtt_conf_free(conf);
	return false;
}

static bool start(struct upsmqtt *u)
{
	struct mqtt_conf *conf = load();

	if (!conf)
		return false;
	apply_debug(u, conf);
	u->loop = loop_new();
	if (!u->loop || !start_signals(u)) {
		log_error(token, "out of memory");
		mqtt_conf_free(conf);
		return false;
	}
	if (!serve(u, conf))
		return false;
	write_pidfile(u);
	return true;
}

static void stop(struct upsmqtt *u)
{
	char path[PATH_MAX];

	if (u->pidfile_written && upsmqtt_pidfile(path, sizeof(path)))
		daemon_pidfile_remove(path);
	bridge_free(u->bridge);
	if (u->resolver)
		resolver_free(u->resolver);
	conffile_set_open(NULL, NULL);
	opener_free(u->opener);
	for (size_t i = 0; i < SIGNALS; i++)
		if (u->signals[i])
			loop_signal_free(u->signals[i]);
	if (u->loop)
		loop_free(u->loop);
}

static bool previous_instance_runs(void)
{
	char path[PATH_MAX];
	pid_t pid;

	if (!upsmqtt_pidfile(path, sizeof(path)) ||
	    daemon_pidfile_read(path, &pid) != DAEMON_PID_OK || pid == getpid() ||
	    daemon_signal_pid(pid, program, 0) != DAEMON_PID_OK)
		return false;
	log_error(token, "upsmqtt runs already: end it first (upsmqtt -c stop), or let it read its "
			 "file anew (upsmqtt -c reload)");
	return true;
}

int upsmqtt_run(const struct upsmqtt_options *options)
{
	struct upsmqtt u = {.options = options};
	int starter = -1, rc = -1;
	bool started;

	if (options->mode != UPSMQTT_FOREGROUND && previous_instance_runs())
		return 1;
	if (options->mode == UPSMQTT_BACKGROUND && daemon_fork(&starter, 0) != 0) {
		log_errno(token, errno, "cannot go to the background");
		return 1;
	}
	log_to_syslog(options->mode == UPSMQTT_BACKGROUND);
	started = start(&u);
	if (starter >= 0) {
		if (started)
			log_to_stderr(false);
		(started ? daemon_ready : daemon_failed)(starter);
	}
	if (started) {
		daemon_notify("READY=1");
		rc = loop_run(u.loop);
	}
	stop(&u);
	return started && rc == 0 ? 0 : 1;
}
