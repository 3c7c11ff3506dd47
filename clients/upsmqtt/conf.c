/*
 * upsmqtt.conf.  Its lines are `KEYWORD words`; the keywords are a table.
 */
#include "config.h"

#include "clients/upsmqtt/conf.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/upsmqtt/topics.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

enum { MONITORS_MAX = 10000, PATTERNS_MAX = 1000, PLAIN_PORT = 1883, TLS_PORT = 8883 };

struct line {
	struct mqtt_conf *conf;
	const struct conf_where *at;
	const char *keyword;
	char *const *args; /* behind the keyword */
	size_t count;
	struct conf_report *report;
};

static void no_memory(const struct line *l)
{
	conf_error(l->report, l->at, NULL, "out of memory");
}

/* -------------------------------------------------------------------------------- values */

static void set_text(const struct line *l, char **out)
{
	if (!l->args[0][0])
		conf_error(l->report, l->at, NULL, "%s is empty", l->keyword);
	else if (!str_replace(out, l->args[0]))
		no_memory(l);
}

static void set_path(const struct line *l, char **out)
{
	if (l->args[0][0] == '/')
		set_text(l, out);
	else
		conf_error(l->report, l->at, "write it from the root, with a leading /",
			   "%s wants an absolute path, not \"%s\"", l->keyword, l->args[0]);
}

static void set_bool(const struct line *l, bool *out)
{
	conf_parse_bool(l->report, l->at, l->keyword, l->args[0], out);
}

static void set_long(const struct line *l, long min, long max, long *out)
{
	conf_parse_long(l->report, l->at, l->keyword, l->args[0], min, max, out);
}

/* Topics that begin with it are ours. */
static void set_topic(const struct line *l, char **out)
{
	if (topics_valid(l->args[0]))
		set_text(l, out);
	else
		conf_error(l->report, l->at, "write words with / between, without + and #",
			   "%s: \"%s\" is no beginning of a topic", l->keyword, l->args[0]);
}

