/*
 * One row of a map: read, converted, published.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/engine/engine_private.h"

double engine_limit(const struct engine *e, double number, const char *name)
{
	double told;

	return name && mapnumbers_get(e->numbers, name, &told) ? told : number;
}

/* Some conversions refuse what the device, being of another kind, cannot be set to. */
static bool can_be_set(const struct engine *e, const struct map_row *row, const char *text)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};

	return mapvalue_set_text(&v, text) &&
	       mapconv_write(row->steps, row->step_count, &v, &e->context);
}

/* How a client may set it. */
static void publish_rules(struct engine *e, const struct engine_row *r)
{
	const struct map_row *row = r->row;
	struct state *s = e->host.state;

	if (!(row->flags & MAP_RW))
		return;
	state_set_flags(s, r->name,
			row->flags & MAP_LIMITS ? STATE_RW | STATE_NUMBER
						: STATE_RW | STATE_STRING);
	if (row->length > 0)
		state_set_aux(s, r->name, row->length);
	if (row->flags & MAP_LIMITS)
		state_add_range(s, r->name, (long)engine_limit(e, row->low, row->low_name),
				(long)engine_limit(e, row->high, row->high_name));
	for (size_t i = 0; row->values && i < row->values->count; i++) {
		if (can_be_set(e, row, row->values->rows[i].text))
			state_add_enum(s, r->name, row->values->rows[i].text);
	}
}

void engine_publish(struct engine *e, struct engine_row *r, const char *text)
{
	if (r->row->flags & MAP_HIDDEN)
		return;
	e->host.set_text(e->host.arg, r->name, text);
	if (!r->published && state_find(e->host.state, r->name)) {
		publish_rules(e, r);
		r->published = true;
	}
}

static void take_alarm(struct engine_row *r, struct mapvalue *v, bool has_value)
{
	bool text_of_its_own = str_equal(r->name, "*");
	double number = 0;

	free(r->alarm);
	r->alarm = NULL;
	if (!has_value)
		return;
	if (text_of_its_own)
		r->alarm = str_dup(mapvalue_text(v));
	else if (mapvalue_number(v, &number) && number != 0)
		r->alarm = str_dup(r->name);
	if (r->alarm && r->alarm[0] == '\0') {
		free(r->alarm);
		r->alarm = NULL;
	}
}

static enum device_result read_row(struct engine *e, struct engine_row *r, unsigned long since,
				   struct mapvalue *v)
{
	enum device_result result = DEVICE_OK;

	if (r->place)
		result = e->device.read(e->device.arg, r->place, since, v);
	else if (!mapvalue_set_number(v, 0))
		result = DEVICE_NONE;
	if (result != DEVICE_OK)
		return result;
	r->given = true;
	if (r->last)
		*r->last = *v;
	return result;
}

/* What a value says may depend on other places, which have changed since it was read. */
void engine_count_votes(struct engine *e, const struct engine_row *r)
{
	const struct map_row *row = r->row;
	struct engine_votes votes = {0};
	struct mapvalue v;
	double number;

	if (row->kind != MAP_STATUS || !r->given || !engine_row_counts(e, r))
		return;
	v = *r->last;
	if (!mapconv_read(row->steps, row->step_count, &v, &e->context))
		return;
	if (row->word == MAPWORD_NONE)
		engine_votes_take_text(&votes, mapvalue_text(&v));
	else if (mapvalue_number(&v, &number))
		engine_votes_take(&votes, row->word,
				  (number != 0) != ((row->flags & MAP_NEGATED) != 0));
	engine_status_count(&e->status, &votes);
}

enum device_result engine_take_row(struct engine *e, struct engine_row *r, unsigned long since)
{
	const struct map_row *row = r->row;
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum device_result result = read_row(e, r, since, &v);
	bool has_value;

	if (result != DEVICE_OK) {
		if (row->kind == MAP_VAR && row->otherwise && result != DEVICE_GONE)
			engine_publish(e, r, row->otherwise);
		return result;
	}
	if (row->kind == MAP_STATUS)
		return DEVICE_OK;
	r->made = has_value = mapconv_read(row->steps, row->step_count, &v, &e->context);
	if (row->kind == MAP_ALARM)
		take_alarm(r, &v, has_value);
	else if (row->kind == MAP_VAR && has_value)
		engine_publish(e, r, mapvalue_text(&v));
	else if (row->kind == MAP_VAR && row->otherwise)
		engine_publish(e, r, row->otherwise);
	return DEVICE_OK;
}

void engine_publish_known(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = e->rows[i];
		const char *text = r->row->constant ? r->row->constant : r->row->own;

		if (r->row->kind != MAP_VAR || !r->here || !text || r->published ||
		    engine_find_variable(e, r->name) != r)
			continue;
		r->in_use = true;
		engine_publish(e, r, text);
	}
	engine_publish_commands(e);
}
