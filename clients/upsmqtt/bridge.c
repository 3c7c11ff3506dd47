#include "config.h"

#include "clients/upsmqtt/bridge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/fleet/fleet.h"
#include "clients/upsmqtt/broker.h"
#include "clients/upsmqtt/discovery.h"
#include "clients/upsmqtt/happenings.h"
#include "clients/upsmqtt/orders.h"
#include "clients/upsmqtt/payload.h"
#include "clients/upsmqtt/sites.h"
#include "clients/upsmqtt/topics.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "mqtt";

enum { EVENTS_MAX = 64 }; /* that wait for the broker */

/* One UPS. */
struct entry {
	struct bridge *bridge;
	struct fleet_device *device;
	struct state_observer seen;
	struct happenings happenings;
	enum fleet_condition condition; /* as it was published */
	bool all;                       /* everything is to be said anew */
	bool dirty;                     /* something is to be said */
	uint64_t discovered;            /* of the entities that are no commands */
};

/* An event that waits. */
struct event {
	char *topic, *payload;
};

struct bridge {
	struct mqtt_conf *conf;
	char *password;
	char will_topic[TOPIC_MAX];
	struct broker_config config;
	struct sites *sites;
	struct fleet *fleet;
	struct broker *broker;
	struct orders *orders;
	struct event events[EVENTS_MAX];
	size_t first_event, event_count;
};

/* ----------------------------------------------------------------------------- publishing */

static bool publish(struct bridge *b, const struct fleet_device *d, const char *rest,
		    const char *payload, bool retain)
{
	char topic[TOPIC_MAX];

	return topics_make(topic, sizeof(topic), b->conf->prefix, fleet_device_id(d), rest) &&
	       broker_publish(b->broker, topic, payload, retain);
}

static bool is_published(const struct bridge *b, const char *name)
{
	return b->conf->each &&
	       (b->conf->variables.count == 0 || mqtt_patterns_match(&b->conf->variables, name));
}

/* An empty text takes a retained one back. */
static void publish_variable(struct entry *e, const char *name, const char *value)
{
	char rest[STATE_MAX_NAME + 8], level[STATE_MAX_NAME];

	if (!is_published(e->bridge, name))
		return;
	str_copy(level, sizeof(level), name);
	topics_clean(level);
	str_format(rest, sizeof(rest), "var/%s", level);
	publish(e->bridge, e->device, rest, value, true);
}

static void publish_change(void *arg, const struct state_change *c)
{
	if (c->kind == STATE_VAR_VALUE)
		publish_variable(arg, c->name, state_var_value(c->var));
	else if (c->kind == STATE_VAR_DELETED)
		publish_variable(arg, c->name, "");
}

static void publish_variables(struct entry *e)
{
	struct state *values = fleet_device_values(e->device);

	/* Deletions are in no list of what there is. */
	state_changes(values, &e->seen, publish_change, e);
	for (size_t i = 0; e->all && i < state_count(values); i++) {
		const struct state_var *v = state_at(values, i);

		publish_variable(e, state_var_name(v), state_var_value(v));
	}
}

static void publish_state(struct entry *e)
{
	struct bridge *b = e->bridge;
	struct buffer json = {.data = NULL};

	if (!b->conf->json)
		return;
	payload_state(&json, e->device, &b->conf->variables, time(NULL));
	if (!json.failed)
		publish(b, e->device, "state", buffer_string(&json), true);
	buffer_free(&json);
}

static bool is_discovered(const struct entry *e, size_t i)
{
	return i < 64 && (e->discovered >> i & 1) && !e->all;
}

static void publish_discovery(struct entry *e)
{
	struct bridge *b = e->bridge;

	for (size_t i = 0; b->conf->discovery && i < discovery_count(b->conf); i++) {
		struct buffer json = {.data = NULL};
		char topic[TOPIC_MAX];

		if (is_discovered(e, i) || (i >= 64 && !e->all) ||
		    !discovery_has(b->conf, e->device, i))
			continue;
		if (i < 64)
			e->discovered |= UINT64_C(1) << i;
		if (discovery_topic(b->conf, e->device, i, topic, sizeof(topic)) &&
		    discovery_payload(b->conf, e->device, i, &json))
			broker_publish(b->broker, topic, buffer_string(&json), true);
		buffer_free(&json);
	}
}

static void publish_condition(struct entry *e)
{
	enum fleet_condition now = fleet_device_condition(e->device);

	if (now == e->condition && !e->all)
		return;
	e->condition = now;
	publish(e->bridge, e->device, "condition", fleet_condition_word(now), true);
	publish(e->bridge, e->device, "availability", now == FLEET_OK ? "online" : "offline", true);
}

/* Values come first: who hears that they are good again finds good ones. */
static void publish_entry(struct entry *e)
{
	bool good = fleet_device_condition(e->device) == FLEET_OK;

	if (!good)
		publish_condition(e);
	publish_variables(e);
	publish_state(e);
	publish_discovery(e);
	if (good)
		publish_condition(e);
	e->all = e->dirty = false;
}

