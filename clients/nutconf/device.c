#include "config.h"

#include "clients/nutconf/device.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

const char *device_get(const struct device *d, const char *key)
{
	for (size_t i = 0; i < d->count; i++)
		if (str_caseequal(d->settings[i].key, key))
			return d->settings[i].value;
	return NULL;
}

static bool is_key(const char *key)
{
	for (const char *p = key; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("[]\"\\#=,", *p))
			return false;
	return *key;
}

bool device_set(struct device *d, const char *key, const char *value)
{
	size_t i = 0;

	if (!is_key(key) || (value && !lineedit_can_hold(value)))
		return false;
	while (i < d->count && !str_caseequal(d->settings[i].key, key))
		i++;
	if (i < d->count)
		return str_replace(&d->settings[i].value, value);
	if (i == DEVICE_KEYS_MAX)
		return false;
	d->settings[i] = (struct device_setting){str_dup(key), str_dup(value)};
	d->count++;
	return d->settings[i].key && (!value || d->settings[i].value);
}

void device_remove(struct device *d, const char *key)
{
	for (size_t i = 0; i < d->count; i++) {
		if (!str_caseequal(d->settings[i].key, key))
			continue;
		free(d->settings[i].key);
		secret_free(&d->settings[i].value);
		d->count--;
		memmove(&d->settings[i], &d->settings[i + 1],
			(d->count - i) * sizeof(d->settings[i]));
		return;
	}
}

void device_free(struct device *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->settings[i].key);
		secret_free(&d->settings[i].value);
	}
	*d = (struct device){.count = 0};
}

/* ------------------------------------------------------------------- reading */

/* Up to one of `stops`, or a quoted text; *p ends behind it. False: too long, or an open quote. */
static bool take_text(const char **p, const char *stops, char *out, size_t size)
{
	const char *s = *p;
	bool quoted = *s == '"';
	size_t len = 0;

	for (s += quoted; *s && (quoted ? *s != '"' : !strchr(stops, *s)); s++) {
		if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		if (len + 1 >= size)
			return false;
		out[len++] = *s;
	}
	out[len] = '\0';
	if (quoted && *s != '"')
		return false;
	*p = s + quoted;
	return true;
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static bool take_pair(struct device *d, const char **p)
{
	char key[DEVICE_TEXT_MAX], value[DEVICE_TEXT_MAX];
	const char *s = skip_blanks(*p);
	bool flag, ok;

	if (!take_text(&s, "=, \t", key, sizeof(key)))
		return false;
	s = skip_blanks(s);
	flag = *s != '=';
	if (!flag)
		s = skip_blanks(s + 1);
	ok = flag || take_text(&s, ",", value, sizeof(value));
	ok = ok && device_set(d, key, flag ? NULL : value);
	if (!flag)
		secret_wipe(value, sizeof(value));
	*p = skip_blanks(s);
	return ok;
}

bool device_parse(struct device *d, const char *text, const char **why)
{
	const char *p = text;

	*why = "write driver=NAME,port=PORT,key=value, with a value that has a comma in quotes";
	do {
		if (p != text)
			p++;
		if (!take_pair(d, &p))
			return false;
	} while (*p == ',');
	if (*p)
		return false;
	*why = "driver= and port= are needed";
	return device_get(d, "driver") && device_get(d, "port");
}

bool device_parse_scan(struct device *d, const char *line)
{
	size_t len = strcspn(line, ":");
	const char *why;

	if (!line[len] || !len || len >= sizeof(d->kind))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)line[i]) && line[i] != '_')
			return false;
	str_copy(d->kind, len + 1, line);
	return device_parse(d, line + len + 1, &why);
}

/* ------------------------------------------------------------------- writing */

bool device_write(const struct device *d, struct lineedit *e, const char *section)
{
	static const char *const first[] = {"driver", "port"};
	bool ok = true;

	for (size_t i = 0; ok && i < 2; i++) {
		const char *const values[] = {device_get(d, first[i]), NULL};

		ok = lineedit_put(e, section, first[i], values);
	}
	for (size_t i = 0; ok && i < d->count; i++) {
		const struct device_setting *s = &d->settings[i];
		const char *const values[] = {s->value, NULL};

		if (!str_caseequal(s->key, "driver") && !str_caseequal(s->key, "port"))
			ok = lineedit_put(e, section, s->key, values);
	}
	return ok;
}

void device_describe(const struct device *d, char *text, size_t size)
{
	const char *vendor = device_get(d, "vendor"), *product = device_get(d, "product");
	const char *serial = device_get(d, "serial"), *desc = device_get(d, "desc");
	const char *port = device_get(d, "port");
	char name[DEVICE_TEXT_MAX];

	str_format(name, sizeof(name), "%s%s%s", vendor ? vendor : "", vendor && product ? " " : "",
		   product ? product : "");
	str_format(text, size, "%s%s%s%s(%s, %s)",
		   *name  ? name
		   : desc ? desc
			  : "",
		   serial ? ", serial " : "", serial ? serial : "",
		   *name || desc || serial ? " " : "", device_get(d, "driver"), port);
}
