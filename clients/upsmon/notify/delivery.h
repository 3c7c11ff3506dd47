/*
 * delivery: something that leaves upsmon for people or scripts, as data: made
 * by the process that decides, carried out by the one that runs programs
 * (courier.c), and a line of words on the way between the two.
 *
 *   <KIND> <text> [<priority>] [<type> <ups>] [<mail>...] [<argument>...]
 *
 * A line break or another control byte, which no line of words may hold, goes
 * as %XX, and a percent sign too.
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

struct delivery_mail {
	const char *host, *user, *password; /* of the relay; user "" = no login */
	unsigned port;
	const char *authorities;         /* PEM file; "" = the system's */
	const char *from, *to, *subject; /* several receivers are separated by commas */
};

/* Strings are borrowed; NULL counts as "".  What a kind does not use does not travel. */
struct delivery {
	enum delivery_kind kind;
	const char *text;
	const char *type, *ups; /* EXEC: NOTIFYTYPE and UPSNAME */
	int priority;           /* LOG: of syslog(3), LOG_EMERG to LOG_DEBUG */
	size_t argc;
	/* WALL, DESKTOP, SHELL: the program with its options, if not the usual one; EXEC: the
	 * program and its arguments; NUTLOG: the path, if not the usual one. */
	const char *argv[DELIVERY_ARGS_MAX];
	struct delivery_mail mail;
};

/* Bounds of the line; what is longer is not sent. */
extern const struct words_limits delivery_limits;

/* "LOG", "WALL" ...; "" beyond the end. */
const char *delivery_name(enum delivery_kind kind);

/* Appends the line; false (nothing is appended) when it would break the bounds. */
bool delivery_append(struct buffer *b, const struct delivery *d);

/*
 * The way back.  Decodes in the words' own memory, so once for each line;
 * strings are borrowed from there.  False: no delivery.
 */
bool delivery_parse(const struct words *w, struct delivery *d);

#endif
