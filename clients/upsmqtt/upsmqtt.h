/*
 * upsmqtt: the daemon: starts, reloads, ends.
 */
#ifndef CLIENTS_UPSMQTT_UPSMQTT_H
#define CLIENTS_UPSMQTT_UPSMQTT_H

#include <stdbool.h>
#include <stddef.h>

struct upsmqtt_options {
	const char *user; /* NULL = RUN_AS_USER, or the built-in one */
	int debug;
	enum {
		UPSMQTT_BACKGROUND,
		UPSMQTT_FOREGROUND,
		UPSMQTT_FOREGROUND_PIDFILE,
	} mode;
};

/* Until it is told to end. The exit status. */
int upsmqtt_run(const struct upsmqtt_options *options);

/* -t: reads the configuration, and says what is wrong with it. The exit status. */
int upsmqtt_check(void);

bool upsmqtt_pidfile(char *dst, size_t size);

#endif
