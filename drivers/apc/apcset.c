#include "config.h"

#include "drivers/apc/apcset.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	GROUP_HEAD = 4,  /* letter, locale, count, width */
	MATRIX_LEAD = 2, /* what stands before each group of a Matrix-UPS */
	ANY_LOCALE = '4',
	DIGIT_BASE = '0', /* count and width go beyond 9 */
};

bool apcset_has(const struct apcset *s, unsigned code)
{
	return code > 0xff ? code >> 8 == APCSET_PREFIX && s->two[code & 0xff] : s->one[code];
}

void apcset_drop(struct apcset *s, unsigned code)
{
	*(code > 0xff ? &s->two[code & 0xff] : &s->one[code & 0xff]) = false;
}

/* Alerts may have any character but the full stop that ends them; so may the commands. */
bool apcset_parse_list(struct apcset *s, const char *answer, size_t len)
{
	const char *end = answer + len, *alerts, *commands;

	if (len < 2 || !isdigit((unsigned char)answer[0]) || answer[1] != '.')
		return false;
	alerts = answer + 2;
	commands = memchr(alerts, '.', (size_t)(end - alerts));
	if (!commands || ++commands == end)
		return false;
	*s = (struct apcset){.one = {false}};
	for (; commands < end && *commands != '.'; commands++)
		s->one[(unsigned char)*commands] = true;
	/* In pairs, or only the second bytes. */
	for (; commands < end; commands++) {
		if (*commands != '.' && (unsigned char)*commands != APCSET_PREFIX)
			s->two[(unsigned char)*commands] = true;
	}
	return true;
}

bool apcset_parse_letters(struct apcset *s, const char *letters)
{
	*s = (struct apcset){.one = {false}};
	for (const char *p = letters; *p; p++) {
		char digits[3] = {0};

		if (*p != '~') {
			s->one[(unsigned char)*p] = true;
			continue;
		}
		if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
			return false;
		memcpy(digits, p + 1, 2);
		s->one[strtoul(digits, NULL, 16)] = true;
		p += 2;
	}
	return true;
}

/* False: it is not whole, or cannot be. */
static bool take_group(struct apccaps *c, size_t len, size_t *at, char locale)
{
	const char *head = c->text + *at;
	struct apccap cap;

	if (len - *at < GROUP_HEAD || head[2] < DIGIT_BASE || head[3] <= DIGIT_BASE)
		return false;
	cap = (struct apccap){.letter = (unsigned char)head[0],
			      .count = (size_t)(head[2] - DIGIT_BASE),
			      .width = (size_t)(head[3] - DIGIT_BASE),
			      .at = *at + GROUP_HEAD};
	if (cap.width > APCSET_WIDTH_MAX || cap.count * cap.width > len - cap.at)
		return false;
	*at = cap.at + cap.count * cap.width;
	if ((head[1] == ANY_LOCALE || head[1] == locale) && cap.count > 0 &&
	    !apccaps_find(c, cap.letter) && c->count < APCSET_CAPS_MAX)
		c->caps[c->count++] = cap;
	return true;
}

void apccaps_parse(struct apccaps *c, const char *answer, size_t len, char locale)
{
	size_t lead = len > 1 && answer[0] == '#' && answer[1] == '#' ? MATRIX_LEAD : 0;
	size_t at = lead ? 0 : 1;

	c->count = 0;
	if (len == 0 || len > sizeof(c->text) || answer[0] != '#')
		return;
	memcpy(c->text, answer, len);
	do {
		at += lead;
	} while (at < len && take_group(c, len, &at, locale));
}

const struct apccap *apccaps_find(const struct apccaps *c, unsigned code)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->caps[i].letter == code)
			return &c->caps[i];
	return NULL;
}

void apccaps_value(const struct apccaps *c, const struct apccap *cap, size_t index,
		   char value[APCSET_WIDTH_MAX + 1])
{
	size_t len = cap->width;

	memcpy(value, c->text + cap->at + index * cap->width, len);
	while (len > 0 && value[len - 1] == ' ')
		len--;
	value[len] = '\0';
}
