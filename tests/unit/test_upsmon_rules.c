/*
 * Who shuts down, and when: each scenario is a story of up to two UPSes, told
 * second by second in virtual time to the monitors, with the rules asked after
 * each second.  What counts as much as a shutdown in time is none by mistake.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "clients/upsmon/brain/rules.h"

enum { NOBODY = -1, MAX_STEPS = 12, UPSES = 2, END_S = 2000 };

#define LOST "lost" /* no status from this second on */

struct step {
	int at; /* seconds from the start; 0 = first word */
	int ups;
	const char *status;
};

struct scenario {
	const char *name;
	struct policy policy;
	struct {
		long power;
		bool secondary;
	} ups[UPSES];
	struct step steps[MAX_STEPS];
	int shutdown_s; /* or NOBODY */
	enum ruling rule; /* of the first UPS then */
};

/* Short values, all different, so that no test passes by coincidence. */
#define POLICY(min, off_s, oblb_s, over_s, alarm)                                                  \
	{                                                                                          \
		.min_supplies = min, .poll = 1, .poll_alert = 2, .hostsync = 12, .deadtime = 15,   \
		.rbwarn = 1000, .nocommwarn = 300, .off = off_s, .oblb = oblb_s, .over = over_s,   \
		.alarm_critical = alarm                                                            \
	}
#define USUAL POLICY(1, 30, 0, -1, true)
#define SUPPLIES(a, b)                                                                             \
	{                                                                                          \
		{a, false},                                                                        \
		{                                                                                  \
			b, false                                                                   \
		}                                                                                  \
	} /* as primary of both */
#define PRIMARY SUPPLIES(1, 0)
#define SECONDARY                                                                                  \
	{                                                                                          \
		{1, true},                                                                         \
		{                                                                                  \
			0, true                                                                    \
		}                                                                                  \
	}

static void ignore(void *arg, struct monitor *m, enum notice n, const char *extra)
{
	(void)arg;
	(void)m;
	(void)n;
	(void)extra;
}

static const struct monitor_ear ear = {.tell = ignore};

static void play(struct monitor *m, const struct policy *p, const char *status, long long now)
{
	struct monitor_reading r = {.status = status};

	if (status && !strcmp(status, LOST))
		monitor_lose(m, now, &ear);
	else if (status)
		monitor_read(m, p, &r, now, &ear);
	monitor_tick(m, p, now, &ear);
}

/* The second of the shutdown, or NOBODY. */
static int run(const struct scenario *s, enum ruling *rule)
{
	struct monitor ups[UPSES];
	struct monitor *list[UPSES];
	const char *status[UPSES] = {NULL};
	int shutdown = NOBODY;

	for (int i = 0; i < UPSES; i++) {
		assert_true(monitor_init(&ups[i], "ups", s->ups[i].power, !s->ups[i].secondary, 0));
		list[i] = &ups[i];
	}
	for (int t = 0; t < END_S && shutdown == NOBODY; t++) {
		for (int i = 0; i < MAX_STEPS && s->steps[i].status; i++) {
			if (s->steps[i].at == t)
				status[s->steps[i].ups] = s->steps[i].status;
		}
		for (int i = 0; i < UPSES; i++)
			play(&ups[i], &s->policy, status[i], t * 1000LL);
		if (rules_decide(list, UPSES, &s->policy, t * 1000LL).shutdown)
			shutdown = t;
		*rule = rules_judge(&ups[0], &s->policy, t * 1000LL);
	}
	for (int i = 0; i < UPSES; i++)
		monitor_done(&ups[i]);
	return shutdown;
}

