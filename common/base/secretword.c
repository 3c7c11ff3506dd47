#include "config.h"

#include "common/base/secretword.h"

#include <stddef.h>
#include <string.h>

#include "common/base/str.h"

static const char *const secret_words[] = {
	"password", "passwd", "passphrase",   "pass",         "pwd",          "pw",
	"secret",   "token",  "community",    "credential",   "psk",          "bearer",
	"basic",    "apikey", "api_key",      "authpassword", "privpassword", "authorization",
	"cookie",   "key",    "passwordhash", "rocomm",       "rwcomm",
};

static bool contains(const char *name, const char *word)
{
	size_t len = strlen(word);

	for (; *name; name++) {
		if (str_ncasecmp(name, word, len) == 0)
			return true;
	}
	return false;
}

bool secretword_within(const char *name)
{
	for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++) {
		if (contains(name, secret_words[i]))
			return true;
	}
	return false;
}

bool secretword_is(const char *word)
{
	const char *last = strrchr(word, '_');
	const char *dot = strrchr(word, '.');

	last = last ? last + 1 : word;
	if (dot && dot + 1 > last)
		last = dot + 1;
	for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++) {
		if (str_caseequal(secret_words[i], word) || str_caseequal(secret_words[i], last))
			return true;
	}
	return false;
}
