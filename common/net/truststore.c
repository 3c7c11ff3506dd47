#include "config.h"

#include "common/net/truststore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/base/words.h"

enum { MAX_ENTRIES = 100000 };

/* 9999-12-31T23:59:59Z: later ones cannot be read back. */
#define LAST_DATE ((time_t)253402300799)

static const char pin_prefix[] = "sha256:";
static const char date_format[] = "%Y-%m-%dT%H:%M:%SZ";

bool truststore_path(char *dst, size_t size, bool daemon)
{
	const char *named = getenv("NUT_TRUST_STORE");
	const char *home = getenv("HOME");

	if (named && *named)
		return str_copy(dst, size, named);
	if (daemon)
		return paths_conf_file(dst, size, "known_upsd");
	if (!home || !*home)
		return false;
	return str_format(dst, size, "%s/.config/nut/known_upsd", home);
}

void truststore_print_pin(char *dst, size_t size, const unsigned char *sha256)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * TLS_SHA256_BYTES + 1];

	for (size_t i = 0; i < TLS_SHA256_BYTES; i++) {
		hex[2 * i] = digits[sha256[i] >> 4];
		hex[2 * i + 1] = digits[sha256[i] & 15];
	}
	hex[sizeof(hex) - 1] = '\0';
	str_format(dst, size, "%s%s", pin_prefix, hex);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool truststore_parse_pin(const char *text, unsigned char *sha256)
{
	if (str_casestarts(text, pin_prefix))
		text += sizeof(pin_prefix) - 1;
	for (size_t i = 0; i < TLS_SHA256_BYTES; i++) {
		int high, low;

		/* Colons between bytes, as other programs print fingerprints. */
		if (i > 0 && *text == ':')
			text++;
		high = hex_value(text[0]);
		low = high < 0 ? -1 : hex_value(text[1]);
		if (low < 0)
			return false;
		sha256[i] = (unsigned char)(high << 4 | low);
		text += 2;
	}
	return *text == '\0';
}

static bool parse_date(const char *text, time_t *out)
{
	struct tm tm = {0};
	const char *end = strptime(text, date_format, &tm);

	if (!end || *end)
		return false;
	*out = timegm(&tm);
	return *out >= 0 && *out <= LAST_DATE;
}

static void print_date(char *dst, size_t size, time_t t)
{
	struct tm tm;

	if (t > LAST_DATE)
		t = LAST_DATE;
	if (t < 0 || !gmtime_r(&t, &tm) || strftime(dst, size, date_format, &tm) == 0)
		str_copy(dst, size, "1970-01-01T00:00:00Z");
}

/* The host stands in the file unquoted. */
static bool is_storable(const char *host)
{
	for (const char *p = host; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("\"\\#=", *p))
			return false;
	return *host != '\0';
}

/* host:port, the host in lower case; the port stands behind the last colon. */
static bool parse_server(const char *text, struct trust_entry *e)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	long port;

	if (!len || !str_to_long(colon + 1, 1, 65535, &port))
		return false;
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof(e->host))
		return false;
	for (size_t i = 0; i < len; i++)
		e->host[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
	e->host[len] = '\0';
	e->port = (unsigned)port;
	return is_storable(e->host);
}

static bool parse_flags(const char *text, unsigned *flags)
{
	*flags = 0;
	if (str_equal(text, "name"))
		*flags = TRUST_NAME;
	return *flags || str_equal(text, "-");
}

struct reading {
	struct truststore *store;
	size_t size;
	bool no_memory;
};

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	struct reading *reading = arg;
	struct truststore *t = reading->store;
	struct trust_entry e = {.port = 0};

	if (count != 7 || !parse_server(words[0], &e) ||
	    !truststore_parse_pin(words[1], e.key_sha256) || !parse_flags(words[2], &e.flags) ||
	    !parse_date(words[3], &e.first_seen) || !parse_date(words[4], &e.last_seen) ||
	    !parse_date(words[5], &e.not_after)) {
		conf_error(r, at, "remove the line and add the server again with nut-trust",
			   "this is not an entry of the trust store");
		return;
	}
	if (truststore_find(t, e.host, e.port)) {
		conf_error(r, at, "remove one of them", "%s:%u is here twice", e.host, e.port);
		return;
	}
	str_copy(e.subject, sizeof(e.subject), words[6]);
	if (t->count == reading->size) {
		size_t size = reading->size ? reading->size * 2 : 8;
		struct trust_entry *bigger =
			size > MAX_ENTRIES ? NULL : realloc(t->entries, size * sizeof(*bigger));

		if (!bigger) {
			reading->no_memory = true;
			return;
		}
		t->entries = bigger;
		reading->size = size;
	}
	t->entries[t->count++] = e;
}

int truststore_read(const char *path, struct truststore *t, struct conf_report *r)
{
	struct reading reading = {.store = t};
	int err;

	*t = (struct truststore){0};
	err = conffile_read_lines(path, take_line, &reading, r);
	if (err == ENOENT)
		return 0;
	if (!err && reading.no_memory)
		err = ENOMEM;
	if (err)
		truststore_free(t);
	return err;
}

void truststore_free(struct truststore *t)
{
	free(t->entries);
	*t = (struct truststore){0};
}

