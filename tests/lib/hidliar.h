/*
 * hidliar: a HID device that lies in everything, behind the engine: bytes become
 * its report descriptor, what it answers, and what is asked of it.
 *
 * The first byte chooses the map, the second how the descriptor is made: of the
 * map's own paths, with fields of any size, or of bytes as they are.
 */
#ifndef TESTS_LIB_HIDLIAR_H
#define TESTS_LIB_HIDLIAR_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/maps/mapset.h"

struct hid_liar_counts {
	unsigned long runs, rows, polls, good, commands; /* so that a test can see that it tests */
};

/* abort() if the engine takes for a reading what is none. */
void hid_liar_run(const struct mapset *maps, const uint8_t *data, size_t size,
		  struct hid_liar_counts *counts);

#endif
