#include "config.h"

#include "clients/nutconf/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/nutconf/diff.h"
#include "clients/nutconf/hide.h"
#include "common/base/log.h"
#include "common/base/modefile.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

static const char token[] = "nutconf";

static const char *const names[] = {
	[CHANGES_NUT_CONF] = "nut.conf",       [CHANGES_UPS_CONF] = "ups.conf",
	[CHANGES_UPSD_CONF] = "upsd.conf",     [CHANGES_UPSD_USERS] = "upsd.users",
	[CHANGES_UPSMON_CONF] = "upsmon.conf",
};

/* nut.conf comes last: it lets all of them count. */
static const enum changes_file write_order[] = {
	CHANGES_UPS_CONF,    CHANGES_UPSD_CONF, CHANGES_UPSD_USERS,
	CHANGES_UPSMON_CONF, CHANGES_NUT_CONF,
};

const char *changes_name(enum changes_file f)
{
	return names[f];
}

bool changes_begin(struct changes *c)
{
	*c = (struct changes){.lock = -1};
	c->lock = open(paths_conf(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->lock < 0) {
		log_error(token, "%s, where the configuration is to be, cannot be opened: %s%s%s",
			  paths_conf(), strerror(errno), errno == ENOENT ? "; mkdir " : "",
			  errno == ENOENT ? paths_conf() : "");
		return false;
	}
	if (flock(c->lock, LOCK_EX | LOCK_NB) != 0) {
		log_error(token, "another nutconf is changing %s; wait until it has ended",
			  paths_conf());
		return false;
	}
	return true;
}

static void wipe(struct buffer *b)
{
	if (b->data)
		secret_wipe(b->data, b->len);
	buffer_free(b);
}

void changes_end(struct changes *c)
{
	for (size_t i = 0; i < CHANGES_FILES; i++) {
		lineedit_free(c->items[i].edit);
		wipe(&c->items[i].before);
		wipe(&c->items[i].after);
		wipe(&c->items[i].shell);
	}
	if (c->lock >= 0)
		close(c->lock);
	*c = (struct changes){.lock = -1};
}

/* Reads the file; one that is not there is empty. */
static bool load(struct changes *c, enum changes_file f)
{
	struct changes_item *i = &c->items[f];
	int err;

	if (i->loaded)
		return true;
	if (!paths_conf_file(i->path, sizeof(i->path), names[f]))
		err = ENAMETOOLONG;
	else
		err = wholefile_read(i->path, &i->before);
	i->is_new = err == ENOENT;
	if (err && !i->is_new) {
		log_error(token, "%s cannot be read: %s", i->path, strerror(err));
		return false;
	}
	/* Never NULL from here on. */
	buffer_string(&i->before);
	i->edit = lineedit_new(i->before.len ? i->before.data : "", i->before.len);
	buffer_append(&i->shell, i->before.len ? i->before.data : "", i->before.len);
	i->loaded = i->edit && !i->shell.failed;
	if (!i->loaded)
		log_error(token, "out of memory");
	return i->loaded;
}

struct lineedit *changes_edit(struct changes *c, enum changes_file f)
{
	return load(c, f) ? c->items[f].edit : NULL;
}

bool changes_set_mode(struct changes *c, const char *name, const char *value)
{
	struct buffer out = {0}, *text = &c->items[CHANGES_NUT_CONF].shell;

	if (!load(c, CHANGES_NUT_CONF) ||
	    !modefile_set(text->len ? text->data : "", text->len, name, value, &out))
		return false;
	buffer_free(text);
	*text = out;
	return true;
}

bool changes_get_mode(struct changes *c, const char *name, struct buffer *value)
{
	struct buffer *text = &c->items[CHANGES_NUT_CONF].shell;

	return load(c, CHANGES_NUT_CONF) && text->len &&
	       modefile_get(text->data, text->len, name, value, NULL);
}

bool changes_settle(struct changes *c)
{
	for (size_t f = 0; f < CHANGES_FILES; f++) {
		struct changes_item *i = &c->items[f];

		if (!i->loaded)
			continue;
		wipe(&i->after);
		if (f == CHANGES_NUT_CONF) {
			buffer_append(&i->after, i->shell.len ? i->shell.data : "", i->shell.len);
			continue;
		}
		if (lineedit_text(i->edit, &i->after))
			continue;
		if (lineedit_obstacle(i->edit))
			log_error(token,
				  "%s:%u: what is to be written would not be read as it is meant; "
				  "mend "
				  "this line first, %s -t tells what is wrong with it",
				  i->path, lineedit_obstacle(i->edit),
				  f == CHANGES_UPSMON_CONF ? "upsmon" : "upsd");
		else
			log_error(token, "out of memory");
		return false;
	}
	return true;
}

bool changes_differ(const struct changes *c, enum changes_file f)
{
	const struct changes_item *i = &c->items[f];

	return i->loaded &&
	       (i->before.len != i->after.len ||
		(i->after.len && memcmp(i->before.data, i->after.data, i->after.len) != 0));
}

void changes_print(const struct changes *c, enum changes_file f, FILE *out)
{
	const struct changes_item *i = &c->items[f];
	struct buffer before = {0}, after = {0};

	if (!changes_differ(c, f))
		return;
	if (hide_secrets(&i->before, &i->after, "<old password>", &before) &&
	    hide_secrets(&i->after, &i->before, "<new password>", &after))
		diff_print(&before, &after, i->path, out);
	wipe(&before);
	wipe(&after);
}

/* -------------------------------------------------------------------- writing */

/* Root's, for the daemons to read; what an ordinary user makes is for that user. */
static bool owner_of_new(const struct changes *c, struct wholefile_owner *owner)
{
	struct privilege daemon;

	*owner = (struct wholefile_owner){geteuid(), getegid(), 0600};
	if (geteuid() != 0)
		return true;
	if (!privilege_lookup(c->group_of ? c->group_of : RUN_AS_USER,
			      c->group_of ? NULL : RUN_AS_GROUP, &daemon))
		return false;
	owner->gid = daemon.gid;
	owner->mode = 0640;
	return true;
}

static bool makes_any(const struct changes *c)
{
	for (size_t f = 0; f < CHANGES_FILES; f++)
		if (c->items[f].is_new && changes_differ(c, f))
			return true;
	return false;
}

/* A name for the old text that no file has. */
static bool name_backup(const char *path, char *name, size_t size)
{
	struct stat st;

	if (!str_format(name, size, "%s.bak", path))
		return false;
	for (unsigned n = 1; lstat(name, &st) == 0; n++)
		if (n > 999 || !str_format(name, size, "%s.bak%u", path, n))
			return false;
	return true;
}

static int stage_backup(const struct changes_item *i, struct wholefile_staged *s)
{
	struct wholefile_owner owner;
	char name[PATH_MAX];
	struct stat st;

	if (stat(i->path, &st) != 0)
		return errno;
	owner = (struct wholefile_owner){st.st_uid, st.st_gid, st.st_mode & 07777};
	if (!name_backup(i->path, name, sizeof(name)))
		return ENAMETOOLONG;
	return wholefile_stage(s, name, &i->before, &owner);
}

struct writing {
	struct wholefile_staged fresh[CHANGES_FILES], old[CHANGES_FILES];
};

static bool stage(const struct changes *c, enum changes_file f, bool keep,
		  const struct wholefile_owner *owner, struct writing *w)
{
	const struct changes_item *i = &c->items[f];
	int err = 0;

	if (keep && !i->is_new)
		err = stage_backup(i, &w->old[f]);
	if (!err)
		err = wholefile_stage(&w->fresh[f], i->path, &i->after, owner);
	if (err)
		log_error(token, "%s cannot be written: %s%s", i->path, strerror(err),
			  err == EACCES || err == EPERM ? "; run this as root (sudo)" : "");
	return !err;
}

static bool place(struct wholefile_staged *s)
{
	int err = *s->fresh ? wholefile_place(s) : 0;

	if (err)
		log_error(token, "%s cannot be written: %s", s->path, strerror(err));
	return !err;
}

/* The old texts are in safety before the first file changes. */
static bool place_all(struct writing *w)
{
	bool ok = true;

	for (size_t i = 0; ok && i < CHANGES_FILES; i++)
		ok = place(&w->old[i]);
	for (size_t i = 0; ok && i < CHANGES_FILES; i++)
		ok = place(&w->fresh[write_order[i]]);
	return ok;
}

bool changes_write(struct changes *c, bool keep)
{
	static struct writing w;
	struct wholefile_owner owner;
	sigset_t all, old;
	bool ok = !makes_any(c) || owner_of_new(c, &owner);

	memset(&w, 0, sizeof(w));
	/* An interruption waits until everything is in its place. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (size_t i = 0; ok && i < CHANGES_FILES; i++)
		if (changes_differ(c, write_order[i]))
			ok = stage(c, write_order[i], keep, &owner, &w);
	ok = ok && place_all(&w);
	for (size_t i = 0; i < CHANGES_FILES; i++) {
		wholefile_drop(&w.fresh[i]);
		wholefile_drop(&w.old[i]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ok;
}
