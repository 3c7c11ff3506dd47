/*
 * qxtable: a device of the Megatec kind as the files of tests/sim/serial/devices describe it
 * (serialsim.py has their grammar), for tests in C and for fuzz targets.  Of patterns it has
 * `*` at the end of a query only.
 */
#ifndef TESTS_LIB_QXTABLE_H
#define TESTS_LIB_QXTABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { QXTABLE_ANSWERS_MAX = 64, QXTABLE_TEXT_MAX = 256 };

struct qxtable_answer {
	char query[64];
	char text[QXTABLE_TEXT_MAX];
	size_t length;
};

struct qxtable {
	struct qxtable_answer answers[QXTABLE_ANSWERS_MAX];
	size_t count;
	bool checked; /* a check of two bytes is behind queries and answers */
};

/* Changes `line`, which has no newline.  False: there is no room for what it says. */
bool qxtable_take_line(struct qxtable *t, char *line);

/* Once all lines were taken: puts checks and ends behind the answers. */
void qxtable_finish(struct qxtable *t);

/* The answer to a query as it goes over the line; NULL: it has none. */
const struct qxtable_answer *qxtable_find(const struct qxtable *t, const char *query, size_t len);

#endif
