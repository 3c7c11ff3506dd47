/* Magic packets: to whom, and what is in them. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/upsmon/wake.h"
#include "common/base/str.h"

enum { PACKET = 102 };

static void a_target_is_a_card_and_a_numeric_address(void **state)
{
	static const struct {
		const char *text, *address;
		unsigned port;
	} rows[] = {
		{"52:54:00:12:ab:Cd", "255.255.255.255", 9},
		{"52-54-00-12-AB-CD", "255.255.255.255", 9},
		{"52:54:00:12:ab:cd 192.0.2.255", "192.0.2.255", 9},
		{"52:54:00:12:ab:cd \t 192.0.2.255:7", "192.0.2.255", 7},
		{"52:54:00:12:ab:cd 192.0.2.255:65535", "192.0.2.255", 65535},
		{"52:54:00:12:ab:cd ::1", "::1", 9},
		{"52:54:00:12:ab:cd [::1]", "::1", 9},
		{"52:54:00:12:ab:cd [2001:db8::1]:40000", "2001:db8::1", 40000},
	};
	static const uint8_t mac[] = {0x52, 0x54, 0x00, 0x12, 0xab, 0xcd};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wake_target t;
		char address[64];
		const char *why;

		if (!wake_parse(rows[i].text, &t, &why))
			fail_msg("\"%s\": %s", rows[i].text, why);
		assert_memory_equal(t.mac, mac, sizeof(mac));
		if (t.to.ss.ss_family == AF_INET)
			inet_ntop(AF_INET, &((struct sockaddr_in *)&t.to.ss)->sin_addr, address,
				  sizeof(address));
		else
			inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&t.to.ss)->sin6_addr, address,
				  sizeof(address));
		assert_string_equal(address, rows[i].address);
		assert_int_equal(netaddr_port(&t.to.ss), rows[i].port);
	}
}

static void what_is_no_target_says_why(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "six bytes"},
		{"52:54:00:12:ab", "six bytes"},
		{"52:54:00:12:ab:cd:ef", "six bytes"},
		{"52:54:00:12:ab:cg", "six bytes"},
		{"52:54:00:12:ab:c", "six bytes"},
		{"52.54.00.12.ab.cd", "six bytes"},
		{"525400:12:ab:cd:e", "six bytes"},
		{" 52:54:00:12:ab:cd", "six bytes"},
		{"52:54:00:12:ab:cd nas.example", "numeric address"},
		{"52:54:00:12:ab:cd nas.example:9", "numeric address"},
		{"52:54:00:12:ab:cd 192.0.2.256", "numeric address"},
		{"52:54:00:12:ab:cd 192.0.2.255:", "numeric address"},
		{"52:54:00:12:ab:cd 192.0.2.255:0", "numeric address"},
		{"52:54:00:12:ab:cd 192.0.2.255:65536", "numeric address"},
		{"52:54:00:12:ab:cd 192.0.2.255:x", "numeric address"},
		{"52:54:00:12:ab:cd [::1", "numeric address"},
		{"52:54:00:12:ab:cd [::1]:", "numeric address"},
		{"52:54:00:12:ab:cd [::1]x", "numeric address"},
		{"52:54:00:12:ab:cd []", "numeric address"},
		{"52:54:00:12:ab:cd 192.0.2.255 9", "numeric address"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wake_target t;
		const char *why = "";

		if (wake_parse(rows[i].text, &t, &why))
			fail_msg("\"%s\" is taken", rows[i].text);
		if (!strstr(why, rows[i].why))
			fail_msg("\"%s\": %s", rows[i].text, why);
	}
}

/* A socket on loopback, and its address behind a card's. */
static int listen_at(const char *address, char *text, size_t size)
{
	struct netaddr here;
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct timeval patience = {.tv_sec = 60};
	int fd;

	assert_true(netaddr_from_numeric(address, 0, &here));
	fd = socket(here.ss.ss_family, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here.ss, here.len) != 0)
		return -1; /* there may be no IPv6 here */
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	str_format(text, size, "01:23:45:67:89:ab %s%s%s:%u", strchr(address, ':') ? "[" : "",
		   address, strchr(address, ':') ? "]" : "", netaddr_port(&bound));
	return fd;
}

static void expect_packet(int fd)
{
	static const uint8_t mac[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab};
	uint8_t packet[PACKET + 1];

	assert_int_equal(recv(fd, packet, sizeof(packet), 0), PACKET);
	for (int i = 0; i < 6; i++)
		assert_int_equal(packet[i], 0xff);
	for (size_t i = 6; i < PACKET; i++)
		assert_int_equal(packet[i], mac[i % 6]);
}

static void a_packet_is_six_bytes_of_ones_and_sixteen_times_the_card(void **state)
{
	static const char *const addresses[] = {"127.0.0.1", "::1"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct wake_target t;
		char text[128];
		const char *why;
		int fd = listen_at(addresses[i], text, sizeof(text));

		if (fd < 0 && i > 0)
			continue;
		assert_true(fd >= 0);
		assert_true(wake_parse(text, &t, &why));
		assert_int_equal(wake_send(&t), 0);
		expect_packet(fd);
		close(fd);
	}
}

static void a_packet_that_cannot_be_sent_is_told(void **state)
{
	struct wake_target t;
	const char *why;

	(void)state;
	assert_true(wake_parse("01:23:45:67:89:ab 127.0.0.1:9", &t, &why));
	t.to.len = 1;
	assert_int_not_equal(wake_send(&t), 0);
	t.to.ss.ss_family = AF_UNSPEC;
	assert_int_not_equal(wake_send(&t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_a_card_and_a_numeric_address),
		cmocka_unit_test(what_is_no_target_says_why),
		cmocka_unit_test(a_packet_is_six_bytes_of_ones_and_sixteen_times_the_card),
		cmocka_unit_test(a_packet_that_cannot_be_sent_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
