/* The ways to look: how each is called, and what becomes of what it finds. */
#include "config.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/scan/mdnsscan.h"
#include "drivers/scan/nutscan.h"
#include "drivers/scan/scanner_private.h"
#include "drivers/scan/serialports.h"
#include "drivers/scan/serialscan.h"
#include "drivers/scan/simscan.h"
#include "drivers/scan/snmpfind.h"
#include "drivers/scan/upowerscan.h"
#include "drivers/scan/usbscan.h"

enum { HOST_SIZE = 100, PORT_SIZE = 512, MS_PER_S = 1000 };

#ifdef SCAN_HAS_USB
bool scanner_usb(struct scanner *s, char *why, size_t size)
{
	return usbscan_run(s->o->usb_detail, &s->report, s->all, why, size);
}
#endif

bool scanner_simulation(struct scanner *s, char *why, size_t size)
{
	return simscan_run(paths_conf(), s->all, why, size);
}

#ifdef HAVE_LIBSYSTEMD
bool scanner_upower(struct scanner *s, char *why, size_t size)
{
	return upowerscan_run((int)s->o->timeout_s * MS_PER_S, s->all, why, size);
}
#endif

#ifdef SCAN_HAS_SNMP
bool scanner_snmp(struct scanner *s, char *why, size_t size)
{
	s->snmp = snmpfind_start(s->loop, s->o, scanner_ended, s, why, size);
	s->pending += s->snmp ? 1 : 0;
	return s->snmp != NULL;
}
#endif

void scanner_take(struct scanner *s)
{
#ifdef SCAN_HAS_SNMP
	if (s->snmp)
		snmpfind_take(s->snmp, &s->report, s->all);
	snmpfind_free(s->snmp);
#endif
	free(s->servers);
}

/* ------------------------------------------------------------------------- servers of NUT */

/* "ups@192.0.2.7", "ups@[2001:db8::7]:13493" */
static void port_of(const char *ups, const char *host, unsigned port, char *dst, size_t size)
{
	const char *open = "", *close = "";
	char number[8] = "";

	if (strchr(host, ':')) {
		open = "[";
		close = "]";
	}
	if (port != SCAN_NUT_PORT)
		str_format(number, sizeof(number), ":%u", port);
	str_format(dst, size, "%s@%s%s%s%s", ups, open, host, close, number);
}

static struct finding *add_ups(struct scanner *s, enum finding_type type,
			       const struct nutscan_server *server, const struct nutscan_ups *ups)
{
	char host[HOST_SIZE], port[PORT_SIZE];
	struct finding *f;

	netaddr_host(&server->addr->ss, host, sizeof(host));
	port_of(ups->name, host, netaddr_port(&server->addr->ss), port, sizeof(port));
	f = findings_add(s->all, type, "dummy-ups", port);
	finding_set(s->all, f, "mode", "repeater");
	/* What servers say of a UPS of which they have nothing to say. */
	if (!str_equal(ups->description, "Description unavailable"))
		finding_set(s->all, f, "desc", ups->description);
	return f;
}

/* A name that cannot stand before the @ is none that a driver could ask for. */
static bool is_name(const char *name)
{
	return !name[strcspn(name, "@ \t\"\\#=[]")];
}

static void add_server(struct scanner *s, enum finding_type type,
		       const struct nutscan_server *server, const char *announced)
{
	char host[HOST_SIZE];

	netaddr_host(&server->addr->ss, host, sizeof(host));
	if (server->refused != NETWIRE_OK)
		finding_remark(s->all, findings_add(s->all, type, NULL, NULL),
			       "%s port %u is a server of NUT that does not tell of its UPSes (%s)",
			       host, netaddr_port(&server->addr->ss),
			       netwire_error_name(server->refused));
	for (size_t i = 0; i < server->count; i++) {
		struct finding *f;

		if (!is_name(server->upses[i].name))
			continue;
		f = add_ups(s, type, server, &server->upses[i]);
		if (announced)
			finding_remark(s->all, f, "announced as %s", announced);
	}
}

static bool next_of_ranges(void *arg, struct netaddr *out)
{
	struct scanner *s = arg;

	return addrwalk_next(&s->walk, s->o->ranges, s->o->range_count, (unsigned)s->o->port, out);
}

static void on_server(void *arg, const struct nutscan_server *server)
{
	add_server(arg, FINDING_NUT, server, NULL);
}

static struct nutscan_options options_of(const struct scanner *s, nutscan_next_fn *next)
{
	return (struct nutscan_options){
		.parallel = (unsigned)s->o->parallel,
		.timeout_ms = (int)s->o->timeout_s * MS_PER_S,
		.next = next,
	};
}

