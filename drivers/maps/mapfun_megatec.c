/*
 * Megatec and its cousins: what they are told, in their own notation of time, and
 * the one status bit that needs a look at the voltages.
 */
#include "config.h"

#include <math.h>

#include "common/base/str.h"
#include "drivers/maps/mapfun_private.h"

enum {
	MINUTE_S = 60,
	TENTH_S = 6, /* of a minute */
	OFF_LEAST_S = TENTH_S,
	OFF_MOST_S = 99 * MINUTE_S,
	ON_MOST_MINUTES = 9999,
	TEST_S = 600,
};

/* What the caller said; nothing, "", is the variable's value, or `otherwise`. */
static bool seconds(const struct mapvalue *v, const char *variable, double otherwise,
		    const struct mapconv_context *c, double *result)
{
	*result = otherwise;
	if (v->kind == MAPVALUE_NUMBER || v->text[0])
		return mapvalue_number(v, result);
	if (variable)
		mapfun_variable(c, variable, result);
	return true;
}

/* ".k", tenths of a minute, or "nn", minutes: rounded down. */
static bool time_code(double s, char *dst, size_t size)
{
	if (!(s >= OFF_LEAST_S && s <= OFF_MOST_S))
		return false;
	if (s < MINUTE_S)
		return str_format(dst, size, ".%d", (int)s / TENTH_S);
	return str_format(dst, size, "%02d", (int)s / MINUTE_S);
}

bool mapfun_megatec_off_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	char code[8];
	double off;

	(void)arg;
	return seconds(v, "ups.delay.shutdown", 30, c, &off) &&
	       time_code(off, code, sizeof(code)) && mapvalue_set_text(v, code);
}

bool mapfun_megatec_return_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	char code[8], text[24];
	double off, on = 180;

	(void)arg;
	if (!seconds(v, "ups.delay.shutdown", 30, c, &off) || !time_code(off, code, sizeof(code)))
		return false;
	mapfun_variable(c, "ups.delay.start", &on);
	if (!(on >= 0 && on <= (double)ON_MOST_MINUTES * MINUTE_S))
		return false;
	/* Without R it comes back as soon as the mains do. */
	if (on < MINUTE_S)
		return mapvalue_set_text(v, code);
	return str_format(text, sizeof(text), "%sR%04d", code, (int)on / MINUTE_S) &&
	       mapvalue_set_text(v, text);
}

bool mapfun_megatec_off_delay_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double s, step;

	(void)arg, (void)c;
	if (!mapvalue_number(v, &s) || s < 0)
		return false;
	step = s < MINUTE_S ? TENTH_S : MINUTE_S;
	return mapvalue_set_number(v, floor(s / step) * step);
}

bool mapfun_megatec_on_delay_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double s;

	(void)arg, (void)c;
	return mapvalue_number(v, &s) && s >= 0 &&
	       mapvalue_set_number(v, floor(s / MINUTE_S) * MINUTE_S);
}

bool mapfun_megatec_test_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	char text[8];
	double s;

	(void)arg;
	if (!seconds(v, NULL, TEST_S, c, &s) || !(s >= MINUTE_S && s <= OFF_MOST_S))
		return false;
	return str_format(text, sizeof(text), "%02d", (int)s / MINUTE_S) &&
	       mapvalue_set_text(v, text);
}

bool mapfun_megatec_test_short_write(struct mapvalue *v, double arg,
				     const struct mapconv_context *c)
{
	char text[8];
	double s;

	(void)arg;
	return seconds(v, NULL, TEST_S, c, &s) && s >= 2 * TENTH_S &&
	       time_code(s, text, sizeof(text)) && mapvalue_set_text(v, text);
}

bool mapfun_megatec_pack(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double voltage, packs = 1;

	(void)arg;
	if (!mapvalue_number(v, &voltage))
		return false;
	if (mapfun_switch(c, "battery_voltage_reports_one_pack"))
		mapfun_variable(c, "battery.packs", &packs);
	return mapvalue_set_number(v, packs >= 2 ? voltage * packs : voltage);
}

/* The bit says that the voltage is mended, or the UPS passed by: which, is in the voltages. */
bool mapfun_megatec_avr(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	static const struct {
		double below;
		const char *votes;
	} ratios[] = {
		{0.5, "!trim !bypass !boost"},
		{0.95, "trim !bypass !boost"},
		{1.05, "bypass !trim !boost"},
		{1.5, "boost !trim !bypass"},
	};
	double on, in, out;

	(void)arg;
	if (!mapvalue_number(v, &on))
		return false;
	if (on == 0)
		return mapvalue_set_text(v, ratios[0].votes);
	if ((!mapfun_variable(c, "input.voltage", &in) &&
	     !mapfun_variable(c, "input.L1-N.voltage", &in)) ||
	    (!mapfun_variable(c, "output.voltage", &out) &&
	     !mapfun_variable(c, "output.L1-N.voltage", &out)) ||
	    in <= 0)
		return false;
	for (size_t i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++) {
		if (out / in < ratios[i].below)
			return mapvalue_set_text(v, ratios[i].votes);
	}
	return mapvalue_set_text(v, ratios[0].votes);
}
