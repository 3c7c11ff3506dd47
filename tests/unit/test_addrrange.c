#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* before cmocka.h, which needs them */
#include <cmocka.h>

#include "drivers/scan/addrrange.h"

static uint64_t walk(const char *text, char *first, char *last, size_t size)
{
	struct addrrange r;
	struct addrwalk w = {0};
	struct netaddr a;
	uint64_t n = 0;
	char why[256];

	assert_true(addrrange_read(text, &r, why, sizeof(why)));
	while (n < 5000 && addrwalk_next(&w, &r, 1, 161, &a)) {
		assert_int_equal(netaddr_port(&a.ss), 161);
		netaddr_host(&a.ss, last, size);
		if (n++ == 0)
			memcpy(first, last, size);
	}
	assert_false(n < 5000 && addrwalk_next(&w, &r, 1, 161, &a));
	if (n < 5000)
		assert_int_equal(addrrange_count(&r), n);
	return n;
}

static void ranges_are_walked_from_end_to_end(void **state)
{
	static const struct {
		const char *text, *first, *last;
		uint64_t count;
	} rows[] = {
		{"192.0.2.7", "192.0.2.7", "192.0.2.7", 1},
		{"192.0.2.0/24", "192.0.2.1", "192.0.2.254", 254},
		{"192.0.2.99/30", "192.0.2.97", "192.0.2.98", 2},
		{"192.0.2.9/31", "192.0.2.8", "192.0.2.9", 2},
		{"192.0.2.9/32", "192.0.2.9", "192.0.2.9", 1},
		{"192.0.2.250-192.0.3.5", "192.0.2.250", "192.0.3.5", 12},
		{"192.0.3.5-192.0.2.250", "192.0.2.250", "192.0.3.5", 12},
		{"2001:db8::fffe-2001:db8::1:1", "2001:db8::fffe", "2001:db8::1:1", 4},
		{"2001:db8::/124", "2001:db8::", "2001:db8::f", 16},
		{"255.255.255.254-255.255.255.255", "255.255.255.254", "255.255.255.255", 2},
	};
	char first[64], last[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(walk(rows[i].text, first, last, sizeof(first)), rows[i].count);
		assert_string_equal(first, rows[i].first);
		assert_string_equal(last, rows[i].last);
	}
}

static void huge_ranges_are_counted(void **state)
{
	struct addrrange r;
	char why[256];

	(void)state;
	assert_true(addrrange_read("0.0.0.0/0", &r, why, sizeof(why)));
	assert_int_equal(addrrange_count(&r), 4294967294U);
	assert_true(addrrange_read("::/0", &r, why, sizeof(why)));
	assert_int_equal(addrrange_count(&r), UINT64_MAX);
	assert_true(addrrange_read("2001:db8::/64", &r, why, sizeof(why)));
	assert_int_equal(addrrange_count(&r), UINT64_MAX);
	assert_true(addrrange_read("2001:db8::/65", &r, why, sizeof(why)));
	assert_int_equal(addrrange_count(&r), (uint64_t)1 << 63);
}

static void what_is_no_range_is_refused(void **state)
{
	static const char *const words[] = {
		"",
		"ups",
		"192.0.2",
		"192.0.2.0/33",
		"192.0.2.0/",
		"::1/129",
		"192.0.2.1-",
		"192.0.2.1-::1",
		"-192.0.2.1",
		"1.2.3.4/-1",
		"1.2.3.4/8x",
		"1.2.3.4-1.2.3",
		"1.2.3.4-1.2.3.4-1.2.3.5",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222:3333:4444:5555:6666"};
	struct addrrange r;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		why[0] = '\0';
		assert_false(addrrange_read(words[i], &r, why, sizeof(why)));
		assert_non_null(strstr(why, "is no range of addresses"));
	}
}

static void two_texts_make_a_range(void **state)
{
	struct addrrange r;
	char why[256];

	(void)state;
	assert_true(addrrange_between("192.0.2.1", "192.0.2.3", &r, why, sizeof(why)));
	assert_int_equal(addrrange_count(&r), 3);
	assert_true(addrrange_between("192.0.2.1", NULL, &r, why, sizeof(why)));
	assert_int_equal(addrrange_count(&r), 1);
	assert_true(addrrange_between(NULL, "192.0.2.1", &r, why, sizeof(why)));
	assert_false(addrrange_between(NULL, NULL, &r, why, sizeof(why)));
	assert_false(addrrange_between("192.0.2.0/24", "192.0.2.3", &r, why, sizeof(why)));
}

static void several_ranges_follow_each_other(void **state)
{
	struct addrrange r[2];
	struct addrwalk w = {0};
	struct netaddr a;
	char why[256], host[64];
	unsigned n = 0;

	(void)state;
	assert_true(addrrange_read("192.0.2.1-192.0.2.2", &r[0], why, sizeof(why)));
	assert_true(addrrange_read("2001:db8::1", &r[1], why, sizeof(why)));
	while (addrwalk_next(&w, r, 2, 1161, &a))
		n++;
	assert_int_equal(n, 3);
	netaddr_host(&a.ss, host, sizeof(host));
	assert_string_equal(host, "2001:db8::1");
	memset(&w, 0, sizeof(w));
	assert_false(addrwalk_next(&w, r, 0, 161, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_walked_from_end_to_end),
		cmocka_unit_test(huge_ranges_are_counted),
		cmocka_unit_test(what_is_no_range_is_refused),
		cmocka_unit_test(two_texts_make_a_range),
		cmocka_unit_test(several_ranges_follow_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
