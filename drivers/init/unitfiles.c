#include "config.h"

#include "drivers/init/unitfiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/init/instance.h"

static const char token[] = "generator";

/* --------------------------------------------------------------------------------- texts */

/* Drivers that reach their device through the network. All others are there before upsd. */
static bool needs_network(const char *driver)
{
	static const char *const names[] = {
		"snmp-ups",       "netxml-ups",  "apcupsd-ups",  "apc_modbus", "huawei-ups2000",
		"generic_modbus", "nut-ipmipsu", "powerman-pdu", "bicker_net",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_equal(driver, names[i]))
			return true;
	}
	return false;
}

/* Text of ours in a unit's file: one line of it, and no specifiers. */
static void append_text(struct buffer *text, const char *s)
{
	while (*s) {
		unsigned char c = (unsigned char)*s;
		size_t length = str_utf8_length(s);

		if (c == '%')
			buffer_append_str(text, "%%");
		else if (length == 0 || c < ' ' || c == 0x7f || c == '\\')
			buffer_append_char(text, '?');
		else
			buffer_append(text, s, length);
		s += length > 0 ? length : 1;
	}
}

/* Many drivers that died of one thing do not come back at one moment. */
static unsigned restart_ms(const char *name)
{
	unsigned hash = 2166136261U;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return 4000 + hash % 3000;
}

void unitfiles_section(struct buffer *text, const struct ctl_ups *ups)
{
	const char *driver = ups->driver ? ups->driver : "";

	buffer_append_str(text, "# By nut-driver-generator, of ups.conf.\n[Unit]\n"
				"Description=UPS driver of ");
	append_text(text, ups->name);
	if (*driver) {
		buffer_append_str(text, " (");
		append_text(text, driver);
		buffer_append_char(text, ')');
	}
	/* Asked for by others or not at all: a network that never comes holds nothing up. */
	buffer_append_str(text, needs_network(driver)
					? "\nAfter=network.target network-online.target\n"
					: "\nBefore=nut-server.service\n");
	buffer_appendf(text, "[Service]\nRestartSec=%ums\n", restart_ms(ups->name));
}

static void append_condition(struct buffer *text, const struct mode *m, bool may_run)
{
	buffer_appendf(text, "# By nut-driver-generator: MODE=%s in %s/nut.conf.\n",
		       m->word ? m->word : "", paths_conf());
	if (!may_run) {
		/* It is there, as it says MODE; so this is never met, and status shows why. */
		buffer_append_str(text, "[Unit]\nConditionPathExists=!");
		append_text(text, paths_conf());
		buffer_append_str(text, "/nut.conf\n");
		return;
	}
	buffer_append_str(text, "[Service]\nExecCondition=/bin/sh -c 'case $$(systemctl "
				"is-system-running) in initializing|starting) exit 1 ;; esac'\n");
}

/* --------------------------------------------------------------------------------- files */

static bool make_folder(const char *dir, const char *name, char *path, size_t size)
{
	if (!str_format(path, size, "%s/%s", dir, name)) {
		log_error(token, "%s/%s: the path is too long", dir, name);
		return false;
	}
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return true;
	log_errno(token, errno, "cannot make %s", path);
	return false;
}

static bool write_file(const char *path, const struct buffer *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	bool done;

	if (fd < 0) {
		log_errno(token, errno, "cannot write %s", path);
		return false;
	}
	done = !text->failed && write(fd, text->data, text->len) == (ssize_t)text->len;
	if (!done)
		log_error(token, "%s: not written whole", path);
	close(fd);
	return done;
}

static bool write_dropin(const char *dir, const char *unit, const char *dropin,
			 const struct buffer *text)
{
	char name[INSTANCE_UNIT_MAX + 8], folder[CTL_PATH_MAX], path[CTL_PATH_MAX];

	return str_format(name, sizeof(name), "%s.d", unit) &&
	       make_folder(dir, name, folder, sizeof(folder)) &&
	       str_format(path, sizeof(path), "%s/%s", folder, dropin) && write_file(path, text);
}

