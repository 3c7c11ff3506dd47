/*
 * device: what stands in a section of ups.conf, as a scan or a person gives it:
 * driver, port, and further keys.
 */
#ifndef CLIENTS_NUTCONF_DEVICE_H
#define CLIENTS_NUTCONF_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/nutconf/lineedit.h"

enum { DEVICE_KEYS_MAX = 32, DEVICE_TEXT_MAX = 512, DEVICES_MAX = 64 };

struct device_setting {
	char *key;
	char *value; /* NULL = a flag */
};

struct device {
	char kind[16]; /* the bus that it was found on: "USB"; "" = not found by a scan */
	struct device_setting settings[DEVICE_KEYS_MAX]; /* driver and port among them */
	size_t count;
};

/* NULL: it has no such key, or it is a flag. */
const char *device_get(const struct device *d, const char *key);

/* Sets a key, taking the place of an older value; false: no memory, no room, or control characters.
 */
bool device_set(struct device *d, const char *key, const char *value);

void device_remove(struct device *d, const char *key);

void device_free(struct device *d);

/*
 * Takes `driver=..., port="a, b",flag`: pairs separated by commas, values quoted
 * where a comma is in them, backslashes before " and \.  False: that is not what
 * it is, or driver or port is missing; *why is a constant.
 */
bool device_parse(struct device *d, const char *text, const char **why);

/* The same with a bus before it, as nut-scanner -P prints: `USB:driver=...`. */
bool device_parse_scan(struct device *d, const char *line);

/* Writes the section; of what was there, only the keys of the device change. */
bool device_write(const struct device *d, struct lineedit *e, const char *section);

/* A name for people: "Eaton 5E 850i, serial 123 (usbhid-ups)", as far as it is known. */
void device_describe(const struct device *d, char *text, size_t size);

#endif
