/* The USB devices that the maps know: what they say of themselves, from sysfs. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/nutconf/tools.h"
#include "clients/report/collect.h"
#include "common/base/paths.h"
#include "common/base/run.h"
#include "common/base/str.h"

enum { LIMIT_MS = 15 * 1000, RULES_MAX = 1024 * 1024, DESCRIPTORS_MAX = 4096 };

/* sysfs, or what NUT_SYSFS says is one. */
static const char *root(void)
{
	const char *own = getenv("NUT_SYSFS");

	return own && *own ? own : "/sys";
}

/* A file of one line, without its LF; "" if there is none. */
static void read_attribute(const char *device, const char *name, char *dst, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd;

	dst[0] = '\0';
	if (!str_format(path, sizeof(path), "%s/bus/usb/devices/%s/%s", root(), device, name))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, dst, size - 1);
		close(fd);
	}
	dst[n > 0 ? n : 0] = '\0';
	dst[strcspn(dst, "\n")] = '\0';
}

static void append_descriptors(const char *device, struct buffer *out)
{
	unsigned char bytes[DESCRIPTORS_MAX];
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd;

	if (!str_format(path, sizeof(path), "%s/bus/usb/devices/%s/descriptors", root(), device))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, bytes, sizeof(bytes));
		close(fd);
	}
	for (ssize_t i = 0; i < n; i++)
		buffer_appendf(out, "%s%02x", i % 16 ? " " : "\n  ", bytes[i]);
	buffer_append_str(out, "\n\n");
}

static void append_device(struct collect *c, const char *device, struct buffer *out)
{
	static const char *const names[] = {"idVendor", "idProduct",    "bcdDevice", "version",
					    "speed",    "manufacturer", "product",   "serial"};
	char value[256];

	buffer_appendf(out, "%s\n", device);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		read_attribute(device, names[i], value, sizeof(value));
		buffer_appendf(out, "  %s: %s\n", names[i],
			       str_equal(names[i], "serial") && !c->keep_serials
				       ? cloak_add(c->cloak, CLOAK_SERIAL, value)
				       : value);
	}
	append_descriptors(device, out);
}

/* nut-mapcheck makes udev's rules of the maps: each line names vendor and product. */
static bool is_known(struct buffer *rules, const char *device)
{
	char vendor[16], product[16], want[96];

	read_attribute(device, "idVendor", vendor, sizeof(vendor));
	read_attribute(device, "idProduct", product, sizeof(product));
	str_format(want, sizeof(want), "ATTR{idVendor}==\"%s\", ATTR{idProduct}==\"%s\"", vendor,
		   product);
	return *vendor && strstr(buffer_string(rules), want);
}

void collect_usb(struct collect *c)
{
	struct bundle_part *p = bundle_add(c->bundle, "usb.txt", "USB devices that the maps know");
	char program[PATH_MAX], folder[PATH_MAX];
	const char *argv[] = {program, "--udev", NULL};
	struct run r = {.argv = argv, .limit_ms = LIMIT_MS, .max = RULES_MAX};
	struct buffer rules = {0};
	struct dirent **names;
	int count;

	if (!p || !tools_find("nut-mapcheck", program, sizeof(program)) ||
	    !str_format(folder, sizeof(folder), "%s/bus/usb/devices", root()))
		return;
	run_went_well(&r, &rules);
	count = scandir(folder, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.' && is_known(&rules, names[i]->d_name))
			append_device(c, names[i]->d_name, &p->text);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	if (!p->text.len)
		buffer_append_str(&p->text, "none\n");
	buffer_free(&rules);
}
