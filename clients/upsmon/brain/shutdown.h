/*
 * shutdown: the order of events once a shutdown is decided
 * (spec/upsmon.md section 7).
 *
 *   FSD to every UPS whose primary we are (all at once, at most 5 s)
 *   -> wait until no secondary is logged in, at most HOSTSYNC
 *   -> SHUTDOWN notice, FINALDELAY, meanwhile the hooks, at most for their time
 *   -> POWERDOWNFLAG and SHUTDOWNCMD, by the privileged parent
 *
 * A host that is nobody's primary begins with the third step.  There is no way
 * back: FSD is latched in upsd, so secondaries go down whatever happens.  The
 * sequence knows no network and no clock: its owner does the acts, brings the
 * answers, and says what time it is.
 */
#ifndef CLIENTS_UPSMON_SHUTDOWN_H
#define CLIENTS_UPSMON_SHUTDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/brain/notice.h"
#include "clients/upsmon/brain/policy.h"

enum shutdown_phase {
	SHUTDOWN_IDLE, /* nothing is decided */
	SHUTDOWN_FSD,
	SHUTDOWN_SYNC,
	SHUTDOWN_FINAL,
	SHUTDOWN_RUN, /* the command was asked for */
};

enum {
	SHUTDOWN_FSD_LIMIT_MS = 5000, /* a upsd that does not answer shall not cost the battery */
	SHUTDOWN_COUNT_MS = 5000,     /* for a server that took FSD to count the secondaries */
	SHUTDOWN_DOUBT_MS = 10000,    /* in which secondaries find a server again */
	SHUTDOWN_ASK_MS = 250,        /* pause between two counts of the secondaries */
};

/* `i` counts the UPSes whose primary we are, from 0. None of these may call back at once. */
struct shutdown_acts {
	/* Sends FSD; the answer goes to shutdown_fsd_answered(). False: cannot be sent. */
	bool (*send_fsd)(void *arg, size_t i);
	/* Asks how many others are logged in; to shutdown_logins_answered(). False: cannot. */
	bool (*ask_logins)(void *arg, size_t i);
	void (*tell)(void *arg, enum notice n);
	/* Writes POWERDOWNFLAG and runs SHUTDOWNCMD. */
	void (*execute)(void *arg);
	/* Starts the hooks; the end goes to shutdown_hooks_ended(). Returns how many seconds they
	 * may take, 0 = there are none, or no time for them.  NULL: never any. */
	long (*start_hooks)(void *arg);
};

struct shutdown {
	const struct shutdown_acts *acts;
	void *arg;
	size_t primaries;
	enum shutdown_phase phase;
	long hostsync, final_delay; /* seconds */
	long long since_ms;         /* when the phase began */
	long long ask_ms;           /* when the secondaries are counted next */
	size_t pending;             /* answers that are awaited */
	long others;                /* most secondaries of one UPS in this count */
	bool fsd_set;               /* at one UPS at least: secondaries know */
	bool unsure;                /* this count may lack some */
	bool hostsync_told;
	long long doubt_ms;       /* until then a count of none is not believed */
	long long hooks_until_ms; /* they are waited for until then; 0 = they are not */
};

/* A zeroed struct is idle. Begins, once; `acts` is borrowed for ever. */
void shutdown_begin(struct shutdown *s, const struct shutdown_acts *acts, void *arg,
		    size_t primaries, const struct policy *p, long long now_ms);

/* The seconds after which the command runs at the latest. */
long shutdown_limit_s(const struct policy *p);

/* One FSD was answered, or never will be. */
void shutdown_fsd_answered(struct shutdown *s, bool set, long long now_ms);

/* One count: logins apart from our own; < 0 = unknown, which is none unless there were some before,
 * or the server took FSD a moment ago. */
void shutdown_logins_answered(struct shutdown *s, long others, long long now_ms);

void shutdown_hooks_ended(struct shutdown *s, long long now_ms);

/* The battery lasts no longer than that: hooks that still run then are left behind. */
void shutdown_limit_hooks(struct shutdown *s, long long until_ms);

/* A server is new, or was out of reach: secondaries that it does not count yet may be at work. */
void shutdown_doubt(struct shutdown *s, long long now_ms);

/* To be called when that time has come; -1 = nothing happens by itself. */
void shutdown_tick(struct shutdown *s, long long now_ms);
long long shutdown_due_ms(const struct shutdown *s);

#endif
