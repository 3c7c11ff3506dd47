#include "config.h"

#include "tests/sim/usb/device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TYPE(setup) ((setup)[0])
#define WORD(p)     ((guint)((p)[0] | (p)[1] << 8))

/* ---------------------------------------------------------------------------- the file */

GByteArray *hex_bytes(const char *text)
{
	GByteArray *out = g_byte_array_new();

	for (;;) {
		guint8 byte;

		text += strspn(text, " \t,");
		if (*text == '\0' || *text == '#')
			return out;
		if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
			text += 2;
		if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
			break;
		byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
		g_byte_array_append(out, &byte, 1);
		text += 2;
	}
	g_byte_array_unref(out);
	return NULL;
}

char *bytes_hex(const guint8 *bytes, gsize len)
{
	GString *s = g_string_new(NULL);

	for (gsize i = 0; i < len; i++)
		g_string_append_printf(s, "%s%02x", i ? " " : "", bytes[i]);
	return g_string_free(s, FALSE);
}

void device_note(struct device *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_string_append_vprintf(d->log, fmt, ap);
	va_end(ap);
	g_string_append_c(d->log, '\n');
}

static gboolean read_report(struct device *d, const char *rest)
{
	char kind[16];
	guint id;
	int used = 0;
	GByteArray *bytes;
	struct report *r;

	if (sscanf(rest, "%15s %x: %n", kind, &id, &used) != 2 || used == 0 || id > 255)
		return FALSE;
	r = &d->reports[strcmp(kind, "feature") == 0 ? REPORT_FEATURE : REPORT_INPUT][id];
	bytes = hex_bytes(rest + used);
	if (!bytes)
		return FALSE;
	if (r->bytes)
		g_byte_array_unref(r->bytes);
	r->bytes = bytes;
	return TRUE;
}

static gboolean read_descriptor(struct device *d, const char *rest)
{
	GByteArray *bytes = hex_bytes(rest);

	if (!bytes)
		return FALSE;
	g_byte_array_append(d->report_descriptor, bytes->data, bytes->len);
	g_byte_array_unref(bytes);
	return TRUE;
}

static gboolean read_indices(struct device *d, const char *rest)
{
	guint v[3];

	if (sscanf(rest, "%u %u %u", &v[0], &v[1], &v[2]) != 3)
		return FALSE;
	for (int i = 0; i < 3; i++)
		d->text_index[i] = (guint8)v[i];
	return TRUE;
}

static gboolean read_text(struct device *d, const char *rest)
{
	guint index;
	int used = 0;

	if (sscanf(rest, "%u:%n", &index, &used) != 1 || used == 0 || index > 255)
		return FALSE;
	rest += used;
	g_free(d->texts[index]);
	d->texts[index] = g_strdup(*rest == ' ' ? rest + 1 : rest);
	return TRUE;
}

static gboolean read_ids(struct device *d, const char *rest)
{
	guint vendor, product;

	if (sscanf(rest, "%x:%x", &vendor, &product) != 2)
		return FALSE;
	d->vendor_id = (guint16)vendor;
	d->product_id = (guint16)product;
	return TRUE;
}

static gboolean read_speed(struct device *d, const char *rest)
{
	static const char *const speeds[] = {"1.5", "12", "480"};

	for (gsize i = 0; i < G_N_ELEMENTS(speeds); i++)
		if (strcmp(rest, speeds[i]) == 0)
			d->speed = speeds[i];
	return TRUE;
}

static gboolean read_number(struct device *d, const char *name, const char *rest)
{
	guint n = (guint)g_ascii_strtoull(rest, NULL, 0);

	if (strcmp(name, "packet-size:") == 0)
		d->packet_size = n;
	else if (strcmp(name, "interrupt-pipe:") == 0)
		d->has_interrupt = strcmp(rest, "no") != 0;
	else if (strcmp(name, "adapter:") == 0)
		d->is_adapter = strcmp(rest, "no") != 0;
	else if (strcmp(name, "kernel-driver:") == 0)
		d->has_kernel_driver = strcmp(rest, "no") != 0;
	else if (strcmp(name, "interrupt-out:") == 0)
		d->has_out = strcmp(rest, "no") != 0;
	else if (strcmp(name, "other-interfaces:") == 0)
		d->others_are_hid = strcmp(rest, "hid") == 0;
	else if (strcmp(name, "hid-interface:") == 0)
		d->hid_interface = n;
	else if (strcmp(name, "least-request:") == 0)
		d->least_request = n;
	else if (strcmp(name, "configurations:") == 0)
		d->configurations = n == 2 ? 2 : 1;
	else if (strcmp(name, "hid-descriptors-before:") == 0)
		d->hid_at = MIN(n, 4);
	else if (strcmp(name, "rdesc-length-config:") == 0)
		d->length_config = (int)n;
	else if (strcmp(name, "rdesc-length-request:") == 0)
		d->length_request = (int)n;
	else if (strcmp(name, "bcdDevice:") == 0)
		d->release = (guint16)g_ascii_strtoull(rest, NULL, 16);
	return TRUE;
}

