/*
 * Single functions of protocols of queries and answers.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapfun_private.h"

/* ------------------------------------------------------------------------- Best Power */

/* The number of a set of voltages; those for 200 V and more come behind the ten others. */
bool mapfun_bestups_setting(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number, nominal = 0;

	(void)arg;
	if (!mapvalue_number(v, &number) || number < 0 || number > 9)
		return false;
	if (!mapfun_recall(c, "bestups-nominal", &nominal))
		return false;
	return mapvalue_set_number(v, number + (nominal > 160 ? 10 : 0));
}

/* Means something on mains only, while nothing is tested; some models say it the other way round.
 */
bool mapfun_bestups_avr(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double on;

	if (mapfun_holds(c, "status[38]") || mapfun_holds(c, "status[43]") ||
	    mapfun_holds(c, "status[44]"))
		return mapvalue_set_text(v, "!trim !bypass !boost");
	if (!mapvalue_number(v, &on))
		return false;
	if (mapfun_switch(c, "bestups-inverted"))
		on = on == 0 ? 1 : 0;
	return mapvalue_set_number(v, on) && mapfun_megatec_avr(v, arg, c);
}

/* ------------------------------------------------------------------------------- Omron */

/* "M:1.23(S:4.56)": 0 is the first of the two, 1 the second. */
bool mapfun_omron_firmware(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX];
	char *first, *second, *end;

	(void)c;
	str_copy(text, sizeof(text), mapvalue_text(v));
	first = strstr(text, "M:");
	second = strstr(text, "(S:");
	end = second ? strchr(second, ')') : NULL;
	if (!first || !second || !end || first > second)
		return false;
	*second = *end = '\0';
	return mapvalue_set_text(v, arg == 0 ? first + 2 : second + 3);
}

/* YYYYMMDD */
bool mapfun_omron_date(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX], date[16];
	long number;

	(void)arg, (void)c;
	str_copy(text, sizeof(text), mapvalue_text(v));
	if (strlen(text) != 8 || !str_to_long(text, 19000101, 99991231, &number) ||
	    number / 100 % 100 < 1 || number / 100 % 100 > 12 || number % 100 < 1 ||
	    number % 100 > 31)
		return false;
	str_format(date, sizeof(date), "%.4s-%.2s-%.2s", text, text + 4, text + 6);
	return mapvalue_set_text(v, date);
}

/* ----------------------------------------------------------------------------- Ablerex */

enum { Q5_LENGTH = 22, ANSWER_MAX = 512 };

/* A word, high byte first, of the answer to Q5: its bytes are no text. */
static bool q5_word(const struct mapconv_context *c, size_t at, double *value)
{
	char answer[ANSWER_MAX];
	size_t len;

	if (!c->answer || !c->answer(c->arg, "Q5", answer, sizeof(answer), &len) || len < Q5_LENGTH)
		return false;
	*value = (unsigned char)answer[at] * 256.0 + (unsigned char)answer[at + 1];
	return true;
}

bool mapfun_ablerex_q5(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double word;

	return arg >= 1 && arg <= Q5_LENGTH - 3 && q5_word(c, (size_t)arg, &word) &&
	       mapvalue_set_number(v, word);
}

/* Bytes 1 to 4 of an answer: the runtime in seconds. */
bool mapfun_ablerex_runtime(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	char answer[ANSWER_MAX];
	double seconds = 0;
	size_t len;

	(void)arg;
	if (!c->answer || !c->answer(c->arg, "At", answer, sizeof(answer), &len) || len < 5)
		return false;
	for (size_t i = 1; i <= 4; i++)
		seconds = seconds * 256 + (unsigned char)answer[i];
	return mapvalue_set_number(v, seconds);
}

/* Q1 tells one cell's voltage, or one block's, or all of it; Q5 is better where it is told. */
bool mapfun_ablerex_battery(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double voltage, nominal, word;

	(void)arg;
	if (!mapvalue_number(v, &voltage))
		return false;
	if (!mapfun_variable(c, "battery.voltage.nominal", &nominal))
		return true;
	if (q5_word(c, 7, &word) && word > 0)
		return mapvalue_set_number(v, word * nominal / 1200);
	return voltage > 3 || mapvalue_set_number(v, voltage * 6 * nominal / 12);
}

/* 0 is battery.voltage.low, 1 .high, of the nominal one in the text. */
bool mapfun_ablerex_bound(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double nominal, word = 0;

	if (!mapvalue_number(v, &nominal))
		return false;
	if (arg == 0 && (!q5_word(c, 9, &word) || word <= 0))
		word = 960;
	return mapvalue_set_number(v, (arg == 0 ? word : 1365) * nominal / 1200);
}

/* The charge by the voltage of a cell, or of a block of six. */
bool mapfun_ablerex_charge(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double voltage, low = 10, high = 13.5, charge;

	(void)arg, (void)c;
	if (!mapvalue_number(v, &voltage))
		return false;
	if (voltage < 3) {
		low = 1.67;
		high = 2.22;
	}
	charge = 100 * (voltage - low) / (high - low);
	return mapvalue_set_number(v, charge < 0 ? 0 : charge > 100 ? 100 : charge);
}
