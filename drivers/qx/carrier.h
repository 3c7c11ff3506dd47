/*
 * carrier: how a query reaches a device of the Megatec kind, and how its answer
 * comes back: over a serial line, or wrapped in one of many ways in USB.
 */
#ifndef DRIVERS_QX_CARRIER_H
#define DRIVERS_QX_CARRIER_H

#include <stddef.h>

#include "drivers/core/driver.h"

enum { CARRIER_ANSWER_MAX = 512 };

enum carrier_result {
	CARRIER_OK,      /* an answer came */
	CARRIER_SILENCE, /* none came in time */
	CARRIER_REFUSED, /* the carrier says that the device has no such query */
	CARRIER_FAILED,  /* it could not be sent, or what came is not whole */
	CARRIER_GONE,
	CARRIER_ENDING, /* the process is to end */
};

struct carrier_query {
	const char *text; /* as it is sent, its end included */
	size_t length;
	int end; /* the byte that ends the answer */
	int timeout_ms;
};

struct carrier {
	/* Drops what came late, sends, and takes the answer: at most `size` bytes, the end included
	 * if it came. */
	enum carrier_result (*ask)(void *arg, const struct carrier_query *q, char *answer,
				   size_t size, size_t *got);
	/* An answer that has to come did not: waits a while for it, and drops it.  May be NULL. */
	void (*settle)(void *arg);
	void *arg;
};

#endif
