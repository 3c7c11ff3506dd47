/* The half of dummy-ups that repeats a UPS of some upsd: waits for asyncclient. */
#include "config.h"

#include "common/base/log.h"
#include "drivers/virtual/dummy.h"

enum driver_result repeater_open(struct core *c)
{
	log_error("repeater", "%s: this build cannot repeat yet", core_port(c));
	return DRIVER_FATAL;
}

enum driver_result repeater_poll(struct core *c)
{
	(void)c;
	return DRIVER_LOST;
}

void repeater_close(struct core *c)
{
	(void)c;
}
