/*
 * status: the words of ups.status as a set of bits (spec/status.tsv).
 */
#ifndef COMMON_UPS_STATUS_H
#define COMMON_UPS_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"

enum status_bit {
	STATUS_OL = 1u << 0,
	STATUS_OB = 1u << 1,
	STATUS_LB = 1u << 2,
	STATUS_HB = 1u << 3,
	STATUS_RB = 1u << 4,
	STATUS_CHRG = 1u << 5,
	STATUS_DISCHRG = 1u << 6,
	STATUS_BYPASS = 1u << 7,
	STATUS_CAL = 1u << 8,
	STATUS_OFF = 1u << 9,
	STATUS_OVER = 1u << 10,
	STATUS_TRIM = 1u << 11,
	STATUS_BOOST = 1u << 12,
	STATUS_FSD = 1u << 13,
	STATUS_ALARM = 1u << 14,
	STATUS_ECO = 1u << 15,
	STATUS_WAIT = 1u << 16,
};

/* The known words of a status text, whole words, letter case aside. Unknown words are appended to
 * `others` (if not NULL), separated by one space, each once. */
uint32_t status_parse(const char *text, struct buffer *others);

/* One word's bit, 0 if unknown; and a bit's word. */
uint32_t status_bit_of(const char *word, size_t len);
const char *status_word(enum status_bit bit);

/*
 * A status text under construction, words unique and in the order in which
 * they came; unknown words are kept.  `ALARM` is put first (spec/driver-socket.md 6).
 */
struct status_text {
	struct buffer words;
	bool alarm;
};
void status_text_begin(struct status_text *s);
/* Several words in one text are split. */
bool status_text_add(struct status_text *s, const char *word);
bool status_text_has(const struct status_text *s, const char *word);
void status_text_remove(struct status_text *s, const char *word);
const char *status_text_string(struct status_text *s); /* borrowed; frees nothing */
void status_text_free(struct status_text *s);

#endif
