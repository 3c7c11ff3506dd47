/*
 * The cache of reports, with a hostile device: the first byte is the length of
 * its descriptor, then comes the descriptor, and the rest says what it answers
 * and what is asked of it.
 */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/usbhid/hidreports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 200 };

struct device {
	const uint8_t *next;
	size_t left;
	unsigned gets; /* since the poll began */
};

static uint8_t take(struct device *dev)
{
	if (dev->left == 0)
		return 0;
	dev->left--;
	return *dev->next++;
}

static void take_bytes(struct device *dev, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = take(dev);
}

static int get(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size)
{
	struct device *dev = arg;
	uint8_t how = take(dev);

	(void)type;
	dev->gets++;
	if (how < 5)
		return -(int)how;
	if (how & 1)
		size = size > how ? how : size;
	take_bytes(dev, buf, size);
	if (how & 2)
		buf[0] = report;
	return (int)size;
}

static int set(void *arg, enum hid_type type, uint8_t report, const uint8_t *buf, size_t size)
{
	uint8_t how = take(arg);
	unsigned sum = 0;

	(void)type;
	for (size_t i = 0; i < size; i++)
		sum += buf[i]; /* so that the sanitizer sees them read */
	if (report && buf[0] != report)
		abort();
	return how < 5 ? -(int)how : (int)(sum ? size : size);
}

static int get_string(void *arg, unsigned index, char *text, size_t size)
{
	uint8_t how = take(arg);

	(void)index;
	if (how < 100)
		return HID_IO_STALL;
	take_bytes(arg, (uint8_t *)text, size); /* without an end */
	return (int)size;
}

static void step(struct hid_reports *r, const struct hid_desc *d, struct device *dev)
{
	const struct hid_field *f = d->count ? &d->fields[take(dev) % d->count] : NULL;
	uint8_t what = take(dev), packet[64], number;
	const uint8_t *bytes;
	double v = 0;
	size_t len;

	if (what < 16) {
		hid_reports_begin(r);
	} else if (what < 64) {
		len = take(dev) % sizeof(packet);
		take_bytes(dev, packet, len);
		hid_reports_interrupt(r, packet, len, &number);
	} else if (what < 80) {
		hid_reports_string(r, take(dev));
	} else if (what < 90) {
		if (hid_reports_bytes(r, HID_FEATURE, take(dev), take(dev), 1, &bytes, &len) == HID_OK)
			memcpy(packet, bytes, len < sizeof(packet) ? len : sizeof(packet));
	} else if (what < 96) {
		hid_reports_ask_maximum(r, what & 1);
		hid_reports_never_ask(r, what & 2);
	} else if (f && what < 128) {
		hid_reports_write(r, f, (double)take(dev) - 20, what & 1);
	} else if (f) {
		unsigned long since = what & 1 ? hid_reports_poll(r) : 0;

		if (hid_reports_value(r, f, since, &v) == HID_OK && !isfinite(v))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size ? data[0] : 0;
	struct device dev = {0};
	struct hid_io io = {get, set, get_string, &dev};
	struct hid_reports *r;
	struct hid_desc d;

	if (size < 1 + len)
		return 0;
	dev.next = data + 1 + len;
	dev.left = size - 1 - len;
	if (!hid_desc_parse(&d, data + 1, len) || !(r = hid_reports_new(&d, &io)))
		abort();
	for (int i = 0; i < STEPS && dev.left > 0; i++)
		step(r, &d, &dev);
	hid_reports_free(r);
	hid_desc_free(&d);
	return 0;
}
