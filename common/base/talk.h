/*
 * talk: a short conversation over a unix socket that waits, but never longer
 * than it may: for command line tools.
 *
 * Deadlines are times of clock_ms(); -1 = never.
 */
#ifndef COMMON_BASE_TALK_H
#define COMMON_BASE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The deadline in timeout_ms from now; negative = never. */
long long talk_deadline(int timeout_ms);

/* A non-blocking, close-on-exec descriptor, or -1 with errno (ETIMEDOUT: nobody took the
 * connection in time). */
int talk_connect(const char *path, long long deadline);

/* All of it. False with errno; it raises no SIGPIPE. */
bool talk_send(int fd, const void *data, size_t len, long long deadline);

/* What has come: bytes, 0 at the end, or -1 with errno. */
ssize_t talk_receive(int fd, void *data, size_t size, long long deadline);

#endif
