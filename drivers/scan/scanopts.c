#include "config.h"

#include "drivers/scan/scanopts.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"
#include "drivers/scan/autorange.h"

static const char token[] = "nut-scanner";

enum {
	TIMEOUT_S = 5,
	TIMEOUT_MAX_S = 3600,
	PARALLEL = 512,
	PARALLEL_MAX = 100000,
	ADDRESS_MAX = 64, /* of an address as text */
	OPT_SNMP_PORT = 256,
};

static const char usage[] = "usage: nut-scanner [options]\n"
			    "Looks for UPSes and prints what ups.conf has to say of them.\n";

static const struct option_row rows[] = {
	{'C', "complete_scan", NULL, "look everywhere but on serial ports (the default)"},
	{'U', "usb_scan", NULL,
	 "look at the USB; -UU: with bus and port of the hub,\n"
	 "-UUU: and number of the device, -UUUU: and its release"},
	{'S', "snmp_scan", NULL, "ask addresses for SNMP agents"},
	{'M', "xml_scan", NULL, "network cards of Eaton by XML (not built in)"},
	{'O', "oldnut_scan", NULL, "ask addresses for servers of NUT"},
	{'A', "avahi_scan", NULL, "servers of NUT that announce themselves (avahi)"},
	{'n', "nut_simulation_scan", NULL, "recordings beside ups.conf: *.dev and *.seq"},
	{'I', "ipmi_scan", NULL, "power supplies by IPMI (not built in)"},
	{'J', "upower_scan", NULL, "UPSes that UPower has"},
	{'E', "eaton_serial", "ports",
	 "probe serial ports: auto, or names and ranges as /dev/ttyS0-3,/dev/ttyUSB0"},
	{'T', "thread", "n", "how many addresses are asked at once (512)"},
	{'t', "timeout", "seconds", "how long an address has time to answer (5)"},
	{'s', "start_ip", "address", "first address; of -S, -O"},
	{'e', "end_ip", "address", "last address"},
	{'m', "mask_cidr", "network",
	 "a network, as 192.0.2.0/24; auto, auto4, auto6: those of\nthis host, auto/26: such a "
	 "part of them"},
	{'c', "community", "name", "SNMPv1 community (public)"},
	{'l', "secLevel", "level", "SNMPv3: noAuthNoPriv, authNoPriv, authPriv"},
	{'u', "secName", "name", "SNMPv3: the user"},
	{'w', "authProtocol", "name", "SNMPv3: MD5, SHA, SHA224, SHA256, SHA384, SHA512 (MD5)"},
	{'W', "authPassword", "text", "SNMPv3"},
	{'x', "privProtocol", "name", "SNMPv3: DES, AES, AES192, AES256 (DES)"},
	{'X', "privPassword", "text", "SNMPv3"},
	{'b', "username", "name", "of IPMI; taken, and of no use"},
	{'B', "password", "text", "of IPMI; taken, and of no use"},
	{'d', "authType", "type", "of IPMI; taken, and of no use"},
	{'L', "cipher_suite_id", "id", "of IPMI; taken, and of no use"},
	{'p', "port", "number", "port of servers of NUT (3493)"},
	{OPT_SNMP_PORT, "snmp_port", "number", "port of SNMP agents (161)"},
	{'Q', "disp_nut_conf_with_sanity_check", NULL,
	 "print sections of ups.conf, and what is odd of them (the default)"},
	{'N', "disp_nut_conf", NULL, "print sections of ups.conf"},
	{'P', "disp_parsable", NULL, "print a line for each device, for programs"},
	{'a', "available", NULL, "list where this program can look"},
	{'q', "quiet", NULL, "say nothing but what was found"},
	{'D', "nut_debug_level", NULL, "more debugging output"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

static const struct {
	int letter;
	enum scan_bus bus;
} buses[] = {
	{'U', SCAN_USB},  {'S', SCAN_SNMP},       {'M', SCAN_XML},
	{'O', SCAN_NUT},  {'n', SCAN_SIMULATION}, {'A', SCAN_AVAHI},
	{'I', SCAN_IPMI}, {'J', SCAN_UPOWER},     {'E', SCAN_SERIAL},
};

static const struct {
	int letter;
	const char *name;
} credentials[SCAN_CREDENTIALS] = {
	{'c', "community"},    {'l', "secLevel"},     {'u', "secName"},      {'w', "authProtocol"},
	{'W', "authPassword"}, {'x', "privProtocol"}, {'X', "privPassword"},
};

/* While the options are read. */
struct reading {
	struct scan_options *o;
	const char *start, *end;
	bool complete;
};

/* ------------------------------------------------------------------------------- values */

static bool take_number(const char *name, const char *text, long min, long max, long *out)
{
	if (str_to_long(text, min, max, out))
		return true;
	log_error(token, "%s = \"%s\": it takes a number from %ld to %ld", name, text, min, max);
	return false;
}

static bool take_ranges(struct scan_options *o, const char *text)
{
	char why[256];

	if (autorange_read(text, o->ranges, SCAN_RANGES_MAX, &o->range_count, why, sizeof(why)))
		return true;
	log_error(token, "%s", why);
	return false;
}

/*
 * A host's name as its first address, of IPv4 if it has one; what is an address or a range
 * already, and what stands for nothing, as it is.
 */
static const char *by_address(const char *text, char *dst, size_t size)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct addrrange range;
	char why[256];

	/* The C library takes "10.1", too, for an address: 10.0.0.1. */
	if (!text || strchr(text, '/') || !text[strspn(text, "0123456789.")] ||
	    addrrange_read(text, &range, why, sizeof(why)))
		return text;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct addrinfo hints = {.ai_family = families[i],
					       .ai_socktype = SOCK_STREAM};
		struct sockaddr_storage ss = {0};
		struct addrinfo *found;

		if (getaddrinfo(text, NULL, &hints, &found) != 0)
			continue;
		memcpy(&ss, found->ai_addr, found->ai_addrlen);
		freeaddrinfo(found);
		return netaddr_host(&ss, dst, size) ? dst : text;
	}
	return text;
}

