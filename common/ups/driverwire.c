#include "config.h"

#include <limits.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/driverwire.h"

enum { LINE_SLACK = 512 }; /* the words of a line beside a name and a value */

const struct words_limits driverwire_limits = {
	.max_words = 64,
	.max_line = STATE_MAX_VALUE + STATE_MAX_NAME + LINE_SLACK,
};

static const struct flag_row {
	const char *word;
	unsigned flag;
} flag_rows[] = {
	{"RW", STATE_RW},
	{"STRING", STATE_STRING},
	{"NUMBER", STATE_NUMBER},
};

/* What applies one state line; its word count has been checked. */
typedef enum state_result apply_fn(struct state *s, const struct words *w);

static enum state_result apply_setinfo(struct state *s, const struct words *w)
{
	return state_set(s, words_at(w, 1), words_at(w, 2));
}

static enum state_result apply_delinfo(struct state *s, const struct words *w)
{
	return state_delete(s, words_at(w, 1));
}

static enum state_result apply_addenum(struct state *s, const struct words *w)
{
	return state_add_enum(s, words_at(w, 1), words_at(w, 2));
}

static enum state_result apply_delenum(struct state *s, const struct words *w)
{
	return state_delete_enum(s, words_at(w, 1), words_at(w, 2));
}

static bool range_of(const struct words *w, long *min, long *max)
{
	return str_to_long(words_at(w, 2), LONG_MIN, LONG_MAX, min) &&
	       str_to_long(words_at(w, 3), LONG_MIN, LONG_MAX, max);
}

static enum state_result apply_addrange(struct state *s, const struct words *w)
{
	long min, max;

	return range_of(w, &min, &max) ? state_add_range(s, words_at(w, 1), min, max)
				       : STATE_REFUSED;
}

static enum state_result apply_delrange(struct state *s, const struct words *w)
{
	long min, max;

	return range_of(w, &min, &max) ? state_delete_range(s, words_at(w, 1), min, max)
				       : STATE_REFUSED;
}

static enum state_result apply_setaux(struct state *s, const struct words *w)
{
	long aux;

	return str_to_long(words_at(w, 2), 0, LONG_MAX, &aux)
		       ? state_set_aux(s, words_at(w, 1), aux)
		       : STATE_REFUSED;
}

static enum state_result apply_setflags(struct state *s, const struct words *w)
{
	unsigned flags = 0;

	for (size_t i = 2; i < words_count(w); i++) {
		for (size_t k = 0; k < sizeof(flag_rows) / sizeof(*flag_rows); k++) {
			if (str_caseequal(words_at(w, i), flag_rows[k].word))
				flags |= flag_rows[k].flag;
		}
	}
	return state_set_flags(s, words_at(w, 1), flags);
}

static enum state_result apply_addcmd(struct state *s, const struct words *w)
{
	return state_add_command(s, words_at(w, 1));
}

static enum state_result apply_delcmd(struct state *s, const struct words *w)
{
	return state_delete_command(s, words_at(w, 1));
}

/* Lines of a driver: state lines have an apply function, the others a word of their own. */
static const struct driver_row {
	const char *keyword;
	size_t min_words;
	apply_fn *apply;
	enum driverwire_word word;
} driver_rows[] = {
	{"SETINFO", 3, apply_setinfo, DRIVERWIRE_APPLIED},
	{"DELINFO", 2, apply_delinfo, DRIVERWIRE_APPLIED},
	{"ADDENUM", 3, apply_addenum, DRIVERWIRE_APPLIED},
	{"DELENUM", 3, apply_delenum, DRIVERWIRE_APPLIED},
	{"ADDRANGE", 4, apply_addrange, DRIVERWIRE_APPLIED},
	{"DELRANGE", 4, apply_delrange, DRIVERWIRE_APPLIED},
	{"SETAUX", 3, apply_setaux, DRIVERWIRE_APPLIED},
	{"SETFLAGS", 2, apply_setflags, DRIVERWIRE_APPLIED},
	{"ADDCMD", 2, apply_addcmd, DRIVERWIRE_APPLIED},
	{"DELCMD", 2, apply_delcmd, DRIVERWIRE_APPLIED},
	{"PONG", 1, NULL, DRIVERWIRE_PONG},
	{"DATAOK", 1, NULL, DRIVERWIRE_DATAOK},
	{"DATASTALE", 1, NULL, DRIVERWIRE_DATASTALE},
	{"DUMPDONE", 1, NULL, DRIVERWIRE_DUMPDONE},
	{"TRACKING", 3, NULL, DRIVERWIRE_TRACKING},
	{"PID", 2, NULL, DRIVERWIRE_PID},
};

static const struct driver_row *find_driver_row(const char *keyword)
{
	for (size_t i = 0; i < sizeof(driver_rows) / sizeof(*driver_rows); i++) {
		if (str_caseequal(driver_rows[i].keyword, keyword))
			return &driver_rows[i];
	}
	return NULL;
}

