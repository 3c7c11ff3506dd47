#include "config.h"

#include "clients/nutconf/tools.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/run.h"
#include "common/base/str.h"

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* `folders` is a list with colons. */
static bool find_in(const char *folders, const char *program, char *path, size_t size)
{
	while (folders && *folders) {
		size_t len = strcspn(folders, ":");

		if (len && str_format(path, size, "%.*s/%s", (int)len, folders, program) &&
		    is_program(path))
			return true;
		folders += len + (folders[len] == ':');
	}
	return false;
}

/* The folder of this program, and that of the daemons beside it. */
static bool own_folders(char *folders, size_t size)
{
	char self[PATH_MAX], *slash;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len <= 0)
		return false;
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return str_format(folders, size, "%s:%s/../sbin:%s/../bin", self, self, self);
}

bool tools_find(const char *program, char *path, size_t size)
{
	char own[3 * PATH_MAX];

	return find_in(getenv("NUT_PROGRAMPATH"), program, path, size) ||
	       (own_folders(own, sizeof(own)) && find_in(own, program, path, size)) ||
	       find_in(SBINDIR ":" BINDIR, program, path, size);
}

bool tools_find_system(const char *program, char *path, size_t size)
{
	return find_in(getenv("NUT_PROGRAMPATH"), program, path, size) ||
	       find_in("/usr/bin:/bin:/usr/sbin:/sbin", program, path, size);
}

bool tools_find_driver(const char *folder, const char *driver, char *path, size_t size)
{
	return !strchr(driver, '/') &&
	       find_in(folder ? folder : paths_driver(), driver, path, size);
}

enum tools_result tools_run(const char *program, const char *const *args, bool errors,
			    unsigned limit_ms, struct buffer *said, int *status)
{
	char path[PATH_MAX];
	const char *argv[TOOLS_ARGS_MAX + 2] = {path};
	struct run r = {
		.argv = argv, .limit_ms = limit_ms, .max = TOOLS_OUTPUT_MAX, .with_errors = errors};

	for (size_t i = 0; i < TOOLS_ARGS_MAX && args[i]; i++)
		argv[i + 1] = args[i];
	if (strchr(program, '/') ? !str_copy(path, sizeof(path), program)
				 : !tools_find(program, path, sizeof(path)))
		return TOOLS_MISSING;
	switch (run_program(&r, said, status)) {
	case RUN_ENDED:
		return TOOLS_RAN;
	case RUN_LATE:
		return TOOLS_LATE;
	default:
		return TOOLS_MISSING;
	}
}

bool tools_use_private(const char *folder, bool if_there)
{
	static const char *const names[] = {"NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH"};
	char place[PATH_MAX], run[PATH_MAX];

	if (!realpath(folder, place))
		return false;
	setenv("NUT_CONFPATH", place, 1);
	if (!str_format(run, sizeof(run), "%s/run", place) || (if_there && access(run, F_OK) != 0))
		return if_there;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		setenv(names[i], run, 0);
	return true;
}

bool tools_next_line(char **text, char **line)
{
	char *end;

	if (!*text || !**text)
		return false;
	*line = *text;
	end = strchr(*text, '\n');
	if (end)
		*end = '\0';
	*text = end ? end + 1 : *text + strlen(*text);
	return true;
}
