/*
 * qxusb: queries and answers wrapped in USB, in one of many ways.
 *
 * Which way a device wants is data: MATCH lines of data/maps/nutdrv_qx/usb.map, whose
 * quirk is the name of a carrier; the option `subdriver` names one, too.
 */
#ifndef DRIVERS_QX_QXUSB_H
#define DRIVERS_QX_QXUSB_H

#include "drivers/maps/mapset.h"
#include "drivers/qx/carrier.h"
#include "drivers/transport/usb.h"

/* Rows for a driver's table of options; USB_FIND_OPTIONS belong to them. */
#define QX_USB_OPTIONS                                                                             \
	{.name = "subdriver",                                                                      \
	 .argument = "name",                                                                       \
	 .help = "how to talk to it over USB; needs vendorid and productid"},                      \
		{.name = "langid_fix",                                                             \
		 .argument = "hex",                                                                \
		 .help = "language of the texts that carry answers, 0x409 or 0x4095"},             \
	{                                                                                          \
		.name = "noscanlangid", .help = "do not search for that language"                  \
	}

struct qx_usb;

/* Finds, opens and claims a device, by the usb.map in `maps`; returns what open() is to return. */
enum driver_result qx_usb_open(struct core *c, const struct mapset *maps, struct qx_usb **out);
void qx_usb_close(struct qx_usb *u); /* NULL is fine */

/* Good for as long as `u`. */
struct carrier qx_usb_carrier(struct qx_usb *u);

const struct usb_identity *qx_usb_identity(const struct qx_usb *u);

/* "cypress" ... */
const char *qx_usb_name(const struct qx_usb *u);

/* True if the device's way of talking leaves only this protocol, "" = any. */
const char *qx_usb_protocol(const struct qx_usb *u);

#endif
