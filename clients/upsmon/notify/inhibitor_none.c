/* A build without libsystemd: nobody tells of sleep. */
#include "config.h"

#include "clients/upsmon/notify/inhibitor.h"

#include <stdlib.h>

struct inhibitor {
	char nothing;
};

struct inhibitor *inhibitor_new(struct loop *l, const struct inhibitor_ops *ops, void *arg)
{
	(void)l, (void)ops, (void)arg;
	return calloc(1, sizeof(struct inhibitor));
}

void inhibitor_free(struct inhibitor *i)
{
	free(i);
}

void inhibitor_release(struct inhibitor *i)
{
	(void)i;
}

void inhibitor_hold_shutdown(struct inhibitor *i, bool hold)
{
	(void)i, (void)hold;
}
