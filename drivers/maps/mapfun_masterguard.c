/*
 * Masterguard: its notations of time, and its record of faults.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapfun_private.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, QUICK_TEST_S = 10 };

const char mapfun_masterguard_faults[] = "masterguard-faults";

static bool digits(const char *text, size_t count, long *number)
{
	char copy[8];

	if (count >= sizeof(copy) || strspn(text, "0123456789") < count)
		return false;
	memcpy(copy, text, count);
	copy[count] = '\0';
	return str_to_long(copy, 0, 9999, number);
}

/* "mmm.ss" */
bool mapfun_masterguard_minutes(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	const char *text = mapvalue_text(v);
	long minutes, seconds;

	(void)arg, (void)c;
	if (strlen(text) != 6 || !digits(text, 3, &minutes) || !digits(text + 4, 2, &seconds))
		return false;
	return mapvalue_set_number(v, (double)(minutes * MINUTE_S + seconds));
}

/* "dddd:hh:mm:ss" */
static bool age(const char *text, long *seconds)
{
	long d, h, m, s;

	if (strlen(text) != 13 || !digits(text, 4, &d) || !digits(text + 5, 2, &h) ||
	    !digits(text + 8, 2, &m) || !digits(text + 11, 2, &s))
		return false;
	*seconds = d * DAY_S + h * HOUR_S + m * MINUTE_S + s;
	return true;
}

bool mapfun_masterguard_uptime(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	long seconds;

	(void)arg, (void)c;
	return age(mapvalue_text(v), &seconds) && mapvalue_set_number(v, (double)seconds);
}

bool mapfun_masterguard_uptime_write(struct mapvalue *v, double arg,
				     const struct mapconv_context *c)
{
	char text[32];
	double number;
	long s;

	(void)arg, (void)c;
	if (!mapvalue_number(v, &number) || !(number >= 0 && number < 10000.0 * DAY_S))
		return false;
	s = (long)number;
	return str_format(text, sizeof(text), "%04ld:%02ld:%02ld:%02ld", s / DAY_S,
			  s % DAY_S / HOUR_S, s % HOUR_S / MINUTE_S, s % MINUTE_S) &&
	       mapvalue_set_text(v, text);
}

/* "2 0123 0001:02:03:04": nothing where the letter stands for no fault. */
bool mapfun_masterguard_fault(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	char record[MAPVALUE_TEXT_MAX], what[64], letter[2], text[MAPVALUE_TEXT_MAX];
	long value, seconds;

	(void)arg;
	str_copy(record, sizeof(record), mapvalue_text(v));
	letter[0] = record[0];
	letter[1] = '\0';
	if (strlen(record) != 20 || letter[0] == '0' || !digits(record + 2, 4, &value) ||
	    !age(record + 7, &seconds) ||
	    !mapfun_text(c, mapfun_masterguard_faults, letter, what, sizeof(what)))
		return false;
	return str_format(text, sizeof(text), "%s (%ld) %ld s ago", what, value, seconds) &&
	       mapvalue_set_text(v, text);
}

/* Without minutes until it comes back it would stay off. */
bool mapfun_masterguard_return_write(struct mapvalue *v, double arg,
				     const struct mapconv_context *c)
{
	return mapfun_megatec_return_write(v, arg, c) && strchr(mapvalue_text(v), 'R');
}

bool mapfun_masterguard_test_write(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double seconds;

	if (mapvalue_number(v, &seconds) && seconds == QUICK_TEST_S)
		return mapvalue_set_text(v, "");
	return mapfun_megatec_test_write(v, arg, c);
}
