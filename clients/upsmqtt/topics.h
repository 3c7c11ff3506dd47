/*
 * topics: what things are called at the broker.
 *
 *   PREFIX/status                     online, offline: upsmqtt itself (last will)
 *   PREFIX/UPS/availability           online while the values are those of now
 *   PREFIX/UPS/condition              ok, stale, unreachable ...
 *   PREFIX/UPS/var/battery.charge     a variable
 *   PREFIX/UPS/state                  all of them, JSON
 *   PREFIX/UPS/event                  what happened, JSON, not retained
 *   PREFIX/UPS/command, .../set/NAME  what we are asked for
 *   PREFIX/UPS/result                 what came of it, JSON, not retained
 *
 * UPS is the id of a device (ups@host), cleaned.
 */
#ifndef CLIENTS_UPSMQTT_TOPICS_H
#define CLIENTS_UPSMQTT_TOPICS_H

#include <stdbool.h>
#include <stddef.h>

enum { TOPIC_MAX = 1024 };

/* Whether topics may begin so. */
bool topics_valid(const char *prefix);

/* Makes a text fit to be one level of a topic, in place. */
void topics_clean(char *text);

/* PREFIX, the cleaned id, and `rest` (NULL = nothing) behind. False: it is too long. */
bool topics_make(char *dst, size_t size, const char *prefix, const char *id, const char *rest);

enum topics_kind { TOPICS_OTHER, TOPICS_AVAILABILITY, TOPICS_COMMAND, TOPICS_SET };

/* Takes a topic that came apart: its device as it stands there, and the variable of TOPICS_SET. */
struct topics_parsed {
	enum topics_kind kind;
	char device[TOPIC_MAX], name[256];
};
void topics_parse(const char *prefix, const char *topic, struct topics_parsed *p);

#endif
