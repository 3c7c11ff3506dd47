/*
 * Ways that only one kind of adapter has.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "drivers/qx/qxusb_private.h"

enum {
	SEND_MS = 5000,
	VENDOR_ENDPOINT_OUT = 0x42,
	VENDOR_COMMAND = 0x0d,
	CLASS_INTERFACE_IN = 0xa1,
	GET_REPORT = 0x01,
	ABLEREX_REPORT = 0x0305,
	ABLEREX_SIZE = 47,
	ABLEREX_PAUSE_MS = 500,
	ABLEREX_TRIES = 3,
	FUJI_PACKET = 8,
	ARMAC_PAYLOAD = 3,
	ARMAC_LENGTH_MASK = 0x3f,
	ARMAC_DRAIN_MOST = 100,
	ARMAC_DRAIN_MS = 10,
	PACKET_MAX = 64,
};

/* Packets of an interrupt pipe, until the end of the answer. */
static enum carrier_result receive(struct qx_usb *u, const struct carrier_query *q, size_t packet,
				   char *answer, size_t size, size_t *got)
{
	for (int i = 0; *got < size && i < QX_USB_PACKETS_MOST; i++) {
		size_t len = 0, room = size - *got < packet ? size - *got : packet;
		enum usb_result r = usb_read(u->usb, answer + *got, room, &len, q->timeout_ms);
		const char *end;

		if (r != USB_OK)
			return *got > 0 && r == USB_TIMEOUT ? CARRIER_FAILED : qx_usb_result(r);
		end = memchr(answer + *got, q->end, len);
		if (end) {
			*got = (size_t)(end - answer) + 1;
			return CARRIER_OK;
		}
		*got += len;
	}
	return *got > 0 ? CARRIER_FAILED : CARRIER_SILENCE;
}

/* -------------------------------------------------------------------------- phoenixtec */

/* These are obeyed without a word. */
static bool is_silent(const struct carrier_query *q)
{
	static const char *const commands[] = {"TL", "CT", "SRC", "FCLR", "SS", "TUD", "SSN",
					       "T",  "S",  "C",   "M",    "N",  "O",   NULL};
	size_t len = qx_usb_length(q);

	for (size_t i = 0; commands[i]; i++) {
		size_t n = strlen(commands[i]);

		if (len >= n && memcmp(q->text, commands[i], n) == 0 &&
		    (len == n || !isalpha((unsigned char)q->text[n])))
			return true;
	}
	return false;
}

static enum carrier_result phoenixtec(struct qx_usb *u, const struct carrier_query *q, char *answer,
				      size_t size, size_t *got)
{
	const struct usb_request r = {VENDOR_ENDPOINT_OUT, VENDOR_COMMAND, 0, 0};
	char copy[256];
	enum usb_result result;

	if (q->length > sizeof(copy))
		return CARRIER_FAILED;
	memcpy(copy, q->text, q->length);
	result = usb_control(u->usb, &r, copy, q->length, NULL, q->timeout_ms);
	if (result != USB_OK)
		return result == USB_TIMEOUT ? CARRIER_FAILED : qx_usb_result(result);
	return is_silent(q) ? CARRIER_SILENCE : receive(u, q, PACKET_MAX, answer, size, got);
}

/* -------------------------------------------------------------------------------- fuji */

static uint8_t fuji_answer_length(const struct carrier_query *q)
{
	static const struct {
		const char *query;
		uint8_t length;
	} lengths[] = {{"Q1", 47}, {"F", 22}, {"I", 39}};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		if (qx_usb_is(q, lengths[i].query))
			return lengths[i].length;
	}
	return 0;
}

/* A shutdown that comes back loses the time of that: there is room for three characters. */
static bool fuji_cut(const struct carrier_query *q, size_t *len)
{
	const char *back = memchr(q->text, 'R', *len);

	if (q->text[0] != 'S' || *len <= 3 || !back)
		return *len <= 3;
	*len = 3;
	return back - q->text >= 3 && memcmp(back, "R0000", 5) != 0;
}

