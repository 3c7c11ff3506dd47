/*
 * delivery: something that leaves upsmon for people or scripts, as data: made
 * by the process that decides, carried out by the one that runs programs
 * (courier.c), and a line of words on the way between the two.
 */
#ifndef CLIENTS_UPSMON_DELIVERY_H
#define CLIENTS_UPSMON_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/words.h"

enum delivery_kind {
	DELIVERY_LOG,   /* a log line that goes to syslog only: for who cannot reach it */
	DELIVERY_WALL,  /* text to all terminals */
	DELIVERY_EXEC,  /* program `argv` with the text as one more argument, no shell */
	DELIVERY_SHELL, /* text by a shell (SHELLCMD) */
	DELIVERY_MAIL,
	DELIVERY_DESKTOP, /* a notice on every desktop session */
	DELIVERY_PRINT,   /* stdout */
	DELIVERY_EPRINT,  /* stderr */
	DELIVERY_NUTLOG,  /* a line in NUT's log file, argv[0] */
	DELIVERY_COUNT
};

enum { DELIVERY_ARGS_MAX = 64 };

/* Strings are borrowed; NULL counts as "". */
struct delivery {
	enum delivery_kind kind;
	const char *text;
	const char *type, *ups; /* EXEC: NOTIFYTYPE and UPSNAME */
	int priority;           /* LOG: of syslog(3) */
	size_t argc;
	const char *argv[DELIVERY_ARGS_MAX]; /* WALL, DESKTOP: the program, if not the usual one */
	struct {
		const char *host, *user, *password; /* of the relay */
		unsigned port;
		const char *authorities; /* PEM file; "" = the system's */
		const char *from, *to, *subject;
	} mail;
};

/* Bounds of the line; what is longer is not sent. */
extern const struct words_limits delivery_limits;

/* Appends the line; false (nothing is appended) when it would break the bounds. */
bool delivery_append(struct buffer *b, const struct delivery *d);

/* The way back; strings are borrowed from the words. False: no delivery. */
bool delivery_parse(const struct words *w, struct delivery *d);

#endif
