#include "config.h"

#include "clients/upsmon/actions.h"

#include <stdlib.h>

#include "clients/upsmon/courier.h"
#include "common/base/log.h"

static const char token[] = "notify";

struct actions {
	struct courier *courier;
};

struct actions *actions_new(struct loop *l)
{
	struct actions *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->courier = courier_new(l);
	if (!a->courier) {
		free(a);
		return NULL;
	}
	return a;
}

void actions_free(struct actions *a)
{
	if (!a)
		return;
	courier_free(a->courier);
	free(a);
}

bool actions_adopt(struct actions *a, pid_t pid, const char *what, actions_done_fn *done, void *arg)
{
	return courier_adopt(a->courier, pid, what, done, arg);
}

void actions_wall(struct actions *a, const char *text)
{
	courier_deliver(a->courier, &(struct delivery){.kind = DELIVERY_WALL, .text = text});
}

static void exec_command(struct actions *a, char *const *command, enum notice n, const char *ups,
			 const char *text)
{
	struct delivery d = {
		.kind = DELIVERY_EXEC, .text = text, .type = notice_name(n), .ups = ups};

	while (d.argc < DELIVERY_ARGS_MAX && command[d.argc]) {
		d.argv[d.argc] = command[d.argc];
		d.argc++;
	}
	courier_deliver(a->courier, &d);
}

void actions_notify(struct actions *a, const struct upsmon_conf *conf, enum notice n,
		    const char *ups, const char *extra)
{
	unsigned flags = conf->notices[n].flags;
	/* A notice about no UPS has its details in the first place. */
	const char *first = *ups ? ups : extra;
	char text[NOTICE_TEXT_MAX];

	notice_format(text, sizeof(text), upsmon_conf_text(conf, n), first, *ups ? extra : NULL);
	log_debug(1, token, "%s for [%s]: %s", notice_name(n), ups, text);
	if (flags & NOTICE_IGNORE)
		return;
	if (flags & NOTICE_SYSLOG)
		log_notice(token, "%s", text);
	if (flags & NOTICE_WALL)
		actions_wall(a, text);
	if ((flags & NOTICE_EXEC) && conf->notify_command)
		exec_command(a, conf->notify_command, n, ups, text);
}
