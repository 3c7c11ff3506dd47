#include "config.h"

#include "drivers/scan/snmpscan.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/transport/snmp_link.h"
#include "drivers/transport/snmp_value.h"

enum { BEAT_MS = 20, BEATS_PER_S = 1000 / BEAT_MS };

/* sysObjectID, sysName, sysDescr */
static const struct snmp_oid asked[] = {
	{{1, 3, 6, 1, 2, 1, 1, 2, 0}, 9},
	{{1, 3, 6, 1, 2, 1, 1, 5, 0}, 9},
	{{1, 3, 6, 1, 2, 1, 1, 1, 0}, 9},
};
enum { ASKED = sizeof(asked) / sizeof(*asked) };

struct slot {
	struct snmpscan *scan;
	struct snmp_link *link; /* NULL: free */
	unsigned tries;
	bool answered;
	bool over; /* its link is to be freed, outside of its own callback */
	bool ask;  /* the next question is due */
	struct snmpscan_device device;
};

struct snmpscan {
	struct loop *loop;
	struct agent_config cfg;
	struct snmp_keys keys;
	unsigned parallel, per_second, owed; /* owed: addresses, times BEATS_PER_S */
	snmpscan_found_fn *found;
	snmpscan_end_fn *end;
	void *arg;
	struct loop_timer *beat;
	struct loop_deferred turn;
	uint64_t begun, answered;
	bool exhausted;
	struct addrwalk walk;
	struct addrrange *ranges;
	size_t range_count;
	bool *cancelled; /* set while a callback runs that may cancel */
	struct slot slots[];
};

static void serve(void *arg);

/* ------------------------------------------------------------------------------ answers */

static void take(struct slot *s, const netsnmp_pdu *pdu)
{
	struct agent_value *const values[ASKED] = {&s->device.object_id, &s->device.name,
						   &s->device.description};
	struct snmp_oid name;

	for (size_t i = 0; i < ASKED; i++)
		values[i]->type = AGENT_NONE;
	if (pdu->errstat != SNMP_ERR_NOERROR)
		return;
	for (const netsnmp_variable_list *v = pdu->variables; v; v = v->next_variable) {
		if (!snmp_oid_from(v->name, v->name_length, &name))
			continue;
		for (size_t i = 0; i < ASKED; i++)
			if (snmp_oid_same(&name, &asked[i]))
				snmp_value_from(v, values[i]);
	}
}

static void on_answer(void *arg, enum agent_result r, const netsnmp_pdu *pdu)
{
	struct slot *s = arg;

	if (r == AGENT_OK && pdu) {
		take(s, pdu);
		s->answered = true;
		s->over = true;
	} else if (r == AGENT_OK || (r == AGENT_TIMEOUT && s->tries <= s->scan->cfg.retries)) {
		s->ask = true;
	} else {
		s->over = true;
	}
	loop_defer(s->scan->loop, &s->scan->turn, serve, s->scan);
}

/* -------------------------------------------------------------------------------- asking */

static netsnmp_pdu *question(void)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	for (size_t i = 0; pdu && i < ASKED; i++) {
		if (snmp_pdu_add(pdu, &asked[i]))
			continue;
		snmp_free_pdu(pdu);
		return NULL;
	}
	return pdu;
}

static void ask(struct slot *s)
{
	int ms = s->scan->cfg.timeout_ms;
	bool sent;

	s->ask = false;
	/* SNMPv3 needs one try more, to find the engine. */
	if (s->tries++ > s->scan->cfg.retries + 1)
		sent = false;
	else if (snmp_link_is_ready(s->link))
		sent = snmp_link_ask(s->link, question(), ms, on_answer, s);
	else
		sent = snmp_link_discover(s->link, ms, on_answer, s);
	if (!sent)
		s->over = true;
}

static void begin(struct slot *s, const struct netaddr *to)
{
	s->tries = 0;
	s->answered = s->over = s->ask = false;
	s->device.addr = *to;
	netaddr_host(&to->ss, s->device.host, sizeof(s->device.host));
	s->scan->begun++;
	s->link = snmp_link_new(s->scan->loop, &s->scan->cfg, &s->scan->keys, to, -1);
	/* No way there: so it is for nobody. */
	if (s->link)
		ask(s);
}

/* ---------------------------------------------------------------------------------- turns */

