/*
 * fence: the paths of a sandbox, gathered from a configuration.
 */
#ifndef COMMON_BASE_FENCE_H
#define COMMON_BASE_FENCE_H

#include <stddef.h>

#include "common/base/sandbox.h"

enum { FENCE_PATHS_MAX = 64 };

struct fence { /* zeroed at first; private */
	struct sandbox_path paths[FENCE_PATHS_MAX];
	char *owned[FENCE_PATHS_MAX];
	size_t count;
};

/* Leaves a path open (it is copied; NULL is nothing).  What finds no room stays closed. */
void fence_allow(struct fence *f, const char *path, enum sandbox_access access);

/* The folder of a file, as a file that is replaced is another one to the kernel; and, where the
 * path leads through symbolic links, the folder that it is in now. */
void fence_allow_around(struct fence *f, const char *path, enum sandbox_access access);

/* Releases the list, without a sandbox. */
void fence_clear(struct fence *f);

/* Enters the sandbox (sandbox_enter(), whose text it returns) and releases the list. */
const char *fence_close(struct fence *f, enum sandbox_calls calls);

#endif
