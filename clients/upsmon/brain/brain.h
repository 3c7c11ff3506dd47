/*
 * brain: what upsmon knows, decides and orders, without the world.
 *
 * Readings and losses go in; notices, rules with their timers, and the
 * shutdown sequence come out, as acts of its owner.  It knows no network, no
 * process and no clock: the caller says what time it is, in milliseconds of
 * any clock that only goes forward.  The engine drives it with real servers,
 * rehearse.c and the simulation tests with played ones in virtual time.
 *
 * A classic configuration shuts the host down by rules.c; one in the group
 * language by its own rules only.
 */
#ifndef CLIENTS_UPSMON_BRAIN_H
#define CLIENTS_UPSMON_BRAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/conf/conf.h"
#include "clients/upsmon/notify/delivery.h"
#include "clients/upsmon/brain/monitor.h"
#include "clients/upsmon/brain/shutdown.h"
#include "common/base/buffer.h"

struct brain;

/* `ups` is a place in the configuration.  None of these may call back at once. */
struct brain_acts {
	/* Everything that people or scripts get, log lines of rules included. */
	void (*deliver)(void *arg, const struct delivery *d);
	/* Sends FSD; in a shutdown the answer goes to brain_fsd_answered(). False: cannot be sent.
	 */
	bool (*send_fsd)(void *arg, size_t ups);
	/* Asks how many others are logged in; to brain_logins_answered(). False: cannot be asked.
	 */
	bool (*ask_logins)(void *arg, size_t ups);
	/* A shutdown is decided; `command` will run in so many seconds at the latest. */
	void (*decided)(void *arg, int command, long limit_s);
	/* Starts the hooks, which may take so many seconds; to brain_hooks_ended(). */
	void (*run_hooks)(void *arg, long limit_s);
	/* Writes POWERDOWNFLAG and runs the command. */
	void (*execute)(void *arg, int command);
	/* Sends a magic packet; `target` as in conf_wake. */
	void (*wake)(void *arg, const char *target);
};

/* `acts` and `arg` are borrowed for ever. NULL: no memory. */
struct brain *brain_new(const struct brain_acts *acts, void *arg, long long now_ms);
void brain_free(struct brain *b);

/*
 * Takes a configuration, borrowed until the next one is taken; UPSes of the
 * same system keep what is known of them, and their timers.  False: no memory
 * (nothing has changed).
 */
bool brain_adopt(struct brain *b, const struct upsmon_conf *conf, long long now_ms);

/* After the first configuration: rules for `TIMEOUT start` are due in a second. */
void brain_begin(struct brain *b, long long now_ms);

void brain_read(struct brain *b, size_t ups, const struct monitor_reading *r, long long now_ms);
void brain_lose(struct brain *b, size_t ups, long long now_ms);
/* A sign of life which says that the last reading holds (`heard_ms` may lie before now). */
void brain_heard(struct brain *b, size_t ups, long long heard_ms);
/* The server took our FSD. */
void brain_fsd_set(struct brain *b, size_t ups);

/* To be called when brain_due_ms() has come, and about once a second. */
void brain_turn(struct brain *b, long long now_ms);
/* When something is due by itself, now or before that: at once; MONITOR_NEVER = nothing. */
long long brain_due_ms(const struct brain *b);

/* A notice that concerns no UPS ("" and `extra`, which may be NULL), or one. */
void brain_tell(struct brain *b, enum notice n, const char *ups, const char *extra);

/*
 * Rehearses what people would be told: a notify type ("ONBATT"), or an event of
 * the group language ("OL->OB", "TO->name").  `ups` NULL = the first one.  No timer is
 * started, no FSD set, nothing shut down.  False: there is no such thing; either way `answer` gets
 * a line about it.
 */
bool brain_test(struct brain *b, const char *what, const char *ups, struct buffer *answer,
		long long now_ms);

/* All readings are obsolete: the host slept. They are known again as they come in; timers of rules
 * wait for that, up to 15 s. */
void brain_forget(struct brain *b, long long now_ms);

/* A shutdown by hand, whatever the rules say. */
void brain_force(struct brain *b, const char *why, long long now_ms);

/* No decision any more, whatever comes: we were told to stop. */
void brain_stop(struct brain *b);

/* `set`: it is; otherwise it never will be. */
void brain_fsd_answered(struct brain *b, bool set, long long now_ms);
/* A link is up anew.  True: a shutdown is under way for which its UPS has to have FSD; the server
 * may not know that. */
bool brain_link_up(struct brain *b, size_t ups, long long now_ms);
void brain_logins_answered(struct brain *b, long others, long long now_ms);
void brain_hooks_ended(struct brain *b, long long now_ms);

const struct monitor *brain_monitor(const struct brain *b, size_t ups);
enum shutdown_phase brain_phase(const struct brain *b);

/* Appends what is known, which timers run, and what will happen next if nothing changes: lines of
 * text, or one JSON object. */
void brain_describe(const struct brain *b, struct buffer *out, bool json, long long now_ms);

/*
 * What a brain knows as lines of words, so that another process can go on where
 * this one ended.  `passed_ms` is the time between the two: nobody watched, so
 * running timers have gone on.  What does not fit the configuration is left out.
 */
void brain_save(struct brain *b, struct buffer *out, long long now_ms);
/* Whether something has happened since it was saved last, or a UPS is on battery, so that it
 * matters when it was heard. */
bool brain_wants_keeping(const struct brain *b);
void brain_restore(struct brain *b, const char *text, long long passed_ms, long long now_ms);

#endif
