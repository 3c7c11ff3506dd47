/*
 * What the SNMP transport decides without packets: OIDs, options, batches, the cache.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
/* before cmocka.h, which needs them */
#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/snmp/snmpcache.h"
#include "drivers/transport/snmp_config.h"
#include "drivers/transport/snmp_oid.h"
#include "drivers/transport/snmp_plan.h"

/* --------------------------------------------------------------------------------- OIDs */

static struct snmp_oid oid(const char *text)
{
	struct snmp_oid o = {.count = 0};

	assert_true(snmp_oid_read(text, &o));
	return o;
}

static void an_oid_is_read_and_shown(void **state)
{
	char text[SNMP_OID_TEXT_MAX];
	struct snmp_oid o = oid(".1.3.6.1.4294967295.0");

	(void)state;
	snmp_oid_text(&o, text, sizeof(text));
	assert_string_equal(text, "1.3.6.1.4294967295.0");
	snmp_oid_text(&o, text, 6);
	assert_string_equal(text, "1.3.6");
}

static void what_is_no_oid_is_refused(void **state)
{
	static const char *const words[] = {"",      ".",      "1",     "1.3.",           "1..3",
					    "1.3.x", "1.40.1", "3.1.1", "1.3.4294967296", "1.3 ",
					    "-1.3"};
	struct snmp_oid o;
	char longest[2 * SNMP_OID_MAX + 8] = "1.3";

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		assert_false(snmp_oid_read(words[i], &o));
	for (size_t i = 2; i < SNMP_OID_MAX; i++)
		memcpy(longest + strlen(longest), ".1", 3);
	assert_true(snmp_oid_read(longest, &o));
	assert_false(snmp_oid_append(&o, 1));
	memcpy(longest + strlen(longest), ".1", 3);
	assert_false(snmp_oid_read(longest, &o));
}

static void oids_have_the_order_of_a_walk(void **state)
{
	static const char *const words[] = {"1.3.6",     "1.3.6.0", "1.3.6.1",
					    "1.3.6.1.0", "1.3.6.2", "1.3.10"};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++) {
			struct snmp_oid a = oid(words[i]), b = oid(words[k]);

			assert_int_equal(snmp_oid_order(&a, &b) < 0, i < k);
			assert_int_equal(snmp_oid_same(&a, &b), i == k);
		}
}

static void getnext_of_what_is_before_leads_to_an_oid(void **state)
{
	struct snmp_oid o = oid("1.3.6.0"), before, expected = oid("1.3.6");

	(void)state;
	assert_true(snmp_oid_before(&o, &before));
	assert_true(snmp_oid_same(&before, &expected));
	o = oid("1.3.6.7");
	expected = oid("1.3.6.6");
	assert_true(snmp_oid_before(&o, &before));
	assert_true(snmp_oid_same(&before, &expected));
	o = oid("1.3");
	assert_false(snmp_oid_before(&o, &before));
}

/* ------------------------------------------------------------------------------ options */

struct given {
	const char *name, *value;
};

static const char *option(void *arg, const char *name)
{
	for (const struct given *g = arg; g->name; g++)
		if (str_equal(g->name, name))
			return g->value;
	return NULL;
}

