/*
 * One row of a map: read, converted, published.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/engine/engine_private.h"

static const char token[] = "map";

enum { ALARMS_MAX = 4096 }; /* bytes of all alarms of a row */

bool engine_limits(const struct engine *e, const struct map_row *row, double *low, double *high)
{
	*low = row->low;
	*high = row->high;
	return (!row->low_name || mapnumbers_get(e->numbers, row->low_name, low)) &&
	       (!row->high_name || mapnumbers_get(e->numbers, row->high_name, high));
}

/* Some conversions refuse what the device, being of another kind, cannot be set to. */
static bool can_be_set(const struct engine *e, const struct map_row *row, const char *text)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};

	return mapvalue_set_text(&v, text) &&
	       mapconv_write(row->steps, row->step_count, &v, &e->context);
}

struct choosing {
	struct engine *e;
	const struct engine_row *r;
};

/* A value that the device can be set to, as clients see it. */
static void take_choice(void *arg, const struct mapvalue *given)
{
	struct choosing *choosing = arg;
	struct mapvalue v = *given;
	const struct map_row *row = choosing->r->row;

	if (mapconv_read(row->steps, row->step_count, &v, &choosing->e->context))
		state_add_enum(choosing->e->host.state, choosing->r->name, mapvalue_text(&v));
}

static void ignore_choice(void *arg, const struct mapvalue *v)
{
	(void)arg, (void)v;
}

bool engine_settable(const struct engine *e, const struct engine_row *r)
{
	if (!(r->row->flags & MAP_RW))
		return false;
	return !e->device.choices || !r->place ||
	       e->device.choices(e->device.arg, r->place, ignore_choice, NULL);
}

