#include "config.h"

#include "clients/upsmon/brain/rulebook.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

struct rule *rulebook_add(struct rulebook *book, const struct rule *r)
{
	struct rule *grown = realloc(book->rules, (book->count + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	book->rules = grown;
	grown[book->count] = *r;
	return &grown[book->count++];
}

struct rule_action *rule_add_action(struct rule *r, const struct rule_action *a)
{
	struct rule_action *grown = realloc(r->actions, (r->action_count + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	r->actions = grown;
	grown[r->action_count] = *a;
	return &grown[r->action_count++];
}

bool rule_action_add_condition(struct rule_action *a, const struct rule_condition *c)
{
	struct rule_condition *grown =
		realloc(a->conditions, (a->condition_count + 1) * sizeof(*grown));

	if (!grown)
		return false;
	a->conditions = grown;
	grown[a->condition_count++] = *c;
	return true;
}

void rule_action_done(struct rule_action *a)
{
	free(a->conditions);
	free(a->text);
	free(a->timer);
	free(a->from);
	free(a->to);
	free(a->subject);
	memset(a, 0, sizeof(*a));
}

void rulebook_free(struct rulebook *book)
{
	for (size_t i = 0; i < book->count; i++) {
		struct rule *r = &book->rules[i];

		for (size_t k = 0; k < r->action_count; k++)
			rule_action_done(&r->actions[k]);
		free(r->actions);
		free(r->timer);
	}
	free(book->rules);
	*book = (struct rulebook){0};
}

const char *verb_name(enum verb v)
{
	static const char *const names[VERB_COUNT] = {
		[VERB_SYSLOG] = "SYSLOG",
		[VERB_WALL] = "WALL",
		[VERB_EXEC] = "NOTIFYCMD",
		[VERB_MAIL] = "EMAIL",
		[VERB_DESKTOP] = "NOTIFY",
		[VERB_PRINT] = "PRINT",
		[VERB_EPRINT] = "EPRINT",
		[VERB_NUTLOG] = "NUTLOG",
		[VERB_SHELL] = "SHELLCMD",
		[VERB_WAKE] = "WAKE",
		[VERB_START_TIMER] = "STARTTIMER",
		[VERB_CANCEL_TIMER] = "CANCELTIMER",
		[VERB_SET_FSD] = "SETFSD",
		[VERB_SHUTDOWN] = "SHUTDOWNCMD",
		[VERB_DEBUG] = "DEBUG",
	};

	return v < VERB_COUNT ? names[v] : "";
}

/* ---------------------------------------------------------------- templates */

/* A key of the form %(k)s at `p`, which points at the percent sign; '%' for %%, 0 for anything
 * else. */
static char key_at(const char *p, size_t *len)
{
	if (p[1] == '%') {
		*len = 2;
		return '%';
	}
	*len = 5;
	if (p[1] != '(' || !p[2] || p[3] != ')' || p[4] != 's')
		return '\0';
	return strchr("ucebhx", p[2]) ? p[2] : '\0';
}

static void append_value(struct buffer *b, char key, const struct template_values *v)
{
	const char *texts[] = {v->ups, v->event, v->banner, v->host, v->extra};
	static const char keys[] = "uebhx";

	if (key == '%')
		buffer_append_char(b, '%');
	else if (key == 'c' && v->charge >= 0)
		buffer_appendf(b, "%.0f", v->charge);
	else if (key == 'c')
		buffer_append_char(b, '?');
	else if (texts[strchr(keys, key) - keys])
		buffer_append_str(b, texts[strchr(keys, key) - keys]);
}

void template_expand(struct buffer *b, const char *text, const struct template_values *v)
{
	while (*text) {
		size_t len = strcspn(text, "%");
		char key;

		buffer_append(b, text, len);
		text += len;
		if (!*text)
			break;
		key = key_at(text, &len);
		if (key) {
			append_value(b, key, v);
			text += len;
		} else {
			buffer_append_char(b, *text++);
		}
	}
}

/* As much of what stands at a percent sign as shows it: `%(q)s`, `%d`, or `%` alone. */
static size_t shown_length(const char *p)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = 1;

	if (p[1] == '(') {
		len += 1 + strspn(p + 2, letters);
		len += p[len] == ')';
	}
	return len + (strspn(p + len, letters) > 0);
}

bool template_valid(const char *text, char *bad, size_t size)
{
	size_t len;

	for (const char *p = text; (p = strchr(p, '%')); p += len) {
		if (key_at(p, &len))
			continue;
		str_format(bad, size, "%.*s", (int)shown_length(p), p);
		return false;
	}
	return true;
}

bool template_has(const char *text, char key)
{
	size_t len;

	for (const char *p = text; (p = strchr(p, '%')); p += len) {
		char found = key_at(p, &len);

		if (found == key)
			return true;
		if (!found)
			len = 1;
	}
	return false;
}