static void the_address_of_an_agent_has_many_forms(void **state)
{
	static const struct {
		const char *port, *host;
		unsigned number;
		int family;
		bool tcp;
	} rows[] = {
		{"ups", "ups", 161, AF_UNSPEC, false},
		{"ups:1161", "ups", 1161, AF_UNSPEC, false},
		{"udp:192.0.2.1", "192.0.2.1", 161, AF_INET, false},
		{"2001:db8::1", "2001:db8::1", 161, AF_UNSPEC, false},
		{"[2001:db8::1]", "2001:db8::1", 161, AF_UNSPEC, false},
		{"[2001:db8::1]:99", "2001:db8::1", 99, AF_UNSPEC, false},
		{"udp6:[::1]:99", "::1", 99, AF_INET6, false},
		{"udp:[::1]:99", "::1", 99, AF_INET6, false},
		{"TCP:ups:10", "ups", 10, AF_INET, true},
		{"tcp6:[::1]", "::1", 161, AF_INET6, true},
	};
	static const char *const wrong[] = {"",      ":161", "ups:",   "ups:0", "ups:65536",
					    "ups:x", "[::1", "[::1]x", "[]",    "udp:"};
	struct given none[] = {{NULL, NULL}};
	struct agent_config cfg;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(agent_config_read(&cfg, option, none, rows[i].port, why, sizeof(why)));
		assert_string_equal(cfg.host, rows[i].host);
		assert_int_equal(cfg.port, rows[i].number);
		assert_int_equal(cfg.family, rows[i].family);
		assert_int_equal(cfg.tcp, rows[i].tcp);
		agent_config_free(&cfg);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(agent_config_read(&cfg, option, none, wrong[i], why, sizeof(why)));
		assert_true(str_starts(why, "port = "));
	}
}

static void without_options_it_is_v1_and_public(void **state)
{
	struct given none[] = {{NULL, NULL}};
	struct agent_config cfg, copy;
	char why[256];

	(void)state;
	assert_true(agent_config_read(&cfg, option, none, "ups", why, sizeof(why)));
	assert_true(agent_config_copy(&copy, &cfg));
	agent_config_free(&cfg);
	assert_int_equal(copy.version, AGENT_V1);
	assert_string_equal(copy.community, "public");
	assert_int_equal(copy.timeout_ms, 1000);
	assert_int_equal(copy.retries, 5);
	agent_config_free(&copy);
}

static void a_wrong_option_is_named_and_no_secret_shown(void **state)
{
	static const struct {
		struct given given[8];
		const char *named;
	} rows[] = {
		{{{"snmp_version", "4"}}, "snmp_version"},
		{{{"snmp_retries", "-1"}}, "snmp_retries"},
		{{{"snmp_timeout", "soon"}}, "snmp_timeout"},
		{{{"snmp_version", "v3"}}, "secName"},
		{{{"snmp_version", "v3"}, {"secName", "an-engineer-with-a-very-long-name"}},
		 "secName"},
		{{{"snmp_version", "v3"}, {"secName", "u"}, {"secLevel", "some"}}, "secLevel"},
		{{{"snmp_version", "v3"}, {"secName", "u"}, {"secLevel", "authNoPriv"}},
		 "authPassword"},
		{{{"snmp_version", "v3"},
		  {"secName", "u"},
		  {"secLevel", "authNoPriv"},
		  {"authPassword", "sesame"}},
		 "authPassword"},
		{{{"snmp_version", "v3"},
		  {"secName", "u"},
		  {"secLevel", "authPriv"},
		  {"authPassword", "sesame-1"},
		  {"privPassword", "sesame"}},
		 "privPassword"},
		{{{"snmp_version", "v3"}, {"secName", "u"}, {"privProtocol", "XOR"}},
		 "privProtocol"},
	};
	struct agent_config cfg;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_false(agent_config_read(&cfg, option, (void *)(uintptr_t)rows[i].given,
					       "ups", why, sizeof(why)));
		assert_true(str_starts(why, rows[i].named));
		assert_null(strstr(why, "sesame"));
	}
}

static void protocols_are_found_by_any_spelling(void **state)
{
	struct given given[] = {{"snmp_version", "V3"},       {"secName", "u"},
				{"secLevel", "AUTHPRIV"},     {"authPassword", "12345678"},
				{"privPassword", "abcdefgh"}, {"authProtocol", "sha-256"},
				{"privProtocol", "aes-192"},  {NULL, NULL}};
	struct agent_config cfg;
	char why[256];

	(void)state;
	assert_true(agent_config_read(&cfg, option, given, "ups", why, sizeof(why)));
	assert_string_equal(cfg.auth_protocol, "SHA-256");
	assert_string_equal(cfg.priv_protocol, "AES-192");
	agent_config_free(&cfg);
}

/* ------------------------------------------------------------------------------- batches */

