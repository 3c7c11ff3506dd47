#include "config.h"

#include "clients/upsweb/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/status.h"

enum metrics_form metrics_form(const char *accept)
{
	return accept && strstr(accept, "application/openmetrics-text") ? METRICS_OPEN
									: METRICS_TEXT;
}

const char *metrics_type(enum metrics_form form)
{
	return form == METRICS_OPEN ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				    : "text/plain; version=0.0.4; charset=utf-8";
}

static const char prefix[] = "network_ups_tools_";

enum { FAMILIES_MAX = 1024, NAME_MAX_LEN = 128 };

/* A variable that some UPS has; all samples of a family stand together. */
struct family {
	char metric[NAME_MAX_LEN];
	const char *variable; /* of the first that had it */
};

static int by_metric(const void *a, const void *b)
{
	return strcmp(((const struct family *)a)->metric, ((const struct family *)b)->metric);
}

/* Dots and all else that a metric's name cannot have become underscores. */
static bool metric_name(const char *variable, char metric[NAME_MAX_LEN])
{
	size_t len = strlen(variable);

	if (len >= NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i <= len; i++) {
		char c = variable[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || !c;

		metric[i] = c;
		if (!plain)
			metric[i] = '_';
	}
	return len > 0;
}

/* A family of ours cannot be a variable's, too: whatever a device calls its variables, the whole
 * stays readable. */
static bool is_ours(const char *metric)
{
	static const char *const ours[] = {"ups_status", "condition", "device", "device_info"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_equal(metric, ours[i]))
			return true;
	return false;
}

static bool is_wanted(const struct fleet_device *d, const char *ups)
{
	return !ups || str_equal(ups, fleet_device_ups(d)) || str_equal(ups, fleet_device_id(d));
}

/* Text for a label: what would end it is escaped, and what is no UTF-8, for which the whole would
 * be refused, is shown as "?". */
static void append_label(struct buffer *b, const char *name, const char *value, bool first)
{
	buffer_appendf(b, "%s%s=\"", first ? "" : ",", name);
	while (*value) {
		size_t len = str_utf8_length(value);

		if (*value == '\n')
			buffer_append_str(b, "\\n");
		else if (*value == '"' || *value == '\\')
			buffer_appendf(b, "\\%c", *value);
		else if (len)
			buffer_append(b, value, len);
		else
			buffer_append_char(b, '?');
		value += len ? len : 1;
	}
	buffer_append_char(b, '"');
}

static void append_labels(struct buffer *b, const struct fleet_device *d)
{
	append_label(b, "ups", fleet_device_ups(d), true);
	append_label(b, "server", fleet_device_id(d) + strlen(fleet_device_ups(d)) + 1, false);
}

static void begin_any_family(struct buffer *b, const char *before, const char *metric,
			     const char *type, const char *help)
{
	buffer_appendf(b, "# TYPE %s%s %s\n", before, metric, type);
	if (!help || !*help)
		return;
	buffer_appendf(b, "# HELP %s%s ", before, metric);
	for (; *help; help++) {
		if (*help == '\\' || *help == '"')
			buffer_append_char(b, '\\');
		buffer_append_char(b, *help == '\n' ? ' ' : *help);
	}
	buffer_append_char(b, '\n');
}

static void begin_family(struct buffer *b, const char *metric, const char *type, const char *help)
{
	begin_any_family(b, prefix, metric, type, help);
}

/* --------------------------------------------------------------------- numbers */

/* The names of all numbers of all UPSes, sorted, each once; the count. */
static size_t collect(const struct fleet *f, const char *ups, struct family *all)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct fleet_device *d = fleet_at(f, i);
		const struct state *s = fleet_device_values(d);
		double n;

		if (!is_wanted(d, ups) || fleet_device_condition(d) != FLEET_OK)
			continue;
		for (size_t v = 0; v < state_count(s) && count < FAMILIES_MAX; v++) {
			const struct state_var *var = state_at(s, v);
			struct family *at = &all[count];

			if (!str_to_double(state_var_value(var), &n) ||
			    !metric_name(state_var_name(var), at->metric) || is_ours(at->metric))
				continue;
			at->variable = state_var_name(var);
			if (!bsearch(at, all, kept, sizeof(*all), by_metric))
				count++;
		}
		qsort(all, count, sizeof(*all), by_metric);
		for (size_t k = kept = count ? 1 : 0; k < count; k++)
			if (by_metric(&all[k], &all[kept - 1]) != 0)
				all[kept++] = all[k];
		count = kept;
	}
	return count;
}

