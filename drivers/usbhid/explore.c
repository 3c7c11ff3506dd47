#include "config.h"

#include <inttypes.h>
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

static void print_guess(FILE *out, const struct hid_usages *usages, const struct hid_field *f)
{
	char path[HID_MAX_PATH_TEXT];

	hid_path_format(usages, f->path, f->depth, path, sizeof(path));
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
		return;
	}
	fprintf(out, "# VAR %s unknown.name format(%%.0f)\n", path);
}

/* The first field of each path. */
static bool is_first(const struct hid_desc *d, const struct hid_field *f)
{
	return f->type == HID_FEATURE && hid_desc_find(d, f->type, f->path, f->depth) == f;
}

static void print_map(FILE *out, const struct hid_desc *d, const struct hid_usages *usages,
		      uint16_t vendor, uint16_t product)
{
	fprintf(out, "\nMAP device-%04x-%04x \"Draft for %04x:%04x\"\nDRIVER usbhid-ups\n", vendor,
		product, vendor, product);
	fprintf(out, "MATCH usb %04x:%04x\nINCLUDE usages.map\nINCLUDE common.map\n", vendor,
		product);
	for (size_t i = 0; i < d->count; i++) {
		if (is_first(d, &d->fields[i]))
			print_guess(out, usages, &d->fields[i]);
	}
}

enum hid_result explore_print(FILE *out, const struct hid_desc *d, struct hid_reports *reports,
			      const struct hid_usages *usages, uint16_t vendor, uint16_t product)
{
	if (print_reports(out, d, reports) == HID_GONE)
		return HID_GONE;
	for (size_t i = 0; i < d->count; i++) {
		if (print_field(out, reports, usages, &d->fields[i]) == HID_GONE)
			return HID_GONE;
	}
	if (d->left_out)
		fprintf(out, "# %u items of the descriptor are not understood\n", d->left_out);
	print_map(out, d, usages, vendor, product);
	return HID_OK;
}