/* Lines with another first word are notes for people, and for other readers of the file. */
static gboolean read_line(struct device *d, const char *line)
{
	char *space = strchr(line, ' ');
	char *name;
	gboolean good = TRUE;

	if (!space)
		return TRUE;
	name = g_strndup(line, (gsize)(space - line));
	line = space + 1;
	if (strcmp(name, "usb-id:") == 0)
		good = read_ids(d, line);
	else if (strcmp(name, "istr:") == 0)
		good = read_indices(d, line);
	else if (strcmp(name, "string") == 0)
		good = read_text(d, line);
	else if (strcmp(name, "rdesc:") == 0)
		good = read_descriptor(d, line);
	else if (strcmp(name, "report") == 0 || strcmp(name, "synth") == 0)
		good = read_report(d, line);
	else if (strcmp(name, "speed:") == 0)
		good = read_speed(d, line);
	else
		good = read_number(d, name, line);
	g_free(name);
	return good;
}

static struct device *device_new(const char *path)
{
	struct device *d = g_new0(struct device, 1);

	d->file = g_strdup(path);
	d->release = 0x0100;
	d->text_index[0] = 1;
	d->text_index[1] = 2;
	d->text_index[2] = 3;
	d->report_descriptor = g_byte_array_new();
	d->length_config = d->length_request = -1;
	d->has_interrupt = d->has_kernel_driver = TRUE;
	d->packet_size = 8;
	d->configurations = d->configuration = 1;
	d->speed = "1.5";
	d->log = g_string_new(NULL);
	for (int kind = 0; kind < REPORT_KINDS; kind++)
		for (int id = 0; id < 256; id++)
			d->reports[kind][id].length = LENGTH_AS_IS;
	return d;
}

void device_free(struct device *d)
{
	for (int kind = 0; kind < REPORT_KINDS; kind++)
		for (int id = 0; id < 256; id++)
			if (d->reports[kind][id].bytes)
				g_byte_array_unref(d->reports[kind][id].bytes);
	for (int i = 0; i < 256; i++)
		g_free(d->texts[i]);
	g_byte_array_unref(d->report_descriptor);
	g_string_free(d->log, TRUE);
	g_free(d->file);
	g_free(d);
}

struct device *device_read(const char *path, char **why)
{
	GError *error = NULL;
	struct device *d;
	char *text, **lines;

	if (!g_file_get_contents(path, &text, NULL, &error)) {
		*why = g_strdup(error->message);
		g_error_free(error);
		return NULL;
	}
	d = device_new(path);
	*why = NULL;
	lines = g_strsplit(text, "\n", 0);
	g_free(text);
	for (int i = 0; lines[i] && !*why; i++)
		if (lines[i][0] != '#' && !read_line(d, g_strchomp(lines[i])))
			*why = g_strdup_printf("%s:%d: not understood: %s", path, i + 1, lines[i]);
	g_strfreev(lines);
	if (!*why && d->vendor_id == 0)
		*why = g_strdup_printf("%s: no usb-id, or one of zeros", path);
	if (!*why)
		return d;
	device_free(d);
	return NULL;
}

/* ------------------------------------------------------------------------- descriptors */

static guint told_length(const struct device *d, int told)
{
	return told >= 0 ? (guint)told : d->report_descriptor->len;
}

static void put_hid_descriptor(GByteArray *out, guint length)
{
	const guint8 hid[] = {
		9, 0x21, 0x10, 0x01, 0x21, 1, 0x22, (guint8)(length & 0xff), (guint8)(length >> 8)};

	g_byte_array_append(out, hid, sizeof(hid));
}

static const guint8 other_reports[] = {0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x09,
				       0x02, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08,
				       0x95, 0x08, 0x81, 0x02, 0xc0};

static void put_endpoint(GByteArray *out, guint address, guint size)
{
	const guint8 endpoint[] = {7, 5, (guint8)address,    3, (guint8)(size & 0xff),
				   (guint8)(size >> 8), 10};

	g_byte_array_append(out, endpoint, sizeof(endpoint));
}

static void put_other_interface(const struct device *d, GByteArray *out, guint number)
{
	const guint8 other[] = {9, 4, (guint8)number, 0, d->others_are_hid,
				d->others_are_hid ? 3 : 0xff, 0, 0, 0};

	g_byte_array_append(out, other, sizeof(other));
	if (!d->others_are_hid)
		return;
	put_hid_descriptor(out, sizeof(other_reports));
	put_endpoint(out, 0x81 + number, 8);
}

