/*
 * What an agent, or anybody on the network, may send: byte 0 chooses the version that is asked
 * with; the rest are packets (two bytes of length each) that come as answers, and the
 * text of an address range.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "drivers/scan/addrrange.h"
#include "drivers/transport/snmp_link.h"
#include "drivers/transport/snmp_value.h"

enum { PACKETS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;

static void quiet(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

static void on_answer(void *arg, enum agent_result r, const netsnmp_pdu *pdu)
{
	struct agent_value value;
	struct snmp_oid name;
	char text[2048];

	(void)arg, (void)r;
	for (const netsnmp_variable_list *v = pdu ? pdu->variables : NULL; v;
	     v = v->next_variable) {
		if (snmp_oid_from(v->name, v->name_length, &name))
			snmp_oid_text(&name, text, sizeof(text));
		snmp_value_from(v, &value);
		agent_value_show(&value, text, sizeof(text));
	}
}

/* The ids of a question are in what was sent: an answer has to have them to be looked at. */
static void answer_with(int fd, uint8_t *packet, size_t size)
{
	uint8_t sent[2048];
	ssize_t n = recv(fd, sent, sizeof(sent), MSG_DONTWAIT);
	/* 30 len 02 01 v 04 06 public a0 len 02 04 id...: where SNMPv1's and v2c's id is */
	static const size_t at = 2 + 3 + 8 + 2;

	if (n > (ssize_t)at + 6 && size > at + 6)
		memcpy(packet + at, sent + at, 6);
	send(fd, packet, size, 0);
	loop_turn(loop, 0);
}

static netsnmp_pdu *question(void)
{
	static const struct snmp_oid uptime = {{1, 3, 6, 1, 2, 1, 1, 3, 0}, 9};
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	snmp_pdu_add(pdu, &uptime);
	return pdu;
}

static void talk(struct agent_config *cfg, const uint8_t *data, size_t size)
{
	struct snmp_keys keys;
	struct snmp_link *k;
	char why[256];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) != 0)
		return;
	if (!snmp_keys_make(&keys, cfg, why, sizeof(why)))
		abort();
	k = snmp_link_new(loop, cfg, &keys, NULL, pair[0]);
	for (int i = 0; k && i < PACKETS_MAX && size > 2; i++) {
		size_t len = (size_t)data[0] << 8 | data[1];
		uint8_t packet[4096];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		len = len < sizeof(packet) ? len : sizeof(packet);
		memcpy(packet, data, len);
		data += len;
		size -= len;
		if (snmp_link_is_ready(k))
			snmp_link_ask(k, question(), 1000, on_answer, NULL);
		else
			snmp_link_discover(k, 1000, on_answer, NULL);
		answer_with(pair[1], packet, len);
	}
	snmp_link_free(k);
	close(pair[1]);
}

static void read_range(const uint8_t *data, size_t size)
{
	struct addrrange r;
	struct addrwalk w = {0};
	struct netaddr a;
	char text[128], why[256];

	size = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!addrrange_read(text, &r, why, sizeof(why)))
		return;
	if (addrrange_count(&r) == 0)
		abort();
	for (int i = 0; i < 300 && addrwalk_next(&w, &r, 1, 161, &a); i++)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char host[] = "agent", community[] = "public", user[] = "user";
	struct agent_config cfg = {
		.host = host, .community = community, .user = user, .timeout_ms = 1000};

	if (!loop) {
		loop = loop_new();
		log_set_sink(quiet, NULL);
	}
	if (size < 2)
		return 0;
	cfg.version = (enum agent_version)(data[0] % 3);
	talk(&cfg, data + 1, size - 1);
	read_range(data + 1, size - 1);
	return 0;
}
