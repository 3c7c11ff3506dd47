#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/engine/engine.h"
#include "drivers/usbhid/hiddevice.h"
#include "drivers/usbhid/hidusage.h"
#include "tests/lib/hidliar.h"

enum { STEPS = 60, DESCRIPTOR_MAX = 16384, FIELDS_MAX = 200 };

struct liar {
	const uint8_t *next;
	size_t left;
	bool given;  /* an answer, or a packet, since the device was opened */
	bool honest; /* answers are of the right length */
	bool ended;  /* the process is to end */
	struct hid_reports *reports;
	struct engine *engine;
	struct state *state;
	long long now_ms;
};

static uint8_t take(struct liar *l)
{
	if (l->left == 0)
		return 0;
	l->left--;
	return *l->next++;
}

static void take_bytes(struct liar *l, uint8_t *dst, size_t size)
{
	for (size_t i = 0; i < size; i++)
		dst[i] = take(l);
}

/* ------------------------------------------------------------------------- its answers */

static int get(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size)
{
	struct liar *l = arg;
	uint8_t how = take(l);

	(void)type;
	if (how > 0 && how <= 4 && !l->honest)
		return -(int)how;
	take_bytes(l, buf, size);
	if (how & 1 || l->honest)
		buf[0] = report;
	l->given = true;
	/* Shorter, or said to be longer than there was room for. */
	return how >= 240 && !l->honest ? take(l) * 20 : (int)size;
}

static int set(void *arg, enum hid_type type, uint8_t report, const uint8_t *buf, size_t size)
{
	uint8_t how = take(arg);
	unsigned sum = report + (unsigned)type;

	for (size_t i = 0; i < size; i++)
		sum += buf[i]; /* so that the sanitizer sees them read */
	return how > 0 && how <= 4 ? -(int)how : (int)(sum ? size : size);
}

static int get_string(void *arg, unsigned index, char *text, size_t size)
{
	(void)index;
	if (take(arg) < 50)
		return HID_IO_STALL;
	take_bytes(arg, (uint8_t *)text, size); /* without an end */
	return (int)size;
}

/* ---------------------------------------------------------------------------- the host */

static void set_text(void *arg, const char *name, const char *text)
{
	struct liar *l = arg;

	state_set(l->state, name, text);
}

static void status_begin(void *arg)
{
	(void)arg;
}

static void word(void *arg, const char *text)
{
	(void)arg;
	if (!text || !*text)
		abort();
}

static bool wait_for(void *arg, int ms)
{
	struct liar *l = arg;

	l->now_ms += ms;
	if (take(l) == 1)
		l->ended = true;
	return !l->ended;
}

static void alive(void *arg)
{
	const struct liar *l = arg;

	if (!l->given)
		abort();
}

/* ---------------------------------------------------------------------- its descriptor */

struct writer {
	uint8_t bytes[DESCRIPTOR_MAX];
	size_t len;
};

static void item(struct writer *w, uint8_t tag, uint32_t value, int size)
{
	static const uint8_t codes[] = {0, 1, 2, 0, 3};

	if (w->len + 5 > sizeof(w->bytes))
		return;
	w->bytes[w->len++] = tag | codes[size];
	for (int i = 0; i < size; i++)
		w->bytes[w->len++] = (uint8_t)(value >> 8 * i);
}

static void field(struct writer *w, struct liar *l, const uint32_t *path, unsigned depth)
{
	uint8_t how = take(l), bits = take(l) % 33;

	for (unsigned i = 0; i + 1 < depth; i++) {
		item(w, 0x08, path[i], 4);
		item(w, 0xa0, 0, 1);
	}
	item(w, 0x84, take(l) % 24, 1);
	item(w, 0x14, how & 1 ? 0 : (uint32_t)-128, 2);
	item(w, 0x24, how & 2 ? 1 : take(l), how & 4 ? 1 : 4);
	item(w, 0x74, how & 8 ? bits : 8, 1);
	item(w, 0x94, how & 16 ? 1 : take(l) % 4, 1);
	item(w, 0x54, take(l) & 15, 1);
	item(w, 0x08, path[depth - 1], 4);
	item(w, how & 32 ? 0x80 : 0xb0, how & 64 ? 3 : 2, 1);
	for (unsigned i = 0; i + 1 < depth; i++)
		item(w, 0xc0, 0, 0);
}

