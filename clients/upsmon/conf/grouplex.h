/*
 * grouplex: the words of the group language (spec/upsmon-groups.md section 2).
 *
 * The longest run of characters that can be a name is one word, whatever it
 * begins with; which words are keywords is the grammar's matter.  Texts stand
 * between one of five pairs of quotes, without escapes and on one line.
 * Nothing is copied: a token points into the text.  What is wrong with one is
 * told in it, and reading goes on behind it.
 */
#ifndef CLIENTS_UPSMON_GROUPLEX_H
#define CLIENTS_UPSMON_GROUPLEX_H

#include <stdbool.h>
#include <stddef.h>

/* From 1; columns count characters, not bytes. */
struct group_where {
	unsigned line, column;
};

enum group_token_kind {
	GROUP_END,
	GROUP_NAME,    /* a letter or _, then letters, digits and . _ % + - */
	GROUP_NUMBER,  /* digits and dots, not more than that is known */
	GROUP_WORD,    /* begins with a digit and is no number: 3com.example */
	GROUP_ADDRESS, /* what stands in [ ], without them */
	GROUP_QUOTED,  /* without its quotes */
	GROUP_ARROW,   /* -> */
	GROUP_COLON,
	GROUP_EQUALS,
	GROUP_AT,
	GROUP_STRAY, /* nothing that has a meaning here */
};

enum group_token_problem {
	GROUP_SOUND,
	GROUP_OPEN_QUOTE,    /* the line ends before the quote does */
	GROUP_OPEN_BRACKET,  /* the same of a [ */
	GROUP_NOT_UTF8,      /* in a text */
	GROUP_CONTROL,       /* a control character in a text */
	GROUP_BAD_WORD,      /* a word of letters that no name has, or that begins with a sign */
	GROUP_BAD_CHARACTER, /* one that no word begins with */
};

struct group_token {
	enum group_token_kind kind;
	enum group_token_problem problem;
	const char *text;
	size_t len;
	struct group_where at;
};

struct grouplex {
	const char *p, *end;
	struct group_where at;
};

/* The text stays the caller's and ends with a NUL at text[len]; a byte order mark is skipped. */
void grouplex_begin(struct grouplex *l, const char *text, size_t len);

/* The next token; again and again GROUP_END at the end. */
void grouplex_next(struct grouplex *l, struct group_token *t);

bool group_token_is(const struct group_token *t, const char *text);

/* Whether a text is one sound token of a kind. */
bool grouplex_is(const char *text, enum group_token_kind kind);

#endif
