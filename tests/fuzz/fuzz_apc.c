/*
 * apcsmart with a hostile UPS: the input is cut at its zero bytes, and each piece is what
 * comes after something was sent.  The last one comes again and again.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/apc/apcdevice.h"
#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POLLS = 4, POLL_MS = 2000, SENT_MAX = 600 };

struct input {
	const uint8_t *next;
	size_t left, at, piece; /* of the piece that comes now */
	int sent;
};

static enum serial_result give_next(void *arg, const char *bytes, size_t count, int pace_ms)
{
	struct input *in = arg;
	const uint8_t *end;

	(void)bytes, (void)count, (void)pace_ms;
	if (++in->sent > SENT_MAX)
		return SERIAL_GONE;
	/* Every UPS says SM. */
	if (count > 0 && bytes[0] == 'Y' && in->sent == 1)
		return SERIAL_OK;
	if (in->piece < in->left) {
		in->next += in->piece + 1;
		in->left -= in->piece + 1;
	}
	end = in->left > 0 ? memchr(in->next, 0, in->left) : NULL;
	in->piece = end ? (size_t)(end - in->next) : in->left;
	in->at = 0;
	return SERIAL_OK;
}

static enum serial_result take(void *arg, char *byte, int timeout_ms)
{
	struct input *in = arg;

	(void)timeout_ms;
	if (in->at >= in->piece)
		return SERIAL_TIMEOUT;
	*byte = (char)in->next[in->at++];
	return SERIAL_OK;
}

static bool no_wait(void *arg, int ms)
{
	(void)arg, (void)ms;
	return true;
}

static void set_text(void *arg, const char *name, const char *text)
{
	state_set(arg, name, text);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void word(void *arg, const char *text)
{
	(void)arg;
	if (!text || !text[0])
		abort();
}

static void play(const struct map *map, struct input *in)
{
	struct apcline line = {
		.port = {.send = give_next, .take = take, .wait = no_wait, .arg = in}};
	struct apcdevice *d = apcdevice_new(map, &line);
	struct state *s = state_new();
	const struct engine_host host = {.state = s,
					 .set_text = set_text,
					 .status_begin = nothing,
					 .status = word,
					 .alarm = word,
					 .wait = no_wait,
					 .alive = nothing,
					 .arg = s};
	const struct engine_options options = {.full_s = 1, .quick_s = 2};
	struct engine_device device;
	struct engine *e;

	if (!s || !d)
		abort();
	apcdevice_look(d);
	device = apcdevice_ops(d);
	e = engine_new(map, NULL, &device, &host, &options);
	if (!e)
		abort();
	for (int i = 0; i < POLLS; i++) {
		in->sent = 0;
		engine_poll(e, 1 + (long long)i * POLL_MS);
	}
	in->sent = 0;
	engine_setvar(e, "input.sensitivity", "L");
	engine_setvar(e, "ups.id", "RACK");
	engine_instcmd(e, "test.battery.start", NULL);
	apcdevice_command(d, "experimental.shutdown.return.at", "005");
	engine_free(e);
	apcdevice_free(d);
	state_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mapset maps;
	static struct conf_report report = {.emit = conf_emit_log};
	static struct apccaps caps;
	struct input in = {.next = data, .left = size};
	struct apcset set;

	if (maps.count == 0) {
		setenv("NUT_DATAPATH", MAPS_DATA, 1);
		setenv("NUT_CONFPATH", "/nonexistent", 1);
		if (!mapset_load(&maps, "apcsmart", &report) || maps.count == 0)
			abort();
	}
	apcset_parse_list(&set, (const char *)data, size);
	apccaps_parse(&caps, (const char *)data, size, 'I');
	for (size_t i = 0; i < caps.count; i++) {
		char value[APCSET_WIDTH_MAX + 1];

		for (size_t k = 0; k < caps.caps[i].count; k++)
			apccaps_value(&caps, &caps.caps[i], k, value);
	}
	play(maps.maps[0], &in);
	return 0;
}
