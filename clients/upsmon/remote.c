#include "config.h"

#include "clients/upsmon/remote.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/control.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static const char token[] = "upsmon";
static const char program[] = "upsmon";

static enum daemon_pid_result signal_running(int signo)
{
	char path[PATH_MAX];
	enum daemon_pid_result result;

	str_format(path, sizeof(path), "%s/upsmon.pid", paths_pid());
	result = daemon_signal_file(path, program, signo);
	if (result != DAEMON_PID_ABSENT)
		return result;
	str_format(path, sizeof(path), "%s/upsmon.pid", paths_altpid());
	return daemon_signal_file(path, program, signo);
}

bool remote_is_running(void)
{
	return signal_running(0) == DAEMON_PID_OK;
}

static int send_signal(const struct remote_options *o, int signo)
{
	enum daemon_pid_result result;
	long pid;

	if (!o->pid) {
		result = signal_running(signo);
	} else if (str_to_long(o->pid, 2, INT_MAX, &pid)) {
		result = daemon_signal_pid((pid_t)pid, program, signo);
	} else {
		log_error(token, "-P wants a process number, not \"%s\"", o->pid);
		return EXIT_FAILURE;
	}
	if (result == DAEMON_PID_OK)
		return EXIT_SUCCESS;
	log_error(token, "cannot send the command: %s",
		  result == DAEMON_PID_ABSENT ? "no PID file, so upsmon does not seem to run"
					      : "that process is no upsmon, or not ours to signal");
	return EXIT_FAILURE;
}

static int ask(size_t count, const char *const *words)
{
	char path[PATH_MAX];
	int result;

	control_path(path, sizeof(path));
	result = control_ask(path, count, words, stdout);
	if (result < 0)
		log_errno(token, errno,
			  "%s does not answer: does upsmon run, and are you root or in its group?",
			  path);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int fsd(const struct remote_options *o)
{
	return send_signal(o, SIGUSR1);
}

static int stop(const struct remote_options *o)
{
	return send_signal(o, SIGTERM);
}

static int reload(const struct remote_options *o)
{
	return send_signal(o, SIGHUP);
}

static int status(const struct remote_options *o)
{
	const char *const words[] = {"STATUS", "json"};

	return ask(o->json ? 2 : 1, words);
}

static int test_event(const struct remote_options *o)
{
	const char *words[] = {"TEST", NULL, NULL};

	if (o->operand_count < 1 || o->operand_count > 2) {
		log_error(token, "upsmon -c test-event wants an event and, if it is not the first, "
				 "a UPS: upsmon -c test-event ONBATT ups@host");
		return EXIT_FAILURE;
	}
	words[1] = o->operands[0];
	words[2] = o->operand_count > 1 ? o->operands[1] : NULL;
	return ask((size_t)o->operand_count + 1, words);
}

int remote_command(const struct remote_options *o)
{
	static const struct {
		const char *name;
		int (*act)(const struct remote_options *o);
	} rows[] = {
		{"fsd", fsd},
		{"stop", stop},
		{"reload", reload},
		{"status", status},
		{"test-event", test_event},
	};

	for (size_t i = 0; *o->command && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (str_starts(rows[i].name, o->command))
			return rows[i].act(o);
	}
	log_error(token, "-c knows fsd, reload, stop, status and test-event, not \"%s\"",
		  o->command);
	return EXIT_FAILURE;
}
