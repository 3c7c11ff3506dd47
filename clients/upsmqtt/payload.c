#include "config.h"

#include "clients/upsmqtt/payload.h"

#include "common/base/json.h"

void payload_member(struct buffer *b, const char *name, const char *text)
{
	json_append_string(b, name);
	buffer_append_char(b, ':');
	json_append_string(b, text);
	buffer_append_char(b, ',');
}

void payload_number(struct buffer *b, const char *name, long long number)
{
	json_append_string(b, name);
	buffer_appendf(b, ":%lld,", number);
}

void payload_close(struct buffer *b, char with)
{
	if (b->len > 0 && b->data[b->len - 1] == ',')
		b->len--;
	buffer_append_char(b, with);
}

void payload_state(struct buffer *b, const struct fleet_device *d,
		   const struct mqtt_patterns *which, time_t now)
{
	const struct state *values = fleet_device_values(d);

	buffer_append_char(b, '{');
	payload_member(b, "ups", fleet_device_id(d));
	payload_member(b, "text", fleet_device_text(d));
	payload_number(b, "time", (long long)now);
	payload_member(b, "condition", fleet_condition_word(fleet_device_condition(d)));
	payload_member(b, "why", fleet_device_why(d));
	buffer_append_str(b, "\"vars\":{");
	for (size_t i = 0; i < state_count(values); i++) {
		const struct state_var *v = state_at(values, i);

		if (which->count == 0 || mqtt_patterns_match(which, state_var_name(v)))
			payload_member(b, state_var_name(v), state_var_value(v));
	}
	payload_close(b, '}');
	payload_close(b, '}');
}

void payload_event(struct buffer *b, const struct fleet_device *d, const char *event, time_t now)
{
	static const char *const with[] = {"ups.status", "ups.alarm", "battery.charge",
					   "battery.runtime", NULL};
	const struct state *values = fleet_device_values(d);

	buffer_append_char(b, '{');
	payload_member(b, "event", event);
	payload_member(b, "ups", fleet_device_id(d));
	payload_number(b, "time", (long long)now);
	payload_member(b, "condition", fleet_condition_word(fleet_device_condition(d)));
	for (size_t i = 0; with[i]; i++) {
		const char *value = state_get(values, with[i]);

		if (value)
			payload_member(b, with[i], value);
	}
	payload_close(b, '}');
}

void payload_result(struct buffer *b, const char *command, const char *name, const char *value,
		    const char *error, time_t now)
{
	buffer_append_char(b, '{');
	payload_member(b, "command", command);
	if (name)
		payload_member(b, "name", name);
	if (value)
		payload_member(b, "value", value);
	payload_member(b, "result", error ? "error" : "ok");
	if (error)
		payload_member(b, "error", error);
	payload_number(b, "time", (long long)now);
	payload_close(b, '}');
}
