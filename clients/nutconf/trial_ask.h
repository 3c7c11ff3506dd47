/*
 * trial_ask: what a upsd says of its UPSes, asked by one connection each time.
 */
#ifndef CLIENTS_NUTCONF_TRIAL_ASK_H
#define CLIENTS_NUTCONF_TRIAL_ASK_H

#include <stdbool.h>
#include <stddef.h>

struct trial_server {
	char host[256];
	unsigned port;
};

struct trial_pair {
	char *name, *value;
};

/* A list that owns its texts; a zeroed one is empty. */
struct trial_list {
	struct trial_pair *items;
	size_t count;
};

void trial_list_free(struct trial_list *l);
bool trial_list_add(struct trial_list *l, const char *name, const char *value);
const char *trial_list_find(const struct trial_list *l, const char *name); /* NULL: not there */

/* The text of an error, "" after success; valid until the next call. */
const char *trial_ask_error(void);

/* All UPSes, with their descriptions. */
bool trial_ask_upses(const struct trial_server *s, struct trial_list *out);

/* All variables of one. */
bool trial_ask_values(const struct trial_server *s, const char *ups, struct trial_list *out);

/* ups.status alone. */
bool trial_ask_status(const struct trial_server *s, const char *ups, char *dst, size_t size);

/* Addresses of those that are logged in; value is "". */
bool trial_ask_clients(const struct trial_server *s, const char *ups, struct trial_list *out);

/* What can be done with it: commands, and what can be set with its type, as `SET name` and
 * `COMMAND name`. */
bool trial_ask_abilities(const struct trial_server *s, const char *ups, struct trial_list *out);

#endif
