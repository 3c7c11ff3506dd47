/* An apcupsd's answers: taken apart, cut into places, and how old they are. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/apcupsd/nisage.h"
#include "drivers/apcupsd/nisdevice.h"
#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"
#include "drivers/maps/mapwhere.h"

static void put(struct buffer *b, const char *line)
{
	buffer_append_char(b, (char)(strlen(line) >> 8));
	buffer_append_char(b, (char)strlen(line));
	buffer_append_str(b, line);
}

/* ---------------------------------------------------------------------------- answers */

static void an_answer_is_whole_at_its_end_and_not_before(void **state)
{
	static struct nisreply r;
	struct buffer all = {.data = NULL}, in = {.data = NULL};
	size_t i;

	(void)state;
	r = (struct nisreply){.count = 0};
	put(&all, "STATUS   : ONLINE \n");
	put(&all, "LINEV    : 230.0 Volts\n");
	put(&all, "");
	for (i = 0; i + 1 < all.len; i++) {
		buffer_append_char(&in, all.data[i]);
		assert_int_equal(nisreply_take(&r, &in), NISREPLY_MORE);
	}
	buffer_append_str(&in, "");
	buffer_append_char(&in, all.data[i]);
	buffer_append_str(&in, "more");
	assert_int_equal(nisreply_take(&r, &in), NISREPLY_WHOLE);
	assert_int_equal(in.len, 4);
	assert_string_equal(nisreply_value(&r, "STATUS"), "ONLINE");
	assert_string_equal(nisreply_value(&r, "LINEV"), "230.0 Volts");
	assert_null(nisreply_value(&r, "LINE"));
	buffer_free(&all);
	buffer_free(&in);
}

static void what_is_not_available_is_not_there(void **state)
{
	static struct nisreply r;
	struct buffer in = {.data = NULL};

	(void)state;
	r = (struct nisreply){.count = 0};
	put(&in, "XOFFBATT : N/A\n");
	put(&in, "a line without that mark\n");
	put(&in, " : without a key\n");
	put(&in, "UPSNAME  : \n");
	put(&in, "");
	assert_int_equal(nisreply_take(&r, &in), NISREPLY_WHOLE);
	assert_null(nisreply_value(&r, "XOFFBATT"));
	assert_string_equal(nisreply_value(&r, "UPSNAME"), "");
	assert_int_equal(r.count, 2);
	buffer_free(&in);
}

static enum nisreply_result take_many(const char *line, size_t count)
{
	static struct nisreply r;
	struct buffer in = {.data = NULL};
	enum nisreply_result result;

	r = (struct nisreply){.count = 0};
	for (size_t i = 0; i < count; i++)
		put(&in, line);
	put(&in, "");
	result = nisreply_take(&r, &in);
	buffer_free(&in);
	return result;
}

static void an_answer_without_measure_is_none(void **state)
{
	char line[NISREPLY_LINE_MAX + 2];

	(void)state;
	assert_int_equal(take_many("KEY: value", NISREPLY_RECORDS_MAX), NISREPLY_WHOLE);
	assert_int_equal(take_many("KEY: value", NISREPLY_RECORDS_MAX + 1), NISREPLY_BAD);
	assert_int_equal(take_many("no mark", NISREPLY_RECORDS_MAX + 1), NISREPLY_BAD);
	memset(line, ' ', sizeof(line));
	line[0] = 'K';
	line[1] = ':';
	line[NISREPLY_LINE_MAX] = '\0';
	assert_int_equal(take_many(line, 1), NISREPLY_WHOLE);
	line[NISREPLY_LINE_MAX] = ' ';
	line[NISREPLY_LINE_MAX + 1] = '\0';
	assert_int_equal(take_many(line, 1), NISREPLY_BAD);
	memset(line, 'v', NISREPLY_VALUE_MAX + 2);
	line[0] = 'K';
	line[1] = ':';
	line[NISREPLY_VALUE_MAX + 1] = '\0';
	assert_int_equal(take_many(line, 1), NISREPLY_WHOLE);
	line[NISREPLY_VALUE_MAX + 1] = 'v';
	line[NISREPLY_VALUE_MAX + 2] = '\0';
	assert_int_equal(take_many(line, 1), NISREPLY_BAD);
}

/* --------------------------------------------------------------------------------- age */

