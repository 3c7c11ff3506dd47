/*
 * transport: the bytes of one connection, in the clear or encrypted.
 *
 * The seam between what is said (session) and how it travels.  An operation
 * never blocks: it moves bytes, or says with EAGAIN what to wait for in
 * `waits_for`; waiting, and giving up, is transport_wait()'s job.
 */
#ifndef CLIENTS_LIBUPSCLIENT_TRANSPORT_H
#define CLIENTS_LIBUPSCLIENT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct transport;
struct tls_session;

struct transport_ops {
	bool secure;
	/* As recv(2) and send(2) without blocking; set waits_for before they fail with EAGAIN.
	 * EPROTO: TLS itself failed, and tls_session_error() says how. */
	ssize_t (*read)(struct transport *t, void *data, size_t size);
	ssize_t (*write)(struct transport *t, const void *data, size_t size);
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	int fd;
	short waits_for;         /* POLLIN or POLLOUT */
	struct tls_session *tls; /* NULL in the clear */
};

#define TRANSPORT_FOR_EVER (-1LL)

/* Takes over a connected TCP socket. */
void transport_open_plain(struct transport *t, int fd);

/* The clock_ms() when `seconds` have passed; 0, less, or more than anybody waits: FOR_EVER. */
long long transport_deadline_in(double seconds);

/* Waits for `events` on a socket until the deadline: 1, 0 when it has passed, -1 with errno. */
int transport_wait(int fd, short events, long long deadline_ms);

#endif
