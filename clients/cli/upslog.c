/*
 * upslog: writes a line about each UPS to a log file from time to time.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/cli/logformat.h"
#include "clients/cli/logoptions.h"
#include "clients/cli/logsource.h"
#include "clients/cli/logtarget.h"
#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

enum {
	KEEP_CONNECTION_S = 30, /* longer intervals do not hold a connection, as NUT */
	LINE_MAX_BYTES = 64 * 1024,
};

/* Connecting takes no longer than this, unless the user says otherwise. */
static const char connect_timeout_s[] = "10";

/* A UPS, or all of a server, and where its lines go. */
struct pair {
	struct logsource *source;
	struct logtarget *target; /* may be shared; the first pair that has it owns it */
};

struct upslog {
	struct logoptions options;
	struct pair *pairs; /* one for each of the options */
	struct logformat *format;
	struct buffer line;
	char pidfile[PATH_MAX];
};

static volatile sig_atomic_t stop_signal, reopen_signal, log_now;

static void take_signal(int number)
{
	if (number == SIGHUP)
		reopen_signal = number;
	else if (number == SIGUSR1)
		log_now = 1;
	else
		stop_signal = number;
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGQUIT};
	struct sigaction action = {.sa_handler = take_signal};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

/* ----------------------------------------------------------------- preparation */

/* Several UPSes may share a file. */
static struct logtarget *find_target(const struct upslog *u, const char *path)
{
	for (size_t i = 0; i < u->options.count; i++)
		if (u->pairs[i].target && str_equal(logtarget_path(u->pairs[i].target), path))
			return u->pairs[i].target;
	return NULL;
}

static bool owns_target(const struct upslog *u, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (u->pairs[j].target == u->pairs[i].target)
			return false;
	return true;
}

static bool open_pair(struct upslog *u, size_t i)
{
	const struct logoptions_pair *told = &u->options.pairs[i];
	struct pair *p = &u->pairs[i];

	printf("logging status of %s to %s (%lds intervals)\n", told->ups, told->path,
	       u->options.interval_s);
	fflush(stdout);
	p->source = logsource_new(told->ups, u->options.cli.authconf,
				  !logoptions_foreground(&u->options));
	if (!p->source)
		return false;
	p->target = find_target(u, told->path);
	if (!p->target)
		p->target = logtarget_open(told->path);
	if (!p->target)
		log_errno("upslog", errno, "could not open logfile %s", told->path);
	return p->target != NULL;
}

static bool open_all(struct upslog *u)
{
	u->format = logformat_parse(u->options.format);
	u->pairs = calloc(u->options.count, sizeof(*u->pairs));
	if (!u->format || !u->pairs) {
		log_error("upslog", "out of memory");
		return false;
	}
	for (size_t i = 0; i < u->options.count; i++)
		if (!open_pair(u, i))
			return false;
	return true;
}

static void close_all(struct upslog *u)
{
	for (size_t i = 0; u->pairs && i < u->options.count; i++) {
		logsource_free(u->pairs[i].source);
		if (u->pairs[i].target && owns_target(u, i))
			logtarget_close(u->pairs[i].target);
	}
	free(u->pairs);
	logformat_free(u->format);
	buffer_free(&u->line);
	logoptions_free(&u->options);
}

/* Not fatal, as in NUT: who needs no signals needs no PID file. */
static void write_pidfile(struct upslog *u)
{
	bool path = strchr(u->options.pidbase, '/') != NULL;
	int err;

	if (!str_format(u->pidfile, sizeof(u->pidfile), "%s%s%s.pid", path ? "" : paths_pid(),
			path ? "" : "/", u->options.pidbase)) {
		log_warn("upslog", "the path of the PID file is too long");
		return;
	}
	err = daemon_pidfile_write(u->pidfile);
	if (err)
		log_warn_errno("upslog", err, "cannot write PID file %s", u->pidfile);
}

/* Where a later instance has not put its own. */
static void remove_pidfile(const struct upslog *u)
{
	pid_t pid;

	if (daemon_pidfile_read(u->pidfile, &pid) == DAEMON_PID_OK && pid == getpid())
		daemon_pidfile_remove(u->pidfile);
}

