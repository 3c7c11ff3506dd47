#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/usbhid/explore.h"

static const char *const type_names[HID_TYPES] = {"", "input", "output", "feature"};

static void print_bytes(FILE *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(out, " %02x", bytes[i]);
	fputc('\n', out);
}

/* The reports in the form that the simulator plays (tests/sim/usb). */
static enum hid_result print_reports(FILE *out, const struct hid_desc *d,
				     struct hid_reports *reports)
{
	const uint8_t *bytes = NULL;
	size_t len;

	for (unsigned i = 0; i < 256; i++) {
		enum hid_result r;

		if (!d->bits[HID_FEATURE][i])
			continue;
		r = hid_reports_bytes(reports, HID_FEATURE, (uint8_t)i, 0, 0, &bytes, &len);
		if (r == HID_GONE)
			return r;
		fprintf(out, "%sreport feature %02x:", r == HID_OK ? "" : "# not given: ", i);
		print_bytes(out, bytes, r == HID_OK ? len : 0);
	}
	return HID_OK;
}

static enum hid_result print_field(FILE *out, struct hid_reports *reports,
				   const struct hid_usages *usages, const struct hid_field *f)
{
	char path[HID_MAX_PATH_TEXT];
	enum hid_result r = HID_NONE;
	double v;

	hid_path_format(usages, f->path, f->depth, path, sizeof(path));
	if (f->type == HID_FEATURE)
		r = hid_reports_value(reports, f, 0, &v);
	fprintf(out, "# %s %s report %02x bits %" PRIu32 "+%" PRIu32, path, type_names[f->type],
		f->report, f->bit, f->bits);
	fprintf(out, " range %" PRId64 "..%" PRId64 " unit %08" PRIx32 " exponent %d",
		f->logical_min, f->logical_max, f->unit, f->exponent);
	if (r == HID_OK)
		fprintf(out, " value %.10g\n", v);
	else
		fputs(r == HID_REFUSED ? " refused\n" : "\n", out);
	return r;
}

/* What a field's last usage most likely is. */
static const struct {
	const char *end, *line;
} guesses[] = {
	{"PowerSummary.RemainingCapacity", "VAR %s battery.charge format(%%.0f)"},
	{"PowerSummary.RunTimeToEmpty", "VAR %s battery.runtime format(%%.0f)"},
	{"PowerSummary.RemainingCapacityLimit", "VAR %s battery.charge.low format(%%.0f) slow"},
	{"PowerSummary.WarningCapacityLimit", "VAR %s battery.charge.warning format(%%.0f) slow"},
	{"PowerSummary.RemainingTimeLimit", "VAR %s battery.runtime.low format(%%.0f) slow"},
	{"PowerSummary.Voltage", "VAR %s battery.voltage format(%%.1f)"},
	{"PowerSummary.ConfigVoltage", "VAR %s battery.voltage.nominal format(%%.1f) static"},
	{"PowerSummary.iDeviceChemistry", "VAR %s battery.type string static"},
	{"Battery.Temperature", "VAR %s battery.temperature kelvin format(%%.1f)"},
	{"Input.Voltage", "VAR %s input.voltage format(%%.1f)"},
	{"Input.ConfigVoltage", "VAR %s input.voltage.nominal format(%%.0f) static"},
	{"Input.Frequency", "VAR %s input.frequency format(%%.1f)"},
	{"Input.LowVoltageTransfer", "VAR %s input.transfer.low format(%%.0f) slow"},
	{"Input.HighVoltageTransfer", "VAR %s input.transfer.high format(%%.0f) slow"},
	{"Output.Voltage", "VAR %s output.voltage format(%%.1f)"},
	{"Output.Frequency", "VAR %s output.frequency format(%%.1f)"},
	{"PercentLoad", "VAR %s ups.load format(%%.0f)"},
	{"ConfigActivePower", "VAR %s ups.realpower.nominal format(%%.0f) static"},
	{"ConfigApparentPower", "VAR %s ups.power.nominal format(%%.0f) static"},
	{"PresentStatus.ACPresent", "STATUS %s online quick"},
	{"PresentStatus.Discharging", "STATUS %s dischrg quick"},
	{"PresentStatus.Charging", "STATUS %s chrg quick"},
	{"PresentStatus.BelowRemainingCapacityLimit", "STATUS %s lowbatt quick"},
	{"PresentStatus.RemainingTimeLimitExpired", "STATUS %s timelimitexpired quick"},
	{"PresentStatus.ShutdownImminent", "STATUS %s shutdownimm quick"},
	{"PresentStatus.NeedReplacement", "STATUS %s replacebatt"},
	{"PresentStatus.Overload", "STATUS %s overload"},
	{"PresentStatus.FullyCharged", "STATUS %s fullycharged"},
	{"PresentStatus.OverTemperature", "STATUS %s overheat"},
};

