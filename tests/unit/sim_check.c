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

enum { HOOK_UNKNOWN_S = 60, HOOK_RESERVE_S = 20 };

struct sim_sums sim_sums;
bool sim_shown;

long long sim_brain_now(const struct sim *s)
{
	return s->model.now - s->base;
}

void sim_note(struct sim *s, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (sim_shown)
		printf("%10.3f %s\n", (double)s->world.now / 1000, text);
	for (const char *c = text; *c; c++)
		s->hash = (s->hash ^ (unsigned char)*c) * 0x100000001b3u;
	s->hash = (s->hash ^ (uint64_t)s->world.now) * 0x100000001b3u;
}

/* ---------------------------------------------------------------------- acts */

static size_t ups_at(const struct sim *s, size_t place)
{
	size_t i = 0;

	while (s->place[i] != place)
		i++;
	return i;
}

static void deliver(void *arg, const struct delivery *d)
{
	struct sim *s = arg;

	sim_note(s, "%s", d->text);
	if (str_starts(d->text, "SHUTDOWN ")) {
		s->shutdown_notices++;
		return;
	}
	if (!str_starts(d->text, "SHUTDOWN_HOSTSYNC ") && s->told_count < SIM_TOLD_MAX)
		str_copy(s->told[s->told_count++], SIM_TOLD_SIZE, d->text);
}

static void expect_answer(struct sim *s, struct sim_answer a, long most_ms)
{
	a.at = s->world.now + sim_range(&s->rng, 0, most_ms);
	if (s->answer_count == SIM_ANSWERS_MAX)
		SIM_FAIL(s, "too many questions");
	s->answers[s->answer_count++] = a;
}

static void check_before_command(const struct sim *s, const char *what)
{
	if (!s->decided)
		SIM_FAIL(s, "%s without a decision", what);
	if (s->executions)
		SIM_FAIL(s, "%s after the command", what);
}

static bool send_fsd(void *arg, size_t place)
{
	struct sim *s = arg;
	size_t ups = ups_at(s, place);
	enum sim_link link = s->world.devices[ups].link;

	sim_note(s, "FSD %zu", ups);
	check_before_command(s, "FSD");
	if (!s->site.ups[ups].primary || s->fsd_sent[ups])
		SIM_FAIL(s, "FSD for %zu, %s", ups, s->fsd_sent[ups] ? "once more" : "not ours");
	s->fsd_sent[ups] = true;
	if (link == SIM_LINK_DOWN)
		return false;
	if (link != SIM_LINK_HANGS && !sim_chance(&s->rng, 10))
		expect_answer(s, (struct sim_answer){TO_FSD, 0, ups, !sim_chance(&s->rng, 10)},
			      400);
	return true;
}

static bool ask_logins(void *arg, size_t place)
{
	struct sim *s = arg;
	size_t ups = ups_at(s, place);
	enum sim_link link = s->world.devices[ups].link;

	check_before_command(s, "LOGINS");
	if (link == SIM_LINK_DOWN)
		return false;
	if (link != SIM_LINK_HANGS && !sim_chance(&s->rng, 2))
		expect_answer(s, (struct sim_answer){TO_LOGINS, 0, ups, 0}, 300);
	return true;
}

static void decided(void *arg, int command, long limit_s)
{
	struct sim *s = arg;

	sim_note(s, "DECIDED %d in %ld", command, limit_s);
	if (s->decided)
		SIM_FAIL(s, "decided twice");
	s->decided = true;
	s->decided_at = s->model.now;
	s->command = command;
	s->limit_s = limit_s;
	s->others_until = s->world.now + sim_range(&s->rng, 0, 40000);
	s->wake_due = true;
	s->wakes = 0;
}

/* The seconds that hooks may have because of one UPS. */
static double hook_seconds(const struct sim *s, size_t ups)
{
	const struct sim_known *u = &s->model.ups[ups];

	if (!s->site.ups[ups].power || !(u->words & 1u << SIM_OB))
		return (double)s->site.policy.hook_all;
	if (u->runtime < 0)
		return HOOK_UNKNOWN_S;
	return u->runtime - (double)(s->model.now - u->heard) / 1000 - HOOK_RESERVE_S;
}

