/*
 * tls_nss: the Mozilla NSS back end of tls.h.
 *
 * A session is an NSPR layer stack of two: our layer, which moves ciphertext
 * by the owner's callbacks, and NSS's on top.  Faults of a peer's certificate
 * are collected, as in the OpenSSL back end, and judged by the caller.
 */
#include "config.h"

#include "common/net/tls.h"

#include <cert.h>
#include <certdb.h>
#include <errno.h>
#include <keyhi.h>
#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <secerr.h>
#include <ssl.h>
#include <sslerr.h>
#include <sslproto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/buffer.h"
#include "common/base/str.h"

struct tls_context {
	NSSInitContext *nss;
	CERTCertificate *cert;
	CERTCertificateList *chain;
	SECKEYPrivateKey *key;
	unsigned refs;
	enum tls_role role;
	enum tls_request request;
	time_t not_after;
};

struct tls_session {
	PRFileDesc *fd;
	struct tls_context *context;
	struct tls_io io;
	PRErrorCode first_fault; /* of the peer's chain; 0 = none */
	enum tls_result blocked; /* which way the last transfer could not go */
	bool failed;
	char error[200];
	SSLChannelInfo channel;
	SSLCipherSuiteInfo suite;
};

const char *tls_backend_name(void)
{
	return "NSS";
}

const char *tls_build_phrase(void)
{
	return "with SSL support: NSS; with client certificate validation";
}

static const char *error_text(PRErrorCode code)
{
	const char *text = PR_ErrorToString(code, PR_LANGUAGE_I_DEFAULT);

	return text && *text ? text : PR_ErrorToName(code);
}

/* ---- the bytes' way: an NSPR layer over the owner's callbacks ---- */

static PRDescIdentity layer_identity = PR_INVALID_IO_LAYER;
static PRIOMethods layer_methods;

static struct tls_session *session_of(const PRFileDesc *fd)
{
	return (struct tls_session *)fd->secret;
}

static PRInt32 moved(struct tls_session *s, ssize_t n, enum tls_result way)
{
	if (n >= 0)
		return (PRInt32)n;
	if (errno == EAGAIN || errno == EINTR) {
		s->blocked = way;
		PR_SetError(PR_WOULD_BLOCK_ERROR, errno);
	} else {
		PR_SetError(PR_CONNECT_RESET_ERROR, errno);
	}
	return -1;
}

static PRInt32 layer_read(PRFileDesc *fd, void *data, PRInt32 len)
{
	struct tls_session *s = session_of(fd);

	return moved(s, s->io.pull(s->io.arg, data, (size_t)len), TLS_WANT_READ);
}

static PRInt32 layer_recv(PRFileDesc *fd, void *data, PRInt32 len, PRIntn flags,
			  PRIntervalTime timeout)
{
	(void)flags;
	(void)timeout;
	return layer_read(fd, data, len);
}

static PRInt32 layer_write(PRFileDesc *fd, const void *data, PRInt32 len)
{
	struct tls_session *s = session_of(fd);

	return moved(s, s->io.push(s->io.arg, data, (size_t)len), TLS_WANT_WRITE);
}

static PRInt32 layer_send(PRFileDesc *fd, const void *data, PRInt32 len, PRIntn flags,
			  PRIntervalTime timeout)
{
	(void)flags;
	(void)timeout;
	return layer_write(fd, data, len);
}

/* NSS wants a peer's address as a key of its session cache. The SNI name tells servers apart. */
static PRStatus layer_peer(PRFileDesc *fd, PRNetAddr *addr)
{
	(void)fd;
	memset(addr, 0, sizeof(*addr));
	addr->inet.family = PR_AF_INET;
	addr->inet.ip = PR_htonl(0x7f000001);
	return PR_SUCCESS;
}

static PRStatus layer_get_option(PRFileDesc *fd, PRSocketOptionData *option)
{
	(void)fd;
	if (option->option != PR_SockOpt_Nonblocking) {
		PR_SetError(PR_NOT_IMPLEMENTED_ERROR, 0);
		return PR_FAILURE;
	}
	option->value.non_blocking = PR_TRUE;
	return PR_SUCCESS;
}

