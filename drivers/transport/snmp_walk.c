/*
 * Tables: GETBULK, or GETNEXT where that is all there is.
 */
#include "config.h"

#include "common/base/log.h"
#include "drivers/transport/snmp_private.h"

static const char token[] = "snmp";

enum { REPETITIONS_FIRST = 10, REPETITIONS_MAX = 40 };

struct walk {
	struct agent *a;
	const struct snmp_oid *root;
	agent_row_fn *row;
	void *arg;
	struct snmp_oid at; /* the last one that came */
	size_t left;        /* rows */
	long repetitions;   /* 1: GETNEXT */
	bool over;
	bool wrong;  /* the agent goes backwards, or refuses */
	size_t came; /* rows of the last answer */
};

static netsnmp_pdu *make(void *arg)
{
	const struct walk *w = arg;
	bool bulk = w->repetitions > 1;
	netsnmp_pdu *pdu = snmp_pdu_create(bulk ? SNMP_MSG_GETBULK : SNMP_MSG_GETNEXT);

	if (!pdu)
		return NULL;
	if (bulk) {
		pdu->non_repeaters = 0;
		pdu->max_repetitions = w->repetitions;
	}
	if (snmp_pdu_add(pdu, &w->at))
		return pdu;
	snmp_free_pdu(pdu);
	return NULL;
}

/* False: the walk ends here. */
static bool take_row(struct walk *w, const netsnmp_variable_list *v)
{
	struct snmp_oid name;
	struct agent_value value;

	if (v->type == SNMP_ENDOFMIBVIEW)
		return false;
	if (!snmp_oid_from(v->name, v->name_length, &name) || snmp_oid_order(&name, &w->at) <= 0) {
		w->wrong = true;
		return false;
	}
	if (!snmp_oid_below(&name, w->root) || w->left == 0)
		return false;
	w->at = name;
	w->left--;
	w->came++;
	snmp_value_from(v, &value);
	return w->row(w->arg, &name, &value);
}

/* An agent that chokes on GETBULK; it is not asked so again. */
static void do_without_bulk(struct walk *w)
{
	w->repetitions = 1;
	w->a->no_bulk = true;
}

static void on_error(struct walk *w, long status)
{
	if (status == SNMP_ERR_NOSUCHNAME) { /* SNMPv1: the end */
		w->over = true;
	} else if (w->repetitions > 1 && status == SNMP_ERR_TOOBIG) {
		w->repetitions /= 2;
	} else if (w->repetitions > 1) {
		do_without_bulk(w);
	} else {
		log_debug(1, token, "%s: a walk ends with error %ld", agent_where(w->a), status);
		w->wrong = w->over = true;
	}
}

static void answer(void *arg, const netsnmp_pdu *pdu)
{
	struct walk *w = arg;

	w->came = 0;
	if (pdu->errstat != SNMP_ERR_NOERROR) {
		on_error(w, pdu->errstat);
		return;
	}
	if (!pdu->variables && w->repetitions > 1) {
		do_without_bulk(w);
		return;
	}
	for (const netsnmp_variable_list *v = pdu->variables; v && !w->over; v = v->next_variable)
		w->over = !take_row(w, v);
	if (w->came == 0)
		w->over = true;
	else if (w->repetitions > 1 && w->repetitions * 2 <= REPETITIONS_MAX)
		w->repetitions *= 2;
}

enum agent_result agent_walk(struct agent *a, const struct snmp_oid *root, size_t max,
			     agent_row_fn *row, void *arg)
{
	struct walk w = {.a = a, .root = root, .row = row, .arg = arg, .at = *root, .left = max};
	enum agent_result r = AGENT_OK;
	bool silent = false; /* a GETBULK got no answer */

	w.repetitions = a->cfg.version == AGENT_V1 || a->no_bulk ? 1 : REPETITIONS_FIRST;
	while (r == AGENT_OK && !w.over && w.left > 0) {
		r = agent_exchange(a, make, answer, &w);
		/* A large answer may be what does not come through, or the question is not known. */
		if (r == AGENT_TIMEOUT && w.repetitions > 1) {
			silent = true;
			w.repetitions = 1;
			r = AGENT_OK;
		} else if (r == AGENT_OK && silent) {
			a->no_bulk = true;
		}
	}
	if (w.wrong)
		log_debug(1, token, "%s: a walk goes backwards or is refused", a->where);
	if (r != AGENT_OK)
		return agent_say(a, r);
	return w.wrong ? AGENT_FAILED : AGENT_OK;
}
