#include "config.h"

#include "server/confine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/sandbox.h"
#include "common/base/str.h"

enum { MAX_PATHS = 64 };

struct fence {
	struct sandbox_path paths[MAX_PATHS];
	char *owned[MAX_PATHS];
	size_t count;
};

static void allow(struct fence *f, const char *path, enum sandbox_access access)
{
	char *copy = path && f->count < MAX_PATHS ? str_dup(path) : NULL;

	if (!copy)
		return;
	f->owned[f->count] = copy;
	f->paths[f->count++] = (struct sandbox_path){.path = copy, .access = access};
}

/* The folder of a file: a file that is replaced is another one to the kernel. */
static void allow_around(struct fence *f, const char *path, enum sandbox_access access)
{
	char folder[PATH_MAX];
	char *slash;

	if (!path || !str_copy(folder, sizeof(folder), path))
		return;
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0';
	allow(f, folder, access);
}

void confine(const struct upsd_conf *conf)
{
	static const char unix_prefix[] = "unix:";
	struct fence f = {.count = 0};

	if (!sandbox_wanted(conf->sandbox)) {
		log_info("confine", "there is no sandbox: it is switched off, or not built in");
		return;
	}
	allow(&f, paths_conf(), SANDBOX_READ);
	allow(&f, paths_state(), SANDBOX_WRITE);
	allow(&f, paths_altpid(), SANDBOX_WRITE);
	allow(&f, conf->datapath ? conf->datapath : paths_data(), SANDBOX_READ);
	allow_around(&f, conf->tls.cert_file, SANDBOX_READ);
	allow(&f, conf->tls.cert_path, SANDBOX_READ);
	allow_around(&f, conf->tls.cert_path, SANDBOX_READ);
	for (size_t i = 0; i < conf->listen_count; i++)
		if (str_starts(conf->listens[i].host, unix_prefix))
			allow_around(&f, conf->listens[i].host + sizeof(unix_prefix) - 1,
				     SANDBOX_WRITE);
	log_info("confine", "sandbox: %s", sandbox_enter(SANDBOX_NO_PROGRAMS, f.paths, f.count));
	for (size_t i = 0; i < f.count; i++)
		free(f.owned[i]);
}
