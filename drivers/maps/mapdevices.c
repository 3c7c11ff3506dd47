#include "config.h"

#include "drivers/maps/mapdevices.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum { NAMES_MAX = 160, GROUP_MAX = 32 };

struct device {
	unsigned vendor, product;
	char names[NAMES_MAX]; /* titles of the maps, with commas between */
	char driver[64];       /* of the first map */
};

struct mapdevices {
	struct device *list;
	size_t count, room;
};

struct mapdevices *mapdevices_new(void)
{
	return calloc(1, sizeof(struct mapdevices));
}

void mapdevices_free(struct mapdevices *d)
{
	if (d)
		free(d->list);
	free(d);
}

/* ---------------------------------------------------------------------------- the list */

static struct device *find(struct mapdevices *d, const struct map_match *m)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->list[i].vendor == m->vendor && d->list[i].product == m->product)
			return &d->list[i];
	}
	return NULL;
}

static struct device *append(struct mapdevices *d, const struct map_match *m)
{
	if (d->count == d->room) {
		size_t room = d->room ? 2 * d->room : 128;
		struct device *list = realloc(d->list, room * sizeof(*list));

		if (!list)
			return NULL;
		d->list = list;
		d->room = room;
	}
	d->list[d->count] = (struct device){.vendor = m->vendor, .product = m->product};
	return &d->list[d->count++];
}

/* A title as a word of a comment: printable, and no longer than there is room for. */
static void add_name(struct device *dev, const char *title)
{
	size_t used = strlen(dev->names);
	char name[NAMES_MAX];

	str_copy(name, sizeof(name), title);
	for (char *p = name; *p; p++) {
		if (!isprint((unsigned char)*p))
			*p = ' ';
	}
	if (strstr(dev->names, name))
		return;
	if (used > 0 && used + strlen(name) + 3 < sizeof(dev->names))
		str_format(dev->names + used, sizeof(dev->names) - used, ", %s", name);
	else if (used == 0)
		str_copy(dev->names, sizeof(dev->names), name);
}

bool mapdevices_add(struct mapdevices *d, const struct map *m)
{
	for (size_t i = 0; i < m->match_count; i++) {
		const struct map_match *match = &m->matches[i];
		struct device *dev;

		if (match->how != MAP_MATCH_USB)
			continue;
		dev = find(d, match);
		if (!dev)
			dev = append(d, match);
		if (!dev)
			return false;
		add_name(dev, m->title);
		if (!dev->driver[0])
			str_copy(dev->driver, sizeof(dev->driver), m->driver);
	}
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct device *x = a, *y = b;
	unsigned m = x->vendor << 16 | x->product, n = y->vendor << 16 | y->product;

	return (m > n) - (m < n);
}

/* ------------------------------------------------------------------------------- print */

bool mapdevices_group_valid(const char *group)
{
	size_t len = strlen(group);

	if (len == 0 || len > GROUP_MAX || group[0] == '-')
		return false;
	for (; *group; group++) {
		if (!isalnum((unsigned char)*group) && !strchr("_-.$", *group))
			return false;
	}
	return true;
}

static void print_udev(const struct mapdevices *d, const char *group, FILE *out)
{
	fprintf(out, "# USB devices that NUT's drivers serve belong to the drivers' group, and to "
		     "nobody else.\n"
		     "# Made by \"nut-mapcheck --udev\" from the maps; put rules of your own into "
		     "another file.\n"
		     "ACTION==\"remove\", GOTO=\"nut_usbups_end\"\n"
		     "SUBSYSTEM!=\"usb\", GOTO=\"nut_usbups_end\"\n"
		     "ENV{DEVTYPE}!=\"usb_device\", GOTO=\"nut_usbups_end\"\n");
	for (size_t i = 0; i < d->count; i++) {
		const struct device *dev = &d->list[i];

		if (i == 0 || !str_equal(dev->names, d->list[i - 1].names))
			fprintf(out, "\n# %s\n", dev->names);
		fprintf(out,
			"ATTR{idVendor}==\"%04x\", ATTR{idProduct}==\"%04x\", MODE=\"0660\", "
			"GROUP=\"%s\"\n",
			dev->vendor, dev->product, group);
	}
	fputs("\nLABEL=\"nut_usbups_end\"\n", out);
}

static void print_hwdb(const struct mapdevices *d, FILE *out)
{
	fputs("# USB devices that are UPSes, for programs that show batteries, and the driver of "
	      "each.\n"
	      "# Made by \"nut-mapcheck --hwdb\" from the maps.\n",
	      out);
	for (size_t i = 0; i < d->count; i++) {
		const struct device *dev = &d->list[i];

		fprintf(out,
			"\n# %s\nusb:v%04Xp%04X*\n UPOWER_BATTERY_TYPE=ups\n ID_NUT_DRIVER=%s\n",
			dev->names, dev->vendor, dev->product, dev->driver);
	}
}

static void print_devd(const struct mapdevices *d, const char *group, FILE *out)
{
	fputs("# USB devices that NUT's drivers serve belong to the drivers' group, and to nobody "
	      "else.\n"
	      "# Made by \"nut-mapcheck --devd\" from the maps.\n",
	      out);
	for (size_t i = 0; i < d->count; i++) {
		const struct device *dev = &d->list[i];

		fprintf(out,
			"\n# %s\n"
			"notify 100 {\n"
			"\tmatch \"system\"\t\t\"USB\";\n"
			"\tmatch \"subsystem\"\t\"DEVICE\";\n"
			"\tmatch \"type\"\t\t\"ATTACH\";\n"
			"\tmatch \"vendor\"\t\t\"0x%04x\";\n"
			"\tmatch \"product\"\t\t\"0x%04x\";\n"
			"\taction \"chgrp %s /dev/$cdev; chmod 0660 /dev/$cdev\";\n"
			"};\n",
			dev->names, dev->vendor, dev->product, group);
	}
}

void mapdevices_print(struct mapdevices *d, enum mapdevices_format format, const char *group,
		      FILE *out)
{
	if (d->count > 0)
		qsort(d->list, d->count, sizeof(*d->list), by_number);
	switch (format) {
	case MAPDEVICES_UDEV:
		print_udev(d, group, out);
		break;
	case MAPDEVICES_HWDB:
		print_hwdb(d, out);
		break;
	case MAPDEVICES_DEVD:
		print_devd(d, group, out);
		break;
	}
}
