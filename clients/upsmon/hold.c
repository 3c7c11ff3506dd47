#include "config.h"

#include "clients/upsmon/hold.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/asyncclient.h"
#include "common/ups/status.h"

static const char token[] = "hold";

enum {
	LOOK_MS = 1000,
	TELL_MS = 60 * 1000,   /* how often it is told why we wait */
	SILENT_MS = 60 * 1000, /* a UPS that nobody hears of for so long counts as ready */
	RETRY_MS = 500,
	RETRY_MAX_MS = 5000,
};

struct held {
	struct asyncclient *client;
	struct tlspolicy *tls;
	bool heard;
	bool ready;
	long long silent_since_ms;
	char why[128];
};

struct hold {
	const struct upsmon_conf *conf;
	struct loop *loop;
	struct resolver *resolver;
	struct loop_timer *look;
	struct held *held; /* as many as UPSes */
	long long began_ms, told_ms;
	int result;
};

static bool judge(const struct upsmon_conf *conf, const struct state *values, char *why,
		  size_t size)
{
	const char *status = state_get(values, "ups.status");
	const char *charge_text = state_get(values, "battery.charge");
	uint32_t bits = status ? status_parse(status, NULL) : 0;
	double charge;

	if (!(bits & STATUS_OL) || (bits & (STATUS_OB | STATUS_LB | STATUS_OFF | STATUS_FSD))) {
		str_format(why, size, "its status is [%s]", status ? status : "");
		return false;
	}
	if (!charge_text || !str_to_double(charge_text, &charge) ||
	    charge >= (double)conf->policy.boot_charge)
		return true;
	str_format(why, size, "its battery has %.0f %% of %ld %%", charge,
		   conf->policy.boot_charge);
	return false;
}

static void on_update(void *arg, enum netwire_availability availability)
{
	struct held *h = arg;

	h->heard = availability == NETWIRE_AVAIL_OK &&
		   state_get(asyncclient_values(h->client), "ups.status");
	if (!h->heard)
		str_format(h->why, sizeof(h->why), "its data are stale");
}

static void on_link(void *arg, enum asyncclient_state state, const char *why)
{
	struct held *h = arg;

	if (state == ASYNCCLIENT_UP)
		return;
	h->heard = false;
	if (why)
		str_format(h->why, sizeof(h->why), "%s", why);
}

/* Whether each group has the supplies that it wants. */
static bool is_enough(const struct hold *h)
{
	for (size_t g = 0; g < h->conf->group_count; g++) {
		long have = 0;

		for (size_t i = 0; i < h->conf->ups_count; i++)
			if (h->conf->ups[i].group == g && h->held[i].ready)
				have += h->conf->ups[i].power;
		if (have < h->conf->groups[g].min_supplies)
			return false;
	}
	return true;
}

static void look_at(struct hold *h, size_t i, long long now_ms)
{
	struct held *one = &h->held[i];
	bool was_ready = one->ready;

	if (one->heard) {
		one->silent_since_ms = now_ms;
		one->ready =
			judge(h->conf, asyncclient_values(one->client), one->why, sizeof(one->why));
	} else {
		one->ready = now_ms - one->silent_since_ms >= SILENT_MS;
		if (one->ready && !was_ready)
			log_warn(token, "UPS %s: nobody is heard of it (%s): not waited for",
				 h->conf->ups[i].system, one->why);
	}
}

static void tell_why(struct hold *h)
{
	for (size_t i = 0; i < h->conf->ups_count; i++)
		if (!h->held[i].ready && h->conf->ups[i].power)
			log_notice(token, "waiting for UPS %s: %s", h->conf->ups[i].system,
				   h->held[i].why);
}

static void end(struct hold *h, int result)
{
	h->result = result;
	loop_stop(h->loop);
}

