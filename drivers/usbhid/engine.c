#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/usbhid/engine_private.h"

static const char token[] = "usbhid";

enum {
	FULL_S = 30,
	SLOW_FULLS = 20, /* full polls after which slow values are read again, unasked */
	MOST_FAILURES =
		3,       /* transfers of one poll; a device that hangs is not asked for the rest */
	MOST_MISSES = 3, /* full polls without a value until it is taken back */
};

/* ------------------------------------------------------------------------- resolving */

const struct hid_field *engine_field(const struct engine *e, const char *where)
{
	uint32_t path[HID_MAX_PATH];
	const struct hid_field *f = NULL;
	const char *bad;
	unsigned depth = hid_path_parse(e->usages, where, path, &bad);

	if (depth && !e->options.never_ask)
		f = hid_desc_find(e->d, HID_FEATURE, path, depth);
	if (depth && !f)
		f = hid_desc_find(e->d, HID_INPUT, path, depth);
	return f;
}

static bool no_place(const char *where)
{
	return str_equal(where, "-");
}

static void resolve_row(struct engine *e, struct engine_row *r, const struct map_row *row)
{
	r->row = row;
	r->in_use = row->kind != MAP_VAR || (row->flags & MAP_HIDDEN);
	if (!no_place(row->where))
		r->field = engine_field(e, row->where);
	r->here = no_place(row->where) || r->field;
	if (row->only_if && !engine_field(e, row->only_if))
		r->here = false;
	if (row->unless && engine_field(e, row->unless))
		r->here = false;
	if (r->field && r->here)
		e->rows_here++;
}

static bool load_usages(struct engine *e)
{
	e->usages = hid_usages_new();
	for (size_t i = 0; e->usages && i < e->map->usage_count; i++) {
		const struct map_usage *u = &e->map->usages[i];

		if (!hid_usages_add(e->usages, u->name, u->number))
			log_warn(token, "%s:%u: %s cannot be the name of a usage", u->file, u->line,
				 u->name);
	}
	return e->usages != NULL;
}

static bool resolve(struct engine *e)
{
	if (!load_usages(e))
		return false;
	e->rows = calloc(e->map->row_count + 1, sizeof(*e->rows));
	if (!e->rows)
		return false;
	e->count = e->map->row_count;
	for (size_t i = 0; i < e->count; i++)
		resolve_row(e, &e->rows[i], &e->map->rows[i]);
	return true;
}

size_t engine_rows_here(const struct engine *e)
{
	return e->rows_here;
}

/* -------------------------------------------------------------- what conversions ask */

static bool ask_place(void *arg, const char *where, double *value)
{
	struct engine *e = arg;
	const struct hid_field *f = engine_field(e, where);

	return f && hid_reports_value(e->reports, f, 0, value) == HID_OK;
}

static bool ask_variable(void *arg, const char *name, char *dst, size_t size)
{
	struct engine *e = arg;
	const char *text = str_equal(name, "usb.product") ? e->options.product
							  : state_get(e->host.state, name);

	return text && text[0] && str_copy(dst, size, text);
}

static bool ask_string(void *arg, unsigned index, char *dst, size_t size)
{
	struct engine *e = arg;
	const char *text = hid_reports_string(e->reports, index);

	return text && str_copy(dst, size, text);
}

static bool ask_report(void *arg, unsigned id, unsigned char *dst, size_t size, size_t *len)
{
	struct engine *e = arg;
	const uint8_t *bytes;
	size_t got;

	if (id > 255 || hid_reports_bytes(e->reports, HID_FEATURE, (uint8_t)id, size,
					  hid_reports_poll(e->reports), &bytes, &got) != HID_OK)
		return false;
	*len = got < size ? got : size;
	memcpy(dst, bytes, *len);
	return true;
}

/* ------------------------------------------------------------------------------ life */

/* Constants, and settings that the driver keeps. */
static void publish_known(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = &e->rows[i];
		const char *text = r->row->constant ? r->row->constant : r->row->own;

		if (r->row->kind != MAP_VAR || !r->here || !text ||
		    engine_find_variable(e, r->row->name) != r)
			continue;
		r->in_use = true;
		engine_publish(e, r, text);
	}
}

/* Numbers of the map that are for the engine itself. */
static void take_numbers(struct engine *e, const struct map_match *match)
{
	double number;

	map_numbers(e->map, match, &e->numbers);
	for (size_t i = 0; i < e->options.number_count; i++)
		mapnumbers_set(&e->numbers, e->options.numbers[i].name,
			       e->options.numbers[i].value);
	if (mapnumbers_get(&e->numbers, "skip-report", &number) && number >= 0 && number <= 255)
		hid_reports_skip(e->reports, (uint8_t)number);
	if (e->options.full_s > 0)
		return;
	e->options.full_s = FULL_S;
	if (mapnumbers_get(&e->numbers, "pollfreq", &number) && number >= 1 && number <= 3600)
		e->options.full_s = (long)number;
}