/* The pair is complete, or there is nothing more to come to it. */
static bool close_pair(struct reading *rd)
{
	struct scan_options *o = rd->o;
	char why[256], start[ADDRESS_MAX], end[ADDRESS_MAX];

	if (!rd->start && !rd->end)
		return true;
	if (o->range_count == SCAN_RANGES_MAX) {
		log_error(token, "there are more than %d ranges of addresses", SCAN_RANGES_MAX);
		return false;
	}
	if (!addrrange_between(by_address(rd->start, start, sizeof(start)),
			       by_address(rd->end, end, sizeof(end)), &o->ranges[o->range_count],
			       why, sizeof(why))) {
		log_error(token, "%s", why);
		return false;
	}
	o->range_count++;
	rd->start = rd->end = NULL;
	return true;
}

/* -s and -e, in either order; the same one again begins another pair. */
static bool take_end(struct reading *rd, const char **end, const char *value)
{
	if (*end && !close_pair(rd))
		return false;
	*end = value;
	return !rd->start || !rd->end || close_pair(rd);
}

/* A secret is gone from argv as soon as it is known. */
static bool take_credential(struct scan_options *o, size_t i, const char *value)
{
	static const char secrets[] = "cWX";

	if (!str_replace(&o->snmp[i].value, value)) {
		log_error(token, "out of memory");
		return false;
	}
	if (strchr(secrets, credentials[i].letter))
		secret_wipe((char *)(uintptr_t)value, strlen(value));
	return true;
}

/* True if the letter chooses where to look. */
static bool take_bus(struct scan_options *o, int letter, const char *value)
{
	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
		if (buses[i].letter != letter)
			continue;
		o->wanted[buses[i].bus] = o->any_wanted = true;
		if (letter == 'U')
			o->usb_detail++;
		if (letter == 'E')
			o->ports = value;
		return true;
	}
	return false;
}

