/*
 * usbsim: USB devices from files, for real libusb, through umockdev.
 *
 *   umockdev-wrapper usbsim SOCKET FILE...
 *
 * Prints the folder for UMOCKDEV_DIR when the devices are there, then takes commands
 * on SOCKET (README.md) until `quit`, or until its standard input ends.
 */
#include "config.h"

#include <errno.h>
#include <ftw.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/usb/usbfs.h"

enum { DEVICES_MAX = 16, NUMBER_MAX = 127 };

/* A place of the bus, with its device plugged in or not. */
struct port {
	guint index; /* 1 ... */
	struct device *device;
	Usbfs *fs; /* NULL: nothing is plugged in */
	guint number;
	guint mode; /* of the node */
};

static struct {
	UMockdevTestbed *testbed;
	char *root;
	struct port ports[DEVICES_MAX];
	guint count;
	guint last_number;
	GMainLoop *loop;
} sim;

/* ------------------------------------------------------------------------- the testbed */

static char *way_of(const struct port *p)
{
	return g_strdup_printf("/devices/sim/usb1/1-%u", p->index);
}

static char *node_of(const struct port *p)
{
	return g_strdup_printf("/dev/bus/usb/001/%03u", p->number);
}

/* The link that says who has the interface. */
static void show_driver(void *arg, const char *driver)
{
	const struct port *p = arg;
	char *link = g_strdup_printf("%s/sys/devices/sim/usb1/1-%u/1-%u:1.%u/driver", sim.root,
				     p->index, p->index, p->device->hid_interface);

	g_unlink(link);
	if (driver) {
		char *target = g_strdup_printf("../../../../../bus/usb/drivers/%s", driver);

		if (symlink(target, link) != 0)
			g_printerr("usbsim: %s: %s\n", link, g_strerror(errno));
		g_free(target);
	}
	g_free(link);
}

static int open_to_all(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	(void)at;
	if (!S_ISLNK(st->st_mode) && !S_ISREG(st->st_mode))
		chmod(path, S_ISDIR(st->st_mode) ? 0777 : 0666);
	return 0;
}

/* A driver that has dropped root has to get at it all. */
static void set_modes(const struct port *p)
{
	char *node = node_of(p);
	char *path = g_strconcat(sim.root, node, NULL);

	nftw(sim.root, open_to_all, 16, FTW_PHYS);
	if (chmod(path, p->mode) != 0)
		g_printerr("usbsim: %s: %s\n", path, g_strerror(errno));
	g_free(path);
	g_free(node);
}

static void add_hex(GString *s, const GByteArray *bytes)
{
	for (guint i = 0; i < bytes->len; i++)
		g_string_append_printf(s, "%02X", bytes->data[i]);
}

/* The kernel reads the texts once, when a device comes. */
static void describe_texts(GString *s, const struct device *d)
{
	static const char *const names[] = {"manufacturer", "product", "serial"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *text = d->texts[d->text_index[i]];

		if (text && !strpbrk(text, "\\\n"))
			g_string_append_printf(s, "A: %s=%s\\n\n", names[i], text);
	}
}

/* Backslash and n are umockdev's way to write a newline. */
static void describe_device(GString *s, const struct port *p)
{
	const struct device *d = p->device;
	GByteArray *descriptors = device_descriptors(d);

	g_string_append_printf(s,
			       "P: /devices/sim/usb1/1-%u\n"
			       "N: bus/usb/001/%03u=",
			       p->index, p->number);
	add_hex(s, descriptors);
	g_string_append_printf(
		s,
		"\nE: DEVNAME=/dev/bus/usb/001/%03u\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n"
		"E: BUSNUM=001\nE: DEVNUM=%03u\nE: ID_VENDOR_ID=%04x\nE: ID_MODEL_ID=%04x\n"
		"A: busnum=1\\n\nA: devnum=%u\\n\nA: speed=%s\\n\nA: bConfigurationValue=1\\n\n"
		"A: bNumConfigurations=1\\n\nA: bNumInterfaces=%u\\n\n"
		"A: idVendor=%04x\\n\nA: idProduct=%04x\\n\nA: bcdDevice=%04x\\n\n",
		p->number, p->number, d->vendor_id, d->product_id, p->number, d->speed,
		d->hid_interface + 1, d->vendor_id, d->product_id, d->release);
	describe_texts(s, d);
	g_string_append(s, "H: descriptors=");
	add_hex(s, descriptors);
	g_string_append_printf(s,
			       "\n\nP: /devices/sim/usb1/1-%u/1-%u:1.%u\n"
			       "E: DEVTYPE=usb_interface\nE: SUBSYSTEM=usb\n"
			       "A: bInterfaceNumber=%02x\\n\nA: bInterfaceClass=03\\n\n\n",
			       p->index, p->index, d->hid_interface, d->hid_interface);
	g_byte_array_unref(descriptors);
}

