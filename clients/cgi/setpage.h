/*
 * setpage: the pages of upsset.cgi, and what they bring about
 * (spec/web.md section 5).
 *
 * There are no sessions: each form carries the user and the password on, as
 * NUT's do, so that a script can post any of them directly.  Nobody else's
 * page knows them, so none can send such a form in a visitor's name.
 */
#ifndef CLIENTS_CGI_SETPAGE_H
#define CLIENTS_CGI_SETPAGE_H

#include "clients/cgi/hosts.h"
#include "clients/cgi/setlink.h"
#include "clients/web/form.h"
#include "common/base/buffer.h"

struct setpage {
	struct buffer *out;
	const struct web_form *form;
	const struct hosts *hosts;
	const struct monitor *monitor; /* NULL before one is chosen */
	struct setlink *link;          /* connected to it */
	const char *function;          /* that which made this page */
};

void setpage_begin(struct setpage *p, const char *title);
void setpage_end(struct setpage *p);

/* A line of text. */
void setpage_say(struct setpage *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The forms to log in by, and to choose a UPS and what to do with it. */
void setpage_login(struct setpage *p);
void setpage_choice(struct setpage *p);

/* The contents of the pages for a UPS. */
void setpage_settings(struct setpage *p);
void setpage_save(struct setpage *p);
void setpage_commands(struct setpage *p);
void setpage_run(struct setpage *p);

#endif
