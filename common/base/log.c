#include "config.h"

#include "common/base/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/errout.h"
#include "common/base/str.h"

/* Longer messages are cut: a log line is for reading, not for carrying data. */
enum {
	TEXT_MAX_BYTES = 2048,
	STUCK_MS = 500, /* how long a reader who hangs may hold us up, once */
};

static struct {
	const char *program;
	int debug;
	bool to_stderr;
	bool syslog_wanted, to_syslog;
	bool stderr_forced, syslog_denied; /* NUT_DEBUG_SYSLOG */
	bool show_pid, show_program;
	bool quiet;
	bool syslog_open;
	long long start_ms;
	void (*sink)(void *arg, enum log_level level, const char *token, const char *text);
	void *sink_arg;
	log_syslog_fn *syslog_fn;
	void *syslog_arg;
	bool in_syslog_fn;
	unsigned long lost; /* lines that stderr did not take since it was stuck */
} logger = {.program = "nut", .to_stderr = true};

void log_init(const char *program)
{
	const char *where = getenv("NUT_DEBUG_SYSLOG");
	const char *level = getenv("NUT_DEBUG_LEVEL");
	long number;

	errout_open();
	logger.program = program;
	logger.start_ms = clock_ms();
	logger.show_pid = getenv("NUT_DEBUG_PID") != NULL;
	logger.show_program = getenv("NUT_DEBUG_PROCNAME") != NULL;
	logger.stderr_forced = where && str_caseequal(where, "stderr");
	logger.syslog_denied = where && (logger.stderr_forced || str_caseequal(where, "none") ||
					 str_caseequal(where, "false"));
	if (level && str_to_long(level, 0, INT_MAX, &number))
		logger.debug = (int)number;
}

const char *log_program(void)
{
	return logger.program;
}

void log_set_debug(int level)
{
	logger.debug = level < 0 ? 0 : level;
}

int log_debug_level(void)
{
	return logger.debug;
}

static void open_syslog(void)
{
	if (!logger.syslog_open)
		openlog(logger.program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	logger.syslog_open = true;
}

/* systemd tells which file its journal reads (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	const char *told = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!told || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strcmp(told, ours) == 0;
}

/* The journal reads both, and would have every line twice. */
static void choose_syslog(void)
{
	logger.to_syslog = logger.syslog_wanted && !logger.syslog_denied &&
			   !(logger.to_stderr && stderr_is_journal());
	if (logger.to_syslog)
		open_syslog();
}

void log_to_syslog(bool on)
{
	logger.syslog_wanted = on;
	choose_syslog();
}

void log_forget_descriptors(void)
{
	if (logger.syslog_open)
		closelog();
	logger.syslog_open = false;
	errout_close();
}

void log_to_stderr(bool on)
{
	logger.to_stderr = on || logger.stderr_forced;
	choose_syslog();
}

void log_set_sink(void (*sink)(void *arg, enum log_level level, const char *token,
			       const char *text),
		  void *arg)
{
	logger.sink = sink;
	logger.sink_arg = arg;
}

void log_set_syslog(log_syslog_fn *fn, void *arg)
{
	logger.syslog_fn = fn;
	logger.syslog_arg = arg;
}

static int syslog_priority(enum log_level level)
{
	static const int priorities[] = {
		[LOG_L_ERROR] = LOG_ERR, [LOG_L_WARNING] = LOG_WARNING, [LOG_L_NOTICE] = LOG_NOTICE,
		[LOG_L_INFO] = LOG_INFO, [LOG_L_DEBUG] = LOG_DEBUG,
	};

	return priorities[level];
}

/* Bytes that could end a line or drive a terminal become \xNN. */
static void make_printable(char *dst, size_t size, const char *src)
{
	size_t at = 0;

	for (; *src && at + 5 < size; src++) {
		unsigned char c = (unsigned char)*src;

		if (c >= 0x20 && c != 0x7f)
			dst[at++] = (char)c;
		else
			at += (size_t)snprintf(dst + at, size - at, "\\x%02x", c);
	}
	dst[at] = '\0';
}

void log_set_quiet(bool quiet)
{
	logger.quiet = quiet;
}

static bool is_wanted(enum log_level level)
{
	return !logger.quiet || logger.debug > 0 || level == LOG_L_ERROR || level == LOG_L_WARNING;
}

/* The first time that it is stuck it is waited for, then not until it takes lines again. */
static void put_on_stderr(const char *line, size_t len)
{
	int patience_ms = logger.lost ? 0 : STUCK_MS;
	char note[64];
	int n;

	if (logger.lost) {
		n = snprintf(note, sizeof(note), "%lu lines of the log are lost here\n",
			     logger.lost);
		if (!errout_write(note, (size_t)n, patience_ms)) {
			logger.lost++;
			return;
		}
		logger.lost = 0;
	}
	if (!errout_write(line, len, patience_ms))
		logger.lost++;
}

/* One write a line, so that the lines of several processes on one terminal do not mix. */
static void write_stderr(enum log_level level, int debug_level, const char *token, const char *text)
{
	char line[TEXT_MAX_BYTES + 256];
	char who[128] = "";
	char mark[128] = "";
	long long ms = clock_ms() - logger.start_ms;
	int len;

	if (logger.show_program)
		str_format(who, sizeof(who), "[%s] ", logger.program);
	if (level == LOG_L_DEBUG) {
		if (logger.show_pid)
			str_format(mark, sizeof(mark), "[D%d:%ld:%s] ", debug_level, (long)getpid(),
				   token);
		else
			str_format(mark, sizeof(mark), "[D%d:%s] ", debug_level, token);
	}
	if (logger.debug > 0)
		len = snprintf(line, sizeof(line), "%4lld.%03lld000\t%s%s%s\n", ms / 1000,
			       ms % 1000, who, mark, text);
	else
		len = snprintf(line, sizeof(line), "%s%s\n", who, text);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(line))
		len = (int)sizeof(line) - 1;
	put_on_stderr(line, (size_t)len);
}

