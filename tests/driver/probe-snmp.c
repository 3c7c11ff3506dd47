/*
 * probe-snmp: a driver that shows what the SNMP transport does.
 *
 * It polls the OIDs of its option `read` ("1.3.6.1.2.1.1.3.0 1.3.6...") in one fetch and publishes
 * snmp.N (from 1) for each, the counts, the last trap (which makes it poll), and snmp.result,
 * which the commands set:
 *
 *   snmp.get "OID"              the value
 *   snmp.fetch "OID FIRST LAST" OID.FIRST.0 to OID.LAST.0 in one fetch: how many are there, none,
 *                               unread, nothing, and their sum
 *   snmp.walk "OID MAX"         how many rows, and the last one
 *   snmp.set "OID TEXT"         of the type that the agent has
 *   snmp.write "TYPE OID TEXT"  of a type given: integer, text, oid ...
 *
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/transport/snmp_driver.h"
#include "drivers/transport/snmp_trap.h"

enum { READ_MAX = 200, FETCH_MAX = 2000 };

struct probe {
	struct agent *agent;
	struct agent_traps *traps;
	long polls, trapped;
};

/* ------------------------------------------------------------------------ what is shown */

static void show_number(struct core *c, const char *name, long n)
{
	char text[32];

	str_format(text, sizeof(text), "%ld", n);
	state_set(core_state(c), name, text);
}

static void show_counts(struct core *c, const struct agent *a)
{
	const struct agent_counts *n = agent_counts(a);

	show_number(c, "snmp.requests", (long)n->requests);
	show_number(c, "snmp.answers", (long)n->answers);
	show_number(c, "snmp.dropped", (long)n->dropped);
	show_number(c, "snmp.varbinds", (long)n->varbinds);
	show_number(c, "snmp.timeouts", (long)n->timeouts);
	show_number(c, "snmp.turns", (long)n->turns);
}

/* "words of the test > value or result". */
static void show_result(struct core *c, const char *value, enum agent_result r, const char *what)
{
	char text[2048];

	str_format(text, sizeof(text), "%s > %s", value,
		   r == AGENT_OK ? what : agent_result_name(r));
	state_set(core_state(c), "snmp.result", text);
}

/* ------------------------------------------------------------------------------ polling */

static void on_trap(void *arg, const struct snmp_oid *what)
{
	char name[SNMP_OID_TEXT_MAX];
	struct probe *p = core_data(arg);

	snmp_oid_text(what, name, sizeof(name));
	state_set(core_state(arg), "snmp.trap", name);
	show_number(arg, "snmp.trap.calls", ++p->trapped);
	core_poll_now(arg);
}

static enum driver_result probe_open(struct core *c)
{
	static const char *const commands[] = {"snmp.get", "snmp.fetch", "snmp.walk", "snmp.set",
					       "snmp.write"};
	struct probe *p = core_data(c);
	enum driver_result r = agent_open_driver(c, &p->agent);

	if (r != DRIVER_OK)
		return r;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		state_add_command(core_state(c), commands[i]);
	state_set(core_state(c), "snmp.where", agent_where(p->agent));
	if (core_option(c, "traps"))
		p->traps = agent_traps_open(p->agent, (unsigned)core_option_long(c, "traps", 0),
					    on_trap, c);
	return DRIVER_OK;
}

static void probe_close(struct core *c)
{
	struct probe *p = core_data(c);

	agent_traps_close(p->traps);
	p->traps = NULL;
	agent_close(p->agent);
	p->agent = NULL;
}

static size_t read_list(const char *text, struct snmp_oid *oids)
{
	size_t n = 0;
	char word[SNMP_OID_TEXT_MAX];
	int used;

	while (n < READ_MAX && sscanf(text, "%1000s%n", word, &used) == 1) {
		if (snmp_oid_read(word, &oids[n]))
			n++;
		text += used;
	}
	return n;
}

static enum driver_result probe_poll(struct core *c)
{
	static struct snmp_oid oids[READ_MAX];
	static struct agent_value values[READ_MAX];
	struct agent_want wants[READ_MAX];
	const char *list = core_option(c, "read");
	struct probe *p = core_data(c);
	size_t n = read_list(list ? list : "1.3.6.1.2.1.1.3.0", oids);
	enum agent_result r;

	for (size_t i = 0; i < n; i++)
		wants[i] = (struct agent_want){.oid = &oids[i], .value = &values[i]};
	r = agent_fetch(p->agent, wants, n);
	for (size_t i = 0; i < n && list; i++) {
		char name[32], text[2048];

		str_format(name, sizeof(name), "snmp.%zu", i + 1);
		agent_value_show(&values[i], text, sizeof(text));
		state_set(core_state(c), name, text);
	}
	show_counts(c, p->agent);
	if (p->traps) {
		show_number(c, "snmp.trap.foreign", (long)agent_traps_counts(p->traps)->foreign);
		show_number(c, "snmp.trap.refused", (long)agent_traps_counts(p->traps)->refused);
		show_number(c, "snmp.trap.taken", (long)agent_traps_counts(p->traps)->taken);
	}
	state_set(core_state(c), "snmp.poll", agent_result_name(r));
	show_number(c, "snmp.polls", ++p->polls);
	if (r != AGENT_OK)
		return agent_driver_result(p->agent, r);
	core_status_begin(c);
	core_status_add(c, "OL");
	return DRIVER_OK;
}

/* ----------------------------------------------------------------------------- commands */

