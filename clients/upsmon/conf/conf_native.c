#include "config.h"

#include "clients/upsmon/conf/conf_native.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/wake.h"
#include "common/base/directives.h"
#include "common/base/str.h"

enum {
	SECONDS_MAX = 100 * 1000 * 1000,
	HOOK_EACH_S = 30,
	HOOK_ALL_S = 120,
	HOOK_MAX_S = 3600,
	BOOT_LIMIT_S = 3600,
	ROWS_MAX = 3000,
};

/* Words that nobody looks at may be meant to count: a second UPS, another time. */
static bool is_longer(const struct directive_line *l, size_t count, const char *takes)
{
	if (l->count <= count)
		return false;
	conf_error(l->report, l->at, "one line for each", "%s %s", l->words[0], takes);
	return true;
}

/* ------------------------------------------------------------------- limits */

static const struct limit_row {
	const char *name;
	size_t offset;
	long max;
} limit_rows[] = {
	{"OBDURATION", offsetof(struct limits, duration), SECONDS_MAX},
	{"OBCHARGE", offsetof(struct limits, charge), 100},
	{"OBRUNTIME", offsetof(struct limits, runtime), SECONDS_MAX},
};

static long *limit_at(struct limits *l, size_t offset)
{
	return (long *)(void *)((char *)l + offset);
}

static void add_limit(const struct directive_line *l, size_t offset, long value)
{
	struct upsmon_conf *conf = l->conf;
	struct conf_limit row = {.offset = offset, .value = value, .line = l->at->line};
	struct conf_limit *grown = NULL;

	if (conf->limit_count < ROWS_MAX)
		grown = realloc(conf->limit_rows, (conf->limit_count + 1) * sizeof(*grown));
	if (grown)
		conf->limit_rows = grown;
	row.system = str_dup(l->words[2]);
	row.file = str_dup(l->at->file);
	if (!grown || !row.system || !row.file) {
		free(row.system);
		free(row.file);
		directive_no_memory(l);
		return;
	}
	grown[conf->limit_count++] = row;
}

static void take_limit(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	const struct limit_row *row = limit_rows;
	long value;

	while (!str_equal(row->name, l->words[0]))
		row++;
	if (is_longer(l, 3, "is for one UPS, or for all") ||
	    !conf_parse_long(l->report, l->at, row->name, l->words[1], -1, row->max, &value))
		return;
	if (l->count > 2)
		add_limit(l, row->offset, value);
	else
		*limit_at(&conf->policy.limits, row->offset) = value;
}

void conf_native_settle(struct upsmon_conf *conf, struct conf_report *r)
{
	for (size_t i = 0; i < conf->ups_count; i++)
		conf->ups[i].limits = conf->policy.limits;
	for (size_t i = 0; i < conf->limit_count; i++) {
		const struct conf_limit *row = &conf->limit_rows[i];
		const struct conf_where at = {.file = row->file, .line = row->line};
		struct conf_ups *u = upsmon_conf_find(conf, row->system);

		if (u)
			*limit_at(&u->limits, row->offset) = row->value;
		else
			conf_error(r, &at, "write it as MONITOR does",
				   "no MONITOR line names UPS \"%s\"", row->system);
	}
}

/* -------------------------------------------------------------------- hooks */

static void take_hooks(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	struct policy *p = &conf->policy;

	if (is_longer(l, 4, "takes a folder and two times"))
		return;
	if (l->words[1][0] != '/') {
		conf_error(l->report, l->at, "SHUTDOWNHOOKS /etc/nut/shutdown.d 30 120",
			   "SHUTDOWNHOOKS \"%s\" is no whole path of a folder", l->words[1]);
		return;
	}
	p->hook_each = HOOK_EACH_S;
	p->hook_all = HOOK_ALL_S;
	if (l->count > 2 && !conf_parse_long(l->report, l->at, "SHUTDOWNHOOKS, time for each,",
					     l->words[2], 1, HOOK_MAX_S, &p->hook_each))
		return;
	if (p->hook_all < p->hook_each)
		p->hook_all = p->hook_each;
	if (l->count > 3 && !conf_parse_long(l->report, l->at, "SHUTDOWNHOOKS, time for all,",
					     l->words[3], 1, HOOK_MAX_S, &p->hook_all))
		return;
	if (!str_replace(&conf->hook_dir, l->words[1]))
		directive_no_memory(l);
}

