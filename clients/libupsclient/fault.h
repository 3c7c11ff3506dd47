/*
 * fault: what went wrong, as the library's callers are told it.
 */
#ifndef CLIENTS_LIBUPSCLIENT_FAULT_H
#define CLIENTS_LIBUPSCLIENT_FAULT_H

#include <stdbool.h>

#include "common/ups/netwire.h"

struct fault {
	int number; /* UPSCLI_ERR_*, or FAULT_NONE */
	int sys;    /* errno, where the text has a place for it */
};

enum { FAULT_NONE = -1 };

static inline struct fault fault_none(void)
{
	return (struct fault){FAULT_NONE, 0};
}

static inline struct fault fault_make(int number, int sys)
{
	return (struct fault){number, sys};
}

static inline bool fault_is(struct fault f)
{
	return f.number != FAULT_NONE;
}

/* UPSCLI_ERR_* of a server's ERR; those without a number of their own are UNKNOWN. */
struct fault fault_of_reply(enum netwire_error error);

/* The text of a number; NULL if there is no such number. */
const char *fault_text(int number);

/* What follows that text, after a colon. */
enum fault_reason {
	FAULT_NO_REASON,
	FAULT_ERRNO,
	FAULT_NOTED, /* what was noted when it happened: the parser's words, or TLS's */
};
enum fault_reason fault_reason(int number);

#endif
