/*
 * What the system knows of a device: where it is, and what its own driver has read.  Nothing
 * is sent to the device.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"
#include "drivers/transport/usb_private.h"

void usb_place_read(libusb_device *device, struct usb_identity *who, char *node, size_t size)
{
	uint8_t ports[8];
	int n = libusb_get_port_numbers(device, ports, (int)sizeof(ports));
	size_t at;

	who->bus = libusb_get_bus_number(device);
	who->number = libusb_get_device_address(device);
	who->port = libusb_get_port_number(device);
	str_format(who->way, sizeof(who->way), "%u", who->bus);
	for (int i = 0; i < n; i++) {
		at = strlen(who->way);
		str_format(who->way + at, sizeof(who->way) - at, "%c%u", i ? '.' : '-', ports[i]);
	}
	/* Where the system knows no ports there is only the number. */
	if (n <= 0) {
		at = strlen(who->way);
		str_format(who->way + at, sizeof(who->way) - at, "-dev%u", who->number);
	}
#ifdef __linux__
	str_format(node, size, "/dev/bus/usb/%03u/%03u", who->bus, who->number);
#else
	str_format(node, size, "bus %03u device %03u", who->bus, who->number);
#endif
}

/* The numbers of the configuration and its nth HID interface. */
static bool find_interface(libusb_device *device, unsigned nth, int *configuration, int *interface)
{
	struct libusb_config_descriptor *config;
	bool found = false;

	if (libusb_get_active_config_descriptor(device, &config) != 0)
		return false;
	for (int i = 0; i < config->bNumInterfaces && !found; i++) {
		const struct libusb_interface *face = &config->interface[i];

		if (face->num_altsetting < 1 ||
		    face->altsetting[0].bInterfaceClass != LIBUSB_CLASS_HID || nth-- > 0)
			continue;
		*configuration = config->bConfigurationValue;
		*interface = face->altsetting[0].bInterfaceNumber;
		found = true;
	}
	libusb_free_config_descriptor(config);
	return found;
}

/* "0003:0463:FFFF.0001", the kernel's HID device below its USB interface. */
static bool find_hid_folder(const char *folder, char *dst, size_t size)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)))
		found = strncmp(e->d_name, "0003:", 5) == 0 &&
			str_format(dst, size, "%s/%s/report_descriptor", folder, e->d_name);
	if (d)
		closedir(d);
	return found;
}

size_t usb_place_reports(libusb_device *device, const struct usb_identity *who, unsigned nth,
			 void *dst, size_t size, bool *is_there)
{
	char folder[128], path[512];
	int configuration, interface, fd;
	ssize_t n;

	*is_there = find_interface(device, nth, &configuration, &interface);
	if (!*is_there)
		return 0;
	str_format(folder, sizeof(folder), "/sys/bus/usb/devices/%s:%d.%d", who->way, configuration,
		   interface);
	if (!find_hid_folder(folder, path, sizeof(path)))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, dst, size) : 0;
	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}
