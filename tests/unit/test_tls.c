#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/str.h"
#include "common/net/tls.h"
#include "tests/unit/tls_pair.h"

/* A handshake between two identities; fills what each learnt of the other. */
static bool meet(const char *server_id, const char *client_id, const char *client_trusts,
		 enum tls_request request, struct tls_peer *of_server, struct tls_peer *of_client,
		 const char *name, bool *name_ok)
{
	static struct pair p;
	char why[256] = "";
	struct tls_context *server =
		context_of(TLS_SERVER, server_id, request == TLS_REQUEST_NO ? NULL : "ca", request,
			   why, sizeof(why));
	struct tls_context *client =
		context_of(TLS_CLIENT, client_id, client_trusts, TLS_REQUEST_NO, why, sizeof(why));
	enum tls_result at_server, at_client;
	bool good;

	assert_string_equal(why, "");
	assert_non_null(server);
	assert_non_null(client);
	open_pair(&p, server, client, 65536);
	shake(&p, &at_server, &at_client);
	good = at_server == TLS_DONE && at_client == TLS_DONE;
	if (good && of_server)
		tls_session_peer(p.client.session, of_server);
	if (good && of_client)
		tls_session_peer(p.server.session, of_client);
	if (good && name)
		*name_ok = tls_session_peer_is(p.client.session, name);
	close_pair(&p);
	tls_context_unref(server);
	tls_context_unref(client);
	return good;
}

static void a_good_server_is_known_by_chain_and_names(void **state)
{
	struct tls_peer peer;
	bool same = false;

	(void)state;
	assert_true(meet("server", NULL, "ca", TLS_REQUEST_NO, &peer, NULL, "localhost", &same));
	assert_true(peer.present && peer.chain_ok && peer.dates_ok);
	assert_string_equal(peer.problem, "");
	assert_true(same);
	assert_string_equal(peer.names, "localhost, 127.0.0.1, ::1");
	assert_string_equal(peer.subject, "CN=localhost,O=Test");
	assert_string_equal(peer.issuer, "CN=Test Authority");
	assert_true(peer.not_before < peer.not_after);
	assert_int_equal(peer.key_bits, 256);
	assert_false(peer.key_is_rsa);
	assert_memory_not_equal(peer.certificate_sha256, peer.key_sha256, TLS_SHA256_BYTES);
	assert_true(meet("server", NULL, "ca", TLS_REQUEST_NO, NULL, NULL, "127.0.0.1", &same));
	assert_true(same);
	assert_true(meet("server", NULL, "ca", TLS_REQUEST_NO, NULL, NULL, "127.0.0.2", &same));
	assert_false(same);
	assert_true(meet("server", NULL, "ca", TLS_REQUEST_NO, NULL, NULL, "local", &same));
	assert_false(same);
	assert_true(meet("wrongname", NULL, "ca", TLS_REQUEST_NO, NULL, NULL, "localhost", &same));
	assert_false(same);
}

static void the_fingerprints_are_of_this_certificate_and_this_key(void **state)
{
	struct tls_peer first, again, other;

	(void)state;
	assert_true(meet("server", NULL, "ca", TLS_REQUEST_NO, &first, NULL, NULL, NULL));
	assert_true(meet("server", NULL, NULL, TLS_REQUEST_NO, &again, NULL, NULL, NULL));
	assert_true(meet("rsa", NULL, "ca", TLS_REQUEST_NO, &other, NULL, NULL, NULL));
	assert_memory_equal(first.key_sha256, again.key_sha256, TLS_SHA256_BYTES);
	assert_memory_equal(first.certificate_sha256, again.certificate_sha256, TLS_SHA256_BYTES);
	assert_memory_not_equal(first.key_sha256, other.key_sha256, TLS_SHA256_BYTES);
	assert_true(other.key_is_rsa);
	assert_int_equal(other.key_bits, 2048);
}

static void a_stranger_is_told_from_an_expired_certificate(void **state)
{
	struct tls_peer peer;

	(void)state;
	assert_true(meet("othercert", NULL, "ca", TLS_REQUEST_NO, &peer, NULL, NULL, NULL));
	assert_false(peer.chain_ok);
	assert_true(peer.unknown_issuer && peer.dates_ok);
	assert_true(strlen(peer.problem) > 0);
	assert_true(meet("selfsigned", NULL, "ca", TLS_REQUEST_NO, &peer, NULL, NULL, NULL));
	assert_false(peer.chain_ok);
	assert_true(peer.unknown_issuer);
#ifndef TLS_NSS /* whose anchors are the whole process's: here the server's database is open too   \
		 */
	assert_true(meet("server", NULL, "other-ca", TLS_REQUEST_NO, &peer, NULL, NULL, NULL));
	assert_false(peer.chain_ok);
#endif
	assert_true(meet("expired", NULL, "ca", TLS_REQUEST_NO, &peer, NULL, NULL, NULL));
	assert_false(peer.chain_ok || peer.unknown_issuer || peer.dates_ok);
	assert_true(meet("future", NULL, "ca", TLS_REQUEST_NO, &peer, NULL, NULL, NULL));
	assert_false(peer.chain_ok || peer.unknown_issuer || peer.dates_ok);
}

