#include "config.h"

#include "clients/cgi/setpage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clients/cgi/cgi.h"
#include "clients/web/escape.h"
#include "common/base/str.h"

enum { REPLY_MAX = 1024 };

static const char prefix[] = "UPSVAR_";

static void append_markup(struct setpage *p, const char *markup)
{
	buffer_append_str(p->out, markup);
}

static void append_text(struct setpage *p, const char *text)
{
	web_append_html(p->out, text);
}

static const char *field(const struct setpage *p, const char *name)
{
	const char *value = web_form_value(p->form, name);

	return value ? value : "";
}

void setpage_begin(struct setpage *p, const char *title)
{
	char whole[256];

	str_format(whole, sizeof(whole), "upsset: %s", title);
	cgi_begin_page(p->out, whole);
	append_markup(p, "<h1>Network UPS Tools upsset</h1>\n");
	if (p->monitor) {
		append_markup(p, "<h2>");
		append_text(p, p->monitor->text);
		append_markup(p, "</h2>\n");
	}
}

void setpage_end(struct setpage *p)
{
	cgi_end_page(p->out);
}

void setpage_say(struct setpage *p, const char *fmt, ...)
{
	struct buffer text = {0};
	va_list ap;

	va_start(ap, fmt);
	buffer_vappendf(&text, fmt, ap);
	va_end(ap);
	append_markup(p, "<pre>");
	append_text(p, buffer_string(&text));
	append_markup(p, "</pre>\n");
	buffer_free(&text);
}

/* --------------------------------------------------------------------- forms */

static void begin_form(struct setpage *p)
{
	append_markup(p, "<form method=\"post\" action=\"upsset.cgi\" accept-charset=\"utf-8\">\n");
}

/* Some servers eat the last byte of what is posted: of this nobody misses it. */
static void end_form(struct setpage *p)
{
	append_markup(p, "<input type=\"hidden\" name=\"zzz\" value=\"sentinel\">\n</form>\n");
}

static void append_hidden(struct setpage *p, const char *name, const char *value)
{
	append_markup(p, "<input type=\"hidden\" name=\"");
	append_text(p, name);
	append_markup(p, "\" value=\"");
	append_text(p, value);
	append_markup(p, "\">\n");
}

static void append_credentials(struct setpage *p)
{
	append_hidden(p, "username", field(p, "username"));
	append_hidden(p, "password", field(p, "password"));
}

static void append_option(struct setpage *p, const char *value, const char *text, bool selected)
{
	append_markup(p, "<option value=\"");
	append_text(p, value);
	append_markup(p, selected ? "\" selected>" : "\">");
	append_text(p, text);
	append_markup(p, "</option>\n");
}

void setpage_login(struct setpage *p)
{
	begin_form(p);
	append_markup(p, "<p><label>Username <input name=\"username\" autocomplete=\"username\" "
			 "required></label>\n<label>Password <input type=\"password\" "
			 "name=\"password\" autocomplete=\"current-password\" "
			 "required></label>\n");
	append_hidden(p, "function", "pickups");
	append_markup(p, "<button>Login</button></p>\n");
	end_form(p);
}

void setpage_choice(struct setpage *p)
{
	bool commands = str_equal(p->function, "showcmds") || str_equal(p->function, "docmd");

	begin_form(p);
	append_markup(p, "<p><label>UPS <select name=\"monups\">\n");
	for (size_t i = 0; i < p->hosts->count; i++) {
		const struct monitor *m = &p->hosts->monitors[i];

		append_option(p, m->target, m->text, m == p->monitor);
	}
	append_markup(p, "</select></label>\n<label>Function <select name=\"function\">\n");
	append_option(p, "showsettings", "Settings", !commands);
	append_option(p, "showcmds", "Commands", commands);
	append_markup(p, "</select></label>\n");
	append_credentials(p);
	append_markup(p, "<button>View</button></p>\n");
	end_form(p);
}

/* What comes with a form for a UPS. */
static void append_order(struct setpage *p, const char *function)
{
	append_credentials(p);
	append_hidden(p, "function", function);
	append_hidden(p, "monups", p->monitor->target);
}

/* ------------------------------------------------------------------ settings */

static void append_name(struct setpage *p, const char *variable)
{
	append_markup(p, " name=\"");
	append_text(p, prefix);
	append_text(p, variable);
	append_markup(p, "\"");
}

/* The value that is set stays chosen, also if the driver does not list it. */
static void append_select(struct setpage *p, const char *variable, const char *value)
{
	struct setlist values;
	bool listed = false;

	append_markup(p, "<select");
	append_name(p, variable);
	append_markup(p, ">\n");
	if (setlink_list(p->link, "ENUM", variable, 3, &values)) {
		for (const char *v = NULL; (v = setlist_next(&values, v));)
			listed = listed || str_equal(v, value);
		if (!listed)
			append_option(p, value, value, true);
		for (const char *v = NULL; (v = setlist_next(&values, v));)
			append_option(p, v, v, str_equal(v, value));
	} else {
		append_option(p, value, value, true);
	}
	setlist_free(&values);
	append_markup(p, "</select>");
}

static void append_input(struct setpage *p, const char *variable, const char *value, long length)
{
	append_markup(p, "<input");
	append_name(p, variable);
	/* A value that is longer already must not be cut. */
	if (length > 0 && strlen(value) <= (size_t)length)
		buffer_appendf(p->out, " maxlength=\"%ld\"", length);
	append_markup(p, " value=\"");
	append_text(p, value);
	append_markup(p, "\">");
}

