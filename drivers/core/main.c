/*
 * A driver's process: its start and its end.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "drivers/core/core.h"

enum { START_DELAY_S = 75, KILL_OPEN_S = 30, LOOK_OPEN_S = 3, GOODBYE_MS = 1000 };

/* ------------------------------------------------------------------------------- parts */

/* Where the socket is: all that is needed to talk to a running instance. */
static bool find_places(struct core *c)
{
	char statepath[4096];

	if (!paths_conf_file(c->conf_path, sizeof(c->conf_path), "ups.conf"))
		return false;
	if (c->cli->with_config &&
	    settings_find_statepath(c->conf_path, statepath, sizeof(statepath)))
		paths_set_state(statepath);
	return true;
}

static bool load_settings(struct core *c)
{
	static char token[] = "ups.conf";
	struct conf_report report = {.emit = conf_emit_log, .arg = token};

	c->settings =
		settings_load(c->driver, c->conf_path, c->cli->with_config ? c->cli->ups : NULL,
			      c->cli->x, c->cli->x_count, &report);
	if (c->settings && settings_get(c->settings, "LIBUSB_DEBUG"))
		setenv("LIBUSB_DEBUG", settings_get(c->settings, "LIBUSB_DEBUG"), 1);
	return c->settings != NULL;
}

static const char *first_of(const char *a, const char *b, const char *c)
{
	return a ? a : b ? b : c;
}

/* The account to become, and the group that is to get at the socket ((gid_t)-1: our own). */
static bool look_up_account(struct core *c, const struct invocation *in, struct privilege *account,
			    gid_t *group)
{
	const char *user = first_of(in->user, settings_get(c->settings, "user"), RUN_AS_USER);
	const char *group_name = first_of(in->group, settings_get(c->settings, "group"), NULL);
	const struct group *found = group_name ? getgrnam(group_name) : NULL;

	*group = found ? found->gr_gid : (gid_t)-1;
	if (group_name && !found && in->group) {
		log_error("core", "there is no group \"%s\"", group_name);
		return false;
	}
	/* Of a file that comes from another machine, perhaps: the UPS is watched all the same. */
	if (group_name && !found) {
		log_warn("core", "there is no group \"%s\": the socket is this user's own",
			 group_name);
		group_name = NULL;
	}
	return geteuid() != 0 || privilege_lookup(user, group_name, account);
}

static bool become(const struct privilege *account)
{
	if (geteuid() == 0 && !privilege_drop(account))
		return false;
	privilege_no_new();
	return true;
}

static bool confine(struct core *c, const struct invocation *in)
{
	const char *folder = first_of(in->chroot, settings_get(c->settings, "chroot"), NULL);

	return !folder || privilege_chroot(folder);
}

/* ----------------------------------------------------------------------------- signals */

static void on_end_signal(void *arg)
{
	log_info("core", "ending: told to by a signal");
	core_end(arg, 0);
}

static void on_hangup(void *arg)
{
	reload(arg);
}

static void on_usr1(void *arg)
{
	reload_or_exit(arg);
}

static void on_urgent(void *arg)
{
	publish_print(arg);
}

struct signal_row {
	int signo;
	loop_fn *fn;
};

static const struct signal_row signal_rows[] = {
	{SIGTERM, on_end_signal}, {SIGINT, on_end_signal}, {SIGQUIT, on_end_signal},
	{SIGHUP, on_hangup},      {SIGUSR1, on_usr1},      {SIGUSR2, on_hangup},
	{SIGURG, on_urgent},
};
enum { SIGNAL_COUNT = sizeof(signal_rows) / sizeof(signal_rows[0]) };

/* ------------------------------------------------------------------- the loop's objects */

static void on_flush(void *arg)
{
	struct core *c = arg;

	state_flush(c->state);
}

static void on_dirty(void *arg)
{
	struct core *c = arg;

	loop_defer(c->loop, &c->flush, on_flush, c);
}

