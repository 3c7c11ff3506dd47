/*
 * escape: text from anywhere, made harmless for the place where it is put.
 *
 * Everything that comes from a UPS, a request or a configuration file goes
 * through one of these on its way into a page.  For JSON there is
 * json_append_string() (common/base/json.h).
 */
#ifndef CLIENTS_WEB_ESCAPE_H
#define CLIENTS_WEB_ESCAPE_H

#include <stdbool.h>

#include "common/base/buffer.h"

/* Between tags and within quoted attributes.  Control bytes become U+FFFD, and bytes that are not
 * UTF-8 are taken for ISO 8859-1. */
bool web_append_html(struct buffer *b, const char *text);

/* A part of a URL: all but letters, digits and -._~ as %XX.  Fits attributes as it is. */
bool web_append_url(struct buffer *b, const char *text);

/* The same for the value of a query, where `@ : , / [ ]` may stand too, as NUT leaves them. */
bool web_append_query_value(struct buffer *b, const char *text);

/* A string of JavaScript, quotes included, that is harmless within <script> and attributes too. */
bool web_append_js(struct buffer *b, const char *text);

#endif
