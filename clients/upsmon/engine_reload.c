/*
 * engine_reload: a new configuration in the place of the old one.  It is read
 * and checked whole before anything of the old one is touched; a UPS that is
 * in both keeps its connection and all that is known of it.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/engine_impl.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/str.h"

static const char token[] = "reload";

enum { LIKE_MAX = 32 };

static struct watch *find_watch(const struct engine *e, const char *system)
{
	for (size_t i = 0; i < e->count; i++) {
		if (str_equal(e->watches[i]->conf->system, system))
			return e->watches[i];
	}
	return NULL;
}

struct plan {
	struct watch **watches;
	struct tlspolicy **policies; /* until a watch takes them over */
	bool *fresh;                 /* made for this plan */
	size_t count;
};

static void drop_plan(struct plan *p)
{
	for (size_t i = 0; p->watches && p->fresh && i < p->count; i++) {
		if (p->fresh[i])
			watch_free(p->watches[i]);
	}
	for (size_t i = 0; p->policies && i < p->count; i++)
		tlspolicy_free(p->policies[i]);
	free(p->watches);
	free(p->policies);
	free(p->fresh);
}

/* Near enough: the UPSes of one server, or of one authority, stand together. */
static const struct tlspolicy *policy_like(const struct upsmon_conf *conf, size_t i,
					   const struct plan *p)
{
	for (size_t k = i; k-- > 0 && i - k <= LIKE_MAX;)
		if (tls_demands_alike(&conf->tls, &conf->ups[i].target, &conf->ups[k].target))
			return p->policies[k];
	return NULL;
}

static bool plan_tls(const struct upsmon_conf *conf, size_t i, struct plan *p)
{
	const struct conf_ups *u = &conf->ups[i];
	char why[512];

	p->policies[i] = tls_demands_policy(&conf->tls, &u->target, policy_like(conf, i, p), why,
					    sizeof(why));
	if (!p->policies[i])
		log_error(token, "UPS [%s]: TLS cannot be set up: %s", u->system, why);
	return p->policies[i] != NULL;
}

/* All that may fail, while there is a way back. */
static bool make_plan(struct engine *e, const struct upsmon_conf *conf, struct plan *p)
{
	p->watches = calloc(conf->ups_count, sizeof(*p->watches));
	p->policies = calloc(conf->ups_count, sizeof(struct tlspolicy *));
	p->fresh = calloc(conf->ups_count, sizeof(*p->fresh));
	if (!p->watches || !p->policies || !p->fresh)
		return false;
	for (size_t i = 0; i < conf->ups_count; i++) {
		struct watch *w = find_watch(e, conf->ups[i].system);

		p->fresh[i] = !w;
		if (!w)
			w = watch_new(e, &conf->ups[i]);
		if (!w)
			return false;
		p->watches[p->count++] = w;
		if (!plan_tls(conf, i, p))
			return false;
	}
	return true;
}

static void end_missing(struct engine *e, const struct upsmon_conf *conf)
{
	for (size_t i = 0; i < e->count; i++) {
		if (upsmon_conf_find(conf, e->watches[i]->conf->system))
			continue;
		log_notice(token, "No longer monitoring UPS [%s]", e->watches[i]->conf->system);
		watch_free(e->watches[i]);
	}
}

static void log_changes(const struct conf_ups *old, const struct conf_ups *new)
{
	if (old->power != new->power)
		log_notice(token, "UPS [%s]: redefined power value to %ld", new->system,
			   new->power);
	if (old->primary != new->primary)
		log_notice(token, "UPS [%s]: redefined as a %s", new->system,
			   new->primary ? "primary" : "secondary");
	if (!str_equal(old->user, new->user))
		log_notice(token, "UPS [%s]: redefined username", new->system);
	if (!str_equal(old->password, new->password))
		log_notice(token, "UPS [%s]: redefined password", new->system);
}

static int open_certificate(void *opener, const char *path)
{
	return opener_open(opener, path);
}

