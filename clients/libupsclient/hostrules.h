/*
 * hostrules: what upscli_add_host_cert() asked of particular servers.
 *
 * One list for the process, guarded by a lock: hosts are threaded.
 */
#ifndef CLIENTS_LIBUPSCLIENT_HOSTRULES_H
#define CLIENTS_LIBUPSCLIENT_HOSTRULES_H

#include <stdbool.h>
#include <stdint.h>

/* -1 leaves the question to the connection's flags. */
struct host_rule {
	int certverify;
	int forcessl;
	char certname[256]; /* the name that its certificate must bear; "" = any */
};

/*
 * Adds a rule for `address`, host[:port]. The first rule of a server stays.
 * False when the address is malformed or memory is out.
 */
bool host_rules_add(const char *address, const struct host_rule *rule);

/* The rule of a server, all -1 and without a name if it has none. Host names compare without letter
 * case. */
struct host_rule host_rules_find(const char *host, uint16_t port);

void host_rules_clear(void);

#endif