struct driverwire_message driverwire_from_driver(const struct words *w, struct state *s)
{
	struct driverwire_message m = {.word = DRIVERWIRE_UNKNOWN};
	const struct driver_row *row = find_driver_row(words_at(w, 0));

	if (!row) {
		if (str_caseequal(words_at(w, 0), "OK") && str_caseequal(words_at(w, 1), "Goodbye"))
			m.word = DRIVERWIRE_GOODBYE;
		return m;
	}
	m.word = words_count(w) < row->min_words ? DRIVERWIRE_BAD : row->word;
	if (m.word == DRIVERWIRE_BAD)
		return m;
	if (row->apply) {
		if (row->apply(s, w) == STATE_REFUSED)
			m.word = DRIVERWIRE_BAD;
		return m;
	}

	size_t number = row->word == DRIVERWIRE_TRACKING ? 2 : 1;

	if (row->word == DRIVERWIRE_TRACKING)
		m.id = words_at(w, 1);
	if (row->min_words > 1 && !str_to_long(words_at(w, number), INT_MIN, INT_MAX, &m.number))
		m.word = DRIVERWIRE_BAD;
	return m;
}

static const struct request_row {
	const char *keyword;
	enum driverwire_word word;
} request_rows[] = {
	{"PING", DRIVERWIRE_PING},
	{"DUMPALL", DRIVERWIRE_DUMPALL},
	{"DUMPSTATUS", DRIVERWIRE_DUMPSTATUS},
	{"DUMPVALUE", DRIVERWIRE_DUMPVALUE},
	{"GETPID", DRIVERWIRE_GETPID},
	{"NOBROADCAST", DRIVERWIRE_NOBROADCAST},
	{"BROADCAST", DRIVERWIRE_BROADCAST},
	{"LOGOUT", DRIVERWIRE_LOGOUT},
	{"INSTCMD", DRIVERWIRE_INSTCMD},
	{"SET", DRIVERWIRE_SET},
};

static bool is_tracking(const struct words *w, size_t i)
{
	return str_caseequal(words_at(w, i), "TRACKING");
}

/* `INSTCMD cmd`, `cmd param`, `cmd TRACKING id`, `cmd param TRACKING id`: told apart by their
 * length. */
static void parse_instcmd(const struct words *w, struct driverwire_message *m)
{
	size_t count = words_count(w);

	m->name = words_at(w, 1);
	if (count == 3 || (count == 5 && is_tracking(w, 3)))
		m->value = words_at(w, 2);
	if (count == 4 && is_tracking(w, 2))
		m->id = words_at(w, 3);
	if (count == 5 && is_tracking(w, 3))
		m->id = words_at(w, 4);
	if (count < 2 || count > 5 || (count > 3 && !m->id))
		m->word = DRIVERWIRE_BAD;
}

/* `SET var value [TRACKING id]`; of four, or more than five words only the first three count. */
static void parse_set(const struct words *w, struct driverwire_message *m)
{
	size_t count = words_count(w);

	m->name = words_at(w, 1);
	m->value = words_at(w, 2);
	if (count == 5 && is_tracking(w, 3))
		m->id = words_at(w, 4);
	if (count < 3 || (count == 5 && !m->id))
		m->word = DRIVERWIRE_BAD;
}

static void parse_broadcast(const struct words *w, struct driverwire_message *m)
{
	long n = 1;

	if (words_count(w) > 1 && !str_to_long(words_at(w, 1), LONG_MIN, LONG_MAX, &n))
		n = 0; /* as NUT reads what is no number */
	m->number = n >= 1;
}

struct driverwire_message driverwire_to_driver(const struct words *w)
{
	struct driverwire_message m = {.word = DRIVERWIRE_UNKNOWN};

	for (size_t i = 0; i < sizeof(request_rows) / sizeof(*request_rows); i++) {
		if (str_caseequal(words_at(w, 0), request_rows[i].keyword))
			m.word = request_rows[i].word;
	}
	switch (m.word) {
	case DRIVERWIRE_INSTCMD:
		parse_instcmd(w, &m);
		break;
	case DRIVERWIRE_SET:
		parse_set(w, &m);
		break;
	case DRIVERWIRE_BROADCAST:
		parse_broadcast(w, &m);
		break;
	case DRIVERWIRE_DUMPVALUE:
		m.name = words_at(w, 1);
		if (words_count(w) < 2)
			m.word = DRIVERWIRE_UNKNOWN;
		break;
	default:
		break;
	}
	return m;
}

/* Encoding */

static void append_text_line(struct buffer *b, const char *keyword, const char *name,
			     const char *text)
{
	buffer_append_str(b, keyword);
	buffer_append_char(b, ' ');
	buffer_append_str(b, name);
	buffer_append_char(b, ' ');
	words_append_quoted(b, text);
	buffer_append_char(b, '\n');
}

static void append_name_line(struct buffer *b, const char *keyword, const char *name)
{
	buffer_append_str(b, keyword);
	buffer_append_char(b, ' ');
	buffer_append_str(b, name);
	buffer_append_char(b, '\n');
}