static long long look(struct nisage *a, const char *started, const char *heard, const char *written)
{
	static struct nisreply r;
	const char *const pairs[][2] = {
		{"STARTTIME", started}, {"DATE", heard}, {"END APC", written}};

	r = (struct nisreply){.count = 0};
	for (size_t i = 0; i < 3; i++) {
		struct nisreply_record *record = &r.records[r.count++];

		str_copy(record->key, sizeof(record->key), pairs[i][0]);
		str_copy(record->value, sizeof(record->value), pairs[i][1]);
	}
	return nisage_look(a, &r, 5);
}

static const char start[] = "2026-11-28 11:00:00 +0000";

/* One that heard of its UPS every ten seconds. */
static struct nisage usual(void)
{
	struct nisage a = {0};

	look(&a, start, "2026-11-28 11:58:40 +0000", "2026-11-28 11:58:41 +0000");
	look(&a, start, "2026-11-28 11:58:50 +0000", "2026-11-28 11:58:51 +0000");
	assert_int_equal(look(&a, start, "2026-11-28 11:59:00 +0000", "2026-11-28 11:59:01 +0000"),
			 -1);
	return a;
}

static void the_age_of_news_is_between_hearing_and_writing(void **state)
{
	struct nisage a = usual();

	(void)state;
	assert_int_equal(look(&a, start, "2026-11-28 11:59:00 +0000", "2026-11-28 12:00:01 +0000"),
			 61);
	assert_int_equal(look(&a, start, "2026-11-28 11:59:00 +0000", "2026-11-28 13:00:01 +0100"),
			 61);
	assert_int_equal(look(&a, start, "2026-11-28 11:59:00 +0000", "2026-11-28 08:30:01 -0330"),
			 61);
	/* Within five of its pauses it is as always, and so is a clock that was set back. */
	assert_int_equal(look(&a, start, "2026-11-28 11:59:00 +0000", "2026-11-28 11:59:50 +0000"),
			 -1);
	assert_int_equal(look(&a, start, "2026-11-28 11:59:00 +0000", "2026-11-28 11:00:00 +0000"),
			 -1);
	assert_int_equal(look(&a, start, "2026-11-28 11:59:00", "2026-11-28 12:10:00 +0000"), -1);
	assert_int_equal(look(&a, start, "Sat Nov 28 12:00:00 CET 2026", ""), -1);
}

static void an_apcupsd_that_does_not_tell_its_start_is_watched_as_well(void **state)
{
	struct nisage a = {0};

	(void)state;
	look(&a, "", "2026-11-28 11:58:40 +0000", "2026-11-28 11:58:41 +0000");
	look(&a, "", "2026-11-28 11:58:50 +0000", "2026-11-28 11:58:51 +0000");
	look(&a, "", "2026-11-28 11:59:00 +0000", "2026-11-28 11:59:01 +0000");
	assert_int_equal(look(&a, "", "2026-11-28 11:59:00 +0000", "2026-11-28 12:00:01 +0000"),
			 61);
}

static void a_date_that_stands_still_tells_no_age(void **state)
{
	struct nisage a = {0};

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(
			look(&a, start, "2026-11-28 11:00:05 +0000", "2026-11-28 15:00:00 +0000"),
			-1);
	/* It moves when apcupsd is started anew, which is no move. */
	for (int i = 0; i < 5; i++) {
		char again[] = "2026-11-28 12:00:00 +0000";

		again[15] = (char)('0' + i);
		assert_int_equal(look(&a, again, again, "2026-11-28 15:00:00 +0000"), -1);
	}
}

static void an_apcupsd_that_is_started_anew_is_watched_anew(void **state)
{
	struct nisage a = usual();

	(void)state;
	assert_int_equal(look(&a, "2026-11-28 12:00:00 +0000", "2026-11-28 12:00:01 +0000",
			      "2026-11-28 15:00:00 +0000"),
			 -1);
}

/* ------------------------------------------------------------------------------ places */

static struct nisreply answer;
static bool answers;

static bool fetch(void *arg, struct nisreply *into)
{
	(void)arg;
	*into = answer;
	return answers;
}

static void tell(const char *key, const char *value)
{
	struct nisreply_record *r = &answer.records[answer.count++];

	str_copy(r->key, sizeof(r->key), key);
	str_copy(r->value, sizeof(r->value), value);
}

static int setup(void **state)
{
	answer = (struct nisreply){.count = 0};
	answers = true;
	*state = nisdevice_new(fetch, NULL);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	nisdevice_free(*state);
	return 0;
}

static const char *read_place(struct nisdevice *d, const char *where)
{
	static struct mapvalue v;

	v = (struct mapvalue){.kind = MAPVALUE_NUMBER};
	return nisdevice_probe(d, where, &v) == DEVICE_OK ? mapvalue_text(&v) : "-";
}

