#include "config.h"

#include "common/base/conffile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/words.h"

enum {
	READ_SIZE = 4096,
	PATIENCE_MS = 2000, /* for the next piece of what is no file */
	COPY_MS = 10000,    /* for all of it */
	PIPE_MAX = 4 << 20, /* bytes of it */
	PROBLEM_MAX = 1024, /* it quotes the file, where a word may be of any length */
};

/* Far beyond any line that a person writes; NUT's 32 words of 512 bytes are within. */
static const struct words_limits file_limits = {.max_words = 1024, .max_line = 64 * 1024};

static void __attribute__((format(printf, 5, 0)))
report(struct conf_report *r, enum conf_severity severity, const struct conf_where *at,
       const char *mend, const char *fmt, va_list ap)
{
	struct buffer text = {0};
	char problem[PROBLEM_MAX];

	if (severity == CONF_ERROR)
		r->errors++;
	else
		r->warnings++;
	if (!r->emit)
		return;
	vsnprintf(problem, sizeof(problem), fmt, ap);
	if (at)
		buffer_append_str(&text, at->file);
	if (at && at->line)
		buffer_appendf(&text, ":%u", at->line);
	if (at && at->line && at->column)
		buffer_appendf(&text, ":%u", at->column);
	buffer_appendf(&text, "%s%s%s%s", at ? ": " : "", problem, mend ? "; " : "",
		       mend ? mend : "");
	r->emit(r->arg, severity, text.failed ? problem : buffer_string(&text));
	buffer_free(&text);
}

void conf_error(struct conf_report *r, const struct conf_where *at, const char *mend,
		const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, CONF_ERROR, at, mend, fmt, ap);
	va_end(ap);
}

void conf_warning(struct conf_report *r, const struct conf_where *at, const char *mend,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, CONF_WARNING, at, mend, fmt, ap);
	va_end(ap);
}

void conf_emit_log(void *arg, enum conf_severity severity, const char *text)
{
	if (severity == CONF_ERROR)
		log_error(arg, "%s", text);
	else
		log_warn(arg, "%s", text);
}

/* One run over a file; on_line sees every line that has words. */
struct run {
	struct words *words;
	struct conf_where at;
	struct conf_report *report;
	void (*on_line)(struct run *run);
	conf_line_fn *line_fn;
	conf_setting_fn *setting_fn;
	void *arg;
	char *section;     /* owned; NULL before the first header */
	bool section_lost; /* below a header that nobody can read */
};

/* What would mend a line that words refused. */
static const char *mend_of(enum words_result result, const char *error)
{
	if (result == WORDS_TOO_LONG)
		return "the line is left out";
	if (error[0] == '#')
		return "close the quote, or write \\# there";
	return "close it with \"";
}

static void take(struct run *run, enum words_result result)
{
	run->at.line = words_line_number(run->words);
	if (result != WORDS_LINE) {
		const char *error = words_error(run->words);

		conf_error(run->report, &run->at, mend_of(result, error), "%s", error);
		return;
	}
	if (words_count(run->words))
		run->on_line(run);
}

/* Editors of Windows put it before the first word, and NUT never sees it. */
static size_t mark_length(const char *text, size_t len)
{
	static const char mark[] = {'\xef', '\xbb', '\xbf'};

	return len >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0 ? sizeof(mark) : 0;
}

static int read_fd(struct run *run, int fd)
{
	char chunk[READ_SIZE];
	bool begun = false;
	int err = 0;

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));
		const char *p = chunk;
		size_t len = got > 0 ? (size_t)got : 0;
		enum words_result result;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = errno;
		if (got <= 0)
			break;
		if (!begun) {
			size_t skip = mark_length(p, len);

			p += skip;
			len -= skip;
			begun = true;
		}
		while ((result = words_feed(run->words, &p, &len)) != WORDS_MORE)
			take(run, result);
	}
	secret_wipe(chunk, sizeof(chunk));
	if (!err) {
		enum words_result result = words_end(run->words);

		if (result != WORDS_MORE)
			take(run, result);
	}
	return err;
}

