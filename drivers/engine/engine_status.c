#include "config.h"

#include "drivers/engine/engine_status.h"

static const char token[] = "map";

enum { FULL_CHARGE = 100 };

_Static_assert(MAPWORD_COUNT <= 32, "struct engine_votes has a bit for each word");

void engine_votes_take(struct engine_votes *v, enum mapword word, bool holds)
{
	uint32_t bit;

	if (word < 0 || word >= MAPWORD_COUNT)
		return;
	bit = UINT32_C(1) << word;
	v->yes = holds ? v->yes | bit : v->yes & ~bit;
	v->no = holds ? v->no & ~bit : v->no | bit;
}

void engine_votes_take_text(struct engine_votes *v, const char *text)
{
	enum mapword word;
	bool holds;

	while (mapword_next(&text, &word, &holds))
		engine_votes_take(v, word, holds);
}

void engine_status_forget(struct engine_status *s)
{
	for (int i = 0; i < MAPWORD_COUNT; i++)
		s->votes[i] = VOTE_NONE;
}

void engine_status_count(struct engine_status *s, const struct engine_votes *row)
{
	for (int i = 0; i < MAPWORD_COUNT; i++) {
		if (row->yes >> i & 1)
			s->votes[i] = VOTE_YES;
		else if (row->no >> i & 1 && (i == MAPWORD_ONLINE || s->votes[i] == VOTE_NONE))
			s->votes[i] = VOTE_NO;
	}
}

bool engine_status_holds(const struct engine_status *s, enum mapword word)
{
	return s->votes[word] == VOTE_YES;
}

bool engine_status_known(const struct engine_status *s)
{
	return s->votes[MAPWORD_ONLINE] != VOTE_NONE || s->votes[MAPWORD_DISCHRG] != VOTE_NONE ||
	       engine_status_holds(s, MAPWORD_OFF);
}

/* An output that is off, and no word of where power would come from. */
static bool only_off(const struct engine_status *s)
{
	return s->votes[MAPWORD_ONLINE] == VOTE_NONE && s->votes[MAPWORD_DISCHRG] == VOTE_NONE;
}

/* Where the device says nothing of its input, a battery that gives power does. */
static bool on_battery(const struct engine_status *s)
{
	if (s->votes[MAPWORD_ONLINE] != VOTE_NONE)
		return s->votes[MAPWORD_ONLINE] == VOTE_NO;
	return engine_status_holds(s, MAPWORD_DISCHRG);
}

static bool low(const struct engine_status *s)
{
	return engine_status_holds(s, MAPWORD_LOWBATT) ||
	       engine_status_holds(s, MAPWORD_TIMELIMITEXPIRED) ||
	       engine_status_holds(s, MAPWORD_SHUTDOWNIMM);
}

static bool wants_new_battery(const struct engine_status *s)
{
	return engine_status_holds(s, MAPWORD_REPLACEBATT) ||
	       engine_status_holds(s, MAPWORD_NOBATTERY);
}

/* A device that does not tell when it is full says "charging" for ever. */
static bool full(const struct engine_status *s, double charge)
{
	if (s->votes[MAPWORD_FULLYCHARGED] == VOTE_NONE)
		return charge >= FULL_CHARGE;
	return engine_status_holds(s, MAPWORD_FULLYCHARGED);
}

/*
 * Some devices say for a second that the battery is low or broken, while they
 * calibrate.  A battery that is low while the mains are out is believed at once,
 * whatever was configured.
 */
static bool believe_low(struct engine_status *s, const struct engine_status_rules *rules,
			bool battery, bool calibrating, long long now_ms)
{
	if (!low(s) && !wants_new_battery(s)) {
		s->low_since_ms = 0;
		return true;
	}
	if (s->low_since_ms == 0)
		s->low_since_ms = now_ms ? now_ms : 1;
	if (rules->low_delay_s <= 0 || (battery && !calibrating))
		return true;
	if (!calibrating && !rules->low_delay_always)
		return true;
	return now_ms - s->low_since_ms >= rules->low_delay_s * 1000LL;
}

