#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/log.h"
#include "common/net/tlspolicy.h"
#include "common/net/truststore.h"
#include "tests/unit/tls_pair.h"

static char store[256];

static void hush(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg;
	(void)level;
	(void)token;
	(void)text;
}

static int begin(void **state)
{
	log_set_sink(hush, NULL);
	if (make_certificates(state) != 0)
		return -1;
	str_format(store, sizeof(store), "%s/deep/er/known_upsd", dir);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	unlink(store);
	unsetenv("NUT_SECURE");
	unsetenv("NUT_TRUST");
	setenv("NUT_TRUST_STORE", store, 1);
	return 0;
}

/* ---- the store ---- */

static struct trust_entry entry_for(const char *host, unsigned port, unsigned char fill)
{
	struct trust_entry e = {.port = port,
				.first_seen = 1000000000,
				.last_seen = 1100000000,
				.not_after = 1900000000};

	str_copy(e.host, sizeof(e.host), host);
	str_copy(e.subject, sizeof(e.subject), "CN=\"odd\", O=\\x # y");
	memset(e.key_sha256, fill, sizeof(e.key_sha256));
	return e;
}

static void what_is_added_is_found_again(void **state)
{
	struct trust_entry e = entry_for("a.example", 3493, 0xab),
			   six = entry_for("fe80::1", 401, 7);
	struct conf_report report = {0};
	struct truststore t;
	const struct trust_entry *found;
	struct stat st;

	(void)state;
	assert_int_equal(truststore_add(store, &e), 0);
	assert_int_equal(truststore_add(store, &e), EEXIST);
	assert_int_equal(truststore_add(store, &six), 0);
	assert_int_equal(stat(store, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(truststore_read(store, &t, &report), 0);
	assert_int_equal(report.errors, 0);
	assert_int_equal(t.count, 2);
	found = truststore_find(&t, "A.Example", 3493);
	assert_non_null(found);
	assert_memory_equal(found->key_sha256, e.key_sha256, TLS_SHA256_BYTES);
	assert_string_equal(found->subject, e.subject);
	assert_int_equal(found->not_after, e.not_after);
	assert_non_null(truststore_find(&t, "fe80::1", 401));
	assert_null(truststore_find(&t, "a.example", 3494));
	truststore_free(&t);
}

static void an_entry_can_be_replaced_and_removed(void **state)
{
	struct trust_entry e = entry_for("a.example", 3493, 1),
			   other = entry_for("a.example", 3493, 2);
	struct conf_report report = {0};
	struct truststore t;

	(void)state;
	assert_int_equal(truststore_replace(store, &e), ENOENT);
	assert_int_equal(truststore_add(store, &e), 0);
	assert_int_equal(truststore_replace(store, &other), 0);
	assert_int_equal(truststore_read(store, &t, &report), 0);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.entries[0].key_sha256[0], 2);
	truststore_free(&t);
	assert_int_equal(truststore_remove(store, "b.example", 3493), ENOENT);
	assert_int_equal(truststore_remove(store, "A.EXAMPLE", 3493), 0);
	assert_int_equal(truststore_read(store, &t, &report), 0);
	assert_int_equal(t.count, 0);
	truststore_free(&t);
}

static void what_cannot_be_a_host_is_not_stored(void **state)
{
	static const char *const bad[] = {"", "a b", "a\nb", "a\"b", "a#b", "a=b", "a\\b", "\x7f"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct trust_entry e = entry_for(bad[i], 3493, 1);

		assert_int_equal(truststore_add(store, &e), EINVAL);
		assert_int_equal(truststore_replace(store, &e), EINVAL);
	}
	assert_int_not_equal(access(store, F_OK), 0);
}

static void a_store_with_bad_lines_is_not_rewritten(void **state)
{
	struct trust_entry e = entry_for("a.example", 3493, 1);
	struct conf_report report = {0};
	struct truststore t;
	FILE *f;

	(void)state;
	assert_int_equal(truststore_add(store, &e), 0);
	f = fopen(store, "a");
	assert_non_null(f);
	fputs("b.example:3493 sha256:abc - now now now x\n", f);
	fclose(f);
	assert_int_equal(truststore_read(store, &t, &report), 0);
	assert_int_equal(report.errors, 1);
	assert_int_equal(t.count, 1);
	truststore_free(&t);
	assert_int_equal(truststore_remove(store, "a.example", 3493), EBADMSG);
}

static void a_pin_is_read_in_the_forms_that_programs_print(void **state)
{
	unsigned char pin[TLS_SHA256_BYTES], again[TLS_SHA256_BYTES];
	char text[80], colons[128] = "SHA256:";
	size_t at = strlen(colons);

	(void)state;
	for (size_t i = 0; i < sizeof(pin); i++)
		pin[i] = (unsigned char)(i * 37);
	truststore_print_pin(text, sizeof(text), pin);
	assert_true(truststore_parse_pin(text, again));
	assert_memory_equal(pin, again, sizeof(pin));
	assert_true(truststore_parse_pin(text + 7, again));
	for (size_t i = 0; i < sizeof(pin); i++)
		at += (size_t)snprintf(colons + at, sizeof(colons) - at, "%s%02X", i ? ":" : "",
				       pin[i]);
	assert_true(truststore_parse_pin(colons, again));
	assert_memory_equal(pin, again, sizeof(pin));
	text[70] = '\0';
	assert_false(truststore_parse_pin(text, again));
	assert_false(truststore_parse_pin("sha256:", again));
	assert_false(truststore_parse_pin("", again));
}

/* ---- the policy ---- */

static struct tlspolicy_source nothing_said(void)
{
	return (struct tlspolicy_source){.forcessl = -1, .certverify = -1, .daemon = true};
}

static char why[512];

/* What the policy of `src` for `host` makes of a server that shows `identity`. */
static enum tlspolicy_verdict judge(struct tlspolicy_source src, const char *host,
				    const char *identity)
{
	static struct pair p;
	struct tls_context *server =
		context_of(TLS_SERVER, identity, NULL, TLS_REQUEST_NO, why, sizeof(why));
	struct tlspolicy *policy = tlspolicy_new(&src, host, 3493, why, sizeof(why));
	enum tls_result at_server, at_client;
	enum tlspolicy_verdict verdict;

	assert_non_null(server);
	if (!policy)
		fail_msg("no policy: %s", why);
	open_pair(&p, server, tlspolicy_context(policy), 65536);
	shake(&p, &at_server, &at_client);
	assert_int_equal(at_client, TLS_DONE);
	verdict = tlspolicy_judge(policy, p.client.session, why, sizeof(why));
	close_pair(&p);
	tls_context_unref(server);
	tlspolicy_free(policy);
	return verdict;
}

static const char *authority(void)
{
	static char path[256];

#ifdef TLS_NSS
	str_format(path, sizeof(path), "%s/nss", dir);
#else
	str_format(path, sizeof(path), "%s/ca.pem", dir);
#endif
	return path;
}

static void without_directives_any_server_will_do(void **state)
{
	(void)state;
	assert_int_equal(judge(nothing_said(), "localhost", "selfsigned"), TLSPOLICY_ACCEPT);
	assert_int_equal(judge(nothing_said(), "localhost", "expired"), TLSPOLICY_ACCEPT);
}

static void certverify_asks_for_a_chain_and_certhost_for_a_name(void **state)
{
	struct tlspolicy_source src = nothing_said();

	(void)state;
	src.certverify = 1;
	assert_null(tlspolicy_new(&src, "localhost", 3493, why, sizeof(why)));
	assert_non_null(strstr(why, "CERTPATH"));
	src.cert_path = authority();
	assert_int_equal(judge(src, "localhost", "server"), TLSPOLICY_ACCEPT);
	assert_int_equal(judge(src, "localhost", "wrongname"), TLSPOLICY_ACCEPT);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_REFUSE);
	assert_int_equal(judge(src, "localhost", "expired"), TLSPOLICY_REFUSE);
	src.cert_name = "localhost";
	assert_int_equal(judge(src, "localhost", "server"), TLSPOLICY_ACCEPT);
	assert_int_equal(judge(src, "localhost", "wrongname"), TLSPOLICY_REFUSE);
	assert_non_null(strstr(why, "elsewhere.example"));
}

