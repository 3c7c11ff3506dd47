/*
 * Lines in, lines out: each command finds its port and does one thing to it.
 */
#include "config.h"

#include "tests/sim/usb/control.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	const struct carrier *carrier;
	struct port *ports;
	guint count;
	GMainLoop *loop;
} sim;

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
	if (!p->plugged) {
		g_byte_array_unref(bytes);
		return g_strdup("it is not plugged in");
	}
	sim.carrier->interrupt(p, bytes);
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
		if (w->n != 2 || strcmp(w->w[1], faults[i].name) != 0 || !p->plugged)
			continue;
		sim.carrier->interrupt_fault(p, faults[i].error);
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

static char *do_forget(struct port *p, const struct words *w, GString *out)
{
	(void)w;
	(void)out;
	g_string_truncate(p->device->log, 0);
	p->device->controls = 0;
	for (guint kind = 0; kind < REPORT_KINDS; kind++) {
		for (guint id = 0; id < 256; id++)
			p->device->reports[kind][id].gets = 0;
	}
	return NULL;
}

static char *do_gets(struct port *p, const struct words *w, GString *out)
{
	(void)w;
	for (guint id = 0; id < 256; id++) {
		guint feature = p->device->reports[REPORT_FEATURE][id].gets;
		guint input = p->device->reports[REPORT_INPUT][id].gets;

		if (feature)
			g_string_append_printf(out, "feature %02x %u\n", id, feature);
		if (input)
			g_string_append_printf(out, "input %02x %u\n", id, input);
	}
	return NULL;
}

static char *do_state(struct port *p, const struct words *w, GString *out)
{
	struct port_state s = {.number = p->number};

	(void)w;
	if (p->plugged)
		sim.carrier->state(p, &s);
	g_string_append_printf(out,
			       "plugged %d\nnumber %u\ndriver %s\nwaiting %u\ncontrols %u\n"
			       "packet-us %u\nfuse %u\n",
			       p->plugged != NULL, s.number, *s.driver ? s.driver : "-", s.waiting,
			       p->device->controls, s.packet_us, p->device->fuse);
	return NULL;
}

static char *do_stuck(struct port *p, const struct words *w, GString *out)
{
	(void)out;
	if (!sim.carrier->stuck)
		return g_strdup("the kernel is a real one");
	if (!p->plugged)
		return g_strdup("it is not plugged in");
	sim.carrier->stuck(p, is_on(w, 1));
	return NULL;
}

static char *do_mode(struct port *p, const struct words *w, GString *out)
{
	(void)out;
	if (!sim.carrier->mode)
		return g_strdup("the kernel is a real one");
	if (w->n != 2)
		return g_strdup("mode OCTAL");
	p->mode = (guint)g_ascii_strtoull(w->w[1], NULL, 8);
	sim.carrier->mode(p);
	return NULL;
}

static char *do_unplug(struct port *p, const struct words *w, GString *out)
{
	(void)w;
	(void)out;
	if (!p->plugged)
		return g_strdup("it is not plugged in");
	sim.carrier->unplug(p);
	return NULL;
}

static char *do_plug(struct port *p, const struct words *w, GString *out)
{
	guint64 number = w->n > 1 ? g_ascii_strtoull(w->w[1], NULL, 10) : 0;

	(void)out;
	if (p->plugged)
		return g_strdup("it is plugged in");
	if (w->n > 1 && (number < 2 || number > NUMBER_MAX))
		return g_strdup("plug [2-127]");
	return sim.carrier->plug(p, (guint)number);
}

/* "fuse 12 plug": gone at the twelfth call, and back at once. */
static char *do_fuse(struct port *p, const struct words *w, GString *out)
{
	(void)out;
	if (!sim.carrier->mode)
		return g_strdup("the kernel is a real one");
	if (w->n < 2 || (w->n == 3 && strcmp(w->w[2], "plug") != 0))
		return g_strdup("fuse N [plug]");
	p->device->fuse = (guint)g_ascii_strtoull(w->w[1], NULL, 10);
	p->device->fuse_plugs = w->n == 3;
	return NULL;
}

/* What a text is from now on; the kernel's copy of it is as old as the plug. */
static char *do_text(struct port *p, const struct words *w, GString *out)
{
	guint64 index = w->n > 1 ? g_ascii_strtoull(w->w[1], NULL, 10) : 0;

	(void)out;
	if (index < 1 || index > 255)
		return g_strdup("text INDEX [TEXT]");
	g_free(p->device->texts[index]);
	p->device->texts[index] = w->n > 2 ? g_strjoinv(" ", w->w + 2) : NULL;
	return NULL;
}

/* latin1 INDEX HEX: any bytes, as characters of Latin-1. */
static char *do_latin1(struct port *p, const struct words *w, GString *out)
{
	GByteArray *bytes = rest_bytes(w, 2);
	guint64 index = w->n > 1 ? g_ascii_strtoull(w->w[1], NULL, 16) : 0;

	(void)out;
	if (!bytes || index < 1 || index > 255)
		return g_strdup("latin1 INDEX BYTES");
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	g_free(p->device->texts[index]);
	p->device->texts[index] =
		g_convert((char *)bytes->data, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
	g_byte_array_unref(bytes);
	return NULL;
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
	{"int", do_int},         {"int-fault", do_int_fault},
	{"stall", do_fault},     {"timeout", do_fault},
	{"short", do_length},    {"long", do_length},
	{"log", do_log},         {"forget", do_forget},
	{"state", do_state},     {"stuck", do_stuck},
	{"mode", do_mode, TRUE}, {"unplug", do_unplug, TRUE},
	{"plug", do_plug, TRUE}, {"quit", do_quit},
	{"gets", do_gets},       {"fuse", do_fuse},
	{"text", do_text},       {"latin1", do_latin1},
};

static char *run(struct port *p, const struct words *w, GString *out)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		char *why;

		if (strcmp(w->w[0], commands[i].name) != 0)
			continue;
		if (!commands[i].locks)
			g_mutex_lock(sim.carrier->lock);
		why = commands[i].run(p, w, out);
		if (!commands[i].locks)
			g_mutex_unlock(sim.carrier->lock);
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

char *control_read(struct port *ports, char **files, guint count)
{
	char *why = NULL;

	if (count < 1 || count > PORTS_MAX)
		return g_strdup_printf("1 to %d device files", PORTS_MAX);
	for (guint i = 0; i < count && !why; i++) {
		ports[i].index = i + 1;
		ports[i].mode = 0666;
		ports[i].device = device_read(files[i], &why);
	}
	return why;
}

static gboolean on_signal(gpointer arg)
{
	(void)arg;
	g_main_loop_quit(sim.loop);
	return G_SOURCE_CONTINUE;
}

int control_run(const struct carrier *c, struct port *ports, guint count, const char *socket,
		const char *hello)
{
	char *why;

	sim.carrier = c;
	sim.ports = ports;
	sim.count = count;
	sim.loop = g_main_loop_new(NULL, FALSE);
	why = listen_on(socket);
	if (why) {
		g_printerr("usbsim: %s\n", why);
		g_free(why);
		return 1;
	}
	g_unix_signal_add(SIGTERM, on_signal, NULL);
	g_unix_signal_add(SIGINT, on_signal, NULL);
	g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, NULL);
	printf("%s\n", hello);
	fflush(stdout);
	g_main_loop_run(sim.loop);
	g_unlink(socket);
	return 0;
}