static void check_hook_time(const struct sim *s, size_t ups, long limit_s)
{
	if ((double)limit_s > hook_seconds(s, ups))
		SIM_FAIL(s, "hooks have %ld s, the battery of %zu %g s", limit_s, ups,
			 hook_seconds(s, ups));
}

/* A battery that fails faster than it said gives them less; what it gave back is not theirs. */
static void shorten_hooks(struct sim *s)
{
	for (size_t i = 0; s->hooks_run && i < s->site.count; i++) {
		long long until = s->model.now + (long long)(hook_seconds(s, i) * 1000);

		if (until < s->hooks_until)
			s->hooks_until = until;
	}
}

/* To the second. */
static bool hooks_are_over(const struct sim *s)
{
	return !s->hooks_run || s->hooks_ended || s->model.now >= s->hooks_until - 1000;
}

static void run_hooks(void *arg, long limit_s)
{
	struct sim *s = arg;

	sim_note(s, "HOOKS %ld", limit_s);
	check_before_command(s, "hooks");
	if (s->hooks_run || limit_s <= 0 || limit_s > s->site.policy.hook_all)
		SIM_FAIL(s, "hooks for %ld s", limit_s);
	for (size_t i = 0; i < s->site.count; i++)
		check_hook_time(s, i, limit_s);
	s->hooks_run = true;
	s->hooks_began = s->model.now;
	s->hooks_until = s->model.now + limit_s * 1000LL;
	if (!sim_chance(&s->rng, 20))
		expect_answer(s, (struct sim_answer){TO_HOOKS, 0, 0, 0}, limit_s * 1500);
	sim_sums.hooks++;
}

/* The classic sequence. A shutdown of rules has no detours. */
static void check_sequence(struct sim *s)
{
	shorten_hooks(s);
	if (!hooks_are_over(s))
		SIM_FAIL(s, "the command does not wait for the hooks");
	if (s->model.now < s->decided_at + s->site.policy.final_delay * 1000LL)
		SIM_FAIL(s, "the command runs before FINALDELAY");
	for (size_t i = 0; i < s->site.count; i++)
		if (s->site.ups[i].primary && (!s->site.group || s->site.ups[i].power) &&
		    !s->fsd_sent[i])
			SIM_FAIL(s, "the command runs without FSD for %zu", i);
	if (!s->site.group && s->shutdown_notices != 1)
		SIM_FAIL(s, "the command runs after %zu SHUTDOWN notices", s->shutdown_notices);
}

static void execute(void *arg, int command)
{
	struct sim *s = arg;

	sim_note(s, "EXECUTE %d", command);
	check_before_command(s, "the command");
	if (command != s->command)
		SIM_FAIL(s, "command %d, not %d as decided", command, s->command);
	if (s->model.now > s->decided_at + s->limit_s * 1000LL + SIM_LATE_MS)
		SIM_FAIL(s, "the command runs later than the parent was told");
	if (!s->site.group || s->by_hand)
		check_sequence(s);
	s->executions++;
	s->executed_at = s->model.now;
	sim_sums.executions++;
}

static bool is_well(const struct sim *s)
{
	for (size_t i = 0; i < s->site.count; i++) {
		const struct sim_known *u = &s->model.ups[i];

		if (!s->site.ups[i].power)
			continue;
		if (u->comm != SIM_OK || !u->on_line ||
		    (u->words & (1u << SIM_LB | 1u << SIM_FSD | 1u << SIM_OFF)) ||
		    (u->charge >= 0 && u->charge < (double)s->site.policy.wake_charge))
			return false;
	}
	return true;
}

