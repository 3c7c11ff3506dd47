#include "config.h"

#include "clients/upsmon/brain/notice.h"

#include <string.h>

#include "common/base/str.h"

static const char *const names[NOTICE_COUNT + 1] = {
	[NOTICE_ONLINE] = "ONLINE",
	[NOTICE_ONBATT] = "ONBATT",
	[NOTICE_LOWBATT] = "LOWBATT",
	[NOTICE_FSD] = "FSD",
	[NOTICE_COMMOK] = "COMMOK",
	[NOTICE_COMMBAD] = "COMMBAD",
	[NOTICE_SHUTDOWN] = "SHUTDOWN",
	[NOTICE_REPLBATT] = "REPLBATT",
	[NOTICE_NOCOMM] = "NOCOMM",
	[NOTICE_NOPARENT] = "NOPARENT",
	[NOTICE_CAL] = "CAL",
	[NOTICE_NOTCAL] = "NOTCAL",
	[NOTICE_OFF] = "OFF",
	[NOTICE_NOTOFF] = "NOTOFF",
	[NOTICE_BYPASS] = "BYPASS",
	[NOTICE_NOTBYPASS] = "NOTBYPASS",
	[NOTICE_ECO] = "ECO",
	[NOTICE_NOTECO] = "NOTECO",
	[NOTICE_ALARM] = "ALARM",
	[NOTICE_NOTALARM] = "NOTALARM",
	[NOTICE_OVER] = "OVER",
	[NOTICE_NOTOVER] = "NOTOVER",
	[NOTICE_TRIM] = "TRIM",
	[NOTICE_NOTTRIM] = "NOTTRIM",
	[NOTICE_BOOST] = "BOOST",
	[NOTICE_NOTBOOST] = "NOTBOOST",
	[NOTICE_SHUTDOWN_HOSTSYNC] = "SHUTDOWN_HOSTSYNC",
	[NOTICE_SUSPEND_TIMEJUMP_UNEXPECTED] = "SUSPEND_TIMEJUMP_UNEXPECTED",
	[NOTICE_OTHER] = "OTHER",
	[NOTICE_NOTOTHER] = "NOTOTHER",
	[NOTICE_SUSPEND_STARTING] = "SUSPEND_STARTING",
	[NOTICE_SUSPEND_FINISHED] = "SUSPEND_FINISHED",
};

static const char *const default_texts[NOTICE_COUNT] = {
	[NOTICE_ONLINE] = "UPS %s on line power",
	[NOTICE_ONBATT] = "UPS %s on battery",
	[NOTICE_LOWBATT] = "UPS %s battery is low",
	[NOTICE_FSD] = "UPS %s: forced shutdown in progress",
	[NOTICE_COMMOK] = "Communications with UPS %s established",
	[NOTICE_COMMBAD] = "Communications with UPS %s lost",
	[NOTICE_SHUTDOWN] = "Auto logout and shutdown proceeding",
	[NOTICE_REPLBATT] = "UPS %s battery needs to be replaced",
	[NOTICE_NOCOMM] = "UPS %s is unavailable",
	[NOTICE_NOPARENT] = "upsmon parent process died - shutdown impossible",
	[NOTICE_CAL] = "UPS %s: calibration in progress",
	[NOTICE_NOTCAL] = "UPS %s: calibration finished",
	[NOTICE_OFF] = "UPS %s: administratively OFF or asleep",
	[NOTICE_NOTOFF] = "UPS %s: no longer administratively OFF or asleep",
	[NOTICE_BYPASS] = "UPS %s: on bypass (powered, not protecting)",
	[NOTICE_NOTBYPASS] = "UPS %s: no longer on bypass",
	[NOTICE_ECO] = "UPS %s: in ECO mode (as defined by vendor)",
	[NOTICE_NOTECO] = "UPS %s: no longer in ECO mode",
	[NOTICE_ALARM] = "UPS %s: one or more active alarms: [%s]",
	[NOTICE_NOTALARM] = "UPS %s is no longer in an alarm state (no active alarms)",
	[NOTICE_OVER] = "UPS %s: overloaded",
	[NOTICE_NOTOVER] = "UPS %s: no longer overloaded",
	[NOTICE_TRIM] = "UPS %s: trimming incoming voltage",
	[NOTICE_NOTTRIM] = "UPS %s: no longer trimming incoming voltage",
	[NOTICE_BOOST] = "UPS %s: boosting incoming voltage",
	[NOTICE_NOTBOOST] = "UPS %s: no longer boosting incoming voltage",
	[NOTICE_SHUTDOWN_HOSTSYNC] = "Shutdown is decided: waiting for the secondaries to log out",
	[NOTICE_SUSPEND_TIMEJUMP_UNEXPECTED] =
		"The clock jumped by %s without a warning: UPS readings from before are forgotten",
	[NOTICE_OTHER] = "UPS %s: has at least one unclassified status token: [%s]",
	[NOTICE_NOTOTHER] = "UPS %s has no unclassified status tokens anymore",
	[NOTICE_SUSPEND_STARTING] = "OS is entering sleep/suspend/hibernate mode",
	[NOTICE_SUSPEND_FINISHED] = "OS just finished sleep/suspend/hibernate mode, de-activating "
				    "obsolete UPS readings to "
				    "avoid an unfortunate shutdown",
};

static const struct {
	const char *word;
	unsigned flag;
} flag_words[] = {
	{"SYSLOG", NOTICE_SYSLOG},
	{"WALL", NOTICE_WALL},
	{"EXEC", NOTICE_EXEC},
	{"IGNORE", NOTICE_IGNORE},
};

const char *notice_name(enum notice n)
{
	return n < NOTICE_COUNT ? names[n] : "";
}

const char *notice_default_text(enum notice n)
{
	return n < NOTICE_COUNT ? default_texts[n] : "";
}

const char *const *notice_names(void)
{
	return names;
}

bool notice_find(const char *name, enum notice *out)
{
	for (int i = 0; i < NOTICE_COUNT; i++) {
		if (str_caseequal(names[i], name)) {
			*out = (enum notice)i;
			return true;
		}
	}
	return false;
}

static unsigned flag_of(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++) {
		if (strlen(flag_words[i].word) == len && !strncmp(flag_words[i].word, word, len))
			return flag_words[i].flag;
	}
	return 0;
}

bool notice_parse_flags(const char *text, unsigned *flags, char *bad, size_t bad_size)
{
	*flags = 0;
	for (;;) {
		size_t len = strcspn(text, "+");
		unsigned flag = flag_of(text, len);

		if (!flag) {
			str_format(bad, bad_size, "%.*s", (int)len, text);
			return false;
		}
		*flags |= flag;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

bool notice_text_valid(const char *text)
{
	int slots = 0;

	for (const char *p = text; (p = strchr(p, '%')); p += 2) {
		if (p[1] == 's')
			slots++;
		else if (p[1] != '%')
			return false;
	}
	return slots <= 2;
}

void notice_format(char *dst, size_t size, const char *text, const char *ups, const char *extra)
{
	const char *slots[] = {ups ? ups : "", extra ? extra : ""};
	size_t used = 0, slot = 0;

	*dst = '\0';
	while (*text && used + 1 < size) {
		if (text[0] == '%' && text[1] == 's') {
			str_copy(dst + used, size - used, slot < 2 ? slots[slot++] : "");
			used += strlen(dst + used);
			text += 2;
			continue;
		}
		text += text[0] == '%' && text[1] == '%';
		dst[used++] = *text++;
		dst[used] = '\0';
	}
}