static const struct scenario scenarios[] = {
	/* The common day. */
	{"power comes back in time",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL"}, {5, 0, "OB"}, {500, 0, "OL"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"on battery for long is no reason by itself",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL"}, {5, 0, "OB"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"a primary goes as soon as the battery is low",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL"}, {5, 0, "OB"}, {70, 0, "OB LB"}},
	 70,
	 RULE_PRIMARY},
	{"low on line is no reason", USUAL, PRIMARY, {{0, 0, "OL LB"}}, NOBODY, RULE_NOT_LOW},
	{"started on a low battery", USUAL, PRIMARY, {{0, 0, "OB LB"}}, 0, RULE_PRIMARY},
	{"a word that only holds LB is not LB",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OB LBX XLB"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"both OL and OB count as on battery",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL OB LB"}},
	 0,
	 RULE_PRIMARY},
	{"a status without OL or OB leaves it on battery",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OB"}, {10, 0, "LB"}},
	 10,
	 RULE_PRIMARY},

	/* Forced shutdown. */
	{"FSD brings a secondary down at once",
	 USUAL,
	 SECONDARY,
	 {{0, 0, "OL"}, {30, 0, "FSD OL"}},
	 30,
	 RULE_FSD},
	{"FSD of a UPS that feeds nothing here is no reason",
	 USUAL,
	 SUPPLIES(0, 1),
	 {{0, 0, "FSD OB LB"}, {0, 1, "OL"}},
	 NOBODY,
	 RULE_FSD},

	/* A secondary gives its primary time. */
	{"a secondary waits HOSTSYNC for FSD",
	 USUAL,
	 SECONDARY,
	 {{0, 0, "OL"}, {10, 0, "OB"}, {50, 0, "OB LB"}},
	 49 + 13,
	 RULE_SECONDARY},
	{"a secondary whose battery recovers stays",
	 USUAL,
	 SECONDARY,
	 {{0, 0, "OB"}, {50, 0, "OB LB"}, {55, 0, "OL"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"a secondary without its primary goes after DEADTIME",
	 USUAL,
	 SECONDARY,
	 {{0, 0, "OL"}, {10, 0, "OB"}, {50, 0, LOST}},
	 49 + 15,
	 RULE_SECONDARY},

	/* DEADTIME. */
	{"dead on battery for DEADTIME is low",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL"}, {10, 0, "OB"}, {50, 0, LOST}},
	 49 + 15,
	 RULE_PRIMARY},
	{"dead on line stays up",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL"}, {50, 0, LOST}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"dead on battery, but back before DEADTIME",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OB"}, {50, 0, LOST}, {60, 0, "OB"}, {70, 0, "OL"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"dead on battery twice, each time less than DEADTIME",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OB"}, {50, 0, LOST}, {60, 0, "OB"}, {61, 0, LOST}, {72, 0, "OL"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"a UPS that never answered counts as healthy",
	 USUAL,
	 PRIMARY,
	 {{0, 0, LOST}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"never answered, with nothing heard at all",
	 USUAL,
	 PRIMARY,
	 {{0, 0, NULL}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"low and then lost",
	 USUAL,
	 SECONDARY,
	 {{0, 0, "OB"}, {20, 0, "OB LB"}, {22, 0, LOST}},
	 19 + 13,
	 RULE_SECONDARY},

	/* Lost in a bad condition: only after two alert polls (2 x 2 s, and a tick beyond). */
	{"lost on bypass",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL BYPASS"}, {50, 0, LOST}},
	 55,
	 RULE_LOST_BYPASS},
	{"lost while calibrating",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL CAL"}, {50, 0, LOST}},
	 55,
	 RULE_LOST_CAL},
	{"lost in alarm", USUAL, PRIMARY, {{0, 0, "ALARM OL"}, {50, 0, LOST}}, 55, RULE_LOST_ALARM},
	{"lost in alarm, which is not critical",
	 POLICY(1, 30, 0, -1, false),
	 PRIMARY,
	 {{0, 0, "ALARM OL"}, {50, 0, LOST}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"lost while off", USUAL, PRIMARY, {{0, 0, "OFF"}, {10, 0, LOST}}, 15, RULE_LOST_OFF},
	{"lost while off, which never counts",
	 POLICY(1, -1, 0, -1, true),
	 PRIMARY,
	 {{0, 0, "OFF"}, {10, 0, LOST}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"lost while overloaded does not count by default",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL OVER"}, {50, 0, LOST}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"lost while overloaded",
	 POLICY(1, 30, 0, 0, true),
	 PRIMARY,
	 {{0, 0, "OL OVER"}, {50, 0, LOST}},
	 55,
	 RULE_LOST_OVER},
	{"lost while overloaded, OVERDURATION counts from the overload",
	 POLICY(1, 30, 0, 60, true),
	 PRIMARY,
	 {{0, 0, "OL"}, {10, 0, "OL OVER"}, {20, 0, LOST}},
	 70,
	 RULE_LOST_OVER},
	{"lost in alarm for a moment: upsd was restarted",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "ALARM OL BYPASS CAL"}, {50, 0, LOST}, {54, 0, "ALARM OL BYPASS CAL"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"in alarm, on bypass, calibrating, overloaded: not lost, no reason",
	 POLICY(1, 30, 0, 0, true),
	 PRIMARY,
	 {{0, 0, "ALARM OL BYPASS CAL OVER"}},
	 NOBODY,
	 RULE_NOT_LOW},

	/* OFF. */
	{"off for OFFDURATION", USUAL, PRIMARY, {{0, 0, "OL"}, {100, 0, "OL OFF"}}, 130, RULE_OFF},
	{"off at once with OFFDURATION 0",
	 POLICY(1, 0, 0, -1, true),
	 PRIMARY,
	 {{0, 0, "OL"}, {100, 0, "OFF"}},
	 100,
	 RULE_OFF},
	{"off never with OFFDURATION below 0",
	 POLICY(1, -1, 0, -1, true),
	 PRIMARY,
	 {{0, 0, "OFF"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"off for a moment",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL"}, {100, 0, "OFF"}, {129, 0, "OL"}, {140, 0, "OFF"}, {150, 0, "OL"}},
	 NOBODY,
	 RULE_NOT_LOW},

	/* Calibration and OBLBDURATION. */
	{"low by calibration is no reason",
	 USUAL,
	 PRIMARY,
	 {{0, 0, "OL"}, {5, 0, "CAL OB LB"}},
	 NOBODY,
	 RULE_CALIBRATING},
	{"low after a calibration waits its full OBLBDURATION",
	 POLICY(1, 30, 20, -1, true),
	 PRIMARY,
	 {{0, 0, "CAL OB LB"}, {100, 0, "OB LB"}},
	 120,
	 RULE_PRIMARY},
	{"low must last OBLBDURATION",
	 POLICY(1, 30, 20, -1, true),
	 PRIMARY,
	 {{0, 0, "OB"}, {10, 0, "OB LB"}},
	 30,
	 RULE_PRIMARY},
	{"low that comes and goes never lasts",
	 POLICY(1, 30, 20, -1, true),
	 PRIMARY,
	 {{0, 0, "OB LB"}, {15, 0, "OB"}, {16, 0, "OB LB"}, {30, 0, "OL"}},
	 NOBODY,
	 RULE_NOT_LOW},

	/* Supplies. */
	{"one of two supplies is enough",
	 USUAL,
	 SUPPLIES(1, 1),
	 {{0, 0, "OB LB"}, {0, 1, "OL"}},
	 NOBODY,
	 RULE_PRIMARY},
	{"both are needed",
	 POLICY(2, 30, 0, -1, true),
	 SUPPLIES(1, 1),
	 {{0, 0, "OL"}, {0, 1, "OL"}, {9, 0, "OB LB"}},
	 9,
	 RULE_PRIMARY},
	{"the second one fails, too",
	 USUAL,
	 SUPPLIES(1, 1),
	 {{0, 0, "OB LB"}, {0, 1, "OL"}, {90, 1, "OB LB"}},
	 90,
	 RULE_PRIMARY},
	{"the second one fails when the first is back",
	 USUAL,
	 SUPPLIES(1, 1),
	 {{0, 0, "OB LB"}, {0, 1, "OL"}, {80, 0, "OL"}, {90, 1, "OB LB"}},
	 NOBODY,
	 RULE_NOT_LOW},
	{"the manual's example: the small one of 2 + 1 may fail",
	 POLICY(2, 30, 0, -1, true),
	 SUPPLIES(1, 2),
	 {{0, 0, "OB LB"}, {0, 1, "OL"}},
	 NOBODY,
	 RULE_PRIMARY},
	{"the manual's example: the big one of 2 + 1 may not",
	 POLICY(2, 30, 0, -1, true),
	 SUPPLIES(2, 1),
	 {{0, 0, "OB LB"}, {0, 1, "OL"}},
	 0,
	 RULE_PRIMARY},
	{"MINSUPPLIES 0 only watches",
	 POLICY(0, 30, 0, -1, true),
	 SUPPLIES(0, 0),
	 {{0, 0, "FSD OB LB"}},
	 NOBODY,
	 RULE_FSD},
	{"a UPS of power value 0 may do what it likes",
	 USUAL,
	 SUPPLIES(0, 1),
	 {{0, 0, "OB LB"}, {0, 1, "OL"}},
	 NOBODY,
	 RULE_PRIMARY},
};

static void each_scenario_ends_as_it_should(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		enum ruling rule = RULE_NOT_LOW;
		int second = run(&scenarios[i], &rule);

		if (second == scenarios[i].shutdown_s && rule == scenarios[i].rule)
			continue;
		print_error("%s: shut down at %d, not %d; rule \"%s\"\n", scenarios[i].name, second,
			    scenarios[i].shutdown_s, rule_text(rule));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* Slow servers: the last word may be older than DEADTIME while nothing is wrong. */
static void silence_between_two_polls_is_no_loss(void **state)
{
	struct policy p = USUAL;
	struct monitor_reading r = {.status = "OB"};
	struct monitor m, *list[] = {&m};

	(void)state;
	p.poll = p.poll_alert = 60;
	assert_true(monitor_init(&m, "ups", 1, true, 0));
	monitor_read(&m, &p, &r, 0, &ear);
	for (long long t = 0; t < 60000; t += 1000) {
		monitor_tick(&m, &p, t, &ear);
		assert_false(rules_decide(list, 1, &p, t).shutdown);
	}
	monitor_done(&m);
}

static void a_host_that_slept_starts_anew(void **state)
{
	struct policy p = USUAL;
	struct monitor_reading r = {.status = "OB BYPASS"};
	struct monitor m, *list[] = {&m};

	(void)state;
	assert_true(monitor_init(&m, "ups", 1, true, 0));
	monitor_read(&m, &p, &r, 0, &ear);
	monitor_lose(&m, 1000, &ear);
	monitor_forget(&m, 2000);
	for (long long t = 2000; t < 100000; t += 1000) {
		monitor_tick(&m, &p, t, &ear);
		assert_false(rules_decide(list, 1, &p, t).shutdown);
	}
	monitor_done(&m);
}

static void the_reason_names_facts_and_rule(void **state)
{
	struct policy p = USUAL;
	struct monitor_reading r = {.status = "OB LB"};
	struct buffer b = {0};
	struct monitor m;

	(void)state;
	assert_true(monitor_init(&m, "su700@mybox", 2, true, 0));
	monitor_read(&m, &p, &r, 1000, &ear);
	rules_explain(&b, &m, &p, 4000);
	assert_string_equal(buffer_string(&b),
			    "UPS su700@mybox (primary, power value 2): status [OB LB], in contact, "
			    "last heard 3 s ago, on battery for 3 s, low for 3 s: CRITICAL: on battery and low, we are "
			    "primary");
	buffer_free(&b);
	monitor_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scenario_ends_as_it_should),
		cmocka_unit_test(silence_between_two_polls_is_no_loss),
		cmocka_unit_test(a_host_that_slept_starts_anew),
		cmocka_unit_test(the_reason_names_facts_and_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