static bool core_begin(struct core *c)
{
	c->loop = loop_new();
	c->state = state_new();
	c->data = calloc(1, c->driver->data_size > 0 ? c->driver->data_size : 1);
	if (!c->loop || !c->state || !c->data || !machine_begin(c)) {
		log_error("core", "out of memory");
		return false;
	}
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		c->signals[i] =
			loop_signal_new(c->loop, signal_rows[i].signo, signal_rows[i].fn, c);
		if (!c->signals[i])
			return false;
	}
	state_on_dirty(c->state, on_dirty, c);
	publish_start(c);
	return true;
}

static void core_free(struct core *c)
{
	service_free(c->service);
	queue_clear(&c->queue);
	queue_clear(&c->unanswered);
	compose_free(&c->compose);
	fence_clear(&c->fence);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		loop_signal_free(c->signals[i]);
	loop_defer_cancel(&c->flush);
	if (c->state)
		state_free(c->state);
	if (c->loop)
		loop_free(c->loop);
	for (size_t i = 0; i < sizeof(c->mirrored) / sizeof(c->mirrored[0]); i++)
		free(c->mirrored[i]);
	free(c->data);
	settings_free(c->settings);
}

/* -------------------------------------------------------------------- ways to be of use */

/* -d: polls, prints, ends. */
static int dump(struct core *c, long polls)
{
	if (!core_begin(c))
		return 1;
	machine_limit_start(c, settings_long(c->settings, "maxstartdelay", START_DELAY_S));
	while (!c->ending && (!c->had_reading || c->polls <= (unsigned long)polls))
		machine_step(c);
	if (!c->ending)
		publish_print(c);
	machine_end(c);
	return c->exit_status;
}

/* The driver's own way of looking at a device: nothing is served, and the one who asks keeps his
 * rights, since the files that he names are his. */
static int look(struct core *c)
{
	if (!core_begin(c))
		return 1;
	machine_open(c, LOOK_OPEN_S);
	if (!c->ending)
		c->exit_status = 1;
	machine_end(c);
	return c->exit_status;
}

/* -k without a running instance that can do it. */
static int cut_power(struct core *c, const struct privilege *account)
{
	enum driverwire_result r = DRIVERWIRE_R_FAILED;

	twin_replace(c);
	if (!become(account) || !core_begin(c))
		return 1;
	if (machine_open(c, KILL_OPEN_S))
		r = commands_shutdown(c);
	else
		log_error("core", "%s is not reached: its power stays on", c->cli->ups);
	machine_end(c);
	return r == DRIVERWIRE_HANDLED ? 0 : 1;
}

/* What is written to upsd and the like gets its chance to arrive. */
static void say_goodbye(struct core *c)
{
	long long end = clock_ms() + GOODBYE_MS;

	publish_driver_state(c, "cleanup.exit");
	do {
		loop_turn(c->loop, 10);
	} while (service_busy(c->service) && clock_ms() < end);
}

static struct service *open_socket(struct core *c, const char *path, gid_t group)
{
	struct service *sv = service_new(c->loop, c->state, path, group, &core_service_ops, c);

	if (sv || errno != EPERM || group == (gid_t)-1)
		return sv;
	log_warn("core",
		 "%s: this user may not give it to the configured group; upsd gets at it "
		 "only as this user",
		 path);
	return service_new(c->loop, c->state, path, (gid_t)-1, &core_service_ops, c);
}

static bool listen_on_socket(struct core *c, gid_t group)
{
	char path[4096];

	if (!twin_socket_path(c, path, sizeof(path))) {
		log_error("core", "the path of the socket is too long");
		return false;
	}
	c->service = open_socket(c, path, group);
	if (!c->service) {
		log_errno("core", errno,
			  "%s: cannot listen there (is there that folder, and may %s write there?)",
			  path, geteuid() == 0 ? "root" : "this user");
		return false;
	}
	if (!getenv("NUT_QUIET_INIT_LISTENER"))
		log_info("core", "Listening on socket %s", path);
	return true;
}

