#include "config.h"

#include "server/ups.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "server/client.h"
#include "server/subscription.h"
#include "server/tracking.h"

/* ----------------------------------------------------------------- changes */

static void flush_now(void *arg)
{
	ups_flush(arg);
}

static void arrange_flush(void *arg)
{
	struct ups *ups = arg;

	ups->dirty = true;
	loop_defer(ups->set->loop, &ups->flush, flush_now, ups);
}

void ups_flush(struct ups *ups)
{
	struct subscription *s;

	if (!ups->dirty)
		return;
	ups->dirty = false;
	loop_defer_cancel(&ups->flush);
	state_flush(ups->state);
	/* Those whose variables did not change hear of the availability and of FSD. */
	LIST_FOREACH(s, &ups->subscriptions, of_ups)
	subscription_send(s);
}

static void link_changed(void *arg)
{
	struct ups *ups = arg;
	enum netwire_availability now = driverlink_availability(&ups->link);
	enum netwire_availability before = ups->availability;

	if (now == before)
		return;
	ups->availability = now;
	arrange_flush(ups);
	if (before == NETWIRE_AVAIL_OK)
		log_notice("ups", "Data for UPS [%s] is stale - check driver", ups->name);
	else if (before == NETWIRE_AVAIL_STALE && now == NETWIRE_AVAIL_OK)
		log_notice("ups", "UPS [%s] data is no longer stale", ups->name);
}

static void link_tracked(void *arg, const char *id, long result)
{
	struct ups *ups = arg;

	tracking_finish(ups->set->tracking, id, result);
}

static const struct driverlink_ops link_ops = {.changed = link_changed, .tracked = link_tracked};

void ups_force_shutdown(struct ups *ups)
{
	if (ups->fsd)
		return;
	ups->fsd = true;
	rendered_drop(ups->set->cache, &ups->list_var);
	arrange_flush(ups);
}

void ups_append_value(const struct ups *ups, const struct state_var *var, struct buffer *out)
{
	struct buffer latched = {0};

	if (!ups->fsd || !str_caseequal(state_var_name(var), "ups.status")) {
		words_append_quoted(out, state_var_value(var));
		return;
	}
	buffer_append_str(&latched, "FSD ");
	buffer_append_str(&latched, state_var_value(var));
	words_append_quoted(out, buffer_string(&latched));
	buffer_free(&latched);
}

/* --------------------------------------------------------------- one device */

static bool socket_path(char *dst, size_t size, const struct upsd_conf_ups *conf)
{
	char name[512];

	return str_format(name, sizeof(name), "%s-%s", conf->driver, conf->name) &&
	       paths_state_file(dst, size, name);
}

static void free_names(struct ups *ups)
{
	for (size_t i = 0; i < ups->alias_count; i++)
		free(ups->aliases[i]);
	free(ups->aliases);
	ups->aliases = NULL;
	ups->alias_count = 0;
}

static bool copy_aliases(struct ups *ups, const struct upsd_conf_ups *conf)
{
	free_names(ups);
	if (!conf->alias_count)
		return true;
	ups->aliases = calloc(conf->alias_count, sizeof(*ups->aliases));
	for (size_t i = 0; ups->aliases && i < conf->alias_count; i++) {
		ups->aliases[i] = str_dup(conf->aliases[i]);
		if (!ups->aliases[i])
			return false;
		ups->alias_count++;
	}
	return ups->aliases != NULL;
}

static void ups_free(struct ups *ups)
{
	if (!ups)
		return;
	loop_defer_cancel(&ups->flush);
	if (ups->link.ops)
		driverlink_close(&ups->link);
	rendered_drop(ups->set->cache, &ups->list_var);
	state_free(ups->state);
	free_names(ups);
	free(ups->name);
	free(ups->driver);
	free(ups->desc);
	free(ups);
}

static struct ups *ups_new(struct upses *set, const struct upsd_conf_ups *conf)
{
	struct ups *ups = calloc(1, sizeof(*ups));
	char path[4096];

	if (!ups)
		return NULL;
	ups->set = set;
	ups->availability = NETWIRE_AVAIL_DISCONNECTED;
	LIST_INIT(&ups->logins);
	LIST_INIT(&ups->subscriptions);
	ups->name = str_dup(conf->name);
	ups->driver = str_dup(conf->driver);
	ups->state = state_new();
	if (!ups->name || !ups->driver || !ups->state || !str_replace(&ups->desc, conf->desc) ||
	    !copy_aliases(ups, conf) || !socket_path(path, sizeof(path), conf))
		goto fail;
	state_on_dirty(ups->state, arrange_flush, ups);
	if (driverlink_init(&ups->link, set->loop,
			    &(struct driverlink_config){.ups = ups->name,
							.path = path,
							.state = ups->state,
							.ops = &link_ops,
							.arg = ups}))
		return ups;
fail:
	log_error("ups", "UPS [%s] cannot be set up: no memory, or its names are too long",
		  conf->name);
	ups_free(ups);
	return NULL;
}

