/*
 * queue: INSTCMD and SET lines that wait until the driver's own code is
 * between two polls.  Bounded: a flood is refused, not stored.
 */
#ifndef DRIVERS_CORE_QUEUE_H
#define DRIVERS_CORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

enum { QUEUE_MAX = 64 };

struct queue_command {
	struct queue_command *next;
	bool is_set; /* SET, else INSTCMD */
	char *name;
	char *value;          /* NULL = none (INSTCMD only) */
	char *id;             /* of TRACKING; NULL = nobody waits for the result */
	unsigned long client; /* who gets it */
	unsigned long number; /* the owner's */
};

struct queue {
	struct queue_command *head, *tail;
	size_t count;
};

/* Copies the texts. False: full, or no memory. */
bool queue_push(struct queue *q, bool is_set, const char *name, const char *value, const char *id,
		unsigned long client);

/* Appends one that was taken out.  False: full. */
bool queue_append(struct queue *q, struct queue_command *cmd);

/* Takes out the one with that number, the caller's from now on; NULL when there is none. */
struct queue_command *queue_take(struct queue *q, unsigned long number);

/* The oldest, the caller's from now on; NULL when there is none. */
struct queue_command *queue_pop(struct queue *q);
void queue_command_free(struct queue_command *cmd);
void queue_clear(struct queue *q);

#endif
