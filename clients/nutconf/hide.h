/*
 * hide: a configuration file for people to look at, without its secrets.
 */
#ifndef CLIENTS_NUTCONF_HIDE_H
#define CLIENTS_NUTCONF_HIDE_H

#include <stdbool.h>

#include "common/base/buffer.h"

/*
 * Appends `text` with its passwords as <hidden>, or as `changed` where the line is
 * not a line of `known`, so that a change is seen.  Any of the suite's files:
 * MONITOR and CERTIDENT lines, keys of sections, and the group language.
 * False: no memory.
 */
bool hide_secrets(const struct buffer *text, const struct buffer *known, const char *changed,
		  struct buffer *out);

#endif
