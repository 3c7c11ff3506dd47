/*
 * The query goes out in HID reports, the answer comes in interrupt packets.
 */
#include "config.h"

#include <string.h>

#include "drivers/qx/qxusb_private.h"

enum {
	SEND_MS = 5000,
	DRAIN_MS = 10,
	DRAIN_MOST = 32, /* answers have 14 packets at most, and there may be two */
	BLOCK_MAX = 16,
	PACKET_MAX = 128,
};

struct form {
	unsigned value; /* wValue of SET_REPORT */
	size_t block;   /* bytes of a report, the rest of the last one zero */
	bool counted;   /* the first byte of reports and packets tells how many are of use */
	size_t packet;  /* bytes asked for at a time */
	bool single;    /* one packet has the whole answer */
};

/* What came late for an earlier query. */
static enum carrier_result drain(struct qx_usb *u)
{
	uint8_t packet[PACKET_MAX];
	size_t got;

	for (int i = 0; u->dirty && i < DRAIN_MOST; i++) {
		enum usb_result r = usb_read(u->usb, packet, sizeof(packet), &got, DRAIN_MS);

		if (r == USB_GONE || r == USB_ENDING)
			return qx_usb_result(r);
		if (r != USB_OK || got == 0)
			break;
	}
	return CARRIER_OK;
}

static enum carrier_result send(struct qx_usb *u, const struct form *f,
				const struct carrier_query *q)
{
	size_t room = f->counted ? f->block - 1 : f->block, step;

	for (size_t at = 0; at < q->length; at += step) {
		uint8_t block[BLOCK_MAX] = {0};
		enum usb_result r;

		step = q->length - at < room ? q->length - at : room;
		if (f->counted)
			block[0] = (uint8_t)step;
		memcpy(block + (f->counted ? 1 : 0), q->text + at, step);
		r = qx_usb_set_report(u, f->value, block, f->block, SEND_MS);
		if (r != USB_OK)
			return r == USB_TIMEOUT ? CARRIER_FAILED : qx_usb_result(r);
	}
	return CARRIER_OK;
}

/* Adds a packet; true: the answer is whole. */
static bool add(const struct form *f, const struct carrier_query *q, const uint8_t *packet,
		size_t len, char *answer, size_t size, size_t *got)
{
	size_t from = f->counted && len > 0 ? 1 : 0;

	if (f->counted && len > 0 && (size_t)packet[0] + 1 < len)
		len = (size_t)packet[0] + 1;
	for (size_t i = from; i < len && *got < size; i++) {
		if (packet[i] == '\0' && !f->counted)
			return f->single;
		answer[(*got)++] = (char)packet[i];
		if (packet[i] == q->end)
			return true;
	}
	return *got == size || f->single;
}

/* Some leave the end of the answer away. */
static void complete(const struct carrier_query *q, char *answer, size_t size, size_t *got)
{
	if (*got > 0 && *got < size && q->end >= 0 && answer[*got - 1] != (char)q->end)
		answer[(*got)++] = (char)q->end;
}

static enum carrier_result receive(struct qx_usb *u, const struct form *f,
				   const struct carrier_query *q, char *answer, size_t size,
				   size_t *got)
{
	enum usb_result r = USB_OK;
	bool whole = false;

	for (int i = 0; !whole && i < QX_USB_PACKETS_MOST; i++) {
		uint8_t packet[PACKET_MAX];
		size_t len = 0;

		r = usb_read(u->usb, packet, f->packet, &len, q->timeout_ms);
		if (r != USB_OK)
			break;
		whole = add(f, q, packet, len, answer, size, got);
	}
	if (r == USB_GONE || r == USB_ENDING)
		return qx_usb_result(r);
	/* A pause ends a counted message. */
	if (whole ? f->single : (f->counted && r == USB_TIMEOUT && *got > 0)) {
		complete(q, answer, size, got);
		whole = true;
	}
	if (whole)
		return *got > 0 ? CARRIER_OK : CARRIER_SILENCE;
	if (*got > 0)
		return CARRIER_FAILED;
	return r == USB_OK ? CARRIER_SILENCE : qx_usb_result(r);
}

static enum carrier_result ask(struct qx_usb *u, const struct form *f,
			       const struct carrier_query *q, char *answer, size_t size,
			       size_t *got)
{
	enum carrier_result r = drain(u);

	if (r == CARRIER_OK)
		r = send(u, f, q);
	return r == CARRIER_OK ? receive(u, f, q, answer, size, got) : r;
}

static enum carrier_result cypress(struct qx_usb *u, const struct carrier_query *q, char *answer,
				   size_t size, size_t *got)
{
	static const struct form form = {.value = 0x0200, .block = 8, .packet = 8};

	return ask(u, &form, q, answer, size, got);
}

static enum carrier_result phoenix(struct qx_usb *u, const struct carrier_query *q, char *answer,
				   size_t size, size_t *got)
{
	/* It sends the same answer more than once. */
	u->dirty = true;
	return cypress(u, q, answer, size, got);
}

static enum carrier_result sgs(struct qx_usb *u, const struct carrier_query *q, char *answer,
			       size_t size, size_t *got)
{
	static const struct form form = {.value = 0x0200, .block = 8, .counted = true, .packet = 8};

	return ask(u, &form, q, answer, size, got);
}

static enum carrier_result ippon(struct qx_usb *u, const struct carrier_query *q, char *answer,
				 size_t size, size_t *got)
{
	static const struct form form = {.value = 0x0002, .block = 8, .packet = 64, .single = true};

	return ask(u, &form, q, answer, size, got);
}

static enum carrier_result omron(struct qx_usb *u, const struct carrier_query *q, char *answer,
				 size_t size, size_t *got)
{
	static const struct form form = {
		.value = 0x0002, .block = 16, .packet = 64, .single = true};

	return ask(u, &form, q, answer, size, got);
}

static enum carrier_result gtec(struct qx_usb *u, const struct carrier_query *q, char *answer,
				size_t size, size_t *got)
{
	static const struct form form = {.value = 0x0002, .block = 8, .packet = 128};

	return ask(u, &form, q, answer, size, got);
}

const struct qx_way qx_ways_reports[] = {
	{"cypress", cypress, ""}, {"phoenix", phoenix, ""},  {"sgs", sgs, ""},
	{"ippon", ippon, ""},     {"omron", omron, "omron"}, {"gtec", gtec, "gtec"},
	{NULL, NULL, NULL},
};
