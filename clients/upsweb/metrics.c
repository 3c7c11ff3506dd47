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

/* A UPS that is told of; its labels are written many times. */
struct row {
	const struct fleet_device *device;
	const struct state *values;
	char *labels; /* ups="...",server="..." */
	size_t labels_len;
	bool fresh; /* its values are those of now */
};

struct scrape {
	struct row *rows;
	size_t count;
	const struct names *names;
	enum metrics_form form;
	struct buffer *out;
};

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

/* The start of a sample, up to its labels; more of them may follow. */
static void begin_sample(const struct scrape *s, const struct row *r, const char *before,
			 const char *metric)
{
	buffer_append_str(s->out, before);
	buffer_append_str(s->out, metric);
	buffer_append_char(s->out, '{');
	buffer_append(s->out, r->labels, r->labels_len);
}

/* ...and its end. The text is a number (str_to_double). */
static void end_sample(const struct scrape *s, const char *number)
{
	buffer_append(s->out, "} ", 2);
	buffer_append_str(s->out, number);
	buffer_append_char(s->out, '\n');
}

static void end_flag(const struct scrape *s, bool set)
{
	end_sample(s, set ? "1" : "0");
}

/* ------------------------------------------------------------------------ rows */

static bool is_wanted(const struct fleet_device *d, const char *ups)
{
	return !ups || str_equal(ups, fleet_device_ups(d)) || str_equal(ups, fleet_device_id(d));
}

static bool make_row(struct row *r, const struct fleet_device *d)
{
	struct buffer labels = {0};

	append_label(&labels, "ups", fleet_device_ups(d), true);
	append_label(&labels, "server", fleet_device_id(d) + strlen(fleet_device_ups(d)) + 1,
		     false);
	*r = (struct row){.device = d,
			  .values = fleet_device_values(d),
			  .labels = labels.data,
			  .labels_len = labels.len,
			  .fresh = fleet_device_condition(d) == FLEET_OK};
	if (!labels.failed)
		return true;
	buffer_free(&labels);
	return false;
}

static void free_rows(struct scrape *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->rows[i].labels);
	free(s->rows);
}

static bool make_rows(struct scrape *s, const struct fleet *f, const char *ups)
{
	s->rows = calloc(fleet_count(f) + 1, sizeof(*s->rows));
	for (size_t i = 0; s->rows && i < fleet_count(f); i++)
		if (is_wanted(fleet_at(f, i), ups)) {
			if (!make_row(&s->rows[s->count], fleet_at(f, i)))
				return false;
			s->count++;
		}
	return s->rows != NULL;
}

/* A number of now, as the server has it, or NULL. */
static const char *number_of(const struct row *r, const char *variable, double *n)
{
	const char *value = r->fresh ? state_get(r->values, variable) : NULL;

	return value && str_to_double(value, n) ? value : NULL;
}

/* --------------------------------------------------------------------- numbers */

/* The numbers of one more UPS, behind those that are there; the new count. */
static size_t collect_one(const struct row *r, struct family *all, size_t kept)
{
	size_t count = kept;
	double n;

	for (size_t v = 0; v < state_count(r->values) && count < FAMILIES_MAX; v++) {
		const struct state_var *var = state_at(r->values, v);
		struct family *at = &all[count];

		if (!str_to_double(state_var_value(var), &n) ||
		    !metric_name(state_var_name(var), at->metric) || is_ours(at->metric))
			continue;
		at->variable = state_var_name(var);
		if (!bsearch(at, all, kept, sizeof(*all), by_metric))
			count++;
	}
	return count;
}

/* The names of all numbers of all UPSes, sorted, each once; the count. */
static size_t collect(const struct scrape *s, struct family *all)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		size_t count = s->rows[i].fresh ? collect_one(&s->rows[i], all, kept) : kept;

		if (count == kept)
			continue;
		qsort(all, count, sizeof(*all), by_metric);
		kept = 1;
		for (size_t k = 1; k < count; k++)
			if (by_metric(&all[k], &all[kept - 1]) != 0)
				all[kept++] = all[k];
	}
	return kept;
}

static void write_numbers(const struct scrape *s)
{
	struct family *all = calloc(FAMILIES_MAX + 1, sizeof(*all));
	size_t count = all ? collect(s, all) : 0;

	for (size_t k = 0; k < count; k++) {
		begin_family(s->out, all[k].metric, "gauge",
			     names_variable(s->names, all[k].variable));
		for (size_t i = 0; i < s->count; i++) {
			double n;
			const char *value = number_of(&s->rows[i], all[k].variable, &n);

			if (!value)
				continue;
			begin_sample(s, &s->rows[i], prefix, all[k].metric);
			end_sample(s, value);
		}
	}
	free(all);
}

/* ---------------------------------------------------------------------- states */

