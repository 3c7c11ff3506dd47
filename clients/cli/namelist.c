#include "config.h"

#include "clients/cli/namelist.h"

#include <stdlib.h>

#include "common/base/str.h"

enum { NAME_WORD = 2, ITEM_WORDS = 3 };

static bool add(struct namelist *list, const char *name)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 32;
		char **names = realloc(list->names, room * sizeof(*names));

		if (!names)
			return false;
		list->names = names;
		list->room = room;
	}
	list->names[list->count] = str_dup(name);
	return list->names[list->count++] != NULL;
}

static bool fetch(struct namelist *list, struct cli *c, const char *kind)
{
	const char *query[] = {kind, c->ups};
	size_t count;
	char **item;
	int more;

	if (upscli_list_start(&c->conn, 2, query) < 0) {
		cli_fail_library(c);
		return false;
	}
	while ((more = upscli_list_next(&c->conn, 2, query, &count, &item)) == 1) {
		if (count < ITEM_WORDS) {
			cli_fail_short(c, count, ITEM_WORDS);
			return false;
		}
		if (!add(list, item[NAME_WORD])) {
			cli_fail(c, "out of memory");
			return false;
		}
	}
	if (more < 0)
		cli_fail_library(c);
	return more == 0;
}

bool namelist_fetch(struct namelist *list, struct cli *c, const char *kind)
{
	bool ok = fetch(list, c, kind);

	if (!ok)
		namelist_free(list);
	return ok;
}

void namelist_free(struct namelist *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct namelist){0};
}
