/*
 * The half of dummy-ups that repeats a UPS of some upsd, over the network.
 * The client reconnects by itself and hears of changes as they happen where
 * the other side offers push; a poll only copies what is known.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/nutauth.h"
#include "drivers/virtual/dummy.h"

enum {
	FIRST_ANSWER_MS = 10 * 1000, /* at the start, then it is tried anew */
	CONNECT_MS = 5 * 1000,
	RETRY_MS = 500,
	RETRY_MAX_MS = 15 * 1000,
	DEAD_MS = 15 * 1000,
	LOOK_MS = 20,
};

static void on_link(void *arg, enum asyncclient_state state, const char *why)
{
	if (state == ASYNCCLIENT_IDLE)
		log_debug(1, "repeater", "link to %s is down: %s", core_port(arg), why ? why : "?");
	core_poll_now(arg);
}

static void on_update(void *arg, enum netwire_availability availability)
{
	struct dummy *d = core_data(arg);

	d->availability = availability;
	d->answered = true;
	core_poll_now(arg);
}

static void on_refused(void *arg, const char *what, enum netwire_error e)
{
	log_warn("repeater", "%s refused %s: %s", core_port(arg), what, netwire_error_name(e));
}

static const struct asyncclient_ops ops = {
	.link = on_link,
	.update = on_update,
	.refused = on_refused,
};

static bool start_client(struct core *c, struct dummy *d, const struct netwire_target *t,
			 const struct nutauth *auth)
{
	const struct tlspolicy_source demands = nutauth_demands(auth, true);
	char why[512];
	unsigned interval_ms = (unsigned)core_option_long(c, "pollinterval", 2) * 1000;
	struct asyncclient_config cfg = {
		.host = t->host,
		.port = t->port,
		.ups = t->ups,
		.user = auth->user,
		.password = auth->password,
		.family = AF_UNSPEC,
		.poll_ms = interval_ms,
		.dead_ms = DEAD_MS > 3 * interval_ms ? DEAD_MS : 3 * interval_ms,
		.connect_ms = CONNECT_MS,
		.retry_ms = RETRY_MS,
		.retry_max_ms = RETRY_MAX_MS,
	};

	d->answered = false;
	/* TLS where it is offered, unless the file or the environment demands more. */
	d->tls = tlspolicy_new(&demands, t->host, t->port, why, sizeof(why));
	if (!d->tls) {
		log_error("repeater", "TLS with %s cannot be set up: %s", t->host, why);
		return false;
	}
	cfg.tls = d->tls;
	d->copied = state_new();
	d->resolver = resolver_new(core_loop(c));
	if (!d->resolver || !d->copied)
		return false;
	d->upstream = asyncclient_new(core_loop(c), d->resolver, &cfg, &ops, c);
	return d->upstream != NULL;
}

/* Without the option no file is looked for: what the drivers' user cannot read must not stop them.
 */
static bool read_account(struct core *c, const struct netwire_target *t, struct nutauth *auth)
{
	const char *file = core_option(c, "authconf");

	return nutauth_find(file ? file : "none", NULL, t->host, t->port, auth);
}

enum driver_result repeater_open(struct core *c)
{
	struct dummy *d = core_data(c);
	long long end = clock_ms() + FIRST_ANSWER_MS;
	struct netwire_target target;
	struct nutauth auth;
	bool started;
	const char *why = "the port is ups@host[:port]";

	if (!strchr(core_port(c), '@') || !netwire_parse_target(core_port(c), &target, &why)) {
		log_error("repeater", "port = %s: %s", core_port(c), why);
		return DRIVER_FATAL;
	}
	if (!read_account(c, &target, &auth))
		return DRIVER_FATAL;
	core_keep_file(c, core_option(c, "authconf"));
	core_keep_file(c, auth.cert_path);
	core_keep_file(c, auth.cert_file);
	started = start_client(c, d, &target, &auth);
	nutauth_free(&auth);
	if (!started) {
		log_errno("repeater", errno, "%s", core_port(c));
		repeater_close(c);
		return DRIVER_FAILED;
	}
	if (core_flag(c, "repeater_disable_strict_start"))
		return DRIVER_OK;
	while (!d->answered && clock_ms() < end && core_wait(c, LOOK_MS))
		;
	if (d->answered)
		return DRIVER_OK;
	repeater_close(c);
	return DRIVER_FAILED;
}

/* Variables which the other side has no more.  Our own ones stay: defaults, device.type, driver.*.
 */
static void drop_gone(struct core *c, struct state *copied, const struct state *theirs)
{
	size_t i = 0;

	while (i < state_count(copied)) {
		const char *name = state_var_name(state_at(copied, i));

		if (state_find(theirs, name)) {
			i++;
			continue;
		}
		state_delete(core_state(c), name);
		if (state_delete(copied, name) != STATE_CHANGED)
			i++;
	}
}

static void copy_values(struct core *c, struct state *copied, const struct state *theirs)
{
	for (size_t i = 0; i < state_count(theirs); i++) {
		const struct state_var *v = state_at(theirs, i);
		const char *name = state_var_name(v);

		if (str_casestarts(name, "driver."))
			continue;
		if (str_caseequal(name, "ups.status")) {
			core_status_begin(c);
			core_status_add(c, state_var_value(v));
		} else if (state_set(core_state(c), name, state_var_value(v)) == STATE_CHANGED) {
			state_set(copied, name, "");
		}
	}
}

enum driver_result repeater_poll(struct core *c)
{
	struct dummy *d = core_data(c);

	if (asyncclient_state(d->upstream) != ASYNCCLIENT_UP || !d->answered)
		return DRIVER_STALE;
	if (d->availability != NETWIRE_AVAIL_OK)
		return DRIVER_STALE;
	drop_gone(c, d->copied, asyncclient_values(d->upstream));
	copy_values(c, d->copied, asyncclient_values(d->upstream));
	return DRIVER_OK;
}

void repeater_close(struct core *c)
{
	struct dummy *d = core_data(c);

	asyncclient_free(d->upstream);
	tlspolicy_free(d->tls);
	if (d->resolver)
		resolver_free(d->resolver);
	if (d->copied)
		state_free(d->copied);
	d->copied = NULL;
	d->upstream = NULL;
	d->tls = NULL;
	d->resolver = NULL;
}
