/* Queries and answers: the device, the search for a protocol, codecs, the guesses of a battery. */
#include "config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"
#include "drivers/maps/mapshape.h"
#include "drivers/qx/qxbattery.h"
#include "drivers/qx/qxdevice.h"
#include "drivers/qx/qxprobe.h"

/* ----------------------------------------------------------------- a device to ask */

static struct line {
	struct {
		const char *query, *answer; /* NULL: silence */
	} table[8];
	unsigned asked, settled;
	int timeout_ms;            /* of the last one */
	char last[64];             /* what was sent last */
	unsigned lose;             /* so many answers get lost */
	enum carrier_result fails; /* CARRIER_OK: it does not */
} line;

static enum carrier_result ask(void *arg, const struct carrier_query *q, char *answer, size_t size,
			       size_t *got)
{
	(void)arg;
	line.asked++;
	line.timeout_ms = q->timeout_ms;
	str_format(line.last, sizeof(line.last), "%.*s", (int)q->length, q->text);
	if (line.fails != CARRIER_OK)
		return line.fails;
	if (line.lose > 0) {
		line.lose--;
		return CARRIER_SILENCE;
	}
	for (size_t i = 0; line.table[i].query; i++) {
		const char *text = line.table[i].answer;

		if (!str_equal(line.table[i].query, line.last) || !text)
			continue;
		assert_true(strlen(text) <= size);
		memcpy(answer, text, strlen(text));
		*got = strlen(text);
		return CARRIER_OK;
	}
	return CARRIER_SILENCE;
}

static void settle(void *arg)
{
	(void)arg;
	line.settled++;
}

static const struct carrier carrier = {.ask = ask, .settle = settle};
static struct mapnumbers numbers;
static struct map *map;
static struct qx_device *device;

static struct map *read_map(const char *text)
{
	struct conf_report report = {.emit = NULL};
	int fd = memfd_create("map", MFD_CLOEXEC);
	struct map *m;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	m = map_load_fd(fd, "test.map", &report);
	close(fd);
	assert_non_null(m);
	assert_int_equal(m->errors, 0);
	return m;
}

static void load(const char *rows)
{
	char text[2048];

	str_format(text, sizeof(text), "MAP test Test\nDRIVER nutdrv_qx\n%s", rows);
	map = read_map(text);
	device = qx_device_new(map, &carrier, &numbers);
	assert_non_null(device);
}

static int unload(void **state)
{
	(void)state;
	qx_device_free(device);
	map_free(map);
	device = NULL;
	map = NULL;
	line = (struct line){.asked = 0};
	numbers = (struct mapnumbers){.count = 0};
	return 0;
}

/* The text of a place in a new poll. */
static enum device_result read_at(const char *where, char *text, size_t size)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum device_result r = qx_device_probe(device, where, &v);

	str_copy(text, size, r == DEVICE_OK ? mapvalue_text(&v) : "");
	return r;
}

static void says(const char *where, const char *expected)
{
	char text[64];

	assert_int_equal(read_at(where, text, sizeof(text)), DEVICE_OK);
	assert_string_equal(text, expected);
}

static void answers(const char *query, const char *answer)
{
	size_t i = 0;

	while (line.table[i].query && !str_equal(line.table[i].query, query))
		i++;
	line.table[i].query = query;
	line.table[i].answer = answer;
}

static const char plain[] = "QUERY Q1 Q1%r begin(() length(8)\nVAR Q1 experimental.x\n";

/* ---------------------------------------------------------------------------- places */

static void a_place_is_columns_a_word_or_all_of_an_answer(void **state)
{
	(void)state;
	load(plain);
	answers("Q1\r", "(12.5 abc  d\r");
	says("Q1", "(12.5 abc  d");
	says("Q1[1-4]", "12.5");
	says("Q1[0]", "(");
	says("Q1[5-9]", "abc");
	says("Q1[6-]", "abc  d");
	says("Q1{0}", "(12.5");
	says("Q1{2}", "d");
}

