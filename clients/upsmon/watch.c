/*
 * watch: one MONITOR line at work: its client's words become readings and
 * losses of its monitor.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/engine_impl.h"
#include "common/base/clock.h"
#include "common/base/str.h"

static const char token[] = "upsmon";

/* All that upsmon looks at. */
#define VARIABLES                                                                                  \
	"ups.status ups.alarm ups.mode.buzzwords experimental.ups.mode.buzzwords "                 \
	"battery.charge battery.runtime"

enum {
	RETRY_MS = 500,
	DEAD_MIN_MS = 2000,
	FAILURE_LOG_S = 60, /* how often a failure that goes on is logged unless told otherwise */
};

/* ---------------------------------------------------------------- failures */

static bool failure_is_logged(struct watch *w, const char *text)
{
	long every = w->engine->conf.poll_fail_throttle;
	unsigned missed;

	if (!str_equal(w->failure, text)) {
		str_replace(&w->failure, text);
		w->repeats = 0;
		log_throttle_pass(&w->throttle, FAILURE_LOG_S, &missed);
		return true;
	}
	w->repeats++;
	if (every < 0)
		return log_throttle_pass(&w->throttle, FAILURE_LOG_S, &missed);
	return every > 0 && w->repeats % every == 0;
}

static void lose(struct watch *w, const char *what, const char *why)
{
	char text[256];

	w->available = false;
	str_format(text, sizeof(text), "%s%s", what, why ? why : "no reason known");
	if (failure_is_logged(w, text)) {
		if (w->repeats)
			log_warn(token, "UPS [%s]: %s (%ld times more)", w->conf->system, text,
				 w->repeats);
		else
			log_warn(token, "UPS [%s]: %s", w->conf->system, text);
	}
	brain_lose(w->engine->brain, w->place, engine_now(w->engine));
	engine_touched(w->engine);
}

/* ---------------------------------------------------------- client's words */

static void on_link(void *arg, enum asyncclient_state state, const char *why)
{
	struct watch *w = arg;
	bool was_up = w->was_up;

	engine_now(w->engine);
	if (w->engine->stopping || w->engine->obsolete)
		return;
	w->was_up = state == ASYNCCLIENT_UP;
	w->available = false;
	w->login_told = false;
	log_debug(1, token, "UPS [%s]: link state %d, %s", w->conf->system, (int)state,
		  why ? why : "-");
	/* Without a reason it was our own doing. */
	if (state == ASYNCCLIENT_IDLE && why)
		lose(w, was_up ? "Poll failed - " : "connect failed: ", why);
	engine_link_settled(w);
}

static void note_login(struct watch *w)
{
	if (w->login_told || !asyncclient_logged_in(w->client))
		return;
	w->login_told = true;
	log_debug(1, token, "Logged into UPS %s%s%s", w->conf->system,
		  asyncclient_secure(w->client) ? " [SSL]" : "",
		  asyncclient_subscribed(w->client) ? ", it tells us of changes" : "");
}

static void adjust_poll(struct watch *w)
{
	const struct policy *p = &w->engine->conf.policy;
	long poll = monitor_alert(brain_monitor(w->engine->brain, w->place), p) ? p->poll_alert
										: p->poll;

	if (poll == w->poll || !w->client)
		return;
	w->poll = poll;
	asyncclient_set_poll(w->client, (unsigned)poll * 1000);
}

static void take_reading(struct watch *w, const struct state *values, const char *status)
{
	struct monitor_reading r = {
		.status = status,
		.alarm = state_get(values, "ups.alarm"),
		.eco = monitor_buzzwords_eco(state_get(values, "ups.mode.buzzwords")) ||
		       monitor_buzzwords_eco(state_get(values, "experimental.ups.mode.buzzwords")),
		.charge = state_get(values, "battery.charge"),
		.runtime = state_get(values, "battery.runtime"),
	};

	w->available = true;
	if (w->failure) {
		free(w->failure);
		w->failure = NULL;
	}
	log_debug(1, token, "polling ups: %s%s", w->conf->system,
		  asyncclient_secure(w->client) ? " [SSL]" : "");
	log_debug(2, token, "UPS [%s]: status [%s]", w->conf->system, status);
	note_login(w);
	brain_read(w->engine->brain, w->place, &r, engine_now(w->engine));
	adjust_poll(w);
	engine_touched(w->engine);
}