enum { WANTS = 300 };

/* An agent that knows the numbers of its variables only. */
struct toy {
	size_t too_big_above; /* 0: never */
	size_t deaf_above;
	bool missing[WANTS], spoils[WANTS], deaf[WANTS];
	bool v1;
	size_t packets, largest;
};

static bool holds(const struct snmp_batch *b, const bool *marks, long *index)
{
	for (size_t i = 0; i < b->count; i++) {
		*index = (long)i + 1;
		if (marks[b->want[i]])
			return true;
	}
	return false;
}

static void give(struct toy *t, struct snmp_plan *p, struct snmp_batch *b)
{
	long index = 0;

	t->packets++;
	if (b->count > t->largest)
		t->largest = b->count;
	if ((t->deaf_above && b->count > t->deaf_above) || holds(b, t->deaf, &index)) {
		snmp_plan_unanswered(p, b);
		snmp_plan_alive(p); /* what a scout would find */
	} else if (t->too_big_above && b->count > t->too_big_above) {
		snmp_plan_refused(p, b, SNMP_ERROR_TOO_BIG, 0);
	} else if (holds(b, t->spoils, &index)) {
		snmp_plan_refused(p, b, SNMP_ERROR_OTHER, index);
	} else if (t->v1 && !b->by_next && holds(b, t->missing, &index)) {
		snmp_plan_refused(p, b, SNMP_ERROR_NO_SUCH, index);
	} else {
		for (size_t i = 0; i < b->count; i++)
			(t->missing[b->want[i]] ? snmp_plan_miss : snmp_plan_take)(p, b->want[i]);
		snmp_plan_answered(p, b);
	}
}

/* A fetch of `count` variables; the fates of those that are not TAKEN are checked. */
static void play(struct toy *t, struct snmp_learned *l, size_t count)
{
	size_t bytes[WANTS];
	struct snmp_plan *p;
	struct snmp_batch *b;

	for (size_t i = 0; i < count; i++)
		bytes[i] = 10;
	p = snmp_plan_new(bytes, count, t->v1, l);
	assert_non_null(p);
	t->packets = t->largest = 0;
	while ((b = snmp_plan_next(p))) {
		assert_true(b->count >= 1 && b->count <= SNMP_BATCH_MAX);
		assert_true(t->packets < 5 * WANTS);
		give(t, p, b);
	}
	assert_true(snmp_plan_is_done(p));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(snmp_plan_fate(p, i), t->missing[i] ? SNMP_FATE_NONE
						       : t->spoils[i] || t->deaf[i]
							       ? SNMP_FATE_UNREAD
							       : SNMP_FATE_TAKEN);
	snmp_plan_free(p);
}

static void batches_grow_up_to_what_a_packet_holds(void **state)
{
	struct toy t = {0};
	struct snmp_learned l = {0};

	(void)state;
	play(&t, &l, WANTS);
	assert_true(t.packets <= 5);
	play(&t, &l, WANTS);
	assert_true(t.packets <= 3);
	assert_true(t.largest <= (SNMP_BATCH_BYTES - SNMP_BATCH_BYTES_HEAD) / 10);
}

static void what_is_too_big_is_learned_once(void **state)
{
	(void)state;
	for (size_t limit = 1; limit < 40; limit += 3) {
		struct toy t = {.too_big_above = limit};
		struct snmp_learned l = {0};

		for (int i = 0; i < 8; i++)
			play(&t, &l, 120);
		assert_true(t.largest <= limit + 4);
		assert_true(t.packets <= 2 * (120 / limit + 1) + 3);
	}
}

static void a_limit_that_is_gone_is_forgotten_in_the_end(void **state)
{
	struct toy t = {.too_big_above = 5};
	struct snmp_learned l = {0};

	(void)state;
	for (int i = 0; i < 8; i++)
		play(&t, &l, 60);
	t.too_big_above = 0;
	for (int i = 0; i < 250; i++)
		play(&t, &l, 60);
	assert_int_equal(t.packets, 1);
}

