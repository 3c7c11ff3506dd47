/*
 * Voltronic Power's QS in hexadecimal: products and quotients of two words.
 */
#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapfun_private.h"

/* "6C01 35" */
static bool two_words(struct mapvalue *v, double *a, double *b)
{
	char copy[MAPVALUE_TEXT_MAX], text[MAPVALUE_TEXT_MAX + 2];
	char *second;

	str_copy(copy, sizeof(copy), mapvalue_text(v));
	second = strchr(copy, ' ');
	if (!second)
		return false;
	*second++ = '\0';
	return str_format(text, sizeof(text), "0x%s", copy) && mapnumber_parse(text, a) &&
	       str_format(text, sizeof(text), "0x%s", second) && mapnumber_parse(text, b);
}

bool mapfun_voltronic_hex_voltage(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double a, b;

	(void)arg, (void)c;
	return two_words(v, &a, &b) && mapvalue_set_number(v, a * b / 51 / 256);
}

bool mapfun_voltronic_hex_battery(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double a, b;

	(void)arg, (void)c;
	return two_words(v, &a, &b) && mapvalue_set_number(v, a * b / 510);
}

bool mapfun_voltronic_hex_frequency(struct mapvalue *v, double arg, const struct mapconv_context *c)
{
	double a, b;

	(void)arg, (void)c;
	if (!two_words(v, &a, &b) || a <= 0)
		return false;
	return mapvalue_set_number(v, b / a < 99.9 ? b / a : 99.9);
}
