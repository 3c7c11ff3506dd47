/*
 * nutdrv_qx with a device that is hostile in detail: the first line is the name of the
 * protocol, the others are the device, as the files of tests/sim/serial/devices.  So what
 * is changed is the answer to the query that it was meant for (fuzz_qx gives any answer
 * to any query).
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"
#include "drivers/qx/qxbattery.h"
#include "drivers/qx/qxdevice.h"
#include "tests/lib/qxtable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POLLS = 4, QUICK_MS = 2000, INPUT_MAX = 8192 };

static struct qxtable table;

static enum carrier_result ask(void *arg, const struct carrier_query *q, char *answer, size_t size,
			       size_t *got)
{
	const struct qxtable_answer *a = qxtable_find(&table, q->text, q->length);
	const char *end;

	(void)arg;
	*got = 0;
	if (!a || a->length == 0)
		return CARRIER_SILENCE;
	end = memchr(a->text, q->end, a->length);
	*got = end ? (size_t)(end - a->text) + 1 : a->length;
	*got = *got < size ? *got : size;
	memcpy(answer, a->text, *got);
	return end ? CARRIER_OK : CARRIER_FAILED;
}

static void set_text(void *arg, const char *name, const char *text)
{
	state_set(arg, name, text);
}

static void nothing(void *arg)
{
	(void)arg;
}

static bool on_line, on_battery;

static void begin_status(void *arg)
{
	(void)arg;
	on_line = on_battery = false;
}

static void word(void *arg, const char *text)
{
	(void)arg;
	if (!text || !text[0])
		abort();
	on_line = on_line || str_equal(text, "OL");
	on_battery = on_battery || str_equal(text, "OB");
	if (on_line && on_battery)
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

static void play(const struct map *map, struct mapnumbers *numbers)
{
	const struct carrier carrier = {.ask = ask};
	struct state *s = state_new();
	struct qx_device *q = qx_device_new(map, &carrier, numbers);
	struct engine_host host = {.state = s,
				   .set_text = set_text,
				   .status_begin = begin_status,
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

static void load_maps(struct mapset *maps)
{
	struct conf_report report = {.emit = NULL};

	setenv("NUT_DATAPATH", MAPS_DATA, 1);
	setenv("NUT_CONFPATH", "/nonexistent", 1);
	if (!mapset_load(maps, "nutdrv_qx", &report) || maps->count == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mapset maps;
	struct mapnumbers numbers = {.count = 0};
	char text[INPUT_MAX + 1], *line = text, *next;
	const struct map *map = NULL;

	if (maps.count == 0)
		load_maps(&maps);
	size = size < INPUT_MAX ? size : INPUT_MAX;
	memcpy(text, data, size);
	text[size] = '\0';
	table = (struct qxtable){.count = 0};
	for (; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (line == text)
			map = mapset_find(&maps, line);
		else if (!qxtable_take_line(&table, line))
			break;
	}
	qxtable_finish(&table);
	if (map)
		play(map, &numbers);
	return 0;
}
