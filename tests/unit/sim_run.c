#include "config.h"

#include "tests/unit/sim_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/str.h"
#include "tests/unit/brain_play.h"

enum {
	AT_ONCE_MAX = 50,
	SECOND_MS = 1000,
	UNWATCHED_MS = 3000,  /* of a sleep, upsmon's clock goes on so far */
	LONG_AGO_MS = 10000,  /* what another process knew before that is forgotten */
	AFTER_MS = 90 * 1000, /* played on after the command */
};

/* ---------------------------------------------------------------------- calls */

static void read_ups(struct sim *s, size_t ups, const char *status)
{
	const struct sim_ups *u = &s->site.ups[ups];
	const char *alarm = sim_world_alarm(&s->world, ups);
	bool decided_before = s->decided, was_on_battery = s->model.ups[ups].facts & 1u << SIM_OB;
	char charge[32], runtime[32];
	struct sim_reading r = {.status = status, .alarm = alarm, .charge = -1, .runtime = -1};

	str_format(charge, sizeof(charge), "%.0f", sim_world_charge(&s->world, ups));
	str_format(runtime, sizeof(runtime), "%.0f", sim_world_runtime(&s->world, ups));
	if (u->tells_charge)
		r.charge = atof(charge);
	if (u->tells_runtime)
		r.runtime = atof(runtime);
	if (sim_shown)
		printf("%10.3f %s [%s] %s %s\n", (double)s->world.now / 1000, u->name, status,
		       u->tells_charge ? charge : "-", u->tells_runtime ? runtime : "-");
	sim_begin_call(s);
	sim_model_read(&s->model, ups, &r);
	if (was_on_battery != !!(s->model.ups[ups].facts & 1u << SIM_OB)) {
		s->wake_due = true;
		s->wakes = 0;
		s->well_since = SIM_NEVER;
	}
	sim_note_wellness(s);
	brain_read(s->brain, s->place[ups],
		   &(struct monitor_reading){.status = status,
					     .alarm = *alarm ? alarm : NULL,
					     .charge = u->tells_charge ? charge : NULL,
					     .runtime = u->tells_runtime ? runtime : NULL},
		   sim_brain_now(s));
	sim_end_call(s, decided_before);
}

static void hear_ups(struct sim *s, size_t ups)
{
	sim_model_heard(&s->model, ups);
	brain_heard(s->brain, s->place[ups], sim_brain_now(s));
}

static void lose_ups(struct sim *s, size_t ups)
{
	bool decided_before = s->decided;

	s->last_status[ups][0] = '\0';
	sim_begin_call(s);
	sim_model_lose(&s->model, ups);
	brain_lose(s->brain, s->place[ups], sim_brain_now(s));
	sim_end_call(s, decided_before);
}

static void turn(struct sim *s)
{
	long long due = sim_model_due(&s->model);
	bool decided_before = s->decided;

	if (due != SIM_NEVER && due < s->model.now - SIM_LATE_MS && !s->grace)
		SIM_FAIL(s, "asked %lld ms too late", s->model.now - due);
	s->grace = false;
	sim_begin_call(s);
	sim_model_turn(&s->model);
	sim_note_wellness(s);
	brain_turn(s->brain, sim_brain_now(s));
	sim_end_call(s, decided_before);
}

static void forget(struct sim *s)
{
	sim_model_forget(&s->model);
	brain_forget(s->brain, sim_brain_now(s));
	s->well_since = SIM_NEVER;
	s->grace = true;
}

/* Everything has to be read anew, as soon as the links are there again. */
static void reconnect(struct sim *s)
{
	for (size_t i = 0; i < s->site.count; i++) {
		s->last_status[i][0] = '\0';
		s->next_read[i] = s->world.now + sim_range(&s->rng, 0, 3000);
	}
}

/* ---------------------------------------------------------------------- life */

static void adopt(struct sim *s)
{
	struct upsmon_conf old = s->conf;
	struct buffer text = {0};

	sim_site_text(&s->site, &text);
	brain_play_conf(&s->conf, buffer_string(&text));
	buffer_free(&text);
	if (!s->brain)
		s->brain = brain_new(&sim_acts, s, sim_brain_now(s));
	assert_non_null(s->brain);
	assert_true(brain_adopt(s->brain, &s->conf, sim_brain_now(s)));
	upsmon_conf_free(&old);
	for (size_t i = 0; i < s->site.count; i++)
		s->place[i] =
			(size_t)(upsmon_conf_find(&s->conf, s->site.ups[i].name) - s->conf.ups);
}

/* The world alone goes on. */
static void world_pass(struct sim *s, long long ms)
{
	long long until = s->world.now + ms;

	while (s->world.now < until) {
		long long second = (s->world.now / SECOND_MS + 1) * SECOND_MS;

		s->world.now = second < until ? second : until;
		while (s->world.next_event < s->world.event_count &&
		       s->world.events[s->world.next_event].at <= s->world.now)
			sim_world_apply(&s->world, &s->world.events[s->world.next_event++]);
		if (s->world.now == second)
			sim_world_second(&s->world);
	}
}

