/*
 * trial_values: values of two servers, compared again and again.
 *
 * A value that changes is read at two moments, so one look at each proves nothing:
 * ours is right if it is what the live server said before or after.  A difference is
 * lasting when several looks in a row saw it.
 */
#ifndef CLIENTS_NUTCONF_TRIAL_VALUES_H
#define CLIENTS_NUTCONF_TRIAL_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/nutconf/trial_ask.h"

/* Looks in a row, and their time: longer than a repeater takes to hear of a change. */
enum { TRIAL_LASTING = 3, TRIAL_LASTING_MS = 6000 };

struct trial_value {
	char ups[64];
	char var[128];
	unsigned looks, equal;       /* equal: how many of them */
	unsigned row;                /* looks in a row that differed, until now */
	char live[256], ours[256];   /* when they last differed; "(absent)" */
	long long since_ms, last_ms; /* wall clock: of that row, its first and last look */
	long long lasted_from_ms, lasted_to_ms; /* of the last lasting difference; 0 = none */
};

struct trial_values {
	struct trial_value *rows;
	size_t count;
};

/* One look: the live server's values before and after ours. Variables of the driver itself and of
 * the server do not count.  False: no memory. */
bool trial_values_look(struct trial_values *v, const char *ups, const struct trial_list *before,
		       const struct trial_list *ours, const struct trial_list *after,
		       long long now_ms);

bool trial_value_lasts(const struct trial_value *v); /* it differs now, for some looks */
bool trial_value_lasted(const struct trial_value *v);

/* The table in a file, written whole; 0 or an errno value. */
int trial_values_write(const struct trial_values *v, const char *path);
int trial_values_read(struct trial_values *v, const char *path);

void trial_values_free(struct trial_values *v);

#endif
