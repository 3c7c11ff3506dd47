/*
 * policy: what of each configuration file may be shown.
 *
 * Only what is known to be harmless is shown as it is; a directive, a key or a
 * flag that is not in the table is left out with its value.
 */
#ifndef CLIENTS_REPORT_POLICY_H
#define CLIENTS_REPORT_POLICY_H

#include <stdbool.h>
#include <stddef.h>

/* What is done with one word. */
enum policy {
	POLICY_END = 0,
	POLICY_KEEP = 'k',    /* shown */
	POLICY_SIMPLE = 'n',  /* shown if it is a number, yes, no or the like */
	POLICY_SECRET = 's',  /* a secret */
	POLICY_USER = 'u',    /* a user's name: another one in its place */
	POLICY_HOST = 'h',    /* ups@host:port or host:port: another host in its place */
	POLICY_ADDRESS = 'a', /* a host alone, with /bits perhaps */
	POLICY_PLACE = 'l',   /* free text, in which places and people are named */
	POLICY_SERIAL = 'r',  /* a serial number */
	POLICY_COMMAND = 'c', /* a command: shown without its arguments */
	POLICY_PORT = 'p',    /* ups.conf's port, of whatever driver */
};

struct policy_row {
	const char *word;  /* directive or key; letter case aside; `x.*` = all that begin with x. */
	const char *rules; /* a letter of enum policy for each argument; the last goes on */
};

struct policy_file {
	const char *name;
	bool sections;                 /* [section] and key = value */
	enum policy section;           /* what the names of sections are */
	const struct policy_row *rows; /* ends with word NULL */
};

/* All that can be shown, ends with name NULL. */
extern const struct policy_file policy_files[];

/* The rules of a directive or key; NULL = not known. */
const char *policy_of(const struct policy_file *file, const char *word);

/* The one for argument i (from 0). */
enum policy policy_at(const char *rules, size_t i);

#endif
