/*
 * nut-upsmon-mkconf: makes a file in the group language for upsmon, out of
 * options or of answers at a terminal.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/secure/cmdline.h"
#include "clients/upsmon/conf/mkconf.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char program[] = "nut-upsmon-mkconf";

enum { OPT_PASSWORD_FILE = 256, OPT_MAIL_PASSWORD_FILE, OPT_FORCE };

static const struct option_row own_rows[] = {
	{OPT_PASSWORD_FILE, "upsdpass-file", "FILE",
	 "take --upsdpass from its first line; - is stdin"},
	{OPT_MAIL_PASSWORD_FILE, "smtppass-file", "FILE",
	 "take --smtppass from its first line; - is stdin"},
	{'y', "yes", NULL, "ask nothing: what is not given is as usual"},
	{OPT_FORCE, "force", NULL, "take the place of a file that exists"},
	{'V', "version", NULL, "show the version"},
	{'v', NULL, NULL, "show it, too"},
	{'h', "help", NULL, "show this help"},
};

enum { OWN_ROWS = sizeof(own_rows) / sizeof(own_rows[0]) };

/* Other names that the answers' options have. */
static const struct {
	const char *name;
	enum answer answer;
	const char *help;
} aliases[] = {{"host", ANSWER_HOST, "the same as --upsdname"},
	       {"port", ANSWER_PORT, "the same as --upsdport"},
	       {"user", ANSWER_USER, "the same as --upsduser"},
	       {"certfile", ANSWER_CERTFILE, "the same as --clientcertfile"}};

enum { ALIASES = sizeof(aliases) / sizeof(aliases[0]) };

struct request {
	struct mkconf conf;
	bool yes, force;
};

static int __attribute__((format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_FAILURE;
}

/* The first line of a file, which is a secret. */
static bool take_file(struct mkconf *m, enum answer a, const char *path)
{
	bool standard = str_equal(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char line[MKCONF_ANSWER_MAX + 2];
	size_t len = 0;
	ssize_t got = 0;
	bool ok;

	/* Byte by byte, so that the next line of stdin is left. */
	while (fd >= 0 && len + 1 < sizeof(line) && (got = read(fd, line + len, 1)) == 1 &&
	       line[len] != '\n')
		len++;
	if (fd < 0 || got < 0)
		return fail("cannot read %s: %s", path, strerror(errno)), false;
	line[len] = '\0';
	if (!standard)
		close(fd);
	ok = mkconf_take(m, a, line);
	secret_wipe(line, sizeof(line));
	return ok;
}

/* Where ps(1) shows it, it stands no longer than need be. */
static bool take_secret(struct mkconf *m, enum answer a, char *value)
{
	bool ok = mkconf_take(m, a, value);

	secret_wipe(value, strlen(value));
	return ok;
}

static void print_help(const struct option_row *rows)
{
	log_banner(program, true);
	printf("usage: %s [options]\n\n"
	       "Makes UPSmon.conf, the file of upsmon in the group language (UPSmon.conf(5)).\n"
	       "At a terminal it asks for what the options leave open.\n\n",
	       program);
	options_print(rows, stdout);
}

static bool take_answer(struct mkconf *m, enum answer a, const char *value, char **argv, int argc)
{
	if (a != ANSWER_PASSWORD && a != ANSWER_MAIL_PASSWORD)
		return mkconf_take(m, a, value);
	/* The parser lends out the words of argv. */
	for (int i = 1; i < argc; i++) {
		if (value >= argv[i] && value <= argv[i] + strlen(argv[i]))
			return take_secret(m, a, argv[i] + (value - argv[i]));
	}
	return mkconf_take(m, a, value);
}

/* The answers' options, their other names, and our own. */
static void list_rows(struct option_row *rows)
{
	mkconf_option_rows(rows);
	for (size_t i = 0; i < ALIASES; i++) {
		rows[ANSWER_COUNT + i] = rows[aliases[i].answer];
		rows[ANSWER_COUNT + i].name = aliases[i].name;
		rows[ANSWER_COUNT + i].help = aliases[i].help;
	}
	memcpy(rows + ANSWER_COUNT + ALIASES, own_rows, sizeof(own_rows));
}

/* Returns -1 to go on, or the exit status. */
static int parse_arguments(struct request *r, int argc, char **argv)
{
	struct option_row rows[ANSWER_COUNT + ALIASES + OWN_ROWS + 1] = {{0}};
	struct cmdline line;
	const char *value;
	int letter;

	list_rows(rows);
	cmdline_begin(&line, rows, argc, argv);
	while ((letter = cmdline_next(&line, &value)) != OPTION_END) {
		bool ok = true;

		switch (letter) {
		case OPT_PASSWORD_FILE:
			ok = take_file(&r->conf, ANSWER_PASSWORD, value);
			break;
		case OPT_MAIL_PASSWORD_FILE:
			ok = take_file(&r->conf, ANSWER_MAIL_PASSWORD, value);
			break;
		case 'y':
			r->yes = true;
			break;
		case OPT_FORCE:
			r->force = true;
			break;
		case 'v':
		case 'V':
			log_banner(program, true);
			return EXIT_SUCCESS;
		case 'h':
			print_help(rows);
			return EXIT_SUCCESS;
		case CMDLINE_OPERAND:
			return fail("\"%s\" is no option; see nut-upsmon-mkconf -h", value);
		default:
			ok = letter >= MKCONF_LETTER &&
			     take_answer(&r->conf, (enum answer)(letter - MKCONF_LETTER), value,
					 argv, argc);
		}
		if (!ok)
			return EXIT_FAILURE;
	}
	return -1;
}

static bool confirm(const struct mkconf *m)
{
	char line[16];
	bool yes;

	printf("\n");
	mkconf_print(m);
	printf("Write %s [yes]? ", m->answers[ANSWER_FILE]);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return !*line || (str_to_bool(line, &yes) && yes);
}

static int write_file(const struct request *r)
{
	const char *path = r->conf.answers[ANSWER_FILE];
	struct buffer b = {0};
	int err, result = EXIT_FAILURE;

	/* At once, so that no copy of a password is left behind when it grows. */
	buffer_reserve(&b, 256 * 1024);
	if (!mkconf_plan(&b, &r->conf)) {
		fail("an answer has the closing marks of all quotes in it");
	} else if (mkconf_verify(&b)) {
		err = mkconf_write(path, &b, r->force);
		if (err == EEXIST)
			fail("%s exists, and stays as it is; --force takes its place", path);
		else if (err)
			fail("cannot write %s: %s", path, strerror(err));
		else
			result = EXIT_SUCCESS;
	}
	if (b.data)
		secret_wipe(b.data, b.size);
	buffer_free(&b);
	if (result == EXIT_SUCCESS)
		printf("%s is written; only its owner can read it\n", path);
	return result;
}

static int run(struct request *r)
{
	if (!r->yes && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return fail("there is no terminal to ask on; say --yes, and all that is needed by "
			    "options");
	if ((!r->yes && !mkconf_ask(&r->conf)) || !mkconf_settle(&r->conf))
		return EXIT_FAILURE;
	if (!r->yes && !confirm(&r->conf))
		return fail("nothing was written");
	return write_file(r);
}

int main(int argc, char **argv)
{
	static struct request r;
	int status;

	log_init(program);
	status = parse_arguments(&r, argc, argv);
	if (status < 0)
		status = run(&r);
	mkconf_free(&r.conf);
	return status;
}
