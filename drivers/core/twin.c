/*
 * Another instance of the same driver for the same UPS: asked over its socket,
 * signalled by its pid file (spec/driver-socket.md section 5).  Blocking: this
 * runs before there is a loop.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/ups/driverquery.h"
#include "drivers/core/core.h"

enum {
	CONNECT_MS = 1000,
	ANSWER_MS = 15 * 1000,
	KILLPOWER_MS = 90 * 1000, /* a hung twin must not keep a late shutdown waiting for ever */
	LEAVE_MS = 25 * 1000,     /* for the end of one that said it would */
	TERM_MS = 15 * 1000,
	KILL_MS = 5 * 1000,
	LOOK_MS = 50,
};

bool twin_socket_path(const struct core *c, char *dst, size_t size)
{
	return str_format(dst, size, "%s/%s-%s", paths_state(), c->driver->name, c->cli->ups);
}

bool twin_pid_path(const struct core *c, char *dst, size_t size)
{
	return str_format(dst, size, "%s/%s-%s.pid", paths_altpid(), c->driver->name, c->cli->ups);
}

static struct driverquery *connect_twin(const struct core *c)
{
	char path[4096];

	return twin_socket_path(c, path, sizeof(path)) ? driverquery_open(path, CONNECT_MS) : NULL;
}

static bool socket_serves(const struct core *c)
{
	struct driverquery *q = connect_twin(c);

	driverquery_close(q);
	return q != NULL;
}

static bool process_lives(const char *pid_path, const struct core *c)
{
	pid_t pid;

	return daemon_pidfile_read(pid_path, &pid) == DAEMON_PID_OK && pid != getpid() &&
	       daemon_signal_pid(pid, c->driver->name, 0) == DAEMON_PID_OK;
}

static bool gone_within(const struct core *c, const char *pid_path, int ms)
{
	long long end = clock_ms() + ms;

	do {
		if (!process_lives(pid_path, c) && !socket_serves(c))
			return true;
		clock_sleep_ms(LOOK_MS);
	} while (clock_ms() < end);
	return false;
}

static bool ask_to_leave(const struct core *c, const char *pid_path)
{
	struct driverquery *q = connect_twin(c);
	int result;

	if (!q)
		return false;
	log_notice("core", "asking the running %s of %s to end", c->driver->name, c->cli->ups);
	result = driverquery_instcmd(q, "driver.exit", NULL, ANSWER_MS);
	driverquery_close(q);
	return result == DRIVERWIRE_HANDLED && gone_within(c, pid_path, LEAVE_MS);
}

/* NUT's own drivers of 2.8.0 do not know driver.exit; for them, and the hung ones, there are
 * signals. */
bool twin_replace(struct core *c)
{
	static const struct {
		int signo;
		int wait_ms;
	} steps[] = {{SIGTERM, TERM_MS}, {SIGKILL, KILL_MS}};
	char path[4096];

	if (!twin_pid_path(c, path, sizeof(path)) || ask_to_leave(c, path))
		return true;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && process_lives(path, c); i++) {
		log_notice("core", "ending the running %s of %s: %s", c->driver->name, c->cli->ups,
			   strsignal(steps[i].signo));
		daemon_signal_file(path, c->driver->name, steps[i].signo);
		gone_within(c, path, steps[i].wait_ms);
	}
	if (!process_lives(path, c) && !socket_serves(c))
		return true;
	log_error("core", "another %s of %s is running and cannot be ended", c->driver->name,
		  c->cli->ups);
	return false;
}

int twin_killpower(struct core *c)
{
	struct driverquery *q = connect_twin(c);
	int result;

	if (!q)
		return -1;
	result = driverquery_set(q, "driver.flag.allow_killpower", "1", ANSWER_MS);
	if (result == DRIVERWIRE_HANDLED)
		result = driverquery_instcmd(q, "driver.killpower", NULL, KILLPOWER_MS);
	driverquery_close(q);
	return result;
}

/* ---------------------------------------------------------------------------------- -c */

static int send_signal(const struct core *c, int signo, pid_t pid)
{
	enum daemon_pid_result r;
	char path[4096] = "";

	if (pid > 0)
		r = daemon_signal_pid(pid, c->driver->name, signo);
	else if (twin_pid_path(c, path, sizeof(path)))
		r = daemon_signal_file(path, c->driver->name, signo);
	else
		r = DAEMON_PID_ABSENT;
	return r == DAEMON_PID_OK ? 0 : 1;
}

static int send_query(const struct core *c, const char *name)
{
	struct driverquery *q = connect_twin(c);
	int result;

	if (!q)
		return -1;
	result = driverquery_instcmd(q, name, NULL, ANSWER_MS);
	driverquery_close(q);
	return result;
}

int twin_command(struct core *c, const char *command, pid_t pid)
{
	/* The socket comes first, since it tells how it went; a signal is for those without one. */
	static const struct {
		const char *command, *query;
		int signo;
	} rows[] = {
		{"reload", "driver.reload", SIGHUP},
		{"reload-or-error", "driver.reload-or-error", 0},
		{"reload-or-exit", "driver.reload-or-exit", SIGUSR1},
		{"reload-or-restart", "driver.reload-or-restart", 0},
		{"exit", "driver.exit", 0},
		{"dump", NULL, SIGURG},
		{"data-dump", NULL, SIGURG},
	};
	int result = -1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_equal(command, rows[i].command))
			continue;
		if (rows[i].query && pid <= 0)
			result = send_query(c, rows[i].query);
		if (result < 0 && rows[i].signo)
			result = send_signal(c, rows[i].signo, pid);
		if (result != 0)
			log_error("core", "%s: %s of %s %s", command, c->driver->name, c->cli->ups,
				  result < 0 ? "does not answer" : "refused, or could not be told");
		return result < 0 ? 255 : result;
	}
	log_error("core", "-c %s: there are reload, reload-or-error, reload-or-exit, exit and dump",
		  command);
	return 1;
}
