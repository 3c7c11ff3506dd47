#include "config.h"

#include "common/base/paths.h"

#include <stdlib.h>

#include "common/base/str.h"

static char state_path[4096]; /* from a configuration file; "" = none */

static const char *from_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *env_or(const char *name, const char *fallback)
{
	const char *value = from_env(name);

	return value ? value : fallback;
}

const char *paths_conf(void)
{
	return env_or("NUT_CONFPATH", CONFPATH);
}

const char *paths_state(void)
{
	return env_or("NUT_STATEPATH", *state_path ? state_path : STATEPATH);
}

const char *paths_pid(void)
{
	return env_or("NUT_PIDPATH", PIDPATH);
}

const char *paths_altpid(void)
{
	return env_or("NUT_ALTPIDPATH", env_or("NUT_STATEPATH", ALTPIDPATH));
}

const char *paths_data(void)
{
	return env_or("NUT_DATAPATH", DATADIR);
}

const char *paths_driver(void)
{
	return env_or("NUT_DRIVERPATH", DRVPATH);
}

bool paths_set_state(const char *path)
{
	if (from_env("NUT_STATEPATH"))
		return false;
	return str_copy(state_path, sizeof(state_path), path);
}

static bool join(char *dst, size_t size, const char *dir, const char *file)
{
	if (*file == '/')
		return str_copy(dst, size, file);
	return str_format(dst, size, "%s/%s", dir, file);
}

bool paths_conf_file(char *dst, size_t size, const char *file)
{
	return join(dst, size, paths_conf(), file);
}

bool paths_state_file(char *dst, size_t size, const char *file)
{
	return join(dst, size, paths_state(), file);
}
