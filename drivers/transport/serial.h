/*
 * serial: a serial line for a driver: opened, locked, written, read.
 *
 * All of it runs on the driver's main stack and waits through the core, so that
 * the driver's socket is served while a device is silent.  Nothing here may be
 * called from a callback of the loop.
 */
#ifndef DRIVERS_TRANSPORT_SERIAL_H
#define DRIVERS_TRANSPORT_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/core/driver.h"

struct serial; /* one open line */

enum serial_result {
	SERIAL_OK,
	SERIAL_TIMEOUT, /* not all of it came, or went, in time */
	SERIAL_FAILED,  /* the system refused */
	SERIAL_GONE,    /* the port is not there any more: close, then open again */
	SERIAL_ENDING,  /* the process is to end: return soon */
};

/* "timeout", "gone" ..., for logs. */
const char *serial_result_name(enum serial_result r);

/* What open() and poll() return after it: OK, FAILED or LOST. */
enum driver_result serial_driver_result(enum serial_result r);

enum serial_parity { SERIAL_NONE, SERIAL_ODD, SERIAL_EVEN };

struct serial_settings {
	long baud;      /* 2400: one of the usual ones */
	unsigned bits;  /* 5 to 8; 0 = 8 */
	unsigned stops; /* 1 or 2; 0 = 1 */
	enum serial_parity parity;
	bool no_lock; /* nolock: another program may use the port, too */
};

/*
 * Opens the port raw, without a controlling terminal, modem lines ignored, and
 * takes its lock.  Logs why not, once for each reason, and returns what open()
 * is to return: FAILED, as it may be plugged in or freed later, FATAL for a
 * path that is no serial port, or a speed that there is none of.
 */
enum driver_result serial_open(struct core *c, const char *path, const struct serial_settings *how,
			       struct serial **out);

/* Whatever was not yet sent is dropped.  NULL is fine. */
void serial_close(struct serial *s);

/* Another speed, for devices that have to be searched for. */
enum serial_result serial_speed(struct serial *s, long baud);

/* ---------------------------------------------------------------------------- modem lines */

enum serial_line {
	SERIAL_DTR = 1, /* these are ours, and SERIAL_ST */
	SERIAL_RTS = 2,
	SERIAL_CTS = 4, /* the others are the device's */
	SERIAL_DCD = 8,
	SERIAL_DSR = 16,
	SERIAL_RI = 32,
	SERIAL_ST = 64, /* a second way to send, which few ports have */
};

/* Raises those of ours that are in `lines`, drops the others. */
enum serial_result serial_set_lines(struct serial *s, unsigned lines);
enum serial_result serial_get_lines(struct serial *s, unsigned *lines);

/* Holds the line in break for that time. */
enum serial_result serial_break(struct serial *s, int ms);

/* --------------------------------------------------------------------------------- bytes */

/* Sends all of it; `pace_ms` is waited after each byte (0: at once), for devices that drop some. */
enum serial_result serial_write(struct serial *s, const void *data, size_t size, int pace_ms);

/*
 * Reads up to and with the byte `end`, or until there is no room (SERIAL_OK, without
 * it).  *got counts what came, with SERIAL_TIMEOUT too.  `timeout_ms` is for all of it.
 */
enum serial_result serial_read_until(struct serial *s, int end, void *dst, size_t size, size_t *got,
				     int timeout_ms);

/* Reads exactly that many bytes; *got tells how many it was, if there were fewer. */
enum serial_result serial_read(struct serial *s, void *dst, size_t size, size_t *got,
			       int timeout_ms);

/*
 * Calls `fn`, from the loop and once, when something comes or the line breaks before the
 * next read or write, which ends it.  It may only take note: core_poll_now().
 */
enum serial_result serial_listen(struct serial *s, void (*fn)(void *arg), void *arg);

/* Drops what has come and was not read. */
enum serial_result serial_flush(struct serial *s);

#endif
