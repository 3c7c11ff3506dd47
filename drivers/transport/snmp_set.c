/*
 * Writing one variable.
 */
#include "config.h"

#include "common/base/log.h"
#include "drivers/transport/snmp_private.h"

static const char token[] = "snmp";

struct writing {
	const struct snmp_oid *oid;
	enum agent_type type;
	const char *text;
	long status;
};

static netsnmp_pdu *make(void *arg)
{
	const struct writing *w = arg;
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_SET);

	if (!pdu || snmp_pdu_add_value(pdu, w->oid, w->type, w->text))
		return pdu;
	snmp_free_pdu(pdu);
	return NULL;
}

static void answer(void *arg, const netsnmp_pdu *pdu)
{
	((struct writing *)arg)->status = pdu->errstat;
}

static enum agent_result result_of(long status)
{
	switch (status) {
	case SNMP_ERR_NOERROR:
		return AGENT_OK;
	case SNMP_ERR_NOSUCHNAME: /* SNMPv1 also says this of what is there and not writable */
	case SNMP_ERR_READONLY:
	case SNMP_ERR_NOACCESS:
	case SNMP_ERR_NOTWRITABLE:
	case SNMP_ERR_AUTHORIZATIONERROR:
		return AGENT_REFUSED;
	case SNMP_ERR_BADVALUE:
	case SNMP_ERR_WRONGTYPE:
	case SNMP_ERR_WRONGLENGTH:
	case SNMP_ERR_WRONGENCODING:
	case SNMP_ERR_WRONGVALUE:
	case SNMP_ERR_INCONSISTENTVALUE:
		return AGENT_BADVALUE;
	case SNMP_ERR_NOCREATION:
	case SNMP_ERR_INCONSISTENTNAME:
		return AGENT_MISSING;
	default:
		return AGENT_FAILED;
	}
}

/* Can `text` be written as that type? */
static bool fits(const struct writing *w)
{
	netsnmp_pdu *pdu = make((void *)(uintptr_t)w);

	snmp_free_pdu(pdu);
	return pdu != NULL;
}

enum agent_result agent_set(struct agent *a, const struct snmp_oid *oid, enum agent_type type,
			    const char *text)
{
	struct writing w = {.oid = oid, .type = type, .text = text};
	enum agent_result r;

	if (type == AGENT_NOTHING) {
		struct agent_value now;

		r = agent_get(a, oid, &now);
		if (r != AGENT_OK)
			return r;
		w.type = now.type;
	}
	if (!fits(&w))
		return AGENT_BADVALUE;
	r = agent_exchange(a, make, answer, &w);
	if (agent_say(a, r) != AGENT_OK)
		return r;
	log_debug(2, token, "set: error status %ld", w.status);
	return result_of(w.status);
}
