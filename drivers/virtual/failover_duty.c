#include "config.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "drivers/virtual/failover.h"

enum { LOG_AGAIN_S = 300 };

/* ----------------------------------------------------------------------------------- names */

static const char prefix[] = "upstream.";

static bool below_prefix(char *ours, size_t size, const char *theirs)
{
	return str_format(ours, size, "%s%s", prefix, theirs);
}

/* The alarm is composed, as the status is. */
static bool variable_name(void *arg, const char *theirs, char *ours, size_t size)
{
	(void)arg;
	if (str_caseequal(theirs, "ups.alarm"))
		return false;
	if (str_casestarts(theirs, "driver.") || str_casestarts(theirs, prefix))
		return below_prefix(ours, size, theirs);
	return str_copy(ours, size, theirs);
}

static bool command_name(void *arg, const char *theirs, char *ours, size_t size)
{
	(void)arg;
	if (str_casestarts(theirs, "driver.") || str_casestarts(theirs, prefix) ||
	    str_caseequal(theirs, "shutdown.default"))
		return below_prefix(ours, size, theirs);
	return str_copy(ours, size, theirs);
}

const struct mirror_rules failover_rules = {.variable = variable_name, .command = command_name};

const char *failover_their_name(const char *ours)
{
	return str_casestarts(ours, prefix) ? ours + sizeof(prefix) - 1 : ours;
}

/* -------------------------------------------------------------------------------- election */

static bool in_a_circle(struct failover_member *m)
{
	unsigned missed;

	if (!source_is_circular(m->source))
		return false;
	if (log_throttle_pass(&m->circle, LOG_AGAIN_S, &missed))
		log_error("failover",
			  "%s has its data from this driver (%s) and is left out; correct the port "
			  "of one of them",
			  source_name(m->source),
			  state_get(source_state(m->source), "driver.upstream"));
	return true;
}

static bool holds(long long *until_ms, long long now_ms)
{
	if (*until_ms > 0 && now_ms >= *until_ms)
		*until_ms = 0;
	return *until_ms != 0;
}

static bool number_of(const struct source *s, const char *name, double *number)
{
	const char *text = state_get(source_state(s), name);

	return text && str_to_double(text, number);
}

static void look_at(struct failover_member *m, struct election_member *seen, long long now_ms)
{
	const struct source *s = m->source;

	*seen = (struct election_member){.status = state_get(source_state(s), "ups.status")};
	seen->complete = source_complete(s) && !in_a_circle(m);
	seen->fresh = seen->complete && source_fresh(s);
	seen->ignored = holds(&m->ignore_ms, now_ms);
	seen->preferred = holds(&m->prefer_ms, now_ms);
	seen->has_runtime = number_of(s, "battery.runtime", &seen->runtime);
	seen->has_runtime_low = number_of(s, "battery.runtime.low", &seen->runtime_low);
}

static const char *name_of(const struct failover *f, size_t i)
{
	return i == ELECTION_NOBODY ? "nobody" : source_name(f->members[i].source);
}

static bool is_demoted(enum election_duty duty)
{
	return duty == ELECTION_ALARM || duty == ELECTION_ALARM_STALE || duty == ELECTION_FSD;
}

static void log_duty(const struct failover *f, enum election_duty before, size_t primary_before)
{
	if (f->election.primary != primary_before)
		log_notice("failover", "%s speaks for %s now, after %s",
			   name_of(f, f->election.primary), core_ups(f->core),
			   name_of(f, primary_before));
	if (f->duty == before)
		return;
	if (is_demoted(f->duty) && !is_demoted(before))
		log_error("failover", "no driver can speak for %s: alarm%s", core_ups(f->core),
			  f->duty == ELECTION_FSD ? ", and FSD" : "");
	else if (is_demoted(before) && !is_demoted(f->duty))
		log_notice("failover", "%s speaks for %s again", name_of(f, f->election.primary),
			   core_ups(f->core));
}

void failover_elect(struct failover *f)
{
	struct election_member seen[ELECTION_MAX];
	enum election_duty before = f->duty;
	size_t primary_before = f->election.primary;
	long long now_ms = clock_ms();

	for (size_t i = 0; i < f->count; i++)
		look_at(&f->members[i], &seen[i], now_ms);
	f->duty = election_step(&f->election, seen, f->count, now_ms);
	log_duty(f, before, primary_before);
}

struct source *failover_primary(const struct failover *f)
{
	struct source *s;

	if (f->election.primary == ELECTION_NOBODY || is_demoted(f->duty))
		return NULL;
	s = f->members[f->election.primary].source;
	return source_complete(s) ? s : NULL;
}

/* ------------------------------------------------------------------------------ publishing */

static void publish_upstream(struct failover *f)
{
	struct buffer list = {0};

	for (size_t i = 0; i < f->count; i++)
		source_list_upstream(f->members[i].source, &list);
	state_set(core_state(f->core), "driver.upstream", buffer_string(&list));
	buffer_free(&list);
}

/* The primary's data, at once as a whole where it is another one. */
static void copy_primary(struct failover *f)
{
	size_t primary = f->election.primary;
	struct state *theirs;
	const char *status;

	if (primary == ELECTION_NOBODY || !source_complete(f->members[primary].source))
		return;
	theirs = source_state(f->members[primary].source);
	if (f->shown == primary)
		mirror_update(&f->mirror);
	else
		mirror_follow(&f->mirror, theirs);
	f->shown = primary;
	/* None is one, too: the words of the primary before are not those of this one. */
	status = state_get(theirs, "ups.status");
	str_replace(&f->status, status ? status : "");
}

static void compose(struct failover *f)
{
	const char *alarm =
		f->shown == ELECTION_NOBODY
			? NULL
			: state_get(source_state(f->members[f->shown].source), "ups.alarm");

	core_alarm_begin(f->core);
	if (is_demoted(f->duty))
		core_alarm_add(f->core, "No driver can speak for this UPS!");
	else if (alarm)
		core_alarm_add(f->core, alarm);
	if (!f->status && !is_demoted(f->duty))
		return;
	core_status_begin(f->core);
	if (f->duty == ELECTION_FSD)
		core_status_add(f->core, "FSD");
	/* What was known last stays: OB is no less true when nobody is there to say so. */
	core_status_add(f->core, f->status ? f->status : "");
}

static void publish_primary(struct failover *f)
{
	struct state *s = core_state(f->core);

	if (f->election.primary == ELECTION_NOBODY || is_demoted(f->duty))
		state_delete(s, "driver.primary");
	else
		state_set(s, "driver.primary", name_of(f, f->election.primary));
}

static bool is_fresh(const struct failover *f)
{
	switch (f->duty) {
	case ELECTION_SERVE:
		return source_fresh(f->members[f->election.primary].source);
	case ELECTION_ALARM:
	case ELECTION_FSD:
		return true;
	default:
		return false;
	}
}

enum driver_result failover_serve(struct failover *f)
{
	failover_elect(f);
	publish_upstream(f);
	publish_primary(f);
	copy_primary(f);
	compose(f);
	if (is_fresh(f))
		return DRIVER_OK;
	if (f->status || is_demoted(f->duty))
		core_status_publish(f->core);
	return DRIVER_STALE;
}