static void put_interfaces(const struct device *d, GByteArray *out)
{
	guint endpoints = (guint)d->has_interrupt + (guint)d->has_out;
	const guint8 hid[] = {9, 4, (guint8)d->hid_interface, 0, (guint8)endpoints, 3, 0, 0, 0};

	for (guint i = 0; i < d->hid_interface; i++)
		put_other_interface(d, out, i);
	g_byte_array_append(out, hid, sizeof(hid));
	for (guint i = 0; i < d->hid_at; i++)
		put_hid_descriptor(out, 1);
	put_hid_descriptor(out, told_length(d, d->length_config));
	if (d->has_interrupt)
		put_endpoint(out, 0x81 + d->hid_interface, d->packet_size);
	if (d->has_out)
		put_endpoint(out, d->is_adapter ? 0x02 : 0x01 + d->hid_interface, d->packet_size);
}

/* A device before its software has told it what it is: one interface of the maker's own. */
static void put_idle_configuration(GByteArray *out)
{
	static const guint8 idle[] = {9, 2, 18, 0, 1, 1, 0, 0xa0, 50, 9, 4, 0, 0, 0, 0xff, 0, 0, 0};

	g_byte_array_append(out, idle, sizeof(idle));
}

static void put_configuration(const struct device *d, GByteArray *out)
{
	const guint8 config[] = {
		9, 2, 0, 0, (guint8)(d->hid_interface + 1), (guint8)d->configurations, 0, 0xa0, 50};
	guint at = out->len, total;

	g_byte_array_append(out, config, sizeof(config));
	put_interfaces(d, out);
	total = out->len - at;
	out->data[at + 2] = (guint8)(total & 0xff);
	out->data[at + 3] = (guint8)(total >> 8);
}

GByteArray *device_descriptors(const struct device *d)
{
	const guint8 device[] = {18,
				 1,
				 0x10,
				 1,
				 0,
				 0,
				 0,
				 8,
				 (guint8)(d->vendor_id & 0xff),
				 (guint8)(d->vendor_id >> 8),
				 (guint8)(d->product_id & 0xff),
				 (guint8)(d->product_id >> 8),
				 (guint8)(d->release & 0xff),
				 (guint8)(d->release >> 8),
				 d->text_index[0],
				 d->text_index[1],
				 d->text_index[2],
				 (guint8)d->configurations};
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, device, sizeof(device));
	if (d->configurations > 1)
		put_idle_configuration(out);
	put_configuration(d, out);
	return out;
}

/* ---------------------------------------------------------------------------- requests */

/* The answer goes as far as the host has asked. */
static int answer(const guint8 *setup, guint8 *data, const guint8 *bytes, gsize len)
{
	gsize wanted = WORD(setup + 6);

	len = MIN(len, wanted);
	memcpy(data, bytes, len);
	return (int)len;
}

static int answer_text(const struct device *d, const guint8 *setup, guint8 *data)
{
	guint index = setup[2];
	guint8 out[255] = {4, 3, 0x09, 0x04};
	gsize len;

	if (d->texts_stall || (index > 0 && !d->texts[index]))
		return -EPIPE;
	if (index > 0) {
		gunichar2 *wide = g_utf8_to_utf16(d->texts[index], -1, NULL, NULL, NULL);

		for (len = 0; wide && wide[len] && 2 + 2 * len < sizeof(out) - 1; len++) {
			out[2 + 2 * len] = (guint8)(wide[len] & 0xff);
			out[3 + 2 * len] = (guint8)(wide[len] >> 8);
		}
		out[0] = (guint8)(2 + 2 * len);
		g_free(wide);
	}
	return answer(setup, data, out, out[0]);
}

static int get_descriptor(const struct device *d, const guint8 *setup, guint8 *data)
{
	GByteArray *all = device_descriptors(d);
	int r = -EPIPE;

	if (setup[3] == 1)
		r = answer(setup, data, all->data, 18);
	else if (setup[3] == 2)
		r = answer(setup, data, all->data + 18, all->len - 18);
	else if (setup[3] == 3)
		r = answer_text(d, setup, data);
	if (setup[3] == 3 && d->is_adapter)
		device_note((struct device *)d, "text %02x %04x", setup[2], WORD(setup + 4));
	g_byte_array_unref(all);
	return r;
}

static int get_hid_descriptor(const struct device *d, const guint8 *setup, guint8 *data)
{
	GByteArray *hid;
	int r = -EPIPE;

	if (d->descriptor_stalls)
		return -EPIPE;
	if (setup[3] == 0x22)
		return answer(setup, data, d->report_descriptor->data, d->report_descriptor->len);
	hid = g_byte_array_new();
	put_hid_descriptor(hid, told_length(d, d->length_request));
	if (setup[3] == 0x21 && setup[2] == d->hid_at)
		r = answer(setup, data, hid->data, hid->len);
	g_byte_array_unref(hid);
	return r;
}

