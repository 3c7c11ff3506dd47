/*
 * groupgram: the grammar of the group language (UPSmon.conf(5)).
 *
 * Only what follows what; what it means is in the functions of groupparse.h.
 * Declarations come in any order, for the original's tools and people write
 * them so.  All lists are left recursive, so that no file makes the stack grow.
 * After a mistake reading goes on at the next declaration, or within a WHEN at
 * the next action.
 */
%require "3.6"
%define api.prefix {groupgram_}
%define api.token.prefix {T_}
%define api.pure full
%define api.location.type {struct group_where}
%define parse.error custom
%define parse.lac full
%locations
%param {struct group_parser *g}
%expect 0

%code top {
#include "config.h"
}

%code requires {
#include "clients/upsmon/conf/groupparse.h"
}

%code {
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

/* A phrase stands where its first word stands. */
#define YYLLOC_DEFAULT(current, rhs, n) ((current) = (n) ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0))

static int groupgram_lex(GROUPGRAM_STYPE *value, struct group_where *at, struct group_parser *g);
static void groupgram_error(const struct group_where *at, struct group_parser *g,
			    const char *what);
}

%union {
	struct group_token token;
	struct group_ups_name ups;
	struct group_trigger trigger;
	enum verb verb;
	bool truth;
}

%token END 0 "the end of the file"
%token <token> NAME "a name" NUMBER "a number" WORD "a word" ADDRESS "an address"
%token <token> QUOTED "a text in quotes"
%token ARROW "->" COLON ":" EQUALS "=" AT "@"

%token SMTPSERVER "SMTPSERVER" USER "USER" PASSWORD "PASSWORD" POLLFREQ "POLLFREQ"
%token POLLFREQALERT "POLLFREQALERT" LET "LET" MAXNOTIFY "MAXNOTIFY"
%token POWERDOWNFLAG "POWERDOWNFLAG" LOGFILE "LOGFILE" RUN_AS_USER "RUN_AS_USER"
%token GROUP "GROUP" HOST "HOST" PORT "PORT" CERTFILE "CERTFILE" MINSUPPLIES "MINSUPPLIES"
%token MONITOR "MONITOR" POWERVAL "POWERVAL" UPSDUSER "UPSDUSER" APCUPSDUSER "APCUPSDUSER"
%token TYPE "TYPE" WHEN "WHEN" REPORTS "REPORTS" TIMEOUT "TIMEOUT" TO "TO" IF "IF"
%token STARTTIMER "STARTTIMER" CANCELTIMER "CANCELTIMER" DEBUG "DEBUG" SETFSD "SETFSD"
%token EMAIL "EMAIL" FROM "FROM" SUBJECT "SUBJECT" MESSAGE "MESSAGE"
%token NOTIFY "NOTIFY" WALL "WALL" PRINT "PRINT" EPRINT "EPRINT" NUTLOG "NUTLOG" SYSLOG "SYSLOG"
%token SHELLCMD "SHELLCMD" SHUTDOWNCMD "SHUTDOWNCMD" SHUTDOWN "SHUTDOWN" WAKE "WAKE"

/* Words of ours that mean something in a few places only; elsewhere they stay names. */
%token <token> AUTHORITIES "AUTHORITIES" CHARGE "CHARGE" RUNTIME "RUNTIME" BELOW "BELOW"
%token <token> ONBATTERY "ONBATTERY" OVER "OVER" NOT "NOT" AND "AND"

%type <token> name part word host status
%type <ups> ups ups_at
%type <trigger> trigger
%type <verb> text_verb
%type <truth> authorities wanted

/* A mistake behind an action is looked at as one within the same WHEN. */
%precedence WHOLE_RULE
%precedence error

%%

items:
  %empty
| items item	{ yyerrok; }
| items lost_item
| items error	{ group_action_drop(g); }
;

/* A keyword at the beginning of something: whatever was wrong before it is over. */
ok: %empty	{ yyerrok; };

/* Others lean on these: what is missed because of a mistake here is not told again there. */
lost_item:
  "MONITOR" ok error		{ group_lose_monitor(g); }
| "LET" ok name "=" error	{ group_lose_let(g, &$3); }
;

