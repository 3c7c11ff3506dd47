/*
 * hid_file: a recorded HID device, as the files of ../shared/facts/hid-devices
 * have it: a report descriptor, reports as they came, strings, and what another
 * driver published from them.
 */
#ifndef TESTS_UNIT_HID_FILE_H
#define TESTS_UNIT_HID_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HID_FILE_BYTES = 4096, HID_FILE_REPORT = 64, HID_FILE_VALUES = 128 };

struct hid_file_value {
	char name[64], value[128];
};

struct hid_file {
	uint8_t descriptor[HID_FILE_BYTES];
	size_t descriptor_len;
	uint8_t reports[4][256][HID_FILE_REPORT]; /* by type and number */
	size_t lens[4][256];
	char strings[256][128];
	struct hid_file_value values[HID_FILE_VALUES];
	size_t value_count;
};

/* False: it cannot be read. */
bool hid_file_read(struct hid_file *f, const char *path);

/* What was published under that name, or NULL. */
const char *hid_file_value(const struct hid_file *f, const char *name);

/* Functions for struct hid_io; `arg` is the file. */
int hid_file_get_report(void *arg, int type, uint8_t report, uint8_t *buf, size_t size);

#endif
