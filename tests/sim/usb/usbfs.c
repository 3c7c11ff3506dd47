#include "config.h"

#include "tests/sim/usb/usbfs.h"

#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <string.h>
#include <sys/ioctl.h>

/*
 * The node is a plain file, always ready: libusb asks for finished transfers without
 * end.  A "not yet" is late by so much, which is also how exact libusb's timeouts are.
 */
enum { NOT_YET_MS = 2 };

GMutex usbfs_lock;

/* A transfer of a program. */
struct urb {
	UMockdevIoctlData *data, *buffer;
	gulong address; /* in the program: what it is called when it is to be discarded */
	struct usbdevfs_urb u;
};

/* A program that has the node open. */
struct opener {
	GQueue waiting, finished; /* struct urb */
};

struct Usbfs {
	UMockdevIoctlBase parent;
	struct device *device;
	usbfs_driver_fn *fn;
	usbfs_fuse_fn *fuse;
	void *arg;
	GHashTable *openers; /* UMockdevIoctlClient -> struct opener */
	UMockdevIoctlClient *owner;
	GQueue packets; /* GByteArray */
	gint64 packet_at; /* when the last one came, and how long until a program fetched it */
	guint packet_us;
	gboolean kernel_driver, stuck, gone;
};

typedef struct {
	UMockdevIoctlBaseClass parent;
} UsbfsClass;

GType usbfs_get_type(void);
G_DEFINE_TYPE(Usbfs, usbfs, UMOCKDEV_TYPE_IOCTL_BASE)

/* ------------------------------------------------------------------------------- urbs */

static void urb_free(void *p)
{
	struct urb *u = p;

	g_object_unref(u->data);
	if (u->buffer)
		g_object_unref(u->buffer);
	g_free(u);
}

static void opener_free(void *p)
{
	struct opener *o = p;

	g_queue_clear_full(&o->waiting, urb_free);
	g_queue_clear_full(&o->finished, urb_free);
	g_free(o);
}

static struct opener *opener_of(Usbfs *f, UMockdevIoctlClient *client)
{
	struct opener *o = g_hash_table_lookup(f->openers, client);

	if (!o) {
		o = g_new0(struct opener, 1);
		g_hash_table_insert(f->openers, client, o);
	}
	return o;
}

static void finish(struct opener *o, struct urb *u, int status, int length)
{
	u->u.status = status;
	u->u.actual_length = length;
	umockdev_ioctl_data_update(u->data, 0, (guint8 *)&u->u, sizeof(u->u));
	g_queue_push_tail(&o->finished, u);
}

static struct urb *take_interrupt(struct opener *o)
{
	for (GList *l = o->waiting.head; l; l = l->next) {
		struct urb *u = l->data;

		if (u->u.type != USBDEVFS_URB_TYPE_INTERRUPT || !(u->u.endpoint & 0x80))
			continue;
		g_queue_delete_link(&o->waiting, l);
		return u;
	}
	return NULL;
}

static void hand_packets_out(Usbfs *f, struct opener *o)
{
	struct urb *u;

	while (f->packets.head && (u = take_interrupt(o))) {
		GByteArray *packet = g_queue_pop_head(&f->packets);
		int room = u->u.buffer_length, len = (int)packet->len;

		if (len > room) {
			finish(o, u, -EOVERFLOW, 0);
		} else {
			umockdev_ioctl_data_update(u->buffer, 0, packet->data, packet->len);
			finish(o, u, 0, len);
		}
		g_byte_array_unref(packet);
	}
}

static void hand_packets_to_all(Usbfs *f)
{
	GHashTableIter i;
	void *o;

	g_hash_table_iter_init(&i, f->openers);
	while (g_hash_table_iter_next(&i, NULL, &o))
		hand_packets_out(f, o);
}

void usbfs_interrupt(Usbfs *f, GByteArray *packet)
{
	g_queue_push_tail(&f->packets, packet);
	f->packet_at = g_get_monotonic_time();
	f->packet_us = 0;
	hand_packets_to_all(f);
}

void usbfs_interrupt_fault(Usbfs *f, int error)
{
	GHashTableIter i;
	void *o;

	g_hash_table_iter_init(&i, f->openers);
	while (g_hash_table_iter_next(&i, NULL, &o)) {
		struct urb *u = take_interrupt(o);

		if (u)
			finish(o, u, -error, 0);
	}
}

