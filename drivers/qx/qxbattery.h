/*
 * qxbattery: charge and runtime of a battery, told from its voltage, the load and
 * the time, for devices that tell neither (serial-protocols.md "Megatec").
 *
 *  - battery.charge from battery.voltage between battery.voltage.low and .high,
 *    where both are known or configured;
 *  - with runtimecal, charge and runtime by counting: on battery the load takes out
 *    of it, on mains chargetime fills it.
 *
 * What the device itself tells is never touched.
 */
#ifndef DRIVERS_QX_QXBATTERY_H
#define DRIVERS_QX_QXBATTERY_H

#include <stdbool.h>

#include "common/ups/state.h"
#include "drivers/core/driver.h"

/* Rows for a driver's table of options. */
#define QX_BATTERY_OPTIONS                                                                         \
	{.name = "runtimecal",                                                                     \
	 .argument = "s,%,s,%",                                                                    \
	 .help = "two runtimes in seconds, each with its load in percent, the higher first"},      \
		{.name = "chargetime",                                                             \
		 .argument = "seconds",                                                            \
		 .help = "from empty to full; 43200",                                              \
		 .min = 1,                                                                         \
		 .max = 10000000},                                                                 \
		{.name = "idleload",                                                               \
		 .argument = "percent",                                                            \
		 .help = "the least load that the battery sees; 10",                               \
		 .max = 100},                                                                      \
	{                                                                                          \
		.name = "battery_voltage_reports_one_pack",                                        \
		.help = "battery.voltage is one pack's, to be multiplied by battery.packs"         \
	}

struct qx_battery {
	bool guesses_charge, counts; /* what the device does not tell by itself */
	bool decided;
	double exponent, full_s; /* runtimecal: full_s at full load */
	double charge_s, idle;
	double left_s; /* of full_s */
	long long last_ms;
	double packs; /* 0: not yet known */
};

/* False, and logged: an option is wrong. */
bool qx_battery_start(struct qx_battery *b, struct core *c);

/* After a reading: fills in what is missing. now_ms: clock_ms(). */
void qx_battery_update(struct qx_battery *b, struct state *s, long long now_ms);

#endif
