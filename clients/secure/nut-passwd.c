/*
 * nut-passwd: gives a user of upsd a hashed password.
 */
#include "config.h"

#include <crypt.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/prompt.h"
#include "clients/secure/cmdline.h"
#include "clients/secure/userfile.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum {
	STDIN_OPTION = 256,
	HASH_OPTION,
	PASSWORD_MAX = 511, /* crypt(3) takes no longer ones */
};

static const struct option_row rows[] = {
	{'f', "file", "FILE", "the file to change, instead of upsd.users"},
	{STDIN_OPTION, "stdin", NULL, "take the first line of standard input, and ask nothing"},
	{HASH_OPTION, "hash", NULL, "only print the hash"},
	{'h', "help", NULL, "show this text"},
	{'V', "version", NULL, "show the version"},
	{0},
};

struct request {
	const char *file; /* NULL: upsd.users */
	const char *user;
	bool from_stdin, hash_only;
};

static int fail(const char *text)
{
	fprintf(stderr, "nut-passwd: %s\n", text);
	return 1;
}

/* ------------------------------------------------------------------ password */

static bool read_stdin(char *password, size_t size)
{
	size_t len = 0;
	char c = '\0';

	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
		/* One more than is allowed shows that it is too long. */
		if (len + 1 < size)
			password[len++] = c;
	}
	password[len] = '\0';
	return true;
}

static bool ask_twice(char *password, size_t size)
{
	char again[PASSWORD_MAX + 2];
	bool same;

	if (!prompt_password("New password: ", password, size) ||
	    !prompt_password("Again: ", again, sizeof(again)))
		return fail("no password was given"), false;
	same = secret_equal(password, again);
	secret_wipe(again, sizeof(again));
	if (!same)
		fail("the two are not the same; nothing was changed");
	return same;
}

/* What clients can send: a line of the protocol has no control characters. */
static bool can_be_said(const char *password)
{
	for (const char *p = password; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fail("a password has no control characters"), false;
	if (!*password)
		return fail("the password is empty"), false;
	if (strlen(password) > PASSWORD_MAX)
		return fail("the password is over 511 characters long"), false;
	return true;
}

/* The best hash that this system makes. */
static bool make_hash(const char *password, char *hash, size_t size)
{
	static struct crypt_data data;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *made;
	bool ok;

	if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) &&
	    !crypt_gensalt_rn(NULL, 0, NULL, 0, setting, sizeof(setting)))
		return false;
	made = crypt_r(password, setting, &data);
	ok = made && made[0] == '$' && str_copy(hash, size, made);
	secret_wipe(&data, sizeof(data));
	return ok;
}

/* ----------------------------------------------------------------------- run */

static int store(const struct request *r, const char *hash)
{
	char path[PATH_MAX];

	if (r->file ? !str_copy(path, sizeof(path), r->file)
		    : !paths_conf_file(path, sizeof(path), "upsd.users"))
		return fail("the file's name is too long");
	switch (userfile_set(path, r->user, hash)) {
	case USERFILE_CHANGED:
		printf("%s: [%s] has a new password; \"upsd -c reload\" lets it count\n", path,
		       r->user);
		return 0;
	case USERFILE_ADDED:
		printf("%s: added [%s]; say below it what the user may do (man 5 upsd.users), then "
		       "\"upsd -c reload\"\n",
		       path, r->user);
		return 0;
	case USERFILE_FAILED:
		break;
	}
	fprintf(stderr, "nut-passwd: %s cannot be changed: %s\n", path, strerror(errno));
	return 1;
}

static int run(const struct request *r)
{
	char password[PASSWORD_MAX + 2], hash[CRYPT_OUTPUT_SIZE];
	bool ok = r->from_stdin ? read_stdin(password, sizeof(password))
				: ask_twice(password, sizeof(password));

	ok = ok && can_be_said(password);
	if (ok && !make_hash(password, hash, sizeof(hash)))
		ok = !fail("crypt(3) of this system makes no hash");
	secret_wipe(password, sizeof(password));
	if (!ok)
		return 1;
	if (!r->hash_only)
		return store(r, hash);
	puts(hash);
	return 0;
}

static bool check(const struct request *r)
{
	if (r->hash_only && (r->user || r->file))
		return fail("--hash changes no file, so it takes no user and no --file"), false;
	if (!r->hash_only && !r->user)
		return fail("which user? See nut-passwd -h"), false;
	if (r->user && !userfile_name_is_good(r->user))
		return fail("a user name has up to 64 letters, digits and marks, but no blanks "
			    "and none of []\"\\#="),
		       false;
	return true;
}

static void print_help(void)
{
	printf("Usage: nut-passwd [options] USER\n"
	       "       nut-passwd --hash\n\n"
	       "Gives a user of upsd.users a hashed password, asking for it twice.\n\n");
	options_print(rows, stdout);
}

int main(int argc, char **argv)
{
	struct request r = {0};
	struct cmdline line;
	const char *value;
	int letter;

	log_init("nut-passwd");
	cmdline_begin(&line, rows, argc, argv);
	while ((letter = cmdline_next(&line, &value)) != OPTION_END) {
		switch (letter) {
		case 'f':
			r.file = value;
			break;
		case STDIN_OPTION:
			r.from_stdin = true;
			break;
		case HASH_OPTION:
			r.hash_only = true;
			break;
		case CMDLINE_OPERAND:
			if (r.user)
				return fail("one user at a time");
			r.user = value;
			break;
		case 'h':
			log_banner("nut-passwd", true);
			print_help();
			return 0;
		case 'V':
			log_banner("nut-passwd", true);
			return 0;
		default:
			return 1;
		}
	}
	return check(&r) ? run(&r) : 1;
}
