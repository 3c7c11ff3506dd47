/*
 * mkconf_plan: the file that nut-upsmon-mkconf writes.
 *
 * Each decision to shut down is one timer, `decide`: all that may lead to it
 * starts that, and only one place says what follows.  A single UPS counts by
 * itself; of several, those that are on battery count when the supplies are
 * too few (LS).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/upsmon/conf/groupconf.h"
#include "clients/upsmon/conf/grouplex.h"
#include "clients/upsmon/conf/mkconf.h"
#include "common/base/str.h"

enum { DEAD_S = 15 }; /* silence while on battery that counts as the end of the battery */

/* ------------------------------------------------------------------- quoting */

/* In a pair of quotes whose marks are not in the text; in a template a percent sign is two. */
static void append_quoted(struct buffer *b, const char *text, bool template)
{
	static const char *const pairs[][2] = {{"\"", "\""},
					       {"'", "'"},
					       {"\xc2\xab", "\xc2\xbb"},
					       {"\xe2\x8e\xa1", "\xe2\x8e\xa6"},
					       {"\xe2\xb8\xa2", "\xe2\xb8\xa5"}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (strstr(text, pairs[i][1]))
			continue;
		buffer_append_str(b, pairs[i][0]);
		for (; *text; text++)
			buffer_append_str(b,
					  template && *text == '%' ? "%%" : (char[]){*text, '\0'});
		buffer_append_str(b, pairs[i][1]);
		return;
	}
	b->failed = true;
}

static void append_setting(struct buffer *b, const char *what, const char *text)
{
	buffer_append_str(b, what);
	append_quoted(b, text, true);
}

/* A word where it can be one: capitals may be a keyword. */
static void append_user(struct buffer *b, const char *user)
{
	if (grouplex_is(user, GROUP_NAME) && strpbrk(user, "abcdefghijklmnopqrstuvwxyz"))
		buffer_append_str(b, user);
	else
		append_quoted(b, user, false);
}

static void append_host(struct buffer *b, const struct netwire_target *t)
{
	bool v6 = strchr(t->host, ':');

	buffer_appendf(b, "%s%s%s", v6 ? "[" : "", t->host, v6 ? "]" : "");
}

/* As short as it is clear. */
static void append_ups(struct buffer *b, const struct mkconf *m, const struct netwire_target *t)
{
	size_t twins = 0;

	for (size_t i = 0; i < m->ups_count; i++)
		twins += str_equal(m->ups[i].ups, t->ups);
	buffer_append_str(b, t->ups);
	if (twins < 2)
		return;
	buffer_append_char(b, '@');
	append_host(b, t);
	buffer_appendf(b, ":%u", t->port);
}

/* -------------------------------------------------------------- declarations */

static const char *answer(const struct mkconf *m, enum answer a)
{
	return m->answers[a] ? m->answers[a] : "";
}

static bool has_mail(const struct mkconf *m)
{
	return *answer(m, ANSWER_MAIL_HOST);
}

static void append_intro(struct buffer *b, const struct mkconf *m)
{
	buffer_append_str(b, "# Written by nut-upsmon-mkconf.  See man 5 UPSmon.conf.\n"
			     "# This file holds passwords: keep it readable by its owner only.\n\n"
			     "POLLFREQ 5  POLLFREQALERT 5\n");
	if (*answer(m, ANSWER_FLAG)) {
		append_setting(b, "POWERDOWNFLAG ", answer(m, ANSWER_FLAG));
		buffer_append_char(b, '\n');
	}
	if (!has_mail(m))
		return;
	buffer_append_str(b, "SMTPSERVER ");
	append_quoted(b, answer(m, ANSWER_MAIL_HOST), false);
	buffer_appendf(b, " PORT %s USER ", answer(m, ANSWER_MAIL_PORT));
	append_quoted(b, answer(m, ANSWER_MAIL_USER), false);
	buffer_append_str(b, " PASSWORD ");
	append_quoted(b, answer(m, ANSWER_MAIL_PASSWORD), false);
	buffer_append_char(b, '\n');
}