static void describe_hub(GString *s)
{
	g_string_append(
		s,
		"P: /devices/sim/usb1\nN: bus/usb/001/001="
		"12010002090000406B1D020001060302010109021900010100E0000904000001090000000705810304"
		"000C\nE: DEVNAME=/dev/bus/usb/001/001\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n"
		"E: BUSNUM=001\nE: DEVNUM=001\nA: busnum=1\\n\nA: devnum=1\\n\nA: speed=480\\n\n"
		"A: bConfigurationValue=1\\n\nA: idVendor=1d6b\\n\nA: idProduct=0002\\n\n"
		"H: descriptors=12010002090000406B1D020001060302010109021900010100E000090400000109"
		"0000000705810304000C\n\n");
}

static char *add(const GString *s)
{
	GError *error = NULL;
	char *why;

	if (umockdev_testbed_add_from_string(sim.testbed, s->str, &error))
		return NULL;
	why = g_strdup(error->message);
	g_error_free(error);
	return why;
}

static void uevent(const struct port *p, const char *action)
{
	char *way = way_of(p);
	char *path = g_strconcat("/sys", way, NULL);

	umockdev_testbed_uevent(sim.testbed, path, action);
	g_free(path);
	g_free(way);
}

/* The node's far end; before the node is there, and umockdev tells everybody so. */
static char *attach(struct port *p)
{
	char *node = node_of(p), *why = NULL;
	GError *error = NULL;

	p->fs = usbfs_new(p->device, show_driver, p);
	/* If a device had this number before; else there is nothing to detach. */
	umockdev_testbed_detach_ioctl(sim.testbed, node, NULL);
	if (!umockdev_testbed_attach_ioctl(sim.testbed, node, (UMockdevIoctlBase *)p->fs, &error)) {
		why = g_strdup(error->message);
		g_error_free(error);
	}
	g_free(node);
	return why;
}

/* NULL, or why not. */
static char *plug(struct port *p, guint number, gboolean tell)
{
	GString *s = g_string_new(NULL);
	char *why;

	p->number = number;
	describe_device(s, p);
	why = attach(p);
	if (!why)
		why = add(s);
	g_string_free(s, TRUE);
	if (why)
		return why;
	show_driver(p, usbfs_driver(p->fs));
	set_modes(p);
	sim.last_number = MAX(sim.last_number, number);
	if (tell)
		uevent(p, "add");
	return NULL;
}

static void unplug(struct port *p)
{
	char *way = way_of(p);
	char *path = g_strconcat("/sys", way, NULL);
	char *interface;

	g_mutex_lock(&usbfs_lock);
	usbfs_unplug(p->fs);
	g_mutex_unlock(&usbfs_lock);
	show_driver(p, NULL);
	interface = g_strdup_printf("%s/1-%u:1.%u", path, p->index, p->device->hid_interface);
	umockdev_testbed_remove_device(sim.testbed, interface);
	uevent(p, "remove");
	umockdev_testbed_remove_device(sim.testbed, path);
	/* Its handler stays: programs that have the node open hear from it that the device is gone.
	 */
	g_object_unref(p->fs);
	p->fs = NULL;
	g_free(interface);
	g_free(path);
	g_free(way);
}

/* ---------------------------------------------------------------------------- commands */

struct words {
	char **w;
	guint n;
};

typedef char *command_fn(struct port *p, const struct words *w, GString *out);

static struct report *find_report(struct port *p, const struct words *w)
{
	guint64 id;
	char *end;

	if (w->n < 3)
		return NULL;
	id = g_ascii_strtoull(w->w[2], &end, 16);
	if (*end || end == w->w[2] || id > 255)
		return NULL;
	if (strcmp(w->w[1], "feature") == 0)
		return &p->device->reports[REPORT_FEATURE][id];
	if (strcmp(w->w[1], "input") == 0)
		return &p->device->reports[REPORT_INPUT][id];
	return NULL;
}

