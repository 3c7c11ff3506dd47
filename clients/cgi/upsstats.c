/*
 * upsstats.cgi: pages that show UPSes, made of templates (upsstats.cgi(8)).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/cgi/cgi.h"
#include "clients/cgi/hosts.h"
#include "clients/cgi/statsdata.h"
#include "clients/cgi/statspage.h"
#include "clients/cgi/template.h"
#include "clients/cgi/upslink.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum {
	TEMPLATE_MAX = 1024 * 1024,
	REFRESH_MAX_S = 7 * 24 * 3600,
};

static const struct web_form_limits limits = {.max_fields = 64, .max_name = 128, .max_value = 128};

struct request {
	struct web_form form;
	struct hosts hosts;
	struct upslink *link;
	const struct monitor *monitor; /* NULL: all of them */
	bool json;
};

static int refuse_host(const struct request *r, const char *host)
{
	struct buffer out = {0};
	char text[256];

	if (!r->json)
		return cgi_refuse(CGI_FORBIDDEN, "Access to that host [%s] is not authorized.",
				  host);
	str_format(text, sizeof(text), "Access to host %s is not authorized.", host);
	statsdata_json_error(&out, text);
	cgi_send(CGI_FORBIDDEN, CGI_JSON, &out);
	buffer_free(&out);
	return EXIT_FAILURE;
}

static int send_json(struct request *r)
{
	struct buffer out = {0};
	int result;

	if (r->monitor)
		statsdata_json(&out, r->link, r->monitor);
	else
		statsdata_json_all(&out, r->link, &r->hosts);
	result = cgi_send(CGI_OK, CGI_JSON, &out);
	buffer_free(&out);
	return result;
}

static int send_tree(struct request *r)
{
	struct buffer out = {0};
	int result;

	statsdata_tree(&out, r->link, r->monitor);
	result = cgi_send(CGI_OK, CGI_HTML, &out);
	buffer_free(&out);
	return result;
}

/* ---------------------------------------------------------------- templates */

/* 0, or an errno. */
static int read_file(const char *path, struct buffer *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got = 0;
	int error = 0;

	if (fd < 0)
		return errno;
	text->max = TEMPLATE_MAX + 1;
	for (;;) {
		char *room = buffer_reserve(text, 4096);

		got = room ? read(fd, room, 4096) : 0;
		if (got <= 0)
			break;
		text->len += (size_t)got;
	}
	if (got < 0)
		error = errno;
	else if (text->failed)
		error = EFBIG;
	close(fd);
	return error;
}

/* What the visitor wants instead of the usual one, or NULL. */
static const char *chosen(const struct request *r, enum hosts_template kind)
{
	static const char *const fields[] = {"template_list", "template_single"};

	return web_form_value(&r->form, fields[kind]);
}

static long refresh_of(const struct request *r)
{
	const char *text = web_form_value(&r->form, "refresh");
	long seconds = 0;

	if (text)
		str_to_long(text, 1, REFRESH_MAX_S, &seconds);
	return seconds;
}

static int send_filled_in(struct request *r, const struct buffer *text)
{
	struct buffer out = {0};
	struct statspage page = {
		.out = &out,
		.link = r->link,
		.monitors = r->monitor ? r->monitor : r->hosts.monitors,
		.count = r->monitor ? 1 : r->hosts.count,
		.refresh = refresh_of(r),
		.list_template = chosen(r, HOSTS_LIST),
		.single_template = chosen(r, HOSTS_SINGLE),
	};
	int result;

	statspage_run(&page, text->data ? text->data : "", text->len);
	result = cgi_send(CGI_OK, CGI_HTML, &out);
	buffer_free(&out);
	return result;
}

/*
 * The usual templates may be those of NUT 2.8.0, which knows no mark.  What
 * visitors choose must have it: hosts.conf could name any file by mistake.
 */
static int send_template(struct request *r)
{
	static const char *const usual[] = {"upsstats.html", "upsstats-single.html"};
	enum hosts_template kind = r->monitor ? HOSTS_SINGLE : HOSTS_LIST;
	const char *name = chosen(r, kind) ? chosen(r, kind) : usual[kind];
	struct buffer text = {0};
	char path[PATH_MAX];
	int error, result;

	if (!paths_conf_file(path, sizeof(path), name))
		return cgi_refuse(CGI_SERVER_ERROR, "The path of %s is too long.", name);
	error = read_file(path, &text);
	if (error)
		result = cgi_refuse(CGI_SERVER_ERROR,
				    "The template %s cannot be read: %s. A sample is in %s.sample.",
				    name, strerror(error), usual[kind]);
	else if (chosen(r, kind) && !template_is_marked(text.data, text.len))
		result = cgi_refuse(CGI_FORBIDDEN,
				    "The template %s does not begin with @NUT_UPSSTATS_TEMPLATE@.",
				    name);
	else
		result = send_filled_in(r, &text);
	buffer_free(&text);
	return result;
}

/* ---------------------------------------------------------------- the request */

/* Both choices are looked at, because links carry both on. */
static bool templates_allowed(const struct request *r)
{
	static const enum hosts_template kinds[] = {HOSTS_LIST, HOSTS_SINGLE};

	for (size_t i = 0; i < 2; i++) {
		const char *name = chosen(r, kinds[i]);

		if (name && !hosts_allows_template(&r->hosts, kinds[i], name)) {
			cgi_refuse(CGI_FORBIDDEN, "The template %s is not authorized.", name);
			return false;
		}
	}
	return true;
}

static int answer(struct request *r)
{
	const char *host = web_form_value(&r->form, "host");

	r->json = web_form_value(&r->form, "json") != NULL;
	if (host) {
		r->monitor = hosts_find(&r->hosts, host);
		if (!r->monitor)
			return refuse_host(r, host);
	}
	if (r->json)
		return send_json(r);
	if (r->monitor && web_form_value(&r->form, "treemode"))
		return send_tree(r);
	return templates_allowed(r) ? send_template(r) : EXIT_FAILURE;
}

int main(void)
{
	struct request r = {0};
	int result = EXIT_FAILURE;

	cgi_init("upsstats.cgi");
	r.link = upslink_new(true);
	if (!r.link)
		result = cgi_refuse(CGI_SERVER_ERROR, "Memory is used up.");
	else if (cgi_read_query(&r.form, &limits) && cgi_read_hosts(&r.hosts))
		result = answer(&r);
	upslink_free(r.link);
	hosts_free(&r.hosts);
	web_form_free(&r.form);
	return result;
}
