/*
 * statuswords: what the pages make of ups.status: words for people, and a
 * colour (spec/web.md section 4).
 */
#ifndef CLIENTS_CGI_STATUSWORDS_H
#define CLIENTS_CGI_STATUSWORDS_H

#include <stdbool.h>
#include <stddef.h>

enum severity { SEVERITY_GOOD, SEVERITY_WARNING, SEVERITY_ALARM };

/* "#00FF00" and its kin. */
const char *severity_colour(enum severity s);

/* Calls `each` for the words that people are shown, in the order of the status; those that stand
 * twice are shown once. */
void statuswords_each(const char *status, void (*each)(void *arg, const char *word), void *arg);

/* The worst of all words; good if none of them tells. */
enum severity statuswords_severity(const char *status);

#endif
