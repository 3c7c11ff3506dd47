/*
 * upscli_splitname() and upscli_splitaddr(): the names that people type.
 */
#include "config.h"

#include <stdlib.h>

#include "clients/libupsclient/export.h"
#include "clients/libupsclient/upsclient.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

EXPORT int upscli_splitname(const char *buf, char **upsname, char **hostname, uint16_t *port)
{
	struct netwire_target target;
	const char *why;
	char *ups, *host;

	if (!buf || !upsname || !hostname || !port)
		return -1;
	if (!netwire_parse_target(buf, &target, &why)) {
		log_error("upsclient", "upscli_splitname: %s", why);
		return -1;
	}
	ups = str_dup(target.ups);
	host = str_dup(target.host);
	if (!ups || !host) {
		log_error("upsclient", "upscli_splitname: out of memory");
		free(ups);
		free(host);
		return -1;
	}
	*upsname = ups;
	*hostname = host;
	*port = (uint16_t)target.port;
	return 0;
}

EXPORT int upscli_splitaddr(const char *buf, char **hostname, uint16_t *port)
{
	char name[256];
	unsigned number;
	const char *why;
	char *host;

	if (!buf || !hostname || !port)
		return -1;
	if (!netwire_parse_host(buf, name, sizeof(name), &number, &why)) {
		log_error("upsclient", "upscli_splitaddr: %s", why);
		return -1;
	}
	host = str_dup(name);
	if (!host) {
		log_error("upsclient", "upscli_splitaddr: out of memory");
		return -1;
	}
	*hostname = host;
	*port = (uint16_t)number;
	return 0;
}
