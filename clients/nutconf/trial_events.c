#include "config.h"

#include "clients/nutconf/trial_events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/str.h"
#include "common/base/words.h"

enum { ROWS_MAX = 100000, FIELDS = 6 };

static const char *const decisions[] = {"ONBATT",   "ONLINE",  "LOWBATT", "FSD",
					"SHUTDOWN", "COMMBAD", "COMMOK",  "REPLBATT"};

long long trial_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool trial_event_counts(const struct trial_event *e)
{
	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
		if (str_equal(decisions[i], e->type))
			return true;
	}
	return false;
}

int trial_event_append(const char *path, const struct trial_event *e)
{
	struct buffer b = {0};
	int fd, err = 0;

	buffer_appendf(&b, "%lld %s ", e->ms, e->ours ? "ours" : "live");
	words_append_word(&b, e->type);
	buffer_append_char(&b, ' ');
	words_append_word(&b, e->ups);
	buffer_appendf(&b, " %s ", e->how);
	words_append_quoted(&b, e->text);
	buffer_append_char(&b, '\n');
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	/* One write, so that lines of several writers stay lines. */
	if (fd < 0 || b.failed || write(fd, b.data, b.len) != (ssize_t)b.len)
		err = b.failed ? ENOMEM : errno;
	if (fd >= 0) {
		if (!err && fsync(fd) != 0)
			err = errno;
		close(fd);
	}
	buffer_free(&b);
	return err;
}

static void take_row(void *arg, const struct conf_where *at, size_t count, char *const *words,
		     struct conf_report *r)
{
	struct trial_events *e = arg;
	struct trial_event *more, *row;
	long ms;

	(void)at;
	(void)r;
	if (count != FIELDS || !str_to_long(words[0], 0, 0x7fffffffffffffff, &ms) ||
	    e->count == ROWS_MAX)
		return;
	more = realloc(e->rows, (e->count + 1) * sizeof(*more));
	if (!more)
		return;
	e->rows = more;
	row = &more[e->count++];
	*row = (struct trial_event){.ms = ms, .ours = str_equal(words[1], "ours"), .other = -1};
	str_copy(row->type, sizeof(row->type), words[2]);
	str_copy(row->ups, sizeof(row->ups), words[3]);
	str_copy(row->how, sizeof(row->how), words[4]);
	str_copy(row->text, sizeof(row->text), words[5]);
}

static int by_time(const void *a, const void *b)
{
	const struct trial_event *x = a, *y = b;

	return x->ms < y->ms ? -1 : x->ms > y->ms;
}

int trial_events_read(struct trial_events *e, const char *path)
{
	struct conf_report quiet = {.emit = NULL};
	int err = conffile_read_lines(path, take_row, e, &quiet);

	if (e->count)
		qsort(e->rows, e->count, sizeof(*e->rows), by_time);
	return err;
}

void trial_events_free(struct trial_events *e)
{
	free(e->rows);
	*e = (struct trial_events){NULL, 0};
}

static bool is_told_by_log(const struct trial_events *e, const struct trial_event *one)
{
	for (size_t i = 0; i < e->count; i++) {
		if (!e->rows[i].ours && str_equal(e->rows[i].how, "log") &&
		    str_equal(e->rows[i].type, one->type) && str_equal(e->rows[i].ups, one->ups))
			return true;
	}
	return false;
}

/* Drops what the log tells, too. */
static void drop_repeated(struct trial_events *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->count; i++) {
		struct trial_event *row = &e->rows[i];

		if (row->ours || !str_equal(row->how, "status") || !is_told_by_log(e, row))
			e->rows[kept++] = *row;
	}
	e->count = kept;
}

static long long distance(const struct trial_event *a, const struct trial_event *b)
{
	return a->ms < b->ms ? b->ms - a->ms : a->ms - b->ms;
}

static void pair_one(struct trial_events *e, size_t at, long long window_ms)
{
	struct trial_event *live = &e->rows[at];
	long best = -1;

	for (size_t i = 0; i < e->count; i++) {
		const struct trial_event *ours = &e->rows[i];

		if (!ours->ours || ours->other >= 0 || !str_equal(ours->type, live->type) ||
		    !str_equal(ours->ups, live->ups) || distance(ours, live) > window_ms)
			continue;
		if (best < 0 || distance(ours, live) < distance(&e->rows[best], live))
			best = (long)i;
	}
	live->other = best;
	if (best >= 0)
		e->rows[best].other = (long)at;
}

void trial_events_pair(struct trial_events *e, long long window_ms)
{
	drop_repeated(e);
	for (size_t i = 0; i < e->count; i++) {
		if (!e->rows[i].ours && e->rows[i].other < 0)
			pair_one(e, i, window_ms);
	}
}

/* "UPS rack@localhost on battery" and the like: what stands before and behind the name. */
static const struct {
	const char *type, *before, *behind;
} texts[] = {
	{"ONLINE", "UPS ", " on line power"},
	{"ONBATT", "UPS ", " on battery"},
	{"LOWBATT", "UPS ", " battery is low"},
	{"FSD", "UPS ", ": forced shutdown in progress"},
	{"COMMOK", "Communications with UPS ", " established"},
	{"COMMBAD", "Communications with UPS ", " lost"},
	{"SHUTDOWN", "Auto logout and shutdown proceeding", NULL},
	{"REPLBATT", "UPS ", " battery needs to be replaced"},
};

static bool fits(size_t i, const char *line, char *system, size_t size)
{
	const char *from = strstr(line, texts[i].before), *end;

	if (!from)
		return false;
	system[0] = '\0';
	if (!texts[i].behind)
		return true;
	from += strlen(texts[i].before);
	end = strstr(from, texts[i].behind);
	if (!end || end == from || (size_t)(end - from) >= size ||
	    strcspn(from, " ") < (size_t)(end - from))
		return false;
	memcpy(system, from, (size_t)(end - from));
	system[end - from] = '\0';
	return true;
}

bool trial_event_of_line(const char *line, const char **type, char *system, size_t size)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (fits(i, line, system, size)) {
			*type = texts[i].type;
			return true;
		}
	}
	return false;
}
