#include "config.h"

#include "clients/nutconf/trial_values.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/conffile.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"
#include "common/base/words.h"

enum { ROWS_MAX = 20000, FIELDS = 11 };

static const char absent[] = "(absent)";

static bool counts(const char *var)
{
	return !str_starts(var, "driver.") && !str_starts(var, "server.");
}

static struct trial_value *find(struct trial_values *v, const char *ups, const char *var)
{
	for (size_t i = 0; i < v->count; i++) {
		if (str_equal(v->rows[i].var, var) && str_equal(v->rows[i].ups, ups))
			return &v->rows[i];
	}
	return NULL;
}

static struct trial_value *add(struct trial_values *v, const char *ups, const char *var)
{
	struct trial_value *more = NULL;

	if (v->count < ROWS_MAX)
		more = realloc(v->rows, (v->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	v->rows = more;
	more = &v->rows[v->count++];
	*more = (struct trial_value){.looks = 0};
	str_copy(more->ups, sizeof(more->ups), ups);
	str_copy(more->var, sizeof(more->var), var);
	return more;
}

/* What one side says; NULL is as absent as anything. */
static bool same(const char *a, const char *b)
{
	return a == b || (a && b && str_equal(a, b));
}

static bool look_at(struct trial_values *v, const char *ups, const char *var, const char *before,
		    const char *ours, const char *after, long long now_ms)
{
	struct trial_value *row = find(v, ups, var);

	if (!row)
		row = add(v, ups, var);
	if (!row)
		return false;
	row->looks++;
	if (same(ours, before) || same(ours, after)) {
		row->equal++;
		row->row = 0;
		return true;
	}
	if (row->row++ == 0)
		row->since_ms = now_ms;
	row->last_ms = now_ms;
	if (trial_value_lasts(row)) {
		row->lasted_from_ms = row->since_ms;
		row->lasted_to_ms = now_ms;
	}
	str_copy(row->live, sizeof(row->live), after ? after : absent);
	str_copy(row->ours, sizeof(row->ours), ours ? ours : absent);
	return true;
}

bool trial_values_look(struct trial_values *v, const char *ups, const struct trial_list *before,
		       const struct trial_list *ours, const struct trial_list *after,
		       long long now_ms)
{
	for (size_t i = 0; i < after->count; i++) {
		const char *var = after->items[i].name;

		if (counts(var) &&
		    !look_at(v, ups, var, trial_list_find(before, var), trial_list_find(ours, var),
			     after->items[i].value, now_ms))
			return false;
	}
	for (size_t i = 0; i < ours->count; i++) {
		const char *var = ours->items[i].name;

		if (counts(var) && !trial_list_find(after, var) &&
		    !look_at(v, ups, var, trial_list_find(before, var), ours->items[i].value, NULL,
			     now_ms))
			return false;
	}
	return true;
}

bool trial_value_lasts(const struct trial_value *v)
{
	return v->row >= TRIAL_LASTING && v->last_ms - v->since_ms >= TRIAL_LASTING_MS;
}

bool trial_value_lasted(const struct trial_value *v)
{
	return v->lasted_from_ms > 0;
}

int trial_values_write(const struct trial_values *v, const char *path)
{
	struct buffer b = {0};
	int err;

	for (size_t i = 0; i < v->count; i++) {
		const struct trial_value *r = &v->rows[i];

		words_append_word(&b, r->ups);
		buffer_append_char(&b, ' ');
		words_append_word(&b, r->var);
		buffer_appendf(&b, " %u %u %u %lld %lld %lld %lld ", r->looks, r->equal, r->row,
			       r->since_ms, r->last_ms, r->lasted_from_ms, r->lasted_to_ms);
		words_append_quoted(&b, r->live);
		buffer_append_char(&b, ' ');
		words_append_quoted(&b, r->ours);
		buffer_append_char(&b, '\n');
	}
	err = b.failed ? ENOMEM : wholefile_replace(path, &b, NULL);
	buffer_free(&b);
	return err;
}

static void take_row(void *arg, const struct conf_where *at, size_t count, char *const *words,
		     struct conf_report *r)
{
	struct trial_value *row;
	long numbers[7];

	(void)at;
	(void)r;
	if (count != FIELDS)
		return;
	for (size_t i = 0; i < 7; i++) {
		if (!str_to_long(words[2 + i], 0, 0x7fffffffffffffff, &numbers[i]))
			return;
	}
	row = add(arg, words[0], words[1]);
	if (!row)
		return;
	row->looks = (unsigned)numbers[0];
	row->equal = (unsigned)numbers[1];
	row->row = (unsigned)numbers[2];
	row->since_ms = numbers[3];
	row->last_ms = numbers[4];
	row->lasted_from_ms = numbers[5];
	row->lasted_to_ms = numbers[6];
	str_copy(row->live, sizeof(row->live), words[9]);
	str_copy(row->ours, sizeof(row->ours), words[10]);
}

int trial_values_read(struct trial_values *v, const char *path)
{
	struct conf_report quiet = {.emit = NULL};

	return conffile_read_lines(path, take_row, v, &quiet);
}

void trial_values_free(struct trial_values *v)
{
	free(v->rows);
	*v = (struct trial_values){NULL, 0};
}