static void a_place_behind_the_answers_end_is_not_there(void **state)
{
	char text[16];

	(void)state;
	load(plain);
	answers("Q1\r", "(1234567\r");
	assert_int_equal(read_at("Q1[8]", text, sizeof(text)), DEVICE_REFUSED);
	assert_int_equal(read_at("Q1[99999-]", text, sizeof(text)), DEVICE_REFUSED);
	assert_int_equal(read_at("Q1{1}", text, sizeof(text)), DEVICE_REFUSED);
	says("Q1[6-99]", "67");
}

static void a_query_is_sent_once_a_poll(void **state)
{
	struct engine_device ops;
	struct mapvalue v;
	unsigned long poll;

	(void)state;
	load(plain);
	answers("Q1\r", "(1234567\r");
	ops = qx_device_ops(device);
	poll = ops.begin(ops.arg);
	assert_int_equal(ops.read(ops.arg, ops.place(ops.arg, "Q1[1]"), poll, &v), DEVICE_OK);
	assert_int_equal(ops.read(ops.arg, ops.place(ops.arg, "Q1[2]"), poll, &v), DEVICE_OK);
	assert_int_equal(line.asked, 1);
	ops.begin(ops.arg);
	assert_int_equal(ops.read(ops.arg, ops.place(ops.arg, "Q1[2]"), poll, &v), DEVICE_OK);
	assert_int_equal(line.asked, 1);
}

/* -------------------------------------------------------------------- what is no answer */

static void what_does_not_look_as_the_map_says_is_no_answer(void **state)
{
	static const char *const bad[] = {"#1234567\r", "(12\r", "(1234567", "", "\r", NULL};
	char text[16];

	(void)state;
	for (size_t i = 0; bad[i]; i++) {
		load(plain);
		answers("Q1\r", bad[i]);
		assert_int_not_equal(read_at("Q1", text, sizeof(text)), DEVICE_OK);
		unload(NULL);
	}
}

static void an_answer_of_another_shape_is_none(void **state)
{
	static const struct {
		const char *shape, *answer;
		bool fits;
	} rows[] = {
		{".2_b2$", "(1 01\r", true},   {".2_b2$", "(1 01 more\r", true},
		{".2_b2$", "(1 011\r", false}, {".2_b2$", "(1 02\r", false},
		{".2_b2$", "(1101\r", false},  {".2_b2$", "(1 0\r", false},
		{".2_b2", "(1 011\r", true},   {".dhAa", "(9fZ \r", true},
		{".dhAa", "(9g  \r", false},   {".dhAa", "(a0Z \r", false},
		{".dhAa", "(90z \r", false},   {".Aa*", "(A BC\r", true},
		{".Aa*", "(A B1\r", false},    {".A*", "(\r", false},
	};
	char map_text[128], text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		str_format(map_text, sizeof(map_text),
			   "QUERY Q1 Q1%%r begin(() shape(%s)\nVAR Q1 experimental.x\n",
			   rows[i].shape);
		load(map_text);
		answers("Q1\r", rows[i].answer);
		assert_int_equal(read_at("Q1", text, sizeof(text)) == DEVICE_OK, rows[i].fits);
		unload(NULL);
	}
}

static void what_is_no_shape_is_refused(void **state)
{
	static const char *const bad[] = {"",     "*",  "3",   "x",  "b0",
					  "b999", "$b", "b*b", "$2", "b*2"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mapshape_valid(bad[i]));
	assert_true(mapshape_valid(".512b*"));
}

static void a_query_that_comes_back_or_is_denied_is_not_known(void **state)
{
	static const char *const bad[] = {"Q1\r", "NAK\r", "(NAK\r", NULL};
	char text[16];

	(void)state;
	for (size_t i = 0; bad[i]; i++) {
		load("QUERY Q1 Q1%r\nVAR Q1 experimental.x\n");
		answers("Q1\r", bad[i]);
		assert_int_equal(read_at("Q1", text, sizeof(text)), DEVICE_REFUSED);
		/* It is not asked again soon, and not twice at once. */
		assert_int_equal(line.asked, 1);
		read_at("Q1", text, sizeof(text));
		assert_int_equal(line.asked, 1);
		unload(NULL);
	}
}

static void the_first_lost_answer_is_asked_for_again(void **state)
{
	(void)state;
	load(plain);
	answers("Q1\r", "(1234567\r");
	line.lose = 1;
	says("Q1[1]", "1");
	assert_int_equal(line.asked, 2);
}

