/*
 * Which device is meant: the patterns of the options, and the one of the last time.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/transport/usb_private.h"

static const char token[] = "usb";

static const char *const keys[KEY_COUNT] = {
	[KEY_VENDORID] = "vendorid", [KEY_PRODUCTID] = "productid", [KEY_VENDOR] = "vendor",
	[KEY_PRODUCT] = "product",   [KEY_SERIAL] = "serial",       [KEY_BUS] = "bus",
	[KEY_DEVICE] = "device",     [KEY_BUSPORT] = "busport",
};

static bool compile(regex_t *re, const char *pattern, const char *key, struct core *c)
{
	int err = regcomp(re, pattern, REG_EXTENDED | REG_ICASE);
	char why[200];

	if (!err)
		return true;
	regerror(err, re, why, sizeof(why));
	log_error(token, "[%s] %s = \"%s\" is no regular expression: %s", core_ups(c), key, pattern,
		  why);
	return false;
}

bool usb_patterns_read(struct usb_patterns *p, struct core *c)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const char *pattern = core_option(c, keys[i]);

		if (!pattern)
			continue;
		/* An empty expression is not portable. */
		if (!compile(&p->compiled[i], *pattern ? pattern : " *", keys[i], c)) {
			usb_patterns_free(p);
			return false;
		}
		p->set[i] = true;
		p->any = true;
	}
	return true;
}

void usb_patterns_free(struct usb_patterns *p)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (p->set[i])
			regfree(&p->compiled[i]);
		p->set[i] = false;
	}
}

/* The whole text has to match, as NUT has it.  Not by "^(...)$" around the pattern: what is no
 * expression by itself would become one. */
static bool match_whole(const regex_t *re, const char *text)
{
	regmatch_t found;

	return regexec(re, text, 1, &found, 0) == 0 && found.rm_so == 0 &&
	       (size_t)found.rm_eo == strlen(text);
}

/* Blanks around the text do not count. */
static bool match_text(const struct usb_patterns *p, enum usb_key key, const char *text)
{
	char trimmed[128];
	size_t len;

	if (!p->set[key])
		return true;
	text += strspn(text, " \t\n");
	str_copy(trimmed, sizeof(trimmed), text);
	for (len = strlen(trimmed); len > 0 && strchr(" \t\n", trimmed[len - 1]); len--)
		trimmed[len - 1] = '\0';
	return match_whole(&p->compiled[key], trimmed);
}

static bool match_id(const struct usb_patterns *p, enum usb_key key, unsigned id)
{
	char text[16];

	str_format(text, sizeof(text), "%04x", id);
	return match_text(p, key, text);
}

static bool match_number(const struct usb_patterns *p, enum usb_key key, unsigned number)
{
	char padded[16], plain[16];

	str_format(padded, sizeof(padded), "%03u", number);
	str_format(plain, sizeof(plain), "%u", number);
	return match_text(p, key, padded) || match_text(p, key, plain);
}

bool usb_patterns_match_place(const struct usb_patterns *p, const struct usb_identity *who,
			      bool numbered)
{
	return match_id(p, KEY_VENDORID, who->vendor_id) &&
	       match_id(p, KEY_PRODUCTID, who->product_id) && match_number(p, KEY_BUS, who->bus) &&
	       (!numbered || match_number(p, KEY_DEVICE, who->number)) &&
	       (match_number(p, KEY_BUSPORT, who->port) || match_text(p, KEY_BUSPORT, who->way));
}

bool usb_patterns_match_texts(const struct usb_patterns *p, const struct usb_identity *who)
{
	return match_text(p, KEY_VENDOR, who->vendor) && match_text(p, KEY_PRODUCT, who->product) &&
	       match_text(p, KEY_SERIAL, who->serial);
}

void usb_memory_note(struct usb_memory *m, libusb_device *other)
{
	struct libusb_device_descriptor d;

	if (m->alike || !m->set || libusb_get_device_descriptor(other, &d) != 0 ||
	    d.idVendor != m->who.vendor_id || d.idProduct != m->who.product_id)
		return;
	log_debug(1, token, "the device at %s is not the only one of its kind", m->who.way);
	m->alike = true;
}

/*
 * A serial number decides.  Without one on either side the port speaks for a device,
 * and a device of the same kind elsewhere may have been moved there, unless several of
 * them were seen: they would change their names when all of them come back.
 */
int usb_memory_score(const struct usb_memory *m, const struct usb_identity *who)
{
	bool same_place = str_equal(m->who.way, who->way);

	if (!m->set)
		return 1;
	if (m->who.vendor_id != who->vendor_id || m->who.product_id != who->product_id)
		return 0;
	if (*m->who.serial && *who->serial)
		return str_equal(m->who.serial, who->serial) ? 3 + same_place : 0;
	/* It had a serial number, and does not tell it now: some forget it while they start. */
	if (*m->who.serial || *who->serial)
		return same_place ? 2 : 0;
	if (same_place)
		return 2;
	return m->alike ? 0 : 1;
}
