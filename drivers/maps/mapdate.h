/*
 * mapdate: dates and times as devices hold them, and as they are published
 * (YYYY/MM/DD, HH:MM:SS).
 */
#ifndef DRIVERS_MAPS_MAPDATE_H
#define DRIVERS_MAPS_MAPDATE_H

#include <stdbool.h>
#include <stddef.h>

enum mapdate {
	MAPDATE_PACKED, /* year - 1980, month, day in 7, 4 and 5 bits (HID's ManufacturerDate) */
	MAPDATE_BCD,    /* 0xMMDDYY, two decimal digits each; years from 70 are 19YY */
	MAPDATE_UNIX,   /* seconds since 1970, shown in local time */
	MAPDATE_NONE = -1
};

enum mapdate mapdate_find(const char *name);

/* Of no date (0, but for unix) "not set" is made. False: this is no date. */
bool mapdate_to_text(enum mapdate how, double value, char *dst, size_t size);

/* `clock` is the time of day, for unix. False: not YYYY/MM/DD, or it cannot be held that way. */
bool mapdate_from_text(enum mapdate how, const char *date, const char *clock, double *value);

/* The local time of day of seconds since 1970. */
bool mapdate_clock(double value, char *dst, size_t size);

#endif
