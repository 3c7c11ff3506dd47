#include "config.h"

#include "clients/upsmon/conf/groupconf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/upsmon/conf/groupparse.h"
#include "common/base/str.h"

/* ------------------------------------------------------------------ reports */

bool group_gave_up(const struct group_parser *g)
{
	return g->errors > GROUP_PROBLEMS_MAX;
}

static void __attribute__((format(printf, 6, 0)))
tell(struct group_parser *g, enum conf_severity severity, const struct group_where *at, int number,
     const char *mend, const char *fmt, va_list ap)
{
	struct conf_where where = {.file = g->file};
	char text[1024];

	if (at) {
		where.line = at->line;
		where.column = at->column;
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	if (severity == CONF_ERROR)
		conf_error(g->report, &where, mend, "error %d: %s", number, text);
	else
		conf_warning(g->report, &where, mend, "warning %d: %s", number, text);
}

void group_error(struct group_parser *g, const struct group_where *at, int number, const char *mend,
		 const char *fmt, ...)
{
	va_list ap;

	if (group_gave_up(g))
		return;
	va_start(ap, fmt);
	if (++g->errors > GROUP_PROBLEMS_MAX)
		conf_error(g->report, &(struct conf_where){.file = g->file}, NULL,
			   "error 135: more than %d errors, the rest is not read",
			   GROUP_PROBLEMS_MAX);
	else
		tell(g, CONF_ERROR, at, number, mend, fmt, ap);
	va_end(ap);
}

void group_warning(struct group_parser *g, const struct group_where *at, int number,
		   const char *mend, const char *fmt, ...)
{
	va_list ap;

	if (++g->warnings > GROUP_PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	tell(g, CONF_WARNING, at, number, mend, fmt, ap);
	va_end(ap);
}

void group_no_memory(struct group_parser *g)
{
	group_error(g, NULL, 140, NULL, "out of memory");
}

/* ------------------------------------------------------- values of the words */

char *group_token_dup(struct group_parser *g, const struct group_token *t)
{
	char *copy = strndup(t->text, t->len);

	if (!copy)
		group_no_memory(g);
	return copy;
}

static bool read_number(const struct group_token *t, double *out)
{
	char text[32];

	return str_format(text, sizeof(text), "%.*s", t->len > 31 ? 31 : (int)t->len, t->text) &&
	       t->len < sizeof(text) && str_to_double(text, out);
}

static bool refuse_number(struct group_parser *g, const struct group_token *t, const char *what,
			  const char *kind, double min, double max)
{
	group_error(g, &t->at, 330, NULL, "%s wants a %s from %g to %.0f, not \"%.*s\"", what, kind,
		    min, max, t->len > 40 ? 40 : (int)t->len, t->text);
	return false;
}

bool group_number(struct group_parser *g, const struct group_token *t, const char *what, double min,
		  double max, double *out)
{
	double value;

	if (!read_number(t, &value) || value < min || value > max)
		return refuse_number(g, t, what, "number", min, max);
	*out = value;
	return true;
}

bool group_whole(struct group_parser *g, const struct group_token *t, const char *what, long min,
		 long max, long *out)
{
	double value;

	if (!read_number(t, &value) || value < (double)min || value > (double)max ||
	    value != (double)(long)value)
		return refuse_number(g, t, what, "whole number", (double)min, (double)max);
	*out = (long)value;
	return true;
}

bool group_grow(struct group_parser *g, const struct group_where *at, void *list, size_t count,
		size_t max, size_t size, const char *what)
{
	void **place = list, *grown;

	if (count >= max) {
		group_error(g, at, 375, "nobody needs so many", "more than %zu %s", max, what);
		return false;
	}
	grown = realloc(*place, (count + 1) * size);
	if (!grown) {
		group_no_memory(g);
		return false;
	}
	*place = grown;
	return true;
}

/* --------------------------------------------------------------------- file */

/* All of the file with a NUL behind it; returns 0 or an errno value. */
static int read_all(int fd, struct buffer *b)
{
	struct stat st;

	/* At once, so that nothing is moved: the old place would keep the passwords. */
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size < GROUP_FILE_MAX)
		buffer_reserve(b, (size_t)st.st_size + 4096);
	for (;;) {
		char *room = buffer_reserve(b, 4096);
		ssize_t got;

		if (!room)
			return b->len < GROUP_FILE_MAX ? ENOMEM : EFBIG;
		got = read(fd, room, 4096);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		b->len += (size_t)got;
	}
}

static void free_buffer(struct buffer *b)
{
	if (b->data)
		secret_wipe(b->data, b->size);
	buffer_free(b);
}

static void parser_free(struct group_parser *g)
{
	group_action_drop(g);
	group_lets_free(g);
	buffer_free(&g->text);
	free(g->cert);
	free(g->group_at);
	free(g->ups_at);
	free(g->marks);
}

static void parse(struct group_parser *g, const char *text, size_t len)
{
	grouplex_begin(&g->lex, text, len);
	g->text.max = GROUP_TEXT_MAX;
	g->group = g->ups = g->rule = -1;
	str_copy(g->host, sizeof(g->host), "localhost");
	g->port = 3493;
	/* A name that does not fit comes without its end. */
	if (gethostname(g->host_name, sizeof(g->host_name)) != 0)
		str_copy(g->host_name, sizeof(g->host_name), "localhost");
	g->host_name[sizeof(g->host_name) - 1] = '\0';
	group_let_builtin(g);
	if (groupgram_parse(g) != 0)
		group_error(g, NULL, 140, NULL, "the file could not be read to its end");
	group_check_whole(g);
}

/* There are passwords in it. */
static void warn_if_world_readable(struct group_parser *g, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH))
		conf_warning(g->report, NULL, NULL, "%s is world readable; chmod o-rwx %s", g->file,
			     g->file);
}

