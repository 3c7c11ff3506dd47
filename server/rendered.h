/*
 * rendered: answers kept as text until what they were made from changes.
 *
 * LIST VAR of a device costs far more to write out than to copy, and most
 * polls come between two changes.  The owner of a thing keeps one `struct
 * rendered *` for it (NULL at first); the cache bounds the memory of all of
 * them together and drops the one used longest ago.
 */
#ifndef SERVER_RENDERED_H
#define SERVER_RENDERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/base/buffer.h"

struct rendered;
TAILQ_HEAD(rendered_list, rendered);

struct rendered_cache {
	struct rendered_list by_use; /* longest ago first */
	size_t bytes;
	size_t max_bytes;
};

void rendered_cache_init(struct rendered_cache *cache, size_t max_bytes);

/*
 * Appends the kept answer to `out` if it was made for the same spelling of the
 * name and the same generation.  False (nothing appended) when there is none.
 */
bool rendered_append(struct rendered_cache *cache, struct rendered **slot, const char *spelling,
		     uint64_t generation, struct buffer *out);

/*
 * Keeps a copy of an answer in *slot, in place of an older one.  What cannot
 * be kept (no memory, too large) is simply not there next time.  *slot is set
 * to NULL when the answer is dropped, so it must live until then.
 */
void rendered_keep(struct rendered_cache *cache, struct rendered **slot, const char *spelling,
		   uint64_t generation, const char *text, size_t len);

/* Drops the answer of one slot. */
void rendered_drop(struct rendered_cache *cache, struct rendered **slot);

#endif