static void run_control(Usbfs *f, struct opener *o, struct urb *u)
{
	int room = u->u.buffer_length;
	guint8 *copy;
	int n;

	if (room < 8) {
		finish(o, u, -EINVAL, 0);
		return;
	}
	copy = g_memdup2(u->buffer->data, (gsize)room);
	if (room - 8 < (copy[6] | copy[7] << 8))
		n = -EINVAL;
	else
		n = device_control(f->device, copy, copy + 8);
	if (n == DEVICE_HANGS) {
		g_queue_push_tail(&o->waiting, u);
	} else {
		if (n > 0 && (copy[0] & 0x80))
			umockdev_ioctl_data_update(u->buffer, 8, copy + 8, (gsize)n);
		finish(o, u, n < 0 ? n : 0, n < 0 ? 0 : n);
	}
	g_free(copy);
}

static void run_urb(Usbfs *f, struct opener *o, struct urb *u)
{
	if (u->u.type == USBDEVFS_URB_TYPE_CONTROL) {
		run_control(f, o, u);
	} else if (u->u.endpoint & 0x80) {
		g_queue_push_tail(&o->waiting, u);
		hand_packets_out(f, o);
	} else {
		char *hex = bytes_hex(u->buffer->data, (gsize)u->u.buffer_length);

		device_note(f->device, "out %02x: %s", u->u.endpoint, hex);
		g_free(hex);
		finish(o, u, 0, u->u.buffer_length);
	}
}

/* ----------------------------------------------------------------------- the interface */

const char *usbfs_driver(const Usbfs *f)
{
	if (f->owner)
		return "usbfs";
	return f->kernel_driver ? "usbhid" : NULL;
}

static int detach(Usbfs *f)
{
	if (!f->kernel_driver)
		return ENODATA;
	if (f->stuck)
		return EPERM;
	f->kernel_driver = FALSE;
	device_note(f->device, "detach");
	f->fn(f->arg, usbfs_driver(f));
	return 0;
}

static int attach(Usbfs *f)
{
	if (f->owner || f->kernel_driver || !f->device->has_kernel_driver)
		return EBUSY;
	f->kernel_driver = TRUE;
	device_note(f->device, "attach");
	f->fn(f->arg, usbfs_driver(f));
	return 0;
}

static int claim(Usbfs *f, UMockdevIoctlClient *client, guint interface)
{
	if (interface > f->device->hid_interface)
		return EINVAL;
	if (interface != f->device->hid_interface || f->owner == client)
		return 0;
	if (f->owner || f->kernel_driver)
		return EBUSY;
	f->owner = client;
	device_note(f->device, "claim %u", interface);
	f->fn(f->arg, usbfs_driver(f));
	return 0;
}

static int detach_and_claim(Usbfs *f, UMockdevIoctlClient *client, guint interface)
{
	if (interface == f->device->hid_interface && f->kernel_driver && detach(f) != 0)
		return EBUSY;
	return claim(f, client, interface);
}

static int release(Usbfs *f, UMockdevIoctlClient *client)
{
	if (f->owner != client)
		return EINVAL;
	f->owner = NULL;
	device_note(f->device, "release");
	f->fn(f->arg, usbfs_driver(f));
	return 0;
}

/* ----------------------------------------------------------------------------- ioctls */

static int get_capabilities(UMockdevIoctlData *arg)
{
	guint32 v = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
		    USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
	UMockdevIoctlData *d = umockdev_ioctl_data_resolve(arg, 0, sizeof(v), NULL);

	umockdev_ioctl_data_update(d, 0, (guint8 *)&v, sizeof(v));
	g_object_unref(d);
	return 0;
}

static int get_driver(Usbfs *f, UMockdevIoctlData *arg)
{
	struct usbdevfs_getdriver g;
	UMockdevIoctlData *d;
	const char *name;

	d = umockdev_ioctl_data_resolve(arg, 0, sizeof(g), NULL);
	memcpy(&g, d->data, sizeof(g));
	name = g.interface == f->device->hid_interface ? usbfs_driver(f) : NULL;
	if (name) {
		g_strlcpy(g.driver, name, sizeof(g.driver));
		umockdev_ioctl_data_update(d, 0, (guint8 *)&g, sizeof(g));
	}
	g_object_unref(d);
	return name ? 0 : ENODATA;
}

/* The number behind the argument, the first one of a structure. */
static guint number(UMockdevIoctlData *arg)
{
	UMockdevIoctlData *d = umockdev_ioctl_data_resolve(arg, 0, sizeof(guint), NULL);
	guint n;

	memcpy(&n, d->data, sizeof(n));
	g_object_unref(d);
	return n;
}

