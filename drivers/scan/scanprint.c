#include "config.h"

#include "drivers/scan/scanprint.h"

#include "common/base/str.h"
#include "common/base/words.h"

enum { NAME_MAX_BYTES = 64, NUMBER_MAX = 100000 };

const char *const scanprint_kinds[FINDING_TYPES] = {
	[FINDING_USB] = "usb",       [FINDING_SNMP] = "snmp",
	[FINDING_NUT] = "nut",       [FINDING_SIMULATION] = "simulation",
	[FINDING_AVAHI] = "avahi",   [FINDING_UPOWER] = "upower",
	[FINDING_SERIAL] = "serial",
};

const char *const scanprint_buses[FINDING_TYPES] = {
	[FINDING_USB] = "USB",
	[FINDING_SNMP] = "SNMP",
	[FINDING_NUT] = "NUT",
	[FINDING_SIMULATION] = "SIMULATION",
	[FINDING_AVAHI] = "AVAHI",
	[FINDING_UPOWER] = "UPOWER",
	[FINDING_SERIAL] = "EATON_SERIAL",
};

/* ------------------------------------------------------------------------------ ups.conf */

static void append_setting(struct buffer *out, const char *name, const char *value)
{
	buffer_appendf(out, "%s = ", name);
	words_append_quoted(out, value);
}

static void append_remarks(const struct finding *f, const char *indent, struct buffer *out)
{
	for (size_t i = 0; i < f->remark_count; i++)
		buffer_appendf(out, "%s# %s\n", indent, f->remarks[i]);
}

static void append_option(const struct finding_option *o, struct buffer *out)
{
	buffer_append_char(out, '\t');
	if (o->tag && *o->tag)
		buffer_appendf(out, "###%s### ", o->tag);
	else if (o->tag)
		buffer_append_str(out, "# ");
	append_setting(out, o->name, o->value);
	buffer_append_char(out, '\n');
}

static void append_section(const struct finding *f, const char *name, struct buffer *out)
{
	buffer_appendf(out, "[%s]\n", name);
	append_remarks(f, "\t", out);
	buffer_append_char(out, '\t');
	append_setting(out, "driver", f->driver);
	if (f->alternates)
		buffer_appendf(out, "\t# alternately: %s", f->alternates);
	buffer_append_str(out, "\n\t");
	append_setting(out, "port", f->port ? f->port : "");
	buffer_append_char(out, '\n');
	for (size_t i = 0; i < f->option_count; i++)
		append_option(&f->options[i], out);
}

void scanprint_conf(const struct findings *all, bool (*taken)(void *arg, const char *name),
		    void *arg, struct buffer *out)
{
	char name[NAME_MAX_BYTES];
	unsigned number = 0;

	for (const struct finding *f = all->first; f; f = f->next) {
		if (!f->driver) {
			append_remarks(f, "", out);
			continue;
		}
		do
			str_format(name, sizeof(name), "nutdev-%s%u", scanprint_kinds[f->type],
				   ++number);
		while (taken && number < NUMBER_MAX && taken(arg, name));
		append_section(f, name, out);
	}
}

/* ------------------------------------------------------------------------------- parsable */

static void append_pair(struct buffer *out, const char *name, const char *value)
{
	buffer_appendf(out, "%s=\"", name);
	for (const char *p = value; *p; p++) {
		if (*p == '"' || *p == '\\')
			buffer_append_char(out, '\\');
		buffer_append_char(out, *p);
	}
	buffer_append_char(out, '"');
}

static void append_line(const struct finding *f, struct buffer *out)
{
	buffer_appendf(out, "%s:", scanprint_buses[f->type]);
	append_pair(out, "driver", f->driver);
	buffer_append_char(out, ',');
	append_pair(out, "port", f->port ? f->port : "");
	for (size_t i = 0; i < f->option_count; i++) {
		if (f->options[i].tag)
			continue;
		buffer_append_char(out, ',');
		append_pair(out, f->options[i].name, f->options[i].value);
	}
	buffer_append_char(out, '\n');
}

void scanprint_parsable(const struct findings *all, struct buffer *out)
{
	for (const struct finding *f = all->first; f; f = f->next)
		if (f->driver)
			append_line(f, out);
}
