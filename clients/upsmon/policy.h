/*
 * policy: the numbers by which events are raised and shutdowns decided.
 * One struct, filled by conf.c, read by monitor.c, rules.c and shutdown.c.
 */
#ifndef CLIENTS_UPSMON_POLICY_H
#define CLIENTS_UPSMON_POLICY_H

#include <stdbool.h>

/* Seconds where nothing else is said; each is the upsmon.conf directive of that name. */
struct policy {
	long min_supplies;   /* MINSUPPLIES, in power values; 0 = monitor only */
	long poll;           /* POLLFREQ */
	long poll_alert;     /* POLLFREQALERT */
	long hostsync;       /* HOSTSYNC */
	long deadtime;       /* DEADTIME */
	long rbwarn;         /* RBWARNTIME */
	long nocommwarn;     /* NOCOMMWARNTIME */
	long final_delay;    /* FINALDELAY */
	long off;            /* OFFDURATION: 0 = at once, < 0 = never */
	long oblb;           /* OBLBDURATION: <= 0 = no wait */
	long over;           /* OVERDURATION: < 0 = never critical */
	bool alarm_critical; /* ALARMCRITICAL */
};

#endif
