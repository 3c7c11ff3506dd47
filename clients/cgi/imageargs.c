#include "config.h"

#include "clients/cgi/imageargs.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/str.h"

#define COLOUR 0, 0xFFFFFF

static const struct {
	const char *name;
	long usual, min, max;
} rows[IMAGEARG_COUNT] = {
	[IMAGEARG_WIDTH] = {"width", 100, 50, 200},
	[IMAGEARG_HEIGHT] = {"height", 350, 100, 500},
	[IMAGEARG_SCALE_HEIGHT] = {"scale_height", 300, 100, 500},
	[IMAGEARG_BACK_COL] = {"back_col", 0x000000, COLOUR},
	[IMAGEARG_SCALE_NUM_COL] = {"scale_num_col", 0xFFFF00, COLOUR},
	[IMAGEARG_SUMMARY_COL] = {"summary_col", 0xFFFF00, COLOUR},
	[IMAGEARG_OK_ZONE_MAJ_COL] = {"ok_zone_maj_col", 0x00FF00, COLOUR},
	[IMAGEARG_OK_ZONE_MIN_COL] = {"ok_zone_min_col", 0x007800, COLOUR},
	[IMAGEARG_NEUTRAL_ZONE_MAJ_COL] = {"neutral_zone_maj_col", 0xFFFFFF, COLOUR},
	[IMAGEARG_NEUTRAL_ZONE_MIN_COL] = {"neutral_zone_min_col", 0x646464, COLOUR},
	[IMAGEARG_WARN_ZONE_MAJ_COL] = {"warn_zone_maj_col", 0xFF0000, COLOUR},
	[IMAGEARG_WARN_ZONE_MIN_COL] = {"warn_zone_min_col", 0x960000, COLOUR},
	[IMAGEARG_BAR_COL] = {"bar_col", 0x00FF00, COLOUR},
	[IMAGEARG_TEMPMIN] = {"tempmin", 0, -100, 150},
	[IMAGEARG_TEMPMAX] = {"tempmax", 40, -100, 150},
	[IMAGEARG_NOM_IN_FREQ] = {"nom_in_freq", 50, 0, 100},
	[IMAGEARG_NOM_OUT_FREQ] = {"nom_out_freq", 50, 0, 100},
};

bool imageargs_knows(const char *name)
{
	for (size_t i = 0; i < IMAGEARG_COUNT; i++)
		if (str_equal(rows[i].name, name))
			return true;
	return false;
}

/* False: it is no number. */
static bool to_number(const char *text, long *number)
{
	char *end;

	errno = 0;
	/* Base 0 would take "010" for octal. */
	*number = strtol(text, &end, str_casestarts(text, "0x") ? 16 : 10);
	return end != text && *end == '\0' && errno == 0;
}

void imageargs_read(long values[IMAGEARG_COUNT], const struct web_form *form)
{
	for (size_t i = 0; i < IMAGEARG_COUNT; i++) {
		const char *text = web_form_value(form, rows[i].name);

		if (!text || !to_number(text, &values[i]))
			values[i] = rows[i].usual;
		else if (values[i] < rows[i].min)
			values[i] = rows[i].min;
		else if (values[i] > rows[i].max)
			values[i] = rows[i].max;
	}
}
