/*
 * imagekind: which variables are shown as bars, and along which scale
 * (spec/web.md section 6).
 */
#ifndef CLIENTS_CGI_IMAGEKIND_H
#define CLIENTS_CGI_IMAGEKIND_H

#include <stdbool.h>

enum imagerule {
	IMAGERULE_CHARGE,      /* 0 to 100, a warning at the low end */
	IMAGERULE_LOAD,        /* 0 to 125, a warning at the high end */
	IMAGERULE_TEMPERATURE, /* as the URL says, warnings at both ends */
	IMAGERULE_HUMIDITY,    /* 0 to 100, warnings at both ends */
	IMAGERULE_UTILITY,     /* around a nominal voltage of mains */
	IMAGERULE_BATTERY,     /* around a nominal voltage of batteries */
	IMAGERULE_FREQUENCY,   /* around a nominal frequency */
};

struct imagekind {
	const char *variable;
	const char *label; /* for people who see no images */
	enum imagerule rule;
	const char *low, *nominal, *high; /* variables that bound it; NULL if there is none */
	const char *unit;
};

/* NULL: that variable is not shown as a bar. */
const struct imagekind *imagekind_find(const char *variable);

/* What is known of a value; `has_*` false: the UPS does not tell. */
struct imagefacts {
	double value;
	bool has_low, has_nominal, has_high;
	double low, nominal, high;
	long tempmin, tempmax;
};

/*
 * A scale, in whole ticks: `per_unit` of them (1 or 10) make one of the
 * variable's unit.  Zones in units: warnings up to warn_below and from
 * warn_above, all well from ok_from to ok_to, neither elsewhere.
 */
struct imagescale {
	long low, high;
	long minor, semi, major; /* a line each so many ticks */
	long per_unit;
	double warn_below, warn_above;
	double ok_from, ok_to;
};

/* False: the facts do not tell the range, or it is out of all reason. */
bool imagescale_make(struct imagescale *s, enum imagerule rule, const struct imagefacts *facts);

enum imagezone { IMAGEZONE_NEUTRAL, IMAGEZONE_OK, IMAGEZONE_WARN };
enum imagezone imagescale_zone(const struct imagescale *s, double value);

#endif
