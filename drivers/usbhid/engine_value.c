/*
 * One row of a map: read, converted, published.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/usbhid/engine_private.h"

/* How a client may set it. */
static void publish_rules(struct engine *e, const struct map_row *row)
{
	struct state *s = e->host.state;

	if (!(row->flags & MAP_RW))
		return;
	state_set_flags(s, row->name,
			row->flags & MAP_LIMITS ? STATE_RW | STATE_NUMBER
						: STATE_RW | STATE_STRING);
	if (row->length > 0)
		state_set_aux(s, row->name, row->length);
	if (row->flags & MAP_LIMITS)
		state_add_range(s, row->name, (long)row->low, (long)row->high);
	for (size_t i = 0; row->values && i < row->values->count; i++)
		state_add_enum(s, row->name, row->values->rows[i].text);
}

void engine_publish(struct engine *e, struct engine_row *r, const char *text)
{
	if (r->row->flags & MAP_HIDDEN)
		return;
	e->host.set_text(e->host.arg, r->row->name, text);
	if (!r->published && state_find(e->host.state, r->row->name)) {
		publish_rules(e, r->row);
		r->published = true;
	}
}

static void take_alarm(struct engine_row *r, struct mapvalue *v, bool has_value)
{
	bool text_of_its_own = str_equal(r->row->name, "*");
	double number = 0;

	free(r->alarm);
	r->alarm = NULL;
	if (!has_value)
		return;
	if (text_of_its_own)
		r->alarm = str_dup(mapvalue_text(v));
	else if (mapvalue_number(v, &number) && number != 0)
		r->alarm = str_dup(r->row->name);
	if (r->alarm && r->alarm[0] == '\0') {
		free(r->alarm);
		r->alarm = NULL;
	}
}

static enum hid_result read_row(struct engine *e, struct engine_row *r, unsigned long since,
				struct mapvalue *v)
{
	enum hid_result result;
	double number = 0;

	if (r->field) {
		result = hid_reports_value(e->reports, r->field, since, &number);
		if (result != HID_OK)
			return result;
	}
	r->given = true;
	r->number = number;
	return mapvalue_set_number(v, number) ? HID_OK : HID_NONE;
}

/* What a value says may depend on other places, which have changed since it was read. */
void engine_count_votes(struct engine *e, const struct engine_row *r)
{
	const struct map_row *row = r->row;
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	struct engine_votes votes = {0};
	double number;

	if (row->kind != MAP_STATUS || !r->given || !mapvalue_set_number(&v, r->number) ||
	    !mapconv_read(row->steps, row->step_count, &v, &e->context))
		return;
	if (row->word == MAPWORD_NONE)
		engine_votes_take_text(&votes, mapvalue_text(&v));
	else if (mapvalue_number(&v, &number))
		engine_votes_take(&votes, row->word,
				  (number != 0) != ((row->flags & MAP_NEGATED) != 0));
	engine_status_count(&e->status, &votes);
}

enum hid_result engine_take_row(struct engine *e, struct engine_row *r, unsigned long since)
{
	const struct map_row *row = r->row;
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum hid_result result = read_row(e, r, since, &v);
	bool has_value;

	if (result != HID_OK) {
		if (row->kind == MAP_VAR && row->otherwise && result != HID_GONE)
			engine_publish(e, r, row->otherwise);
		return result;
	}
	if (row->kind == MAP_STATUS)
		return HID_OK;
	r->made = has_value = mapconv_read(row->steps, row->step_count, &v, &e->context);
	if (row->kind == MAP_ALARM)
		take_alarm(r, &v, has_value);
	else if (row->kind == MAP_VAR && has_value)
		engine_publish(e, r, mapvalue_text(&v));
	else if (row->kind == MAP_VAR && row->otherwise)
		engine_publish(e, r, row->otherwise);
	return HID_OK;
}
