#include "config.h"

#include "clients/cgi/imagekind.h"

#include <math.h>
#include <stddef.h>

#include "common/base/str.h"

enum {
	VALUE_MAX = 1000000, /* no UPS has more of anything */
	LINES_MAX = 2000,    /* on a scale of at most 500 pixels */
};

#define INPUT_LIMITS  "input.transfer.low", "input.voltage.nominal", "input.transfer.high", "VAC"
#define OUTPUT_LIMITS "input.transfer.low", "output.voltage.nominal", "input.transfer.high", "VAC"

static const struct imagekind kinds[] = {
	{"battery.charge", "Battery charge", IMAGERULE_CHARGE, "battery.charge.low", NULL, NULL,
	 "%"},
	{"battery.voltage", "Battery voltage", IMAGERULE_BATTERY, "battery.voltage.low",
	 "battery.voltage.nominal", "battery.voltage.high", "VDC"},
	{"input.frequency", "Input frequency", IMAGERULE_FREQUENCY, NULL, "input.frequency.nominal",
	 NULL, "Hz"},
	{"output.frequency", "Output frequency", IMAGERULE_FREQUENCY, NULL,
	 "output.frequency.nominal", NULL, "Hz"},
	{"input.voltage", "Input voltage", IMAGERULE_UTILITY, INPUT_LIMITS},
	{"input.L1-N.voltage", "Input voltage (L1-N)", IMAGERULE_UTILITY, INPUT_LIMITS},
	{"input.L2-N.voltage", "Input voltage (L2-N)", IMAGERULE_UTILITY, INPUT_LIMITS},
	{"input.L3-N.voltage", "Input voltage (L3-N)", IMAGERULE_UTILITY, INPUT_LIMITS},
	{"input.L1-L2.voltage", "Input voltage (L1-L2)", IMAGERULE_UTILITY, INPUT_LIMITS},
	{"input.L2-L3.voltage", "Input voltage (L2-L3)", IMAGERULE_UTILITY, INPUT_LIMITS},
	{"input.L3-L1.voltage", "Input voltage (L3-L1)", IMAGERULE_UTILITY, INPUT_LIMITS},
	{"output.voltage", "Output voltage", IMAGERULE_UTILITY, OUTPUT_LIMITS},
	{"output.L1-N.voltage", "Output voltage (L1-N)", IMAGERULE_UTILITY, OUTPUT_LIMITS},
	{"output.L2-N.voltage", "Output voltage (L2-N)", IMAGERULE_UTILITY, OUTPUT_LIMITS},
	{"output.L3-N.voltage", "Output voltage (L3-N)", IMAGERULE_UTILITY, OUTPUT_LIMITS},
	{"output.L1-L2.voltage", "Output voltage (L1-L2)", IMAGERULE_UTILITY, OUTPUT_LIMITS},
	{"output.L2-L3.voltage", "Output voltage (L2-L3)", IMAGERULE_UTILITY, OUTPUT_LIMITS},
	{"output.L3-L1.voltage", "Output voltage (L3-L1)", IMAGERULE_UTILITY, OUTPUT_LIMITS},
	{"ups.load", "UPS load", IMAGERULE_LOAD, NULL, NULL, NULL, "%"},
	{"output.L1.power.percent", "UPS load (L1)", IMAGERULE_LOAD, NULL, NULL, NULL, "%"},
	{"output.L2.power.percent", "UPS load (L2)", IMAGERULE_LOAD, NULL, NULL, NULL, "%"},
	{"output.L3.power.percent", "UPS load (L3)", IMAGERULE_LOAD, NULL, NULL, NULL, "%"},
	{"output.L1.realpower.percent", "UPS real load (L1)", IMAGERULE_LOAD, NULL, NULL, NULL,
	 "%"},
	{"output.L2.realpower.percent", "UPS real load (L2)", IMAGERULE_LOAD, NULL, NULL, NULL,
	 "%"},
	{"output.L3.realpower.percent", "UPS real load (L3)", IMAGERULE_LOAD, NULL, NULL, NULL,
	 "%"},
	{"ups.temperature", "UPS temperature", IMAGERULE_TEMPERATURE, "ups.temperature.low", NULL,
	 "ups.temperature.high",
	 "\xB0"
	 "C"},
	{"ambient.temperature", "Ambient temperature", IMAGERULE_TEMPERATURE,
	 "ambient.temperature.low", NULL, "ambient.temperature.high",
	 "\xB0"
	 "C"},
	{"ambient.humidity", "Ambient humidity", IMAGERULE_HUMIDITY, "ambient.humidity.low", NULL,
	 "ambient.humidity.high", "%"},
};

const struct imagekind *imagekind_find(const char *variable)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_equal(kinds[i].variable, variable))
			return &kinds[i];
	return NULL;
}

/* ------------------------------------------------------------------- scales */

/* A row of `limits`: for values below `below` that is what is to be assumed. */
struct guess {
	double below, low, nominal;
};

static const struct guess utilities[] = {
	{200, 90, 110},
	{300, 200, 225},
	{HUGE_VAL, 340, 400},
};

static const struct guess batteries[] = {
	{9, 0, 6},    {18, 0, 12},   {30, 0, 24},        {60, 0, 48},
	{120, 0, 96}, {230, 0, 192}, {HUGE_VAL, 0, 384},
};

static const struct guess *guess_by(const struct guess *rows, double value)
{
	while (value >= rows->below)
		rows++;
	return rows;
}

static void no_zones(struct imagescale *s)
{
	s->per_unit = 1;
	s->warn_below = -HUGE_VAL;
	s->warn_above = HUGE_VAL;
	s->ok_from = HUGE_VAL;
	s->ok_to = -HUGE_VAL;
}

