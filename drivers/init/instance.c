#include "config.h"

#include "drivers/init/instance.h"

#include <string.h>

#include "common/base/str.h"

static bool stays(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == ':' || c == '_' || c == '-' || (c == '.' && !first);
}

bool instance_of(const char *section, char *dst, size_t size)
{
	const size_t around = strlen(INSTANCE_PREFIX) + strlen(INSTANCE_SUFFIX);
	size_t used = 0;

	if (!*section)
		return false;
	for (const char *p = section; *p; p++) {
		size_t need = stays(*p, p == section) ? 1 : 4;

		if (used + need >= size || used + need + around >= INSTANCE_UNIT_MAX)
			return false;
		if (need == 1)
			dst[used] = *p;
		else
			str_format(dst + used, size - used, "\\x%02x", (unsigned char)*p);
		used += need;
	}
	dst[used] = '\0';
	return true;
}

bool instance_unit_of(const char *section, char *dst, size_t size)
{
	char instance[INSTANCE_UNIT_MAX];

	return instance_of(section, instance, sizeof(instance)) &&
	       str_format(dst, size, INSTANCE_PREFIX "%s" INSTANCE_SUFFIX, instance);
}

const struct ctl_ups *instance_find(const struct ctl_config *cfg, const char *instance_or_unit)
{
	for (size_t i = 0; i < cfg->count; i++) {
		char name[INSTANCE_UNIT_MAX];

		if (instance_of(cfg->upses[i].name, name, sizeof(name)) &&
		    str_equal(name, instance_or_unit))
			return &cfg->upses[i];
		if (instance_unit_of(cfg->upses[i].name, name, sizeof(name)) &&
		    str_equal(name, instance_or_unit))
			return &cfg->upses[i];
	}
	return NULL;
}