static enum carrier_result fuji(struct qx_usb *u, const struct carrier_query *q, char *answer,
				size_t size, size_t *got)
{
	uint8_t frame[8] = {0x80, 0x06, 0, 0x03};
	size_t len = qx_usb_length(q);
	enum usb_result r;

	if (!fuji_cut(q, &len))
		return CARRIER_REFUSED;
	frame[2] = (uint8_t)(len + 1);
	memcpy(frame + 4, q->text, len);
	frame[7] = fuji_answer_length(q);
	r = usb_write(u->usb, frame, sizeof(frame), NULL, SEND_MS);
	if (r != USB_OK)
		return r == USB_TIMEOUT ? CARRIER_FAILED : qx_usb_result(r);
	return frame[7] ? receive(u, q, FUJI_PACKET, answer, size, got) : CARRIER_SILENCE;
}

/* ----------------------------------------------------------------------------- ablerex */

static size_t ablerex_length(const struct carrier_query *q)
{
	static const struct {
		const char *query;
		size_t length;
	} lengths[] = {{"Q1", 47}, {"I", 39}, {"F", 22}, {"Q5", 22}};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		if (qx_usb_is(q, lengths[i].query))
			return lengths[i].length;
	}
	return 0;
}

static enum carrier_result ablerex_once(struct qx_usb *u, const struct carrier_query *q,
					char *answer, size_t size, size_t *got)
{
	const struct usb_request r = {CLASS_INTERFACE_IN, GET_REPORT, ABLEREX_REPORT, 0};
	uint8_t frame[ABLEREX_SIZE] = {0x05, 0x00};
	size_t len = qx_usb_length(q), wanted = ablerex_length(q);
	enum usb_result result;
	const char *end;

	if (len + 4 > sizeof(frame) || size < sizeof(frame))
		return CARRIER_REFUSED;
	frame[2] = (uint8_t)(len + 1);
	memcpy(frame + 3, q->text, len);
	frame[3 + len] = '\r';
	result = qx_usb_set_report(u, ABLEREX_REPORT, frame, sizeof(frame), SEND_MS);
	if (result == USB_OK && !core_wait(u->core, ABLEREX_PAUSE_MS))
		return CARRIER_ENDING;
	if (result == USB_OK)
		result = usb_control(u->usb, &r, answer, ABLEREX_SIZE, got, q->timeout_ms);
	if (result != USB_OK)
		return qx_usb_result(result);
	/* Q5's bytes may be the end's as well. */
	end = wanted && *got >= wanted ? answer + wanted - 1 : memchr(answer, q->end, *got);
	if (!end || *end != (char)q->end) {
		bool silent = *got == 0 || (!wanted && answer[0] == '\0');

		*got = silent ? 0 : *got;
		return silent ? CARRIER_SILENCE : CARRIER_FAILED;
	}
	*got = (size_t)(end - answer) + 1;
	return !wanted || *got == wanted ? CARRIER_OK : CARRIER_FAILED;
}

static enum carrier_result ablerex(struct qx_usb *u, const struct carrier_query *q, char *answer,
				   size_t size, size_t *got)
{
	enum carrier_result r = CARRIER_FAILED;
	/* What is no query might be done as often as it is said. */
	int tries = ablerex_length(q) ? ABLEREX_TRIES : 1;

	for (int i = 0; i < tries && r == CARRIER_FAILED; i++) {
		*got = 0;
		r = ablerex_once(u, q, answer, size, got);
	}
	return r;
}

/* ------------------------------------------------------------------------------- armac */

/* They lead to nothing but a device that hangs. */
static bool armac_lacks(const struct carrier_query *q)
{
	static const char *const queries[] = {"QGS", "QS", "QPI", "M", "D", NULL};

	for (size_t i = 0; queries[i]; i++) {
		if (qx_usb_is(q, queries[i]))
			return true;
	}
	return false;
}

static enum carrier_result armac_drain(struct qx_usb *u, size_t packet)
{
	uint8_t bytes[PACKET_MAX];
	size_t got;

