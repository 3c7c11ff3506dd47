#include "config.h"

#include "drivers/maps/mapfun.h"

#include <math.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/map.h"
#include "drivers/maps/mapfun_private.h"

enum { PART_MAX = 4 }; /* bytes, behind the report's number */

bool mapfun_place(const struct mapconv_context *c, const char *where, double *value)
{
	return c->place && c->place(c->arg, where, value);
}

bool mapfun_variable(const struct mapconv_context *c, const char *name, double *value)
{
	char text[MAPVALUE_TEXT_MAX];

	return c->variable && c->variable(c->arg, name, text, sizeof(text)) &&
	       str_to_double(text, value);
}

bool mapfun_recall(const struct mapconv_context *c, const char *name, double *value)
{
	return c->numbers && mapnumbers_get(c->numbers, name, value);
}

void mapfun_remember(const struct mapconv_context *c, const char *name, double value)
{
	if (c->numbers)
		mapnumbers_set(c->numbers, name, value);
}

bool mapfun_holds(const struct mapconv_context *c, const char *where)
{
	double value;

	return mapfun_place(c, where, &value) && value != 0;
}

bool mapfun_switch(const struct mapconv_context *c, const char *name)
{
	double value;

	return mapfun_recall(c, name, &value) && value != 0;
}

bool mapfun_text(const struct mapconv_context *c, const char *table, const char *value, char *dst,
		 size_t size)
{
	const struct maplookup *l = c->map ? map_lookup(c->map, table) : NULL;
	const struct maplookup_row *row = l ? maplookup_text(l, value) : NULL;
	double number;

	if (l && !row && str_to_double(value, &number))
		row = maplookup_number(l, number);
	return row && str_copy(dst, size, row->text);
}

bool mapfun_word(const struct mapvalue *v, uint16_t *word)
{
	double number;

	if (!mapvalue_number(v, &number) || !(number >= INT16_MIN && number <= UINT16_MAX))
		return false;
	*word = (uint16_t)(int32_t)number;
	return true;
}

/* ------------------------------------------------------------- parts of a report */

static bool report_part(struct mapvalue *v, double id, size_t bytes,
			const struct mapconv_context *c)
{
	unsigned char data[1 + PART_MAX];
	uint32_t number = 0;
	size_t len = 0;

	if (!c->report || !c->report(c->arg, (unsigned)id, data, 1 + bytes, &len) ||
	    len < bytes + 1)
		return false;
	for (size_t i = bytes; i > 0; i--)
		number = number << 8 | data[i];
	return mapvalue_set_number(v, number);
}

static bool raw8(struct mapvalue *v, double id, const struct mapconv_context *c)
{
	return report_part(v, id, 1, c);
}

static bool raw16(struct mapvalue *v, double id, const struct mapconv_context *c)
{
	return report_part(v, id, 2, c);
}

static bool raw32(struct mapvalue *v, double id, const struct mapconv_context *c)
{
	return report_part(v, id, 4, c);
}

/* -------------------------------------------------------------------- CyberPower */

/* Devices of 0764:0501 are of three kinds: some count the battery's voltage by half too much, some
 * in tenths of a volt.  What the first reading beside the nominal voltage tells holds from then
 * on. */
static double cps_battery_factor(double times_nominal)
{
	if (times_nominal > 5)
		return 0.1;
	return times_nominal > 1.4 ? 2.0 / 3 : 1;
}

static bool cps_battery_voltage(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number, nominal, factor = 1;

	(void)arg;
	if (!mapvalue_number(v, &number))
		return false;
	if (mapfun_switch(c, "autoscale") && !mapfun_recall(c, ".battery-factor", &factor) &&
	    mapfun_variable(c, "battery.voltage.nominal", &nominal) && nominal > 0) {
		factor = cps_battery_factor(number / nominal);
		mapfun_remember(c, ".battery-factor", factor);
	}
	return mapvalue_set_number(v, number * factor);
}

static void frequency_limits(const char *side, const struct mapconv_context *c, double *low,
			     double *high)
{
	char name[64];
	double nominal;

	*low = 45;
	*high = 65;
	str_format(name, sizeof(name), "%s.frequency.nominal", side);
	if (mapfun_variable(c, name, &nominal) && nominal > 0) {
		*low = nominal * 0.95;
		*high = nominal * 1.05;
	}
	str_format(name, sizeof(name), "%s.frequency.low", side);
	mapfun_variable(c, name, low);
	str_format(name, sizeof(name), "%s.frequency.high", side);
	mapfun_variable(c, name, high);
}