/* The words of ups.status; 0 when it is not known now. */
static uint32_t status_of(const struct row *r)
{
	const char *text = r->fresh ? state_get(r->values, "ups.status") : NULL;

	return text ? status_parse(text, NULL) : 0;
}

static void write_flags(const struct scrape *s, const char *metric, const char *label)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct row *r = &s->rows[i];
		uint32_t bits = status_of(r);

		if (!r->fresh || !state_get(r->values, "ups.status"))
			continue;
		for (uint32_t bit = 1; bit && status_word((enum status_bit)bit); bit <<= 1) {
			begin_sample(s, r, "", metric);
			append_label(s->out, label, status_word((enum status_bit)bit), false);
			end_flag(s, bits & bit);
		}
	}
}

/* Twice: with the label that dashboards know, and as a state set, whose label OpenMetrics names. */
static void write_status(const struct scrape *s)
{
	static const char own[] = "upsweb_ups_status", known[] = "network_ups_tools_ups_status";

	begin_family(s->out, "ups_status", "gauge", "1 for each word that ups.status has");
	write_flags(s, known, "flag");
	begin_any_family(s->out, "", own, s->form == METRICS_OPEN ? "stateset" : "gauge",
			 "The words of ups.status");
	write_flags(s, own, own);
}

static void write_condition(const struct scrape *s)
{
	begin_family(s->out, "condition", "gauge", "1 for the state of the link to the UPS");
	for (size_t i = 0; i < s->count; i++) {
		const struct row *r = &s->rows[i];

		for (int c = 0; c < FLEET_CONDITION_COUNT; c++) {
			begin_sample(s, r, prefix, "condition");
			append_label(s->out, "condition",
				     fleet_condition_word((enum fleet_condition)c), false);
			end_flag(s, fleet_device_condition(r->device) == (enum fleet_condition)c);
		}
	}
}

/* OpenMetrics names an info family without the end of its samples' names. */
static void write_info(const struct scrape *s)
{
	static const char *const parts[][2] = {
		{"mfr", "device.mfr"},
		{"model", "device.model"},
		{"serial", "device.serial"},
		{"type", "device.type"},
		{"description", "device.description"},
		{"contact", "device.contact"},
		{"location", "device.location"},
		{"part", "device.part"},
		{"macaddr", "device.macaddr"},
	};

	begin_family(s->out, s->form == METRICS_OPEN ? "device" : "device_info",
		     s->form == METRICS_OPEN ? "info" : "gauge", "What the UPS tells of itself");
	for (size_t i = 0; i < s->count; i++) {
		const struct row *r = &s->rows[i];

		if (!r->fresh)
			continue;
		begin_sample(s, r, prefix, "device_info");
		for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
			const char *value = state_get(r->values, parts[p][1]);

			if (value && *value)
				append_label(s->out, parts[p][0], value, false);
		}
		end_flag(s, true);
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

static void write_common(const struct scrape *s, const struct common *row)
{
	bool begun = false;

	for (size_t i = 0; i < s->count; i++) {
		char scaled[40];
		double n;
		const char *value = number_of(&s->rows[i], row->variable, &n);

		if (!value)
			continue;
		if (!begun)
			begin_any_family(s->out, "nut_", row->metric, "gauge", row->help);
		begun = true;
		str_format(scaled, sizeof(scaled), "%.10g", n * row->factor);
		begin_sample(s, &s->rows[i], "nut_", row->metric);
		end_sample(s, row->factor == 1 ? value : scaled);
	}
}

/* As that exporter counts: 0 unknown, 1 on line, 2 on battery, 3 the battery is low as well. */
static const char *status_number(const struct row *r)
{
	uint32_t bits = status_of(r);

	if (bits & STATUS_LB)
		return "3";
	if (bits & STATUS_OB)
		return "2";
	return bits & STATUS_OL ? "1" : "0";
}

static void write_commons(const struct scrape *s)
{
	begin_any_family(s->out, "nut_", "status", "gauge",
			 "0 unknown, 1 on line, 2 on battery, 3 and that is low");
	for (size_t i = 0; i < s->count; i++) {
		begin_sample(s, &s->rows[i], "nut_", "status");
		end_sample(s, status_number(&s->rows[i]));
	}
	for (size_t i = 0; i < sizeof(commons) / sizeof(commons[0]); i++)
		write_common(s, &commons[i]);
}

void metrics_write(const struct fleet *f, const struct names *names, const char *ups,
		   enum metrics_form form, struct buffer *out)
{
	struct scrape s = {.names = names, .form = form, .out = out};

	if (make_rows(&s, f, ups)) {
		write_numbers(&s);
		write_status(&s);
		write_condition(&s);
		write_info(&s);
		write_commons(&s);
	}
	if (form == METRICS_OPEN)
		buffer_append_str(out, "# EOF\n");
	free_rows(&s);
}
