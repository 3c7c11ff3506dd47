/*
 * usbsim-vhci: USB devices from files for a real kernel, by its module vhci-hcd.
 *
 *   usbsim-vhci SOCKET FILE...
 *
 * As root, in a machine that may be spoilt (tests/vm).  Prints "ready" when the kernel
 * was told of the devices, then takes commands (control.h).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/sim/usb/control.h"
#include "tests/sim/usb/usbip.h"

#define HUB "/sys/devices/platform/vhci_hcd.0/"

static struct port ports[PORTS_MAX];

static char *tell(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	char *why = NULL;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		why = g_strdup_printf("%s: %s", file, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return why;
}

/* As the kernel counts them: enum usb_device_speed. */
static int speed_of(const struct device *d)
{
	if (strcmp(d->speed, "480") == 0)
		return 3;
	return strcmp(d->speed, "12") == 0 ? 2 : 1;
}

/* Ports of the hub count from 0; that of the device over there is no matter. */
static char *plug(struct port *p, guint number)
{
	char *text, *why;
	int ends[2];

	if (number)
		return g_strdup("the kernel gives the number");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return g_strdup(g_strerror(errno));
	text = g_strdup_printf("%u %d %u %d", p->index - 1, ends[1], 1u << 16 | p->index,
			       speed_of(p->device));
	why = tell(HUB "attach", text);
	g_free(text);
	close(ends[1]);
	if (why)
		close(ends[0]);
	else
		p->plugged = usbip_new(p->device, ends[0]);
	return why;
}

static void unplug(struct port *p)
{
	char *text = g_strdup_printf("%u", p->index - 1);
	char *why = tell(HUB "detach", text);

	if (why)
		g_printerr("usbsim: %s\n", why);
	g_free(why);
	g_free(text);
	usbip_free(p->plugged);
	p->plugged = NULL;
}

static void interrupt(struct port *p, GByteArray *packet)
{
	usbip_interrupt(p->plugged, packet);
}

static void interrupt_fault(struct port *p, int error)
{
	usbip_interrupt_fault(p->plugged, error);
}

static char *hub_bus(void)
{
	GDir *dir = g_dir_open(HUB, 0, NULL);
	const char *name;
	int bus = 0, n;

	/* Of its two hubs the first is for these speeds. */
	while (dir && (name = g_dir_read_name(dir)))
		if (sscanf(name, "usb%d", &n) == 1 && (bus == 0 || n < bus))
			bus = n;
	if (dir)
		g_dir_close(dir);
	return g_strdup_printf(HUB "usb%d/%d", bus, bus);
}

static void state(struct port *p, struct port_state *s)
{
	char *bus = hub_bus();
	char *path = g_strdup_printf("%s-%u/devnum", bus, p->index);
	char *number = NULL, *target;

	if (g_file_get_contents(path, &number, NULL, NULL))
		s->number = (guint)g_ascii_strtoull(number, NULL, 10);
	g_free(number);
	g_free(path);
	path = g_strdup_printf("%s-%u/%s-%u:1.%u/driver", bus, p->index, strrchr(bus, '/') + 1,
			       p->index, p->device->hid_interface);
	target = g_file_read_link(path, NULL);
	if (target)
		g_strlcpy(s->driver, strrchr(target, '/') + 1, sizeof(s->driver));
	g_free(target);
	g_free(path);
	g_free(bus);
	s->waiting = usbip_waiting(p->plugged);
}

int main(int argc, char **argv)
{
	static GMutex lock;
	static const struct carrier carrier = {.plug = plug,
					       .unplug = unplug,
					       .lock = &lock,
					       .interrupt = interrupt,
					       .interrupt_fault = interrupt_fault,
					       .state = state};
	guint count = argc > 2 ? (guint)argc - 2 : 0;
	char *why;

	if (count == 0) {
		g_printerr("usage: usbsim-vhci SOCKET FILE...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	why = control_read(ports, argv + 2, count);
	for (guint i = 0; i < count && !why; i++)
		why = plug(&ports[i], 0);
	if (!why)
		return control_run(&carrier, ports, count, argv[1], "ready");
	g_printerr("usbsim-vhci: %s\n", why);
	return 1;
}
