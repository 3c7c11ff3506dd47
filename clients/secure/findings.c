#include "config.h"

#include "clients/secure/findings.h"

#include <stdarg.h>

#include "clients/cli/output.h"
#include "clients/secure/visible.h"

static const struct {
	const char *shown, *json;
} words[] = {
	[FINDING_OK] = {"ok", "ok"},
	[FINDING_NOTE] = {"note", "note"},
	[FINDING_WARNING] = {"WARNING", "warning"},
	[FINDING_FAILURE] = {"FAILURE", "failure"},
};

void findings_begin(struct findings *f, FILE *out, bool json)
{
	*f = (struct findings){.out = out, .json = json};
	if (json)
		fputs("{\"findings\": [", out);
}

void findings_collect(struct findings *f,
		      void (*collect)(void *arg, enum finding level, const char *check,
				      const char *text),
		      void *arg)
{
	*f = (struct findings){.collect = collect, .arg = arg};
}

void findings_about(struct findings *f, const char *about)
{
	f->about = about;
	if (f->json || f->collect)
		return;
	fprintf(f->out, "%s%s\n", f->count ? "\n" : "", about);
}

static void print_json(struct findings *f, enum finding level, const char *check, const char *text)
{
	fprintf(f->out, "%s{\"about\": ", f->count ? ", " : "");
	output_json_string(f->out, f->about);
	fprintf(f->out, ", \"check\": \"%s\", \"result\": \"%s\", \"text\": ", check,
		words[level].json);
	output_json_string(f->out, text);
	putc('}', f->out);
}

void findings_add(struct findings *f, enum finding level, const char *check, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (f->collect) {
		f->collect(f->arg, level, check, text);
	} else if (f->json) {
		print_json(f, level, check, text);
	} else {
		fprintf(f->out, "  %-8s %-18s ", words[level].shown, check);
		visible_print(f->out, text);
		putc('\n', f->out);
	}
	f->count++;
	if (level > f->worst)
		f->worst = level;
}

void findings_add_unreachable(struct findings *f, const char *check, const char *why)
{
	findings_add(f, FINDING_FAILURE, check, "%s", why);
	f->unreachable = true;
}

enum findings_status findings_end(struct findings *f)
{
	static const enum findings_status statuses[] = {
		[FINDING_OK] = FINDINGS_FINE,
		[FINDING_NOTE] = FINDINGS_FINE,
		[FINDING_WARNING] = FINDINGS_WARNINGS,
		[FINDING_FAILURE] = FINDINGS_FAILURES,
	};
	enum findings_status status = f->unreachable ? FINDINGS_UNREACHABLE : statuses[f->worst];

	if (f->json)
		fprintf(f->out, "], \"status\": \"%d\"}\n", (int)status);
	return status;
}
