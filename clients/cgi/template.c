#include "config.h"

#include "clients/cgi/template.h"

#include <string.h>

#include "common/base/str.h"

enum { COMMAND_MAX = 512 }; /* with its NUL; longer ones are no commands */

enum flow {
	FLOW_SHOW, /* this is part of the page */
	FLOW_SEEK, /* a condition failed: on to ELSE or ENDIF */
	FLOW_DONE, /* its other branch was shown: on to ENDIF */
};

struct run {
	const struct template_page *page;
	const char *at, *end;
	enum flow flow;
	const char *loop; /* where each round begins, NULL outside loops */
	bool again;       /* at the end of this line there is another round */
};

static const char endfor[] = "@ENDFOR@";

static const char *find(const char *from, const char *end, char c)
{
	const char *found = memchr(from, c, (size_t)(end - from));

	return found ? found : end;
}

static bool holds_text(const char *from, const char *end, const char *text)
{
	size_t len = strlen(text);

	for (; (size_t)(end - from) >= len; from++)
		if (memcmp(from, text, len) == 0)
			return true;
	return false;
}

static void show(struct run *r, const char *from, const char *to)
{
	if (r->flow == FLOW_SHOW && to > from)
		r->page->text(r->page->arg, from, (size_t)(to - from));
}

/* A round begins with the line after this one, or here if it ends on this one. */
static void begin_loop(struct run *r, const char *rest)
{
	const char *line_end;

	(void)rest;
	if (r->flow != FLOW_SHOW || r->loop)
		return;
	line_end = find(r->at, r->end, '\n');
	if (holds_text(r->at, line_end, endfor))
		r->loop = r->at;
	else
		r->loop = line_end < r->end ? line_end + 1 : r->end;
	if (!r->page->first(r->page->arg))
		r->flow = FLOW_DONE;
}

/* A condition that was left open does not reach beyond the loop. */
static void end_loop(struct run *r, const char *rest)
{
	(void)rest;
	if (!r->loop)
		return;
	r->flow = FLOW_SHOW;
	r->again = true;
}

static void go_again(struct run *r)
{
	r->again = false;
	if (r->page->next(r->page->arg)) {
		r->at = r->loop;
		return;
	}
	r->loop = NULL;
}

static void take_else(struct run *r, const char *rest)
{
	(void)rest;
	r->flow = r->flow == FLOW_SEEK ? FLOW_SHOW : FLOW_DONE;
}

static void take_endif(struct run *r, const char *rest)
{
	(void)rest;
	r->flow = FLOW_SHOW;
}

static const struct {
	const char *verb;
	void (*take)(struct run *r, const char *rest);
} flow_rows[] = {
	{"FOREACHUPS", begin_loop},
	{"ENDFOR", end_loop},
	{"ELSE", take_else},
	{"ENDIF", take_endif},
};

static const char *const conditions[] = {"IFSUPP", "IFEQ", "IFBETWEEN"};

static bool is_condition(const char *verb)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (str_equal(verb, conditions[i]))
			return true;
	return false;
}

static void take_command(struct run *r, const char *verb, const char *rest)
{
	for (size_t i = 0; i < sizeof(flow_rows) / sizeof(flow_rows[0]); i++)
		if (str_equal(verb, flow_rows[i].verb)) {
			flow_rows[i].take(r, rest);
			return;
		}
	if (r->flow != FLOW_SHOW)
		return;
	if (!is_condition(verb))
		r->page->command(r->page->arg, verb, rest);
	else if (!r->page->holds(r->page->arg, verb, rest))
		r->flow = FLOW_SEEK;
}

/* What is between two `@`. */
static void take_words(struct run *r, const char *from, size_t len)
{
	char command[COMMAND_MAX];
	char *rest;

	if (len >= sizeof(command) || memchr(from, '\0', len))
		return;
	memcpy(command, from, len);
	command[len] = '\0';
	rest = command + strcspn(command, " \t");
	if (*rest)
		*rest++ = '\0';
	else
		rest = NULL;
	take_command(r, command, rest);
}

static void take_line(struct run *r)
{
	const char *line_end = find(r->at, r->end, '\n');

	if (line_end < r->end)
		line_end++;
	while (r->at < line_end) {
		const char *open = find(r->at, line_end, '@');
		const char *close = open < line_end ? find(open + 1, line_end, '@') : line_end;

		if (close == line_end) {
			show(r, r->at, line_end);
			r->at = line_end;
			break;
		}
		show(r, r->at, open);
		r->at = close + 1;
		take_words(r, open + 1, (size_t)(close - open - 1));
	}
	if (r->again)
		go_again(r);
}

void template_run(const char *text, size_t len, const struct template_page *page)
{
	struct run r = {.page = page, .at = text, .end = text + len};

	while (r.at < r.end)
		take_line(&r);
}

bool template_is_marked(const char *text, size_t len)
{
	static const char mark[] = "@NUT_UPSSTATS_TEMPLATE";

	return len >= sizeof(mark) - 1 && memcmp(text, mark, sizeof(mark) - 1) == 0;
}
