#include "config.h"

#include "drivers/maps/mapshape.h"

enum { COUNT_MAX = 512 };

struct element {
	char letter;
	size_t count;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_of(char letter, char c)
{
	switch (letter) {
	case '.':
		return true;
	case '_':
		return c == ' ';
	case 'b':
		return c == '0' || c == '1';
	case 't':
		return c == '0' || c == '1' || c == '-';
	case 'd':
		return is_digit(c);
	case 'h':
		return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
	case 'A':
		return c >= 'A' && c <= 'Z';
	case 'a':
		return c == ' ' || (c >= 'A' && c <= 'Z');
	default:
		return false;
	}
}

/* The next letter, and how many of it. */
static bool next(const char **shape, struct element *e)
{
	const char *p = *shape;

	if (!*p)
		return false;
	e->letter = *p++;
	e->count = is_digit(*p) ? 0 : 1;
	for (; is_digit(*p) && e->count <= COUNT_MAX; p++)
		e->count = 10 * e->count + (size_t)(*p - '0');
	*shape = p;
	return true;
}

bool mapshape_valid(const char *shape)
{
	static const char letters[] = "._btdhAa";
	struct element e;
	char last = '\0';

	while (next(&shape, &e)) {
		bool known = false;

		for (const char *p = letters; *p; p++)
			known = known || *p == e.letter;
		/* These two are the last. */
		if (e.letter == '$' || (e.letter == '*' && last))
			return *shape == '\0' && e.count == 1;
		if (!known || e.count == 0 || e.count > COUNT_MAX)
			return false;
		last = e.letter;
	}
	return last != '\0';
}

bool mapshape_fits(const char *shape, const char *answer, size_t len)
{
	struct element e;
	char last = '\0';
	size_t at = 0;

	while (len > 0 && (answer[len - 1] == '\r' || answer[len - 1] == '\n'))
		len--;
	while (next(&shape, &e)) {
		if (e.letter == '$')
			return at == len || answer[at] == ' ';
		if (e.letter == '*')
			e = (struct element){last, len - at};
		if (len - at < e.count)
			return false;
		for (size_t i = 0; i < e.count; i++, at++) {
			if (!is_of(e.letter, answer[at]))
				return false;
		}
		last = e.letter;
	}
	return true;
}
