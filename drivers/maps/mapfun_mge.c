#include "config.h"

#include <math.h>

#include "common/base/str.h"
#include "drivers/maps/map.h"
#include "drivers/maps/mapfun_private.h"

/* Families, as the numbers in the lookup mge-models name them. */
enum {
	FAMILY_MASK = 0xff00,
	FAMILY_OFFLINE = 0,
	FAMILY_PEGASUS = 0x100,
	FAMILY_3S = 0x110,
	FAMILY_EVOLUTION = 0x300,
	FAMILY_EVOLUTION_650 = 0x301,
	FAMILY_PULSAR_M = 0x400,
	FAMILY_5P = 0x500,
	FAMILY_9E = 0x900,
};

enum { COUNTRY_EUROPE = 0, CHARGE_FULL = 100 };

/* ------------------------------------------------------------ what it is for one */

static bool string_at(const struct mapconv_context *c, const char *where, char *dst, size_t size)
{
	double index;

	return mapfun_place(c, where, &index) && index >= 1 && index <= 255 && c->string &&
	       c->string(c->arg, (unsigned)index, dst, size) && dst[0];
}

/* "product model"; a device without these strings has its power for a model. */
static bool model_key(const struct mapconv_context *c, char *dst, size_t size)
{
	char product[64], model[64];
	double power;

	if (!(c->variable && c->variable(c->arg, "usb.product", product, sizeof(product))) &&
	    !string_at(c, "UPS.PowerSummary.iProduct", product, sizeof(product)))
		str_copy(product, sizeof(product), "unknown");
	if (string_at(c, "UPS.PowerSummary.iModel", model, sizeof(model)))
		return str_format(dst, size, "%s %s", product, model);
	return mapfun_place(c, "UPS.Flow.[4].ConfigApparentPower", &power) &&
	       str_format(dst, size, "%s %.0f", product, power);
}

static const struct maplookup_row *model_row(const struct mapconv_context *c, const char *key)
{
	const struct maplookup *models = c->map ? map_lookup(c->map, "mge-models") : NULL;

	return models ? maplookup_text(models, key) : NULL;
}

bool mapfun_mge_model(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	const struct maplookup_row *row;
	char key[160];

	(void)arg;
	if (!model_key(c, key, sizeof(key)))
		return false;
	row = model_row(c, key);
	return mapvalue_set_text(v, row ? row->text : key);
}

static unsigned family(const struct mapconv_context *c)
{
	static const char memory[] = ".family";
	const struct maplookup_row *row;
	double known = FAMILY_OFFLINE;
	char key[160];

	if (mapfun_recall(c, memory, &known) || !model_key(c, key, sizeof(key)))
		return (unsigned)known;
	row = model_row(c, key);
	if (row && row->has_number && row->number >= 0 && row->number <= UINT16_MAX)
		known = row->number;
	mapfun_remember(c, memory, known);
	return (unsigned)known;
}

static bool measures_battery(const struct mapconv_context *c)
{
	unsigned f = family(c) & FAMILY_MASK;

	return f == FAMILY_EVOLUTION || f == FAMILY_PULSAR_M || f == FAMILY_5P || f == FAMILY_9E;
}

bool mapfun_mge_battery_voltage(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)v, (void)arg;
	return measures_battery(c);
}

bool mapfun_mge_battery_voltage_nominal(struct mapvalue *v, double arg,
					const struct mapconv_context *c)
{
	(void)arg;
	if (family(c) == FAMILY_EVOLUTION_650)
		return mapvalue_set_number(v, 12);
	return measures_battery(c);
}

bool mapfun_mge_pegasus(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	unsigned f = family(c);
	double country;

	(void)v, (void)arg;
	if (f != FAMILY_3S)
		return (f & FAMILY_MASK) == FAMILY_PEGASUS;
	return !mapfun_place(c, "UPS.PowerSummary.Country", &country) || country != COUNTRY_EUROPE;
}

/* ----------------------------------------------------------------------- charger */

static bool abm_is_on(const struct mapconv_context *c)
{
	double enabled;

	return mapfun_place(c, "UPS.BatterySystem.Charger.ABMEnable", &enabled) && enabled == 1;
}

bool mapfun_mge_abm(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)v, (void)arg;
	return abm_is_on(c);
}

bool mapfun_mge_without_abm(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)arg;
	return !abm_is_on(c) || mapvalue_set_number(v, 0);
}

bool mapfun_mge_charging(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double charge;

	(void)arg;
	if (abm_is_on(c) ||
	    (mapfun_variable(c, "battery.charge", &charge) && charge >= CHARGE_FULL))
		return mapvalue_set_number(v, 0);
	return true;
}

/* ---------------------------------------------------------------- bypass and ECO */

static bool mains_are_gone(const struct mapconv_context *c)
{
	double present;

	return mapfun_place(c, "UPS.PowerSummary.PresentStatus.ACPresent", &present) &&
	       present == 0;
}

/* Several places tell of the mains, and the last one counts: none may say that all is well while
 * the plainest of them says that it is not. */
bool mapfun_mge_mains(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number;

	(void)arg;
	return mapvalue_number(v, &number) && (number != 0 || !mains_are_gone(c));
}

/*
 * On bypass, or in ECO, the converter is not used, and the load is on the mains
 * all the same.  While the UPS is off there is nothing to tell.
 */
