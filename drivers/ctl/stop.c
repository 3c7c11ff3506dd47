/*
 * Drivers that run: ending them, and the table of their status.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/ups/driverquery.h"
#include "common/ups/driverwire.h"
#include "drivers/ctl/ctl.h"

enum {
	CONNECT_MS = 1000,
	ANSWER_MS = 3000,
	EXIT_MS = 15000,
	TERM_MS = 5000,
	KILL_MS = 5000,
	LOOK_MS = 50
};

static bool pid_path(const struct ctl_ups *ups, char *dst, size_t size)
{
	return str_format(dst, size, "%s/%s-%s.pid", paths_altpid(), ups->driver, ups->name);
}

static struct driverquery *connect_driver(const struct ctl_ups *ups)
{
	char path[CTL_PATH_MAX];

	if (!str_format(path, sizeof(path), "%s/%s-%s", paths_state(), ups->driver, ups->name))
		return NULL;
	return driverquery_open(path, CONNECT_MS);
}

/* ---------------------------------------------------------------------------------- stop */

enum stop_way { STOP_FAILED, STOP_NOT_RUNNING, STOP_BY_PID, STOP_BY_SOCKET };

struct stopping {
	const struct ctl_ups *ups;
	enum stop_way way;
	char pid_path[CTL_PATH_MAX];
	pid_t pid;
};

static bool lives(const struct stopping *s)
{
	struct driverquery *q;

	if (s->way == STOP_BY_PID)
		return daemon_signal_pid(s->pid, s->ups->driver, 0) == DAEMON_PID_OK;
	q = connect_driver(s->ups);
	driverquery_close(q);
	return q != NULL;
}

static enum stop_way ask_to_exit(const struct ctl_ups *ups)
{
	struct driverquery *q = connect_driver(ups);
	int result;

	if (!q) {
		log_error("upsdrvctl", "%s: the driver %s is not running", ups->name, ups->driver);
		return STOP_NOT_RUNNING;
	}
	result = driverquery_instcmd(q, "driver.exit", NULL, EXIT_MS);
	driverquery_close(q);
	if (result == DRIVERWIRE_HANDLED)
		return STOP_BY_SOCKET;
	log_error("upsdrvctl", "%s: the driver %s does not end when asked to, and has no pid file",
		  ups->name, ups->driver);
	return STOP_FAILED;
}

static void stop_begin(struct stopping *s, bool testing)
{
	const struct ctl_ups *ups = s->ups;

	s->way = STOP_FAILED;
	if (!ups->driver || !pid_path(ups, s->pid_path, sizeof(s->pid_path))) {
		log_error("upsdrvctl", "[%s] has no driver", ups->name);
		return;
	}
	if (daemon_pidfile_read(s->pid_path, &s->pid) != DAEMON_PID_OK ||
	    daemon_signal_pid(s->pid, ups->driver, 0) != DAEMON_PID_OK) {
		s->way = testing ? STOP_NOT_RUNNING : ask_to_exit(ups);
		return;
	}
	s->way = STOP_BY_PID;
	if (testing)
		fprintf(stderr, "kill: %ld (%s-%s)\n", (long)s->pid, ups->driver, ups->name);
	else
		daemon_signal_pid(s->pid, ups->driver, SIGTERM);
}

static bool ends_within(const struct stopping *s, int ms)
{
	long long end = clock_ms() + ms;

	while (lives(s)) {
		if (clock_ms() >= end)
			return false;
		clock_sleep_ms(LOOK_MS);
	}
	return true;
}

static bool stop_end(struct stopping *s)
{
	if (s->way != STOP_BY_PID && s->way != STOP_BY_SOCKET)
		return false;
	if (ends_within(s, TERM_MS))
		return true;
	if (s->way == STOP_BY_PID) {
		log_warn("upsdrvctl", "%s: the driver does not end by itself: killing it",
			 s->ups->name);
		daemon_signal_pid(s->pid, s->ups->driver, SIGKILL);
		if (ends_within(s, KILL_MS)) {
			daemon_pidfile_remove(s->pid_path);
			return true;
		}
	}
	log_error("upsdrvctl", "%s: the driver %s cannot be ended", s->ups->name, s->ups->driver);
	return false;
}

unsigned ctl_stop(const struct ctl_ups *const *upses, size_t count, const struct ctl_options *o)
{
	struct stopping *all = calloc(count > 0 ? count : 1, sizeof(*all));
	unsigned failed = 0;

	if (!all) {
		log_error("upsdrvctl", "out of memory");
		return 1;
	}
	/* First tell all, then wait for each: they end side by side. */
	for (size_t i = 0; i < count; i++) {
		all[i].ups = upses[i];
		stop_begin(&all[i], o->testing);
	}
	for (size_t i = 0; i < count && !o->testing; i++)
		failed += !stop_end(&all[i]);
	free(all);
	return failed;
}

/* -------------------------------------------------------------------------------- status */

struct status_row {
	bool running, responsive;
	long file_pid; /* or a daemon_pid_result below 0 */
	pid_t socket_pid;
	char status[1024];
};

static void ask_status(const struct ctl_ups *ups, struct status_row *row)
{
	struct driverquery *q = connect_driver(ups);

	if (!q)
		return;
	row->responsive = driverquery_ping(q, ANSWER_MS) == 0;
	if (row->responsive) {
		row->socket_pid = driverquery_pid(q, ANSWER_MS);
		driverquery_value(q, "ups.status", row->status, sizeof(row->status), ANSWER_MS);
	}
	driverquery_close(q);
}

static void look_at_pid_file(const struct ctl_ups *ups, struct status_row *row)
{
	char path[CTL_PATH_MAX];
	pid_t pid;

	row->file_pid = DAEMON_PID_ABSENT;
	if (!pid_path(ups, path, sizeof(path)))
		return;
	row->file_pid = daemon_pidfile_read(path, &pid);
	if (row->file_pid == DAEMON_PID_OK)
		row->file_pid = daemon_signal_pid(pid, ups->driver, 0) == DAEMON_PID_OK
					? (long)pid
					: DAEMON_PID_FAILED;
}

static void print_row(const struct ctl_ups *ups, const struct status_row *row)
{
	struct buffer quoted = {0};
	char pid[32];

	words_append_quoted(&quoted, row->status);
	str_format(pid, sizeof(pid), row->socket_pid > 0 ? "%ld" : "N/A", (long)row->socket_pid);
	printf("%-11s\t%11s\t%s\t%ld\t%s\t%s\t%s\n", ups->name, ups->driver ? ups->driver : "N/A",
	       !ups->driver   ? "N/A"
	       : row->running ? "RUNNING"
			      : "STOPPED",
	       row->file_pid, row->responsive ? "RESPONSIVE" : "NOT_RESPONSIVE", pid,
	       row->status[0] ? buffer_string(&quoted) : "N/A");
	buffer_free(&quoted);
}

void ctl_print_status(const struct ctl_ups *const *upses, size_t count)
{
	printf("%-11s\t%11s\tRUNNING\tPF_PID\tS_RESPONSIVE\tS_PID\tS_STATUS\n", "UPSNAME",
	       "UPSDRV");
	for (size_t i = 0; i < count; i++) {
		struct status_row row = {.file_pid = DAEMON_PID_ABSENT, .socket_pid = -1};

		if (upses[i]->driver) {
			look_at_pid_file(upses[i], &row);
			ask_status(upses[i], &row);
		}
		row.running = row.responsive || row.file_pid > 0;
		print_row(upses[i], &row);
	}
}