static void publish_events(struct bridge *b)
{
	while (b->event_count > 0 && broker_has_room(b->broker)) {
		struct event *e = &b->events[b->first_event];

		broker_publish(b->broker, e->topic, e->payload, false);
		free(e->topic);
		free(e->payload);
		b->first_event = (b->first_event + 1) % EVENTS_MAX;
		b->event_count--;
	}
}

/* As much as the broker has room for. */
static void publish_dirty(struct bridge *b)
{
	for (size_t i = 0; i < fleet_count(b->fleet) && broker_has_room(b->broker); i++) {
		struct entry *e = fleet_device_mark(fleet_at(b->fleet, i));

		if (e && e->dirty)
			publish_entry(e);
	}
	publish_events(b);
}

/* -------------------------------------------------------------------------------- events */

/* The oldest gives way. */
static struct event *event_slot(struct bridge *b)
{
	struct event *e;

	if (b->event_count == EVENTS_MAX) {
		e = &b->events[b->first_event];
		free(e->topic);
		free(e->payload);
		b->first_event = (b->first_event + 1) % EVENTS_MAX;
		b->event_count--;
	}
	e = &b->events[(b->first_event + b->event_count) % EVENTS_MAX];
	b->event_count++;
	return e;
}

static void on_happening(void *arg, const char *event)
{
	struct entry *e = arg;
	struct bridge *b = e->bridge;
	struct buffer json = {.data = NULL};
	char topic[TOPIC_MAX];
	struct event one = {NULL, NULL};

	log_info(token, "%s: %s", fleet_device_id(e->device), event);
	payload_event(&json, e->device, event, time(NULL));
	if (topics_make(topic, sizeof(topic), b->conf->prefix, fleet_device_id(e->device), "event"))
		one = (struct event){str_dup(topic), str_dup(buffer_string(&json))};
	buffer_free(&json);
	if (one.topic && one.payload) {
		*event_slot(b) = one;
		return;
	}
	free(one.topic);
	free(one.payload);
}

/* ------------------------------------------------------------------------------ the UPSes */

static void on_added(void *arg, struct fleet_device *d)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e) {
		log_error(token, "%s is not published: out of memory", fleet_device_id(d));
		return;
	}
	e->bridge = arg;
	e->device = d;
	e->all = e->dirty = true;
	state_observe(fleet_device_values(d), &e->seen, true);
	fleet_device_set_mark(d, e);
	log_info(token, "%s is published", fleet_device_id(d));
}

static void on_changed(void *arg, struct fleet_device *d)
{
	struct bridge *b = arg;
	struct entry *e = fleet_device_mark(d);

	if (!e)
		return;
	e->dirty = true;
	happenings_look(&e->happenings, fleet_device_condition(d) == FLEET_OK,
			state_get(fleet_device_values(d), "ups.status"), on_happening, e);
	if (broker_has_room(b->broker)) {
		publish_entry(e);
		publish_events(b);
	}
}

/* What is retained of it is taken back. */
static void on_removed(void *arg, struct fleet_device *d)
{
	static const char *const rest[] = {"availability", "condition", "state", NULL};
	struct bridge *b = arg;
	struct entry *e = fleet_device_mark(d);
	const struct state *values = fleet_device_values(d);
	char topic[TOPIC_MAX];

	if (!e)
		return;
	log_info(token, "%s is gone", fleet_device_id(d));
	for (size_t i = 0; rest[i]; i++)
		publish(b, d, rest[i], "", true);
	for (size_t i = 0; i < state_count(values); i++)
		publish_variable(e, state_var_name(state_at(values, i)), "");
	for (size_t i = 0; b->conf->discovery && i < discovery_count(b->conf); i++)
		if (discovery_topic(b->conf, d, i, topic, sizeof(topic)))
			broker_publish(b->broker, topic, "", true);
	orders_forget(b->orders, d);
	state_unobserve(fleet_device_values(d), &e->seen);
	free(e);
}

static const struct fleet_ops fleet_ops = {on_added, on_changed, on_removed};

/* ------------------------------------------------------------------------------ the broker */

static void subscribe(struct bridge *b, const char *rest)
{
	char filter[TOPIC_MAX];

	if (str_format(filter, sizeof(filter), "%s/+/%s", b->conf->prefix, rest))
		broker_subscribe(b->broker, filter);
}

static void on_up(void *arg)
{
	struct bridge *b = arg;

	broker_publish(b->broker, b->will_topic, "online", true);
	for (size_t i = 0; i < fleet_count(b->fleet); i++) {
		struct entry *e = fleet_device_mark(fleet_at(b->fleet, i));

		if (e)
			e->all = e->dirty = true;
	}
	publish_dirty(b);
	subscribe(b, "availability");
	if (b->conf->commands.count)
		subscribe(b, "command");
	if (b->conf->settings.count)
		subscribe(b, "set/+");
}

