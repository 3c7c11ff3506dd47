#include "config.h"

#include "clients/upsmqtt/topics.h"

#include <string.h>

#include "common/base/str.h"

bool topics_valid(const char *prefix)
{
	size_t len = strlen(prefix);

	if (len == 0 || len > 200 || prefix[0] == '/' || prefix[0] == '$' ||
	    prefix[len - 1] == '/' || strstr(prefix, "//"))
		return false;
	for (const char *p = prefix; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("+#", *p))
			return false;
	return true;
}

void topics_clean(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("/+#", *p))
			*p = '_';
	/* Topics that begin so are the broker's. */
	if (text[0] == '$')
		text[0] = '_';
}

bool topics_make(char *dst, size_t size, const char *prefix, const char *id, const char *rest)
{
	char level[TOPIC_MAX];

	if (!str_copy(level, sizeof(level), id))
		return false;
	topics_clean(level);
	return str_format(dst, size, "%s/%s%s%s", prefix, level, rest ? "/" : "", rest ? rest : "");
}

void topics_parse(const char *prefix, const char *topic, struct topics_parsed *p)
{
	size_t len = strlen(prefix);
	const char *at, *rest;

	*p = (struct topics_parsed){.kind = TOPICS_OTHER};
	if (strncmp(topic, prefix, len) != 0 || topic[len] != '/')
		return;
	at = topic + len + 1;
	rest = strchr(at, '/');
	if (!rest || rest == at ||
	    !str_format(p->device, sizeof(p->device), "%.*s", (int)(rest - at), at))
		return;
	rest++;
	if (str_equal(rest, "availability"))
		p->kind = TOPICS_AVAILABILITY;
	else if (str_equal(rest, "command"))
		p->kind = TOPICS_COMMAND;
	else if (str_starts(rest, "set/") && rest[4] && !strchr(rest + 4, '/') &&
		 str_copy(p->name, sizeof(p->name), rest + 4))
		p->kind = TOPICS_SET;
}