static struct trust_entry *entry_of(const struct truststore *t, const char *host, unsigned port)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->entries[i].port == port && str_caseequal(t->entries[i].host, host))
			return &t->entries[i];
	return NULL;
}

const struct trust_entry *truststore_find(const struct truststore *t, const char *host,
					  unsigned port)
{
	return entry_of(t, host, port);
}

void truststore_append(struct buffer *b, const struct trust_entry *e)
{
	char pin[80], first[32], last[32], until[32];
	bool bracket = strchr(e->host, ':') != NULL;

	truststore_print_pin(pin, sizeof(pin), e->key_sha256);
	print_date(first, sizeof(first), e->first_seen);
	print_date(last, sizeof(last), e->last_seen);
	print_date(until, sizeof(until), e->not_after);
	buffer_appendf(b, "%s%s%s:%u %s %s %s %s %s ", bracket ? "[" : "", e->host,
		       bracket ? "]" : "", e->port, pin, e->flags & TRUST_NAME ? "name" : "-",
		       first, last, until);
	words_append_quoted(b, e->subject);
	buffer_append_char(b, '\n');
}

/* What is there keeps its mode. The daemons' store is written by root and read by others; there is
 * nothing secret in it. */
static mode_t mode_for(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return st.st_mode & 0777;
	return str_starts(path, paths_conf()) ? 0644 : 0600;
}

/* Writes the whole store under a new name and moves it into place, so that no reader sees half of
 * it. */
static int write_store(const char *path, const struct truststore *t)
{
	struct buffer b = {0};
	mode_t mode = mode_for(path);
	char name[4096];
	int fd, err = 0;

	if (!str_format(name, sizeof(name), "%s.new", path))
		return ENAMETOOLONG;
	buffer_append_str(&b, "# Servers that are trusted; changed by nut-trust.\n");
	for (size_t i = 0; i < t->count; i++)
		truststore_append(&b, &t->entries[i]);
	if (b.failed) {
		buffer_free(&b);
		return ENOMEM;
	}
	if (unlink(name) != 0 && errno != ENOENT)
		err = errno;
	fd = err ? -1 : open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && !err)
		err = errno;
	if (fd >= 0) {
		if (write(fd, b.data, b.len) != (ssize_t)b.len)
			err = errno ? errno : EIO;
		if (fchmod(fd, mode) != 0 && !err)
			err = errno;
		if (fsync(fd) != 0 && !err)
			err = errno;
		if (close(fd) != 0 && !err)
			err = errno;
		if (!err && rename(name, path) != 0)
			err = errno;
		if (err)
			unlink(name);
	}
	buffer_free(&b);
	return err;
}

/* The folders on the way to a user's own store. */
static void make_folders(const char *path)
{
	char folder[4096];

	if (!str_copy(folder, sizeof(folder), path))
		return;
	for (char *p = folder + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(folder,
		      0700); /* what is there already is fine; what is missing shows later */
		*p = '/';
	}
}

static int lock_store(const char *path)
{
	char name[4096];
	int fd;

	if (!str_format(name, sizeof(name), "%s.lock", path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	make_folders(path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static int add_entry(struct truststore *t, const struct trust_entry *e)
{
	struct trust_entry *bigger;

	if (entry_of(t, e->host, e->port))
		return EEXIST;
	bigger = realloc(t->entries, (t->count + 1) * sizeof(*bigger));
	if (!bigger)
		return ENOMEM;
	t->entries = bigger;
	t->entries[t->count++] = *e;
	return 0;
}

static int replace_entry(struct truststore *t, const struct trust_entry *e)
{
	struct trust_entry *old = entry_of(t, e->host, e->port);

	if (!old)
		return ENOENT;
	*old = *e;
	return 0;
}

static int remove_entry(struct truststore *t, const struct trust_entry *e)
{
	struct trust_entry *old = entry_of(t, e->host, e->port);

	if (!old)
		return ENOENT;
	memmove(old, old + 1, (size_t)(t->entries + t->count - old - 1) * sizeof(*old));
	t->count--;
	return 0;
}

/* Reads, changes and writes under the lock. A store with bad lines is not rewritten: they would be
 * lost. */
static int change(const char *path, const struct trust_entry *e,
		  int (*how)(struct truststore *t, const struct trust_entry *e))
{
	struct conf_report report = {0};
	struct truststore t;
	int lock = lock_store(path);
	int err;

	if (lock < 0)
		return errno;
	err = truststore_read(path, &t, &report);
	if (!err && report.errors)
		err = EBADMSG;
	if (!err)
		err = how(&t, e);
	if (!err)
		err = write_store(path, &t);
	truststore_free(&t);
	close(lock);
	return err;
}

int truststore_add(const char *path, const struct trust_entry *e)
{
	if (!is_storable(e->host))
		return EINVAL;
	return change(path, e, add_entry);
}

int truststore_replace(const char *path, const struct trust_entry *e)
{
	if (!is_storable(e->host))
		return EINVAL;
	return change(path, e, replace_entry);
}

int truststore_remove(const char *path, const char *host, unsigned port)
{
	struct trust_entry e = {.port = port};

	if (!str_copy(e.host, sizeof(e.host), host))
		return ENOENT;
	return change(path, &e, remove_entry);
}