/* The same devices: hertz, or tenths of them.  The first reading that can be either one tells. */
static bool cps_frequency(struct mapvalue *v, const char *side, const struct mapconv_context *c)
{
	double number, low, high, factor = 1;
	char memory[MAPNUMBERS_NAME_MAX];

	if (!mapvalue_number(v, &number))
		return false;
	str_format(memory, sizeof(memory), ".%s-frequency-factor", side);
	if (mapfun_switch(c, "autoscale") && !mapfun_recall(c, memory, &factor)) {
		frequency_limits(side, c, &low, &high);
		if (number / 10 >= low && number / 10 <= high)
			factor = 0.1;
		if (factor != 1 || (number >= low && number <= high))
			mapfun_remember(c, memory, factor);
	}
	return mapvalue_set_number(v, number * factor);
}

static bool cps_input_frequency(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)arg;
	return cps_frequency(v, "input", c);
}

static bool cps_output_frequency(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)arg;
	return cps_frequency(v, "output", c);
}

/* ----------------------------------------------------------------------- Liebert */

static const char liebert_config[] = ".config-factor";
static const char liebert_line[] = ".line-factor";

/* The descriptor's unit exponent is wrong by seven or eight; values then come as 1e-7. */
static bool liebert_config_voltage(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number, factor = 1;

	(void)arg;
	if (!mapvalue_number(v, &number))
		return false;
	if (fabs(number - 1e-7) < 1e-9) {
		mapfun_remember(c, liebert_config, 1e8);
		mapfun_remember(c, liebert_line, 1e7);
	}
	mapfun_recall(c, liebert_config, &factor);
	return mapvalue_set_number(v, number * factor);
}

static bool liebert_line_voltage(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double number, factor = 1;

	(void)arg;
	if (!mapvalue_number(v, &number))
		return false;
	if (fabs(number - 1e-5) < 4e-5 && number > 0)
		mapfun_remember(c, liebert_line, 1e7);
	else if (fabs(number - 1e-3) < 4e-3 && number > 0)
		mapfun_remember(c, liebert_line, 1e5);
	mapfun_recall(c, liebert_line, &factor);
	return mapvalue_set_number(v, number * factor);
}

/* ----------------------------------------------------------------------- openUPS */

/* What the thermistor's converter gives at -40 °C, -35 °C, ... 125 °C. */
static bool openups_temperature(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	static const double points[] = {49,  64,  83,  104, 130, 160, 195, 233, 275, 319, 366, 415,
					463, 512, 559, 604, 646, 686, 723, 756, 786, 813, 837, 858,
					877, 894, 908, 921, 933, 943, 951, 959, 966, 972};
	const size_t last = sizeof(points) / sizeof(*points) - 1;
	double number, at;
	size_t i = 0;

	(void)arg, (void)c;
	if (!mapvalue_number(v, &number))
		return false;
	at = number * 100;
	if (at <= points[0])
		return mapvalue_set_number(v, -40);
	if (at >= points[last])
		return mapvalue_set_number(v, 125);
	while (points[i + 1] <= at)
		i++;
	at = (at - points[i]) / (points[i + 1] - points[i]);
	return mapvalue_set_number(v, -40 + 5 * ((double)i + at));
}

/* -------------------------------------------------------------------- Tripp Lite */

/* Some products give a string's number here that is none. */
static bool tripplite_chemistry(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)arg;
	return !mapfun_switch(c, "no-chemistry") || mapvalue_set_text(v, "unknown");
}

/* Product and model, and the number of their family. */
static const char mge_models[] = "mge-models";