static int driver_ioctl(Usbfs *f, UMockdevIoctlData *arg)
{
	struct usbdevfs_ioctl i;
	UMockdevIoctlData *d = umockdev_ioctl_data_resolve(arg, 0, sizeof(i), NULL);

	memcpy(&i, d->data, sizeof(i));
	g_object_unref(d);
	if (i.ifno != (int)f->device->hid_interface)
		return ENODATA;
	if ((unsigned)i.ioctl_code == (unsigned)USBDEVFS_DISCONNECT)
		return detach(f);
	if ((unsigned)i.ioctl_code == (unsigned)USBDEVFS_CONNECT)
		return attach(f);
	return ENOTTY;
}

static int submit(Usbfs *f, UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
	struct opener *o = opener_of(f, client);
	struct urb *u = g_new0(struct urb, 1);

	u->data = umockdev_ioctl_data_resolve(arg, 0, sizeof(u->u), NULL);
	memcpy(&u->u, u->data->data, sizeof(u->u));
	/* `data` is a copy on our side; the program knows it by this. */
	u->address = u->data->client_addr;
	if (u->u.type != USBDEVFS_URB_TYPE_CONTROL && f->owner != client) {
		urb_free(u);
		return ENOENT;
	}
	u->buffer =
		umockdev_ioctl_data_resolve(u->data, G_STRUCT_OFFSET(struct usbdevfs_urb, buffer),
					    (gsize)u->u.buffer_length, NULL);
	run_urb(f, o, u);
	return 0;
}

static int discard(Usbfs *f, UMockdevIoctlClient *client, UMockdevIoctlData *arg)
{
	struct opener *o = opener_of(f, client);
	gulong address;

	memcpy(&address, arg->data, sizeof(address));
	for (GList *l = o->waiting.head; l; l = l->next) {
		struct urb *u = l->data;

		if (u->address != address)
			continue;
		g_queue_delete_link(&o->waiting, l);
		finish(o, u, -ENOENT, 0);
		return 0;
	}
	return EINVAL;
}

/* 0 and a transfer handed over, or an error. */
static int reap(Usbfs *f, UMockdevIoctlClient *client)
{
	struct opener *o = opener_of(f, client);
	struct urb *u = g_queue_pop_head(&o->finished);
	UMockdevIoctlData *d;

	if (!u)
		return f->gone ? ENODEV : EAGAIN;
	if (u->u.type == USBDEVFS_URB_TYPE_INTERRUPT && u->u.status == 0)
		f->packet_us = (guint)(g_get_monotonic_time() - f->packet_at);
	d = umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(void *),
					NULL);
	umockdev_ioctl_data_set_ptr(d, 0, u->data);
	g_object_unref(d);
	urb_free(u);
	return 0;
}

static void complete(UMockdevIoctlClient *client, int error)
{
	umockdev_ioctl_client_complete(client, error ? -1 : 0, error);
}

struct late_reap {
	Usbfs *fs;
	UMockdevIoctlClient *client;
};

static gboolean reap_late(void *arg)
{
	struct late_reap *late = arg;

	g_mutex_lock(&usbfs_lock);
	complete(late->client, reap(late->fs, late->client));
	g_mutex_unlock(&usbfs_lock);
	g_object_unref(late->client);
	g_object_unref(late->fs);
	g_free(late);
	return G_SOURCE_REMOVE;
}

/* In the thread that we are called from, which is umockdev's. */
static void reap_soon(Usbfs *f, UMockdevIoctlClient *client)
{
	struct late_reap *late = g_new0(struct late_reap, 1);
	GSource *timer = g_timeout_source_new(NOT_YET_MS);

	late->fs = g_object_ref(f);
	late->client = g_object_ref(client);
	g_source_set_callback(timer, reap_late, late, NULL);
	g_source_attach(timer, g_main_context_get_thread_default());
	g_source_unref(timer);
}

