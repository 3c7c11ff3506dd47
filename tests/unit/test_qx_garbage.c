/*
 * What the line makes of answers: cut, shifted, doubled, mixed up with others, noise.  The
 * devices are those of tests/sim/serial; each is spoiled in every way, at every place, on
 * mains and on battery.  A poll that counts has to say what the device said.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"
#include "drivers/qx/qxdevice.h"
#include "tests/lib/qxtable.h"

enum { POLL_MS = 5000 };

/* Where a device says that it is on battery: bytes of an answer. */
static const struct protocol {
	const char *name, *status;
	size_t at;
	const char *battery;
} protocols[] = {
	{"ablerex", "Q1", 38, "1"},      {"bestups", "Q1", 38, "1"},
	{"gtec", "Q4", 63, "A "},        {"hunnox", "Q1", 38, "1"},
	{"innovart31", "Q1", 38, "1"},   {"innovart33", "Q1", 38, "1"},
	{"innovatae", "Q1", 38, "1"},    {"masterguard", "Q3", 53, "1"},
	{"mecer", "Q1", 38, "1"},        {"megatec", "Q1", 38, "1"},
	{"megatec-old", "D", 38, "1"},   {"mustek", "QS", 38, "1"},
	{"omron", "Q1", 38, "1"},        {"q1", "Q1", 38, "1"},
	{"q2", "Q1", 38, "1"},           {"q6", "Q1", 38, "1"},
	{"voltronic", "QGS", 65, "1"},   {"voltronic-axpert", "QMOD", 1, "B"},
	{"voltronic-qs", "QS", 38, "1"}, {"voltronic-qs-hex", "QS", 24, "\x88"},
	{"zinto", "Q1", 38, "1"},
};

/* -------------------------------------------------------------------------- the device */

/* On the line until its end; the rest is dropped before the next query. */
static struct {
	struct qxtable table;
	const struct qxtable_answer *spoiled; /* or NULL: says `bytes` */
	char bytes[3 * QXTABLE_TEXT_MAX];
	size_t length;
} device;

static enum carrier_result ask(void *arg, const struct carrier_query *q, char *answer, size_t size,
			       size_t *got)
{
	const struct qxtable_answer *a = qxtable_find(&device.table, q->text, q->length);
	const char *text = a ? a->text : q->text, *end;
	size_t len = a ? a->length : q->length;

	(void)arg;
	if (a && a == device.spoiled) {
		text = device.bytes;
		len = device.length;
	}
	if (len == 0)
		return CARRIER_SILENCE;
	end = memchr(text, q->end, len);
	len = end ? (size_t)(end - text) + 1 : len;
	*got = len < size ? len : size;
	memcpy(answer, text, *got);
	return end ? CARRIER_OK : CARRIER_FAILED;
}

static void load_device(const struct protocol *p, bool battery)
{
	char path[512], line[QXTABLE_TEXT_MAX + 64];
	FILE *f;

	memset(&device, 0, sizeof(device));
	str_format(path, sizeof(path), "%s/%s.txt", DEVICES, p->name);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		assert_true(qxtable_take_line(&device.table, line));
	}
	fclose(f);
	for (size_t i = 0; i < device.table.count; i++) {
		struct qxtable_answer *a = &device.table.answers[i];

		if (battery && str_equal(a->query, p->status))
			memcpy(a->text + p->at, p->battery, strlen(p->battery));
	}
	qxtable_finish(&device.table);
}

/* -------------------------------------------------------------------------- the reading */

enum { OL = 1, OB = 2, LB = 4, FSD = 8 };

static struct mapset maps;
static unsigned said;
static struct state *values;

static void set_text(void *arg, const char *name, const char *text)
{
	state_set(arg, name, text);
}

static void begin_status(void *arg)
{
	(void)arg;
	said = 0;
}

static void take_word(void *arg, const char *word)
{
	static const char *const words[] = {"OL", "OB", "LB", "FSD"};

	(void)arg;
	for (unsigned i = 0; i < 4; i++)
		said |= str_equal(word, words[i]) ? 1U << i : 0;
}

static void ignore(void *arg, const char *text)
{
	(void)arg, (void)text;
}

static void nothing(void *arg)
{
	(void)arg;
}

static bool no_wait(void *arg, int ms)
{
	(void)arg, (void)ms;
	return true;
}

