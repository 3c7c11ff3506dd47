/*
 * A driver's sandbox: what it needs once its device was reached for the first time.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/net/truststore.h"
#include "drivers/core/core.h"

static bool is_wanted(const struct core *c)
{
	const char *text = settings_get(c->settings, "sandbox");
	bool wanted = true;

	if (text)
		str_to_bool(text, &wanted);
	return sandbox_wanted(wanted);
}

static bool has_secrets(const struct core *c)
{
	for (size_t i = 0; i < settings_count(c->settings); i++)
		if (settings_at(c->settings, i).secret)
			return true;
	return false;
}

void confine_secrets(const struct core *c)
{
	if (has_secrets(c))
		privilege_hide_memory();
}

/* A port that is a file may be replaced while we run; one that is a device may come back. */
static void allow_port(struct fence *f, const struct core *c)
{
	char path[4096];

	if (paths_conf_file(path, sizeof(path), core_port(c)))
		fence_allow_around(f, path, SANDBOX_READ);
	fence_allow(f, "/dev", SANDBOX_WRITE);
	fence_allow(f, "/run/udev", SANDBOX_READ);
}

void core_keep_file(struct core *c, const char *path)
{
	if (!c->reached)
		fence_allow_around(&c->fence, path, SANDBOX_READ);
}

void confine_enter(struct core *c)
{
	struct fence *f = &c->fence;
	char store[4096];

	if (!is_wanted(c)) {
		log_info("core", "there is no sandbox: it is switched off, or not built in");
		return;
	}
	fence_allow(f, paths_conf(), SANDBOX_READ);
	fence_allow_around(f, c->conf_path, SANDBOX_READ);
	fence_allow(f, paths_state(), SANDBOX_WRITE);
	fence_allow(f, paths_altpid(), SANDBOX_WRITE);
	allow_port(f, c);
	/* A repeater may be told to remember the servers that it meets. */
	if (truststore_path(store, sizeof(store), true))
		fence_allow_around(f, store, getenv("NUT_TRUST") ? SANDBOX_WRITE : SANDBOX_READ);
	log_info("core", "sandbox: %s", fence_close(f, SANDBOX_NO_PROGRAMS));
}
