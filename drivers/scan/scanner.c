#include "config.h"

#include "drivers/scan/scanner.h"

#include <stdint.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/base/privilege.h"
#include "drivers/scan/scanner_private.h"

static const char token[] = "nut-scanner";

enum { WHY_SIZE = 1024, DESCRIPTORS_OWN = 64 };

static const struct way {
	enum scan_bus bus;
	const char *name;  /* of -a */
	const char *doing; /* "Scanning ..." */
	/* NULL where it is not built in; `missing` says why not, and what mends it. */
	bool (*run)(struct scanner *s, char *why, size_t size);
	const char *missing;
	bool needs_addresses;
	bool is_never; /* no build has it: worth a word only to who asks for it */
} ways[] = {
	{.bus = SCAN_USB,
	 .name = "USB",
	 .doing = "USB bus",
	 .run = scanner_usb,
	 .missing = "this program was built without libusb; build it with libusb-1.0-0-dev"},
	{.bus = SCAN_SNMP,
	 .name = "SNMP",
	 .doing = "SNMP bus",
	 .run = scanner_snmp,
	 .missing = "this program was built without net-snmp; build it with libsnmp-dev",
	 .needs_addresses = true},
	{.bus = SCAN_XML,
	 .name = "XML",
	 .missing = "not built in: this suite has no driver for Eaton's XML; such cards speak SNMP "
		    "as well (-S)",
	 .is_never = true},
	{.bus = SCAN_NUT,
	 .name = "OLDNUT",
	 .doing = "NUT bus (old connect method)",
	 .run = scanner_nut,
	 .needs_addresses = true},
	{.bus = SCAN_SIMULATION,
	 .name = "NUT_SIMULATION",
	 .doing = "NUT simulation devices",
	 .run = scanner_simulation},
	{.bus = SCAN_AVAHI,
	 .name = "AVAHI",
	 .doing = "NUT bus (avahi method)",
	 .run = scanner_avahi,
	 .missing = "this program was built without avahi; build it with libavahi-client-dev"},
	{.bus = SCAN_IPMI,
	 .name = "IPMI",
	 .missing = "not built in: this suite has no driver for it",
	 .is_never = true},
	{.bus = SCAN_UPOWER,
	 .name = "UPOWER",
	 .doing = "UPower's devices",
	 .run = scanner_upower,
	 .missing = "this program was built without libsystemd; build it with libsystemd-dev"},
	{.bus = SCAN_SERIAL,
	 .name = "EATON_SERIAL",
	 .doing = "serial ports",
	 .run = scanner_serial},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* The one that is always there comes first, as NUT has it. */
void scanner_available(void)
{
	puts("OLDNUT");
	for (size_t i = 0; i < WAYS; i++)
		if (ways[i].run && ways[i].bus != SCAN_NUT)
			puts(ways[i].name);
}

/* An error for what was asked for by its name; the rest is worth a line, if that is wanted. */
static void complain(const struct scan_options *o, const struct way *w, const char *why)
{
	if (o->wanted[w->bus])
		log_error(token, "%s: %s", w->name, why);
	else if (!o->quiet && !w->is_never)
		log_notice(token, "%s: %s", w->name, why);
}

/* False: it does not work. */
static bool start(struct scanner *s, const struct way *w)
{
	const struct scan_options *o = s->o;
	char why[WHY_SIZE] = "";

	if (w->needs_addresses && o->range_count == 0) {
		if (o->wanted[w->bus])
			complain(o, w,
				 "no addresses to ask: -m auto takes this host's networks, "
				 "-s and -e, or -m, others");
		else if (!o->quiet)
			log_info(token, "%s: not looked for without addresses (-m auto)", w->name);
		return !o->wanted[w->bus];
	}
	if (!w->run) {
		complain(o, w, w->missing);
		return false;
	}
	if (!o->quiet)
		fprintf(stderr, "Scanning %s.\n", w->doing);
	if (w->run(s, why, sizeof(why)))
		return true;
	complain(o, w, why);
	return false;
}

void scanner_ended(void *arg)
{
	struct scanner *s = arg;

	if (--s->pending == 0)
		loop_stop(s->loop);
}

bool scanner_run(const struct scan_options *o, const struct scancheck *conf, struct findings *all)
{
	struct scanner s = {.o = o, .conf = conf, .all = all, .loop = loop_new()};
	bool works = false;

	s.report = (struct conf_report){.emit = conf_emit_log, .arg = (void *)(uintptr_t)token};
	if (!s.loop) {
		log_error(token, "out of memory");
		return false;
	}
	/* For a server and an agent of each address, and the rest. */
	privilege_raise_files((size_t)o->parallel * 2 + DESCRIPTORS_OWN);
	for (size_t i = 0; i < WAYS; i++)
		if (scanopts_wants(o, ways[i].bus))
			works = start(&s, &ways[i]) || works;
	/* What waits for answers does so all at once. */
	if (s.pending > 0)
		loop_run(s.loop);
	scanner_take(&s);
	loop_free(s.loop);
	return works || !o->any_wanted;
}
