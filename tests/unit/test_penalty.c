/*
 * How long refusals wait.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/net/netaddr.h"
#include "server/penalty.h"

static uint64_t key_of(const char *address)
{
	struct netaddr a;

	assert_true(netaddr_from_numeric(address, 1, &a));
	return penalty_key((const struct sockaddr *)&a.ss);
}

static void the_first_refusal_waits_not_at_all_and_none_more_than_a_second(void **state)
{
	static struct penalties p;
	long last = 0;

	(void)state;
	assert_int_equal(penalty_add(&p, key_of("192.0.2.1"), 1000), 0);
	for (int i = 0; i < 100; i++) {
		long wait_ms = penalty_add(&p, key_of("192.0.2.1"), 1000);

		assert_true(wait_ms >= last && wait_ms <= PENALTY_MAX_MS);
		last = wait_ms;
	}
	assert_int_equal(last, PENALTY_MAX_MS);
}

static void others_are_not_punished(void **state)
{
	static struct penalties p;

	(void)state;
	for (int i = 0; i < 10; i++)
		penalty_add(&p, key_of("192.0.2.1"), 1000);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(penalty_add(&p, 1ULL << 32 | (0x0a000000U + i), 1000), 0);
}

static void a_quiet_minute_is_forgiven(void **state)
{
	static struct penalties p;

	(void)state;
	for (int i = 0; i < 10; i++)
		penalty_add(&p, key_of("192.0.2.1"), 1000);
	assert_int_equal(penalty_add(&p, key_of("192.0.2.1"), 1000 + 60001), 0);
}

static void a_network_of_ipv6_is_one_address(void **state)
{
	(void)state;
	assert_true(key_of("2001:db8::1") == key_of("2001:db8::ffff:1"));
	assert_true(key_of("2001:db8::1") != key_of("2001:db8:0:1::1"));
	assert_true(key_of("192.0.2.1") != key_of("192.0.2.2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_refusal_waits_not_at_all_and_none_more_than_a_second),
		cmocka_unit_test(others_are_not_punished),
		cmocka_unit_test(a_quiet_minute_is_forgiven),
		cmocka_unit_test(a_network_of_ipv6_is_one_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
