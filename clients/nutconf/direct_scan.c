#include "config.h"

#include <string.h>

#include "clients/nutconf/direct.h"
#include "clients/nutconf/scan.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "nutconf";

enum { WORDS_MAX = 32 };

/* What the KEY=VALUE words of a scan are called by nut-scanner. */
static const struct {
	const char *key, *option;
} scan_keys[] = {
	{"community", "-c"},    {"secLevel", "-l"},     {"secName", "-u"},
	{"authProtocol", "-w"}, {"authPassword", "-W"}, {"privProtocol", "-x"},
	{"privPassword", "-X"}, {"username", "-b"},     {"password", "-B"},
	{"auth-type", "-d"},    {"cipher-suite", "-L"}, {"timeout", "-t"},
};

struct scan_words {
	const char *words[WORDS_MAX];
	size_t count;
	char seconds[24];
};

static void add(struct scan_words *s, const char *word)
{
	if (word && s->count < WORDS_MAX - 1)
		s->words[s->count++] = word;
}

static bool add_scan_key(struct scan_words *s, const char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; word[len] && i < sizeof(scan_keys) / sizeof(scan_keys[0]); i++) {
		if (strlen(scan_keys[i].key) != len ||
		    str_ncasecmp(scan_keys[i].key, word, len) != 0)
			continue;
		add(s, scan_keys[i].option);
		add(s, word + len + 1);
		return true;
	}
	log_error(token, "a scan has no setting \"%.*s\"", (int)len, word);
	return false;
}

/* NUT gives it in microseconds, nut-scanner takes seconds. */
static bool add_timeout(struct scan_words *s, const char *word)
{
	long us;

	if (!word)
		return true;
	if (!str_to_long(word, 1, 3600L * 1000 * 1000, &us)) {
		log_error(token, "\"%s\" is no time: write microseconds", word);
		return false;
	}
	str_format(s->seconds, sizeof(s->seconds), "%ld", (us + 999999) / 1000000);
	add(s, "-t");
	add(s, s->seconds);
	return true;
}

static bool add_range(struct scan_words *s, const char *const *words)
{
	add(s, "-s");
	add(s, words[0]);
	add(s, "-e");
	add(s, words[1]);
	return true;
}

static bool add_keys(struct scan_words *s, const char *const *words, size_t count)
{
	bool ok = add_range(s, words);

	for (size_t i = 2; ok && i < count; i++)
		ok = add_scan_key(s, words[i]);
	return ok;
}

static bool add_nut_servers(struct scan_words *s, const char *const *words, size_t count)
{
	add_range(s, words);
	if (count > 2) {
		add(s, "-p");
		add(s, words[2]);
	}
	return add_timeout(s, count > 3 ? words[3] : NULL);
}

static bool choose(struct scan_words *s, enum direct_scan kind, const char *const *words,
		   size_t count, char *list, size_t size)
{
	static const char *const letters[] = {
		[DIRECT_SCAN_USB] = "-U",    [DIRECT_SCAN_SNMP] = "-S",  [DIRECT_SCAN_XML] = "-M",
		[DIRECT_SCAN_NUT] = "-O",    [DIRECT_SCAN_AVAHI] = "-A", [DIRECT_SCAN_IPMI] = "-I",
		[DIRECT_SCAN_SERIAL] = "-E",
	};

	add(s, letters[kind]);
	switch (kind) {
	case DIRECT_SCAN_USB:
		return true;
	case DIRECT_SCAN_SNMP:
	case DIRECT_SCAN_IPMI:
		return add_keys(s, words, count);
	case DIRECT_SCAN_NUT:
		return add_nut_servers(s, words, count);
	case DIRECT_SCAN_XML:
	case DIRECT_SCAN_AVAHI:
		return add_timeout(s, words[0]);
	case DIRECT_SCAN_SERIAL:
		break;
	}
	/* Several are one word, separated by commas. */
	*list = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(list);

		if (!str_format(list + len, size - len, "%s%s", i ? "," : "", words[i]))
			return false;
	}
	add(s, list);
	return true;
}

bool direct_scan(enum direct_scan kind, const char *const *words, size_t count)
{
	struct scan_words s = {.count = 0};
	static struct scan found;
	char list[1024];
	bool ok;

	ok = choose(&s, kind, words, count, list, sizeof(list)) && scan_run(&found, s.words) &&
	     scan_print(&found);
	scan_free(&found);
	return ok;
}