static struct reading {
	struct mapnumbers numbers;
	struct qx_device *device;
	struct engine_device ops;
	struct engine_host host;
	struct engine_options options;
	struct engine *engine;
	long long now_ms;
} reading;

static const struct carrier carrier = {.ask = ask};

static void start(const struct map *map)
{
	struct reading *r = &reading;

	*r = (struct reading){.now_ms = 1};
	values = state_new();
	r->device = qx_device_new(map, &carrier, &r->numbers);
	assert_true(values && r->device);
	r->ops = qx_device_ops(r->device);
	r->host = (struct engine_host){values, set_text, begin_status, take_word,
				       ignore, no_wait,  nothing,      values};
	r->options = (struct engine_options){.full_s = 3600, .quick_s = 1, .store = &r->numbers};
	r->engine = engine_new(map, NULL, &r->ops, &r->host, &r->options);
	assert_non_null(r->engine);
}

static void stop(void)
{
	engine_free(reading.engine);
	qx_device_free(reading.device);
	state_free(values);
}

/* What the poll says; 0: it does not count. */
static unsigned poll_once(void)
{
	enum engine_result r = engine_poll(reading.engine, reading.now_ms);

	reading.now_ms += POLL_MS;
	return r == ENGINE_OK ? said : 0;
}

/* ------------------------------------------------------------------------- the spoiling */

static const struct protocol *now_on;
static const struct map *map;
static unsigned truth;
static unsigned long tried, passed; /* ways; those of which the poll counted */

static void print_way(unsigned got)
{
	char text[2 * QXTABLE_TEXT_MAX];
	size_t used = 0;

	for (size_t i = 0; i < device.length && used + 2 < sizeof(text); i++)
		text[used++] = device.bytes[i] >= ' ' ? device.bytes[i] : '~';
	text[used] = '\0';
	fail_msg("%s: %s: %s: the status is %x, not %x", now_on->name, device.spoiled->query, text,
		 got, truth);
}

/* It is spoiled for two polls, and then good again. */
static void try_bytes(void)
{
	const struct qxtable_answer *spoiled = device.spoiled;
	unsigned got;

	tried++;
	for (int i = 0; i < 2; i++) {
		got = poll_once();
		if (got != 0 && got != truth)
			print_way(got);
	}
	passed += got != 0;
	device.spoiled = NULL;
	got = poll_once();
	device.spoiled = spoiled;
	if (got != truth)
		print_way(got);
}

static void put(size_t at, const void *bytes, size_t len)
{
	assert_true(at + len <= sizeof(device.bytes));
	memcpy(device.bytes + at, bytes, len);
	device.length = at + len;
}

/* What is there of two pieces, one behind the other. */
static void try_pieces(const char *a, size_t a_len, const char *b, size_t b_len)
{
	put(0, a, a_len);
	put(a_len, b, b_len);
	try_bytes();
}

/* Eight bits in a byte: any other says something, too. */
static bool is_bits(const struct qxtable_answer *a, size_t from, size_t count)
{
	return str_equal(now_on->name, "voltronic-qs-hex") && str_equal(a->query, "QS") &&
	       from <= now_on->at && now_on->at < from + count;
}

static void cut_and_merge(const struct qxtable_answer *a)
{
	for (size_t i = 0; i < a->length; i++) {
		try_pieces(a->text, i, "\r", 1);
		try_pieces(a->text, i, "", 0);
		try_pieces(a->text, i, a->text, a->length);
		try_pieces(a->text + i, a->length - i, "\r", 1);
	}
	for (size_t i = 1; i < a->length; i++) {
		for (size_t run = 1; run <= 3 && i + run < a->length; run++) {
			if (!is_bits(a, i, run))
				try_pieces(a->text, i, a->text + i + run, a->length - i - run);
		}
	}
}

static void insert_and_replace(const struct qxtable_answer *a)
{
	static const char inserted[] = "01 2.\xff", replaced[] = "2x.(\xff\x80";
	char bytes[QXTABLE_TEXT_MAX + 8];

	for (size_t i = 0; i < a->length; i++) {
		for (const char *c = inserted; *c; c++) {
			memcpy(bytes, a->text, i);
			bytes[i] = *c;
			try_pieces(bytes, i + 1, a->text + i, a->length - i);
			bytes[i + 1] = *c;
			try_pieces(bytes, i + 2, a->text + i, a->length - i);
		}
		/* A letter of a check may be any byte; a zero ends texts. */
		for (const char *c = replaced; c < replaced + sizeof(replaced); c++) {
			if (is_bits(a, i, 1))
				continue;
			memcpy(bytes, a->text, a->length);
			bytes[i] = *c;
			try_pieces(bytes, a->length, "", 0);
		}
	}
}

