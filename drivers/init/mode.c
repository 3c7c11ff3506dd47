#include "config.h"

#include "drivers/init/mode.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/modefile.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum { FILE_MAX = 256 * 1024, PATH_MAX_LEN = 4096 };

static const struct mode modes[] = {
	{"none", false, false, false, false},   {"standalone", true, true, true, false},
	{"netserver", true, true, true, false}, {"netclient", false, false, true, false},
	{"controlled", true, true, true, true}, {"manual", true, true, true, true},
};
enum { MODE_COUNT = sizeof(modes) / sizeof(modes[0]) };

static int read_whole(const char *path, struct buffer *text)
{
	int fd = conffile_open(path);
	ssize_t n = 1;
	int err = 0;

	if (fd < 0)
		return errno;
	while (n > 0 && !err) {
		char *room = buffer_reserve(text, 4096);

		n = room ? read(fd, room, 4096) : -1;
		if (n > 0)
			text->len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			err = room ? errno : EFBIG;
		else if (n < 0)
			n = 1;
	}
	close(fd);
	return err;
}

static void report_unknown(const char *path, unsigned line, const char *word, struct conf_report *r)
{
	const char *names[MODE_COUNT + 1] = {0};
	struct conf_where at = {path, line};
	char mend[128] = "there are none, standalone, netserver, netclient, controlled and manual";
	const char *closest;

	for (size_t i = 0; i < MODE_COUNT; i++)
		names[i] = modes[i].word;
	closest = str_closest(word, names);
	if (closest)
		str_format(mend, sizeof(mend), "did you mean %s?", closest);
	conf_error(r, &at, mend, "MODE=%s: there is no such mode, so all runs that is configured",
		   word);
}

static void take(struct mode *m, const char *path, struct buffer *text, struct conf_report *r)
{
	struct buffer word = {.max = 256};
	unsigned line = 0;

	if (modefile_get(text->data, text->len, "MODE", &word, &line) && word.len > 0) {
		const char *said = buffer_string(&word);
		size_t i = 0;

		while (i < MODE_COUNT && !str_caseequal(said, modes[i].word))
			i++;
		if (i < MODE_COUNT)
			*m = modes[i];
		else
			report_unknown(path, line, said, r);
	}
	buffer_free(&word);
}

void mode_read(struct mode *m, struct conf_report *r)
{
	struct buffer text = {.max = FILE_MAX};
	char path[PATH_MAX_LEN];
	struct conf_where at = {path, 0};
	int err;

	*m = (struct mode){.drivers = true, .server = true, .monitor = true};
	if (!paths_conf_file(path, sizeof(path), "nut.conf"))
		return;
	err = read_whole(path, &text);
	if (!err)
		take(m, path, &text, r);
	else if (err != ENOENT)
		conf_error(r, &at, NULL, "cannot be read: %s; all runs that is configured",
			   conffile_why(err));
	buffer_free(&text);
}
