/*
 * Any bytes may come where TLS is spoken: nothing is believed that the peer
 * with the key has not said.
 *
 * The first byte of the input chooses who hears the rest: s a server from the
 * first byte on, c a client (from a hostile server), e a server with a session
 * established, x a server whose peer is honest, but behind a way that changes
 * bytes (the rest: pairs of how far to go and what to add).  The second byte is
 * how many bytes a transfer moves at most.
 */
#include "config.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/net/tls.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WAY_MAX = 64 * 1024, TURNS = 64, DAYS = 86400 };

/* One direction. */
struct way {
	unsigned char data[WAY_MAX];
	size_t len, width;
};

struct side {
	struct way *in, *out;
	struct tls_session *session;
};

static struct tls_context *server_context, *client_context;
static struct way to_server, to_client;

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static ssize_t pull(void *arg, void *data, size_t len)
{
	struct way *w = ((struct side *)arg)->in;

	if (len > w->width)
		len = w->width;
	if (len > w->len)
		len = w->len;
	if (!len) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(data, w->data, len);
	w->len -= len;
	memmove(w->data, w->data + len, w->len);
	return (ssize_t)len;
}

static ssize_t push(void *arg, const void *data, size_t len)
{
	struct way *w = ((struct side *)arg)->out;

	if (len > w->width)
		len = w->width;
	if (len > sizeof(w->data) - w->len)
		len = sizeof(w->data) - w->len;
	if (!len) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(w->data + w->len, data, len);
	w->len += len;
	return (ssize_t)len;
}

/* A descriptor of a PEM file with a new key and its certificate. */
static int make_identity(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	int fd = memfd_create("identity", 0);
	FILE *f = fdopen(dup(fd), "w");

	expect(key && cert && f);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -DAYS);
	X509_gmtime_adj(X509_getm_notAfter(cert), DAYS);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
				   -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	expect(X509_sign(cert, key, EVP_sha256()) > 0);
	expect(PEM_write_X509(f, cert) == 1);
	expect(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
	return fd;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct tls_settings server = {.role = TLS_SERVER}, client = {.role = TLS_CLIENT};
	int fd = make_identity();
	char path[64], why[256];

	(void)argc, (void)argv;
	str_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	server.cert_file = path;
	server_context = tls_context_new(&server, why, sizeof(why));
	client_context = tls_context_new(&client, why, sizeof(why));
	expect(server_context && client_context);
	close(fd);
	return 0;
}

static void open_side(struct side *s, struct tls_context *c, struct way *in, struct way *out)
{
	const struct tls_io io = {.pull = pull, .push = push, .arg = s};

	*s = (struct side){.in = in, .out = out};
	s->session = tls_session_new(c, &io, NULL);
	expect(s->session != NULL);
}

static bool waits(enum tls_result r)
{
	return r == TLS_WANT_READ || r == TLS_WANT_WRITE;
}

static void put(struct way *w, const uint8_t *data, size_t size)
{
	if (size > sizeof(w->data) - w->len)
		size = sizeof(w->data) - w->len;
	memcpy(w->data + w->len, data, size);
	w->len += size;
}

/* Turns one side alone until all is heard: a handshake that nobody shook cannot succeed. */
static void hear(struct side *s)
{
	enum tls_result r;

	do {
		size_t before = s->in->len;

		s->out->len = 0;
		r = tls_session_handshake(s->session);
		expect(r != TLS_DONE);
		if (s->in->len == before && r == TLS_WANT_READ)
			break;
	} while (waits(r));
	if (r == TLS_FAILED)
		expect(*tls_session_error(s->session) != '\0');
}

static bool shake(struct side *server, struct side *client)
{
	enum tls_result a = TLS_WANT_READ, b = TLS_WANT_READ;

	for (int i = 0; i < WAY_MAX && (waits(a) || waits(b)); i++) {
		if (waits(b))
			b = tls_session_handshake(client->session);
		if (waits(a))
			a = tls_session_handshake(server->session);
		if (a == TLS_FAILED || b == TLS_FAILED)
			break;
	}
	return a == TLS_DONE && b == TLS_DONE;
}

/* What nobody encrypted does not arrive. */
static void read_nothing(struct side *s)
{
	char in[512];
	size_t done;

	for (int i = 0; i < TURNS && s->in->len; i++)
		if (tls_session_read(s->session, in, sizeof(in), &done) == TLS_DONE)
			abort();
}

static void damage(struct way *w, const uint8_t *data, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i + 1 < size && w->len; i += 2) {
		at = (at + data[i]) % w->len;
		w->data[at] = (unsigned char)(w->data[at] + data[i + 1]);
	}
}

/* An honest peer behind a way that changes its first flight. */
static void cross(struct side *server, struct side *client, const uint8_t *data, size_t size)
{
	enum { RECORD_VERSION_END = 3 }; /* what comes before is not covered by the Finished */
	unsigned char sent[WAY_MAX];
	size_t len;

	while (tls_session_handshake(client->session) == TLS_WANT_WRITE)
		continue;
	len = to_server.len;
	expect(len > RECORD_VERSION_END);
	memcpy(sent, to_server.data, len);
	damage(&to_server, data, size);
	if (memcmp(sent + RECORD_VERSION_END, to_server.data + RECORD_VERSION_END,
		   len - RECORD_VERSION_END) != 0)
		expect(!shake(server, client));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct side server, client;

	if (size < 2)
		return 0;
	to_server.len = to_client.len = 0;
	to_server.width = to_client.width = data[1] ? data[1] : WAY_MAX;
	open_side(&server, server_context, &to_server, &to_client);
	open_side(&client, client_context, &to_client, &to_server);
	switch (data[0]) {
	case 'c':
		put(&to_client, data + 2, size - 2);
		hear(&client);
		break;
	case 'e':
		expect(shake(&server, &client));
		to_server.len = 0;
		put(&to_server, data + 2, size - 2);
		read_nothing(&server);
		break;
	case 'x':
		cross(&server, &client, data + 2, size - 2);
		break;
	default:
		put(&to_server, data + 2, size - 2);
		hear(&server);
		break;
	}
	tls_session_close(server.session);
	tls_session_free(server.session);
	tls_session_free(client.session);
	return 0;
}