static bool engine_start(struct engine *e, const struct map_match *match)
{
	if (!resolve(e))
		return false;
	take_numbers(e, match);
	e->context = (struct mapconv_context){
		.map = e->map,
		.numbers = &e->numbers,
		.arg = e,
		.place = ask_place,
		.variable = ask_variable,
		.string = ask_string,
		.report = ask_report,
	};
	hid_reports_ask_maximum(e->reports, e->options.ask_maximum);
	hid_reports_never_ask(e->reports, e->options.never_ask);
	publish_known(e);
	engine_publish_commands(e);
	return true;
}

struct engine *engine_new(const struct map *map, const struct map_match *match,
			  const struct hid_desc *d, struct hid_reports *reports,
			  const struct engine_host *host, const struct engine_options *options)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->map = map;
	e->d = d;
	e->reports = reports;
	e->host = *host;
	e->options = *options;
	if (engine_start(e, match))
		return e;
	engine_free(e);
	return NULL;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->count; i++)
		free(e->rows[i].alarm);
	free(e->rows);
	hid_usages_free(e->usages);
	free(e);
}

struct engine_row *engine_find_variable(struct engine *e, const char *name)
{
	struct engine_row *first = NULL;

	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = &e->rows[i];

		if (r->row->kind != MAP_VAR || !r->here || (r->row->flags & MAP_HIDDEN) ||
		    !str_caseequal(r->row->name, name))
			continue;
		if (r->in_use)
			return r;
		if (!first)
			first = r;
	}
	return first;
}

/* ----------------------------------------------------------------------------- polls */

/* A status that decides over shutdowns is not to be guessed from what was read before: without it
 * there is no reading.  What the device never gave is not missed. */
static bool misses(const struct engine *e, const struct engine_row *r, enum hid_result result)
{
	const struct map_row *row = r->row;
	bool vital = row->kind == MAP_STATUS &&
		     (row->word == MAPWORD_ONLINE || row->word == MAPWORD_DISCHRG ||
		      row->word == MAPWORD_LOWBATT || row->word == MAPWORD_NONE);

	if (!vital || e->options.never_ask)
		return false;
	return result == HID_NONE || (result == HID_REFUSED && r->given);
}

static bool hangs(const struct engine *e)
{
	return hid_reports_statistics(e->reports)->failures - e->failures >= MOST_FAILURES;
}

/* As old as a row may be at a full poll. */
static unsigned long age_of(const struct engine *e, const struct map_row *row)
{
	if (e->options.never_ask || (row->flags & MAP_STATIC))
		return 0;
	if (row->flags & MAP_SLOW)
		return e->slow_since;
	return hid_reports_poll(e->reports);
}

/* Tells the host that the device lives, while a poll of many transfers goes on. */
static void note_transfers(struct engine *e)
{
	const struct hid_statistics *s = hid_reports_statistics(e->reports);
	unsigned long good = s->gets - s->failures - s->stalls;

	if (good != e->transfers && e->decided)
		e->host.alive(e->host.arg);
	e->transfers = good;
}

static bool name_taken(struct engine *e, const struct engine_row *r)
{
	const struct engine_row *other = engine_find_variable(e, r->row->name);

	return other && other != r && other->in_use;
}

/* A value that the device does not give any more is taken back after a while. */
static void count_miss(struct engine *e, struct engine_row *r)
{
	if (++r->misses < MOST_MISSES || !r->published || r->row->otherwise)
		return;
	log_debug(1, token, "%s is not given any more", r->row->name);
	state_delete(e->host.state, r->row->name);
	r->published = false;
}

static enum hid_result full_row(struct engine *e, struct engine_row *r)
{
	enum hid_result result;

	if (!e->decided && !r->in_use && name_taken(e, r))
		return HID_OK;
	if (e->decided && !r->in_use)
		return HID_OK;
	result = engine_take_row(e, r, age_of(e, r->row));
	if (result == HID_OK)
		r->misses = 0;
	else if (r->in_use)
		count_miss(e, r);
	/* A place that the device refuses, or of which nothing is made, leaves its variable to the
	 * next row. */
	if (!e->decided && r->row->kind == MAP_VAR &&
	    (result == HID_NONE || (result == HID_OK && (r->made || r->row->otherwise))))
		r->in_use = true;
	return result;
}

/* Where no row made something the first one that was given may do so later. */
static void decide(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = &e->rows[i];

		if (r->row->kind == MAP_VAR && r->given && !r->in_use && !name_taken(e, r))
			r->in_use = true;
	}
	e->decided = true;
}

