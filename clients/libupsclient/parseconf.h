/*
 * parseconf.h: the parser state inside UPSCONN_t.
 *
 * libupsclient's callers allocate UPSCONN_t themselves, so its size is part of
 * the library's binary interface, and with it this structure, which is laid out
 * as in NUT 2.8.0.  The library keeps its own state elsewhere and writes nothing
 * here but `errmsg`.
 *
 * The pconf_ functions are, as in NUT, not exported by the library: programs
 * that use them bring NUT's parser along and compile it against this header.
 */
#ifndef PARSECONF_H_SEEN
#define PARSECONF_H_SEEN 1

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PCONF_CTX_t_MAGIC 0x00726630
#define PCONF_ERR_LEN     256

/* Limits of a line that a program may change in `arg_limit` and `wordlen_limit`. */
#define PCONF_DEFAULT_ARG_LIMIT     32
#define PCONF_DEFAULT_WORDLEN_LIMIT 512

typedef struct {
	FILE *f;
	int state;
	int ch;

	char **arglist;
	size_t *argsize;
	size_t numargs;
	size_t maxargs;

	char *wordbuf;
	char *wordptr;
	size_t wordbufsize;

	int linenum;
	int error;
	char errmsg[PCONF_ERR_LEN];

	void (*errhandler)(const char *);

	int magic;

	size_t arg_limit;
	size_t wordlen_limit;
} PCONF_CTX_t;

int pconf_init(PCONF_CTX_t *ctx, void errhandler(const char *));
int pconf_file_begin(PCONF_CTX_t *ctx, const char *fn);
int pconf_file_next(PCONF_CTX_t *ctx);
int pconf_parse_error(PCONF_CTX_t *ctx);
int pconf_line(PCONF_CTX_t *ctx, const char *line);
void pconf_finish(PCONF_CTX_t *ctx);
char *pconf_encode(const char *src, char *dest, size_t destsize);
int pconf_char(PCONF_CTX_t *ctx, char ch);

#ifdef __cplusplus
}
#endif

#endif
