#include "config.h"

#include "drivers/scan/snmpfind.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "drivers/scan/snmpscan.h"
#include "drivers/snmp/snmpchoose.h"

enum {
	TRIES = 2,
	GROWTH = 16,
	PORT_TEXT = 80,
	PACKETS_PER_S = 2000, /* a switch, and a firewall, may take more for an attack */
};

struct snmpfind {
	struct loop *loop;
	const struct scan_options *o;
	struct agent_config cfg;
	struct snmpscan *scan;
	loop_fn *end;
	void *arg;
	struct snmpscan_device *devices;
	size_t count, room;
	bool failed;
};

/* ------------------------------------------------------------------------------- asking */

static const char *option(void *arg, const char *name)
{
	const struct scan_options *o = arg;

	if (str_equal(name, "snmp_version"))
		return scanopts_credential(o, "secLevel") || scanopts_credential(o, "secName")
			       ? "v3"
			       : "v1";
	return scanopts_credential(o, name);
}

static void on_found(void *arg, const struct snmpscan_device *d)
{
	struct snmpfind *s = arg;

	if (s->count == s->room) {
		struct snmpscan_device *grown =
			realloc(s->devices, (s->room + GROWTH) * sizeof(*grown));

		s->failed = s->failed || !grown;
		if (!grown)
			return;
		s->devices = grown;
		s->room += GROWTH;
	}
	s->devices[s->count++] = *d;
}

static void on_end(void *arg, uint64_t asked, uint64_t answered)
{
	struct snmpfind *s = arg;

	(void)asked, (void)answered;
	s->scan = NULL;
	s->end(s->arg);
}

struct snmpfind *snmpfind_start(struct loop *l, const struct scan_options *o, loop_fn *end,
				void *arg, char *why, size_t size)
{
	struct snmpfind *s = calloc(1, sizeof(*s));
	struct snmpscan_options how;
	char port[PORT_TEXT];

	str_copy(why, size, "out of memory");
	if (!s)
		return NULL;
	s->loop = l;
	s->o = o;
	s->end = end;
	s->arg = arg;
	str_format(port, sizeof(port), "0.0.0.0:%ld", o->snmp_port);
	if (!agent_config_read(&s->cfg, option, (void *)(uintptr_t)o, port, why, size)) {
		free(s);
		return NULL;
	}
	s->cfg.timeout_ms = (int)(o->timeout_s * 1000 / TRIES);
	s->cfg.retries = TRIES - 1;
	how = (struct snmpscan_options){
		.cfg = &s->cfg, .parallel = (unsigned)o->parallel, .per_second = PACKETS_PER_S};
	s->scan =
		snmpscan_start(l, &how, o->ranges, o->range_count, on_found, on_end, s, why, size);
	if (s->scan)
		return s;
	snmpfind_free(s);
	return NULL;
}

void snmpfind_free(struct snmpfind *s)
{
	if (!s)
		return;
	snmpscan_cancel(s->scan);
	agent_config_free(&s->cfg);
	free(s->devices);
	free(s);
}

/* ----------------------------------------------------------------------- which map it is */

static bool wait_for(void *arg, const bool *done, int ms)
{
	const struct snmpfind *s = arg;
	long long until = clock_ms() + ms, left;

	while (!*done && (left = until - clock_ms()) > 0)
		loop_turn(s->loop, (int)left);
	return true;
}

static enum agent_result choose(struct snmpfind *s, const struct mapset *maps,
				const struct snmpscan_device *d, struct snmp_choice *choice)
{
	const struct agent_host host = {.loop = s->loop, .wait_for = wait_for, .arg = s};
	enum agent_result r = AGENT_FAILED;
	struct agent_config cfg;
	struct agent *a;

	*choice = (struct snmp_choice){.map = NULL};
	if (!agent_config_copy(&cfg, &s->cfg))
		return r;
	if (str_replace(&cfg.host, d->host))
		r = agent_open(&cfg, &host, &a);
	if (r == AGENT_OK) {
		r = snmp_choose(a, maps, NULL, choice);
		agent_close(a);
	}
	agent_config_free(&cfg);
	return r;
}

static const char *text_of(const struct agent_value *v)
{
	return v->type == AGENT_TEXT ? v->text.bytes : "";
}

/* "192.0.2.7", "[2001:db8::7]:1161" */
static void port_of(const struct snmpfind *s, const char *host, char *dst, size_t size)
{
	bool v6 = strchr(host, ':') != NULL;

	if (s->cfg.port == SCAN_SNMP_PORT)
		str_copy(dst, size, host);
	else
		str_format(dst, size, v6 ? "[%s]:%u" : "%s:%u", host, s->cfg.port);
}

static void set_credentials(struct snmpfind *s, struct findings *all, struct finding *f)
{
	if (s->cfg.version != AGENT_V3) {
		finding_set(all, f, "community", s->cfg.community);
		return;
	}
	finding_set(all, f, "snmp_version", "v3");
	for (const struct scan_credential *c = s->o->snmp; c->name; c++)
		if (c->value && !str_equal(c->name, "community"))
			finding_set(all, f, c->name, c->value);
}

/* The model, as NUT's scanner has it, or the name of the agent. */
static void add(struct snmpfind *s, struct findings *all, const struct snmpscan_device *d,
		const struct snmp_choice *choice)
{
	char port[PORT_TEXT];
	struct finding *f;

	port_of(s, d->host, port, sizeof(port));
	f = findings_add(all, FINDING_SNMP, "snmp-ups", port);
	finding_set(all, f, "desc", *choice->answer ? choice->answer : text_of(&d->name));
	finding_set(all, f, "mibs", choice->map->name);
	set_credentials(s, all, f);
	finding_remark(all, f, "%s: %s", *text_of(&d->name) ? text_of(&d->name) : "without a name",
		       text_of(&d->description));
}

/* No map, for that reason. */
static void add_stranger(struct findings *all, const struct snmpscan_device *d,
			 const struct snmp_choice *choice, enum agent_result r)
{
	if (r != AGENT_MISSING) {
		finding_remark(
			all, findings_add(all, FINDING_SNMP, NULL, NULL),
			"%s has an SNMP agent, and what it is for could not be found out: %s",
			d->host, agent_result_name(r));
		return;
	}
	finding_remark(all, findings_add(all, FINDING_SNMP, NULL, NULL),
		       "%s has an SNMP agent (%s, %s) that is none of a power device which a map "
		       "knows",
		       d->host,
		       *text_of(&d->description) ? text_of(&d->description) : "no description",
		       *choice->object_id ? choice->object_id : "without sysObjectID");
}

void snmpfind_take(struct snmpfind *s, struct conf_report *r, struct findings *all)
{
	struct mapset maps;

	all->failed = all->failed || s->failed;
	if (s->count == 0)
		return;
	if (!mapset_load(&maps, "snmp-ups", r)) {
		all->failed = true;
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		struct snmp_choice choice;
		enum agent_result result = choose(s, &maps, &s->devices[i], &choice);

		if (result == AGENT_OK)
			add(s, all, &s->devices[i], &choice);
		else
			add_stranger(all, &s->devices[i], &choice, result);
	}
	mapset_free(&maps);
}
