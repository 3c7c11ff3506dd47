/*
 * systemd: what the tools ask of systemctl(1), which is looked for in PATH.
 */
#ifndef DRIVERS_INIT_SYSTEMD_H
#define DRIVERS_INIT_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* True when systemd manages this machine; SERVICE_FRAMEWORK=systemd or =none says otherwise. */
bool systemd_is_here(void);

/* Where generators write. */
const char *systemd_generator_dir(void);

/* `systemctl WORD [WORD...]`, ended by NULL: its exit status; -1 (logged) when it did not run, or
 * took so long that it was killed. */
int systemd_ctl(const char *word, ...) __attribute__((sentinel));

enum driver_unit_state {
	DRIVER_UNIT_RUNNING,
	DRIVER_UNIT_ON_ITS_WAY, /* to run, or to run again after a pause */
	DRIVER_UNIT_FAILED,
	DRIVER_UNIT_STOPPED,
};

struct driver_unit {
	char *name; /* nut-driver@x.service */
	enum driver_unit_state state;
	pid_t pid; /* 0 = none */
};

struct driver_units {
	struct driver_unit *list;
	size_t count;
};

/* All instances that systemd has in memory.  False (logged): it cannot be asked. */
bool systemd_driver_units(struct driver_units *units);
void systemd_driver_units_free(struct driver_units *units);
const struct driver_unit *systemd_driver_unit(const struct driver_units *units, const char *name);

#endif
