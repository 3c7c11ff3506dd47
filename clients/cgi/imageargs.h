/*
 * imageargs: how a bar of upsimage.cgi is to look, as its URL says
 * (spec/web.md section 6).
 */
#ifndef CLIENTS_CGI_IMAGEARGS_H
#define CLIENTS_CGI_IMAGEARGS_H

#include <stdbool.h>

#include "clients/web/form.h"

enum imagearg {
	IMAGEARG_WIDTH,
	IMAGEARG_HEIGHT,
	IMAGEARG_SCALE_HEIGHT,
	IMAGEARG_BACK_COL,
	IMAGEARG_SCALE_NUM_COL,
	IMAGEARG_SUMMARY_COL,
	IMAGEARG_OK_ZONE_MAJ_COL,
	IMAGEARG_OK_ZONE_MIN_COL,
	IMAGEARG_NEUTRAL_ZONE_MAJ_COL,
	IMAGEARG_NEUTRAL_ZONE_MIN_COL,
	IMAGEARG_WARN_ZONE_MAJ_COL,
	IMAGEARG_WARN_ZONE_MIN_COL,
	IMAGEARG_BAR_COL,
	IMAGEARG_TEMPMIN,
	IMAGEARG_TEMPMAX,
	IMAGEARG_NOM_IN_FREQ, /* taken, and of no use: the UPS knows better */
	IMAGEARG_NOM_OUT_FREQ,
	IMAGEARG_COUNT
};

/* Whether a URL may have an argument of that name. */
bool imageargs_knows(const char *name);

/* All arguments: those of the form, decimal or 0x hexadecimal and brought within their bounds; else
 * as usual. */
void imageargs_read(long values[IMAGEARG_COUNT], const struct web_form *form);

#endif
