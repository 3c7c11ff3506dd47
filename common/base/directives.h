/*
 * directives: files of `KEYWORD words`, by a table of keywords.  upsd.conf,
 * upsmon.conf, upssched.conf and others of their kind are read by it.
 *
 * A row that only sets one member of the caller's struct says so by its kind;
 * others have a function.
 */
#ifndef COMMON_BASE_DIRECTIVES_H
#define COMMON_BASE_DIRECTIVES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"

/* One line; all is borrowed for the call. */
struct directive_line {
	void *conf; /* what the file fills */
	const struct conf_where *at;
	size_t count; /* words, the keyword included: two at least */
	char *const *words;
	struct conf_report *report;
};

enum directive_kind {
	DIRECTIVE_TAKE,   /* by `take` */
	DIRECTIVE_LONG,   /* a whole number, min to max */
	DIRECTIVE_NUMBER, /* the same as NUT reads it: what follows the digits is only warned of */
	DIRECTIVE_BOOL,   /* yes or no */
	DIRECTIVE_SWITCH, /* as NUT has it: yes, no, or any number; 0 is no */
	DIRECTIVE_TEXT,   /* char *, the old one is freed; not empty */
	DIRECTIVE_PATH,   /* the same, and absolute */
};

struct directive {
	const char *keyword;
	size_t most; /* words behind the keyword; 0 = any number */
	enum directive_kind kind;
	void (*take)(const struct directive_line *l);
	size_t offset;         /* of the member */
	long min, max, normal; /* of numbers */
	bool any_case;         /* else exact letters, as NUT has it */
};

/* The rest of a row behind `most`. */
#define DIRECTIVE_BY(take)            DIRECTIVE_TAKE, take, 0, 0, 0, 0, false
#define DIRECTIVE_AT(kind, s, member) kind, NULL, offsetof(s, member), 0, 0, 0, false
#define DIRECTIVE_FROM(kind, s, member, min, max, normal)                                          \
	kind, NULL, offsetof(s, member), min, max, normal, false
/* The one that NUT takes in any letter case; -1 = not given. */
#define DIRECTIVE_DEBUG_MIN(s, member)                                                             \
	"DEBUG_MIN", 1, DIRECTIVE_LONG, NULL, offsetof(s, member), 0, 100, -1, true

struct directives {
	const struct directive *rows;
	size_t count;
	void *conf;
	enum conf_severity surplus; /* more words than `most`: the line is dropped, or they are */
	const struct directives *next; /* further rows, with a struct of their own; NULL = none */
	bool bare_is_ignored; /* a keyword without a value, as by NUT; else it is an error */
};

/* For conffile_read_lines(); `arg` is a const struct directives.  Unknown keywords are warned of.
 */
conf_line_fn directives_line;

/* Sets the numbers of all rows to what is normal. */
void directives_defaults(const struct directives *d);

/* For functions of rows.  False: reported, `out` is as it was. */
bool directive_text(const struct directive_line *l, const char *text, char **out);
bool directive_path(const struct directive_line *l, const char *text, char **out);
bool directive_number(const struct directive_line *l, const char *text, long min, long max,
		      long *out);
void directive_no_memory(const struct directive_line *l);

#endif
