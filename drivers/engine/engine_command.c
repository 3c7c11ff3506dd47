/*
 * Settings and instant commands.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/engine/engine_private.h"

static const char token[] = "map";

enum {
	MOST_NESTED = 4, /* sequences of sequences */
	SETTLE_MS = 125, /* until a device reads back what was set */
	READ_BACK_TRIES = 4,
};

static enum driverwire_result wire_result(enum device_result r)
{
	switch (r) {
	case DEVICE_OK:
		return DRIVERWIRE_HANDLED;
	case DEVICE_RANGE:
		return DRIVERWIRE_R_INVALID;
	case DEVICE_KIND:
		return DRIVERWIRE_R_CONVERSION;
	default:
		return DRIVERWIRE_R_FAILED;
	}
}

/* What was written may have changed anything. */
static void expect_changes(struct engine *e)
{
	e->device.forget(e->device.arg);
	e->slow_since = e->poll + 1;
	e->full_due_ms = 0;
}

/* ---------------------------------------------------------------------------- writing */

/* A client's text as what goes to the device. */
static enum driverwire_result to_value(struct engine *e, const struct map_row *row,
				       const char *text, struct mapvalue *v)
{
	if (!mapvalue_set_text(v, text))
		return DRIVERWIRE_R_INVALID;
	return mapconv_write(row->steps, row->step_count, v, &e->context) ? DRIVERWIRE_HANDLED
									  : DRIVERWIRE_R_CONVERSION;
}

static bool in_table(const struct maplookup *l, const char *text)
{
	for (size_t i = 0; i < l->count; i++) {
		if (str_caseequal(l->rows[i].text, text))
			return true;
	}
	return false;
}

static bool within(const struct engine *e, const struct map_row *row, const char *text)
{
	double number, low, high;

	return str_to_double(text, &number) &&
	       (!engine_limits(e, row, &low, &high) || (number >= low && number <= high));
}

static bool allowed(const struct engine *e, const struct map_row *row, const char *text)
{
	double number, own;

	if (row->length > 0 && strlen(text) > row->length)
		return false;
	if (row->values && !in_table(row->values, text))
		return false;
	if (row->flags & MAP_LIMITS)
		return within(e, row, text);
	/* A number that the driver keeps stays one. */
	return !row->own || !str_to_double(row->own, &own) || str_to_double(text, &number);
}

static bool same(const struct engine *e, const void *place, const struct mapvalue *a,
		 const struct mapvalue *b)
{
	double x, y, step = e->device.step ? e->device.step(e->device.arg, place) : 1;

	if (mapvalue_number(a, &x) && mapvalue_number(b, &y))
		return fabs(x - y) <= step / 2;
	return a->kind == b->kind && str_equal(a->text, b->text);
}

/* Some places show in another form what was written to them: compared is what is published then. */
static bool shows(struct engine *e, const struct engine_row *r, const struct mapvalue *now,
		  const char *text)
{
	struct mapvalue shown = *now;
	double x, y;

	if (!mapconv_read(r->row->steps, r->row->step_count, &shown, &e->context))
		return false;
	if (str_to_double(text, &x) && mapvalue_number(&shown, &y))
		return fabs(x - y) < 1e-6;
	return str_caseequal(mapvalue_text(&shown), text);
}

/* Whether the device took it: some need a moment, some round, some only pretend. */
static bool reads_back(struct engine *e, const struct engine_row *r, const char *text,
		       const struct mapvalue *wanted, struct mapvalue *now)
{
	for (int i = 0; i < READ_BACK_TRIES; i++) {
		if (i > 0 && !e->host.wait(e->host.arg, SETTLE_MS))
			return false;
		e->poll = e->device.begin(e->device.arg);
		if (e->device.read(e->device.arg, r->place, e->poll, now) == DEVICE_OK &&
		    (same(e, r->place, now, wanted) || shows(e, r, now, text)))
			return true;
	}
	return false;
}