static void write_family(const struct fleet *f, const struct names *names, const char *ups,
			 const struct family *family, struct buffer *out)
{
	begin_family(out, family->metric, "gauge", names_variable(names, family->variable));
	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct fleet_device *d = fleet_at(f, i);
		const char *value = is_wanted(d, ups) && fleet_device_condition(d) == FLEET_OK
					    ? state_get(fleet_device_values(d), family->variable)
					    : NULL;
		double n;

		if (!value || !str_to_double(value, &n))
			continue;
		buffer_appendf(out, "%s%s{", prefix, family->metric);
		append_labels(out, d);
		buffer_appendf(out, "} %.10g\n", n);
	}
}

/* ---------------------------------------------------------------------- states */

static void write_flags(const struct fleet *f, const char *ups, const char *metric,
			const char *label, struct buffer *out)
{
	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct fleet_device *d = fleet_at(f, i);
		const char *text = state_get(fleet_device_values(d), "ups.status");
		uint32_t bits = text ? status_parse(text, NULL) : 0;

		if (!is_wanted(d, ups) || fleet_device_condition(d) != FLEET_OK || !text)
			continue;
		for (uint32_t bit = 1; bit && status_word((enum status_bit)bit); bit <<= 1) {
			buffer_appendf(out, "%s{", metric);
			append_labels(out, d);
			append_label(out, label, status_word((enum status_bit)bit), false);
			buffer_appendf(out, "} %d\n", (bits & bit) != 0);
		}
	}
}

/* Twice: with the label that dashboards know, and as a state set, whose label OpenMetrics names. */
static void write_status(const struct fleet *f, const char *ups, enum metrics_form form,
			 struct buffer *out)
{
	static const char own[] = "upsweb_ups_status", known[] = "network_ups_tools_ups_status";

	begin_family(out, "ups_status", "gauge", "1 for each word that ups.status has");
	write_flags(f, ups, known, "flag", out);
	begin_any_family(out, "", own, form == METRICS_OPEN ? "stateset" : "gauge",
			 "The words of ups.status");
	write_flags(f, ups, own, own, out);
}

static void write_condition(const struct fleet *f, const char *ups, struct buffer *out)
{
	begin_family(out, "condition", "gauge", "1 for the state of the link to the UPS");
	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct fleet_device *d = fleet_at(f, i);

		for (int c = 0; is_wanted(d, ups) && c < FLEET_CONDITION_COUNT; c++) {
			buffer_appendf(out, "%scondition{", prefix);
			append_labels(out, d);
			append_label(out, "condition",
				     fleet_condition_word((enum fleet_condition)c), false);
			buffer_appendf(out, "} %d\n",
				       fleet_device_condition(d) == (enum fleet_condition)c);
		}
	}
}

/* OpenMetrics names an info family without the end of its samples' names. */
static void write_info(const struct fleet *f, const char *ups, enum metrics_form form,
		       struct buffer *out)
{
	static const char *const parts[] = {"mfr",      "model",       "serial",
					    "type",     "description", "contact",
					    "location", "part",        "macaddr"};

	begin_family(out, form == METRICS_OPEN ? "device" : "device_info",
		     form == METRICS_OPEN ? "info" : "gauge", "What the UPS tells of itself");
	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct fleet_device *d = fleet_at(f, i);

		if (!is_wanted(d, ups) || fleet_device_condition(d) != FLEET_OK)
			continue;
		buffer_appendf(out, "%sdevice_info{", prefix);
		append_labels(out, d);
		for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
			char name[64];
			const char *value;

			str_format(name, sizeof(name), "device.%s", parts[p]);
			value = state_get(fleet_device_values(d), name);
			if (value && *value)
				append_label(out, parts[p], value, false);
		}
		buffer_append_str(out, "} 1\n");
	}
}

/* ------------------------------------------- names of prometheus-nut-exporter */