static int run_fd(struct run *run, int fd)
{
	int err;

	run->words = words_new(WORDS_FILE, &file_limits);
	if (!run->words)
		return ENOMEM;
	err = read_fd(run, fd);
	words_free(run->words);
	free(run->section);
	return err;
}

static conffile_open_fn *open_fn;
static void *open_arg;

void conffile_set_open(conffile_open_fn *fn, void *arg)
{
	open_fn = fn;
	open_arg = arg;
}

/* A file without a name. */
static int nameless_file(void)
{
#ifdef MFD_CLOEXEC
	return memfd_create("conf", MFD_CLOEXEC);
#else
	FILE *f = tmpfile();
	int fd = f ? fcntl(fileno(f), F_DUPFD_CLOEXEC, 3) : -1;

	if (f)
		fclose(f);
	return fd;
#endif
}

/* One piece of text, waited for: 1; the end: 0; -1: errno. */
static int copy_piece(int from, int to, size_t *total)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	char chunk[READ_SIZE];
	ssize_t got;
	int ready = poll(&p, 1, PATIENCE_MS);

	if (ready < 0 && errno == EINTR)
		return 1;
	if (ready == 0)
		errno = ETIMEDOUT;
	if (ready <= 0)
		return -1;
	got = read(from, chunk, sizeof(chunk));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (got > 0 && (*total += (size_t)got) > PIPE_MAX) {
		errno = EFBIG;
		got = -1;
	}
	if (got > 0 && write(to, chunk, (size_t)got) != got)
		got = -1;
	secret_wipe(chunk, sizeof(chunk));
	return got > 0 ? 1 : (int)got;
}

/* A pipe or a terminal (/dev/stdin, a shell's <(command)) may have its text ready only in a moment,
 * and a FIFO whose writer falls silent never has the rest: it is copied, with patience, so that
 * those who read have a file like any other. */
static int copy_text(int from)
{
	int to = nameless_file(), piece = to < 0 ? -1 : 1, err;
	long long end = clock_ms() + COPY_MS;
	size_t total = 0;

	while (piece > 0) {
		piece = copy_piece(from, to, &total);
		if (piece > 0 && clock_ms() > end) {
			errno = ETIMEDOUT;
			piece = -1;
		}
	}
	if (piece == 0 && lseek(to, 0, SEEK_SET) == 0)
		return to;
	err = errno;
	if (to >= 0)
		close(to);
	errno = err;
	return -1;
}

int conffile_open(const char *path)
{
	struct stat st;
	int fd, copy, err;

	if (open_fn)
		return open_fn(open_arg, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))))
		return fd;
	copy = copy_text(fd);
	err = errno;
	close(fd);
	errno = err;
	return copy;
}

const char *conffile_why(int err)
{
	if (err == ETIMEDOUT)
		return "it is a pipe, and who writes into it falls silent before its end";
	if (err == EFBIG)
		return "it is a pipe, and there is no end to it";
	return strerror(err);
}

static int run_path(struct run *run, const char *path)
{
	int err;
	int fd = conffile_open(path);

	if (fd < 0)
		return errno;
	err = run_fd(run, fd);
	close(fd);
	return err;
}

static void pass_line(struct run *run)
{
	run->line_fn(run->arg, &run->at, words_count(run->words), words_all(run->words),
		     run->report);
}

static void pass_setting(struct run *run, const struct conf_setting *s)
{
	run->setting_fn(run->arg, &run->at, s, run->report);
}

/* `[name]`; what stands behind it is ignored, as NUT does. */
static void take_header(struct run *run)
{
	const char *word = words_at(run->words, 0);
	size_t len = strlen(word);
	char *name = NULL;

	run->section_lost = true;
	if (len > 2 && word[len - 1] == ']')
		name = strndup(word + 1, len - 2);
	if (!name) {
		conf_error(run->report, &run->at,
			   "write [name], or \"[a name]\" with spaces; the settings below are left "
			   "out",
			   "\"%s\" is no section header", word);
		return;
	}
	free(run->section);
	run->section = name;
	run->section_lost = false;
	pass_setting(run, &(struct conf_setting){.section = name});
}

