/*
 * brain_due_ms() is the only alarm clock of upsmon: a brain that is asked at
 * these times alone has to do the same, at the same times, as one that is asked
 * all the time.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/str.h"
#include "tests/unit/brain_play.h"

enum {
	ROUNDS = 100,
	EVENTS = 60,
	GRID_MS = 50,
	/* A dense one sees what is due with its next look, twice if one thing leads to another. */
	LATE_MS = 2 * GRID_MS,
	ACTS_MAX = 4000,
};

enum kind { READ, LOSE, FORGET, RESTART, RELOAD, FORCE, KINDS };

struct event {
	double after_s;
	enum kind kind;
	size_t ups;
	char status[48], charge[8], runtime[8];
};

struct act {
	double at_s;
	const char *text;
	bool found;
};

#define CLASSIC                                                                                    \
	"MONITOR a 1 u p primary\nMONITOR b 1 u p secondary\nMONITOR c 1 u p primary\n"            \
	"MINSUPPLIES %d\nSHUTDOWNCMD /bin/true\nFINALDELAY 7\nHOSTSYNC 12\nDEADTIME 20\n"          \
	"NOCOMMWARNTIME 31\nOFFDURATION 17\nOBLBDURATION 9\nOVERDURATION 13\nRBWARNTIME 40\n"      \
	"OBDURATION 63\nOBCHARGE 11 b\nSHUTDOWNHOOKS /etc 5 30\nWAKESTABLE 21\n"                   \
	"WAKEONLAN 52:54:00:00:00:01\nWAKEONLAN 52:54:00:00:00:02 15\nOBLBDURATION %d\n"

#define GROUP                                                                                      \
	"GROUP LOCAL CERTFILE ''\n"                                                                \
	"MONITOR a POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n"                              \
	"MONITOR b POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE secondary\n"                            \
	"WHEN a REPORTS OL->OB : STARTTIMER t 10 WHEN a REPORTS OB->OL : CANCELTIMER t\n"          \
	"WHEN a TIMEOUT t : PRINT 'a t' IF OL->OB STARTTIMER u 3.25\n"                             \
	"WHEN a TIMEOUT u : PRINT 'a u' STARTTIMER u 7.5\n"                                        \
	"WHEN b REPORTS None->LS : STARTTIMER t 4.5 WHEN b TIMEOUT t : PRINT 'b t'\n"              \
	"WHEN b CHARGE BELOW 30 : STARTTIMER s 2 WHEN b TIMEOUT s : SETFSD b PRINT 's'\n"          \
	"GROUP OTHER\nMONITOR c POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n"                 \
	"MINSUPPLIES %d\n"                                                                         \
	"WHEN c REPORTS COMM->NOCOMM : STARTTIMER silent 5\n"                                      \
	"WHEN c REPORTS NOCOMM->COMM : CANCELTIMER silent\n"                                       \
	"WHEN c TIMEOUT silent : PRINT 'silent' STARTTIMER silent 11\n"                            \
	"WHEN c TIMEOUT start : PRINT 'start'\n"                                                   \
	"WHEN c REPORTS None->FSD : STARTTIMER end 2 WHEN c TIMEOUT end : SHUTDOWNCMD '/x' PRINT " \
	"'%d'"

static uint64_t random_state;

static size_t pick(size_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(random_state >> 33) % below;
}

static void make_status(struct event *e)
{
	static const char *const more[] = {"LB", "OFF", "OVER", "CAL", "BYPASS", "RB", "ALARM"};

	str_copy(e->status, sizeof(e->status), pick(2) ? "OL" : "OB");
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		size_t len = strlen(e->status);

		if (!pick(7))
			str_format(e->status + len, sizeof(e->status) - len, " %s", more[i]);
	}
	if (!pick(60))
		str_copy(e->status, sizeof(e->status), "OB FSD");
	if (!pick(20))
		str_copy(e->status, sizeof(e->status), "WAIT");
	str_format(e->charge, sizeof(e->charge), "%zu", pick(101));
	str_format(e->runtime, sizeof(e->runtime), "%zu", pick(200));
}

