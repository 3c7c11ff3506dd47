#include "config.h"

#include "clients/upsmon/brain/timers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

static size_t find(const struct timers *t, const char *owner, const char *name)
{
	size_t i = 0;

	while (i < t->count &&
	       (strcmp(t->list[i].owner, owner) != 0 || strcmp(t->list[i].name, name) != 0))
		i++;
	return i;
}

static struct timer take_out(struct timers *t, size_t i)
{
	struct timer taken = t->list[i];

	t->count--;
	memmove(&t->list[i], &t->list[i + 1], (t->count - i) * sizeof(*t->list));
	return taken;
}

static void end(struct timers *t, size_t i)
{
	struct timer ended = take_out(t, i);

	if (t->drop)
		t->drop(ended.data);
	free(ended.owner);
	free(ended.name);
}

static void insert(struct timers *t, const struct timer *new)
{
	size_t i = t->count;

	for (; i > 0 && t->list[i - 1].due_ms > new->due_ms; i--)
		t->list[i] = t->list[i - 1];
	t->list[i] = *new;
	t->count++;
}

bool timers_start(struct timers *t, const char *owner, const char *name, long long now_ms,
		  long long in_ms, void *data)
{
	struct timer new = {
		.owner = str_dup(owner),
		.name = str_dup(name),
		/* Beyond the end of the clock is never, not at once. */
		.due_ms = in_ms > LLONG_MAX - now_ms ? LLONG_MAX : now_ms + in_ms,
		.started_ms = now_ms,
		.data = data,
	};
	struct timer *grown = realloc(t->list, (t->count + 1) * sizeof(*grown));

	if (grown)
		t->list = grown;
	if (!grown || !new.owner || !new.name) {
		free(new.owner);
		free(new.name);
		return false;
	}
	timers_cancel(t, owner, name);
	insert(t, &new);
	return true;
}

struct timer *timers_find(const struct timers *t, const char *owner, const char *name)
{
	size_t i = find(t, owner, name);

	return i < t->count ? &t->list[i] : NULL;
}

bool timers_cancel(struct timers *t, const char *owner, const char *name)
{
	size_t i = find(t, owner, name);

	if (i == t->count)
		return false;
	end(t, i);
	return true;
}

size_t timers_cancel_owner(struct timers *t, const char *owner)
{
	size_t ended = 0;

	for (size_t i = t->count; i-- > 0;) {
		if (strcmp(t->list[i].owner, owner) != 0)
			continue;
		end(t, i);
		ended++;
	}
	return ended;
}

bool timers_expire(struct timers *t, long long now_ms, struct timer *out)
{
	if (!t->count || t->list[0].due_ms > now_ms)
		return false;
	*out = take_out(t, 0);
	return true;
}

long long timers_due_ms(const struct timers *t)
{
	return t->count ? t->list[0].due_ms : -1;
}

void timers_free(struct timers *t)
{
	while (t->count)
		end(t, t->count - 1);
	free(t->list);
	t->list = NULL;
}
