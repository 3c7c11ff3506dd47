/*
 * policy: the numbers by which events are raised and shutdowns decided.
 * One struct, filled by conf.c, read by monitor.c, rules.c and shutdown.c.
 */
#ifndef CLIENTS_UPSMON_POLICY_H
#define CLIENTS_UPSMON_POLICY_H

#include <stdbool.h>

/* When a UPS on battery counts as low although it does not say so; < 0 = never. */
struct limits {
	long duration; /* OBDURATION: seconds on battery */
	long charge;   /* OBCHARGE: percent left, or less */
	long runtime;  /* OBRUNTIME: seconds left, or less */
};

/* Seconds where nothing else is said; each is the upsmon.conf directive of that name. */
struct policy {
	long min_supplies;    /* MINSUPPLIES, in power values; 0 = monitor only */
	long poll;            /* POLLFREQ */
	long poll_alert;      /* POLLFREQALERT */
	long hostsync;        /* HOSTSYNC */
	long deadtime;        /* DEADTIME */
	long rbwarn;          /* RBWARNTIME */
	long nocommwarn;      /* NOCOMMWARNTIME */
	long final_delay;     /* FINALDELAY */
	long off;             /* OFFDURATION: 0 = at once, < 0 = never */
	long oblb;            /* OBLBDURATION: <= 0 = no wait */
	long over;            /* OVERDURATION: < 0 = never critical */
	bool alarm_critical;  /* ALARMCRITICAL */
	struct limits limits; /* of UPSes that have none of their own */
	long hook_each;       /* SHUTDOWNHOOKS: seconds that one hook may take */
	long hook_all;        /* and all of them; 0 = there are none */
	long wake_stable;     /* WAKESTABLE: seconds on line power before anybody is woken */
	long wake_charge; /* WAKECHARGE: percent that the battery must have by then; < 0 = any */
	long boot_limit;  /* and for how many seconds at most */
	long boot_charge; /* BOOTCHARGE: percent for `upsmon --hold`; < 0 = do not wait */
};

#endif
