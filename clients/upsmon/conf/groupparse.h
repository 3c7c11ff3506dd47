/*
 * groupparse: what the parts of groupconf share: the state of one file under
 * work, and what the grammar calls when it has seen a phrase.
 *
 * groupconf.c reads the file, groupgram.y is the grammar, grouplex.c knows
 * words, grouptext.c LET and texts, groupsite.c groups and servers, groupups.c UPSes,
 * grouprule.c rules, groupcheck.c what can only be judged at the end.
 */
#ifndef CLIENTS_UPSMON_GROUPPARSE_H
#define CLIENTS_UPSMON_GROUPPARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/conf/conf.h"
#include "clients/upsmon/conf/groupconf.h"
#include "clients/upsmon/conf/grouplex.h"
#include "common/base/buffer.h"
#include "common/base/conffile.h"

/* A file of ours has a hundred lines; these are for one that means harm. */
enum {
	GROUP_FILE_MAX = 1024 * 1024,
	GROUP_TEXT_MAX = 64 * 1024,         /* one text, with every LET filled in */
	GROUP_TEXTS_MAX = 16 * 1024 * 1024, /* all texts together */
	GROUP_UPS_MAX = 1000,               /* and as many groups, and LETs */
	GROUP_RULES_MAX = 10000,
	GROUP_ACTIONS_MAX = 20000,
	GROUP_CONDITIONS_MAX = 16,     /* of one action */
	GROUP_PROBLEMS_MAX = 100,      /* told of one file, errors and warnings each */
	GROUP_POWER_MAX = 1000 * 1000, /* sums stay far from the end of a long */
	GROUP_SECONDS_MAX = 100 * 1000 * 1000,
};

/* The parts of `group:ups@host:port`; those left out are of kind GROUP_END. */
struct group_ups_name {
	struct group_token group, ups, host, port;
};

/* What stands between WHEN and the colon. */
struct group_trigger {
	struct group_ups_name ups;
	enum trigger kind;
	struct group_token from, to; /* TRIGGER_EVENT */
	struct group_token value;    /* the timer, or the limit */
};

struct group_let {
	char *name, *value;
};

/* Where an action stands, or with `action` GROUP_NO_ACTION a WHEN. */
#define GROUP_NO_ACTION ((size_t)-1)
struct group_mark {
	size_t rule, action;
	struct group_where at;
};

struct group_ups_mark {
	struct group_where at;
	bool plain; /* CERTFILE "": no TLS, and that is meant */
};

struct group_parser {
	struct upsmon_conf *conf; /* being filled */
	struct conf_report *report;
	const char *file;
	struct grouplex lex;
	struct group_token token; /* the last one read, for messages */
	bool secret;              /* it may be a password */
	unsigned errors, warnings;
	char host_name[256]; /* of this machine */

	/* LETs; the text that is being joined. */
	struct group_let *lets;
	size_t let_count;
	struct buffer text;
	struct group_where text_at;
	size_t text_parts, texts_total;
	bool text_bad, text_quoted;

	/* The declarations in force. */
	long group; /* -1 = none yet */
	long ups;   /* the last MONITORed, -1 = none, -2 = one that was refused */
	char host[256];
	unsigned port;
	char *cert; /* NULL = not said, "" = none wanted */
	bool cert_unused;
	struct group_where cert_at;
	bool lost_ups; /* a MONITOR was refused: who counts UPSes, or misses one, is silent */

	/* The rule and the action under work. */
	long rule;      /* -1 = it is wrong, its actions are only looked at */
	bool rule_lost; /* something in it was complained of */
	size_t rule_actions, action_count;
	struct group_where rule_at;
	struct rule_action action;
	bool action_bad;

	/* Places, for what is judged at the end. */
	struct group_where *group_at;  /* of each of conf->groups */
	struct group_ups_mark *ups_at; /* of each of conf->ups */
	struct group_mark *marks;
	size_t mark_count, mark_size;
};

/* ------------------------------------------------------------- groupconf.c */

