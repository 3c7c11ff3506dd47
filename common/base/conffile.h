/*
 * conffile: read a configuration file, either line by line (upsd.conf,
 * upsmon.conf) or as `[section]` / `key = value` (ups.conf, upsd.users).
 *
 * All problems of a file are found in one run and reported through a
 * conf_report as `file:line: what is wrong; what would be right`.  Nothing is
 * decided here: callers look at report->errors.
 */
#ifndef COMMON_BASE_CONFFILE_H
#define COMMON_BASE_CONFFILE_H

#include <stdbool.h>
#include <stddef.h>

struct conf_where {
	const char *file; /* as shown to people */
	unsigned line;    /* 0 = the file as a whole */
	unsigned column;  /* in characters; 0 = not known */
};

enum conf_severity { CONF_WARNING, CONF_ERROR };

struct conf_report {
	/* Gets one finished text a problem, without LF. NULL = count only. */
	void (*emit)(void *arg, enum conf_severity severity, const char *text);
	void *arg;
	unsigned errors;
	unsigned warnings;
};

/* Reports `file:line: <text>; <mend>`; mend may be NULL, and `at` where the text itself names the
 * file. */
void conf_error(struct conf_report *r, const struct conf_where *at, const char *mend,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void conf_warning(struct conf_report *r, const struct conf_where *at, const char *mend,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* An emit function that logs warnings and errors under the token `arg` (a const char *). */
void conf_emit_log(void *arg, enum conf_severity severity, const char *text);

/* One line of words; `words` is borrowed for the call. Empty lines are not passed on. */
typedef void conf_line_fn(void *arg, const struct conf_where *at, size_t count, char *const *words,
			  struct conf_report *r);

/*
 * One setting.  `section` is NULL before the first header.  A header itself is
 * passed with key NULL, so that empty sections are seen.  A flag has count 0.
 * `key = a b c` and `key a b` (no `=`) pass the words after the key (and `=`);
 * has_equals tells which shape it was.
 */
struct conf_setting {
	const char *section;
	const char *key;
	bool has_equals;
	size_t count;
	char *const *values;
};
typedef void conf_setting_fn(void *arg, const struct conf_where *at, const struct conf_setting *s,
			     struct conf_report *r);

/*
 * Reads a whole file.  Returns 0, or an errno value when the file cannot be
 * opened or read (nothing is reported then: whether a missing file matters is
 * the caller's decision).  Lexical errors are reported and skipped.
 */
int conffile_read_lines(const char *path, conf_line_fn *fn, void *arg, struct conf_report *r);
int conffile_read_settings(const char *path, conf_setting_fn *fn, void *arg, struct conf_report *r);

/* The same on an open stream that stays the caller's; `name` is shown in reports. */
int conffile_read_lines_fd(int fd, const char *name, conf_line_fn *fn, void *arg,
			   struct conf_report *r);
int conffile_read_settings_fd(int fd, const char *name, conf_setting_fn *fn, void *arg,
			      struct conf_report *r);

/*
 * How this process opens files from now on, when it may no longer do so by
 * itself: a descriptor, which conffile closes, or -1 with errno.  NULL: open(2).
 */
typedef int conffile_open_fn(void *arg, const char *path);
void conffile_set_open(conffile_open_fn *fn, void *arg);

/* Opens a file that way; a descriptor (close-on-exec) or -1 with errno. */
int conffile_open(const char *path);

/* What such an errno means: strerror(3)'s words, and clearer ones for pipes. */
const char *conffile_why(int err);

/* Typed values: on failure an error naming `what`, the text and the permitted range is reported. */
bool conf_parse_long(struct conf_report *r, const struct conf_where *at, const char *what,
		     const char *text, long min, long max, long *out);
/* As NUT reads it: what follows the digits is only warned of.  No digits at all is an error, where
 * NUT takes 0. */
bool conf_parse_number(struct conf_report *r, const struct conf_where *at, const char *what,
		       const char *text, long min, long max, long *out);
bool conf_parse_bool(struct conf_report *r, const struct conf_where *at, const char *what,
		     const char *text, bool *out);

/* Reports an unknown directive or key as a warning, with the closest of `known` (NULL-ended) as
 * mend. */
void conf_unknown(struct conf_report *r, const struct conf_where *at, const char *word,
		  const char *const *known);

/* Warns when `path` is readable by everybody (upsd.conf, upsd.users: secrets). */
void conf_warn_if_world_readable(struct conf_report *r, const char *path);

#endif