static bool ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len > end_len && path[len - end_len - 1] == '.' &&
	       str_caseequal(path + len - end_len, end);
}

static bool is_file(const char *path, const char *name)
{
	size_t len = strlen(path), name_len = strlen(name);

	return len >= name_len && str_equal(path + len - name_len, name);
}

static bool print_guess(FILE *out, const char *path)
{
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		const char *rest = strstr(guesses[i].line, "%s") + 2;
		size_t word = (size_t)(rest - 2 - guesses[i].line);

		if (!ends_with(path, guesses[i].end))
			continue;
		fprintf(out, "%.*s%s", (int)word, guesses[i].line, path);
		for (; *rest; rest++) {
			if (rest[0] != '%' || rest[1] != '%')
				fputc(*rest, out);
		}
		fputc('\n', out);
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------- what other maps say */

/* A row that says the same in any map: no tables but those of common.map, nothing that other rows
 * or this family's functions are needed for. */
static bool stands_alone(const struct map_row *row)
{
	if (row->kind == MAP_ALARM || row->only_if || row->unless || row->when || row->to ||
	    row->loop_count || (row->flags & MAP_HIDDEN) || str_equal(row->name, "*") ||
	    (row->values && !is_file(row->values->file, "common.map")))
		return false;
	for (size_t i = 0; i < row->step_count; i++) {
		const struct mapconv_step *s = &row->steps[i];

		if (s->fun || (s->lookup && !is_file(s->lookup->file, "common.map")) ||
		    (s->conv->args == MAPCONV_FACTOR && s->name))
			return false;
	}
	return true;
}

static bool same_line(const struct map_row *a, const struct map_row *b)
{
	return a->kind == b->kind && (a->flags & MAP_NEGATED) == (b->flags & MAP_NEGATED) &&
	       str_equal(a->name, b->name) && str_equal(a->items, b->items);
}

static bool is_of(const struct map_row *row, const char *path, bool command)
{
	return (row->kind == MAP_CMD) == command && str_caseequal(row->where, path) &&
	       stands_alone(row);
}

static unsigned count_same(const struct explore_known *known, const struct map_row *row)
{
	unsigned count = 0;

	for (size_t i = 0; i < known->count; i++) {
		const struct map *m = known->maps[i];

		for (size_t k = 0; k < m->row_count; k++) {
			if (str_caseequal(m->rows[k].where, row->where) &&
			    same_line(&m->rows[k], row))
				count++;
		}
	}
	return count;
}

/* What most maps say of this path; `name`: of that command. */
static const struct map_row *most_say(const struct explore_known *known, const char *path,
				      bool command, const char *name)
{
	const struct map_row *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < known->count; i++) {
		const struct map *m = known->maps[i];

		for (size_t k = 0; k < m->row_count; k++) {
			const struct map_row *row = &m->rows[k];
			unsigned count;

			if (!is_of(row, path, command) || (name && !str_equal(row->name, name)))
				continue;
			count = count_same(known, row);
			if (count > most) {
				best = row;
				most = count;
			}
		}
	}
	return best;
}

static void print_row(FILE *out, const char *path, const struct map_row *row)
{
	fprintf(out, "%s %s %s%s%s%s\n", map_row_names[row->kind], path,
		row->flags & MAP_NEGATED ? "!" : "", row->name, row->items[0] ? " " : "",
		row->items);
}