static void a_query_that_was_answered_once_is_waited_for(void **state)
{
	char text[16];

	(void)state;
	load(plain);
	answers("Q1\r", "(1234567\r");
	says("Q1[1]", "1");
	line.lose = 1;
	assert_int_equal(read_at("Q1[1]", text, sizeof(text)), DEVICE_NONE);
	assert_true(line.timeout_ms > 1000);
	assert_int_equal(line.settled, 1);
	says("Q1[1]", "1");
}

static void the_query_for_mains_is_known_before_it_was_answered(void **state)
{
	char text[16];

	(void)state;
	load("QUERY Q1 Q1%r begin(() length(8)\nSTATUS Q1[1] online\n");
	assert_int_equal(read_at("Q1[1]", text, sizeof(text)), DEVICE_NONE);
	assert_int_equal(read_at("Q1[1]", text, sizeof(text)), DEVICE_NONE);
	assert_true(line.asked >= 2);
}

static void a_status_that_was_given_and_is_refused_is_asked_for_again(void **state)
{
	static const char *const bad[] = {"Q1\r", "(NAK\r"};
	char text[16];

	(void)state;
	load("QUERY Q1 Q1%r begin(() length(8)\nSTATUS Q1[1] online\n");
	answers("Q1\r", "(1234567\r");
	says("Q1[1]", "1");
	for (size_t i = 0; i < 20; i++) {
		answers("Q1\r", bad[i % 2]);
		assert_int_equal(read_at("Q1[1]", text, sizeof(text)), DEVICE_NONE);
	}
	answers("Q1\r", "(1234567\r");
	says("Q1[1]", "1");
}

static void a_query_that_is_not_to_be_asked_is_not_given_up(void **state)
{
	char text[16];

	(void)state;
	load("QUERY Q1 Q1%r begin(() length(8) when(fault)\nVAR Q1 experimental.x\n");
	answers("Q1\r", "(1234567\r");
	for (int i = 0; i < 3; i++)
		assert_int_equal(read_at("Q1", text, sizeof(text)), DEVICE_REFUSED);
	assert_int_equal(line.asked, 0);
	mapnumbers_set(&numbers, "fault", 1);
	says("Q1[1]", "1");
}

static void a_line_that_is_gone_is_said_to_be(void **state)
{
	char text[16];

	(void)state;
	load(plain);
	line.fails = CARRIER_GONE;
	assert_int_equal(read_at("Q1", text, sizeof(text)), DEVICE_GONE);
}

/* --------------------------------------------------------------------------- commands */

static enum device_result tell(const char *query, const char *value)
{
	struct engine_device ops = qx_device_ops(device);
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};

	assert_true(mapvalue_set_text(&v, value));
	return ops.write(ops.arg, ops.place(ops.arg, query), &v, MAP_AS_IT_IS, true);
}

static void a_command_is_sent_once_whatever_comes(void **state)
{
	(void)state;
	load("QUERY S S%vR0000%r\nQUERY T T%%%n%r begin((ACK)\nCMD S load.off\nCMD T load.on\n");
	assert_int_equal(tell("S", ".5"), DEVICE_OK);
	assert_string_equal(line.last, "S.5R0000\r");
	assert_int_equal(tell("T", ""), DEVICE_NONE);
	assert_string_equal(line.last, "T%\n\r");
	assert_int_equal(line.asked, 2);
	answers("T%\n\r", "(ACK\r");
	assert_int_equal(tell("T", ""), DEVICE_OK);
	answers("T%\n\r", "(NAK\r");
	assert_int_equal(tell("T", ""), DEVICE_REFUSED);
}

static void a_value_too_long_for_a_query_is_refused(void **state)
{
	char value[250];

	(void)state;
	load("QUERY S S%vR0000%r\nCMD S load.off\n");
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(tell("S", value), DEVICE_RANGE);
	assert_int_equal(line.asked, 0);
}

/* ----------------------------------------------------------------------------- search */

static enum carrier_result search(struct map *const *maps, size_t count, const struct map *only,
				  struct qx_found *found)
{
	struct mapset set = {.maps = (struct map **)maps, .count = count};