static GByteArray *rest_bytes(const struct words *w, guint from)
{
	char *text = w->n > from ? g_strjoinv(" ", w->w + from) : g_strdup("");
	GByteArray *bytes = hex_bytes(text);

	g_free(text);
	return bytes;
}

static gboolean is_on(const struct words *w, guint at)
{
	return w->n <= at || strcmp(w->w[at], "0") != 0;
}

static char *do_set(struct port *p, const struct words *w, GString *out)
{
	struct report *r = find_report(p, w);
	GByteArray *bytes = rest_bytes(w, 3);

	(void)out;
	if (!r || !bytes)
		return g_strdup("set feature|input ID BYTES");
	if (r->bytes)
		g_byte_array_unref(r->bytes);
	r->bytes = bytes;
	return NULL;
}

static char *do_get(struct port *p, const struct words *w, GString *out)
{
	struct report *r = find_report(p, w);
	char *hex;

	if (!r || !r->bytes)
		return g_strdup("no such report");
	hex = bytes_hex(r->bytes->data, r->bytes->len);
	g_string_append_printf(out, "%s\n", hex);
	g_free(hex);
	return NULL;
}

static char *do_int(struct port *p, const struct words *w, GString *out)
{
	GByteArray *bytes = rest_bytes(w, 1);

	(void)out;
	if (!bytes)
		return g_strdup("int BYTES");
	if (!p->fs) {
		g_byte_array_unref(bytes);
		return g_strdup("it is not plugged in");
	}
	usbfs_interrupt(p->fs, bytes);
	return NULL;
}

static char *do_int_fault(struct port *p, const struct words *w, GString *out)
{
	static const struct {
		const char *name;
		int error;
	} faults[] = {{"stall", EPIPE}, {"proto", EPROTO}, {"overflow", EOVERFLOW}};

	(void)out;
	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
		if (w->n != 2 || strcmp(w->w[1], faults[i].name) != 0 || !p->fs)
			continue;
		usbfs_interrupt_fault(p->fs, faults[i].error);
		return NULL;
	}
	return g_strdup("int-fault stall|proto|overflow");
}

/* For all of the device: its texts, its report descriptor, everything. */
static gboolean *find_switch(struct port *p, const char *fault, const char *what)
{
	if (strcmp(fault, "timeout") == 0 && strcmp(what, "all") == 0)
		return &p->device->hangs;
	if (strcmp(fault, "stall") == 0 && strcmp(what, "strings") == 0)
		return &p->device->texts_stall;
	if (strcmp(fault, "stall") == 0 && strcmp(what, "rdesc") == 0)
		return &p->device->descriptor_stalls;
	return NULL;
}

static char *do_fault(struct port *p, const struct words *w, GString *out)
{
	gboolean *all = w->n > 1 ? find_switch(p, w->w[0], w->w[1]) : NULL;
	struct report *r = find_report(p, w);

	(void)out;
	if (all)
		*all = is_on(w, 2);
	else if (r && strcmp(w->w[0], "stall") == 0)
		r->stalls = is_on(w, 3);
	else if (r)
		r->hangs = is_on(w, 3);
	else
		return g_strdup("stall feature|input ID [0], stall strings|rdesc [0], "
				"timeout feature|input ID [0], timeout all [0]");
	return NULL;
}

static char *do_length(struct port *p, const struct words *w, GString *out)
{
	struct report *r = find_report(p, w);
	gint64 n = w->n > 3 ? g_ascii_strtoll(w->w[3], NULL, 10) : LENGTH_AS_IS;

	(void)out;
	if (!r || n < LENGTH_AS_IS || n > 65535)
		return g_strdup("short|long feature|input ID [BYTES]");
	r->length = (int)n;
	return NULL;
}

static char *do_log(struct port *p, const struct words *w, GString *out)
{
	(void)w;
	g_string_append_len(out, p->device->log->str, (gssize)p->device->log->len);
	return NULL;
}

