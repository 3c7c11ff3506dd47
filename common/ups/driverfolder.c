#include "config.h"

#include "common/ups/driverfolder.h"

#include <dirent.h>
#include <stdlib.h>

#include "common/base/str.h"

enum { NAMES_MAX = 512 };

static const char usb[] = "by USB, usbhid-ups serves most of these UPSes";
static const char card[] = "by a network card, snmp-ups may serve the device";
static const char qx[] = "nutdrv_qx speaks what it spoke";
static const char hid[] = "usbhid-ups serves what it served";

/* Names of data/driver.list of NUT 2.8.0 to 2.8.5, and older ones that files may still have. */
static const struct foreign {
	const char *name;
	const char *instead; /* NULL: nothing of ours */
} foreign[] = {
	{"adelsystem_cbi", NULL},
	{"al175", NULL},
	{"apc_modbus",
	 "usbhid-ups by USB, snmp-ups by a network card, or an apcupsd and apcupsd-ups"},
	{"apcmicrolink", usb},
	{"asem", NULL},
	{"bcmxcp", card},
	{"bcmxcp_usb", card},
	{"belkin", usb},
	{"belkinunv", usb},
	{"bestfcom", NULL},
	{"bestfortress", NULL},
	{"bestuferrups", card},
	{"bicker_ser", NULL},
	{"blazer", qx},
	{"dummycons", "dummy-ups does what it did"},
	{"energizerups", qx},
	{"etapro", NULL},
	{"everups", NULL},
	{"gamatronic", NULL},
	{"generic_gpio_libgpiod", NULL},
	{"generic_modbus", NULL},
	{"hidups", hid},
	{"huawei-ups2000", card},
	{"hwmon_ina219", NULL},
	{"isbmex", NULL},
	{"ivtscd", NULL},
	{"liebert", card},
	{"liebert-esp2", card},
	{"liebert-gxe", card},
	{"liebertgxt2", card},
	{"macosx-ups", NULL},
	{"masterguard", "nutdrv_qx with protocol = masterguard speaks it"},
	{"meanwell_ntu", NULL},
	{"megatec", qx},
	{"megatec_usb", qx},
	{"metasys", NULL},
	{"mge-shut", usb},
	{"mge-utalk", card},
	{"microdowell", NULL},
	{"microsol-apc", NULL},
	{"must_ep2000pro", NULL},
	{"netxml-ups", "snmp-ups speaks SNMP with the same card"},
	{"newhidups", hid},
	{"nhs_ser", NULL},
	{"nut-ipmipsu", NULL},
	{"nut-upower", NULL},
	{"nutdrv_atcl_usb", "nutdrv_qx may serve it"},
	{"nutdrv_hashx", NULL},
	{"nutdrv_siemens-sitop", NULL},
	{"nutdrv_siemens_sitop", NULL},
	{"oneac", NULL},
	{"optiups", NULL},
	{"phoenixcontact_modbus", NULL},
	{"pijuice", NULL},
	{"powercom", usb},
	{"powerman-pdu", card},
	{"powerpanel", usb},
	{"powervar_cx_ser", NULL},
	{"powervar_cx_usb", NULL},
	{"ragtech", NULL},
	{"rhino", NULL},
	{"richcomm_usb", NULL},
	{"riello_ser", card},
	{"riello_usb", card},
	{"safenet", NULL},
	{"sms_ser", NULL},
	{"socomec_jbus", card},
	{"solis", NULL},
	{"tripplite", usb},
	{"tripplite_usb", NULL},
	{"tripplitesu", card},
	{"upscode2", card},
	{"ve-direct", NULL},
	{"victronups", NULL},
};

static const struct foreign *find_foreign(const char *name)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (str_equal(foreign[i].name, name))
			return &foreign[i];
	return NULL;
}

bool driverfolder_is_foreign(const char *name)
{
	return find_foreign(name) != NULL;
}

/* The installed one with the closest name.  Freed by the caller. */
static char *closest(const char *folder, const char *name)
{
	char *names[NAMES_MAX + 1], *found;
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while (dir && count < NAMES_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		names[count] = str_dup(entry->d_name);
		count += names[count] != NULL;
	}
	names[count] = NULL;
	if (dir)
		closedir(dir);
	found = str_dup(str_closest(name, (const char *const *)names));
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	return found;
}

void driverfolder_mend(const char *folder, const char *name, char *dst, size_t size)
{
	const struct foreign *f = find_foreign(name);
	char *guess = f ? NULL : closest(folder, name);

	if (f && f->instead)
		str_format(
			dst, size,
			"it is one of NUT's that Chestnut does not have; %s; NUT's own works too, "
			"linked into that folder",
			f->instead);
	else if (f)
		str_copy(dst, size,
			 "it is one of NUT's that Chestnut does not have; NUT's own works, linked "
			 "into that folder");
	else if (guess)
		str_format(dst, size, "did you mean \"%s\"?", guess);
	else
		str_format(dst, size, "see what is in %s", folder);
	free(guess);
}
