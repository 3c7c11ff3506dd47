/*
 * log: one message, one line, to stderr and to syslog.
 *
 * Every call names the subsystem by a short token.  On a terminal or in the
 * foreground a line is `<text>`; with debugging it is preceded by seconds since
 * the start, as NUT prints it, and debug lines by `[D<level>:<token>]`
 * (spec/cli.md section 1).  After log_to_syslog() messages go to syslog too.
 * Control bytes in messages are shown as `\xNN`, so that nobody can forge lines.
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_L_ERROR, LOG_L_WARNING, LOG_L_NOTICE, LOG_L_INFO, LOG_L_DEBUG };

/* `program` is borrowed for ever (argv[0]'s base name or a literal). Reads NUT_DEBUG_* variables. */
void log_init(const char *program);
const char *log_program(void);

/* Debug level as -D counts it; 0 = none. */
void log_set_debug(int level);
int log_debug_level(void);

/* Leaves out notices and information (-q), unless debugging. */
void log_set_quiet(bool quiet);

/*
 * Syslog on (facility daemon) or off, stderr on or off; NUT_DEBUG_SYSLOG overrides as NUT's.
 * Syslog stays off where stderr goes to systemd's journal, too.
 */
void log_to_syslog(bool on);
void log_to_stderr(bool on);

/* For a forked process that will close all descriptors: what syslog and stderr need is opened anew
 * for its next line. */
void log_forget_descriptors(void);

/*
 * For a process that cannot reach syslog: what would go there goes to `fn`
 * (LOG_ERR, LOG_WARNING ...), NULL = back to syslog.  What is logged from inside
 * it goes to stderr only.
 */
typedef void log_syslog_fn(void *arg, int priority, const char *text);
void log_set_syslog(log_syslog_fn *fn, void *arg);

/* A line that such a process has sent here: to syslog only, if that is on. */
void log_forwarded(int priority, const char *text);

void log_error(const char *token, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *token, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_notice(const char *token, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *token, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_debug(int level, const char *token, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As log_error and log_warn, with `: <strerror(err)>` at the end. */
void log_errno(const char *token, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_warn_errno(const char *token, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Tests: messages go to `sink` instead (NULL = back to normal). */
void log_set_sink(void (*sink)(void *arg, enum log_level level, const char *token, const char *text),
		  void *arg);

/*
 * A line that repeats: true at first and then at most once per `interval_s`
 * seconds; *missed tells how many were held back since (DEMAND.md 26).
 */
struct log_throttle {
	long long next_ms;
	unsigned missed;
};
bool log_throttle_pass(struct log_throttle *t, unsigned interval_s, unsigned *missed);

/* The first line that daemons print on stdout, `Network UPS Tools <what> <version>`, unless
 * NUT_QUIET_INIT_BANNER is set; `always` for -V and -h. */
void log_banner(const char *what, bool always);

#endif