/* The UPS has left the configuration: who depends on it is told, or hung up on. */
static void ups_remove(struct ups *ups)
{
	log_info("ups", "UPS [%s] is no longer served", ups->name);
	while (!LIST_EMPTY(&ups->logins))
		client_kick(LIST_FIRST(&ups->logins)->client);
	while (!LIST_EMPTY(&ups->subscriptions))
		subscription_gone(LIST_FIRST(&ups->subscriptions));
	ups_free(ups);
}

static bool ups_change(struct ups *ups, const struct upsd_conf_ups *conf)
{
	char path[4096];

	log_info("ups", "UPS [%s] has changed settings", ups->name);
	if (!str_replace(&ups->desc, conf->desc) || !copy_aliases(ups, conf))
		return false;
	if (str_equal(ups->driver, conf->driver) && str_equal(ups->name, conf->name))
		return true;
	if (!socket_path(path, sizeof(path), conf) || !str_replace(&ups->driver, conf->driver) ||
	    !str_replace(&ups->name, conf->name))
		return false;
	ups->link.ups = ups->name;
	return driverlink_move(&ups->link, path);
}

/* ------------------------------------------------------------------ the set */

struct change {
	struct upses *set;
	struct nametable old; /* by the names of the old configuration, which outlives the change */
	struct ups **list;    /* the new one, in the order of the new configuration */
	size_t count;
	bool failed;
};

static void apply_change(void *arg, enum upsd_conf_change change,
			 const struct upsd_conf_ups *before, const struct upsd_conf_ups *after)
{
	struct change *c = arg;
	struct ups *ups = before ? nametable_find(&c->old, before->name) : NULL;

	if (change == UPSD_CONF_REMOVED) {
		if (ups)
			ups_remove(ups);
		return;
	}
	if (!ups)
		ups = ups_new(c->set, after);
	else if (change == UPSD_CONF_CHANGED && !ups_change(ups, after))
		c->failed = true;
	if (ups)
		c->list[c->count++] = ups;
	else
		c->failed = true;
}

static bool index_names(struct upses *set)
{
	bool ok = true;

	nametable_clear(&set->names);
	for (size_t i = 0; i < set->count; i++) {
		struct ups *ups = set->list[i];

		ok &= nametable_add(&set->names, ups->name, ups) != NAMETABLE_NO_MEMORY;
		for (size_t k = 0; k < ups->alias_count; k++)
			ok &= nametable_add(&set->names, ups->aliases[k], ups) !=
			      NAMETABLE_NO_MEMORY;
	}
	return ok;
}

/* The set's own names are no good for this: they change and go while they are looked up. */
static bool index_old(struct change *c, const struct upsd_conf *before)
{
	for (size_t i = 0; i < before->ups_count; i++) {
		const char *name = before->upses[i].name;
		struct ups *ups = upses_find(c->set, name);

		if (ups && nametable_add(&c->old, name, ups) == NAMETABLE_NO_MEMORY)
			return false;
	}
	return true;
}

bool upses_apply(struct upses *set, const struct upsd_conf *before, const struct upsd_conf *after)
{
	struct change c = {.set = set};

	c.list = calloc(after->ups_count + 1, sizeof(struct ups *));
	if (!c.list || !index_old(&c, before) || !upsd_conf_diff(before, after, apply_change, &c)) {
		nametable_clear(&c.old);
		free(c.list);
		return false;
	}
	nametable_clear(&c.old);
	free(set->list);
	set->list = c.list;
	set->count = c.count;
	set->revision++;
	return index_names(set) && !c.failed;
}

void upses_free(struct upses *set)
{
	for (size_t i = 0; i < set->count; i++)
		ups_free(set->list[i]);
	free(set->list);
	set->list = NULL;
	set->count = 0;
	nametable_clear(&set->names);
	rendered_drop(set->cache, &set->list_ups);
}

struct ups *upses_find(const struct upses *set, const char *name)
{
	return nametable_find(&set->names, name);
}

void upses_tick(struct upses *set, long long now_ms, long maxage_s)
{
	for (size_t i = 0; i < set->count; i++)
		driverlink_tick(&set->list[i]->link, now_ms, maxage_s);
}
