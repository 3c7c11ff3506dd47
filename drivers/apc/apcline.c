#include "config.h"

#include "drivers/apc/apcline.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "apcline";

enum {
	ANSWER_MS = 1500,
	BYTES_MS = 3000, /* some hundred bytes at 2400 baud */
	STEP_MS = 3000,  /* until all late answers have come */
	DRAIN_MAX = 4096,
	PACE_MS = 50, /* between two keys */
	KEY_SMART = 'Y',
	KEY_ESCAPE = 0x1b,
};

/* How an answer is read. */
enum reading {
	USUAL = 0,
	BYTES = 1, /* alerts' characters are part of it */
	ORDER = 2, /* a `*` ends it, as a line does; "NO" is a refusal, else a value of `X` */
};

static enum apcline_result from_serial(enum serial_result r)
{
	switch (r) {
	case SERIAL_OK:
		return APCLINE_OK;
	case SERIAL_TIMEOUT:
		return APCLINE_SILENCE;
	case SERIAL_ENDING:
		return APCLINE_ENDING;
	default:
		return APCLINE_GONE;
	}
}

/* True: it is no part of an answer. */
static bool note_alert(struct apcline *l, char byte)
{
	const struct maplookup_row *row =
		l->alerts ? maplookup_number(l->alerts, (unsigned char)byte) : NULL;

	if (!row)
		return false;
	if (row->text[0]) {
		l->alerted = true;
		log_debug(1, token, "the UPS says: %s", row->text);
	}
	return true;
}

/* A line without its end; empty ones are passed over. */
static enum apcline_result read_line(struct apcline *l, enum reading how, char *answer, size_t size,
				     size_t *len, int timeout_ms)
{
	long long until = clock_ms() + timeout_ms;
	bool too_long = false;

	*len = 0;
	for (;;) {
		long long left = until - clock_ms();
		char byte;
		enum serial_result r = l->port.take(l->port.arg, &byte, left > 0 ? (int)left : 0);

		if (r != SERIAL_OK || left < 0)
			return r == SERIAL_OK ? APCLINE_GARBAGE : from_serial(r);
		if (how & ORDER && byte == '*' && *len == 0) {
			str_copy(answer, size, "OK");
			*len = 2;
			return APCLINE_OK;
		}
		if (byte == '\n' && (*len > 0 || too_long))
			break;
		if (byte == '\r' || byte == '\n' || (!(how & BYTES) && note_alert(l, byte)))
			continue;
		too_long = too_long || *len + 1 >= size;
		if (!too_long)
			answer[(*len)++] = byte;
	}
	answer[*len] = '\0';
	return too_long ? APCLINE_GARBAGE : APCLINE_OK;
}

static enum apcline_result send(struct apcline *l, unsigned code, const char *text)
{
	char bytes[APCLINE_ANSWER_MAX];
	size_t count = 0, len = strlen(text);

	if (code > 0xff)
		bytes[count++] = (char)(code >> 8);
	bytes[count++] = (char)(code & 0xff);
	if (len > sizeof(bytes) - count)
		return APCLINE_GARBAGE;
	memcpy(bytes + count, text, len);
	count += len;
	return from_serial(l->port.send(l->port.arg, bytes, count, len > 0 ? PACE_MS : 0));
}

enum apcline_result apcline_drain(struct apcline *l)
{
	char byte;

	for (int i = 0; i < DRAIN_MAX; i++) {
		enum serial_result r = l->port.take(l->port.arg, &byte, 0);

		if (r == SERIAL_TIMEOUT)
			return APCLINE_OK;
		if (r != SERIAL_OK)
			return from_serial(r);
		note_alert(l, byte);
	}
	return APCLINE_GARBAGE;
}

/* ---------------------------------------------------------------------------- Smart mode */

/* What comes before "SM" was the answer to something older. */
static enum apcline_result await_smart(struct apcline *l, int timeout_ms)
{
	long long until = clock_ms() + timeout_ms;

	for (;;) {
		char answer[APCLINE_ANSWER_MAX];
		long long left = until - clock_ms();
		size_t len;
		enum apcline_result r =
			left > 0 ? read_line(l, USUAL, answer, sizeof(answer), &len, (int)left)
				 : APCLINE_SILENCE;

		if (r != APCLINE_OK && r != APCLINE_GARBAGE)
			return r;
		if (r == APCLINE_OK && str_equal(answer, "SM"))
			l->echoes = false;
		else if (r == APCLINE_OK && str_equal(answer, "YSM"))
			l->echoes = true;
		else
			continue;
		l->astray = false;
		return r;
	}
}

enum apcline_result apcline_start(struct apcline *l, int tries)
{
	enum apcline_result r = APCLINE_SILENCE;

