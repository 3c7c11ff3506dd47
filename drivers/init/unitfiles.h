/*
 * unitfiles: what the generator gives to systemd, as texts and as files.
 *
 * For each section of ups.conf that MODE lets run: a link that makes
 * nut-driver.target want its instance of nut-driver@.service, and a drop-in
 * with its description, what it waits for, and when it is started again.  For
 * each unit that MODE does not let run, or not at boot: a drop-in with a
 * condition.  Drop-ins are called 00-nut.conf and 00-nut-mode.conf (of two
 * with one name only one counts): the administrator's come later and win.
 */
#ifndef DRIVERS_INIT_UNITFILES_H
#define DRIVERS_INIT_UNITFILES_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "drivers/ctl/ctl.h"
#include "drivers/init/mode.h"

#define UNITFILES_WANTS       "nut-driver.target.wants"
#define UNITFILES_DROPIN      "00-nut.conf"
#define UNITFILES_MODE_DROPIN "00-nut-mode.conf"

/* The text of a section's drop-in. */
void unitfiles_section(struct buffer *text, const struct ctl_ups *ups);

/* Writes them all below `dir`. What cannot be written is logged, and false returned. */
bool unitfiles_write(const char *dir, const struct ctl_config *cfg, const struct mode *m);

/* True when nut-driver.target wants the section's unit, as `dir` says. */
bool unitfiles_wanted(const char *dir, const struct ctl_ups *ups);

/* True when `dir` holds the same drivers with the same drop-ins. */
bool unitfiles_match(const char *dir, const struct ctl_config *cfg, const struct mode *m);

#endif
