/*
 * Many variables in few packets: the plan (snmp_plan.h) at work on a link.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "drivers/transport/snmp_private.h"

static const char token[] = "snmp";

enum {
	IDLE_MS = 60000,    /* there is always a question under way, which ends by itself */
	VALUE_HEAD = 6,     /* of a variable: two headers, and a margin */
	WINDOW_CLEAN = 100, /* fetches after which an agent may have more questions again */
	SCOUT_AFTER = 2,    /* times a try in silence: is it the agent, or this question? */
};

struct fetch;

/* A batch under way. */
struct sent {
	struct fetch *f;
	struct snmp_batch *batch; /* NULL: free */
	long long at_ms;
};

struct fetch {
	struct agent *a;
	const struct agent_want *wants;
	struct snmp_plan *plan;
	struct sent sent[AGENT_WINDOW];
	unsigned out;
	bool scouting;
	bool wake;  /* something came or ran out of time */
	bool heard; /* an answer in this fetch */
	bool lost;  /* one that ran out of time beside others */
	long long silent_since;
	unsigned discoveries;
	enum agent_result result; /* not OK: it is over */
};

/* ------------------------------------------------------------------------------ answers */

static void heard(struct fetch *f, long long at_ms)
{
	long long now = clock_ms();

	f->heard = true;
	f->silent_since = now;
	agent_heard(f->a, now - at_ms);
}

static enum snmp_error error_of(long status)
{
	switch (status) {
	case SNMP_ERR_TOOBIG:
		return SNMP_ERROR_TOO_BIG;
	case SNMP_ERR_NOSUCHNAME:
	case SNMP_ERR_NOACCESS:
	case SNMP_ERR_AUTHORIZATIONERROR:
		return SNMP_ERROR_NO_SUCH;
	default:
		return SNMP_ERROR_OTHER;
	}
}

static void take(struct fetch *f, size_t want, const netsnmp_variable_list *v)
{
	struct agent_value *value = f->wants[want].value;
	struct agent *a = f->a;

	snmp_value_from(v, value);
	if (value->type == AGENT_NONE)
		snmp_plan_miss(f->plan, want);
	else
		snmp_plan_take(f->plan, want);
	/* An average that follows slowly. */
	a->value_bytes =
		(unsigned)((a->value_bytes * 15 + (v->val_len < 512 ? v->val_len : 512) + 8) / 16);
}

/* The variable that an answer's `place`th one is; agents may reorder. */
static bool find_want(const struct fetch *f, const struct snmp_batch *b, size_t place,
		      const struct snmp_oid *name, size_t *want)
{
	if (place < b->count && snmp_oid_same(f->wants[b->want[place]].oid, name)) {
		*want = b->want[place];
		return true;
	}
	for (size_t i = 0; i < b->count; i++) {
		*want = b->want[i];
		if (snmp_oid_same(f->wants[*want].oid, name))
			return true;
	}
	return false;
}

static void take_all(struct fetch *f, const struct snmp_batch *b, const netsnmp_pdu *pdu)
{
	size_t place = 0, want;
	struct snmp_oid name;

	for (const netsnmp_variable_list *v = pdu->variables; v; v = v->next_variable, place++)
		if (snmp_oid_from(v->name, v->name_length, &name) &&
		    find_want(f, b, place, &name, &want) &&
		    snmp_plan_fate(f->plan, want) == SNMP_FATE_ASK)
			take(f, want, v);
}

/* Each variable of the answer comes after the one that was asked for: nothing is reordered. */
static bool is_in_order(const struct fetch *f, const struct snmp_batch *b, const netsnmp_pdu *pdu)
{
	size_t place = 0;
	struct snmp_oid name, before;

	for (const netsnmp_variable_list *v = pdu->variables; v && place < b->count;
	     v = v->next_variable, place++) {
		const struct snmp_oid *o = f->wants[b->want[place]].oid;

		if (v->type == SNMP_ENDOFMIBVIEW)
			continue;
		if (!snmp_oid_from(v->name, v->name_length, &name) ||
		    (snmp_oid_before(o, &before) && snmp_oid_order(&name, &before) <= 0))
			return false;
	}
	return true;
}

