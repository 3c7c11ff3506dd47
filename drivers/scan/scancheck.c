#include "config.h"

#include "drivers/scan/scancheck.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "nut-scanner";

/* Keys that say which device is meant. */
enum key { PORT, DRIVER, VENDORID, PRODUCTID, VENDOR, PRODUCT, SERIAL, BUSPORT, KEYS };

static const char *const keys[KEYS] = {"port",   "driver",  "vendorid", "productid",
				       "vendor", "product", "serial",   "busport"};

struct section {
	struct section *next;
	char *name;
	char *values[KEYS];
};

struct scancheck {
	struct section *first;
};

/* --------------------------------------------------------------------------- ups.conf */

static void free_section(struct section *s)
{
	for (int i = 0; i < KEYS; i++)
		free(s->values[i]);
	free(s->name);
	free(s);
}

void scancheck_free(struct scancheck *c)
{
	struct section *next;

	for (struct section *s = c ? c->first : NULL; s; s = next) {
		next = s->next;
		free_section(s);
	}
	free(c);
}

static struct section *find(const struct scancheck *c, const char *name)
{
	struct section *s = c->first;

	while (s && !str_equal(s->name, name))
		s = s->next;
	return s;
}

static struct section *find_or_add(struct scancheck *c, const char *name)
{
	struct section *s = find(c, name), **at = &c->first;

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->name = str_dup(name);
	if (!s->name) {
		free_section(s);
		return NULL;
	}
	while (*at)
		at = &(*at)->next;
	*at = s;
	return s;
}

static void on_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
		       struct conf_report *r)
{
	struct section *to = s->section ? find_or_add(arg, s->section) : NULL;

	for (int i = 0; to && s->key && s->count > 0 && i < KEYS; i++)
		if (str_equal(s->key, keys[i]) && !str_replace(&to->values[i], s->values[0]))
			conf_error(r, at, NULL, "out of memory");
}

struct scancheck *scancheck_new(const char *path)
{
	/* Its mistakes are for those who run it to mend. */
	struct conf_report report = {NULL, NULL, 0, 0};
	struct scancheck *c = calloc(1, sizeof(*c));
	int err = c ? conffile_read_settings(path, on_setting, c, &report) : 0;

	if (err && err != ENOENT)
		log_info(token, "%s is not looked at: %s", path, conffile_why(err));
	return c;
}

bool scancheck_has_section(const struct scancheck *c, const char *name)
{
	return find(c, name) != NULL;
}

const char *scancheck_port(const struct scancheck *c, const char *port)
{
	for (const struct section *s = c->first; s; s = s->next)
		if (str_equal(s->values[PORT], port))
			return s->name;
	return NULL;
}

/* ------------------------------------------------------------------------ who has it already */

/* As the drivers match: the whole text, letter case aside. */
static bool fits(const char *pattern, const char *text)
{
	regmatch_t at;
	regex_t re;
	bool ok;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_ICASE) != 0)
		return false;
	ok = regexec(&re, text, 1, &at, 0) == 0 && at.rm_so == 0 && text[at.rm_eo] == '\0';
	regfree(&re);
	return ok;
}

static bool is_same_driver(const struct finding *f, const char *driver)
{
	return str_equal(f->driver, driver) || str_equal(f->alternates, driver) ||
	       (str_equal(f->driver, "nutdrv_qx") &&
		(str_equal(driver, "blazer_usb") || str_equal(driver, "blazer_ser"))) ||
	       (str_equal(f->driver, "apcsmart") && str_equal(driver, "apcsmart-old"));
}

/* The port of the hub, whether it counts or not. */
static const char *hub_port(const struct finding *f)
{
	for (size_t i = 0; i < f->option_count; i++)
		if (str_equal(f->options[i].name, keys[BUSPORT]))
			return f->options[i].value;
	return "";
}

static bool is_meant(const struct section *s, const struct finding *f)
{
	if (!is_same_driver(f, s->values[DRIVER]))
		return false;
	if (f->type != FINDING_USB)
		return str_equal(f->port, s->values[PORT]);
	for (int i = VENDORID; i < BUSPORT; i++) {
		const char *text = finding_text(f, keys[i]);

		if (s->values[i] && !fits(s->values[i], text ? text : ""))
			return false;
	}
	return !s->values[BUSPORT] || fits(s->values[BUSPORT], f->place ? f->place : "") ||
	       fits(s->values[BUSPORT], hub_port(f));
}

static void look_into_conf(const struct scancheck *c, struct findings *all, struct finding *f)
{
	for (const struct section *s = c->first; s; s = s->next)
		if (is_meant(s, f))
			finding_remark(all, f, "already in ups.conf as [%s]", s->name);
}

/* --------------------------------------------------------------------------- one another */

static void look_for_twin(struct findings *all, struct finding *f)
{
	const char *serial = finding_text(f, "serial");

	for (struct finding *other = all->first; other != f; other = other->next) {
		if (!other->driver)
			continue;
		if (f->port && !str_equal(f->port, "auto") && str_equal(f->port, other->port) &&
		    str_equal(f->driver, other->driver)) {
			finding_remark(all, f, "found twice: this port is one above, too");
			return;
		}
		/* Of two that their places tell apart that was said already. */
		if (serial && *serial && str_equal(serial, finding_text(other, "serial")) &&
		    !(f->place && str_equal(finding_text(f, "busport"), f->place))) {
			finding_remark(all, f,
				       "the serial number is that of one above, too; a dummy one, "
				       "or one device that is seen in two ways");
			return;
		}
	}
}

void scancheck_run(const struct scancheck *c, struct findings *all)
{
	for (struct finding *f = all->first; f; f = f->next) {
		if (!f->driver)
			continue;
		look_into_conf(c, all, f);
		look_for_twin(all, f);
	}
}
