/*
 * logformat: the format of upslog's lines: text with escapes, understood once
 * and then filled in for each line.
 *
 * `%NAME argument%` is an escape; NAME counts up to its known length, letter
 * case aside, so that `%HOSTNAME%` is `%HOST%` too (as in NUT: checked with
 * Debian's upslog 2.8.0):
 *
 *   %%               a percent sign
 *   %t               a tab
 *   %TIME format%    strftime(3), with `@` in the place of its `%`
 *   %ETIME%          seconds since 1970
 *   %HOST%           the name of this host
 *   %UPSHOST%        the UPS as it was named to upslog
 *   %PID%            upslog's pid
 *   %VAR name%       a variable of the UPS, NA while there is none
 *
 * What is none of these, a name without a dot, and a `%` without its partner,
 * are INVALID in the line.
 */
#ifndef CLIENTS_CLI_LOGFORMAT_H
#define CLIENTS_CLI_LOGFORMAT_H

#include <stdbool.h>
#include <time.h>

#include "common/base/buffer.h"

#define LOGFORMAT_DEFAULT                                                                          \
	"%TIME @Y@m@d @H@M@S% %VAR battery.charge% %VAR input.voltage% %VAR ups.load% "            \
	"[%VAR ups.status%] %VAR ups.temperature% %VAR input.frequency%"

struct logformat;

/* What one line is made of. */
struct logformat_line {
	time_t now;
	const char *upshost;
	/* The value of a variable, borrowed until the next call; NULL = not available. */
	const char *(*value)(void *arg, const char *name);
	void *arg;
};

/* NULL when out of memory. */
struct logformat *logformat_parse(const char *text);
void logformat_free(struct logformat *f);

/* Appends a line, without newline. False when the buffer refused some of it. */
bool logformat_append(const struct logformat *f, struct buffer *out,
		      const struct logformat_line *line);

#endif
