/*
 * nisreply: what an apcupsd answers to "status", taken apart.
 *
 * The answer is a row of records, each with its length in two bytes in front, high
 * byte first; a length of 0 ends it.  A record is a line "KEY      : value".  Nothing
 * of an answer is of use before its end has come.
 */
#ifndef DRIVERS_APCUPSD_NISREPLY_H
#define DRIVERS_APCUPSD_NISREPLY_H

#include <stddef.h>

#include "common/base/buffer.h"

enum {
	NISREPLY_RECORDS_MAX = 128, /* apcupsd has about 60 */
	NISREPLY_LINE_MAX = 512,    /* bytes of a record; those of apcupsd are below 100 */
	NISREPLY_KEY_MAX = 24,
	NISREPLY_VALUE_MAX = 256,
};

enum nisreply_result {
	NISREPLY_MORE,
	NISREPLY_WHOLE,
	NISREPLY_BAD, /* this is no apcupsd, or we are out of step with it */
};

/* A zeroed struct is the beginning of an answer; it owns nothing. */
struct nisreply {
	struct nisreply_record {
		char key[NISREPLY_KEY_MAX], value[NISREPLY_VALUE_MAX];
	} records[NISREPLY_RECORDS_MAX];
	size_t count; /* that have a key: others are passed over */
	size_t seen;
};

/* Takes the records that are complete off the front of `in`.  Behind NISREPLY_WHOLE `in` has what
 * came after the answer. */
enum nisreply_result nisreply_take(struct nisreply *r, struct buffer *in);

/* The value without blanks at its ends; NULL: the answer has no such key, or "N/A" behind it. */
const char *nisreply_value(const struct nisreply *r, const char *key);

#endif
