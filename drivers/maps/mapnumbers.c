#include "config.h"

#include "drivers/maps/mapnumbers.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

static struct mapnumber *find(const struct mapnumbers *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (str_caseequal(n->rows[i].name, name))
			return (struct mapnumber *)&n->rows[i];
	return NULL;
}

bool mapnumbers_set(struct mapnumbers *n, const char *name, double value)
{
	struct mapnumber *row = find(n, name);

	if (!row) {
		if (n->count == MAPNUMBERS_MAX || strlen(name) >= MAPNUMBERS_NAME_MAX)
			return false;
		row = &n->rows[n->count++];
		str_copy(row->name, sizeof(row->name), name);
	}
	row->value = value;
	return true;
}

bool mapnumbers_get(const struct mapnumbers *n, const char *name, double *value)
{
	const struct mapnumber *row = find(n, name);

	if (row)
		*value = row->value;
	return row != NULL;
}

bool mapnumbers_allow(const struct mapnumbers *n, const char *when)
{
	bool inverted = when && when[0] == '!';
	double value = 0;

	if (!when)
		return true;
	if (!mapnumbers_get(n, when + (inverted ? 1 : 0), &value))
		value = 0;
	return (value != 0) != inverted;
}

bool mapnumber_parse(const char *text, double *value)
{
	size_t digits;

	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
		return str_to_double(text, value);
	digits = strspn(text + 2, "0123456789abcdefABCDEF");
	if (digits < 1 || digits > 8 || text[2 + digits] != '\0')
		return false;
	*value = (double)strtoul(text + 2, NULL, 16);
	return true;
}
