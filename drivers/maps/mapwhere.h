/*
 * mapwhere: how a place in a device is written, for each kind of driver
 * (docs/maps.md, "Where").
 */
#ifndef DRIVERS_MAPS_MAPWHERE_H
#define DRIVERS_MAPS_MAPWHERE_H

#include "drivers/maps/map.h"

enum { MAPWHERE_NODES_MAX = 16, MAPWHERE_INDEXED = 0x00ff0000 };

/* True if m's driver can read it; else *why is what is wrong with it. A driver that nobody knows
 * takes anything. */
bool mapwhere_valid(const struct map *m, const char *where, const char **why);

/* SNMP: a where that stands for all that is below it: `.1.3.6.*`. */
bool mapwhere_is_list(const char *where);

/* The path of a HID item as usages, `[n]` as MAPWHERE_INDEXED + n. Returns how many; 0: it is none.
 */
size_t mapwhere_hid(const struct map *m, const char *where, uint32_t nodes[MAPWHERE_NODES_MAX]);

/* apcupsd: a key of its status, and perhaps a part of what stands there. */
struct mapwhere_nis {
	char key[24];
	enum mapwhere_nis_part {
		MAPWHERE_NIS_WHOLE,
		MAPWHERE_NIS_WORD,    /* {n} */
		MAPWHERE_NIS_SLASH,   /* /n: of what slashes divide */
		MAPWHERE_NIS_COLUMNS, /* [from-to], [from-], [column] */
	} part;
	size_t from, to; /* columns: `to` is behind the last; else the number is `from` */
};
bool mapwhere_nis(const char *where, struct mapwhere_nis *at);

/* apcsmart: `L`, `0x0c`, two bytes `0x9fd3`; commands: `K*2` is pressed twice, `Z?` may stay without
 * an answer, `^:BYP` is done when that is the answer. */
struct mapwhere_apc {
	unsigned code; /* above 0xff: two bytes, the high one first */
	bool twice, may_be_silent;
	char answer[8]; /* "": OK */
};
bool mapwhere_apc(const char *where, struct mapwhere_apc *at);

#endif
