#include "config.h"

#include "common/base/fence.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

void fence_allow(struct fence *f, const char *path, enum sandbox_access access)
{
	char *copy;

	for (size_t i = 0; path && i < f->count; i++)
		if (f->paths[i].access == access && str_equal(f->paths[i].path, path))
			return;
	copy = path && f->count < FENCE_PATHS_MAX ? str_dup(path) : NULL;

	if (!copy)
		return;
	f->owned[f->count] = copy;
	f->paths[f->count++] = (struct sandbox_path){.path = copy, .access = access};
}

static void allow_folder(struct fence *f, const char *path, enum sandbox_access access)
{
	char folder[PATH_MAX];
	char *slash;

	if (!str_copy(folder, sizeof(folder), path))
		return;
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0';
	fence_allow(f, folder, access);
}

void fence_allow_around(struct fence *f, const char *path, enum sandbox_access access)
{
	char real[PATH_MAX];

	if (!path)
		return;
	allow_folder(f, path, access);
	if (realpath(path, real) && !str_equal(real, path))
		allow_folder(f, real, access);
}

void fence_clear(struct fence *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->owned[i]);
	f->count = 0;
}

const char *fence_close(struct fence *f, enum sandbox_calls calls)
{
	const char *text = sandbox_enter(calls, f->paths, f->count);

	fence_clear(f);
	return text;
}
