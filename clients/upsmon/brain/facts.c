#include "config.h"

#include "clients/upsmon/brain/facts.h"

#include <string.h>

#include "common/base/str.h"

static const struct {
	const char *word;
	enum fact fact;
	bool of_status; /* a word of ups.status; others are worked out */
} fact_rows[] = {
	{"OB", FACT_OB, true},       {"NOCOMM", FACT_NOCOMM, false},  {"ALARM", FACT_ALARM, true},
	{"BOOST", FACT_BOOST, true}, {"BYPASS", FACT_BYPASS, true},   {"CAL", FACT_CAL, true},
	{"CHRG", FACT_CHRG, true},   {"DISCHRG", FACT_DISCHRG, true}, {"FSD", FACT_FSD, true},
	{"LB", FACT_LB, true},       {"OFF", FACT_OFF, true},         {"OVER", FACT_OVER, true},
	{"RB", FACT_RB, true},       {"TEST", FACT_TEST, true},       {"TRIM", FACT_TRIM, true},
	{"ECO", FACT_ECO, true},     {"TICK", FACT_TICK, true},       {"TOCK", FACT_TOCK, true},
	{"LB1", FACT_LB1, false},    {"LB2", FACT_LB2, false},        {"LB3", FACT_LB3, false},
	{"LS", FACT_LS, false},
};

_Static_assert(sizeof(fact_rows) / sizeof(fact_rows[0]) == FACT_COUNT, "a row for each fact");

/* The word for the absence of a fact. */
static const char *absence(enum fact fact)
{
	return fact == FACT_OB ? "OL" : fact == FACT_NOCOMM ? "COMM" : "None";
}

const char *facts_word(enum fact fact)
{
	for (size_t i = 0; i < FACT_COUNT; i++) {
		if (fact_rows[i].fact == fact)
			return fact_rows[i].word;
	}
	return NULL;
}

bool facts_is_word(const char *word)
{
	if (str_equal(word, "None") || str_equal(word, "OL") || str_equal(word, "COMM"))
		return true;
	for (size_t i = 0; i < FACT_COUNT; i++) {
		if (str_equal(fact_rows[i].word, word))
			return true;
	}
	return false;
}

bool facts_parse_event(const char *from, const char *to, enum fact *fact, bool *begins)
{
	for (size_t i = 0; i < FACT_COUNT; i++) {
		const char *none = absence(fact_rows[i].fact), *word = fact_rows[i].word;

		*fact = fact_rows[i].fact;
		*begins = str_equal(from, none) && str_equal(to, word);
		if (*begins || (str_equal(from, word) && str_equal(to, none)))
			return true;
	}
	return false;
}

void facts_append_event(struct buffer *b, enum fact fact, bool begins)
{
	const char *none = absence(fact), *word = facts_word(fact);

	buffer_appendf(b, "%s->%s", begins ? none : word, begins ? word : none);
}

static enum fact fact_of(const char *word, size_t len)
{
	for (size_t i = 0; i < FACT_COUNT; i++) {
		if (fact_rows[i].of_status && strlen(fact_rows[i].word) == len &&
		    str_ncasecmp(fact_rows[i].word, word, len) == 0)
			return fact_rows[i].fact;
	}
	return 0;
}

uint32_t facts_of_status(const char *status, uint32_t before, enum fact *order, size_t *count)
{
	static const char blanks[] = " \t\r\n\v\f";
	uint32_t facts = 0;
	bool line = false;

	*count = 0;
	while (*(status += strspn(status, blanks))) {
		size_t len = strcspn(status, blanks);
		enum fact fact = fact_of(status, len);

		line = line || (len == 2 && str_ncasecmp(status, "OL", 2) == 0);
		status += len;
		if (!fact || (facts & fact))
			continue;
		facts |= fact;
		order[(*count)++] = fact;
	}
	if (!line && !(facts & FACT_OB))
		facts |= before & FACT_OB;
	return facts;
}