static void on_down(void *arg)
{
	(void)arg; /* what changes meanwhile is dirty */
}

static void on_room(void *arg)
{
	publish_dirty(arg);
}

static struct fleet_device *find_device(const struct bridge *b, const char *level)
{
	char clean[TOPIC_MAX];

	for (size_t i = 0; i < fleet_count(b->fleet); i++) {
		struct fleet_device *d = fleet_at(b->fleet, i);

		str_copy(clean, sizeof(clean), fleet_device_id(d));
		topics_clean(clean);
		if (str_equal(clean, level))
			return d;
	}
	return NULL;
}

/* A UPS that we do not know any more is not "online" for ever. */
static void end_ghost(struct bridge *b, const char *topic, const char *device, const char *payload)
{
	if (!str_equal(payload, "online") || find_device(b, device))
		return;
	log_info(token, "%s is not watched any more: offline", device);
	broker_publish(b->broker, topic, "offline", true);
}

static void on_message(void *arg, const char *topic, const char *payload, size_t len, bool retained)
{
	struct bridge *b = arg;
	struct topics_parsed p;
	struct fleet_device *d;

	topics_parse(b->conf->prefix, topic, &p);
	if (p.kind == TOPICS_AVAILABILITY && retained)
		end_ghost(b, topic, p.device, payload);
	if (p.kind != TOPICS_COMMAND && p.kind != TOPICS_SET)
		return;
	d = find_device(b, p.device);
	if (retained)
		/* It would be done again with each connection. */
		log_warn(token, "%s: an order that is retained is not obeyed", topic);
	else if (!d)
		log_warn(token, "%s: there is no such UPS", topic);
	else if (p.kind == TOPICS_COMMAND)
		orders_command(b->orders, d, payload, len);
	else
		orders_set(b->orders, d, p.name, payload, len);
}

static const struct broker_ops broker_ops = {on_up, on_down, on_room, on_message};

static void on_order_done(void *arg, struct fleet_device *d, const struct order *o,
			  const char *error)
{
	struct bridge *b = arg;
	struct buffer json = {.data = NULL};

	payload_result(&json, o->command, o->name, o->value, error, time(NULL));
	publish(b, d, "result", buffer_string(&json), false);
	buffer_free(&json);
}

/* ----------------------------------------------------------------------------------- life */

static void configure(struct bridge *b)
{
	const struct mqtt_conf *c = b->conf;

	str_format(b->will_topic, sizeof(b->will_topic), "%s/status", c->prefix);
	b->config = (struct broker_config){.host = c->broker_host,
					   .port = mqtt_conf_port(c),
					   .client_id = c->client_id,
					   .user = c->user,
					   .password = b->password,
					   .tls = c->tls,
					   .ca_file = c->ca_file,
					   .cert_file = c->cert_file,
					   .key_file = c->key_file,
					   .keepalive_s = (int)c->keepalive_s,
					   .qos = (int)c->qos,
					   .will_topic = b->will_topic};
}

static bool begin(struct bridge *b, struct loop *l, struct resolver *r)
{
	configure(b);
	b->sites = sites_new(b->conf);
	if (!b->sites)
		return false;
	b->orders = orders_new(b->conf, on_order_done, b);
	b->broker = b->orders ? broker_new(l, r, &b->config, &broker_ops, b) : NULL;
	b->fleet = b->broker ? fleet_new(l, r, (unsigned)b->conf->poll_s * 1000, 0, &fleet_ops, b)
			     : NULL;
	if (b->fleet && sites_watch(b->sites, b->fleet))
		return true;
	log_error(token, "out of memory");
	return false;
}

struct bridge *bridge_new(struct loop *l, struct resolver *r, struct mqtt_conf *conf,
			  const char *password)
{
	struct bridge *b = calloc(1, sizeof(*b));

	if (!b) {
		mqtt_conf_free(conf);
		return NULL;
	}
	b->conf = conf;
	b->password = str_dup(password);
	if (begin(b, l, r))
		return b;
	bridge_free(b);
	return NULL;
}

void bridge_free(struct bridge *b)
{
	if (!b)
		return;
	for (size_t i = 0; b->fleet && i < fleet_count(b->fleet); i++) {
		struct entry *e = fleet_device_mark(fleet_at(b->fleet, i));

		if (!e)
			continue;
		state_unobserve(fleet_device_values(e->device), &e->seen);
		free(e);
	}
	if (b->broker)
		broker_publish(b->broker, b->will_topic, "offline", true);
	fleet_free(b->fleet);
	orders_free(b->orders);
	broker_free(b->broker);
	sites_free(b->sites);
	while (b->event_count > 0) {
		struct event *e = &b->events[b->first_event];

		free(e->topic);
		free(e->payload);
		b->first_event = (b->first_event + 1) % EVENTS_MAX;
		b->event_count--;
	}
	secret_free(&b->password);
	mqtt_conf_free(b->conf);
	free(b);
}