static void set_steps(struct imagescale *s, long minor, long semi, long major)
{
	s->minor = minor;
	s->semi = semi;
	s->major = major;
}

static void set_ends(struct imagescale *s, long low, long high)
{
	s->low = low;
	s->high = high;
}

static void set_warnings(struct imagescale *s, const struct imagefacts *f)
{
	if (f->has_low)
		s->warn_below = f->low;
	if (f->has_high)
		s->warn_above = f->high;
}

/* Around a nominal value, and some way beyond its limits. */
static bool scale_around(struct imagescale *s, const struct imagefacts *f, double deviation)
{
	double low = f->low, high = f->high, nominal = f->nominal;
	double range, margin = deviation;

	if (!f->has_nominal && (!f->has_low || !f->has_high))
		return false;
	if (!f->has_nominal)
		nominal = (low + high) / 2;
	if (!f->has_low)
		low = nominal - 3 * deviation;
	if (!f->has_high)
		high = nominal + 3 * deviation;
	if (low >= high)
		return false;
	s->warn_below = low;
	s->warn_above = high;
	s->ok_from = nominal - deviation;
	s->ok_to = nominal + deviation;
	range = high - low;
	if (range < 10)
		s->per_unit = 10;
	range *= (double)s->per_unit;
	if (range <= 50)
		set_steps(s, 1, 5, 10);
	else if (range <= 100)
		set_steps(s, 2, 10, 20);
	else
		set_steps(s, 5, 20, 40);
	low = (low - margin) * (double)s->per_unit / (double)s->major;
	high = ((high + margin) * (double)s->per_unit + (double)s->major / 2) / (double)s->major;
	set_ends(s, (long)floor(low) * s->major, (long)floor(high) * s->major);
	return true;
}

static bool scale_utility(struct imagescale *s, const struct imagefacts *facts)
{
	const struct guess *guess = guess_by(utilities, facts->value);
	struct imagefacts f = *facts;

	if (!f.has_low)
		f.low = guess->low;
	if (!f.has_nominal)
		f.nominal = guess->nominal;
	if (!f.has_high)
		f.high = 2 * f.nominal - f.low;
	f.has_low = f.has_nominal = f.has_high = true;
	return scale_around(s, &f, f.nominal / 10);
}

/* A battery below its nominal voltage is being used, which is neither good nor bad. */
static bool scale_battery(struct imagescale *s, const struct imagefacts *facts)
{
	struct imagefacts f = *facts;

	if (!f.has_nominal)
		f.nominal = guess_by(batteries, f.value)->nominal;
	if (!f.has_low)
		f.low = f.nominal / 2 * 1.6 + 1;
	if (!f.has_high)
		f.high = f.nominal / 2 * 2.3 + 1;
	f.has_low = f.has_nominal = f.has_high = true;
	if (!scale_around(s, &f, f.nominal / 20))
		return false;
	s->ok_from = f.nominal;
	s->ok_to = f.high;
	return true;
}

static bool scale_charge(struct imagescale *s, const struct imagefacts *f)
{
	set_ends(s, 0, 100);
	set_steps(s, 2, 10, 20);
	s->warn_below = f->has_low ? f->low : 50;
	s->ok_from = 80;
	s->ok_to = 100;
	return true;
}

static bool scale_load(struct imagescale *s, const struct imagefacts *f)
{
	(void)f;
	set_ends(s, 0, 125);
	set_steps(s, 5, 5, 25);
	s->warn_above = 100;
	s->ok_from = 0;
	s->ok_to = 50;
	return true;
}

static bool scale_temperature(struct imagescale *s, const struct imagefacts *f)
{
	set_ends(s, f->tempmin, f->tempmax);
	set_steps(s, 1, 5, 10);
	set_warnings(s, f);
	return true;
}

static bool scale_humidity(struct imagescale *s, const struct imagefacts *f)
{
	set_ends(s, 0, 100);
	set_steps(s, 2, 10, 20);
	set_warnings(s, f);
	return true;
}

static bool scale_frequency(struct imagescale *s, const struct imagefacts *f)
{
	return scale_around(s, f, 2);
}

static bool is_sane(bool has, double value)
{
	return !has || fabs(value) <= VALUE_MAX;
}

bool imagescale_make(struct imagescale *s, enum imagerule rule, const struct imagefacts *f)
{
	static bool (*const make[])(struct imagescale *, const struct imagefacts *) = {
		[IMAGERULE_CHARGE] = scale_charge,           [IMAGERULE_LOAD] = scale_load,
		[IMAGERULE_TEMPERATURE] = scale_temperature, [IMAGERULE_HUMIDITY] = scale_humidity,
		[IMAGERULE_UTILITY] = scale_utility,         [IMAGERULE_BATTERY] = scale_battery,
		[IMAGERULE_FREQUENCY] = scale_frequency,
	};

	if (!is_sane(true, f->value) || !is_sane(f->has_low, f->low) ||
	    !is_sane(f->has_nominal, f->nominal) || !is_sane(f->has_high, f->high))
		return false;
	no_zones(s);
	return make[rule](s, f) && s->low < s->high && (s->high - s->low) / s->minor <= LINES_MAX;
}

enum imagezone imagescale_zone(const struct imagescale *s, double value)
{
	if (value <= s->warn_below || value >= s->warn_above)
		return IMAGEZONE_WARN;
	return s->ok_from <= value && value <= s->ok_to ? IMAGEZONE_OK : IMAGEZONE_NEUTRAL;
}