/* Files are opened first: a log folder is rarely open to the user we become. */
static bool drop_privileges(const struct upslog *u)
{
	struct privilege privilege;

	if (geteuid() != 0)
		return true;
	return privilege_lookup(u->options.user ? u->options.user : RUN_AS_USER, NULL,
				&privilege) &&
	       privilege_drop(&privilege);
}

/* ------------------------------------------------------------------------ work */

struct one_line {
	struct upslog *u;
	struct pair *pair;
	const char *ups; /* NULL = unknown */
};

static const char *value_of(void *arg, const char *name)
{
	struct one_line *one = arg;

	return logsource_value(one->pair->source, one->ups, name);
}

static void log_line(void *arg, struct logsource *s, const char *ups, const char *upshost)
{
	struct one_line *one = arg;
	struct upslog *u = one->u;
	struct logformat_line line = {
		.now = time(NULL), .upshost = upshost, .value = value_of, .arg = one};

	(void)s;
	one->ups = ups;
	buffer_clear(&u->line);
	if (u->options.names)
		buffer_appendf(&u->line, "%s\t", upshost);
	if (logformat_append(u->format, &u->line, &line))
		logtarget_write(one->pair->target, u->line.data ? u->line.data : "", u->line.len);
	else
		log_error("upslog", "the line about %s is too long and is left out", upshost);
}

static void log_all(struct upslog *u)
{
	for (size_t i = 0; i < u->options.count && !stop_signal; i++) {
		struct one_line one = {.u = u, .pair = &u->pairs[i]};

		logsource_connect(one.pair->source);
		logsource_each(one.pair->source, log_line, &one);
		if (u->options.interval_s > KEEP_CONNECTION_S)
			logsource_disconnect(one.pair->source);
	}
}

static void reopen_all(struct upslog *u)
{
	log_notice("upslog", "Signal %d: reopening log file", (int)reopen_signal);
	reopen_signal = 0;
	for (size_t i = 0; i < u->options.count; i++)
		if (owns_target(u, i) && !logtarget_is_stdout(u->pairs[i].target))
			logtarget_reopen(u->pairs[i].target);
}

/* Until then, or until a signal has come, be it before the call. */
static void wait_until_ms(long long until_ms)
{
	sigset_t all, before;
	long long left = until_ms - clock_ms();
	struct timespec ts = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

	if (left <= 0)
		return;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	if (!stop_signal && !reopen_signal && !log_now)
		ppoll(NULL, 0, &ts, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void run(struct upslog *u)
{
	long long next_ms = clock_ms();
	long lines = 0;

	while (!stop_signal) {
		bool due = clock_ms() >= next_ms;

		if (reopen_signal)
			reopen_all(u);
		if (due || log_now) {
			log_now = 0;
			log_all(u);
			if (u->options.lines && ++lines >= u->options.lines)
				return;
		}
		/* Lines that a slow server or a sleeping machine has cost are not made up for. */
		while (next_ms <= clock_ms())
			next_ms += u->options.interval_s * 1000;
		wait_until_ms(next_ms);
	}
	log_notice("upslog", "Signal %d: exiting", (int)stop_signal);
}

static int serve(struct upslog *u)
{
	bool foreground = logoptions_foreground(&u->options);
	int handle = -1;

	if (!foreground && daemon_fork(&handle, 0) != 0) {
		log_errno("upslog", errno, "cannot go to the background");
		return EXIT_FAILURE;
	}
	catch_signals();
	if (!open_all(u))
		goto failed;
	/* Now, so that the starter sees what is wrong with a connection. */
	for (size_t i = 0; i < u->options.count; i++)
		logsource_connect(u->pairs[i].source);
	write_pidfile(u);
	if (!drop_privileges(u))
		goto failed;
	if (!foreground) {
		log_to_syslog(true);
		log_to_stderr(false);
		daemon_ready(handle);
	}
	run(u);
	remove_pidfile(u);
	return EXIT_SUCCESS;
failed:
	if (!foreground)
		daemon_failed(handle);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct upslog u = {.line = {.max = LINE_MAX_BYTES}};
	enum cli_option taken = logoptions_take(&u.options, argc, argv);
	int status = taken == CLI_DONE ? EXIT_SUCCESS : EXIT_FAILURE;

	if (taken == CLI_TAKEN) {
		setenv("NUT_DEFAULT_CONNECT_TIMEOUT", connect_timeout_s, 0);
		log_banner("upslog", false);
		status = serve(&u);
	}
	close_all(&u);
	return status;
}
