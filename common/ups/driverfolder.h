/*
 * driverfolder: the drivers that are installed, and what to do about one that is not: a slip
 * of the pen, or a driver of NUT that there is none of here.
 */
#ifndef COMMON_UPS_DRIVERFOLDER_H
#define COMMON_UPS_DRIVERFOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether NUT has, or had, a driver of that name which we do not have. */
bool driverfolder_is_foreign(const char *name);

/* The mend for a message that `name` is not in `folder`: what is meant, or can be used instead. */
void driverfolder_mend(const char *folder, const char *name, char *dst, size_t size);

#endif
