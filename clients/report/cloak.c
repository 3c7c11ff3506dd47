#include "config.h"

#include "clients/report/cloak.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum {
	SHORT_TEXT = 4, /* shorter ones count as whole words only */
	CORE_MIN = 5,   /* letters of base64 that are enough to betray something */
	WORD_MAX = 32,
};

/* One way to write a text. */
struct form {
	char *text;
	size_t len;
	bool any_case, whole_word;
	size_t entry;
	struct form *next; /* of those with the same first letter */
};

struct entry {
	enum cloak_kind kind;
	char *text;
	char word[WORD_MAX];
};

struct cloak {
	struct entry *entries;
	size_t count;
	struct form *forms[256]; /* by their first byte, in lower case */
	unsigned counts[CLOAK_KINDS], hits[CLOAK_KINDS];
	bool broken;
};

static const char *const kind_names[CLOAK_KINDS] = {"secret", "user", "host", "serial", "place"};

/* Not telling anything: taking them out would only make texts unreadable. */
static const char *const common_names[] = {
	"localhost", "127.0.0.1", "::1",     "0.0.0.0", "::",      "*",     "root",    "nut",
	"ups",       "upsd",      "upsmon",  "nobody",  "monitor", "admin", "monuser", "myups",
	"auto",      "none",      "default", "unknown", "n/a",     "-",
};

struct cloak *cloak_new(void)
{
	return calloc(1, sizeof(struct cloak));
}

static void free_form(struct form *f)
{
	if (f)
		secret_free(&f->text);
	free(f);
}

void cloak_free(struct cloak *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < 256; i++) {
		while (c->forms[i]) {
			struct form *next = c->forms[i]->next;

			free_form(c->forms[i]);
			c->forms[i] = next;
		}
	}
	for (size_t i = 0; i < c->count; i++)
		secret_free(&c->entries[i].text);
	free(c->entries);
	free(c);
}

const char *cloak_kind_name(enum cloak_kind kind)
{
	return kind_names[kind];
}

unsigned cloak_count(const struct cloak *c, enum cloak_kind kind)
{
	return c->counts[kind];
}

unsigned cloak_hits(const struct cloak *c, enum cloak_kind kind)
{
	return c->hits[kind];
}

void cloak_note(struct cloak *c, enum cloak_kind kind)
{
	c->hits[kind]++;
}

bool cloak_is_whole(const struct cloak *c)
{
	return !c->broken;
}

static size_t place_of(char first)
{
	return (size_t)(unsigned char)tolower((unsigned char)first);
}

/* The longest first: one text may begin another. */
static void add_form(struct cloak *c, const char *text, size_t len, bool any_case, bool whole_word)
{
	struct form *f = calloc(1, sizeof(*f)), **at;

	if (f)
		f->text = malloc(len + 1);
	if (!f || !f->text) {
		free_form(f);
		c->broken = true;
		return;
	}
	memcpy(f->text, text, len);
	f->text[len] = '\0';
	f->len = len;
	f->any_case = any_case;
	f->whole_word = whole_word;
	f->entry = c->count - 1;
	for (at = &c->forms[place_of(*text)]; *at && (*at)->len > len; at = &(*at)->next)
		;
	f->next = *at;
	*at = f;
}

static void add_buffer(struct cloak *c, struct buffer *b, bool any_case)
{
	if (b->failed)
		c->broken = true;
	else if (b->len)
		add_form(c, b->data, b->len, any_case, false);
	if (b->data)
		secret_wipe(b->data, b->size);
	buffer_free(b);
}

static void encode_base64(const unsigned char *data, size_t len, struct buffer *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16;

		v |= i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0;
		v |= i + 2 < len ? data[i + 2] : 0;
		for (int shift = 18; shift >= 0; shift -= 6)
			buffer_append_char(out, digits[v >> shift & 63]);
	}
}

/*
 * Inside of a longer text that was encoded, a text has three looks, by where it
 * begins.  At both ends are digits that depend on what stands around, too.
 */
static void add_base64(struct cloak *c, const char *text, size_t len)
{
	unsigned char *padded = calloc(1, len + 3);

	if (!padded) {
		c->broken = true;
		return;
	}
	for (size_t before = 0; before < 3; before++) {
		struct buffer b = {0}, core = {0};
		size_t from = (before * 8 + 5) / 6, to = (before + len) * 8 / 6;

		memset(padded, 0, len + 3);
		memcpy(padded + before, text, len);
		encode_base64(padded, before + len, &b);
		if (!b.failed && to > from && to - from >= CORE_MIN && to <= b.len)
			buffer_append(&core, b.data + from, to - from);
		add_buffer(c, &core, false);
		/* The alphabet of URLs. */
		for (size_t i = from; !b.failed && i < to && to - from >= CORE_MIN; i++)
			buffer_append_char(&core, b.data[i] == '+'   ? '-'
						  : b.data[i] == '/' ? '_'
								     : b.data[i]);
		add_buffer(c, &core, false);
		if (b.data)
			secret_wipe(b.data, b.size);
		buffer_free(&b);
	}
	secret_wipe(padded, len + 3);
	free(padded);
}

