/* Numbers, lists, dates and addresses as agents of SNMP write them. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapconv_private.h"

static const char digits[] = "0123456789";

/* ----------------------------------------------------------------------------- numbers */

/* Factors such as 0.1 have no exact form: what is whole but for that is whole. */
bool mapconv_read_number(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	double number, whole;

	(void)s, (void)c;
	if (!mapvalue_number(v, &number) || !isfinite(number))
		return false;
	whole = round(number);
	v->kind = MAPVALUE_TEXT;
	if (fabs(number - whole) < 1e-6)
		return str_format(v->text, sizeof(v->text), "%.0f", whole == 0 ? 0 : whole);
	return str_format(v->text, sizeof(v->text), "%.2f", number);
}

bool mapconv_write_number(const struct mapconv_step *s, struct mapvalue *v,
			  const struct mapconv_context *c)
{
	double number;

	(void)s, (void)c;
	return mapvalue_number(v, &number) && mapvalue_set_number(v, number);
}

bool mapconv_nonnegative(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	double number;

	(void)s, (void)c;
	return mapvalue_number(v, &number) && number >= 0;
}

bool mapconv_not(const struct mapconv_step *s, struct mapvalue *v, const struct mapconv_context *c)
{
	(void)c;
	return !str_caseequal(mapvalue_text(v), s->name);
}

/* ------------------------------------------------------------------------ lists, OIDs */

/* Of `0,1,2` three. Nothing stands between two commas, or behind the last: that is none. */
bool mapconv_read_entries(const struct mapconv_step *s, struct mapvalue *v,
			  const struct mapconv_context *c)
{
	const char *text = mapvalue_text(v);
	int count = 0;

	(void)s, (void)c;
	for (text += strspn(text, ", "); *text; text += strspn(text, ", ")) {
		text += strcspn(text, ",");
		count++;
	}
	return count > 0 && mapvalue_set_number(v, count);
}

bool mapconv_read_arc(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	const char *last;
	double number;

	(void)s, (void)c;
	if (v->kind == MAPVALUE_NUMBER)
		return true;
	last = strrchr(v->text, '.');
	last = last ? last + 1 : v->text;
	return *last && strspn(last, digits) == strlen(last) && str_to_double(last, &number) &&
	       mapvalue_set_number(v, number);
}

/* -------------------------------------------------------------------------------- dates */

/* Three numbers, of `lengths` digits, with a mark between. */
static bool three_numbers(const char *text, const char *marks, const int lengths[3], int n[3])
{
	for (int i = 0; i < 3; i++) {
		int len = (int)strspn(text, digits);

		if (len < 1 || len > lengths[i])
			return false;
		n[i] = (int)strtol(text, NULL, 10);
		text += len;
		if (i < 2 && (!*text || !strchr(marks, *text++)))
			return false;
	}
	return *text == '\0';
}

static bool is_date(int year, int month, int day)
{
	return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* What is no date of that kind is shown as it is: somebody wrote it into the device. */
bool mapconv_read_isodate(const struct mapconv_step *s, struct mapvalue *v,
			  const struct mapconv_context *c)
{
	static const int lengths[] = {2, 2, 4};
	int n[3];

	(void)s, (void)c;
	mapvalue_text(v);
	v->kind = MAPVALUE_TEXT;
	if (!three_numbers(v->text, "/", lengths, n) || !is_date(n[2], n[0], n[1]))
		return true;
	return str_format(v->text, sizeof(v->text), "%04d-%02d-%02d", n[2], n[0], n[1]);
}

bool mapconv_write_isodate(const struct mapconv_step *s, struct mapvalue *v,
			   const struct mapconv_context *c)
{
	static const int lengths[] = {4, 2, 2};
	char text[16];
	int n[3];

	(void)s, (void)c;
	return three_numbers(mapvalue_text(v), "-/", lengths, n) && is_date(n[0], n[1], n[2]) &&
	       str_format(text, sizeof(text), "%02d/%02d/%04d", n[1], n[2], n[0]) &&
	       mapvalue_set_text(v, text);
}

/* ---------------------------------------------------------------------------- addresses */

/* Six to eight pairs of digits, with one mark between; any other text stays. */
bool mapconv_read_mac(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t len;

	(void)s, (void)c;
	len = strlen(mapvalue_text(v));
	v->kind = MAPVALUE_TEXT;
	if (len < 17 || len > 23 || len % 3 != 2)
		return true;
	for (size_t i = 0; i < len; i++)
		if (!strchr(i % 3 == 2 ? " :-" : hex, v->text[i]))
			return true;
	for (size_t i = 0; i < len; i++) {
		char *p = &v->text[i];

		if (i % 3 == 2)
			*p = ':';
		else if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p - 'A' + 'a');
	}
	return true;
}
