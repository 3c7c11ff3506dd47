/*
 * command: a program and its arguments, as a directive of a configuration
 * gives them (NOTIFYCMD, CMDSCRIPT); it is run without a shell.
 */
#ifndef COMMON_BASE_COMMAND_H
#define COMMON_BASE_COMMAND_H

#include <stddef.h>

/*
 * A copy of the words behind the directive, NULL-ended; NULL when there is no
 * memory.  NUT 2.8.0 gave its one word to a shell, so there are files that say
 * "/path/script argument": one word with blanks in it, that no file is called,
 * is split into its words.  `count` is at least 1.
 */
char **command_new(size_t count, char *const *words);

/* A copy with one argument more; NULL when there is no memory. */
char **command_with(char *const *command, const char *argument);

void command_free(char **command); /* NULL is fine */

#endif
