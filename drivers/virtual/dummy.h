/*
 * dummy: what the two halves of dummy-ups share.  One plays files, the other
 * repeats a UPS of some upsd; which one is at work is decided by open().
 */
#ifndef DRIVERS_VIRTUAL_DUMMY_H
#define DRIVERS_VIRTUAL_DUMMY_H

#include <sys/stat.h>

#include "common/base/log.h"
#include "common/net/resolver.h"
#include "common/net/tlspolicy.h"
#include "common/ups/asyncclient.h"
#include "drivers/core/driver.h"
#include "drivers/virtual/script.h"

enum dummy_mode { DUMMY_UNDECIDED, DUMMY_ONCE, DUMMY_LOOP, DUMMY_REPEATER };

struct dummy {
	enum dummy_mode mode;

	/* files */
	char path[4096];
	struct script script;
	struct stat read_at; /* the file's stamp when it was read */
	size_t next;         /* step */
	long long resume_ms; /* TIMER: not before */
	struct loop_timer *timer;
	struct log_throttle trouble; /* with reading the file */

	/* repeater */
	struct resolver *resolver;
	struct asyncclient *upstream;
	struct tlspolicy *tls; /* what is demanded of it */
	struct state *copied;  /* what came from there, so that it can go again */
	bool answered;         /* the upstream has said what it knows of the UPS */
	enum netwire_availability availability;
};

enum driver_result player_open(struct core *c);
enum driver_result player_poll(struct core *c);
enum driverwire_result player_setvar(struct core *c, const char *name, const char *value);
void player_close(struct core *c);

enum driver_result repeater_open(struct core *c);
enum driver_result repeater_poll(struct core *c);
void repeater_close(struct core *c);

#endif
