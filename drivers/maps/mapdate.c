#include "config.h"

#include "drivers/maps/mapdate.h"

#include <string.h>
#include <time.h>

#include "common/base/str.h"

enum { PACKED_EPOCH = 1980, PACKED_LAST = PACKED_EPOCH + 127, BCD_PIVOT = 70 };

static const char *const names[] = {
	[MAPDATE_PACKED] = "packed",
	[MAPDATE_BCD] = "bcd",
	[MAPDATE_UNIX] = "unix",
};

enum mapdate mapdate_find(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_equal(names[i], name))
			return (enum mapdate)i;
	return MAPDATE_NONE;
}

static bool write_date(char *dst, size_t size, unsigned year, unsigned month, unsigned day)
{
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
	       str_format(dst, size, "%04u/%02u/%02u", year, month, day);
}

static unsigned from_bcd(unsigned byte)
{
	return (byte >> 4 & 15) * 10 + (byte & 15);
}

static unsigned to_bcd(long n)
{
	return (unsigned)(n / 10 << 4 | n % 10);
}

static bool local_time(double value, struct tm *tm)
{
	time_t at;

	if (!(value >= 0 && value <= 4294967295.0))
		return false;
	at = (time_t)value;
	return localtime_r(&at, tm) != NULL;
}

bool mapdate_to_text(enum mapdate how, double value, char *dst, size_t size)
{
	struct tm tm;
	unsigned n;

	if (how == MAPDATE_UNIX)
		return local_time(value, &tm) &&
		       write_date(dst, size, (unsigned)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
				  (unsigned)tm.tm_mday);
	if (!(value >= 0 && value <= 0xffffff))
		return false;
	n = (unsigned)value;
	if (n == 0)
		return str_copy(dst, size, "not set");
	if (how == MAPDATE_BCD) {
		unsigned year = from_bcd(n & 0xff);

		year += year >= BCD_PIVOT ? 1900 : 2000;
		return write_date(dst, size, year, from_bcd(n >> 16), from_bcd(n >> 8 & 0xff));
	}
	return how == MAPDATE_PACKED && n <= 0xffff &&
	       write_date(dst, size, PACKED_EPOCH + (n >> 9), n >> 5 & 15, n & 31);
}

/* Numbers with `mark` between them, each of one to four digits; nothing else. */
static bool split_numbers(const char *text, char mark, long *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t digits = strspn(text, "0123456789");
		char part[8];

		if (digits < 1 || digits > 4 || text[digits] != (i + 1 < count ? mark : '\0'))
			return false;
		str_format(part, sizeof(part), "%.*s", (int)digits, text);
		if (!str_to_long(part, 0, 9999, &numbers[i]))
			return false;
		text += digits + 1;
	}
	return true;
}

static bool parse_clock(const char *text, long hms[3])
{
	hms[2] = 0;
	return (split_numbers(text, ':', hms, 3) || split_numbers(text, ':', hms, 2)) &&
	       hms[0] < 24 && hms[1] < 60 && hms[2] < 60;
}

/* mktime mends the 31st of April, which nobody meant. */
static bool exists(long year, long month, long day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool to_unix(const long ymd[3], const char *clock, double *value)
{
	struct tm tm = {.tm_isdst = -1};
	long hms[3] = {0};
	time_t at;

	if (!parse_clock(clock, hms) || ymd[0] < 1970 || ymd[0] > 2105)
		return false;
	tm.tm_year = (int)ymd[0] - 1900;
	tm.tm_mon = (int)ymd[1] - 1;
	tm.tm_mday = (int)ymd[2];
	tm.tm_hour = (int)hms[0];
	tm.tm_min = (int)hms[1];
	tm.tm_sec = (int)hms[2];
	at = mktime(&tm);
	*value = (double)at;
	return at != (time_t)-1 && at >= 0;
}

bool mapdate_from_text(enum mapdate how, const char *date, const char *clock, double *value)
{
	long ymd[3] = {0};

	if (!split_numbers(date, '/', ymd, 3) || !exists(ymd[0], ymd[1], ymd[2]))
		return false;
	switch (how) {
	case MAPDATE_UNIX:
		return to_unix(ymd, clock, value);
	case MAPDATE_PACKED:
		*value = (double)((ymd[0] - PACKED_EPOCH) * 512 + ymd[1] * 32 + ymd[2]);
		return ymd[0] >= PACKED_EPOCH && ymd[0] <= PACKED_LAST;
	case MAPDATE_BCD:
		*value =
			(double)(to_bcd(ymd[1]) << 16 | to_bcd(ymd[2]) << 8 | to_bcd(ymd[0] % 100));
		return ymd[0] >= 1900 + BCD_PIVOT && ymd[0] < 2000 + BCD_PIVOT;
	case MAPDATE_NONE:
		break;
	}
	return false;
}

bool mapdate_clock(double value, char *dst, size_t size)
{
	struct tm tm;

	return local_time(value, &tm) &&
	       str_format(dst, size, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}
