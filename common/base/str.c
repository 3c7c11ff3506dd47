#include "config.h"

#include "common/base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLOSEST_MAX = 64, /* words longer than this are nobody's typing error */
};

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);
	bool fits = len < size;

	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}

bool str_is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return !*text;
}

char *str_drop_high(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if ((unsigned char)*from < 0x80)
			*to++ = *from;
	}
	*to = '\0';
	return text;
}

bool str_format(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(dst, size, fmt, ap);
	va_end(ap);
	if (len < 0)
		dst[0] = '\0';
	return len >= 0 && (size_t)len < size;
}

int str_casecmp(const char *a, const char *b)
{
	return str_ncasecmp(a, b, SIZE_MAX);
}

int str_ncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		int diff = lower(*a) - lower(*b);

		if (diff || !*a)
			return diff;
	}
	return 0;
}

bool str_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_caseequal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return str_casecmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_casestarts(const char *s, const char *prefix)
{
	return str_ncasecmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), end = strlen(suffix);

	return len >= end && str_equal(s + len - end, suffix);
}

bool str_to_long(const char *s, long min, long max, long *out)
{
	const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
	char *end;
	long value;

	if (!is_digit(*digits)) /* strtol() would take leading white space */
		return false;
	errno = 0;
	value = strtol(s, &end, 10);
	if (errno || *end || value < min || value > max)
		return false;
	*out = value;
	return true;
}

static const char *skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* [+-] digits [. digits] [e [+-] digits], with a digit on one side of the point at least. */
static bool is_decimal(const char *s)
{
	const char *whole, *point, *fraction;

	if (*s == '-' || *s == '+')
		s++;
	whole = s;
	s = point = skip_digits(s);
	fraction = s;
	if (*s == '.') {
		fraction = s + 1;
		s = skip_digits(fraction);
	}
	if (point == whole && s == fraction)
		return false;
	if (*s != 'e' && *s != 'E')
		return *s == '\0';
	s++;
	if (*s == '-' || *s == '+')
		s++;
	return is_digit(*s) && *skip_digits(s) == '\0';
}

bool str_to_double(const char *s, double *out)
{
	static locale_t c_locale;
	double value;

	if (!is_decimal(s))
		return false;
	/* A program that has called setlocale() may expect a comma of strtod(). */
	if (!c_locale)
		c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		return false;
	value = strtod_l(s, NULL, c_locale);
	if (!isfinite(value))
		return false;
	*out = value;
	return true;
}

bool str_to_bool(const char *s, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} rows[] = {
		{"yes", true}, {"on", true},   {"true", true},   {"1", true},
		{"no", false}, {"off", false}, {"false", false}, {"0", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (str_casecmp(s, rows[i].word) != 0)
			continue;
		*out = rows[i].value;
		return true;
	}
	return false;
}

bool str_glob(const char *pattern, const char *s)
{
	const char *after_star = NULL, *retry = NULL;

	/* Only the last '*' can be worth widening, so one place to return to is enough. */
	while (*s) {
		if (*pattern == '*') {
			after_star = ++pattern;
			retry = s;
		} else if (lower(*pattern) == lower(*s)) {
			pattern++;
			s++;
		} else if (after_star) {
			pattern = after_star;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

size_t str_utf8_length(const char *text)
{
	static const struct {
		unsigned char mask, lead;
		size_t len;
		unsigned long least;
	} forms[] = {{0x80, 0x00, 1, 0},
		     {0xe0, 0xc0, 2, 0x80},
		     {0xf0, 0xe0, 3, 0x800},
		     {0xf8, 0xf0, 4, 0x10000}};
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		unsigned long code;

		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		code = (unsigned char)(s[0] & ~forms[i].mask);
		for (size_t k = 1; k < forms[i].len; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[k] & 0x3f);
		}
		return code < forms[i].least || code > 0x10ffff ||
				       (code >= 0xd800 && code <= 0xdfff)
			       ? 0
			       : forms[i].len;
	}
	return 0;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance, letter case aside, of words of at most CLOSEST_MAX bytes. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[CLOSEST_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));

			diagonal = row[j];
			row[j] = least(row[j] + 1, row[j - 1] + 1, change);
		}
	}
	return row[b_len];
}

const char *str_closest(const char *word, const char *const *candidates)
{
	size_t len = strlen(word);
	size_t limit = len / 3 > 2 ? len / 3 : 2;
	const char *closest = NULL;

	if (!len || len > CLOSEST_MAX)
		return NULL;
	if (limit >= len) /* then any other short word would do */
		limit = len - 1;
	for (; *candidates; candidates++) {
		size_t other_len = strlen(*candidates);
		size_t distance;

		if (other_len > CLOSEST_MAX)
			continue;
		distance = edit_distance(word, len, *candidates, other_len);
		if (distance > limit)
			continue;
		closest = *candidates;
		if (!distance)
			break;
		limit = distance - 1; /* the first of equals stays */
	}
	return closest;
}

char *str_dup(const char *s)
{
	return s ? strdup(s) : NULL;
}

bool str_replace(char **dst, const char *src)
{
	char *copy = str_dup(src);

	if (src && !copy)
		return false;
	free(*dst);
	*dst = copy;
	return true;
}

bool secret_equal(const char *known, const char *given)
{
	unsigned char diff = 0;
	size_t len;

	if (!known || !given)
		return false;
	len = strlen(given);
	/*
	 * Every byte of `given`, its NUL too, meets one of `known`, which stops
	 * at its own NUL: neither the place of a difference nor the length of
	 * the secret changes the number of steps.
	 */
	for (size_t i = 0; i <= len; i++) {
		diff |= (unsigned char)(*known ^ given[i]);
		known += *known != '\0';
	}
	return diff == 0;
}

void secret_wipe(void *p, size_t len)
{
#ifdef HAVE_EXPLICIT_BZERO
	explicit_bzero(p, len);
#else
	volatile unsigned char *byte = p;

	while (len--)
		*byte++ = 0;
#endif
}

void secret_free(char **s)
{
	if (*s)
		secret_wipe(*s, strlen(*s));
	free(*s);
	*s = NULL;
}
