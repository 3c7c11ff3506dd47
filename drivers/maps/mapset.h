/*
 * mapset: all maps of a driver, and which of them is for a device.
 */
#ifndef DRIVERS_MAPS_MAPSET_H
#define DRIVERS_MAPS_MAPSET_H

#include "drivers/maps/map.h"

enum { MAPSET_MAX = 256 };

struct mapset {
	struct map **maps; /* by the names of their files */
	size_t count;
};

/*
 * Reads every map in the driver's two folders.  One with mistakes is reported,
 * and left out.  False: no memory.
 */
bool mapset_load(struct mapset *s, const char *driver, struct conf_report *r);
void mapset_free(struct mapset *s);

/* The map of that name, or of another NAME, or title, which may have `*` for any text, a version
 * behind it, or be a part that no other title has; NULL if there is none. */
const struct map *mapset_find(const struct mapset *s, const char *name);

struct mapset_usb {
	uint16_t vendor, product;
	const char *mfr, *model, *serial; /* NULL as "" */
	bool any_product;                 /* an unlisted product of a listed vendor is taken, too */
};

/* The match, and in *map its map; NULL if none is for that device.  `only`, if it is not NULL, is
 * the one map that is asked. */
const struct map_match *mapset_match_usb(const struct mapset *s, const struct mapset_usb *usb,
					 const struct map *only, const struct map **map);

struct mapset_candidate {
	const struct map *map;
	const struct map_match *match;
};

/* All matches of one kind, or those of the one map `only`, in the order in which they are to be
 * tried; how many, at most `max`. */
size_t mapset_candidates(const struct mapset *s, const struct map *only, enum map_match_how how,
			 struct mapset_candidate *list, size_t max);

/* Those for a device with this sysObjectID, which begins with a dot: the longest OID first.  Taken
 * is the first whose probe() has an answer. */
size_t mapset_match_oid(const struct mapset *s, const char *oid, struct mapset_candidate *list,
			size_t max);

/* The names of all files of a driver that end in `suffix`, in both folders, sorted, each once; ends
 * with NULL. The caller frees it with mapset_files_free(). NULL: no memory. */
extern const char mapset_suffix[]; /* ".map" */
char **mapset_files(const char *driver, const char *suffix);
void mapset_files_free(char **files);

#endif
