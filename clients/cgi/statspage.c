#include "config.h"

#include "clients/cgi/statspage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients/cgi/imageargs.h"
#include "clients/cgi/imagekind.h"
#include "clients/cgi/statuswords.h"
#include "clients/cgi/template.h"
#include "clients/web/escape.h"
#include "common/base/str.h"

enum { NAME_MAX_LEN = 256 };

static const char not_supported[] = "Not supported";

static const struct monitor *monitor_of(const struct statspage *p)
{
	return p->current < p->count ? &p->monitors[p->current] : NULL;
}

static void append_text(struct statspage *p, const char *text)
{
	web_append_html(p->out, text);
}

static void append_markup(struct statspage *p, const char *markup)
{
	buffer_append_str(p->out, markup);
}

/* The next word of *rest into `word`; false at the end, or when it is too long. */
static bool next_word(const char **rest, char *word, size_t size)
{
	const char *from = *rest ? *rest + strspn(*rest, " \t") : "";
	size_t len = strcspn(from, " \t");

	*rest = from + len;
	return len > 0 && str_format(word, size, "%.*s", (int)len, from);
}

/* ------------------------------------------------------------------- values */

static const char *value_of(struct statspage *p, const char *name)
{
	return p->link && monitor_of(p) ? upslink_value(p->link, name) : NULL;
}

/* Why there is no value. */
static void append_absence(struct statspage *p)
{
	const char *why = p->link ? upslink_why(p->link) : "";

	if (!*why) {
		append_text(p, not_supported);
		return;
	}
	append_text(p, "[error: ");
	append_text(p, why);
	append_text(p, "]");
}

static void put_var(struct statspage *p, const char *rest)
{
	char name[NAME_MAX_LEN];
	const char *value;

	if (!next_word(&rest, name, sizeof(name)))
		return;
	value = value_of(p, name);
	if (value)
		append_text(p, value);
	else
		append_absence(p);
}

static void put_temperature(struct statspage *p, const char *name)
{
	const char *value = value_of(p, name);
	double degrees;

	if (!value)
		append_absence(p);
	else if (!str_to_double(value, &degrees))
		append_text(p, value);
	else
		buffer_appendf(p->out, "%.1f", p->fahrenheit ? degrees * 1.8 + 32 : degrees);
}

static void put_ups_temperature(struct statspage *p, const char *rest)
{
	(void)rest;
	put_temperature(p, "ups.temperature");
}

static void put_battery_temperature(struct statspage *p, const char *rest)
{
	(void)rest;
	put_temperature(p, "battery.temperature");
}

static void put_ambient_temperature(struct statspage *p, const char *rest)
{
	(void)rest;
	put_temperature(p, "ambient.temperature");
}

