#include "config.h"

#include "drivers/scan/upowerscan.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "common/base/str.h"

enum { TYPE_UPS = 3, US_PER_MS = 1000 };

static const char service[] = "org.freedesktop.UPower";
static const char device_face[] = "org.freedesktop.UPower.Device";

/* "" if it has none.  To be freed. */
static char *text_of(sd_bus *bus, const char *path, const char *name)
{
	char *text = NULL;

	if (sd_bus_get_property_string(bus, service, path, device_face, name, NULL, &text) < 0)
		return str_dup("");
	return text;
}

static void look_at(sd_bus *bus, const char *path, struct findings *all)
{
	uint32_t type = 0;
	char *vendor, *model, *serial;

	if (sd_bus_get_property_trivial(bus, service, path, device_face, "Type", NULL, 'u', &type) <
		    0 ||
	    type != TYPE_UPS)
		return;
	vendor = text_of(bus, path, "Vendor");
	model = text_of(bus, path, "Model");
	serial = text_of(bus, path, "Serial");
	if (vendor && model && serial)
		finding_remark(all, findings_add(all, FINDING_UPOWER, NULL, NULL),
			       "UPower has a UPS: %s %s, serial number \"%s\" (%s).  It only looks "
			       "at it, and does not mind a driver beside it, which \"nut-scanner "
			       "-U\" names",
			       vendor, model, serial, path);
	free(vendor);
	free(model);
	free(serial);
}

static int look_at_all(sd_bus *bus, sd_bus_message *reply, struct findings *all)
{
	const char *path;
	int r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "o");

	while (r >= 0 && (r = sd_bus_message_read_basic(reply, 'o', &path)) > 0)
		look_at(bus, path, all);
	return r;
}

bool upowerscan_run(int timeout_ms, struct findings *all, char *why, size_t size)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, (uint64_t)timeout_ms * US_PER_MS);
	if (r >= 0)
		r = sd_bus_call_method(bus, service, "/org/freedesktop/UPower", service,
				       "EnumerateDevices", &error, &reply, NULL);
	if (r >= 0)
		r = look_at_all(bus, reply, all);
	if (r < 0)
		str_format(why, size,
			   "UPower cannot be asked: %s; its daemon is the package upower",
			   error.message ? error.message : strerror(-r));
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	sd_bus_flush_close_unref(bus);
	return r >= 0;
}