int groupconf_read_fd(struct upsmon_conf *conf, int fd, const char *name, struct conf_report *r)
{
	struct group_parser g = {.conf = conf, .report = r, .file = name};
	struct buffer text = {.max = GROUP_FILE_MAX + 4096};
	int err;

	upsmon_conf_init(conf);
	/* There is no built-in end: who is killed by the shutdown stays logged in till then. */
	conf->shutdown_exit = CONF_EXIT_NEVER;
	err = read_all(fd, &text);
	if (err == EFBIG)
		group_error(&g, NULL, 130, NULL, "the file is longer than %d bytes",
			    GROUP_FILE_MAX);
	else if (!err)
		parse(&g, buffer_string(&text), text.len);
	if (!err)
		warn_if_world_readable(&g, fd);
	parser_free(&g);
	free_buffer(&text);
	return err == EFBIG ? 0 : err;
}

static bool ends_word(char c)
{
	return c == '\0' || c == '#' || c == ' ' || (c >= '\t' && c <= '\r');
}

static bool has_group(const char *text, size_t len)
{
	struct grouplex l;
	struct group_token t;

	grouplex_begin(&l, text, len);
	do {
		grouplex_next(&l, &t);
		/* GROUP@localhost is a UPS of the other language. */
		if (t.kind == GROUP_NAME && group_token_is(&t, "GROUP") &&
		    (t.text == text || t.text[-1] != '@') && ends_word(t.text[t.len]))
			return true;
	} while (t.kind != GROUP_END);
	return false;
}

bool groupconf_is(int fd)
{
	struct buffer text = {.max = GROUP_FILE_MAX + 4096};
	bool is = lseek(fd, 0, SEEK_SET) == 0 && read_all(fd, &text) == 0 &&
		  has_group(buffer_string(&text), text.len);

	lseek(fd, 0, SEEK_SET);
	free_buffer(&text);
	return is;
}
