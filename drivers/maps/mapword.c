#include "config.h"

#include "drivers/maps/mapword.h"

#include <string.h>

#include "common/base/str.h"

const char *const mapword_names[] = {
	[MAPWORD_ONLINE] = "online",
	[MAPWORD_DISCHRG] = "dischrg",
	[MAPWORD_CHRG] = "chrg",
	[MAPWORD_LOWBATT] = "lowbatt",
	[MAPWORD_OVERLOAD] = "overload",
	[MAPWORD_REPLACEBATT] = "replacebatt",
	[MAPWORD_TRIM] = "trim",
	[MAPWORD_BOOST] = "boost",
	[MAPWORD_BYPASS] = "bypass",
	[MAPWORD_BYPASSAUTO] = "bypassauto",
	[MAPWORD_BYPASSMAN] = "bypassman",
	[MAPWORD_ECOMODE] = "ecomode",
	[MAPWORD_ESSMODE] = "essmode",
	[MAPWORD_OFF] = "off",
	[MAPWORD_CAL] = "cal",
	[MAPWORD_NOBATTERY] = "nobattery",
	[MAPWORD_FANFAIL] = "fanfail",
	[MAPWORD_SHUTDOWNIMM] = "shutdownimm",
	[MAPWORD_OVERHEAT] = "overheat",
	[MAPWORD_AWAITINGPOWER] = "awaitingpower",
	[MAPWORD_COMMFAULT] = "commfault",
	[MAPWORD_TIMELIMITEXPIRED] = "timelimitexpired",
	[MAPWORD_BATTVOLTLO] = "battvoltlo",
	[MAPWORD_BATTVOLTHI] = "battvolthi",
	[MAPWORD_CHARGERFAIL] = "chargerfail",
	[MAPWORD_FULLYCHARGED] = "fullycharged",
	[MAPWORD_DEPLETED] = "depleted",
	[MAPWORD_VRANGE] = "vrange",
	[MAPWORD_FRANGE] = "frange",
	[MAPWORD_FSD] = "fsd",
	[MAPWORD_COUNT] = NULL,
};

enum { WORD_MAX = 32 };

enum mapword mapword_find(const char *name)
{
	for (int i = 0; i < MAPWORD_COUNT; i++)
		if (str_equal(mapword_names[i], name))
			return (enum mapword)i;
	return MAPWORD_NONE;
}

bool mapword_next(const char **text, enum mapword *word, bool *holds)
{
	char name[WORD_MAX];
	const char *at = *text + strspn(*text, " ");
	size_t len = strcspn(at, " ");

	if (len == 0)
		return false;
	*text = at + len;
	*holds = *at != '!';
	if (!*holds) {
		at++;
		len--;
	}
	*word = MAPWORD_NONE;
	if (len < sizeof(name)) {
		memcpy(name, at, len);
		name[len] = '\0';
		*word = mapword_find(name);
	}
	return true;
}
