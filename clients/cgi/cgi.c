#include "config.h"

#include "clients/cgi/cgi.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/web/escape.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum {
	LIFE_S = 60,                   /* more than any page takes */
	POSTED_MAX = 256 * 1024,       /* bytes of a form */
	POSTED_SILENCE_MS = 10 * 1000, /* of a sender, before what came must do */
};

static const char token[] = "cgi";

static const struct {
	enum cgi_status status;
	const char *text;
} reasons[] = {
	{CGI_OK, "OK"},
	{CGI_BAD_REQUEST, "Bad Request"},
	{CGI_FORBIDDEN, "Forbidden"},
	{CGI_NOT_FOUND, "Not Found"},
	{CGI_NOT_ALLOWED, "Method Not Allowed"},
	{CGI_TOO_LARGE, "Content Too Large"},
	{CGI_WRONG_TYPE, "Unsupported Media Type"},
	{CGI_SERVER_ERROR, "Internal Server Error"},
};

void cgi_init(const char *program)
{
	log_init(program);
	signal(SIGPIPE, SIG_IGN);
	alarm(LIFE_S);
}

/* ------------------------------------------------------------------ answers */

static const char *reason_of(enum cgi_status status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Error";
}

int cgi_send(enum cgi_status status, const char *type, const struct buffer *body)
{
	static const char policy[] =
		"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
		"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

	if (body->failed) {
		log_error(token, "the page is too large, or memory is used up");
		printf("Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n"
		       "The page is too large.\n");
		return EXIT_FAILURE;
	}
	if (status != CGI_OK)
		printf("Status: %d %s\r\n", (int)status, reason_of(status));
	printf("Content-Type: %s\r\n"
	       "Cache-Control: no-store\r\n"
	       "Pragma: no-cache\r\n"
	       "X-Content-Type-Options: nosniff\r\n"
	       "Referrer-Policy: same-origin\r\n"
	       "Content-Security-Policy: %s\r\n\r\n",
	       type, policy);
	if (body->len > 0)
		fwrite(body->data, 1, body->len, stdout);
	return fflush(stdout) == 0 && status < CGI_SERVER_ERROR ? EXIT_SUCCESS : EXIT_FAILURE;
}

void cgi_begin_page(struct buffer *page, const char *title)
{
	buffer_append_str(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
				"<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
				"content=\"width=device-width, initial-scale=1\">\n<title>");
	web_append_html(page, title);
	buffer_append_str(
		page,
		"</title>\n<style>\n"
		":root { color-scheme: light dark; font-family: sans-serif; line-height: 1.4 }\n"
		"body { max-width: 60rem; margin: 1rem auto; padding: 0 1rem }\n"
		"table { border-collapse: collapse; width: 100% }\n"
		"th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid "
		"#8886; overflow-wrap: anywhere }\n"
		"label, select, input, button { font: inherit; margin: .2rem .4rem .2rem 0 }\n"
		"pre { white-space: pre-wrap; border-left: 4px solid #888; padding: .3rem "
		".8rem }\n</style>\n</head>\n<body>\n");
}

void cgi_end_page(struct buffer *page)
{
	buffer_append_str(page, "</body>\n</html>\n");
}

int cgi_refuse(enum cgi_status status, const char *fmt, ...)
{
	struct buffer page = {0};
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error(token, "%s", text);
	cgi_begin_page(&page, "Error");
	buffer_append_str(&page, "<p>");
	web_append_html(&page, text);
	buffer_append_str(&page, "</p>\n");
	cgi_end_page(&page);
	cgi_send(status, CGI_HTML, &page);
	buffer_free(&page);
	return EXIT_FAILURE;
}

/* ----------------------------------------------------------------- requests */

static bool parse(struct web_form *form, const char *data, size_t len,
		  const struct web_form_limits *limits)
{
	switch (web_form_parse(form, data, len, limits)) {
	case WEB_FORM_OK:
		return true;
	case WEB_FORM_BAD:
		cgi_refuse(CGI_BAD_REQUEST, "The request cannot be read: a %% in it is not "
					    "followed by two hexadecimal digits.");
		return false;
	case WEB_FORM_TOO_MANY:
		cgi_refuse(CGI_BAD_REQUEST, "The request has too many fields.");
		return false;
	case WEB_FORM_NO_MEMORY:
		break;
	}
	cgi_refuse(CGI_SERVER_ERROR, "Memory is used up.");
	return false;
}

