/*
 * ups: one served device (its state, driver link, logins, FSD latch and
 * subscribers), and the set of all of them.
 */
#ifndef SERVER_UPS_H
#define SERVER_UPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "common/net/loop.h"
#include "common/ups/netwire.h"
#include "common/ups/state.h"
#include "server/conf.h"
#include "common/ups/driverlink.h"
#include "server/nametable.h"
#include "server/rendered.h"

struct session;
struct subscription;
struct tracking;
LIST_HEAD(session_list, session);
LIST_HEAD(subscription_list, subscription);

struct ups {
	struct upses *set;
	char *name; /* as in ups.conf */
	char *driver;
	char *desc; /* NULL: none */
	char **aliases;
	size_t alias_count;
	struct state *state;
	struct driverlink link;
	enum netwire_availability availability; /* as last looked at */
	bool fsd;                               /* latched until upsd ends or the UPS is removed */
	unsigned login_count;
	struct session_list logins; /* most recent first */
	struct subscription_list subscriptions;
	struct loop_deferred flush; /* pending while there are changes to tell */
	bool dirty;
	struct rendered *list_var;
};

/* What all UPSes need from their surroundings. */
struct upses {
	struct loop *loop;
	struct tracking *tracking;
	struct rendered_cache *cache;
	struct ups **list; /* in the order of ups.conf */
	size_t count;
	struct nametable names; /* names and aliases */
	struct rendered *list_ups;
	uint64_t revision; /* grows with every change of the configuration */
};

/*
 * Brings the set from one configuration to the next: adds, removes, moves to
 * another driver, renames.  A removed UPS takes its logged-in clients with it
 * and tells its subscribers.  False: no memory, the set is as before.
 */
bool upses_apply(struct upses *set, const struct upsd_conf *before, const struct upsd_conf *after);

/* Frees all, without a word to anybody. */
void upses_free(struct upses *set);

struct ups *upses_find(const struct upses *set, const char *name);

/* Once a second. */
void upses_tick(struct upses *set, long long now_ms, long maxage_s);

/*
 * Tells subscribers what has changed so far.  Called before a command about
 * this UPS is answered, so that no answer is ahead of the events.
 */
void ups_flush(struct ups *ups);

/* Sets the FSD latch. */
void ups_force_shutdown(struct ups *ups);

/* Appends the value that clients see, in quotes: ups.status has `FSD ` in front while latched. */
void ups_append_value(const struct ups *ups, const struct state_var *var, struct buffer *out);

#endif
