/*
 * apcupsd-ups with a hostile server: the bytes are what it sends, in answers that end
 * where it says so; a byte that tells how much comes at once is in front of each piece.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/str.h"
#include "drivers/apcupsd/nisage.h"
#include "drivers/apcupsd/nisdevice.h"
#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POLLS = 4, POLL_MS = 2000 };

struct input {
	const uint8_t *next;
	size_t left;
};

static bool fetch(void *arg, struct nisreply *into)
{
	struct input *in = arg;
	struct buffer b = {.max = 8192};
	enum nisreply_result r = NISREPLY_MORE;

	*into = (struct nisreply){.count = 0};
	while (r == NISREPLY_MORE && in->left > 0) {
		size_t len = *in->next++;

		in->left--;
		len = len < in->left ? len : in->left;
		buffer_append(&b, in->next, len);
		in->next += len;
		in->left -= len;
		r = nisreply_take(into, &b);
	}
	buffer_free(&b);
	return r == NISREPLY_WHOLE;
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

static bool no_wait(void *arg, int ms)
{
	(void)arg, (void)ms;
	return true;
}

static void play(const struct map *map, struct input *in)
{
	struct state *s = state_new();
	struct nisdevice *d = nisdevice_new(fetch, in);
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
	struct nisage age = {0};
	struct engine *e;

	if (!s || !d)
		abort();
	device = nisdevice_ops(d);
	e = engine_new(map, NULL, &device, &host, &options);
	for (int i = 0; e && i < POLLS; i++) {
		engine_poll(e, 1 + (long long)i * POLL_MS);
		if (nisage_look(&age, nisdevice_reply(d), 5) < -1)
			abort();
		if (!nisdevice_grew(d))
			continue;
		engine_free(e);
		e = engine_new(map, NULL, &device, &host, &options);
	}
	engine_free(e);
	nisdevice_free(d);
	state_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mapset maps;
	static struct conf_report report = {.emit = conf_emit_log};
	struct input in = {data, size};

	if (maps.count == 0) {
		setenv("NUT_DATAPATH", MAPS_DATA, 1);
		setenv("NUT_CONFPATH", "/nonexistent", 1);
		if (!mapset_load(&maps, "apcupsd-ups", &report) || maps.count == 0)
			abort();
	}
	play(maps.maps[0], &in);
	return 0;
}
