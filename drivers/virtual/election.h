/*
 * election: which of several drivers speaks for the device, and what is said
 * when none can.  Decides; the clock and what is known of the drivers are the
 * caller's.
 *
 * Each driver that has told all it knows has a rank: chosen by an admin, passing
 * the filters of status words, fresh and on line, fresh, and just alive.  The
 * best rank wins; between equals, the order in which they were named (or the
 * battery that lasts longer, see check_runtime).
 *
 * Two rules keep a restart of a driver from shutting computers down.  While the
 * drivers start (init_s), and for a while after the primary's data were lost that
 * had said OL (no_primary_s), another one whose battery is low, or that says FSD,
 * does not become primary, or one that stands in speak so, until all have fresh
 * data.  Ours are stale meanwhile.
 */
#ifndef DRIVERS_VIRTUAL_ELECTION_H
#define DRIVERS_VIRTUAL_ELECTION_H

#include <stdbool.h>
#include <stddef.h>

enum { ELECTION_MAX = 32 };

#define ELECTION_NOBODY ((size_t)-1)

struct election_rules {
	/* Words with commas between them; NULL or "" = no such filter. */
	const char *nothave_any, *have_all, *nothave_all, *have_any;
	bool strict;       /* only the first two ranks count */
	int check_runtime; /* 0 no, 1 battery.runtime, 2 battery.runtime.low, 3 both */
	long init_s, no_primary_s;
	int fallback; /* fsdmode */
};

/* What is known of a driver now. */
struct election_member {
	bool complete;           /* connected, alive, and has told all it knows */
	bool fresh;              /* and that is good */
	const char *status;      /* its ups.status; NULL = none */
	bool ignored, preferred; /* by an admin */
	bool has_runtime, has_runtime_low;
	double runtime, runtime_low;
};

enum election_rank {
	ELECTION_PREFERRED,
	ELECTION_FILTERED,
	ELECTION_ONLINE,
	ELECTION_FRESH,
	ELECTION_ALIVE,
	ELECTION_OUT, /* cannot be primary */
};

enum election_duty {
	ELECTION_SERVE,       /* the primary's data, as fresh as they are */
	ELECTION_STALE,       /* the data of the primary, the last one, or none; stale */
	ELECTION_ALARM,       /* nobody is primary: alarm */
	ELECTION_ALARM_STALE, /* ... for so long that it is known, now stale */
	ELECTION_FSD,         /* nobody is primary: alarm and FSD */
};

struct election {
	struct election_rules rules; /* borrowed texts */
	size_t primary;              /* of the last one, until there is another */

	/* private */
	bool started;
	bool was_online[ELECTION_MAX];
	long long start_ms;
	long long patience_ms; /* until then nobody is believed lightly */
	bool lost;             /* ... because a primary was lost, not because of the start */
	bool substitute;       /* the primary stands in for that one */
	long long none_ms;     /* since when there is no primary, 0: there is one */
};

enum election_rank election_rank(const struct election_rules *r, const struct election_member *m);

/* Begins with .rules set and the rest zeroed.  At each news, and once a second; count is at most
 * ELECTION_MAX and always the same. */
enum election_duty election_step(struct election *e, const struct election_member *members,
				 size_t count, long long now_ms);

#endif