static void take_setting(struct run *run)
{
	size_t count = words_count(run->words);
	size_t behind = words_is_equals(run->words, 1) ? 2 : 1;

	if (words_is_equals(run->words, 0)) {
		conf_error(run->report, &run->at, "write key = value", "a value without its key");
		return;
	}
	if (run->section_lost)
		return;
	pass_setting(run, &(struct conf_setting){
				  .section = run->section,
				  .key = words_at(run->words, 0),
				  .has_equals = behind == 2,
				  .count = count - behind,
				  .values = words_all(run->words) + behind,
			  });
}

static void take_header_or_setting(struct run *run)
{
	if (words_at(run->words, 0)[0] == '[')
		take_header(run);
	else
		take_setting(run);
}

static struct run run_of_lines(const char *name, conf_line_fn *fn, void *arg, struct conf_report *r)
{
	return (struct run){
		.at = {.file = name},
		.report = r,
		.on_line = pass_line,
		.line_fn = fn,
		.arg = arg,
	};
}

static struct run run_of_settings(const char *name, conf_setting_fn *fn, void *arg,
				  struct conf_report *r)
{
	return (struct run){
		.at = {.file = name},
		.report = r,
		.on_line = take_header_or_setting,
		.setting_fn = fn,
		.arg = arg,
	};
}

int conffile_read_lines(const char *path, conf_line_fn *fn, void *arg, struct conf_report *r)
{
	struct run run = run_of_lines(path, fn, arg, r);

	return run_path(&run, path);
}

int conffile_read_settings(const char *path, conf_setting_fn *fn, void *arg, struct conf_report *r)
{
	struct run run = run_of_settings(path, fn, arg, r);

	return run_path(&run, path);
}

int conffile_read_lines_fd(int fd, const char *name, conf_line_fn *fn, void *arg,
			   struct conf_report *r)
{
	struct run run = run_of_lines(name, fn, arg, r);

	return run_fd(&run, fd);
}

int conffile_read_settings_fd(int fd, const char *name, conf_setting_fn *fn, void *arg,
			      struct conf_report *r)
{
	struct run run = run_of_settings(name, fn, arg, r);

	return run_fd(&run, fd);
}

bool conf_parse_long(struct conf_report *r, const struct conf_where *at, const char *what,
		     const char *text, long min, long max, long *out)
{
	char mend[96];

	if (str_to_long(text, min, max, out))
		return true;
	str_format(mend, sizeof(mend), "it takes a whole number from %ld to %ld", min, max);
	conf_error(r, at, mend, "%s is \"%s\"", what, text);
	return false;
}

bool conf_parse_number(struct conf_report *r, const struct conf_where *at, const char *what,
		       const char *text, long min, long max, long *out)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || !*end || errno == ERANGE || value < min || value > max)
		return conf_parse_long(r, at, what, text, min, max, out);
	conf_warning(r, at, "write the number alone", "%s \"%s\" is taken as %ld", what, text,
		     value);
	*out = value;
	return true;
}

bool conf_parse_bool(struct conf_report *r, const struct conf_where *at, const char *what,
		     const char *text, bool *out)
{
	if (str_to_bool(text, out))
		return true;
	conf_error(r, at, "it takes yes or no", "%s is \"%s\"", what, text);
	return false;
}

void conf_unknown(struct conf_report *r, const struct conf_where *at, const char *word,
		  const char *const *known)
{
	const char *closest = str_closest(word, known);
	char mend[128];

	if (closest)
		str_format(mend, sizeof(mend), "did you mean \"%s\"?", closest);
	conf_warning(r, at, closest ? mend : NULL, "unknown word \"%s\"", word);
}

void conf_warn_if_world_readable(struct conf_report *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	/* A folder betrays its files by the right to search it, too. */
	if (st.st_mode & (S_ISDIR(st.st_mode) ? S_IROTH | S_IXOTH : S_IROTH))
		conf_warning(r, NULL, NULL, "%s is world readable; chmod o-rwx %s", path, path);
}
