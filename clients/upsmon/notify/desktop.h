/*
 * desktop: who sits before a graphical session, and how to show them a notice.
 *
 * Sessions are those of systemd-logind, or else what utmp has with a display for
 * its line or host, as who(1) shows in brackets.  notify-send(1) speaks to its
 * user's own bus, so it runs as that user: directly, by runuser(1) if we are root,
 * else by sudo(8), which must be allowed to us without a password and with SETENV.
 */
#ifndef CLIENTS_UPSMON_DESKTOP_H
#define CLIENTS_UPSMON_DESKTOP_H

#include <stddef.h>
#include <sys/types.h>

#include "clients/upsmon/notify/delivery.h"

enum {
	DESKTOPS_MAX = 16,
	DESKTOP_WORDS_MAX = DELIVERY_ARGS_MAX + 16,
};

struct desktop {
	char user[64];
	uid_t uid;
	char display[16]; /* ":0"; "" = not known, as with Wayland */
};

/* One for each user; how many. */
size_t desktop_list(struct desktop *out, size_t max);

/* A command in words, and what they point to. */
struct desktop_command {
	char *argv[DESKTOP_WORDS_MAX]; /* NULL-ended; nobody writes there */
	size_t count;
	char display[32], bus[80]; /* NAME=value */
};

/* What shows d->text to a user; borrows from both for as long as it is used. */
void desktop_command(struct desktop_command *cmd, const struct desktop *to,
		     const struct delivery *d);

/* Tests: sessions are only those of this utmp file. */
void desktop_look_in(const char *utmp);

#endif
