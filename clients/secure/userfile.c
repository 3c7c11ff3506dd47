#include "config.h"

#include "clients/secure/userfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"
#include "common/base/words.h"

enum { NEW_MODE = 0640, NAME_MAX_LEN = 64 };

static const struct words_limits limits = {.max_words = 4096, .max_line = 1024 * 1024};

bool userfile_name_is_good(const char *name)
{
	size_t len = strlen(name);

	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("[]\"\\#=", *p))
			return false;
	return len > 0 && len <= NAME_MAX_LEN;
}

/* ------------------------------------------------------------------ the text */

struct edit {
	const char *name;
	const char *hash;
	struct buffer *out;
	bool inside; /* the section of the user */
	bool done;
};

static bool is_header_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word + 1, name, len) == 0 && str_equal(word + 1 + len, "]");
}

static void end_line(struct buffer *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buffer_append_char(out, '\n');
}

static void append_hash(struct edit *e)
{
	end_line(e->out);
	buffer_append_str(e->out, "\tpasswordhash = ");
	words_append_quoted(e->out, e->hash);
	buffer_append_char(e->out, '\n');
	e->done = true;
}

/* One line of the file as it was read, `len` bytes of it. */
static void take_line(struct edit *e, const struct words *w, const char *line, size_t len)
{
	const char *first = words_at(w, 0);

	if (first[0] == '[') {
		/* upsd takes the first section of a name only. */
		e->inside = !e->done && is_header_of(first, e->name);
		buffer_append(e->out, line, len);
		if (e->inside)
			append_hash(e);
		return;
	}
	if (!e->inside ||
	    !(str_caseequal(first, "password") || str_caseequal(first, "passwordhash")))
		buffer_append(e->out, line, len);
}

enum userfile_done userfile_edit(const char *text, size_t len, const char *name, const char *hash,
				 struct buffer *out)
{
	struct edit e = {.name = name, .hash = hash, .out = out};
	struct words *w = words_new(WORDS_FILE, &limits);
	bool found;

	while (w && len > 0) {
		const char *line = text;
		enum words_result what = words_feed(w, &text, &len);

		if (what == WORDS_MORE)
			what = words_end(w);
		/* What upsd cannot read either stays for its owner to mend. */
		if (what == WORDS_LINE)
			take_line(&e, w, line, (size_t)(text - line));
		else
			buffer_append(out, line, (size_t)(text - line));
	}
	found = e.done;
	if (!found) {
		end_line(out);
		if (out->len)
			buffer_append_char(out, '\n');
		buffer_appendf(out, "[%s]\n", name);
		append_hash(&e);
	}
	errno = ENOMEM;
	if (!w || out->failed) {
		words_free(w);
		return USERFILE_FAILED;
	}
	words_free(w);
	return found ? USERFILE_CHANGED : USERFILE_ADDED;
}

/* ------------------------------------------------------------------ the file */

/* Opens and locks the file that stands at `path` when the lock is got. */
static int open_locked(const char *path)
{
	for (;;) {
		int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, NEW_MODE);
		struct stat st, now;

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 && stat(path, &now) == 0 &&
		    now.st_ino == st.st_ino && now.st_dev == st.st_dev)
			return fd;
		/* Somebody has put another one there, or something is wrong for good. */
		close(fd);
		if (stat(path, &now) != 0 && errno != ENOENT)
			return -1;
	}
}

static void wipe(struct buffer *b)
{
	if (b->data)
		secret_wipe(b->data, b->len);
	buffer_free(b);
}

/* upsd has to read it, as whoever it becomes. */
static int belong_to_daemon(int fd)
{
	struct privilege daemon;

	if (fchmod(fd, NEW_MODE) != 0)
		return errno;
	if (geteuid() == 0 && privilege_lookup(RUN_AS_USER, RUN_AS_GROUP, &daemon) &&
	    fchown(fd, (uid_t)-1, daemon.gid) != 0)
		return errno;
	return 0;
}

enum userfile_done userfile_set(const char *path, const char *name, const char *hash)
{
	enum userfile_done done = USERFILE_FAILED;
	struct buffer before = {0}, after = {0};
	char real[PATH_MAX];
	bool is_new = !realpath(path, real); /* a link stays one */
	int fd, err;

	if (is_new && (errno != ENOENT || !str_copy(real, sizeof(real), path)))
		return USERFILE_FAILED;
	fd = open_locked(real);
	if (fd < 0)
		return USERFILE_FAILED;
	err = is_new ? belong_to_daemon(fd) : 0;
	if (!err)
		err = wholefile_read_fd(fd, &before);
	if (!err) {
		done = userfile_edit(before.data, before.len, name, hash, &after);
		err = done == USERFILE_FAILED ? errno : wholefile_replace(real, &after, NULL);
	}
	wipe(&before);
	wipe(&after);
	close(fd);
	errno = err;
	return err ? USERFILE_FAILED : done;
}
