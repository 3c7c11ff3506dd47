#include "config.h"

#include "clients/upsweb/health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/net/netaddr.h"

enum { PATIENCE_S = 5 };

static const char unix_prefix[] = "unix:";
static const char request[] = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";

/* What is bound to all addresses is asked at this host's own. */
static bool address_of(const struct upsweb_listen *n, struct netaddr *addr)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&addr->ss;
	const char *host = n->host;

	if (str_starts(host, unix_prefix)) {
		memset(addr, 0, sizeof(*addr));
		un->sun_family = AF_UNIX;
		addr->len = sizeof(*un);
		return str_copy(un->sun_path, sizeof(un->sun_path), host + sizeof(unix_prefix) - 1);
	}
	if (str_equal(host, "0.0.0.0"))
		host = "127.0.0.1";
	else if (str_equal(host, "::"))
		host = "::1";
	return netaddr_from_numeric(host, n->port, addr);
}

static int reach(const struct upsweb_listen *n)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct netaddr addr;
	int fd;

	if (!address_of(n, &addr)) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(addr.ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr.ss, addr.len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* "HTTP/1.x 200 " */
static bool answers_well(int fd)
{
	char head[13] = "";
	size_t len = 0;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
		return false;
	while (len < sizeof(head) - 1) {
		ssize_t n = recv(fd, head + len, sizeof(head) - 1 - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return str_starts(head, "HTTP/1.") && strncmp(head + 8, " 200", 4) == 0;
}

bool health_check(const struct upsweb_conf *conf)
{
	const struct upsweb_listen *n = conf->listens;
	bool well;
	int fd;

	while (n && n->tls)
		n = n->next;
	n = n ? n : conf->listens;
	fd = n ? reach(n) : -1;
	if (fd < 0) {
		fprintf(stderr, "upsweb does not answer at %s: %s\n", n ? n->host : "all",
			strerror(errno));
		return false;
	}
	well = n->tls || answers_well(fd);
	if (!well)
		fprintf(stderr, "upsweb at %s is not well\n", n->host);
	close(fd);
	return well;
}
