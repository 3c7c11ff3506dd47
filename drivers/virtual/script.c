#include "config.h"

#include "drivers/virtual/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/base/str.h"

enum { PAUSE_MAX_S = 365 * 24 * 3600 };

struct reading {
	struct script *script;
	bool no_memory;
};

static char *join(size_t count, char *const *words)
{
	struct buffer b = {0};
	char *text;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_char(&b, ' ');
		buffer_append_str(&b, words[i]);
	}
	text = b.failed ? NULL : str_dup(buffer_string(&b));
	buffer_free(&b);
	return text;
}

/* Takes over the step's texts. */
static void push(struct reading *rd, struct script_step step)
{
	struct script *s = rd->script;
	size_t size = s->count == 0 ? 64 : s->count * 2;

	/* The array is full whenever its count is a power of two, from 64 on. */
	if (s->count == 0 || (s->count >= 64 && (s->count & (s->count - 1)) == 0)) {
		struct script_step *grown = realloc(s->steps, size * sizeof(*grown));

		if (!grown) {
			free(step.name);
			free(step.text);
			rd->no_memory = true;
			return;
		}
		s->steps = grown;
	}
	s->steps[s->count++] = step;
}

static void push_pause(struct reading *rd, const struct conf_where *at, size_t count,
		       char *const *words, struct conf_report *r)
{
	double seconds;

	if (count < 2 || !str_to_double(words[1], &seconds) || seconds < 0 ||
	    seconds > PAUSE_MAX_S) {
		conf_error(r, at, "TIMER wants a number of seconds", "\"TIMER %s\" makes no sense",
			   count < 2 ? "" : words[1]);
		return;
	}
	push(rd, (struct script_step){.action = SCRIPT_PAUSE, .pause_ms = (long)(seconds * 1000)});
}

static void push_alarm(struct reading *rd, size_t count, char *const *words)
{
	struct script_step step = {.action = SCRIPT_ALARM_NONE};

	if (count > 1) {
		step.action = SCRIPT_ALARM;
		step.text = join(count - 1, words + 1);
		rd->no_memory |= !step.text;
	}
	push(rd, step);
}

static void push_variable(struct reading *rd, const char *name, size_t count, char *const *words)
{
	struct script_step step = {.action = SCRIPT_SET, .name = str_dup(name)};

	step.text = join(count, words);
	if (!step.name || !step.text) {
		rd->no_memory = true;
		free(step.name);
		free(step.text);
		return;
	}
	if (!*step.text)
		step.action = SCRIPT_DELETE;
	push(rd, step);
}

static void on_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		    struct conf_report *r)
{
	struct reading *rd = arg;
	size_t len = strlen(words[0]);
	char name[256];

	if (len > 0 && words[0][len - 1] == ':')
		len--;
	if (len == 0 || len >= sizeof(name)) {
		conf_error(r, at, NULL,
			   "a line begins with the name of a variable, TIMER or ALARM");
		return;
	}
	memcpy(name, words[0], len);
	name[len] = '\0';
	if (str_equal(name, "TIMER"))
		push_pause(rd, at, count, words, r);
	else if (str_equal(name, "ALARM"))
		push_alarm(rd, count, words);
	else if (!str_casestarts(name, "driver.")) /* of the driver that was recorded */
		push_variable(rd, name, count - 1, words + 1);
}

int script_read(struct script *s, const char *path, struct conf_report *r)
{
	struct reading rd = {.script = s};
	int err;

	*s = (struct script){0};
	err = conffile_read_lines(path, on_line, &rd, r);
	if (!err && rd.no_memory)
		err = ENOMEM;
	if (err)
		script_free(s);
	return err;
}

void script_free(struct script *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->steps[i].name);
		free(s->steps[i].text);
	}
	free(s->steps);
	*s = (struct script){0};
}
