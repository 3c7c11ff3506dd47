/*
 * mkconf: what the parts of nut-upsmon-mkconf share: the answers, the file
 * made of them, and its way to the disk (spec/upsmon-groups.md section 11).
 */
#ifndef CLIENTS_UPSMON_MKCONF_H
#define CLIENTS_UPSMON_MKCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/options.h"
#include "common/ups/netwire.h"

enum answer {
	ANSWER_FILE,
	ANSWER_PLAN,
	ANSWER_UPS, /* several, separated by blanks */
	ANSWER_HOST,
	ANSWER_PORT,
	ANSWER_USER,
	ANSWER_PASSWORD,
	ANSWER_ROLE,
	ANSWER_SECONDARIES,
	ANSWER_SUPPLIES,
	ANSWER_CERTFILE, /* "" = none */
	ANSWER_GRACE,
	ANSWER_FINAL_DELAY,
	ANSWER_COMMAND,
	ANSWER_FLAG,
	ANSWER_HEARTBEAT,
	ANSWER_MAIL_HOST, /* "" = no mail, and the rest of them is not asked */
	ANSWER_MAIL_PORT,
	ANSWER_MAIL_USER,
	ANSWER_MAIL_PASSWORD,
	ANSWER_MAIL_FROM,
	ANSWER_MAIL_TO,
	ANSWER_COUNT
};

enum { MKCONF_UPS_MAX = 64, MKCONF_ANSWER_MAX = 4096 };

struct mkconf {
	char *answers[ANSWER_COUNT]; /* owned; NULL = not given */
	/* Worked out of them by mkconf_settle(). */
	struct netwire_target ups[MKCONF_UPS_MAX];
	size_t ups_count;
	bool timed, primary, secondaries;
	long supplies, grace, final_delay;
};

/* ---------------------------------------------------------- mkconf_answers.c */

/* The options that give answers; ends with the row of letter 0. The letter is
 * MKCONF_LETTER + enum answer. */
enum { MKCONF_LETTER = 512 };

/* Appends the rows of all answers to `rows`, which has room for ANSWER_COUNT of them. */
void mkconf_option_rows(struct option_row *rows);

/* Takes an answer of the command line; false is reported. A second --ups is one UPS more. */
bool mkconf_take(struct mkconf *m, enum answer a, const char *text);

/* Asks for what is not given and has a meaning; false: interrupted, or no answer. */
bool mkconf_ask(struct mkconf *m);

/* Gives the usual answer to what is left; false (reported) where there is none. */
bool mkconf_settle(struct mkconf *m);

/* Prints what was chosen, without any secret. */
void mkconf_print(const struct mkconf *m);

void mkconf_free(struct mkconf *m);

/* ------------------------------------------------------------- mkconf_plan.c */

/* The text of the file; false: no memory, or an answer that no quotes can hold. */
bool mkconf_plan(struct buffer *b, const struct mkconf *m);

/* Reads a text as upsmon will, and reports all that it would complain of; true = nothing. */
bool mkconf_verify(const struct buffer *b);

/* ------------------------------------------------------------- mkconf_file.c */

/* Puts the text at `path`, mode 0600, whole or not at all; an existing file stays unless `force`.
 * Returns 0 or an errno value. */
int mkconf_write(const char *path, const struct buffer *b, bool force);

#endif
