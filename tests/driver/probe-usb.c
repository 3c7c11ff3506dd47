/*
 * probe-usb: a driver of HID devices that shows what the USB transport does.
 *
 * It polls feature report 1 (bit 0 = on line) and publishes usb.*: what it found, the
 * last interrupt packet, and usb.result, which the commands set:
 *
 *   usb.get "feature|input ID SIZE [MS]"   the bytes that came, or why none
 *   usb.set "ID BYTES"                     writes a feature report
 *   usb.string "INDEX"
 *   usb.rdesc "best|config|request"        the length that came, then its first bytes
 *   usb.read "MS"                          one interrupt transfer (not while listening)
 *   usb.write "BYTES"                      the same, out
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/transport/usb.h"

enum { BYTES_MAX = 1024, SHOWN_MAX = 64 };

struct probe {
	struct usb *usb;
	long packets;
};

/* ------------------------------------------------------------------------ what is shown */

static void show_number(struct core *c, const char *name, long n)
{
	char text[32];

	str_format(text, sizeof(text), "%ld", n);
	state_set(core_state(c), name, text);
}

static void to_hex(const uint8_t *bytes, size_t len, char *dst, size_t size)
{
	*dst = '\0';
	for (size_t i = 0; i < len && 3 * i + 4 < size; i++)
		str_format(dst + 3 * i, size - 3 * i, "%02x ", bytes[i]);
	if (*dst)
		dst[strlen(dst) - 1] = '\0';
}

/* "words of the test > bytes or result", so that equal results in a row can be told apart. */
static void show_result(struct core *c, const char *value, enum usb_result r, const char *what)
{
	char text[512];

	str_format(text, sizeof(text), "%s > %s", value, r == USB_OK ? what : usb_result_name(r));
	state_set(core_state(c), "usb.result", text);
}

static void on_packet(void *arg, enum usb_result r, const uint8_t *data, size_t size)
{
	char hex[3 * SHOWN_MAX + 4];
	struct probe *p = core_data(arg);

	if (r != USB_OK) {
		state_set(core_state(arg), "usb.interrupt.end", usb_result_name(r));
		return;
	}
	to_hex(data, size < SHOWN_MAX ? size : SHOWN_MAX, hex, sizeof(hex));
	state_set(core_state(arg), "usb.interrupt", hex);
	show_number(arg, "usb.interrupt.count", ++p->packets);
}

/* ------------------------------------------------------------------------------ finding */

static bool known(void *arg, uint16_t vendor_id, uint16_t product_id)
{
	char id[16];

	str_format(id, sizeof(id), "%04x:%04x", vendor_id, product_id);
	return str_caseequal(core_option(arg, "known"), id);
}

static bool accept_device(void *arg, struct usb *u, const struct usb_identity *who,
			  struct usb_choice *choice)
{
	const char *only = core_option(arg, "only");
	char text[128];

	(void)choice;
	/* Texts can be asked for before the device is taken. */
	log_debug(1, "probe", "first text: %s",
		  usb_result_name(usb_string(u, 1, text, sizeof(text))));
	return !only || str_equal(only, who->product);
}

static void show_identity(struct core *c, const struct usb *u)
{
	const struct usb_identity *who = usb_identity(u);
	char ids[16];

	str_format(ids, sizeof(ids), "%04x:%04x", who->vendor_id, who->product_id);
	state_set(core_state(c), "usb.id", ids);
	state_set(core_state(c), "usb.way", who->way);
	state_set(core_state(c), "usb.node", usb_node(u));
	show_number(c, "usb.release", who->release);
	core_set_text(c, "ups.mfr", who->vendor);
	core_set_text(c, "ups.model", who->product);
	core_set_text(c, "ups.serial", who->serial);
	show_number(c, "usb.interface", usb_interface(u));
	show_number(c, "usb.packet", (long)usb_packet_size(u));
}

static enum driver_result probe_open(struct core *c)
{
	static const char *const commands[] = {"usb.get",   "usb.set",  "usb.string",
					       "usb.rdesc", "usb.read", "usb.write"};
	const struct usb_finder finder = {
		.known = core_option(c, "known") ? known : NULL,
		.accept = accept_device,
	};
	struct probe *p = core_data(c);
	enum driver_result r = usb_open(c, &finder, c, &p->usb);

	if (r != DRIVER_OK)
		return r;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		state_add_command(core_state(c), commands[i]);
	show_identity(c, p->usb);
	state_delete(core_state(c), "usb.interrupt.end");
	if (core_flag(c, "silent"))
		return DRIVER_OK;
	r = usb_driver_result(usb_listen(p->usb, 0, on_packet, c));
	/* A device without the pipe is polled only. */
	if (r == DRIVER_LOST) {
		usb_close(p->usb);
		return DRIVER_FAILED;
	}
	return DRIVER_OK;
}

static void probe_close(struct core *c)
{
	struct probe *p = core_data(c);

	usb_close(p->usb);
	p->usb = NULL;
}

/* ------------------------------------------------------------------------------ polling */

static enum driver_result probe_poll(struct core *c)
{
	struct probe *p = core_data(c);
	uint8_t report[64];
	size_t got;
	enum usb_result r;

