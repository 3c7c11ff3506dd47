#include "config.h"

#include "tests/sim/usb/usbip.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

enum { SUBMIT = 1, UNLINK = 2, DONE = 3, UNLINKED = 4 };
enum { DATA_MAX = 65536 };

/* Numbers are big endian. */
struct message {
	guint32 command, number, device, in, endpoint;
	guint32 rest[5]; /* see the functions that use them */
	guint8 setup[8];
};
G_STATIC_ASSERT(sizeof(struct message) == 48);

/* A transfer that waits: for a packet, or for ever. */
struct transfer {
	guint32 number;
	gboolean interrupt;
	guint room;
};

struct usbip {
	struct device *device;
	int fd;
	guint source;
	GQueue waiting; /* struct transfer */
	GQueue packets; /* GByteArray */
};

static void packet_free(void *p)
{
	g_byte_array_unref(p);
}

static gboolean read_all(int fd, void *dst, gsize len)
{
	guint8 *at = dst;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FALSE;
		at += n;
		len -= (gsize)n;
	}
	return TRUE;
}

/* A kernel that has let go of the device reads no more, and that is no error of ours. */
static void write_all(int fd, const void *src, gsize len)
{
	const guint8 *at = src;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += n;
		len -= (gsize)n;
	}
}

static void reply(struct usbip *u, guint32 command, guint32 number, int status, guint actual,
		  const guint8 *data, guint len)
{
	struct message m = {.command = g_htonl(command),
			    .number = g_htonl(number),
			    .rest = {g_htonl((guint32)status), g_htonl(actual)}};
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)&m, sizeof(m));
	g_byte_array_append(out, data, len);
	write_all(u->fd, out->data, out->len);
	g_byte_array_unref(out);
}

static void wait_for(struct usbip *u, guint32 number, gboolean interrupt, guint room)
{
	struct transfer *t = g_new(struct transfer, 1);

	*t = (struct transfer){number, interrupt, room};
	g_queue_push_tail(&u->waiting, t);
}

/* NULL: nobody reads the pipe. */
static struct transfer *take_interrupt(struct usbip *u)
{
	for (GList *l = u->waiting.head; l; l = l->next) {
		struct transfer *t = l->data;

		if (!t->interrupt)
			continue;
		g_queue_delete_link(&u->waiting, l);
		return t;
	}
	return NULL;
}

static void hand_packets_out(struct usbip *u)
{
	struct transfer *t;

	while (u->packets.head && (t = take_interrupt(u))) {
		GByteArray *packet = g_queue_pop_head(&u->packets);

		if (packet->len > t->room)
			reply(u, DONE, t->number, -EOVERFLOW, 0, NULL, 0);
		else
			reply(u, DONE, t->number, 0, packet->len, packet->data, packet->len);
		g_byte_array_unref(packet);
		g_free(t);
	}
}

void usbip_interrupt(struct usbip *u, GByteArray *packet)
{
	g_queue_push_tail(&u->packets, packet);
	hand_packets_out(u);
}

void usbip_interrupt_fault(struct usbip *u, int error)
{
	struct transfer *t = take_interrupt(u);

	if (t)
		reply(u, DONE, t->number, -error, 0, NULL, 0);
	g_free(t);
}

static void control(struct usbip *u, const struct message *m, guint8 *data)
{
	guint32 number = g_ntohl(m->number);
	guint room = g_ntohl(m->rest[1]);
	int n = device_control(u->device, m->setup, data);

	if (n == DEVICE_HANGS) {
		wait_for(u, number, FALSE, 0);
		return;
	}
	if (n < 0) {
		reply(u, DONE, number, n, 0, NULL, 0);
		return;
	}
	n = (int)MIN((guint)n, room);
	reply(u, DONE, number, 0, (guint)n, data, m->in ? (guint)n : 0);
}

/* rest: flags, length, start frame, packets, interval. */
static gboolean submit(struct usbip *u, const struct message *m)
{
	guint32 number = g_ntohl(m->number);
	guint len = g_ntohl(m->rest[1]);
	guint8 *data = g_malloc0(DATA_MAX);
	gboolean good = len <= DATA_MAX && (m->in || read_all(u->fd, data, len));

	if (!good) {
		g_printerr("usbsim: a message of %u bytes, or half of one\n", len);
	} else if (m->endpoint == 0) {
		control(u, m, data);
	} else if (m->in) {
		wait_for(u, number, TRUE, len);
		hand_packets_out(u);
	} else {
		char *hex = bytes_hex(data, len);

		device_note(u->device, "out %02x: %s", g_ntohl(m->endpoint), hex);
		g_free(hex);
		reply(u, DONE, number, 0, len, NULL, 0);
	}
	g_free(data);
	return good;
}

/* rest: the number of the transfer that is given up. */
static void unlink_transfer(struct usbip *u, const struct message *m)
{
	guint32 victim = g_ntohl(m->rest[0]);
	int status = 0; /* it was answered before */

	for (GList *l = u->waiting.head; l; l = l->next) {
		struct transfer *t = l->data;

		if (t->number != victim)
			continue;
		g_queue_delete_link(&u->waiting, l);
		g_free(t);
		status = -ECONNRESET;
		break;
	}
	reply(u, UNLINKED, g_ntohl(m->number), status, 0, NULL, 0);
}

static gboolean on_message(gint fd, GIOCondition condition, gpointer arg)
{
	struct usbip *u = arg;
	struct message m;

	(void)condition;
	if (read_all(fd, &m, sizeof(m))) {
		guint32 command = g_ntohl(m.command);

		if (command == UNLINK)
			unlink_transfer(u, &m);
		else if (command != SUBMIT || !submit(u, &m))
			g_printerr("usbsim: message %u of the kernel is not understood\n", command);
		return G_SOURCE_CONTINUE;
	}
	u->source = 0;
	return G_SOURCE_REMOVE;
}

struct usbip *usbip_new(struct device *d, int fd)
{
	struct usbip *u = g_new0(struct usbip, 1);

	u->device = d;
	u->fd = fd;
	u->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, on_message, u);
	return u;
}

void usbip_free(struct usbip *u)
{
	if (u->source)
		g_source_remove(u->source);
	close(u->fd);
	g_queue_clear_full(&u->waiting, g_free);
	g_queue_clear_full(&u->packets, packet_free);
	g_free(u);
}

guint usbip_waiting(const struct usbip *u)
{
	return u->waiting.length;
}