const struct mapfun mapfun_table[] = {
	{"raw8", "the first byte of a report by its number", raw8, NULL, true, NULL},
	{"raw16", "the first two bytes of a report, low one first", raw16, NULL, true, NULL},
	{"raw32", "the first four bytes of a report, low one first", raw32, NULL, true, NULL},
	{"ablerex-battery", "of a cell, a block or all to all of it; Q5 is better",
	 mapfun_ablerex_battery, NULL, false, NULL},
	{"ablerex-bound", "0 is the low one, 1 the high one, of the nominal voltage",
	 mapfun_ablerex_bound, NULL, true, NULL},
	{"ablerex-charge", "by the voltage of a cell or of a block of six", mapfun_ablerex_charge,
	 NULL, false, NULL},
	{"ablerex-q5", "the word at that byte of the answer to Q5", mapfun_ablerex_q5, NULL, true,
	 NULL},
	{"ablerex-runtime", "the four bytes of the answer to At", mapfun_ablerex_runtime, NULL,
	 false, NULL},
	{"apc-firmware", "nothing unless it has three parts with dots between", mapfun_apc_firmware,
	 NULL, false, NULL},
	{"apc-interval", "seconds of hours; OFF is 0", mapfun_apc_interval,
	 mapfun_apc_interval_write, false, NULL},
	{"apc-probe", "nothing unless it is like 24.10", mapfun_apc_probe, NULL, false, NULL},
	{"apc-uptime", "seconds of hours like 123.4, else nothing", mapfun_apc_uptime, NULL, false,
	 NULL},
	{"bestups-avr", "as megatec-avr, on mains, and the other way round for some models",
	 mapfun_bestups_avr, NULL, false, NULL},
	{"bestups-setting", "the number of a set of voltages, 10 more above 160 V",
	 mapfun_bestups_setting, NULL, false, NULL},
	{"cps-battery-voltage", "times 2/3 or a tenth where it is far above the nominal one",
	 cps_battery_voltage, NULL, false, NULL},
	{"cps-input-frequency", "a tenth of it where only that is a mains frequency",
	 cps_input_frequency, NULL, false, NULL},
	{"cps-output-frequency", "a tenth of it where only that is a mains frequency",
	 cps_output_frequency, NULL, false, NULL},
	{"ever-hardware", "rev.AvNN of a letter's number and a number", mapfun_ever_hardware, NULL,
	 false, NULL},
	{"ever-ip", "the IP address in a report by its number", mapfun_ever_ip, NULL, true, NULL},
	{"ever-mac", "the MAC address in a report by its number", mapfun_ever_mac, NULL, true,
	 NULL},
	{"ever-version", "vX.YbNN of two digits and a number", mapfun_ever_version, NULL, false,
	 NULL},
	{"liebert-config-voltage", "mends a wrong unit exponent, and tells it liebert-line-voltage",
	 liebert_config_voltage, NULL, false, NULL},
	{"liebert-line-voltage", "mends a wrong unit exponent", liebert_line_voltage, NULL, false,
	 NULL},
	{"masterguard-fault", "letter, value and age, the letter by masterguard-faults",
	 mapfun_masterguard_fault, NULL, false, mapfun_masterguard_faults},
	{"masterguard-minutes", "seconds of mmm.ss", mapfun_masterguard_minutes, NULL, false, NULL},
	{"masterguard-return", "back: as megatec-return, never R0000", NULL,
	 mapfun_masterguard_return_write, false, NULL},
	{"masterguard-test", "back: seconds as two digits of minutes, 10 as nothing", NULL,
	 mapfun_masterguard_test_write, false, NULL},
	{"masterguard-uptime", "seconds of dddd:hh:mm:ss", mapfun_masterguard_uptime,
	 mapfun_masterguard_uptime_write, false, NULL},
	{"megatec-avr",
	 "1 in the status bits is TRIM, BYPASS or BOOST, by output over input voltage",
	 mapfun_megatec_avr, NULL, false, NULL},
	{"megatec-off", "back: seconds as .k tenths or two digits of minutes", NULL,
	 mapfun_megatec_off_write, false, NULL},
	{"megatec-off-delay", "back: seconds in the steps that megatec-off has", NULL,
	 mapfun_megatec_off_delay_write, false, NULL},
	{"megatec-on-delay", "back: seconds in whole minutes", NULL, mapfun_megatec_on_delay_write,
	 false, NULL},
	{"megatec-pack", "times battery.packs, if battery_voltage_reports_one_pack is set",
	 mapfun_megatec_pack, NULL, false, NULL},
	{"megatec-return", "back: as megatec-off, and R with minutes until it comes back", NULL,
	 mapfun_megatec_return_write, false, NULL},
	{"megatec-test", "back: seconds as two digits of minutes", NULL, mapfun_megatec_test_write,
	 false, NULL},
	{"megatec-test-short", "back: the same, below a minute .k tenths", NULL,
	 mapfun_megatec_test_short_write, false, NULL},
	{"mge-abm", "the value while advanced battery management is on, else nothing",
	 mapfun_mge_abm, NULL, false, NULL},
	{"mge-without-abm", "the value while advanced battery management is off, else 0",
	 mapfun_mge_without_abm, NULL, false, NULL},
	{"mge-charging", "as mge-without-abm, and 0 with a full battery", mapfun_mge_charging, NULL,
	 false, NULL},
	{"mge-battery-voltage", "the value for families that measure it, else nothing",
	 mapfun_mge_battery_voltage, NULL, false, mge_models},
	{"mge-battery-voltage-nominal", "the same, and 12 for the Evolution 650",
	 mapfun_mge_battery_voltage_nominal, NULL, false, mge_models},
	{"mge-bypass-on", "1 only while the bypass is within its limits", mapfun_mge_bypass_on,
	 mapfun_mge_bypass_on_write, false, NULL},
	{"mge-converter-online",
	 "nothing while off, on another path, or where it would deny that the mains are gone",
	 mapfun_mge_converter_online, NULL, false, NULL},
	{"mge-eco", "1 (ECO) only while the bypass is within the limits of ECO", mapfun_mge_eco,
	 mapfun_mge_eco_write, false, NULL},
	{"mge-eco-auto", "refuses 1 unless the bypass is fit for both modes", NULL,
	 mapfun_mge_eco_auto_write, false, NULL},
	{"mge-mains", "nothing where 0 would deny that the mains are gone", mapfun_mge_mains, NULL,
	 false, NULL},
	{"mge-model", "the model's name by the lookup mge-models, which tells the family, too",
	 mapfun_mge_model, NULL, false, mge_models},
	{"mge-nominal-output", "only voltages of the same kind as the first one read",
	 mapfun_mge_nominal_output, mapfun_mge_nominal_output_write, false, mge_models},
	{"mge-pegasus", "the value for the Pegasus family, and 3S outside Europe, else nothing",
	 mapfun_mge_pegasus, mapfun_mge_pegasus, false, mge_models},
	{"mge-realpower", "made of load, nominal power and power factor", mapfun_mge_realpower,
	 NULL, false, NULL},
	{"omron-date", "YYYY-MM-DD of eight digits", mapfun_omron_date, NULL, false, NULL},
	{"omron-firmware", "0 is the first, 1 the second of M:x.xx(S:y.yy)", mapfun_omron_firmware,
	 NULL, true, NULL},
	{"openups-temperature", "degrees of the thermistor's reading", openups_temperature, NULL,
	 false, NULL},
	{"powercom-battery-voltage", "the first number in the text of report 164",
	 mapfun_powercom_battery_voltage, NULL, false, NULL},
	{"powercom-shutdown", "seconds in powercom's minutes and seconds; back: and return",
	 mapfun_powercom_shutdown, mapfun_powercom_shutdown_write, false, NULL},
	{"powercom-stayoff", "back: as powercom-shutdown, and stay off", NULL,
	 mapfun_powercom_stayoff_write, false, NULL},
	{"powercom-startup", "seconds in swapped minutes", mapfun_powercom_startup,
	 mapfun_powercom_startup_write, false, NULL},
	{"voltronic-hex-battery", "the product of two words over 510", mapfun_voltronic_hex_battery,
	 NULL, false, NULL},
	{"voltronic-hex-frequency", "the second word over the first, at most 99.9",
	 mapfun_voltronic_hex_frequency, NULL, false, NULL},
	{"voltronic-hex-voltage", "the product of two words over 51 and 256",
	 mapfun_voltronic_hex_voltage, NULL, false, NULL},
	{"tripplite-chemistry", "\"unknown\" for products without that string", tripplite_chemistry,
	 NULL, false, NULL},
	{NULL, NULL, NULL, NULL, false, NULL},
};

const struct mapfun *mapfun_find(const char *name)
{
	for (const struct mapfun *f = mapfun_table; f->name; f++)
		if (str_equal(f->name, name))
			return f;
	return NULL;
}
