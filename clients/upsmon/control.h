/*
 * control: the unix socket by which people ask a running upsmon what it knows
 * and would do (`upsmon -c status`), and rehearse a notification.
 *
 * One line of words in, a text out, then the end:
 *
 *   STATUS [json]            the text of brain_describe()
 *   TEST <event> [<ups>]     OK or ERR and a line about it
 *
 * Whoever may open the socket may ask; nothing that can be asked changes
 * anything, but for the notification itself.
 */
#ifndef CLIENTS_UPSMON_CONTROL_H
#define CLIENTS_UPSMON_CONTROL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/base/buffer.h"
#include "common/net/loop.h"

struct control;

struct control_ops {
	void (*describe)(void *arg, struct buffer *out, bool json);
	void (*test)(void *arg, const char *what, const char *ups, struct buffer *out);
};

/* Binds the socket, mode 0660 of that group ((gid_t)-1: ours).  NULL with errno.  ops are borrowed.
 */
struct control *control_new(struct loop *l, const char *path, gid_t group,
			    const struct control_ops *ops, void *arg);
void control_free(struct control *c); /* NULL is fine */

/* Where it is, `<pidpath>/upsmon.sock`. */
void control_path(char *dst, size_t size);

/*
 * The other end, for the command line: asks, and copies the answer to `out`.
 * 0, 1 when the answer is an ERR, or -1 with errno when nobody answers.
 */
int control_ask(const char *path, size_t count, const char *const *words, FILE *out);

#endif
