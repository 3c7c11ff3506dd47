/*
 * usbsim-redir: USB devices from files for virtual machines (qemu -device usb-redir).
 *
 *   usbsim-redir SOCKET FILE...
 *
 * The first device is to be had at SOCKET.1, and so on; -chardev socket,path=SOCKET.1 .
 * Prints "ready" when emulators may come, then takes commands (control.h).
 */
#include "config.h"

#include <stdio.h>

#include "tests/sim/usb/control.h"
#include "tests/sim/usb/redir.h"

static struct port ports[PORTS_MAX];
static struct redir *places[PORTS_MAX];

static struct redir *place_of(const struct port *p)
{
	return places[p->index - 1];
}

static char *plug(struct port *p, guint number)
{
	if (number)
		return g_strdup("the kernel gives the number");
	p->plugged = p;
	redir_plug(place_of(p), TRUE);
	return NULL;
}

static void unplug(struct port *p)
{
	p->plugged = NULL;
	redir_plug(place_of(p), FALSE);
}

static void interrupt(struct port *p, GByteArray *packet)
{
	redir_interrupt(place_of(p), packet);
}

static void interrupt_fault(struct port *p, int error)
{
	(void)p;
	g_printerr("usbsim: no faults of the interrupt pipe here: %s\n", g_strerror(error));
}

static void state(struct port *p, struct port_state *s)
{
	s->waiting = redir_waiting(place_of(p));
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
	int status;

	if (count == 0) {
		g_printerr("usage: usbsim-redir SOCKET FILE...\n");
		return 2;
	}
	why = control_read(ports, argv + 2, count);
	for (guint i = 0; i < count && !why; i++) {
		char *path = g_strdup_printf("%s.%u", argv[1], i + 1);

		places[i] = redir_new(ports[i].device, path, &why);
		g_free(path);
	}
	if (why) {
		g_printerr("usbsim-redir: %s\n", why);
		return 1;
	}
	for (guint i = 0; i < count; i++)
		plug(&ports[i], 0);
	status = control_run(&carrier, ports, count, argv[1], "ready");
	for (guint i = 0; i < count; i++)
		redir_free(places[i]);
	return status;
}
