#include "config.h"

#include "clients/secure/certshow.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "clients/cli/output.h"
#include "clients/secure/visible.h"
#include "common/base/buffer.h"
#include "common/base/str.h"
#include "common/net/truststore.h"

enum { VALUE_MAX = 4096 };

bool certshow_pin(const X509 *cert, enum certshow_digest what, char *dst)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char *der = NULL;
	int len = what == CERTSHOW_KEY ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der)
				       : i2d_X509(cert, &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	if (ok)
		truststore_print_pin(dst, CERTSHOW_PIN_SIZE, digest);
	return ok;
}

/* ---- the fields, each as text ---- */

typedef void print_fn(const X509 *cert, struct buffer *b);

static void append_distinguished(struct buffer *b, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	long len;

	if (!bio)
		return;
	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		buffer_append(b, data, (size_t)len);
	BIO_free(bio);
}

static void print_subject(const X509 *cert, struct buffer *b)
{
	append_distinguished(b, X509_get_subject_name(cert));
}

static void print_issuer(const X509 *cert, struct buffer *b)
{
	append_distinguished(b, X509_get_issuer_name(cert));
}

static void print_serial(const X509 *cert, struct buffer *b)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;

	buffer_append_str(b, hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(number);
}

static void append_name(struct buffer *b, const GENERAL_NAME *name)
{
	char address[INET6_ADDRSTRLEN];
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const unsigned char *data;
	int len;

	if (type != GEN_DNS && type != GEN_IPADD)
		return;
	data = ASN1_STRING_get0_data(value);
	len = ASN1_STRING_length(value);
	if (type == GEN_DNS)
		buffer_appendf(b, "%s%.*s", b->len ? ", " : "", len, (const char *)data);
	else if ((len == 4 || len == 16) &&
		 inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address, sizeof(address)))
		buffer_appendf(b, "%s%s", b->len ? ", " : "", address);
}

static void print_names(const X509 *cert, struct buffer *b)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		append_name(b, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
}

static void append_time(struct buffer *b, const ASN1_TIME *t)
{
	struct tm tm;
	char text[32] = "";

	if (ASN1_TIME_to_tm(t, &tm) == 1)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buffer_append_str(b, text);
}

static void print_not_before(const X509 *cert, struct buffer *b)
{
	append_time(b, X509_get0_notBefore(cert));
}

static void print_not_after(const X509 *cert, struct buffer *b)
{
	append_time(b, X509_get0_notAfter(cert));
}

static void print_key(const X509 *cert, struct buffer *b)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;

	if (type)
		buffer_appendf(b, "%s %d", type, EVP_PKEY_get_bits(key));
}

static void print_usage(const X509 *cert, struct buffer *b)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} usages[] = {{XKU_SSL_SERVER, "server"}, {XKU_SSL_CLIENT, "client"}};
	X509 *mutable = (X509 *)(size_t)cert; /* what is asked for is kept with it */
	uint32_t flags = X509_get_extension_flags(mutable);
	uint32_t extended = X509_get_extended_key_usage(mutable);

	if (flags & EXFLAG_CA)
		buffer_append_str(b, "authority");
	for (size_t i = 0; (flags & EXFLAG_XKUSAGE) && i < sizeof(usages) / sizeof(usages[0]); i++)
		if (extended & usages[i].bit)
			buffer_appendf(b, "%s%s", b->len ? ", " : "", usages[i].name);
}

static void print_key_pin(const X509 *cert, struct buffer *b)
{
	char pin[CERTSHOW_PIN_SIZE];

	if (certshow_pin(cert, CERTSHOW_KEY, pin))
		buffer_append_str(b, pin);
}

static void print_certificate_pin(const X509 *cert, struct buffer *b)
{
	char pin[CERTSHOW_PIN_SIZE];

	if (certshow_pin(cert, CERTSHOW_CERTIFICATE, pin))
		buffer_append_str(b, pin);
}

/* For comparison with old notes only. */
static void print_sha1(const X509 *cert, struct buffer *b)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(cert, EVP_sha1(), digest, &len) != 1)
		return;
	for (unsigned i = 0; i < len; i++)
		buffer_appendf(b, "%s%02X", i ? ":" : "", digest[i]);
}

static const struct field {
	const char *label, *json;
	print_fn *print;
} fields[] = {
	{"subject", "subject", print_subject},
	{"issuer", "issuer", print_issuer},
	{"serial", "serial", print_serial},
	{"names", "names", print_names},
	{"not before", "not_before", print_not_before},
	{"not after", "not_after", print_not_after},
	{"key", "key", print_key},
	{"usage", "usage", print_usage},
	{"key pin", "key_sha256", print_key_pin},
	{"certificate", "certificate_sha256", print_certificate_pin},
	{"SHA-1", "certificate_sha1", print_sha1},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const char *field_text(const X509 *cert, const struct field *field, struct buffer *b)
{
	buffer_clear(b);
	field->print(cert, b);
	return buffer_string(b);
}

static bool key_matches(const struct certfile *f)
{
	bool same = sk_X509_num(f->certs) > 0 &&
		    X509_check_private_key(sk_X509_value(f->certs, 0), f->key) == 1;

	ERR_clear_error();
	return same;
}

void certshow_print(const struct certfile *f, FILE *out)
{
	struct buffer b = {.max = VALUE_MAX};

	for (int i = 0; i < sk_X509_num(f->certs); i++) {
		if (i > 0)
			putc('\n', out);
		for (size_t k = 0; k < FIELDS; k++) {
			const char *text = field_text(sk_X509_value(f->certs, i), &fields[k], &b);

			if (!*text)
				continue;
			fprintf(out, "%-12s ", fields[k].label);
			visible_print(out, text);
			putc('\n', out);
		}
	}
	buffer_free(&b);
	if (f->key)
		fprintf(out, "\nThe file holds %s\n",
			key_matches(f) ? "the key of the first certificate."
				       : "a key, which is not that of the first certificate.");
}

void certshow_print_json(const struct certfile *f, FILE *out)
{
	struct buffer b = {.max = VALUE_MAX};

	fputs("{\"certificates\": [", out);
	for (int i = 0; i < sk_X509_num(f->certs); i++) {
		fputs(i ? ", {" : "{", out);
		for (size_t k = 0; k < FIELDS; k++) {
			fprintf(out, "%s\"%s\": ", k ? ", " : "", fields[k].json);
			output_json_string(out,
					   field_text(sk_X509_value(f->certs, i), &fields[k], &b));
		}
		fputs("}", out);
	}
	buffer_free(&b);
	fprintf(out, "], \"key\": \"%s\"}\n",
		!f->key          ? "none"
		: key_matches(f) ? "matches"
				 : "another");
}