item:
  "SMTPSERVER" ok QUOTED "PORT" NUMBER "USER" QUOTED "PASSWORD" QUOTED authorities
			{ group_take_smtp(g, &$3, &$5, &$7, &$9, $10); }
| "POLLFREQ" ok NUMBER	{ group_take_poll(g, &$3, false); }
| "POLLFREQALERT" ok NUMBER	{ group_take_poll(g, &$3, true); }
| "MAXNOTIFY" ok NUMBER	{ group_take_maxnotify(g, &@1); }
| "POWERDOWNFLAG" ok text	{ group_take_powerdown_flag(g); }
| "LOGFILE" ok text	{ group_take_log_file(g); }
| "RUN_AS_USER" ok part	{ group_take_user(g, &$3); }
| "LET" ok name "=" text	{ group_take_let(g, &$3); }
| "GROUP" ok name		{ group_take_group(g, &$3); }
| "HOST" ok host		{ group_take_host(g, &$3); }
| "HOST" ok QUOTED		{ group_take_host(g, &$3); }
| "PORT" ok NUMBER		{ group_take_port(g, &$3); }
| "CERTFILE" ok text	{ group_take_certfile(g); }
| "MINSUPPLIES" ok NUMBER	{ group_take_supplies(g, &$3); }
| "MONITOR" ok ups "POWERVAL" NUMBER upsd_user part "PASSWORD" QUOTED "TYPE" name
			{ group_take_monitor(g, &$3, &$5, &$7, &$9, &$11); }
| rule
;

authorities:
  %empty		{ $$ = false; }
| "AUTHORITIES" text	{ $$ = true; }
;

upsd_user: "UPSDUSER" | "APCUPSDUSER";

/* ------------------------------------------------------------------- words */

name: NAME | AUTHORITIES | CHARGE | RUNTIME | BELOW | ONBATTERY | OVER | NOT | AND;
word: name | WORD;
host: word | NUMBER | ADDRESS;
part: QUOTED | name;

text:
  part		{ group_text_begin(g, &$1); }
| text part	{ group_text_add(g, &$2); }
;

ups:
  ups_at
| name ":" ups_at	{ $$ = $3; $$.group = $1; }
;

ups_at:
  word			{ $$ = (struct group_ups_name){.ups = $1}; }
| word "@" host		{ $$ = (struct group_ups_name){.ups = $1, .host = $3}; }
| word "@" host ":" NUMBER
			{ $$ = (struct group_ups_name){.ups = $1, .host = $3, .port = $5}; }
;

/* ------------------------------------------------------------------- rules */

rule: head actions	%prec WHOLE_RULE { group_rule_end(g); };

head: "WHEN" ok ups trigger ":"
			{ $4.ups = $3; group_rule_begin(g, &@1, &$4); };

trigger:
  "REPORTS" status "->" status
			{ $$ = (struct group_trigger){.kind = TRIGGER_EVENT, .from = $2, .to = $4}; }
| timeout name		{ $$ = (struct group_trigger){.kind = TRIGGER_TIMEOUT, .value = $2}; }
| "CHARGE" "BELOW" NUMBER
			{ $$ = (struct group_trigger){.kind = TRIGGER_CHARGE, .value = $3}; }
| "RUNTIME" "BELOW" NUMBER
			{ $$ = (struct group_trigger){.kind = TRIGGER_RUNTIME, .value = $3}; }
;

timeout: "TIMEOUT" | "TO";
status: NAME | OVER;

actions:
  %empty
| actions action	{ yyerrok; }
| actions error		{ group_action_drop(g); }
;

action: verb | "IF" ok conditions verb;

conditions: condition | conditions "AND" condition;

condition:
  status "->" status	{ group_condition_event(g, &$1, &$3); }
| wanted "CHARGE" "BELOW" NUMBER
			{ group_condition_limit(g, CONDITION_CHARGE, $1, &$4); }
| wanted "RUNTIME" "BELOW" NUMBER
			{ group_condition_limit(g, CONDITION_RUNTIME, $1, &$4); }
| wanted "ONBATTERY" "OVER" NUMBER
			{ group_condition_limit(g, CONDITION_ON_BATTERY, $1, &$4); }
;

