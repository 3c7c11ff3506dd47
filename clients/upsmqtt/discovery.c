#include "config.h"

#include "clients/upsmqtt/discovery.h"

#include <string.h>

#include "clients/upsmqtt/payload.h"
#include "clients/upsmqtt/topics.h"
#include "common/base/json.h"
#include "common/base/str.h"

static const char status[] = "ups.status";

/* What Home Assistant calls classes and units: its own documentation of sensors. */
static const struct entity {
	const char *variable;
	const char *word; /* of ups.status: the entity says whether it is there; else NULL */
	const char *name, *unit, *class;
	bool measured, diagnostic;
} entities[] = {
	{status, NULL, "Status", NULL, NULL, false, false},
	{status, "OL", "On mains", NULL, "power", false, false},
	{status, "OB", "On battery", NULL, NULL, false, false},
	{status, "LB", "Low battery", NULL, "battery", false, false},
	{status, "RB", "Replace battery", NULL, "problem", false, false},
	{status, "OVER", "Overload", NULL, "problem", false, false},
	{status, "FSD", "Forced shutdown", NULL, "problem", false, false},
	{status, "CHRG", "Charging", NULL, "battery_charging", false, false},
	{status, "BYPASS", "Bypass", NULL, NULL, false, true},
	{"ups.alarm", NULL, "Alarm", NULL, NULL, false, false},
	{"battery.charge", NULL, "Battery charge", "%", "battery", true, false},
	{"battery.runtime", NULL, "Battery runtime", "s", "duration", true, false},
	{"battery.voltage", NULL, "Battery voltage", "V", "voltage", true, true},
	{"battery.temperature", NULL, "Battery temperature", "°C", "temperature", true, true},
	{"ups.load", NULL, "Load", "%", NULL, true, false},
	{"ups.realpower", NULL, "Power", "W", "power", true, false},
	{"ups.power", NULL, "Apparent power", "VA", "apparent_power", true, true},
	{"ups.temperature", NULL, "Temperature", "°C", "temperature", true, true},
	{"input.voltage", NULL, "Input voltage", "V", "voltage", true, false},
	{"input.frequency", NULL, "Input frequency", "Hz", "frequency", true, true},
	{"input.current", NULL, "Input current", "A", "current", true, true},
	{"output.voltage", NULL, "Output voltage", "V", "voltage", true, false},
	{"output.frequency", NULL, "Output frequency", "Hz", "frequency", true, true},
	{"output.current", NULL, "Output current", "A", "current", true, true},
	{"ambient.temperature", NULL, "Ambient temperature", "°C", "temperature", true, false},
	{"ambient.humidity", NULL, "Ambient humidity", "%", "humidity", true, false},
	{"input.transfer.reason", NULL, "Last transfer", NULL, NULL, false, true},
	{"ups.test.result", NULL, "Self test", NULL, NULL, false, true},
};

enum { ENTITIES = sizeof(entities) / sizeof(entities[0]) };

_Static_assert(ENTITIES < 64, "the bridge keeps a bit for each");

size_t discovery_count(const struct mqtt_conf *conf)
{
	return ENTITIES + conf->commands.count;
}

static const char *command_of(const struct mqtt_conf *conf, size_t i)
{
	return i < ENTITIES ? NULL : conf->commands.list[i - ENTITIES];
}

bool discovery_has(const struct mqtt_conf *conf, const struct fleet_device *d, size_t i)
{
	const char *command = command_of(conf, i);

	if (command)
		return !strchr(command, '*');
	return state_get(fleet_device_values(d), entities[i].variable) != NULL &&
	       (conf->variables.count == 0 ||
		mqtt_patterns_match(&conf->variables, entities[i].variable));
}

/* What Home Assistant takes as a name: letters, digits, _ and -. */
static void make_id(char *text)
{
	for (char *p = text; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		      (*p >= '0' && *p <= '9') || *p == '-'))
			*p = '_';
}

static bool node_of(const struct mqtt_conf *conf, const struct fleet_device *d, char *dst,
		    size_t size)
{
	bool fits = str_format(dst, size, "%s_%s", conf->prefix, fleet_device_id(d));

	make_id(dst);
	return fits;
}

static void object_of(const struct mqtt_conf *conf, size_t i, char *dst, size_t size)
{
	const char *command = command_of(conf, i);

	if (command)
		str_format(dst, size, "command_%s", command);
	else
		str_format(dst, size, "%s%s%s", entities[i].variable, entities[i].word ? "_" : "",
			   entities[i].word ? entities[i].word : "");
	make_id(dst);
}

static const char *component_of(const struct mqtt_conf *conf, size_t i)
{
	if (command_of(conf, i))
		return "button";
	return entities[i].word ? "binary_sensor" : "sensor";
}