	for (int i = 0; i < ARMAC_DRAIN_MOST; i++) {
		enum usb_result r = usb_read(u->usb, bytes, packet, &got, ARMAC_DRAIN_MS);

		if (r == USB_GONE || r == USB_ENDING)
			return qx_usb_result(r);
		if (r != USB_OK || got == 0)
			break;
	}
	return CARRIER_OK;
}

/* New ones take the whole query in one interrupt packet, old ones three characters a report. */
static enum usb_result armac_send(struct qx_usb *u, const struct carrier_query *q, bool whole)
{
	uint8_t frame[PACKET_MAX] = {0};
	enum usb_result r = USB_OK;
	size_t step;

	if (whole) {
		if (q->length > ARMAC_LENGTH_MASK)
			return USB_FAILED;
		frame[0] = (uint8_t)(0xa0 + q->length);
		memcpy(frame + 1, q->text, q->length);
		return usb_write(u->usb, frame, q->length + 1, NULL, SEND_MS);
	}
	for (size_t at = 0; at < q->length && r == USB_OK; at += step) {
		step = q->length - at < ARMAC_PAYLOAD ? q->length - at : ARMAC_PAYLOAD;
		memset(frame, 0, sizeof(frame));
		frame[0] = (uint8_t)(0xa0 + step);
		memcpy(frame + 1, q->text + at, step);
		r = qx_usb_set_report(u, 0x0200, frame, 1 + ARMAC_PAYLOAD, SEND_MS);
	}
	return r;
}

/* Adds the payload of a packet; true: the answer is whole.  A zero in the status bits is a lost
 * `0`. */
static bool armac_add(const struct carrier_query *q, const uint8_t *packet, size_t len,
		      char *answer, size_t size, size_t *got)
{
	enum { STATUS_BITS_AT = 38 };
	size_t count = packet[0] & ARMAC_LENGTH_MASK;

	if (len == 0 || count == 0)
		return true;
	for (size_t i = 1; i <= count && i < len && *got < size; i++) {
		uint8_t byte = packet[i];

		if (byte == '\0' && *got < STATUS_BITS_AT)
			return true;
		answer[(*got)++] = byte ? (char)byte : '0';
		if (byte == q->end)
			return true;
	}
	return *got == size;
}

static enum carrier_result armac(struct qx_usb *u, const struct carrier_query *q, char *answer,
				 size_t size, size_t *got)
{
	bool whole_query = usb_packet_size(u->usb) >= PACKET_MAX, whole = false;
	size_t packet = whole_query ? PACKET_MAX : 8;
	enum carrier_result drained;
	enum usb_result r;

	if (armac_lacks(q))
		return CARRIER_REFUSED;
	drained = armac_drain(u, packet);
	if (drained != CARRIER_OK)
		return drained;
	r = armac_send(u, q, whole_query);
	if (r == USB_OK && !core_wait(u->core, 2))
		return CARRIER_ENDING;
	for (int i = 0; r == USB_OK && !whole && i < QX_USB_PACKETS_MOST; i++) {
		uint8_t bytes[PACKET_MAX] = {0};
		size_t len = 0;

		r = usb_read(u->usb, bytes, packet, &len, q->timeout_ms);
		if (r == USB_OK)
			whole = armac_add(q, bytes, len, answer, size, got);
		/* It needs time when it has little to say. */
		if (r == USB_OK && !whole && (bytes[0] & ARMAC_LENGTH_MASK) <= 2)
			core_wait(u->core, 10);
	}
	if (!whole && *got > 0)
		return r == USB_TIMEOUT || r == USB_OK ? CARRIER_FAILED : qx_usb_result(r);
	if (!whole && r != USB_OK)
		return qx_usb_result(r);
	return *got > 0 ? CARRIER_OK : CARRIER_SILENCE;
}

const struct qx_way qx_ways_frames[] = {
	{"phoenixtec", phoenixtec, ""}, {"fuji", fuji, ""}, {"ablerex", ablerex, ""},
	{"armac", armac, ""},           {NULL, NULL, NULL},
};
