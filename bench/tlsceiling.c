/*
 * tlsceiling: the least that a server with TLS can do: OK to STARTTLS, then a
 * handshake, then for each line that comes the same bytes, all lines of a
 * record answered by one record.  What it costs is what OpenSSL and the kernel
 * cost.
 *
 *   tlsceiling FILE PEM      (the answer; certificate, chain and key; prints its port)
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/timing.h"

enum { EVENTS = 512, BURST = 512, ANSWER_MAX = 1024 };

struct peer {
	int fd;
	SSL *ssl; /* NULL before STARTTLS */
};

static char answers[BURST * ANSWER_MAX];
static size_t answer_len;
static int epoll_fd, listen_fd;
static SSL_CTX *ctx;

static void fail(const char *what)
{
	fprintf(stderr, "tlsceiling: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_answer(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f)
		fail(path);
	answer_len = fread(answers, 1, ANSWER_MAX, f);
	fclose(f);
	for (size_t i = 1; i < BURST; i++)
		memcpy(answers + i * answer_len, answers, answer_len);
}

static void load_certificate(const char *path)
{
	ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, path) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
		fail(path);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
}

static void start_listening(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct epoll_event ev = {.events = EPOLLIN};
	socklen_t len = sizeof(sa);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (bind(listen_fd, (struct sockaddr *)&sa, len) != 0 || listen(listen_fd, 4096) != 0 ||
	    getsockname(listen_fd, (struct sockaddr *)&sa, &len) != 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &ev) != 0)
		fail("cannot listen");
	printf("%u\n", ntohs(sa.sin_port));
	fflush(stdout);
}

static void take_connections(void)
{
	int fd, on = 1;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct peer *p = calloc(1, sizeof(*p));
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

		if (!p || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
			fail("no room for a connection");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		p->fd = fd;
	}
}

static void drop(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
	free(p);
}

/* The only line in the clear is STARTTLS. */
static bool upgrade(struct peer *p)
{
	char in[64];

	if (read(p->fd, in, sizeof(in)) <= 0 || send(p->fd, "OK STARTTLS\n", 12, MSG_NOSIGNAL) < 0)
		return false;
	p->ssl = SSL_new(ctx);
	if (!p->ssl)
		return false;
	SSL_set_fd(p->ssl, p->fd);
	SSL_set_accept_state(p->ssl);
	return true;
}

/* False when the peer is gone. */
static bool answer(struct peer *p)
{
	char in[16384];
	size_t lines = 0;
	int n;

	if (!p->ssl)
		return upgrade(p);
	ERR_clear_error();
	n = SSL_read(p->ssl, in, sizeof(in));
	if (n <= 0)
		return SSL_get_error(p->ssl, n) == SSL_ERROR_WANT_READ;
	for (int i = 0; i < n; i++)
		lines += in[i] == '\n';
	if (lines > BURST)
		lines = BURST;
	return SSL_write(p->ssl, answers, (int)(lines * answer_len)) > 0;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	if (argc != 3) {
		fprintf(stderr, "usage: tlsceiling FILE PEM\n");
		return 2;
	}
	timing_raise_files();
	read_answer(argv[1]);
	load_certificate(argv[2]);
	start_listening();
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (!events[i].data.ptr)
				take_connections();
			else if (!answer(events[i].data.ptr))
				drop(events[i].data.ptr);
		}
	}
}
