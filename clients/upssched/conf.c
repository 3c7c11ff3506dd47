#include "config.h"

#include "clients/upssched/conf.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/upsmon/brain/notice.h"
#include "common/base/command.h"
#include "common/base/directives.h"
#include "common/base/str.h"

enum {
	SECONDS_MAX = 100 * 1000 * 1000,
	RULES_MAX = 10000,
	NAME_MAX_BYTES = 255, /* NUT's daemon cuts its words at 512 */
};

static void warn_surplus(const struct directive_line *l, size_t wanted)
{
	if (l->count > wanted)
		conf_warning(l->report, l->at, "put words that belong together into quotes",
			     "\"%s\" and what follows is ignored", l->words[wanted]);
}

/* -------------------------------------------------------------- directives */

static void warn_repeated(const struct directive_line *l, bool repeated)
{
	if (repeated)
		conf_warning(l->report, l->at, "keep one of the lines",
			     "%s is there twice, the last one counts", l->words[0]);
}

static void take_script(const struct directive_line *l)
{
	struct upssched_conf *conf = l->conf;
	char **script = command_new(l->count - 1, l->words + 1);

	warn_repeated(l, conf->script != NULL);
	if (!script) {
		directive_no_memory(l);
		return;
	}
	command_free(conf->script);
	conf->script = script;
	if (strchr(script[0], '/') && access(script[0], X_OK) != 0)
		conf_warning(l->report, l->at, "is it there, and chmod +x?",
			     "CMDSCRIPT %s cannot be run: %s", script[0], strerror(errno));
}

static void take_path(const struct directive_line *l, char **path)
{
	const char *value = l->words[1];

	warn_repeated(l, *path != NULL);
	warn_surplus(l, 2);
	if (!*value)
		conf_error(l->report, l->at, NULL, "%s wants a file name", l->words[0]);
	else if (!str_replace(path, value))
		directive_no_memory(l);
	else if (*value != '/')
		conf_warning(l->report, l->at, "begin it with /",
			     "%s %s is another file in each folder", l->words[0], value);
}

static void take_pipe(const struct directive_line *l)
{
	struct upssched_conf *conf = l->conf;
	enum { PATH_BYTES = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1 };

	take_path(l, &conf->pipe);
	if (strlen(l->words[1]) <= PATH_BYTES)
		return;
	conf_error(l->report, l->at, "choose a shorter one",
		   "the name of a socket has at most %d bytes, that of PIPEFN has %zu", PATH_BYTES,
		   strlen(l->words[1]));
	conf->unusable = true;
}

static void take_lock(const struct directive_line *l)
{
	struct upssched_conf *conf = l->conf;

	take_path(l, &conf->lock);
}

/* ---------------------------------------------------------------- AT lines */

static const struct verb_row {
	const char *name;
	enum upssched_verb verb;
	size_t words; /* at most, behind it; the first one is needed */
	bool timed;   /* the second one is its seconds, and needed */
	const char *mend;
} verb_rows[] = {
	{"START-TIMER", UPSSCHED_START, 2, true, "for example AT ONBATT * START-TIMER onbatt 120"},
	{"START-TIMER-SHARED", UPSSCHED_START_SHARED, 2, true,
	 "for example AT ONBATT * START-TIMER-SHARED onbatt 120"},
	{"CANCEL-TIMER", UPSSCHED_CANCEL, 2, false, "for example AT ONLINE * CANCEL-TIMER onbatt"},
	{"CANCEL-TIMER-MATCHED", UPSSCHED_CANCEL_MATCHED, 2, false,
	 "for example AT ONLINE * CANCEL-TIMER-MATCHED onbatt"},
	{"EXECUTE", UPSSCHED_EXECUTE, 1, false, "for example AT LOWBATT * EXECUTE lowbatt"},
};

enum { VERBS = sizeof(verb_rows) / sizeof(verb_rows[0]), AT_WORDS = 4 };

static const struct verb_row *find_verb(const struct directive_line *l)
{
	const char *known[VERBS + 1] = {NULL}, *closest;
	char mend[64];

	for (size_t i = 0; i < VERBS; i++) {
		if (str_equal(verb_rows[i].name, l->words[3]))
			return &verb_rows[i];
		known[i] = verb_rows[i].name;
	}
	closest = str_closest(l->words[3], known);
	str_format(mend, sizeof(mend), "did you mean %s?", closest ? closest : "START-TIMER");
	conf_error(l->report, l->at, mend, "AT knows no %s, the line is ignored", l->words[3]);
	return NULL;
}

