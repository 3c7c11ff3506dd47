#include "config.h"

#include "drivers/scan/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/base/str.h"

enum { OPTIONS_MAX = 32, REMARKS_MAX = 32, TEXT_MAX = 1024 };

static void free_finding(struct finding *f)
{
	for (size_t i = 0; i < f->option_count; i++) {
		secret_free(&f->options[i].value);
		free(f->options[i].plain);
	}
	for (size_t i = 0; i < f->remark_count; i++)
		free(f->remarks[i]);
	free(f->options);
	free(f->remarks);
	free(f->driver);
	free(f->port);
	free(f->place);
	free(f);
}

void findings_free(struct findings *all)
{
	struct finding *next;

	for (struct finding *f = all->first; f; f = next) {
		next = f->next;
		free_finding(f);
	}
	*all = (struct findings){NULL, false};
}

/* A copy without control characters: no device may write lines of its own into ups.conf. */
static char *copy_text(struct findings *all, const char *text)
{
	char *copy = text ? str_dup(text) : NULL;

	if (text && !copy)
		all->failed = true;
	for (unsigned char *p = (unsigned char *)copy; p && *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return copy;
}

static void link_in(struct findings *all, struct finding *f)
{
	struct finding **at = &all->first;

	while (*at && (*at)->type <= f->type)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

struct finding *findings_add(struct findings *all, enum finding_type type, const char *driver,
			     const char *port)
{
	struct finding *f = calloc(1, sizeof(*f));

	if (f) {
		f->options = calloc(OPTIONS_MAX, sizeof(*f->options));
		f->remarks = calloc(REMARKS_MAX, sizeof(*f->remarks));
		f->driver = copy_text(all, driver);
		f->port = copy_text(all, port);
	}
	if (!f || !f->options || !f->remarks || (driver && !f->driver) || (port && !f->port)) {
		all->failed = true;
		if (f)
			free_finding(f);
		return NULL;
	}
	f->type = type;
	link_in(all, f);
	return f;
}

/* ---------------------------------------------------------------------------- options */

static struct finding_option *add(struct findings *all, struct finding *f, const char *name,
				  const char *value, const char *tag)
{
	struct finding_option *o;
	char *copy;

	if (!f || f->option_count == OPTIONS_MAX || !value || !*value)
		return NULL;
	copy = copy_text(all, value);
	if (!copy)
		return NULL;
	o = &f->options[f->option_count++];
	*o = (struct finding_option){.name = name, .value = copy, .tag = tag};
	return o;
}

void finding_set(struct findings *all, struct finding *f, const char *name, const char *value)
{
	add(all, f, name, value, NULL);
}

void finding_comment(struct findings *all, struct finding *f, const char *tag, const char *name,
		     const char *value)
{
	add(all, f, name, value, tag);
}

/* A dot stays: it fits itself, and NUT's scanner prints it so. */
void finding_set_pattern(struct findings *all, struct finding *f, const char *name,
			 const char *text)
{
	struct buffer pattern = {.max = TEXT_MAX};
	struct finding_option *o;

	for (const char *p = text; *p; p++) {
		if (strchr("[]{}()\\*+?|^$", *p))
			buffer_append_char(&pattern, '\\');
		buffer_append_char(&pattern, *p);
	}
	o = add(all, f, name, buffer_string(&pattern), NULL);
	if (o)
		o->plain = copy_text(all, text);
	buffer_free(&pattern);
}

const char *finding_text(const struct finding *f, const char *name)
{
	for (size_t i = 0; i < f->option_count; i++) {
		const struct finding_option *o = &f->options[i];

		if (!o->tag && str_equal(o->name, name))
			return o->plain ? o->plain : o->value;
	}
	return NULL;
}

void finding_replace(struct findings *all, struct finding *f, const char *name, const char *value)
{
	for (size_t i = 0; i < f->option_count; i++) {
		if (!str_equal(f->options[i].name, name))
			continue;
		f->options[i].tag = NULL;
		if (!str_replace(&f->options[i].value, value))
			all->failed = true;
	}
}

void finding_remark(struct findings *all, struct finding *f, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	if (!f || f->remark_count == REMARKS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->remarks[f->remark_count] = copy_text(all, text);
	if (f->remarks[f->remark_count])
		f->remark_count++;
}