static void append_range_line(struct buffer *b, const char *keyword, const char *name,
			      struct state_range r)
{
	buffer_appendf(b, "%s %s %ld %ld\n", keyword, name, r.min, r.max);
}

static void append_flags_line(struct buffer *b, const char *name, unsigned flags)
{
	buffer_append_str(b, "SETFLAGS ");
	buffer_append_str(b, name);
	for (size_t i = 0; i < sizeof(flag_rows) / sizeof(*flag_rows); i++) {
		if (!(flags & flag_rows[i].flag))
			continue;
		buffer_append_char(b, ' ');
		buffer_append_str(b, flag_rows[i].word);
	}
	buffer_append_char(b, '\n');
}

void driverwire_append_change(struct buffer *b, const struct state_change *c)
{
	switch (c->kind) {
	case STATE_VAR_VALUE:
		append_text_line(b, "SETINFO", c->name, state_var_value(c->var));
		break;
	case STATE_VAR_DELETED:
		append_name_line(b, "DELINFO", c->name);
		break;
	case STATE_VAR_FLAGS:
		append_flags_line(b, c->name, state_var_flags(c->var));
		break;
	case STATE_VAR_AUX:
		buffer_appendf(b, "SETAUX %s %ld\n", c->name, state_var_aux(c->var));
		break;
	case STATE_ENUM_ADDED:
		append_text_line(b, "ADDENUM", c->name, c->text);
		break;
	case STATE_ENUM_DELETED:
		append_text_line(b, "DELENUM", c->name, c->text);
		break;
	case STATE_RANGE_ADDED:
		append_range_line(b, "ADDRANGE", c->name, c->range);
		break;
	case STATE_RANGE_DELETED:
		append_range_line(b, "DELRANGE", c->name, c->range);
		break;
	case STATE_COMMAND_ADDED:
		append_name_line(b, "ADDCMD", c->name);
		break;
	case STATE_COMMAND_DELETED:
		append_name_line(b, "DELCMD", c->name);
		break;
	case STATE_FRESHNESS:
		buffer_append_str(b, c->fresh ? "DATAOK\n" : "DATASTALE\n");
		break;
	}
}

static void append_var(struct buffer *b, const struct state_var *v)
{
	const char *name = state_var_name(v);
	unsigned flags = state_var_flags(v) & (STATE_RW | STATE_STRING | STATE_NUMBER);

	append_text_line(b, "SETINFO", name, state_var_value(v));
	for (size_t i = 0; i < state_var_enum_count(v); i++)
		append_text_line(b, "ADDENUM", name, state_var_enum(v, i));
	for (size_t i = 0; i < state_var_range_count(v); i++)
		append_range_line(b, "ADDRANGE", name, state_var_range(v, i));
	if (state_var_aux(v))
		buffer_appendf(b, "SETAUX %s %ld\n", name, state_var_aux(v));
	/* ADDRANGE alone would make it a NUMBER. */
	if (flags || state_var_range_count(v))
		append_flags_line(b, name, flags);
}

void driverwire_append_dump(struct buffer *b, const struct state *s)
{
	if (!state_fresh(s))
		buffer_append_str(b, "DATASTALE\n");
	for (size_t i = 0; i < state_count(s); i++)
		append_var(b, state_at(s, i));
	for (size_t i = 0; i < state_command_count(s); i++)
		append_name_line(b, "ADDCMD", state_command(s, i));
	buffer_append_str(b, state_fresh(s) ? "DATAOK\nDUMPDONE\n" : "DUMPDONE\n");
}

void driverwire_append_value(struct buffer *b, const struct state *s, const char *name)
{
	const struct state_var *v = state_find(s, name);

	if (!state_fresh(s))
		buffer_append_str(b, "DATASTALE\n");
	if (v)
		append_var(b, v);
	buffer_append_str(b, state_fresh(s) ? "DATAOK\nDUMPDONE\n" : "DUMPDONE\n");
}

static void append_tail(struct buffer *b, const char *id)
{
	if (id) {
		buffer_append_str(b, " TRACKING ");
		words_append_word(b, id);
	}
	buffer_append_char(b, '\n');
}

void driverwire_append_instcmd(struct buffer *b, const char *name, const char *value,
			       const char *id)
{
	buffer_append_str(b, "INSTCMD ");
	words_append_word(b, name);
	if (value) {
		buffer_append_char(b, ' ');
		words_append_quoted(b, value);
	}
	append_tail(b, id);
}

void driverwire_append_set(struct buffer *b, const char *name, const char *value, const char *id)
{
	buffer_append_str(b, "SET ");
	words_append_word(b, name);
	buffer_append_char(b, ' ');
	words_append_quoted(b, value);
	append_tail(b, id);
}

void driverwire_append_tracking(struct buffer *b, const char *id, int result)
{
	buffer_append_str(b, "TRACKING ");
	words_append_word(b, id);
	buffer_appendf(b, " %d\n", result);
}