static void add_hex(struct cloak *c, const char *text, size_t len)
{
	struct buffer b = {0};

	for (size_t i = 0; i < len; i++)
		buffer_appendf(&b, "%02x", (unsigned char)text[i]);
	add_buffer(c, &b, true);
}

/* As URLs write it, and as words and JSON do; only where that differs. */
static void add_escaped(struct cloak *c, const char *text, size_t len)
{
	struct buffer url = {0}, quoted = {0};

	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)text[i];

		if (isalnum(ch) || strchr("-._~", ch))
			buffer_append_char(&url, (char)ch);
		else
			buffer_appendf(&url, "%%%02X", ch);
		if (strchr("\"\\#", ch))
			buffer_append_char(&quoted, '\\');
		buffer_append_char(&quoted, (char)ch);
	}
	if (url.len == len)
		buffer_clear(&url);
	add_buffer(c, &url, true);
	if (quoted.len == len)
		buffer_clear(&quoted);
	add_buffer(c, &quoted, true);
}

static bool is_common(enum cloak_kind kind, const char *text)
{
	if (!*text)
		return true;
	if (kind == CLOAK_SECRET)
		return false;
	for (size_t i = 0; i < sizeof(common_names) / sizeof(common_names[0]); i++) {
		if (str_caseequal(common_names[i], text))
			return true;
	}
	/* A serial number of zeros, and the like. */
	return strspn(text, "0 .-") == strlen(text);
}

static const char *find(const struct cloak *c, const char *text)
{
	for (size_t i = 0; i < c->count; i++) {
		if (str_caseequal(c->entries[i].text, text))
			return c->entries[i].word;
	}
	return NULL;
}

static struct entry *new_entry(struct cloak *c, enum cloak_kind kind, const char *text)
{
	struct entry *more = realloc(c->entries, (c->count + 1) * sizeof(*more));

	if (!more)
		return NULL;
	c->entries = more;
	more = &c->entries[c->count];
	*more = (struct entry){.kind = kind, .text = str_dup(text)};
	if (!more->text)
		return NULL;
	c->count++;
	c->counts[kind]++;
	if (kind == CLOAK_SECRET)
		str_copy(more->word, sizeof(more->word), "<secret>");
	else
		str_format(more->word, sizeof(more->word), "<%s-%u>", kind_names[kind],
			   c->counts[kind]);
	return more;
}

const char *cloak_add(struct cloak *c, enum cloak_kind kind, const char *text)
{
	const char *known = find(c, text);
	size_t len = strlen(text);
	struct entry *e;

	if (is_common(kind, text))
		return text;
	if (known)
		return known;
	e = new_entry(c, kind, text);
	if (!e) {
		c->broken = true;
		return kind_names[kind];
	}
	/* Names are words; a secret may be part of one. */
	add_form(c, text, len, true, len < SHORT_TEXT || kind == CLOAK_USER || kind == CLOAK_HOST);
	add_escaped(c, text, len);
	if (len >= SHORT_TEXT && kind != CLOAK_USER && kind != CLOAK_HOST) {
		add_base64(c, text, len);
		add_hex(c, text, len);
	}
	return e->word;
}

static bool is_word_letter(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

static bool fits(const struct form *f, const char *text, size_t at, size_t len)
{
	if (f->len > len - at)
		return false;
	if (f->any_case ? str_ncasecmp(text + at, f->text, f->len) != 0
			: memcmp(text + at, f->text, f->len) != 0)
		return false;
	if (!f->whole_word)
		return true;
	return (at == 0 || !is_word_letter(text[at - 1]) || !is_word_letter(f->text[0])) &&
	       (at + f->len == len || !is_word_letter(text[at + f->len]) ||
		!is_word_letter(f->text[f->len - 1]));
}

static const struct form *form_at(const struct cloak *c, const char *text, size_t at, size_t len)
{
	const struct form *f = c->forms[place_of(text[at])];

	while (f && !fits(f, text, at, len))
		f = f->next;
	return f;
}

void cloak_apply(struct cloak *c, const char *text, size_t len, struct buffer *out)
{
	size_t at = 0;

	while (at < len) {
		const struct form *f = form_at(c, text, at, len);

		if (!f) {
			buffer_append_char(out, text[at++]);
			continue;
		}
		buffer_append_str(out, c->entries[f->entry].word);
		c->hits[c->entries[f->entry].kind]++;
		at += f->len;
	}
}
