#include "config.h"

#include "drivers/virtual/follower.h"

#include "common/base/str.h"

enum {
	TICK_MS = 1000,
	MAXAGE_S = 15, /* as upsd's */
	LOG_AGAIN_S = 300,
};

static void on_changed(void *arg)
{
	struct follower *f = arg;

	core_poll_now(f->core);
}

static void on_tick(void *arg)
{
	struct follower *f = arg;

	loop_timer_set(f->tick, TICK_MS);
	source_tick(f->source);
	core_poll_now(f->core);
}

static void publish_upstream(struct follower *f)
{
	struct buffer list = {0};

	source_list_upstream(f->source, &list);
	state_set(core_state(f->core), "driver.upstream", buffer_string(&list));
	buffer_free(&list);
}

enum driver_result follower_open(struct core *c, struct follower *f,
				 const struct mirror_rules *rules, void *arg)
{
	struct source_config cfg = {
		.name = core_port(c), .maxage_s = MAXAGE_S, .changed = on_changed, .arg = f};

	*f = (struct follower){.core = c};
	f->source = source_new(c, &cfg);
	if (!f->source)
		return DRIVER_FATAL;
	if (source_is_self(f->source)) {
		log_error("follow",
			  "port = %s is the socket of this driver itself; name that of the driver "
			  "which it is to follow, as DRIVER-UPS",
			  core_port(c));
		source_free(f->source);
		return DRIVER_FATAL;
	}
	f->tick = loop_timer_new(core_loop(c), on_tick, f);
	if (!f->tick || !mirror_init(&f->mirror, core_state(c), rules, arg)) {
		follower_close(f);
		return DRIVER_FAILED;
	}
	publish_upstream(f);
	loop_timer_set(f->tick, 0);
	return DRIVER_OK;
}

static bool in_a_circle(struct follower *f)
{
	unsigned missed;

	if (!source_is_circular(f->source))
		return false;
	if (log_throttle_pass(&f->circle, LOG_AGAIN_S, &missed))
		log_error("follow",
			  "%s follows this driver, by itself or by others (%s): nobody would ever "
			  "hear of a device; correct the port of one of them",
			  source_name(f->source), follower_get(f, "driver.upstream"));
	return true;
}

enum driver_result follower_update(struct follower *f)
{
	if (!source_complete(f->source))
		return DRIVER_FAILED;
	publish_upstream(f);
	if (in_a_circle(f))
		return DRIVER_FAILED;
	if (f->following)
		mirror_update(&f->mirror);
	else
		mirror_follow(&f->mirror, source_state(f->source));
	f->following = true;
	return source_fresh(f->source) ? DRIVER_OK : DRIVER_STALE;
}

enum driver_result follower_finish(struct follower *f, enum driver_result updated)
{
	if (updated == DRIVER_STALE)
		core_status_publish(f->core);
	/* The link mends itself: there is nothing to be opened anew. */
	return updated == DRIVER_OK ? DRIVER_OK : DRIVER_STALE;
}

const char *follower_get(const struct follower *f, const char *name)
{
	return state_get(source_state(f->source), name);
}

void follower_close(struct follower *f)
{
	loop_timer_free(f->tick);
	f->tick = NULL;
	mirror_free(&f->mirror);
	source_free(f->source);
	f->source = NULL;
}
