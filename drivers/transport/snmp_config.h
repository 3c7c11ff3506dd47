/*
 * snmp_config: how an agent is reached and who asks it, read from options and checked.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_CONFIG_H
#define DRIVERS_TRANSPORT_SNMP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

enum agent_version { AGENT_V1, AGENT_V2C, AGENT_V3 };
enum agent_level { AGENT_NOAUTH, AGENT_AUTH_NOPRIV, AGENT_AUTH_PRIV };

/*
 * Rows for a driver's table of options.  Texts are checked by agent_config_read().
 */
#define AGENT_OPTIONS                                                                              \
	{.name = "community",                                                                      \
	 .argument = "text",                                                                       \
	 .help = "SNMPv1 and v2c: the community (public)",                                         \
	 .flags = DRIVER_OPTION_SECRET},                                                           \
		{.name = "snmp_version",                                                           \
		 .argument = "v1|v2c|v3",                                                          \
		 .help = "version of the protocol (v1)"},                                          \
		{.name = "snmp_retries",                                                           \
		 .argument = "n",                                                                  \
		 .help = "how often a question is repeated (5)",                                   \
		 .max = 100},                                                                      \
		{.name = "snmp_timeout",                                                           \
		 .argument = "s",                                                                  \
		 .help = "seconds until a question is repeated (1)",                               \
		 .min = 1,                                                                         \
		 .max = 100},                                                                      \
		{.name = "secLevel",                                                               \
		 .argument = "level",                                                              \
		 .help = "SNMPv3: noAuthNoPriv, authNoPriv, authPriv"},                            \
		{.name = "secName", .argument = "name", .help = "SNMPv3: the user"},               \
		{.name = "authPassword",                                                           \
		 .argument = "text",                                                               \
		 .help = "SNMPv3: 8 characters or more",                                           \
		 .flags = DRIVER_OPTION_SECRET},                                                   \
		{.name = "privPassword",                                                           \
		 .argument = "text",                                                               \
		 .help = "SNMPv3: 8 characters or more",                                           \
		 .flags = DRIVER_OPTION_SECRET},                                                   \
		{.name = "authProtocol",                                                           \
		 .argument = "name",                                                               \
		 .help = "SNMPv3: MD5, SHA, SHA224, SHA256, SHA384, SHA512 (MD5)"},                \
	{                                                                                          \
		.name = "privProtocol", .argument = "name",                                        \
		.help = "SNMPv3: DES, AES, AES192, AES256 (DES)"                                   \
	}

struct agent_config {
	char *host;    /* name or numeric address, without brackets */
	unsigned port; /* 161 if none was given */
	int family;    /* AF_UNSPEC, AF_INET, AF_INET6 */
	bool tcp;

	enum agent_version version;
	char *community;

	enum agent_level level;
	char *user;
	char *auth_password, *priv_password;       /* NULL where the level has none */
	const char *auth_protocol, *priv_protocol; /* as net-snmp calls them; static */

	int timeout_ms; /* of one try */
	unsigned retries;
};

/*
 * `option` gives the value of an option, or NULL.  `port` is host, host:port, an IPv6 address
 * (in brackets if a port follows), each after udp:, udp6:, tcp: or tcp6: at will.
 * False: `why` says which option is wrong, and what mends it; *out needs no free then.
 */
bool agent_config_read(struct agent_config *out, const char *(*option)(void *arg, const char *name),
		       void *arg, const char *port, char *why, size_t size);

/* NULL in a member is fine; false: no memory. */
bool agent_config_copy(struct agent_config *out, const struct agent_config *from);

/* Wipes what is secret. */
void agent_config_free(struct agent_config *c);

#endif
