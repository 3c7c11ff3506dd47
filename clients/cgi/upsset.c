/*
 * upsset.cgi: settings and commands of UPSes, for visitors who are users of
 * upsd (upsset.cgi(8)).
 */
#include "config.h"

#include <limits.h>
#include <stdlib.h>

#include "clients/cgi/cgi.h"
#include "clients/cgi/hosts.h"
#include "clients/cgi/setlink.h"
#include "clients/cgi/setpage.h"
#include "common/base/conffile.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static const struct web_form_limits limits = {.max_fields = 512, .max_name = 128, .max_value = 256};

static const struct function {
	const char *name;
	const char *title;
	void (*fill)(struct setpage *p); /* NULL: only the choice */
} functions[] = {
	{"pickups", "Select a UPS", NULL},
	{"showsettings", "Current settings", setpage_settings},
	{"savesettings", "Saving settings", setpage_save},
	{"showcmds", "Instant commands", setpage_commands},
	{"docmd", "Issuing command", setpage_run},
};

/* -------------------------------------------------------------- upsset.conf */

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	static const char *const known[] = {"I_HAVE_SECURED_MY_CGI_DIRECTORY", NULL};
	bool *secured = arg;

	(void)count;
	if (str_equal(words[0], known[0]))
		*secured = true;
	else
		conf_unknown(r, at, words[0], known);
}

static bool is_secured(void)
{
	static const char token[] = "upsset.conf";
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)(size_t)token};
	char path[PATH_MAX];
	bool secured = false;

	if (paths_conf_file(path, sizeof(path), "upsset.conf"))
		conffile_read_lines(path, take_line, &secured, &report);
	return secured;
}

/* ---------------------------------------------------------------- the request */

static const struct function *find_function(const char *name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (str_equal(functions[i].name, name))
			return &functions[i];
	return NULL;
}

static int send(struct setpage *p)
{
	int result;

	setpage_end(p);
	result = cgi_send(CGI_OK, CGI_HTML, p->out);
	/* The password is in it. */
	if (p->out->data)
		secret_wipe(p->out->data, p->out->len);
	return result;
}

static int send_login(struct setpage *p)
{
	setpage_begin(p, "Login");
	setpage_login(p);
	return send(p);
}

static int send_function(struct setpage *p, const struct function *f)
{
	p->function = f->name;
	setpage_begin(p, f->title);
	if (f->fill && !upslink_is_connected(p->link->link))
		setpage_say(p, "Error: %s", upslink_why(p->link->link));
	else if (f->fill)
		f->fill(p);
	setpage_choice(p);
	return send(p);
}

static int answer(struct setpage *p)
{
	const char *name = web_form_value(p->form, "function");
	const char *target = web_form_value(p->form, "monups");
	const struct function *f;

	p->link->user = web_form_value(p->form, "username");
	p->link->password = web_form_value(p->form, "password");
	if (!name || !p->link->user || !p->link->password)
		return send_login(p);
	f = find_function(name);
	if (!f)
		return cgi_refuse(CGI_BAD_REQUEST, "Error: Unhandled function name [%s]", name);
	if (!f->fill)
		return send_function(p, f);
	p->monitor = target ? hosts_find(p->hosts, target) : NULL;
	if (!p->monitor)
		return cgi_refuse(CGI_FORBIDDEN, "Access to that host [%s] is not authorized.",
				  target ? target : "");
	upslink_use(p->link->link, p->monitor->target);
	return send_function(p, f);
}

int main(void)
{
	struct buffer out = {0};
	struct web_form form = {0};
	struct hosts hosts = {0};
	struct setlink link = {0};
	struct setpage page = {.out = &out, .form = &form, .hosts = &hosts, .link = &link};
	int result = EXIT_FAILURE;

	cgi_init("upsset.cgi");
	if (!is_secured())
		return cgi_refuse(
			CGI_FORBIDDEN,
			"upsset.cgi is switched off. Whoever reaches it can try passwords "
			"of upsd from this host: let the web server admit only those whom "
			"you trust, and then say so in upsset.conf; see upsset.conf(5).");
	link.link = upslink_new(false);
	if (!link.link)
		result = cgi_refuse(CGI_SERVER_ERROR, "Memory is used up.");
	else if (cgi_read_posted(&form, &limits) && cgi_read_hosts(&hosts))
		result = answer(&page);
	upslink_free(link.link);
	hosts_free(&hosts);
	web_form_free(&form);
	buffer_free(&out);
	return result;
}
