#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/usbhid/capture.h"

static const char token[] = "usbhid";

enum {
	GET_DESCRIPTOR = 0x06,
	DEVICE_IN = 0x80,
	INTERFACE_IN = 0x81,
	DEVICE = 0x01,
	CONFIGURATION = 0x02,
	HID = 0x21,
	HID_LENGTH_AT = 7, /* of the report descriptor, in a HID descriptor */
	INTERFACE = 0x04,
	CLASS_HID = 0x03,
	LINE_BYTES = 24,
	REPORT_MAX = 4096,
	TEXTS_MAX = 256,
	PERIOD_MS = 2000, /* between two looks at the reports */
};

/* What a report was when it was read last. */
struct seen {
	uint8_t *bytes;
	size_t size;
};

struct job {
	const struct capture *c;
	FILE *out;
	struct seen features[256];
	bool texts[TEXTS_MAX];
	long long start_ms;
	bool gone;
};

/* ------------------------------------------------------------------------------ writing */

static void write_hex(FILE *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		fprintf(out, " %02x", bytes[i]);
	fputc('\n', out);
}

static void write_report_descriptor(struct job *j)
{
	const struct capture *c = j->c;

	for (size_t at = 0; at < c->descriptor_size; at += LINE_BYTES) {
		size_t left = c->descriptor_size - at;

		fputs("rdesc:", j->out);
		write_hex(j->out, c->descriptor + at, left < LINE_BYTES ? left : LINE_BYTES);
	}
}

/* -------------------------------------------------------------------------- who it is */

static bool get(const struct job *j, uint8_t type, unsigned value, unsigned index, uint8_t *dst,
		size_t size, size_t *got)
{
	const struct usb_request r = {type, GET_DESCRIPTOR, (uint16_t)value, (uint16_t)index};

	*got = 0;
	return usb_control(j->c->usb, &r, dst, size, got, USB_TIMEOUT_MS) == USB_OK;
}

static void write_text(struct job *j, unsigned index)
{
	char text[256];

	if (index == 0 || index >= TEXTS_MAX || j->texts[index])
		return;
	j->texts[index] = true;
	if (usb_string(j->c->usb, index, text, sizeof(text)) == USB_OK)
		fprintf(j->out, "string %u: %s\n", index, core_clean(text));
}

static void write_identity(struct job *j)
{
	const struct usb_identity *who = usb_identity(j->c->usb);
	uint8_t d[18] = {0};
	size_t got;

	fprintf(j->out, "usb-id: %04x:%04x\nbcdDevice: %04x\n", who->vendor_id, who->product_id,
		who->release);
	if (!get(j, DEVICE_IN, DEVICE << 8, 0, d, sizeof(d), &got) || got < sizeof(d))
		return;
	if (j->c->anonymous) {
		j->texts[d[16]] = true;
		fprintf(j->out, "istr: %u %u %u\n", d[14], d[15], d[16]);
		if (d[16])
			fprintf(j->out, "string %u: ANONYMOUS\n", d[16]);
	} else {
		fprintf(j->out, "istr: %u %u %u\n", d[14], d[15], d[16]);
	}
	for (size_t i = 14; i <= 16; i++)
		write_text(j, d[i]);
}

/* What the HID descriptors claim of the report descriptor's length, where that is wrong. */
static void write_lengths(struct job *j)
{
	uint8_t bytes[1024];
	size_t got, total;
	int interface = usb_interface(j->c->usb), at_interface = -1;
	bool is_hid = false;

	if (get(j, INTERFACE_IN, HID << 8, (unsigned)interface, bytes, sizeof(bytes), &got) &&
	    got >= HID_LENGTH_AT + 2) {
		total = bytes[HID_LENGTH_AT] | bytes[HID_LENGTH_AT + 1] << 8;
		if (total != j->c->descriptor_size)
			fprintf(j->out, "rdesc-length-request: %zu\n", total);
	}
	if (!get(j, DEVICE_IN, CONFIGURATION << 8, 0, bytes, sizeof(bytes), &got))
		return;
	for (size_t i = 0; i + 1 < got && bytes[i] >= 2; i += bytes[i]) {
		if (bytes[i + 1] == INTERFACE && i + 5 < got) {
			at_interface = bytes[i + 2];
			is_hid = bytes[i + 5] == CLASS_HID;
		}
		if (bytes[i + 1] != HID || !is_hid || at_interface != interface ||
		    i + HID_LENGTH_AT + 1 >= got)
			continue;
		total = bytes[i + HID_LENGTH_AT] | bytes[i + HID_LENGTH_AT + 1] << 8;
		if (total != j->c->descriptor_size)
			fprintf(j->out, "rdesc-length-config: %zu\n", total);
	}
}

static void write_pipe(struct job *j)
{
	size_t packet = usb_packet_size(j->c->usb);

	if (packet > 0)
		fprintf(j->out, "packet-size: %zu\n", packet);
	else
		fputs("interrupt-pipe: no\n", j->out);
	if (usb_interface(j->c->usb) > 0)
		fprintf(j->out, "hid-interface: %d\n", usb_interface(j->c->usb));
}

/* ----------------------------------------------------------------------------- reports */

