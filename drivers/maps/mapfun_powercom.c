#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapfun_private.h"

enum {
	VOLTAGE_REPORT = 0xa4,
	VOLTAGE_BYTES = 8,
	FLAG_RETURN = 0x40,
	FLAG_STAYOFF = 0x80,
	SECONDS_MASK = 0x3f,
	SECONDS_MAX = 255 * 60 + 59,
};

/* Switches of the driver's options: both are there for firmware that is wrong in its own way. */
static const char discrete[] = "powercom-discrete-delay";
static const char fallback[] = "powercom-byte-order-fallback";

static uint16_t swapped(unsigned word)
{
	return (uint16_t)((word & 0xff) << 8 | (word >> 8 & 0xff));
}

/* What the caller said; nothing, "", is the driver's own delay. */
static bool seconds(const struct mapvalue *v, const char *variable, double otherwise,
		    const struct mapconv_context *c, unsigned *result)
{
	double number = otherwise;

	if (v->kind == MAPVALUE_TEXT && v->text[0] == '\0')
		mapfun_variable(c, variable, &number);
	else if (!mapvalue_number(v, &number))
		return false;
	if (!(number >= 0 && number <= SECONDS_MAX))
		return false;
	*result = (unsigned)number;
	return true;
}

bool mapfun_powercom_startup(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	uint16_t word;

	(void)arg, (void)c;
	return mapfun_word(v, &word) && mapvalue_set_number(v, 60.0 * swapped(word));
}

bool mapfun_powercom_startup_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	unsigned delay, minutes;

	(void)arg;
	if (!seconds(v, "ups.delay.start", 120, c, &delay))
		return false;
	minutes = delay / 60;
	return mapvalue_set_number(v, mapfun_switch(c, discrete) ? minutes : swapped(minutes));
}

bool mapfun_powercom_shutdown(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	uint16_t word;

	(void)arg;
	if (!mapfun_word(v, &word))
		return false;
	if (mapfun_switch(c, fallback))
		word = swapped(word);
	return mapvalue_set_number(v, 60.0 * (word >> 8) + (word & SECONDS_MASK));
}

/* 1 to 18, for 12 seconds to 10 minutes: steps of 6 seconds, then of a minute. */
static unsigned discrete_step(unsigned delay)
{
	if (delay <= 12)
		return 1;
	if (delay <= 60)
		return 1 + (delay - 12 + 5) / 6;
	if (delay <= 540)
		return 9 + (delay - 60 + 59) / 60;
	return 18;
}

static bool shutdown_word(struct mapvalue *v, unsigned flag, const struct mapconv_context *c)
{
	unsigned delay, word;

	if (!seconds(v, "ups.delay.shutdown", 60, c, &delay))
		return false;
	if (delay == 0)
		delay = 1; /* 0 would call a shutdown off */
	word = mapfun_switch(c, discrete) ? discrete_step(delay) : delay / 60 << 8 | delay % 60;
	word |= flag;
	return mapvalue_set_number(v, mapfun_switch(c, fallback) ? swapped(word) : word);
}

bool mapfun_powercom_shutdown_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)arg;
	return shutdown_word(v, FLAG_RETURN, c);
}

bool mapfun_powercom_stayoff_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)arg;
	return shutdown_word(v, FLAG_STAYOFF, c);
}

/* The descriptor knows nothing of this report; it holds a text. */
bool mapfun_powercom_battery_voltage(struct mapvalue *v, double arg,
				     const struct mapconv_context *c)
{
	unsigned char data[VOLTAGE_BYTES];
	char number[VOLTAGE_BYTES] = "";
	size_t len = 0, at = 1, used = 0;
	double voltage;

	(void)arg;
	if (!c->report || !c->report(c->arg, VOLTAGE_REPORT, data, sizeof(data), &len))
		return false;
	while (at < len && !(data[at] >= '0' && data[at] <= '9'))
		at++;
	for (; at < len && ((data[at] >= '0' && data[at] <= '9') || data[at] == '.'); at++)
		number[used++] = (char)data[at];
	return str_to_double(number, &voltage) && mapvalue_set_number(v, voltage);
}
