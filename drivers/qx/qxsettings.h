/*
 * qxsettings: options of nutdrv_qx that are settings of the device.  Each is written once,
 * after the first reading, unless the device has it already; later it may be changed by
 * its variable.
 */
#ifndef DRIVERS_QX_QXSETTINGS_H
#define DRIVERS_QX_QXSETTINGS_H

#include "drivers/core/driver.h"
#include "drivers/engine/engine.h"

/* Rows for a driver's table of options. */
#define QX_SWITCH_OPTION(option, text)                                                             \
	{                                                                                          \
		.name = option, .argument = "enabled|disabled", .help = text                       \
	}
#define QX_SETTING_OPTIONS                                                                         \
	{.name = "pins_shutdown_mode",                                                             \
	 .argument = "0-6",                                                                        \
	 .help = "bestups: what pins 1 and 7 of the serial port do",                               \
	 .max = 6},                                                                                \
		{.name = "battery_number",                                                         \
		 .argument = "1-9",                                                                \
		 .help = "voltronic: batteries of a pack",                                         \
		 .min = 1,                                                                         \
		 .max = 9},                                                                        \
		{.name = "output_phase_angle",                                                     \
		 .argument = "degrees",                                                            \
		 .help = "voltronic: 000, 120, 180 or 240"},                                       \
		{.name = "work_range_type",                                                        \
		 .argument = "name",                                                               \
		 .help = "voltronic P31: Appliance or UPS"},                                       \
		{.name = "max_bypass_volt",                                                        \
		 .argument = "V",                                                                  \
		 .help = "voltronic: limits of the bypass"},                                       \
		{.name = "min_bypass_volt",                                                        \
		 .argument = "V",                                                                  \
		 .help = "voltronic: limits of the bypass"},                                       \
		{.name = "max_bypass_freq",                                                        \
		 .argument = "Hz",                                                                 \
		 .help = "voltronic: limits of the bypass"},                                       \
		{.name = "min_bypass_freq",                                                        \
		 .argument = "Hz",                                                                 \
		 .help = "voltronic: limits of the bypass"},                                       \
		QX_SWITCH_OPTION("alarm_control", "voltronic: the beeper"),                        \
		QX_SWITCH_OPTION("bypass_alarm", "voltronic: beep on bypass"),                     \
		QX_SWITCH_OPTION("battery_alarm", "voltronic: beep on battery"),                   \
		QX_SWITCH_OPTION("bypass_when_off", "voltronic: bypass while the UPS is off"),     \
		QX_SWITCH_OPTION("bypass_forbidding", "voltronic: never go to bypass"),            \
		QX_SWITCH_OPTION("converter_mode", "voltronic: a frequency of its own"),           \
		QX_SWITCH_OPTION("eco_mode",                                                       \
				 "voltronic: mains to the output while they are good"),            \
		QX_SWITCH_OPTION("advanced_eco_mode", "voltronic: the same, inverter off"),        \
		QX_SWITCH_OPTION("battery_open_status_check",                                      \
				 "voltronic: see if there is a battery when it is switched on"),   \
		QX_SWITCH_OPTION("site_fault_detection", "voltronic: beep on exchanged wires"),    \
		QX_SWITCH_OPTION("constant_phase_angle",                                           \
				 "voltronic: input and output out of phase"),                      \
		QX_SWITCH_OPTION("limited_runtime_on_battery",                                     \
				 "voltronic: stop early on battery"),                              \
	{                                                                                          \
		.name = "reset_to_default",                                                        \
		.help = "voltronic: forget all of these first, if the UPS is on standby"           \
	}

/* Logs what cannot be done.  To be called once, after the first good engine_poll(). */
void qx_settings_apply(struct core *c, struct engine *e);

#endif
