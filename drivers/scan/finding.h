/*
 * finding: what a scan has found: one device, or what stands in the way of one,
 * as it will stand in ups.conf.
 */
#ifndef DRIVERS_SCAN_FINDING_H
#define DRIVERS_SCAN_FINDING_H

#include <stdbool.h>
#include <stddef.h>

/* In the order in which they are printed. */
enum finding_type {
	FINDING_USB,
	FINDING_SNMP,
	FINDING_NUT,
	FINDING_SIMULATION,
	FINDING_AVAHI,
	FINDING_UPOWER,
	FINDING_SERIAL,
	FINDING_TYPES
};

struct finding_option {
	const char *name;
	char *value; /* as it stands in ups.conf, not yet quoted */
	char *plain; /* as the device says it, where `value` is a pattern for it; or NULL */
	const char
		*tag; /* NULL: it counts; else it is commented out, by "# " ("") or "###tag### " */
};

struct finding {
	struct finding *next;
	enum finding_type type;
	char *driver; /* NULL: nothing can be set up; the remarks say what there is */
	char *port;
	const char *alternates; /* other drivers that take it, blanks between; or NULL */
	char *place;            /* USB: "1-1.4"; or NULL */
	struct finding_option *options;
	size_t option_count;
	char **remarks; /* lines for people */
	size_t remark_count;
};

/* Zeroed at first. */
struct findings {
	struct finding *first;
	bool failed; /* no memory: something is missing */
};

void findings_free(
	struct findings *all); /* wipes values: communities and passwords are among them */

/* Puts it at the end of its type; texts are copied and cleaned of control characters.  NULL: no
 * memory. */
struct finding *findings_add(struct findings *all, enum finding_type type, const char *driver,
			     const char *port);

/* Names and tags are borrowed for ever.  With `f` NULL they do nothing.  An empty value is left
 * out. */
void finding_set(struct findings *all, struct finding *f, const char *name, const char *value);
void finding_comment(struct findings *all, struct finding *f, const char *tag, const char *name,
		     const char *value);

/* A device's own text, for an option that is an extended regular expression. */
void finding_set_pattern(struct findings *all, struct finding *f, const char *name,
			 const char *text);
void finding_remark(struct findings *all, struct finding *f, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One that counts; NULL if there is none. `plain` where there is one. */
const char *finding_text(const struct finding *f, const char *name);

/* Makes an option count that may be commented out, with that value. */
void finding_replace(struct findings *all, struct finding *f, const char *name, const char *value);

#endif
