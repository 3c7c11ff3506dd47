#include "config.h"

#include "server/reply.h"

#include "common/base/words.h"
#include "common/ups/netwire.h"

void reply_begin(struct buffer *out, const char *keyword, const char *ups, const char *name)
{
	buffer_append_str(out, keyword);
	if (ups) {
		buffer_append_char(out, ' ');
		words_append_word(out, ups);
	}
	if (name) {
		buffer_append_char(out, ' ');
		words_append_word(out, name);
	}
}

void reply_text(struct buffer *out, const char *text)
{
	buffer_append_char(out, ' ');
	netwire_append_text(out, text);
}

void reply_end(struct buffer *out)
{
	buffer_append_char(out, '\n');
}

void reply_line(struct buffer *out, const char *text)
{
	buffer_append_str(out, text);
	buffer_append_char(out, '\n');
}
