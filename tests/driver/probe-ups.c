/*
 * probe-ups: a driver with faults on demand, for tests of the driver core.
 *
 * Its port is a file that is read at each open and poll:
 *
 *   open fail | fatal        what open() returns
 *   poll fail | stale | lost what poll() returns
 *   wait <ms>                poll() waits so long
 *   command-wait <ms>        INSTCMD and SET do
 *   command fail             and fail
 *   status <word>...         the device's status words
 *   alarm <word>...          one alarm text
 *   text <var> <text>        a text as from a device, to be cleaned
 *   <var> <value>            anything with a dot is a variable
 *
 * What it was asked to do is appended to the file `<port>.log`, a line each.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/core/driver.h"

struct probe {
	char open[16], poll[16], command[16];
	long wait_ms, command_wait_ms;
	bool has_status;
};

static void note(struct core *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct core *c, const char *fmt, ...)
{
	static int fd = -1; /* opened before the sandbox is closed */
	char path[PATH_MAX], line[1024];
	va_list ap;
	int n;

	str_format(path, sizeof(path), "%s.log", core_port(c));
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (fd < 0)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	n = n < (int)sizeof(line) - 2 ? n : (int)sizeof(line) - 2;
	line[n] = '\n';
	if (write(fd, line, (size_t)n + 1) < 0)
		log_warn("probe", "%s: not written", path);
}

static void take_long(const char *text, long *out)
{
	str_to_long(text, 0, INT_MAX, out);
}

static void publish_words(struct core *c, struct probe *p, size_t count, char *const *words)
{
	bool alarm = str_equal(words[0], "alarm");

	if (!alarm && !p->has_status)
		core_status_begin(c);
	p->has_status |= !alarm;
	for (size_t i = 1; i < count; i++) {
		if (alarm)
			core_alarm_add(c, words[i]);
		else
			core_status_add(c, words[i]);
	}
}

static void on_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		    struct conf_report *r)
{
	struct core *c = arg;
	struct probe *p = core_data(c);
	const char *value = count > 1 ? words[1] : "";

	(void)at;
	(void)r;
	if (str_equal(words[0], "open"))
		str_copy(p->open, sizeof(p->open), value);
	else if (str_equal(words[0], "poll"))
		str_copy(p->poll, sizeof(p->poll), value);
	else if (str_equal(words[0], "command"))
		str_copy(p->command, sizeof(p->command), value);
	else if (str_equal(words[0], "wait"))
		take_long(value, &p->wait_ms);
	else if (str_equal(words[0], "command-wait"))
		take_long(value, &p->command_wait_ms);
	else if (str_equal(words[0], "status") || str_equal(words[0], "alarm"))
		publish_words(c, p, count, words);
	else if (str_equal(words[0], "text") && count > 2)
		core_set_text(c, words[1], words[2]);
	else if (strchr(words[0], '.'))
		state_set(core_state(c), words[0], value);
}

static void read_file(struct core *c)
{
	struct conf_report report = {0};
	struct probe *p = core_data(c);

	*p = (struct probe){0};
	core_alarm_begin(c);
	conffile_read_lines(core_port(c), on_line, c, &report);
}

static enum driver_result result_of(const char *word)
{
	static const struct {
		const char *word;
		enum driver_result result;
	} rows[] = {
		{"fail", DRIVER_FAILED},
		{"stale", DRIVER_STALE},
		{"lost", DRIVER_LOST},
		{"fatal", DRIVER_FATAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (str_equal(word, rows[i].word))
			return rows[i].result;
	}
	return DRIVER_OK;
}

static enum driver_result probe_open(struct core *c)
{
	struct probe *p = core_data(c);

	read_file(c);
	note(c, "open %s", p->open);
	state_add_command(core_state(c), "beeper.toggle");
	state_set(core_state(c), "ups.id", "probe");
	state_set_flags(core_state(c), "ups.id", STATE_RW | STATE_STRING);
	state_set_aux(core_state(c), "ups.id", 32);
	return result_of(p->open);
}

static enum driver_result probe_poll(struct core *c)
{
	struct probe *p = core_data(c);

	read_file(c);
	if (p->wait_ms > 0) {
		note(c, "wait");
		if (!core_wait(c, (int)p->wait_ms))
			note(c, "woken");
	}
	return result_of(p->poll);
}

static enum driverwire_result run(struct core *c)
{
	struct probe *p = core_data(c);

	if (p->command_wait_ms > 0)
		core_wait(c, (int)p->command_wait_ms);
	return *p->command ? DRIVERWIRE_R_FAILED : DRIVERWIRE_HANDLED;
}

static enum driverwire_result probe_instcmd(struct core *c, const char *name, const char *value)
{
	note(c, "instcmd %s %s", name, value ? value : "-");
	return str_equal(name, "no.such") ? DRIVERWIRE_R_UNKNOWN : run(c);
}

static enum driverwire_result probe_setvar(struct core *c, const char *name, const char *value)
{
	enum driverwire_result r = run(c);

	note(c, "set %s %s", name, value);
	if (r == DRIVERWIRE_HANDLED && state_set(core_state(c), name, value) == STATE_REFUSED)
		return DRIVERWIRE_R_FAILED;
	return r;
}

static enum driverwire_result probe_shutdown(struct core *c)
{
	note(c, "shutdown");
	return run(c);
}

static void probe_close(struct core *c)
{
	note(c, "close");
}

static const struct driver_option options[] = {
	{.name = "password", .argument = "text", .help = "a secret", .flags = DRIVER_OPTION_SECRET},
	{.name = "depth",
	 .argument = "n",
	 .help = "a number from 1 to 10",
	 .flags = DRIVER_OPTION_RELOADABLE,
	 .min = 1,
	 .max = 10},
	{.name = "colour", .argument = "name", .help = "a text that needs a restart"},
	{.name = "quick", .help = "a flag"},
	{.name = NULL},
};

static const struct driver probe_driver = {
	.name = "probe-ups",
	.description = "Faults on demand",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct probe),
	.open = probe_open,
	.poll = probe_poll,
	.instcmd = probe_instcmd,
	.setvar = probe_setvar,
	.shutdown = probe_shutdown,
	.close = probe_close,
};

int main(int argc, char **argv)
{
	return core_main(&probe_driver, argc, argv);
}
