#include "config.h"

#include "clients/secure/verify.h"

#include <time.h>

void verify_end(struct findings *f, const char *check, long long not_after)
{
	time_t end = (time_t)not_after;
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&end, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	if (end < now)
		findings_add(f, FINDING_FAILURE, check, "expired on %s; nutcert renew", text);
	else if (end - now < VERIFY_WARN_DAYS * 86400)
		findings_add(f, FINDING_WARNING, check, "expires on %s, soon; nutcert renew", text);
	else
		findings_add(f, FINDING_OK, check, "valid until %s", text);
}
