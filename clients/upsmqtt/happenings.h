/*
 * happenings: what it means that a status changed, by upsmon's names (ONBATT, LOWBATT,
 * COMMBAD ...).
 */
#ifndef CLIENTS_UPSMQTT_HAPPENINGS_H
#define CLIENTS_UPSMQTT_HAPPENINGS_H

#include <stdbool.h>
#include <stdint.h>

/* Of a device. A zeroed one knows nothing: what is seen first has not happened. */
struct happenings {
	bool known, talks;
	bool was_known_bad; /* COMMBAD was said */
	uint32_t status;
};

/* `talks`: the values are those of now; `status` is ups.status, NULL if there is none.  Calls `fn`
 * for each thing that happened. */
void happenings_look(struct happenings *h, bool talks, const char *status,
		     void (*fn)(void *arg, const char *event), void *arg);

#endif