/* There is no socket to set anything on, and nothing to shut down: that is the owner's. */
static PRStatus layer_set_option(PRFileDesc *fd, const PRSocketOptionData *option)
{
	(void)fd;
	(void)option;
	return PR_SUCCESS;
}

static PRStatus layer_shutdown(PRFileDesc *fd, PRIntn how)
{
	(void)fd;
	(void)how;
	return PR_SUCCESS;
}

static PRStatus layer_close(PRFileDesc *fd)
{
	fd->secret = NULL;
	fd->dtor(fd);
	return PR_SUCCESS;
}

static PRFileDesc *new_layer(struct tls_session *s)
{
	PRFileDesc *fd;

	if (layer_identity == PR_INVALID_IO_LAYER) {
		layer_identity = PR_GetUniqueIdentity("chestnut");
		layer_methods = *PR_GetDefaultIOMethods();
		layer_methods.read = layer_read;
		layer_methods.recv = layer_recv;
		layer_methods.write = layer_write;
		layer_methods.send = layer_send;
		layer_methods.getpeername = layer_peer;
		layer_methods.getsockname = layer_peer;
		layer_methods.getsocketoption = layer_get_option;
		layer_methods.setsocketoption = layer_set_option;
		layer_methods.shutdown = layer_shutdown;
		layer_methods.close = layer_close;
	}
	fd = PR_CreateIOLayerStub(layer_identity, &layer_methods);
	if (fd)
		fd->secret = (PRFilePrivate *)s;
	return fd;
}

/* ---- contexts ---- */

/* Asked once per token, with the password of CERTIDENT; a second question means that it was wrong.
 */
static char *give_password(PK11SlotInfo *slot, PRBool retry, void *arg)
{
	const char *password = arg;

	(void)slot;
	return retry || !password ? NULL : PORT_Strdup(password);
}

static bool open_database(struct tls_context *c, const struct tls_settings *s, char *why,
			  size_t size)
{
	PRUint32 flags = NSS_INIT_READONLY | NSS_INIT_PK11RELOAD;
	struct stat st;

	if (!s->cert_path) {
		c->nss = NSS_InitContext("", "", "", "", NULL,
					 flags | NSS_INIT_NOCERTDB | NSS_INIT_NOMODDB |
						 NSS_INIT_FORCEOPEN | NSS_INIT_NOROOTINIT);
		if (c->nss)
			return true;
		str_format(why, size, "NSS: %s", error_text(PR_GetError()));
		return false;
	}
	if (stat(s->cert_path, &st) != 0) {
		str_format(why, size, "CERTPATH %s: %s", s->cert_path, strerror(errno));
		return false;
	}
	if (st.st_mode & S_IWOTH) {
		str_format(why, size, "CERTPATH %s can be changed by everybody; chmod o-w %s",
			   s->cert_path, s->cert_path);
		return false;
	}
	c->nss = NSS_InitContext(s->cert_path, "", "", SECMOD_DB, NULL, flags);
	if (c->nss)
		return true;
	str_format(why, size,
		   "CERTPATH %s: %s; it has to be a folder with an NSS database (certutil -N -d "
		   "sql:%s)",
		   s->cert_path, error_text(PR_GetError()), s->cert_path);
	return false;
}

static time_t seconds(PRTime t)
{
	return (time_t)(t / PR_USEC_PER_SEC);
}

/*
 * A key in the database stays encrypted there, and each use derives its
 * encryption anew from the password: 20 ms a handshake.  A copy that lives as
 * long as the context is used at once.  Tokens that give no copies keep theirs.
 */
static void unlock_key(struct tls_context *c)
{
	SECKEYPrivateKey *copy = PK11_CopyTokenPrivKeyToSessionPrivKey(c->key->pkcs11Slot, c->key);

	if (!copy)
		return;
	SECKEY_DestroyPrivateKey(c->key);
	c->key = copy;
}

