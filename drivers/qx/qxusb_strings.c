/*
 * A query is the number of a string descriptor, the text of which is the answer.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/qx/qxusb_private.h"

enum {
	GET_DESCRIPTOR = 0x06,
	STRING = 0x03,
	DEVICE_IN = 0x80,
	ROOM = 102, /* what their own software asks for */
	START_ROOM = 1026,
	TRIES = 10,
	PAUSE_MS = 10,
	NOT_A_COMMAND = -1,
};

static const char no_answer[] = "UPS No Ack";

struct command {
	const char *text;
	int index;
	char lead; /* what the answer begins with, since the first byte of the text is not the
		      UPS's;
		      '\0': nothing is answered */
};

/* ----------------------------------------------------------------------------- one text */

static enum usb_result get_text(struct qx_usb *u, int index, unsigned language, size_t room,
				char *text, size_t size, size_t *len)
{
	const struct usb_request r = {DEVICE_IN, GET_DESCRIPTOR,
				      (uint16_t)(STRING << 8 | (index & 0xff)), (uint16_t)language};
	uint8_t raw[START_ROOM];
	size_t got = 0;
	enum usb_result result = usb_control(u->usb, &r, raw, room, &got, USB_TIMEOUT_MS);

	*len = 0;
	if (result != USB_OK)
		return result;
	if (got > 2 && raw[0] >= 2 && raw[0] < got)
		got = raw[0];
	for (size_t i = 2; i + 1 < got && *len < size; i += 2)
		text[(*len)++] = (char)raw[i];
	return USB_OK;
}

static bool is_empty(const char *text, size_t len)
{
	const size_t n = sizeof(no_answer) - 1;

	return len == 0 || (len >= n && memcmp(text, no_answer, n) == 0);
}

/* Asks until the UPS behind the adapter answers. */
static enum carrier_result fetch(struct qx_usb *u, int index, char *text, size_t size, size_t *len)
{
	enum usb_result r = USB_OK;

	for (int i = 0; i < TRIES; i++) {
		r = get_text(u, index, u->language, ROOM, text, size, len);
		if (r == USB_GONE || r == USB_ENDING)
			return qx_usb_result(r);
		if (r == USB_OK && !is_empty(text, *len))
			return CARRIER_OK;
		if (!core_wait(u->core, PAUSE_MS))
			return CARRIER_ENDING;
	}
	*len = 0;
	return r == USB_OK || r == USB_STALL ? CARRIER_SILENCE : qx_usb_result(r);
}

/* The first text tells whether the language is the one that the adapter listens to. */
static void find_language(struct qx_usb *u, int index)
{
	static const unsigned languages[] = {0x0409, 0x4095};
	char text[ROOM];
	size_t len;

	if (u->started || core_option(u->core, "langid_fix") || core_flag(u->core, "noscanlangid"))
		return;
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		if (get_text(u, index, languages[i], ROOM, text, sizeof(text), &len) == USB_OK &&
		    !is_empty(text, len)) {
			u->language = languages[i];
			return;
		}
	}
}

static const struct command *find_command(const struct command *list, const struct carrier_query *q)
{
	for (; list->text; list++) {
		if (qx_usb_is(q, list->text))
			return list;
	}
	return NULL;
}

static enum carrier_result answer_of(struct qx_usb *u, const struct carrier_query *q,
				     const struct command *c, char *answer, size_t size,
				     size_t *got)
{
	enum carrier_result r = fetch(u, c->index, answer, size - 1, got);

	if (r != CARRIER_OK)
		return r;
	if (c->lead == '\0') {
		*got = 0;
		return CARRIER_SILENCE;
	}
	answer[0] = c->lead;
	if (answer[*got - 1] != (char)q->end)
		answer[(*got)++] = (char)q->end;
	return CARRIER_OK;
}

/* ------------------------------------------------------------------------------ krauler */

static enum carrier_result krauler(struct qx_usb *u, const struct carrier_query *q, char *answer,
				   size_t size, size_t *got)
{
	static const struct command commands[] = {
		{"Q1", 0x03, '('}, {"F", 0x0d, '#'},   {"I", 0x0c, '#'},
		{"T", 0x04, '\0'}, {"TL", 0x05, '\0'}, {"Q", 0x07, '\0'},
		{"C", 0x0b, '\0'}, {"CT", 0x0b, '\0'}, {NULL, 0, '\0'},
	};
	const struct command *c = find_command(commands, q);

	if (!c)
		return CARRIER_REFUSED;
	find_language(u, commands[0].index);
	u->started = true;
	return answer_of(u, q, c, answer, size, got);
}

