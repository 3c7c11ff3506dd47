#include "config.h"

#include "common/base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

static size_t limit_of(const struct buffer *b)
{
	return b->max ? b->max : BUFFER_DEFAULT_MAX;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){.max = b->max};
}

void buffer_clear(struct buffer *b)
{
	b->len = 0;
	b->failed = false;
}

/* One byte more than asked for is always there, for the NUL of buffer_string() and vsnprintf(). */
char *buffer_reserve(struct buffer *b, size_t len)
{
	size_t limit = limit_of(b);
	size_t size = b->size ? b->size : FIRST_SIZE;
	char *data;

	if (b->failed || b->len > limit || len > limit - b->len) {
		b->failed = true;
		return NULL;
	}
	if (b->len + len < b->size)
		return b->data + b->len;
	while (size <= b->len + len)
		size *= 2;
	data = realloc(b->data, size);
	if (!data) {
		b->failed = true;
		return NULL;
	}
	b->data = data;
	b->size = size;
	return b->data + b->len;
}

bool buffer_append(struct buffer *b, const void *data, size_t len)
{
	char *at = buffer_reserve(b, len);

	if (!at)
		return false;
	if (len)
		memcpy(at, data, len);
	b->len += len;
	return true;
}

bool buffer_append_str(struct buffer *b, const char *s)
{
	return buffer_append(b, s, strlen(s));
}

bool buffer_append_char(struct buffer *b, char c)
{
	return buffer_append(b, &c, 1);
}

bool buffer_appendf(struct buffer *b, const char *fmt, ...)
{
	va_list ap;
	bool done;

	va_start(ap, fmt);
	done = buffer_vappendf(b, fmt, ap);
	va_end(ap);
	return done;
}

bool buffer_vappendf(struct buffer *b, const char *fmt, va_list ap)
{
	va_list again;
	int len;
	char *at;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	at = len < 0 ? NULL : buffer_reserve(b, (size_t)len);
	if (!at) {
		b->failed = true;
		return false;
	}
	vsnprintf(at, (size_t)len + 1, fmt, ap);
	b->len += (size_t)len;
	return true;
}

void buffer_consume(struct buffer *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
}

const char *buffer_string(struct buffer *b)
{
	if (b->failed || !b->data)
		return "";
	b->data[b->len] = '\0';
	return b->data;
}
