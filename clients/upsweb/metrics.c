#include "config.h"

#include "clients/upsweb/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/status.h"

const char metrics_type[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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

static bool is_wanted(const struct fleet_device *d, const char *ups)
{
	return !ups || str_equal(ups, fleet_device_ups(d)) || str_equal(ups, fleet_device_id(d));
}

/* Text for a label: what would end it is escaped. */
static void append_label(struct buffer *b, const char *name, const char *value, bool first)
{
	buffer_appendf(b, "%s%s=\"", first ? "" : ",", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buffer_append_char(b, '\\');
		if (*value == '\n')
			buffer_append_str(b, "\\n");
		else if ((unsigned char)*value < 0x80 || str_utf8_length(value))
			buffer_append_char(b, *value);
		else if (((unsigned char)*value & 0xc0) == 0x80)
			buffer_append_char(b, *value);
		else
			buffer_append_char(b, '?');
	}
	buffer_append_char(b, '"');
}

static void append_labels(struct buffer *b, const struct fleet_device *d)
{
	append_label(b, "ups", fleet_device_ups(d), true);
	append_label(b, "server", fleet_device_id(d) + strlen(fleet_device_ups(d)) + 1, false);
}

static void begin_family(struct buffer *b, const char *metric, const char *type, const char *help)
{
	buffer_appendf(b, "# TYPE %s%s %s\n", prefix, metric, type);
	if (!help || !*help)
		return;
	buffer_appendf(b, "# HELP %s%s ", prefix, metric);
	for (; *help; help++) {
		if (*help == '\\' || *help == '"')
			buffer_append_char(b, '\\');
		buffer_append_char(b, *help == '\n' ? ' ' : *help);
	}
	buffer_append_char(b, '\n');
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
			    !metric_name(state_var_name(var), at->metric))
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

static void write_status(const struct fleet *f, const char *ups, struct buffer *out)
{
	begin_family(out, "ups_status", "gauge", "1 for each word that ups.status has");
	for (size_t i = 0; i < fleet_count(f); i++) {
		const struct fleet_device *d = fleet_at(f, i);
		const char *text = state_get(fleet_device_values(d), "ups.status");
		uint32_t bits = text ? status_parse(text, NULL) : 0;

		if (!is_wanted(d, ups) || fleet_device_condition(d) != FLEET_OK || !text)
			continue;
		for (uint32_t bit = 1; bit && status_word((enum status_bit)bit); bit <<= 1) {
			buffer_appendf(out, "%sups_status{", prefix);
			append_labels(out, d);
			append_label(out, "flag", status_word((enum status_bit)bit), false);
			buffer_appendf(out, "} %d\n", (bits & bit) != 0);
		}
	}
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

static void write_info(const struct fleet *f, const char *ups, struct buffer *out)
{
	static const char *const parts[] = {"mfr",      "model",       "serial",
					    "type",     "description", "contact",
					    "location", "part",        "macaddr"};

	begin_family(out, "device", "info", "What the UPS tells of itself");
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

void metrics_write(const struct fleet *f, const struct names *names, const char *ups,
		   struct buffer *out)
{
	struct family *all = calloc(FAMILIES_MAX + 1, sizeof(*all));
	size_t count = all ? collect(f, ups, all) : 0;

	for (size_t i = 0; i < count; i++)
		write_family(f, names, ups, &all[i], out);
	free(all);
	write_status(f, ups, out);
	write_condition(f, ups, out);
	write_info(f, ups, out);
	buffer_append_str(out, "# EOF\n");
}