static bool take_value(struct reading *rd, int letter, const char *value)
{
	struct scan_options *o = rd->o;

	for (size_t i = 0; i < SCAN_CREDENTIALS; i++)
		if (credentials[i].letter == letter)
			return take_credential(o, i, value);
	switch (letter) {
	case 'T':
		return take_number("-T", value, 1, PARALLEL_MAX, &o->parallel);
	case 't':
		return take_number("-t", value, 1, TIMEOUT_MAX_S, &o->timeout_s);
	case 'p':
		return take_number("-p", value, 1, 65535, &o->port);
	case OPT_SNMP_PORT:
		return take_number("--snmp_port", value, 1, 65535, &o->snmp_port);
	case 'm':
		return take_ranges(o, value);
	case 's':
		return take_end(rd, &rd->start, value);
	case 'e':
		return take_end(rd, &rd->end, value);
	default: /* of IPMI */
		if (letter == 'B')
			secret_wipe((char *)(uintptr_t)value, strlen(value));
		return true;
	}
}

static enum scanopts_result take(struct reading *rd, int letter, const char *value)
{
	struct scan_options *o = rd->o;

	switch (letter) {
	case OPTION_UNKNOWN:
	case OPTION_NO_VALUE:
		fputs("\"nut-scanner -h\" shows what it takes.\n", stderr);
		return SCANOPTS_BAD;
	case 'C':
		rd->complete = true;
		break;
	case 'Q':
		o->format = SCAN_CHECKED_CONF;
		break;
	case 'N':
		o->format = SCAN_CONF;
		break;
	case 'P':
		o->format = SCAN_PARSABLE;
		break;
	case 'a':
		return SCANOPTS_AVAILABLE;
	case 'q':
		o->quiet = true;
		log_set_quiet(true);
		break;
	case 'D':
		log_set_debug(log_debug_level() + 1);
		break;
	case 'V':
		log_banner("-", true);
		return SCANOPTS_DONE;
	case 'h':
		fputs(usage, stdout);
		options_print(rows, stdout);
		return SCANOPTS_DONE;
	default:
		if (!take_bus(o, letter, value) && !take_value(rd, letter, value))
			return SCANOPTS_BAD;
	}
	return SCANOPTS_GO;
}

/* ------------------------------------------------------------------------------- the whole */

enum scanopts_result scanopts_read(struct scan_options *o, int argc, char **argv)
{
	struct reading rd = {.o = o};
	enum scanopts_result r = SCANOPTS_GO;
	struct option_parser p;
	const char *value;
	int letter;

	*o = (struct scan_options){.timeout_s = TIMEOUT_S,
				   .parallel = PARALLEL,
				   .port = SCAN_NUT_PORT,
				   .snmp_port = SCAN_SNMP_PORT};
	for (size_t i = 0; i < SCAN_CREDENTIALS; i++)
		o->snmp[i].name = credentials[i].name;
	options_begin(&p, rows, argc, argv);
	while (r == SCANOPTS_GO && (letter = options_next(&p, &value)) != OPTION_END)
		r = take(&rd, letter, value);
	if (r != SCANOPTS_GO)
		return r;
	if (options_operand_count(&p) > 0) {
		log_error(token, "\"%s\" is no option", options_operands(&p)[0]);
		return SCANOPTS_BAD;
	}
	if (rd.complete)
		for (int bus = 0; bus < SCAN_BUSES; bus++)
			o->wanted[bus] = o->wanted[bus] && bus == SCAN_SERIAL;
	o->any_wanted = o->any_wanted && !rd.complete;
	return close_pair(&rd) ? SCANOPTS_GO : SCANOPTS_BAD;
}

void scanopts_free(struct scan_options *o)
{
	for (size_t i = 0; i < SCAN_CREDENTIALS; i++)
		secret_free(&o->snmp[i].value);
}

const char *scanopts_credential(const struct scan_options *o, const char *name)
{
	for (const struct scan_credential *c = o->snmp; c->name; c++)
		if (str_equal(c->name, name))
			return c->value;
	return NULL;
}

bool scanopts_wants(const struct scan_options *o, enum scan_bus bus)
{
	return o->wanted[bus] || (!o->any_wanted && bus != SCAN_SERIAL);
}
