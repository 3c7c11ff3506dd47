/*
 * usbliar: in the place of the transport, an adapter that says what a script says: for
 * tests and fuzz targets of the carriers of nutdrv_qx.  It stands for the few functions
 * of the driver core that they call, too, and is linked instead of both.
 *
 * Each transfer from the device takes a byte of the script: a length, and that many bytes
 * follow; 255 it is gone, 254 it refuses, 253 nothing came in time, 252 it failed.  After
 * its end nothing comes in time.
 */
#ifndef TESTS_LIB_USBLIAR_H
#define TESTS_LIB_USBLIAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usbliar {
	const uint8_t *script;
	size_t left;
	bool endless;     /* after its end come packets of zeros, for ever */
	bool empty;       /* these have no bytes */
	size_t packet;    /* the size that it says its packets have */
	unsigned in, out; /* transfers */
	unsigned in_most; /* so many of one answer are an endless loop; 0: nobody looks */
};

extern struct usbliar usbliar;

#endif
