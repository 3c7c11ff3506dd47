/*
 * conf_notices: NOTIFYMSG, NOTIFYFLAG and NOTIFYCMD become rules, so that the
 * engine has one way to tell anybody anything.
 */
#include "config.h"

#include <stdlib.h>
#include <syslog.h>

#include "clients/upsmon/conf/conf_native.h"
#include "common/base/str.h"

/* NUT's `%s` for the UPS, and a second one for details, as a template. */
static char *template_of(const char *text)
{
	static const char *const slots[] = {"%(u)s", "%(x)s"};
	struct buffer b = {.max = 8192};
	size_t slot = 0;
	char *made;

	for (; *text; text++) {
		if (text[0] == '%' && text[1] == 's')
			buffer_append_str(&b, slot < 2 ? slots[slot++] : "");
		else if (text[0] == '%' && text[1] == '%')
			buffer_append_str(&b, "%%");
		else
			buffer_append_char(&b, *text);
		text += text[0] == '%';
	}
	made = b.failed ? NULL : str_dup(buffer_string(&b));
	buffer_free(&b);
	return made;
}

/* A notice and how it is delivered is a rule like any other. */
static bool add_notice_rule(struct upsmon_conf *conf, enum notice n)
{
	static const struct {
		unsigned flag;
		enum verb verb;
	} rows[] = {
		{NOTICE_SYSLOG, VERB_SYSLOG}, {NOTICE_WALL, VERB_WALL}, {NOTICE_EXEC, VERB_EXEC}};
	struct rule *r = rulebook_add(
		&conf->book,
		&(struct rule){.ups = RULE_ANY_UPS, .trigger = TRIGGER_NOTICE, .notice = n});

	for (size_t i = 0; r && i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rule_action a = {.verb = rows[i].verb, .number = LOG_NOTICE};

		if (!(conf->notices[n].flags & rows[i].flag) ||
		    (a.verb == VERB_EXEC && !conf->notify_command))
			continue;
		a.text = template_of(upsmon_conf_text(conf, n));
		if (!a.text || !rule_add_action(r, &a)) {
			free(a.text);
			return false;
		}
	}
	return r != NULL;
}

void conf_add_notice_rules(struct upsmon_conf *conf, const struct conf_where *file,
			   struct conf_report *r)
{
	for (int n = 0; n < NOTICE_COUNT; n++) {
		if (conf->notices[n].flags & NOTICE_IGNORE)
			continue;
		if (!add_notice_rule(conf, (enum notice)n)) {
			conf_error(r, file, NULL, "out of memory");
			return;
		}
	}
}
