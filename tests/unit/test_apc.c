/* A Smart-UPS: its lists, its line, and the ways of cutting the load off. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/apc/apcdevice.h"
#include "drivers/apc/apcways.h"
#include "drivers/maps/mapfun.h"
#include "drivers/maps/mapset.h"
#include "drivers/maps/mapwhere.h"

/* ------------------------------------------------------------------------------ lists */

static bool list(struct apcset *s, const char *text)
{
	return apcset_parse_list(s, text, strlen(text));
}

static void a_list_of_commands_is_its_third_field(void **state)
{
	struct apcset s;

	(void)state;
	assert_true(list(&s, "3.!$%+?=#|.\x01"
			     "@ABC\x9f.\x9f\xd3\xd4"));
	assert_true(apcset_has(&s, 'A') && apcset_has(&s, 0x01) && apcset_has(&s, 0x9fd3) &&
		    apcset_has(&s, 0x9fd4));
	assert_false(apcset_has(&s, '!') || apcset_has(&s, 'D') || apcset_has(&s, 0x9fd5) ||
		     apcset_has(&s, 0x80d3));
	apcset_drop(&s, 'A');
	assert_false(apcset_has(&s, 'A'));
}

static void what_is_no_list_is_none(void **state)
{
	static const char *const texts[] = {"", "3", "3.", "3.!$", "3.!$.", "NA", "x.!.AB", NULL};
	struct apcset s;

	(void)state;
	for (size_t i = 0; texts[i]; i++)
		assert_false(list(&s, texts[i]));
}

static void letters_of_a_map_may_be_hexadecimal(void **state)
{
	struct apcset s;

	(void)state;
	assert_true(apcset_parse_letters(&s, "AB~0c~1A"));
	assert_true(apcset_has(&s, 'B') && apcset_has(&s, 0x0c) && apcset_has(&s, 0x1a));
	assert_false(apcset_has(&s, '~') || apcset_has(&s, '0'));
	assert_false(apcset_parse_letters(&s, "A~0"));
	assert_false(apcset_parse_letters(&s, "A~zz"));
}

static const char *nth(const struct apccaps *c, unsigned letter, size_t n)
{
	static char value[APCSET_WIDTH_MAX + 1];
	const struct apccap *cap = apccaps_find(c, letter);

	if (!cap || n >= cap->count)
		return "none";
	apccaps_value(c, cap, n, value);
	return value;
}

static void caps(struct apccaps *c, const char *text)
{
	apccaps_parse(c, text, strlen(text), 'I');
}

static void capabilities_are_groups_of_ones_own_part_of_the_world(void **state)
{
	static struct apccaps c;

	(void)state;
	caps(&c, "#uI43253264271280uM43127130133136s441HMLLE443336168ON OFF");
	assert_int_equal(c.count, 3);
	assert_string_equal(nth(&c, 'u', 3), "280");
	assert_string_equal(nth(&c, 's', 2), "L");
	assert_string_equal(nth(&c, 'E', 2), "ON");
	assert_string_equal(nth(&c, 'E', 3), "OFF");
	assert_null(apccaps_find(&c, 'M'));
}

static void a_matrix_has_two_bytes_before_each_group(void **state)
{
	static struct apccaps c;

	(void)state;
	caps(&c, "##uI23253264##s441HMLA");
	assert_int_equal(c.count, 2);
	assert_string_equal(nth(&c, 'u', 1), "264");
	assert_string_equal(nth(&c, 's', 3), "A");
}

static void of_capabilities_that_are_cut_the_whole_groups_count(void **state)
{
	static const char whole[] = "#s441HMLLp443020180300600";
	static struct apccaps c;

	(void)state;
	for (size_t len = 0; len < strlen(whole); len++) {
		apccaps_parse(&c, whole, len, 'I');
		assert_int_equal(c.count, len >= 9 ? 1 : 0);
	}
	caps(&c, "#s4\x7f\x7f");
	assert_int_equal(c.count, 0);
	caps(&c, "s441HMLL");
	assert_int_equal(c.count, 0);
}