static void a_stranger_is_refused_with_the_command_that_would_trust_it(void **state)
{
	struct tlspolicy_source src = nothing_said();

	(void)state;
	setenv("NUT_TRUST", "strict", 1);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_REFUSE);
	assert_non_null(strstr(why, "nut-trust add localhost:3493 --sha256 sha256:"));
	src.cert_path = authority();
	assert_int_equal(judge(src, "localhost", "server"), TLSPOLICY_ACCEPT);
	assert_int_equal(judge(src, "localhost", "wrongname"), TLSPOLICY_REFUSE);
	assert_int_equal(judge(src, "localhost", "expired"), TLSPOLICY_REFUSE);
	assert_non_null(strstr(why, "expired"));
}

static void a_server_accepted_once_is_held_to_its_key(void **state)
{
	struct tlspolicy_source src = nothing_said();
	struct tlspolicy *policy;

	(void)state;
	setenv("NUT_TRUST", "accept-new", 1);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_ACCEPT);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_ACCEPT);
	assert_int_equal(judge(src, "localhost", "server"), TLSPOLICY_REFUSE);
	assert_non_null(strstr(why, "HAS CHANGED"));
	assert_non_null(strstr(why, "nut-trust replace localhost:3493"));
	/* The store acts for its hosts even where nothing is set. */
	unsetenv("NUT_TRUST");
	assert_int_equal(judge(src, "localhost", "server"), TLSPOLICY_REFUSE);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_ACCEPT);
	policy = tlspolicy_new(&src, "localhost", 3493, why, sizeof(why));
	assert_false(tlspolicy_may_go_clear(policy, why, sizeof(why)));
	assert_non_null(strstr(why, "nut-trust remove localhost:3493"));
	tlspolicy_free(policy);
	policy = tlspolicy_new(&src, "other.example", 3493, why, sizeof(why));
	assert_true(tlspolicy_may_go_clear(policy, why, sizeof(why)));
	tlspolicy_free(policy);
}