static void a_client_certificate_is_asked_for_or_required(void **state)
{
	struct tls_peer peer;

	(void)state;
	assert_true(meet("server", "client", "ca", TLS_REQUEST_REQUIRE, NULL, &peer, NULL, NULL));
	assert_true(peer.present && peer.chain_ok);
	assert_string_equal(peer.subject, "CN=upsmon-client,O=Test");
	assert_true(meet("server", NULL, "ca", TLS_REQUEST_ASK, NULL, &peer, NULL, NULL));
	assert_false(peer.present);
	assert_true(meet("server", "othercert", "ca", TLS_REQUEST_ASK, NULL, &peer, NULL, NULL));
	assert_true(peer.present);
	assert_false(peer.chain_ok);
	assert_true(meet("server", "client", "ca", TLS_REQUEST_NO, NULL, &peer, NULL, NULL));
	assert_false(peer.present);
}

/* Under TLS 1.3 a client has finished before the server refuses: the server's word counts. */
static void a_required_certificate_that_is_missing_or_bad_ends_it(void **state)
{
	static const char *const bad[] = {NULL, "othercert", "expired"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(
			meet("server", bad[i], "ca", TLS_REQUEST_REQUIRE, NULL, NULL, NULL, NULL));
}

/* Moves `len` bytes from one end to the other. */
static void carry(struct end *from, struct end *to, const char *text, size_t len)
{
	char *got = malloc(len);
	size_t sent = 0, received = 0, n;

	assert_non_null(got);
	for (int i = 0; i < 2000000 && received < len; i++) {
		if (sent < len) {
			enum tls_result r =
				tls_session_write(from->session, text + sent, len - sent, &n);

			assert_true(r == TLS_DONE || r == TLS_WANT_WRITE || r == TLS_WANT_READ);
			sent += n;
		}
		if (tls_session_read(to->session, got + received, len - received, &n) == TLS_DONE)
			received += n;
	}
	assert_int_equal(received, len);
	assert_memory_equal(got, text, len);
	free(got);
}

static void bytes_pass_both_ways_however_narrow_the_way(void **state)
{
	static const size_t widths[] = {1, 7, 1000, 65536};
	static struct pair p;
	static char big[100000];
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 31);
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		struct tls_context *server =
			context_of(TLS_SERVER, "server", NULL, TLS_REQUEST_NO, why, sizeof(why));
		struct tls_context *client =
			context_of(TLS_CLIENT, NULL, "ca", TLS_REQUEST_NO, why, sizeof(why));
		enum tls_result at_server, at_client;
		size_t n;

		open_pair(&p, server, client, widths[i]);
		/* A session keeps its context alive. */
		tls_context_unref(server);
		tls_context_unref(client);
		shake(&p, &at_server, &at_client);
		assert_int_equal(at_server, TLS_DONE);
		assert_int_equal(at_client, TLS_DONE);
		assert_string_equal(tls_session_protocol(p.client.session), "TLSv1.3");
		assert_true(strlen(tls_session_cipher(p.client.session)) > 5);
		carry(&p.client, &p.server, "LIST UPS\n", 9);
		carry(&p.server, &p.client, big, widths[i] < 100 ? 3000 : sizeof(big));
		tls_session_close(p.client.session);
		assert_int_equal(tls_session_read(p.server.session, big, 10, &n), TLS_CLOSED);
		close_pair(&p);
	}
}

static void rubbish_ends_a_session_and_nothing_else(void **state)
{
	static struct pair p;
	char why[256];
	struct tls_context *server =
		context_of(TLS_SERVER, "server", NULL, TLS_REQUEST_NO, why, sizeof(why));
	struct tls_context *client =
		context_of(TLS_CLIENT, NULL, "ca", TLS_REQUEST_NO, why, sizeof(why));
	enum tls_result at_server, at_client;
	size_t n;

	(void)state;
	open_pair(&p, server, client, 65536);
	assert_int_equal(push(&p.client, "LIST UPS\nLIST UPS\nLIST UPS\n", 27), 27);
	assert_int_equal(tls_session_handshake(p.server.session), TLS_FAILED);
	assert_true(strlen(tls_session_error(p.server.session)) > 0);
	assert_int_equal(tls_session_read(p.server.session, why, 1, &n), TLS_FAILED);
	close_pair(&p);

	open_pair(&p, server, client, 65536);
	shake(&p, &at_server, &at_client);
	assert_int_equal(at_server, TLS_DONE);
	assert_int_equal(push(&p.client, "\x17\x03\x03\x00\x05hello", 10), 10);
	assert_int_equal(tls_session_read(p.server.session, why, 1, &n), TLS_FAILED);
	close_pair(&p);
	tls_context_unref(server);
	tls_context_unref(client);
}

