/*
 * lock: LOCKFN, which whoever starts the timer daemon holds until the daemon
 * can be reached, so that there is only one.
 *
 * The file is made with O_EXCL, as NUT's upssched does, so that both keep out
 * of each other's way.  Ours is locked by flock(2) as well, which ends with its
 * holder: a file that is left over is known by that and removed.  NUT's is not
 * locked, and counts as left over when it stays for LOCK_GRACE_MS.  A file with
 * any other content than ours is not removed.
 */
#ifndef CLIENTS_UPSSCHED_LOCK_H
#define CLIENTS_UPSSCHED_LOCK_H

#include <sys/types.h>

enum { LOCK_GRACE_MS = 3000 };

struct lock {
	const char *path; /* borrowed; set it, and fd to -1 */
	int fd;           /* while it is held */
	/* The file that was there when we last looked, and since when. */
	dev_t dev;
	ino_t ino;
	long long since_ms;
};

enum lock_state {
	LOCK_FREE,    /* no such file, or one that was left over and has been removed */
	LOCK_HELD,    /* somebody starts a daemon, or seems to */
	LOCK_FOREIGN, /* the file is none of ours: it will not go away */
};

/* Looks, and removes what was left over. Ask again and again: time tells. */
enum lock_state lock_look(struct lock *l, long long now_ms);

/* Makes the file. 0, EEXIST (then lock_look() says more), or another errno value. */
int lock_take(struct lock *l);

/* Removes the file, if it is still ours, and lets go of it. Without a lock: nothing. */
void lock_release(struct lock *l);

#endif