static void do_get(struct core *c, struct agent *a, const char *value)
{
	struct snmp_oid oid;
	struct agent_value got;
	char text[1024] = "";
	enum agent_result r = AGENT_FAILED;

	if (snmp_oid_read(value, &oid))
		r = agent_get(a, &oid, &got);
	if (r == AGENT_OK)
		agent_value_show(&got, text, sizeof(text));
	show_result(c, value, r, text);
}

struct tally {
	size_t there, none, unread, nothing;
	int64_t sum;
};

static void count(struct tally *t, const struct agent_value *v)
{
	if (v->type == AGENT_NONE)
		t->none++;
	else if (v->type == AGENT_UNREAD)
		t->unread++;
	else if (v->type == AGENT_NOTHING)
		t->nothing++;
	else
		t->there++;
	if (agent_value_is_number(v))
		t->sum += v->number;
}

static void do_fetch(struct core *c, struct agent *a, const char *value)
{
	static struct snmp_oid oids[FETCH_MAX];
	static struct agent_value values[FETCH_MAX];
	static struct agent_want wants[FETCH_MAX];
	struct tally t = {0};
	char base[256], text[256];
	unsigned first = 0, last = 0;
	size_t n = 0;
	enum agent_result r;

	if (sscanf(value, "%255s %u %u", base, &first, &last) != 3)
		return;
	for (unsigned i = first; i <= last && n < FETCH_MAX; i++, n++) {
		if (!snmp_oid_read(base, &oids[n]))
			return;
		snmp_oid_append(&oids[n], i);
		snmp_oid_append(&oids[n], 0);
		wants[n] = (struct agent_want){.oid = &oids[n], .value = &values[n]};
	}
	r = agent_fetch(a, wants, n);
	for (size_t i = 0; i < n; i++)
		count(&t, &values[i]);
	str_format(text, sizeof(text), "there %zu none %zu unread %zu nothing %zu sum %" PRId64,
		   t.there, t.none, t.unread, t.nothing, t.sum);
	show_counts(c, a);
	show_result(c, value, r, text);
}

struct rows {
	size_t count;
	char last[1024];
};

static bool on_row(void *arg, const struct snmp_oid *oid, const struct agent_value *value)
{
	struct rows *r = arg;
	char name[SNMP_OID_TEXT_MAX], text[256];

	r->count++;
	snmp_oid_text(oid, name, sizeof(name));
	agent_value_show(value, text, sizeof(text));
	str_format(r->last, sizeof(r->last), "%s = %s", name, text);
	return true;
}

static void do_walk(struct core *c, struct agent *a, const char *value)
{
	struct rows rows = {0};
	struct snmp_oid root;
	char base[256], text[1200];
	unsigned max = 1000;
	enum agent_result r = AGENT_FAILED;

	if (sscanf(value, "%255s %u", base, &max) >= 1 && snmp_oid_read(base, &root))
		r = agent_walk(a, &root, max, on_row, &rows);
	str_format(text, sizeof(text), "%zu rows, %s", rows.count, rows.last);
	show_counts(c, a);
	show_result(c, value, r, text);
}

static void set(struct core *c, struct agent *a, const char *value, enum agent_type type,
		const char *what)
{
	struct snmp_oid oid;
	char name[256];
	int used = 0;
	enum agent_result r = AGENT_FAILED;

	if (sscanf(what, "%255s %n", name, &used) == 1 && used && snmp_oid_read(name, &oid))
		r = agent_set(a, &oid, type, what + used);
	show_result(c, value, r, "set");
}

static void do_set(struct core *c, struct agent *a, const char *value)
{
	set(c, a, value, AGENT_NOTHING, value);
}

static void do_write(struct core *c, struct agent *a, const char *value)
{
	static const struct {
		const char *name;
		enum agent_type type;
	} rows[] = {
		{"integer", AGENT_INTEGER}, {"unsigned", AGENT_UNSIGNED},
		{"ticks", AGENT_TICKS},     {"text", AGENT_TEXT},
		{"oid", AGENT_OID},         {"address", AGENT_ADDRESS},
	};
	char type[16];
	int used = 0;

	if (sscanf(value, "%15s %n", type, &used) != 1)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (str_equal(type, rows[i].name))
			set(c, a, value, rows[i].type, value + used);
}

static enum driverwire_result probe_instcmd(struct core *c, const char *name, const char *value)
{
	static const struct {
		const char *name;
		void (*run)(struct core *c, struct agent *a, const char *value);
	} rows[] = {
		{"snmp.get", do_get}, {"snmp.fetch", do_fetch}, {"snmp.walk", do_walk},
		{"snmp.set", do_set}, {"snmp.write", do_write},
	};
	struct probe *p = core_data(c);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!str_equal(name, rows[i].name))
			continue;
		rows[i].run(c, p->agent, value ? value : "");
		return DRIVERWIRE_HANDLED;
	}
	return DRIVERWIRE_R_UNKNOWN;
}

static const struct driver_option options[] = {
	AGENT_OPTIONS,
	AGENT_TRAP_OPTION,
	{.name = "read", .argument = "oids", .help = "what is polled"},
	{.name = NULL},
};

static const struct driver probe_driver = {
	.name = "probe-snmp",
	.description = "Shows the SNMP transport",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct probe),
	.open = probe_open,
	.poll = probe_poll,
	.instcmd = probe_instcmd,
	.close = probe_close,
};

int main(int argc, char **argv)
{
	return core_main(&probe_driver, argc, argv);
}
