/*
 * wake: magic packets (wake-on-LAN): six bytes of 0xff and sixteen times the
 * address of the card, by UDP.
 */
#ifndef CLIENTS_UPSMON_WAKE_H
#define CLIENTS_UPSMON_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/netaddr.h"

struct wake_target {
	uint8_t mac[6];
	struct netaddr to;
};

/* "mac [address[:port]]": the mac with `:` or `-`, the address numeric (who sends it may look no
 * names up), by default 255.255.255.255:9. False: *why says what is wrong, a constant text. */
bool wake_parse(const char *text, struct wake_target *t, const char **why);

/* Sends one packet. 0 or an errno value. */
int wake_send(const struct wake_target *t);

#endif