	return qx_probe(&set, only, &carrier, &numbers, found);
}

static void the_first_map_in_order_that_fits_is_taken(void **state)
{
	struct map *maps[2];
	struct qx_found found;

	(void)state;
	maps[0] = read_map("MAP late Late\nDRIVER nutdrv_qx\nMATCH probe Q1 order(20)\n"
			   "QUERY Q1 Q1%r begin(()\n");
	maps[1] =
		read_map("MAP early Early\nDRIVER nutdrv_qx\n"
			 "LOOKUP k\n V PM-V\nEND\nMATCH probe M[0] order(10) lookup(k) vendor(I)\n"
			 "QUERY M M%r\nQUERY I I%r begin(\\#)\n");
	answers("Q1\r", "(1\r");
	answers("M\r", "V\r");
	answers("I\r", "#x\r");
	assert_int_equal(search(maps, 2, NULL, &found), CARRIER_OK);
	assert_ptr_equal(found.map, maps[1]);
	/* Without its vendor, and with another kind, it is not that one. */
	answers("I\r", NULL);
	assert_int_equal(search(maps, 2, NULL, &found), CARRIER_OK);
	assert_ptr_equal(found.map, maps[0]);
	mapnumbers_set(&numbers, "novendor", 1);
	assert_int_equal(search(maps, 2, NULL, &found), CARRIER_OK);
	assert_ptr_equal(found.map, maps[1]);
	answers("M\r", "X\r");
	assert_int_equal(search(maps, 2, maps[1], &found), CARRIER_SILENCE);
	line.fails = CARRIER_GONE;
	assert_int_equal(search(maps, 2, NULL, &found), CARRIER_GONE);
	map_free(maps[0]);
	map_free(maps[1]);
}

/* ------------------------------------------------------------------------------ codecs */

static bool through(const char *name, bool query, char *text, size_t *len, size_t size)
{
	const struct mapcodec *c = mapcodec_find(name);

	assert_non_null(c);
	return (query ? c->query : c->answer)(text, len, size, &numbers);
}

static void voltronics_check_is_made_and_looked_at(void **state)
{
	char text[32] = "QPI\r";
	size_t len = 4;

	(void)state;
	assert_true(through("voltronic-crc", true, text, &len, sizeof(text)));
	assert_int_equal(len, 6);
	assert_memory_equal(text, "QPI\xbe\xac\r", 6);
	assert_true(through("voltronic-crc", false, text, &len, sizeof(text)));
	assert_int_equal(len, 4);
	assert_memory_equal(text, "QPI\r", 4);
	memcpy(text, "QPI\xbe\xad\r", 6);
	len = 6;
	assert_false(through("voltronic-crc", false, text, &len, sizeof(text)));
	len = 3;
	assert_false(through("voltronic-crc", false, text, &len, sizeof(text)));
	len = 6;
	assert_false(through("voltronic-crc", true, text, &len, 8));
}

static void best_powers_fields_come_to_columns(void **state)
{
	char text[512] = "FOR,750,120,120,20.0,27.6\r";
	size_t len = strlen(text);

	(void)state;
	assert_true(through("bestups-id", false, text, &len, sizeof(text)));
	assert_string_equal(text, "FOR  750 120 120 20.0  27.6\r");
	str_copy(text, sizeof(text), "FOR,75000,120,120,20.0,27.6\r");
	len = strlen(text);
	assert_false(through("bestups-id", false, text, &len, sizeof(text)));
	str_copy(text, sizeof(text), "FOR,750\r");
	len = strlen(text);
	assert_false(through("bestups-id", false, text, &len, sizeof(text)));
}

static void bytes_of_qs_become_digits_and_bits(void **state)
{
	static const char raw[] =
		"#\x6c\x01 \x35 \x6c\x01 \x35 \x03 \x51\x9a \x13\x12\xd0 \xe6 \x1e "
		"(\x04 (\x01\r";
	char text[512];
	size_t len = sizeof(raw) - 1;

	(void)state;
	memcpy(text, raw, len);
	assert_true(through("voltronic-qs-hex", false, text, &len, sizeof(text)));
	/* A byte that would be the frame's own comes as two: 04 is a blank, 01 is 11. */
	assert_string_equal(text, "#6C01 35 6C01 35 03 519A 1312D0 E6 1E 00100000 00010001\r");
	str_copy(text, sizeof(text), "(x\r");
	len = 3;
	assert_false(through("voltronic-qs-hex", false, text, &len, sizeof(text)));
}

