/*
 * tls_openssl: the OpenSSL 3 back end of tls.h.
 *
 * Peers are verified by collecting faults, not by breaking off: a client's
 * policy (trust store, FORCESSL without CERTVERIFY) decides after the
 * handshake and before its first byte.  Only a server that requires a client
 * certificate lets OpenSSL refuse, so that the client hears an alert.
 */
#include "config.h"

#include "common/net/tls.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/str.h"

/* Forward secret AEAD suites; TLS 1.3 has no others. */
static const char ciphers_12[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20";

struct tls_context {
	SSL_CTX *ctx;
	unsigned refs;
	enum tls_role role;
	enum tls_request request;
	time_t not_after;
};

struct tls_session {
	SSL *ssl;
	struct tls_context *context;
	struct tls_io io;
	int first_fault; /* X509_V_* of the peer's chain */
	bool failed;
	char error[200];
};

const char *tls_backend_name(void)
{
	return "OpenSSL";
}

const char *tls_build_phrase(void)
{
	return "with SSL support: OpenSSL; with client certificate validation";
}

/* The oldest error of OpenSSL's queue as text; the queue is empty afterwards. */
static void take_error(char *dst, size_t size, const char *fallback)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	str_copy(dst, size, reason ? reason : fallback);
	ERR_clear_error();
}

static time_t time_of(const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return 0;
	return timegm(&tm);
}

/* ---- the bytes' way: a BIO over the owner's callbacks ---- */

static int bio_read(BIO *bio, char *data, int len)
{
	const struct tls_io *io = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	n = io->pull(io->arg, data, (size_t)len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	return (int)n;
}

static int bio_write(BIO *bio, const char *data, int len)
{
	const struct tls_io *io = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	n = io->push(io->arg, data, (size_t)len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(bio);
	return (int)n;
}

static long bio_ctrl(BIO *bio, int cmd, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *method;

	if (method)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chestnut");
	if (!method)
		return NULL;
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	return method;
}

/* ---- contexts ---- */

static int give_password(char *buf, int size, int writing, void *arg)
{
	const char *password = arg;

	(void)writing;
	if (!password || !str_copy(buf, (size_t)size, password))
		return -1; /* without one OpenSSL would ask on the terminal */
	return (int)strlen(buf);
}

static int keep_first_fault(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *s = ssl ? SSL_get_app_data(ssl) : NULL;

	if (ok || !s)
		return ok;
	if (s->first_fault == X509_V_OK)
		s->first_fault = X509_STORE_CTX_get_error(store);
	return s->context->role == TLS_CLIENT || s->context->request != TLS_REQUEST_REQUIRE;
}

/* Every certificate file of a folder is an anchor, whether its name is a hash or not. */
static bool load_folder(X509_STORE *store, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned loaded = 0;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		char path[4096];
		struct stat st;

		if (entry->d_name[0] == '.' ||
		    !str_format(path, sizeof(path), "%s/%s", folder, entry->d_name) ||
		    stat(path, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (X509_STORE_load_file(store, path) == 1)
			loaded++;
	}
	closedir(dir);
	ERR_clear_error(); /* files that are no certificates may lie there too */
	return loaded > 0;
}

static BIO *open_pem(const struct tls_settings *s, const char *path)
{
	int fd = s->open ? s->open(s->open_arg, path) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	BIO *bio = file ? BIO_new_fp(file, BIO_CLOSE) : NULL;

	if (bio)
		return bio;
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return NULL;
}

/* Takes what a PEM file holds: authorities, which clients are told of too, and revocation lists. */
static bool take_authorities(struct tls_context *c, BIO *bio)
{
	STACK_OF(X509_INFO) *found = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
	X509_STORE *store = SSL_CTX_get_cert_store(c->ctx);
	unsigned loaded = 0;

	for (int i = 0; i < sk_X509_INFO_num(found); i++) {
		const X509_INFO *info = sk_X509_INFO_value(found, i);

		if (info->x509 && X509_STORE_add_cert(store, info->x509) == 1) {
			loaded++;
			if (c->request != TLS_REQUEST_NO)
				SSL_CTX_add_client_CA(c->ctx, info->x509);
		}
		if (info->crl)
			X509_STORE_add_crl(store, info->crl);
	}
	sk_X509_INFO_pop_free(found, X509_INFO_free);
	return loaded > 0;
}

static bool load_authorities(struct tls_context *c, const struct tls_settings *s, char *why,
			     size_t size)
{
	BIO *bio = open_pem(s, s->cert_path);
	char reason[128];
	bool loaded;

	if (!bio) {
		str_format(why, size, "CERTPATH %s: %s", s->cert_path, strerror(errno));
		return false;
	}
	loaded = take_authorities(c, bio);
	BIO_free(bio);
	if (loaded)
		return true;
	take_error(reason, sizeof(reason), "not a PEM file of certificates");
	str_format(why, size, "CERTPATH %s: %s", s->cert_path, reason);
	return false;
}

static bool load_anchors(struct tls_context *c, const struct tls_settings *s, char *why,
			 size_t size)
{
	const char *path = s->cert_path;
	struct stat st;

	/* What is out of our own reach may be within that of s->open, which has rules of its own.
	 */
	if (stat(path, &st) != 0)
		return load_authorities(c, s, why, size);
	if (st.st_mode & S_IWOTH) {
		str_format(why, size, "CERTPATH %s can be changed by everybody; chmod o-w %s", path,
			   path);
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		return load_authorities(c, s, why, size);
	if (load_folder(SSL_CTX_get_cert_store(c->ctx), path))
		return true;
	str_format(why, size,
		   "CERTPATH %s holds no certificate that can be read; put the authority's "
		   "certificate there as a PEM file",
		   path);
	return false;
}

static bool name_matches(X509 *cert, const char *name)
{
	unsigned char address[16];
	char text[512];

	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
		return X509_check_ip_asc(cert, name, 0) == 1;
	if (X509_check_host(cert, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1)
		return true;
	if (X509_NAME_oneline(X509_get_subject_name(cert), text, sizeof(text)) &&
	    strcmp(text, name) == 0)
		return true;
	return X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text,
					 sizeof(text)) > 0 &&
	       str_caseequal(text, name);
}

/* The first certificate is our own, all that follow are its chain. */
static bool use_certificates(SSL_CTX *ctx, BIO *bio, char *password)
{
	X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, give_password, password);
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(bio, NULL, give_password, password))) {
		ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
		if (!ok)
			X509_free(cert);
	}
	if (ok)
		ERR_clear_error(); /* the end of the file is one */
	return ok;
}

static bool use_key(SSL_CTX *ctx, BIO *bio, char *password)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_password, password);
	bool ok =
		key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	return ok;
}

