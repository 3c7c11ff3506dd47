/*
 * engine_status: ups.status and the alarms, out of the status words that the
 * rows of a map say (docs/maps.md, "Status words").
 *
 * A word holds, does not hold, or was never spoken of.  For each status all
 * rows are counted anew, in their order.  A word holds if one row says so, and `online` is what
 * the last row says that speaks of it.  As long as no vote tells mains from
 * battery there is no status at all: a device that has said nothing yet is not
 * on battery.
 */
#ifndef DRIVERS_ENGINE_ENGINE_STATUS_H
#define DRIVERS_ENGINE_ENGINE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "drivers/maps/mapword.h"

enum engine_vote { VOTE_NONE, VOTE_NO, VOTE_YES };

/* Options of ups.conf. */
struct engine_status_rules {
	/* A device that is on mains and discharging: */
	bool discharge_is_calibration; /* onlinedischarge_calibration */
	bool discharge_is_on_battery;  /* onlinedischarge_onbattery */
	long discharge_log_s;          /* onlinedischarge_log_throttle_sec */
	double hover_charge;           /* from there on it is no news; above 100: always */
	/* A low battery, or one to replace, has to last so long before it is believed: */
	long low_delay_s;      /* lbrb_log_delay_sec; -1: the map's low-delay, or 0 */
	bool low_delay_always; /* else only while calibrating */
};

/* Of one row, a bit for each word. */
struct engine_votes {
	uint32_t yes, no;
};

struct engine_status {
	enum engine_vote votes[MAPWORD_COUNT];
	long long low_since_ms; /* 0 = not low */
	struct log_throttle discharge_log;
};

struct engine_status_sink {
	void (*status)(void *arg, const char *word);
	void (*alarm)(void *arg, const char *text);
	void *arg;
};

void engine_votes_take(struct engine_votes *v, enum mapword word, bool holds);

/* Words separated by spaces, each a vote. */
void engine_votes_take_text(struct engine_votes *v, const char *text);

/* Before the rows are counted, and for each of them, in order. */
void engine_status_forget(struct engine_status *s);
void engine_status_count(struct engine_status *s, const struct engine_votes *row);

bool engine_status_holds(const struct engine_status *s, enum mapword word);

/* Whether mains can be told from battery. */
bool engine_status_known(const struct engine_status *s);

/* Says all words and alarms. `charge`: of the battery in percent, below 0 if not known. */
void engine_status_compose(struct engine_status *s, const struct engine_status_rules *rules,
			   double charge, long long now_ms, const struct engine_status_sink *sink);

/* The text of input.transfer.reason, or NULL. */
const char *engine_status_transfer_reason(const struct engine_status *s);

#endif
