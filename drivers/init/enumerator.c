/*
 * nut-driver-enumerator: which unit is whose section of ups.conf, and brings
 * the units in line with the file.  systemd runs it when the file has changed.
 *
 * Its words look like options and are verbs, as scripts know them from NUT.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/init/instance.h"
#include "drivers/init/resync.h"
#include "drivers/init/showconf.h"
#include "drivers/init/systemd.h"

static char token[] = "enumerator";
static const char banner[] = "- drivers of ups.conf as units of systemd";

enum { EVERY_S = 60, BAD_INPUT = 1, NO_FILE = 2 };

/* ------------------------------------------------------------------------------ questions */

static int with_config(int (*fn)(const struct ctl_config *cfg, const char *name), const char *name)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct ctl_config cfg;
	int status;

	if (!ctl_config_read(&cfg, &report))
		return NO_FILE;
	status = fn(&cfg, name);
	ctl_config_free(&cfg);
	return status;
}

static int compare_names(const void *a, const void *b)
{
	const struct ctl_ups *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int list(const struct ctl_config *cfg, bool units, bool whole_units, bool devices)
{
	if (cfg->count > 0)
		qsort(cfg->upses, cfg->count, sizeof(*cfg->upses), compare_names);
	for (size_t i = 0; i < cfg->count; i++) {
		char unit[INSTANCE_UNIT_MAX];
		const char *name = cfg->upses[i].name;

		if (units &&
		    !(whole_units ? instance_unit_of : instance_of)(name, unit, sizeof(unit)))
			continue;
		printf("%s%s%s\n", units ? unit : "", units && devices ? "\t" : "",
		       devices ? name : "");
	}
	if (cfg->count == 0)
		log_error(token, "there are no sections in ups.conf");
	return cfg->count > 0 ? 0 : BAD_INPUT;
}

static int list_devices(const struct ctl_config *cfg, const char *unused)
{
	(void)unused;
	return list(cfg, false, false, true);
}

static int list_services(const struct ctl_config *cfg, const char *unused)
{
	(void)unused;
	return list(cfg, true, true, false);
}

static int list_instances(const struct ctl_config *cfg, const char *unused)
{
	(void)unused;
	return list(cfg, true, false, false);
}

static int list_both(const struct ctl_config *cfg, const char *unused)
{
	(void)unused;
	return list(cfg, true, true, true);
}

static int service_for_device(const struct ctl_config *cfg, const char *name)
{
	char unit[INSTANCE_UNIT_MAX];

	if (!ctl_config_find(cfg, name) || !instance_unit_of(name, unit, sizeof(unit))) {
		log_error(token, "there is no section [%s] in ups.conf that a unit could be for",
			  name);
		return BAD_INPUT;
	}
	puts(unit);
	return 0;
}

static int check_service(const struct ctl_config *cfg, const char *name)
{
	const struct ctl_ups *ups = instance_find(cfg, name);

	/* For the admin, who says systemd-escape(1)'s name or a Debian package's hash. */
	if (!ups) {
		log_error(token,
			  "%s is the unit of no section of ups.conf; --list-services shows "
			  "those that are",
			  name);
		return BAD_INPUT;
	}
	return 0;
}

static int device_for_service(const struct ctl_config *cfg, const char *name)
{
	int status = check_service(cfg, name);

	if (status == 0)
		puts(instance_find(cfg, name)->name);
	return status;
}

/* ----------------------------------------------------------------------------------- work */

static int quiet_42(enum resync_result r)
{
	const char *said = getenv("REPORT_RESTART_42");
	bool yes = true;

	if (r == RESYNC_CHANGED && said && str_to_bool(said, &yes) && !yes)
		return 0;
	return r;
}

static int work(const struct resync_how *how)
{
	if (systemd_is_here())
		return quiet_42(resync(how));
	log_error(token, "systemd does not manage this machine, so there are no units; "
			 "\"upsdrvctl -F start\" follows ups.conf by itself, at SIGHUP");
	return BAD_INPUT;
}

static int do_resync(const char *const *words)
{
	(void)words;
	return work(&(struct resync_how){.anew = false});
}

static int do_reconfigure(const char *const *words)
{
	(void)words;
	return work(&(struct resync_how){.anew = true});
}

static int stay(const char *word, bool at_once)
{
	const char *equals = strchr(word, '=');
	long every = EVERY_S;

	if (equals && !str_to_long(equals + 1, 1, 24L * 3600, &every)) {
		log_error(token, "%s: that is no number of seconds from 1 to 86400", word);
		return BAD_INPUT;
	}
	if (!systemd_is_here())
		return do_resync(NULL);
	for (bool first = true;; first = false) {
		if (!first || at_once)
			do_resync(NULL);
		sleep((unsigned)every);
	}
}

static int do_daemon(const char *const *words)
{
	return stay(words[0], true);
}

static int do_daemon_after(const char *const *words)
{
	return stay(words[0], false);
}

static int do_framework(const char *const *words)
{
	(void)words;
	puts(systemd_is_here() ? "systemd" : "none");
	return 0;
}

static int do_list_devices(const char *const *words)
{
	(void)words;
	return with_config(list_devices, NULL);
}

static int do_list_services(const char *const *words)
{
	(void)words;
	return with_config(list_services, NULL);
}

static int do_list_instances(const char *const *words)
{
	(void)words;
	return with_config(list_instances, NULL);
}

static int do_list_both(const char *const *words)
{
	(void)words;
	return with_config(list_both, NULL);
}

static int do_service_for_device(const char *const *words)
{
	return with_config(service_for_device, words[1]);
}

static int do_device_for_service(const char *const *words)
{
	return with_config(device_for_service, words[1]);
}

static int do_check_service(const char *const *words)
{
	return with_config(check_service, words[1]);
}

static int do_show(const char *const *words)
{
	return showconf_section(words[1]) ? 0 : BAD_INPUT;
}

static int do_show_values(const char *const *words)
{
	size_t count = 0;

	while (words[2 + count])
		count++;
	return showconf_values(words[1], words + 2, count) ? 0 : BAD_INPUT;
}

static int do_version(const char *const *words)
{
	(void)words;
	log_banner(banner, true);
	return 0;
}

static int do_help(const char *const *words);

/* -------------------------------------------------------------------------------- command line */

static const struct verb {
	const char *name;
	bool takes_number; /* --daemon=60 */
	int least, most;   /* words behind it */
	int (*run)(const char *const *words);
	const char *help; /* NULL: another name of the one above */
} verbs[] = {
	{"--daemon", true, 0, 0, do_daemon,
	 "=<s>: bring the units in line now and every <s> (60) seconds"},
	{"--daemon-after", true, 0, 0, do_daemon_after,
	 "=<s>: the same, for the first time after <s> seconds"},
	{"--reconfigure", false, 0, 0, do_reconfigure,
	 ": bring them in line, and start all of them anew"},
	{"--get-service-framework", false, 0, 0, do_framework, ": \"systemd\", or \"none\""},
	{"--list-devices", false, 0, 0, do_list_devices, ": the sections of ups.conf"},
	{"--list-services", false, 0, 0, do_list_services, ": their units"},
	{"--list-instances", false, 0, 0, do_list_instances,
	 ": what stands behind nut-driver@ in their names"},
	{"--list-services-for-devices", false, 0, 0, do_list_both,
	 ": units and sections, a tab between them"},
	{"--get-service-for-device", false, 1, 1, do_service_for_device,
	 " <ups>: the unit of a section"},
	{"--get-device-for-service", false, 1, 1, do_device_for_service,
	 " <unit>: the section of a unit or instance"},
	{"--check-service", false, 1, 1, do_check_service,
	 " <unit>: the exit status tells whether it has a section"},
	{"--show-all-configs", false, 0, 0, do_show, ": the whole file, a setting in each line"},
	{"--show-all-device-configs", false, 0, 0, do_show, NULL},
	{"--show-configs", false, 0, 0, do_show, NULL},
	{"--show-device-config", false, 1, 1, do_show, " <ups>: one section"},
	{"--show-config", false, 1, 1, do_show, NULL},
	{"--show-device-config-value", false, 2, 64, do_show_values,
	 " <ups> <key>...: the values of settings"},
	{"--show-config-value", false, 2, 64, do_show_values, NULL},
	{"--version", false, 0, 0, do_version, ": show the version"},
	{"-V", false, 0, 0, do_version, NULL},
	{"--help", false, 0, 0, do_help, ": show this help"},
	{"-h", false, 0, 0, do_help, NULL},
};
enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

static int do_help(const char *const *words)
{
	(void)words;
	log_banner(banner, true);
	puts("Without a word: bring the units of systemd in line with ups.conf.\n");
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (verbs[i].help)
			printf("  %s%s\n", verbs[i].name, verbs[i].help);
	}
	return 0;
}

static const struct verb *find_verb(const char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (strlen(verbs[i].name) == len && strncmp(verbs[i].name, word, len) == 0 &&
		    (!word[len] || verbs[i].takes_number))
			return &verbs[i];
	}
	return NULL;
}

static void report_unknown(const char *word)
{
	const char *names[VERB_COUNT + 1] = {0};
	const char *closest;

	for (size_t i = 0; i < VERB_COUNT; i++)
		names[i] = verbs[i].name;
	closest = str_closest(word, names);
	if (closest)
		log_error(token, "%s: there is no such word; did you mean %s?", word, closest);
	else
		log_error(token, "%s: there is no such word; see --help", word);
}

int main(int argc, char **argv)
{
	const char *const *words = (const char *const *)argv + 1;
	const struct verb *verb;

	log_init("nut-driver-enumerator");
	if (argc < 2)
		return do_resync(NULL);
	verb = find_verb(words[0]);
	if (!verb) {
		report_unknown(words[0]);
		return BAD_INPUT;
	}
	if (argc - 2 < verb->least || argc - 2 > verb->most) {
		log_error(token, "%s%s", verb->name, verb->help ? verb->help : ": see --help");
		return BAD_INPUT;
	}
	return verb->run(words);
}
