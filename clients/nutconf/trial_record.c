#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/nutconf/trial_hands.h"
#include "clients/nutconf/trial_site.h"
#include "common/base/conffile.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"
#include "common/base/words.h"

static void append_list(struct buffer *b, const char *what, char *const *list)
{
	for (size_t i = 0; list && list[i]; i++) {
		buffer_appendf(b, "%s ", what);
		words_append_quoted(b, list[i]);
		buffer_append_char(b, '\n');
	}
}

static void append_proc(struct buffer *b, const struct trial_proc *p)
{
	const char *texts[] = {p->ups, p->program, p->pidfile, p->exe};

	buffer_appendf(b, "proc %d %u %u", (int)p->part, (unsigned)p->uid, (unsigned)p->gid);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buffer_append_char(b, ' ');
		words_append_quoted(b, texts[i]);
	}
	buffer_append_char(b, '\n');
	append_list(b, "arg", p->argv);
	append_list(b, "env", p->env);
}

int trial_change_write(const struct trial_change *c)
{
	char path[PATH_MAX];
	struct buffer b = {0};
	int err;

	buffer_appendf(&b, "init %s ", c->systemd ? "systemd" : "none");
	words_append_quoted(&b, c->units_dir);
	buffer_append_char(&b, '\n');
	for (size_t i = 0; i < c->unit_count; i++)
		buffer_appendf(&b, "unit \"%s\"\n", c->units[i]);
	for (size_t i = 0; i < c->proc_count; i++)
		append_proc(&b, &c->procs[i]);
	buffer_append_str(&b, "end\n");
	err = b.failed ? ENOMEM
	      : !trial_path(path, sizeof(path), c->how->dir, "switch")
		      ? ENAMETOOLONG
		      : wholefile_replace(path, &b, NULL);
	buffer_free(&b);
	return err;
}

static void push(char ***list, const char *text)
{
	size_t count = 0;
	char **more;

	while (*list && (*list)[count])
		count++;
	more = realloc(*list, (count + 2) * sizeof(*more));
	if (!more)
		return;
	*list = more;
	more[count] = str_dup(text);
	more[count + 1] = NULL;
}

static void take_proc(struct trial_change *c, char *const *words)
{
	struct trial_proc *p = &c->procs[c->proc_count++];
	long part = 0, uid = 0, gid = 0;

	str_to_long(words[1], 0, TRIAL_PARTS - 1, &part);
	str_to_long(words[2], 0, 0xffffffffL, &uid);
	str_to_long(words[3], 0, 0xffffffffL, &gid);
	*p = (struct trial_proc){
		.part = (enum trial_part)part, .uid = (uid_t)uid, .gid = (gid_t)gid};
	str_copy(p->ups, sizeof(p->ups), words[4]);
	str_copy(p->program, sizeof(p->program), words[5]);
	str_copy(p->pidfile, sizeof(p->pidfile), words[6]);
	str_copy(p->exe, sizeof(p->exe), words[7]);
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	struct trial_change *c = arg;
	struct trial_proc *last = c->proc_count ? &c->procs[c->proc_count - 1] : NULL;

	(void)at;
	(void)r;
	if (str_equal(words[0], "init") && count == 3) {
		c->systemd = str_equal(words[1], "systemd");
		str_copy(c->units_dir, sizeof(c->units_dir), words[2]);
	} else if (str_equal(words[0], "unit") && count == 2 && c->unit_count < TRIAL_UNITS_MAX) {
		str_copy(c->units[c->unit_count++], sizeof(c->units[0]), words[1]);
	} else if (str_equal(words[0], "proc") && count == 8 && c->proc_count < TRIAL_PROCS_MAX) {
		take_proc(c, words);
	} else if (str_equal(words[0], "arg") && count == 2 && last) {
		push(&last->argv, words[1]);
	} else if (str_equal(words[0], "env") && count == 2 && last) {
		push(&last->env, words[1]);
	} else if (str_equal(words[0], "end")) {
		c->begun = true;
	}
}

int trial_change_read(struct trial_change *c)
{
	struct conf_report quiet = {.emit = NULL};
	char path[PATH_MAX];
	int err;

	if (!trial_path(path, sizeof(path), c->how->dir, "switch"))
		return ENAMETOOLONG;
	err = conffile_read_lines(path, take_line, c, &quiet);
	return err ? err : c->begun ? 0 : EINVAL;
}

void trial_change_forget(const struct trial_change *c)
{
	char path[PATH_MAX];

	if (trial_path(path, sizeof(path), c->how->dir, "switch"))
		unlink(path);
}

void trial_list_of_texts_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void trial_change_free(struct trial_change *c)
{
	for (size_t i = 0; i < c->proc_count; i++) {
		trial_list_of_texts_free(c->procs[i].argv);
		trial_list_of_texts_free(c->procs[i].env);
	}
	c->proc_count = 0;
}

void trial_say(const struct trial_change *c, const char *fmt, ...)
{
	char text[1024], path[PATH_MAX];
	va_list ap;
	FILE *log = NULL;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	printf("%s\n", text);
	fflush(stdout);
	if (trial_path(path, sizeof(path), c->how->dir, "switch.log"))
		log = fopen(path, "ae");
	if (!log)
		return;
	fprintf(log, "%s\n", text);
	fclose(log);
}