/* False: the scan is gone. */
static bool report(struct snmpscan *scan, const struct slot *s)
{
	bool gone = false;

	scan->answered++;
	scan->cancelled = &gone;
	scan->found(scan->arg, &s->device);
	if (gone)
		return false;
	scan->cancelled = NULL;
	return true;
}

/* False: the scan is gone. */
static bool settle(struct snmpscan *scan, bool *busy)
{
	for (unsigned i = 0; i < scan->parallel; i++) {
		struct slot *s = &scan->slots[i];

		if (s->link && !s->over && s->ask)
			ask(s);
		if (s->link && s->over) {
			snmp_link_free(s->link);
			s->link = NULL;
			if (s->answered && !report(scan, s))
				return false;
		}
		*busy = *busy || s->link;
	}
	return true;
}

static void finish(struct snmpscan *scan)
{
	snmpscan_end_fn *end = scan->end;
	void *arg = scan->arg;
	uint64_t begun = scan->begun, answered = scan->answered;

	snmpscan_cancel(scan);
	end(arg, begun, answered);
}

static void serve(void *arg)
{
	struct snmpscan *scan = arg;
	bool busy = false;

	if (!settle(scan, &busy))
		return;
	if (!busy && scan->exhausted)
		finish(scan);
}

/* As many as are owed by now, and as there are free slots for. */
static void on_beat(void *arg)
{
	struct snmpscan *scan = arg;
	unsigned most = scan->per_second;
	struct netaddr to;

	scan->owed =
		scan->owed + most < most * BEATS_PER_S ? scan->owed + most : most * BEATS_PER_S;
	for (unsigned i = 0; i < scan->parallel && scan->owed >= BEATS_PER_S; i++) {
		if (scan->slots[i].link)
			continue;
		if (!addrwalk_next(&scan->walk, scan->ranges, scan->range_count, scan->cfg.port,
				   &to)) {
			scan->exhausted = true;
			break;
		}
		scan->owed -= BEATS_PER_S;
		begin(&scan->slots[i], &to);
	}
	if (!scan->exhausted)
		loop_timer_set(scan->beat, BEAT_MS);
	loop_defer(scan->loop, &scan->turn, serve, scan);
}

/* -------------------------------------------------------------------------------- the whole */

static bool prepare(struct snmpscan *s, const struct snmpscan_options *o,
		    const struct addrrange *ranges, size_t count, char *why, size_t size)
{
	str_copy(why, size, "no memory");
	s->ranges = calloc(count ? count : 1, sizeof(*ranges));
	s->beat = loop_timer_new(s->loop, on_beat, s);
	if (!s->ranges || !s->beat || !agent_config_copy(&s->cfg, o->cfg))
		return false;
	memcpy(s->ranges, ranges, count * sizeof(*ranges));
	s->range_count = count;
	for (unsigned i = 0; i < s->parallel; i++)
		s->slots[i].scan = s;
	return snmp_keys_make(&s->keys, &s->cfg, why, size);
}

struct snmpscan *snmpscan_start(struct loop *l, const struct snmpscan_options *o,
				const struct addrrange *ranges, size_t count,
				snmpscan_found_fn *found, snmpscan_end_fn *end, void *arg,
				char *why, size_t size)
{
	unsigned parallel = o->parallel ? o->parallel : 1;
	struct snmpscan *s;

	if (parallel > SNMPSCAN_PARALLEL_MAX)
		parallel = SNMPSCAN_PARALLEL_MAX;
	s = calloc(1, sizeof(*s) + parallel * sizeof(s->slots[0]));
	if (!s) {
		str_copy(why, size, "no memory");
		return NULL;
	}
	s->loop = l;
	s->parallel = parallel;
	s->per_second = o->per_second ? o->per_second : parallel * BEATS_PER_S;
	s->found = found;
	s->end = end;
	s->arg = arg;
	if (!prepare(s, o, ranges, count, why, size)) {
		snmpscan_cancel(s);
		return NULL;
	}
	loop_timer_set(s->beat, 0);
	return s;
}

void snmpscan_cancel(struct snmpscan *s)
{
	if (!s)
		return;
	if (s->cancelled)
		*s->cancelled = true;
	loop_defer_cancel(&s->turn);
	loop_timer_free(s->beat);
	for (unsigned i = 0; i < s->parallel; i++)
		snmp_link_free(s->slots[i].link);
	snmp_keys_wipe(&s->keys);
	agent_config_free(&s->cfg);
	free(s->ranges);
	free(s);
}