static int dispatch(Usbfs *f, UMockdevIoctlClient *client, gulong request)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);

	switch (request) {
	case USBDEVFS_GET_CAPABILITIES:
		return get_capabilities(arg);
	case USBDEVFS_GETDRIVER:
		return get_driver(f, arg);
	case USBDEVFS_IOCTL:
		return driver_ioctl(f, arg);
	case USBDEVFS_CLAIMINTERFACE:
		return claim(f, client, number(arg));
	case USBDEVFS_DISCONNECT_CLAIM:
		return detach_and_claim(f, client, number(arg));
	case USBDEVFS_RELEASEINTERFACE:
		return release(f, client);
	case USBDEVFS_SUBMITURB:
		return submit(f, client, arg);
	case USBDEVFS_SETINTERFACE:
		device_note(f->device, "set-interface %u", number(arg));
		return 0;
	case USBDEVFS_SETCONFIGURATION:
		device_note(f->device, "set-configuration %u", number(arg));
		return 0;
	case USBDEVFS_CLEAR_HALT:
	case USBDEVFS_RESETEP:
		device_note(f->device, "clear-halt %02x", number(arg));
		return 0;
	case USBDEVFS_RESET:
		device_note(f->device, "reset");
		return 0;
	default:
		g_printerr("usbsim: ioctl %lx is not simulated\n", request);
		return ENOTTY;
	}
}

/* Asking for a transfer that is not finished is no call: it is done without end. */
static void burn_fuse(Usbfs *f, UMockdevIoctlClient *client, gulong request)
{
	gboolean reaps = request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY;

	if (f->gone || f->device->fuse == 0 ||
	    (reaps && g_queue_is_empty(&opener_of(f, client)->finished)))
		return;
	if (--f->device->fuse > 0)
		return;
	usbfs_unplug(f);
	f->fuse(f->arg);
}

static gboolean handle_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client)
{
	gulong request = umockdev_ioctl_client_get_request(client);
	Usbfs *f = (Usbfs *)base;
	int error;

	g_mutex_lock(&usbfs_lock);
	burn_fuse(f, client, request);
	if (request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY)
		error = reap(f, client);
	else if (request == USBDEVFS_DISCARDURB)
		error = discard(f, client, umockdev_ioctl_client_get_arg(client));
	else
		error = f->gone ? ENODEV : dispatch(f, client, request);
	if (error == EAGAIN)
		reap_soon(f, client);
	else
		complete(client, error);
	g_mutex_unlock(&usbfs_lock);
	return TRUE;
}

static void client_vanished(UMockdevIoctlBase *base, UMockdevIoctlClient *client)
{
	Usbfs *f = (Usbfs *)base;

	g_mutex_lock(&usbfs_lock);
	if (f->owner == client)
		release(f, client);
	g_hash_table_remove(f->openers, client);
	g_mutex_unlock(&usbfs_lock);
}

/* ------------------------------------------------------------------------------ object */

static void usbfs_finalize(GObject *object)
{
	Usbfs *f = (Usbfs *)object;

	g_hash_table_unref(f->openers);
	g_queue_clear_full(&f->packets, (GDestroyNotify)g_byte_array_unref);
	G_OBJECT_CLASS(usbfs_parent_class)->finalize(object);
}

static void usbfs_class_init(UsbfsClass *class)
{
	class->parent.handle_ioctl = handle_ioctl;
	class->parent.client_vanished = client_vanished;
	G_OBJECT_CLASS(class)->finalize = usbfs_finalize;
}

static void usbfs_init(Usbfs *f)
{
	f->openers = g_hash_table_new_full(NULL, NULL, NULL, opener_free);
}

Usbfs *usbfs_new(struct device *d, usbfs_driver_fn *fn, usbfs_fuse_fn *fuse, void *arg)
{
	Usbfs *f = g_object_new(usbfs_get_type(), NULL);

	f->device = d;
	f->fn = fn;
	f->fuse = fuse;
	f->arg = arg;
	f->kernel_driver = d->has_kernel_driver;
	return f;
}

void usbfs_unplug(Usbfs *f)
{
	GHashTableIter i;
	void *p;

	f->gone = TRUE;
	f->owner = NULL;
	g_hash_table_iter_init(&i, f->openers);
	while (g_hash_table_iter_next(&i, NULL, &p)) {
		struct opener *o = p;
		struct urb *u;

		while ((u = g_queue_pop_head(&o->waiting)))
			finish(o, u, -ESHUTDOWN, 0);
	}
}

void usbfs_set_stuck(Usbfs *f, gboolean stuck)
{
	f->stuck = stuck;
}

guint usbfs_packet_us(const Usbfs *f)
{
	return f->packet_us;
}

guint usbfs_waiting(const Usbfs *f)
{
	GHashTableIter i;
	guint n = 0;
	void *o;

	g_hash_table_iter_init(&i, f->openers);
	while (g_hash_table_iter_next(&i, NULL, &o))
		n += ((struct opener *)o)->waiting.length;
	return n;
}
