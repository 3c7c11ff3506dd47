/*
 * holder: which process has a port or a device.
 */
#ifndef DRIVERS_TRANSPORT_HOLDER_H
#define DRIVERS_TRANSPORT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Takes a record lock on all of a file that is open for writing: it tells its holder, and
 * ends with the process or the first close() of the file.  False: another process has it,
 * *holder (0 = who that is cannot be told), or there is none to be had (errno).
 */
bool holder_lock(int fd, pid_t *holder);

/* The name of a process, which is no secret.  False: there is none. */
bool holder_command(pid_t pid, char *dst, size_t size);

/* "upsd (pid 4711)", or what of it can be told. */
void holder_name(pid_t pid, char *dst, size_t size);

/* Another process that has the file open; 0: none that we may see. */
pid_t holder_find(const char *node);

#endif
