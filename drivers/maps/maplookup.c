#include "config.h"

#include "drivers/maps/maplookup.h"

#include <stdint.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapnumbers.h"

enum { KEY_MAX = 64 };

/* Both numbers of `a<mark>b`; the mark is not the first character, where it is a sign. */
static bool parse_pair(const char *word, char mark, double *a, double *b)
{
	char first[KEY_MAX];
	const char *at = word[0] ? strchr(word + 1, mark) : NULL;

	return at && (size_t)(at - word) < sizeof(first) &&
	       str_format(first, sizeof(first), "%.*s", (int)(at - word), word) &&
	       mapnumber_parse(first, a) && mapnumber_parse(at + 1, b);
}

static bool parse_mask(const char *word, struct maplookup_row *row)
{
	row->key = MAPLOOKUP_ALL;
	if (mapnumber_parse(word, &row->low))
		return true;
	row->key = MAPLOOKUP_BITS;
	return parse_pair(word, ':', &row->low, &row->high);
}

static bool is_mask(double mask)
{
	return mask >= 0 && mask <= (double)UINT32_MAX;
}

void maplookup_parse_key(const char *word, struct maplookup_row *row)
{
	row->word = NULL;
	row->high = 0;
	row->key = MAPLOOKUP_ANY;
	if (str_equal(word, "*"))
		return;
	row->key = MAPLOOKUP_NUMBER;
	if (mapnumber_parse(word, &row->low))
		return;
	if (word[0] == '&' && parse_mask(word + 1, row) && is_mask(row->low) && is_mask(row->high))
		return;
	row->key = MAPLOOKUP_RANGE;
	if (parse_pair(word, '-', &row->low, &row->high) && row->low <= row->high)
		return;
	row->key = MAPLOOKUP_TEXT;
	row->word = word;
}

static bool mask_fits(const struct maplookup_row *row, double value)
{
	uint32_t bits, mask = (uint32_t)row->low;

	if (!(value >= (double)INT32_MIN && value <= (double)UINT32_MAX))
		return false;
	bits = (uint32_t)(int64_t)value & mask;
	return bits == (row->key == MAPLOOKUP_ALL ? mask : (uint32_t)row->high);
}

static bool is_masked(const struct maplookup_row *row)
{
	return row->key == MAPLOOKUP_ALL || row->key == MAPLOOKUP_BITS;
}

static bool fits_number(const struct maplookup_row *row, double value)
{
	switch (row->key) {
	case MAPLOOKUP_NUMBER:
		return value == row->low;
	case MAPLOOKUP_RANGE:
		return value >= row->low && value <= row->high;
	case MAPLOOKUP_ALL:
	case MAPLOOKUP_BITS:
		return mask_fits(row, value);
	case MAPLOOKUP_ANY:
		return true;
	case MAPLOOKUP_TEXT:
		break;
	}
	return false;
}

const struct maplookup_row *maplookup_number(const struct maplookup *l, double value)
{
	for (size_t i = 0; i < l->count; i++)
		if (fits_number(&l->rows[i], value))
			return &l->rows[i];
	return NULL;
}

const struct maplookup_row *maplookup_text(const struct maplookup *l, const char *text)
{
	double value;
	bool number = mapnumber_parse(text, &value);

	for (size_t i = 0; i < l->count; i++) {
		const struct maplookup_row *row = &l->rows[i];

		if (row->key == MAPLOOKUP_ANY || (number && fits_number(row, value)) ||
		    (row->key == MAPLOOKUP_TEXT && str_caseequal(row->word, text)))
			return row;
	}
	return NULL;
}

/* A word of several bits is said once. */
static bool said_before(const struct maplookup *l, size_t index, double value)
{
	for (size_t i = 0; i < index; i++)
		if (is_masked(&l->rows[i]) && mask_fits(&l->rows[i], value) &&
		    str_equal(l->rows[i].text, l->rows[index].text))
			return true;
	return false;
}

static bool append_word(char *dst, size_t size, const char *word)
{
	size_t used = strlen(dst);

	return str_format(dst + used, size - used, "%s%s", used ? " " : "", word);
}

bool maplookup_flags(const struct maplookup *l, double value, char *dst, size_t size)
{
	bool fits = true;

	dst[0] = '\0';
	for (size_t i = 0; i < l->count; i++) {
		const struct maplookup_row *row = &l->rows[i];

		if (is_masked(row) && mask_fits(row, value) && !said_before(l, i, value))
			fits = fits && append_word(dst, size, row->text);
	}
	for (size_t i = 0; !dst[0] && i < l->count; i++)
		if (l->rows[i].key == MAPLOOKUP_ANY)
			fits = str_copy(dst, size, l->rows[i].text);
	return fits && dst[0];
}

bool maplookup_back(const struct maplookup *l, const char *text, double *value)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].key == MAPLOOKUP_NUMBER && str_caseequal(l->rows[i].text, text)) {
			*value = l->rows[i].low;
			return true;
		}
	return false;
}

bool maplookup_has_back(const struct maplookup *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].key == MAPLOOKUP_NUMBER)
			return true;
	return false;
}

/* One number can have several texts: the later ones are for the way back. */
static bool covers(const struct maplookup_row *before, const struct maplookup_row *row)
{
	if (before->key == MAPLOOKUP_ANY)
		return true;
	if (row->key == MAPLOOKUP_NUMBER) {
		if (before->key == MAPLOOKUP_NUMBER && before->low == row->low)
			return str_caseequal(before->text, row->text);
		return before->key == MAPLOOKUP_RANGE && fits_number(before, row->low);
	}
	if (row->key != before->key)
		return false;
	if (row->key == MAPLOOKUP_TEXT)
		return str_caseequal(before->word, row->word);
	if (row->key == MAPLOOKUP_RANGE)
		return before->low <= row->low && before->high >= row->high;
	return before->low == row->low && before->high == row->high;
}

const struct maplookup_row *maplookup_shadow(const struct maplookup *l, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (covers(&l->rows[i], &l->rows[index]))
			return &l->rows[i];
	return NULL;
}