static void write_syslog(int priority, const char *text)
{
	if (!logger.to_syslog || logger.in_syslog_fn)
		return;
	if (!logger.syslog_fn) {
		open_syslog();
		syslog(priority, "%s", text);
		return;
	}
	logger.in_syslog_fn = true;
	logger.syslog_fn(logger.syslog_arg, priority, text);
	logger.in_syslog_fn = false;
}

void log_forwarded(int priority, const char *raw)
{
	char text[TEXT_MAX_BYTES];

	make_printable(text, sizeof(text), raw);
	write_syslog(priority, text);
}

static void emit(enum log_level level, int debug_level, const char *token, const char *raw)
{
	char text[TEXT_MAX_BYTES];

	if (!is_wanted(level))
		return;
	make_printable(text, sizeof(text), raw);
	if (logger.sink) {
		logger.sink(logger.sink_arg, level, token, text);
		return;
	}
	if (logger.to_stderr)
		write_stderr(level, debug_level, token, text);
	write_syslog(syslog_priority(level), text);
}

__attribute__((format(printf, 5, 0))) static void vemit(enum log_level level, int debug_level,
							const char *token, int err, const char *fmt,
							va_list ap)
{
	char raw[TEXT_MAX_BYTES];
	size_t len;

	vsnprintf(raw, sizeof(raw), fmt, ap);
	len = strlen(raw);
	if (err)
		str_format(raw + len, sizeof(raw) - len, ": %s", strerror(err));
	emit(level, debug_level, token, raw);
}

void log_error(const char *token, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vemit(LOG_L_ERROR, 0, token, 0, fmt, ap);
	va_end(ap);
}

void log_warn(const char *token, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vemit(LOG_L_WARNING, 0, token, 0, fmt, ap);
	va_end(ap);
}

void log_notice(const char *token, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vemit(LOG_L_NOTICE, 0, token, 0, fmt, ap);
	va_end(ap);
}

void log_info(const char *token, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vemit(LOG_L_INFO, 0, token, 0, fmt, ap);
	va_end(ap);
}

void log_debug(int level, const char *token, const char *fmt, ...)
{
	va_list ap;

	if (level > logger.debug)
		return;
	va_start(ap, fmt);
	vemit(LOG_L_DEBUG, level, token, 0, fmt, ap);
	va_end(ap);
}

void log_errno(const char *token, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vemit(LOG_L_ERROR, 0, token, err, fmt, ap);
	va_end(ap);
}

void log_warn_errno(const char *token, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vemit(LOG_L_WARNING, 0, token, err, fmt, ap);
	va_end(ap);
}

bool log_throttle_pass(struct log_throttle *t, unsigned interval_s, unsigned *missed)
{
	long long now = clock_ms();

	if (t->next_ms && now < t->next_ms) {
		t->missed++;
		return false;
	}
	*missed = t->missed;
	t->missed = 0;
	t->next_ms = now + (long long)interval_s * 1000;
	if (!t->next_ms)
		t->next_ms = 1;
	return true;
}

void log_banner(const char *what, bool always)
{
	if (!always && getenv("NUT_QUIET_INIT_BANNER"))
		return;
	printf("Network UPS Tools %s %s\n", what, NUT_VERSION);
	fflush(stdout);
}
