#include "config.h"

#include "drivers/virtual/outletwords.h"

#include "common/base/str.h"

/* NUT: FSD while the timer is not negative and within the delay.  Where no delay is told, a timer
 * that stands at 0 may be one that does not run. */
static bool is_running_out(const char *timer_text, const char *delay_text)
{
	double timer, delay;

	if (!timer_text || !str_to_double(timer_text, &timer) || timer < 0)
		return false;
	if (!delay_text || !str_to_double(delay_text, &delay))
		return timer > 0;
	return timer <= delay;
}

struct outletwords outletwords_of(const char *status, const char *timer, const char *delay)
{
	struct outletwords words = {
		.off = str_caseequal(status, "off") || str_caseequal(status, "no"),
		.fsd = is_running_out(timer, delay),
	};

	return words;
}
