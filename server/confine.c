#include "config.h"

#include "server/confine.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>

#include "common/base/fence.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"

void confine(const struct upsd_conf *conf)
{
	static const char unix_prefix[] = "unix:";
	struct fence f = {.count = 0};

	if (!sandbox_wanted(conf->sandbox)) {
		log_info("confine", "there is no sandbox: it is switched off, or not built in");
		return;
	}
	fence_allow(&f, paths_conf(), SANDBOX_READ);
	fence_allow(&f, paths_state(), SANDBOX_WRITE);
	fence_allow(&f, paths_altpid(), SANDBOX_WRITE);
	fence_allow(&f, conf->datapath ? conf->datapath : paths_data(), SANDBOX_READ);
	fence_allow_around(&f, conf->tls.cert_file, SANDBOX_READ);
	fence_allow(&f, conf->tls.cert_path, SANDBOX_READ);
	fence_allow_around(&f, conf->tls.cert_path, SANDBOX_READ);
	for (size_t i = 0; i < conf->listen_count; i++)
		if (str_starts(conf->listens[i].host, unix_prefix))
			fence_allow_around(&f, conf->listens[i].host + sizeof(unix_prefix) - 1,
					   SANDBOX_WRITE);
	log_info("confine", "sandbox: %s", fence_close(&f, SANDBOX_NO_PROGRAMS));
}

static void list_port(struct opener_list *l, const char *host, unsigned port)
{
	struct netaddr addr;

	if (port < IPPORT_RESERVED && netaddr_from_numeric(host, port, &addr))
		opener_list_addr(l, &addr);
}

struct opener *confine_keep_rights(const struct upsd_conf *conf)
{
	static const char *const names[] = {"upsd.conf", "ups.conf", "upsd.users"};
	char paths[sizeof(names) / sizeof(names[0])][PATH_MAX];
	struct opener_list l = {.sandbox = sandbox_wanted(conf->sandbox)};
	struct opener *o;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (paths_conf_file(paths[i], sizeof(paths[i]), names[i]))
			opener_list_path(&l, paths[i]);
	opener_list_path(&l, conf->tls.cert_file);
	opener_list_path(&l, conf->tls.cert_path);
	for (size_t i = 0; i < conf->listen_count; i++) {
		const struct upsd_conf_listen *row = &conf->listens[i];
		bool any = str_equal(row->host, "*");

		list_port(&l, any ? "0.0.0.0" : row->host, row->port);
		if (any)
			list_port(&l, "::", row->port);
	}
	o = opener_new(&l);
	if (!o)
		log_warn_errno("confine", errno,
			       "root's files and low ports are out of reach from now on");
	return o;
}
