/*
 * backoff: pauses that double from a first one up to a longest one, each up to
 * a quarter longer or shorter, so that many who lost the same thing at once do
 * not come back in step.
 */
#ifndef DRIVERS_CORE_BACKOFF_H
#define DRIVERS_CORE_BACKOFF_H

struct backoff {
	int first_ms, longest_ms;
	int next_ms; /* 0 = at the beginning */
};

/* The pause before the next attempt. */
int backoff_next(struct backoff *b);

/* It went well: the next pause is the first again. */
void backoff_reset(struct backoff *b);

#endif
