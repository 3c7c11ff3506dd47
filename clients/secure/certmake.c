#include "config.h"

#include "clients/secure/certmake.h"

#include <arpa/inet.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clients/secure/certfile.h"
#include "common/base/log.h"

enum {
	SERIAL_BITS = 127,
	DAY_S = 86400,
	BACKDATE_S = 300, /* a client whose clock is a little late takes it today, too */
	HOST_MAX = 253,   /* RFC 1035 */
	LABEL_MAX = 63,
	NAME_MAX_BYTES = 64 /* ub-common-name, RFC 5280 appendix A */
};

struct extension {
	int nid;
	const char *value;
};

/* The subject's key identifier comes before that of the authority. Each ends with nid 0. */
static const struct extension ca_extensions[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
	{0, NULL},
};
static const struct extension server_extensions[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_ext_key_usage, "serverAuth"},
	{NID_subject_key_identifier, "hash"},
	{0, NULL},
};
static const struct extension client_extensions[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_ext_key_usage, "clientAuth"},
	{NID_subject_key_identifier, "hash"},
	{0, NULL},
};
static const struct extension *const extensions_of[] = {
	[CERTMAKE_CA] = ca_extensions,
	[CERTMAKE_SERVER] = server_extensions,
	[CERTMAKE_CLIENT] = client_extensions,
};

EVP_PKEY *certmake_key(unsigned rsa_bits)
{
	EVP_PKEY *key = rsa_bits ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256");

	if (!key)
		certfile_complain("cannot make a key");
	return key;
}

/* ---- names ---- */

static bool is_label(const char *text, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	return len > 0 && len <= LABEL_MAX && text[0] != '-' && strspn(text, allowed) >= len;
}

static bool is_address(const char *text)
{
	unsigned char address[16];

	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

bool certmake_is_host(const char *text)
{
	if (is_address(text))
		return true;
	if (strlen(text) > HOST_MAX)
		return false;
	if (text[0] == '*' && text[1] == '.')
		text += 2;
	for (;;) {
		size_t len = strcspn(text, ".");

		if (!is_label(text, len))
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

/* One subjectAltName; NULL when out of memory. */
static GENERAL_NAME *make_name(const char *host)
{
	bool address = is_address(host);
	ASN1_STRING *value = address ? (ASN1_STRING *)a2i_IPADDRESS(host) : ASN1_IA5STRING_new();
	GENERAL_NAME *name = GENERAL_NAME_new();

	if (!value || !name || (!address && ASN1_STRING_set(value, host, -1) != 1)) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, address ? GEN_IPADD : GEN_DNS, value);
	return name;
}

static bool add_names(X509 *cert, const struct certmake_order *order)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool ok = names != NULL;

	for (size_t i = 0; ok && i < order->host_count; i++) {
		GENERAL_NAME *name = make_name(order->hosts[i]);

		ok = name && sk_GENERAL_NAME_push(names, name) > 0;
		if (!ok)
			GENERAL_NAME_free(name);
	}
	if (ok && order->host_count)
		ok = X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) ==
		     1;
	GENERAL_NAMES_free(names);
	return ok;
}

static bool add_subject_part(X509_NAME *name, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text,
					  -1, -1, 0) == 1;
}

static bool set_subject(X509 *cert, const struct certmake_order *order)
{
	X509_NAME *name = X509_get_subject_name(cert);

	if (order->organization && !add_subject_part(name, "O", order->organization))
		return false;
	/* A longer host name is in the subjectAltName, which is what counts. */
	return strlen(order->common_name) > NAME_MAX_BYTES ||
	       add_subject_part(name, "CN", order->common_name);
}

/* ---- parts of a certificate ---- */

static bool set_serial(X509 *cert)
{
	BIGNUM *number = BN_new();
	bool ok = number &&
		  BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
		  !BN_is_zero(number) && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));

	BN_free(number);
	return ok;
}

/* An authority's end is the end of what it vouches for. */
static bool set_end(X509 *cert, long days, const X509 *issuer)
{
	ASN1_TIME *end = X509_getm_notAfter(cert);
	time_t now = time(NULL);
	bool ok = days == CERTMAKE_FOR_EVER ? ASN1_TIME_set_string(end, "99991231235959Z") == 1
					    : ASN1_TIME_adj(end, now, (int)days, 0) != NULL;

	if (!ok || !issuer || ASN1_TIME_compare(end, X509_get0_notAfter(issuer)) <= 0)
		return ok;
	fprintf(stderr, "%s: it ends with its authority, earlier than asked for\n", log_program());
	return X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) == 1;
}

static bool set_dates(X509 *cert, long days, const X509 *issuer)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), time(NULL) - BACKDATE_S) &&
	       set_end(cert, days, issuer);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool add_extensions(X509 *cert, const struct certmake_order *order, EVP_PKEY *key)
{
	bool rsa = EVP_PKEY_is_a(key, "RSA");

	for (const struct extension *e = extensions_of[order->kind]; e->nid; e++)
		if (!add_extension(cert, cert, e->nid, e->value))
			return false;
	if (order->kind != CERTMAKE_CA &&
	    !add_extension(cert, cert, NID_key_usage,
			   rsa ? "critical,digitalSignature,keyEncipherment"
			       : "critical,digitalSignature"))
		return false;
	if (order->issuer &&
	    !add_extension(cert, order->issuer->cert, NID_authority_key_identifier, "keyid:always"))
		return false;
	return add_names(cert, order);
}

static bool set_issuer_and_sign(X509 *cert, EVP_PKEY *key, const struct certmake_issuer *issuer)
{
	X509_NAME *name = X509_get_subject_name(issuer ? issuer->cert : cert);

	return X509_set_issuer_name(cert, name) == 1 &&
	       X509_sign(cert, issuer ? issuer->key : key, EVP_sha256()) > 0;
}

static X509 *failed(X509 *cert)
{
	certfile_complain("cannot make the certificate");
	X509_free(cert);
	return NULL;
}

X509 *certmake(const struct certmake_order *order, EVP_PKEY *key)
{
	X509 *cert = X509_new();

	if (!cert || X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
	    !set_dates(cert, order->days, order->issuer ? order->issuer->cert : NULL) ||
	    !set_subject(cert, order) || X509_set_pubkey(cert, key) != 1 ||
	    !add_extensions(cert, order, key) || !set_issuer_and_sign(cert, key, order->issuer))
		return failed(cert);
	return cert;
}

/* How many days a certificate was made for. */
static long lifetime_of(const X509 *cert)
{
	struct tm end;
	int days = 0, seconds = 0;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) == 1 && end.tm_year + 1900 == 9999)
		return CERTMAKE_FOR_EVER;
	if (ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(cert), X509_get0_notAfter(cert)) !=
		    1 ||
	    days < 1)
		return 1;
	return days;
}

/* The authority may have another key than when the old one was made. */
static bool renew_authority(X509 *cert, const struct certmake_issuer *issuer)
{
	int at = X509_get_ext_by_NID(cert, NID_authority_key_identifier, -1);

	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(cert, at));
	return !issuer ||
	       add_extension(cert, issuer->cert, NID_authority_key_identifier, "keyid:always");
}

X509 *certmake_renewed(const X509 *old, EVP_PKEY *key, long days,
		       const struct certmake_issuer *issuer)
{
	X509 *cert = X509_dup(old);

	if (!cert || !set_serial(cert) ||
	    !set_dates(cert, days < 0 ? lifetime_of(old) : days, issuer ? issuer->cert : NULL) ||
	    !renew_authority(cert, issuer) || !set_issuer_and_sign(cert, key, issuer))
		return failed(cert);
	return cert;
}
