#include "config.h"

#include "tests/sim/usb/redir.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <usbredirparser.h>

enum { REDIR_ENDPOINTS = 32, REDIR_IN = 16 }; /* in usbredir's tables: 16 out, 16 in */

struct redir {
	struct device *device;
	char *path;
	int listener, fd; /* -1: no emulator */
	guint accepting, reading;
	struct usbredirparser *parser;
	gboolean plugged, said_hello;
	gboolean listens; /* the guest reads the interrupt pipe */
	guint64 number;   /* of the next packet of that pipe */
	GQueue packets;   /* GByteArray */
	GQueue waiting;   /* guint64 *, requests that hang */
};

static void packet_free(void *p)
{
	g_byte_array_unref(p);
}

/* ------------------------------------------------------------------------------ socket */

static int on_read(void *arg, uint8_t *data, int count)
{
	struct redir *r = arg;
	ssize_t n = recv(r->fd, data, (size_t)count, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	return n == 0 ? -1 : (int)n;
}

/* Blocks: there are few bytes, and the emulator always reads. */
static int on_write(void *arg, uint8_t *data, int count)
{
	struct redir *r = arg;
	ssize_t n = send(r->fd, data, (size_t)count, MSG_NOSIGNAL);

	return n < 0 && errno == EINTR ? 0 : (int)n;
}

static void on_log(void *arg, int level, const char *text)
{
	(void)arg;
	if (level <= usbredirparser_warning)
		g_printerr("usbsim: %s\n", text);
}

static void flush(struct redir *r)
{
	while (usbredirparser_has_data_to_write(r->parser) &&
	       usbredirparser_do_write(r->parser) == 0)
		;
}

/* ------------------------------------------------------------------------------ device */

static guint8 speed_of(const struct device *d)
{
	if (strcmp(d->speed, "480") == 0)
		return usb_redir_speed_high;
	return strcmp(d->speed, "12") == 0 ? usb_redir_speed_full : usb_redir_speed_low;
}

/* The emulator wants to know beforehand what it could read in the descriptors. */
static void describe(struct redir *r)
{
	struct usb_redir_interface_info_header interfaces = {0};
	struct usb_redir_ep_info_header endpoints = {0};
	GByteArray *all = device_descriptors(r->device);
	guint interface = 0;

	memset(endpoints.type, usb_redir_type_invalid, sizeof(endpoints.type));
	for (guint i = 0; i < REDIR_ENDPOINTS; i += REDIR_IN) {
		endpoints.type[i] = usb_redir_type_control;
		endpoints.max_packet_size[i] = 8;
	}
	for (guint at = 0; at + 7 <= all->len && all->data[at]; at += all->data[at]) {
		const guint8 *d = all->data + at;
		guint i;

		if (d[1] == 4) {
			i = interfaces.interface_count++;
			interface = d[2];
			interfaces.interface[i] = d[2];
			interfaces.interface_class[i] = d[5];
			interfaces.interface_subclass[i] = d[6];
			interfaces.interface_protocol[i] = d[7];
		} else if (d[1] == 5) {
			i = (d[2] & 15u) + (d[2] & 0x80 ? REDIR_IN : 0);
			endpoints.type[i] = d[3] & 3;
			endpoints.interface[i] = (guint8)interface;
			endpoints.interval[i] = d[6];
			endpoints.max_packet_size[i] = (guint16)(d[4] | d[5] << 8);
		}
	}
	g_byte_array_unref(all);
	usbredirparser_send_interface_info(r->parser, &interfaces);
	usbredirparser_send_ep_info(r->parser, &endpoints);
}

static void connect_device(struct redir *r)
{
	struct usb_redir_device_connect_header h = {
		.speed = speed_of(r->device),
		.vendor_id = r->device->vendor_id,
		.product_id = r->device->product_id,
		.device_version_bcd = r->device->release,
	};

	describe(r);
	usbredirparser_send_device_connect(r->parser, &h);
	flush(r);
}

static void forget_transfers(struct redir *r)
{
	r->listens = FALSE;
	g_queue_clear_full(&r->packets, packet_free);
	g_queue_clear_full(&r->waiting, g_free);
}

void redir_plug(struct redir *r, gboolean on)
{
	r->plugged = on;
	forget_transfers(r);
	if (!r->parser || !r->said_hello)
		return;
	if (on) {
		connect_device(r);
	} else {
		usbredirparser_send_device_disconnect(r->parser);
		flush(r);
	}
}

/* --------------------------------------------------------------------- interrupt pipes */

static guint8 interrupt_endpoint(const struct redir *r)
{
	return (guint8)(0x81 + r->device->hid_interface);
}

static void hand_packets_out(struct redir *r)
{
	while (r->listens && r->packets.head) {
		GByteArray *packet = g_queue_pop_head(&r->packets);
		struct usb_redir_interrupt_packet_header h = {
			.endpoint = interrupt_endpoint(r),
			.status = usb_redir_success,
			.length = (guint16)packet->len,
		};

		usbredirparser_send_interrupt_packet(r->parser, r->number++, &h, packet->data,
						     (int)packet->len);
		g_byte_array_unref(packet);
	}
	if (r->parser)
		flush(r);
}

void redir_interrupt(struct redir *r, GByteArray *packet)
{
	g_queue_push_tail(&r->packets, packet);
	hand_packets_out(r);
}

static void listen_status(struct redir *r, guint64 id, guint8 endpoint)
{
	struct usb_redir_interrupt_receiving_status_header h = {
		.status = usb_redir_success,
		.endpoint = endpoint,
	};

	usbredirparser_send_interrupt_receiving_status(r->parser, id, &h);
}

static void on_listen(void *arg, uint64_t id, struct usb_redir_start_interrupt_receiving_header *h)
{
	struct redir *r = arg;

	listen_status(r, id, h->endpoint);
	if (h->endpoint != interrupt_endpoint(r))
		return; /* another interface, which has nothing to say */
	r->listens = TRUE;
	hand_packets_out(r);
}

static void on_listen_end(void *arg, uint64_t id,
			  struct usb_redir_stop_interrupt_receiving_header *h)
{
	struct redir *r = arg;

	if (h->endpoint == interrupt_endpoint(r))
		r->listens = FALSE;
	listen_status(r, id, h->endpoint);
}

static void on_interrupt_out(void *arg, uint64_t id, struct usb_redir_interrupt_packet_header *h,
			     uint8_t *data, int len)
{
	struct redir *r = arg;
	char *hex = bytes_hex(data, (gsize)len);

	device_note(r->device, "out %02x: %s", h->endpoint, hex);
	g_free(hex);
	usbredirparser_free_packet_data(r->parser, data);
	h->status = usb_redir_success;
	usbredirparser_send_interrupt_packet(r->parser, id, h, NULL, 0);
}

/* ---------------------------------------------------------------------------- requests */

static void on_control(void *arg, uint64_t id, struct usb_redir_control_packet_header *h,
		       uint8_t *data, int len)
{
	struct redir *r = arg;
	const guint8 setup[8] = {
		h->requesttype,    h->request,
		(guint8)h->value,  (guint8)(h->value >> 8),
		(guint8)h->index,  (guint8)(h->index >> 8),
		(guint8)h->length, (guint8)(h->length >> 8),
	};
	gboolean in = h->requesttype & 0x80;
	guint8 *buffer = g_malloc0(65536);
	int n;

	if (len > 0)
		memcpy(buffer, data, (size_t)len);
	usbredirparser_free_packet_data(r->parser, data);
	n = r->plugged ? device_control(r->device, setup, buffer) : -ENODEV;
	if (n == DEVICE_HANGS) {
		guint64 *waiting = g_new(guint64, 1);

		*waiting = id;
		g_queue_push_tail(&r->waiting, waiting);
	} else {
		h->status = n >= 0 ? usb_redir_success : usb_redir_stall;
		h->length = (guint16)CLAMP(n, 0, h->length);
		usbredirparser_send_control_packet(r->parser, id, h, in ? buffer : NULL,
						   in ? h->length : 0);
	}
	g_free(buffer);
}

static gint same_number(gconstpointer a, gconstpointer b)
{
	return *(const guint64 *)a != *(const guint64 *)b;
}

static void on_cancel(void *arg, uint64_t id)
{
	struct redir *r = arg;
	struct usb_redir_control_packet_header h = {.status = usb_redir_cancelled};
	GList *found = g_queue_find_custom(&r->waiting, &id, same_number);

	if (!found)
		return; /* it was answered before */
	g_free(found->data);
	g_queue_delete_link(&r->waiting, found);
	usbredirparser_send_control_packet(r->parser, id, &h, NULL, 0);
}

static void say_configuration(struct redir *r, guint64 id)
{
	struct usb_redir_configuration_status_header h = {
		.status = usb_redir_success,
		.configuration = (guint8)r->device->configuration,
	};

	usbredirparser_send_configuration_status(r->parser, id, &h);
}

static void on_set_configuration(void *arg, uint64_t id,
				 struct usb_redir_set_configuration_header *h)
{
	struct redir *r = arg;

	r->device->configuration = h->configuration;
	say_configuration(r, id);
}

static void on_get_configuration(void *arg, uint64_t id)
{
	say_configuration(arg, id);
}

static void say_setting(struct redir *r, guint64 id, guint8 interface)
{
	struct usb_redir_alt_setting_status_header h = {
		.status = usb_redir_success,
		.interface = interface,
	};

	usbredirparser_send_alt_setting_status(r->parser, id, &h);
}

static void on_set_setting(void *arg, uint64_t id, struct usb_redir_set_alt_setting_header *h)
{
	say_setting(arg, id, h->interface);
}

static void on_get_setting(void *arg, uint64_t id, struct usb_redir_get_alt_setting_header *h)
{
	say_setting(arg, id, h->interface);
}

static void on_reset(void *arg)
{
	forget_transfers(arg);
}

static void on_disconnect_ack(void *arg)
{
	(void)arg;
}

static void on_hello(void *arg, struct usb_redir_hello_header *h)
{
	struct redir *r = arg;

	(void)h;
	r->said_hello = TRUE;
	if (r->plugged)
		connect_device(r);
}

/* ---------------------------------------------------------------------------- emulators */

static void hang_up(struct redir *r)
{
	if (r->fd < 0)
		return;
	g_clear_handle_id(&r->reading, g_source_remove);
	usbredirparser_destroy(r->parser);
	r->parser = NULL;
	r->said_hello = FALSE;
	close(r->fd);
	r->fd = -1;
	forget_transfers(r);
}

static gboolean on_packet(gint fd, GIOCondition condition, gpointer arg)
{
	struct redir *r = arg;

	(void)fd;
	(void)condition;
	if (usbredirparser_do_read(r->parser) == usbredirparser_read_io_error) {
		r->reading = 0;
		hang_up(r);
		return G_SOURCE_REMOVE;
	}
	flush(r);
	return G_SOURCE_CONTINUE;
}

static gboolean on_emulator(gint fd, GIOCondition condition, gpointer arg)
{
	static const int caps_of_ours[] = {
		usb_redir_cap_connect_device_version,  usb_redir_cap_device_disconnect_ack,
		usb_redir_cap_ep_info_max_packet_size, usb_redir_cap_64bits_ids,
		usb_redir_cap_32bits_bulk_length, /* xHCI wants it; there is no bulk pipe */
	};
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};
	struct redir *r = arg;
	struct usbredirparser *p;

	(void)condition;
	hang_up(r);
	r->fd = accept(fd, NULL, NULL);
	if (r->fd < 0)
		return G_SOURCE_CONTINUE;
	p = r->parser = usbredirparser_create();
	p->priv = r;
	p->log_func = on_log;
	p->read_func = on_read;
	p->write_func = on_write;
	p->hello_func = on_hello;
	p->reset_func = on_reset;
	p->device_disconnect_ack_func = on_disconnect_ack;
	p->control_packet_func = on_control;
	p->cancel_data_packet_func = on_cancel;
	p->set_configuration_func = on_set_configuration;
	p->get_configuration_func = on_get_configuration;
	p->set_alt_setting_func = on_set_setting;
	p->get_alt_setting_func = on_get_setting;
	p->start_interrupt_receiving_func = on_listen;
	p->stop_interrupt_receiving_func = on_listen_end;
	p->interrupt_packet_func = on_interrupt_out;
	for (gsize i = 0; i < G_N_ELEMENTS(caps_of_ours); i++)
		usbredirparser_caps_set_cap(caps, caps_of_ours[i]);
	usbredirparser_init(p, "usbsim", caps, USB_REDIR_CAPS_SIZE, usbredirparser_fl_usb_host);
	flush(r);
	r->reading = g_unix_fd_add(r->fd, G_IO_IN | G_IO_HUP, on_packet, r);
	return G_SOURCE_CONTINUE;
}

struct redir *redir_new(struct device *d, const char *path, char **why)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct redir *r = g_new0(struct redir, 1);

	r->device = d;
	r->path = g_strdup(path);
	r->fd = -1;
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_unlink(path);
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(r->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(r->listener, 1) != 0) {
		*why = g_strdup_printf("%s: %s", path, g_strerror(errno));
		redir_free(r);
		return NULL;
	}
	r->accepting = g_unix_fd_add(r->listener, G_IO_IN, on_emulator, r);
	return r;
}

void redir_free(struct redir *r)
{
	hang_up(r);
	if (r->accepting)
		g_source_remove(r->accepting);
	if (r->listener >= 0)
		close(r->listener);
	g_unlink(r->path);
	forget_transfers(r);
	g_free(r->path);
	g_free(r);
}

guint redir_waiting(const struct redir *r)
{
	return r->waiting.length;
}