bool cgi_read_query(struct web_form *form, const struct web_form_limits *limits)
{
	const char *query = getenv("QUERY_STRING");

	return parse(form, query ? query : "", query ? strlen(query) : 0, limits);
}

/* The host of `http://host:port/...`, and whether that is all there is to compare. */
static bool is_host_of(const char *origin, const char *host)
{
	const char *slashes = strstr(origin, "://");

	return slashes && host && str_caseequal(slashes + 3, host);
}

/* Somebody else's page could have a visitor's browser try passwords from within the network. */
static bool is_foreign(void)
{
	const char *site = getenv("HTTP_SEC_FETCH_SITE");
	const char *origin = getenv("HTTP_ORIGIN");

	if (site && (str_equal(site, "same-origin") || str_equal(site, "none")))
		return false;
	if (site)
		return true;
	/* A proxy in front may have put another name in place of the one that it was asked by. */
	return origin && !is_host_of(origin, getenv("HTTP_HOST")) &&
	       !is_host_of(origin, getenv("HTTP_X_FORWARDED_HOST"));
}

/* Reads up to `size` bytes from stdin; less at its end, or when nothing comes for long. */
static size_t read_posted(char *data, size_t size)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	size_t have = 0;

	while (have < size) {
		ssize_t got;

		if (poll(&in, 1, POSTED_SILENCE_MS) <= 0)
			break;
		got = read(STDIN_FILENO, data + have, size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

static bool parse_posted(struct web_form *form, size_t size, const struct web_form_limits *limits)
{
	char *data = malloc(size);
	size_t have;
	bool ok;

	if (!data) {
		cgi_refuse(CGI_SERVER_ERROR, "Memory is used up.");
		return false;
	}
	have = read_posted(data, size);
	/* Half a value must not be set: a form that was cut off loses its last field. */
	if (have < size)
		while (have > 0 && data[have - 1] != '&')
			have--;
	ok = parse(form, data, have, limits);
	secret_wipe(data, size);
	free(data);
	return ok;
}

bool cgi_read_posted(struct web_form *form, const struct web_form_limits *limits)
{
	static const char expected[] = "application/x-www-form-urlencoded";
	const char *length = getenv("CONTENT_LENGTH");
	const char *type = getenv("CONTENT_TYPE");
	long size = 0;

	*form = (struct web_form){0};
	if (!length || !*length)
		return true;
	if (!str_to_long(length, 0, POSTED_MAX, &size)) {
		cgi_refuse(CGI_TOO_LARGE, "A form of at most %d bytes is taken.", (int)POSTED_MAX);
		return false;
	}
	if (size == 0)
		return true;
	if (type && *type && !str_casestarts(type, expected)) {
		cgi_refuse(CGI_WRONG_TYPE, "A form must be sent as %s.", expected);
		return false;
	}
	if (is_foreign()) {
		cgi_refuse(CGI_FORBIDDEN, "This form was sent by a page of another site.");
		return false;
	}
	return parse_posted(form, (size_t)size, limits);
}

bool cgi_read_hosts(struct hosts *h)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)(size_t)token};
	char path[PATH_MAX];
	int error = ENAMETOOLONG;

	*h = (struct hosts){0};
	if (paths_conf_file(path, sizeof(path), "hosts.conf"))
		error = hosts_read(h, path, &report);
	if (error) {
		/* Where it is looked for is for the log only. */
		log_errno(token, error, "%s", path);
		cgi_refuse(CGI_SERVER_ERROR, "Error: can't open hosts.conf: %s", strerror(error));
		return false;
	}
	if (h->failed) {
		cgi_refuse(CGI_SERVER_ERROR, "Memory is used up.");
		return false;
	}
	if (h->count == 0) {
		cgi_refuse(CGI_SERVER_ERROR,
			   "Error: no hosts to monitor: hosts.conf has no MONITOR line.");
		return false;
	}
	return true;
}