static void append_texts(struct buffer *b, const struct mkconf *m)
{
	buffer_append_str(b, "\nLET head       = \"[%(b)s] %(u)s %(e)s, charge %(c)s%%: \"\n");
	if (m->timed)
		buffer_appendf(b,
			       "LET msg-onbatt = head \"mains gone, shutdown in %ld seconds\"\n"
			       "LET msg-half   = head \"mains still gone, %ld seconds are left\"\n",
			       m->grace, m->grace - m->grace / 2);
	else
		buffer_append_str(b, "LET msg-onbatt = head \"mains gone\"\n");
	buffer_append_str(b, "LET msg-online = head \"mains are back\"\n"
			     "LET msg-down   = head \"shutting down\"\n"
			     "LET msg-level  = head \"the battery is going down\"\n"
			     "LET msg-rb     = head \"the battery must be replaced\"\n"
			     "LET msg-nocomm = head \"the UPS is out of reach\"\n"
			     "LET msg-comm   = head \"the UPS is in reach again\"\n"
			     "LET msg-start  = head \"the watch begins\"\n");
	if (m->ups_count > 1)
		buffer_append_str(b, "LET msg-ls     = head \"too few supplies have power\"\n");
	if (*answer(m, ANSWER_HEARTBEAT))
		buffer_append_str(b, "LET msg-pulse  = head \"the heartbeat has stopped: driver, "
				     "upsd or the network between is dead\"\n");
}

static void append_server(struct buffer *b, const struct mkconf *m, const struct netwire_target *t)
{
	buffer_append_str(b, "HOST ");
	append_host(b, t);
	buffer_appendf(b, "  PORT %u  ", t->port);
	append_setting(b, "CERTFILE ", answer(m, ANSWER_CERTFILE));
	buffer_append_char(b, '\n');
}

static void append_login(struct buffer *b, const struct mkconf *m)
{
	buffer_append_str(b, " UPSDUSER ");
	append_user(b, answer(m, ANSWER_USER));
	buffer_append_str(b, " PASSWORD ");
	append_quoted(b, answer(m, ANSWER_PASSWORD), false);
	buffer_appendf(b, " TYPE %s\n", m->primary ? "primary" : "secondary");
}

static void append_monitors(struct buffer *b, const struct mkconf *m)
{
	buffer_append_str(b, "\nGROUP LOCAL\n");
	for (size_t i = 0; i < m->ups_count; i++) {
		const struct netwire_target *t = &m->ups[i], *before = i ? t - 1 : NULL;

		if (!before || !str_equal(before->host, t->host) || before->port != t->port)
			append_server(b, m, t);
		buffer_appendf(b, "MONITOR %s POWERVAL 1", t->ups);
		append_login(b, m);
		buffer_append_str(b, "LET battery.charge.low.1 = \"75\"\n"
				     "LET battery.charge.low.2 = \"50\"\n"
				     "LET battery.charge.low.3 = \"25\"\n");
	}
	buffer_appendf(b, "MINSUPPLIES %ld\n", m->supplies);
}

/* -------------------------------------------------------------------- rules */

static void when(struct buffer *b, const struct mkconf *m, const struct netwire_target *t,
		 const char *trigger)
{
	buffer_append_str(b, "WHEN ");
	append_ups(b, m, t);
	buffer_appendf(b, " %s :", trigger);
}

/* To everybody who may be there. */
static void say(struct buffer *b, const char *tag, const char *text)
{
	buffer_appendf(b, "\n\tSYSLOG \"[%s]\" %s  NUTLOG %s  WALL %s  NOTIFY %s", tag, text, text,
		       text, text);
}

static void mail(struct buffer *b, const struct mkconf *m, const char *subject, const char *text)
{
	if (!has_mail(m))
		return;
	append_setting(b, "\n\tEMAIL FROM ", answer(m, ANSWER_MAIL_FROM));
	append_setting(b, " TO ", answer(m, ANSWER_MAIL_TO));
	buffer_appendf(b, " SUBJECT \"%s\" MESSAGE %s", subject, text);
}

