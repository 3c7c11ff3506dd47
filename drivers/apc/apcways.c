#include "config.h"

#include "drivers/apc/apcways.h"

#include <string.h>

#include "common/base/str.h"

enum { PAUSE_MAX_MS = 9900 };

bool apcways_parse_order(const char *text, struct apcways *w)
{
	size_t len = strlen(text);

	w->count = 0;
	if (len == 0 || len > APCWAYS_MAX || strspn(text, "01234") != len)
		return false;
	for (; *text; text++)
		w->list[w->count++] = (enum apcway)(*text - '0');
	return true;
}

struct apcways apcways_of_type(long sdtype, bool online)
{
	static const struct {
		struct apcways battery, online;
	} types[APCWAYS_SDTYPE_MAX + 1] = {
		{{{APCWAY_SOFT}, 1}, {{APCWAY_HARD}, 1}},
		{{{APCWAY_SOFT, APCWAY_HARD}, 2}, {{APCWAY_HARD}, 1}},
		{{{APCWAY_AT_ONCE}, 1}, {{APCWAY_AT_ONCE}, 1}},
		{{{APCWAY_STAYOFF}, 1}, {{APCWAY_STAYOFF}, 1}},
		{{{APCWAY_FORCED}, 1}, {{APCWAY_FORCED}, 1}},
		{{{APCWAY_HARD}, 1}, {{APCWAY_HARD}, 1}},
	};

	return online ? types[sdtype].online : types[sdtype].battery;
}

bool apcways_parse_delay(const char *text, char digits[4])
{
	size_t len = strlen(text);

	if (len > 3 || strspn(text, "0123456789") != len)
		return false;
	if (len == 2)
		return str_copy(digits, 4, text);
	memcpy(digits, "000", 4);
	memcpy(digits + 3 - len, text, len);
	return true;
}

bool apcways_parse_pause(const char *text, int *ms)
{
	double seconds;

	if (!str_to_double(text, &seconds) || !(seconds >= 0 && seconds * 1000 <= PAUSE_MAX_MS))
		return false;
	*ms = (int)(seconds * 1000);
	return true;
}
