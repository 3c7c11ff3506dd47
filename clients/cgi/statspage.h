/*
 * statspage: fills in the templates of upsstats.cgi.
 */
#ifndef CLIENTS_CGI_STATSPAGE_H
#define CLIENTS_CGI_STATSPAGE_H

#include <stdbool.h>

#include "clients/cgi/hosts.h"
#include "clients/cgi/upslink.h"
#include "common/base/buffer.h"

struct statspage {
	struct buffer *out;
	struct upslink *link;           /* NULL: nothing is connected (for tests) */
	const struct monitor *monitors; /* those that the page is about */
	size_t count;
	long refresh; /* seconds; 0 = never */
	/* Templates that the visitor chose, which links keep; NULL for the usual ones. */
	const char *list_template, *single_template;
	/* private */
	size_t current;
	bool fahrenheit;
	char stats_path[512], image_path[512];
};

/* `page` is filled in but for what is private. */
void statspage_run(struct statspage *page, const char *text, size_t len);

#endif
