#include "config.h"

#include "common/base/str.h"
#include "drivers/maps/mapfun_private.h"

enum { MAC_BYTES = 6, IP_BYTES = 4, REPORT_MAX = 1 + MAC_BYTES };

bool mapfun_ever_hardware(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	uint16_t word;
	unsigned letter;

	(void)arg, (void)c;
	if (!mapfun_word(v, &word) || word >> 8 > 26)
		return false;
	letter = word >> 8 ? 'A' + (word >> 8) - 1u : '0';
	v->kind = MAPVALUE_TEXT;
	return str_format(v->text, sizeof(v->text), "rev.%cv%02u", (char)letter, word & 0xffu);
}

bool mapfun_ever_version(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	uint16_t word;

	(void)arg, (void)c;
	if (!mapfun_word(v, &word))
		return false;
	v->kind = MAPVALUE_TEXT;
	return str_format(v->text, sizeof(v->text), "v%X.%Xb%02u", word >> 12 & 15u,
			  word >> 8 & 15u, word & 0xffu);
}

static bool report(double id, size_t bytes, unsigned char data[REPORT_MAX],
		   const struct mapconv_context *c)
{
	size_t len = 0;

	return c->report && c->report(c->arg, (unsigned)id, data, bytes + 1, &len) &&
	       len >= bytes + 1;
}

bool mapfun_ever_mac(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	unsigned char d[REPORT_MAX];

	if (!report(arg, MAC_BYTES, d, c))
		return false;
	v->kind = MAPVALUE_TEXT;
	return str_format(v->text, sizeof(v->text), "%02x:%02x:%02x:%02x:%02x:%02x", d[1], d[2],
			  d[3], d[4], d[5], d[6]);
}

bool mapfun_ever_ip(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	unsigned char d[REPORT_MAX];

	if (!report(arg, IP_BYTES, d, c))
		return false;
	v->kind = MAPVALUE_TEXT;
	return str_format(v->text, sizeof(v->text), "%u.%u.%u.%u", d[1], d[2], d[3], d[4]);
}
