/*
 * apcset: what an APC Smart-UPS says it can do: the list of its commands (`a`), and
 * its capabilities (Ctrl-Z): what each setting can be set to.
 *
 * Both come from the device, as bytes that may be anything.
 */
#ifndef DRIVERS_APC_APCSET_H
#define DRIVERS_APC_APCSET_H

#include <stdbool.h>
#include <stddef.h>

enum {
	APCSET_CAPS_MAX = 40,   /* settings */
	APCSET_TEXT_MAX = 1024, /* bytes of the capabilities */
	APCSET_WIDTH_MAX = 64,  /* of one value */
	APCSET_PREFIX = 0x9f,   /* of two-byte queries */
	APCSET_LIST = 'a',      /* these are asked by: */
	APCSET_CAPABILITIES = 0x1a,
};

/* Queries and commands, by their bytes; those of two bytes by the second. */
struct apcset {
	bool one[256], two[256];
};

/* Whether a code, 0x9fNN for two bytes, is in it. */
bool apcset_has(const struct apcset *s, unsigned code);
void apcset_drop(struct apcset *s, unsigned code);

/* The answer to `a`: "3.<alerts>.<commands>[.<two-byte ones>]".  False: it is no such list. */
bool apcset_parse_list(struct apcset *s, const char *answer, size_t len);

/* Letters of a map, with `~NN` for a byte in hexadecimal.  False: not two such digits. */
bool apcset_parse_letters(struct apcset *s, const char *letters);

struct apccaps {
	struct apccap {
		unsigned char letter;
		size_t count, width, at; /* values, bytes of each, where the first is */
	} caps[APCSET_CAPS_MAX];
	size_t count;
	char text[APCSET_TEXT_MAX];
};

/*
 * The answer to Ctrl-Z.  `locale` is the last character of the firmware: groups of another one
 * are left out.  Some devices cut the answer short: groups that are whole count.
 */
void apccaps_parse(struct apccaps *c, const char *answer, size_t len, char locale);

/* What can be set by that letter, NULL: nothing. */
const struct apccap *apccaps_find(const struct apccaps *c, unsigned code);

/* One of its values, without blanks at the end. */
void apccaps_value(const struct apccaps *c, const struct apccap *cap, size_t index,
		   char value[APCSET_WIDTH_MAX + 1]);

#endif