static void there_is_an_end_to_capabilities(void **state)
{
	static char text[APCSET_TEXT_MAX + 1];
	static struct apccaps c;
	size_t at = 1;

	(void)state;
	memset(text, '#', sizeof(text));
	for (int i = 0; i < 60; i++, at += 5)
		memcpy(text + at, (char[]){(char)('A' + i), '4', '1', '1', 'x'}, 5);
	apccaps_parse(&c, text, at, 'I');
	assert_int_equal(c.count, APCSET_CAPS_MAX);
	apccaps_parse(&c, text, sizeof(text), 'I');
	assert_int_equal(c.count, 0);
}

/* ------------------------------------------------------------------------------- line */

/* What the UPS sends after each key, in order; NULL is nothing. */
static struct play {
	const char *const *answers;
	const char *now;
	char sent[128];
} play;

static enum serial_result play_send(void *arg, const char *bytes, size_t count, int pace_ms)
{
	(void)arg, (void)pace_ms;
	strncat(play.sent, bytes, count);
	if (*play.answers)
		play.now = *play.answers++;
	return SERIAL_OK;
}

static enum serial_result play_take(void *arg, char *byte, int timeout_ms)
{
	(void)arg, (void)timeout_ms;
	if (!play.now || !*play.now)
		return SERIAL_TIMEOUT;
	*byte = *play.now++;
	return SERIAL_OK;
}

static int waited_ms;

static bool play_wait(void *arg, int ms)
{
	(void)arg;
	waited_ms += ms;
	return true;
}

static const struct map *map;

static struct apcline open_line(const char *const *answers)
{
	play = (struct play){.answers = answers};
	return (struct apcline){.port = {play_send, play_take, play_wait, NULL},
				.alerts = map_lookup(map, "alerts")};
}

static void alerts_are_no_part_of_an_answer(void **state)
{
	static const char *const answers[] = {"2!36|.1\r\n", "5&0.0\r\n", NULL};
	struct apcline l = open_line(answers);
	char text[APCLINE_ANSWER_MAX];

	(void)state;
	assert_int_equal(apcline_ask(&l, 'L', text, sizeof(text)), APCLINE_OK);
	assert_string_equal(text, "236.1");
	assert_true(l.alerted);
	l.alerted = false;
	assert_int_equal(apcline_ask(&l, 'F', text, sizeof(text)), APCLINE_OK);
	assert_false(l.alerted);
}

static void an_answer_that_comes_late_is_not_taken_for_another(void **state)
{
	static const char *const answers[] = {"", "00\r\nSM\r\n", "08\r\n", NULL};
	struct apcline l = open_line(answers);
	char text[APCLINE_ANSWER_MAX];

	(void)state;
	assert_int_equal(apcline_ask(&l, 'e', text, sizeof(text)), APCLINE_SILENCE);
	assert_int_equal(apcline_ask(&l, 'Q', text, sizeof(text)), APCLINE_OK);
	assert_string_equal(text, "08");
	assert_string_equal(play.sent, "eYQ");
}

static void smart_mode_as_an_answer_means_out_of_step(void **state)
{
	static const char *const answers[] = {"SM\r\n", "08\r\nSM\r\n", "10\r\n", NULL};
	struct apcline l = open_line(answers);
	char text[APCLINE_ANSWER_MAX];

	(void)state;
	assert_int_equal(apcline_ask(&l, 'Q', text, sizeof(text)), APCLINE_GARBAGE);
	assert_int_equal(apcline_ask(&l, 'Q', text, sizeof(text)), APCLINE_OK);
	assert_string_equal(text, "10");
}

static void an_echo_is_taken_off(void **state)
{
	static const char *const answers[] = {"YSM\r\n", "QQ\r\n", "08\r\n", NULL};
	struct apcline l = open_line(answers);
	char text[APCLINE_ANSWER_MAX];

	(void)state;
	assert_int_equal(apcline_start(&l, 1), APCLINE_OK);
	assert_true(l.echoes);
	assert_int_equal(apcline_ask(&l, 'Q', text, sizeof(text)), APCLINE_OK);
	assert_string_equal(text, "Q");
	assert_int_equal(apcline_ask(&l, 'Q', text, sizeof(text)), APCLINE_GARBAGE);
}