/* As NUT reads it: "120s" is 120.  What has no digits would fire at once there. */
static bool read_seconds(const struct directive_line *l, const struct verb_row *v, long *seconds)
{
	const char *text = l->words[AT_WORDS + 1];
	char *end;

	errno = 0;
	*seconds = strtol(text, &end, 10);
	if (end == text || errno == ERANGE || *seconds < 0 || *seconds > SECONDS_MAX) {
		conf_error(l->report, l->at, v->mend,
			   "%s wants seconds from 0 to %d, not \"%s\": the line is ignored",
			   v->name, SECONDS_MAX, text);
		return false;
	}
	if (*end)
		conf_warning(l->report, l->at, "write the number alone",
			     "%s \"%s\" is taken as %ld seconds", v->name, text, *seconds);
	return true;
}

static bool check_name(const struct directive_line *l, const struct verb_row *v, const char *name)
{
	if (strlen(name) <= NAME_MAX_BYTES && (*name || name != l->words[AT_WORDS]))
		return true;
	conf_error(l->report, l->at, v->mend,
		   *name ? "%s: the name is too long, the line is ignored"
			 : "%s wants a name, the line is ignored",
		   v->name);
	return false;
}

static bool check_rule(const struct directive_line *l, const struct verb_row *v, long *seconds)
{
	if (l->count < AT_WORDS + (v->timed ? 2 : 1)) {
		conf_error(l->report, l->at, v->mend, "%s wants %s, the line is ignored", v->name,
			   v->timed ? "a name and seconds" : "a name");
		return false;
	}
	for (size_t i = AT_WORDS; i < l->count && i < AT_WORDS + v->words; i++) {
		if (!check_name(l, v, l->words[i]))
			return false;
	}
	warn_surplus(l, AT_WORDS + v->words);
	return !v->timed || read_seconds(l, v, seconds);
}

static void free_rule(struct upssched_rule *rule)
{
	free(rule->type);
	free(rule->ups);
	free(rule->name);
	free(rule->otherwise);
}

static void add_rule(const struct directive_line *l, const struct verb_row *v, long seconds)
{
	struct upssched_conf *conf = l->conf;
	struct upssched_rule *grown, rule = {.verb = v->verb, .seconds = seconds};
	bool cancel = v->verb == UPSSCHED_CANCEL || v->verb == UPSSCHED_CANCEL_MATCHED;
	const char *otherwise = cancel && l->count > AT_WORDS + 1 && *l->words[AT_WORDS + 1]
					? l->words[AT_WORDS + 1]
					: NULL;

	if (conf->rule_count == RULES_MAX) {
		conf_error(l->report, l->at, NULL, "more than %d AT lines", RULES_MAX);
		return;
	}
	grown = realloc(conf->rules, (conf->rule_count + 1) * sizeof(rule));
	if (grown)
		conf->rules = grown;
	if (!grown || !str_replace(&rule.type, l->words[1]) ||
	    !str_replace(&rule.ups, l->words[2]) || !str_replace(&rule.name, l->words[AT_WORDS]) ||
	    !str_replace(&rule.otherwise, otherwise)) {
		directive_no_memory(l);
		free_rule(&rule);
		return;
	}
	grown[conf->rule_count++] = rule;
}

/* NUT ends at such a line, whatever it is about, and so do we: the order is the language. */
static bool has_what_it_needs(const struct directive_line *l)
{
	struct upssched_conf *c = l->conf;
	const char *missing = !c->script ? "CMDSCRIPT"
			      : !c->pipe ? "PIPEFN"
			      : !c->lock ? "LOCKFN"
					 : NULL;

	if (!missing)
		return true;
	if (!c->missing)
		conf_error(l->report, l->at, "move it above the AT lines",
			   "AT without a %s above it", missing);
	if (!c->missing)
		c->missing = missing;
	c->unusable = true;
	return false;
}

static void take_at(const struct directive_line *l)
{
	const struct verb_row *v;
	long seconds = 0;
	enum notice n;

	if (!has_what_it_needs(l))
		return;
	if (l->count < AT_WORDS) {
		conf_error(l->report, l->at, verb_rows[0].mend,
			   "AT wants a notify type, a UPS, and what to do: the line is ignored");
		return;
	}
	v = find_verb(l);
	if (!v || !check_rule(l, v, &seconds))
		return;
	/* Another upsmon may know more of them, so the line stays. */
	if (!notice_find(l->words[1], &n))
		conf_unknown(l->report, l->at, l->words[1], notice_names());
	add_rule(l, v, seconds);
}

