#include "config.h"

#include "clients/upsmon/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/tls.h"
#include "common/net/truststore.h"

static const char token[] = "confine";

static bool is_folder(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has_folder(const struct tls_demands *d)
{
	for (size_t i = 0; i < d->host_count; i++)
		if (is_folder(d->hosts[i].cert_path))
			return true;
	return is_folder(d->cert_path);
}

static bool has_store(char *path, size_t size)
{
	return truststore_path(path, size, true) &&
	       (access(path, F_OK) == 0 || getenv("NUT_TRUST"));
}

static bool has_local_server(const struct upsmon_conf *conf)
{
	for (size_t i = 0; i < conf->ups_count; i++)
		if (strchr(conf->ups[i].target.host, '/'))
			return true;
	return false;
}

static const char *reason_against_chroot(const struct confine *c, const struct upsmon_conf *conf)
{
	char store[4096];

	if (!c->locked)
		return "this process runs programs";
	if (geteuid() != 0)
		return "only root can";
	if (str_equal(tls_backend_name(), "NSS"))
		return "NSS reads its database";
	if (has_folder(&conf->tls))
		return "CERTPATH is a folder";
	if (has_store(store, sizeof(store)))
		return "there is a trust store";
	if (has_local_server(conf))
		return "a server is reached by a path";
	return NULL;
}

static void prepare_fence(struct confine *c, const struct upsmon_conf *conf, const char *conf_path)
{
	char store[4096];

	fence_allow_around(&c->fence, conf_path, SANDBOX_READ);
	fence_allow(&c->fence, conf->tls.cert_path, SANDBOX_READ);
	fence_allow_around(&c->fence, conf->tls.cert_path, SANDBOX_READ);
	fence_allow_around(&c->fence, conf->tls.cert_file, SANDBOX_READ);
	for (size_t i = 0; i < conf->tls.host_count; i++)
		fence_allow_around(&c->fence, conf->tls.hosts[i].cert_path, SANDBOX_READ);
	if (has_store(store, sizeof(store)))
		fence_allow_around(&c->fence, store,
				   getenv("NUT_TRUST") ? SANDBOX_WRITE : SANDBOX_READ);
}

bool confine_prepare(struct confine *c, const struct upsmon_conf *conf, const char *conf_path,
		     const char *user, bool locked)
{
	*c = (struct confine){.drop = user && geteuid() == 0,
			      .sandbox = locked && sandbox_wanted(true),
			      .locked = locked};
	if (c->drop && !privilege_lookup(user, NULL, &c->user))
		return false;
	c->no_chroot = c->sandbox ? reason_against_chroot(c, conf) : "there is no sandbox";
	if (c->sandbox)
		prepare_fence(c, conf, conf_path);
	return true;
}

/* A folder that is removed while we stand in it: empty, and out of everybody's reach. */
static int nameless_folder(void)
{
	char path[] = "/tmp/upsmon-XXXXXX";
	int fd = -1;

	if (!mkdtemp(path))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rmdir(path);
	return fd;
}

static bool enter_chroot(void)
{
	int fd = nameless_folder();
	bool done = fd >= 0 && fchdir(fd) == 0 && privilege_chroot(".");

	if (!done)
		log_warn_errno(token, errno,
			       "no empty root directory: the file system stays in "
			       "reach of the sandbox's rules only");
	if (fd >= 0)
		close(fd);
	return done;
}

bool confine_enter(struct confine *c)
{
	bool inside = false;

	daemon_notify_keep();
	if (!c->no_chroot)
		inside = enter_chroot();
	if (c->drop && !privilege_drop(&c->user)) {
		fence_clear(&c->fence);
		return false;
	}
	privilege_hide_memory();
	if (!c->sandbox) {
		log_debug(1, token, "no sandbox");
		return true;
	}
	log_info(token, "sandbox: %s%s", fence_close(&c->fence, SANDBOX_NO_PROGRAMS),
		 inside ? ", chroot" : "");
	if (c->no_chroot)
		log_debug(1, token, "no chroot: %s", c->no_chroot);
	return true;
}

void confine_list_files(const struct upsmon_conf *conf, const char *conf_path,
			struct opener_list *files)
{
	opener_list_path(files, conf_path);
	opener_list_path(files, conf->tls.cert_path);
	opener_list_path(files, conf->tls.cert_file);
	for (size_t i = 0; i < conf->tls.host_count; i++)
		opener_list_path(files, conf->tls.hosts[i].cert_path);
}
