/*
 * brain_play: upsmon's brain on a stage: a configuration, UPSes that say what
 * the test wants, virtual time, and a record of all that was ordered.
 */
#ifndef TESTS_UNIT_BRAIN_PLAY_H
#define TESTS_UNIT_BRAIN_PLAY_H

#include <stdbool.h>

#include "clients/upsmon/brain/brain.h"

enum { BRAIN_PLAY_UPSES = 8 };

/* A group with the UPS `desk`, primary, behind which rules are written. */
#define PLAY_DESK                                                                                  \
	"GROUP LOCAL CERTFILE '' MONITOR desk POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n"

enum brain_pace {
	BRAIN_USUAL, /* asked when it wants to be, and once a second */
	BRAIN_LAZY,  /* only when it wants to be */
	BRAIN_DENSE, /* every 50 ms, whatever it wants */
};

struct brain_play {
	struct upsmon_conf conf;
	struct brain *brain;
	long long began_ms, now_ms;
	/* "PRINT text; EXECUTE 0", in order; LOG has its priority behind it, MAIL all that it has.
	 */
	struct buffer said;
	bool timed; /* each with its second before it, "12.5 PRINT text" */
	bool quiet; /* deliveries are not recorded */
	enum brain_pace pace;
	bool deaf;                /* FSD and LOGINS cannot be sent */
	bool mute;                /* nor are they answered */
	long others;              /* how many secondaries the answer tells */
	long hooks_s;             /* how long hooks run; -1 = for ever */
	long long hooks_until_ms; /* 0 = they do not run */
	size_t fsd_pending, logins_pending;
	bool heard[BRAIN_PLAY_UPSES]; /* its last reading holds, as its server tells all the time */
};

/* Reads the configuration, either language; fails the test (abort) if there is an error in it. */
void brain_play_conf(struct upsmon_conf *conf, const char *text);

/* A brain at the beginning of that configuration. */
void brain_play_begin(struct brain_play *p, const char *text);
void brain_play_end(struct brain_play *p);

/* Another process goes on `passed_ms` later; what the first one knew is handed on. */
void brain_play_restart(struct brain_play *p, long long passed_ms);

/* The configuration is read again. */
void brain_play_reload(struct brain_play *p, const char *text);

/* A reading of the UPS at that place; charge and runtime may be NULL. */
void brain_play_read(struct brain_play *p, size_t ups, const char *status);
void brain_play_values(struct brain_play *p, size_t ups, const char *status, const char *charge,
		       const char *runtime);
/* Heard until this moment, or no more since the last step. */
void brain_play_lose(struct brain_play *p, size_t ups);

/* Time goes by.  Fails the test if the brain wants to be asked without end. */
void brain_play_pass(struct brain_play *p, double seconds);

/* What was ordered since the last look; the record is empty then. Fails the test if it differs. */
void brain_play_expect(struct brain_play *p, const char *said);

#endif