static bool load_pem(struct tls_context *c, const struct tls_settings *s, char *why, size_t size)
{
	char *password = (char *)s->ident_password;
	BIO *bio = open_pem(s, s->cert_file);
	char reason[128];
	bool ok = false;

	if (!bio) {
		str_format(why, size, "CERTFILE %s: %s", s->cert_file, strerror(errno));
		return false;
	}
	if (!use_certificates(c->ctx, bio, password)) {
		take_error(reason, sizeof(reason), "no certificate in it");
		str_format(why, size,
			   "CERTFILE %s: %s; it has to hold the certificate, its chain and its "
			   "key, in PEM",
			   s->cert_file, reason);
	} else if (BIO_seek(bio, 0) != 0 || !use_key(c->ctx, bio, password)) {
		take_error(reason, sizeof(reason), "no key in it");
		str_format(why, size,
			   "CERTFILE %s: %s; is the key of this certificate in the file, and its "
			   "password in CERTIDENT?",
			   s->cert_file, reason);
	} else {
		ok = true;
	}
	BIO_free(bio);
	return ok;
}

static bool load_identity(struct tls_context *c, const struct tls_settings *s, char *why,
			  size_t size)
{
	X509 *cert;

	if (!load_pem(c, s, why, size))
		return false;
	cert = SSL_CTX_get0_certificate(c->ctx);
	c->not_after = time_of(X509_get0_notAfter(cert));
	if (s->ident_name && *s->ident_name && !name_matches(cert, s->ident_name)) {
		str_format(why, size,
			   "CERTIDENT %s: the certificate in %s is for somebody else; name it as "
			   "its subject does, or \"\"",
			   s->ident_name, s->cert_file);
		return false;
	}
	return true;
}

static void set_policy(struct tls_context *c)
{
	static const unsigned char session_id[] = "chestnut";
	int mode = SSL_VERIFY_PEER;

	SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(c->ctx, ciphers_12);
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					    SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_id_context(c->ctx, session_id, sizeof(session_id) - 1);
	/* Tickets resume sessions without a table here; one is enough for our clients. */
	SSL_CTX_set_num_tickets(c->ctx, 1);
	SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_OFF);
	if (c->role == TLS_SERVER && c->request == TLS_REQUEST_NO)
		mode = SSL_VERIFY_NONE;
	if (c->role == TLS_SERVER && c->request == TLS_REQUEST_REQUIRE)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(c->ctx, mode, keep_first_fault);
}

