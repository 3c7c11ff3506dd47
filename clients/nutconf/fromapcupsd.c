/* nutconf from-apcupsd: files of ours, made of apcupsd.conf. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/nutconf/apcupsd.h"
#include "clients/nutconf/verbs.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"

enum { OPT_LOCAL = 256, SCRIPTS_MAX = 64, PASSWORD_BYTES = 12 };

static const struct option_row rows[] = {
	{'o', "output", "DIR", "write the files there; none of them may exist"},
	{OPT_LOCAL, "local", "DIR", "the same"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

/* The event scripts beside apccontrol(8). */
struct scripts {
	char names[SCRIPTS_MAX][64];
	const char *list[SCRIPTS_MAX + 1];
	size_t count;
};

static void find_scripts(struct scripts *s, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	while (dir && s->count < SCRIPTS_MAX && (entry = readdir(dir))) {
		char path[PATH_MAX];

		if (strchr(entry->d_name, '.') || str_equal(entry->d_name, "apccontrol") ||
		    str_equal(entry->d_name, "config") || str_equal(entry->d_name, "ups-monitor") ||
		    str_equal(entry->d_name, "killpower") ||
		    !str_format(path, sizeof(path), "%s/%s", folder, entry->d_name))
			continue;
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) &&
		    str_copy(s->names[s->count], sizeof(s->names[0]), entry->d_name)) {
			s->list[s->count] = s->names[s->count];
			s->count++;
		}
	}
	if (dir)
		closedir(dir);
}

static bool make_password(char *dst, size_t size)
{
	unsigned char bytes[PASSWORD_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes) && 2 * i + 2 < size; i++)
		str_format(dst + 2 * i, size - 2 * i, "%02x", bytes[i]);
	secret_wipe(bytes, sizeof(bytes));
	return true;
}

/* A file and what it is to be. */
struct target {
	const char *name;
	const struct buffer *text;
	mode_t mode;
	bool if_any;
};

static bool is_there(const char *folder, const struct target *t)
{
	char path[PATH_MAX];
	struct stat st;

	if (!str_format(path, sizeof(path), "%s/%s", folder, t->name) || lstat(path, &st) != 0)
		return false;
	fprintf(stderr,
		"nutconf: %s is there already, and nothing is replaced: choose another "
		"folder with --output\n",
		path);
	return true;
}

/* Daemons that run as another user read them by its group. */
static bool write_target(const char *folder, const struct target *t)
{
	struct wholefile_owner owner = {geteuid(), getegid(), t->mode};
	struct privilege p;
	char path[PATH_MAX];
	int err;

	if (geteuid() == 0 && privilege_lookup(RUN_AS_USER, NULL, &p))
		owner.gid = p.gid;
	if (!str_format(path, sizeof(path), "%s/%s", folder, t->name))
		return false;
	err = wholefile_replace(path, t->text, &owner);
	if (err)
		fprintf(stderr, "nutconf: cannot write %s: %s\n", path, strerror(err));
	return err == 0;
}

static int write_plan(const struct apcupsd_plan *plan, const char *folder)
{
	const struct target targets[] = {
		{"nut.conf", &plan->nut_conf, 0644, false},
		{"ups.conf", &plan->ups_conf, 0640, false},
		{"upsd.conf", &plan->upsd_conf, 0640, false},
		{"upsd.users", &plan->upsd_users, 0640, false},
		{"upsmon.conf", &plan->upsmon_conf, 0640, false},
		{"apcupsd-events", &plan->script, 0755, true},
	};
	enum { COUNT = sizeof(targets) / sizeof(targets[0]) };

	if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
		fprintf(stderr, "nutconf: cannot make %s: %s\n", folder, strerror(errno));
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < COUNT; i++) {
		if (is_there(folder, &targets[i]))
			return EXIT_FAILURE;
	}
	for (size_t i = 0; i < COUNT; i++) {
		if ((!targets[i].if_any || targets[i].text->len) &&
		    !write_target(folder, &targets[i]))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static void print_end(const struct apcupsd_plan *plan, const char *folder)
{
	if (plan->not_carried)
		printf("\n%u directives or scripts are not carried over: see above.\n",
		       plan->not_carried);
	printf("\nWritten to %s. Look at it with\n"
	       "  NUT_CONFPATH=%s nutconf check\n"
	       "copy it to %s, stop apcupsd (it holds the UPS), and start the suite.\n",
	       folder, folder, paths_conf());
}

static int convert(const char *path, const char *folder, const struct buffer *text)
{
	struct apcupsd_conf *conf = calloc(1, sizeof(*conf));
	struct scripts *scripts = calloc(1, sizeof(*scripts));
	struct apcupsd_plan plan = {.possible = false};
	char password[2 * PASSWORD_BYTES + 1];
	int status = EXIT_FAILURE;

	if (!conf || !scripts || !make_password(password, sizeof(password)))
		goto out;
	apcupsd_read(conf, path, text->data ? text->data : "", text->len);
	find_scripts(scripts, apcupsd_value(conf, "SCRIPTDIR", "/etc/apcupsd"));
	apcupsd_plan_make(&plan, conf, password, scripts->list, paths_conf());
	printf("%s%s", buffer_string(&conf->problems), buffer_string(&plan.notes));
	if (!plan.possible)
		fprintf(stderr, "nutconf: nothing is written\n");
	else
		status = write_plan(&plan, folder);
	if (status == EXIT_SUCCESS)
		print_end(&plan, folder);
	buffer_free(&conf->problems);
out:
	secret_wipe(password, sizeof(password));
	apcupsd_plan_free(&plan);
	free(scripts);
	if (conf)
		secret_wipe(conf, sizeof(*conf)); /* DEVICE may hold a community */
	free(conf);
	return status;
}

static int usage(int status)
{
	printf("usage: nutconf from-apcupsd [/etc/apcupsd/apcupsd.conf] --output DIR\n\n");
	options_print(rows, stdout);
	return status;
}

int verb_from_apcupsd(int argc, char **argv)
{
	const char *path = NULL, *folder = NULL, *value;
	struct buffer text = {0};
	struct option_parser p;
	int letter, err, status;

	options_begin(&p, rows, argc, argv);
	for (;;) {
		letter = options_next(&p, &value);
		if (letter == 'o' || letter == OPT_LOCAL)
			folder = value;
		else if (letter == 'h')
			return usage(EXIT_SUCCESS);
		else if (letter != OPTION_END)
			return EXIT_FAILURE;
		else if (options_operand_count(&p) == 0)
			break;
		else if (path)
			return usage(EXIT_FAILURE);
		else {
			path = options_operands(&p)[0];
			/* Options may stand behind it. */
			options_begin(&p, rows, options_operand_count(&p), options_operands(&p));
		}
	}
	if (!folder) {
		fprintf(stderr, "nutconf: from-apcupsd wants a folder to write to: --output DIR\n");
		return EXIT_FAILURE;
	}
	path = path ? path : "/etc/apcupsd/apcupsd.conf";
	err = wholefile_read(path, &text);
	if (err)
		fprintf(stderr, "nutconf: cannot read %s: %s\n", path, strerror(err));
	status = err ? EXIT_FAILURE : convert(path, folder, &text);
	if (text.data)
		secret_wipe(text.data, text.size);
	buffer_free(&text);
	return status;
}
