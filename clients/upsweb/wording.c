#include "config.h"

#include "clients/upsweb/wording.h"

#include <string.h>

#include "common/base/str.h"
#include "common/ups/status.h"

static const struct word {
	enum status_bit bit;
	enum wording_level level;
	const char *is;    /* the state */
	const char *comes; /* NULL: nobody has to be told */
	const char *goes;
} words[] = {
	{STATUS_FSD, WORDING_CRIT, "forced shutdown", "shutdown of all is ordered",
	 "no shutdown is ordered any more"},
	{STATUS_OB, WORDING_CRIT, "on battery", "on battery", "on line again"},
	{STATUS_LB, WORDING_CRIT, "battery low", "battery is low", "battery is not low any more"},
	{STATUS_OVER, WORDING_CRIT, "overloaded", "overloaded", "not overloaded any more"},
	{STATUS_RB, WORDING_CRIT, "replace battery", "battery has to be replaced",
	 "battery is good again"},
	{STATUS_ALARM, WORDING_CRIT, "alarm", "alarm", "no alarm any more"},
	{STATUS_BYPASS, WORDING_WARN, "on bypass", "on bypass", "off bypass"},
	{STATUS_CAL, WORDING_WARN, "calibrating", "calibration has begun", "calibration has ended"},
	{STATUS_OFF, WORDING_WARN, "off", "output is off", "output is on"},
	{STATUS_TRIM, WORDING_WARN, "trimming", "high voltage is trimmed",
	 "voltage is not trimmed any more"},
	{STATUS_BOOST, WORDING_WARN, "boosting", "low voltage is boosted",
	 "voltage is not boosted any more"},
	{STATUS_WAIT, WORDING_UNKNOWN, "waiting for its driver", NULL, NULL},
	{STATUS_OL, WORDING_OK, "on line", NULL, NULL},
	{STATUS_CHRG, WORDING_OK, "charging", NULL, NULL},
	{STATUS_DISCHRG, WORDING_OK, "discharging", NULL, NULL},
	{STATUS_HB, WORDING_WARN, "battery voltage high", "battery voltage is high",
	 "battery voltage is not high any more"},
	{STATUS_ECO, WORDING_OK, "economy mode", "economy mode begins", "economy mode ends"},
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

const char *wording_level_name(enum wording_level l)
{
	static const char *const names[] = {"ok", "warn", "crit", "unknown"};

	return names[l];
}

enum wording_level wording_level(enum fleet_condition c, const char *status, bool known)
{
	static const enum wording_level graver[] = {WORDING_OK, WORDING_UNKNOWN, WORDING_WARN,
						    WORDING_CRIT};
	uint32_t bits = status_parse(status ? status : "", NULL);

	if (c == FLEET_CONNECTING || c == FLEET_REFUSED)
		return WORDING_UNKNOWN;
	if (c != FLEET_OK)
		return known ? WORDING_CRIT : WORDING_UNKNOWN;
	if (!status || !*status)
		return WORDING_UNKNOWN;
	for (size_t g = sizeof(graver) / sizeof(graver[0]); g-- > 0;)
		for (size_t i = 0; i < WORDS; i++)
			if ((bits & words[i].bit) && words[i].level == graver[g])
				return graver[g];
	return WORDING_OK;
}

void wording_words(const char *status, void (*fn)(void *arg, const char *text), void *arg)
{
	struct buffer others = {0};
	uint32_t bits = status_parse(status, &others);

	for (size_t i = 0; i < WORDS; i++)
		if (bits & words[i].bit)
			fn(arg, words[i].is);
	if (others.len)
		fn(arg, buffer_string(&others));
	buffer_free(&others);
}

void wording_change(const char *from, const char *to, struct buffer *out)
{
	uint32_t before = status_parse(from, NULL), after = status_parse(to, NULL);
	size_t start = out->len;

	for (size_t i = 0; i < WORDS; i++) {
		const char *text = words[i].comes;

		if (!((before ^ after) & words[i].bit) || !text)
			continue;
		if (out->len > start)
			buffer_append_str(out, ", ");
		buffer_append_str(out, after & words[i].bit ? text : words[i].goes);
	}
}

const char *wording_condition(enum fleet_condition c)
{
	static const char *const texts[FLEET_CONDITION_COUNT] = {
		[FLEET_CONNECTING] = "connecting",
		[FLEET_OK] = "data are fresh again",
		[FLEET_STALE] = "data are stale",
		[FLEET_DISCONNECTED] = "the driver is not connected",
		[FLEET_UNREACHABLE] = "cannot be reached",
		[FLEET_REFUSED] = "refused",
	};

	return texts[c];
}

/* By the last parts of the name; the first that fits. */
const char *wording_unit(const char *variable)
{
	static const struct {
		const char *pattern, *unit;
	} units[] = {
		{"battery.packs*", NULL},    {"*.description", NULL},
		{"*.status", NULL},          {"*.id", NULL},
		{"*.phases", NULL},          {"*voltage.extended", NULL},
		{"*.voltage*", "V"},         {"*.transfer.low*", "V"},
		{"*.transfer.high*", "V"},   {"*.transfer.boost*", "V"},
		{"*.transfer.trim*", "V"},   {"*.current*", "A"},
		{"*.frequency*", "Hz"},      {"*.realpower*", "W"},
		{"*.powerfactor*", NULL},    {"*.power", "VA"},
		{"*.power.nominal", "VA"},   {"*.power.maximum", "VA"},
		{"battery.charge*", "%"},    {"*.load*", "%"},
		{"*.efficiency", "%"},       {"*humidity*", "%"},
		{"*temperature*", "°C"},     {"battery.runtime*", "s"},
		{"battery.capacity*", "Ah"}, {"*.delay.*", "s"},
		{"*.timer.*", "s"},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_glob(units[i].pattern, variable))
			return units[i].unit;
	return NULL;
}
