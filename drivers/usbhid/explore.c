#include "config.h"

#include <inttypes.h>

#include "drivers/usbhid/explore.h"

static const char *const type_names[HID_TYPES] = {"", "input", "output", "feature"};

static void print_bytes(FILE *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(out, " %02x", bytes[i]);
	fputc('\n', out);
}

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
		fprintf(out, "# report feature %02x:%s", i, r == HID_OK ? "" : " not given");
		print_bytes(out, bytes, r == HID_OK ? len : 0);
	}
	return HID_OK;
}

static enum hid_result print_field(FILE *out, const struct draft_source *from,
				   const struct hid_field *f)
{
	char path[HID_MAX_PATH_TEXT];
	enum hid_result r = HID_NONE;
	double v;

	hid_path_format(from->usages, f->path, f->depth, path, sizeof(path));
	if (draft_reads(from->desc, f))
		r = hid_reports_value(from->reports, f, 0, &v);
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

/* Every line is a comment or one of the map: the whole is a map file. */
enum hid_result explore_print(FILE *out, const struct draft_source *from)
{
	if (print_reports(out, from->desc, from->reports) == HID_GONE)
		return HID_GONE;
	for (size_t i = 0; i < from->desc->count; i++) {
		if (print_field(out, from, &from->desc->fields[i]) == HID_GONE)
			return HID_GONE;
	}
	if (from->desc->left_out)
		fprintf(out, "# %u items of the descriptor are not understood\n",
			from->desc->left_out);
	return draft_print(out, from);
}
