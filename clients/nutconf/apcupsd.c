#include "config.h"

#include "clients/nutconf/apcupsd.h"

#include <ctype.h>
#include <string.h>

#include "common/base/str.h"

static void complain(struct apcupsd_conf *c, unsigned line, const char *what)
{
	buffer_appendf(&c->problems, "%s:%u: %s\n", c->path, line, what);
}

/* Without blanks at both ends, and with every other control byte made one. */
static bool copy_trimmed(char *dst, size_t size, const char *from, size_t len)
{
	while (len && isspace((unsigned char)*from)) {
		from++;
		len--;
	}
	while (len && isspace((unsigned char)from[len - 1]))
		len--;
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		dst[i] = iscntrl((unsigned char)from[i]) ? ' ' : from[i];
	dst[len] = '\0';
	return true;
}

static void take_line(struct apcupsd_conf *c, unsigned number, const char *text, size_t len)
{
	const char *hash = memchr(text, '#', len);
	struct apcupsd_line *line = &c->lines[c->count];
	size_t name;

	if (hash)
		len = (size_t)(hash - text);
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	if (!len)
		return;
	for (name = 0; name < len && !isspace((unsigned char)text[name]);)
		name++;
	if (c->count == APCUPSD_LINES_MAX) {
		complain(c, number, "too many lines");
		return;
	}
	line->number = number;
	if (!copy_trimmed(line->name, sizeof(line->name), text, name) ||
	    !copy_trimmed(line->value, sizeof(line->value), text + name, len - name))
		complain(c, number, "is too long, and left out");
	else
		c->count++;
}

void apcupsd_read(struct apcupsd_conf *c, const char *path, const char *text, size_t len)
{
	const char *end = text + len;

	*c = (struct apcupsd_conf){.path = path};
	for (unsigned number = 1; text < end; number++) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		eol = eol ? eol : end;
		take_line(c, number, text, (size_t)(eol - text));
		text = eol < end ? eol + 1 : end;
	}
}

const struct apcupsd_line *apcupsd_find(const struct apcupsd_conf *c, const char *name)
{
	for (size_t i = c->count; i-- > 0;) {
		if (str_caseequal(c->lines[i].name, name))
			return *c->lines[i].value ? &c->lines[i] : NULL;
	}
	return NULL;
}

const char *apcupsd_value(const struct apcupsd_conf *c, const char *name, const char *fallback)
{
	const struct apcupsd_line *line = apcupsd_find(c, name);

	return line ? line->value : fallback;
}
