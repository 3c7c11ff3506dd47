#include "config.h"

#include "drivers/init/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/init/instance.h"

static const char token[] = "systemd";

enum {
	WORDS_MAX = 16,
	PATIENCE_MS = 120 * 1000, /* systemctl waits for units to start or to stop */
	LOOK_MS = 20,
	OUTPUT_MAX = 8 * 1024 * 1024
};

bool systemd_is_here(void)
{
	const char *said = getenv("SERVICE_FRAMEWORK");

	if (said && *said)
		return str_equal(said, "systemd");
	return access("/run/systemd/system", F_OK) == 0;
}

const char *systemd_generator_dir(void)
{
	const char *said = getenv("NUT_GENERATOR_DIR");

	return said && *said ? said : "/run/systemd/generator";
}

/* ------------------------------------------------------------------------------ systemctl */

static pid_t spawn(const char *const *words, int output)
{
	const char *argv[WORDS_MAX + 2] = {"systemctl"};
	sigset_t none;
	pid_t pid;

	for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
		argv[i + 1] = words[i];
	pid = fork();
	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (output >= 0)
		dup2(output, STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	long long end = clock_ms() + PATIENCE_MS;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (clock_ms() < end) {
			clock_sleep_ms(LOOK_MS);
			continue;
		}
		log_error(token, "systemctl takes too long: it is killed");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) != 127)
		return WEXITSTATUS(status);
	log_error(token, "systemctl cannot be run, or was killed");
	return -1;
}

int systemd_ctl_words(const char *const *words)
{
	pid_t pid = spawn(words, -1);

	if (pid < 0)
		log_errno(token, errno, "cannot fork");
	return pid < 0 ? -1 : wait_for(pid);
}

int systemd_ctl(const char *word, ...)
{
	const char *words[WORDS_MAX + 1] = {word};
	va_list ap;

	va_start(ap, word);
	for (size_t i = 1; words[i - 1] && i < WORDS_MAX; i++)
		words[i] = va_arg(ap, const char *);
	va_end(ap);
	return systemd_ctl_words(words);
}

/* What systemctl says. */
static bool listen_to(const char *const *words, struct buffer *said)
{
	int ends[2];
	ssize_t n = 1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		log_errno(token, errno, "cannot make a pipe");
		return false;
	}
	pid = spawn(words, ends[1]);
	close(ends[1]);
	if (pid < 0)
		log_errno(token, errno, "cannot fork");
	while (pid > 0 && n > 0) {
		struct pollfd p = {ends[0], POLLIN, 0};
		char *room = buffer_reserve(said, 4096);

		if (!room || poll(&p, 1, PATIENCE_MS) == 0)
			break;
		n = read(ends[0], room, 4096);
		if (n > 0)
			said->len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	close(ends[0]);
	return pid > 0 && wait_for(pid) == 0 && !said->failed;
}

/* ---------------------------------------------------------------------------------- units */

static bool is_driver_unit(const char *name)
{
	size_t len = strlen(name), end = strlen(INSTANCE_SUFFIX);

	return str_starts(name, INSTANCE_PREFIX) && len > strlen(INSTANCE_PREFIX) + end &&
	       str_equal(name + len - end, INSTANCE_SUFFIX);
}

static struct driver_unit *add_unit(struct driver_units *units, const char *name)
{
	struct driver_unit *grown = realloc(units->list, (units->count + 1) * sizeof(*units->list));

	if (!grown)
		return NULL;
	units->list = grown;
	grown += units->count;
	*grown = (struct driver_unit){.name = str_dup(name), .state = DRIVER_UNIT_STOPPED};
	if (!grown->name)
		return NULL;
	units->count++;
	return grown;
}

static enum driver_unit_state state_of(const char *word)
{
	static const struct {
		const char *word;
		enum driver_unit_state state;
	} rows[] = {
		{"active", DRIVER_UNIT_RUNNING},
		{"reloading", DRIVER_UNIT_RUNNING},
		{"activating", DRIVER_UNIT_ON_ITS_WAY},
		{"failed", DRIVER_UNIT_FAILED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (str_equal(word, rows[i].word))
			return rows[i].state;
	}
	return DRIVER_UNIT_STOPPED;
}

/* What is known of one unit while its properties are read. */
struct block {
	const char *id;
	enum driver_unit_state state;
	long pid;
};

static void take_property(struct block *b, const char *line)
{
	const char *value = strchr(line, '=');

	if (str_starts(line, "Id="))
		b->id = value + 1;
	else if (str_starts(line, "ActiveState="))
		b->state = state_of(value + 1);
	else if (str_starts(line, "MainPID="))
		str_to_long(value + 1, 0, 0x7fffffff, &b->pid);
}

static bool take_block(struct driver_units *units, const struct block *b)
{
	struct driver_unit *unit;

	if (!b->id || !is_driver_unit(b->id))
		return true;
	unit = add_unit(units, b->id);
	if (!unit)
		return false;
	unit->state = b->state;
	unit->pid = (pid_t)b->pid;
	return true;
}

/* Properties come in any order; an empty line ends those of a unit. */
static bool take_all(struct driver_units *units, char *text)
{
	static const struct block nothing = {.state = DRIVER_UNIT_STOPPED};
	struct block b = nothing;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (*line) {
			take_property(&b, line);
			continue;
		}
		if (!take_block(units, &b))
			return false;
		b = nothing;
	}
	return take_block(units, &b);
}

bool systemd_driver_units(struct driver_units *units)
{
	static const char *const words[] = {"show", "--property=Id,MainPID,ActiveState",
					    INSTANCE_PREFIX "*" INSTANCE_SUFFIX, NULL};
	struct buffer said = {.max = OUTPUT_MAX};
	bool done;

	*units = (struct driver_units){0};
	done = listen_to(words, &said);
	if (!done)
		log_error(token, "systemd does not tell which drivers run; are you root?");
	else if (buffer_append_char(&said, '\0') && !(done = take_all(units, said.data)))
		log_error(token, "out of memory");
	buffer_free(&said);
	if (!done)
		systemd_driver_units_free(units);
	return done;
}

void systemd_driver_units_free(struct driver_units *units)
{
	for (size_t i = 0; i < units->count; i++)
		free(units->list[i].name);
	free(units->list);
	*units = (struct driver_units){0};
}

const struct driver_unit *systemd_driver_unit(const struct driver_units *units, const char *name)
{
	for (size_t i = 0; i < units->count; i++) {
		if (str_equal(units->list[i].name, name))
			return &units->list[i];
	}
	return NULL;
}