/* Names that were given are not given again: the first place is what counts anyway. */
struct names {
	const char *list[HID_MAX_FIELDS];
	size_t count;
};

static bool has_name(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++) {
		if (str_equal(n->list[i], name))
			return true;
	}
	return false;
}

static bool take_name(struct names *n, const struct map_row *row)
{
	if (row->kind == MAP_STATUS)
		return true;
	if (has_name(n, row->name))
		return false;
	if (n->count < HID_MAX_FIELDS)
		n->list[n->count++] = row->name;
	return true;
}

/* What one family alone says of a command is its own way. */
enum { COMMAND_FAMILIES = 3 };

static void print_commands(FILE *out, const char *path, const struct explore_known *known,
			   struct names *names)
{
	for (size_t i = 0; i < known->count; i++) {
		const struct map *m = known->maps[i];

		for (size_t k = 0; k < m->row_count; k++) {
			const struct map_row *row;

			if (!is_of(&m->rows[k], path, true))
				continue;
			row = most_say(known, path, true, m->rows[k].name);
			if (row && count_same(known, row) >= COMMAND_FAMILIES &&
			    take_name(names, row))
				print_row(out, path, row);
		}
	}
}

static void print_lines(FILE *out, const struct hid_usages *usages, const struct hid_field *f,
			const struct explore_known *known, struct names *names)
{
	const struct map_row *row;
	char path[HID_MAX_PATH_TEXT];

	hid_path_format(usages, f->path, f->depth, path, sizeof(path));
	row = most_say(known, path, false, NULL);
	if (row && take_name(names, row))
		print_row(out, path, row);
	else if (row || !print_guess(out, path))
		fprintf(out, "# VAR %s %s format(%%.0f)\n", path, row ? row->name : "unknown.name");
	print_commands(out, path, known, names);
}

/* The first field of each path. */
static bool is_first(const struct hid_desc *d, const struct hid_field *f)
{
	return f->type == HID_FEATURE && hid_desc_find(d, f->type, f->path, f->depth) == f;
}

static bool is_used(const struct hid_desc *d, uint32_t usage)
{
	for (size_t i = 0; i < d->count; i++) {
		for (unsigned k = 0; k < d->fields[i].depth; k++) {
			if (d->fields[i].path[k] == usage)
				return true;
		}
	}
	return false;
}

/* Names that only this family has. */
static void print_usages(FILE *out, const struct hid_desc *d, const struct map *names)
{
	for (size_t i = 0; i < names->usage_count; i++) {
		const struct map_usage *u = &names->usages[i];

		if (!is_file(u->file, "usages.map") && is_used(d, u->number))
			fprintf(out, "USAGE %s %08" PRIx32 "\n", u->name, u->number);
	}
}

static void print_map(FILE *out, const struct hid_desc *d, const struct hid_usages *usages,
		      uint16_t vendor, uint16_t product, const struct explore_known *known)
{
	struct names *names = calloc(1, sizeof(*names));

	fprintf(out, "\nMAP device-%04x-%04x \"Draft for %04x:%04x\"\nDRIVER usbhid-ups\n", vendor,
		product, vendor, product);
	fprintf(out, "MATCH usb %04x:%04x\n", vendor, product);
	print_usages(out, d, known->names);
	fputs("INCLUDE usages.map\nINCLUDE common.map\n", out);
	for (size_t i = 0; names && i < d->count; i++) {
		if (is_first(d, &d->fields[i]))
			print_lines(out, usages, &d->fields[i], known, names);
	}
	free(names);
}

enum hid_result explore_print(FILE *out, const struct hid_desc *d, struct hid_reports *reports,
			      const struct hid_usages *usages, uint16_t vendor, uint16_t product,
			      const struct explore_known *known)
{
	if (print_reports(out, d, reports) == HID_GONE)
		return HID_GONE;
	for (size_t i = 0; i < d->count; i++) {
		if (print_field(out, reports, usages, &d->fields[i]) == HID_GONE)
			return HID_GONE;
	}
	if (d->left_out)
		fprintf(out, "# %u items of the descriptor are not understood\n", d->left_out);
	print_map(out, d, usages, vendor, product, known);
	return HID_OK;
}
