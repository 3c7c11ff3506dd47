/*
 * mkconf_answers: what has to be known for a file, how it is asked, and what is
 * an answer to it.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/prompt.h"
#include "clients/upsmon/conf/groupconf.h"
#include "clients/upsmon/conf/grouplex.h"
#include "clients/upsmon/conf/mkconf.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum { GRACE_MIN = 10, SECONDS_MAX = 24 * 3600, FINAL_DELAY_WITH_SECONDARIES = 15 };

/* ------------------------------------------------------------ what is allowed */

/* A text that quotes of the language can hold. */
static const char *wrong_text(const char *text)
{
	for (const char *p = text; *p; p += str_utf8_length(p)) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || !str_utf8_length(p))
			return "control characters, and what is not UTF-8, cannot be written";
	}
	return NULL;
}

static const char *wrong_needed(const char *text)
{
	return *text ? wrong_text(text) : "there must be something";
}

static const char *wrong_plan(const char *text)
{
	return str_equal(text, "timed") || str_equal(text, "standard") ? NULL : "standard or timed";
}

static const char *wrong_role(const char *text)
{
	return str_equal(text, "primary") || str_equal(text, "secondary") ? NULL
									  : "primary or secondary";
}

static const char *wrong_yes(const char *text)
{
	bool yes;

	return str_to_bool(text, &yes) ? NULL : "yes or no";
}

/* Of the words that the language has for names, and no other. */
static const char *wrong_name(const char *text)
{
	return !*text || grouplex_is(text, GROUP_NAME) || grouplex_is(text, GROUP_WORD)
		       ? NULL
		       : "a name is made of letters, digits and . _ % + -";
}

static const char *wrong_ups(const char *text)
{
	char *copy = str_dup(text), *rest = NULL;
	const char *why = copy && *copy ? NULL : "there must be something";

	for (char *word = copy ? strtok_r(copy, " \t", &rest) : NULL; word && !why;
	     word = strtok_r(NULL, " \t", &rest)) {
		struct netwire_target t;

		if (netwire_parse_target(word, &t, &why))
			why = wrong_name(t.ups);
	}
	free(copy);
	return why;
}

static const char *wrong_host(const char *text)
{
	return !*text || strpbrk(text, "@\"' \t") ? "a host name or address" : wrong_text(text);
}

static const char *wrong_port(const char *text)
{
	long port;

	return str_to_long(text, 1, 65535, &port) ? NULL : "a number from 1 to 65535";
}

static const char *wrong_seconds(const char *text)
{
	long seconds;

	return str_to_long(text, 1, SECONDS_MAX, &seconds) ? NULL : "seconds, from 1 to 86400";
}

static const char *wrong_grace(const char *text)
{
	long seconds;

	return str_to_long(text, GRACE_MIN, SECONDS_MAX, &seconds) ? NULL
								   : "seconds, from 10 to 86400";
}

static const char *wrong_supplies(const char *text)
{
	long count;

	return str_to_long(text, 1, MKCONF_UPS_MAX, &count) ? NULL : "a number from 1 to 64";
}

static const char *wrong_path(const char *text)
{
	return *text && *text != '/' ? "a whole path, which begins with /" : wrong_text(text);
}

static const char *wrong_address(const char *text)
{
	return strchr(text, '@') && !strpbrk(text, " \t") ? wrong_text(text)
							  : "a mail address, somebody@somewhere";
}

/* ------------------------------------------------------------------- the table */

static bool is_timed(const struct mkconf *m)
{
	return str_equal(m->answers[ANSWER_PLAN], "timed");
}

static bool is_primary(const struct mkconf *m)
{
	return str_equal(m->answers[ANSWER_ROLE], "primary");
}

static size_t count_words(const char *list)
{
	size_t words = 0;

	for (; *list; list += strcspn(list, " \t")) {
		list += strspn(list, " \t");
		words += *list != '\0';
	}
	return words;
}

static bool has_several(const struct mkconf *m)
{
	return m->answers[ANSWER_UPS] && count_words(m->answers[ANSWER_UPS]) > 1;
}

static bool has_mail(const struct mkconf *m)
{
	return m->answers[ANSWER_MAIL_HOST] && *m->answers[ANSWER_MAIL_HOST];
}

