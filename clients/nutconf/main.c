/*
 * nutconf: sets the suite up, checks its files and edits them.
 */
#include "config.h"

#include <stdio.h>

#include "clients/nutconf/verbs.h"
#include "common/base/log.h"
#include "common/base/str.h"

struct verb {
	const char *name;
	const char *help; /* one line */
	int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
	{"setup", "find a UPS, write the files, start it all and rehearse a shutdown", verb_setup},
	{"check", "look through all files together and tell what is wrong", verb_check},
	{"trial", "run the suite beside a live NUT, compare, switch over or back", verb_trial},
	{"from-apcupsd", "make our files of apcupsd's", verb_from_apcupsd},
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

static void print_verbs(FILE *out)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  nutconf %-22s%s\n", verbs[i].name, verbs[i].help);
}

static int refuse(const char *word)
{
	const char *names[VERB_COUNT + 1] = {NULL}, *guess;

	for (size_t i = 0; i < VERB_COUNT; i++)
		names[i] = verbs[i].name;
	guess = str_closest(word, names);
	fprintf(stderr, "nutconf: there is no \"nutconf %s\"%s%s%s\n", word,
		guess ? "; did you mean \"" : "; nutconf -h tells what there is",
		guess ? guess : "", guess ? "\"?" : "");
	return 1;
}

int main(int argc, char **argv)
{
	log_init("nutconf");
	if (argc < 2 || str_equal(argv[1], "-h") || str_equal(argv[1], "-help") ||
	    str_equal(argv[1], "--help")) {
		log_banner("nutconf", true);
		printf("Sets the suite up, checks its files and edits them.\n\n"
		       "usage: nutconf VERB [options]   (nutconf VERB -h tells more)\n"
		       "       nutconf OPTIONS\n\n");
		print_verbs(stdout);
		putchar('\n');
		direct_print_options(stdout);
		return 0;
	}
	if (argv[1][0] == '-')
		return direct_run(argc, argv);
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (str_equal(verbs[i].name, argv[1]))
			return verbs[i].run(argc - 1, argv + 1);
	return refuse(argv[1]);
}