/* The words of GET TYPE decide; a length of 0 is not known. */
static void append_control(struct setpage *p, const char *variable, const char *value)
{
	static const char string[] = "STRING:";
	struct setlist types;
	bool is_enum = false;
	long length = 0;

	if (setlink_get(p->link, "TYPE", variable, &types))
		for (const char *type = NULL; (type = setlist_next(&types, type));) {
			is_enum = is_enum || str_caseequal(type, "ENUM");
			if (str_casestarts(type, string))
				str_to_long(type + strlen(string), 1, 255, &length);
		}
	setlist_free(&types);
	if (is_enum)
		append_select(p, variable, value);
	else
		append_input(p, variable, value, length);
}

static void append_setting(struct setpage *p, const char *variable)
{
	struct setlist words;

	append_markup(p, "<tr><td>");
	if (setlink_get(p->link, "DESC", variable, &words))
		append_text(p, setlist_next(&words, NULL));
	setlist_free(&words);
	append_markup(p, "<br><small>");
	append_text(p, variable);
	append_markup(p, "</small></td><td>");
	if (setlink_get(p->link, "VAR", variable, &words))
		append_control(p, variable, setlist_next(&words, NULL));
	else
		append_text(p, p->link->why);
	setlist_free(&words);
	append_markup(p, "</td></tr>\n");
}

void setpage_settings(struct setpage *p)
{
	struct setlist variables;

	if (!setlink_list(p->link, "RW", NULL, 2, &variables)) {
		setpage_say(p, "Error: %s", p->link->why);
	} else if (variables.count == 0) {
		setpage_say(p, "This UPS has no settings.");
	} else {
		begin_form(p);
		append_markup(p, "<table>\n<tr><th>Setting</th><th>Value</th></tr>\n");
		for (const char *v = NULL; (v = setlist_next(&variables, v));)
			append_setting(p, v);
		append_markup(p, "</table>\n");
		append_order(p, "savesettings");
		append_markup(p, "<p><button>Save changes</button> "
				 "<button type=\"reset\">Reset</button></p>\n");
		end_form(p);
	}
	setlist_free(&variables);
}

/* A browser has seen the value as UTF-8 without control bytes, and sends that back. */
static bool looks_equal(const char *a, const char *b)
{
	struct buffer as_a = {0}, as_b = {0};
	bool equal;

	web_append_html(&as_a, a);
	web_append_html(&as_b, b);
	equal = !as_a.failed && !as_b.failed &&
		str_equal(buffer_string(&as_a), buffer_string(&as_b));
	buffer_free(&as_a);
	buffer_free(&as_b);
	return equal;
}

/* True: it was changed. */
static bool save_one(struct setpage *p, const char *variable, const char *value)
{
	const char *words[] = {"SET", "VAR", upslink_ups(p->link->link), variable, value};
	char reply[REPLY_MAX];
	struct setlist old;
	bool done = false;

	if (!setlink_get(p->link, "VAR", variable, &old)) {
		setpage_say(p, "cannot read %s: %s", variable, p->link->why);
	} else if (!looks_equal(setlist_next(&old, NULL), value)) {
		done = setlink_order(p->link, 5, words, reply, sizeof(reply));
		setpage_say(p, "set %s to %s (was %s)\n%s", variable, value,
			    setlist_next(&old, NULL), reply);
	}
	setlist_free(&old);
	return done;
}

void setpage_save(struct setpage *p)
{
	size_t saved = 0;

	for (size_t i = 0; i < p->form->count; i++) {
		const struct web_field *f = &p->form->fields[i];

		if (str_starts(f->name, prefix) && f->name[strlen(prefix)])
			saved += save_one(p, f->name + strlen(prefix), f->value);
	}
	setpage_say(p, saved == 1 ? "Updated %zu setting." : "Updated %zu settings.", saved);
}

/* ------------------------------------------------------------------ commands */

static void append_command(struct setpage *p, const char *command)
{
	struct setlist words;
	char text[512];
	bool described = setlink_get(p->link, "CMDDESC", command, &words);

	str_format(text, sizeof(text), described ? "%s: %s" : "%s", command,
		   described ? setlist_next(&words, NULL) : "");
	setlist_free(&words);
	append_option(p, command, text, false);
}

void setpage_commands(struct setpage *p)
{
	struct setlist commands;

	if (!setlink_list(p->link, "CMD", NULL, 2, &commands)) {
		setpage_say(p, "Error: %s", p->link->why);
	} else if (commands.count == 0) {
		setpage_say(p, "Error: This UPS doesn't support any instant commands.");
	} else {
		begin_form(p);
		append_markup(p, "<p><label>Command <select name=\"upscommand\">\n");
		append_option(p, "", "", true);
		for (const char *c = NULL; (c = setlist_next(&commands, c));)
			append_command(p, c);
		append_markup(p, "</select></label>\n");
		append_order(p, "docmd");
		append_markup(p, "<button>Issue command</button></p>\n");
		end_form(p);
	}
	setlist_free(&commands);
}

void setpage_run(struct setpage *p)
{
	const char *command = field(p, "upscommand");
	const char *words[] = {"INSTCMD", upslink_ups(p->link->link), command};
	char reply[REPLY_MAX];

	if (!*command) {
		setpage_say(p, "No command was chosen.");
		return;
	}
	setlink_order(p->link, 3, words, reply, sizeof(reply));
	setpage_say(p, "Sending command: %s\nResponse: %s", command, reply);
}
