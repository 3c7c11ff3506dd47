/*
 * Which addresses belong to which nets.
 */
#include "config.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include <cmocka.h>

#include "common/net/access.h"
#include "common/net/netaddr.h"

static bool matches(const char *net, const char *address)
{
	struct access_net parsed;
	struct netaddr peer;

	assert_true(access_parse(net, &parsed));
	assert_true(netaddr_from_numeric(address, 1, &peer));
	return access_match(&parsed, (const struct sockaddr *)&peer.ss);
}

static void an_address_is_matched_by_its_nets_only(void **state)
{
	static const struct {
		const char *net, *address;
		bool matches;
	} rows[] = {
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.99/24", "192.0.2.1", true},
		{"10.0.0.0/9", "10.127.255.255", true},
		{"10.0.0.0/9", "10.128.0.0", false},
		{"192.0.2.4/31", "192.0.2.5", true},
		{"192.0.2.4/31", "192.0.2.6", false},
		{"0.0.0.0/0", "203.0.113.5", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"2001:db8::1", "2001:db8::1", true},
		{"2001:db8::1", "2001:db8::2", false},
		{"192.0.2.0/24", "::ffff:192.0.2.9", true},
		{"::/0", "::ffff:192.0.2.9", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (matches(rows[i].net, rows[i].address) != rows[i].matches)
			fail_msg("%s and %s", rows[i].net, rows[i].address);
}

static void local_is_this_machine_however_it_is_reached(void **state)
{
	const struct sockaddr_un socket = {.sun_family = AF_UNIX};
	struct access_net local;

	(void)state;
	assert_true(matches("local", "127.0.0.1"));
	assert_true(matches("LOCAL", "127.9.9.9"));
	assert_true(matches("local", "::1"));
	assert_true(matches("local", "::ffff:127.0.0.1"));
	assert_false(matches("local", "192.0.2.1"));
	assert_false(matches("local", "2001:db8::1"));
	assert_true(access_parse("local", &local));
	assert_true(access_match(&local, (const struct sockaddr *)&socket));
}

static void a_unix_socket_is_in_no_net_of_addresses(void **state)
{
	const struct sockaddr_un socket = {.sun_family = AF_UNIX};
	struct access_net nets[2];

	(void)state;
	assert_true(access_parse("0.0.0.0/0", &nets[0]));
	assert_true(access_parse("::/0", &nets[1]));
	assert_false(access_match_any(nets, 2, (const struct sockaddr *)&socket));
}

static void what_is_no_net_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"/24",
		"192.0.2.0/",
		"192.0.2.0/33",
		"192.0.2.0/-1",
		"::/129",
		"192.0.2",
		"example.org",
		"192.0.2.0/24/8",
		"192.0.2.0/x",
		"192.0.2.1 ",
		"localhost",
		"::1%lo",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1",
	};
	struct access_net net;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (access_parse(texts[i], &net))
			fail_msg("\"%s\" was taken", texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_matched_by_its_nets_only),
		cmocka_unit_test(local_is_this_machine_however_it_is_reached),
		cmocka_unit_test(a_unix_socket_is_in_no_net_of_addresses),
		cmocka_unit_test(what_is_no_net_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
