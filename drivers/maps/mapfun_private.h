/* The functions of one vendor each, for the table in mapfun.c, and what they share. */
#ifndef DRIVERS_MAPS_MAPFUN_PRIVATE_H
#define DRIVERS_MAPS_MAPFUN_PRIVATE_H

#include <stdint.h>

#include "drivers/maps/mapfun.h"

/* The number at a place, of a variable, or under a name; false if there is none. */
bool mapfun_place(const struct mapconv_context *c, const char *where, double *value);
bool mapfun_variable(const struct mapconv_context *c, const char *name, double *value);
bool mapfun_recall(const struct mapconv_context *c, const char *name, double *value);
void mapfun_remember(const struct mapconv_context *c, const char *name, double value);
/* The text of a table of the map for a value; false: there is no such row. */
bool mapfun_text(const struct mapconv_context *c, const char *table, const char *value, char *dst,
		 size_t size);
/* True if the place, or the switch, is there and is not 0. */
bool mapfun_holds(const struct mapconv_context *c, const char *where);
bool mapfun_switch(const struct mapconv_context *c, const char *name);
/* The value as a field of 16 bits. */
bool mapfun_word(const struct mapvalue *v, uint16_t *word);

mapfun_fn mapfun_ever_hardware;
mapfun_fn mapfun_ever_ip;
mapfun_fn mapfun_ever_mac;
mapfun_fn mapfun_ever_version;

mapfun_fn mapfun_ablerex_battery;
mapfun_fn mapfun_ablerex_bound;
mapfun_fn mapfun_ablerex_charge;
mapfun_fn mapfun_ablerex_q5;
mapfun_fn mapfun_ablerex_runtime;
mapfun_fn mapfun_apc_firmware;
mapfun_fn mapfun_apc_interval;
mapfun_fn mapfun_apc_interval_write;
mapfun_fn mapfun_apc_probe;
mapfun_fn mapfun_apc_uptime;

mapfun_fn mapfun_bestups_avr;
mapfun_fn mapfun_bestups_setting;
mapfun_fn mapfun_omron_date;
mapfun_fn mapfun_omron_firmware;
mapfun_fn mapfun_voltronic_hex_battery;
mapfun_fn mapfun_voltronic_hex_frequency;
mapfun_fn mapfun_voltronic_hex_voltage;

extern const char mapfun_masterguard_faults[]; /* a table that its maps have */
mapfun_fn mapfun_masterguard_fault;
mapfun_fn mapfun_masterguard_minutes;
mapfun_fn mapfun_masterguard_return_write;
mapfun_fn mapfun_masterguard_test_write;
mapfun_fn mapfun_masterguard_uptime;
mapfun_fn mapfun_masterguard_uptime_write;

mapfun_fn mapfun_megatec_avr;
mapfun_fn mapfun_megatec_off_write;
mapfun_fn mapfun_megatec_off_delay_write;
mapfun_fn mapfun_megatec_on_delay_write;
mapfun_fn mapfun_megatec_pack;
mapfun_fn mapfun_megatec_return_write;
mapfun_fn mapfun_megatec_test_write;
mapfun_fn mapfun_megatec_test_short_write;

mapfun_fn mapfun_mge_abm;
mapfun_fn mapfun_mge_without_abm;
mapfun_fn mapfun_mge_charging;
mapfun_fn mapfun_mge_battery_voltage;
mapfun_fn mapfun_mge_battery_voltage_nominal;
mapfun_fn mapfun_mge_bypass_on;
mapfun_fn mapfun_mge_bypass_on_write;
mapfun_fn mapfun_mge_converter_online;
mapfun_fn mapfun_mge_eco;
mapfun_fn mapfun_mge_eco_write;
mapfun_fn mapfun_mge_eco_auto_write;
mapfun_fn mapfun_mge_mains;
mapfun_fn mapfun_mge_model;
mapfun_fn mapfun_mge_nominal_output;
mapfun_fn mapfun_mge_nominal_output_write;
mapfun_fn mapfun_mge_pegasus;
mapfun_fn mapfun_mge_realpower;

mapfun_fn mapfun_powercom_battery_voltage;
mapfun_fn mapfun_powercom_shutdown;
mapfun_fn mapfun_powercom_shutdown_write;
mapfun_fn mapfun_powercom_stayoff_write;
mapfun_fn mapfun_powercom_startup;
mapfun_fn mapfun_powercom_startup_write;

#endif