/* What makes it serious for this machine that a UPS is on battery. */
static const char *serious(const struct mkconf *m)
{
	return m->ups_count > 1 ? "IF OL->OB AND None->LS" : "IF OL->OB";
}

static void start_grace(struct buffer *b, const struct mkconf *m)
{
	const char *condition = serious(m);

	if (m->timed)
		buffer_appendf(b, "\n\t%s STARTTIMER half %ld\n\t%s STARTTIMER grace %ld",
			       condition, m->grace / 2, condition, m->grace);
	/* The battery may have been low before. */
	buffer_appendf(b, "\n\t%s AND None->LB STARTTIMER decide 0.1\n", condition);
}

static void cancel_all(struct buffer *b, const struct mkconf *m)
{
	if (m->timed)
		buffer_append_str(b, "\n\tCANCELTIMER half  CANCELTIMER grace");
	/* After FSD there is no way back: the primary will switch the UPS off. */
	buffer_append_str(b, "\n\tCANCELTIMER decide  IF FSD->None CANCELTIMER final-delay\n");
}

static void append_mains(struct buffer *b, const struct mkconf *m, const struct netwire_target *t)
{
	buffer_append_char(b, '\n');
	when(b, m, t, "REPORTS OL->OB");
	say(b, "warning", "msg-onbatt");
	start_grace(b, m);
	when(b, m, t, "REPORTS OB->OL");
	say(b, "notice", "msg-online");
	cancel_all(b, m);
	if (m->ups_count < 2)
		return;
	when(b, m, t, "REPORTS None->LS");
	buffer_append_str(b, "\n\tNUTLOG msg-ls");
	start_grace(b, m);
	when(b, m, t, "REPORTS LS->None");
	cancel_all(b, m);
}

static void append_decisions(struct buffer *b, const struct mkconf *m,
			     const struct netwire_target *t)
{
	if (m->timed) {
		when(b, m, t, "TIMEOUT half");
		say(b, "warning", "msg-half");
		buffer_append_char(b, '\n');
		when(b, m, t, "TIMEOUT grace");
		buffer_appendf(b, " %s STARTTIMER decide 0.1\n", serious(m));
	}
	when(b, m, t, "REPORTS None->LB");
	buffer_appendf(b, " %s STARTTIMER decide 0.1\n", serious(m));
	when(b, m, t, "TIMEOUT decide");
	say(b, "alert", "msg-down");
	if (m->secondaries) {
		buffer_append_str(b, "\n\tSETFSD ");
		append_ups(b, m, t);
	}
	buffer_appendf(b, "\n\tSTARTTIMER final-delay %ld\n", m->final_delay);
	/* The primary shuts down, or somebody has ordered it to. */
	when(b, m, t, "REPORTS None->FSD");
	buffer_appendf(
		b, " SYSLOG \"[alert]\" msg-down  NUTLOG msg-down  STARTTIMER final-delay %ld\n",
		m->final_delay);
	when(b, m, t, "TIMEOUT final-delay");
	append_setting(b, " SHUTDOWNCMD ", answer(m, ANSWER_COMMAND));
	buffer_append_char(b, '\n');
}

static void append_reach(struct buffer *b, const struct mkconf *m, const struct netwire_target *t)
{
	when(b, m, t, "REPORTS COMM->NOCOMM");
	buffer_appendf(b,
		       "\n\tSYSLOG \"[err]\" msg-nocomm  NUTLOG msg-nocomm  STARTTIMER "
		       "nocommwarntime 300\n\tIF OL->OB STARTTIMER dead %d\n",
		       DEAD_S);
	when(b, m, t, "REPORTS NOCOMM->COMM");
	buffer_append_str(b, "\n\tNUTLOG msg-comm  CANCELTIMER nocommwarntime  CANCELTIMER dead\n");
	when(b, m, t, "TIMEOUT dead");
	buffer_appendf(b, " %s AND COMM->NOCOMM STARTTIMER decide 0.1\n", serious(m));
	when(b, m, t, "TIMEOUT nocommwarntime");
	say(b, "err", "msg-nocomm");
	mail(b, m, "UPS out of reach", "msg-nocomm");
	buffer_append_str(b, "\n\tSTARTTIMER nocommwarntime 300\n");
}