static void sleep_for(struct sim *s, long seconds)
{
	sim_note(s, "--- sleeps for %ld s", seconds);
	world_pass(s, seconds * 1000LL);
	s->model.now += UNWATCHED_MS;
	forget(s);
	reconnect(s);
	sim_sums.sleeps++;
}

static void restart(struct sim *s, long passed_ms)
{
	struct buffer text = {0};

	sim_note(s, "--- another process after %ld ms", passed_ms);
	brain_save(s->brain, &text, sim_brain_now(s));
	brain_free(s->brain);
	s->brain = NULL;
	world_pass(s, passed_ms);
	s->model.now += passed_ms;
	s->base = s->model.now;
	adopt(s);
	brain_restore(s->brain, buffer_string(&text), passed_ms, 0);
	buffer_free(&text);
	sim_model_restart(&s->model);
	s->well_since = SIM_NEVER;
	if (!s->site.wake_count)
		s->wakes = 0;
	s->grace = true;
	if (passed_ms > LONG_AGO_MS)
		forget(s);
	reconnect(s);
	sim_sums.restarts++;
}

static void reload(struct sim *s, bool other)
{
	size_t wakes = s->site.wake_count;

	sim_note(s, "--- reload of %s configuration", other ? "another" : "the same");
	if (other)
		sim_site_vary(&s->site, &s->rng);
	adopt(s);
	s->woken_at = s->model.now;
	if (!wakes)
		s->well_since = SIM_NEVER; /* nobody looked */
	if (s->site.wake_count && s->wakes >= s->site.wake_count)
		s->wakes = s->wake_due = 0;
	s->grace = true;
}

static void force(struct sim *s)
{
	if (s->decided)
		return;
	sim_note(s, "--- by hand");
	s->by_hand = true;
	s->model.shutdown = SIM_UPSES;
	sim_begin_call(s);
	brain_force(s->brain, "by hand", sim_brain_now(s));
	sim_end_call(s, false);
	if (!s->decided)
		SIM_FAIL(s, "asked for by hand, and not decided");
}

static void apply(struct sim *s, const struct sim_event *e)
{
	if (sim_world_apply(&s->world, e) || s->decided)
		return;
	if (e->kind == SIM_SLEEP)
		sleep_for(s, e->value);
	else if (e->kind == SIM_RESTART)
		restart(s, e->value);
	else if (e->kind == SIM_RELOAD)
		reload(s, e->value);
	else
		force(s);
}

/* -------------------------------------------------------------------- a second */

static void hooks_end(struct sim *s)
{
	s->hooks_ended = true;
	brain_hooks_ended(s->brain, sim_brain_now(s));
}

static void answer(struct sim *s, const struct sim_answer *a)
{
	long others = s->world.now < s->others_until ? s->others : 0;

	sim_begin_call(s);
	if (a->to == TO_FSD && a->value) {
		s->world.devices[a->ups].fsd = true;
		sim_model_fsd_set(&s->model, a->ups);
		brain_fsd_set(s->brain, s->place[a->ups]);
	}
	if (a->to == TO_FSD)
		brain_fsd_answered(s->brain, a->value, sim_brain_now(s));
	else if (a->to == TO_LOGINS)
		brain_logins_answered(s->brain, sim_chance(&s->rng, 5) ? -1 : others,
				      sim_brain_now(s));
	else
		hooks_end(s);
	sim_end_call(s, s->decided);
}

static void answer_all(struct sim *s)
{
	for (size_t i = 0; i < s->answer_count;) {
		struct sim_answer a = s->answers[i];

		if (a.at > s->world.now) {
			i++;
			continue;
		}
		s->answers[i] = s->answers[--s->answer_count];
		answer(s, &a);
	}
}

static void poll_ups(struct sim *s, size_t ups)
{
	const struct policy *p = &s->site.policy;
	char status[256];

	sim_world_status(&s->world, ups, status, sizeof(status));
	if (s->site.ups[ups].pushes && s->last_status[ups][0]) {
		hear_ups(s, ups);
		if (!strcmp(status, s->last_status[ups]) && s->world.now < s->next_read[ups])
			return;
	} else if (s->world.now < s->next_read[ups]) {
		return;
	}
	s->next_read[ups] = s->world.now + sim_range(&s->rng, 1, p->poll) * 1000LL;
	str_copy(s->last_status[ups], sizeof(s->last_status[ups]), status);
	read_ups(s, ups, status);
}

static long long dead_ms(const struct sim *s)
{
	long long ms = s->site.policy.deadtime * 1000LL;

	return ms > 10000 ? 10000 : ms;
}

