/*
 * nut-driver-generator: systemd runs it at boot and at each daemon-reload, and
 * takes what it writes for units: see unitfiles.h.
 *
 * It runs before anything else does: no log daemon, no network, no file system
 * but the first.  It never fails for what a configuration file says, as that
 * would hide the units of all sections for the mistake in one.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/init/unitfiles.h"

static char token[] = "generator";

static const struct option_row rows[] = {
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

/* The kernel's log is what there is for a generator; the journal takes it up later. */
static void to_kernel_log(void *arg, enum log_level level, const char *from, const char *text)
{
	static const int priority[] = {3, 4, 5, 6, 7};
	const int *fd = arg;
	char line[900];

	(void)from;
	str_format(line, sizeof(line), "<%d>nut-driver-generator[%ld]: %s", 24 + priority[level],
		   (long)getpid(), text);
	if (write(*fd, line, strlen(line)) < 0)
		return; /* nobody is left to be told */
}

static void log_where_it_is_seen(void)
{
	static int fd;

	/* systemd says so, and only it. */
	if (!getenv("SYSTEMD_SCOPE"))
		return;
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		log_set_sink(to_kernel_log, &fd);
}

static void print_help(void)
{
	log_banner("- systemd generator of the UPS drivers' units", true);
	fputs("Writes what systemd is to know of ups.conf and of nut.conf's MODE.\n\n"
	      "usage: nut-driver-generator <dir> [<early dir> <late dir>]\n\n",
	      stdout);
	options_print(rows, stdout);
}

static bool exists(const char *file)
{
	char path[CTL_PATH_MAX];

	return paths_conf_file(path, sizeof(path), file) && access(path, F_OK) == 0;
}

static int generate(const char *dir)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct ctl_config cfg = {0};
	struct mode m;
	bool done;

	umask(022);
	mode_read(&m, &report);
	/* A file that is not there is no mistake: this machine may have no UPS of its own. */
	if (m.drivers && exists("ups.conf"))
		ctl_config_read(&cfg, &report);
	done = unitfiles_write(dir, &cfg, &m);
	ctl_config_free(&cfg);
	return done ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct option_parser p;
	const char *value;
	int letter;

	log_init("nut-driver-generator");
	options_begin(&p, rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		if (letter == 'V')
			log_banner("- systemd generator of the UPS drivers' units", true);
		else if (letter == 'h')
			print_help();
		return letter < 0;
	}
	if (options_operand_count(&p) != 1 && options_operand_count(&p) != 3) {
		log_error(token, "give it one folder, or three; systemd does");
		return 1;
	}
	log_where_it_is_seen();
	return generate(options_operands(&p)[0]);
}
