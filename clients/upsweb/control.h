/*
 * control: what a logged-in user asks a UPS's server: is the password right,
 * which commands and settings are there, do this.  Each order has a connection
 * of its own with the user's name, so that upsd decides who may do what.
 */
#ifndef CLIENTS_UPSWEB_CONTROL_H
#define CLIENTS_UPSWEB_CONTROL_H

#include "clients/upsweb/devices.h"
#include "common/net/resolver.h"
#include "common/ups/names.h"

enum control_kind {
	CONTROL_CHECK,    /* the user and the password: the answer is {} */
	CONTROL_COMMAND,  /* name, value or NULL */
	CONTROL_SETTING,  /* name, value */
	CONTROL_COMMANDS, /* {"commands":[{"name","desc"}]} */
	CONTROL_SETTINGS, /* {"settings":[...]} */
};

struct control_order {
	enum control_kind kind;
	const struct fleet_device *device;
	const char *user, *password;
	const char *name, *value; /* copied, as all strings are */
};

/* `why` NULL: it is done, and `json` (borrowed) the answer; or why it is not. `refused`: the server
 * does not know the user, or does not let him. */
typedef void control_done_fn(void *arg, const char *why, bool refused, struct buffer *json);

struct control;
struct control *control_start(struct loop *l, struct resolver *r, const struct names *names,
			      const struct control_order *order, control_done_fn *done, void *arg);
/* The callback will not come; what upsd was told is told. */
void control_cancel(struct control *c);

#endif
