/*
 * compose: ups.status and ups.alarm out of what a driver said during one poll
 * and what the tree shows (spec/driver-socket.md section 6).
 *
 *  - `ALARM` stands first whenever an alarm text is active;
 *  - with ignorelb the device's LB is dropped, and LB is set while the charge
 *    or the runtime is below its low limit;
 *  - a charge that was seen to change tells CHRG or DISCHRG, if the device
 *    says neither (not for verbatim drivers).
 */
#ifndef DRIVERS_CORE_COMPOSE_H
#define DRIVERS_CORE_COMPOSE_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/ups/state.h"

enum compose_trend { COMPOSE_STEADY, COMPOSE_RISING, COMPOSE_FALLING };

/* Zeroed = nothing said yet. */
struct compose {
	struct buffer status; /* the device's words, separated by spaces */
	struct buffer alarm;
	bool has_status;      /* something was ever said: ups.status is ours */
	bool alarm_published; /* ups.alarm in the tree is ours */

	long charge; /* the last one seen; meaningless before has_charge */
	bool has_charge;
	bool was_on_battery;
	enum compose_trend trend;
	long long trend_ms; /* when the charge last changed */
};

/* A charge that stands still for that long is neither rising nor falling any more. */
enum { COMPOSE_TREND_MS = 10 * 60 * 1000 };

struct compose_rules {
	bool ignorelb;
	bool verbatim;
};

void compose_free(struct compose *c);
void compose_status_begin(struct compose *c);
void compose_status_add(struct compose *c, const char *words);
/* Another device: nothing was said of it yet, and its battery is another one. */
void compose_forget(struct compose *c);
void compose_alarm_begin(struct compose *c);
void compose_alarm_add(struct compose *c, const char *text);

/* Writes both variables into the tree. now_ms: clock_ms(). */
void compose_commit(struct compose *c, struct state *s, const struct compose_rules *rules,
		    long long now_ms);

/* Whether the tree holds what ignorelb needs to tell when the battery is low. */
bool compose_can_judge_lb(const struct state *s);

#endif
