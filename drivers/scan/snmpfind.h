/*
 * snmpfind: SNMP agents in a range of addresses, and which map is for each of them.
 */
#ifndef DRIVERS_SCAN_SNMPFIND_H
#define DRIVERS_SCAN_SNMPFIND_H

#include "common/base/conffile.h"
#include "common/net/loop.h"
#include "drivers/scan/finding.h"
#include "drivers/scan/scanopts.h"

struct snmpfind;

/* Starts to ask in the loop; `end` is called from there, once, when all have been asked.  NULL:
 * `why` says why not.  `o` is borrowed. */
struct snmpfind *snmpfind_start(struct loop *l, const struct scan_options *o, loop_fn *end,
				void *arg, char *why, size_t size);

/* After `end`, and not from the loop: asks those that were found which map is for them, and adds
 * them. */
void snmpfind_take(struct snmpfind *s, struct conf_report *r, struct findings *all);
void snmpfind_free(struct snmpfind *s);

#endif