static bool load_identity(struct tls_context *c, const struct tls_settings *s, char *why,
			  size_t size)
{
	PRTime not_before, not_after;

	PK11_SetPasswordFunc(give_password);
	c->cert = PK11_FindCertFromNickname(s->ident_name, (void *)s->ident_password);
	if (!c->cert) {
		str_format(why, size,
			   "CERTIDENT %s: no certificate of that nickname in %s (certutil -L -d "
			   "sql:%s lists them)",
			   s->ident_name, s->cert_path, s->cert_path);
		return false;
	}
	c->key = PK11_FindKeyByAnyCert(c->cert, (void *)s->ident_password);
	if (!c->key) {
		str_format(why, size,
			   "CERTIDENT %s: its key cannot be had from %s: %s; is the password of "
			   "the database right?",
			   s->ident_name, s->cert_path, error_text(PR_GetError()));
		return false;
	}
	unlock_key(c);
	/* Found here once: in the database it costs 14 ms, for NSS checks the trust's signatures.
	 */
	c->chain = CERT_CertChainFromCert(c->cert, certUsageSSLServer, PR_TRUE);
	if (CERT_GetCertTimes(c->cert, &not_before, &not_after) == SECSuccess)
		c->not_after = seconds(not_after);
	return true;
}

/* Forward secret AEAD suites only; TLS 1.3 has no others. */
static void choose_ciphers(PRFileDesc *fd)
{
	const PRUint16 *suites = SSL_GetImplementedCiphers();

	for (PRUint16 i = 0; i < SSL_GetNumImplementedCiphers(); i++) {
		SSLCipherSuiteInfo info;
		bool good = SSL_GetCipherSuiteInfo(suites[i], &info, sizeof(info)) == SECSuccess &&
			    info.macAlgorithm == ssl_mac_aead &&
			    (info.keaType == ssl_kea_ecdh || info.keaType == ssl_kea_dh ||
			     info.keaType == ssl_kea_tls13_any) &&
			    info.authType != ssl_auth_null;

		SSL_CipherPrefSet(fd, suites[i], good ? PR_TRUE : PR_FALSE);
	}
}

struct tls_context *tls_context_new(const struct tls_settings *s, char *why, size_t size)
{
	struct tls_context *c = calloc(1, sizeof(*c));
	bool named = s->ident_name && *s->ident_name;

	if (!c) {
		str_format(why, size, "out of memory");
		return NULL;
	}
	c->refs = 1;
	c->role = s->role;
	c->request = s->request;
	if (s->role == TLS_SERVER && (!s->cert_path || !named)) {
		str_format(why, size,
			   "a server needs a certificate; name its database with "
			   "CERTPATH and its nickname with CERTIDENT");
		goto failed;
	}
	if (!open_database(c, s, why, size))
		goto failed;
	if (named && s->cert_path && !load_identity(c, s, why, size))
		goto failed;
	if (s->role == TLS_SERVER && SSL_ConfigServerSessionIDCache(0, 0, 0, NULL) != SECSuccess) {
		str_format(why, size, "NSS: %s", error_text(PR_GetError()));
		goto failed;
	}
	return c;
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
	if (c->key)
		SECKEY_DestroyPrivateKey(c->key);
	if (c->chain)
		CERT_DestroyCertificateList(c->chain);
	if (c->cert)
		CERT_DestroyCertificate(c->cert);
	if (c->nss) {
		SSL_ClearSessionCache();
		NSS_ShutdownContext(c->nss);
	}
	free(c);
}

time_t tls_context_not_after(const struct tls_context *c)
{
	return c->not_after;
}

/* ---- sessions ---- */