/* ------------------------------------------------------------------- waking */

/* WAKEONLAN mac [address[:port]] [seconds after the first] */
static void take_wake(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	static const char mend[] = "WAKEONLAN 52:54:00:12:34:56 192.0.2.255:9 30";
	struct conf_wake w = {0}, *grown;
	struct wake_target target;
	size_t numbers = l->count;
	char text[128];
	const char *why;

	if (l->count > 2 && str_to_long(l->words[l->count - 1], 0, SECONDS_MAX, &w.after))
		numbers--;
	str_format(text, sizeof(text), "%s%s%s", l->words[1], numbers > 2 ? " " : "",
		   numbers > 2 ? l->words[2] : "");
	if (numbers == 4 && l->count == 4) {
		conf_error(l->report, l->at, mend, "WAKEONLAN: \"%s\" is no number of seconds",
			   l->words[3]);
		return;
	}
	if (numbers > 3 || !wake_parse(text, &target, &why)) {
		conf_error(l->report, l->at, mend, "WAKEONLAN: %s",
			   numbers > 3 ? "too many words" : why);
		return;
	}
	grown = realloc(conf->wakes, (conf->wake_count + 1) * sizeof(*grown));
	if (grown)
		conf->wakes = grown;
	w.target = str_dup(text);
	if (!grown || !w.target || conf->wake_count >= ROWS_MAX) {
		free(w.target);
		directive_no_memory(l);
		return;
	}
	/* In order of their stages, those of the same stage as the file has them. */
	for (numbers = conf->wake_count++; numbers > 0 && grown[numbers - 1].after > w.after;
	     numbers--)
		grown[numbers] = grown[numbers - 1];
	grown[numbers] = w;
}

/* BOOTCHARGE percent [seconds] */
static void take_boot(const struct directive_line *l)
{
	struct upsmon_conf *conf = l->conf;
	struct policy *p = &conf->policy;

	p->boot_limit = BOOT_LIMIT_S;
	if (conf_parse_long(l->report, l->at, "BOOTCHARGE", l->words[1], -1, 100,
			    &p->boot_charge) &&
	    l->count > 2)
		conf_parse_long(l->report, l->at, "BOOTCHARGE, time to wait,", l->words[2], 1,
				SECONDS_MAX, &p->boot_limit);
}

/* -------------------------------------------------------------------- whole */

static const struct directive rows[] = {
	{"OBDURATION", 0, DIRECTIVE_BY(take_limit)},
	{"OBCHARGE", 0, DIRECTIVE_BY(take_limit)},
	{"OBRUNTIME", 0, DIRECTIVE_BY(take_limit)},
	{"SHUTDOWNHOOKS", 0, DIRECTIVE_BY(take_hooks)},
	{"WAKEONLAN", 0, DIRECTIVE_BY(take_wake)},
	{"BOOTCHARGE", 2, DIRECTIVE_BY(take_boot)},
	{"SANDBOX", 1, DIRECTIVE_AT(DIRECTIVE_BOOL, struct upsmon_conf, sandbox)},
};

struct directives conf_native_directives(struct upsmon_conf *conf)
{
	return (struct directives){rows, sizeof(rows) / sizeof(rows[0]), conf, CONF_WARNING, NULL,
				   false};
}

void conf_native_free(struct upsmon_conf *conf)
{
	for (size_t i = 0; i < conf->limit_count; i++) {
		free(conf->limit_rows[i].system);
		free(conf->limit_rows[i].file);
	}
	free(conf->limit_rows);
	for (size_t i = 0; i < conf->wake_count; i++)
		free(conf->wakes[i].target);
	free(conf->wakes);
	free(conf->hook_dir);
}