static enum driverwire_result set_place(struct engine *e, struct engine_row *r, const char *value)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER}, now = {.kind = MAPVALUE_TEXT};
	enum driverwire_result result = to_value(e, r->row, value, &v);

	if (result == DRIVERWIRE_HANDLED)
		result =
			wire_result(e->device.write(e->device.arg, r->to, &v, r->row->type, false));
	if (result == DRIVERWIRE_R_INVALID)
		log_warn(token, "%s: the device does not take \"%s\"", r->name, value);
	if (result != DRIVERWIRE_HANDLED)
		return result;
	if (!reads_back(e, r, value, &v, &now)) {
		log_warn(token, "%s: %s was written, and the device still says \"%s\"", r->name,
			 value, mapvalue_text(&now));
		result = DRIVERWIRE_R_FAILED;
	}
	engine_take_row(e, r, e->poll);
	expect_changes(e);
	return result;
}

/* A setting of the driver's own: as its conversions would write it, in the steps that the device
 * has. */
static enum driverwire_result keep(struct engine *e, struct engine_row *r, const char *value)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum driverwire_result result = to_value(e, r->row, value, &v);

	if (result == DRIVERWIRE_HANDLED)
		engine_publish(e, r, mapvalue_text(&v));
	return result;
}

enum driverwire_result engine_setvar(struct engine *e, const char *name, const char *value)
{
	struct engine_row *r = engine_find_variable(e, name);

	if (!r || !engine_settable(e, r))
		return DRIVERWIRE_R_UNKNOWN;
	if (!allowed(e, r->row, value))
		return DRIVERWIRE_R_INVALID;
	if (r->own)
		return keep(e, r, value);
	/* Before the first reading, for -k, nobody knows yet what the device gives. */
	if (!r->place || !r->to || (e->decided && !r->published))
		return DRIVERWIRE_R_UNKNOWN;
	return set_place(e, r, value);
}

/* --------------------------------------------------------------------------- commands */

static const struct map_sequence *find_sequence(const struct engine *e, const char *name,
						bool alias)
{
	for (size_t i = 0; i < e->map->sequence_count; i++) {
		const struct map_sequence *s = &e->map->sequences[i];

		if (s->alias == alias && str_caseequal(s->name, name))
			return s;
	}
	return NULL;
}

static bool can_run(struct engine *e, const char *name, unsigned depth);

static bool can_run_sequence(struct engine *e, const struct map_sequence *s, unsigned depth)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->steps[i].what == MAP_RUN && !can_run(e, s->steps[i].name, depth + 1))
			return false;
	}
	return s->count > 0;
}

/* The order in which engine_instcmd() looks, too. */
static bool can_run(struct engine *e, const char *name, unsigned depth)
{
	const struct map_sequence *alias = find_sequence(e, name, true);
	const struct map_sequence *other = find_sequence(e, name, false);

	if (depth > MOST_NESTED)
		return false;
	return (alias && can_run_sequence(e, alias, depth)) || engine_find_command(e, name) ||
	       (other && can_run_sequence(e, other, depth));
}

void engine_publish_commands(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct engine_row *r = e->rows[i];

		if (r->row->kind == MAP_CMD && !(r->row->flags & MAP_HIDDEN) && r->here &&
		    r->place && engine_row_counts(e, r))
			state_add_command(e->host.state, r->name);
	}
	for (size_t i = 0; i < e->map->sequence_count; i++) {
		if (can_run(e, e->map->sequences[i].name, 0))
			state_add_command(e->host.state, e->map->sequences[i].name);
	}
}

static enum driverwire_result run(struct engine *e, const char *name, const char *value,
				  unsigned depth);

static enum driverwire_result run_step(struct engine *e, const struct map_sequence_step *step,
				       unsigned depth)
{
	const char *value = step->value;
	double number;

	switch (step->what) {
	case MAP_WAIT:
		/* A shutdown goes on even if the process is to end. */
		e->host.wait(e->host.arg, (int)step->ms);
		return DRIVERWIRE_HANDLED;
	case MAP_RUN:
		if (value && !mapnumber_parse(value, &number))
			value = state_get(e->host.state, value);
		return run(e, step->name, value, depth + 1);
	}
	return DRIVERWIRE_R_FAILED;
}

