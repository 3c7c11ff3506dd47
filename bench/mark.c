/*
 * mark: writes when it was started, for a script's place.
 *
 *   mark FILE [ANYTHING]...
 *
 * Appends one line to FILE: nanoseconds of the monotonic clock.  What comes
 * after it (upsmon gives NOTIFYCMD its text) is not looked at.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/timing.h"

int main(int argc, char **argv)
{
	uint64_t now = timing_now_ns();
	char line[32];
	int len = snprintf(line, sizeof(line), "%" PRIu64 "\n", now);
	int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	return fd >= 0 && write(fd, line, (size_t)len) == len ? 0 : 1;
}
