#include "config.h"

#include "clients/cgi/statuswords.h"

#include <stdint.h>
#include <string.h>

#include "common/ups/status.h"

/*
 * NUT's words.  FSD has none there, and is no colour either: but a UPS that is
 * about to be switched off must not look green.  What it shows no word for
 * (CHRG, DISCHRG, ...) is nothing to worry about.
 */
static const struct {
	enum status_bit bit;
	enum severity severity;
	const char *word;
} rows[] = {
	{STATUS_OL, SEVERITY_GOOD, "ONLINE"},
	{STATUS_OFF, SEVERITY_WARNING, "OFF"},
	{STATUS_TRIM, SEVERITY_WARNING, "VOLTAGE TRIM"},
	{STATUS_BOOST, SEVERITY_WARNING, "VOLTAGE BOOST"},
	{STATUS_CAL, SEVERITY_WARNING, "CALIBRATION"},
	{STATUS_ECO, SEVERITY_WARNING, "ECO"},
	{STATUS_OB, SEVERITY_ALARM, "ON BATTERY"},
	{STATUS_LB, SEVERITY_ALARM, "LOW BATTERY"},
	{STATUS_RB, SEVERITY_ALARM, "REPLACE BATTERY"},
	{STATUS_OVER, SEVERITY_ALARM, "OVERLOAD"},
	{STATUS_BYPASS, SEVERITY_ALARM, "BYPASS"},
	{STATUS_ALARM, SEVERITY_ALARM, "ALARM"},
	{STATUS_FSD, SEVERITY_ALARM, "FORCED SHUTDOWN"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const char *severity_colour(enum severity s)
{
	static const char *const colours[] = {"#00FF00", "#FFFF00", "#FF0000"};

	return colours[s];
}

void statuswords_each(const char *status, void (*each)(void *arg, const char *word), void *arg)
{
	uint32_t seen = 0;

	while (*status) {
		size_t len = strcspn(status, " ");
		uint32_t bit = status_bit_of(status, len);

		for (size_t i = 0; i < ROWS && !(seen & bit); i++)
			if (rows[i].bit == bit)
				each(arg, rows[i].word);
		seen |= bit;
		status += len + strspn(status + len, " ");
	}
}

enum severity statuswords_severity(const char *status)
{
	uint32_t bits = status_parse(status, NULL);
	enum severity worst = SEVERITY_GOOD;

	for (size_t i = 0; i < ROWS; i++)
		if ((bits & rows[i].bit) && rows[i].severity > worst)
			worst = rows[i].severity;
	return worst;
}