/* False: the device is gone, or the process is to end. */
static bool fetch(struct job *j, enum hid_type type, uint8_t id, uint8_t *bytes, size_t *got)
{
	size_t size = hid_desc_report_size(j->c->desc, type, id);
	enum usb_result r;

	*got = 0;
	if (size > REPORT_MAX)
		return true;
	r = usb_hid_get(j->c->usb, (enum usb_report)type, id, bytes, size, got, USB_TIMEOUT_MS);
	if (r != USB_OK)
		*got = 0;
	j->gone = r == USB_GONE || r == USB_ENDING;
	return !j->gone;
}

static bool differs(const struct seen *s, const uint8_t *bytes, size_t size)
{
	return s->size != size || memcmp(s->bytes, bytes, size) != 0;
}

static void remember(struct seen *s, const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size);

	if (!copy)
		return;
	memcpy(copy, bytes, size);
	free(s->bytes);
	s->bytes = copy;
	s->size = size;
}

static bool write_reports(struct job *j, enum hid_type type, const char *name)
{
	uint8_t bytes[REPORT_MAX];
	size_t got;

	for (unsigned id = 0; id < 256; id++) {
		if (j->c->desc->bits[type][id] == 0)
			continue;
		if (!fetch(j, type, (uint8_t)id, bytes, &got))
			return false;
		if (got == 0) {
			fprintf(j->out, "# report %s %02x is not given\n", name, id);
			continue;
		}
		fprintf(j->out, "report %s %02x:", name, id);
		write_hex(j->out, bytes, got);
		if (type == HID_FEATURE)
			remember(&j->features[id], bytes, got);
	}
	return true;
}

/* Texts that values stand for. */
static void write_texts_of_fields(struct job *j)
{
	for (size_t i = 0; i < j->c->desc->count; i++) {
		const struct hid_field *f = &j->c->desc->fields[i];
		const char *name =
			f->depth ? hid_usages_name(j->c->usages, f->path[f->depth - 1]) : NULL;
		const struct seen *s = &j->features[f->report];
		size_t at = f->bit / 8 + hid_desc_data_offset(j->c->desc);

		if (f->type == HID_FEATURE && f->bits == 8 && name && name[0] == 'i' &&
		    isupper((unsigned char)name[1]) && at < s->size)
			write_text(j, s->bytes[at]);
	}
}

/* ----------------------------------------------------------------------------- changes */

static double since(const struct job *j)
{
	return (double)(clock_ms() - j->start_ms) / 1000;
}

static void on_packet(void *arg, enum usb_result r, const uint8_t *data, size_t size)
{
	struct job *j = arg;

	if (r != USB_OK)
		return;
	fprintf(j->out, "at %.3f int", since(j));
	write_hex(j->out, data, size);
}

static bool write_changes(struct job *j)
{
	uint8_t bytes[REPORT_MAX];
	size_t got;

	for (unsigned id = 0; id < 256; id++) {
		if (j->features[id].size == 0)
			continue;
		if (!fetch(j, HID_FEATURE, (uint8_t)id, bytes, &got))
			return false;
		if (got == 0 || !differs(&j->features[id], bytes, got))
			continue;
		fprintf(j->out, "at %.3f set feature %02x", since(j), id);
		write_hex(j->out, bytes, got);
		remember(&j->features[id], bytes, got);
	}
	return true;
}

/* A device that goes away is a change as well: it is what happens in some outages. */
static void watch(struct job *j)
{
	long long end = clock_ms() + j->c->seconds * 1000LL;
	bool going = true;

	j->start_ms = clock_ms();
	usb_listen(j->c->usb, 0, on_packet, j);
	while (going && clock_ms() < end) {
		long long left = end - clock_ms();

		going = core_wait(j->c->core, left < PERIOD_MS ? (int)left : PERIOD_MS) &&
			write_changes(j);
	}
	usb_unlisten(j->c->usb);
	if (usb_is_gone(j->c->usb))
		fprintf(j->out, "at %.3f unplug\n", since(j));
}

/* ------------------------------------------------------------------------------- whole */

static bool write_all(struct job *j)
{
	const struct usb_identity *who = usb_identity(j->c->usb);

	fprintf(j->out, "# %04x:%04x %s %s, by usbhid-ups --capture of " PACKAGE_VERSION "\n",
		who->vendor_id, who->product_id, who->vendor, who->product);
	fputs("# A file for the simulator, tests/sim/usb; sent to the project, it helps.\n",
	      j->out);
	write_identity(j);
	write_lengths(j);
	write_pipe(j);
	write_report_descriptor(j);
	if (!write_reports(j, HID_FEATURE, "feature") || !write_reports(j, HID_INPUT, "input"))
		return false;
	write_texts_of_fields(j);
	if (j->c->seconds > 0)
		watch(j);
	return true;
}

static FILE *create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!out && errno == EEXIST)
		log_error(token, "%s is there already: it is not overwritten", path);
	else if (!out)
		log_errno(token, errno, "%s cannot be written", path);
	if (!out && fd >= 0)
		close(fd);
	return out;
}

bool capture_write(const struct capture *c, const char *path)
{
	struct job j = {.c = c, .out = create(path)};
	bool ok;

	if (!j.out)
		return false;
	ok = write_all(&j);
	if (!ok)
		log_error(token, "the device went away while it was looked at");
	if (ferror(j.out) || fflush(j.out) != 0) {
		log_error(token, "%s cannot be written: is the disk full?", path);
		ok = false;
	}
	fclose(j.out);
	if (!ok)
		unlink(path);
	for (size_t i = 0; i < 256; i++)
		free(j.features[i].bytes);
	return ok;
}