static SECStatus judge_peer(void *arg, PRFileDesc *fd, PRBool check_signature, PRBool is_server)
{
	struct tls_session *s = arg;
	CERTCertificate *cert = SSL_PeerCertificate(fd);
	SECCertUsage usage = is_server ? certUsageSSLClient : certUsageSSLServer;
	bool must = s->context->role == TLS_SERVER && s->context->request == TLS_REQUEST_REQUIRE;
	SECStatus status;

	if (!cert)
		return SECFailure;
	status = CERT_VerifyCert(CERT_GetDefaultCertDB(), cert, check_signature, usage, PR_Now(),
				 NULL, NULL);
	if (status != SECSuccess)
		s->first_fault = PR_GetError();
	CERT_DestroyCertificate(cert);
	return must ? status : SECSuccess;
}

static SECStatus offer_identity(void *arg, PRFileDesc *fd, CERTDistNames *authorities,
				CERTCertificate **cert, SECKEYPrivateKey **key)
{
	const struct tls_session *s = arg;

	(void)fd;
	(void)authorities;
	if (!s->context->cert)
		return SECFailure;
	*cert = CERT_DupCertificate(s->context->cert);
	*key = SECKEY_CopyPrivateKey(s->context->key);
	return SECSuccess;
}

static bool set_server(struct tls_session *s)
{
	const struct tls_context *c = s->context;
	const SSLExtraServerCertData extra = {.authType = ssl_auth_null, .certChain = c->chain};

	return SSL_ConfigServerCert(s->fd, c->cert, c->key, &extra, sizeof(extra)) == SECSuccess &&
	       SSL_OptionSet(s->fd, SSL_REQUEST_CERTIFICATE, c->request != TLS_REQUEST_NO) ==
		       SECSuccess &&
	       SSL_OptionSet(s->fd, SSL_REQUIRE_CERTIFICATE,
			     c->request == TLS_REQUEST_REQUIRE ? SSL_REQUIRE_ALWAYS
							       : SSL_REQUIRE_NEVER) == SECSuccess;
}

static bool configure(struct tls_session *s, const char *server_name)
{
	const SSLVersionRange versions = {SSL_LIBRARY_VERSION_TLS_1_2, SSL_LIBRARY_VERSION_TLS_1_3};
	bool server = s->context->role == TLS_SERVER;
	PRNetAddr address;

	if (SSL_OptionSet(s->fd, SSL_SECURITY, PR_TRUE) != SECSuccess ||
	    SSL_OptionSet(s->fd, server ? SSL_HANDSHAKE_AS_SERVER : SSL_HANDSHAKE_AS_CLIENT,
			  PR_TRUE) != SECSuccess ||
	    SSL_OptionSet(s->fd, SSL_ENABLE_RENEGOTIATION, SSL_RENEGOTIATE_NEVER) != SECSuccess ||
	    SSL_OptionSet(s->fd, SSL_ENABLE_SESSION_TICKETS, PR_TRUE) != SECSuccess ||
	    SSL_VersionRangeSet(s->fd, &versions) != SECSuccess ||
	    SSL_AuthCertificateHook(s->fd, judge_peer, s) != SECSuccess)
		return false;
	choose_ciphers(s->fd);
	if (server)
		return set_server(s) && SSL_ResetHandshake(s->fd, PR_TRUE) == SECSuccess;
	/* SNI carries names only (RFC 6066 section 3). */
	if (server_name && PR_StringToNetAddr(server_name, &address) != PR_SUCCESS &&
	    SSL_SetURL(s->fd, server_name) != SECSuccess)
		return false;
	return SSL_GetClientAuthDataHook(s->fd, offer_identity, s) == SECSuccess &&
	       SSL_ResetHandshake(s->fd, PR_FALSE) == SECSuccess;
}

struct tls_session *tls_session_new(struct tls_context *c, const struct tls_io *io,
				    const char *server_name)
{
	struct tls_session *s = calloc(1, sizeof(*s));
	PRFileDesc *layer;

	if (!s)
		return NULL;
	s->io = *io;
	s->blocked = TLS_WANT_READ;
	s->context = tls_context_ref(c);
	layer = new_layer(s);
	if (!layer)
		goto failed;
	s->fd = SSL_ImportFD(NULL, layer);
	if (!s->fd) {
		PR_Close(layer);
		goto failed;
	}
	if (configure(s, server_name))
		return s;
failed:
	tls_session_free(s);
	return NULL;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	if (s->fd)
		PR_Close(s->fd);
	tls_context_unref(s->context);
	free(s);
}

