#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "clients/nutconf/check.h"
#include "common/base/str.h"

enum { TEXT_MAX = 1024 };

static bool is_told(const struct check *c, const char *file, unsigned line, const char *text)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->findings[i].line == line && str_equal(c->findings[i].file, file) &&
		    str_equal(c->findings[i].text, text))
			return true;
	return false;
}

bool check_knows(const struct check *c, enum check_severity severity, const char *file,
		 unsigned line)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->findings[i].severity >= severity && c->findings[i].line == line &&
		    str_equal(c->findings[i].file, file))
			return true;
	return false;
}

static void count(struct check *c, enum check_severity severity)
{
	if (severity == CHECK_ERROR)
		c->errors++;
	else if (severity == CHECK_WARNING)
		c->warnings++;
	else
		c->hints++;
}

void check_add(struct check *c, enum check_severity severity, const char *code, const char *file,
	       unsigned line, const char *mend, const char *fmt, ...)
{
	struct check_finding *grown, *f;
	char what[TEXT_MAX], text[2 * TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	str_format(text, sizeof(text), "%s%s%s", what, mend ? "; " : "", mend ? mend : "");
	if (is_told(c, file ? file : "", line, text))
		return;
	count(c, severity);
	grown = realloc(c->findings, (c->count + 1) * sizeof(*grown));
	if (!grown) {
		c->lost = true;
		return;
	}
	c->findings = grown;
	f = &grown[c->count];
	*f = (struct check_finding){.severity = severity,
				    .code = code,
				    .file = str_dup(file ? file : ""),
				    .line = line,
				    .text = str_dup(text),
				    .order = c->count};
	if (f->file && f->text) {
		c->count++;
		return;
	}
	free(f->file);
	free(f->text);
	c->lost = true;
}

/* By file and line; what is of no line comes first, in the order in which it was found. */
static int compare(const void *a, const void *b)
{
	const struct check_finding *x = a, *y = b;
	int by_file = strcmp(x->file, y->file);

	if (by_file)
		return by_file;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void check_site(struct check *c, const char *daemon_user)
{
	memset(c, 0, sizeof(*c));
	c->daemon_user = daemon_user;
	sayings_read(&c->said);
	check_monitors_read(c);
	check_mode(c);
	check_devices(c);
	check_monitors(c);
	check_shutdown(c);
	check_access(c);
	check_daemons(c);
	if (c->count)
		qsort(c->findings, c->count, sizeof(*c->findings), compare);
}

void check_free(struct check *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->findings[i].file);
		free(c->findings[i].text);
	}
	free(c->findings);
	sayings_free(&c->said);
	upsmon_conf_free(&c->upsmon);
	memset(c, 0, sizeof(*c));
}

static const char *const severities[] = {
	[CHECK_HINT] = "hint",
	[CHECK_WARNING] = "warning",
	[CHECK_ERROR] = "error",
};

const char *check_severity_name(enum check_severity s)
{
	return severities[s];
}

void check_print(const struct check *c, bool all, FILE *out)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct check_finding *f = &c->findings[i];

		if (!all && f->severity == CHECK_HINT)
			continue;
		if (*f->file)
			fprintf(out, "%s:", f->file);
		if (f->line)
			fprintf(out, "%u:", f->line);
		fprintf(out, "%s%s: %s\n", *f->file ? " " : "", severities[f->severity], f->text);
	}
}

unsigned check_print_problems(const char *daemon_user, FILE *out)
{
	struct check c;
	unsigned errors;

	check_site(&c, daemon_user);
	check_print(&c, false, out);
	errors = c.errors;
	check_free(&c);
	return errors;
}