/* How a client may set it. */
static void publish_rules(struct engine *e, const struct engine_row *r)
{
	const struct map_row *row = r->row;
	struct state *s = e->host.state;
	double low, high;

	if (!engine_settable(e, r))
		return;
	state_set_flags(s, r->name,
			row->flags & MAP_LIMITS ? STATE_RW | STATE_NUMBER
						: STATE_RW | STATE_STRING);
	if (row->length > 0)
		state_set_aux(s, r->name, row->length);
	if (row->flags & MAP_LIMITS && engine_limits(e, row, &low, &high))
		state_add_range(s, r->name, (long)ceil(low), (long)floor(high));
	for (size_t i = 0; row->values && i < row->values->count; i++) {
		if (can_be_set(e, row, row->values->rows[i].text))
			state_add_enum(s, r->name, row->values->rows[i].text);
	}
	if (e->device.choices && r->place)
		e->device.choices(e->device.arg, r->place, take_choice,
				  &(struct choosing){e, r});
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

/* Adds to the texts of a row; '\n' is between them. */
static void add_text(char **texts, const char *text)
{
	size_t used = *texts ? strlen(*texts) : 0, len = strlen(text);
	char *longer;

	if (len == 0 || used + len > ALARMS_MAX)
		return;
	longer = realloc(*texts, used + len + 2);
	if (!longer)
		return;
	if (used > 0)
		longer[used++] = '\n';
	memcpy(longer + used, text, len + 1);
	*texts = longer;
}

/* "outlet 1 *": what the items make is in the place of the star. */
static void alarm_text(const struct engine_row *r, struct mapvalue *v, char *dst, size_t size)
{
	const char *star = strchr(r->name, '*'), *made = mapvalue_text(v);
	double number = 0;

	dst[0] = '\0';
	if (star && made[0])
		str_format(dst, size, "%.*s%s%s", (int)(star - r->name), r->name, made, star + 1);
	else if (!star && mapvalue_number(v, &number) && number != 0)
		str_copy(dst, size, r->name);
}

static void take_alarm(struct engine_row *r, struct mapvalue *v)
{
	char text[2 * MAPVALUE_TEXT_MAX], all[2 * MAPVALUE_TEXT_MAX + 32];

	alarm_text(r, v, text, sizeof(text));
	if (r->device > 0 && text[0])
		str_format(all, sizeof(all), "device %ld: %s", r->device, text);
	else
		str_copy(all, sizeof(all), text);
	add_text(&r->alarm, all);
}

static void forget_alarm(struct engine_row *r)
{
	free(r->alarm);
	r->alarm = NULL;
}

/* ------------------------------------------------------------------------ odd values */

static bool has_table(const struct map_row *row)
{
	for (size_t i = 0; i < row->step_count; i++) {
		if (row->steps[i].lookup)
			return true;
	}
	return false;
}

/* Of a value of which nothing was made: so that the user can report it, and once only. */
static void tell_unknown(struct engine *e, struct engine_row *r, const struct mapvalue *given)
{
	struct mapvalue v = *given;
	const char *text = mapvalue_text(&v);

	if (!e->options.tell_unknown || !has_table(r->row) || !text[0] ||
	    (r->unknown && str_equal(r->unknown, text)))
		return;
	free(r->unknown);
	r->unknown = strdup(text);
	log_warn(token,
		 "the map %s has no word for the value \"%s\" of %s (%s): please report it, and "
		 "what the device does when it says so",
		 e->map->name, text, r->where, r->name ? r->name : "status");
}

/* ------------------------------------------------------------------------------- lists */

struct listing {
	struct engine *e;
	struct engine_row *r;
};

static void take_listed(void *arg, const struct mapvalue *given)
{
	struct listing *l = arg;
	struct mapvalue v = *given;

	if (!mapconv_read(l->r->row->steps, l->r->row->step_count, &v, &l->e->context)) {
		tell_unknown(l->e, l->r, given);
		return;
	}
	if (l->r->row->kind == MAP_ALARM)
		take_alarm(l->r, &v);
	else
		engine_votes_take_text(&l->r->listed, mapvalue_text(&v));
}

static bool is_list(const struct engine *e, const struct engine_row *r)
{
	return r->place && e->device.is_list && e->device.is_list(e->device.arg, r->place);
}

static enum device_result take_list(struct engine *e, struct engine_row *r)
{
	struct listing l = {e, r};
	enum device_result result;

	forget_alarm(r);
	r->listed = (struct engine_votes){0};
	result = e->device.list(e->device.arg, r->place, take_listed, &l);
	r->given = r->given || result == DEVICE_OK;
	return result;
}

/* while(): where that number is 0 there is nothing to be asked. */
static bool is_asked(struct engine *e, const struct engine_row *r, unsigned long since,
		     enum device_result *result)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	double number;

	if (!r->row->asked_if)
		return true;
	*result = r->asked_if ? e->device.read(e->device.arg, r->asked_if, since, &v)
			      : DEVICE_REFUSED;
	return *result == DEVICE_OK && mapvalue_number(&v, &number) && number != 0;
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
void engine_count_votes(struct engine *e, struct engine_row *r)
{
	const struct map_row *row = r->row;
	struct engine_votes votes = {0};
	struct mapvalue v;
	double number;

	if (row->kind != MAP_STATUS || !r->given || !engine_row_counts(e, r))
		return;
	if (is_list(e, r)) {
		engine_status_count(&e->status, &r->listed);
		return;
	}
	v = *r->last;
	if (!mapconv_read(row->steps, row->step_count, &v, &e->context)) {
		tell_unknown(e, r, r->last);
		return;
	}
	if (row->word == MAPWORD_NONE)
		engine_votes_take_text(&votes, mapvalue_text(&v));
	else if (mapvalue_number(&v, &number))
		engine_votes_take(&votes, row->word,
				  (number != 0) != ((row->flags & MAP_NEGATED) != 0));
	engine_status_count(&e->status, &votes);
}

static void take_value(struct engine *e, struct engine_row *r, struct mapvalue *v)
{
	const struct map_row *row = r->row;
	const struct mapvalue given = *v;

	r->made = mapconv_read(row->steps, row->step_count, v, &e->context);
	if (!r->made)
		tell_unknown(e, r, &given);
	if (row->kind == MAP_ALARM) {
		forget_alarm(r);
		if (r->made)
			take_alarm(r, v);
	} else if (r->made) {
		engine_publish(e, r, mapvalue_text(v));
	} else if (r->otherwise) {
		engine_publish(e, r, r->otherwise);
	}
}

enum device_result engine_take_row(struct engine *e, struct engine_row *r, unsigned long since)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum device_result result = DEVICE_OK;

	if (!is_asked(e, r, since, &result)) {
		forget_alarm(r);
		r->given = false;
		return result;
	}
	if (is_list(e, r))
		return take_list(e, r);
	result = read_row(e, r, since, &v);
	if (result == DEVICE_OK && r->row->kind != MAP_STATUS)
		take_value(e, r, &v);
	else if (result != DEVICE_OK && r->row->kind == MAP_VAR && r->otherwise &&
		 result != DEVICE_GONE)
		engine_publish(e, r, r->otherwise);
	return result;
}

/* Until it is known what there is, a row above may give the variable. */
static bool may_come_from_above(const struct engine *e, const struct engine_row *r)
{
	return !e->decided && e->device.exists && engine_rows_first(e, r->name) != r;
}

void engine_publish_known(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = e->rows[i];
		const char *text = r->constant ? r->constant : r->own;

		if (r->row->kind != MAP_VAR || !r->here || !text || r->published ||
		    may_come_from_above(e, r) || engine_find_variable(e, r->name) != r)
			continue;
		r->in_use = true;
		engine_publish(e, r, text);
	}
	engine_publish_commands(e);
}