bool engine_adopt_conf(struct engine *e, struct upsmon_conf *conf)
{
	struct upsmon_conf old = e->conf;
	struct plan plan = {NULL};
	bool started = true;

	conf->tls.open = e->opener ? open_certificate : NULL;
	conf->tls.open_arg = e->opener;
	conf->tls.no_store = e->options.no_store;
	if (!make_plan(e, conf, &plan)) {
		drop_plan(&plan);
		return false;
	}
	e->conf = *conf;
	if (!brain_adopt(e->brain, &e->conf, e->now_ms)) {
		e->conf = old;
		drop_plan(&plan);
		return false;
	}
	end_missing(e, conf);
	memset(conf, 0, sizeof(*conf));
	free(e->watches);
	e->watches = plan.watches;
	e->count = plan.count;
	for (size_t i = 0; i < e->count; i++) {
		struct watch *w = e->watches[i];
		const struct conf_ups *was = w->conf, *now = &e->conf.ups[i];
		bool restart = plan.fresh[i] || watch_must_restart(e, &old, was, &e->conf, now);

		if (!plan.fresh[i])
			log_changes(was, now);
		w->conf = now;
		w->place = i;
		watch_set_tls(w, plan.policies[i]);
		if (restart)
			started &= watch_start(w);
	}
	free(plan.policies);
	free(plan.fresh);
	upsmon_conf_free(&old);
	return started;
}

/* ------------------------------------------------------------------ by hand */

static void must_restart(const char *directive)
{
	log_warn(token, "%s is changed: You must restart upsmon for this change to work",
		 directive);
}

/* What the privileged parent knows since the start cannot change. */
static void check_orders(const struct engine *e, const struct upsmon_conf *conf)
{
	const struct priv_orders *o = &e->options.orders;

	for (size_t i = 0; i < conf->command_count; i++) {
		if (engine_command_place(e, conf->commands[i]) >= 0)
			continue;
		must_restart("SHUTDOWNCMD");
		break;
	}
	if (!conf->command_count && o->command_count)
		must_restart("SHUTDOWNCMD");
	if (!str_equal(conf->powerdown_flag, o->powerdown_flag))
		must_restart("POWERDOWNFLAG");
	if (!str_equal(conf->hook_dir, o->hook_dir))
		must_restart("SHUTDOWNHOOKS");
	if (!str_equal(conf->run_as_user, e->conf.run_as_user))
		must_restart("RUN_AS_USER");
	if (conf->sandbox != e->conf.sandbox)
		must_restart("SANDBOX");
}

static bool read_anew(struct engine *e, struct upsmon_conf *conf)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)(uintptr_t)token};
	int err = upsmon_conf_read(conf, e->options.conf_path, &report);

	if (err)
		log_error(token, "cannot read %s: the old configuration goes on: %s",
			  e->options.conf_path, conffile_why(err));
	else if (report.errors)
		log_error(token, "%s has %u errors: the old configuration goes on",
			  e->options.conf_path, report.errors);
	return !err && !report.errors;
}

static void swap_in(struct engine *e, struct upsmon_conf *conf)
{
	check_orders(e, conf);
	if (!engine_adopt_conf(e, conf)) {
		log_error(token, "the new configuration cannot be used: what there was goes on");
		return;
	}
	log_set_debug(e->conf.debug_min > e->options.debug ? (int)e->conf.debug_min
							   : e->options.debug);
	log_notice(token, "%s is in force", e->options.conf_path);
}

void engine_reload(struct engine *e)
{
	struct upsmon_conf conf;
	char state[64];

	if (e->stopping || brain_phase(e->brain) != SHUTDOWN_IDLE) {
		log_warn(token, "a shutdown is under way: the configuration is not read again");
		return;
	}
	str_format(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld", clock_ms() * 1000);
	daemon_notify(state);
	if (read_anew(e, &conf)) {
		engine_now(e);
		swap_in(e, &conf);
		engine_touched(e);
	}
	upsmon_conf_free(&conf);
	daemon_notify("READY=1");
}
