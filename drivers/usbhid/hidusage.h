/*
 * hidusage: usages by their names, and the paths of fields as text.
 *
 * A path is the names of usages with points between them, the outermost first.
 * In place of a name there may be `[n]`, n decimal, for an indexed collection
 * (usage 0x00ff0000 + n), or hexadecimal digits: a usage of 32 bits.  The
 * names come from the USAGE lines of maps; of two with the same name, or the
 * same usage, the one added first counts.  Letter case does not matter.
 */
#ifndef DRIVERS_USBHID_HIDUSAGE_H
#define DRIVERS_USBHID_HIDUSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/usbhid/hiddesc.h"

enum {
	HID_MAX_USAGE_NAME = 64,
	HID_MAX_PATH_TEXT = HID_MAX_PATH * (HID_MAX_USAGE_NAME + 1),
};

struct hid_usages; /* a table */

struct hid_usages *hid_usages_new(void);
void hid_usages_free(struct hid_usages *u);

/* False: no memory, or a name that cannot stand in a path. */
bool hid_usages_add(struct hid_usages *u, const char *name, uint32_t usage);

/* NULL = no name is known. */
const char *hid_usages_name(const struct hid_usages *u, uint32_t usage);

/* One part of a path, `len` bytes of text. */
bool hid_usages_find(const struct hid_usages *u, const char *name, size_t len, uint32_t *usage);

/*
 * Reads a path; `path` has room for HID_MAX_PATH.  Returns its depth, or 0 when
 * a part of it is no usage; *bad is that part then (NULL = too long).
 */
unsigned hid_path_parse(const struct hid_usages *u, const char *text, uint32_t *path,
			const char **bad);

/* Writes a path; a usage without a name in 8 hexadecimal digits. */
void hid_path_format(const struct hid_usages *u, const uint32_t *path, unsigned depth, char *text,
		     size_t size);

#endif
