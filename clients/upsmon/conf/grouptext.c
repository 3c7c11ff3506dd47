/*
 * grouptext: LET, and the texts that are joined of quoted parts and LETs.
 *
 * A LET is filled in where it is used, so its length is known at once: no text
 * grows beyond GROUP_TEXT_MAX, and all together not beyond GROUP_TEXTS_MAX.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/conf/groupparse.h"
#include "common/base/str.h"

/* --------------------------------------------------------------------- LETs */

static struct group_let *find_let(const struct group_parser *g, const char *name, size_t len)
{
	for (size_t i = 0; i < g->let_count; i++) {
		/* A text that was complained of may hold anything, NULs too. */
		if (strlen(g->lets[i].name) == len && memcmp(g->lets[i].name, name, len) == 0)
			return &g->lets[i];
	}
	return NULL;
}

const char *group_let_find(const struct group_parser *g, const char *name, size_t len)
{
	const struct group_let *let = find_let(g, name, len);

	return let ? let->value : NULL;
}

/* Takes `value` over. */
static void set_let(struct group_parser *g, const struct group_token *name, char *value)
{
	struct group_let *let = find_let(g, name->text, name->len);
	char *copy;

	if (let) {
		free(let->value);
		let->value = value;
		return;
	}
	if (!group_grow(g, &name->at, &g->lets, g->let_count, GROUP_UPS_MAX, sizeof(*g->lets),
			"LETs")) {
		free(value);
		return;
	}
	copy = group_token_dup(g, name);
	if (!copy) {
		free(value);
		return;
	}
	g->lets[g->let_count++] = (struct group_let){copy, value};
}

void group_let_builtin(struct group_parser *g)
{
	static const struct group_token name = {
		.kind = GROUP_NAME, .text = "hostname", .len = sizeof("hostname") - 1};
	char *value = str_dup("%(h)s");

	if (value)
		set_let(g, &name, value);
	else
		group_no_memory(g);
}

void group_lose_let(struct group_parser *g, const struct group_token *name)
{
	char *value = str_dup("");

	if (value)
		set_let(g, name, value);
}

void group_take_let(struct group_parser *g, const struct group_token *name)
{
	static const char level[] = "battery.charge.low.";
	char *value = group_text_take(g, 310);

	if (!value) {
		group_lose_let(g, name);
		return;
	}
	if (name->len == sizeof(level) && memcmp(name->text, level, sizeof(level) - 1) == 0)
		group_take_level(g, name, value);
	set_let(g, name, value);
}

void group_lets_free(struct group_parser *g)
{
	for (size_t i = 0; i < g->let_count; i++) {
		free(g->lets[i].name);
		free(g->lets[i].value);
	}
	free(g->lets);
}

/* -------------------------------------------------------------------- texts */

void group_text_begin(struct group_parser *g, const struct group_token *part)
{
	buffer_clear(&g->text);
	g->text_at = part->at;
	g->text_parts = 0;
	g->text_bad = false;
	g->text_quoted = part->kind == GROUP_QUOTED;
	group_text_add(g, part);
}

/* A NAME in a text that is no LET: a slip in its name, or in that of the keyword behind the text.
 */
static void refuse_name(struct group_parser *g, const struct group_token *part)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *names[GROUP_UPS_MAX + 1], *closest = NULL;
	char word[64], mend[128] = "LET it before, or put a text into quotes";

	for (size_t i = 0; i < g->let_count; i++)
		names[i] = g->lets[i].name;
	names[g->let_count] = NULL;
	str_format(word, sizeof(word), "%.*s", (int)(part->len < 63 ? part->len : 63), part->text);
	if (!word[strspn(word, capitals)])
		closest = groupgram_closest(word);
	if (!closest)
		closest = str_closest(word, names);
	if (closest)
		str_format(mend, sizeof(mend), "did you mean %s?", closest);
	group_error(g, &part->at, 340, mend, "there is no LET %s", word);
}

void group_text_add(struct group_parser *g, const struct group_token *part)
{
	const char *value;

	g->text_parts++;
	if (part->kind == GROUP_QUOTED) {
		buffer_append(&g->text, part->text, part->len);
		return;
	}
	value = group_let_find(g, part->text, part->len);
	if (value) {
		buffer_append_str(&g->text, value);
		return;
	}
	g->text_bad = true;
	refuse_name(g, part);
}

/* The text as it stands now; NULL (reported) when something was wrong with it. */
static const char *joined(struct group_parser *g)
{
	const char *let;

	if (g->text.failed || g->texts_total + g->text.len > GROUP_TEXTS_MAX) {
		group_error(g, &g->text_at, 370, NULL,
			    "the text is longer than %d bytes, or all together are longer than %d",
			    GROUP_TEXT_MAX, GROUP_TEXTS_MAX);
		return NULL;
	}
	if (g->text_bad)
		return NULL;
	g->texts_total += g->text.len;
	if (g->text_parts == 1 && g->text_quoted) {
		let = group_let_find(g, buffer_string(&g->text), g->text.len);
		if (let)
			return let;
	}
	return buffer_string(&g->text);
}

static bool keys_are_good(struct group_parser *g, const char *text, int number)
{
	char bad[32] = "%(x)s";

	/* %(x)s is of the notices of the other language. */
	if (template_valid(text, bad, sizeof(bad)) && !template_has(text, 'x'))
		return true;
	group_error(g, &g->text_at, number,
		    "there are %(u)s %(c)s %(e)s %(b)s %(h)s, and %% for a percent sign",
		    "\"%s\" is no key", bad);
	return false;
}

char *group_text_take(struct group_parser *g, int number)
{
	const char *text = joined(g);
	char *copy;

	if (!text || !keys_are_good(g, text, number))
		return NULL;
	copy = str_dup(text);
	if (!copy)
		group_no_memory(g);
	return copy;
}

char *group_part_take(struct group_parser *g, const struct group_token *part, int number)
{
	group_text_begin(g, part);
	return group_text_take(g, number);
}

char *group_text_take_plain(struct group_parser *g, const char *what)
{
	const struct template_values values = {.host = g->host_name};
	struct buffer b = {.max = GROUP_TEXT_MAX};
	char *text = group_text_take(g, 320), *filled = NULL;

	if (!text)
		return NULL;
	if (template_has(text, 'u') || template_has(text, 'c') || template_has(text, 'e') ||
	    template_has(text, 'b')) {
		group_error(g, &g->text_at, 320, "of the keys only %(h)s is good here",
			    "%s is used before anything happens", what);
	} else {
		template_expand(&b, text, &values);
		filled = str_dup(buffer_string(&b));
		if (!filled)
			group_no_memory(g);
	}
	buffer_free(&b);
	free(text);
	return filled;
}