/* What a word of --ups means: it may leave the server to --upsdname and --upsdport. */
static void read_target(const struct mkconf *m, const char *word, struct netwire_target *t)
{
	const char *host = m->answers[ANSWER_HOST], *port = m->answers[ANSWER_PORT], *why;
	long number = 0;

	netwire_parse_target(word, t, &why);
	if (strchr(word, '@') || !host)
		return;
	if (port && str_to_long(port, 1, 65535, &number))
		t->port = (unsigned)number;
	/* Brackets belong to the file only. */
	if (host[0] == '[' && host[strlen(host) - 1] == ']')
		str_format(t->host, sizeof(t->host), "%.*s", (int)(strlen(host) - 2), host + 1);
	else
		str_copy(t->host, sizeof(t->host), host);
}

/* Works out the UPSes; more than there is room for are left out. */
static void find_ups(struct mkconf *m)
{
	char *rest = NULL, *list = str_dup(m->answers[ANSWER_UPS]);

	m->ups_count = 0;
	for (char *word = list ? strtok_r(list, " \t", &rest) : NULL;
	     word && m->ups_count < MKCONF_UPS_MAX; word = strtok_r(NULL, " \t", &rest))
		read_target(m, word, &m->ups[m->ups_count++]);
	free(list);
}

static bool lacks_host(const struct mkconf *m)
{
	const char *list = m->answers[ANSWER_UPS];
	size_t ats = 0;

	for (const char *p = list; p && *p; p++)
		ats += *p == '@';
	return !list || count_words(list) != ats;
}

/* What is wrong with an answer beside others. */
static const char *wrong_here(struct mkconf *m, enum answer a, const char *text)
{
	if (a != ANSWER_CERTFILE || *text)
		return NULL;
	find_ups(m);
	for (size_t i = 0; i < m->ups_count; i++) {
		if (!groupconf_host_is_local(m->ups[i].host))
			return "a server on another host needs the file that vouches for it";
	}
	return NULL;
}

static bool is_never_asked(const struct mkconf *m)
{
	(void)m;
	return false;
}