static void append_battery(struct buffer *b, const struct mkconf *m, const struct netwire_target *t)
{
	static const char *const triggers[] = {"REPORTS None->RB", "TIMEOUT rbwarntime"};

	for (int level = 1; level <= 3; level++) {
		char trigger[32];

		str_format(trigger, sizeof(trigger), "REPORTS None->LB%d", level);
		when(b, m, t, trigger);
		buffer_append_str(b, " NUTLOG msg-level\n");
	}
	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		when(b, m, t, triggers[i]);
		say(b, "err", "msg-rb");
		mail(b, m, "UPS battery", "msg-rb");
		buffer_append_str(b, "\n\tSTARTTIMER rbwarntime 43200\n");
	}
	when(b, m, t, "REPORTS RB->None");
	buffer_append_str(b, " CANCELTIMER rbwarntime\n");
}

static void append_start(struct buffer *b, const struct mkconf *m, const struct netwire_target *t)
{
	when(b, m, t, "TIMEOUT start");
	buffer_append_str(b, " NUTLOG msg-start");
	mail(b, m, "UPS watch", "msg-start");
	buffer_append_char(b, '\n');
}

/* The dummy UPS that says TICK and TOCK, ten minutes each. */
static void append_heartbeat(struct buffer *b, const struct mkconf *m)
{
	const char *ups = answer(m, ANSWER_HEARTBEAT);
	static const char *const beats[][2] = {{"TICK", "TOCK"}, {"TOCK", "TICK"}};

	if (!*ups)
		return;
	buffer_append_str(b, "\nGROUP HB\n");
	append_server(b, m, &m->ups[0]);
	buffer_appendf(b, "MONITOR %s POWERVAL 0", ups);
	append_login(b, m);
	buffer_append_str(b, "MINSUPPLIES 0\n");
	for (size_t i = 0; i < 2; i++)
		buffer_appendf(
			b,
			"WHEN %s REPORTS None->%s : CANCELTIMER late-%s  STARTTIMER late-%s 660\n",
			ups, beats[i][0], beats[i][1], beats[i][0]);
	for (size_t i = 0; i < 2; i++) {
		buffer_appendf(b, "WHEN %s TIMEOUT late-%s :", ups, beats[i][0]);
		say(b, "crit", "msg-pulse");
		mail(b, m, "UPS heartbeat", "msg-pulse");
		buffer_append_char(b, '\n');
	}
}

bool mkconf_plan(struct buffer *b, const struct mkconf *m)
{
	append_intro(b, m);
	append_texts(b, m);
	append_monitors(b, m);
	for (size_t i = 0; i < m->ups_count; i++) {
		append_mains(b, m, &m->ups[i]);
		append_decisions(b, m, &m->ups[i]);
		append_reach(b, m, &m->ups[i]);
		append_battery(b, m, &m->ups[i]);
		append_start(b, m, &m->ups[i]);
	}
	append_heartbeat(b, m);
	return !b->failed;
}

/* -------------------------------------------------------------------- check */

static void print_problem(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	(void)severity;
	fprintf(stderr, "nut-upsmon-mkconf: %s\n", text);
}

bool mkconf_verify(const struct buffer *b)
{
	int fd = memfd_create("mkconf", MFD_CLOEXEC);
	struct conf_report report = {.emit = print_problem};
	struct upsmon_conf conf = {0};
	bool ok = fd >= 0 && fchmod(fd, 0600) == 0 &&
		  pwrite(fd, b->data, b->len, 0) == (ssize_t)b->len &&
		  groupconf_read_fd(&conf, fd, "the new file", &report) == 0;

	if (!ok)
		perror("nut-upsmon-mkconf: cannot check the new file");
	upsmon_conf_free(&conf);
	if (fd >= 0)
		close(fd);
	return ok && !report.errors && !report.warnings;
}
