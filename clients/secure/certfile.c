#include "config.h"

#include "clients/secure/certfile.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"

enum { CERTS_MAX = 64 };

bool certfile_complain(const char *fmt, ...)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s: %s%s%s\n", log_program(), text, reason ? ": " : "",
		reason ? reason : "");
	ERR_clear_error();
	return false;
}

/* ---- reading ---- */

static bool read_certs(BIO *bio, struct certfile *f)
{
	X509 *cert;

	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (sk_X509_num(f->certs) >= CERTS_MAX || !sk_X509_push(f->certs, cert)) {
			X509_free(cert);
			return false;
		}
	}
	ERR_clear_error(); /* the end of the file is reported as one, too */
	return true;
}

bool certfile_read(const char *path, struct certfile *f)
{
	BIO *bio;
	int before;
	bool ok = false;

	if (!f->certs && !(f->certs = sk_X509_new_null()))
		return certfile_complain("out of memory");
	before = sk_X509_num(f->certs);
	bio = BIO_new_file(path, "r");
	if (!bio) {
		ERR_clear_error();
		return certfile_complain("%s: %s", path, strerror(errno));
	}
	if (!read_certs(bio, f)) {
		certfile_complain("%s holds more than %d certificates", path, CERTS_MAX);
		goto out;
	}
	(void)BIO_reset(bio);
	if (!f->key)
		f->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	ok = f->key || sk_X509_num(f->certs) > before;
	if (ok)
		ERR_clear_error();
	else
		certfile_complain("%s holds neither a certificate nor a key in PEM", path);
out:
	BIO_free(bio);
	return ok;
}

/* ca.pem -> ca.key */
static bool name_of_key(char *dst, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(path, '.');
	size_t stem = dot && (!slash || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);

	return str_format(dst, size, "%.*s.key", (int)stem, path);
}

bool certfile_read_identity(const char *path, struct certfile *f)
{
	char beside[4096];
	X509 *cert;

	if (!certfile_read(path, f))
		return false;
	if (!f->key && name_of_key(beside, sizeof(beside), path) && access(beside, F_OK) == 0 &&
	    !certfile_read(beside, f))
		return false;
	cert = sk_X509_value(f->certs, 0);
	if (!cert)
		return certfile_complain("%s holds no certificate", path);
	if (!f->key)
		return certfile_complain("%s holds no key, and there is no %s", path, beside);
	if (X509_check_private_key(cert, f->key) != 1) {
		ERR_clear_error();
		return certfile_complain("%s: the key is not that of the first certificate", path);
	}
	return true;
}

void certfile_free(struct certfile *f)
{
	sk_X509_pop_free(f->certs, X509_free);
	EVP_PKEY_free(f->key);
	*f = (struct certfile){0};
}

/* Moves the certificate at `from` to `to`, before those in between. */
static void move_up(STACK_OF(X509) * certs, int from, int to)
{
	X509 *cert = sk_X509_delete(certs, from);

	/* Cannot fail: the place was free a moment ago. */
	sk_X509_insert(certs, cert, to);
}

static int index_of_next(const struct certfile *f, int at)
{
	for (int i = at; i < sk_X509_num(f->certs); i++) {
		X509 *cert = sk_X509_value(f->certs, i);

		if (at == 0 ? f->key && X509_check_private_key(cert, f->key) == 1
			    : X509_check_issued(cert, sk_X509_value(f->certs, at - 1)) == X509_V_OK)
			return i;
	}
	return at; /* stays as it is */
}

void certfile_sort(struct certfile *f)
{
	for (int at = 0; at < sk_X509_num(f->certs); at++)
		move_up(f->certs, index_of_next(f, at), at);
	ERR_clear_error();
}

/* ---- writing ---- */

/* Secure memory, so that the key does not stay behind in what is freed. */
static BIO *print_pem(const struct certfile *f)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	if (!bio)
		return NULL;
	for (int i = 0; i < sk_X509_num(f->certs); i++)
		if (PEM_write_bio_X509(bio, sk_X509_value(f->certs, i)) != 1)
			goto failed;
	if (f->key && PEM_write_bio_PKCS8PrivateKey(bio, f->key, NULL, NULL, 0, NULL, NULL) != 1)
		goto failed;
	return bio;
failed:
	BIO_free(bio);
	return NULL;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return fsync(fd) != 0 ? errno : 0;
}

/* What the file looks like to others once it is whole; owner and group -1 = as created. */
struct finish {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

static int write_new(const char *path, const struct certfile *f, const struct finish *finish)
{
	BIO *bio = print_pem(f);
	char *data = NULL;
	long len = bio ? BIO_get_mem_data(bio, &data) : 0;
	int fd = -1, err = ENOMEM;

	if (len <= 0)
		goto out;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = errno;
		goto out;
	}
	err = write_all(fd, data, (size_t)len);
	if (!err && fchown(fd, finish->uid, finish->gid) != 0)
		err = errno;
	if (!err && fchmod(fd, finish->mode) != 0)
		err = errno;
	if (close(fd) != 0 && !err)
		err = errno;
	if (err)
		unlink(path);
out:
	BIO_free(bio);
	return err;
}

static struct finish finish_of(enum certfile_access access)
{
	struct finish as_made = {(uid_t)-1, (gid_t)-1, access == CERTFILE_PUBLIC ? 0644 : 0600};
	const struct group *group;

	if (access != CERTFILE_DAEMON || geteuid() != 0)
		return as_made;
	group = getgrnam(RUN_AS_GROUP);
	return group ? (struct finish){(uid_t)-1, group->gr_gid, 0640} : as_made;
}

bool certfile_write(const char *path, const struct certfile *f, enum certfile_access access)
{
	struct finish finish = finish_of(access);
	int err = write_new(path, f, &finish);

	if (err == EEXIST)
		return certfile_complain("%s is there already, and is not overwritten", path);
	if (err)
		return certfile_complain("%s: %s", path, strerror(err));
	return true;
}

static bool name_of_old(char *dst, size_t size, const char *path, const X509 *old)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(old), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;
	bool ok = hex && str_format(dst, size, "%s.%s", path, hex);

	OPENSSL_free(hex);
	BN_free(number);
	return ok;
}

bool certfile_replace(const char *path, const struct certfile *f, const X509 *old)
{
	char fresh[4096], kept[4096];
	struct finish finish;
	struct stat st;
	int err;

	if (!str_format(fresh, sizeof(fresh), "%s.new", path) ||
	    !name_of_old(kept, sizeof(kept), path, old))
		return certfile_complain("%s: the name is too long", path);
	if (stat(path, &st) != 0)
		return certfile_complain("%s: %s", path, strerror(errno));
	finish = (struct finish){geteuid() == 0 ? st.st_uid : (uid_t)-1, st.st_gid,
				 st.st_mode & 0777};
	err = write_new(fresh, f, &finish);
	if (err)
		return certfile_complain("%s: %s", fresh, strerror(err));
	/* The old file has both names until the new one takes its place at once. */
	if (link(path, kept) != 0) {
		certfile_complain("%s: %s", kept, strerror(errno));
		goto failed;
	}
	if (rename(fresh, path) != 0) {
		certfile_complain("%s: %s", path, strerror(errno));
		unlink(kept);
		goto failed;
	}
	printf("%s (the old one is kept as %s)\n", path, kept);
	return true;
failed:
	unlink(fresh);
	return false;
}
