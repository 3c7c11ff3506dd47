/*
 * conf: upsmqtt.conf.
 */
#ifndef CLIENTS_UPSMQTT_CONF_H
#define CLIENTS_UPSMQTT_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"

struct mqtt_monitor {
	char *ups, *host; /* ups: "*" = all of the server's */
	unsigned port;
	char *text; /* NULL = what the server says */
	unsigned line;
};

/* Words with `*` for any text. */
struct mqtt_patterns {
	char **list;
	size_t count;
};

struct mqtt_conf {
	struct mqtt_monitor *monitors;
	size_t monitor_count;
	char *auth_file; /* nutauth.conf for upsd; NULL = none */
	long poll_s;

	char *broker_host;
	unsigned broker_port; /* 0 = the usual one */
	char *client_id, *prefix;
	char *user, *password_file;
	bool tls;
	char *ca_file, *cert_file, *key_file;
	long keepalive_s, qos;

	struct mqtt_patterns variables;          /* that are published */
	struct mqtt_patterns commands, settings; /* that are taken; none unless given */
	bool each, json; /* a topic for each variable; one for all as JSON */
	char *discovery; /* Home Assistant's prefix; NULL = off */

	char *run_as;
	long debug_min;
	bool sandbox;
};

/* NULL: it cannot be read, there is no memory, or it says nothing that could be done; reported. */
struct mqtt_conf *mqtt_conf_load(const char *path, struct conf_report *r);
void mqtt_conf_free(struct mqtt_conf *c); /* NULL is fine */

unsigned mqtt_conf_port(const struct mqtt_conf *c);

/* Letter case aside. */
bool mqtt_patterns_match(const struct mqtt_patterns *p, const char *word);

#endif
