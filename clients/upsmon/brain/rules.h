/*
 * rules: facts and times in, "shut down or not, and why" out.
 *
 * Pure functions: no clock, no state of their own, nothing is sent.  The rules
 * are those of spec/upsmon.md section 6, in that order, with one difference:
 * a UPS that was lost counts by the rules for lost ones only after two alert
 * poll intervals, so that a restart of upsd while a UPS is in bypass, or
 * calibrating, brings nobody down.  The limits OBDURATION, OBCHARGE and OBRUNTIME are ours; a
 * UPS that reached one is critical at once, for a primary and for a secondary.
 */
#ifndef CLIENTS_UPSMON_RULES_H
#define CLIENTS_UPSMON_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/brain/monitor.h"
#include "clients/upsmon/brain/policy.h"
#include "common/base/buffer.h"

/* The first rule that applied to a UPS. */
enum ruling {
	RULE_FSD,
	RULE_LOST_OVER,
	RULE_LOST_ALARM,
	RULE_LOST_CAL,
	RULE_LOST_BYPASS,
	RULE_LOST_OFF,
	RULE_OFF,
	RULE_OB_TIME,     /* on battery for OBDURATION */
	RULE_OB_CHARGE,   /* on battery, and no more than OBCHARGE left */
	RULE_OB_RUNTIME,  /* on battery, and no more than OBRUNTIME left */
	RULE_NOT_LOW,     /* not on battery with the battery low: feeds us */
	RULE_CALIBRATING, /* low on purpose */
	RULE_LOW_WAIT,    /* OBLBDURATION is not over */
	RULE_PRIMARY,     /* we are its primary: on battery and low */
	RULE_SECONDARY,   /* we are secondary, and the primary had its HOSTSYNC to set FSD */
	RULE_HOSTSYNC,    /* we are secondary and give the primary that time */
};

enum ruling rules_judge(const struct monitor *m, const struct policy *p, long long now_ms);

/* Whether a UPS to which that rule applied counts as lost for the host. */
bool rule_is_critical(enum ruling r);

/* What the rule says, for people. */
const char *rule_text(enum ruling r);

/* When the rules, if nothing else changes, will say something else of this UPS: the ruling then
 * and the time; MONITOR_NEVER = they will not. */
long long rules_next(const struct monitor *m, const struct policy *p, long long now_ms,
		     enum ruling *then);

struct verdict {
	bool shutdown;
	long have; /* power value that is left */
	long need; /* MINSUPPLIES */
};

struct verdict rules_decide(struct monitor *const *list, size_t count, const struct policy *p,
			    long long now_ms);

/* Appends one line, without LF, about a UPS: what is known, since when, which rule applied. */
void rules_explain(struct buffer *b, const struct monitor *m, const struct policy *p,
		   long long now_ms);

#endif