static void wake(void *arg, const char *target)
{
	struct sim *s = arg;

	sim_note(s, "WAKE %s", target);
	if (s->decided || !s->wake_due)
		SIM_FAIL(s, "woken %s", s->decided ? "in a shutdown" : "twice");
	if (!is_well(s) || s->well_since == SIM_NEVER ||
	    s->model.now - s->well_since < s->site.policy.wake_stable * 1000LL)
		SIM_FAIL(s, "woken while not all is well and stable");
	if (s->wakes >= s->site.wake_count ||
	    strtoul(strrchr(target, ':') + 1, NULL, 16) != s->wakes)
		SIM_FAIL(s, "%s woken in place of number %zu", target, s->wakes);
	s->woken_at = s->model.now;
	if (++s->wakes == s->site.wake_count)
		s->wake_due = false;
	sim_sums.wakes++;
}

const struct brain_acts sim_acts = {
	.deliver = deliver,
	.send_fsd = send_fsd,
	.ask_logins = ask_logins,
	.decided = decided,
	.run_hooks = run_hooks,
	.execute = execute,
	.wake = wake,
};

/* ---------------------------------------------------------------- comparisons */

void sim_begin_call(struct sim *s)
{
	s->told_count = s->model.told_count = 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void check_told(struct sim *s)
{
	struct sim_model *m = &s->model;

	sim_sums.told += s->told_count;
	/* In which order the notices of one reading come is nobody's business. */
	if (!s->site.group) {
		qsort(s->told, s->told_count, SIM_TOLD_SIZE, by_text);
		qsort(m->told, m->told_count, SIM_TOLD_SIZE, by_text);
	}
	for (size_t i = 0; i < s->told_count || i < m->told_count; i++) {
		const char *is = i < s->told_count ? s->told[i] : "nothing";
		const char *should = i < m->told_count ? m->told[i] : "nothing";

		if (strcmp(is, should) != 0)
			SIM_FAIL(s, "told: \"%s\", and it should be: \"%s\"", is, should);
	}
}

static void check_decision(struct sim *s, bool was_decided)
{
	struct sim_model *m = &s->model;
	bool should = s->site.group ? m->shutdown >= 0 : sim_model_supplies(m) < s->site.min[0];
	char command[32];

	if (s->by_hand || was_decided)
		return;
	if (s->decided != should)
		SIM_FAIL(s, "it is %sdecided, with %ld of %ld supplies", s->decided ? "" : "not ",
			 sim_model_supplies(m), s->site.min[0]);
	if (!s->decided)
		return;
	*(s->site.group ? &sim_sums.rules_decisions : &sim_sums.classic_decisions) += 1;
	str_format(command, sizeof(command), "/c%d", m->shutdown);
	if (s->site.group && !strstr(s->conf.commands[s->command], command))
		SIM_FAIL(s, "%s, not %s", s->conf.commands[s->command], command);
}

void sim_note_wellness(struct sim *s)
{
	if (!is_well(s))
		s->well_since = SIM_NEVER;
	else if (s->well_since == SIM_NEVER)
		s->well_since = s->model.now;
}

/* All is well for long enough, and somebody still sleeps. */
static void check_wakes(const struct sim *s)
{
	size_t count = s->site.wake_count;
	long long from = s->well_since + s->site.policy.wake_stable * 1000LL;

	if (!s->wake_due || !count || s->decided || s->well_since == SIM_NEVER)
		return;
	if (s->woken_at > from)
		from = s->woken_at;
	if (s->model.now > from + s->site.wakes[count - 1] * 1000LL + 1000)
		SIM_FAIL(s, "only %zu of %zu are woken", s->wakes, count);
}

/* Hooks that still run have a battery to run on. */
static void check_battery_of_hooks(const struct sim *s)
{
	long long waited = s->model.now - s->hooks_began;

	if (!s->hooks_run || s->hooks_ended || s->executions)
		return;
	if (waited > s->site.policy.final_delay * 1000LL && s->model.now > s->hooks_until + 1000)
		SIM_FAIL(s, "hooks run on, and the battery has no time for them");
}

void sim_end_call(struct sim *s, bool was_decided)
{
	check_wakes(s);
	shorten_hooks(s);
	check_battery_of_hooks(s);
	check_told(s);
	check_decision(s, was_decided);
	sim_note_wellness(s);
}