static void no_is_a_refusal_of_orders_only(void **state)
{
	static const char *const answers[] = {"NO\r\n", "NO\r\n", "NA\r\n", "*", NULL};
	struct apcline l = open_line(answers);
	const struct apcline_order o = {.code = 'W', .text = ""};
	char text[APCLINE_ANSWER_MAX];

	(void)state;
	assert_int_equal(apcline_ask(&l, 'X', text, sizeof(text)), APCLINE_OK);
	assert_int_equal(apcline_order(&l, &o, text, sizeof(text)), APCLINE_REFUSED);
	assert_int_equal(apcline_ask(&l, 'X', text, sizeof(text)), APCLINE_REFUSED);
	assert_int_equal(apcline_order(&l, &o, text, sizeof(text)), APCLINE_OK);
	assert_string_equal(text, "OK");
}

static void a_key_is_pressed_twice_with_a_pause(void **state)
{
	static const char *const answers[] = {"", "OK\r\n", NULL};
	struct apcline l = open_line(answers);
	const struct apcline_order o = {.code = 'K', .text = "", .twice = true};
	char text[APCLINE_ANSWER_MAX];

	(void)state;
	waited_ms = 0;
	assert_int_equal(apcline_order(&l, &o, text, sizeof(text)), APCLINE_OK);
	assert_string_equal(play.sent, "KK");
	assert_int_equal(waited_ms, APCLINE_TWICE_MS);
}

/* ----------------------------------------------------------------------------- status */

static void a_status_counts_once_it_was_given_twice(void **state)
{
	static const char *const answers[] = {"08\r\n", "08\r\n", /* the first one */
					      "08\r\n",           /* the same */
					      "40\r\n", "10\r\n", "10\r\n", NULL};
	struct apcline l = open_line(answers);
	struct apcdevice *d = apcdevice_new(map, &l);
	unsigned bits;

	(void)state;
	assert_int_equal(apcdevice_status(d, &bits), APCLINE_OK);
	assert_int_equal(bits, 0x08);
	assert_string_equal(play.sent, "QQ");
	assert_int_equal(apcdevice_status(d, &bits), APCLINE_OK);
	assert_string_equal(play.sent, "QQQ");
	assert_int_equal(apcdevice_status(d, &bits), APCLINE_OK);
	assert_int_equal(bits, 0x10);
	assert_string_equal(play.sent, "QQQQQQ");
	apcdevice_free(d);
}

static void a_status_that_cannot_be_is_none(void **state)
{
	static const char *const texts[] = {"18\r\n", "FF\r\n", "8\r\n", "080\r\n", "OL\r\n", NULL};
	unsigned bits;

	(void)state;
	for (size_t i = 0; texts[i]; i++) {
		const char *const answers[] = {texts[i], "SM\r\n", texts[i], "SM\r\n", texts[i],
					       "SM\r\n", texts[i], "SM\r\n", texts[i], NULL};
		struct apcline l = open_line(answers);
		struct apcdevice *d = apcdevice_new(map, &l);

		assert_int_not_equal(apcdevice_status(d, &bits), APCLINE_OK);
		apcdevice_free(d);
	}
}

/* ------------------------------------------------------------------------- the rest */

static void a_where_is_a_key(void **state)
{
	static const char *const wrong[] = {"",    "LL", "0x",   "0x0",           "0xzz",
					    "K*3", "^:", "0x00", "^:MUCHTOOLONG", NULL};
	struct mapwhere_apc at;

	(void)state;
	assert_true(mapwhere_apc("L", &at) && at.code == 'L' && !at.twice);
	assert_true(mapwhere_apc("0x0c", &at) && at.code == 0x0c);
	assert_true(mapwhere_apc("0x9fd3", &at) && at.code == 0x9fd3);
	assert_true(mapwhere_apc("K*2", &at) && at.code == 'K' && at.twice && !at.may_be_silent);
	assert_true(mapwhere_apc("0x0e*2?", &at) && at.code == 0x0e && at.twice &&
		    at.may_be_silent);
	assert_true(mapwhere_apc("^:BYP", &at) && str_equal(at.answer, "BYP"));
	for (size_t i = 0; wrong[i]; i++)
		assert_false(mapwhere_apc(wrong[i], &at));
}