/* ------------------------------------------------------------------------------- fabula */

/* `S.5R0003`, `S02`: the number of the string that says so; minutes are those that there are. */
static int shutdown_index(const struct carrier_query *q)
{
	char text[32], *back;
	double minutes;
	size_t len = qx_usb_length(q);
	int index;

	if (len < 2 || len >= sizeof(text) || q->text[0] != 'S')
		return NOT_A_COMMAND;
	memcpy(text, q->text + 1, len - 1);
	text[len - 1] = '\0';
	back = strchr(text, 'R');
	if (back)
		*back++ = '\0';
	if (!str_to_double(text, &minutes))
		return NOT_A_COMMAND;
	minutes = minutes < 0.5 ? 0.5 : minutes > 10 ? 10 : minutes;
	index = minutes < 1 ? 16 + (int)lround((minutes - 0.5) * 10) * 16
			    : 96 + ((int)minutes - 1) * 16;
	return index + (!back || strtoul(back, NULL, 10) > 0 ? 8 : 0);
}

static const struct command fabula_commands[] = {
	{"Q1", 0x03, '('}, {"F", 0x0d, '#'},  {"I", 0x0c, '#'},
	{"Q", 0x07, '\0'}, {"C", 0x0a, '\0'}, {NULL, 0, '\0'},
};

static enum carrier_result strings_ask(struct qx_usb *u, const struct command *commands,
				       const struct carrier_query *q, char *answer, size_t size,
				       size_t *got)
{
	struct command shutdown = {"", shutdown_index(q), '\0'};
	const struct command *c = find_command(commands, q);

	if (!c && shutdown.index != NOT_A_COMMAND)
		c = &shutdown;
	return c ? answer_of(u, q, c, answer, size, got) : CARRIER_REFUSED;
}

static enum carrier_result fabula(struct qx_usb *u, const struct carrier_query *q, char *answer,
				  size_t size, size_t *got)
{
	return strings_ask(u, fabula_commands, q, answer, size, got);
}

/* ------------------------------------------------------------------------------- hunnox */

/* The adapter falls asleep unless other texts are read between. */
static void keep_awake(struct qx_usb *u, int index)
{
	static const int turns[] = {0x0d, 0x03, 0x0c};
	char text[ROOM];
	size_t len;
	int other;

	if (!u->started) {
		get_text(u, 0, 0, START_ROOM, text, sizeof(text), &len);
		core_wait(u->core, PAUSE_MS);
		get_text(u, 0, 0, START_ROOM, text, sizeof(text), &len);
		core_wait(u->core, PAUSE_MS);
		get_text(u, 1, u->language, START_ROOM, text, sizeof(text), &len);
		u->started = true;
		return;
	}
	other = turns[u->turn++ % 3];
	if (other == index || (other == 0x0c && core_flag(u->core, "novendor")))
		return;
	get_text(u, other, u->language, ROOM, text, sizeof(text), &len);
}

static enum carrier_result hunnox(struct qx_usb *u, const struct carrier_query *q, char *answer,
				  size_t size, size_t *got)
{
	static const struct command commands[] = {
		{"Q1", 0x03, '('}, {"F", 0x0d, '#'},  {"I", 0x0c, '#'}, {"BL", 0xf3, 'B'},
		{"Q", 0x07, '\0'}, {"C", 0x0a, '\0'}, {NULL, 0, '\0'},
	};
	const struct command *c = find_command(commands, q);

	keep_awake(u, c ? c->index : NOT_A_COMMAND);
	return strings_ask(u, commands, q, answer, size, got);
}

/* ---------------------------------------------------------------------------------- snr */

static enum carrier_result snr(struct qx_usb *u, const struct carrier_query *q, char *answer,
			       size_t size, size_t *got)
{
	static const struct command commands[] = {
		{"Q1", 0x03, '('}, {"F", 0x0d, '#'}, {"I", 0x0c, '#'}, {NULL, 0, '\0'}};
	const struct command *c = find_command(commands, q);
	uint8_t packet[ROOM];
	size_t len;

	if (!c)
		return CARRIER_REFUSED;
	find_language(u, commands[0].index);
	if (!u->started)
		usb_read(u->usb, packet, sizeof(packet), &len, 1000);
	u->started = true;
	return answer_of(u, q, c, answer, size, got);
}

const struct qx_way qx_ways_strings[] = {
	{"krauler", krauler, ""}, {"fabula", fabula, ""}, {"hunnox", hunnox, ""},
	{"snr", snr, ""},         {NULL, NULL, NULL},
};
