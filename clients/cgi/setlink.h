/*
 * setlink: what upsset.cgi asks a server for, and its orders, with the
 * visitor's own user and password.
 */
#ifndef CLIENTS_CGI_SETLINK_H
#define CLIENTS_CGI_SETLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/cgi/upslink.h"
#include "common/base/buffer.h"

struct setlink {
	struct upslink *link;
	const char *user, *password; /* borrowed */
	bool logged_in;
	char why[1024]; /* the last failure */
};

/* Names or other texts, each with its NUL. */
struct setlist {
	struct buffer text;
	size_t count;
};
const char *setlist_next(const struct setlist *list,
			 const char *from); /* NULL to begin, and at the end */
void setlist_free(struct setlist *list);

/* LIST `kind` of the UPS, or of one of its variables: word number `word` of the items. */
bool setlink_list(struct setlink *s, const char *kind, const char *variable, size_t word,
		  struct setlist *list);

/* The answer to GET `kind` for a name: all words behind it, each with its NUL. */
bool setlink_get(struct setlink *s, const char *kind, const char *name, struct setlist *words);

/*
 * Sends an order as that user, and waits a while for what the driver makes of
 * it, where the server tells that.  Puts its answer into `reply`, or why there
 * is none; true: it is done, or under way.
 */
bool setlink_order(struct setlink *s, size_t count, const char *const *words, char *reply,
		   size_t size);

#endif
