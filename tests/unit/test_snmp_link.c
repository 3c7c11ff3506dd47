#include "config.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/transport/snmp_lib.h"
#include "drivers/transport/snmp_link.h"

enum { TIMEOUT_MS = 60000 };

/* An agent that takes questions and says nothing. */
static int mute_agent(struct netaddr *at)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at->ss);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(0, bind(fd, (struct sockaddr *)&in, sizeof(in)));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&at->ss, &len));
	at->len = len;
	return fd;
}

static void never(void *arg, enum agent_result r, const netsnmp_pdu *pdu)
{
	(void)arg, (void)r, (void)pdu;
	fail_msg("a link that is gone was answered");
}

static netsnmp_pdu *question(void)
{
	static const oid name[] = {1, 3, 6, 1, 2, 1, 1, 2, 0};
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	snmp_add_null_var(pdu, name, sizeof(name) / sizeof(name[0]));
	return pdu;
}

/* Closing net-snmp's session tells of each open question: nothing of that may be left for the loop.
 */
static void a_link_that_is_freed_with_open_questions_is_gone(void **state)
{
	static char community[] = "public", host[] = "127.0.0.1";
	const struct agent_config cfg = {.host = host,
					 .version = AGENT_V2C,
					 .community = community,
					 .timeout_ms = TIMEOUT_MS};
	struct snmp_keys keys = {.auth = NULL};
	struct loop *loop = loop_new();
	struct netaddr at;
	int agent = mute_agent(&at);
	struct snmp_link *link = snmp_link_new(loop, &cfg, &keys, &at, -1);

	(void)state;
	assert_non_null(link);
	for (int i = 0; i < 3; i++)
		assert_true(snmp_link_ask(link, question(), TIMEOUT_MS, never, NULL));
	loop_turn(loop, 0);
	snmp_link_free(link);
	loop_turn(loop, 0);
	loop_free(loop);
	close(agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_that_is_freed_with_open_questions_is_gone),
	};

	snmp_lib_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
