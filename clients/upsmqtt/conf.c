/*
 * upsmqtt.conf.  Its lines are `KEYWORD words`; the keywords are a table.
 */
#include "config.h"

#include "clients/upsmqtt/conf.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/upsmqtt/topics.h"
#include "common/base/directives.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

enum { MONITORS_MAX = 10000, PATTERNS_MAX = 1000, PLAIN_PORT = 1883, TLS_PORT = 8883 };

/* -------------------------------------------------------------------------------- values */

/* Topics that begin with it are ours. */
static void set_topic(const struct directive_line *l, char **out)
{
	if (topics_valid(l->words[1]))
		directive_text(l, l->words[1], out);
	else
		conf_error(l->report, l->at, "write words with / between, without + and #",
			   "%s: \"%s\" is no beginning of a topic", l->words[0], l->words[1]);
}

static void add_patterns(const struct directive_line *l, struct mqtt_patterns *p)
{
	size_t words = l->count - 1;
	char **grown = realloc(p->list, (p->count + words) * sizeof(*grown));

	if (!grown) {
		directive_no_memory(l);
		return;
	}
	p->list = grown;
	for (size_t i = 0; i < words; i++) {
		p->list[p->count] = str_dup(l->words[i + 1]);
		if (!p->list[p->count] || p->count >= PATTERNS_MAX) {
			conf_error(l->report, l->at, "use * for any text", "too many words");
			free(p->list[p->count]);
			return;
		}
		p->count++;
	}
}

bool mqtt_patterns_match(const struct mqtt_patterns *p, const char *word)
{
	for (size_t i = 0; i < p->count; i++)
		if (str_glob(p->list[i], word))
			return true;
	return false;
}

/* ---------------------------------------------------------------------------- directives */

static void add_monitor(const struct directive_line *l)
{
	struct mqtt_conf *c = l->conf;
	struct netwire_target t;
	struct mqtt_monitor *grown, *m;
	const char *why;

	if (!netwire_parse_target(l->words[1], &t, &why)) {
		conf_error(l->report, l->at, "write ups@host, or *@host for all of a server's",
			   "MONITOR %s: %s", l->words[1], why);
		return;
	}
	grown = c->monitor_count < MONITORS_MAX
			? realloc(c->monitors, (c->monitor_count + 1) * sizeof(*grown))
			: NULL;
	if (!grown) {
		directive_no_memory(l);
		return;
	}
	c->monitors = grown;
	m = &grown[c->monitor_count];
	*m = (struct mqtt_monitor){.ups = str_dup(t.ups),
				   .host = str_dup(t.host),
				   .port = t.port,
				   .text = l->count > 2 ? str_dup(l->words[2]) : NULL,
				   .line = l->at->line};
	c->monitor_count++;
	if (!m->ups || !m->host)
		directive_no_memory(l);
}

static void set_broker(const struct directive_line *l)
{
	struct mqtt_conf *c = l->conf;
	char host[256];
	const char *why;

	if (!netwire_parse_host_of(l->words[1], "1", host, sizeof(host), &c->broker_port, &why))
		conf_error(l->report, l->at, "write host, or host:port", "BROKER %s: %s",
			   l->words[1], why);
	else if (!str_replace(&c->broker_host, host))
		directive_no_memory(l);
	/* Without a port there is a usual one, which TLS decides. */
	if (c->broker_port == 1)
		c->broker_port = 0;
}

static void set_prefix(const struct directive_line *l)
{
	struct mqtt_conf *c = l->conf;

	set_topic(l, &c->prefix);
}

static void add_variables(const struct directive_line *l)
{
	add_patterns(l, &((struct mqtt_conf *)l->conf)->variables);
}

static void add_commands(const struct directive_line *l)
{
	add_patterns(l, &((struct mqtt_conf *)l->conf)->commands);
}

static void add_settings(const struct directive_line *l)
{
	add_patterns(l, &((struct mqtt_conf *)l->conf)->settings);
}

static void set_discovery(const struct directive_line *l)
{
	struct mqtt_conf *c = l->conf;
	bool on;

	if (!str_to_bool(l->words[1], &on)) {
		set_topic(l, &c->discovery);
		return;
	}
	free(c->discovery);
	c->discovery = on ? str_dup("homeassistant") : NULL;
}

#define MEMBER(kind, member) DIRECTIVE_AT(kind, struct mqtt_conf, member)
#define NUMBER(member, min, max, normal)                                                           \
	DIRECTIVE_FROM(DIRECTIVE_LONG, struct mqtt_conf, member, min, max, normal)

