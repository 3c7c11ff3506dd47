/*
 * tracking: what became of a SET or INSTCMD that a client wants to follow
 * (spec/net-protocol.md section 4).
 *
 * A request gets an id when it is handed to the driver and stands as PENDING
 * until the driver reports.  Entries outlive the connection that made them and
 * go after TRACKINGDELAY, or earlier when there are more than the limit
 * (the oldest first): memory is bounded whatever clients do.
 */
#ifndef SERVER_TRACKING_H
#define SERVER_TRACKING_H

#include <stdbool.h>
#include <stddef.h>

struct tracking;

enum { TRACKING_ID_SIZE = 37 }; /* 36 characters and a NUL */

struct tracking *tracking_new(size_t max_entries);
void tracking_free(struct tracking *t);

/* A new pending entry; its id (a random UUID, upper case) goes to `id`. False: no memory or no
 * randomness. */
bool tracking_begin(struct tracking *t, long long now_ms, char id[TRACKING_ID_SIZE]);

/* Takes an entry back: the request never reached the driver. */
void tracking_cancel(struct tracking *t, const char *id);

/* The driver's word (enum driverwire_result or any other number). Unknown ids are ignored. */
void tracking_finish(struct tracking *t, const char *id, long result);

/* What GET TRACKING answers: "PENDING", "SUCCESS", "ERR FAILED", ...; "ERR UNKNOWN" for an unknown
 * id. Ids are compared letter case aside. */
const char *tracking_answer(const struct tracking *t, const char *id);

/* Drops what is older than delay_s. */
void tracking_expire(struct tracking *t, long long now_ms, long delay_s);

size_t tracking_count(const struct tracking *t);

#endif