struct tls_context *tls_context_new(const struct tls_settings *s, char *why, size_t size)
{
	struct tls_context *c = calloc(1, sizeof(*c));

	if (!c)
		goto no_memory;
	c->refs = 1;
	c->role = s->role;
	c->request = s->request;
	c->ctx = SSL_CTX_new(s->role == TLS_SERVER ? TLS_server_method() : TLS_client_method());
	if (!c->ctx)
		goto no_memory;
	set_policy(c);
	if (s->role == TLS_SERVER && !s->cert_file) {
		str_format(why, size, "a server needs a certificate; name it with CERTFILE");
		goto failed;
	}
	if (s->cert_file && !load_identity(c, s, why, size))
		goto failed;
	if (s->cert_path && !load_anchors(c, s, why, size))
		goto failed;
	if (s->role == TLS_SERVER && s->request != TLS_REQUEST_NO && !s->cert_path) {
		str_format(why, size,
			   "CERTREQUEST needs the authorities of the clients; name them with "
			   "CERTPATH");
		goto failed;
	}
	return c;
no_memory:
	take_error(why, size, "out of memory");
failed:
	tls_context_unref(c);
	return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
	c->refs++;
	return c;
}

void tls_context_unref(struct tls_context *c)
{
	if (!c || --c->refs > 0)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

time_t tls_context_not_after(const struct tls_context *c)
{
	return c->not_after;
}

/* ---- sessions ---- */

static bool attach_io(struct tls_session *s)
{
	BIO_METHOD *method = bio_method();
	BIO *bio = method ? BIO_new(method) : NULL;

	if (!bio)
		return false;
	BIO_set_data(bio, &s->io);
	BIO_set_init(bio, 1);
	SSL_set_bio(s->ssl, bio, bio);
	return true;
}

struct tls_session *tls_session_new(struct tls_context *c, const struct tls_io *io,
				    const char *server_name)
{
	struct tls_session *s = calloc(1, sizeof(*s));
	unsigned char address[16];

	if (!s)
		return NULL;
	s->io = *io;
	s->first_fault = X509_V_OK;
	s->context = tls_context_ref(c);
	s->ssl = SSL_new(c->ctx);
	if (!s->ssl || !attach_io(s) || SSL_set_app_data(s->ssl, s) != 1) {
		ERR_clear_error();
		tls_session_free(s);
		return NULL;
	}
	if (c->role == TLS_SERVER) {
		SSL_set_accept_state(s->ssl);
		return s;
	}
	SSL_set_connect_state(s->ssl);
	/* SNI carries names only (RFC 6066 section 3). */
	if (server_name && inet_pton(AF_INET, server_name, address) != 1 &&
	    inet_pton(AF_INET6, server_name, address) != 1)
		SSL_set_tlsext_host_name(s->ssl, server_name);
	return s;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	tls_context_unref(s->context);
	free(s);
}

static enum tls_result fail(struct tls_session *s, const char *fallback)
{
	if (!s->failed)
		take_error(s->error, sizeof(s->error), fallback);
	s->failed = true;
	return TLS_FAILED;
}

/* What a call of OpenSSL that did not succeed means. */
static enum tls_result result_of(struct tls_session *s, int ret, int saved_errno)
{
	switch (SSL_get_error(s->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	case SSL_ERROR_SYSCALL:
		return fail(s, saved_errno ? strerror(saved_errno) : "peer disconnected");
	default:
		return fail(s, "TLS failure");
	}
}

enum tls_result tls_session_handshake(struct tls_session *s)
{
	int ret;

	if (s->failed)
		return TLS_FAILED;
	ERR_clear_error();
	errno = 0;
	ret = SSL_do_handshake(s->ssl);
	return ret == 1 ? TLS_DONE : result_of(s, ret, errno);
}

enum tls_result tls_session_read(struct tls_session *s, void *data, size_t len, size_t *done)
{
	int ret;

	*done = 0;
	if (s->failed)
		return TLS_FAILED;
	ERR_clear_error();
	errno = 0;
	ret = SSL_read_ex(s->ssl, data, len, done);
	return ret == 1 ? TLS_DONE : result_of(s, ret, errno);
}

enum tls_result tls_session_write(struct tls_session *s, const void *data, size_t len, size_t *done)
{
	int ret;

	*done = 0;
	if (s->failed)
		return TLS_FAILED;
	ERR_clear_error();
	errno = 0;
	ret = SSL_write_ex(s->ssl, data, len, done);
	return ret == 1 ? TLS_DONE : result_of(s, ret, errno);
}

bool tls_session_pending(const struct tls_session *s)
{
	return SSL_pending(s->ssl) > 0;
}

void tls_session_close(struct tls_session *s)
{
	if (!s->failed && SSL_is_init_finished(s->ssl))
		SSL_shutdown(s->ssl);
	ERR_clear_error();
}

const char *tls_session_error(const struct tls_session *s)
{
	return s->error;
}

const char *tls_session_protocol(const struct tls_session *s)
{
	return SSL_get_version(s->ssl);
}

const char *tls_session_cipher(const struct tls_session *s)
{
	return SSL_get_cipher_name(s->ssl);
}

/* ---- the peer ---- */

static void print_name(const X509_NAME *name, char *dst, size_t size)
{
	BIO *out = BIO_new(BIO_s_mem());
	int len;

	*dst = '\0';
	if (!out)
		return;
	X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	len = BIO_read(out, dst, (int)size - 1);
	dst[len > 0 ? len : 0] = '\0';
	BIO_free(out);
}

static void append_name(struct buffer *b, const GENERAL_NAME *name)
{
	char address[INET6_ADDRSTRLEN];
	const ASN1_OCTET_STRING *ip;
	int family;

	if (name->type == GEN_DNS) {
		buffer_appendf(b, "%s%.*s", b->len ? ", " : "", ASN1_STRING_length(name->d.dNSName),
			       (const char *)ASN1_STRING_get0_data(name->d.dNSName));
		return;
	}
	if (name->type != GEN_IPADD)
		return;
	ip = name->d.iPAddress;
	family = ASN1_STRING_length(ip) == 4 ? AF_INET : AF_INET6;
	if ((family == AF_INET || ASN1_STRING_length(ip) == 16) &&
	    inet_ntop(family, ASN1_STRING_get0_data(ip), address, sizeof(address)))
		buffer_appendf(b, "%s%s", b->len ? ", " : "", address);
}

static void list_names(X509 *cert, char *dst, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct buffer b = {.max = 4096};

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		append_name(&b, sk_GENERAL_NAME_value(names, i));
	str_copy(dst, size, buffer_string(&b));
	buffer_free(&b);
	GENERAL_NAMES_free(names);
}

static void digest_key(X509 *cert, unsigned char *dst)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (len > 0)
		EVP_Digest(der, (size_t)len, dst, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
}

static bool is_unknown_issuer(int fault)
{
	switch (fault) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		return true;
	default:
		return false;
	}
}

void tls_session_peer(const struct tls_session *s, struct tls_peer *peer)
{
	X509 *cert = SSL_get0_peer_certificate(s->ssl);
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
	time_t now = time(NULL);

	*peer = (struct tls_peer){.present = cert != NULL};
	if (!cert)
		return;
	peer->chain_ok = s->first_fault == X509_V_OK;
	peer->unknown_issuer = is_unknown_issuer(s->first_fault);
	if (!peer->chain_ok)
		str_copy(peer->problem, sizeof(peer->problem),
			 X509_verify_cert_error_string(s->first_fault));
	print_name(X509_get_subject_name(cert), peer->subject, sizeof(peer->subject));
	print_name(X509_get_issuer_name(cert), peer->issuer, sizeof(peer->issuer));
	list_names(cert, peer->names, sizeof(peer->names));
	peer->not_before = time_of(X509_get0_notBefore(cert));
	peer->not_after = time_of(X509_get0_notAfter(cert));
	peer->dates_ok = peer->not_before <= now && now <= peer->not_after;
	if (key) {
		peer->key_bits = (unsigned)EVP_PKEY_get_bits(key);
		peer->key_is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	}
	X509_digest(cert, EVP_sha256(), peer->certificate_sha256, NULL);
	digest_key(cert, peer->key_sha256);
	ERR_clear_error();
}

bool tls_session_peer_is(const struct tls_session *s, const char *name)
{
	X509 *cert = SSL_get0_peer_certificate(s->ssl);
	bool same = cert && name_matches(cert, name);

	ERR_clear_error();
	return same;
}
