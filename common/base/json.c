#include "config.h"

#include "common/base/json.h"

#include <string.h>

#include "common/base/str.h"

bool json_append_string(struct buffer *b, const char *text)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const unsigned char *s = (const unsigned char *)text;

	buffer_append_char(b, '"');
	while (*s) {
		const char *special = strchr(plain, *s);
		size_t len = str_utf8_length((const char *)s);

		if (special)
			buffer_appendf(b, "\\%c", letters[special - plain]);
		else if (*s < 0x20 || *s == 0x7f || !len)
			buffer_appendf(b, "\\u%04x", *s);
		else
			buffer_append(b, s, len);
		s += len && !special ? len : 1;
	}
	return buffer_append_char(b, '"');
}
