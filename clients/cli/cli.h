/*
 * cli: what upsc, upscmd and upsrw have in common: their options, reaching
 * the server, logging in, and orders that a driver may take its time over.
 *
 * Errors are reported here (`Error: ...` on stderr, as NUT's); after a false
 * return the program only has to end with `failure`.
 */
#ifndef CLIENTS_CLI_CLI_H
#define CLIENTS_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/libupsclient/upsclient.h"
#include "common/base/options.h"

struct cli {
	const char *authconf;  /* -A, borrowed */
	char *user, *password; /* -u, -p, nutauth.conf or typed; owned, the latter wiped */
	bool wait;             /* -w: for the driver's own result */
	long wait_s;           /* -t */
	char *ups, *host;      /* what cli_open_*() was given, taken apart; owned */
	uint16_t port;
	bool connected;
	UPSCONN_t conn;
	char why[1024]; /* the last error reported, without "Error: " */
	int failure;    /* what to exit with after an error: EXIT_FAILURE, or CLI_EXIT_UNTRUSTED */
};

/* Rows for the option tables of the programs. */
#define CLI_OPTIONS_COMMON                                                                         \
	{'W', "connect-timeout", "SECONDS", "give up connecting after that time"},                 \
		{'A', "authconf", "FILE", "read logins from this file; \"none\", or \"default\""}, \
		{'D', "debug", NULL, "say more"}, {'V', "version", NULL, "show the version"},      \
	{                                                                                          \
		'h', "help", NULL, "show this help"                                                \
	}
#define CLI_OPTIONS_ORDERS                                                                         \
	{'u', "user", "NAME", "log in as this user"},                                              \
		{'p', "password", "PASSWORD", "with this password (better: nutauth.conf)"},        \
		{'w', "wait", NULL, "wait until the driver has done it, and tell the result"},     \
	{                                                                                          \
		't', "timeout", "SECONDS", "with -w: for so long at most (10)"                     \
	}

enum { CLI_EXIT_UNTRUSTED = 4 }; /* the server's certificate was refused */

enum cli_option {
	CLI_TAKEN,    /* go on */
	CLI_NOT_OURS, /* the program's own option */
	CLI_DONE,     /* end with EXIT_SUCCESS */
	CLI_WRONG,    /* end with EXIT_FAILURE */
};

void cli_init(struct cli *c, const char *program);
/* Takes an option of the rows above; -h and unknown ones print `usage` and the rows. */
enum cli_option cli_take_option(struct cli *c, int letter, const char *value, const char *usage,
				const struct option_row *rows);
/* With -D before, tells of the library too, which scripts look for. */
void cli_print_help(const char *usage, const struct option_row *rows);

/* Connects to the server of `ups[@host[:port]]`, or of `host[:port]`. */
bool cli_open_ups(struct cli *c, const char *target);
bool cli_open_host(struct cli *c, const char *address);
void cli_close(struct cli *c);

/* Report an error, that of the library, or that a reply is too short; all return EXIT_FAILURE. */
int cli_fail(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cli_fail_library(struct cli *c);
int cli_fail_short(struct cli *c, size_t got, size_t least);

/* Asks for what is missing of user and password, and tells the server. */
bool cli_login(struct cli *c);

/* After a question that failed: logs in, if the server wants that of readers too and nutauth.conf
 * knows how.  True: ask again. */
bool cli_login_to_read(struct cli *c);

/*
 * Sends an order (SET ..., INSTCMD ...), with -w waits for its result, and
 * prints that on stderr as NUT does.  `what` names it in errors: "Set variable".
 */
bool cli_order(struct cli *c, const char *what, size_t count, const char *const *words);

/* Prints `prompt` and reads a line of stdin without its newline. False at the end of input. */
bool cli_read_line(const char *prompt, char *line, size_t size);

#endif