/* In the order of enum answer, which is that of the questions. */
static const struct answer_row {
	const char *option, *argument, *help;
	const char *question; /* "- for none" where an empty answer is one */
	const char *normal;   /* NULL = there is none */
	const char *(*wrong)(const char *text);
	bool (*matters)(const struct mkconf *m); /* NULL = always */
	bool secret;
} rows[ANSWER_COUNT] = {
	[ANSWER_FILE] = {"configurationfile", "FILE", "the file to write (UPSmon.conf)",
			 "Which file is to be written", "", wrong_text, is_never_asked, false},
	[ANSWER_PLAN] =
		{"plan", "PLAN",
		 "timed: shut down after a time on battery, or when the battery is low;\n"
		 "standard: only when the battery is low",
		 "Shut down after some time on battery (timed), or when it is low (standard)",
		 "timed", wrong_plan, NULL, false},
	[ANSWER_UPS] = {"ups", "UPS[@HOST[:PORT]]", "a UPS; may be given several times",
			"Which UPS feeds this machine (blanks between several)", NULL, wrong_ups,
			NULL, false},
	[ANSWER_HOST] = {"upsdname", "HOST", "where its upsd is (localhost)",
			 "On which host is its upsd", "localhost", wrong_host, lacks_host, false},
	[ANSWER_PORT] = {"upsdport", "PORT", "on which port (" NUT_PORT ")", "On which port",
			 NUT_PORT, wrong_port, lacks_host, false},
	[ANSWER_USER] = {"upsduser", "USER", "who upsmon is there", "As which user of upsd.users",
			 "monitor", wrong_needed, NULL, false},
	[ANSWER_PASSWORD] = {"upsdpass", "PASSWORD", "and by which password; see --upsdpass-file",
			     "Password of that user", NULL, wrong_needed, NULL, true},
	[ANSWER_ROLE] = {"role", "ROLE", "primary: the UPS is on this machine; or secondary",
			 "Does this machine talk to the UPS (primary), or another one (secondary)",
			 "primary", wrong_role, NULL, false},
	[ANSWER_SECONDARIES] = {"secondaries", "yes|no",
				"primary: whether other machines live on the UPS (no)",
				"Do other machines live on the UPS, which are to go down first",
				"no", wrong_yes, is_primary, false},
	[ANSWER_SUPPLIES] = {"minsupplies", "N", "how many of several UPSes this machine needs (1)",
			     "How many of them does this machine need", "1", wrong_supplies,
			     has_several, false},
	[ANSWER_CERTFILE] = {"clientcertfile", "FILE",
			     "what vouches for upsd; not needed for this machine",
			     "Which file vouches for upsd's certificate (- for none)", "",
			     wrong_path, NULL, false},
	[ANSWER_GRACE] = {"grace", "SECONDS", "timed: how long on battery (120)",
			  "How many seconds on battery are allowed", "120", wrong_grace, is_timed,
			  false},
	[ANSWER_FINAL_DELAY] = {"finaldelay", "SECONDS",
				"between the last warning and the command (5; 15 with secondaries)",
				NULL, "", wrong_seconds, is_never_asked, false},
	[ANSWER_COMMAND] = {"shutdowncmd", "COMMAND", "how to shut down (/sbin/shutdown -h 0)",
			    "How is this machine shut down", "/sbin/shutdown -h 0", wrong_needed,
			    NULL, false},
	[ANSWER_FLAG] = {"powerdownflag", "FILE", "POWERDOWNFLAG, for upsmon -K", NULL, "",
			 wrong_path, is_never_asked, false},
	[ANSWER_HEARTBEAT] = {"heartbeat", "UPS", "the dummy UPS whose pulse is watched",
			      "Which UPS is a heartbeat (- for none)", "", wrong_name, NULL, false},
	[ANSWER_MAIL_HOST] = {"smtpserver", "HOST", "the relay for mail",
			      "Which host sends mail (- for none)", "", wrong_text, NULL, false},
	[ANSWER_MAIL_PORT] = {"smtpport", "PORT", "its port for TLS (465)", "On which port", "465",
			      wrong_port, has_mail, false},
	[ANSWER_MAIL_USER] = {"smtpuser", "USER", "who upsmon is there", "As which user there",
			      NULL, wrong_needed, has_mail, false},
	[ANSWER_MAIL_PASSWORD] = {"smtppass", "PASSWORD",
				  "and by which password; see --smtppass-file",
				  "Password of that user", NULL, wrong_needed, has_mail, true},
	[ANSWER_MAIL_FROM] = {"emailfrom", "ADDRESS", "whom the mail is from", "Mail comes from",
			      NULL, wrong_address, has_mail, false},
	[ANSWER_MAIL_TO] = {"emailto", "ADDRESS", "whom it is for", "Mail goes to", NULL,
			    wrong_address, has_mail, false},
};

static bool matters(const struct mkconf *m, enum answer a)
{
	return !rows[a].matters || rows[a].matters(m);
}

void mkconf_option_rows(struct option_row *out)
{
	for (int a = 0; a < ANSWER_COUNT; a++)
		out[a] = (struct option_row){.letter = MKCONF_LETTER + a,
					     .name = rows[a].option,
					     .argument = rows[a].argument,
					     .help = rows[a].help};
}

static bool complain(enum answer a, const char *why)
{
	fprintf(stderr, "nut-upsmon-mkconf: --%s: %s\n", rows[a].option, why);
	return false;
}

static void set(struct mkconf *m, enum answer a, const char *text)
{
	if (m->answers[a] && rows[a].secret)
		secret_free(&m->answers[a]);
	if (!str_replace(&m->answers[a], text)) {
		fprintf(stderr, "nut-upsmon-mkconf: out of memory\n");
		exit(1);
	}
}

bool mkconf_take(struct mkconf *m, enum answer a, const char *text)
{
	const char *why =
		strlen(text) > MKCONF_ANSWER_MAX ? "that is too long" : rows[a].wrong(text);
	struct buffer b = {0};

	if (why)
		return complain(a, why);
	if (a == ANSWER_UPS && m->answers[a]) {
		buffer_appendf(&b, "%s %s", m->answers[a], text);
		set(m, a, buffer_string(&b));
		buffer_free(&b);
	} else {
		set(m, a, text);
	}
	return true;
}

/* -------------------------------------------------------------------- asking */

