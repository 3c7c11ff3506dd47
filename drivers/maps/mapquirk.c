#include "config.h"

#include "drivers/maps/mapquirk.h"

#include <stddef.h>

#include "common/base/str.h"

static const char hid[] = "usbhid-ups";
static const char qx[] = "nutdrv_qx";

const struct mapquirk mapquirk_table[] = {
	{hid, "no-interrupt", "the interrupt pipe is left alone; the device is polled", false},
	{hid, "max-report", "reports are read at their largest size, whatever the descriptor says",
	 false},
	{hid, "apc-voltage-range",
	 "report 0x33 allows a transfer voltage above the largest voltage: the range of Voltage is "
	 "0 to twice that, and ConfigVoltage goes up to 255",
	 false},
	{hid, "cps-voltage-range",
	 "voltages have the bounds of the transfer voltages: they become 0 to 511, within the bits "
	 "of their fields; nominal power goes up to 2048",
	 false},
	{hid, "idowell-maxima",
	 "maxima are below minima: that of the runtime becomes 0x75ffffff, that of voltages 65535",
	 false},
	{hid, "charge-as-state",
	 "a state that is the number of the charge is believed when it was given three times",
	 false},
	{hid, "empty-state", "a state of zeros is believed when it was given three times", false},
	{hid, "skip-report", "the report of that number is never asked for", true},
	{hid, "pollfreq", "seconds between two full polls, unless the user says otherwise", true},
	{hid, "low-delay", "lbrb_log_delay_sec, unless the user says otherwise", true},
	{hid, "autoscale", "cps-...: the device may count in other units, which are found out",
	 true},
	{hid, "no-chemistry", "tripplite-chemistry: there is no such string", true},
	{hid, "powercom-discrete-delay", "powercom-...: delays are steps of a table (an option)",
	 true},
	{hid, "powercom-byte-order-fallback", "powercom-...: the other byte order (an option)",
	 true},
	{qx, "cypress", "8 bytes a report, and a packet", false},
	{qx, "phoenix", "as cypress; answers come more than once", false},
	{qx, "ippon", "8 bytes a report, the answer in one packet of 64", false},
	{qx, "omron", "16 bytes a report, the answer in one packet of 64; protocol omron", false},
	{qx, "gtec", "8 bytes a report, packets of 128; protocol gtec", false},
	{qx, "sgs", "7 bytes a report and packet, their number in front", false},
	{qx, "phoenixtec", "the whole query in a vendor request", false},
	{qx, "krauler", "the answer is a string descriptor, the query its number", false},
	{qx, "fabula", "as krauler, other numbers; shutdowns by computed ones", false},
	{qx, "hunnox", "as fabula; other texts are read between, to keep it awake", false},
	{qx, "snr", "as krauler, by the language that langid_fix names", false},
	{qx, "fuji", "8 bytes of an interrupt pipe, at most 3 of them the query", false},
	{qx, "ablerex", "47 bytes a report, both ways", false},
	{qx, "armac", "3 bytes a report, or one packet of 64; their number in front", false},
	{NULL, NULL, NULL, false},
};

const struct mapquirk *mapquirk_find(const char *driver, const char *name, bool is_number)
{
	for (const struct mapquirk *q = mapquirk_table; q->name; q++)
		if (q->is_number == is_number && str_equal(q->driver, driver) &&
		    str_equal(q->name, name))
			return q;
	return NULL;
}
