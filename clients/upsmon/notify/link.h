/*
 * link: the lines between the network child (outbox.c) and the notifier
 * (notifier.c), beside the deliveries themselves.
 */
#ifndef CLIENTS_UPSMON_LINK_H
#define CLIENTS_UPSMON_LINK_H

/* Of the child. */
#define LINK_HOLD_SHUTDOWN "HOLD-SHUTDOWN"
#define LINK_LET_SHUTDOWN  "LET-SHUTDOWN"
#define LINK_SLEEP_READY   "SLEEP-READY"

/* Of the notifier. */
#define LINK_READY  "READY"
#define LINK_TAKEN  "TAKEN" /* the next delivery was read, and is carried out by me or nobody */
#define LINK_SLEEP  "SLEEP"
#define LINK_BEGINS "begins"
#define LINK_ENDS   "ends"

#endif
