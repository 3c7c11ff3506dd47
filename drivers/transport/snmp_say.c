/*
 * Why an agent does not answer, in words: once, until it changes.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/transport/snmp_private.h"

static const char token[] = "snmp";

/* The last reason for silence.  It outlives the agent, which is opened anew again and again. */
static struct {
	char text[512];
	bool set;
} said;

void agent_complain(const char *fmt, ...)
{
	char text[sizeof(said.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (said.set && str_equal(text, said.text)) {
		log_debug(1, token, "still: %s", text);
		return;
	}
	said.set = true;
	str_copy(said.text, sizeof(said.text), text);
	log_error(token, "%s", text);
}

static void say_silent(const struct agent *a)
{
	size_t engine;

	snmp_link_engine(a->link, &engine);
	if (a->proven)
		agent_complain("%s does not answer any more", a->where);
	else if (a->cfg.version != AGENT_V3)
		agent_complain("%s does not answer: it is off, or not reached, or it does not know "
			       "the community of ups.conf, or not this snmp_version (agents are "
			       "silent in all these cases)",
			       a->where);
	else if (!engine)
		agent_complain("%s does not answer: it is off, or not reached, or it does not "
			       "speak SNMPv3 (snmp_version)",
			       a->where);
	else
		agent_complain("%s tells its name and then nothing more: it is off by now, or it "
			       "cannot read us: see privPassword and privProtocol in ups.conf",
			       a->where);
}

/* What SNMPv3 has more than silence. */
static void say_refused(const struct agent *a, enum snmp_trouble t)
{
	static const char *const levels[] = {"noAuthNoPriv", "authNoPriv", "authPriv"};
	const struct agent_config *cfg = &a->cfg;

	if (t == SNMP_TROUBLE_USER)
		agent_complain("%s knows no user \"%s\": see secName in ups.conf", a->where,
			       cfg->user);
	else if (t == SNMP_TROUBLE_DIGEST)
		agent_complain(
			"%s refuses the key of user \"%s\": see authPassword, and authProtocol "
			"(%s), in ups.conf",
			a->where, cfg->user, cfg->auth_protocol ? cfg->auth_protocol : "none");
	else if (t == SNMP_TROUBLE_DECRYPTION)
		agent_complain(
			"%s and we cannot decrypt each other's packets: see privPassword, and "
			"privProtocol (%s), in ups.conf",
			a->where, cfg->priv_protocol ? cfg->priv_protocol : "none");
	else if (t == SNMP_TROUBLE_LEVEL)
		agent_complain("%s does not let user \"%s\" ask with secLevel = %s: see ups.conf",
			       a->where, cfg->user, levels[cfg->level]);
	else
		agent_complain("%s refuses SNMPv3 questions of user \"%s\": its log may tell why "
			       "(secName, secLevel in ups.conf)",
			       a->where, cfg->user);
}

static void say_trouble(const struct agent *a)
{
	enum snmp_trouble t = snmp_link_trouble(a->link);

	switch (t) {
	case SNMP_TROUBLE_NO_PORT:
		agent_complain("%s: nobody listens there: is SNMP switched on, and the port right?",
			       a->where);
		break;
	case SNMP_TROUBLE_NETWORK:
		agent_complain("%s: no way there: %s", a->where,
			       strerror(snmp_link_errno(a->link)));
		break;
	case SNMP_TROUBLE_HANG_UP:
		agent_complain("%s has closed the connection", a->where);
		break;
	case SNMP_TROUBLE_CLOCK:
		agent_complain(
			"%s does not agree with itself about its engine's id, boots and time "
			"(SNMPv3): is there a second agent at this address?",
			a->where);
		break;
	case SNMP_TROUBLE_GARBAGE:
	case SNMP_TROUBLE_NONE:
		say_silent(a);
		break;
	default:
		say_refused(a, t);
	}
}

enum agent_result agent_say(struct agent *a, enum agent_result r)
{
	if (r == AGENT_TIMEOUT || r == AGENT_AUTH || r == AGENT_FAILED) {
		say_trouble(a);
	} else if (r != AGENT_ENDING && said.set) {
		said.set = false;
		log_notice(token, "%s answers again", a->where);
	}
	return r;
}
