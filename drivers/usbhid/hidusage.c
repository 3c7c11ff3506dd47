#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/usbhid/hidusage.h"

enum { INDEXED_PAGE = 0x00ff };

static const char hex_digits[] = "0123456789abcdefABCDEF";
static const char decimal_digits[] = "0123456789";

struct named {
	char *name;
	uint32_t usage;
};

struct hid_usages {
	struct named *named;
	size_t count, capacity;
};

struct hid_usages *hid_usages_new(void)
{
	return calloc(1, sizeof(struct hid_usages));
}

void hid_usages_free(struct hid_usages *u)
{
	for (size_t i = 0; u && i < u->count; i++)
		free(u->named[i].name);
	if (u)
		free(u->named);
	free(u);
}

bool hid_usages_add(struct hid_usages *u, const char *name, uint32_t usage)
{
	size_t len = strlen(name);

	if (len == 0 || len > HID_MAX_USAGE_NAME || strpbrk(name, ".[] \t"))
		return false;
	if (u->count == u->capacity) {
		size_t capacity = u->capacity ? u->capacity * 2 : 128;
		struct named *named = realloc(u->named, capacity * sizeof(*named));

		if (!named)
			return false;
		u->named = named;
		u->capacity = capacity;
	}
	u->named[u->count] = (struct named){str_dup(name), usage};
	if (!u->named[u->count].name)
		return false;
	u->count++;
	return true;
}

const char *hid_usages_name(const struct hid_usages *u, uint32_t usage)
{
	for (size_t i = 0; i < u->count; i++) {
		if (u->named[i].usage == usage)
			return u->named[i].name;
	}
	return NULL;
}

/* `[n]` */
static bool indexed(const char *name, size_t len, uint32_t *usage)
{
	uint32_t n = 0;

	if (len < 3 || len > 7 || name[0] != '[' || name[len - 1] != ']')
		return false;
	if (strspn(name + 1, decimal_digits) != len - 2)
		return false;
	for (size_t i = 1; i < len - 1; i++)
		n = n * 10 + (uint32_t)(name[i] - '0');
	*usage = (uint32_t)INDEXED_PAGE << 16 | n;
	return n <= 0xffff;
}

static bool numeric(const char *name, size_t len, uint32_t *usage)
{
	char digits[9];

	if (len == 0 || len >= sizeof(digits) || strspn(name, hex_digits) < len)
		return false;
	memcpy(digits, name, len);
	digits[len] = '\0';
	*usage = (uint32_t)strtoul(digits, NULL, 16);
	return true;
}

bool hid_usages_find(const struct hid_usages *u, const char *name, size_t len, uint32_t *usage)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct named *n = &u->named[i];

		if (strlen(n->name) == len && str_ncasecmp(n->name, name, len) == 0) {
			*usage = n->usage;
			return true;
		}
	}
	return indexed(name, len, usage) || numeric(name, len, usage);
}

unsigned hid_path_parse(const struct hid_usages *u, const char *text, uint32_t *path,
			const char **bad)
{
	unsigned depth = 0;

	for (;;) {
		size_t len = strcspn(text, ".");

		*bad = depth < HID_MAX_PATH ? text : NULL;
		if (depth == HID_MAX_PATH || !hid_usages_find(u, text, len, &path[depth]))
			return 0;
		depth++;
		if (text[len] == '\0')
			return depth;
		text += len + 1;
	}
}

void hid_path_format(const struct hid_usages *u, const uint32_t *path, unsigned depth, char *text,
		     size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < depth && len < size; i++) {
		const char *name = hid_usages_name(u, path[i]), *point = i ? "." : "";

		if (name)
			str_format(text + len, size - len, "%s%s", point, name);
		else if (path[i] >> 16 == INDEXED_PAGE)
			str_format(text + len, size - len, "%s[%" PRIu32 "]", point,
				   path[i] & 0xffff);
		else
			str_format(text + len, size - len, "%s%08" PRIx32, point, path[i]);
		len += strlen(text + len);
	}
}
