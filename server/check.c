#include "config.h"

#include "server/check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/ups/driverfolder.h"
#include "server/conf.h"
#include "server/users.h"

static void print(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	printf("%s%s\n", severity == CONF_WARNING ? "warning: " : "", text);
}

/* Where upsdrvctl finds them: the environment beats ups.conf. */
static const char *driver_folder(const struct upsd_conf *c)
{
	const char *said = getenv("NUT_DRIVERPATH");

	return c->driverpath && !(said && *said) ? c->driverpath : paths_driver();
}

static void check_driver(const struct upsd_conf_ups *u, const char *folder, const char *file,
			 struct conf_report *r)
{
	const struct conf_where at = {.file = file, .line = u->line};
	char path[PATH_MAX], mend[PATH_MAX];

	if (!str_format(path, sizeof(path), "%s/%s", folder, u->driver) || access(path, X_OK) == 0)
		return;
	driverfolder_mend(folder, u->driver, mend, sizeof(mend));
	conf_warning(r, &at, mend, "driver \"%s\" of UPS [%s] not found in %s", u->driver, u->name,
		     folder);
}

static void check_devices(const struct upsd_conf *c, const char *file, struct conf_report *r)
{
	const struct conf_where whole = {.file = file};
	const char *folder = driver_folder(c);

	if (!c->ups_count && !c->allow_no_device)
		conf_error(r, &whole, "add a section, or set ALLOW_NO_DEVICE yes in upsd.conf",
			   "no UPS is defined");
	for (size_t i = 0; i < c->ups_count; i++)
		check_driver(&c->upses[i], folder, file, r);
}

static void check_statepath(const struct upsd_conf *c, struct conf_report *r)
{
	struct stat st;
	const char *path;

	if (c->statepath)
		paths_set_state(c->statepath);
	path = paths_state();
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return;
	conf_warning(r, &(struct conf_where){.file = path}, "create it for upsd's user",
		     "the directory of the drivers' sockets does not exist");
}

int check_run(void)
{
	struct conf_report report = {.emit = print};
	char server[PATH_MAX], devices[PATH_MAX], people[PATH_MAX];
	struct upsd_conf *c = upsd_conf_new();
	struct users *users;

	if (!c || !paths_conf_file(server, sizeof(server), "upsd.conf") ||
	    !paths_conf_file(devices, sizeof(devices), "ups.conf") ||
	    !paths_conf_file(people, sizeof(people), "upsd.users")) {
		upsd_conf_free(c);
		return 1;
	}
	upsd_conf_read_server(c, server, &report);
	if (upsd_conf_read_devices(c, devices, &report))
		check_devices(c, devices, &report);
	check_statepath(c, &report);
	users = users_load(people, &report);
	printf("%u error%s, %u warning%s in %s\n", report.errors, report.errors == 1 ? "" : "s",
	       report.warnings, report.warnings == 1 ? "" : "s", paths_conf());
	users_free(users);
	upsd_conf_free(c);
	return report.errors ? 1 : 0;
}
