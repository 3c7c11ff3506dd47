/*
 * scanner_private: the ways to look, as scanner.c's table has them.
 *
 * Each adds to s->all, or starts something in the loop, counts it in s->pending, and
 * calls scanner_ended() when that is over.  False: it does not work here, `why` says why, and what
 * mends it.  Those that are not built in are NULL.
 */
#ifndef DRIVERS_SCAN_SCANNER_PRIVATE_H
#define DRIVERS_SCAN_SCANNER_PRIVATE_H

#include "common/base/conffile.h"
#include "common/net/loop.h"
#include "drivers/scan/scanner.h"

struct snmpfind;

/* A server of NUT that is to be asked, since it has announced itself. */
struct scanner_server {
	struct netaddr addr;
	char name[128], host[128];
};

enum { SCANNER_SERVERS_MAX = 256 };

struct scanner {
	const struct scan_options *o;
	const struct scancheck *conf;
	struct findings *all;
	struct conf_report report;
	struct loop *loop;
	unsigned pending;

	struct snmpfind *snmp;
	struct addrwalk walk; /* of servers of NUT */
	struct scanner_server *servers;
	size_t server_count, next_server;
};

typedef bool scanner_way(struct scanner *s, char *why, size_t size);

scanner_way scanner_nut, scanner_simulation, scanner_serial;
#ifdef SCAN_HAS_USB
scanner_way scanner_usb;
#else
#define scanner_usb NULL
#endif
#ifdef SCAN_HAS_SNMP
scanner_way scanner_snmp;
#else
#define scanner_snmp NULL
#endif
#ifdef SCAN_HAS_AVAHI
scanner_way scanner_avahi;
#else
#define scanner_avahi NULL
#endif
#ifdef HAVE_LIBSYSTEMD
scanner_way scanner_upower;
#else
#define scanner_upower NULL
#endif

void scanner_ended(void *arg);

/* When nothing is pending any more: what comes after it, and the end of all. */
void scanner_take(struct scanner *s);

#endif
