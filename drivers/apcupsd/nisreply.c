#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "drivers/apcupsd/nisreply.h"

enum { HEAD = 2 };

/* Bytes as a text without blanks at its ends; what is no printable byte is a blank.  False: it is
 * too long. */
static bool keep_text(char *dst, size_t size, const char *from, size_t len)
{
	while (len > 0 && (unsigned char)from[0] <= ' ') {
		from++;
		len--;
	}
	while (len > 0 && (unsigned char)from[len - 1] <= ' ')
		len--;
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		dst[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? ' ' : from[i];
	dst[len] = '\0';
	return true;
}

static bool take_record(struct nisreply *r, const char *line, size_t len)
{
	struct nisreply_record *record = &r->records[r->count];
	const char *colon = memchr(line, ':', len);

	if (r->seen++ == NISREPLY_RECORDS_MAX)
		return false;
	if (!colon)
		return true;
	if (!keep_text(record->key, sizeof(record->key), line, (size_t)(colon - line)) ||
	    !keep_text(record->value, sizeof(record->value), colon + 1,
		       len - (size_t)(colon + 1 - line)))
		return false;
	if (record->key[0])
		r->count++;
	return true;
}

enum nisreply_result nisreply_take(struct nisreply *r, struct buffer *in)
{
	enum nisreply_result result = NISREPLY_MORE;
	size_t used = 0;

	while (result == NISREPLY_MORE && in->len - used >= HEAD) {
		const unsigned char *head = (const unsigned char *)in->data + used;
		size_t len = (size_t)head[0] << 8 | head[1];

		if (len > NISREPLY_LINE_MAX)
			return NISREPLY_BAD;
		if (in->len - used < HEAD + len)
			break;
		if (len == 0)
			result = NISREPLY_WHOLE;
		else if (!take_record(r, in->data + used + HEAD, len))
			return NISREPLY_BAD;
		used += HEAD + len;
	}
	buffer_consume(in, used);
	return result;
}

const char *nisreply_value(const struct nisreply *r, const char *key)
{
	for (size_t i = 0; i < r->count; i++) {
		if (str_equal(r->records[i].key, key))
			return str_equal(r->records[i].value, "N/A") ? NULL : r->records[i].value;
	}
	return NULL;
}