static void a_place_is_a_key_or_a_part_of_what_stands_there(void **state)
{
	tell("LINEV", "230.5 Volts");
	tell("FIRMWARE", "871.O2 .I / USB FW:O2");
	tell("SENSE", "Medium");
	tell("STATFLAG", "0x05000008");
	assert_true(nisdevice_look(*state));
	assert_string_equal(read_place(*state, "LINEV"), "230.5 Volts");
	assert_string_equal(read_place(*state, "LINEV{0}"), "230.5");
	assert_string_equal(read_place(*state, "LINEV{1}"), "Volts");
	assert_string_equal(read_place(*state, "LINEV{2}"), "-");
	assert_string_equal(read_place(*state, "FIRMWARE/0"), "871.O2 .I");
	assert_string_equal(read_place(*state, "FIRMWARE/1"), "USB FW:O2");
	assert_string_equal(read_place(*state, "FIRMWARE/2"), "-");
	assert_string_equal(read_place(*state, "SENSE[0]"), "M");
	assert_string_equal(read_place(*state, "SENSE[2-3]"), "di");
	assert_string_equal(read_place(*state, "SENSE[4-]"), "um");
	assert_string_equal(read_place(*state, "SENSE[6]"), "-");
	assert_string_equal(read_place(*state, "STATFLAG"), "83886088");
	assert_string_equal(read_place(*state, "NOTHING"), "-");
}

static void a_where_that_cannot_be_read_is_no_place(void **state)
{
	static const char *const wrong[] = {"",      "{0}",   "K{",      "K{0",     "K{x}", "K{0}x",
					    "K[",    "K[0",   "K[2-1]",  "K[0-1",   "K/",   "K/x",
					    "K/1/2", "K[-1]", "K{1000}", "K[0-1]x", NULL};
	struct mapwhere_nis at;

	(void)state;
	for (size_t i = 0; wrong[i]; i++)
		assert_false(mapwhere_nis(wrong[i], &at));
	assert_true(mapwhere_nis("END APC", &at));
	assert_false(mapwhere_nis("A_KEY_THAT_IS_MUCH_TOO_LONG_TO_BE_ONE", &at));
}

static void a_key_that_comes_later_is_noticed_once(void **state)
{
	tell("STATUS", "COMMLOST");
	assert_true(nisdevice_look(*state));
	assert_string_equal(read_place(*state, "LINEV"), "-");
	assert_false(nisdevice_grew(*state));
	assert_true(nisdevice_look(*state));
	assert_false(nisdevice_grew(*state));
	tell("LINEV", "230.5 Volts");
	assert_true(nisdevice_look(*state));
	assert_true(nisdevice_grew(*state));
	assert_false(nisdevice_grew(*state));
	answer.count = 1;
	assert_true(nisdevice_look(*state));
	answer.count = 2;
	assert_true(nisdevice_look(*state));
	assert_false(nisdevice_grew(*state));
}

static void without_an_answer_nothing_can_be_read(void **state)
{
	tell("STATUS", "ONLINE");
	assert_true(nisdevice_look(*state));
	assert_string_equal(read_place(*state, "STATUS"), "ONLINE");
	answers = false;
	assert_false(nisdevice_look(*state));
	assert_string_equal(read_place(*state, "STATUS"), "-");
}

/* -------------------------------------------------------------------------- the status */

static char words[128];

static void set_text(void *arg, const char *name, const char *text)
{
	state_set(arg, name, text);
}

static void begin(void *arg)
{
	(void)arg;
	words[0] = '\0';
}

static void word(void *arg, const char *text)
{
	size_t used = strlen(words);

	(void)arg;
	str_format(words + used, sizeof(words) - used, "%s%s", used ? " " : "", text);
}

static void alarm_text(void *arg, const char *text)
{
	(void)text;
	word(arg, "ALARM");
}

static bool no_wait(void *arg, int ms)
{
	(void)arg, (void)ms;
	return true;
}

static void nothing(void *arg)
{
	(void)arg;
}

struct says {
	const char *status, *flags; /* NULL: the key is not there */
	const char *words;          /* NULL: it is not known */
};

