/*
 * rulebook: the rules of a configuration: when something happens, and if
 * conditions hold, then do this.
 *
 * Both front ends make one: conf.c out of NOTIFYMSG, NOTIFYFLAG and NOTIFYCMD,
 * groupgram.y out of WHEN.  brain.c carries it out.  Data only: nothing here
 * knows a clock or a UPS's state.
 *
 * Texts are templates: `%(u)s` the UPS, `%(c)s` its charge, `%(e)s` the event,
 * `%(b)s` user@host, `%(h)s` this host, `%(x)s` details of a notice (an alarm's
 * text), `%%` a percent sign.
 */
#ifndef CLIENTS_UPSMON_RULEBOOK_H
#define CLIENTS_UPSMON_RULEBOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/brain/facts.h"
#include "clients/upsmon/brain/notice.h"
#include "common/base/buffer.h"

enum { RULE_ANY_UPS = -1 };

enum trigger {
	TRIGGER_EVENT,   /* a fact of the UPS begins or ends */
	TRIGGER_TIMEOUT, /* a timer that this UPS's rules started ran out; "start" runs out at the
			    start */
	TRIGGER_CHARGE,  /* on battery, and battery.charge has come down to `limit` % */
	TRIGGER_RUNTIME, /* on battery, and battery.runtime has come down to `limit` seconds */
	TRIGGER_NOTICE,  /* a classic notice about any UPS, or none */
};

enum condition_kind {
	CONDITION_FACT,       /* the fact holds, or with `wanted` false does not */
	CONDITION_CHARGE,     /* battery.charge is known and at most `limit` % */
	CONDITION_RUNTIME,    /* battery.runtime is known and at most `limit` seconds */
	CONDITION_ON_BATTERY, /* on battery for at least `limit` seconds */
};

/* CONDITION_CHARGE and those after it hold in reverse, too: `wanted` false. */
struct rule_condition {
	enum condition_kind kind;
	enum fact fact;
	bool wanted;
	long limit;
};

enum verb {
	VERB_SYSLOG,
	VERB_WALL,
	VERB_EXEC, /* NOTIFYCMD of upsmon.conf with NOTIFYTYPE and UPSNAME */
	VERB_MAIL,
	VERB_DESKTOP, /* NOTIFY */
	VERB_PRINT,
	VERB_EPRINT,
	VERB_NUTLOG,
	VERB_SHELL,
	VERB_WAKE, /* wake-on-LAN: `text` is "mac [address[:port]]" */
	VERB_START_TIMER,
	VERB_CANCEL_TIMER,
	VERB_SET_FSD,
	VERB_SHUTDOWN,
	VERB_DEBUG,
	VERB_COUNT
};

struct rule_action {
	struct rule_condition *conditions; /* owned; all have to hold */
	size_t condition_count;
	enum verb verb;
	char *text;   /* owned template; NULL where the verb has none */
	char *timer;  /* owned; the name of START_TIMER and CANCEL_TIMER */
	long long ms; /* START_TIMER */
	int number;   /* SYSLOG: priority, LOG_EMERG..LOG_DEBUG. DEBUG: level. SHUTDOWN: which of
			 upsmon_conf's commands. SET_FSD: which UPS */
	char *from, *to, *subject; /* owned templates of MAIL */
};

struct rule {
	int ups; /* place in upsmon_conf.ups, or RULE_ANY_UPS */
	enum trigger trigger;
	enum fact fact; /* TRIGGER_EVENT */
	bool begins;
	char *timer;                 /* owned; TRIGGER_TIMEOUT */
	long limit;                  /* TRIGGER_CHARGE, TRIGGER_RUNTIME */
	enum notice notice;          /* TRIGGER_NOTICE */
	struct rule_action *actions; /* owned, in order */
	size_t action_count;
};

struct rulebook {           /* zeroed: no rules */
	struct rule *rules; /* owned, in the order of the file */
	size_t count;
};

/* All take over what the strings of the argument point to, and leave it to the caller when they
 * return NULL or false (no memory).  Pointers are good until the next addition. */
struct rule *rulebook_add(struct rulebook *book, const struct rule *r);
struct rule_action *rule_add_action(struct rule *r, const struct rule_action *a);
bool rule_action_add_condition(struct rule_action *a, const struct rule_condition *c);

void rule_action_done(struct rule_action *a);
void rulebook_free(struct rulebook *book);

/* "STARTTIMER" and so on, the word of the group language. */
const char *verb_name(enum verb v);

/* The words behind `%(.)s`; NULL counts as "". `charge` in percent, < 0 = unknown, shown as `?`. */
struct template_values {
	const char *ups, *event, *banner, *host, *extra;
	double charge;
};

/* Appends the text with everything filled in. */
void template_expand(struct buffer *b, const char *text, const struct template_values *v);

/* Whether all `%` of a text are ones of those above; if not, `bad` (size bytes) gets the first that
 * is not. */
bool template_valid(const char *text, char *bad, size_t size);

/* Whether %(key)s occurs in it. */
bool template_has(const char *text, char key);

#endif
