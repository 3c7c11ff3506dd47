/*
 * usbsim: USB devices from files, for real libusb, through umockdev.
 *
 *   umockdev-wrapper usbsim SOCKET FILE...
 *
 * Prints the folder for UMOCKDEV_DIR when the devices are there, then takes commands
 * (control.h).
 */
#include "config.h"

#include <errno.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/sim/usb/control.h"
#include "tests/sim/usb/usbfs.h"

static struct {
	UMockdevTestbed *testbed;
	char *root;
	struct port ports[PORTS_MAX];
	guint last_number;
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

static void show_configuration(const struct port *p)
{
	char *path = g_strdup_printf("%s/sys/devices/sim/usb1/1-%u/bConfigurationValue", sim.root,
				     p->index);
	char *text = g_strdup_printf("%u\n", p->device->configuration);

	if (p->device->configurations > 1 && !g_file_set_contents(path, text, -1, NULL))
		g_printerr("usbsim: %s: not written\n", path);
	g_free(text);
	g_free(path);
}

/* While the kernel's own driver has it, its report descriptor is there for all to read. */
static void show_hid(const struct port *p, gboolean bound)
{
	const struct device *d = p->device;
	char *folder = g_strdup_printf("%s/sys/devices/sim/usb1/1-%u/1-%u:1.%u/0003:%04X:%04X.0001",
				       sim.root, p->index, p->index, d->hid_interface, d->vendor_id,
				       d->product_id);
	char *file = g_strconcat(folder, "/report_descriptor", NULL);

	g_unlink(file);
	g_rmdir(folder);
	if (bound && (g_mkdir(folder, 0755) != 0 ||
		      !g_file_set_contents(file, (const char *)d->report_descriptor->data,
					   (gssize)d->report_descriptor->len, NULL)))
		g_printerr("usbsim: %s cannot be written\n", file);
	g_free(file);
	g_free(folder);
}

/* The link that says who has the interface, its descriptor, and the configuration in force. */
static void show_driver(void *arg, const char *driver)
{
	const struct port *p = arg;
	char *link = g_strdup_printf("%s/sys/devices/sim/usb1/1-%u/1-%u:1.%u/driver", sim.root,
				     p->index, p->index, p->device->hid_interface);

	if (p->plugged)
		show_configuration(p);
	show_hid(p, driver && strcmp(driver, "usbhid") == 0);
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
		"A: bNumConfigurations=%u\\n\nA: bNumInterfaces=%u\\n\n"
		"A: idVendor=%04x\\n\nA: idProduct=%04x\\n\nA: bcdDevice=%04x\\n\n",
		p->number, p->number, d->vendor_id, d->product_id, p->number, d->speed,
		d->configurations, d->hid_interface + 1, d->vendor_id, d->product_id, d->release);
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

static void unplug(struct port *p);
static char *plug_next(struct port *p, guint number);

static gboolean after_fuse(void *arg)
{
	struct port *p = arg;
	char *why = NULL;

	if (p->plugged)
		unplug(p);
	if (p->device->fuse_plugs)
		why = plug_next(p, 0);
	if (why)
		g_printerr("usbsim: %s\n", why);
	g_free(why);
	return G_SOURCE_REMOVE;
}

/* Called by umockdev's thread; ours unplugs. */
static void on_fuse(void *arg)
{
	g_idle_add(after_fuse, arg);
}

/* The node's far end; before the node is there, and umockdev tells everybody so. */
static char *attach(struct port *p)
{
	char *node = node_of(p), *why = NULL;
	GError *error = NULL;

	p->plugged = usbfs_new(p->device, show_driver, on_fuse, p);
	/* If a device had this number before; else there is nothing to detach. */
	umockdev_testbed_detach_ioctl(sim.testbed, node, NULL);
	if (!umockdev_testbed_attach_ioctl(sim.testbed, node, (UMockdevIoctlBase *)p->plugged, &error)) {
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
	p->device->configuration = 1;
	describe_device(s, p);
	why = attach(p);
	if (!why)
		why = add(s);
	g_string_free(s, TRUE);
	if (why)
		return why;
	show_driver(p, usbfs_driver(p->plugged));
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
	usbfs_unplug(p->plugged);
	g_mutex_unlock(&usbfs_lock);
	show_driver(p, NULL);
	interface = g_strdup_printf("%s/1-%u:1.%u", path, p->index, p->device->hid_interface);
	umockdev_testbed_remove_device(sim.testbed, interface);
	uevent(p, "remove");
	umockdev_testbed_remove_device(sim.testbed, path);
	/* Its handler stays: programs that have the node open hear from it that the device is gone.
	 */
	g_object_unref(p->plugged);
	p->plugged = NULL;
	g_free(interface);
	g_free(path);
	g_free(way);
}

/* ------------------------------------------------------------------------------- start */

static gboolean is_taken(guint number)
{
	for (guint i = 0; i < PORTS_MAX; i++)
		if (sim.ports[i].plugged && sim.ports[i].number == number)
			return TRUE;
	return FALSE;
}

/* As the kernel's go: on and on, then from the beginning. */
static guint free_number(void)
{
	do
		sim.last_number = sim.last_number < NUMBER_MAX ? sim.last_number + 1 : 2;
	while (is_taken(sim.last_number));
	return sim.last_number;
}

static char *plug_next(struct port *p, guint number)
{
	return plug(p, number ? number : free_number(), TRUE);
}

static void interrupt(struct port *p, GByteArray *packet)
{
	usbfs_interrupt(p->plugged, packet);
}

static void interrupt_fault(struct port *p, int error)
{
	usbfs_interrupt_fault(p->plugged, error);
}

static void state(struct port *p, struct port_state *s)
{
	const char *driver = usbfs_driver(p->plugged);

	g_strlcpy(s->driver, driver ? driver : "", sizeof(s->driver));
	s->waiting = usbfs_waiting(p->plugged);
	s->packet_us = usbfs_packet_us(p->plugged);
}

static void stuck(struct port *p, gboolean on)
{
	usbfs_set_stuck(p->plugged, on);
}

static void mode(struct port *p)
{
	if (p->plugged)
		set_modes(p);
}

static const struct carrier carrier = {plug_next,       unplug, &usbfs_lock, interrupt,
				       interrupt_fault, state,  stuck,       mode};

static char *start(char **files, guint count)
{
	GString *hub = g_string_new(NULL);
	char *why = control_read(sim.ports, files, count);

	describe_hub(hub);
	if (!why)
		why = add(hub);
	g_string_free(hub, TRUE);
	sim.last_number = 1;
	for (guint i = 0; i < count && !why; i++)
		why = plug(&sim.ports[i], sim.last_number + 1, FALSE);
	return why;
}

/*
 * umockdev ends the process when a program closes its socket for the kernel's events
 * between umockdev's look at the folder and its connect() or sendmsg(), unless the
 * socket is there and nobody listens: that is what it is told here.
 */
int connect(int fd, const struct sockaddr *to, socklen_t len)
{
	int status = (int)syscall(SYS_connect, fd, to, len);

	if (status != 0 && errno == ENOENT && to->sa_family == AF_UNIX)
		errno = ECONNREFUSED;
	return status;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t sent = syscall(SYS_sendmsg, fd, m, flags);

	if (sent >= 0 || (errno != ECONNREFUSED && errno != ENOTCONN))
		return sent;
	sent = 0;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		sent += (ssize_t)m->msg_iov[i].iov_len;
	return sent;
}

int main(int argc, char **argv)
{
	guint count = argc > 2 ? (guint)argc - 2 : 0;
	int status = 1;
	char *why;

	if (count == 0) {
		g_printerr("usage: umockdev-wrapper usbsim SOCKET FILE...\n");
		return 2;
	}
	sim.testbed = umockdev_testbed_new();
	sim.root = umockdev_testbed_get_root_dir(sim.testbed);
	why = start(argv + 2, count);
	if (why)
		g_printerr("usbsim: %s\n", why);
	else
		status = control_run(&carrier, sim.ports, count, argv[1], sim.root);
	g_object_unref(sim.testbed); /* removes the folder */
	return status;
}
