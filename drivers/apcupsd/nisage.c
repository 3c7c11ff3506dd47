#include "config.h"

#include "drivers/apcupsd/nisage.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum { MOVES_LEAST = 2 };

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

/* Another start is another apcupsd. */
static void note(struct nisage *a, long long started, long long heard)
{
	if (a->started != started || a->heard == 0 || heard < a->heard) {
		*a = (struct nisage){.started = started, .heard = heard};
		return;
	}
	if (heard == a->heard)
		return;
	if (heard - a->heard > a->pause)
		a->pause = heard - a->heard;
	a->heard = heard;
	a->moves++;
}

long long nisage_look(struct nisage *a, const struct nisreply *r, int times)
{
	long long started = 0, heard, written;

	if (!read_time(nisreply_value(r, "DATE"), &heard) ||
	    !read_time(nisreply_value(r, "END APC"), &written))
		return -1;
	read_time(nisreply_value(r, "STARTTIME"), &started);
	note(a, started, heard);
	if (a->moves < MOVES_LEAST || written - heard <= times * a->pause)
		return -1;
	return written - heard;
}