/* `file:line:col: error N: what; mend`; `at` NULL = the file as a whole. */
void group_error(struct group_parser *g, const struct group_where *at, int number, const char *mend,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void group_warning(struct group_parser *g, const struct group_where *at, int number,
		   const char *mend, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void group_no_memory(struct group_parser *g);

/* More errors than anybody reads: the rest is left out. */
bool group_gave_up(const struct group_parser *g);

/* A copy of a token's text; NULL (reported): no memory. */
char *group_token_dup(struct group_parser *g, const struct group_token *t);

/* A number of a token; false is reported as error 330 with `what`. */
bool group_number(struct group_parser *g, const struct group_token *t, const char *what, double min,
		  double max, double *out);
bool group_whole(struct group_parser *g, const struct group_token *t, const char *what, long min,
		 long max, long *out);

/* One more element in a list of *count; false (reported): over `max`, or no memory. */
bool group_grow(struct group_parser *g, const struct group_where *at, void *list, size_t count,
		size_t max, size_t size, const char *what);

/* ------------------------------------------------------------- groupgram.y */

/* Reads the whole text of g->lex; 0 = to its end, whatever there was to complain of. */
int groupgram_parse(struct group_parser *g);

/* The keyword that a word was most likely meant to be, or NULL. */
const char *groupgram_closest(const char *word);

/* ------------------------------------------------------------- grouptext.c */

void group_text_begin(struct group_parser *g, const struct group_token *part);
void group_text_add(struct group_parser *g, const struct group_token *part);

/* The text that was joined, its keys checked (`number` is the error of an unknown one); NULL is
 * reported. */
char *group_text_take(struct group_parser *g, int number);

/* The same for what is used at once: nothing but %(h)s and %% in it, and filled in. */
char *group_text_take_plain(struct group_parser *g, const char *what);

/* The template of a single part, as group_text_take(). */
char *group_part_take(struct group_parser *g, const struct group_token *part, int number);

const char *group_let_find(const struct group_parser *g, const char *name, size_t len);
void group_let_builtin(struct group_parser *g);
void group_take_let(struct group_parser *g, const struct group_token *name);

/* A LET with a mistake: it is there, so that its uses are none. */
void group_lose_let(struct group_parser *g, const struct group_token *name);
void group_lets_free(struct group_parser *g);

/* ------------------------------------------------------------- groupsite.c */

void group_take_smtp(struct group_parser *g, const struct group_token *host,
		     const struct group_token *port, const struct group_token *user,
		     const struct group_token *password, bool authorities);
void group_take_poll(struct group_parser *g, const struct group_token *seconds, bool alert);
void group_take_maxnotify(struct group_parser *g, const struct group_where *at);
void group_take_powerdown_flag(struct group_parser *g);
void group_take_log_file(struct group_parser *g);
void group_take_user(struct group_parser *g, const struct group_token *name);
void group_take_group(struct group_parser *g, const struct group_token *name);
void group_take_host(struct group_parser *g, const struct group_token *host);
void group_take_port(struct group_parser *g, const struct group_token *port);
void group_take_certfile(struct group_parser *g);

/* The CERTFILE in force stands behind the MONITOR that it is for. */
void group_settle_certfile(struct group_parser *g);
void group_take_supplies(struct group_parser *g, const struct group_token *count);

/* The place of a group, -1 = none of that name. */
long group_find(const struct group_parser *g, const struct group_token *name);

/* Whether there is a GROUP in force; if not, `what` is complained of. */
bool group_is_open(struct group_parser *g, const struct group_where *at, const char *what);

/* A host without brackets; false is reported. */
bool group_read_host(struct group_parser *g, const struct group_token *t, char *host, size_t size);

/* The CERTFILE in force is that of this server. */
void group_use_certfile(struct group_parser *g, const struct group_where *at, const char *host,
			unsigned port);

/* The CERTFILE of a server; NULL = it has none. */
struct tls_host *group_server_tls(const struct group_parser *g, const char *host, unsigned port);

/* -------------------------------------------------------------- groupups.c */

void group_take_level(struct group_parser *g, const struct group_token *name, const char *value);
void group_take_monitor(struct group_parser *g, const struct group_ups_name *ups,
			const struct group_token *power, const struct group_token *user,
			const struct group_token *password, const struct group_token *type);

/* The grammar has found a mistake in a MONITOR. */
void group_lose_monitor(struct group_parser *g);

/* The place of the UPS meant; -1 is reported as error `number`. */
long group_find_ups(struct group_parser *g, const struct group_ups_name *name, int number);

/* ------------------------------------------------------------- grouprule.c */

void group_rule_begin(struct group_parser *g, const struct group_where *at,
		      const struct group_trigger *t);
void group_rule_end(struct group_parser *g);
void group_condition_event(struct group_parser *g, const struct group_token *from,
			   const struct group_token *to);
void group_condition_limit(struct group_parser *g, enum condition_kind kind, bool wanted,
			   const struct group_token *limit);

/* Each ends the action under work. */
void group_action_text(struct group_parser *g, const struct group_where *at, enum verb verb);
void group_action_start_timer(struct group_parser *g, const struct group_where *at,
			      const struct group_token *name, const struct group_token *seconds);
void group_action_cancel_timer(struct group_parser *g, const struct group_where *at,
			       const struct group_token *name);
void group_action_debug(struct group_parser *g, const struct group_where *at,
			const struct group_token *level);
void group_action_mail(struct group_parser *g, const struct group_where *at,
		       const struct group_token *from, const struct group_token *to,
		       const struct group_token *subject);
void group_action_fsd(struct group_parser *g, const struct group_where *at,
		      const struct group_ups_name *ups);

/* Forgets an action in which the grammar found a mistake. */
void group_action_drop(struct group_parser *g);

/* ------------------------------------------------------------ groupcheck.c */

void group_check_whole(struct group_parser *g);

#endif
