/*
 * Any bytes may stand in a file of the group language: the reader comes to its
 * end within its bounds, and what it hands out without an error keeps the
 * promises of conf.h and rulebook.h.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/upsmon/conf/groupconf.h"
#include "clients/upsmon/conf/groupparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char name[] = "fuzz.conf";

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void look_at_problem(void *arg, enum conf_severity severity, const char *text)
{
	unsigned *told = arg;

	(void)severity;
	++*told;
	expect(strncmp(text, name, strlen(name)) == 0);
	expect(strlen(text) < 4096);
}

static void look_at_ups(const struct upsmon_conf *c, const struct conf_ups *u)
{
	expect(u->system && *u->system && u->user && u->password);
	expect(upsmon_conf_find(c, u->system) == u);
	expect(u->group < c->group_count && c->groups[u->group].name);
	expect(u->target.ups[0] && u->target.host[0]);
	expect(u->target.port >= 1 && u->target.port <= 65535);
	expect(u->login == (u->power > 0));
	for (int i = 0; i < 3; i++)
		expect(u->level[i] >= 0 && u->level[i] <= 100);
}

static bool has_text(enum verb v)
{
	return v != VERB_START_TIMER && v != VERB_CANCEL_TIMER && v != VERB_SET_FSD &&
	       v != VERB_SHUTDOWN && v != VERB_DEBUG;
}

static void look_at_action(const struct upsmon_conf *c, const struct rule_action *a)
{
	char bad[32];

	expect(a->verb < VERB_COUNT && a->verb != VERB_EXEC);
	expect(has_text(a->verb) == (a->text != NULL));
	expect(!a->text ||
	       (template_valid(a->text, bad, sizeof(bad)) && strlen(a->text) <= GROUP_TEXT_MAX));
	expect((a->verb == VERB_START_TIMER || a->verb == VERB_CANCEL_TIMER) == (a->timer != NULL));
	expect(a->verb != VERB_START_TIMER || a->ms > 0);
	expect(a->verb != VERB_MAIL || (a->from && a->to && a->subject && c->smtp.host));
	if (a->verb == VERB_SHUTDOWN)
		expect(a->number >= 0 && (size_t)a->number < c->command_count);
	if (a->verb == VERB_SET_FSD)
		expect(a->number >= 0 && (size_t)a->number < c->ups_count);
	for (size_t i = 0; i < a->condition_count; i++)
		expect(a->conditions[i].kind != CONDITION_FACT ||
		       facts_word(a->conditions[i].fact));
}

static void look_at_conf(const struct upsmon_conf *c)
{
	expect(!c->classic && c->ups_count > 0 && c->policy.poll >= 1 && c->policy.poll_alert >= 1);
	for (size_t i = 0; i < c->ups_count; i++)
		look_at_ups(c, &c->ups[i]);
	for (size_t i = 0; i < c->book.count; i++) {
		const struct rule *r = &c->book.rules[i];

		expect(r->ups >= 0 && (size_t)r->ups < c->ups_count);
		expect((r->trigger == TRIGGER_TIMEOUT) == (r->timer != NULL));
		expect(r->trigger != TRIGGER_EVENT || facts_word(r->fact));
		for (size_t k = 0; k < r->action_count; k++)
			look_at_action(c, &r->actions[k]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct upsmon_conf conf;
	unsigned told = 0;
	struct conf_report report = {.emit = look_at_problem, .arg = &told};

	if (fd < 0) {
		fd = memfd_create(name, MFD_CLOEXEC);
		expect(fd >= 0 && fchmod(fd, 0600) == 0);
	}
	expect(ftruncate(fd, 0) == 0);
	expect(pwrite(fd, data, size, 0) == (ssize_t)size);
	groupconf_is(fd);
	expect(groupconf_read_fd(&conf, fd, name, &report) == 0);
	/* The last word, that nothing is used, is no error of its own. */
	expect(told == report.errors + report.warnings + (report.errors > 0));
	if (!report.errors)
		look_at_conf(&conf);
	upsmon_conf_free(&conf);
	return 0;
}