static enum tls_result result_of(struct tls_session *s)
{
	PRErrorCode code = PR_GetError();

	if (code == PR_WOULD_BLOCK_ERROR)
		return s->blocked;
	if (!s->failed)
		str_copy(s->error, sizeof(s->error),
			 code == PR_END_OF_FILE_ERROR ? "peer disconnected" : error_text(code));
	s->failed = true;
	return TLS_FAILED;
}

enum tls_result tls_session_handshake(struct tls_session *s)
{
	if (s->failed)
		return TLS_FAILED;
	PR_SetError(0, 0);
	if (SSL_ForceHandshake(s->fd) != SECSuccess)
		return result_of(s);
	if (SSL_GetChannelInfo(s->fd, &s->channel, sizeof(s->channel)) == SECSuccess)
		SSL_GetCipherSuiteInfo(s->channel.cipherSuite, &s->suite, sizeof(s->suite));
	return TLS_DONE;
}

static PRInt32 bounded(size_t len)
{
	return len > 16384 ? 16384 : (PRInt32)len;
}

enum tls_result tls_session_read(struct tls_session *s, void *data, size_t len, size_t *done)
{
	PRInt32 n;

	*done = 0;
	if (s->failed)
		return TLS_FAILED;
	PR_SetError(0, 0);
	n = PR_Read(s->fd, data, bounded(len));
	if (n > 0)
		*done = (size_t)n;
	return n > 0 ? TLS_DONE : n == 0 ? TLS_CLOSED : result_of(s);
}

enum tls_result tls_session_write(struct tls_session *s, const void *data, size_t len, size_t *done)
{
	PRInt32 n;

	*done = 0;
	if (s->failed)
		return TLS_FAILED;
	PR_SetError(0, 0);
	n = PR_Write(s->fd, data, bounded(len));
	if (n > 0)
		*done = (size_t)n;
	return n > 0 ? TLS_DONE : result_of(s);
}

bool tls_session_pending(const struct tls_session *s)
{
	return SSL_DataPending(s->fd) > 0;
}

void tls_session_close(struct tls_session *s)
{
	if (!s->failed)
		PR_Shutdown(s->fd, PR_SHUTDOWN_SEND);
}

const char *tls_session_error(const struct tls_session *s)
{
	return s->error;
}

const char *tls_session_protocol(const struct tls_session *s)
{
	switch (s->channel.protocolVersion) {
	case SSL_LIBRARY_VERSION_TLS_1_3:
		return "TLSv1.3";
	case SSL_LIBRARY_VERSION_TLS_1_2:
		return "TLSv1.2";
	default:
		return "unknown";
	}
}

const char *tls_session_cipher(const struct tls_session *s)
{
	return s->suite.cipherSuiteName ? s->suite.cipherSuiteName : "unknown";
}

/* ---- the peer ---- */

static void print_name(CERTName *name, char *dst, size_t size)
{
	char *text = CERT_NameToAscii(name);

	str_copy(dst, size, text ? text : "");
	PORT_Free(text);
}

static void append_name(struct buffer *b, const CERTGeneralName *name)
{
	PRNetAddr address = {.raw = {.family = PR_AF_INET}};
	char text[64];

	if (name->type == certDNSName) {
		buffer_appendf(b, "%s%.*s", b->len ? ", " : "", (int)name->name.other.len,
			       (const char *)name->name.other.data);
		return;
	}
	if (name->type != certIPAddress)
		return;
	if (name->name.other.len == sizeof(address.inet.ip)) {
		memcpy(&address.inet.ip, name->name.other.data, sizeof(address.inet.ip));
	} else if (name->name.other.len == sizeof(address.ipv6.ip)) {
		address.raw.family = PR_AF_INET6;
		memcpy(&address.ipv6.ip, name->name.other.data, sizeof(address.ipv6.ip));
	} else {
		return;
	}
	if (PR_NetAddrToString(&address, text, sizeof(text)) == PR_SUCCESS)
		buffer_appendf(b, "%s%s", b->len ? ", " : "", text);
}

