#include "config.h"

#include <stdlib.h>

#include "common/base/str.h"
#include "drivers/engine/engine_private.h"

enum { FULL_S = 30, SLOW_FULLS = 20 };

/* -------------------------------------------------------------- what conversions ask */

static bool ask_place(void *arg, const char *where, double *value)
{
	struct engine *e = arg;
	const void *place = e->device.place(e->device.arg, where);
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};

	return place && e->device.read(e->device.arg, place, 0, &v) == DEVICE_OK &&
	       mapvalue_number(&v, value);
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

	return e->device.string && e->device.string(e->device.arg, index, dst, size);
}

static bool ask_report(void *arg, unsigned id, unsigned char *dst, size_t size, size_t *len)
{
	struct engine *e = arg;

	return e->device.report && e->device.report(e->device.arg, id, dst, size, len);
}

static bool ask_answer(void *arg, const char *query, char *dst, size_t size, size_t *len)
{
	struct engine *e = arg;

	return e->device.answer && e->device.answer(e->device.arg, query, dst, size, len);
}

/* ------------------------------------------------------------------------------ life */

/* A number of the map's that is for the engine itself. */
static long number_of(const struct engine *e, const char *name, long low, long high, long otherwise)
{
	double number;

	return engine_number(e, name, &number) && number >= (double)low && number <= (double)high
		       ? (long)number
		       : otherwise;
}

static void take_numbers(struct engine *e, const struct map_match *match)
{
	map_numbers(e->map, match, e->numbers);
	for (size_t i = 0; i < e->options.number_count; i++)
		mapnumbers_set(e->numbers, e->options.numbers[i].name, e->options.numbers[i].value);
	if (e->options.full_s <= 0)
		e->options.full_s = number_of(e, "pollfreq", 1, 3600, FULL_S);
	if (e->options.rules.low_delay_s < 0)
		e->options.rules.low_delay_s = number_of(e, "low-delay", 0, 60, 0);
}

static bool engine_start(struct engine *e, const struct map_match *match)
{
	e->context = (struct mapconv_context){
		.map = e->map,
		.numbers = e->numbers,
		.arg = e,
		.place = ask_place,
		.variable = ask_variable,
		.string = ask_string,
		.report = ask_report,
		.answer = ask_answer,
	};
	take_numbers(e, match);
	if (e->options.slow_fulls == 0)
		e->options.slow_fulls = SLOW_FULLS;
	if (!engine_rows_make(e))
		return false;
	engine_rows_settle(e);
	engine_publish_known(e);
	return true;
}

struct engine *engine_new(const struct map *map, const struct map_match *match,
			  const struct engine_device *device, const struct engine_host *host,
			  const struct engine_options *options)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->map = map;
	e->device = *device;
	e->host = *host;
	e->options = *options;
	e->numbers = options->store ? options->store : &e->own_numbers;
	if (engine_start(e, match))
		return e;
	engine_free(e);
	return NULL;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_rows_free(e);
	free(e);
}

size_t engine_rows_here(const struct engine *e)
{
	return e->rows_here;
}

bool engine_number(const struct engine *e, const char *name, double *number)
{
	return mapnumbers_get(e->numbers, name, number);
}

void engine_look_at_all(struct engine *e)
{
	e->full_due_ms = 0;
}

void engine_news(struct engine *e)
{
	e->news = true;
}