static const struct directive rows[] = {
	{"MONITOR", 2, DIRECTIVE_BY(add_monitor)},
	{"AUTHCONF", 1, MEMBER(DIRECTIVE_PATH, auth_file)},
	{"POLLFREQ", 1, NUMBER(poll_s, 1, 3600, 5)},
	{"BROKER", 1, DIRECTIVE_BY(set_broker)},
	{"CLIENTID", 1, MEMBER(DIRECTIVE_TEXT, client_id)},
	{"PREFIX", 1, DIRECTIVE_BY(set_prefix)},
	{"USER", 1, MEMBER(DIRECTIVE_TEXT, user)},
	{"PASSWORDFILE", 1, MEMBER(DIRECTIVE_PATH, password_file)},
	{"TLS", 1, MEMBER(DIRECTIVE_BOOL, tls)},
	{"CAFILE", 1, MEMBER(DIRECTIVE_PATH, ca_file)},
	{"CERTFILE", 1, MEMBER(DIRECTIVE_PATH, cert_file)},
	{"KEYFILE", 1, MEMBER(DIRECTIVE_PATH, key_file)},
	{"KEEPALIVE", 1, NUMBER(keepalive_s, 5, 3600, 30)},
	{"QOS", 1, NUMBER(qos, 0, 1, 1)},
	{"VARIABLES", 0, DIRECTIVE_BY(add_variables)},
	{"COMMANDS", 0, DIRECTIVE_BY(add_commands)},
	{"SETTINGS", 0, DIRECTIVE_BY(add_settings)},
	{"TOPICS", 1, MEMBER(DIRECTIVE_BOOL, each)},
	{"JSON", 1, MEMBER(DIRECTIVE_BOOL, json)},
	{"DISCOVERY", 1, DIRECTIVE_BY(set_discovery)},
	{"RUN_AS_USER", 1, MEMBER(DIRECTIVE_TEXT, run_as)},
	{DIRECTIVE_DEBUG_MIN(struct mqtt_conf, debug_min)},
	{"SANDBOX", 1, MEMBER(DIRECTIVE_BOOL, sandbox)},
};

/* -------------------------------------------------------------------------------- whole */

/* Two of these must not have the same topics, or be taken for one another by the broker. */
static bool name_itself(struct mqtt_conf *c)
{
	char host[128] = "", text[192];

	if (gethostname(host, sizeof(host) - 1) != 0 || !host[0])
		str_copy(host, sizeof(host), "localhost");
	topics_clean(host);
	if (!c->prefix && str_format(text, sizeof(text), "nut/%s", host))
		c->prefix = str_dup(text);
	if (!c->client_id && str_format(text, sizeof(text), "upsmqtt-%s", host))
		c->client_id = str_dup(text);
	if (!c->broker_host)
		c->broker_host = str_dup("localhost");
	return c->prefix && c->client_id && c->broker_host;
}

static bool is_here(const char *host)
{
	return str_caseequal(host, "localhost") || str_starts(host, "127.") ||
	       str_equal(host, "::1");
}

static void check(struct mqtt_conf *c, const char *path, struct conf_report *r)
{
	const struct conf_where at = {.file = path};

	if (c->monitor_count == 0)
		conf_error(r, &at, "add MONITOR ups@host, or MONITOR *@host for all of a server's",
			   "there is no UPS to watch");
	if (!c->tls && (c->ca_file || c->cert_file || c->key_file))
		conf_error(r, &at, "add TLS yes", "certificates are named, and TLS is off");
	if ((c->cert_file == NULL) != (c->key_file == NULL))
		conf_error(r, &at, "name both, or none", "CERTFILE and KEYFILE belong together");
	if (c->password_file && !c->user)
		conf_error(r, &at, "add USER name", "PASSWORDFILE is the password of nobody");
	if (!c->each && !c->json)
		conf_error(r, &at, "leave one of them on",
			   "TOPICS no and JSON no: nothing is told");
	if (c->discovery && !c->each)
		conf_error(r, &at, "leave TOPICS on, or DISCOVERY off",
			   "DISCOVERY points to the topics of variables, which are off");
	if (c->password_file)
		conf_warn_if_world_readable(r, c->password_file);
	if (c->password_file && !c->tls && !is_here(c->broker_host))
		conf_warning(r, &at, "add TLS yes",
			     "the broker's password crosses the network in the clear");
}

struct mqtt_conf *mqtt_conf_load(const char *path, struct conf_report *r)
{
	const struct conf_where at = {.file = path};
	struct mqtt_conf *c = calloc(1, sizeof(*c));
	struct directives table = {rows, sizeof(rows) / sizeof(rows[0]), c, CONF_ERROR, NULL,
				   false};
	unsigned errors = r->errors;
	int err;

	if (!c)
		return NULL;
	directives_defaults(&table);
	c->each = c->json = c->sandbox = true;
	err = conffile_read_lines(path, directives_line, &table, r);
	if (err)
		conf_error(r, &at, NULL, "it cannot be read: %s", conffile_why(err));
	else if (!name_itself(c))
		conf_error(r, &at, NULL, "out of memory");
	else
		check(c, path, r);
	if (r->errors == errors)
		return c;
	mqtt_conf_free(c);
	return NULL;
}

unsigned mqtt_conf_port(const struct mqtt_conf *c)
{
	if (c->broker_port)
		return c->broker_port;
	return c->tls ? TLS_PORT : PLAIN_PORT;
}

static void free_patterns(struct mqtt_patterns *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->list[i]);
	free(p->list);
}

void mqtt_conf_free(struct mqtt_conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->monitor_count; i++) {
		free(c->monitors[i].ups);
		free(c->monitors[i].host);
		free(c->monitors[i].text);
	}
	free(c->monitors);
	free_patterns(&c->variables);
	free_patterns(&c->commands);
	free_patterns(&c->settings);
	free(c->auth_file);
	free(c->broker_host);
	free(c->client_id);
	free(c->prefix);
	free(c->user);
	free(c->password_file);
	free(c->ca_file);
	free(c->cert_file);
	free(c->key_file);
	free(c->discovery);
	free(c->run_as);
	free(c);
}