/* GETNEXT: what comes instead tells that there is none, if it is in order. */
static void take_next(struct fetch *f, const struct snmp_batch *b, const netsnmp_pdu *pdu)
{
	size_t place = 0;
	struct snmp_oid name;

	for (const netsnmp_variable_list *v = pdu->variables; v && place < b->count;
	     v = v->next_variable, place++) {
		size_t want = b->want[place];
		int order;

		if (!snmp_oid_from(v->name, v->name_length, &name))
			continue;
		order = snmp_oid_order(&name, f->wants[want].oid);
		if (order == 0)
			take(f, want, v);
		else if (order > 0 || v->type == SNMP_ENDOFMIBVIEW)
			snmp_plan_miss(f->plan, want);
	}
}

static void give_back(struct fetch *f, struct sent *s)
{
	s->batch = NULL;
	f->out--;
	f->wake = true;
}

static void on_answer(void *arg, enum agent_result r, const netsnmp_pdu *pdu)
{
	struct sent *s = arg;
	struct fetch *f = s->f;
	struct snmp_batch *b = s->batch;

	if (r != AGENT_OK || !pdu) {
		if (r == AGENT_TIMEOUT)
			f->lost = f->lost || f->out > 1;
		else
			f->result = r == AGENT_OK ? AGENT_FAILED : r;
		snmp_plan_unanswered(f->plan, b);
		give_back(f, s);
		return;
	}
	heard(f, s->at_ms);
	if (pdu->errstat != SNMP_ERR_NOERROR) {
		log_debug(3, token, "%zu variables: error %ld at %ld", b->count, pdu->errstat,
			  pdu->errindex);
		snmp_plan_refused(f->plan, b, error_of(pdu->errstat), pdu->errindex);
	} else {
		if (b->by_next && is_in_order(f, b, pdu))
			take_next(f, b, pdu);
		else
			take_all(f, b, pdu);
		snmp_plan_answered(f->plan, b);
	}
	give_back(f, s);
}

static void on_scout(void *arg, enum agent_result r, const netsnmp_pdu *pdu)
{
	struct fetch *f = arg;

	(void)pdu;
	f->scouting = false;
	f->wake = true;
	if (r != AGENT_OK)
		return;
	heard(f, clock_ms());
	snmp_plan_alive(f->plan);
}

/* ------------------------------------------------------------------------------- asking */

static netsnmp_pdu *make_pdu(const struct fetch *f, const struct snmp_batch *b)
{
	netsnmp_pdu *pdu = snmp_pdu_create(b->by_next ? SNMP_MSG_GETNEXT : SNMP_MSG_GET);

	for (size_t i = 0; pdu && i < b->count; i++) {
		struct snmp_oid before;
		const struct snmp_oid *o = f->wants[b->want[i]].oid;

		if (b->by_next && snmp_oid_before(o, &before))
			o = &before;
		if (snmp_pdu_add(pdu, o))
			continue;
		snmp_free_pdu(pdu);
		return NULL;
	}
	return pdu;
}

static void send_batch(struct fetch *f, struct snmp_batch *b)
{
	struct sent *s = f->sent;
	long long now = clock_ms();
	int ms = agent_try_ms(f->a, b->tries, now - f->silent_since);

	while (s->batch)
		s++;
	*s = (struct sent){f, b, now};
	f->out++;
	if (snmp_link_ask(f->a->link, make_pdu(f, b), ms, on_answer, s))
		return;
	snmp_plan_unanswered(f->plan, b);
	give_back(f, s);
	f->result = AGENT_FAILED;
}

/* Something small that agents have, whatever else they choke on. */
static void scout(struct fetch *f)
{
	static const struct snmp_oid uptime = {{1, 3, 6, 1, 2, 1, 1, 3, 0}, 9};
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
	long long silent = clock_ms() - f->silent_since;

	if (pdu && !snmp_pdu_add(pdu, &uptime)) {
		snmp_free_pdu(pdu);
		pdu = NULL;
	}
	f->scouting = snmp_link_ask(f->a->link, pdu, agent_try_ms(f->a, 0, silent), on_scout, f);
}

