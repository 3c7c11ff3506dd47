#include "config.h"

#include "clients/upsweb/upsweb.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/upsweb/api.h"
#include "common/base/daemon.h"
#include "common/base/fence.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/net/opener.h"
#include "common/net/tlspolicy.h"

enum { LIST_MAX_MS = 30000, WHY_SIZE = 512, FILES = 65536 };

static const char token[] = "upsweb";

/* ---------------------------------------------------------------------- history */

/* What is worth a curve; kept in step with the page's charts. */
static const char *const kept[] = {
	"battery.charge",      "battery.runtime",     "battery.voltage",  "ups.load",
	"input.voltage",       "output.voltage",      "ups.temperature",  "ups.realpower",
	"battery.temperature", "ambient.temperature", "ambient.humidity", "input.frequency"};

enum { KEPT = sizeof(kept) / sizeof(kept[0]) };

size_t upsweb_kept_vars(const char **vars)
{
	memcpy(vars, kept, sizeof(kept));
	return KEPT;
}

static void feed_history(struct upsweb *u, struct device *d)
{
	const struct state *s = fleet_device_values(d->fleet);

	if (!u->history)
		return;
	if (d->condition != FLEET_OK) {
		history_gone(u->history, d->id, NULL);
		return;
	}
	for (size_t i = 0; i < KEPT; i++) {
		const char *text = state_get(s, kept[i]);
		double value;

		if (text && str_to_double(text, &value))
			history_value(u->history, d->id, kept[i], value);
	}
}

void upsweb_happened(struct upsweb *u, const struct history_event *e)
{
	streams_event(u->streams, e);
	if (u->history)
		history_event(u->history, e);
	else
		api_keep_event(u, e);
}

static void on_event(void *arg, const struct history_event *e)
{
	upsweb_happened(arg, e);
}

/* ------------------------------------------------------------------------ fleet */

static void on_added(void *arg, struct fleet_device *f)
{
	struct upsweb *u = arg;

	devices_added(u->devices, f);
	streams_wake(u->streams);
}

static void on_changed(void *arg, struct fleet_device *f)
{
	struct upsweb *u = arg;
	struct device *d = fleet_device_mark(f);

	devices_changed(u->devices, f);
	if (d)
		feed_history(u, d);
	streams_wake(u->streams);
}

static void on_removed(void *arg, struct fleet_device *f)
{
	struct upsweb *u = arg;
	struct device *d = fleet_device_mark(f);

	if (d)
		streams_gone(u->streams, d);
	if (d && u->history)
		history_gone(u->history, d->id, NULL);
	devices_removed(u->devices, f);
	streams_wake(u->streams);
}

static bool watch_one(struct upsweb *u, const struct upsweb_monitor *m, struct tlspolicy *tls)
{
	const struct fleet_site site = {
		.ups = str_equal(m->target.ups, "*") ? NULL : m->target.ups,
		.host = m->target.host,
		.port = m->target.port,
		.text = m->text,
		.user = m->user,
		.password = m->password,
		.tls = tls,
	};

	return fleet_watch(u->fleet, &site);
}

static int open_file(void *arg, const char *path)
{
	(void)arg;
	return conffile_open(path);
}

static bool watch_all(struct upsweb *u)
{
	char why[WHY_SIZE];
	size_t n = 0;

	for (const struct upsweb_monitor *m = u->conf->monitors; m; m = m->next)
		n++;
	u->policies = calloc(n + 1, sizeof(*u->policies));
	u->conf->demands.open = open_file;
	n = 0;
	for (const struct upsweb_monitor *m = u->conf->monitors; u->policies && m; m = m->next) {
		struct tlspolicy *tls =
			tls_demands_policy(&u->conf->demands, &m->target,
					   n ? u->policies[n - 1] : NULL, why, sizeof(why));

		if (!tls) {
			log_error(token, "%s: %s", m->target.host, why);
			return false;
		}
		u->policies[n++] = tls;
		if (!watch_one(u, m, tls))
			return false;
	}
	return u->policies;
}

static bool start_fleet(struct upsweb *u)
{
	static const struct fleet_ops ops = {on_added, on_changed, on_removed};
	unsigned poll_ms = (unsigned)u->conf->poll_s * 1000;
	unsigned list_ms = poll_ms * 10 < LIST_MAX_MS ? poll_ms * 10 : LIST_MAX_MS;

	u->devices = devices_new(on_event, u);
	u->streams = u->devices ? streams_new(u->loop, u->devices) : NULL;
	u->fleet = fleet_new(u->loop, u->resolver, poll_ms, list_ms, &ops, u);
	return u->streams && u->fleet && watch_all(u);
}