/* A device that has what the map looks for, in a way of its own. */
static void describe(struct writer *w, struct liar *l, const struct map *map)
{
	struct hid_usages *usages = hid_usages_new();
	uint8_t some = take(l) & 3;

	for (size_t i = 0; usages && i < map->usage_count; i++)
		hid_usages_add(usages, map->usages[i].name, map->usages[i].number);
	for (size_t i = 0, n = 0; usages && i < map->row_count && n < FIELDS_MAX; i++) {
		uint32_t path[HID_MAX_PATH];
		const char *bad;
		unsigned depth = hid_path_parse(usages, map->rows[i].where, path, &bad);

		if (depth == 0 || (some == 1 && take(l) & 1))
			continue;
		field(w, l, path, depth);
		n++;
	}
	hid_usages_free(usages);
}

/* -------------------------------------------------------------------------------- play */

static void poll(struct liar *l, long ms, struct hid_liar_counts *counts)
{
	enum engine_result r;

	l->now_ms += ms;
	r = engine_poll(l->engine, l->now_ms);
	counts->polls++;
	if (r == ENGINE_OK && !l->given)
		abort();
	counts->good += r == ENGINE_OK;
}

static void packet(struct liar *l)
{
	uint8_t bytes[80], number;
	size_t len = take(l) % sizeof(bytes);

	take_bytes(l, bytes, len);
	if (!hid_reports_interrupt(l->reports, bytes, len, &number))
		return;
	l->given = true;
	engine_news(l->engine);
}

static void order(struct liar *l, uint8_t which, struct hid_liar_counts *counts)
{
	size_t commands = state_command_count(l->state), vars = state_count(l->state);
	static const char *const values[] = {"", "0", "20", "-1", "enabled", "99999999999", "x"};
	const char *value = values[take(l) % (sizeof(values) / sizeof(values[0]))];
	char name[STATE_MAX_NAME];

	counts->commands++;
	if (which & 1 && commands) {
		str_copy(name, sizeof(name), state_command(l->state, take(l) % commands));
		engine_instcmd(l->engine, name, *value ? value : NULL);
	} else if (which & 2 && vars) {
		str_copy(name, sizeof(name), state_var_name(state_at(l->state, take(l) % vars)));
		engine_setvar(l->engine, name, value);
	} else {
		engine_shutdown(l->engine);
	}
}

static void step(struct liar *l, struct hid_liar_counts *counts)
{
	uint8_t what = take(l);

	if (what < 60)
		packet(l);
	else if (what < 90)
		order(l, what, counts);
	else
		poll(l, what & 1 ? 2000 : 31000, counts);
}

static void play(struct liar *l, const struct map *map, const struct hid_desc *d, bool passive,
		 struct hid_liar_counts *counts)
{
	struct hid_io io = {get, set, get_string, l};
	struct engine_host host = {l->state, set_text, status_begin, word,
				   word,     wait_for, alive,        l};
	struct engine_options options = {.quick_s = 2, .passive = passive, .product = "Liar"};
	struct hid_device_options how = {.passive = passive, .ask_maximum = take(l) == 7};
	struct hid_device *device;
	struct engine_device ops;

	l->reports = hid_reports_new(d, &io);
	device = l->reports ? hid_device_new(map, NULL, d, l->reports, &how) : NULL;
	if (!device)
		abort();
	ops = hid_device_ops(device);
	l->engine = engine_new(map, NULL, &ops, &host, &options);
	if (!l->engine)
		abort();
	counts->rows += engine_rows_here(l->engine);
	for (int i = 0; i < STEPS && l->left > 0 && !l->ended; i++)
		step(l, counts);
	engine_free(l->engine);
	hid_device_free(device);
	hid_reports_free(l->reports);
}

void hid_liar_run(const struct mapset *maps, const uint8_t *data, size_t size,
		  struct hid_liar_counts *counts)
{
	struct liar l = {.next = data, .left = size, .now_ms = 1000000};
	const struct map *map = maps->maps[take(&l) % maps->count];
	uint8_t how = take(&l);
	struct writer *w = calloc(1, sizeof(*w));
	struct hid_desc d;

	l.state = state_new();
	if (!w || !l.state)
		abort();
	l.honest = how & 8;
	if (how & 1) {
		w->len = take(&l) * 4;
		take_bytes(&l, w->bytes, w->len);
	} else {
		describe(w, &l, map);
	}
	if (!hid_desc_parse(&d, w->bytes, w->len))
		abort();
	counts->runs++;
	play(&l, map, &d, (how & 6) == 6, counts);
	hid_desc_free(&d);
	state_free(l.state);
	free(w);
}
