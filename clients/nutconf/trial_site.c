#include "config.h"

#include "clients/nutconf/trial_site.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/conffile.h"
#include "common/base/daemon.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"
#include "common/base/words.h"

bool trial_path(char *dst, size_t size, const char *dir, const char *name)
{
	if (str_format(dst, size, "%s/%s", dir, name))
		return true;
	fprintf(stderr, "nutconf: the name of the folder is too long\n");
	return false;
}

int trial_plan_write(const struct trial_plan *p, const char *dir)
{
	char path[PATH_MAX];
	struct buffer b = {0};
	int err;

	buffer_appendf(&b, "port %u\ntime %lld %lld\nlook %u %u\nlog ", p->port, p->started_ms,
		       p->until_ms, p->poll_ms, p->every_ms);
	words_append_quoted(&b, p->log);
	buffer_append_char(&b, '\n');
	for (size_t i = 0; i < p->count; i++) {
		const struct trial_ups *u = &p->upses[i];

		buffer_append_str(&b, "ups ");
		words_append_word(&b, u->name);
		buffer_append_char(&b, ' ');
		words_append_word(&b, u->ups);
		buffer_append_char(&b, ' ');
		words_append_word(&b, u->server.host);
		buffer_appendf(&b, " %u\n", u->server.port);
	}
	err = b.failed                                        ? ENOMEM
	      : !trial_path(path, sizeof(path), dir, "trial") ? ENAMETOOLONG
							      : wholefile_replace(path, &b, NULL);
	buffer_free(&b);
	return err;
}

static long number(const char *text)
{
	long value = 0;

	str_to_long(text, 0, 0x7fffffffffffffff, &value);
	return value;
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	struct trial_plan *p = arg;

	(void)at;
	(void)r;
	if (str_equal(words[0], "port") && count == 2) {
		p->port = (unsigned)number(words[1]);
	} else if (str_equal(words[0], "time") && count == 3) {
		p->started_ms = number(words[1]);
		p->until_ms = number(words[2]);
	} else if (str_equal(words[0], "look") && count == 3) {
		p->poll_ms = (unsigned)number(words[1]);
		p->every_ms = (unsigned)number(words[2]);
	} else if (str_equal(words[0], "log") && count == 2) {
		str_copy(p->log, sizeof(p->log), words[1]);
	} else if (str_equal(words[0], "ups") && count == 5 && p->count < TRIAL_UPS_MAX) {
		struct trial_ups *u = &p->upses[p->count++];

		str_copy(u->name, sizeof(u->name), words[1]);
		str_copy(u->ups, sizeof(u->ups), words[2]);
		str_copy(u->server.host, sizeof(u->server.host), words[3]);
		u->server.port = (unsigned)number(words[4]);
	}
}

int trial_plan_read(struct trial_plan *p, const char *dir)
{
	struct conf_report quiet = {.emit = NULL};
	char path[PATH_MAX];

	*p = (struct trial_plan){.count = 0};
	if (!trial_path(path, sizeof(path), dir, "trial"))
		return ENAMETOOLONG;
	return conffile_read_lines(path, take_line, p, &quiet);
}

int trial_watcher(const char *dir)
{
	char path[PATH_MAX];
	pid_t pid;

	if (!trial_path(path, sizeof(path), dir, "run/watch.pid") ||
	    daemon_signal_file(path, "nutconf", 0) != DAEMON_PID_OK ||
	    daemon_pidfile_read(path, &pid) != DAEMON_PID_OK)
		return 0;
	return (int)pid;
}
