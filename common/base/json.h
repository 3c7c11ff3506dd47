/*
 * json: texts as JSON writes them.
 */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include "common/base/buffer.h"

/* Appends `text` as a JSON string. Bytes that are not UTF-8 are taken for ISO 8859-1. */
bool json_append_string(struct buffer *b, const char *text);

#endif