/* One line of standard input without its end; false: there is none. */
static bool read_line(char *line, size_t size)
{
	if (!fgets(line, (int)size, stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static bool ask_once(enum answer a, char *line, size_t size)
{
	const struct answer_row *row = &rows[a];
	bool shown = row->normal && *row->normal;

	if (row->secret) {
		char text[128];

		str_format(text, sizeof(text), "%s: ", row->question);
		return prompt_password(text, line, size);
	}
	printf("%s%s%s%s? ", row->question, shown ? " [" : "", shown ? row->normal : "",
	       shown ? "]" : "");
	fflush(stdout);
	return read_line(line, size);
}

static bool ask(struct mkconf *m, enum answer a)
{
	char line[MKCONF_ANSWER_MAX];
	const char *why;

	do {
		if (!ask_once(a, line, sizeof(line)))
			return false;
		if (!*line && rows[a].normal)
			str_copy(line, sizeof(line), rows[a].normal);
		else if (str_equal(line, "-") && rows[a].normal)
			*line = '\0';
		why = rows[a].wrong(line);
		if (!why)
			why = wrong_here(m, a, line);
		if (why)
			printf("  %s\n", why);
	} while (why);
	set(m, a, line);
	secret_wipe(line, sizeof(line));
	return true;
}

bool mkconf_ask(struct mkconf *m)
{
	for (int a = 0; a < ANSWER_COUNT; a++) {
		if (!m->answers[a] && matters(m, (enum answer)a) && !ask(m, (enum answer)a)) {
			fprintf(stderr, "\nnut-upsmon-mkconf: nothing was written\n");
			return false;
		}
	}
	return true;
}

/* ------------------------------------------------------------------ settling */

static void settle_numbers(struct mkconf *m)
{
	const char *delay = m->answers[ANSWER_FINAL_DELAY];

	m->timed = is_timed(m);
	m->primary = is_primary(m);
	str_to_bool(m->answers[ANSWER_SECONDARIES], &m->secondaries);
	m->secondaries = m->secondaries && m->primary;
	str_to_long(m->answers[ANSWER_SUPPLIES], 1, MKCONF_UPS_MAX, &m->supplies);
	str_to_long(m->answers[ANSWER_GRACE], 1, SECONDS_MAX, &m->grace);
	if (!str_to_long(delay, 1, SECONDS_MAX, &m->final_delay))
		m->final_delay = m->secondaries ? FINAL_DELAY_WITH_SECONDARIES : 5;
}

bool mkconf_settle(struct mkconf *m)
{
	char path[PATH_MAX];
	const char *why;

	if (!m->answers[ANSWER_FILE]) {
		if (!paths_conf_file(path, sizeof(path), "UPSmon.conf"))
			return complain(ANSWER_FILE, "the path is too long");
		set(m, ANSWER_FILE, path);
	}
	for (int a = 0; a < ANSWER_COUNT; a++) {
		if (m->answers[a])
			continue;
		if (rows[a].normal)
			set(m, (enum answer)a, rows[a].normal);
		else if (matters(m, (enum answer)a))
			return complain((enum answer)a, "it is needed");
	}
	settle_numbers(m);
	find_ups(m);
	why = wrong_here(m, ANSWER_CERTFILE, m->answers[ANSWER_CERTFILE]);
	if (why)
		return complain(ANSWER_CERTFILE, why);
	if (count_words(m->answers[ANSWER_UPS]) > MKCONF_UPS_MAX)
		return complain(ANSWER_UPS, "64 UPSes are enough");
	if (m->supplies > (long)m->ups_count)
		return complain(ANSWER_SUPPLIES, "there are not so many UPSes");
	return true;
}

void mkconf_print(const struct mkconf *m)
{
	for (int a = 0; a < ANSWER_COUNT; a++) {
		if (a != ANSWER_FILE && m->answers[a] && *m->answers[a] &&
		    (matters(m, (enum answer)a) || rows[a].matters == is_never_asked))
			printf("  %-18s %s\n", rows[a].option,
			       rows[a].secret ? "(given)" : m->answers[a]);
	}
}

void mkconf_free(struct mkconf *m)
{
	for (int a = 0; a < ANSWER_COUNT; a++)
		secret_free(&m->answers[a]);
}
