#include "config.h"

#include "clients/upsmon/brain/shutdown.h"

#include "common/base/log.h"

static const char token[] = "shutdown";

static void enter(struct shutdown *s, enum shutdown_phase phase, long long now_ms)
{
	s->phase = phase;
	s->since_ms = now_ms;
	s->pending = 0;
}

/* The command runs when FINALDELAY is over and no hook has to be waited for. */
static void run_if_due(struct shutdown *s, long long now_ms)
{
	if (now_ms - s->since_ms < s->final_delay * 1000LL)
		return;
	if (s->hooks_until_ms && now_ms < s->hooks_until_ms)
		return;
	if (s->hooks_until_ms)
		log_warn(token, "the hooks have used up their time, going on without");
	enter(s, SHUTDOWN_RUN, now_ms);
	s->acts->execute(s->arg);
}

static void enter_final(struct shutdown *s, long long now_ms)
{
	long seconds;

	enter(s, SHUTDOWN_FINAL, now_ms);
	log_error(token, "Executing automatic power-fail shutdown");
	s->acts->tell(s->arg, NOTICE_SHUTDOWN);
	seconds = s->acts->start_hooks ? s->acts->start_hooks(s->arg) : 0;
	s->hooks_until_ms = seconds > 0 ? now_ms + seconds * 1000LL : 0;
	run_if_due(s, now_ms);
}

/* A count that failed is no count of none: secondaries go by the FSD that is set. */
static bool counts_again(const struct shutdown *s, long long now_ms)
{
	return s->fsd_set && now_ms - s->since_ms < SHUTDOWN_COUNT_MS;
}

static void count_secondaries(struct shutdown *s, long long now_ms)
{
	s->others = 0;
	s->unsure = false;
	s->ask_ms = now_ms + SHUTDOWN_ASK_MS;
	for (size_t i = 0; i < s->primaries; i++)
		s->pending += s->acts->ask_logins(s->arg, i);
	/* Nobody can be asked: nobody hears our FSD either, so there is none to wait for, unless
	 * secondaries were seen before. */
	if (!s->pending && !s->hostsync_told && !counts_again(s, now_ms))
		enter_final(s, now_ms);
}

static void enter_sync(struct shutdown *s, long long now_ms)
{
	enter(s, SHUTDOWN_SYNC, now_ms);
	count_secondaries(s, now_ms);
}

void shutdown_begin(struct shutdown *s, const struct shutdown_acts *acts, void *arg,
		    size_t primaries, const struct policy *p, long long now_ms)
{
	*s = (struct shutdown){
		.acts = acts,
		.arg = arg,
		.primaries = primaries,
		.hostsync = p->hostsync,
		.final_delay = p->final_delay,
	};
	if (!primaries) {
		enter_final(s, now_ms);
		return;
	}
	log_notice(token, "Shutting down any UPSes in PRIMARY mode...");
	enter(s, SHUTDOWN_FSD, now_ms);
	for (size_t i = 0; i < primaries; i++)
		s->pending += acts->send_fsd(arg, i);
	if (!s->pending)
		enter_sync(s, now_ms);
}

long shutdown_limit_s(const struct policy *p)
{
	long last = p->hook_all > p->final_delay ? p->hook_all : p->final_delay;

	return SHUTDOWN_FSD_LIMIT_MS / 1000 + p->hostsync + last;
}

void shutdown_fsd_answered(struct shutdown *s, bool set, long long now_ms)
{
	if (s->phase != SHUTDOWN_FSD || !s->pending)
		return;
	s->fsd_set = s->fsd_set || set;
	if (--s->pending == 0)
		enter_sync(s, now_ms);
}

void shutdown_logins_answered(struct shutdown *s, long others, long long now_ms)
{
	if (s->phase != SHUTDOWN_SYNC || !s->pending)
		return;
	/* Those that were there a moment ago are not gone because the server is. */
	if (others < 0 ? s->hostsync_told || counts_again(s, now_ms)
		       : !others && now_ms < s->doubt_ms)
		s->unsure = true;
	if (others > s->others)
		s->others = others;
	if (--s->pending)
		return;
	if (!s->others && !s->unsure) {
		enter_final(s, now_ms);
	} else if (s->others && !s->hostsync_told) {
		s->hostsync_told = true;
		log_notice(token, "%ld secondaries are logged in: they have %ld s", s->others,
			   s->hostsync);
		s->acts->tell(s->arg, NOTICE_SHUTDOWN_HOSTSYNC);
	}
}

void shutdown_doubt(struct shutdown *s, long long now_ms)
{
	s->doubt_ms = now_ms + SHUTDOWN_DOUBT_MS;
}

void shutdown_hooks_ended(struct shutdown *s, long long now_ms)
{
	s->hooks_until_ms = 0;
	if (s->phase == SHUTDOWN_FINAL)
		run_if_due(s, now_ms);
}

void shutdown_limit_hooks(struct shutdown *s, long long until_ms)
{
	if (s->phase == SHUTDOWN_FINAL && s->hooks_until_ms > until_ms)
		s->hooks_until_ms = until_ms;
}

void shutdown_tick(struct shutdown *s, long long now_ms)
{
	long long passed_ms = now_ms - s->since_ms;

	switch (s->phase) {
	case SHUTDOWN_FSD:
		if (passed_ms < SHUTDOWN_FSD_LIMIT_MS)
			break;
		log_warn(token, "FSD is not answered, going on without");
		enter_sync(s, now_ms);
		break;
	case SHUTDOWN_SYNC:
		if (passed_ms > s->hostsync * 1000LL) {
			log_notice(token, "Host sync timer expired, forcing shutdown");
			enter_final(s, now_ms);
		} else if (!s->pending && now_ms >= s->ask_ms) {
			count_secondaries(s, now_ms);
		}
		break;
	case SHUTDOWN_FINAL:
		run_if_due(s, now_ms);
		break;
	case SHUTDOWN_IDLE:
	case SHUTDOWN_RUN:
		break;
	}
}

long long shutdown_due_ms(const struct shutdown *s)
{
	long long end_ms;

	switch (s->phase) {
	case SHUTDOWN_FSD:
		return s->since_ms + SHUTDOWN_FSD_LIMIT_MS;
	case SHUTDOWN_SYNC:
		end_ms = s->since_ms + s->hostsync * 1000LL + 1;
		return !s->pending && s->ask_ms < end_ms ? s->ask_ms : end_ms;
	case SHUTDOWN_FINAL:
		end_ms = s->since_ms + s->final_delay * 1000LL;
		return s->hooks_until_ms > end_ms ? s->hooks_until_ms : end_ms;
	case SHUTDOWN_IDLE:
	case SHUTDOWN_RUN:
		break;
	}
	return -1;
}
