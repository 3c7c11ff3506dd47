#include "config.h"

#include "clients/upsmon/conf/conf.h"
#include "clients/upsmon/conf/conf_native.h"
#include "clients/upsmon/conf/groupconf.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/command.h"
#include "common/base/directives.h"
#include "common/base/str.h"

enum {
	SECONDS_MAX = 100 * 1000 * 1000,
	POWER_MAX = 1000 * 1000, /* sums of them stay far from the end of a long */
	UPS_MAX = 1000,
};

/* --------------------------------------------------------------- directives */

static bool store(const struct directive_line *l, char **dst, const char *text)
{
	if (str_replace(dst, text))
		return true;
	directive_no_memory(l);
	return false;
}

int upsmon_conf_add_command(struct upsmon_conf *conf, const char *text)
{
	char **grown, *copy;

	for (size_t i = 0; i < conf->command_count; i++) {
		if (str_equal(conf->commands[i], text))
			return (int)i;
	}
	grown = realloc(conf->commands, (conf->command_count + 1) * sizeof(*grown));
	if (grown)
		conf->commands = grown;
	copy = grown ? str_dup(text) : NULL;
	if (!copy)
		return -1;
	grown[conf->command_count] = copy;
	return (int)conf->command_count++;
}

static void free_ups(struct conf_ups *u)
{
	free(u->system);
	free(u->user);
	secret_free(&u->password);
}

static bool parse_role(const struct directive_line *l, const char *word)
{
	if (str_caseequal(word, "primary") || str_caseequal(word, "master"))
		return true;
	if (!str_caseequal(word, "secondary") && !str_caseequal(word, "slave"))
		conf_warning(l->report, l->at, "write primary or secondary",
			     "role \"%s\" is taken as secondary", word);
	return false;
}

static void take_monitor(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	static const char mend[] = "MONITOR ups@host powervalue user password primary|secondary";
	struct conf_ups u = {.login = true, .level = {-1, -1, -1}}, *grown;
	const char *why = NULL;

	if (l->count < 6) {
		conf_error(l->report, l->at, mend, "MONITOR wants five words, not %zu",
			   l->count - 1);
		return;
	}
	if (upsmon_conf_find(conf, l->words[1])) {
		conf_warning(l->report, l->at, "keep one of the lines",
			     "UPS [%s] is monitored twice, this line is ignored", l->words[1]);
		return;
	}
	if (!netwire_parse_target(l->words[1], &u.target, &why)) {
		conf_error(l->report, l->at, mend, "\"%s\" names no UPS: %s", l->words[1], why);
		return;
	}
	if (!conf_parse_number(l->report, l->at, "the power value of MONITOR", l->words[2], 0,
			       POWER_MAX, &u.power))
		return;
	if (conf->ups_count >= UPS_MAX) {
		conf_error(l->report, l->at, NULL, "more than %d UPSes", UPS_MAX);
		return;
	}
	u.primary = parse_role(l, l->words[5]);
	grown = realloc(conf->ups, (conf->ups_count + 1) * sizeof(u));
	if (grown)
		conf->ups = grown;
	if (!grown || !store(l, &u.system, l->words[1]) || !store(l, &u.user, l->words[3]) ||
	    !store(l, &u.password, l->words[4])) {
		free_ups(&u);
		return;
	}
	grown[conf->ups_count++] = u;
}

/* Further words reach the shell as they are, whatever is in them. */
bool upsmon_conf_append_shell_word(struct buffer *b, const char *word)
{
	buffer_append_str(b, " '");
	for (; *word; word++) {
		if (*word == '\'')
			buffer_append_str(b, "'\\''");
		else
			buffer_append_char(b, *word);
	}
	return buffer_append_char(b, '\'');
}

static void take_shutdown_command(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	struct buffer b = {.max = 65536};

	buffer_append_str(&b, l->words[1]);
	for (size_t i = 2; i < l->count; i++)
		upsmon_conf_append_shell_word(&b, l->words[i]);
	if (b.failed)
		conf_error(l->report, l->at, NULL, "SHUTDOWNCMD is too long");
	else
		store(l, &conf->shutdown_command, buffer_string(&b));
	buffer_free(&b);
}

static void take_shutdown_exit(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	bool yes;
	long seconds;

	if (str_to_long(l->words[1], -1, SECONDS_MAX, &seconds)) {
		conf->shutdown_exit = seconds;
		return;
	}
	if (!str_to_bool(l->words[1], &yes)) {
		conf_warning(l->report, l->at, "yes, no, or seconds",
			     "SHUTDOWNEXIT \"%s\" is taken as yes", l->words[1]);
		yes = true;
	}
	conf->shutdown_exit = yes ? CONF_EXIT_AT_ONCE : CONF_EXIT_NEVER;
}

static void take_notify_command(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	char **list = command_new(l->count - 1, l->words + 1);

	if (!list) {
		directive_no_memory(l);
		return;
	}
	command_free(conf->notify_command);
	conf->notify_command = list;
}

