/* Where libusb is not there. */
#include "config.h"

#include "common/base/log.h"
#include "drivers/qx/qxusb.h"

enum driver_result qx_usb_open(struct core *c, const struct mapset *maps, struct qx_usb **out)
{
	(void)maps;
	(void)out;
	log_error("qx", "%s: this driver was built without USB; set port to a serial line",
		  core_ups(c));
	return DRIVER_FATAL;
}

void qx_usb_close(struct qx_usb *u)
{
	(void)u;
}

struct carrier qx_usb_carrier(struct qx_usb *u)
{
	return (struct carrier){.arg = u};
}

const struct usb_identity *qx_usb_identity(const struct qx_usb *u)
{
	(void)u;
	return NULL;
}

const char *qx_usb_name(const struct qx_usb *u)
{
	(void)u;
	return "";
}

const char *qx_usb_protocol(const struct qx_usb *u)
{
	(void)u;
	return "";
}