static void add_patterns(const struct line *l, struct mqtt_patterns *p)
{
	char **grown = realloc(p->list, (p->count + l->count) * sizeof(*grown));

	if (!grown) {
		no_memory(l);
		return;
	}
	p->list = grown;
	for (size_t i = 0; i < l->count; i++) {
		p->list[p->count] = str_dup(l->args[i]);
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

static void add_monitor(const struct line *l)
{
	struct mqtt_conf *c = l->conf;
	struct netwire_target t;
	struct mqtt_monitor *grown, *m;
	const char *why;

	if (!netwire_parse_target(l->args[0], &t, &why)) {
		conf_error(l->report, l->at, "write ups@host, or *@host for all of a server's",
			   "MONITOR %s: %s", l->args[0], why);
		return;
	}
	grown = c->monitor_count < MONITORS_MAX
			? realloc(c->monitors, (c->monitor_count + 1) * sizeof(*grown))
			: NULL;
	if (!grown) {
		no_memory(l);
		return;
	}
	c->monitors = grown;
	m = &grown[c->monitor_count];
	*m = (struct mqtt_monitor){.ups = str_dup(t.ups),
				   .host = str_dup(t.host),
				   .port = t.port,
				   .text = l->count > 1 ? str_dup(l->args[1]) : NULL,
				   .line = l->at->line};
	c->monitor_count++;
	if (!m->ups || !m->host)
		no_memory(l);
}

static void set_broker(const struct line *l)
{
	char host[256];
	const char *why;

	if (!netwire_parse_host_of(l->args[0], "1", host, sizeof(host), &l->conf->broker_port,
				   &why))
		conf_error(l->report, l->at, "write host, or host:port", "BROKER %s: %s",
			   l->args[0], why);
	else if (!str_replace(&l->conf->broker_host, host))
		no_memory(l);
	/* Without a port there is a usual one, which TLS decides. */
	if (l->conf->broker_port == 1)
		l->conf->broker_port = 0;
}

static void set_auth_file(const struct line *l)
{
	set_path(l, &l->conf->auth_file);
}

static void set_poll(const struct line *l)
{
	set_long(l, 1, 3600, &l->conf->poll_s);
}

static void set_client_id(const struct line *l)
{
	set_text(l, &l->conf->client_id);
}

static void set_prefix(const struct line *l)
{
	set_topic(l, &l->conf->prefix);
}

static void set_user(const struct line *l)
{
	set_text(l, &l->conf->user);
}

static void set_password_file(const struct line *l)
{
	set_path(l, &l->conf->password_file);
}

static void set_tls(const struct line *l)
{
	set_bool(l, &l->conf->tls);
}

static void set_ca_file(const struct line *l)
{
	set_path(l, &l->conf->ca_file);
}

static void set_cert_file(const struct line *l)
{
	set_path(l, &l->conf->cert_file);
}

static void set_key_file(const struct line *l)
{
	set_path(l, &l->conf->key_file);
}

static void set_keepalive(const struct line *l)
{
	set_long(l, 5, 3600, &l->conf->keepalive_s);
}

static void set_qos(const struct line *l)
{
	set_long(l, 0, 1, &l->conf->qos);
}

static void add_variables(const struct line *l)
{
	add_patterns(l, &l->conf->variables);
}

static void add_commands(const struct line *l)
{
	add_patterns(l, &l->conf->commands);
}

static void add_settings(const struct line *l)
{
	add_patterns(l, &l->conf->settings);
}

static void set_each(const struct line *l)
{
	set_bool(l, &l->conf->each);
}

static void set_json(const struct line *l)
{
	set_bool(l, &l->conf->json);
}

static void set_discovery(const struct line *l)
{
	bool on;

	if (!str_to_bool(l->args[0], &on)) {
		set_topic(l, &l->conf->discovery);
		return;
	}
	free(l->conf->discovery);
	l->conf->discovery = on ? str_dup("homeassistant") : NULL;
}

static void set_run_as(const struct line *l)
{
	set_text(l, &l->conf->run_as);
}

static void set_debug_min(const struct line *l)
{
	set_long(l, 0, 100, &l->conf->debug_min);
}

static void set_sandbox(const struct line *l)
{
	set_bool(l, &l->conf->sandbox);
}

static const struct directive {
	const char *keyword;
	size_t max_args;
	void (*set)(const struct line *l);
} directives[] = {
	{"MONITOR", 2, add_monitor},
	{"AUTHCONF", 1, set_auth_file},
	{"POLLFREQ", 1, set_poll},
	{"BROKER", 1, set_broker},
	{"CLIENTID", 1, set_client_id},
	{"PREFIX", 1, set_prefix},
	{"USER", 1, set_user},
	{"PASSWORDFILE", 1, set_password_file},
	{"TLS", 1, set_tls},
	{"CAFILE", 1, set_ca_file},
	{"CERTFILE", 1, set_cert_file},
	{"KEYFILE", 1, set_key_file},
	{"KEEPALIVE", 1, set_keepalive},
	{"QOS", 1, set_qos},
	{"VARIABLES", SIZE_MAX, add_variables},
	{"COMMANDS", SIZE_MAX, add_commands},
	{"SETTINGS", SIZE_MAX, add_settings},
	{"TOPICS", 1, set_each},
	{"JSON", 1, set_json},
	{"DISCOVERY", 1, set_discovery},
	{"RUN_AS_USER", 1, set_run_as},
	{"DEBUG_MIN", 1, set_debug_min},
	{"SANDBOX", 1, set_sandbox},
};

enum { DIRECTIVE_COUNT = sizeof(directives) / sizeof(directives[0]) };

static const struct directive *find_directive(const char *word)
{
	for (size_t i = 0; i < DIRECTIVE_COUNT; i++)
		if (str_equal(directives[i].keyword, word))
			return &directives[i];
	return NULL;
}

static void report_unknown(const struct line *l)
{
	const char *known[DIRECTIVE_COUNT + 1];

	for (size_t i = 0; i < DIRECTIVE_COUNT; i++)
		known[i] = directives[i].keyword;
	known[DIRECTIVE_COUNT] = NULL;
	conf_unknown(l->report, l->at, l->keyword, known);
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	const struct line l = {.conf = arg,
			       .at = at,
			       .keyword = words[0],
			       .args = words + 1,
			       .count = count - 1,
			       .report = r};
	const struct directive *d = find_directive(l.keyword);

	if (!d)
		report_unknown(&l);
	else if (l.count == 0)
		conf_error(r, at, NULL, "%s has no value", l.keyword);
	else if (l.count > d->max_args)
		conf_error(r, at, "put words that belong together into quotes",
			   "%s takes %zu value%s, not \"%s\" as well", l.keyword, d->max_args,
			   d->max_args == 1 ? "" : "s", l.args[d->max_args]);
	else
		d->set(&l);
}

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
	unsigned errors = r->errors;
	int err;

	if (!c)
		return NULL;
	c->keepalive_s = 30;
	c->qos = 1;
	c->poll_s = 5;
	c->each = c->json = c->sandbox = true;
	err = conffile_read_lines(path, take_line, c, r);
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
