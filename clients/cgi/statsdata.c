#include "config.h"

#include "clients/cgi/statsdata.h"

#include "clients/cgi/cgi.h"
#include "clients/cgi/statuswords.h"
#include "clients/web/escape.h"
#include "common/base/json.h"

/* --------------------------------------------------------------------- table */

static void append_row(struct buffer *out, const struct upslink_variable *v)
{
	buffer_append_str(out, "<tr><th scope=\"row\">");
	web_append_html(out, v->name);
	buffer_append_str(out, "</th><td>");
	web_append_html(out, v->value);
	buffer_append_str(out, "</td></tr>\n");
}

static void append_problem(struct buffer *out, const char *why)
{
	buffer_append_str(out, "<p>Error: ");
	web_append_html(out, why);
	buffer_append_str(out, "</p>\n");
}

void statsdata_tree(struct buffer *out, struct upslink *link, const struct monitor *m)
{
	const struct upslink_variable *all;
	size_t count;

	upslink_use(link, m->target);
	count = upslink_variables(link, &all);
	cgi_begin_page(out, m->text);
	buffer_append_str(out, "<h1>");
	web_append_html(out, m->text);
	buffer_append_str(out, "</h1>\n");
	if (upslink_why(link)[0])
		append_problem(out, upslink_why(link));
	buffer_append_str(out, "<table>\n");
	for (size_t i = 0; i < count; i++)
		append_row(out, &all[i]);
	buffer_append_str(out, "</table>\n");
	cgi_end_page(out);
}

/* ---------------------------------------------------------------------- JSON */

static void append_member(struct buffer *out, const char *name, const char *value)
{
	json_append_string(out, name);
	buffer_append_char(out, ':');
	json_append_string(out, value);
}

struct words {
	struct buffer *out;
	bool more;
};

static void append_word(void *arg, const char *word)
{
	struct words *w = arg;

	if (w->more)
		buffer_append_char(w->out, ',');
	json_append_string(w->out, word);
	w->more = true;
}

static void append_status(struct buffer *out, const char *status)
{
	struct words words = {.out = out};

	append_member(out, "status_raw", status);
	buffer_append_str(out, ",\"status_parsed\":[");
	statuswords_each(status, append_word, &words);
	buffer_append_str(out, "],");
}

static void append_variables(struct buffer *out, struct upslink *link)
{
	const struct upslink_variable *all;
	size_t count = upslink_variables(link, &all);

	buffer_append_str(out, "\"vars\":{");
	if (upslink_why(link)[0])
		append_member(out, "error", upslink_why(link));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_char(out, ',');
		append_member(out, all[i].name, all[i].value);
	}
	buffer_append_char(out, '}');
}

static void append_device(struct buffer *out, struct upslink *link, const struct monitor *m)
{
	struct buffer why = {0};
	const char *status;

	buffer_append_char(out, '{');
	append_member(out, "host", m->target);
	buffer_append_char(out, ',');
	append_member(out, "desc", m->text);
	buffer_append_char(out, ',');
	if (upslink_use(link, m->target)) {
		status = upslink_value(link, "ups.status");
		append_status(out, status ? status : "");
		append_variables(out, link);
	} else {
		buffer_appendf(&why, "Connection failed: %s", upslink_why(link));
		append_member(out, "error", buffer_string(&why));
		buffer_free(&why);
	}
	buffer_append_char(out, '}');
}

void statsdata_json(struct buffer *out, struct upslink *link, const struct monitor *m)
{
	append_device(out, link, m);
	buffer_append_char(out, '\n');
}

void statsdata_json_all(struct buffer *out, struct upslink *link, const struct hosts *h)
{
	buffer_append_str(out, "{\"devices\":[");
	for (size_t i = 0; i < h->count; i++) {
		buffer_append_str(out, i > 0 ? ",\n" : "\n");
		append_device(out, link, &h->monitors[i]);
	}
	buffer_append_str(out, "\n]}\n");
}

void statsdata_json_error(struct buffer *out, const char *text)
{
	buffer_append_char(out, '{');
	append_member(out, "error", text);
	buffer_append_str(out, "}\n");
}
