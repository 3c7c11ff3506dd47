/*
 * statsdata: the pages of upsstats.cgi that need no template: a table of all
 * variables, and JSON.
 */
#ifndef CLIENTS_CGI_STATSDATA_H
#define CLIENTS_CGI_STATSDATA_H

#include "clients/cgi/hosts.h"
#include "clients/cgi/upslink.h"
#include "common/base/buffer.h"

void statsdata_tree(struct buffer *out, struct upslink *link, const struct monitor *m);

/* One object, or {"devices":[...]}. */
void statsdata_json(struct buffer *out, struct upslink *link, const struct monitor *m);
void statsdata_json_all(struct buffer *out, struct upslink *link, const struct hosts *h);

/* {"error":"..."} */
void statsdata_json_error(struct buffer *out, const char *text);

#endif