static void assert_refused(const struct tls_settings *s, const char *word)
{
	char why[256] = "";

	assert_null(tls_context_new(s, why, sizeof(why)));
	if (!strstr(why, word))
		fail_msg("\"%s\" does not name %s", why, word);
	assert_null(strstr(why, "sesame"));
	assert_null(strstr(why, "wrong-one"));
}

static void what_cannot_be_set_up_is_named_with_its_file(void **state)
{
	char path[256];

	(void)state;
	assert_refused(&(struct tls_settings){.role = TLS_SERVER}, "CERT");
	assert_refused(&(struct tls_settings){.role = TLS_CLIENT, .cert_path = "/nonexistent"},
		       "/nonexistent");
#ifdef TLS_NSS
	str_format(path, sizeof(path), "%s/nss", dir);
	assert_refused(&(struct tls_settings){.role = TLS_SERVER,
					      .cert_path = path,
					      .ident_name = "nobody",
					      .ident_password = "sesame"},
		       "nobody");
	assert_refused(&(struct tls_settings){.role = TLS_SERVER,
					      .cert_path = path,
					      .ident_name = "server",
					      .ident_password = "wrong-one"},
		       "password");
#else
	assert_refused(&(struct tls_settings){.role = TLS_SERVER, .cert_file = "/nonexistent.pem"},
		       "/nonexistent.pem");
	str_format(path, sizeof(path), "%s/mismatch.pem", dir);
	assert_refused(&(struct tls_settings){.role = TLS_SERVER, .cert_file = path}, path);
	str_format(path, sizeof(path), "%s/ca.pem", dir);
	assert_refused(&(struct tls_settings){.role = TLS_SERVER, .cert_file = path}, path);
	str_format(path, sizeof(path), "%s/locked.pem", dir);
	assert_refused(&(struct tls_settings){.role = TLS_SERVER, .cert_file = path}, path);
	assert_refused(&(struct tls_settings){.role = TLS_SERVER,
					      .cert_file = path,
					      .ident_password = "wrong-one"},
		       path);
	str_format(path, sizeof(path), "%s/server.pem", dir);
	assert_refused(&(struct tls_settings){.role = TLS_SERVER,
					      .cert_file = path,
					      .ident_name = "elsewhere.example"},
		       "elsewhere.example");
	assert_refused(&(struct tls_settings){.role = TLS_SERVER,
					      .cert_file = path,
					      .request = TLS_REQUEST_REQUIRE},
		       "CERTPATH");
#endif
}

#ifndef TLS_NSS
static void a_key_under_a_password_opens_with_it(void **state)
{
	char path[256], why[256] = "";
	struct tls_settings s = {.role = TLS_SERVER,
				 .cert_file = path,
				 .ident_name = "localhost",
				 .ident_password = "sesame"};
	struct tls_context *c;

	(void)state;
	str_format(path, sizeof(path), "%s/locked.pem", dir);
	c = tls_context_new(&s, why, sizeof(why));
	assert_string_equal(why, "");
	assert_non_null(c);
	assert_true(tls_context_not_after(c) > time(NULL));
	tls_context_unref(c);
}

static void a_folder_of_authorities_needs_no_hashed_names(void **state)
{
	char folder[256], from[256], to[256], why[256] = "";
	struct tls_settings s = {.role = TLS_CLIENT, .cert_path = folder};
	struct tls_context *c;

	(void)state;
	str_format(folder, sizeof(folder), "%s/anchors", dir);
	str_format(from, sizeof(from), "%s/ca.pem", dir);
	str_format(to, sizeof(to), "%s/anchors/my-ca.crt", dir);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_refused(&s, folder);
	assert_int_equal(link(from, to), 0);
	c = tls_context_new(&s, why, sizeof(why));
	assert_string_equal(why, "");
	tls_context_unref(c);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_refused(&s, "chmod");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_server_is_known_by_chain_and_names),
		cmocka_unit_test(the_fingerprints_are_of_this_certificate_and_this_key),
		cmocka_unit_test(a_stranger_is_told_from_an_expired_certificate),
		cmocka_unit_test(a_client_certificate_is_asked_for_or_required),
		cmocka_unit_test(a_required_certificate_that_is_missing_or_bad_ends_it),
		cmocka_unit_test(bytes_pass_both_ways_however_narrow_the_way),
		cmocka_unit_test(rubbish_ends_a_session_and_nothing_else),
		cmocka_unit_test(what_cannot_be_set_up_is_named_with_its_file),
#ifndef TLS_NSS
		cmocka_unit_test(a_key_under_a_password_opens_with_it),
		cmocka_unit_test(a_folder_of_authorities_needs_no_hashed_names),
#endif
	};

	return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
