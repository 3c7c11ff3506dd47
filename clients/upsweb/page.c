#include "config.h"

#include "clients/upsweb/page.h"

#include <string.h>

#include "clients/upsweb/page_text.h"
#include "clients/upsweb/session.h"
#include "clients/web/escape.h"
#include "common/base/str.h"

/* Made by assemble.sh. It has two kinds of marks: what is put in their places differs each time. */
static const char table_mark[] = "<!--UPSES-->";
static const char nonce_mark[] = "@NONCE@";

enum { NONCE = 33 };

static void append_cell(struct buffer *b, const char *text, const char *unit)
{
	buffer_append_str(b, "<td>");
	if (text) {
		web_append_html(b, text);
		buffer_append_str(b, unit);
	}
	buffer_append_str(b, "</td>");
}

static void append_state_word(void *arg, const char *text)
{
	struct buffer *b = arg;

	if (b->len)
		buffer_append_str(b, ", ");
	buffer_append_str(b, text);
}

static void append_row(struct buffer *b, const struct device *d)
{
	const char *status = device_value(d, "ups.status");
	struct buffer words = {0};

	if (d->condition == FLEET_OK && status)
		wording_words(status, append_state_word, &words);
	else
		append_state_word(&words, wording_condition(d->condition));
	buffer_append_str(b, "<tr>");
	append_cell(b, d->id, "");
	append_cell(b, fleet_device_text(d->fleet), "");
	buffer_appendf(b, "<td class=\"%s\">", wording_level_name(d->level));
	web_append_html(b, buffer_string(&words));
	buffer_append_str(b, "</td>");
	append_cell(b, device_value(d, "battery.charge"), " %");
	append_cell(b, device_value(d, "battery.runtime"), " s");
	append_cell(b, device_value(d, "ups.load"), " %");
	append_cell(b, device_value(d, "input.voltage"), " V");
	buffer_append_str(b, "</tr>\n");
	buffer_free(&words);
}

static void append_table(struct buffer *b, const struct fleet *f)
{
	buffer_append_str(b,
			  "<div class=\"scroll\"><table><caption class=\"unseen\">UPSes</caption>"
			  "<thead><tr><th>UPS</th><th>Description</th><th>State</th>"
			  "<th>Charge</th><th>Runtime</th><th>Load</th><th>Input</th></tr></thead>"
			  "<tbody>\n");
	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct device *d = fleet_device_mark(fleet_at(f, i));

		if (d)
			append_row(b, d);
	}
	buffer_append_str(b, "</tbody></table></div>");
}

/* What comes first of the two marks, or the end. */
static const char *next_mark(const char *text)
{
	const char *table = strstr(text, table_mark), *nonce = strstr(text, nonce_mark);

	if (!table || (nonce && nonce < table))
		return nonce ? nonce : text + strlen(text);
	return table;
}

static void append_page(struct buffer *b, const struct fleet *f, const char *nonce)
{
	const char *text = page_text;

	for (const char *at = next_mark(text); *at; at = next_mark(text)) {
		buffer_append(b, text, (size_t)(at - text));
		if (str_starts(at, nonce_mark)) {
			buffer_append_str(b, nonce);
			text = at + sizeof(nonce_mark) - 1;
		} else {
			append_table(b, f);
			text = at + sizeof(table_mark) - 1;
		}
	}
	buffer_append_str(b, text);
}

void page_send(struct http_call *c, const struct fleet *f)
{
	struct buffer body = {0};
	char nonce[NONCE], policy[300];

	/* Only the script and style that this answer itself names are run. */
	if (!session_token(nonce, sizeof(nonce))) {
		http_reply_error(c->req, HTTP_INTERNAL, "no random numbers");
		return;
	}
	str_format(
		policy, sizeof(policy),
		"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
		"connect-src 'self'; img-src data:; script-src 'nonce-%s'; style-src 'nonce-%s'",
		nonce, nonce);
	append_page(&body, f, nonce);
	evhttp_add_header(evhttp_request_get_output_headers(c->req), "Content-Security-Policy",
			  policy);
	http_reply(c->req, HTTP_OK, "text/html; charset=utf-8", &body);
}