static void stop_fleet(struct upsweb *u)
{
	api_cancel_orders(u);
	streams_free(u->streams);
	fleet_free(u->fleet);
	devices_free(u->devices);
	for (size_t i = 0; u->policies && u->policies[i]; i++)
		tlspolicy_free(u->policies[i]);
	free(u->policies);
	u->streams = NULL;
	u->fleet = NULL;
	u->devices = NULL;
	u->policies = NULL;
}

/* ----------------------------------------------------------------- configuration */

static struct upsweb_conf *read_conf(void)
{
	static char conf_token[] = "conf";
	struct conf_report report = {.emit = conf_emit_log, .arg = conf_token};
	struct upsweb_conf *c = NULL;
	char path[PATH_MAX];

	if (paths_conf_file(path, sizeof(path), "upsweb.conf"))
		c = upsweb_conf_read(path, &report);
	if (c && !report.errors)
		return c;
	upsweb_conf_free(c);
	return NULL;
}

/* The servers, the rules and the certificate; addresses stay, as root's rights are gone. */
static void on_hup(void *arg)
{
	struct upsweb *u = arg;
	struct upsweb_conf *old = u->conf, *next = read_conf();

	if (!next) {
		log_error(token, "the old configuration stays in force");
		return;
	}
	daemon_notify("RELOADING=1");
	http_reload(u->http);
	stop_fleet(u);
	u->conf = next;
	if (start_fleet(u)) {
		log_notice(token, "configuration read anew");
		upsweb_conf_free(old);
	} else {
		log_error(token, "the old configuration stays in force");
		stop_fleet(u);
		u->conf = old;
		upsweb_conf_free(next);
		if (!start_fleet(u))
			loop_stop(u->loop);
	}
	daemon_notify("READY=1");
}

static void on_end(void *arg)
{
	struct upsweb *u = arg;

	loop_stop(u->loop);
}

static bool start_signals(struct upsweb *u)
{
	static const struct {
		int number;
		loop_fn *fn;
	} rows[] = {{SIGTERM, on_end}, {SIGINT, on_end}, {SIGHUP, on_hup}};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!(u->signals[i] = loop_signal_new(u->loop, rows[i].number, rows[i].fn, u)))
			return false;
	return loop_watchdog(u->loop, daemon_watchdog_ms());
}

/* -------------------------------------------------------------------- confinement */

/* The folder of the history is the user's, before we become him. */
static void give_history(const struct upsweb *u, const struct privilege *p)
{
	char folder[PATH_MAX];
	char *slash;

	if (!u->conf->history || !str_copy(folder, sizeof(folder), u->conf->history) ||
	    !(slash = strrchr(folder, '/')) || slash == folder)
		return;
	*slash = '\0';
	/* systemd has made its StateDirectory for root, as whom it started us. */
	if ((mkdir(folder, 0750) == 0 || str_equal(folder, getenv("STATE_DIRECTORY"))) &&
	    chown(folder, p->uid, p->gid) != 0)
		log_warn_errno(token, errno, "%s cannot be given to %s", folder, p->user);
}

static int open_by_opener(void *arg, const char *path)
{
	return opener_open(arg, path);
}

/* A reload needs what only root can read. */
static void keep_rights(struct upsweb *u)
{
	struct opener_list l = {.sandbox = sandbox_wanted(u->conf->sandbox)};
	char path[PATH_MAX];

	if (paths_conf_file(path, sizeof(path), "upsweb.conf"))
		opener_list_path(&l, path);
	opener_list_path(&l, u->conf->certificate);
	opener_list_path(&l, u->conf->key);
	opener_list_path(&l, u->conf->demands.cert_path);
	opener_list_path(&l, u->conf->demands.cert_file);
	u->opener = opener_new(&l);
	if (u->opener)
		conffile_set_open(open_by_opener, u->opener);
	else
		log_warn_errno(token, errno, "root's files are out of reach from now on");
}

