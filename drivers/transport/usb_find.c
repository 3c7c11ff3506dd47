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

/* The whole text has to match, as NUT has it. */
static bool compile(regex_t *re, const char *pattern, const char *key, struct core *c)
{
	char anchored[512], why[200];
	int err;

	if (!str_format(anchored, sizeof(anchored), "^(%s)$", pattern)) {
		log_error(token, "[%s] %s: the pattern is too long", core_ups(c), key);
		return false;
	}
	err = regcomp(re, anchored, REG_EXTENDED | REG_ICASE | REG_NOSUB);
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
		/* The empty alternative of "^()$" is not portable. */
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
	return regexec(&p->compiled[key], trimmed, 0, NULL, 0) == 0;
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

/*
 * A serial number decides.  Without one on either side the port speaks for a device,
 * and a device of the same kind elsewhere may have been moved there.
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
	return same_place ? 2 : 1;
}