static void a_damaged_store_trusts_nobody(void **state)
{
	struct trust_entry e = entry_for("a.example", 3493, 1);
	FILE *f;

	(void)state;
	assert_int_equal(truststore_add(store, &e), 0);
	f = fopen(store, "a");
	assert_non_null(f);
	fputs("localhost:3493 sha256:", f);
	fclose(f);
	assert_int_equal(judge(nothing_said(), "localhost", "selfsigned"), TLSPOLICY_REFUSE);
	assert_non_null(strstr(why, store));
}

static void a_home_of_somebody_else_holds_no_store_of_ours(void **state)
{
	struct tlspolicy_source src = nothing_said();
	char home[256];

	(void)state;
	str_format(home, sizeof(home), "%s/ca.pem", dir); /* a file: nothing can be below it */
	unsetenv("NUT_TRUST_STORE");
	setenv("HOME", home, 1);
	src.daemon = false;
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_ACCEPT);
	/* Where it was asked for it has to be there. */
	setenv("NUT_TRUST", "strict", 1);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_REFUSE);
	unsetenv("NUT_TRUST");
	setenv("NUT_TRUST_STORE", "/dev/null/store", 1);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_REFUSE);
}

static void the_daemons_store_can_be_read_by_daemons(void **state)
{
	struct trust_entry e = entry_for("a.example", 3493, 1);
	char path[256];
	struct stat st;

	(void)state;
	setenv("NUT_CONFPATH", dir, 1);
	str_format(path, sizeof(path), "%s/known_upsd", dir);
	assert_int_equal(truststore_add(path, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(truststore_replace(path, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	unsetenv("NUT_CONFPATH");
}

static void the_environment_may_demand_more_and_never_less(void **state)
{
	struct tlspolicy_source src = nothing_said();
	struct tlspolicy *policy;

	(void)state;
	setenv("NUT_SECURE", "enforce", 1);
	policy = tlspolicy_new(&src, "localhost", 3493, why, sizeof(why));
	assert_int_equal(tlspolicy_mode(policy), TLSPOLICY_ENFORCE);
	assert_false(tlspolicy_may_go_clear(policy, why, sizeof(why)));
	tlspolicy_free(policy);
	assert_int_equal(judge(src, "localhost", "selfsigned"), TLSPOLICY_REFUSE);

	setenv("NUT_SECURE", "relaxed", 1);
	src.forcessl = 1;
	policy = tlspolicy_new(&src, "localhost", 3493, why, sizeof(why));
	assert_int_equal(tlspolicy_mode(policy), TLSPOLICY_ENFORCE);
	tlspolicy_free(policy);
	setenv("NUT_SECURE", "off", 1);
	assert_null(tlspolicy_new(&src, "localhost", 3493, why, sizeof(why)));
	src.forcessl = -1;
	policy = tlspolicy_new(&src, "localhost", 3493, why, sizeof(why));
	assert_int_equal(tlspolicy_mode(policy), TLSPOLICY_OFF);
	assert_null(tlspolicy_context(policy));
	assert_true(tlspolicy_may_go_clear(policy, why, sizeof(why)));
	tlspolicy_free(policy);
	setenv("NUT_SECURE", "yes please", 1);
	assert_null(tlspolicy_new(&src, "localhost", 3493, why, sizeof(why)));
	assert_non_null(strstr(why, "NUT_SECURE"));
}

#define FRESH(f) cmocka_unit_test_setup(f, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(what_is_added_is_found_again),
		FRESH(an_entry_can_be_replaced_and_removed),
		FRESH(what_cannot_be_a_host_is_not_stored),
		FRESH(a_store_with_bad_lines_is_not_rewritten),
		FRESH(a_pin_is_read_in_the_forms_that_programs_print),
		FRESH(without_directives_any_server_will_do),
		FRESH(certverify_asks_for_a_chain_and_certhost_for_a_name),
		FRESH(a_stranger_is_refused_with_the_command_that_would_trust_it),
		FRESH(a_server_accepted_once_is_held_to_its_key),
		FRESH(a_damaged_store_trusts_nobody),
		FRESH(a_home_of_somebody_else_holds_no_store_of_ours),
		FRESH(the_daemons_store_can_be_read_by_daemons),
		FRESH(the_environment_may_demand_more_and_never_less),
	};

	return cmocka_run_group_tests(tests, begin, remove_certificates);
}
