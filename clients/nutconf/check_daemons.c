/* What the daemons say of their own files: upsd -t and its kin. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/nutconf/check.h"
#include "clients/nutconf/tools.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum { LIMIT_MS = 30 * 1000 };

/* Splits `PATH:LINE: text`; false: it begins with no path. */
static bool split(char *text, char **path, unsigned *line, char **what)
{
	char *colon = strstr(text, ": "), *number;

	*line = 0;
	if (text[0] != '/' || !colon)
		return false;
	*colon = '\0';
	*what = colon + 2;
	*path = text;
	/* PATH:LINE or PATH:LINE:COLUMN. */
	while ((number = strrchr(text, ':')) && number[1] &&
	       strspn(number + 1, "0123456789") == strlen(number + 1)) {
		*line = (unsigned)strtoul(number + 1, NULL, 10);
		*number = '\0';
	}
	return true;
}

static void take_line(struct check *c, const char *code, char *text, bool failed)
{
	bool warning = str_starts(text, "warning: ");
	char *path, *what;
	unsigned line;

	if (warning)
		text += strlen("warning: ");
	/* Modes and drivers are looked at elsewhere, the latter where driverpath leads, too. */
	if (strstr(text, " is world readable") || strstr(text, " not found in ") ||
	    !split(text, &path, &line, &what))
		return;
	/* What was told already, and in other words. */
	if (line && check_knows(c, warning ? CHECK_HINT : CHECK_ERROR, path, line))
		return;
	check_add(c, warning || !failed ? CHECK_WARNING : CHECK_ERROR, code, path, line, NULL, "%s",
		  what);
}

static void run(struct check *c, const char *program, const char *file)
{
	static const char *const args[] = {"-t", NULL};
	struct buffer said = {0};
	enum tools_result result;
	char *text, *line;
	int status = 0;

	result = tools_run(program, args, true, LIMIT_MS, &said, &status);
	if (result == TOOLS_MISSING)
		check_add(c, CHECK_ERROR, "program-missing", file, 0, "install it",
			  "%s, which reads it, is not installed", program);
	else if (result == TOOLS_LATE)
		check_add(c, CHECK_ERROR, program, file, 0, NULL, "%s -t does not end", program);
	buffer_string(&said);
	text = said.data;
	while (said.len && tools_next_line(&text, &line))
		take_line(c, program, line, status != 0);
	if (result == TOOLS_RAN && status != 0 && !c->errors)
		check_add(c, CHECK_ERROR, program, file, 0, "it tells why",
			  "%s -t finds something wrong with it", program);
	buffer_free(&said);
}

static bool wants_upsd(const struct check *c)
{
	const struct sayings *f = &c->said;
	size_t at = 0;

	return sayings_next_section(&f->ups, &at) || str_equal(f->mode, "standalone") ||
	       str_equal(f->mode, "netserver");
}

static bool uses_upssched(const struct check *c)
{
	char *const *command = c->upsmon.notify_command;
	const char *slash = command ? strrchr(command[0], '/') : NULL;

	return command && c->said.upssched.exists &&
	       str_equal(slash ? slash + 1 : command[0], "upssched");
}

void check_daemons(struct check *c)
{
	static const struct {
		const char *file, *program;
	} others[] = {{"upsmqtt.conf", "upsmqtt"}, {"upsweb.conf", "upsweb"}};
	char path[4096];

	if (uses_upssched(c))
		run(c, "upssched", c->said.upssched.path);
	if (wants_upsd(c))
		run(c, "upsd", c->said.upsd.path);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (paths_conf_file(path, sizeof(path), others[i].file) && access(path, F_OK) == 0)
			run(c, others[i].program, path);
}
