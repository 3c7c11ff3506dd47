/*
 * userfile: puts a hashed password into upsd.users, and leaves all else of the
 * file as it is: order, comments, other users, owner and mode.
 */
#ifndef CLIENTS_SECURE_USERFILE_H
#define CLIENTS_SECURE_USERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

enum userfile_done {
	USERFILE_CHANGED, /* the user was there; its old password, of whichever kind, is gone */
	USERFILE_ADDED,   /* a section for it stands at the end now */
	USERFILE_FAILED,  /* no memory, or errno */
};

/* A name that upsd.users can hold and a client can say without tricks. */
bool userfile_name_is_good(const char *name);

/* Appends the changed text to `out`. `name` is good; `hash` is one of crypt(3)'s. */
enum userfile_done userfile_edit(const char *text, size_t len, const char *name, const char *hash,
				 struct buffer *out);

/*
 * Does that to a file, which is there whole, old or new, at any time.  One that
 * does not exist is made, for its owner and group to read.  USERFILE_FAILED sets
 * errno; runs at the same time wait for each other.
 */
enum userfile_done userfile_set(const char *path, const char *name, const char *hash);

#endif
