/*
 * notice: what people and scripts are told, upsmon's notify types.
 *
 * Names and default texts are an interface: logs are searched for them, and
 * NOTIFYCMD scripts decide by them (spec/upsmon.md section 5; the first ten
 * texts were compared with Debian 12's upsmon 2.8.0).
 */
#ifndef CLIENTS_UPSMON_NOTICE_H
#define CLIENTS_UPSMON_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

/* In the order of NUT's own numbers. */
enum notice {
	NOTICE_ONLINE,
	NOTICE_ONBATT,
	NOTICE_LOWBATT,
	NOTICE_FSD,
	NOTICE_COMMOK,
	NOTICE_COMMBAD,
	NOTICE_SHUTDOWN,
	NOTICE_REPLBATT,
	NOTICE_NOCOMM,
	NOTICE_NOPARENT,
	NOTICE_CAL,
	NOTICE_NOTCAL,
	NOTICE_OFF,
	NOTICE_NOTOFF,
	NOTICE_BYPASS,
	NOTICE_NOTBYPASS,
	NOTICE_ECO,
	NOTICE_NOTECO,
	NOTICE_ALARM,
	NOTICE_NOTALARM,
	NOTICE_OVER,
	NOTICE_NOTOVER,
	NOTICE_TRIM,
	NOTICE_NOTTRIM,
	NOTICE_BOOST,
	NOTICE_NOTBOOST,
	NOTICE_SHUTDOWN_HOSTSYNC,
	NOTICE_SUSPEND_TIMEJUMP_UNEXPECTED,
	NOTICE_OTHER,
	NOTICE_NOTOTHER,
	NOTICE_SUSPEND_STARTING,
	NOTICE_SUSPEND_FINISHED,
	NOTICE_COUNT
};

/* How a notice is delivered: a set of these (NOTIFYFLAG). IGNORE wins over the others. */
enum notice_flag {
	NOTICE_SYSLOG = 1,
	NOTICE_WALL = 2,
	NOTICE_EXEC = 4,
	NOTICE_IGNORE = 8,
};

enum { NOTICE_TEXT_MAX = 512 }; /* bytes of a finished text, the NUL included, as NUT's */

/* "ONLINE"; "" beyond the end. */
const char *notice_name(enum notice n);

/* The text unless NOTIFYMSG says otherwise; `%s` stands for the UPS, a second one for details. */
const char *notice_default_text(enum notice n);

/* By name, letter case aside. */
bool notice_find(const char *name, enum notice *out);

/* All names, NULL-ended, for conf_unknown(). */
const char *const *notice_names(void);

/* `SYSLOG+WALL+EXEC` to a set of flags. False: `bad` gets the first unknown word (cut to its size).
 */
bool notice_parse_flags(const char *text, unsigned *flags, char *bad, size_t bad_size);

/* Whether a NOTIFYMSG text has no other % sequences than at most two `%s`, and `%%`. */
bool notice_text_valid(const char *text);

/* The finished text: each `%s` is replaced by the next of ups and extra (NULL = ""). Cut to size.
 */
void notice_format(char *dst, size_t size, const char *text, const char *ups, const char *extra);

#endif