static void silence_once_is_no_limit_and_twice_is_one(void **state)
{
	struct toy t = {.deaf_above = 8};
	struct snmp_learned l = {0};

	(void)state;
	play(&t, &l, 30);
	play(&t, &l, 30);
	play(&t, &l, 30);
	assert_true(l.ceiling > 8 && l.ceiling <= 30);
	for (int i = 0; i < 6; i++)
		play(&t, &l, 30);
	assert_true(t.largest <= 12);
}

static void each_spoiler_is_found_and_the_rest_comes(void **state)
{
	struct toy t = {0};
	struct snmp_learned l = {0};

	(void)state;
	t.spoils[3] = t.spoils[4] = t.spoils[77] = t.spoils[299] = true;
	t.missing[0] = t.missing[150] = true;
	play(&t, &l, WANTS);
	assert_true(t.packets < 30);
}

static void each_variable_that_chokes_the_agent_is_found(void **state)
{
	struct toy t = {0};
	struct snmp_learned l = {0};

	(void)state;
	t.deaf[0] = t.deaf[14] = t.deaf[15] = t.deaf[29] = true;
	play(&t, &l, 60);
}

static void v1_learns_of_missing_variables_by_getnext(void **state)
{
	struct toy t = {.v1 = true};
	struct snmp_learned l = {0};

	(void)state;
	for (size_t i = 0; i < WANTS; i += 2)
		t.missing[i] = true;
	play(&t, &l, WANTS);
	assert_true(t.packets <= 45);
	for (size_t i = 0; i < WANTS; i++)
		t.missing[i] = true;
	play(&t, &l, WANTS);
}

static void silence_of_all_is_not_blamed_on_a_variable(void **state)
{
	struct snmp_learned l = {0};
	size_t bytes[2] = {10, 10};
	struct snmp_plan *p = snmp_plan_new(bytes, 2, false, &l);

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct snmp_batch *b = snmp_plan_next(p);

		assert_int_equal(b->count, 2);
		assert_int_equal(b->tries, i);
		snmp_plan_unanswered(p, b);
	}
	assert_int_equal(snmp_plan_fate(p, 0), SNMP_FATE_ASK);
	snmp_plan_free(p);
}

static void an_answer_that_leaves_variables_out_is_completed_or_given_up(void **state)
{
	struct snmp_learned l = {0};
	size_t bytes[4] = {10, 10, 10, 10};
	struct snmp_plan *p = snmp_plan_new(bytes, 4, false, &l);
	struct snmp_batch *b;
	int packets = 0;

	(void)state;
	while ((b = snmp_plan_next(p))) {
		/* The agent never mentions number 2. */
		if (b->want[0] != 2)
			snmp_plan_take(p, b->want[0]);
		snmp_plan_answered(p, b);
		assert_true(++packets < 20);
	}
	assert_int_equal(snmp_plan_fate(p, 2), SNMP_FATE_UNREAD);
	assert_int_equal(snmp_plan_fate(p, 3), SNMP_FATE_TAKEN);
	snmp_plan_free(p);
}

/* --------------------------------------------------------------------------------- cache */

static void what_a_value_takes_is_foretold(void **state)
{
	struct agent_value v = {.type = AGENT_INTEGER, .number = 100};

	(void)state;
	assert_int_equal(agent_value_bytes(&v), 2);
	v.number = 70000;
	assert_int_equal(agent_value_bytes(&v), 4);
	v.number = INT64_MIN;
	assert_int_equal(agent_value_bytes(&v), 9);
	v = (struct agent_value){.type = AGENT_TEXT, .text = {.size = 0}};
	assert_int_equal(agent_value_bytes(&v), 1);
	v.text.size = 300;
	assert_int_equal(agent_value_bytes(&v), 301);
	v = (struct agent_value){.type = AGENT_OID, .oid = {{1, 3, 6, 1, 4, 1, 13742}, 7}};
	assert_int_equal(agent_value_bytes(&v), 9);
	v.type = AGENT_NONE;
	assert_int_equal(agent_value_bytes(&v), 0);
}

