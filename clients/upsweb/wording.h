/*
 * wording: what the words of ups.status mean for people: how grave, what it is
 * called, and what has happened when one comes or goes.
 */
#ifndef CLIENTS_UPSWEB_WORDING_H
#define CLIENTS_UPSWEB_WORDING_H

#include <stdbool.h>

#include "clients/fleet/fleet.h"
#include "common/base/buffer.h"

enum wording_level { WORDING_OK, WORDING_WARN, WORDING_CRIT, WORDING_UNKNOWN };

const char *wording_level_name(enum wording_level l); /* "ok", "warn", "crit", "unknown" */

/* `known`: the UPS was in order once. */
enum wording_level wording_level(enum fleet_condition c, const char *status, bool known);

/* Calls fn for each word of the status, in words for people; unknown ones as they are. */
void wording_words(const char *status, void (*fn)(void *arg, const char *text), void *arg);

/* What has happened between the two, ", " between; nothing appended: nothing to speak of. */
void wording_change(const char *from, const char *to, struct buffer *out);

/* A condition in words: what has happened when it comes. */
const char *wording_condition(enum fleet_condition c);

/* The unit of a variable of that name ("V", "%", "s"), or NULL. */
const char *wording_unit(const char *variable);

#endif