static bool drop(struct upsweb *u, const struct upsweb_options *o)
{
	struct privilege p;

	if (geteuid() == 0) {
		const char *user = o->user ? o->user : u->conf->user;

		if (!privilege_lookup(user ? user : RUN_AS_USER, user ? NULL : RUN_AS_GROUP, &p))
			return false;
		give_history(u, &p);
		http_give(u->http, p.gid);
		if (p.uid != 0)
			keep_rights(u);
		if (!privilege_drop(&p))
			return false;
	}
	privilege_hide_memory();
	privilege_no_new();
	return true;
}

static void confine(const struct upsweb *u)
{
	struct fence f = {.count = 0};

	if (!sandbox_wanted(u->conf->sandbox)) {
		log_info(token, "there is no sandbox: it is switched off, or not built in");
		return;
	}
	fence_allow(&f, paths_conf(), SANDBOX_READ);
	fence_allow(&f, paths_altpid(), SANDBOX_WRITE);
	fence_allow(&f, paths_data(), SANDBOX_READ);
	fence_allow(&f, u->conf->demands.cert_path, SANDBOX_READ);
	fence_allow_around(&f, u->conf->demands.cert_path, SANDBOX_READ);
	fence_allow_around(&f, u->conf->demands.cert_file, SANDBOX_READ);
	fence_allow_around(&f, u->conf->certificate, SANDBOX_READ);
	fence_allow_around(&f, u->conf->key, SANDBOX_READ);
	fence_allow_around(&f, u->conf->history, SANDBOX_WRITE);
	for (const struct upsweb_listen *n = u->conf->listens; n; n = n->next)
		if (str_starts(n->host, "unix:"))
			fence_allow_around(&f, n->host + strlen("unix:"), SANDBOX_WRITE);
	log_info(token, "sandbox: %s", fence_close(&f, SANDBOX_NO_PROGRAMS));
}

/* -------------------------------------------------------------------------- life */

bool upsweb_pidfile(char *dst, size_t size)
{
	return str_format(dst, size, "%s/upsweb.pid", paths_altpid());
}

static struct names *read_names(void)
{
	static char conf_token[] = "names";
	struct conf_report report = {.emit = conf_emit_log, .arg = conf_token};
	char path[PATH_MAX];

	return str_format(path, sizeof(path), "%s/cmdvartab", paths_data())
		       ? names_load(path, &report)
		       : NULL;
}

static bool start(struct upsweb *u, const struct upsweb_options *o)
{
	u->conf = read_conf();
	u->loop = u->conf ? loop_new() : NULL;
	u->sessions = sessions_new();
	if (!u->loop || !u->sessions || !(u->names = read_names()))
		return false;
	privilege_raise_files(FILES);
	/* Ports and keys need root, the rest does not. */
	u->http = http_new(u->loop, u->conf, api_call, u);
	if (!u->http || !start_signals(u) || !drop(u, o))
		return false;
	u->resolver = resolver_new(u->loop);
	if (!u->resolver)
		return false;
	if (u->conf->history && !(u->history = history_new(u->loop, u->conf->history)))
		return false;
	return start_fleet(u);
}

static void stop(struct upsweb *u)
{
	/* Open calls end first, while what they ask is still there. */
	http_free(u->http);
	stop_fleet(u);
	history_free(u->history);
	resolver_free(u->resolver);
	conffile_set_open(NULL, NULL);
	opener_free(u->opener);
	sessions_free(u->sessions);
	names_free(u->names);
	api_free_events(u);
	for (size_t i = 0; i < sizeof(u->signals) / sizeof(u->signals[0]); i++)
		loop_signal_free(u->signals[i]);
	if (u->loop)
		loop_free(u->loop);
	upsweb_conf_free(u->conf);
}

int upsweb_run(const struct upsweb_options *o)
{
	struct upsweb u = {.loop = NULL};
	char pidfile[PATH_MAX];
	bool ok = start(&u, o), has_pid = false;
	int err;

	if (ok) {
		confine(&u);
		if (o->pidfile && upsweb_pidfile(pidfile, sizeof(pidfile))) {
			err = daemon_pidfile_write(pidfile);
			has_pid = !err;
			if (err)
				log_errno(token, err, "cannot write %s", pidfile);
		}
		if (o->daemon >= 0)
			daemon_ready(o->daemon);
		daemon_notify("READY=1");
		ok = loop_run(u.loop) == 0;
		daemon_notify("STOPPING=1");
	} else if (o->daemon >= 0) {
		daemon_failed(o->daemon);
	}
	if (has_pid)
		daemon_pidfile_remove(pidfile);
	stop(&u);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
