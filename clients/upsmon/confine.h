/*
 * confine: the network child gives up all that it does not need: root, the
 * file system, programs.
 *
 * It goes into an empty root directory that has no name any more, so nobody can
 * put anything there, becomes RUN_AS_USER, and closes a sandbox
 * (common/base/sandbox.h).  Where a library wants to open files by itself
 * (a folder of authorities, a trust store, NSS's database) there is no chroot,
 * and the sandbox leaves just those open.
 */
#ifndef CLIENTS_UPSMON_CONFINE_H
#define CLIENTS_UPSMON_CONFINE_H

#include <stdbool.h>

#include "clients/upsmon/conf/conf.h"
#include "common/base/fence.h"
#include "common/base/privilege.h"
#include "common/net/opener.h"

/* What is to be done, worked out while the configuration and the system's files are in reach. */
struct confine {
	struct privilege user;
	bool drop; /* we are root and become that user */
	bool sandbox;
	bool locked;           /* another process runs programs for us */
	const char *no_chroot; /* why not; NULL = it is done */
	struct fence fence;
};

/* Fills it; `user` NULL = stay who we are.  False (logged): there is no such user. */
bool confine_prepare(struct confine *c, const struct upsmon_conf *conf, const char *conf_path,
		     const char *user, bool locked);

/* False (logged) when root cannot be given up; all else is a warning. */
bool confine_enter(struct confine *c);

/* The files that the parent will open for the child. */
void confine_list_files(const struct upsmon_conf *conf, const char *conf_path,
			struct opener_list *files);

#endif