static void on_update(void *arg, enum netwire_availability availability)
{
	static const char *const problems[] = {[NETWIRE_AVAIL_STALE] = "Data stale",
					       [NETWIRE_AVAIL_DISCONNECTED] =
						       "Driver not connected"};
	struct watch *w = arg;
	const struct state *values = asyncclient_values(w->client);
	const char *status = state_get(values, "ups.status");

	engine_now(w->engine);
	if (w->engine->stopping || w->engine->obsolete)
		return;
	if (availability != NETWIRE_AVAIL_OK)
		lose(w, "Poll failed - ", problems[availability]);
	else if (!status || !*status)
		lose(w, "Poll failed - ", "it has no ups.status");
	else
		take_reading(w, values, status);
}

static void on_refused(void *arg, const char *what, enum netwire_error error)
{
	struct watch *w = arg;
	bool primary = str_casestarts(what, "PRIMARY");

	/* A UPS that is unknown there ends the link, with a reason of its own. */
	if (w->engine->stopping || error == NETWIRE_UNKNOWN_UPS)
		return;
	if (primary || str_casestarts(what, "LOGIN"))
		log_error(
			token,
			"%s UPS [%s]%s - got [ERR %s]; has user \"%s\" \"upsmon %s\" in upsd.users "
			"there?",
			primary ? "Primary managerial privileges unavailable on" : "Login on",
			w->conf->system, primary ? "" : " failed", netwire_error_name(error),
			w->conf->user, w->conf->primary ? "primary" : "secondary");
}

static const struct asyncclient_ops client_ops = {
	.link = on_link,
	.update = on_update,
	.refused = on_refused,
};

/* -------------------------------------------------------------------- life */

struct watch *watch_new(struct engine *e, const struct conf_ups *conf)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w) {
		log_error(token, "out of memory");
		return NULL;
	}
	w->engine = e;
	w->conf = conf;
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	asyncclient_free(w->client);
	tlspolicy_free(w->tls);
	free(w->failure);
	free(w);
}

/* A server that is silent for so long is lost. Not later than DEADTIME, which counts from then on.
 */
static unsigned dead_ms(const struct engine *e, const struct policy *p)
{
	long long ms = p->deadtime * 1000LL;

	if (ms > e->options.connect_ms)
		ms = e->options.connect_ms;
	return ms < DEAD_MIN_MS ? DEAD_MIN_MS : (unsigned)ms;
}

void watch_set_tls(struct watch *w, struct tlspolicy *tls)
{
	if (w->client)
		asyncclient_set_tls(w->client, tls);
	tlspolicy_free(w->tls);
	w->tls = tls;
}

bool watch_start(struct watch *w)
{
	struct engine *e = w->engine;
	const struct policy *p = &e->conf.policy;
	const struct conf_ups *u = w->conf;
	struct asyncclient_config config = {
		.host = u->target.host,
		.port = u->target.port,
		.ups = u->target.ups,
		.user = u->user,
		.password = u->password,
		.login = u->login,
		.primary = u->primary && u->login,
		.patterns = VARIABLES,
		.variables = VARIABLES,
		.family = e->options.family,
		.connect_ms = e->options.connect_ms,
		.dead_ms = dead_ms(e, p),
		.tls = w->tls,
		.retry_ms = RETRY_MS,
		.retry_max_ms = (unsigned)p->poll_alert * 1000,
	};

	asyncclient_free(w->client);
	w->poll = monitor_alert(brain_monitor(w->engine->brain, w->place), p) ? p->poll_alert
									      : p->poll;
	config.poll_ms = (unsigned)w->poll * 1000;
	w->available = w->was_up = false;
	w->client = asyncclient_new(e->loop, e->resolver, &config, &client_ops, w);
	if (!w->client)
		log_error(token, "UPS [%s]: out of memory", u->system);
	return w->client != NULL;
}

bool watch_must_restart(const struct engine *e, const struct upsmon_conf *old_conf,
			const struct conf_ups *old_ups, const struct upsmon_conf *new_conf,
			const struct conf_ups *new_ups)
{
	return !str_equal(old_ups->user, new_ups->user) ||
	       !str_equal(old_ups->password, new_ups->password) ||
	       old_ups->primary != new_ups->primary ||
	       dead_ms(e, &old_conf->policy) != dead_ms(e, &new_conf->policy) ||
	       old_conf->policy.poll_alert != new_conf->policy.poll_alert;
}

void watch_tick(struct watch *w)
{
	long long now = engine_now(w->engine);

	if (!w->client && !watch_start(w)) /* there was no memory */
		return;
	/* The server is alive and would have told us, or did tell us, of any change. */
	if (w->available && asyncclient_state(w->client) == ASYNCCLIENT_UP) {
		long long silent = clock_ms() - asyncclient_last_heard_ms(w->client);

		brain_heard(w->engine->brain, w->place, now - silent);
	}
	adjust_poll(w);
}
