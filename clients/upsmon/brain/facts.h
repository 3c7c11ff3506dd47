/*
 * facts: what may be true of a UPS, as the group language names it, and the
 * events in which that changes (spec/upsmon-groups.md section 5).
 *
 * A fact is a bit.  OL is the absence of OB, COMM that of NOCOMM, None that of
 * any other word; so every event is one fact that begins or ends: `OL->OB` is
 * OB that begins, `OB->OL` OB that ends, `None->LB` LB that begins.
 */
#ifndef CLIENTS_UPSMON_FACTS_H
#define CLIENTS_UPSMON_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"

enum fact {
	FACT_OB = 1u << 0,
	FACT_NOCOMM = 1u << 1,
	FACT_ALARM = 1u << 2,
	FACT_BOOST = 1u << 3,
	FACT_BYPASS = 1u << 4,
	FACT_CAL = 1u << 5,
	FACT_CHRG = 1u << 6,
	FACT_DISCHRG = 1u << 7,
	FACT_FSD = 1u << 8,
	FACT_LB = 1u << 9,
	FACT_OFF = 1u << 10,
	FACT_OVER = 1u << 11,
	FACT_RB = 1u << 12,
	FACT_TEST = 1u << 13,
	FACT_TRIM = 1u << 14,
	FACT_ECO = 1u << 15,
	FACT_TICK = 1u << 16,
	FACT_TOCK = 1u << 17,
	FACT_LB1 = 1u << 18, /* battery.charge is at or below level 1 of this UPS */
	FACT_LB2 = 1u << 19,
	FACT_LB3 = 1u << 20,
	FACT_LS = 1u << 21, /* low supplies: too few of the group feed this host */
};
enum { FACT_COUNT = 22 };

/* The words of an event, "OL" and "OB"; false when no such event exists. Exact letter case. */
bool facts_parse_event(const char *from, const char *to, enum fact *fact, bool *begins);

/* Whether a word may stand on a side of an event at all ("None", "OL", "LB1", ...). */
bool facts_is_word(const char *word);

/* Appends "OL->OB". */
void facts_append_event(struct buffer *b, enum fact fact, bool begins);

/* "LB" for FACT_LB; NULL for what is no single fact. */
const char *facts_word(enum fact fact);

/*
 * The facts which the words of an ups.status tell, and in `order` (FACT_COUNT
 * places) those facts in the order of the words; *count of them.  Unknown words
 * are left out; OL is none.  A status with neither OL nor OB keeps OB as it was in `before`.
 */
uint32_t facts_of_status(const char *status, uint32_t before, enum fact *order, size_t *count);

#endif
