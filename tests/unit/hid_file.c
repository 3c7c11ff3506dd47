#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/usbhid/hidreports.h"
#include "tests/unit/hid_file.h"

static size_t read_hex(const char *text, uint8_t *bytes, size_t size)
{
	size_t n = 0;
	char *end;

	for (;;) {
		unsigned long v = strtoul(text, &end, 16);

		if (end == text || v > 255 || n == size)
			return n;
		bytes[n++] = (uint8_t)v;
		text = end;
	}
}

static void read_report(struct hid_file *f, const char *text)
{
	enum hid_type type = str_starts(text, "feature ") ? HID_FEATURE : HID_INPUT;
	const char *colon = strchr(text, ':');
	unsigned long number = strtoul(strchr(text, ' '), NULL, 16);

	if (colon && number < 256)
		f->lens[type][number] =
			read_hex(colon + 1, f->reports[type][number], HID_FILE_REPORT);
}

static void read_value(struct hid_file *f, char *text)
{
	char *colon = strstr(text, ": ");
	struct hid_file_value *v;

	if (!colon || f->value_count == HID_FILE_VALUES)
		return;
	*colon = '\0';
	if (hid_file_value(f, text))
		return;
	v = &f->values[f->value_count++];
	str_copy(v->name, sizeof(v->name), text);
	str_copy(v->value, sizeof(v->value), colon + 2);
}

static void read_line(struct hid_file *f, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (str_starts(line, "rdesc: ")) {
		f->descriptor_len += read_hex(line + 7, f->descriptor + f->descriptor_len,
					      sizeof(f->descriptor) - f->descriptor_len);
	} else if (str_starts(line, "report ") || str_starts(line, "synth ")) {
		read_report(f, strchr(line, ' ') + 1);
	} else if (str_starts(line, "string ")) {
		char *end;
		unsigned long index = strtoul(line + 7, &end, 10);

		if (index < 256 && str_starts(end, ": "))
			str_copy(f->strings[index], sizeof(f->strings[index]), end + 2);
	} else if (str_starts(line, "expect-source ") || str_starts(line, "observed-")) {
		read_value(f, strchr(line, ' ') + 1);
	}
}

bool hid_file_read(struct hid_file *f, const char *path)
{
	FILE *in = fopen(path, "re");
	char line[1024];

	memset(f, 0, sizeof(*f));
	if (!in)
		return false;
	while (fgets(line, sizeof(line), in))
		read_line(f, line);
	fclose(in);
	return true;
}

const char *hid_file_value(const struct hid_file *f, const char *name)
{
	for (size_t i = 0; i < f->value_count; i++) {
		if (strcmp(f->values[i].name, name) == 0)
			return f->values[i].value;
	}
	return NULL;
}

int hid_file_get_report(void *arg, int type, uint8_t report, uint8_t *buf, size_t size)
{
	const struct hid_file *f = arg;
	size_t len = f->lens[type][report];

	if (len == 0)
		return HID_IO_STALL;
	memcpy(buf, f->reports[type][report], len < size ? len : size);
	return (int)(len < size ? len : size);
}