static void look(void *arg)
{
	struct hold *h = arg;
	long long now_ms = clock_ms();

	for (size_t i = 0; i < h->conf->ups_count; i++)
		look_at(h, i, now_ms);
	if (is_enough(h)) {
		log_notice(token, "the batteries are charged: going on");
		end(h, EXIT_SUCCESS);
		return;
	}
	if (now_ms - h->began_ms >= h->conf->policy.boot_limit * 1000LL) {
		log_warn(token, "%ld s are over, the batteries are not charged: going on",
			 h->conf->policy.boot_limit);
		end(h, EXIT_FAILURE);
		return;
	}
	if (now_ms - h->told_ms >= TELL_MS || h->told_ms == h->began_ms) {
		h->told_ms = now_ms;
		tell_why(h);
	}
	loop_timer_set(h->look, LOOK_MS);
}

static bool watch(struct hold *h, size_t i, int family, unsigned connect_ms)
{
	static const struct asyncclient_ops ops = {.link = on_link, .update = on_update};
	const struct conf_ups *u = &h->conf->ups[i];
	struct held *one = &h->held[i];
	struct asyncclient_config config = {
		.host = u->target.host,
		.port = u->target.port,
		.ups = u->target.ups,
		.user = u->user,
		.password = u->password,
		.patterns = "ups.status battery.charge",
		.variables = "ups.status battery.charge",
		.family = family,
		.connect_ms = connect_ms,
		.poll_ms = (unsigned)h->conf->policy.poll * 1000,
		.retry_ms = RETRY_MS,
		.retry_max_ms = RETRY_MAX_MS,
	};
	char why[512];

	one->tls = tls_demands_policy(
		&h->conf->tls, &u->target,
		i && tls_demands_alike(&h->conf->tls, &h->conf->ups[0].target, &u->target)
			? h->held[0].tls
			: NULL,
		why, sizeof(why));
	if (!one->tls) {
		log_error(token, "UPS [%s]: TLS cannot be set up: %s", u->system, why);
		return false;
	}
	config.tls = one->tls;
	one->silent_since_ms = h->began_ms;
	str_copy(one->why, sizeof(one->why), "no word yet");
	one->client = asyncclient_new(h->loop, h->resolver, &config, &ops, one);
	return one->client != NULL;
}

static bool set_up(struct hold *h, int family, unsigned connect_ms)
{
	h->held = calloc(h->conf->ups_count + 1, sizeof(*h->held));
	h->loop = loop_new();
	h->resolver = h->loop ? resolver_new(h->loop) : NULL;
	h->look = h->loop ? loop_timer_new(h->loop, look, h) : NULL;
	if (!h->held || !h->resolver || !h->look)
		return false;
	for (size_t i = 0; i < h->conf->ups_count; i++)
		if (!watch(h, i, family, connect_ms))
			return false;
	return true;
}

static void release(struct hold *h)
{
	for (size_t i = 0; h->held && i < h->conf->ups_count; i++) {
		asyncclient_free(h->held[i].client);
		tlspolicy_free(h->held[i].tls);
	}
	free(h->held);
	loop_timer_free(h->look);
	if (h->resolver)
		resolver_free(h->resolver);
	if (h->loop)
		loop_free(h->loop);
}

int hold_run(const struct upsmon_conf *conf, int family, unsigned connect_ms)
{
	struct hold h = {.conf = conf, .began_ms = clock_ms(), .result = EXIT_FAILURE};

	h.told_ms = h.began_ms;
	if (conf->policy.boot_charge < 0) {
		log_info(token, "BOOTCHARGE is not set: there is nothing to wait for");
		return EXIT_SUCCESS;
	}
	if (set_up(&h, family, connect_ms)) {
		loop_timer_set(h.look, LOOK_MS);
		if (loop_run(h.loop) != 0)
			log_error(token, "the event loop failed");
	} else {
		log_error(token,
			  "cannot wait: see above, or no memory, files or processes are left");
	}
	release(&h);
	return h.result;
}
