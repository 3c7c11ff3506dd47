/*
 * Any bytes may stand in a map file: the reader comes to its end within its
 * bounds, what it hands out without an error can be checked, printed, read
 * again, and used for any value that a device may give.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/str.h"
#include "drivers/maps/mapcheck.h"
#include "drivers/maps/mapprint.h"
#include "drivers/maps/mapset.h"
#include "drivers/maps/mapwhere.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char name[] = "fuzz.map";

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void look_at_problem(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg, (void)severity;
	expect(strlen(text) < 8192);
}

static bool some_text(void *arg, const char *what, char *dst, size_t size)
{
	(void)arg, (void)what;
	return str_copy(dst, size, "50");
}

static bool some_string(void *arg, unsigned index, char *dst, size_t size)
{
	(void)arg;
	expect(index >= 1 && index <= 255);
	return str_copy(dst, size, "a string");
}

static bool some_place(void *arg, const char *where, double *value)
{
	(void)arg;
	*value = (double)strlen(where);
	return true;
}

static bool some_report(void *arg, unsigned id, unsigned char *dst, size_t size, size_t *len)
{
	(void)arg;
	expect(id <= 255);
	*len = id % 9 < size ? id % 9 : size;
	memset(dst, '7', *len);
	return true;
}

static void use_row(const struct map_row *row, const struct mapconv_context *c)
{
	static const double numbers[] = {0, 1, -1, 230.5, 65535, 4294967295.0, -1e300, 1e-9};
	struct mapvalue v;

	expect(row->step_count <= MAP_STEPS_MAX && row->loop_count <= MAP_LOOPS_MAX);
	expect(mapconv_complete(row->steps, row->step_count));
	expect(!(row->flags & MAP_RW) || row->own || mapconv_has_back(row->steps, row->step_count));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		expect(mapvalue_set_number(&v, numbers[i]));
		if (mapconv_read(row->steps, row->step_count, &v, c))
			expect(strlen(mapvalue_text(&v)) < MAPVALUE_TEXT_MAX);
		mapconv_write(row->steps, row->step_count, &v, c);
	}
	mapvalue_set_text(&v, row->value ? row->value : "2024/02/29");
	mapconv_write(row->steps, row->step_count, &v, c);
}

static void use(const struct map *m)
{
	struct mapnumbers numbers = {.count = 0};
	struct mapconv_context c = {
		.map = m,
		.numbers = &numbers,
		.place = some_place,
		.variable = some_text,
		.string = some_string,
		.report = some_report,
	};

	map_numbers(m, m->match_count ? &m->matches[0] : NULL, &numbers);
	for (size_t i = 0; i < m->row_count; i++)
		use_row(&m->rows[i], &c);
}

static char *print(const struct map *m)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	expect(out != NULL);
	mapprint(m, out);
	fclose(out);
	return text;
}

static struct map *read_bytes(int fd, const void *data, size_t size, struct conf_report *r)
{
	expect(ftruncate(fd, 0) == 0);
	expect(pwrite(fd, data, size, 0) == (ssize_t)size);
	expect(lseek(fd, 0, SEEK_SET) == 0);
	return map_load_fd(fd, name, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct conf_report report = {.emit = look_at_problem};
	struct map *m;

	if (fd < 0) {
		setenv("NUT_CONFPATH", "/nonexistent", 1);
		setenv("NUT_DATAPATH", "/nonexistent", 1);
		fd = memfd_create(name, MFD_CLOEXEC);
		expect(fd >= 0);
	}
	m = read_bytes(fd, data, size, &report);
	if (!m)
		return 0;
	mapcheck_map(m, NULL, &(struct conf_report){.emit = look_at_problem});
	mapcheck_set(&m, 1, &(struct conf_report){.emit = look_at_problem});
	if (!report.errors) {
		char *text = print(m);
		struct map *again;

		use(m);
		again = read_bytes(fd, text, strlen(text), &report);
		expect(again && !report.errors && again->row_count == m->row_count);
		map_free(again);
		free(text);
	}
	map_free(m);
	return 0;
}
