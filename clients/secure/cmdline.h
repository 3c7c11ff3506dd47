/*
 * cmdline: a command line on which options may stand before and behind the
 * other words, `nut-trust add ups1 --sha256 ...`; over common/base/options.
 */
#ifndef CLIENTS_SECURE_CMDLINE_H
#define CLIENTS_SECURE_CMDLINE_H

#include "common/base/options.h"

struct cmdline {
	struct option_parser parser; /* private */
};

enum { CMDLINE_OPERAND = -4 };

void cmdline_begin(struct cmdline *c, const struct option_row *rows, int argc, char **argv);

/* As options_next(), and CMDLINE_OPERAND with a word that is no option as *value. */
int cmdline_next(struct cmdline *c, const char **value);

#endif
