/*
 * monitor: what is known of one UPS, and what of it people are told.
 *
 * Fed with readings and losses, it raises notices on transitions and keeps the
 * facts by which rules.c decides.  It knows no clock, no network and no
 * configuration file: the caller says what time it is, in milliseconds of any
 * monotonic clock, so that tests run in virtual time.
 *
 * Status words are compared whole (NUT looks for pieces of text, so that any
 * word with "LB" in it kept a battery low).
 */
#ifndef CLIENTS_UPSMON_MONITOR_H
#define CLIENTS_UPSMON_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/upsmon/brain/notice.h"
#include "clients/upsmon/brain/policy.h"
#include "common/base/buffer.h"

enum monitor_comm {
	MONITOR_NEW,  /* nothing heard yet, nor failed */
	MONITOR_OK,   /* the last poll or event brought a reading */
	MONITOR_LOST, /* unreachable, unknown there, or its data are stale */
};

enum { MONITOR_NEVER = -1 }; /* a time that has not come */

struct monitor {
	char *system; /* owned; as in MONITOR */
	long power;   /* supplies of this host that it feeds */
	bool primary;
	struct limits limits;

	enum monitor_comm comm;
	bool contacted;     /* a reading came at least once since the start */
	uint32_t flags;     /* enum status_bit of the last reading; OL and OB exclude each other */
	bool low_assumed;   /* on battery and dead for DEADTIME: counts as LB */
	bool fsd_told;      /* the FSD notice is out, until FSD disappears */
	long long heard_ms; /* the last sign that the present reading holds */
	long long lost_ms;  /* since when comm is MONITOR_LOST */
	long long off_ms;   /* since when OFF is seen, or MONITOR_NEVER; the same below */
	long long over_ms;  /* OVER */
	long long ob_ms;    /* on battery, unless it calibrates */
	long long low_ms;   /* on battery and low, the assumed LB included */
	long long noncrit_ms; /* last reading that was not OB and LB, or was CAL */
	long long replace_ms; /* last REPLBATT notice */
	long long nocomm_ms;  /* last NOCOMM notice */
	double charge;        /* battery.charge in percent of the last reading; < 0 = unknown */
	double runtime;       /* battery.runtime in seconds; < 0 = unknown */
	struct buffer others; /* unknown status words, separated by spaces */
	char *alarm;          /* owned; text of the last ALARM notice */
};

/* Told of each notice; `extra` (borrowed, may be NULL) is for the text's second %s. */
typedef void monitor_tell_fn(void *arg, struct monitor *m, enum notice n, const char *extra);
struct monitor_ear {
	monitor_tell_fn *tell;
	void *arg;
};

struct monitor_reading {
	const char *status;           /* ups.status; not empty */
	const char *alarm;            /* ups.alarm or NULL */
	bool eco;                     /* the mode buzzwords tell of an economy mode */
	const char *charge, *runtime; /* battery.charge, battery.runtime; NULL = not told */
};

/* False: no memory. */
bool monitor_init(struct monitor *m, const char *system, long power, bool primary,
		  long long now_ms);
void monitor_done(struct monitor *m);

/* A reading came. A mere WAIT, the server's word until its driver has read the device, is none. */
void monitor_read(struct monitor *m, const struct policy *p, const struct monitor_reading *r,
		  long long now_ms, const struct monitor_ear *ear);

/* A sign of life which says that the last reading still holds (`heard_ms` may lie before now). */
void monitor_heard(struct monitor *m, long long heard_ms);

/* No reading can be had. */
void monitor_lose(struct monitor *m, long long now_ms, const struct monitor_ear *ear);

/* Time passed: DEADTIME, NOCOMM. To be called about once a second. */
void monitor_tick(struct monitor *m, const struct policy *p, long long now_ms,
		  const struct monitor_ear *ear);
/* When it will have something to tell by itself; MONITOR_NEVER = nothing. */
long long monitor_due_ms(const struct monitor *m, const struct policy *p);

/* All readings are obsolete: the host slept. What is known starts anew; the link's state stays. */
void monitor_forget(struct monitor *m, long long now_ms);

/* upsd took our FSD: tells it once. */
void monitor_fsd_set(struct monitor *m, const struct monitor_ear *ear);

/* Whether it calls for polling at POLLFREQALERT. */
bool monitor_alert(const struct monitor *m, const struct policy *p);

/* Whether the words of ups.mode.buzzwords tell of an economy mode (`vendor:id:ECO` and the like).
 */
bool monitor_buzzwords_eco(const char *buzzwords);

#endif
