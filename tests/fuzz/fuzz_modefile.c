/*
 * Whatever nut.conf holds: what is found lies in it, what is set comes back,
 * once more changes nothing, and other names keep what they had.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/base/modefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static bool same(const struct buffer *a, const struct buffer *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool get(const char *text, size_t len, const char *name, struct buffer *value)
{
	unsigned line = 0, lines = 1;
	bool found = modefile_get(text, len, name, value, &line);

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	expect(!found || (line >= 1 && line <= lines));
	expect(value->len <= len);
	return found;
}

/* With a file that is closed: what is open at its end takes in what is appended. */
static void set_and_get(const char *text, size_t len, const char *value)
{
	struct buffer once = {0}, twice = {0}, got = {0};
	struct buffer before = {0}, after = {0};
	bool had = get(text, len, "OTHER", &before);

	expect(modefile_set(text, len, "MODE", value, &once));
	expect(modefile_set(once.data, once.len, "MODE", value, &twice));
	if (get(text, len, "MODE", &got)) {
		expect(same(&once, &twice));
		buffer_clear(&got);
		expect(get(once.data, once.len, "MODE", &got));
		expect(got.len == strlen(value) &&
		       memcmp(buffer_string(&got), value, got.len) == 0);
		expect(get(once.data, once.len, "OTHER", &after) == had);
		expect(same(&before, &after));
	}
	buffer_free(&once);
	buffer_free(&twice);
	buffer_free(&got);
	buffer_free(&before);
	buffer_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const values[] = {"netserver", "it's", "a b", "", "$x \"y\" \\z"};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		set_and_get((const char *)data, size, values[i]);
	return 0;
}
