#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/core/driver.h"
#include "drivers/transport/usb.h"
#include "tests/lib/usbliar.h"

struct usbliar usbliar;

static enum usb_result say(void *data, size_t size, size_t *got)
{
	struct usbliar *l = &usbliar;
	size_t len;

	if (++l->in > l->in_most && l->in_most > 0)
		abort();
	if (got)
		*got = 0;
	if (l->left == 0 && l->endless) {
		len = l->empty ? 0 : size < 8 ? size : 8;
		memset(data, 0, len);
		if (got)
			*got = len;
		return USB_OK;
	}
	if (l->left == 0)
		return USB_TIMEOUT;
	len = *l->script++;
	l->left--;
	if (len >= 252)
		return len == 255   ? USB_GONE
		       : len == 254 ? USB_STALL
		       : len == 253 ? USB_TIMEOUT
				    : USB_FAILED;
	len = len < l->left ? len : l->left;
	len = len < size ? len : size;
	memcpy(data, l->script, len);
	l->script += len;
	l->left -= len;
	if (got)
		*got = len;
	return USB_OK;
}

static enum usb_result take(const void *data, size_t size, size_t *got)
{
	const uint8_t *bytes = data;
	unsigned sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += bytes[i]; /* so that a sanitizer sees them read */
	usbliar.out += 1 + (sum & 0);
	if (got)
		*got = size;
	return USB_OK;
}

enum usb_result usb_control(struct usb *u, const struct usb_request *r, void *data, size_t size,
			    size_t *got, int timeout_ms)
{
	(void)u, (void)timeout_ms;
	return r->type & 0x80 ? say(data, size, got) : take(data, size, got);
}

enum usb_result usb_read(struct usb *u, void *data, size_t size, size_t *got, int timeout_ms)
{
	(void)u, (void)timeout_ms;
	return say(data, size, got);
}

enum usb_result usb_write(struct usb *u, const void *data, size_t size, size_t *got, int timeout_ms)
{
	(void)u, (void)timeout_ms;
	return take(data, size, got);
}

unsigned usb_overflows(const struct usb *u)
{
	(void)u;
	return 0;
}

void usb_reset(struct usb *u)
{
	(void)u;
}

size_t usb_packet_size(const struct usb *u)
{
	(void)u;
	return usbliar.packet;
}

/* Never called: no adapter is looked for. */

enum driver_result usb_open(struct core *c, const struct usb_finder *f, void *arg, struct usb **out)
{
	(void)c, (void)f, (void)arg, (void)out;
	abort();
}

void usb_close(struct usb *u)
{
	(void)u;
}

const struct usb_identity *usb_identity(const struct usb *u)
{
	(void)u;
	abort();
}

const char *core_ups(const struct core *c)
{
	(void)c;
	return "ups";
}

const char *core_option(const struct core *c, const char *name)
{
	(void)c, (void)name;
	return NULL;
}

bool core_flag(const struct core *c, const char *name)
{
	(void)c, (void)name;
	return false;
}

bool core_wait(struct core *c, int ms)
{
	(void)c, (void)ms;
	return true;
}
