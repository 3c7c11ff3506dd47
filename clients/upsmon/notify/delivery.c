#include "config.h"

#include "clients/upsmon/notify/delivery.h"

#include <string.h>
#include <syslog.h>

#include "common/base/str.h"

enum {
	MAIL_WORDS = 8,
	WORDS_MAX = 2 + 1 + 2 + MAIL_WORDS + DELIVERY_ARGS_MAX,
	LINE_MAX_BYTES = 32 * 1024,
	PORT_MAX = 65535,
};

const struct words_limits delivery_limits = {.max_words = WORDS_MAX, .max_line = LINE_MAX_BYTES};

/* What follows the text, in this order. */
enum { PRIORITY = 1, NOTICE = 2, MAIL = 4, ARGUMENTS = 8 };

static const struct row {
	const char *name;
	unsigned parts;
} rows[DELIVERY_COUNT] = {
	[DELIVERY_LOG] = {"LOG", PRIORITY},
	[DELIVERY_WALL] = {"WALL", ARGUMENTS},
	[DELIVERY_EXEC] = {"EXEC", NOTICE | ARGUMENTS},
	[DELIVERY_SHELL] = {"SHELL", ARGUMENTS},
	[DELIVERY_MAIL] = {"MAIL", MAIL},
	[DELIVERY_DESKTOP] = {"DESKTOP", ARGUMENTS},
	[DELIVERY_PRINT] = {"PRINT", 0},
	[DELIVERY_EPRINT] = {"EPRINT", 0},
	[DELIVERY_NUTLOG] = {"NUTLOG", ARGUMENTS},
};

const char *delivery_name(enum delivery_kind kind)
{
	return (size_t)kind < DELIVERY_COUNT ? rows[kind].name : "";
}

/* ----------------------------------------------------------------- one word */

static bool must_hide(unsigned char c)
{
	return c == '%' || c < 0x20 || c == 0x7f;
}

static void append_word(struct buffer *line, const char *text)
{
	struct buffer hidden = {.max = LINE_MAX_BYTES};

	for (const char *p = text ? text : ""; *p; p++) {
		if (must_hide((unsigned char)*p))
			buffer_appendf(&hidden, "%%%02X", (unsigned char)*p);
		else
			buffer_append_char(&hidden, *p);
	}
	buffer_append_char(line, ' ');
	words_append_quoted(line, buffer_string(&hidden));
	line->failed |= hidden.failed;
	if (hidden.data)
		secret_wipe(hidden.data, hidden.len);
	buffer_free(&hidden);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* In place.  NULL: nothing that append_word() makes. */
static const char *show(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = hex_digit(from[1]);
		low = high < 0 ? -1 : hex_digit(from[2]);
		if (low < 0 || !must_hide((unsigned char)(high * 16 + low)) || high + low == 0)
			return NULL;
		*to++ = (char)(high * 16 + low);
		from += 2;
	}
	*to = '\0';
	return text;
}

/* ------------------------------------------------------------- the whole line */

/* Where a mail's words are, in the order of the line. */
static void mail_fields(struct delivery_mail *m, const char **fields[MAIL_WORDS - 1])
{
	fields[0] = &m->host;
	fields[1] = &m->user;
	fields[2] = &m->password;
	fields[3] = &m->authorities;
	fields[4] = &m->from;
	fields[5] = &m->to;
	fields[6] = &m->subject;
}

static void append_mail(struct buffer *line, const struct delivery_mail *mail)
{
	struct delivery_mail m = *mail;
	const char **fields[MAIL_WORDS - 1];

	mail_fields(&m, fields);
	buffer_appendf(line, " %u", m.port);
	for (size_t i = 0; i < MAIL_WORDS - 1; i++)
		append_word(line, *fields[i]);
}

/* What delivery_parse() would not take never travels. */
static bool is_sound(const struct delivery *d)
{
	if ((size_t)d->kind >= DELIVERY_COUNT || d->argc > DELIVERY_ARGS_MAX)
		return false;
	switch (d->kind) {
	case DELIVERY_LOG:
		return d->priority >= LOG_EMERG && d->priority <= LOG_DEBUG;
	case DELIVERY_EXEC:
		return d->argc > 0;
	case DELIVERY_MAIL:
		return d->mail.port > 0 && d->mail.port <= PORT_MAX;
	default:
		return true;
	}
}

bool delivery_append(struct buffer *b, const struct delivery *d)
{
	struct buffer line = {.max = LINE_MAX_BYTES};
	bool appended = false;
	unsigned parts;

	if (!is_sound(d))
		return false;
	parts = rows[d->kind].parts;
	buffer_append_str(&line, rows[d->kind].name);
	append_word(&line, d->text);
	if (parts & PRIORITY)
		buffer_appendf(&line, " %d", d->priority);
	if (parts & NOTICE) {
		append_word(&line, d->type);
		append_word(&line, d->ups);
	}
	if (parts & MAIL)
		append_mail(&line, &d->mail);
	for (size_t i = 0; (parts & ARGUMENTS) && i < d->argc; i++)
		append_word(&line, d->argv[i]);
	buffer_append_char(&line, '\n');
	if (!line.failed)
		appended = buffer_append(b, line.data, line.len);
	if (line.data)
		secret_wipe(line.data, line.len);
	buffer_free(&line);
	return appended;
}

struct reader {
	const struct words *words;
	size_t next;
};

static bool take_text(struct reader *r, const char **out)
{
	if (r->next >= words_count(r->words))
		return false;
	*out = show(words_all(r->words)[r->next++]);
	return *out;
}

static bool take_number(struct reader *r, long min, long max, long *out)
{
	return str_to_long(words_at(r->words, r->next++), min, max, out);
}

static bool take_mail(struct reader *r, struct delivery_mail *m)
{
	const char **fields[MAIL_WORDS - 1];
	long port;

	mail_fields(m, fields);
	if (!take_number(r, 1, PORT_MAX, &port))
		return false;
	m->port = (unsigned)port;
	for (size_t i = 0; i < MAIL_WORDS - 1; i++)
		if (!take_text(r, fields[i]))
			return false;
	return true;
}

static bool take_arguments(struct reader *r, struct delivery *d)
{
	size_t left = words_count(r->words) - r->next;

	if (left > DELIVERY_ARGS_MAX)
		return false;
	for (d->argc = 0; d->argc < left; d->argc++)
		if (!take_text(r, &d->argv[d->argc]))
			return false;
	return true;
}

static bool find_kind(const char *name, enum delivery_kind *out)
{
	for (size_t i = 0; i < DELIVERY_COUNT; i++) {
		if (!str_equal(rows[i].name, name))
			continue;
		*out = (enum delivery_kind)i;
		return true;
	}
	return false;
}

bool delivery_parse(const struct words *w, struct delivery *d)
{
	struct reader r = {.words = w, .next = 1};
	long priority = 0;
	unsigned parts;

	*d = (struct delivery){0};
	if (!find_kind(words_at(w, 0), &d->kind) || !take_text(&r, &d->text))
		return false;
	parts = rows[d->kind].parts;
	if ((parts & PRIORITY) && !take_number(&r, LOG_EMERG, LOG_DEBUG, &priority))
		return false;
	d->priority = (int)priority;
	if ((parts & NOTICE) && !(take_text(&r, &d->type) && take_text(&r, &d->ups)))
		return false;
	if ((parts & MAIL) && !take_mail(&r, &d->mail))
		return false;
	if ((parts & ARGUMENTS) && !take_arguments(&r, d))
		return false;
	return r.next == words_count(w) && is_sound(d);
}