static void a_masterguard_gets_its_address(void **state)
{
	char text[32] = "GS,XX\r";
	size_t len = 6;

	(void)state;
	assert_false(through("masterguard-address", true, text, &len, sizeof(text)));
	mapnumbers_set(&numbers, ".slave", 7);
	assert_true(through("masterguard-address", true, text, &len, sizeof(text)));
	assert_string_equal(text, "GS,07\r");
	mapnumbers_set(&numbers, ".slave", 107);
	str_copy(text, sizeof(text), "GS,XX\r");
	assert_false(through("masterguard-address", true, text, &len, sizeof(text)));
}

/* ------------------------------------------------------------------------ with the engine */

static struct state *values;
static char alarms[128];

static void set_text(void *arg, const char *name, const char *text)
{
	(void)arg;
	state_set(values, name, text);
}

static void begin_status(void *arg)
{
	(void)arg;
	alarms[0] = '\0';
}

static void take_word(void *arg, const char *word)
{
	(void)arg, (void)word;
}

static void take_alarm(void *arg, const char *text)
{
	size_t used = strlen(alarms);

	(void)arg;
	str_format(alarms + used, sizeof(alarms) - used, "%s;", text);
}

static bool no_wait(void *arg, int ms)
{
	(void)arg, (void)ms;
	return true;
}

static void alive(void *arg)
{
	(void)arg;
}

static struct engine *start(void)
{
	static struct engine_device ops;
	static const struct engine_options options = {.full_s = 1, .quick_s = 1, .store = &numbers};
	static struct engine_host host;

	ops = qx_device_ops(device);
	host = (struct engine_host){values,     set_text, begin_status, take_word,
				    take_alarm, no_wait,  alive,        NULL};
	return engine_new(map, NULL, &ops, &host, &options);
}

static void of_several_rows_the_first_that_makes_something_is_used(void **state)
{
	struct engine *e;

	(void)state;
	load("QUERY Q1 Q1%r begin(()\nSTATUS Q1[1] online quick\n"
	     "VAR Q1[3-6] battery.voltage format(%.1f)\nVAR Q1[8-11] battery.voltage format(%.1f)\n"
	     "VAR Q1[3-6] battery.current format(%.1f)\n");
	answers("Q1\r", "(1 --.- 27.1\r");
	e = start();
	assert_int_equal(engine_poll(e, 1), ENGINE_OK);
	assert_string_equal(state_get(values, "battery.voltage"), "27.1");
	assert_null(state_get(values, "battery.current"));
	/* It may say so later: a variable without another row waits for it. */
	answers("Q1\r", "(1 13.5 27.2\r");
	assert_int_equal(engine_poll(e, 5000), ENGINE_OK);
	assert_string_equal(state_get(values, "battery.voltage"), "27.2");
	assert_string_equal(state_get(values, "battery.current"), "13.5");
	engine_free(e);
}

static void an_alarm_ends_when_its_row_does_not_count_any_more(void **state)
{
	struct engine *e;

	(void)state;
	load("QUERY Q1 Q1%r begin(()\nQUERY F F%r begin(() when(fault)\n"
	     "STATUS Q1[1] online quick\nVAR Q1[2] experimental.x hidden keep(fault)\n"
	     "ALARM F[1] broken when(fault)\n");
	answers("Q1\r", "(11\r");
	answers("F\r", "(1\r");
	e = start();
	assert_int_equal(engine_poll(e, 1), ENGINE_OK);
	assert_string_equal(alarms, "broken;");
	answers("Q1\r", "(10\r");
	assert_int_equal(engine_poll(e, 5000), ENGINE_OK);
	assert_string_equal(alarms, "");
	engine_free(e);
}

