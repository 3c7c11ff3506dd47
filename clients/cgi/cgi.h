/*
 * cgi: what a web server hands to a CGI program, and what it gets back.
 *
 * An answer is made whole in memory and then sent with its headers, so that a
 * problem found half way is still an answer of its own.  Pages may not load
 * anything from elsewhere nor run script that stands in them, are never
 * stored, and may be framed by their own site only.
 */
#ifndef CLIENTS_CGI_CGI_H
#define CLIENTS_CGI_CGI_H

#include <stdbool.h>

#include "clients/cgi/hosts.h"
#include "clients/web/form.h"
#include "common/base/buffer.h"

#define CGI_HTML "text/html; charset=utf-8"
#define CGI_JSON "application/json; charset=utf-8"
#define CGI_PNG  "image/png"

enum cgi_status {
	CGI_OK = 200,
	CGI_BAD_REQUEST = 400,
	CGI_FORBIDDEN = 403,
	CGI_NOT_FOUND = 404,
	CGI_NOT_ALLOWED = 405,
	CGI_TOO_LARGE = 413,
	CGI_WRONG_TYPE = 415,
	CGI_SERVER_ERROR = 500,
};

/* At the start; a program that is still there after a minute is ended by the system. */
void cgi_init(const char *program);

/* The fields of the URL's query, or of the posted form (none if nothing was posted).  False after
 * an answer that tells what is wrong with it; a posted form must come from our own pages or from
 * no page at all. */
bool cgi_read_query(struct web_form *form, const struct web_form_limits *limits);
bool cgi_read_posted(struct web_form *form, const struct web_form_limits *limits);

/* hosts.conf; what is wrong in it is logged.  False after an answer when it cannot be used. */
bool cgi_read_hosts(struct hosts *h);

/* Sends the answer: EXIT_SUCCESS, or EXIT_FAILURE when that was not possible or the status is one
 * of the server's errors. */
int cgi_send(enum cgi_status status, const char *type, const struct buffer *body);

/* Sends a page that says so, and logs it.  The text is no markup.  Returns EXIT_FAILURE. */
int cgi_refuse(enum cgi_status status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A page's head up to and with <body>, and its end. */
void cgi_begin_page(struct buffer *page, const char *title);
void cgi_end_page(struct buffer *page);

#endif