	r = usb_hid_get(p->usb, USB_REPORT_FEATURE, 1, report, sizeof(report), &got,
			(int)core_option_long(c, "patience", USB_TIMEOUT_MS));
	show_number(c, "usb.failed", (long)usb_counts(p->usb)->failed);
	if (r != USB_OK)
		return usb_driver_result(r);
	core_status_begin(c);
	core_status_add(c, got > 1 && report[1] & 1 ? "OL" : "OB");
	return DRIVER_OK;
}

/* ----------------------------------------------------------------------------- commands */

static size_t from_hex(const char *text, uint8_t *dst, size_t size)
{
	size_t n = 0;
	unsigned byte;
	int used;

	while (n < size && sscanf(text, "%2x%n", &byte, &used) == 1) {
		dst[n++] = (uint8_t)byte;
		text += used;
	}
	return n;
}

static void do_get(struct core *c, struct usb *u, const char *value)
{
	uint8_t bytes[BYTES_MAX];
	char kind[16] = "", hex[3 * SHOWN_MAX + 4];
	unsigned id = 0, size = 0;
	int ms = USB_TIMEOUT_MS;
	size_t got = 0;
	enum usb_result r;

	sscanf(value, "%15s %x %u %d", kind, &id, &size, &ms);
	r = usb_hid_get(u, str_equal(kind, "input") ? USB_REPORT_INPUT : USB_REPORT_FEATURE,
			(uint8_t)id, bytes, size < BYTES_MAX ? size : BYTES_MAX, &got, ms);
	to_hex(bytes, got < SHOWN_MAX ? got : SHOWN_MAX, hex, sizeof(hex));
	show_result(c, value, r, hex);
}

static void do_set(struct core *c, struct usb *u, const char *value)
{
	uint8_t bytes[BYTES_MAX];
	size_t n = from_hex(value, bytes, sizeof(bytes));
	enum usb_result r = USB_FAILED;

	if (n > 1)
		r = usb_hid_set(u, USB_REPORT_FEATURE, bytes[0], bytes + 1, n - 1, USB_TIMEOUT_MS);
	show_result(c, value, r, "written");
}

static void do_string(struct core *c, struct usb *u, const char *value)
{
	char text[256];
	enum usb_result r = usb_string(u, (unsigned)strtoul(value, NULL, 10), text, sizeof(text));

	show_result(c, value, r, text);
}

static void do_rdesc(struct core *c, struct usb *u, const char *value)
{
	uint8_t bytes[4096];
	char text[128], hex[3 * 8 + 4];
	size_t got = 0;
	enum usb_hid_length how = str_equal(value, "config")    ? USB_HID_BY_CONFIG
				  : str_equal(value, "request") ? USB_HID_BY_REQUEST
								: USB_HID_BEST;
	enum usb_result r = usb_hid_descriptor(u, how, bytes, sizeof(bytes), &got);

	to_hex(bytes, got < 8 ? got : 8, hex, sizeof(hex));
	str_format(text, sizeof(text), "%zu: %s", got, hex);
	show_result(c, value, r, text);
}

static void do_read(struct core *c, struct usb *u, const char *value)
{
	uint8_t bytes[SHOWN_MAX];
	char hex[3 * SHOWN_MAX + 4];
	size_t got = 0;
	enum usb_result r = usb_read(u, bytes, sizeof(bytes), &got, (int)strtol(value, NULL, 10));

	to_hex(bytes, got, hex, sizeof(hex));
	show_result(c, value, r, hex);
}

static void do_write(struct core *c, struct usb *u, const char *value)
{
	uint8_t bytes[SHOWN_MAX];
	size_t n = from_hex(value, bytes, sizeof(bytes)), got;

	show_result(c, value, usb_write(u, bytes, n, &got, USB_TIMEOUT_MS), "written");
}

static enum driverwire_result probe_instcmd(struct core *c, const char *name, const char *value)
{
	static const struct {
		const char *name;
		void (*run)(struct core *c, struct usb *u, const char *value);
	} rows[] = {
		{"usb.get", do_get},     {"usb.set", do_set},   {"usb.string", do_string},
		{"usb.rdesc", do_rdesc}, {"usb.read", do_read}, {"usb.write", do_write},
	};
	struct probe *p = core_data(c);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!str_equal(name, rows[i].name))
			continue;
		rows[i].run(c, p->usb, value ? value : "");
		return DRIVERWIRE_HANDLED;
	}
	return DRIVERWIRE_R_UNKNOWN;
}

static const struct driver_option options[] = {
	USB_FIND_OPTIONS,
	USB_HID_OPTIONS,
	{.name = "known", .argument = "vid:pid", .help = "the only ids that are looked at"},
	{.name = "only", .argument = "product", .help = "the only product that is accepted"},
	{.name = "silent", .help = "interrupt reports are not listened to"},
	{.name = "patience", .argument = "ms", .help = "limit of a poll", .min = 1, .max = INT_MAX},
	{.name = NULL},
};

static const struct driver probe_driver = {
	.name = "probe-usb",
	.description = "Shows the USB transport",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct probe),
	.open = probe_open,
	.poll = probe_poll,
	.instcmd = probe_instcmd,
	.close = probe_close,
};

int main(int argc, char **argv)
{
	return core_main(&probe_driver, argc, argv);
}