static void a_setting_may_read_back_in_another_form(void **state)
{
	struct engine *e;

	(void)state;
	load("QUERY Q1 Q1%r begin(()\nQUERY FL FL%r begin((E)\nQUERY PA P%vA%r\n"
	     "STATUS Q1[1] online quick\nLOOKUP t\n 0 no\n 1 yes\nEND\n"
	     "VAR FL[1-] ups.start.auto switch(a) lookup(t) rw values(t) to(PA) slow\n");
	answers("Q1\r", "(1\r");
	answers("FL\r", "(EbDa\r");
	e = start();
	assert_int_equal(engine_poll(e, 1), ENGINE_OK);
	assert_string_equal(state_get(values, "ups.start.auto"), "no");
	/* It only pretends. */
	assert_int_equal(engine_setvar(e, "ups.start.auto", "yes"), DRIVERWIRE_R_FAILED);
	answers("FL\r", "(EabD\r");
	assert_int_equal(engine_setvar(e, "ups.start.auto", "yes"), DRIVERWIRE_HANDLED);
	assert_int_equal(engine_setvar(e, "ups.start.auto", "maybe"), DRIVERWIRE_R_INVALID);
	engine_free(e);
}

static void limits_that_the_device_has_not_told_are_none(void **state)
{
	struct engine *e;

	(void)state;
	load("QUERY Q1 Q1%r begin(()\nQUERY S S%v%r\nSTATUS Q1[1] online quick\n"
	     "VAR Q1[2] experimental.y hidden keep(most)\n"
	     "VAR Q1[3] battery.packs rw limits(0,k(most)) to(S) slow\n"
	     "VAR Q1[3] ups.id rw limits(0,k(least)) to(S) slow\n"
	     "VAR Q1[3] experimental.z hidden keep(never) when(least)\n"
	     "VAR Q1[3] experimental.z hidden keep(least) when(never)\n");
	answers("Q1\r", "(145\r");
	e = start();
	assert_int_equal(engine_poll(e, 1), ENGINE_OK);
	assert_int_equal(engine_setvar(e, "battery.packs", "5"), DRIVERWIRE_R_INVALID);
	assert_int_equal(engine_setvar(e, "ups.id", "5"), DRIVERWIRE_HANDLED);
	engine_free(e);
}

static void a_reading_without_the_mains_is_none(void **state)
{
	struct engine *e;

	(void)state;
	load("QUERY Q1 Q1%r begin(()\nQUERY F F%r begin(()\nSTATUS Q1[1] online quick\n"
	     "VAR Q1[2] ups.load\nVAR F[1] ups.id static\n");
	answers("F\r", "(7\r");
	e = start();
	assert_int_equal(engine_poll(e, 1), ENGINE_FAILED);
	answers("Q1\r", "(15\r");
	assert_int_equal(engine_poll(e, 5000), ENGINE_OK);
	assert_string_equal(state_get(values, "ups.load"), "5");
	answers("Q1\r", NULL);
	assert_int_equal(engine_poll(e, 10000), ENGINE_FAILED);
	engine_free(e);
}

/* ----------------------------------------------------------------------------- battery */

static int make_values(void **state)
{
	(void)state;
	values = state_new();
	return values ? 0 : -1;
}

static int drop_values(void **state)
{
	(void)state;
	state_free(values);
	return 0;
}

static void is(const char *name, const char *expected)
{
	const char *text = state_get(values, name);

	assert_string_equal(text ? text : "(none)", expected);
}

static void the_charge_is_guessed_by_the_voltage(void **state)
{
	struct qx_battery b = {.guesses_charge = true};

	(void)state;
	state_set(values, "battery.voltage", "23.40");
	state_set(values, "battery.voltage.nominal", "24.0");
	qx_battery_update(&b, values, 1000);
	is("battery.charge", "50");
	is("battery.voltage.low", "20.80");
	is("battery.voltage.high", "26.00");
	state_set(values, "battery.voltage", "10");
	qx_battery_update(&b, values, 2000);
	is("battery.charge", "0");
	state_set(values, "battery.voltage", "nonsense");
	qx_battery_update(&b, values, 3000);
	is("battery.charge", "0");
}