static void make_events(struct event *events, uint64_t seed)
{
	static const enum kind kinds[] = {READ, READ, READ, READ, READ,   READ,
					  READ, LOSE, LOSE, LOSE, FORGET, RESTART};

	random_state = seed;
	for (int i = 0; i < EVENTS; i++) {
		struct event *e = &events[i];

		e->after_s = (double)(pick(pick(3) ? 100 : 1200) * GRID_MS) / 1000;
		e->kind = kinds[pick(sizeof(kinds) / sizeof(kinds[0]))];
		if (!pick(25))
			e->kind = RELOAD;
		if (!pick(100))
			e->kind = FORCE;
		e->ups = pick(3);
		make_status(e);
	}
}

static void carry_out(struct brain_play *p, const struct event *e, const char *conf)
{
	switch (e->kind) {
	case READ:
		brain_play_values(p, e->ups, e->status, e->charge, e->runtime);
		break;
	case LOSE:
		brain_play_lose(p, e->ups);
		break;
	case FORGET:
		brain_forget(p->brain, p->now_ms);
		break;
	case RESTART:
		if (brain_phase(p->brain) == SHUTDOWN_IDLE)
			brain_play_restart(p, 250);
		break;
	case RELOAD:
		if (brain_phase(p->brain) == SHUTDOWN_IDLE)
			brain_play_reload(p, conf);
		break;
	default:
		brain_force(p->brain, "by hand", p->now_ms);
	}
}

static void play(struct brain_play *p, const char *conf, uint64_t seed, enum brain_pace pace)
{
	static struct event events[EVENTS];

	make_events(events, seed);
	brain_play_begin(p, conf);
	p->timed = true;
	p->pace = pace;
	p->hooks_s = seed % 3 ? 10 : -1;
	p->others = seed % 4 == 1;
	p->mute = seed % 7 == 2;
	for (int i = 0; i < EVENTS; i++) {
		brain_play_pass(p, events[i].after_s);
		carry_out(p, &events[i], conf);
	}
	brain_play_pass(p, 200);
}

/* Cuts the record; how many acts there are. */
static size_t cut(struct brain_play *p, struct act *acts)
{
	char *text = (char *)(uintptr_t)buffer_string(&p->said), *end;
	size_t count = 0;

	while (*text && count < ACTS_MAX) {
		acts[count].at_s = strtod(text, &end);
		acts[count].text = end;
		acts[count++].found = false;
		text = strstr(end, "; ");
		if (!text)
			break;
		*text = '\0';
		text += 2;
	}
	return count;
}

static bool is_among(struct act *acts, size_t count, const struct act *one)
{
	for (size_t i = 0; i < count; i++) {
		double later_s = acts[i].at_s - one->at_s;

		if (acts[i].found || later_s < -0.0005 || later_s > LATE_MS / 1000.0 + 0.0005 ||
		    !str_equal(acts[i].text, one->text))
			continue;
		acts[i].found = true;
		return true;
	}
	return false;
}

static size_t compare(bool group, uint64_t seed)
{
	static struct act lazy_acts[ACTS_MAX], dense_acts[ACTS_MAX];
	struct brain_play lazy, dense;
	size_t count, dense_count;
	char conf[4096];

	if (group)
		str_format(conf, sizeof(conf), GROUP, (int)(seed % 2), (int)seed);
	else
		str_format(conf, sizeof(conf), CLASSIC, (int)(seed % 3), (int)(seed % 2) * 9);
	play(&lazy, conf, seed, BRAIN_LAZY);
	play(&dense, conf, seed, BRAIN_DENSE);
	count = cut(&lazy, lazy_acts);
	dense_count = cut(&dense, dense_acts);
	for (size_t i = 0; i < count; i++)
		if (!is_among(dense_acts, dense_count, &lazy_acts[i]))
			fail_msg("seed %llu: only when asked at its times, at %g s:%s",
				 (unsigned long long)seed, lazy_acts[i].at_s, lazy_acts[i].text);
	for (size_t i = 0; i < dense_count; i++)
		if (!dense_acts[i].found)
			fail_msg("seed %llu: only when asked all the time, at %g s:%s",
				 (unsigned long long)seed, dense_acts[i].at_s, dense_acts[i].text);
	brain_play_end(&lazy);
	brain_play_end(&dense);
	return count;
}

static void a_classic_brain_is_never_asked_too_late(void **state)
{
	size_t acts = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		acts += compare(false, seed);
	assert_true(acts > 1000);
}

static void a_brain_of_the_group_language_is_never_asked_too_late(void **state)
{
	size_t acts = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		acts += compare(true, seed);
	assert_true(acts > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_classic_brain_is_never_asked_too_late),
		cmocka_unit_test(a_brain_of_the_group_language_is_never_asked_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
