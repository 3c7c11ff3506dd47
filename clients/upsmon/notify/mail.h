/*
 * mail: one message by SMTP over TLS, sent by a process of its own, so that no
 * relay and no name server can hold upsmon up.
 *
 * Port 465 begins with TLS, on every other one STARTTLS is demanded.  The relay's
 * certificate and name are verified, and nothing is sent to one that fails.
 */
#ifndef CLIENTS_UPSMON_MAIL_H
#define CLIENTS_UPSMON_MAIL_H

#include <stdbool.h>
#include <sys/types.h>

#include "clients/upsmon/notify/delivery.h"

/* False in a build without libcurl, which sends no mail. */
extern const bool mail_available;

/*
 * Starts the process, which tries again until limit_ms milliseconds have passed, and
 * logs why if the mail has failed for good; it ends with 0 when the mail was
 * taken.  Its pid, or -1 with errno.
 */
pid_t mail_start(const struct delivery_mail *m, const char *text, unsigned limit_ms);

#endif
