#include "config.h"

#include "clients/report/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients/report/guess.h"
#include "common/base/log.h"
#include "common/base/run.h"
#include "common/base/str.h"

enum { BLOCK = 512, PACK_LIMIT_MS = 60 * 1000, PATH_SIZE = 4096 };

struct bundle_part *bundle_add(struct bundle *b, const char *name, const char *about)
{
	struct bundle_part *p = &b->parts[b->count];

	if (b->count == BUNDLE_PARTS_MAX || !str_copy(p->name, sizeof(p->name), name))
		return NULL;
	p->about = about;
	b->count++;
	return p;
}

void bundle_leave_out(struct bundle_part *p, const char *why)
{
	if (p->text.data)
		secret_wipe(p->text.data, p->text.size);
	buffer_clear(&p->text);
	buffer_append_str(&p->text, why);
	p->left_out = true;
}

static bool scrub_part(struct bundle_part *p, struct cloak *c)
{
	struct buffer clean = {0};

	if (p->text.failed)
		return false;
	cloak_apply(c, p->text.data ? p->text.data : "", p->text.len, &clean);
	if (clean.failed) {
		buffer_free(&clean);
		return false;
	}
	if (p->text.data)
		secret_wipe(p->text.data, p->text.size);
	buffer_free(&p->text);
	p->text = clean;
	return true;
}

bool bundle_scrub(struct bundle *b, struct cloak *c)
{
	/* First all that is to be hidden, as one part may name what another one only contains.  Of
	 * configuration files that is known already, by their grammar. */
	for (size_t i = 0; i < b->count; i++) {
		struct bundle_part *p = &b->parts[i];

		if (p->foreign)
			guess_secrets(c, p->text.data ? p->text.data : "", p->text.len);
		else if (!str_starts(p->name, "conf/"))
			guess_addresses(c, p->text.data ? p->text.data : "", p->text.len);
	}
	for (size_t i = 0; i < b->count; i++) {
		if (!scrub_part(&b->parts[i], c))
			return false;
	}
	return cloak_is_whole(c);
}

void bundle_free(struct bundle *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (b->parts[i].text.data)
			secret_wipe(b->parts[i].text.data, b->parts[i].text.size);
		buffer_free(&b->parts[i].text);
	}
}

static bool complain(const char *path)
{
	fprintf(stderr, "%s: cannot write %s: %s\n", log_program(), path, strerror(errno));
	return false;
}

static bool write_all(int fd, const void *data, size_t len)
{
	const char *from = data;

	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			from += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static int create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* ------------------------------------------------------------------- a folder */

static bool write_file(const char *folder, const struct bundle_part *p)
{
	char path[PATH_SIZE];
	int fd;
	bool ok;

	if (!str_format(path, sizeof(path), "%s/%s", folder, p->name)) {
		errno = ENAMETOOLONG;
		return complain(p->name);
	}
	fd = create(path);
	ok = fd >= 0 && write_all(fd, p->text.data ? p->text.data : "", p->text.len);
	if (fd >= 0)
		close(fd);
	return ok || complain(path);
}

bool bundle_write_folder(const struct bundle *b, const char *path)
{
	char conf[PATH_SIZE];

	str_format(conf, sizeof(conf), "%s/conf", path);
	if (mkdir(path, 0700) != 0 || mkdir(conf, 0700) != 0)
		return complain(path);
	for (size_t i = 0; i < b->count; i++) {
		if (!b->parts[i].left_out && !write_file(path, &b->parts[i]))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------ tar */

/* POSIX' ustar; owner and group stay 0, who made it is nobody's business. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

static void fill_sum(struct header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	str_format(h->sum, sizeof(h->sum), "%06o", sum & 0777777);
}

static void append_part(struct buffer *tar, const char *folder, const struct bundle_part *p)
{
	static const char zeros[BLOCK];
	struct header h = {.type = '0', .magic = "ustar", .version = {'0', '0'}};

	str_format(h.name, sizeof(h.name), "%s/%s", folder, p->name);
	str_copy(h.mode, sizeof(h.mode), "0000600");
	str_copy(h.uid, sizeof(h.uid), "0000000");
	str_copy(h.gid, sizeof(h.gid), "0000000");
	str_format(h.size, sizeof(h.size), "%011zo", p->text.len);
	str_format(h.mtime, sizeof(h.mtime), "%011llo", (unsigned long long)time(NULL));
	fill_sum(&h);
	buffer_append(tar, &h, sizeof(h));
	buffer_append(tar, p->text.data ? p->text.data : "", p->text.len);
	buffer_append(tar, zeros, (BLOCK - p->text.len % BLOCK) % BLOCK);
}

static bool pack_file(char *path, size_t size)
{
	const char *argv[] = {"gzip", "-n", "--", path, NULL};
	struct run r = {.argv = argv, .limit_ms = PACK_LIMIT_MS};

	return run_went_well(&r, NULL) && str_copy(path + strlen(path), size - strlen(path), ".gz");
}

bool bundle_write_tar(const struct bundle *b, char *path, size_t size, const char *name, bool pack)
{
	static const char end[2 * BLOCK];
	struct buffer tar = {0};
	bool ok;
	int fd;

	for (size_t i = 0; i < b->count; i++) {
		if (!b->parts[i].left_out)
			append_part(&tar, name, &b->parts[i]);
	}
	buffer_append(&tar, end, sizeof(end));
	fd = tar.failed ? -1 : create(path);
	if (tar.failed)
		errno = ENOMEM;
	ok = fd >= 0 && write_all(fd, tar.data, tar.len);
	if (!ok)
		complain(path);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && !ok)
		unlink(path);
	buffer_free(&tar);
	if (ok && pack && !pack_file(path, size))
		fprintf(stderr, "%s: there is no gzip: %s stays unpacked\n", log_program(), path);
	return ok;
}
