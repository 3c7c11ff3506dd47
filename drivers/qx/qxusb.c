#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/qx/qxusb_private.h"

static const char token[] = "qx";
static const char map_name[] = "usb";

enum { OVERFLOWS_MOST = 3, SET_REPORT = 0x09, CLASS_INTERFACE_OUT = 0x21, LANGUAGE = 0x0409 };

/* While a device is searched for. */
struct search {
	struct core *core;
	const struct mapset *maps;
	const struct map *ids; /* usb.map */
	const struct qx_way *forced, *found;
};

/* -------------------------------------------------------------------------- common things */

enum carrier_result qx_usb_result(enum usb_result r)
{
	switch (r) {
	case USB_TIMEOUT:
		return CARRIER_SILENCE;
	case USB_GONE:
		return CARRIER_GONE;
	case USB_ENDING:
		return CARRIER_ENDING;
	default:
		return CARRIER_FAILED;
	}
}

enum usb_result qx_usb_set_report(struct qx_usb *u, unsigned value, const void *data, size_t size,
				  int timeout_ms)
{
	const struct usb_request r = {CLASS_INTERFACE_OUT, SET_REPORT, (uint16_t)value, 0};
	uint8_t copy[64];

	if (size > sizeof(copy))
		return USB_FAILED;
	memcpy(copy, data, size);
	return usb_control(u->usb, &r, copy, size, NULL, timeout_ms);
}

size_t qx_usb_length(const struct carrier_query *q)
{
	size_t len = q->length;

	while (len > 0 && (q->text[len - 1] == '\r' || q->text[len - 1] == '\n'))
		len--;
	return len;
}

bool qx_usb_is(const struct carrier_query *q, const char *command)
{
	size_t len = qx_usb_length(q);

	return len == strlen(command) && memcmp(q->text, command, len) == 0;
}

/* -------------------------------------------------------------------------- finding it */

static const struct qx_way *find_way(const char *name)
{
	static const struct qx_way *const lists[] = {qx_ways_reports, qx_ways_strings,
						     qx_ways_frames};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (const struct qx_way *w = lists[i]; w->name; w++) {
			if (str_caseequal(w->name, name))
				return w;
		}
	}
	return NULL;
}

static const struct qx_way *way_of(const struct map_match *match)
{
	const struct qx_way *way = NULL;

	for (const char *const *q = match ? match->quirks : NULL; q && *q && !way; q++)
		way = find_way(*q);
	return way;
}

static bool known(void *arg, uint16_t vendor, uint16_t product)
{
	const struct search *s = arg;

	for (size_t i = 0; i < s->ids->match_count; i++) {
		const struct map_match *m = &s->ids->matches[i];

		if (m->how == MAP_MATCH_USB && m->vendor == vendor && m->product == product)
			return true;
	}
	return s->forced != NULL;
}

static bool accept(void *arg, struct usb *usb, const struct usb_identity *who,
		   struct usb_choice *choice)
{
	struct search *s = arg;
	const struct mapset_usb device = {
		.vendor = who->vendor_id,
		.product = who->product_id,
		.mfr = who->vendor,
		.model = who->product,
		.serial = who->serial,
	};
	const struct map *map;

	(void)usb;
	(void)choice;
	s->found = s->forced;
	if (!s->found)
		s->found = way_of(mapset_match_usb(s->maps, &device, s->ids, &map));
	return s->found != NULL;
}

static bool forced_way(struct core *c, struct search *s)
{
	const char *name = core_option(c, "subdriver");

	if (!name)
		return true;
	s->forced = find_way(name);
	if (s->forced && core_option(c, "vendorid") && core_option(c, "productid"))
		return true;
	log_error(token,
		  s->forced ? "%s: subdriver = %s needs vendorid and productid, too"
			    : "%s: there is no subdriver %s; nut-map(5) and nutdrv_qx(8) list them",
		  core_ups(c), name);
	return false;
}

static bool language(struct core *c, unsigned *number)
{
	const char *text = core_option(c, "langid_fix");
	char *end;

	*number = LANGUAGE;
	if (!text)
		return true;
	*number = (unsigned)strtoul(text, &end, 16);
	if (end != text && *end == '\0' && *number <= 0xffff)
		return true;
	log_error(token, "%s: langid_fix = %s: it is a hexadecimal number, as 0x409", core_ups(c),
		  text);
	return false;
}

enum driver_result qx_usb_open(struct core *c, const struct mapset *maps, struct qx_usb **out)
{
	static const struct usb_finder finder = {.known = known, .accept = accept};
	struct search s = {.core = c, .maps = maps, .ids = mapset_find(maps, map_name)};
	struct qx_usb *u;
	enum driver_result r;
	unsigned number;

	if (!s.ids) {
		log_error(token, "%s: the map %s is not there, which names the USB devices",
			  core_ups(c), map_name);
		return DRIVER_FATAL;
	}
	if (!forced_way(c, &s) || !language(c, &number))
		return DRIVER_FATAL;
	u = calloc(1, sizeof(*u));
	if (!u)
		return DRIVER_FAILED;
	u->core = c;
	u->language = number;
	u->dirty = true;
	r = usb_open(c, &finder, &s, &u->usb);
	u->way = s.found;
	if (r == DRIVER_OK && u->way) {
		*out = u;
		return r;
	}
	qx_usb_close(u);
	return r == DRIVER_OK ? DRIVER_FAILED : r;
}

void qx_usb_close(struct qx_usb *u)
{
	if (!u)
		return;
	usb_close(u->usb);
	free(u);
}

/* -------------------------------------------------------------------------- its carrier */

static enum carrier_result usb_ask(void *arg, const struct carrier_query *q, char *answer,
				   size_t size, size_t *got)
{
	struct qx_usb *u = arg;
	enum carrier_result r;

	*got = 0;
	r = u->way->ask(u, q, answer, size, got);
	/* Adapters with Cypress's chip may send too much at a time for hours; a reset ends it. */
	if (r == CARRIER_FAILED && usb_overflows(u->usb) >= OVERFLOWS_MOST) {
		usb_reset(u->usb);
		r = CARRIER_GONE;
	}
	u->dirty = r != CARRIER_OK && r != CARRIER_REFUSED;
	return r;
}

struct carrier qx_usb_carrier(struct qx_usb *u)
{
	return (struct carrier){.ask = usb_ask, .arg = u};
}

const struct usb_identity *qx_usb_identity(const struct qx_usb *u)
{
	return usb_identity(u->usb);
}

const char *qx_usb_name(const struct qx_usb *u)
{
	return u->way->name;
}

const char *qx_usb_protocol(const struct qx_usb *u)
{
	return u->way->protocol;
}
