/*
 * str: bounded string helpers, number parsing, and secrets.
 */
#ifndef COMMON_BASE_STR_H
#define COMMON_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

/* Copies with truncation; always terminates (size > 0). True when it fitted whole. */
bool str_copy(char *dst, size_t size, const char *src);

/* Whether all bytes are below 0x80; and takes out, in place, those that are not (returns text). */
bool str_is_ascii(const char *text);
char *str_drop_high(char *text);

/* printf into dst; always terminates. True when it fitted whole. */
bool str_format(char *dst, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ASCII-only case-insensitive comparison, independent of the locale. */
int str_casecmp(const char *a, const char *b);
int str_ncasecmp(const char *a, const char *b, size_t n);
bool str_equal(const char *a, const char *b);     /* exact; NULL equals only NULL */
bool str_caseequal(const char *a, const char *b); /* as str_equal, letter case aside */
bool str_starts(const char *s, const char *prefix);
bool str_casestarts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* A whole decimal number within [min,max], sign allowed, nothing around it. False leaves *out. */
bool str_to_long(const char *s, long min, long max, long *out);

/* A whole finite decimal number (with '.' in any locale), nothing around it. */
bool str_to_double(const char *s, double *out);

/* yes/on/true/1 and no/off/false/0, letter case aside. */
bool str_to_bool(const char *s, bool *out);

/* `pattern` with '*' for any run of characters, matched without recursion; letter case aside. */
bool str_glob(const char *pattern, const char *s);

/* The length of the UTF-8 sequence at `s`; 0 if it is none (overlong and surrogates included). */
size_t str_utf8_length(const char *s);

/* The candidate that `word` most likely meant (edit distance <= 2 or a third), or NULL.
 * `candidates` ends with NULL. */
const char *str_closest(const char *word, const char *const *candidates);

/* Duplicates; NULL in or no memory gives NULL. Caller frees. */
char *str_dup(const char *s);

/* Replaces an owned string: frees *dst, stores a copy of src (or NULL). False when out of memory
 * (then *dst is unchanged). */
bool str_replace(char **dst, const char *src);

/* Constant-time in the length of `given`: true when both strings are the same. */
bool secret_equal(const char *known, const char *given);

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *p, size_t len);

/* Wipes and frees an owned secret string and sets the pointer to NULL. */
void secret_free(char **s);

#endif