static bool write_section(const char *dir, const char *wants, const struct ctl_ups *ups)
{
	char unit[INSTANCE_UNIT_MAX], link[CTL_PATH_MAX];
	struct buffer text = {0};
	bool done;

	if (!instance_unit_of(ups->name, unit, sizeof(unit))) {
		log_error(token,
			  "ups.conf:%u: [%s] is too long for the name of a unit: it has no "
			  "driver; give it a shorter one",
			  ups->line, ups->name);
		return true; /* the others are none the worse for it */
	}
	unitfiles_section(&text, ups);
	done = write_dropin(dir, unit, UNITFILES_DROPIN, &text) &&
	       str_format(link, sizeof(link), "%s/%s", wants, unit);
	buffer_free(&text);
	if (!done)
		return false;
	if (symlink(SYSTEMDUNITDIR "/" INSTANCE_PREFIX INSTANCE_SUFFIX, link) == 0 ||
	    errno == EEXIST)
		return true;
	log_errno(token, errno, "cannot make %s", link);
	return false;
}

static bool write_mode(const char *dir, const struct mode *m)
{
	const struct {
		const char *unit;
		bool may_run;
	} rows[] = {
		{INSTANCE_PREFIX INSTANCE_SUFFIX, m->drivers},
		{"nut-server.service", m->server},
		{"nut-monitor.service", m->monitor},
	};
	bool done = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer text = {0};

		if (rows[i].may_run && !m->by_hand)
			continue;
		append_condition(&text, m, rows[i].may_run);
		done = write_dropin(dir, rows[i].unit, UNITFILES_MODE_DROPIN, &text) && done;
		buffer_free(&text);
	}
	return done;
}

bool unitfiles_write(const char *dir, const struct ctl_config *cfg, const struct mode *m)
{
	bool done = write_mode(dir, m);
	char wants[CTL_PATH_MAX];

	if (!m->drivers || cfg->count == 0)
		return done;
	if (!make_folder(dir, UNITFILES_WANTS, wants, sizeof(wants)))
		return false;
	for (size_t i = 0; i < cfg->count; i++)
		done = write_section(dir, wants, &cfg->upses[i]) && done;
	return done;
}

/* ---------------------------------------------------------------------------- comparison */

static bool file_holds(const char *path, const struct buffer *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char there[8192];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, there, sizeof(there));
	close(fd);
	return n >= 0 && (size_t)n == text->len && memcmp(there, text->data, text->len) == 0;
}

bool unitfiles_wanted(const char *dir, const struct ctl_ups *ups)
{
	char unit[INSTANCE_UNIT_MAX], path[CTL_PATH_MAX];

	return instance_unit_of(ups->name, unit, sizeof(unit)) &&
	       str_format(path, sizeof(path), "%s/%s/%s", dir, UNITFILES_WANTS, unit) &&
	       faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool section_matches(const char *dir, const struct ctl_ups *ups)
{
	char unit[INSTANCE_UNIT_MAX], path[CTL_PATH_MAX];
	struct buffer text = {0};
	bool same;

	if (!instance_unit_of(ups->name, unit, sizeof(unit)))
		return true; /* it has none, here and there */
	unitfiles_section(&text, ups);
	same = str_format(path, sizeof(path), "%s/%s.d/%s", dir, unit, UNITFILES_DROPIN) &&
	       file_holds(path, &text) && unitfiles_wanted(dir, ups);
	buffer_free(&text);
	return same;
}

static bool all_known(const char *wants, const struct ctl_config *cfg)
{
	DIR *d = opendir(wants);
	struct dirent *e;
	bool known = true;

	while (d && known && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			known = instance_find(cfg, e->d_name) != NULL;
	}
	if (d)
		closedir(d);
	return known;
}

bool unitfiles_match(const char *dir, const struct ctl_config *cfg, const struct mode *m)
{
	static const struct ctl_config nothing = {0};
	char wants[CTL_PATH_MAX];

	if (!m->drivers)
		cfg = &nothing;
	for (size_t i = 0; i < cfg->count; i++) {
		if (!section_matches(dir, &cfg->upses[i]))
			return false;
	}
	return str_format(wants, sizeof(wants), "%s/%s", dir, UNITFILES_WANTS) &&
	       all_known(wants, cfg);
}