static void list_names(CERTCertificate *cert, char *dst, size_t size)
{
	SECItem extension = {0};
	struct buffer b = {.max = 4096};
	PLArenaPool *arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	CERTGeneralName *first, *name;

	*dst = '\0';
	if (arena &&
	    CERT_FindCertExtension(cert, SEC_OID_X509_SUBJECT_ALT_NAME, &extension) == SECSuccess) {
		first = name = CERT_DecodeAltNameExtension(arena, &extension);
		while (name) {
			append_name(&b, name);
			name = CERT_GetNextGeneralName(name);
			if (name == first)
				break;
		}
	}
	str_copy(dst, size, buffer_string(&b));
	buffer_free(&b);
	SECITEM_FreeItem(&extension, PR_FALSE);
	if (arena)
		PORT_FreeArena(arena, PR_FALSE);
}

static void describe_key(CERTCertificate *cert, struct tls_peer *peer)
{
	SECKEYPublicKey *key = CERT_ExtractPublicKey(cert);

	if (!key)
		return;
	peer->key_bits = SECKEY_PublicKeyStrengthInBits(key);
	peer->key_is_rsa = SECKEY_GetPublicKeyType(key) == rsaKey;
	SECKEY_DestroyPublicKey(key);
}

static bool is_unknown_issuer(PRErrorCode fault)
{
	return fault == SEC_ERROR_UNKNOWN_ISSUER || fault == SEC_ERROR_UNTRUSTED_ISSUER ||
	       fault == SEC_ERROR_UNTRUSTED_CERT || fault == SEC_ERROR_CA_CERT_INVALID;
}

void tls_session_peer(const struct tls_session *s, struct tls_peer *peer)
{
	CERTCertificate *cert = SSL_PeerCertificate(s->fd);
	PRTime not_before, not_after;
	time_t now = time(NULL);

	*peer = (struct tls_peer){.present = cert != NULL};
	if (!cert)
		return;
	peer->chain_ok = s->first_fault == 0;
	peer->unknown_issuer = is_unknown_issuer(s->first_fault);
	if (!peer->chain_ok)
		str_copy(peer->problem, sizeof(peer->problem), error_text(s->first_fault));
	print_name(&cert->subject, peer->subject, sizeof(peer->subject));
	print_name(&cert->issuer, peer->issuer, sizeof(peer->issuer));
	list_names(cert, peer->names, sizeof(peer->names));
	if (CERT_GetCertTimes(cert, &not_before, &not_after) == SECSuccess) {
		peer->not_before = seconds(not_before);
		peer->not_after = seconds(not_after);
	}
	peer->dates_ok = peer->not_before <= now && now <= peer->not_after;
	describe_key(cert, peer);
	PK11_HashBuf(SEC_OID_SHA256, peer->certificate_sha256, cert->derCert.data,
		     (PRInt32)cert->derCert.len);
	PK11_HashBuf(SEC_OID_SHA256, peer->key_sha256, cert->derPublicKey.data,
		     (PRInt32)cert->derPublicKey.len);
	CERT_DestroyCertificate(cert);
}

bool tls_session_peer_is(const struct tls_session *s, const char *name)
{
	CERTCertificate *cert = SSL_PeerCertificate(s->fd);
	char *common_name;
	bool same;

	if (!cert)
		return false;
	common_name = CERT_GetCommonName(&cert->subject);
	same = CERT_VerifyCertName(cert, name) == SECSuccess ||
	       str_equal(cert->subjectName, name) ||
	       (common_name && str_caseequal(common_name, name));
	PORT_Free(common_name);
	CERT_DestroyCertificate(cert);
	return same;
}