/* text INDEX HEX: what it says from now on, in Latin-1. */
static char *do_text(struct port *p, const struct words *w, GString *out)
{
	GByteArray *bytes = rest_bytes(w, 2);
	guint index = w->n >= 2 ? (guint)g_ascii_strtoull(w->w[1], NULL, 16) : 256;

	(void)out;
	if (!bytes || index > 255)
		return g_strdup("text INDEX BYTES");
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	g_free(p->device->texts[index]);
	p->device->texts[index] =
		g_convert((char *)bytes->data, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
	g_byte_array_unref(bytes);
	return NULL;
}

static char *do_forget(struct port *p, const struct words *w, GString *out)
{
	(void)w;
	(void)out;
	g_string_truncate(p->device->log, 0);
	p->device->controls = 0;
	return NULL;
}

static char *do_state(struct port *p, const struct words *w, GString *out)
{
	const char *driver = p->fs ? usbfs_driver(p->fs) : NULL;

	(void)w;
	g_string_append_printf(out, "plugged %d\nnumber %u\ndriver %s\nwaiting %u\ncontrols %u\n",
			       p->fs != NULL, p->number, driver ? driver : "-",
			       p->fs ? usbfs_waiting(p->fs) : 0, p->device->controls);
	return NULL;
}

static char *do_stuck(struct port *p, const struct words *w, GString *out)
{
	(void)out;
	if (!p->fs)
		return g_strdup("it is not plugged in");
	usbfs_set_stuck(p->fs, is_on(w, 1));
	return NULL;
}

static char *do_mode(struct port *p, const struct words *w, GString *out)
{
	(void)out;
	if (w->n != 2)
		return g_strdup("mode OCTAL");
	p->mode = (guint)g_ascii_strtoull(w->w[1], NULL, 8);
	if (p->fs)
		set_modes(p);
	return NULL;
}

static char *do_unplug(struct port *p, const struct words *w, GString *out)
{
	(void)w;
	(void)out;
	if (!p->fs)
		return g_strdup("it is not plugged in");
	unplug(p);
	return NULL;
}

static char *do_plug(struct port *p, const struct words *w, GString *out)
{
	guint64 number = w->n > 1 ? g_ascii_strtoull(w->w[1], NULL, 10) : sim.last_number + 1;

	(void)out;
	if (p->fs)
		return g_strdup("it is plugged in");
	if (number < 2 || number > NUMBER_MAX)
		return g_strdup("plug [2-127]");
	return plug(p, (guint)number, TRUE);
}

static char *do_quit(struct port *p, const struct words *w, GString *out)
{
	(void)p;
	(void)w;
	(void)out;
	g_main_loop_quit(sim.loop);
	return NULL;
}

static const struct {
	const char *name;
	command_fn *run;
	gboolean locks; /* by itself, where it must */
} commands[] = {
	{"set", do_set},         {"get", do_get},
	{"text", do_text},
	{"int", do_int},         {"int-fault", do_int_fault},
	{"stall", do_fault},     {"timeout", do_fault},
	{"short", do_length},    {"long", do_length},
	{"log", do_log},         {"forget", do_forget},
	{"state", do_state},     {"stuck", do_stuck},
	{"mode", do_mode, TRUE}, {"unplug", do_unplug, TRUE},
	{"plug", do_plug, TRUE}, {"quit", do_quit},
};

static char *run(struct port *p, const struct words *w, GString *out)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		char *why;

		if (strcmp(w->w[0], commands[i].name) != 0)
			continue;
		if (!commands[i].locks)
			g_mutex_lock(&usbfs_lock);
		why = commands[i].run(p, w, out);
		if (!commands[i].locks)
			g_mutex_unlock(&usbfs_lock);
		return why;
	}
	return g_strdup("unknown command");
}

/* "@2 unplug": of the second device; without it the first is meant. */
static void on_command(const char *line, GString *out)
{
	char **all = g_strsplit_set(line, " \t", 0);
	struct words w = {.w = g_new0(char *, g_strv_length(all) + 1)};
	guint64 which = 1;
	char *why = NULL;

	for (guint i = 0; all[i]; i++) {
		if (i == 0 && all[i][0] == '@')
			which = g_ascii_strtoull(all[i] + 1, NULL, 10);
		else if (*all[i])
			w.w[w.n++] = all[i];
	}
	if (w.n == 0)
		why = g_strdup("no command");
	else if (which < 1 || which > sim.count)
		why = g_strdup("no such device");
	else
		why = run(&sim.ports[which - 1], &w, out);
	g_string_append_printf(out, why ? "ERR %s\n" : "OK\n", why);
	g_free(why);
	g_free(w.w);
	g_strfreev(all);
}

/* ---------------------------------------------------------------------- control socket */

static void on_line(GObject *source, GAsyncResult *result, gpointer arg);

