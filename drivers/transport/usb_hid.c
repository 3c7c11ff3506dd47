/*
 * Requests of the HID class (HID 1.11, section 7).
 */
#include "config.h"

#include <string.h>

#include "drivers/transport/usb_private.h"

static const char token[] = "usb";

enum {
	DT_HID = 0x21,
	DT_REPORT = 0x22,
	GET_REPORT = 0x01,
	SET_REPORT = 0x09,
	SET_IDLE = 0x0a,
	TO_INTERFACE = 0x21,
	FROM_INTERFACE = 0xa1,
	FROM_INTERFACE_STANDARD = 0x81,
};

static enum usb_result get_descriptor(struct usb *u, uint8_t type, unsigned index, void *dst,
				      size_t size, size_t *got)
{
	const struct usb_request q = {
		.type = FROM_INTERFACE_STANDARD,
		.request = LIBUSB_REQUEST_GET_DESCRIPTOR,
		.value = (uint16_t)(type << 8 | index),
		.index = (uint16_t)u->interface,
	};

	return usb_control(u, &q, dst, size, got, USB_TIMEOUT_MS);
}

/* The length of the report descriptor as the interface's HID descriptor has it; 0 = unknown. */
static enum usb_result ask_length(struct usb *u, size_t *length)
{
	unsigned index = u->choice.hid_index > 0 ? (unsigned)u->choice.hid_index : 0;
	uint8_t d[9];
	size_t got = 0;
	enum usb_result r = get_descriptor(u, DT_HID, index, d, sizeof(d), &got);

	*length = 0;
	if (r == USB_OK && got == sizeof(d) && d[1] == DT_HID && d[6] == DT_REPORT)
		*length = (size_t)d[7] | (size_t)d[8] << 8;
	return r;
}

static enum usb_result read_it(struct usb *u, size_t length, void *dst, size_t size, size_t *got)
{
	size_t want = length < size ? length : size;
	enum usb_result r;

	*got = 0;
	if (want == 0)
		return USB_FAILED;
	r = get_descriptor(u, DT_REPORT, 0, dst, want, got);
	if (r == USB_OK && *got < want)
		log_debug(1, token, "%s: report descriptor of %zu bytes, %zu came", u->node, want,
			  *got);
	return r == USB_OK && *got == 0 ? USB_FAILED : r;
}

enum usb_result usb_hid_descriptor(struct usb *u, enum usb_hid_length how, void *dst, size_t size,
				   size_t *got)
{
	size_t config = how == USB_HID_BY_REQUEST ? 0 : u->report_length_config;
	size_t asked = 0, longer, shorter;
	enum usb_result r = USB_OK;

	*got = 0;
	if (how != USB_HID_BY_CONFIG)
		r = ask_length(u, &asked);
	if (r == USB_GONE || r == USB_ENDING)
		return r;
	if (config && asked && config != asked)
		log_debug(1, token, "%s: report descriptor of %zu bytes, or of %zu", u->node,
			  config, asked);
	longer = config > asked ? config : asked;
	shorter = config > asked ? asked : config;
	r = read_it(u, longer, dst, size, got);
	if (r != USB_OK && r != USB_GONE && r != USB_ENDING && shorter && shorter != longer)
		r = read_it(u, shorter, dst, size, got);
	return r;
}

enum usb_result usb_hid_get(struct usb *u, enum usb_report type, uint8_t id, void *data,
			    size_t size, size_t *got, int timeout_ms)
{
	const struct usb_request q = {
		.type = FROM_INTERFACE,
		.request = GET_REPORT,
		.value = (uint16_t)(type << 8 | id),
		.index = (uint16_t)u->interface,
	};

	return usb_control(u, &q, data, size, got, timeout_ms);
}

enum usb_result usb_hid_set(struct usb *u, enum usb_report type, uint8_t id, const void *data,
			    size_t size, int timeout_ms)
{
	const struct usb_request q = {
		.type = TO_INTERFACE,
		.request = SET_REPORT,
		.value = (uint16_t)(type << 8 | id),
		.index = (uint16_t)u->interface,
	};

	return usb_control(u, &q, (void *)(uintptr_t)data, size, NULL, timeout_ms);
}

enum usb_result usb_hid_idle(struct usb *u, unsigned units_of_4_ms)
{
	const struct usb_request q = {
		.type = TO_INTERFACE,
		.request = SET_IDLE,
		.value = (uint16_t)((units_of_4_ms & 0xff) << 8),
		.index = (uint16_t)u->interface,
	};

	return usb_control(u, &q, NULL, 0, NULL, USB_TIMEOUT_MS);
}

size_t usb_hid_glance(const struct usb *u, unsigned nth, void *dst, size_t size, bool *is_there)
{
	return usb_place_reports(u->device, &u->who, nth, dst, size, is_there);
}