static void check_status(const struct map *map, const struct says *s)
{
	struct state *state = state_new();
	struct nisdevice *d = nisdevice_new(fetch, NULL);
	const struct engine_device device = nisdevice_ops(d);
	const struct engine_host host = {state,      set_text, begin,   word,
					 alarm_text, no_wait,  nothing, state};
	const struct engine_options options = {.full_s = 1, .quick_s = 1};
	struct engine *e = engine_new(map, NULL, &device, &host, &options);
	enum engine_result r;

	answer.count = 0;
	answers = true;
	tell("MODEL", "Smart-UPS");
	if (s->status)
		tell("STATUS", s->status);
	if (s->flags)
		tell("STATFLAG", s->flags);
	words[0] = '\0';
	r = engine_poll(e, 1);
	if (s->words) {
		assert_int_equal(r, ENGINE_OK);
		assert_string_equal(words, s->words);
	} else {
		assert_true(r == ENGINE_UNKNOWN || r == ENGINE_FAILED);
		assert_string_equal(words, "");
	}
	engine_free(e);
	nisdevice_free(d);
	state_free(state);
}

static void each_word_of_apcupsd_has_its_status_and_no_other(void **state)
{
	static const struct says table[] = {
		{"ONLINE", "0x05000008", "OL"},
		{"ONBATT", "0x05000010", "OB"},
		{"ONBATT LOWBATT", "0x05000050", "OB LB"},
		{"ONLINE OVERLOAD", "0x05000028", "OL OVER"},
		{"ONLINE REPLACEBATT", "0x05000088", "OL RB ALARM"},
		{"ONLINE NOBATT", "0x01000008", "OL RB ALARM"},
		{"TRIM ONLINE", "0x0500000A", "OL TRIM"},
		{"BOOST ONLINE", "0x0500000C", "OL BOOST"},
		{"CAL ONLINE", "0x05000009", "CAL OL"},
		{"CAL ONBATT", "0x05000011", "CAL OB"},
		{"SELFTEST", "0x05000010", "OB"},
		{"ONLINE SLAVE", "0x05000408", "OL"},
		{"ONLINE SLAVE SLAVEDOWN", "0x05000C08", "OL"},
		{"online", NULL, "OL"},
		{"SHUTTING DOWN", "0x05000210", "OB LB FSD ALARM"},
		{"SHUTTING DOWN", "0x05000208", "OL LB FSD ALARM"},
		{"SHUTTING DOWN", "0x05000200", "OB LB FSD ALARM"},
		{"SHUTTING DOWN", "0x0500021008", "OB LB FSD ALARM"},
		{"SHUTTING DOWN", NULL, "OB LB FSD ALARM"},
		/* Flags alone say nothing: they are as old as what was read last. */
		{"COMMLOST", "0x05000108", NULL},
		{"COMMLOST", "0x05000110", NULL},
		{"COMMLOST", "0x05000008", NULL},
		{"ONLINE COMMLOST", "0x05000008", NULL},
		{"ONBATT COMMLOST", NULL, NULL},
		{"NETWORK ERROR", "0x05000008", NULL},
		{"ERROR", NULL, NULL},
		{"", "0x05000008", NULL},
		{"N/A", "0x05000008", NULL},
		{NULL, "0x05000008", NULL},
		{"LOWBATT", NULL, NULL},
		{"ONLINES NOTONBATT OFFLINE", "0x05000008", NULL},
	};
	struct conf_report report = {.emit = conf_emit_log};
	struct mapset maps;

	(void)state;
	setenv("NUT_DATAPATH", MAPS_DATA, 1);
	setenv("NUT_CONFPATH", "/nonexistent", 1);
	assert_true(mapset_load(&maps, "apcupsd-ups", &report));
	assert_int_equal(maps.count, 1);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_status(maps.maps[0], &table[i]);
	mapset_free(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_whole_at_its_end_and_not_before),
		cmocka_unit_test(what_is_not_available_is_not_there),
		cmocka_unit_test(an_answer_without_measure_is_none),
		cmocka_unit_test(the_age_of_news_is_between_hearing_and_writing),
		cmocka_unit_test(an_apcupsd_that_does_not_tell_its_start_is_watched_as_well),
		cmocka_unit_test(a_date_that_stands_still_tells_no_age),
		cmocka_unit_test(an_apcupsd_that_is_started_anew_is_watched_anew),
		cmocka_unit_test(each_word_of_apcupsd_has_its_status_and_no_other),
		cmocka_unit_test(a_where_that_cannot_be_read_is_no_place),
		cmocka_unit_test_setup_teardown(a_place_is_a_key_or_a_part_of_what_stands_there,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_that_comes_later_is_noticed_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(without_an_answer_nothing_can_be_read, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
