#include "config.h"

#include "tests/unit/sim_world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum { CHARGE_FACTOR = 4, HOUR_MS = 3600 * 1000 };

/* -------------------------------------------------------------------- schedule */

static void add(struct sim_world *w, long long at, enum sim_event_kind kind, size_t ups, long value)
{
	if (w->event_count < SIM_EVENTS)
		w->events[w->event_count++] = (struct sim_event){at, kind, ups, value};
}

/* Something that begins and ends. */
static void add_pair(struct sim_world *w, struct sim_rng *r, enum sim_event_kind kind, size_t ups,
		     long value, long longest_s)
{
	long long at = (long long)sim_pick(r, (size_t)w->end);
	long most = sim_chance(r, 40) ? longest_s : longest_s / 10 + 2;

	add(w, at, kind, ups, value);
	add(w, at + sim_range(r, 1, most * 1000), kind, ups, 0);
}

/* All UPSes of a site mostly have the same mains, and servers die together. */
static void add_for_some(struct sim_world *w, struct sim_rng *r, enum sim_event_kind kind,
			 long value, long longest_s)
{
	long long at = (long long)sim_pick(r, (size_t)w->end);
	long long until = at + sim_range(r, 1, longest_s * 1000);
	bool all = sim_chance(r, 60);
	size_t one = sim_pick(r, w->site->count);

	for (size_t i = 0; i < w->site->count; i++) {
		if (!all && i != one)
			continue;
		add(w, at, kind, i, value);
		add(w, until, kind, i, 0);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct sim_event *x = a, *y = b;

	return x->at != y->at ? (x->at < y->at ? -1 : 1) : x->ups < y->ups ? -1 : x->ups > y->ups;
}

static void add_faults(struct sim_world *w, struct sim_rng *r)
{
	for (size_t i = sim_pick(r, 5); i > 0; i--)
		add_for_some(w, r, SIM_LINK, sim_range(r, 1, 3), sim_chance(r, 50) ? 60 : 900);
	for (size_t i = sim_pick(r, 5); i > 0; i--)
		add_pair(w, r, SIM_SWITCH, sim_pick(r, w->site->count), sim_range(r, 1, 9), 300);
	for (size_t i = sim_pick(r, 3); i > 0; i--)
		add(w, (long long)sim_pick(r, (size_t)w->end), SIM_SLEEP, 0,
		    sim_range(r, 11, sim_chance(r, 50) ? 60 : 4000));
	for (size_t i = sim_pick(r, 3); i > 0; i--)
		add(w, (long long)sim_pick(r, (size_t)w->end), SIM_RESTART, 0,
		    sim_range(r, 250, sim_chance(r, 70) ? 3000 : 40000));
	for (size_t i = sim_pick(r, 3); i > 0; i--)
		add(w, (long long)sim_pick(r, (size_t)w->end), SIM_RELOAD, 0, sim_chance(r, 50));
	if (sim_chance(r, 20))
		add_pair(w, r, SIM_FSD_ELSEWHERE, sim_pick(r, w->site->count), 1, 600);
	if (sim_chance(r, 5))
		add(w, (long long)sim_pick(r, (size_t)w->end), SIM_BY_HAND, 0, 0);
}

void sim_world_begin(struct sim_world *w, const struct sim_site *s, struct sim_rng *r)
{
	memset(w, 0, sizeof(*w));
	w->site = s;
	w->end = sim_range(r, HOUR_MS / 6, sim_chance(r, 80) ? HOUR_MS : 4 * HOUR_MS);
	for (size_t i = 0; i < s->count; i++)
		w->devices[i] = (struct sim_device){
			.mains = !sim_chance(r, 5),
			.left_s = (double)s->ups[i].capacity_s *
				  (sim_chance(r, 70) ? 1 : (double)sim_range(r, 20, 100) / 100),
			.left_at_low_s = -1,
		};
	for (size_t i = 1 + sim_pick(r, 5); i > 0; i--)
		add_for_some(w, r, SIM_MAINS, 1, sim_chance(r, s->clean ? 30 : 60) ? 60 : 5000);
	for (size_t i = sim_pick(r, 3); i > 0; i--)
		add_pair(w, r, SIM_CALIBRATE, sim_pick(r, s->count), 1, 600);
	for (size_t i = sim_pick(r, 3); i > 0; i--)
		add_pair(w, r, SIM_SWITCH, sim_pick(r, s->count), sim_range(r, 5, 8), 300);
	if (!s->clean)
		add_faults(w, r);
	qsort(w->events, w->event_count, sizeof(w->events[0]), by_time);
}

/* --------------------------------------------------------------------- physics */

static bool on_battery(const struct sim_device *d)
{
	return !d->mains || d->calibrates;
}

static bool is_low(const struct sim_world *w, size_t i)
{
	return sim_world_charge(w, i) <= (double)w->site->ups[i].low;
}

static double load_of(const struct sim_device *d)
{
	return d->heavy ? 3 : 1;
}

static void second(struct sim_world *w, size_t i)
{
	struct sim_device *d = &w->devices[i];
	double full = (double)w->site->ups[i].capacity_s;

	/* A calibration ends when the battery is very low, or the mains are gone. */
	if (d->calibrates &&
	    (!d->mains || sim_world_charge(w, i) <= (double)w->site->ups[i].low / 2))
		d->calibrates = false;
	if (on_battery(d))
		d->left_s = d->left_s > load_of(d) ? d->left_s - load_of(d) : 0;
	else
		d->left_s = d->left_s + CHARGE_FACTOR < full ? d->left_s + CHARGE_FACTOR : full;
	if (!on_battery(d) || d->calibrates || !is_low(w, i))
		d->left_at_low_s = -1;
	else if (d->left_at_low_s < 0)
		d->left_at_low_s = d->left_s;
}

void sim_world_second(struct sim_world *w)
{
	for (size_t i = 0; i < w->site->count; i++)
		second(w, i);
}

long sim_world_power(const struct sim_world *w)
{
	long power = 0;

	for (size_t i = 0; i < w->site->count; i++) {
		const struct sim_device *d = &w->devices[i];

		if (!d->off && (d->mains || d->left_s > 0))
			power += w->site->ups[i].power;
	}
	return power;
}

bool sim_world_apply(struct sim_world *w, const struct sim_event *e)
{
	struct sim_device *d = &w->devices[e->ups];
	bool *const switches[] = {NULL,     &d->bypass, &d->off, NULL,      &d->replace,
				  &d->over, &d->trim,   &d->eco, &d->other, &d->heavy};

	switch (e->kind) {
	case SIM_MAINS:
		d->mains = !e->value;
		return true;
	case SIM_LINK:
		d->link = (enum sim_link)e->value;
		d->hangs_since = w->now;
		return true;
	case SIM_CALIBRATE:
		d->calibrates = e->value && d->mains && !is_low(w, e->ups);
		return true;
	case SIM_FSD_ELSEWHERE:
		d->fsd = e->value;
		return true;
	case SIM_SWITCH:
		if (e->value)
			d->last_switch = (size_t)e->value;
		if (d->last_switch == 3)
			d->alarm = e->value ? d->alarm + 1 : 0;
		else if (switches[d->last_switch])
			*switches[d->last_switch] = e->value;
		return true;
	default:
		return false;
	}
}

/* --------------------------------------------------------------------- driver */

double sim_world_charge(const struct sim_world *w, size_t ups)
{
	return w->devices[ups].left_s * 100 / (double)w->site->ups[ups].capacity_s;
}

double sim_world_runtime(const struct sim_world *w, size_t ups)
{
	return w->devices[ups].left_s / load_of(&w->devices[ups]);
}

const char *sim_world_alarm(const struct sim_world *w, size_t ups)
{
	static const char *const texts[] = {"", "hot", "fan", "hot fan"};

	return texts[w->devices[ups].alarm % 4];
}

void sim_world_status(const struct sim_world *w, size_t ups, char *dst, size_t size)
{
	const struct sim_device *d = &w->devices[ups];
	const struct {
		bool is;
		const char *word;
	} rows[] = {
		{d->alarm % 4 != 0, "ALARM "},
		{!on_battery(d), "OL "},
		{on_battery(d), "OB "},
		{is_low(w, ups), "LB "},
		{d->replace, "RB "},
		{!on_battery(d) && sim_world_charge(w, ups) < 100, "CHRG "},
		{on_battery(d), "DISCHRG "},
		{d->calibrates, "CAL "},
		{d->bypass, "BYPASS "},
		{d->off, "OFF "},
		{d->over, "OVER "},
		{d->trim, "TRIM "},
		{d->eco, "ECO "},
		{d->other, "FOO "},
		{d->fsd, "FSD "},
	};

	dst[0] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is)
			str_format(dst + strlen(dst), size - strlen(dst), "%s", rows[i].word);
	dst[strlen(dst) - 1] = '\0';
}
