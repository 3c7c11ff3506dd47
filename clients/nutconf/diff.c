#include "config.h"

#include "clients/nutconf/diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 3, CELLS_MAX = 16 * 1024 * 1024 };

struct span {
	const char *text;
	size_t len; /* without the newline */
};

struct side {
	struct span *lines;
	size_t count;
};

/* Both texts side by side; `kept` and `gone` and `added` follow one another as they are printed. */
struct step {
	char mark; /* ' ', '-' or '+' */
	struct span line;
	size_t before, after; /* how many lines of each were there */
};

static bool split(const struct buffer *b, struct side *s)
{
	const char *p = b->data ? b->data : "", *end = p + b->len;
	size_t count = 1;

	for (const char *q = p; q < end; q++)
		count += *q == '\n';
	s->lines = calloc(count, sizeof(*s->lines));
	s->count = 0;
	while (s->lines && p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((lf ? lf : end) - p);

		s->lines[s->count++] = (struct span){p, len};
		p += len + (lf != NULL);
	}
	return s->lines;
}

static bool same(const struct span *a, const struct span *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* The table of the longest common run of what is between the equal heads and tails. */
struct middle {
	const struct span *a, *b;
	size_t m, n;
	uint16_t *table; /* (m + 1) rows of n + 1 */
};

static bool fill_table(struct middle *t)
{
	size_t width = t->n + 1;

	if ((t->m + 1) > CELLS_MAX / width)
		return false;
	t->table = calloc((t->m + 1) * width, sizeof(*t->table));
	if (!t->table)
		return false;
	for (size_t i = t->m; i-- > 0;) {
		for (size_t j = t->n; j-- > 0;) {
			uint16_t down = t->table[(i + 1) * width + j];
			uint16_t right = t->table[i * width + j + 1];

			t->table[i * width + j] =
				same(&t->a[i], &t->b[j])
					? (uint16_t)(t->table[(i + 1) * width + j + 1] + 1)
				: down > right ? down
					       : right;
		}
	}
	return true;
}

struct script {
	struct step *steps;
	size_t count, before, after;
};

static void add(struct script *s, char mark, struct span line)
{
	s->steps[s->count++] = (struct step){mark, line, s->before, s->after};
	s->before += mark != '+';
	s->after += mark != '-';
}

static void add_middle(struct script *s, const struct middle *t)
{
	size_t i = 0, j = 0, width = t->n + 1;

	while (i < t->m || j < t->n) {
		if (t->table && i < t->m && j < t->n && same(&t->a[i], &t->b[j])) {
			add(s, ' ', t->a[i++]);
			j++;
		} else if (i < t->m &&
			   (j == t->n || !t->table ||
			    t->table[(i + 1) * width + j] >= t->table[i * width + j + 1])) {
			add(s, '-', t->a[i++]);
		} else {
			add(s, '+', t->b[j++]);
		}
	}
}

static void compare(const struct side *a, const struct side *b, struct script *s)
{
	size_t head = 0, tail = 0;
	struct middle t;

	while (head < a->count && head < b->count && same(&a->lines[head], &b->lines[head]))
		head++;
	while (tail < a->count - head && tail < b->count - head &&
	       same(&a->lines[a->count - 1 - tail], &b->lines[b->count - 1 - tail]))
		tail++;
	t = (struct middle){.a = a->lines + head,
			    .b = b->lines + head,
			    .m = a->count - head - tail,
			    .n = b->count - head - tail};
	/* Without a table all of the middle is told as changed. */
	fill_table(&t);
	for (size_t i = 0; i < head; i++)
		add(s, ' ', a->lines[i]);
	add_middle(s, &t);
	for (size_t i = a->count - tail; i < a->count; i++)
		add(s, ' ', a->lines[i]);
	free(t.table);
}

/* How far a group of changes reaches that begins at `at`, the lines around it included. */
static size_t end_of_group(const struct script *s, size_t at)
{
	size_t last = at;

	for (size_t i = at; i < s->count && i <= last + 2 * (size_t)AROUND; i++)
		if (s->steps[i].mark != ' ')
			last = i;
	return last + AROUND + 1 < s->count ? last + AROUND + 1 : s->count;
}

static void print_group(const struct script *s, size_t from, size_t to, FILE *out)
{
	const struct step *first = &s->steps[from];
	size_t minus = 0, plus = 0;

	for (size_t i = from; i < to; i++) {
		minus += s->steps[i].mark != '+';
		plus += s->steps[i].mark != '-';
	}
	fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", first->before + (minus > 0), minus,
		first->after + (plus > 0), plus);
	for (size_t i = from; i < to; i++)
		fprintf(out, "%c%.*s\n", s->steps[i].mark, (int)s->steps[i].line.len,
			s->steps[i].line.text);
}

static void print(const struct script *s, const char *name, FILE *out)
{
	bool headed = false;

	for (size_t i = 0; i < s->count; i++) {
		size_t end;

		if (s->steps[i].mark == ' ')
			continue;
		if (!headed)
			fprintf(out, "--- %s\n+++ %s (new)\n", name, name);
		headed = true;
		end = end_of_group(s, i);
		print_group(s, i > AROUND ? i - AROUND : 0, end, out);
		i = end - 1;
	}
}

void diff_print(const struct buffer *before, const struct buffer *after, const char *name,
		FILE *out)
{
	struct side a = {0}, b = {0};
	struct script s = {0};

	if (split(before, &a) && split(after, &b))
		s.steps = calloc(a.count + b.count + 1, sizeof(*s.steps));
	if (s.steps) {
		compare(&a, &b, &s);
		print(&s, name, out);
	}
	free(s.steps);
	free(a.lines);
	free(b.lines);
}