static const struct directive rows[] = {
	{"CMDSCRIPT", 0, DIRECTIVE_BY(take_script)},
	{"PIPEFN", 1, DIRECTIVE_BY(take_pipe)},
	{"LOCKFN", 1, DIRECTIVE_BY(take_lock)},
	{DIRECTIVE_DEBUG_MIN(struct upssched_conf, debug_min)},
	{"AT", 0, DIRECTIVE_BY(take_at)},
};

/* ------------------------------------------------------------------- whole */

/* Who may write there can put a socket of their own in place of the daemon's. */
static void check_folder(const char *name, const char *path, const struct conf_where *file,
			 struct conf_report *r)
{
	char folder[PATH_MAX], *slash;
	struct stat st;

	if (!str_copy(folder, sizeof(folder), path) || !(slash = strrchr(folder, '/')))
		return;
	slash[slash == folder] = '\0';
	if (stat(folder, &st) != 0)
		conf_warning(r, file, "make it, and give it to the user that upsmon runs as",
			     "the folder of %s, %s: %s", name, folder, strerror(errno));
	else if (st.st_mode & S_IWOTH)
		conf_warning(r, file, "take one that only the user of upsmon may write to",
			     "everybody may write to the folder of %s, %s", name, folder);
}

static bool is_cancelled(const struct upssched_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->rule_count; i++) {
		const struct upssched_rule *rule = &conf->rules[i];

		if ((rule->verb == UPSSCHED_CANCEL || rule->verb == UPSSCHED_CANCEL_MATCHED) &&
		    str_equal(rule->name, name))
			return true;
	}
	return false;
}

/* A shutdown that was put off for two minutes comes although the power is back. */
static void check_battery_timers(const struct upssched_conf *conf, const struct conf_where *file,
				 struct conf_report *r)
{
	for (size_t i = 0; i < conf->rule_count; i++) {
		const struct upssched_rule *rule = &conf->rules[i];

		if ((rule->verb == UPSSCHED_START || rule->verb == UPSSCHED_START_SHARED) &&
		    str_caseequal(rule->type, "ONBATT") && !is_cancelled(conf, rule->name))
			conf_warning(r, file, "add a line with ONLINE and CANCEL-TIMER",
				     "timer %s is started by ONBATT, and nothing cancels it",
				     rule->name);
	}
}

static void check_whole(struct upssched_conf *conf, const char *path, struct conf_report *r)
{
	struct conf_where file = {.file = path};

	if (conf->pipe && str_equal(conf->pipe, conf->lock)) {
		conf_error(r, &file, "give each a name of its own",
			   "PIPEFN and LOCKFN are the same file");
		conf->unusable = true;
	}
	if (conf->pipe)
		check_folder("PIPEFN", conf->pipe, &file, r);
	if (conf->lock)
		check_folder("LOCKFN", conf->lock, &file, r);
	check_battery_timers(conf, &file, r);
	if (!conf->rule_count && !conf->unusable)
		conf_warning(r, &file, verb_rows[0].mend, "no AT line that can be used");
}

int upssched_conf_read(struct upssched_conf *conf, const char *path, struct conf_report *r)
{
	struct directives table = {rows, sizeof(rows) / sizeof(rows[0]), conf, CONF_WARNING, NULL,
				   false};
	int err;

	*conf = (struct upssched_conf){.debug_min = -1};
	err = conffile_read_lines(path, directives_line, &table, r);
	if (err)
		return err;
	check_whole(conf, path, r);
	return 0;
}

void upssched_conf_free(struct upssched_conf *conf)
{
	command_free(conf->script);
	free(conf->pipe);
	free(conf->lock);
	for (size_t i = 0; i < conf->rule_count; i++)
		free_rule(&conf->rules[i]);
	free(conf->rules);
	*conf = (struct upssched_conf){0};
}

bool upssched_rule_matches(const struct upssched_rule *rule, const char *type, const char *ups)
{
	return str_caseequal(rule->type, type) &&
	       (str_equal(rule->ups, "*") || str_equal(rule->ups, ups));
}
