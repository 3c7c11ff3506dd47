/*
 * Hours of outage in milliseconds: random sites and random schedules, played to
 * upsmon's brain in virtual time.  A schedule follows from its number alone;
 * UPSMON_SIM_SEED (the first) and UPSMON_SIM_COUNT choose others, UPSMON_SIM_SHOW
 * prints what happens in them.
 *
 * What must hold, and why:
 *
 *  1. A classic host is shut down if and only if the power value of the UPSes
 *     that count as feeding it (sim_model.c, from the manual) is below
 *     MINSUPPLIES, in the same moment: sooner is a shutdown by mistake, later
 *     costs battery.  By this, a UPS that is lost on battery counts no longer
 *     than DEADTIME, and HOSTSYNC if we are secondary.
 *  2. A host whose links work and whose batteries are honest never loses power
 *     before its command has run: that is what all of this is for.
 *  3. In the group language nothing shuts a host down but its rules, at once.
 *  4. Each notice and each event is told once for each transition, over
 *     restarts and reloads too: scripts count on it.  sim_model.c says which.
 *  5. A timer that was started is replaced, cancelled, or fires, once and in
 *     time; none is left over, or lost: a shutdown may hang on it.
 *  6. A shutdown is decided once and its command runs once, as decided, not
 *     before FSD was sent to every UPS whose primary we are, nor before
 *     FINALDELAY, and not after the time that the parent was told: then it would act by itself.
 *  7. Hooks have no more time than the batteries that feed us have by their
 *     own word, less a reserve; they and FINALDELAY are waited for.
 *  8. After the command nothing is ordered any more but what rules and notices tell.
 *  9. Others are woken once for each outage, in order, and only when all that
 *     feeds us is well, and has been for WAKESTABLE.
 * 10. The same number gives the same acts at the same times.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/log.h"
#include "tests/unit/sim_run.h"

enum { COUNT = 500 };

static void silence(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)token, (void)text;
	if (sim_shown && level != LOG_L_DEBUG)
		printf("           %s: %s\n", token, text);
}

static unsigned long long number_of(const char *variable, unsigned long long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void all_invariants_hold_in_all_schedules(void **state)
{
	unsigned long long first = number_of("UPSMON_SIM_SEED", 1);
	unsigned long long count = number_of("UPSMON_SIM_COUNT", COUNT);

	(void)state;
	memset(&sim_sums, 0, sizeof(sim_sums));
	for (unsigned long long seed = first; seed < first + count; seed++)
		sim_play(seed);
	print_message("%llu schedules from %llu: decided %zu by MINSUPPLIES, %zu by rules; %zu "
		      "commands, %zu in time by all means, %zu with hooks; %zu batteries empty "
		      "without a warning; %zu texts, %zu timers ran out, %zu woken, %zu restarts, "
		      "%zu sleeps\n",
		      count, first, sim_sums.classic_decisions, sim_sums.rules_decisions,
		      sim_sums.executions, sim_sums.saved, sim_sums.hooks, sim_sums.deaths,
		      sim_sums.told, sim_sums.fired, sim_sums.wakes, sim_sums.restarts,
		      sim_sums.sleeps);
	/* What happens too rarely is not tested. */
	if (count >= COUNT) {
		assert_true(sim_sums.classic_decisions > count / 10);
		assert_true(sim_sums.rules_decisions > count / 50);
		assert_true(sim_sums.saved > count / 100);
		assert_true(sim_sums.hooks > count / 100);
		assert_true(sim_sums.fired > count && sim_sums.told > count * 10);
		assert_true(sim_sums.wakes > count / 10);
		assert_true(sim_sums.restarts > count / 10 && sim_sums.sleeps > count / 10);
	}
}

static void the_same_number_gives_the_same_acts(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		assert_int_equal(sim_play(seed), sim_play(seed));
	assert_int_not_equal(sim_play(1), sim_play(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_invariants_hold_in_all_schedules),
		cmocka_unit_test(the_same_number_gives_the_same_acts),
	};

	sim_shown = getenv("UPSMON_SIM_SHOW") != NULL;
	log_set_sink(silence, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