static void log_discharge(struct engine_status *s, const struct engine_status_rules *rules,
			  double charge)
{
	unsigned missed;

	if (rules->discharge_log_s < 0 || (charge >= rules->hover_charge && charge >= 0))
		return;
	if (log_throttle_pass(&s->discharge_log, (unsigned)rules->discharge_log_s, &missed))
		log_info(token, "the UPS is on mains and says that its battery discharges: "
				"onlinedischarge_calibration or onlinedischarge_onbattery say what "
				"to make of it");
}

static const struct {
	enum mapword word;
	const char *status;
} plain[] = {
	{MAPWORD_OVERLOAD, "OVER"},    {MAPWORD_TRIM, "TRIM"}, {MAPWORD_BOOST, "BOOST"},
	{MAPWORD_BYPASS, "BYPASS"},    {MAPWORD_FSD, "FSD"},   {MAPWORD_BYPASSAUTO, "BYPASS"},
	{MAPWORD_BYPASSMAN, "BYPASS"}, {MAPWORD_OFF, "OFF"},   {MAPWORD_ECOMODE, "ECO"},
	{MAPWORD_ESSMODE, "ECO"},
};

static const struct {
	enum mapword word;
	const char *text;
} alarms[] = {
	{MAPWORD_REPLACEBATT, "Replace battery!"},
	{MAPWORD_SHUTDOWNIMM, "Shutdown imminent!"},
	{MAPWORD_FANFAIL, "Fan failure!"},
	{MAPWORD_NOBATTERY, "No battery installed!"},
	{MAPWORD_BATTVOLTLO, "Battery voltage too low!"},
	{MAPWORD_BATTVOLTHI, "Battery voltage too high!"},
	{MAPWORD_CHARGERFAIL, "Battery charger fail!"},
	{MAPWORD_OVERHEAT, "Temperature too high!"},
	{MAPWORD_COMMFAULT, "Internal UPS fault!"},
	{MAPWORD_AWAITINGPOWER, "Awaiting power!"},
	{MAPWORD_BYPASSAUTO, "Automatic bypass mode!"},
	{MAPWORD_BYPASSMAN, "Manual bypass mode!"},
};

static void say_alarms(const struct engine_status *s, bool believed,
		       const struct engine_status_sink *sink)
{
	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
		if (!engine_status_holds(s, alarms[i].word))
			continue;
		if (alarms[i].word != MAPWORD_REPLACEBATT || believed)
			sink->alarm(sink->arg, alarms[i].text);
	}
}

static void say_battery(const struct engine_status *s, double charge, bool believed,
			const struct engine_status_sink *sink)
{
	if (engine_status_holds(s, MAPWORD_DISCHRG) && !engine_status_holds(s, MAPWORD_DEPLETED))
		sink->status(sink->arg, "DISCHRG");
	if (engine_status_holds(s, MAPWORD_CHRG) && !full(s, charge))
		sink->status(sink->arg, "CHRG");
	if (low(s) && believed)
		sink->status(sink->arg, "LB");
	if (wants_new_battery(s) && believed)
		sink->status(sink->arg, "RB");
}

void engine_status_compose(struct engine_status *s, const struct engine_status_rules *rules,
			   double charge, long long now_ms, const struct engine_status_sink *sink)
{
	bool odd = !on_battery(s) && engine_status_holds(s, MAPWORD_DISCHRG);
	bool battery = on_battery(s) || (odd && rules->discharge_is_on_battery);
	bool calibrating =
		engine_status_holds(s, MAPWORD_CAL) || (odd && rules->discharge_is_calibration);
	bool believed = believe_low(s, rules, battery, calibrating, now_ms);

	if (odd && !calibrating && !battery)
		log_discharge(s, rules, charge);
	/* First: many devices look as if they were off or on battery then. */
	if (calibrating)
		sink->status(sink->arg, "CAL");
	if (!only_off(s))
		sink->status(sink->arg, battery ? "OB" : "OL");
	say_battery(s, charge, believed, sink);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (engine_status_holds(s, plain[i].word))
			sink->status(sink->arg, plain[i].status);
	}
	say_alarms(s, believed, sink);
}

const char *engine_status_transfer_reason(const struct engine_status *s)
{
	if (engine_status_holds(s, MAPWORD_VRANGE))
		return "input voltage out of range";
	return engine_status_holds(s, MAPWORD_FRANGE) ? "input frequency out of range" : NULL;
}