/* The answer to another query, that came late. */
static void mix_up(const struct qxtable_answer *a)
{
	for (size_t i = 0; i < device.table.count; i++) {
		const struct qxtable_answer *other = &device.table.answers[i];

		if (other != a && other->length > 0)
			try_pieces(other->text, other->length, "", 0);
	}
	try_pieces(a->query, strlen(a->query), "\r", 1);
	try_pieces("(NAK\r", 5, "", 0);
	try_pieces("(ACK\r", 5, "", 0);
	try_pieces("", 0, "", 0);
}

static void make_noise(const struct qxtable_answer *a)
{
	static const char letters[] = "0123456789. -(#ABEDLOS";
	uint32_t seed = 1;
	char bytes[QXTABLE_TEXT_MAX];

	for (size_t i = 0; i < 300; i++) {
		size_t len = 1 + i % 120;

		for (size_t j = 0; j < len; j++) {
			seed = seed * 1664525 + 1013904223;
			bytes[j] = i % 2 ? (char)(seed >> 24)
					 : letters[(seed >> 24) % (sizeof(letters) - 1)];
		}
		bytes[0] = a->text[0];
		try_pieces(bytes, len, "\r", 1);
	}
}

static bool tells_status(const struct map *m, const struct qxtable_answer *a)
{
	for (size_t i = 0; i < m->row_count; i++) {
		const struct map_row *row = &m->rows[i];
		size_t len = strcspn(row->where, "[{");
		char name[64];
		const struct map_query *q;

		str_format(name, sizeof(name), "%.*s", (int)len, row->where);
		q = row->kind == MAP_STATUS && row->flags & MAP_QUICK ? map_query_find(m, name)
								      : NULL;
		len = q ? strcspn(q->text, "%,") : 0;
		if (len > 0 && strlen(a->query) >= len && strncmp(q->text, a->query, len) == 0 &&
		    (a->query[len] == '\0' || a->query[len] == ','))
			return true;
	}
	return false;
}

static void spoil(const struct protocol *p, bool battery)
{
	size_t spoiled = 0;

	now_on = p;
	load_device(p, battery);
	map = mapset_find(&maps, p->name);
	assert_non_null(map);
	truth = battery ? OB : OL;
	start(map);
	said = poll_once();
	if (said != truth)
		fail_msg("%s: the status is %x at first, not %x", p->name, said, truth);
	for (size_t i = 0; i < device.table.count; i++) {
		const struct qxtable_answer *a = &device.table.answers[i];

		if (a->length == 0 || !tells_status(map, a))
			continue;
		device.spoiled = a;
		spoiled++;
		cut_and_merge(a);
		insert_and_replace(a);
		mix_up(a);
		make_noise(a);
	}
	device.spoiled = NULL;
	stop();
	assert_true(spoiled > 0);
}

static void spoil_all(bool battery)
{
	tried = passed = 0;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		spoil(&protocols[i], battery);
	assert_true(tried > 10000 && passed < tried / 2);
}

static void nothing_that_a_line_does_makes_a_power_failure(void **state)
{
	(void)state;
	spoil_all(false);
}

static void nothing_that_a_line_does_hides_a_power_failure(void **state)
{
	(void)state;
	spoil_all(true);
}

static int load_maps(void **state)
{
	struct conf_report report = {.emit = NULL};

	(void)state;
	setenv("NUT_DATAPATH", MAPS_DATA, 1);
	setenv("NUT_CONFPATH", "/nonexistent", 1);
	return mapset_load(&maps, "nutdrv_qx", &report) && maps.count > 0 ? 0 : -1;
}

static int drop_maps(void **state)
{
	(void)state;
	mapset_free(&maps);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_a_line_does_makes_a_power_failure),
		cmocka_unit_test(nothing_that_a_line_does_hides_a_power_failure),
	};

	return cmocka_run_group_tests(tests, load_maps, drop_maps);
}
