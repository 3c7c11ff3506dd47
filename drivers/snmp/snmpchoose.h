/*
 * snmpchoose: which map is for an agent: what it calls itself decides, then what it has.
 */
#ifndef DRIVERS_SNMP_SNMPCHOOSE_H
#define DRIVERS_SNMP_SNMPCHOOSE_H

#include "drivers/maps/mapset.h"
#include "drivers/transport/snmp_agent.h"

struct snmp_choice {
	const struct map *map;         /* NULL unless AGENT_OK */
	const struct map_match *match; /* NULL: the map was asked for by its name */
	char object_id[512];           /* sysObjectID, ".1.3.6.1.4.1.318"; "" if it does not tell */
	char answer[128]; /* what the agent said to the map's probe, mostly the model */
};

/* `only`, if it is not NULL, is the one map that may be chosen, and is, whatever the agent says.
 * AGENT_MISSING: no map is for it; else why the search broke off. */
enum agent_result snmp_choose(struct agent *a, const struct mapset *maps, const struct map *only,
			      struct snmp_choice *out);

#endif
