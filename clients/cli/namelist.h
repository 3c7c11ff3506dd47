/*
 * namelist: the names of a LIST, kept, so that each can be asked about after
 * the list is over.
 */
#ifndef CLIENTS_CLI_NAMELIST_H
#define CLIENTS_CLI_NAMELIST_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/cli/cli.h"

/* A zeroed struct is an empty list. */
struct namelist {
	char **names;
	size_t count;
	size_t room;
};

/* Fetches `LIST <kind> <ups>`. False after reporting; then the list is empty. */
bool namelist_fetch(struct namelist *list, struct cli *c, const char *kind);
void namelist_free(struct namelist *list);

#endif