wanted:
  %empty	{ $$ = true; }
| "NOT"		{ $$ = false; }
;

verb:
  text_verb ok text	{ group_action_text(g, &@1, $1); }
| "STARTTIMER" ok name NUMBER
			{ group_action_start_timer(g, &@1, &$3, &$4); }
| "CANCELTIMER" ok name	{ group_action_cancel_timer(g, &@1, &$3); }
| "DEBUG" ok NUMBER	{ group_action_debug(g, &@1, &$3); }
| "SETFSD" ok ups		{ group_action_fsd(g, &@1, &$3); }
| "EMAIL" ok "FROM" part "TO" part "SUBJECT" part "MESSAGE" text
			{ group_action_mail(g, &@1, &$4, &$6, &$8); }
;

text_verb:
  "NOTIFY"	{ $$ = VERB_DESKTOP; }
| "WALL"	{ $$ = VERB_WALL; }
| "PRINT"	{ $$ = VERB_PRINT; }
| "EPRINT"	{ $$ = VERB_EPRINT; }
| "NUTLOG"	{ $$ = VERB_NUTLOG; }
| "SYSLOG"	{ $$ = VERB_SYSLOG; }
| "SHELLCMD"	{ $$ = VERB_SHELL; }
| "SHUTDOWNCMD"	{ $$ = VERB_SHUTDOWN; }
| "SHUTDOWN"	{ $$ = VERB_SHUTDOWN; }
| "WAKE"	{ $$ = VERB_WAKE; }
;

%%

/* Tokens and symbols are numbered in the same order. */
_Static_assert(T_AND - T_SMTPSERVER == (int)YYSYMBOL_AND - (int)YYSYMBOL_SMTPSERVER,
	       "keywords stand together");

/* What stands behind PASSWORD, up to the next keyword, is shown to nobody. */
static int keyword_of(struct group_parser *g, const struct group_token *t)
{
	for (int symbol = YYSYMBOL_SMTPSERVER; symbol <= YYSYMBOL_AND; symbol++) {
		if (!group_token_is(t, yysymbol_name((yysymbol_kind_t)symbol)))
			continue;
		g->secret = symbol == YYSYMBOL_PASSWORD;
		return T_SMTPSERVER + (symbol - YYSYMBOL_SMTPSERVER);
	}
	return T_NAME;
}

/* ` "word"`, or nothing where it may be a secret. */
static const char *shown(const struct group_parser *g, const struct group_token *t, char *text,
			 size_t size)
{
	if (g->secret || t->kind == GROUP_QUOTED)
		return "";
	str_format(text, size, " \"%.*s%s\"", t->len > 40 ? 40 : (int)t->len, t->text,
		   t->len > 40 ? "..." : "");
	return text;
}

static int complain(struct group_parser *g, const struct group_token *t)
{
	static const struct {
		int number;
		const char *what, *mend;
	} rows[] = {
		[GROUP_OPEN_QUOTE] = {110, "the quote opened here is not closed on its line",
				      "close it with the mark that belongs to it"},
		[GROUP_OPEN_BRACKET] = {115, "the address in brackets is not closed", "[fe80::1]"},
		[GROUP_NOT_UTF8] = {125, "this text is not UTF-8", "save the file as UTF-8"},
		[GROUP_CONTROL] = {125, "there is a control character in this text",
				   "take it out"},
		[GROUP_BAD_WORD] = {120, "this is neither a name nor a number",
				    "names begin with a letter and go on with letters of ASCII, "
				    "digits and . _ % + -; numbers have no sign"},
		[GROUP_BAD_CHARACTER] = {120, "a character that means nothing here",
					 "take it out, or put the text in quotes"},
	};
	char text[64];

	group_error(g, &t->at, rows[t->problem].number, rows[t->problem].mend, "%s%s",
		    rows[t->problem].what, shown(g, t, text, sizeof(text)));
	return t->problem == GROUP_BAD_WORD ? T_GROUPGRAM_error : T_GROUPGRAM_UNDEF;
}