static void short_values_are_asked_for_in_fewer_packets(void **state)
{
	size_t bytes[60], batches[2] = {0, 0};

	(void)state;
	for (size_t round = 0; round < 2; round++) {
		struct snmp_learned l = {.size = SNMP_BATCH_MAX, .head = round ? 46 : 0};
		struct snmp_plan *p;
		struct snmp_batch *b;

		for (size_t i = 0; i < 60; i++)
			bytes[i] = round ? 22 : 40;
		p = snmp_plan_new(bytes, 60, false, &l);
		while ((b = snmp_plan_next(p))) {
			batches[round]++;
			for (size_t i = 0; i < b->count; i++)
				snmp_plan_take(p, b->want[i]);
			snmp_plan_answered(p, b);
		}
		assert_true(snmp_plan_is_done(p));
		snmp_plan_free(p);
	}
	assert_int_equal(batches[0], 2);
	assert_int_equal(batches[1], 1);
}

struct source {
	size_t asked, calls;
	enum agent_result result;
	bool there[16];
};

static enum agent_result answer(void *arg, const struct agent_want *wants, size_t count)
{
	struct source *s = arg;

	s->asked += count;
	s->calls++;
	for (size_t i = 0; i < count; i++) {
		uint32_t n = wants[i].oid->arc[wants[i].oid->count - 1];

		wants[i].value->type = s->result != AGENT_OK ? AGENT_NOTHING
				       : s->there[n]         ? AGENT_INTEGER
							     : AGENT_NONE;
		if (s->there[n])
			wants[i].value->number = n;
	}
	return s->result;
}

static int add(struct snmpcache *c, uint32_t n)
{
	struct snmp_oid o = {{1, 3, n}, 3};

	return snmpcache_add(c, &o);
}

static void a_variable_is_registered_once(void **state)
{
	struct source s = {0};
	struct snmpcache *c = snmpcache_new(answer, &s);

	(void)state;
	assert_int_equal(add(c, 1), 0);
	assert_int_equal(add(c, 2), 1);
	assert_int_equal(add(c, 1), 0);
	assert_null(snmpcache_oid(c, 2));
	for (uint32_t i = 0; i < SNMPCACHE_MAX; i++)
		add(c, i + 100);
	assert_int_equal(add(c, 99), -1);
	snmpcache_free(c);
}

static void what_is_fresh_enough_is_not_asked_for(void **state)
{
	struct source s = {.there = {[1] = true, [2] = true}};
	struct snmpcache *c = snmpcache_new(answer, &s);
	int one = add(c, 1), two = add(c, 2);

	(void)state;
	for (unsigned cycle = 1; cycle <= 9; cycle++) {
		assert_int_equal(snmpcache_begin(c), cycle);
		snmpcache_want(c, one, 0);
		snmpcache_want(c, two, 3);
		assert_int_equal(snmpcache_fetch(c), AGENT_OK);
	}
	assert_int_equal(s.calls, 9);
	assert_int_equal(s.asked, 9 + 3);
	assert_int_equal(snmpcache_value(c, one, 0)->number, 1);
	assert_int_equal(snmpcache_value(c, two, 3)->number, 2);
	snmpcache_begin(c);
	assert_null(snmpcache_value(c, one, 0));
	assert_non_null(snmpcache_value(c, one, 1));
	snmpcache_forget(c, one);
	assert_null(snmpcache_value(c, one, 1000));
	snmpcache_free(c);
}

static void what_is_missing_is_asked_for_ever_more_seldom(void **state)
{
	struct source s = {0};
	struct snmpcache *c = snmpcache_new(answer, &s);
	int one = add(c, 1);

	(void)state;
	for (unsigned cycle = 0; cycle < 1000; cycle++) {
		snmpcache_begin(c);
		snmpcache_want(c, one, 0);
		snmpcache_fetch(c);
	}
	assert_true(snmpcache_is_missing(c, one));
	assert_in_range(s.asked, 5, 10);
	s.there[1] = true;
	snmpcache_forget_all(c);
	snmpcache_begin(c);
	snmpcache_want(c, one, 0);
	snmpcache_fetch(c);
	assert_false(snmpcache_is_missing(c, one));
	snmpcache_free(c);
}