static void what_the_device_says_of_its_charge_stays(void **state)
{
	struct qx_battery b = {.guesses_charge = true};

	(void)state;
	state_set(values, "battery.charge", "42");
	state_set(values, "battery.voltage", "27");
	state_set(values, "battery.voltage.nominal", "24");
	qx_battery_update(&b, values, 1000);
	is("battery.charge", "42");
	is("battery.voltage.low", "(none)");
}

static void the_number_of_packs_is_found_out(void **state)
{
	struct qx_battery b = {.guesses_charge = true};

	(void)state;
	state_set(values, "battery.voltage", "1.95");
	state_set(values, "battery.voltage.nominal", "24");
	qx_battery_update(&b, values, 1000);
	is("battery.charge", "50");
}

static void the_load_takes_out_of_the_battery_and_the_mains_fill_it(void **state)
{
	/* runtimecal = 240,100,720,50; chargetime = 1000 */
	struct qx_battery b = {.guesses_charge = true,
			       .counts = true,
			       .exponent = log(3) / log(2),
			       .full_s = 240,
			       .charge_s = 1000,
			       .idle = 0.1};

	(void)state;
	state_set(values, "ups.load", "50");
	state_set(values, "ups.status", "OB");
	qx_battery_update(&b, values, 1000);
	is("battery.charge", "100");
	is("battery.runtime", "720");
	qx_battery_update(&b, values, 361000);
	is("battery.charge", "50");
	is("battery.runtime", "360");
	qx_battery_update(&b, values, 10000000);
	is("battery.charge", "0");
	is("battery.runtime", "0");
	state_set(values, "ups.status", "OL CHRG");
	qx_battery_update(&b, values, 10250000);
	is("battery.charge", "25");
	state_set(values, "ups.load", "1");
	qx_battery_update(&b, values, 10250000);
	is("battery.runtime", "600");
}

static int drop_both(void **state)
{
	return unload(state) + drop_values(state);
}

#define IN_BOTH(test)  cmocka_unit_test_setup_teardown(test, make_values, drop_both)
#define IN_LINE(test)  cmocka_unit_test_teardown(test, unload)
#define IN_STATE(test) cmocka_unit_test_setup_teardown(test, make_values, drop_values)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LINE(a_place_is_columns_a_word_or_all_of_an_answer),
		IN_LINE(a_place_behind_the_answers_end_is_not_there),
		IN_LINE(a_query_is_sent_once_a_poll),
		IN_LINE(what_does_not_look_as_the_map_says_is_no_answer),
		IN_LINE(an_answer_of_another_shape_is_none),
		IN_LINE(what_is_no_shape_is_refused),
		IN_LINE(a_query_that_comes_back_or_is_denied_is_not_known),
		IN_LINE(a_status_that_was_given_and_is_refused_is_asked_for_again),
		IN_LINE(the_first_lost_answer_is_asked_for_again),
		IN_LINE(a_query_that_was_answered_once_is_waited_for),
		IN_LINE(the_query_for_mains_is_known_before_it_was_answered),
		IN_LINE(a_query_that_is_not_to_be_asked_is_not_given_up),
		IN_LINE(a_line_that_is_gone_is_said_to_be),
		IN_LINE(a_command_is_sent_once_whatever_comes),
		IN_LINE(a_value_too_long_for_a_query_is_refused),
		IN_LINE(the_first_map_in_order_that_fits_is_taken),
		IN_LINE(voltronics_check_is_made_and_looked_at),
		IN_LINE(best_powers_fields_come_to_columns),
		IN_LINE(bytes_of_qs_become_digits_and_bits),
		IN_LINE(a_masterguard_gets_its_address),
		IN_BOTH(of_several_rows_the_first_that_makes_something_is_used),
		IN_BOTH(an_alarm_ends_when_its_row_does_not_count_any_more),
		IN_BOTH(a_setting_may_read_back_in_another_form),
		IN_BOTH(limits_that_the_device_has_not_told_are_none),
		IN_BOTH(a_reading_without_the_mains_is_none),
		IN_STATE(the_charge_is_guessed_by_the_voltage),
		IN_STATE(what_the_device_says_of_its_charge_stays),
		IN_STATE(the_number_of_packs_is_found_out),
		IN_STATE(the_load_takes_out_of_the_battery_and_the_mains_fill_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
