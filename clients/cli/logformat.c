#include "config.h"

#include "clients/cli/logformat.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

enum kind { TEXT, TIME, EPOCH, HOST, UPSHOST, PID, VARIABLE };

/* A name counts up to its length: none here begins like another. */
static const struct {
	const char *name;
	enum kind kind;
} escapes[] = {
	{"TIME", TIME},       {"ETIME", EPOCH}, {"HOST", HOST},
	{"UPSHOST", UPSHOST}, {"PID", PID},     {"VAR", VARIABLE},
};

struct item {
	enum kind kind;
	char *text; /* literal text, strftime() format or name of a variable; owned */
};

struct logformat {
	struct item *items;
	size_t count;
	char host[256];
};

static bool add_item(struct logformat *f, enum kind kind, const char *text, size_t len)
{
	struct item *items = realloc(f->items, (f->count + 1) * sizeof(*items));
	char *copy;

	if (!items)
		return false;
	f->items = items;
	copy = strndup(text, len);
	if (!copy)
		return false;
	f->items[f->count++] = (struct item){kind, copy};
	return true;
}

static bool add_text(struct logformat *f, const char *text)
{
	return add_item(f, TEXT, text, strlen(text));
}

/* `@Y@m` as strftime() wants it; a `%` cannot stand there, it ends the escape. */
static bool add_time(struct logformat *f, const char *format, size_t len)
{
	if (!add_item(f, TIME, format, len))
		return false;
	for (char *p = f->items[f->count - 1].text; *p; p++)
		if (*p == '@')
			*p = '%';
	return true;
}

/* The text between two percent signs. */
static bool add_escape(struct logformat *f, const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		const char *blank = memchr(text, ' ', len);
		const char *argument = blank ? blank + 1 : text + len;
		size_t argument_len = (size_t)(text + len - argument);
		size_t name_len = strlen(escapes[i].name);

		if (len < name_len || str_ncasecmp(text, escapes[i].name, name_len) != 0)
			continue;
		/* An empty format is the user's wish; none at all is a mistake. */
		if (escapes[i].kind == TIME)
			return blank ? add_time(f, argument, argument_len) : add_text(f, "INVALID");
		/* Names without a dot are those of a protocol that nobody speaks any more. */
		if (escapes[i].kind == VARIABLE && !memchr(argument, '.', argument_len))
			break;
		return add_item(f, escapes[i].kind, argument, argument_len);
	}
	return add_text(f, "INVALID");
}

/* What stands behind a percent sign; *p moves behind it. */
static bool take_escape(struct logformat *f, const char **p)
{
	const char *text = *p;
	const char *end = strchr(text, '%');

	if (*text == '%') {
		*p = text + 1;
		return add_text(f, "%");
	}
	if (*text == 't' && !(end && str_casestarts(text, "time"))) {
		*p = text + 1;
		return add_text(f, "\t");
	}
	if (!end)
		return add_text(f, "INVALID");
	*p = end + 1;
	return add_escape(f, text, (size_t)(end - text));
}

struct logformat *logformat_parse(const char *text)
{
	struct logformat *f = calloc(1, sizeof(*f));
	bool ok = f != NULL;

	while (ok && *text) {
		size_t len = strcspn(text, "%");

		if (len)
			ok = add_item(f, TEXT, text, len);
		text += len;
		if (!ok || !*text)
			break;
		text++;
		ok = take_escape(f, &text);
	}
	if (!ok) {
		logformat_free(f);
		return NULL;
	}
	if (gethostname(f->host, sizeof(f->host) - 1) != 0)
		str_copy(f->host, sizeof(f->host), "localhost");
	return f;
}

void logformat_free(struct logformat *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->items[i].text);
	free(f->items);
	free(f);
}

/* The format is the user's own; a text longer than this is not a time. */
static void append_time(struct buffer *out, const char *format, time_t now)
{
	char text[512];
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buffer_append(out, text, strftime(text, sizeof(text), format, &tm));
#pragma GCC diagnostic pop
}

static void append_value(struct buffer *out, const struct logformat_line *line, const char *name)
{
	const char *value = line->value(line->arg, name);

	buffer_append_str(out, value ? value : "NA");
}

bool logformat_append(const struct logformat *f, struct buffer *out,
		      const struct logformat_line *line)
{
	for (size_t i = 0; i < f->count; i++) {
		const char *text = f->items[i].text;

		switch (f->items[i].kind) {
		case TEXT:
			buffer_append_str(out, text);
			break;
		case TIME:
			append_time(out, text, line->now);
			break;
		case EPOCH:
			buffer_appendf(out, "%lld", (long long)line->now);
			break;
		case HOST:
			buffer_append_str(out, f->host);
			break;
		case UPSHOST:
			buffer_append_str(out, line->upshost);
			break;
		case PID:
			buffer_appendf(out, "%ld", (long)getpid());
			break;
		case VARIABLE:
			append_value(out, line, text);
			break;
		}
	}
	return !out->failed;
}