bool discovery_topic(const struct mqtt_conf *conf, const struct fleet_device *d, size_t i,
		     char *dst, size_t size)
{
	char node[TOPIC_MAX], object[320];

	object_of(conf, i, object, sizeof(object));
	return node_of(conf, d, node, sizeof(node)) &&
	       str_format(dst, size, "%s/%s/%s/%s/config", conf->discovery, component_of(conf, i),
			  node, object);
}

/* ------------------------------------------------------------------------------ payload */

/* The one that is known of these two. */
static void add_known(struct buffer *b, const struct fleet_device *d, const char *name,
		      const char *variable, const char *other)
{
	const char *value = state_get(fleet_device_values(d), variable);

	if (!value)
		value = state_get(fleet_device_values(d), other);
	if (value && value[0])
		payload_member(b, name, value);
}

static void add_device(struct buffer *b, const struct fleet_device *d, const char *node)
{
	const char *text = fleet_device_text(d);

	buffer_append_str(b, "\"device\":{\"identifiers\":[");
	json_append_string(b, node);
	buffer_append_str(b, "],");
	payload_member(b, "name", text[0] ? text : fleet_device_id(d));
	add_known(b, d, "manufacturer", "device.mfr", "ups.mfr");
	add_known(b, d, "model", "device.model", "ups.model");
	add_known(b, d, "serial_number", "device.serial", "ups.serial");
	add_known(b, d, "sw_version", "ups.firmware", "ups.firmware.aux");
	payload_close(b, '}');
	buffer_append_char(b, ',');
}

static bool add_topic(struct buffer *b, const struct mqtt_conf *conf, const struct fleet_device *d,
		      const char *name, const char *rest)
{
	char topic[TOPIC_MAX];

	if (!topics_make(topic, sizeof(topic), conf->prefix, fleet_device_id(d), rest))
		return false;
	payload_member(b, name, topic);
	return true;
}

/* Both upsmqtt and the UPS have to be there. */
static bool add_availability(struct buffer *b, const struct mqtt_conf *conf,
			     const struct fleet_device *d)
{
	char topic[TOPIC_MAX];
	bool fits = str_format(topic, sizeof(topic), "%s/status", conf->prefix);

	buffer_append_str(b, "\"availability\":[{");
	payload_member(b, "topic", topic);
	payload_close(b, '}');
	buffer_append_str(b, ",{");
	fits = add_topic(b, conf, d, "topic", "availability") && fits;
	payload_close(b, '}');
	buffer_append_str(b, "],");
	payload_member(b, "availability_mode", "all");
	return fits;
}

static void add_template(struct buffer *b, const struct entity *e)
{
	char text[128];

	str_format(text, sizeof(text), "{{ 'ON' if '%s' in value.split() else 'OFF' }}", e->word);
	payload_member(b, "value_template", text);
}

static bool add_sensor(struct buffer *b, const struct mqtt_conf *conf, const struct fleet_device *d,
		       const struct entity *e)
{
	char rest[128];

	str_format(rest, sizeof(rest), "var/%s", e->variable);
	payload_member(b, "name", e->name);
	if (e->unit)
		payload_member(b, "unit_of_measurement", e->unit);
	if (e->class)
		payload_member(b, "device_class", e->class);
	if (e->measured)
		payload_member(b, "state_class", "measurement");
	if (e->diagnostic)
		payload_member(b, "entity_category", "diagnostic");
	if (e->word)
		add_template(b, e);
	return add_topic(b, conf, d, "state_topic", rest);
}

static bool add_button(struct buffer *b, const struct mqtt_conf *conf, const struct fleet_device *d,
		       const char *command)
{
	payload_member(b, "name", command);
	payload_member(b, "payload_press", command);
	payload_member(b, "entity_category", "config");
	return add_topic(b, conf, d, "command_topic", "command");
}

bool discovery_payload(const struct mqtt_conf *conf, const struct fleet_device *d, size_t i,
		       struct buffer *b)
{
	const char *command = command_of(conf, i);
	char node[TOPIC_MAX], object[320], id[TOPIC_MAX + 330];

	if (!node_of(conf, d, node, sizeof(node)))
		return false;
	object_of(conf, i, object, sizeof(object));
	str_format(id, sizeof(id), "%s_%s", node, object);
	buffer_append_char(b, '{');
	payload_member(b, "unique_id", id);
	if (!(command ? add_button(b, conf, d, command) : add_sensor(b, conf, d, &entities[i])) ||
	    !add_availability(b, conf, d))
		return false;
	add_device(b, d, node);
	payload_close(b, '}');
	return !b->failed;
}