static void what_was_there_is_looked_for_at_once_when_it_is_gone(void **state)
{
	struct source s = {.there = {[1] = true}};
	struct snmpcache *c = snmpcache_new(answer, &s);
	int one = add(c, 1);

	(void)state;
	for (unsigned cycle = 0; cycle < 3; cycle++) {
		s.there[1] = cycle != 1;
		snmpcache_begin(c);
		snmpcache_want(c, one, 0);
		snmpcache_fetch(c);
		assert_int_equal(snmpcache_value(c, one, 0) != NULL, s.there[1]);
	}
	snmpcache_free(c);
}

static void a_fetch_that_fails_keeps_what_was_known(void **state)
{
	struct source s = {.there = {[1] = true}};
	struct snmpcache *c = snmpcache_new(answer, &s);
	const struct agent_value *v;
	int one = add(c, 1);

	(void)state;
	snmpcache_begin(c);
	snmpcache_want(c, one, 0);
	assert_int_equal(snmpcache_fetch(c), AGENT_OK);
	s.result = AGENT_TIMEOUT;
	snmpcache_begin(c);
	snmpcache_want(c, one, 0);
	assert_int_equal(snmpcache_fetch(c), AGENT_TIMEOUT);
	assert_int_equal(snmpcache_fetch(c), AGENT_OK); /* wanted no more */
	assert_null(snmpcache_value(c, one, 0));
	assert_int_equal(snmpcache_value(c, one, 1)->number, 1);
	assert_int_equal(snmpcache_read(c, one, &v), AGENT_TIMEOUT);
	s.result = AGENT_OK;
	assert_int_equal(snmpcache_read(c, one, &v), AGENT_OK);
	assert_int_equal(v->number, 1);
	s.there[1] = false;
	assert_int_equal(snmpcache_read(c, one, &v), AGENT_MISSING);
	snmpcache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_oid_is_read_and_shown),
		cmocka_unit_test(what_is_no_oid_is_refused),
		cmocka_unit_test(oids_have_the_order_of_a_walk),
		cmocka_unit_test(getnext_of_what_is_before_leads_to_an_oid),
		cmocka_unit_test(the_address_of_an_agent_has_many_forms),
		cmocka_unit_test(without_options_it_is_v1_and_public),
		cmocka_unit_test(a_wrong_option_is_named_and_no_secret_shown),
		cmocka_unit_test(protocols_are_found_by_any_spelling),
		cmocka_unit_test(batches_grow_up_to_what_a_packet_holds),
		cmocka_unit_test(what_is_too_big_is_learned_once),
		cmocka_unit_test(a_limit_that_is_gone_is_forgotten_in_the_end),
		cmocka_unit_test(silence_once_is_no_limit_and_twice_is_one),
		cmocka_unit_test(each_spoiler_is_found_and_the_rest_comes),
		cmocka_unit_test(each_variable_that_chokes_the_agent_is_found),
		cmocka_unit_test(v1_learns_of_missing_variables_by_getnext),
		cmocka_unit_test(silence_of_all_is_not_blamed_on_a_variable),
		cmocka_unit_test(an_answer_that_leaves_variables_out_is_completed_or_given_up),
		cmocka_unit_test(what_a_value_takes_is_foretold),
		cmocka_unit_test(short_values_are_asked_for_in_fewer_packets),
		cmocka_unit_test(a_variable_is_registered_once),
		cmocka_unit_test(what_is_fresh_enough_is_not_asked_for),
		cmocka_unit_test(what_is_missing_is_asked_for_ever_more_seldom),
		cmocka_unit_test(what_was_there_is_looked_for_at_once_when_it_is_gone),
		cmocka_unit_test(a_fetch_that_fails_keeps_what_was_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
