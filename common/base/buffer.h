/*
 * buffer: a growable run of bytes, the one place with pointer arithmetic on
 * output and partial input.
 *
 * A zeroed struct is an empty buffer that owns nothing.  Appending never
 * writes past a hard limit: an append that would, or that finds no memory,
 * changes nothing but sets `failed`, which stays set until buffer_clear(), so
 * that a row of appends needs one check at its end.
 */
#ifndef COMMON_BASE_BUFFER_H
#define COMMON_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data;  /* owned; not NUL-terminated unless buffer_string() was called */
	size_t len;  /* bytes in use */
	size_t size; /* bytes allocated */
	size_t max;  /* hard limit in bytes; 0 = BUFFER_DEFAULT_MAX */
	bool failed; /* an append was refused */
};

#define BUFFER_DEFAULT_MAX ((size_t)64 * 1024 * 1024)

/* Frees the memory; the struct is an empty buffer again, its limit kept. */
void buffer_free(struct buffer *b);

/* Forgets the bytes and the failure, keeps the memory. */
void buffer_clear(struct buffer *b);

/* All return true when the bytes were appended. */
bool buffer_append(struct buffer *b, const void *data, size_t len);
bool buffer_append_str(struct buffer *b, const char *s);
bool buffer_append_char(struct buffer *b, char c);
bool buffer_appendf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buffer_vappendf(struct buffer *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Makes room for at least `len` more bytes and returns where they go, NULL if refused. */
char *buffer_reserve(struct buffer *b, size_t len);

/* Drops `len` bytes from the front (all, if there are fewer). */
void buffer_consume(struct buffer *b, size_t len);

/* The bytes as a NUL-terminated string, borrowed until the next change; "" when empty or failed. */
const char *buffer_string(struct buffer *b);

#endif
