/*
 * verbs: what nutconf can be told to do by a word, `nutconf setup`; one file each.
 */
#ifndef CLIENTS_NUTCONF_VERBS_H
#define CLIENTS_NUTCONF_VERBS_H

#include <stdio.h>

/* argv[0] is the verb; each returns the exit status. */
int verb_setup(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_from_apcupsd(int argc, char **argv);
int verb_trial(int argc, char **argv);

/* Without a verb: NUT's options (direct.c). argv[0] is the program. */
int direct_run(int argc, char **argv);
void direct_print_options(FILE *out);

#endif
