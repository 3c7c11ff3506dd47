/*
 * driverquery: a short blocking conversation with a running driver over its
 * socket, for command line tools (upsdrvctl, a driver's -k and -c); the dialog
 * of spec/driver-socket.md section 5.
 */
#ifndef COMMON_UPS_DRIVERQUERY_H
#define COMMON_UPS_DRIVERQUERY_H

#include <sys/types.h>

struct driverquery;

/* Connects within timeout_ms. NULL with errno. */
struct driverquery *driverquery_open(const char *path, int timeout_ms);
void driverquery_close(struct driverquery *q); /* says LOGOUT; NULL is fine */

/* 0 when it answers PING in time, else -1. */
int driverquery_ping(struct driverquery *q, int timeout_ms);

/* The driver's pid by GETPID, -1 if it does not say. */
pid_t driverquery_pid(struct driverquery *q, int timeout_ms);

/* A variable's value into dst by DUMPVALUE: 0, or -1 when absent or no answer. */
int driverquery_value(struct driverquery *q, const char *name, char *dst, size_t size,
		      int timeout_ms);

/* The driver's result (driverwire_result, >= 0), or -1 when the dialog failed; timeout_ms < 0 = for
 * ever. */
int driverquery_instcmd(struct driverquery *q, const char *name, const char *value, int timeout_ms);
int driverquery_set(struct driverquery *q, const char *name, const char *value, int timeout_ms);

#endif