static void read_on(GSocketConnection *connection, GDataInputStream *in)
{
	g_data_input_stream_read_line_async(in, G_PRIORITY_DEFAULT, NULL, on_line, connection);
}

static void on_line(GObject *source, GAsyncResult *result, gpointer arg)
{
	GDataInputStream *in = G_DATA_INPUT_STREAM(source);
	GSocketConnection *connection = arg;
	char *line = g_data_input_stream_read_line_finish(in, result, NULL, NULL);
	GOutputStream *stream = g_io_stream_get_output_stream(G_IO_STREAM(connection));
	GString *out;

	if (!line) {
		g_object_unref(in);
		g_object_unref(connection);
		return;
	}
	out = g_string_new(NULL);
	on_command(line, out);
	g_output_stream_write_all(stream, out->str, out->len, NULL, NULL, NULL);
	g_string_free(out, TRUE);
	g_free(line);
	read_on(connection, in);
}

static gboolean on_connection(GSocketService *service, GSocketConnection *connection,
			      GObject *source, gpointer arg)
{
	GInputStream *stream = g_io_stream_get_input_stream(G_IO_STREAM(connection));

	(void)service;
	(void)source;
	(void)arg;
	read_on(g_object_ref(connection), g_data_input_stream_new(stream));
	return TRUE;
}

static char *listen_on(const char *path)
{
	GSocketService *service = g_socket_service_new();
	GSocketAddress *address = g_unix_socket_address_new(path);
	GError *error = NULL;

	g_unlink(path);
	if (!g_socket_listener_add_address(G_SOCKET_LISTENER(service), address,
					   G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL,
					   NULL, &error))
		return g_strdup(error->message);
	g_signal_connect(service, "incoming", G_CALLBACK(on_connection), NULL);
	g_socket_service_start(service);
	return NULL;
}

/* ------------------------------------------------------------------------------- start */

/* By hand: commands from the keyboard.  Its end is the end: whoever started us is gone. */
static gboolean on_stdin(gint fd, GIOCondition condition, gpointer arg)
{
	static GString *pending;
	char bytes[512];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	char *newline;

	(void)condition;
	(void)arg;
	if (n <= 0) {
		g_main_loop_quit(sim.loop);
		return G_SOURCE_REMOVE;
	}
	if (!pending)
		pending = g_string_new(NULL);
	g_string_append_len(pending, bytes, n);
	while ((newline = strchr(pending->str, '\n'))) {
		GString *out = g_string_new(NULL);
		char *line = g_strndup(pending->str, (gsize)(newline - pending->str));

		g_string_erase(pending, 0, newline - pending->str + 1);
		on_command(line, out);
		fputs(out->str, stdout);
		fflush(stdout);
		g_free(line);
		g_string_free(out, TRUE);
	}
	return G_SOURCE_CONTINUE;
}

static char *start(char **files, guint count)
{
	GString *hub = g_string_new(NULL);
	char *why;

	describe_hub(hub);
	why = add(hub);
	g_string_free(hub, TRUE);
	sim.last_number = 1;
	for (guint i = 0; i < count && !why; i++) {
		struct port *p = &sim.ports[i];

		p->index = i + 1;
		p->mode = 0666;
		p->device = device_read(files[i], &why);
		if (p->device)
			why = plug(p, sim.last_number + 1, FALSE);
	}
	sim.count = count;
	return why;
}

static gboolean on_signal(gpointer arg)
{
	(void)arg;
	g_main_loop_quit(sim.loop);
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	char *why;

	if (argc < 3 || argc - 2 > DEVICES_MAX) {
		g_printerr("usage: umockdev-wrapper usbsim SOCKET FILE...\n");
		return 2;
	}
	sim.testbed = umockdev_testbed_new();
	sim.root = umockdev_testbed_get_root_dir(sim.testbed);
	sim.loop = g_main_loop_new(NULL, FALSE);
	why = start(argv + 2, (guint)argc - 2);
	if (!why)
		why = listen_on(argv[1]);
	if (why) {
		g_printerr("usbsim: %s\n", why);
		g_object_unref(sim.testbed);
		return 1;
	}
	g_unix_signal_add(SIGTERM, on_signal, NULL);
	g_unix_signal_add(SIGINT, on_signal, NULL);
	g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, NULL);
	printf("%s\n", sim.root);
	fflush(stdout);
	g_main_loop_run(sim.loop);
	g_object_unref(sim.testbed); /* removes the folder */
	g_unlink(argv[1]);
	return 0;
}