static void send_more(struct fetch *f)
{
	unsigned window = f->heard || f->a->good ? f->a->window : 1;
	long long silent = clock_ms() - f->silent_since;
	struct snmp_batch *b;

	while (f->out < window && f->result == AGENT_OK && (b = snmp_plan_next(f->plan)))
		send_batch(f, b);
	if (!f->scouting && silent >= (long long)SCOUT_AFTER * f->a->cfg.timeout_ms)
		scout(f);
}

static enum agent_result turn(struct fetch *f)
{
	enum agent_result r = agent_prepare(f->a, &f->discoveries);

	if (r != AGENT_OK)
		return r;
	f->wake = false;
	send_more(f);
	if (f->result != AGENT_OK)
		return f->result;
	if (!agent_wait(f->a, &f->wake, IDLE_MS))
		return AGENT_ENDING;
	snmp_link_counts(f->a->link)->turns++;
	if (f->result != AGENT_OK)
		return f->result;
	if (clock_ms() - f->silent_since >= agent_budget_ms(f->a))
		return AGENT_TIMEOUT;
	return AGENT_OK;
}

/* ---------------------------------------------------------------------------- the whole */

/* Some agents take one question at a time, and lose others that come meanwhile. */
static void learn_window(struct fetch *f)
{
	struct agent *a = f->a;

	if (f->lost && f->result == AGENT_OK) {
		a->window = 1;
		a->window_clean = 0;
	} else if (a->window < AGENT_WINDOW && ++a->window_clean >= WINDOW_CLEAN) {
		a->window = AGENT_WINDOW;
	}
}

static struct snmp_plan *make_plan(struct agent *a, const struct agent_want *wants, size_t count)
{
	size_t *bytes = calloc(count, sizeof(*bytes));
	struct snmp_plan *p;

	if (!bytes)
		return NULL;
	for (size_t i = 0; i < count; i++)
		bytes[i] = snmp_oid_bytes(wants[i].oid) + VALUE_HEAD +
			   (wants[i].bytes ? wants[i].bytes : a->value_bytes);
	p = snmp_plan_new(bytes, count, a->cfg.version == AGENT_V1, &a->learned);
	free(bytes);
	return p;
}

static void end(struct fetch *f, size_t count)
{
	snmp_link_forget(f->a->link);
	for (size_t i = 0; i < AGENT_WINDOW; i++)
		free(f->sent[i].batch);
	for (size_t i = 0; i < count; i++) {
		enum snmp_fate fate = snmp_plan_fate(f->plan, i);

		if (fate == SNMP_FATE_NONE)
			f->wants[i].value->type = AGENT_NONE;
		else if (fate == SNMP_FATE_UNREAD)
			f->wants[i].value->type = AGENT_UNREAD;
	}
	learn_window(f);
	snmp_plan_free(f->plan);
}

enum agent_result agent_fetch(struct agent *a, const struct agent_want *wants, size_t count)
{
	struct fetch f = {.a = a, .wants = wants, .silent_since = clock_ms()};
	enum agent_result r = AGENT_OK;

	for (size_t i = 0; i < count; i++)
		wants[i].value->type = AGENT_NOTHING;
	if (count > AGENT_FETCH_MAX)
		return AGENT_FAILED;
	if (count == 0)
		return AGENT_OK;
	f.plan = make_plan(a, wants, count);
	if (!f.plan)
		return AGENT_FAILED;
	while (r == AGENT_OK && !snmp_plan_is_done(f.plan))
		r = turn(&f);
	f.result = r;
	end(&f, count);
	agent_say(a, r);
	a->good = r == AGENT_OK;
	a->proven = a->proven || a->good;
	return r;
}

enum agent_result agent_get(struct agent *a, const struct snmp_oid *oid, struct agent_value *value)
{
	const struct agent_want want = {.oid = oid, .value = value};
	enum agent_result r = agent_fetch(a, &want, 1);

	if (r != AGENT_OK || agent_value_is_there(value))
		return r;
	return value->type == AGENT_NONE ? AGENT_MISSING : AGENT_FAILED;
}
