/*
 * findings: what was looked at and how it was found, printed line by line or
 * as one JSON document, and the exit status that follows of it.
 */
#ifndef CLIENTS_SECURE_FINDINGS_H
#define CLIENTS_SECURE_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum finding {
	FINDING_OK,
	FINDING_NOTE,    /* worth knowing, nothing wrong */
	FINDING_WARNING, /* works, and should be better */
	FINDING_FAILURE, /* a careful client would refuse, or a secret is open */
};

enum findings_status {
	FINDINGS_FINE = 0,
	FINDINGS_WARNINGS = 1,
	FINDINGS_FAILURES = 2,
	FINDINGS_UNREACHABLE = 3,
};

struct findings {
	FILE *out;
	bool json;
	/* NULL: they are printed. */
	void (*collect)(void *arg, enum finding level, const char *check, const char *text);
	void *arg;
	/* private */
	const char *about;
	size_t count;
	enum finding worst;
	bool unreachable;
};

void findings_begin(struct findings *f, FILE *out, bool json);

/* Findings are handed over instead. */
void findings_collect(struct findings *f,
		      void (*collect)(void *arg, enum finding level, const char *check,
				      const char *text),
		      void *arg);

/* What the following is about: a server, "files"; borrowed until the next call or the end. */
void findings_about(struct findings *f, const char *about);

/* One finding; `check` is a short constant name for scripts. Strangers' bytes are made visible. */
void findings_add(struct findings *f, enum finding level, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As a failure, after which the status is UNREACHABLE. */
void findings_add_unreachable(struct findings *f, const char *check, const char *why);

/* Ends the document; returns the exit status. */
enum findings_status findings_end(struct findings *f);

#endif