static bool find_notice(const struct directive_line *l, enum notice *n)
{
	if (l->count >= 3 && notice_find(l->words[1], n))
		return true;
	if (l->count < 3)
		conf_warning(l->report, l->at, NULL,
			     "%s wants a notify type and a value, the line is ignored",
			     l->words[0]);
	else
		conf_unknown(l->report, l->at, l->words[1], notice_names());
	return false;
}

static void take_notify_message(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	enum notice n;

	if (!find_notice(l, &n))
		return;
	if (!notice_text_valid(l->words[2])) {
		conf_warning(l->report, l->at, "at most two %s, and %% for a percent sign",
			     "NOTIFYMSG %s \"%s\" is ignored", l->words[1], l->words[2]);
		return;
	}
	store(l, &conf->notices[n].text, l->words[2]);
}

static void take_notify_flags(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	enum notice n;
	unsigned flags;
	char bad[64];

	if (!find_notice(l, &n))
		return;
	if (notice_parse_flags(l->words[2], &flags, bad, sizeof(bad)))
		conf->notices[n].flags = flags;
	else
		conf_warning(l->report, l->at, "SYSLOG, WALL, EXEC joined by +, or IGNORE",
			     "Invalid notify flag: [%s], the line is ignored", bad);
}

static void take_alarm_critical(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	long value;

	if (directive_number(l, l->words[1], 0, 1, &value))
		conf->policy.alarm_critical = value == 1;
}

#define MEMBER(kind, member) DIRECTIVE_AT(kind, struct upsmon_conf, member)
#define NUMBER(member, min, max, normal)                                                           \
	DIRECTIVE_FROM(DIRECTIVE_NUMBER, struct upsmon_conf, member, min, max, normal)
#define SECONDS(member, normal)        NUMBER(policy.member, 0, SECONDS_MAX, normal)
#define SECONDS_OR_OFF(member, normal) NUMBER(policy.member, -SECONDS_MAX, SECONDS_MAX, normal)

static const struct directive rows[] = {
	{"MONITOR", 0, DIRECTIVE_BY(take_monitor)},
	{"SHUTDOWNCMD", 0, DIRECTIVE_BY(take_shutdown_command)},
	{"SHUTDOWNEXIT", 1, DIRECTIVE_BY(take_shutdown_exit)},
	{"NOTIFYCMD", 0, DIRECTIVE_BY(take_notify_command)},
	{"NOTIFYMSG", 2, DIRECTIVE_BY(take_notify_message)},
	{"NOTIFYFLAG", 2, DIRECTIVE_BY(take_notify_flags)},
	{"ALARMCRITICAL", 1, DIRECTIVE_BY(take_alarm_critical)},
	{"POWERDOWNFLAG", 1, MEMBER(DIRECTIVE_PATH, powerdown_flag)},
	{"RUN_AS_USER", 1, MEMBER(DIRECTIVE_TEXT, run_as_user)},
	{"MINSUPPLIES", 1, NUMBER(policy.min_supplies, 0, POWER_MAX, 1)},
	{"POLLFREQ", 1, SECONDS(poll, 5)},
	{"POLLFREQALERT", 1, SECONDS(poll_alert, 5)},
	{"HOSTSYNC", 1, SECONDS(hostsync, 15)},
	{"DEADTIME", 1, SECONDS(deadtime, 15)},
	{"RBWARNTIME", 1, SECONDS(rbwarn, 43200)},
	{"NOCOMMWARNTIME", 1, SECONDS(nocommwarn, 300)},
	{"FINALDELAY", 1, SECONDS(final_delay, 5)},
	{"OFFDURATION", 1, SECONDS_OR_OFF(off, 30)},
	{"OBLBDURATION", 1, SECONDS_OR_OFF(oblb, 0)},
	{"OVERDURATION", 1, SECONDS_OR_OFF(over, -1)},
	{"POLLFAIL_LOG_THROTTLE_MAX", 1, NUMBER(poll_fail_throttle, -1, INT_MAX, -1)},
	{"WAKESTABLE", 1, SECONDS(wake_stable, 120)},
	{"WAKECHARGE", 1, NUMBER(policy.wake_charge, -1, 100, -1)},
	{DIRECTIVE_DEBUG_MIN(struct upsmon_conf, debug_min)},
};

static struct directives table_of(struct upsmon_conf *conf)
{
	return (struct directives){rows, sizeof(rows) / sizeof(rows[0]), conf, CONF_WARNING, NULL,
				   true};
}

/* ------------------------------------------------------------------- whole */

void upsmon_conf_init(struct upsmon_conf *conf)
{
	const struct directives table = table_of(conf);

	memset(conf, 0, sizeof(*conf));
	directives_defaults(&table);
	conf->policy.alarm_critical = true;
	conf->policy.limits = (struct limits){-1, -1, -1};
	conf->policy.boot_charge = -1;
	conf->sandbox = true;
	conf->shutdown_exit = CONF_EXIT_AT_ONCE;
	for (int i = 0; i < NOTICE_COUNT; i++)
		conf->notices[i].flags = NOTICE_SYSLOG | NOTICE_WALL;
}