static bool start_nut(struct scanner *s, nutscan_next_fn *next, nutscan_found_fn *found, char *why,
		      size_t size)
{
	const struct nutscan_options o = options_of(s, next);

	if (!nutscan_start(s->loop, &o, found, scanner_ended, s))
		return str_copy(why, size, "out of memory") && false;
	s->pending++;
	return true;
}

bool scanner_nut(struct scanner *s, char *why, size_t size)
{
	return start_nut(s, next_of_ranges, on_server, why, size);
}

/* --------------------------------------------------------------- those that announce themselves */

#ifdef SCAN_HAS_AVAHI
/* By name and port: most servers are found once for each address that they have. */
static struct scanner_server *find_server(struct scanner *s, const struct mdnsscan_server *m)
{
	for (size_t i = 0; i < s->server_count; i++) {
		struct scanner_server *old = &s->servers[i];

		if (str_equal(old->host, m->host) && netaddr_port(&old->addr.ss) == m->port)
			return old;
	}
	return NULL;
}

/* Of the addresses of a server the one that is most likely to be good: of IPv4, as people know it;
 * not one that needs an interface; the loopback only where there is no other. */
static int rank_of(const struct netaddr *a)
{
	const void *at = &a->ss;
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)at)->sin6_addr;

	if (a->ss.ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)at)->sin_addr.s_addr) >> 24 ==
				       IN_LOOPBACKNET
			       ? 1
			       : 4;
	if (IN6_IS_ADDR_LOOPBACK(v6))
		return 0;
	return IN6_IS_ADDR_LINKLOCAL(v6) ? 2 : 3;
}

static void on_announced(void *arg, const struct mdnsscan_server *m)
{
	struct scanner *s = arg;
	struct scanner_server *to = find_server(s, m);
	struct netaddr addr;

	if (!netaddr_from_numeric(m->address, m->port, &addr))
		return;
	if (to) {
		if (rank_of(&addr) > rank_of(&to->addr))
			to->addr = addr;
		return;
	}
	if (s->server_count == SCANNER_SERVERS_MAX)
		return;
	to = &s->servers[s->server_count++];
	to->addr = addr;
	str_copy(to->name, sizeof(to->name), m->name);
	str_copy(to->host, sizeof(to->host), m->host);
}

static bool next_announced(void *arg, struct netaddr *out)
{
	struct scanner *s = arg;

	if (s->next_server == s->server_count)
		return false;
	*out = s->servers[s->next_server++].addr;
	return true;
}

static void on_announced_server(void *arg, const struct nutscan_server *server)
{
	struct scanner *s = arg;
	char text[300] = "";

	for (size_t i = 0; i < s->server_count; i++)
		if (memcmp(&s->servers[i].addr, server->addr, sizeof(*server->addr)) == 0)
			str_format(text, sizeof(text), "%s (%s)", s->servers[i].name,
				   s->servers[i].host);
	add_server(s, FINDING_AVAHI, server, *text ? text : NULL);
}

bool scanner_avahi(struct scanner *s, char *why, size_t size)
{
	s->servers = calloc(SCANNER_SERVERS_MAX, sizeof(*s->servers));
	if (!s->servers)
		return str_copy(why, size, "out of memory") && false;
	if (!mdnsscan_run((int)s->o->timeout_s * MS_PER_S, on_announced, s, why, size))
		return false;
	return start_nut(s, next_announced, on_announced_server, why, size);
}
#endif

/* ---------------------------------------------------------------------------- serial ports */

static void on_port(void *arg, const struct serialscan_port *p)
{
	struct scanner *s = arg;
	const char *section = scancheck_port(s->conf, p->path);

	if (p->driver)
		findings_add(s->all, FINDING_SERIAL, p->driver, p->path);
	else if (p->obstacle)
		finding_remark(s->all, findings_add(s->all, FINDING_SERIAL, NULL, NULL),
			       section ? "%s was not asked: %s; it is [%s] in ups.conf"
				       : "%s was not asked: %s",
			       p->path, p->obstacle, section);
}

bool scanner_serial(struct scanner *s, char *why, size_t size)
{
	struct serialports *ports = calloc(1, sizeof(*ports));
	const char *paths[SERIALPORTS_MAX];
	bool ok = ports && serialports_read(s->o->ports ? s->o->ports : "auto", ports, why, size);

	for (size_t i = 0; ok && i < ports->count; i++)
		paths[i] = ports->paths[i];
	if (ok && ports->count == 0)
		log_notice("nut-scanner", "there are no serial ports");
	if (ok && !serialscan_start(s->loop, paths, ports->count, on_port, scanner_ended, s))
		ok = str_copy(why, size, "out of memory") && false;
	s->pending += ok ? 1 : 0;
	free(ports);
	return ok;
}