static void write_pid_file(struct core *c, bool write)
{
	char path[4096];
	int err;

	if (!write || !twin_pid_path(c, path, sizeof(path)))
		return;
	err = daemon_pidfile_write(path);
	if (err)
		log_warn_errno("core", err, "%s: not written", path);
	c->has_pid_file = !err;
}

static void remove_pid_file(const struct core *c)
{
	char path[4096];

	if (c->has_pid_file && twin_pid_path(c, path, sizeof(path)))
		daemon_pidfile_remove(path);
}

static bool serve_begin(struct core *c, const struct invocation *in,
			const struct privilege *account, gid_t group)
{
	if (!confine(c, in) || !become(account) || !core_begin(c) || !listen_on_socket(c, group))
		return false;
	write_pid_file(c, in->foreground != FOREGROUND);
	daemon_notify("READY=1");
	loop_watchdog(c->loop, daemon_watchdog_ms());
	if (in->foreground == BACKGROUND)
		machine_limit_start(c, settings_long(c->settings, "maxstartdelay", START_DELAY_S));
	return true;
}

static int serve(struct core *c, const struct invocation *in, const struct privilege *account,
		 gid_t group)
{
	if (!twin_replace(c))
		return 1;
	if (in->foreground == BACKGROUND) {
		if (daemon_fork(&c->starter, 0) != 0) {
			log_errno("core", errno, "cannot go to the background");
			return 1;
		}
		log_to_syslog(true);
	}
	if (serve_begin(c, in, account, group)) {
		while (!c->ending)
			machine_step(c);
		say_goodbye(c);
		daemon_notify("STOPPING=1");
	} else {
		c->exit_status = 1;
	}
	if (c->loop)
		machine_end(c);
	remove_pid_file(c);
	if (c->starter >= 0)
		daemon_failed(c->starter);
	return c->exit_status;
}

static int run(struct core *c, const struct invocation *in)
{
	struct privilege account = {0};
	gid_t group;

	if (!find_places(c))
		return 1;
	if (in->command)
		return twin_command(c, in->command, in->pid);
	/* Even with a ups.conf that is broken by now: the running one has read it when it was good.
	 */
	if (in->killpower && twin_killpower(c) == 0) {
		log_notice("core", "the running %s has cut the power of %s", c->driver->name,
			   c->cli->ups);
		return 0;
	}
	if (!load_settings(c))
		return 1;
	confine_secrets(c);
	log_set_debug(c->cli->debug);
	if (!look_up_account(c, in, &account, &group))
		return 1;
	if (in->killpower)
		return cut_power(c, &account);
	if (in->look)
		return (!in->user || become(&account)) ? look(c) : 1;
	if (in->dumps >= 0)
		return confine(c, in) && become(&account) ? dump(c, in->dumps) : 1;
	return serve(c, in, &account, group);
}

int core_main(const struct driver *driver, int argc, char **argv)
{
	struct core c = {.driver = driver, .starter = -1, .debug_by_client = -1};
	struct invocation in;
	int status;

	log_init(driver->name);
	if (invocation_read(&in, driver, argc, argv, &status)) {
		c.cli = &in.cli;
		status = run(&c, &in);
		core_free(&c);
	}
	invocation_free(&in);
	return status;
}

/* ------------------------------------------------------- what a driver may ask about */

void *core_data(struct core *c)
{
	return c->data;
}

const char *core_ups(const struct core *c)
{
	return c->cli->ups;
}

const char *core_port(const struct core *c)
{
	return settings_get(c->settings, "port");
}

const char *core_option(const struct core *c, const char *name)
{
	return settings_get(c->settings, name);
}

bool core_flag(const struct core *c, const char *name)
{
	return settings_flag(c->settings, name);
}

long core_option_long(const struct core *c, const char *name, long otherwise)
{
	return settings_long(c->settings, name, otherwise);
}
