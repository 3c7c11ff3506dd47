/*
 * nutdrv_qx with a hostile device: the first byte is the map, the next says which
 * options are given, the rest are answers: each with its length in front.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"
#include "drivers/qx/qxbattery.h"
#include "drivers/qx/qxdevice.h"
#include "drivers/qx/qxprobe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POLLS = 4, QUICK_MS = 2000 };

struct input {
	const uint8_t *next;
	size_t left;
};

/* A length of 255 is a line that is gone, 254 one that is refused. */
static enum carrier_result ask(void *arg, const struct carrier_query *q, char *answer, size_t size,
			       size_t *got)
{
	struct input *in = arg;
	unsigned sum = 0;
	size_t len;

	for (size_t i = 0; i < q->length; i++)
		sum += (unsigned char)q->text[i]; /* so that the sanitizer sees them read */
	*got = 0;
	if (in->left == 0 || sum == 0)
		return CARRIER_SILENCE;
	len = *in->next++;
	in->left--;
	if (len >= 254)
		return len == 255 ? CARRIER_GONE : CARRIER_REFUSED;
	len = len < in->left ? len : in->left;
	len = len < size ? len : size;
	memcpy(answer, in->next, len);
	in->next += len;
	in->left -= len;
	*got = len;
	return len ? CARRIER_OK : CARRIER_SILENCE;
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

static void use(struct engine *e, struct state *s)
{
	static const char *const commands[] = {"shutdown.return", "shutdown.stayoff", "load.off",
					       "beeper.toggle", "test.battery.start"};
	static const char *const settings[] = {"battery.packs",  "ups.id",
					       "device.uptime",  "input.transfer.high",
					       "ups.start.auto", "outlet.1.delay.shutdown",
					       "ups.delay.start"};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		engine_instcmd(e, commands[i], i % 2 ? "60" : NULL);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		engine_setvar(e, settings[i], i == 4 ? "yes" : "2");
	if (state_get(s, "battery.charge") && !state_get(s, "battery.charge")[0])
		abort();
}

static void play(const struct map *map, struct input *in, struct mapnumbers *numbers)
{
	const struct carrier carrier = {.ask = ask, .arg = in};
	struct state *s = state_new();
	struct qx_device *q = qx_device_new(map, &carrier, numbers);
	struct engine_host host = {.state = s,
				   .set_text = set_text,
				   .status_begin = nothing,
				   .status = word,
				   .alarm = word,
				   .wait = no_wait,
				   .alive = nothing,
				   .arg = s};
	struct engine_options options = {.full_s = 4, .quick_s = 2, .store = numbers};
	struct qx_battery battery = {.guesses_charge = true};
	struct engine_device device;
	struct engine *e;

	if (!q || !s)
		abort();
	device = qx_device_ops(q);
	e = engine_new(map, NULL, &device, &host, &options);
	for (int i = 0; e && i < POLLS; i++) {
		engine_poll(e, 1 + (long long)i * QUICK_MS);
		qx_battery_update(&battery, s, 1 + (long long)i * QUICK_MS);
	}
	if (e)
		use(e, s);
	engine_free(e);
	qx_device_free(q);
	state_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const flags[] = {"novendor", "norating", "ignoresab",
					    "battery_voltage_reports_one_pack"};
	static struct mapset maps;
	struct conf_report report = {.emit = NULL};
	struct mapnumbers numbers = {.count = 0};
	struct input in;

	if (maps.count == 0) {
		setenv("NUT_DATAPATH", MAPS_DATA, 1);
		setenv("NUT_CONFPATH", "/nonexistent", 1);
		if (!mapset_load(&maps, "nutdrv_qx", &report) || maps.count == 0)
			abort();
	}
	if (size < 2)
		return 0;
	for (size_t i = 0; i < 4; i++)
		mapnumbers_set(&numbers, flags[i], data[1] >> i & 1);
	in = (struct input){data + 2, size - 2};
	if (data[1] & 0x80) {
		const struct carrier carrier = {.ask = ask, .arg = &in};
		struct qx_found found;

		qx_probe(&maps, NULL, &carrier, &numbers, &found);
	} else {
		play(maps.maps[data[0] % maps.count], &in, &numbers);
	}
	return 0;
}
