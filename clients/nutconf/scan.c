#include "config.h"

#include "clients/nutconf/scan.h"

#include <stdio.h>
#include <string.h>

#include "clients/nutconf/tools.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum { SCAN_MS = 300 * 1000, WORDS_MAX = 24 };

static const char token[] = "nutconf";

/* What is no device is a message, kept in `told`. */
static void take_lines(struct scan *s, struct buffer *said, struct buffer *told)
{
	char *text, *line;

	buffer_string(said);
	text = said->data;
	while (said->len && tools_next_line(&text, &line)) {
		struct device *d = &s->devices[s->count];

		if (s->count == DEVICES_MAX)
			return;
		*d = (struct device){.count = 0};
		if (device_parse_scan(d, line)) {
			s->count++;
			continue;
		}
		device_free(d);
		if (*line)
			buffer_appendf(told, "%s\n", line);
	}
}

/* Each line by itself, as whatever is in them was said by devices, too. */
static void tell(struct buffer *told)
{
	char *text, *line;

	buffer_string(told);
	text = told->data;
	while (told->len && tools_next_line(&text, &line))
		log_warn(token, "nut-scanner: %s", line);
}

bool scan_run(struct scan *s, const char *const *options)
{
	const char *args[WORDS_MAX + 3] = {"-q", "-P"};
	struct buffer said = {0}, told = {0};
	enum tools_result result;
	size_t before = s->count;
	int status = 0;

	for (size_t i = 0; i < WORDS_MAX && options[i]; i++)
		args[i + 2] = options[i];
	result = tools_run("nut-scanner", args, true, SCAN_MS, &said, &status);
	if (result == TOOLS_RAN)
		take_lines(s, &said, &told);
	/* Why nothing was found, or not everything. */
	if (s->count == before || status != 0)
		tell(&told);
	buffer_free(&said);
	buffer_free(&told);
	if (result == TOOLS_MISSING)
		log_error(token, "nut-scanner is not installed, so nothing can be looked for");
	else if (result == TOOLS_LATE)
		log_error(token, "nut-scanner did not end; a narrower range of addresses may help");
	else if (status != 0)
		log_error(token, "nut-scanner failed (status %d)", status);
	return result == TOOLS_RAN && status == 0;
}

void scan_free(struct scan *s)
{
	for (size_t i = 0; i < s->count; i++)
		device_free(&s->devices[i]);
	s->count = 0;
}

static void name_section(const struct device *d, unsigned number, char *name, size_t size)
{
	str_format(name, size, "nutdev-%s%u", d->kind, number);
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
}

bool scan_print(const struct scan *s)
{
	struct lineedit *e = lineedit_new("", 0);
	struct buffer text = {0};
	bool ok = e;

	for (size_t i = 0; ok && i < s->count; i++) {
		char name[64];

		name_section(&s->devices[i], (unsigned)i + 1, name, sizeof(name));
		ok = device_write(&s->devices[i], e, name);
	}
	ok = ok && lineedit_text(e, &text);
	if (ok)
		fputs(buffer_string(&text), stdout);
	lineedit_free(e);
	buffer_free(&text);
	return ok;
}
