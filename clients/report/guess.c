#include "config.h"

#include "clients/report/guess.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/base/secretword.h"
#include "common/base/str.h"

enum { TOKEN_MAX = 512, LONG_TOKEN = 20 };

static bool is_address(const char *token)
{
	struct in6_addr six;
	struct in_addr four;

	return inet_pton(AF_INET, token, &four) == 1 ||
	       (strchr(token, ':') && inet_pton(AF_INET6, token, &six) == 1);
}

/* xx:xx:xx:xx:xx:xx */
static bool is_mac(const char *token)
{
	if (strlen(token) != 17)
		return false;
	for (size_t i = 0; i < 17; i++) {
		if (i % 3 == 2 ? token[i] != ':' && token[i] != '-'
			       : !isxdigit((unsigned char)token[i]))
			return false;
	}
	return true;
}

/* Letters and digits mixed, long, and no version, path or name of a variable. */
static bool looks_random(const char *token)
{
	size_t digits = 0, letters = 0, others = 0;

	for (const char *p = token; *p; p++) {
		if (isdigit((unsigned char)*p))
			digits++;
		else if (isalpha((unsigned char)*p))
			letters++;
		else
			others++;
	}
	return digits + letters + others >= LONG_TOKEN && digits >= 2 && letters >= 2 &&
	       others <= (digits + letters) / 8;
}

static bool is_hash(const char *token)
{
	const char *second = *token == '$' ? strchr(token + 1, '$') : NULL;

	return second && second - token <= 10 && second[1];
}

static void take_token(struct cloak *c, const char *token, bool announced)
{
	const char *at = strchr(token, '@');

	if (announced || is_hash(token) || looks_random(token))
		cloak_add(c, CLOAK_SECRET, token);
	else if (is_address(token) || is_mac(token))
		cloak_add(c, CLOAK_HOST, token);
	else if (at && at > token && strchr(at, '.') && is_address(at + 1))
		cloak_add(c, CLOAK_HOST, at + 1);
	else if (at && at > token && strchr(at, '.') && isalpha((unsigned char)at[1]))
		cloak_add(c, CLOAK_USER, token); /* an address of mail, or a UPS of a named host */
}

/* user:password@ behind :// */
static void take_url(struct cloak *c, const char *text, size_t len)
{
	char word[TOKEN_MAX];

	for (size_t i = 0; i + 3 < len; i++) {
		const char *from = text + i + 3, *at;
		size_t run = 0;

		if (memcmp(text + i, "://", 3) != 0)
			continue;
		while (run < len - i - 3 && !isspace((unsigned char)from[run]) &&
		       !strchr("\"'<>", from[run]))
			run++;
		if (run >= sizeof(word))
			run = sizeof(word) - 1;
		memcpy(word, from, run);
		word[run] = '\0';
		at = strrchr(word, '@');
		if (!at)
			continue;
		word[at - word] = '\0';
		cloak_add(c, CLOAK_SECRET, word);
		if (strchr(word, ':'))
			cloak_add(c, CLOAK_SECRET, strchr(word, ':') + 1);
	}
	secret_wipe(word, sizeof(word));
}

static bool ends_token(char ch)
{
	return isspace((unsigned char)ch) || strchr("\"'`<>()[]{},;|&=", ch);
}

/* Cuts what belongs to the sentence: "password: secret." */
static size_t trim(const char *from, size_t run)
{
	while (run > 1 && strchr(".:!?", from[run - 1]))
		run--;
	return run;
}

static bool is_filler(const char *token)
{
	static const char *const fillers[] = {"is",  "was",  "for",  "of", "to",  "and",  "or",
					      "not", "in",   "the",  "a",  "has", "from", "wrong",
					      "bad", "file", "with", "by", "on",  "are",  "no"};

	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
		if (str_caseequal(fillers[i], token))
			return true;
	}
	return false;
}

/* `word: value`, `word=value`, `word value`: how a token may be announced by the one before. */
static bool is_announced(const char *before, const char *token, bool same_line)
{
	return same_line && *before && secretword_is(before) && !is_filler(token);
}

static bool says_anything(const char *token)
{
	while (*token && !isalnum((unsigned char)*token))
		token++;
	return *token;
}

static void guess(struct cloak *c, const char *text, size_t len, bool by_words)
{
	char token[TOKEN_MAX], before[TOKEN_MAX] = "";
	bool same_line = true;

	take_url(c, text, len);
	for (size_t i = 0; i < len;) {
		size_t run = 0, kept;
		char *colon;

		if (ends_token(text[i])) {
			same_line = same_line && text[i] != '\n';
			i++;
			continue;
		}
		while (i + run < len && !ends_token(text[i + run]))
			run++;
		kept = trim(text + i, run < sizeof(token) ? run : sizeof(token) - 1);
		memcpy(token, text + i, kept);
		token[kept] = '\0';
		if (says_anything(token))
			take_token(c, token, by_words && is_announced(before, token, same_line));
		/* "password:secret" */
		colon = strchr(token, ':');
		if (colon && !is_address(token) && colon[1]) {
			*colon = '\0';
			if (by_words && secretword_is(token) && says_anything(colon + 1))
				cloak_add(c, CLOAK_SECRET, colon + 1);
			*colon = ':';
		}
		if (!is_filler(token) || !secretword_is(before) || !same_line)
			str_copy(before, sizeof(before), token);
		same_line = true;
		i += run;
	}
	secret_wipe(token, sizeof(token));
	secret_wipe(before, sizeof(before));
}

void guess_secrets(struct cloak *c, const char *text, size_t len)
{
	guess(c, text, len, true);
}

void guess_addresses(struct cloak *c, const char *text, size_t len)
{
	guess(c, text, len, false);
}
