/*
 * Any text may come for a device, out of a scan or from a person: what is taken
 * for one is written to ups.conf so that it is read back as it was.  And any
 * nut.conf keeps all but its MODE.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/nutconf/device.h"
#include "common/base/modefile.h"
#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void expect_settings(const struct device *d, const struct buffer *text)
{
	struct lineedit *e = lineedit_new(text->data, text->len);

	expect(e);
	for (size_t i = 0; i < d->count; i++)
		expect(str_equal(lineedit_value(e, "ups", d->settings[i].key),
				 d->settings[i].value));
	lineedit_free(e);
}

static void look_at_device(const char *line)
{
	struct device d = {.count = 0};

	if (device_parse_scan(&d, line)) {
		struct lineedit *e = lineedit_new("", 0);
		struct buffer text = {0};
		char shown[64];

		device_describe(&d, shown, sizeof(shown));
		expect(e && device_write(&d, e, "ups") && lineedit_text(e, &text));
		expect_settings(&d, &text);
		lineedit_free(e);
		buffer_free(&text);
	}
	device_free(&d);
}

static void look_at_mode(const char *text, size_t len)
{
	struct buffer old = {0}, once = {0}, twice = {0}, value = {0};
	unsigned line = 0;

	if (modefile_get(text, len, "MODE", &old, &line))
		expect(line > 0);
	expect(modefile_set(text, len, "MODE", "net'server", &once));
	/* Within a quote that is never closed nobody can assign anything. */
	if (modefile_get(once.data, once.len, "MODE", &value, NULL) &&
	    str_equal(buffer_string(&value), "net'server")) {
		expect(modefile_set(once.data, once.len, "MODE", "net'server", &twice));
		expect(twice.len == once.len && memcmp(once.data, twice.data, once.len) == 0);
	}
	buffer_free(&old);
	buffer_free(&once);
	buffer_free(&twice);
	buffer_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);

	expect(line);
	memcpy(line, data, size);
	line[size] = '\0';
	look_at_device(line);
	look_at_mode(line, size);
	free(line);
	return 0;
}