static void check_poll(long *seconds, const char *name, const struct conf_where *file,
		       struct conf_report *r)
{
	if (*seconds > 0)
		return;
	conf_warning(r, file, NULL, "%s 0 is taken as 1", name);
	*seconds = 1;
}

static void add_the_group(struct upsmon_conf *conf, const struct conf_where *file,
			  struct conf_report *r)
{
	conf->groups = calloc(1, sizeof(*conf->groups));
	if (!conf->groups) {
		conf_error(r, file, NULL, "out of memory");
		return;
	}
	conf->group_count = 1;
	conf->groups[0].min_supplies = conf->policy.min_supplies;
}

static void check_whole(struct upsmon_conf *conf, const char *path, struct conf_report *r)
{
	struct conf_where file = {.file = path};
	struct policy *p = &conf->policy;

	check_poll(&p->poll, "POLLFREQ", &file, r);
	check_poll(&p->poll_alert, "POLLFREQALERT", &file, r);
	if (p->deadtime < p->poll || p->deadtime < p->poll_alert)
		conf_warning(r, &file, "make DEADTIME a multiple of POLLFREQ and POLLFREQALERT",
			     "DEADTIME %ld is shorter than a poll interval", p->deadtime);
	if (!conf->ups_count)
		conf_error(r, &file, "MONITOR ups@host 1 user password primary",
			   "no UPS to watch: there is no MONITOR line");
	else if (upsmon_conf_power(conf) < p->min_supplies)
		conf_error(r, &file, "Edit your upsmon.conf and change the values.",
			   "Fatal error: insufficient power configured! Sum of power values %ld, "
			   "minimum value (MINSUPPLIES) %ld",
			   upsmon_conf_power(conf), p->min_supplies);
	add_the_group(conf, &file, r);
	conf_add_notice_rules(conf, &file, r);
	conf_native_settle(conf, r);
	tls_demands_check(&conf->tls, &file, r);
	if (conf->shutdown_command && upsmon_conf_add_command(conf, conf->shutdown_command) < 0)
		conf_error(r, &file, NULL, "out of memory");
	if (!conf->shutdown_command)
		conf_warning(r, &file, "SHUTDOWNCMD \"/sbin/shutdown -h +0\"",
			     "Warning: no shutdown command defined!");
}

static int read_classic(struct upsmon_conf *conf, int fd, const char *path, struct conf_report *r)
{
	struct directives tls = tls_demands_directives(&conf->tls);
	struct directives native = conf_native_directives(conf), table = table_of(conf);
	int err;

	table.next = &native;
	native.next = &tls;
	upsmon_conf_init(conf);
	conf->classic = true;
	err = conffile_read_lines_fd(fd, path, directives_line, &table, r);
	if (err)
		return err;
	check_whole(conf, path, r);
	conf_warn_if_world_readable(r, path);
	return 0;
}

int upsmon_conf_read(struct upsmon_conf *conf, const char *path, struct conf_report *r)
{
	int fd = conffile_open(path), err;

	if (fd < 0) {
		upsmon_conf_init(conf);
		return errno;
	}
	err = groupconf_is(fd) ? groupconf_read_fd(conf, fd, path, r)
			       : read_classic(conf, fd, path, r);
	close(fd);
	return err;
}

void upsmon_conf_free(struct upsmon_conf *conf)
{
	for (size_t i = 0; i < conf->ups_count; i++)
		free_ups(&conf->ups[i]);
	free(conf->ups);
	for (size_t i = 0; i < conf->group_count; i++)
		free(conf->groups[i].name);
	free(conf->groups);
	rulebook_free(&conf->book);
	for (size_t i = 0; i < conf->command_count; i++)
		free(conf->commands[i]);
	free(conf->commands);
	free(conf->smtp.host);
	free(conf->smtp.user);
	secret_free(&conf->smtp.password);
	free(conf->smtp.authorities);
	free(conf->log_file);
	conf_native_free(conf);
	free(conf->shutdown_command);
	free(conf->powerdown_flag);
	command_free(conf->notify_command);
	free(conf->run_as_user);
	tls_demands_free(&conf->tls);
	for (int i = 0; i < NOTICE_COUNT; i++)
		free(conf->notices[i].text);
	memset(conf, 0, sizeof(*conf));
}

long upsmon_conf_power(const struct upsmon_conf *conf)
{
	long sum = 0;

	for (size_t i = 0; i < conf->ups_count; i++)
		sum += conf->ups[i].power;
	return sum;
}

struct conf_ups *upsmon_conf_find(const struct upsmon_conf *conf, const char *system)
{
	for (size_t i = 0; i < conf->ups_count; i++) {
		if (str_equal(conf->ups[i].system, system))
			return &conf->ups[i];
	}
	return NULL;
}

const char *upsmon_conf_text(const struct upsmon_conf *conf, enum notice n)
{
	return conf->notices[n].text ? conf->notices[n].text : notice_default_text(n);
}