	for (int i = 0; i < tries; i++) {
		r = apcline_drain(l);
		if (r == APCLINE_OK && i > 0)
			r = send(l, KEY_ESCAPE, "");
		if (r == APCLINE_OK)
			r = send(l, KEY_SMART, "");
		if (r == APCLINE_OK)
			r = await_smart(l, ANSWER_MS);
		if (r == APCLINE_OK || r == APCLINE_GONE || r == APCLINE_ENDING)
			return r;
	}
	return r;
}

/* Nothing that was not asked for now may be taken for an answer. */
static enum apcline_result in_step(struct apcline *l)
{
	enum apcline_result r = apcline_drain(l);

	if (r != APCLINE_OK || !l->astray)
		return r;
	r = send(l, KEY_SMART, "");
	return r == APCLINE_OK ? await_smart(l, STEP_MS) : r;
}

/* ------------------------------------------------------------------------------- answers */

/* Without what a cable that echoes put before it. */
static enum apcline_result strip_echo(const struct apcline *l, unsigned code, const char *text,
				      char *answer, size_t *len)
{
	size_t head = (code > 0xff ? 2 : 1) + strlen(text);

	if (!l->echoes)
		return APCLINE_OK;
	if (*len < head || (unsigned char)answer[head - strlen(text) - 1] != (code & 0xff))
		return APCLINE_GARBAGE;
	*len -= head;
	memmove(answer, answer + head, *len + 1);
	return APCLINE_OK;
}

static bool is_text(const char *answer, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (answer[i] < ' ' || answer[i] > '~')
			return false;
	return true;
}

static enum apcline_result judge(char *answer, size_t len, enum reading how)
{
	while (!(how & BYTES) && len > 0 && answer[len - 1] == ' ')
		answer[--len] = '\0';
	if (len == 0 || (!(how & BYTES) && !is_text(answer, len)))
		return APCLINE_GARBAGE;
	/* To an older question: the line is out of step. */
	if (str_equal(answer, "SM"))
		return APCLINE_GARBAGE;
	if (str_equal(answer, "NA") || (how & ORDER && str_equal(answer, "NO")))
		return APCLINE_REFUSED;
	return APCLINE_OK;
}

/* After anything but an answer that was expected there may be more to come. */
static enum apcline_result settle(struct apcline *l, enum apcline_result r)
{
	if (r == APCLINE_SILENCE || r == APCLINE_GARBAGE)
		l->astray = true;
	return r;
}

enum apcline_result apcline_ask_bytes(struct apcline *l, unsigned code, char *answer, size_t size,
				      size_t *len)
{
	enum apcline_result r = in_step(l);

	*len = 0;
	if (r == APCLINE_OK)
		r = send(l, code, "");
	if (r == APCLINE_OK)
		r = read_line(l, BYTES, answer, size, len, BYTES_MS);
	if (r == APCLINE_OK)
		r = strip_echo(l, code, "", answer, len);
	if (r == APCLINE_OK)
		r = judge(answer, *len, BYTES);
	return settle(l, r);
}

enum apcline_result apcline_ask(struct apcline *l, unsigned code, char *answer, size_t size)
{
	size_t len = 0;
	enum apcline_result r = in_step(l);

	if (r == APCLINE_OK)
		r = send(l, code, "");
	if (r == APCLINE_OK)
		r = read_line(l, USUAL, answer, size, &len, ANSWER_MS);
	if (r == APCLINE_OK)
		r = strip_echo(l, code, "", answer, &len);
	if (r == APCLINE_OK)
		r = judge(answer, len, USUAL);
	return settle(l, r);
}

/* -------------------------------------------------------------------------------- orders */

/* A first time that is answered was not waited for: the device takes the key at once. */
static enum apcline_result press_again(struct apcline *l, unsigned code)
{
	enum apcline_result r = APCLINE_OK;

	if (!l->port.wait(l->port.arg, APCLINE_TWICE_MS))
		return APCLINE_ENDING;
	r = apcline_drain(l);
	return r == APCLINE_OK ? send(l, code, "") : r;
}

enum apcline_result apcline_order(struct apcline *l, const struct apcline_order *o, char *answer,
				  size_t size)
{
	size_t len = 0;
	enum apcline_result r = in_step(l);

	answer[0] = '\0';
	if (r == APCLINE_OK)
		r = send(l, o->code, o->text);
	if (r == APCLINE_OK && o->twice)
		r = press_again(l, o->code);
	if (r == APCLINE_OK)
		r = read_line(l, ORDER, answer, size, &len, ANSWER_MS);
	if (r == APCLINE_SILENCE && len == 0 && o->may_be_silent) {
		l->astray = true;
		return APCLINE_OK;
	}
	if (r == APCLINE_OK)
		r = strip_echo(l, o->code, o->text, answer, &len);
	if (r == APCLINE_OK)
		r = judge(answer, len, ORDER);
	return settle(l, r);
}
