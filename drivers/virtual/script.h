/*
 * script: a .dev or .seq file of dummy-ups as a list of steps.
 *
 * The grammar is that of every file of the suite (common/base/words.h): the
 * first word is a variable's name, with or without a colon, the others, joined
 * by one space, its value.
 */
#ifndef DRIVERS_VIRTUAL_SCRIPT_H
#define DRIVERS_VIRTUAL_SCRIPT_H

#include <stddef.h>

#include "common/base/conffile.h"

enum script_action {
	SCRIPT_SET,
	SCRIPT_DELETE,     /* a variable without a value */
	SCRIPT_ALARM,      /* one more text of ups.alarm */
	SCRIPT_ALARM_NONE, /* bare ALARM */
	SCRIPT_PAUSE,      /* TIMER */
};

struct script_step {
	enum script_action action;
	char *name;    /* of SET and DELETE */
	char *text;    /* of SET and ALARM */
	long pause_ms; /* of PAUSE */
};

struct script {
	struct script_step *steps;
	size_t count;
};

/* Reads the whole file; lines that make no sense are reported and left out. 0 or an errno value;
 * then *s is empty. */
int script_read(struct script *s, const char *path, struct conf_report *r);
void script_free(struct script *s);

#endif
