/*
 * What the Smart-UPSes of APC say in more than one way.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapfun_private.h"

enum { HOUR_S = 3600 };

/* "9" is a digit, all else itself. */
static bool looks_like(const char *text, const char *picture)
{
	for (; *picture && *text; picture++, text++) {
		bool fits =
			*picture == '9' ? isdigit((unsigned char)*text) != 0 : *text == *picture;

		if (!fits)
			return false;
	}
	return *picture == *text;
}

/* "601.3.I": three parts; what else `b` says is no firmware. */
bool mapfun_apc_firmware(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	const char *text = mapvalue_text(v);
	size_t parts = 0;

	(void)arg, (void)c;
	for (;;) {
		const char *end = text;

		while (isalnum((unsigned char)*end))
			end++;
		if (end == text)
			return false;
		parts++;
		if (*end == '\0')
			return parts == 3;
		if (*end != '.')
			return false;
		text = end + 1;
	}
}

/* Hours, "OFF", or "ON": when it is switched on. */
bool mapfun_apc_interval(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double hours;

	(void)arg, (void)c;
	if (str_equal(mapvalue_text(v), "OFF"))
		return mapvalue_set_text(v, "0");
	if (str_equal(mapvalue_text(v), "ON"))
		return true;
	return mapvalue_number(v, &hours) && mapvalue_set_number(v, hours * HOUR_S);
}

bool mapfun_apc_interval_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double seconds;

	(void)arg, (void)c;
	if (str_caseequal(mapvalue_text(v), "ON"))
		return mapvalue_set_text(v, "ON");
	if (str_caseequal(mapvalue_text(v), "OFF"))
		return mapvalue_set_text(v, "OFF");
	if (!mapvalue_number(v, &seconds) || seconds < 0)
		return false;
	return seconds == 0 ? mapvalue_set_text(v, "OFF")
			    : mapvalue_set_number(v, seconds / HOUR_S);
}

/* `T` is the temperature of a probe, 24.10, or how long the UPS has been on, in hours: 123.4. */
bool mapfun_apc_probe(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	(void)arg, (void)c;
	return looks_like(mapvalue_text(v), "99.99");
}

bool mapfun_apc_uptime(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double hours;

	(void)arg, (void)c;
	return looks_like(mapvalue_text(v), "999.9") && mapvalue_number(v, &hours) &&
	       mapvalue_set_number(v, hours * HOUR_S);
}