static const struct common {
	const char *metric, *variable, *help;
	double factor;
} commons[] = {
	{"battery_charge", "battery.charge", "Charge of the battery, 0 to 1", 0.01},
	{"battery_charge_low", "battery.charge.low", "Charge that counts as low, 0 to 1", 0.01},
	{"battery_runtime_seconds", "battery.runtime", "Time left on battery", 1},
	{"battery_runtime_low_seconds", "battery.runtime.low", "Time left that counts as low", 1},
	{"battery_voltage_volts", "battery.voltage", "Voltage of the battery", 1},
	{"battery_temperature_celsius", "battery.temperature", "Temperature of the battery", 1},
	{"load", "ups.load", "Load, 0 to 1 of what it can bear", 0.01},
	{"temperature_celsius", "ups.temperature", "Temperature of the UPS", 1},
	{"input_voltage_volts", "input.voltage", "Voltage of the mains", 1},
	{"input_voltage_nominal_volts", "input.voltage.nominal", "Nominal voltage of the mains", 1},
	{"input_transfer_low_volts", "input.transfer.low", "Below it the battery serves", 1},
	{"input_transfer_high_volts", "input.transfer.high", "Above it the battery serves", 1},
	{"input_current_amperes", "input.current", "Current of the mains", 1},
	{"input_frequency_hertz", "input.frequency", "Frequency of the mains", 1},
	{"output_voltage_volts", "output.voltage", "Voltage of the output", 1},
	{"output_current_amperes", "output.current", "Current of the output", 1},
	{"output_frequency_hertz", "output.frequency", "Frequency of the output", 1},
	{"power_watts", "ups.power", "Apparent power, in VA whatever its name says", 1},
	{"real_power_watts", "ups.realpower", "Real power", 1},
	{"real_power_nominal_watts", "ups.realpower.nominal", "Nominal real power", 1},
};

static void write_common(const struct fleet *f, const char *ups, const struct common *row,
			 struct buffer *out)
{
	bool begun = false;

	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct fleet_device *d = fleet_at(f, i);
		const char *value = is_wanted(d, ups) && fleet_device_condition(d) == FLEET_OK
					    ? state_get(fleet_device_values(d), row->variable)
					    : NULL;
		double n;

		if (!value || !str_to_double(value, &n))
			continue;
		if (!begun)
			begin_any_family(out, "nut_", row->metric, "gauge", row->help);
		begun = true;
		buffer_appendf(out, "nut_%s{", row->metric);
		append_labels(out, d);
		buffer_appendf(out, "} %.10g\n", n * row->factor);
	}
}

/* As that exporter counts: 0 unknown, 1 on line, 2 on battery, 3 the battery is low as well. */
static int status_number(const struct fleet_device *d)
{
	const char *text = state_get(fleet_device_values(d), "ups.status");
	uint32_t bits =
		text && fleet_device_condition(d) == FLEET_OK ? status_parse(text, NULL) : 0;

	if (bits & STATUS_LB)
		return 3;
	if (bits & STATUS_OB)
		return 2;
	return (bits & STATUS_OL) != 0;
}

static void write_commons(const struct fleet *f, const char *ups, struct buffer *out)
{
	begin_any_family(out, "nut_", "status", "gauge",
			 "0 unknown, 1 on line, 2 on battery, 3 and that is low");
	for (size_t i = 0; i < fleet_count(f); i++) {
		if (!is_wanted(fleet_at(f, i), ups))
			continue;
		buffer_append_str(out, "nut_status{");
		append_labels(out, fleet_at(f, i));
		buffer_appendf(out, "} %d\n", status_number(fleet_at(f, i)));
	}
	for (size_t i = 0; i < sizeof(commons) / sizeof(commons[0]); i++)
		write_common(f, ups, &commons[i], out);
}

void metrics_write(const struct fleet *f, const struct names *names, const char *ups,
		   enum metrics_form form, struct buffer *out)
{
	struct family *all = calloc(FAMILIES_MAX + 1, sizeof(*all));
	size_t count = all ? collect(f, ups, all) : 0;

	for (size_t i = 0; i < count; i++)
		write_family(f, names, ups, &all[i], out);
	free(all);
	write_status(f, ups, form, out);
	write_condition(f, ups, out);
	write_info(f, ups, form, out);
	write_commons(f, ups, out);
	if (form == METRICS_OPEN)
		buffer_append_str(out, "# EOF\n");
}