static void look_at(struct sim *s, size_t ups)
{
	const struct sim_device *d = &s->world.devices[ups];

	switch (d->link) {
	case SIM_LINK_OK:
		poll_ups(s, ups);
		break;
	case SIM_LINK_DOWN:
		lose_ups(s, ups);
		break;
	case SIM_LINK_HANGS:
		if (s->world.now - d->hangs_since >= dead_ms(s))
			lose_ups(s, ups);
		break;
	case SIM_LINK_WAITS:
		s->last_status[ups][0] = '\0';
		read_ups(s, ups, "WAIT");
		break;
	}
}

/* The host has no power any more.  If it was warned in time it has to be down. */
static void check_power(struct sim *s)
{
	bool warned = s->site.clean && !s->site.group;

	if (sim_world_power(&s->world) >= s->site.min[0] || s->died)
		return;
	for (size_t i = 0; i < s->site.count; i++) {
		const struct sim_device *d = &s->world.devices[i];

		if (s->site.ups[i].power && d->left_s <= 0 && !d->mains &&
		    d->left_at_low_s < (double)sim_site_need_s(&s->site))
			warned = false;
	}
	if (warned && !s->executions)
		SIM_FAIL(s, "the batteries are empty, and the command has not run");
	s->died = true;
	sim_sums.deaths += !s->executions;
}

static void second(struct sim *s)
{
	sim_world_second(&s->world);
	for (size_t i = 0; i < s->site.count; i++)
		look_at(s, i);
	if (!s->site.group)
		check_power(s);
}

/* ------------------------------------------------------------------------ play */

static void sooner(long long *next, long long at, long long now)
{
	if (at < *next)
		*next = at > now ? at : now;
}

static long long next_moment(const struct sim *s)
{
	const struct sim_world *w = &s->world;
	long long next = (w->now / SECOND_MS + 1) * SECOND_MS, due = brain_due_ms(s->brain);

	if (w->next_event < w->event_count)
		sooner(&next, w->events[w->next_event].at, w->now);
	for (size_t i = 0; i < s->answer_count; i++)
		sooner(&next, s->answers[i].at, w->now);
	if (due != MONITOR_NEVER)
		sooner(&next, due - sim_brain_now(s) + w->now, w->now);
	return next;
}

static void step(struct sim *s)
{
	struct sim_world *w = &s->world;
	long long next = next_moment(s), before = w->now;

	s->model.now += next - w->now;
	w->now = next;
	while (w->next_event < w->event_count && w->events[w->next_event].at <= w->now)
		apply(s, &w->events[w->next_event++]);
	answer_all(s);
	if (w->now != before && w->now % SECOND_MS == 0)
		second(s);
	turn(s);
}

/* Those that run in the brain are those that should. */
static void check_timers(struct sim *s)
{
	const struct sim_model *m = &s->model;
	size_t running = 0, kept = 0;
	struct buffer text = {0};

	for (size_t i = 0; i < s->site.count; i++)
		for (int t = 0; t < SIM_TIMERS; t++)
			running += m->ups[i].timers[t] != SIM_NEVER;
	brain_save(s->brain, &text, sim_brain_now(s));
	for (const char *c = buffer_string(&text); (c = strstr(c, "TIMER ")); c++)
		kept++;
	buffer_free(&text);
	if (kept != running || m->started != m->replaced + m->cancelled + m->fired + running)
		SIM_FAIL(s, "%zu timers run, not %zu; of %zu started %zu fired", kept, running,
			 m->started, m->fired);
	sim_sums.fired += m->fired;
}

static bool is_over(const struct sim *s)
{
	return s->world.now >= s->world.end || (s->died && !s->executions) ||
	       (s->executions && s->model.now - s->executed_at > AFTER_MS);
}

/* Plays a whole schedule; its acts as one number. */
uint64_t sim_play(uint64_t seed)
{
	static struct sim s;
	long long stuck_at = 0;
	int stuck = 0;

	memset(&s, 0, sizeof(s));
	s.seed = seed;
	s.rng.state = seed * 2654435761u + 1;
	s.well_since = SIM_NEVER;
	s.wake_due = true;
	sim_site_make(&s.site, &s.rng);
	sim_world_begin(&s.world, &s.site, &s.rng);
	s.others = sim_range(&s.rng, 0, 3);
	/* Any clock will do. */
	sim_model_begin(&s.model, &s.site, sim_range(&s.rng, 0, 1000000000));
	s.base = sim_chance(&s.rng, 50) ? s.model.now : 0;
	adopt(&s);
	reconnect(&s);
	while (!is_over(&s)) {
		step(&s);
		stuck = s.world.now == stuck_at ? stuck + 1 : 0;
		stuck_at = s.world.now;
		if (stuck > AT_ONCE_MAX)
			SIM_FAIL(&s, "the brain wants to be asked without end");
	}
	check_timers(&s);
	sim_sums.saved += s.site.clean && !s.site.group && s.executions && !s.by_hand;
	brain_free(s.brain);
	upsmon_conf_free(&s.conf);
	return s.hash;
}