static struct report *find_report(struct device *d, const guint8 *setup)
{
	return setup[3] < REPORT_KINDS ? &d->reports[setup[3]][setup[2]] : NULL;
}

static int get_report(struct device *d, const guint8 *setup, guint8 *data)
{
	struct report *r = find_report(d, setup);
	GByteArray *sent;
	int n;

	if (r)
		r->gets++;
	if (!r || !r->bytes || r->stalls || WORD(setup + 6) < d->least_request)
		return -EPIPE;
	if (r->hangs)
		return DEVICE_HANGS;
	if (r->length > (int)WORD(setup + 6))
		return -EOVERFLOW; /* it babbles: the host's controller cuts it off */
	sent = g_byte_array_new();
	g_byte_array_append(sent, r->bytes->data, r->bytes->len);
	if (r->length != LENGTH_AS_IS) {
		guint had = sent->len;

		g_byte_array_set_size(sent, (guint)r->length);
		for (guint i = had; i < sent->len; i++)
			sent->data[i] = 0xee;
	}
	n = answer(setup, data, sent->data, sent->len);
	g_byte_array_unref(sent);
	return n;
}

static int set_report(struct device *d, const guint8 *setup, const guint8 *data)
{
	static const char *const kinds[REPORT_KINDS] = {"?", "input", "output", "feature"};
	struct report *r = find_report(d, setup);
	guint len = WORD(setup + 6);
	char *hex = bytes_hex(data, len);

	device_note(d, "set %s %02x: %s", r ? kinds[setup[3]] : "?", setup[2], hex);
	g_free(hex);
	if (!r || (!r->bytes && setup[3] != REPORT_OUTPUT && !d->is_adapter) || r->stalls)
		return -EPIPE;
	if (r->hangs)
		return DEVICE_HANGS;
	if (!r->bytes)
		r->bytes = g_byte_array_new();
	g_byte_array_set_size(r->bytes, 0);
	g_byte_array_append(r->bytes, data, len);
	return (int)len;
}

/* An interface that is not the UPS's: a report of eight bytes of the maker's own. */
static int to_other_interface(const struct device *d, const guint8 *setup, guint8 *data)
{
	if (!d->others_are_hid || WORD(setup + 4) > d->hid_interface)
		return -EPIPE;
	switch (setup[0] << 8 | setup[1]) {
	case 0x8106:
		return setup[3] == 0x22 ? answer(setup, data, other_reports, sizeof(other_reports))
					: -EPIPE;
	case 0x210a: /* SET_IDLE */
		return 0;
	default:
		return -EPIPE;
	}
}

static int to_interface(struct device *d, const guint8 *setup, guint8 *data)
{
	if ((setup[0] << 8 | setup[1]) == 0x010b) { /* SET_INTERFACE */
		device_note(d, "set-interface %u", WORD(setup + 4));
		return 0;
	}
	if (WORD(setup + 4) != d->hid_interface)
		return to_other_interface(d, setup, data);
	switch (setup[0] << 8 | setup[1]) {
	case 0x8106:
		return get_hid_descriptor(d, setup, data);
	case 0xa101:
		return get_report(d, setup, data);
	case 0x2109:
		return set_report(d, setup, data);
	case 0x210a: /* SET_IDLE */
	case 0x210b: /* SET_PROTOCOL */
		return 0;
	default:
		return -EPIPE;
	}
}

int device_control(struct device *d, const guint8 *setup, guint8 *data)
{
	d->controls++;
	if (d->hangs)
		return DEVICE_HANGS;
	if ((TYPE(setup) & 0x1f) == 1)
		return to_interface(d, setup, data);
	if (d->is_adapter && (TYPE(setup) & 0xe0) == 0x40) {
		char *hex = bytes_hex(data, WORD(setup + 6));

		device_note(d, "vendor %02x: %s", setup[1], hex);
		g_free(hex);
		return (int)WORD(setup + 6);
	}
	switch (setup[0] << 8 | setup[1]) {
	case 0x8006:
		return get_descriptor(d, setup, data);
	case 0x8000: /* GET_STATUS */
		return answer(setup, data, (const guint8 *)"\0\0", 2);
	case 0x8008: /* GET_CONFIGURATION */
		return answer(setup, data, (const guint8 *)"\1", 1);
	case 0x0009: /* SET_CONFIGURATION */
		return 0;
	case 0x0201: /* CLEAR_FEATURE of an endpoint: its halt */
		device_note(d, "clear-halt %02x", WORD(setup + 4));
		return 0;
	default:
		return -EPIPE;
	}
}
