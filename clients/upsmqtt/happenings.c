#include "config.h"

#include "clients/upsmqtt/happenings.h"

#include <stddef.h>

#include "common/ups/status.h"

static const struct {
	uint32_t bit;
	const char *begins, *ends; /* NULL: that is nothing to tell */
} rows[] = {
	{STATUS_OL, "ONLINE", NULL},         {STATUS_OB, "ONBATT", NULL},
	{STATUS_LB, "LOWBATT", NULL},        {STATUS_FSD, "FSD", NULL},
	{STATUS_RB, "REPLBATT", NULL},       {STATUS_CAL, "CAL", "NOTCAL"},
	{STATUS_OFF, "OFF", "NOTOFF"},       {STATUS_BYPASS, "BYPASS", "NOTBYPASS"},
	{STATUS_ECO, "ECO", "NOTECO"},       {STATUS_ALARM, "ALARM", "NOTALARM"},
	{STATUS_OVER, "OVER", "NOTOVER"},    {STATUS_TRIM, "TRIM", "NOTTRIM"},
	{STATUS_BOOST, "BOOST", "NOTBOOST"},
};

static void compare(const struct happenings *h, uint32_t now,
		    void (*fn)(void *arg, const char *event), void *arg)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((now & ~h->status & rows[i].bit) && rows[i].begins)
			fn(arg, rows[i].begins);
		if ((h->status & ~now & rows[i].bit) && rows[i].ends)
			fn(arg, rows[i].ends);
	}
}

void happenings_look(struct happenings *h, bool talks, const char *status,
		     void (*fn)(void *arg, const char *event), void *arg)
{
	uint32_t now = status ? status_parse(status, NULL) : 0;

	if (h->talks && !talks) {
		h->was_known_bad = true;
		fn(arg, "COMMBAD");
	}
	if (!h->talks && talks && h->was_known_bad) {
		h->was_known_bad = false;
		fn(arg, "COMMOK");
	}
	h->talks = talks;
	/* Values of a UPS that does not talk are old. */
	if (!talks)
		return;
	if (h->known)
		compare(h, now, fn, arg);
	h->known = true;
	h->status = now;
}
