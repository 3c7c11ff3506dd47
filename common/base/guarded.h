/*
 * guarded: open a file by a name that nobody else can turn to another file.
 *
 * For who reads with more rights than the one that gets the data: whoever may
 * write to a folder of the path could lead it to a file that is none of theirs.
 */
#ifndef COMMON_BASE_GUARDED_H
#define COMMON_BASE_GUARDED_H

/*
 * Opens a regular file for reading.  `path` begins with /; symbolic links are
 * followed.  Every folder on the way has to be root's or our own, and only to be
 * changed by its owner; of a sticky one that others may write to (/tmp) it is
 * enough that the entry taken is root's or our own.  -1 with errno: EPERM when
 * somebody else could have put something there, EINVAL when it is no regular file.
 */
int guarded_open(const char *path);

#endif