static void put_runtime(struct statspage *p, const char *rest)
{
	const char *value = value_of(p, "battery.runtime");
	double seconds;
	long s;

	(void)rest;
	if (!value) {
		append_absence(p);
		return;
	}
	if (!str_to_double(value, &seconds) || seconds < 0 || seconds > 1e9) {
		append_text(p, value);
		return;
	}
	s = (long)seconds;
	buffer_appendf(p->out, "%02ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

/* ------------------------------------------------------------------- status */

struct joined {
	struct statspage *page;
	const char *separator; /* markup */
	bool more;
};

static void join_word(void *arg, const char *word)
{
	struct joined *j = arg;

	if (j->more)
		append_markup(j->page, j->separator);
	append_text(j->page, word);
	j->more = true;
}

/* With a space behind it, and nothing else, the words are not separated at all. */
static void put_status(struct statspage *p, const char *rest)
{
	struct joined joined = {.page = p, .separator = rest ? rest : "<br/>"};
	const char *status = value_of(p, "ups.status");

	if (status)
		statuswords_each(status, join_word, &joined);
	else
		append_absence(p);
}

static enum severity severity_of(struct statspage *p)
{
	const char *status = value_of(p, "ups.status");

	if (status)
		return statuswords_severity(status);
	return p->link && upslink_is_connected(p->link) ? SEVERITY_WARNING : SEVERITY_ALARM;
}

static void put_status_colour(struct statspage *p, const char *rest)
{
	(void)rest;
	append_markup(p, severity_colour(severity_of(p)));
}

/* -------------------------------------------------------------------- links */

static void append_argument(struct statspage *p, const char *name, const char *value)
{
	if (!value)
		return;
	append_markup(p, "&amp;");
	append_markup(p, name);
	append_markup(p, "=");
	web_append_query_value(p->out, value);
}

/* `flag` is a further word of the query; `text` is markup, or NULL for the description. */
static void append_link(struct statspage *p, const char *flag, const char *text)
{
	const struct monitor *m = monitor_of(p);

	if (!m)
		return;
	append_markup(p, "<a href=\"");
	append_text(p, p->stats_path);
	append_markup(p, "?host=");
	web_append_query_value(p->out, m->target);
	append_markup(p, flag);
	append_argument(p, "template_list", p->list_template);
	append_argument(p, "template_single", p->single_template);
	if (p->refresh > 0 && !*flag)
		buffer_appendf(p->out, "&amp;refresh=%ld", p->refresh);
	append_markup(p, "\">");
	if (text)
		append_markup(p, text);
	else
		append_text(p, m->text);
	append_markup(p, "</a>");
}

static void put_host_link(struct statspage *p, const char *rest)
{
	(void)rest;
	append_link(p, "", NULL);
}

static void put_tree_link(struct statspage *p, const char *rest)
{
	append_link(p, "&amp;treemode", rest ? rest : "All data");
}

static void put_json_link(struct statspage *p, const char *rest)
{
	append_link(p, "&amp;json", rest ? rest : "JSON");
}

static void append_image_arguments(struct statspage *p, const char *rest)
{
	char setting[NAME_MAX_LEN], *equals;

	while (next_word(&rest, setting, sizeof(setting))) {
		equals = strchr(setting, '=');
		if (!equals)
			continue;
		*equals = '\0';
		if (imageargs_knows(setting))
			append_argument(p, setting, equals + 1);
	}
}

static void put_image(struct statspage *p, const char *rest)
{
	const struct monitor *m = monitor_of(p);
	char name[NAME_MAX_LEN];
	const struct imagekind *kind;
	const char *value;

	if (!m || !next_word(&rest, name, sizeof(name)))
		return;
	kind = imagekind_find(name);
	if (!kind)
		return;
	value = value_of(p, name);
	if (!value) {
		append_absence(p);
		return;
	}
	append_markup(p, "<IMG SRC=\"");
	append_text(p, p->image_path);
	append_markup(p, "?host=");
	web_append_query_value(p->out, m->target);
	append_argument(p, "display", name);
	append_image_arguments(p, rest);
	append_markup(p, "\" ALT=\"");
	append_text(p, kind->label);
	append_text(p, ": ");
	append_text(p, value);
	append_markup(p, "\">");
}

/* --------------------------------------------------------------- and others */

static void put_host(struct statspage *p, const char *rest)
{
	(void)rest;
	if (monitor_of(p))
		append_text(p, monitor_of(p)->target);
}

static void put_description(struct statspage *p, const char *rest)
{
	(void)rest;
	if (monitor_of(p))
		append_text(p, monitor_of(p)->text);
}

static void put_celsius(struct statspage *p, const char *rest)
{
	(void)rest;
	p->fahrenheit = false;
}

static void put_fahrenheit(struct statspage *p, const char *rest)
{
	(void)rest;
	p->fahrenheit = true;
}

static void put_degrees(struct statspage *p, const char *rest)
{
	(void)rest;
	append_markup(p, p->fahrenheit ? "&deg;F" : "&deg;C");
}

static void put_date(struct statspage *p, const char *rest)
{
	char text[512];
	time_t now = time(NULL);
	struct tm tm;

	if (!rest || !localtime_r(&now, &tm))
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buffer_append(p->out, text, strftime(text, sizeof(text), rest, &tm));
#pragma GCC diagnostic pop
}

static void put_refresh(struct statspage *p, const char *rest)
{
	(void)rest;
	if (p->refresh > 0)
		buffer_appendf(p->out, "<META HTTP-EQUIV=\"Refresh\" CONTENT=\"%ld\">", p->refresh);
}

static void put_version(struct statspage *p, const char *rest)
{
	(void)rest;
	append_text(p, NUT_VERSION);
}

static void set_stats_path(struct statspage *p, const char *rest)
{
	if (rest)
		str_copy(p->stats_path, sizeof(p->stats_path), rest);
}

static void set_image_path(struct statspage *p, const char *rest)
{
	if (rest)
		str_copy(p->image_path, sizeof(p->image_path), rest);
}

static const struct {
	const char *verb;
	void (*put)(struct statspage *p, const char *rest);
} commands[] = {
	{"VAR", put_var},
	{"HOST", put_host},
	{"HOSTDESC", put_description},
	{"HOSTLINK", put_host_link},
	{"TREELINK", put_tree_link},
	{"TREELINK_JSON", put_json_link},
	{"STATUS", put_status},
	{"STATUSCOLOR", put_status_colour},
	{"RUNTIME", put_runtime},
	{"UPSTEMP", put_ups_temperature},
	{"BATTTEMP", put_battery_temperature},
	{"AMBTEMP", put_ambient_temperature},
	{"TEMPC", put_celsius},
	{"TEMPF", put_fahrenheit},
	{"DEGREES", put_degrees},
	{"DATE", put_date},
	{"IMG", put_image},
	{"REFRESH", put_refresh},
	{"VERSION", put_version},
	{"UPSSTATSPATH", set_stats_path},
	{"UPSIMAGEPATH", set_image_path},
};

static void take_command(void *arg, const char *verb, const char *rest)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (str_equal(commands[i].verb, verb))
			commands[i].put(arg, rest);
}

static void take_text(void *arg, const char *text, size_t len)
{
	struct statspage *p = arg;

	buffer_append(p->out, text, len);
}

/* --------------------------------------------------------------- conditions */

static bool is_equal(struct statspage *p, const char *name, const char *text)
{
	const char *value;
	bool wanted;

	if (str_equal(name, "upsstats.use_celsius"))
		return str_to_bool(text, &wanted) && wanted == !p->fahrenheit;
	value = value_of(p, name);
	return value && str_equal(value, text);
}

/* A whole number, as NUT compares them; the number itself, or a variable's. */
static bool whole_number(struct statspage *p, const char *word, long *number)
{
	const char *text = word;
	char *end;
	double literal;

	if (!str_to_double(word, &literal))
		text = value_of(p, word);
	if (!text)
		return false;
	errno = 0;
	*number = strtol(text, &end, 10);
	return end != text && errno == 0;
}

/* What cannot be compared is not out of bounds. */
static bool is_between(struct statspage *p, const char *rest)
{
	char words[3][NAME_MAX_LEN];
	long numbers[3];

	for (size_t i = 0; i < 3; i++)
		if (!next_word(&rest, words[i], sizeof(words[i])) ||
		    !whole_number(p, words[i], &numbers[i]))
			return true;
	return numbers[0] <= numbers[2] && numbers[2] <= numbers[1];
}

static bool condition_holds(void *arg, const char *verb, const char *rest)
{
	struct statspage *p = arg;
	char name[NAME_MAX_LEN];

	if (str_equal(verb, "IFBETWEEN"))
		return is_between(p, rest);
	if (!next_word(&rest, name, sizeof(name)))
		return false;
	if (str_equal(verb, "IFEQ"))
		return is_equal(p, name, rest + strspn(rest, " \t"));
	return value_of(p, name) != NULL;
}

/* ---------------------------------------------------------------------- UPS */

static bool go_to(struct statspage *p, size_t number)
{
	if (number >= p->count)
		return false;
	p->current = number;
	if (p->link)
		upslink_use(p->link, p->monitors[number].target);
	return true;
}

static bool first_ups(void *arg)
{
	return go_to(arg, 0);
}

static bool next_ups(void *arg)
{
	struct statspage *p = arg;

	return go_to(p, p->current + 1);
}

void statspage_run(struct statspage *page, const char *text, size_t len)
{
	const struct template_page functions = {
		.arg = page,
		.text = take_text,
		.command = take_command,
		.holds = condition_holds,
		.first = first_ups,
		.next = next_ups,
	};

	page->fahrenheit = false;
	str_copy(page->stats_path, sizeof(page->stats_path), "upsstats.cgi");
	str_copy(page->image_path, sizeof(page->image_path), "upsimage.cgi");
	first_ups(page);
	template_run(text, len, &functions);
}
