/*
 * Any bytes may stand in a configuration file: both readers come to its end,
 * and what they pass on and report keeps the promises of conffile.h.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/conffile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char name[] = "fuzz.conf";
static const char *const known[] = {"MONITOR", "MAXAGE", "LISTEN", "driver", NULL};

static void expect(bool truth)
{
	if (!truth)
		abort();
}

struct told {
	unsigned problems;
	unsigned last_line;
};

static void count_problem(void *arg, enum conf_severity severity, const char *text)
{
	struct told *told = arg;

	(void)severity;
	told->problems++;
	expect(strncmp(text, name, strlen(name)) == 0);
	expect(!strchr(text, '\n'));
}

static void expect_order(struct told *told, const struct conf_where *at)
{
	expect(at->line > told->last_line);
	told->last_line = at->line;
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	long number;
	bool truth;

	expect_order(arg, at);
	expect(count > 0);
	conf_unknown(r, at, words[0], known);
	conf_parse_long(r, at, "number", words[count - 1], -10, 1000000, &number);
	conf_parse_bool(r, at, "truth", words[count - 1], &truth);
}

static void take_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	expect_order(arg, at);
	expect(s->key || (s->section && s->count == 0 && !s->has_equals));
	expect(!s->section || s->section[0]);
	if (s->key)
		conf_unknown(r, at, s->key, known);
	for (size_t i = 0; i < s->count; i++)
		expect(strlen(s->values[i]) <= 64 * 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct told told = {0};
	struct conf_report report = {.emit = count_problem, .arg = &told};

	if (fd < 0)
		fd = memfd_create(name, MFD_CLOEXEC);
	expect(fd >= 0);
	expect(ftruncate(fd, 0) == 0);
	expect(pwrite(fd, data, size, 0) == (ssize_t)size);
	expect(lseek(fd, 0, SEEK_SET) == 0);
	expect(conffile_read_lines_fd(fd, name, take_line, &told, &report) == 0);
	told.last_line = 0;
	expect(lseek(fd, 0, SEEK_SET) == 0);
	expect(conffile_read_settings_fd(fd, name, take_setting, &told, &report) == 0);
	expect(told.problems == report.errors + report.warnings);
	return 0;
}
