/* ups.conf: drivers that are there, keys that they know, and devices of one driver only. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/nutconf/check.h"
#include "clients/nutconf/tools.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/ups/driverfolder.h"

enum { NAMES_MAX = 512, LIST_MS = 20 * 1000 };

/* A list of names, NULL-ended. */
struct names {
	char *list[NAMES_MAX + 1];
	size_t count;
};

static void add_name(struct names *n, const char *name)
{
	if (n->count == NAMES_MAX)
		return;
	n->list[n->count] = str_dup(name);
	n->count += n->list[n->count] != NULL;
}

static void free_names(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	*n = (struct names){.count = 0};
}

static const char *closest(const struct names *n, const char *word)
{
	return str_closest(word, (const char *const *)n->list);
}

/* ---------------------------------------------------------------------- driver */

/* As upsdrvctl finds it: the environment beats the file. */
static const char *driver_folder(const struct check *c)
{
	const char *said = sayings_value(&c->said.ups, NULL, "driverpath");
	const char *environment = getenv("NUT_DRIVERPATH");

	return said && !(environment && *environment) ? said : paths_driver();
}

static void tell_missing(struct check *c, const struct saying *driver, const char *name)
{
	char mend[512];

	driverfolder_mend(driver_folder(c), name, mend, sizeof(mend));
	check_add(c, CHECK_ERROR, "driver-missing", c->said.ups.path, driver->line, mend,
		  "driver \"%s\" of UPS [%s] is not in %s", name, driver->section,
		  driver_folder(c));
}

/* ------------------------------------------------------------------------ keys */

/* What every driver takes, and upsd and upsdrvctl (man ups.conf). */
static const char *const common_keys[] = {
	"driver",
	"port",
	"desc",
	"alias",
	"user",
	"group",
	"pollinterval",
	"synchronous",
	"debug_min",
	"LIBUSB_DEBUG",
	"maxstartdelay",
	"maxretry",
	"retrydelay",
	"nowait",
	"sandbox",
	"sdorder",
	"sdcommands",
	"allow_killpower",
	"nolock",
	"ignorelb",
	"sddelay",
	"reconnect_max_tries",
	"reconnect_report_freq",
};

/* The keys of a driver, as it prints them: `VALUE name "..."`. */
static bool list_keys(const char *path, struct names *keys)
{
	const char *const args[] = {"-L", NULL};
	struct buffer said = {0};
	char *text, *line;
	int status = 0;

	if (tools_run(path, args, false, LIST_MS, &said, &status) != TOOLS_RAN || status != 0) {
		buffer_free(&said);
		return false;
	}
	buffer_string(&said);
	text = said.data;
	while (said.len && tools_next_line(&text, &line)) {
		size_t kind = strcspn(line, " ");

		if (kind != 4 && kind != 5 && kind != 7)
			continue;
		if (!str_starts(line, "VALUE ") && !str_starts(line, "FLAG ") &&
		    !str_starts(line, "UNKNOWN "))
			continue;
		line += kind + 1;
		line[strcspn(line, " ")] = '\0';
		add_name(keys, line);
	}
	buffer_free(&said);
	for (size_t i = 0; i < sizeof(common_keys) / sizeof(common_keys[0]); i++)
		add_name(keys, common_keys[i]);
	return true;
}

static bool is_known_key(const struct names *keys, const char *key)
{
	if ((str_casestarts(key, "default.") && key[8]) ||
	    (str_casestarts(key, "override.") && key[9]))
		return true;
	for (size_t i = 0; i < keys->count; i++)
		if (str_caseequal(keys->list[i], key))
			return true;
	return false;
}

static void look_at_keys(struct check *c, const char *path, const char *section, const char *driver)
{
	const struct sayings_file *f = &c->said.ups;
	struct names keys = {.count = 0};
	const struct saying *one;
	char mend[128];
	size_t at = 0;

	if (!list_keys(path, &keys))
		return;
	while ((one = sayings_next(f, &at, section, NULL))) {
		const char *guess;

		if (is_known_key(&keys, one->key))
			continue;
		guess = closest(&keys, one->key);
		str_format(mend, sizeof(mend), guess ? "did you mean \"%s\"?" : "man %s lists them",
			   guess ? guess : driver);
		check_add(c, CHECK_ERROR, "key-unknown", f->path, one->line, mend,
			  "driver %s has no key \"%s\", and will not start with it", driver,
			  one->key);
	}
	free_names(&keys);
}

/* ---------------------------------------------------------------------- device */

/* By one of these, drivers on USB find another device than others. */
static bool is_told_apart(const struct sayings_file *f, const char *a, const char *b)
{
	static const char *const keys[] = {"serial",  "vendorid", "productid", "vendor",
					   "product", "bus",      "busport",   "device"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *x = sayings_value(f, a, keys[i]), *y = sayings_value(f, b, keys[i]);

		if (x && y && !str_equal(x, y))
			return true;
	}
	return false;
}

static bool may_share(const char *driver)
{
	static const char *const drivers[] = {"dummy-ups", "clone", "clone-outlet", "failover",
					      "apcupsd-ups"};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (str_equal(drivers[i], driver))
			return true;
	return false;
}

/* Another section, above, of the same device. */
static const struct saying *find_twin(const struct sayings_file *f, const struct saying *port,
				      const char *driver)
{
	const struct saying *other;
	size_t at = 0;

	while ((other = sayings_next(f, &at, NULL, "port")) && other != port) {
		const char *its =
			other->section ? sayings_value(f, other->section, "driver") : NULL;

		if (!its || !other->count || may_share(its) ||
		    str_equal(other->section, port->section) ||
		    !str_equal(other->values[0], port->values[0]))
			continue;
		/* A file is one device; what "auto" is depends on the driver and its keys. */
		if (port->values[0][0] == '/' ||
		    (str_equal(its, driver) && !is_told_apart(f, other->section, port->section)))
			return other;
	}
	return NULL;
}

static void look_at_port(struct check *c, const struct saying *port, const char *driver)
{
	const struct sayings_file *f = &c->said.ups;
	const struct saying *twin = may_share(driver) ? NULL : find_twin(f, port, driver);
	const char *path = port->values[0];
	struct stat st;

	if (twin)
		check_add(
			c, CHECK_ERROR, "device-twice", f->path, port->line,
			path[0] == '/' ? "take one of them away"
				       : "tell them apart by serial = ..., which the label has",
			"UPS [%s] has the device of [%s] in line %u, and only one driver can have "
			"it",
			port->section, twin->section, twin->line);
	if (str_starts(path, "/dev/") && stat(path, &st) != 0 && errno == ENOENT)
		check_add(c, CHECK_WARNING, "port-absent", f->path, port->line,
			  "is its adapter plugged in?", "there is no %s", path);
}

static void look_at_ups(struct check *c, const char *section)
{
	const struct sayings_file *f = &c->said.ups;
	const struct saying *driver = sayings_last(f, section, "driver");
	const struct saying *port = sayings_last(f, section, "port");
	const char *name;
	char path[4096];

	/* That one is missing is told by upsd. */
	if (!driver || !driver->count)
		return;
	name = driver->values[0];
	if (tools_find_driver(driver_folder(c), name, path, sizeof(path)))
		look_at_keys(c, path, section, name);
	else
		tell_missing(c, driver, name);
	if (port && port->count)
		look_at_port(c, port, name);
}

void check_devices(struct check *c)
{
	const struct saying *header;
	size_t at = 0;

	while ((header = sayings_next_section(&c->said.ups, &at)))
		look_at_ups(c, header->section);
}