static int groupgram_lex(GROUPGRAM_STYPE *value, struct group_where *at, struct group_parser *g)
{
	static const int kinds[] = {
		[GROUP_END] = T_END,         [GROUP_NUMBER] = T_NUMBER, [GROUP_WORD] = T_WORD,
		[GROUP_ADDRESS] = T_ADDRESS, [GROUP_QUOTED] = T_QUOTED, [GROUP_ARROW] = T_ARROW,
		[GROUP_COLON] = T_COLON,     [GROUP_EQUALS] = T_EQUALS, [GROUP_AT] = T_AT,
	};

	for (;;) {
		struct group_token *t = &g->token;
		int verdict = T_GROUPGRAM_UNDEF;

		grouplex_next(&g->lex, t);
		value->token = *t;
		*at = t->at;
		if (t->problem != GROUP_SOUND)
			verdict = complain(g, t);
		if (group_gave_up(g))
			return T_END;
		if (verdict == T_GROUPGRAM_error)
			return T_GROUPGRAM_error;
		if (t->kind == GROUP_NAME)
			return keyword_of(g, t);
		if (t->kind != GROUP_STRAY)
			return kinds[t->kind];
	}
}

/* ----------------------------------------------------------------- mistakes */

const char *groupgram_closest(const char *word)
{
	const char *names[YYNTOKENS + 1];
	size_t count = 0;

	for (int symbol = YYSYMBOL_SMTPSERVER; symbol <= YYSYMBOL_AND; symbol++)
		names[count++] = yysymbol_name((yysymbol_kind_t)symbol);
	names[count] = NULL;
	return str_closest(word, names);
}

enum { EXPECTED_MAX = 64, SHOWN_MAX = 4 };

static bool is_soft(yysymbol_kind_t symbol)
{
	return symbol >= YYSYMBOL_AUTHORITIES && symbol <= YYSYMBOL_AND;
}

/* What could stand here, without words that are names as well where any name would do. */
static size_t find_expected(const yypcontext_t *c, const char **names)
{
	yysymbol_kind_t symbols[EXPECTED_MAX];
	int count = yypcontext_expected_tokens(c, symbols, EXPECTED_MAX);
	bool any_name = false;
	size_t kept = 0;

	for (int i = 0; i < count; i++)
		any_name = any_name || symbols[i] == YYSYMBOL_NAME;
	for (int i = 0; i < count; i++) {
		if (symbols[i] != YYSYMBOL_YYEOF && !(any_name && is_soft(symbols[i])))
			names[kept++] = yysymbol_name(symbols[i]);
	}
	names[kept] = NULL;
	return kept;
}

static void describe_mend(const struct group_token *t, const char **names, size_t count,
			  char *mend, size_t size)
{
	struct buffer b = {.max = size - 1};
	char word[32];
	const char *closest = NULL;

	if (t->kind == GROUP_NAME && str_format(word, sizeof(word), "%.*s", (int)t->len, t->text))
		closest = str_closest(word, names);
	if (closest) {
		str_format(mend, size, "did you mean %s?", closest);
		return;
	}
	if (count > SHOWN_MAX || count == 0) {
		str_copy(mend, size, "a declaration or an action begins with a word in capitals");
		return;
	}
	for (size_t i = 0; i < count; i++)
		buffer_appendf(&b, "%s%s", i ? ", or " : "here belongs ", names[i]);
	str_copy(mend, size, buffer_string(&b));
	buffer_free(&b);
}

static int yyreport_syntax_error(const yypcontext_t *c, struct group_parser *g)
{
	const struct group_token *t = &g->token;
	const char *names[EXPECTED_MAX + 1];
	char mend[256], text[64];

	if (group_gave_up(g))
		return 0;
	describe_mend(t, names, find_expected(c, names), mend, sizeof(mend));
	if (t->kind == GROUP_END)
		group_error(g, &t->at, 100, mend, "the file ends in the middle of something");
	else
		group_error(g, &t->at, 100, mend, "unexpected%s",
			    *shown(g, t, text, sizeof(text)) ? text
			    : t->kind == GROUP_QUOTED        ? " text in quotes"
							     : " word");
	return 0;
}

/* The parser itself has but one thing to say. */
static void groupgram_error(const struct group_where *at, struct group_parser *g, const char *what)
{
	(void)at;
	(void)what;
	group_no_memory(g);
}