/* Devices with a setting for it come back by that, whatever the delays say. */
static void prepare_return(struct engine *e, const char *command)
{
	static const char name[] = "ups.start.auto";
	bool returns = str_caseequal(command, "shutdown.return");

	if (!returns && !str_caseequal(command, "shutdown.stayoff"))
		return;
	if (engine_find_variable(e, name) &&
	    engine_setvar(e, name, returns ? "yes" : "no") == DRIVERWIRE_R_FAILED)
		log_warn(token, "%s: %s could not be set", command, name);
}

static enum driverwire_result run_sequence(struct engine *e, const struct map_sequence *s,
					   unsigned depth)
{
	enum driverwire_result result = DRIVERWIRE_HANDLED;

	prepare_return(e, s->name);
	for (size_t i = 0; i < s->count && result == DRIVERWIRE_HANDLED; i++)
		result = run_step(e, &s->steps[i], depth);
	return result;
}

static enum driverwire_result run_row(struct engine *e, const struct engine_row *r,
				      const char *value)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum driverwire_result result;

	if (!value)
		value = r->row->value ? r->row->value : "";
	result = to_value(e, r->row, value, &v);
	if (result == DRIVERWIRE_HANDLED)
		result = wire_result(
			e->device.write(e->device.arg, r->place, &v, r->row->type, true));
	log_debug(1, token, "%s: %s written to %s", r->name, value, r->where);
	return result;
}

static enum driverwire_result run(struct engine *e, const char *name, const char *value,
				  unsigned depth)
{
	const struct map_sequence *alias = find_sequence(e, name, true);
	const struct map_sequence *other = find_sequence(e, name, false);
	const struct engine_row *r = engine_find_command(e, name);

	if (depth > MOST_NESTED)
		return DRIVERWIRE_R_FAILED;
	if (alias && can_run_sequence(e, alias, depth))
		return run_sequence(e, alias, depth);
	if (r)
		return run_row(e, r, value);
	return other ? run_sequence(e, other, depth) : DRIVERWIRE_R_UNKNOWN;
}

enum driverwire_result engine_instcmd(struct engine *e, const char *name, const char *value)
{
	enum driverwire_result result;

	if (!state_find_command(e->host.state, name))
		return DRIVERWIRE_R_UNKNOWN;
	result = run(e, name, value && value[0] ? value : NULL, 0);
	expect_changes(e);
	return result;
}

enum driverwire_result engine_shutdown(struct engine *e)
{
	/* A delay that the user chose counts, where the command would have one of its own.  What
	 * leaves the load off for good is for devices that have nothing else: after a refusal
	 * it would make a dead host of one that starts again when its battery was empty. */
	static const struct {
		const char *command, *variable;
		bool stays_off;
	} ways[] = {
		{"shutdown.return", NULL, false},
		{"shutdown.reboot", NULL, false},
		{"load.off.delay", "ups.delay.shutdown", false},
		{"shutdown.stayoff", NULL, true},
		{"load.off", NULL, true},
	};
	enum driverwire_result result = DRIVERWIRE_R_UNKNOWN;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *delay =
			ways[i].variable ? state_get(e->host.state, ways[i].variable) : NULL;
		enum driverwire_result r;

		if (ways[i].stays_off && result != DRIVERWIRE_R_UNKNOWN)
			break;
		r = engine_instcmd(e, ways[i].command, delay);
		if (r == DRIVERWIRE_HANDLED) {
			log_notice(token, "the UPS was told to cut its load off (%s)",
				   ways[i].command);
			return r;
		}
		if (r == DRIVERWIRE_R_UNKNOWN)
			continue;
		result = r;
		log_warn(token, "%s: the UPS did not take it", ways[i].command);
	}
	if (result == DRIVERWIRE_R_UNKNOWN)
		log_error(token,
			  "its map knows no way of cutting the load of this UPS off: it stays on "
			  "until the battery is empty");
	else
		log_error(token, "the UPS took no way of cutting its load off");
	return result;
}