static bool to_read(const struct engine_row *r)
{
	return r->here && r->row->kind != MAP_CMD && !r->row->constant && !r->row->own;
}

static enum engine_result full_poll(struct engine *e)
{
	bool good = false, vital_missing = false;

	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = &e->rows[i];
		enum hid_result result;

		if (!to_read(r))
			continue;
		result = full_row(e, r);
		if (result == HID_GONE)
			return ENGINE_GONE;
		if (hangs(e))
			return ENGINE_FAILED;
		good = good || result == HID_OK;
		vital_missing = vital_missing || misses(e, r, result);
		note_transfers(e);
	}
	if (!good || vital_missing)
		return ENGINE_FAILED;
	if (!e->decided)
		decide(e);
	return ENGINE_OK;
}

/* Fetches the reports of quick rows. */
static enum engine_result quick_transfers(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = &e->rows[i];
		enum hid_result result;
		double unused;

		if (!to_read(r) || !r->in_use || !r->field || !(r->row->flags & MAP_QUICK))
			continue;
		result = hid_reports_value(e->reports, r->field, age_of(e, r->row), &unused);
		if (result == HID_GONE)
			return ENGINE_GONE;
		if (misses(e, r, result) || hangs(e))
			return ENGINE_FAILED;
	}
	return ENGINE_OK;
}

/* Whatever came along in a report that is of this poll is news as well. */
static void take_what_is_here(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = &e->rows[i];

		if (to_read(r) && r->in_use && r->field &&
		    hid_reports_here(e->reports, r->field, hid_reports_poll(e->reports)))
			engine_take_row(e, r, hid_reports_poll(e->reports));
	}
}

static double battery_charge(const struct engine *e)
{
	const char *text = state_get(e->host.state, "battery.charge");
	double charge;

	return text && str_to_double(text, &charge) ? charge : -1;
}

static void publish_status(struct engine *e, long long now_ms)
{
	const struct engine_status_sink sink = {e->host.status, e->host.alarm, e->host.arg};
	const char *reason = engine_status_transfer_reason(&e->status);

	e->host.status_begin(e->host.arg);
	engine_status_compose(&e->status, &e->options.rules, battery_charge(e), now_ms, &sink);
	for (size_t i = 0; i < e->count; i++) {
		if (e->rows[i].alarm)
			e->host.alarm(e->host.arg, e->rows[i].alarm);
	}
	if (reason)
		e->host.set_text(e->host.arg, "input.transfer.reason", reason);
	else if (!engine_find_variable(e, "input.transfer.reason"))
		state_delete(e->host.state, "input.transfer.reason");
}

static void begin(struct engine *e)
{
	hid_reports_begin(e->reports);
	e->failures = hid_reports_statistics(e->reports)->failures;
}

static enum engine_result read_due(struct engine *e, long long now_ms)
{
	bool packets = e->packets;
	enum engine_result result;

	/* One that comes from here on is for the next poll. */
	e->packets = false;
	if (!e->decided || now_ms >= e->full_due_ms) {
		begin(e);
		if (e->fulls % SLOW_FULLS == 0)
			e->slow_since = hid_reports_poll(e->reports);
		result = full_poll(e);
		if (result != ENGINE_OK)
			return result;
		e->fulls++;
		e->full_due_ms = now_ms + e->options.full_s * 1000;
		e->quick_due_ms = now_ms + e->options.quick_s * 1000;
		return ENGINE_OK;
	}
	/* It is all here, and is of the poll that was: the next one would find it old. */
	if (packets)
		take_what_is_here(e);
	if (packets && now_ms < e->quick_due_ms)
		return ENGINE_OK;
	begin(e);
	result = quick_transfers(e);
	if (result != ENGINE_OK)
		return result;
	take_what_is_here(e);
	e->quick_due_ms = now_ms + e->options.quick_s * 1000;
	return ENGINE_OK;
}

enum engine_result engine_poll(struct engine *e, long long now_ms)
{
	enum engine_result result = read_due(e, now_ms);

	if (result != ENGINE_OK)
		return result;
	engine_status_forget(&e->status);
	for (size_t i = 0; i < e->count; i++)
		engine_count_votes(e, &e->rows[i]);
	if (!engine_status_known(&e->status))
		return ENGINE_UNKNOWN;
	publish_status(e, now_ms);
	return ENGINE_OK;
}

bool engine_packet(struct engine *e, const uint8_t *bytes, size_t len)
{
	uint8_t number;

	if (!hid_reports_interrupt(e->reports, bytes, len, &number))
		return false;
	e->packets = true;
	return true;
}
