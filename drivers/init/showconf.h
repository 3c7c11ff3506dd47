/*
 * showconf: what the sections of ups.conf say, for scripts to read.
 */
#ifndef DRIVERS_INIT_SHOWCONF_H
#define DRIVERS_INIT_SHOWCONF_H

#include <stdbool.h>
#include <stddef.h>

/* Prints `[name]` and its lines as `key=value`, of that section ("": the settings above the first
 * one) or (NULL) of all.  False: there is no such section, or no file, which was said. */
bool showconf_section(const char *only);

/* Prints the value of each key (a flag's is its name) in a line of its own, an empty line for one
 * that is not there.  False: something was not there, which was said. */
bool showconf_values(const char *section, const char *const *keys, size_t count);

#endif
