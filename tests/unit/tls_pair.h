/*
 * tls_pair: for tests: a client and a server session that speak through
 * memory, with the certificates of tests/lib/make-certs.
 */
#ifndef TESTS_UNIT_TLS_PAIR_H
#define TESTS_UNIT_TLS_PAIR_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/net/tls.h"

static char dir[] = "/tmp/chestnut-tls-XXXXXX";

/* One direction between two sessions: a pipe in memory that may be narrow. */
struct pipe_of_bytes {
	unsigned char data[65536];
	size_t len;
	size_t width; /* most bytes a transfer moves */
};

struct end {
	struct pipe_of_bytes *in, *out;
	struct tls_session *session;
};

struct pair {
	struct pipe_of_bytes to_server, to_client;
	struct end server, client;
};

static ssize_t pull(void *arg, void *data, size_t len)
{
	struct pipe_of_bytes *p = ((struct end *)arg)->in;

	if (len > p->width)
		len = p->width;
	if (len > p->len)
		len = p->len;
	if (!len) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(data, p->data, len);
	p->len -= len;
	memmove(p->data, p->data + len, p->len);
	return (ssize_t)len;
}

static ssize_t push(void *arg, const void *data, size_t len)
{
	struct pipe_of_bytes *p = ((struct end *)arg)->out;

	if (len > p->width)
		len = p->width;
	if (len > sizeof(p->data) - p->len)
		len = sizeof(p->data) - p->len;
	if (!len) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(p->data + p->len, data, len);
	p->len += len;
	return (ssize_t)len;
}

static int make_certificates(void **state)
{
	const char *top = getenv("abs_top_srcdir");
	char command[512];
	pid_t pid;
	int status;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	str_format(command, sizeof(command), "%s/tests/lib/make-certs", top ? top : ".");
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", command, dir, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int remove_certificates(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid ? 0 : -1;
}

/* Settings of one role that shows `identity` (NULL = nothing) and trusts `authority` (NULL =
 * nobody). */
static struct tls_context *context_of(enum tls_role role, const char *identity,
				      const char *authority, enum tls_request request, char *why,
				      size_t size)
{
	static char file[256], path[256];
	struct tls_settings s = {.role = role, .request = request};

	str_format(file, sizeof(file), "%s/%s.pem", dir, identity ? identity : "");
#ifdef TLS_NSS
	str_format(path, sizeof(path), "%s/nss%s", dir,
		   str_equal(authority, "other-ca") ? "-other" : "");
	s.cert_path = authority || identity ? path : NULL;
	s.ident_name = identity;
	s.ident_password = "sesame";
#else
	str_format(path, sizeof(path), "%s/%s.pem", dir, authority ? authority : "");
	s.cert_path = authority ? path : NULL;
	s.cert_file = identity ? file : NULL;
#endif
	return tls_context_new(&s, why, size);
}

static void open_pair(struct pair *p, struct tls_context *server, struct tls_context *client,
		      size_t width)
{
	*p = (struct pair){.to_server.width = width, .to_client.width = width};
	p->server = (struct end){.in = &p->to_server, .out = &p->to_client};
	p->client = (struct end){.in = &p->to_client, .out = &p->to_server};
	p->server.session = tls_session_new(
		server, &(struct tls_io){.pull = pull, .push = push, .arg = &p->server}, NULL);
	p->client.session = tls_session_new(
		client, &(struct tls_io){.pull = pull, .push = push, .arg = &p->client},
		"localhost");
	assert_non_null(p->server.session);
	assert_non_null(p->client.session);
}

static void close_pair(struct pair *p)
{
	tls_session_free(p->server.session);
	tls_session_free(p->client.session);
}

/* Turns both ends until neither moves; what each came to. */
static void shake(struct pair *p, enum tls_result *server, enum tls_result *client)
{
	*server = *client = TLS_WANT_READ;
	for (int i = 0; i < 20000; i++) {
		if (*client == TLS_WANT_READ || *client == TLS_WANT_WRITE)
			*client = tls_session_handshake(p->client.session);
		if (*server == TLS_WANT_READ || *server == TLS_WANT_WRITE)
			*server = tls_session_handshake(p->server.session);
		if (*client != TLS_WANT_READ && *client != TLS_WANT_WRITE &&
		    *server != TLS_WANT_READ && *server != TLS_WANT_WRITE)
			return;
		if (*client == TLS_FAILED || *server == TLS_FAILED) {
			if (p->to_client.len == 0 && p->to_server.len == 0)
				return;
		}
	}
}

#endif
