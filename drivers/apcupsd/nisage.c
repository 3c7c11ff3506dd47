#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "drivers/apcupsd/nisage.h"

/* "2026-11-28 11:50:07 +0100".  Before 3.14 apcupsd wrote other forms: they tell nothing. */
static bool read_time(const char *text, long long *seconds)
{
	struct tm tm = {.tm_isdst = 0};
	int hours, minutes, end = 0;
	char sign;

	if (!text ||
	    sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d %c%2d%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &sign, &hours, &minutes, &end) < 9 ||
	    text[end] != '\0' || (sign != '+' && sign != '-'))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*seconds = (long long)timegm(&tm) - (sign == '-' ? -1 : 1) * (hours * 60LL + minutes) * 60;
	return true;
}

long long nisage_of(const struct nisreply *r)
{
	long long heard, written;

	if (!read_time(nisreply_value(r, "DATE"), &heard) ||
	    !read_time(nisreply_value(r, "END APC"), &written) || written < heard)
		return -1;
	return written - heard;
}
