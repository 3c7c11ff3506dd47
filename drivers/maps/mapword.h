/*
 * mapword: the words with which STATUS rows speak to the engine.  They are
 * facts about the device; the engine makes ups.status and ups.alarm of them
 * (docs/maps.md, "Status words").
 */
#ifndef DRIVERS_MAPS_MAPWORD_H
#define DRIVERS_MAPS_MAPWORD_H

#include <stdbool.h>
#include <stddef.h>

enum mapword {
	MAPWORD_ONLINE,
	MAPWORD_DISCHRG,
	MAPWORD_CHRG,
	MAPWORD_LOWBATT,
	MAPWORD_OVERLOAD,
	MAPWORD_REPLACEBATT,
	MAPWORD_TRIM,
	MAPWORD_BOOST,
	MAPWORD_BYPASS,
	MAPWORD_BYPASSAUTO,
	MAPWORD_BYPASSMAN,
	MAPWORD_ECOMODE,
	MAPWORD_ESSMODE,
	MAPWORD_OFF,
	MAPWORD_CAL,
	MAPWORD_NOBATTERY,
	MAPWORD_FANFAIL,
	MAPWORD_SHUTDOWNIMM,
	MAPWORD_OVERHEAT,
	MAPWORD_AWAITINGPOWER,
	MAPWORD_COMMFAULT,
	MAPWORD_TIMELIMITEXPIRED,
	MAPWORD_BATTVOLTLO,
	MAPWORD_BATTVOLTHI,
	MAPWORD_CHARGERFAIL,
	MAPWORD_FULLYCHARGED,
	MAPWORD_DEPLETED,
	MAPWORD_VRANGE,
	MAPWORD_FRANGE,
	MAPWORD_FSD,
	MAPWORD_COUNT,
	MAPWORD_NONE = -1
};

/* All words, for suggestions; ends with NULL. */
extern const char *const mapword_names[];

/* MAPWORD_NONE: there is no such word. */
enum mapword mapword_find(const char *name);

/* One vote, `word` or `!word`, from a text of several; advances *text behind it.  False: none is
 * left.  An unknown word is passed as MAPWORD_NONE. */
bool mapword_next(const char **text, enum mapword *word, bool *holds);

#endif
