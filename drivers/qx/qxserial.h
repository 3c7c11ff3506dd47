/*
 * qxserial: queries and answers over a serial line.
 */
#ifndef DRIVERS_QX_QXSERIAL_H
#define DRIVERS_QX_QXSERIAL_H

#include "drivers/qx/carrier.h"

/* Rows for a driver's table of options. */
#define QX_SERIAL_OPTIONS                                                                          \
	{.name = "cablepower",                                                                     \
	 .argument = "lines",                                                                      \
	 .help = "normal (DTR), reverse (RTS), both or none"},                                     \
	{                                                                                          \
		.name = "baudrate", .argument = "baud", .help = "2400", .min = 300, .max = 115200  \
	}

struct qx_serial;

/* Opens core_port() and powers the cable; returns what open() is to return. */
enum driver_result qx_serial_open(struct core *c, struct qx_serial **out);
void qx_serial_close(struct qx_serial *s); /* NULL is fine */

/* Good for as long as `s`. */
struct carrier qx_serial_carrier(struct qx_serial *s);

#endif
