#include "config.h"

#include "clients/libupsclient/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/libupsclient/transport.h"
#include "clients/libupsclient/upsclient.h"
#include "common/base/str.h"

static struct fault resolve(const char *host, uint16_t port, int flags, struct addrinfo **found)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
	char service[8];
	int rc;

	if (flags & UPSCLI_CONN_INET6)
		hints.ai_family = AF_INET6;
	else if (flags & UPSCLI_CONN_INET)
		hints.ai_family = AF_INET;
	str_format(service, sizeof(service), "%u", (unsigned)port);
	rc = getaddrinfo(host, service, &hints, found);
	if (rc == 0)
		return fault_none();
	if (rc == EAI_MEMORY)
		return fault_make(UPSCLI_ERR_NOMEM, 0);
	/*
	 * EAI_AGAIN too: NUT asks again for ever, which hangs a host program for
	 * as long as the name server is away.
	 */
	return fault_make(UPSCLI_ERR_NOSUCHHOST, 0);
}

/* Sees a connect() that has begun to its end: 0 or an errno. */
static int finish_connect(int fd, long long deadline_ms)
{
	int err = 0;
	socklen_t len = sizeof(err);
	int ready = transport_wait(fd, POLLOUT, deadline_ms);

	if (ready < 0)
		return errno;
	if (ready == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	return err;
}

/* Callers who read the descriptor themselves expect it to block. */
static int make_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? errno : 0;
}

static struct fault connect_one(const struct addrinfo *to, long long deadline_ms, int *fd)
{
	int on = 1;
	int err = 0;
	int sock = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  to->ai_protocol);

	if (sock < 0)
		return fault_make(UPSCLI_ERR_SOCKFAILURE, errno);
	if (connect(sock, to->ai_addr, to->ai_addrlen) < 0) {
		err = errno;
		if (err == EINPROGRESS || err == EINTR)
			err = finish_connect(sock, deadline_ms);
	}
	if (!err)
		err = make_blocking(sock);
	if (err) {
		close(sock);
		return fault_make(UPSCLI_ERR_CONNFAILURE, err);
	}
	/* Questions are short and wait for their answer; where this fails it is only slower. */
	(void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*fd = sock;
	return fault_none();
}

struct fault dial(const char *host, uint16_t port, int flags, long long deadline_ms, int *fd)
{
	struct addrinfo *found = NULL;
	struct fault fault = resolve(host, port, flags, &found);

	if (fault_is(fault))
		return fault;
	fault = fault_make(UPSCLI_ERR_NOSUCHHOST, 0);
	for (const struct addrinfo *to = found; to; to = to->ai_next) {
		fault = connect_one(to, deadline_ms, fd);
		if (!fault_is(fault))
			break;
		/* The time is for all addresses together: nothing is left for the next one. */
		if (fault.sys == ETIMEDOUT && deadline_ms != TRANSPORT_FOR_EVER)
			break;
	}
	freeaddrinfo(found);
	return fault;
}
