#include "config.h"

#include <math.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/qx/qxbattery.h"

static const char token[] = "qx";

enum { CHARGE_S = 43200, IDLE_PERCENT = 10 };

static bool number(const struct state *s, const char *name, double *value)
{
	const char *text = state_get(s, name);

	return text && str_to_double(text, value);
}

/* ----------------------------------------------------------------------------- options */

/* "240,100,720,50" */
static bool four_numbers(const char *text, double n[4])
{
	char copy[128], *p = copy;

	if (!str_copy(copy, sizeof(copy), text))
		return false;
	for (size_t i = 0; i < 4; i++) {
		char *end = p ? strchr(p, ',') : NULL;

		if (end)
			*end = '\0';
		if (!p || !str_to_double(p + strspn(p, " "), &n[i]))
			return false;
		p = end ? end + 1 : NULL;
	}
	return p == NULL;
}

static bool take_runtimes(struct qx_battery *b, struct core *c, const char *text)
{
	double n[4];

	if (!four_numbers(text, n) || n[0] <= 0 || n[1] > 100 || n[3] <= 0 || n[1] <= n[3] ||
	    n[2] <= n[0]) {
		log_error(token,
			  "%s: runtimecal = %s: it is a runtime in seconds, its load in percent, a "
			  "longer runtime, and its lower load, as in 240,100,720,50",
			  core_ups(c), text);
		return false;
	}
	b->exponent = log(n[2] / n[0]) / log(n[1] / n[3]);
	b->full_s = n[0] * pow(n[1] / 100, b->exponent);
	b->counts = true;
	return true;
}

bool qx_battery_start(struct qx_battery *b, struct core *c)
{
	const char *runtimes = core_option(c, "runtimecal");

	*b = (struct qx_battery){
		.guesses_charge = true,
		.charge_s = (double)core_option_long(c, "chargetime", CHARGE_S),
		.idle = (double)core_option_long(c, "idleload", IDLE_PERCENT) / 100,
	};
	return !runtimes || take_runtimes(b, c, runtimes);
}

/* --------------------------------------------------------------------------- its packs */

/* How many packs of `battery.voltage` make the nominal voltage: the first number that fits. */
static double guess_packs(double nominal, double voltage)
{
	static const double candidates[] = {120, 100, 80, 60, 48, 36, 30, 24, 18,
					    12,  8,   6,  4,  3,  2,  1,  0.5};

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		double whole = candidates[i] * voltage;

		if (whole >= 0.8 * nominal && whole <= 1.25 * nominal)
			return candidates[i];
	}
	return 1;
}

static double packs(struct qx_battery *b, const struct state *s, double voltage)
{
	double nominal;

	if (number(s, "battery.packs", &b->packs) && b->packs > 0)
		return b->packs;
	if (b->packs <= 0 && number(s, "battery.voltage.nominal", &nominal) && voltage > 0)
		b->packs = guess_packs(nominal, voltage);
	return b->packs > 0 ? b->packs : 1;
}

/* --------------------------------------------------------------------- charge, runtime */

static bool bounds(struct state *s, double *low, double *high)
{
	double nominal;
	bool both =
		number(s, "battery.voltage.low", low) && number(s, "battery.voltage.high", high);

	if (!both && number(s, "battery.voltage.nominal", &nominal)) {
		*low = nominal * 104 / 120;
		*high = nominal * 130 / 120;
		if (!number(s, "battery.voltage.low", low))
			state_setf(s, "battery.voltage.low", "%.2f", *low);
		if (!number(s, "battery.voltage.high", high))
			state_setf(s, "battery.voltage.high", "%.2f", *high);
		both = true;
	}
	return both && *low < *high;
}

static bool charge_by_voltage(struct qx_battery *b, struct state *s, double *charge)
{
	double low, high, voltage;

	if (!number(s, "battery.voltage", &voltage) || !bounds(s, &low, &high))
		return false;
	*charge = 100 * (voltage * packs(b, s, voltage) - low) / (high - low);
	*charge = *charge < 0 ? 0 : *charge > 100 ? 100 : *charge;
	return true;
}

static bool has_word(const char *status, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = status; (p = strstr(p, word)); p += len) {
		if ((p == status || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	}
	return false;
}

/* What the load takes, 1 at full load. */
static double drain(const struct qx_battery *b, const struct state *s)
{
	double load = 0, used;

	number(s, "ups.load", &load);
	used = pow(load / 100, b->exponent);
	return used > b->idle ? used : b->idle;
}

static void count(struct qx_battery *b, struct state *s, long long now_ms)
{
	const char *status = state_get(s, "ups.status");
	double seconds = b->last_ms ? (double)(now_ms - b->last_ms) / 1000 : 0, charge;

	if (!b->last_ms)
		b->left_s = charge_by_voltage(b, s, &charge) ? b->full_s * charge / 100 : b->full_s;
	b->last_ms = now_ms;
	if (status && has_word(status, "OB"))
		b->left_s -= drain(b, s) * seconds;
	else
		b->left_s += b->full_s * seconds / b->charge_s;
	b->left_s = b->left_s < 0 ? 0 : b->left_s > b->full_s ? b->full_s : b->left_s;
	if (b->guesses_charge)
		state_setf(s, "battery.charge", "%.0f", 100 * b->left_s / b->full_s);
	state_setf(s, "battery.runtime", "%.0f", b->left_s / drain(b, s));
}

void qx_battery_update(struct qx_battery *b, struct state *s, long long now_ms)
{
	double charge;

	if (!b->decided) {
		b->guesses_charge = !state_get(s, "battery.charge");
		b->counts = b->counts && !state_get(s, "battery.runtime");
		b->decided = true;
	}
	if (b->counts)
		count(b, s, now_ms);
	else if (b->guesses_charge && charge_by_voltage(b, s, &charge))
		state_setf(s, "battery.charge", "%.0f", charge);
}