static void ways_are_tried_in_the_order_that_was_asked_for(void **state)
{
	struct apcways w;

	(void)state;
	assert_true(apcways_parse_order("0213", &w));
	assert_int_equal(w.count, 4);
	assert_int_equal(w.list[1], APCWAY_STAYOFF);
	assert_false(apcways_parse_order("", &w) || apcways_parse_order("5", &w) ||
		     apcways_parse_order("000000", &w));
	w = apcways_of_type(1, false);
	assert_true(w.count == 2 && w.list[0] == APCWAY_SOFT && w.list[1] == APCWAY_HARD);
	w = apcways_of_type(0, true);
	assert_true(w.count == 1 && w.list[0] == APCWAY_HARD);
}

static void digits_of_a_delay_are_three_unless_there_are_two(void **state)
{
	char digits[4];
	int ms;

	(void)state;
	assert_true(apcways_parse_delay("", digits) && str_equal(digits, "000"));
	assert_true(apcways_parse_delay("7", digits) && str_equal(digits, "007"));
	assert_true(apcways_parse_delay("12", digits) && str_equal(digits, "12"));
	assert_true(apcways_parse_delay("123", digits) && str_equal(digits, "123"));
	assert_false(apcways_parse_delay("1234", digits) || apcways_parse_delay("-1", digits));
	assert_true(apcways_parse_pause("3.5", &ms) && ms == 3500);
	assert_false(apcways_parse_pause("10", &ms) || apcways_parse_pause("x", &ms) ||
		     apcways_parse_pause("nan", &ms));
}

static bool convert(const char *function, const char *text, const char *wanted)
{
	const struct mapfun *f = mapfun_find(function);
	const struct mapconv_context c = {.map = NULL};
	struct mapvalue v = {.kind = MAPVALUE_TEXT};

	mapvalue_set_text(&v, text);
	if (!f->read(&v, 0, &c))
		return wanted == NULL;
	return wanted && str_equal(mapvalue_text(&v), wanted);
}

static void what_is_said_in_two_ways_is_told_apart(void **state)
{
	(void)state;
	assert_true(convert("apc-firmware", "601.3.I", "601.3.I"));
	assert_true(convert("apc-firmware", "DWI", NULL) && convert("apc-firmware", "1..2", NULL) &&
		    convert("apc-firmware", "1.2.3.4", NULL));
	assert_true(convert("apc-probe", "24.10", "24.10") && convert("apc-probe", "123.4", NULL));
	assert_true(convert("apc-uptime", "123.4", "444240") &&
		    convert("apc-uptime", "24.10", NULL));
	assert_true(convert("apc-interval", "336", "1209600") &&
		    convert("apc-interval", "OFF", "0") && convert("apc-interval", "ON", "ON") &&
		    convert("apc-interval", "x", NULL));
}

int main(void)
{
	static struct mapset maps;
	static struct conf_report report = {.emit = conf_emit_log};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_commands_is_its_third_field),
		cmocka_unit_test(what_is_no_list_is_none),
		cmocka_unit_test(letters_of_a_map_may_be_hexadecimal),
		cmocka_unit_test(capabilities_are_groups_of_ones_own_part_of_the_world),
		cmocka_unit_test(a_matrix_has_two_bytes_before_each_group),
		cmocka_unit_test(of_capabilities_that_are_cut_the_whole_groups_count),
		cmocka_unit_test(there_is_an_end_to_capabilities),
		cmocka_unit_test(alerts_are_no_part_of_an_answer),
		cmocka_unit_test(an_answer_that_comes_late_is_not_taken_for_another),
		cmocka_unit_test(smart_mode_as_an_answer_means_out_of_step),
		cmocka_unit_test(an_echo_is_taken_off),
		cmocka_unit_test(no_is_a_refusal_of_orders_only),
		cmocka_unit_test(a_key_is_pressed_twice_with_a_pause),
		cmocka_unit_test(a_status_counts_once_it_was_given_twice),
		cmocka_unit_test(a_status_that_cannot_be_is_none),
		cmocka_unit_test(a_where_is_a_key),
		cmocka_unit_test(ways_are_tried_in_the_order_that_was_asked_for),
		cmocka_unit_test(digits_of_a_delay_are_three_unless_there_are_two),
		cmocka_unit_test(what_is_said_in_two_ways_is_told_apart),
	};

	setenv("NUT_DATAPATH", MAPS_DATA, 1);
	setenv("NUT_CONFPATH", "/nonexistent", 1);
	if (!mapset_load(&maps, "apcsmart", &report) || maps.count == 0)
		return 1;
	map = maps.maps[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
