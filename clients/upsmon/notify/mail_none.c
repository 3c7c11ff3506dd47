/* Mail in a build without libcurl: there is none. */
#include "config.h"

#include "clients/upsmon/notify/mail.h"

#include <errno.h>

const bool mail_available = false;

pid_t mail_start(const struct delivery_mail *m, const char *text, unsigned limit_ms)
{
	(void)m, (void)text, (void)limit_ms;
	errno = ENOSYS;
	return -1;
}