bool mapfun_mge_converter_online(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double good, number;

	(void)arg;
	if (!mapvalue_number(v, &number) || (number != 0 && mains_are_gone(c)))
		return false;
	if (mapfun_place(c, "UPS.PowerSummary.PresentStatus.Good", &good) && good == 0)
		return false;
	return number != 0 ||
	       (!mapfun_holds(c, "UPS.PowerConverter.Input.[2].PresentStatus.Used") &&
		!mapfun_holds(c, "UPS.PowerConverter.Input.[4].PresentStatus.Used") &&
		!mapfun_holds(c, "UPS.PowerConverter.Input.[5].PresentStatus.Used"));
}

/* Limits of a mode: variables that may tell them, and shares of the nominal value if they do not.
 */
struct limits {
	const char *low, *high, *range;
	double low_share, high_share, percent;
};

static const struct limits bypass_limits = {
	"input.transfer.bypass.low",
	"input.transfer.bypass.high",
	"input.transfer.frequency.bypass.range",
	0.80,
	1.15,
	10,
};

static const struct limits eco_limits = {
	"input.transfer.eco.low",
	"input.transfer.eco.high",
	"input.transfer.frequency.eco.range",
	0.95,
	1.05,
	5,
};

static bool nominal_of(const struct mapconv_context *c, const char *name, const char *otherwise,
		       double *value)
{
	return (mapfun_variable(c, name, value) || mapfun_variable(c, otherwise, value)) &&
	       *value > 0;
}

static bool bypass_within(const struct limits *l, const struct mapconv_context *c)
{
	double voltage, frequency, volts, hertz, low, high, percent = l->percent;

	if (!mapfun_variable(c, "input.bypass.voltage", &voltage) ||
	    !mapfun_variable(c, "input.bypass.frequency", &frequency) ||
	    !nominal_of(c, "input.bypass.voltage.nominal", "output.voltage.nominal", &volts) ||
	    !nominal_of(c, "input.bypass.frequency.nominal", "output.frequency.nominal", &hertz))
		return false;
	low = volts * l->low_share;
	high = volts * l->high_share;
	mapfun_variable(c, l->low, &low);
	mapfun_variable(c, l->high, &high);
	mapfun_variable(c, l->range, &percent);
	return voltage >= low && voltage <= high &&
	       fabs(frequency - hertz) <= hertz * percent / 100;
}

bool mapfun_mge_bypass_on(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number;

	(void)arg;
	return mapvalue_number(v, &number) && (number != 1 || bypass_within(&bypass_limits, c));
}

bool mapfun_mge_bypass_on_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	return mapfun_mge_bypass_on(v, arg, c);
}

bool mapfun_mge_eco(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number;

	(void)arg;
	if (!mapvalue_number(v, &number))
		return false;
	return number != 1 || bypass_within(&eco_limits, c) || mapvalue_set_number(v, 0);
}

bool mapfun_mge_eco_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number;

	(void)arg;
	return mapvalue_number(v, &number) && (number != 1 || bypass_within(&eco_limits, c));
}

bool mapfun_mge_eco_auto_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number;

	(void)arg;
	if (!mapvalue_number(v, &number))
		return false;
	if (number != 1)
		return mapvalue_set_number(v, 0);
	return bypass_within(&bypass_limits, c) && bypass_within(&eco_limits, c);
}

/* ------------------------------------------------------------------------ output */

enum voltage_kind { VOLTAGE_OTHER, VOLTAGE_LOW, VOLTAGE_200, VOLTAGE_230 };

static enum voltage_kind kind_of(double voltage)
{
	static const struct {
		int voltage;
		enum voltage_kind kind;
	} kinds[] = {
		{100, VOLTAGE_LOW}, {110, VOLTAGE_LOW}, {120, VOLTAGE_LOW},
		{127, VOLTAGE_LOW}, {200, VOLTAGE_200}, {208, VOLTAGE_200},
		{220, VOLTAGE_230}, {230, VOLTAGE_230}, {240, VOLTAGE_230},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (voltage == kinds[i].voltage)
			return kinds[i].kind;
	return VOLTAGE_OTHER;
}

static const char first_voltage[] = ".nominal-output";

static bool voltage_allowed(double voltage, const struct mapconv_context *c)
{
	enum voltage_kind kind = kind_of(voltage), first;
	double known;

	if (kind == VOLTAGE_OTHER || !mapfun_recall(c, first_voltage, &known))
		return false;
	first = kind_of(known);
	if (kind == first)
		return true;
	return kind != VOLTAGE_LOW && first != VOLTAGE_LOW &&
	       (family(c) & FAMILY_MASK) != FAMILY_OFFLINE;
}

bool mapfun_mge_nominal_output(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double voltage, known;

	(void)arg;
	if (!mapvalue_number(v, &voltage))
		return false;
	if (!mapfun_recall(c, first_voltage, &known) && kind_of(voltage) != VOLTAGE_OTHER)
		mapfun_remember(c, first_voltage, voltage);
	return true;
}

bool mapfun_mge_nominal_output_write(struct mapvalue *v, double arg,
				     const struct mapconv_context *c)
{
	double voltage;

	(void)arg;
	return mapvalue_number(v, &voltage) && voltage_allowed(voltage, c);
}

bool mapfun_mge_realpower(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double load, power, factor;

	(void)arg;
	/* Its variable is not there yet at the first reading. */
	if (!mapfun_place(c, "UPS.PowerConverter.Output.PowerFactor", &factor))
		factor = 80;
	if (!mapfun_variable(c, "ups.load", &load) ||
	    !mapfun_variable(c, "ups.power.nominal", &power))
		return false;
	return mapvalue_set_number(v, round(load / 100 * power * factor / 100));
}
