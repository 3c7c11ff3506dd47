/*
 * explore: what a HID device has, for people who meet it for the first time:
 * every report and every field with its value, and a draft map for it.
 */
#ifndef DRIVERS_USBHID_EXPLORE_H
#define DRIVERS_USBHID_EXPLORE_H

#include "drivers/usbhid/draft.h"

/* Prints all of it, as a map file.  GONE if the device is lost meanwhile; NONE: no memory. */
enum hid_result explore_print(FILE *out, const struct draft_source *from);

#endif
