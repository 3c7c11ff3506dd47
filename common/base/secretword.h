/*
 * secretword: which names say that their value is a secret: password, community,
 * token and their kin, in any letter case.
 */
#ifndef COMMON_BASE_SECRETWORD_H
#define COMMON_BASE_SECRETWORD_H

#include <stdbool.h>

/* The whole word, or what is behind its last `_` or `.`. */
bool secretword_is(const char *word);

/* Any part of it: for names that nobody knows. */
bool secretword_within(const char *name);

#endif
