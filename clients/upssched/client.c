#include "config.h"

#include "clients/upssched/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clients/upssched/reach.h"
#include "clients/upssched/script.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/talk.h"

static const char token[] = "upssched";

enum {
	EXECUTE_MS =
		60000, /* a script that never ends must not keep the next lines from being done */
	LIST_MS = 10000,
};

static enum wire_verb wire_verb_of(enum upssched_verb verb)
{
	static const enum wire_verb verbs[] = {
		[UPSSCHED_START] = WIRE_START,
		[UPSSCHED_START_SHARED] = WIRE_START_SHARED,
		[UPSSCHED_CANCEL] = WIRE_CANCEL,
		[UPSSCHED_CANCEL_MATCHED] = WIRE_CANCEL_MATCHED,
	};

	return verbs[verb];
}

static bool ask_daemon(const struct upssched_conf *conf, const struct upssched_rule *rule,
		       const struct wire_event *event)
{
	struct wire_request r = {
		.verb = wire_verb_of(rule->verb),
		.name = rule->name,
		.seconds = rule->seconds,
		.command = rule->otherwise ? rule->otherwise : "",
		.has_event = true,
		.event = *event,
	};
	struct buffer answer = {0};
	enum reach_result result = reach_daemon(conf, &r, &answer);

	if (result == REACH_UNKNOWN && r.verb == WIRE_START_SHARED) {
		log_warn(token,
			 "the timer daemon that runs knows no shared timers: %s is started as "
			 "one of its own",
			 rule->name);
		r.verb = WIRE_START;
		result = reach_daemon(conf, &r, &answer);
	}
	if (result == REACH_UNKNOWN)
		log_error(token,
			  "the timer daemon that runs does not understand what to do with %s",
			  rule->name);
	buffer_free(&answer);
	return result == REACH_OK || result == REACH_NOBODY;
}

bool client_act(const struct upssched_conf *conf, const struct wire_event *event)
{
	bool ok = true;

	for (size_t i = 0; i < conf->rule_count; i++) {
		const struct upssched_rule *rule = &conf->rules[i];

		if (!upssched_rule_matches(rule, event->type, event->ups))
			continue;
		if (rule->verb != UPSSCHED_EXECUTE) {
			ok &= ask_daemon(conf, rule, event);
			continue;
		}
		log_info(token, "Executing command: %s", rule->name);
		script_run(conf->script, rule->name, EXECUTE_MS);
	}
	return ok;
}

/* Without the lines around the list. */
static void print_list(const char *text)
{
	static const char begin[] = "BEGIN LIST TIMERS\n", end[] = "END LIST TIMERS\nOK\n";

	if (str_starts(text, begin))
		text += sizeof(begin) - 1;
	for (const char *stop; *text && !str_equal(text, end); text = stop) {
		stop = strchr(text, '\n');
		stop = stop ? stop + 1 : text + strlen(text);
		printf("%.*s", (int)(stop - text), text);
	}
}

bool client_list(const struct upssched_conf *conf)
{
	struct buffer line = {0}, answer = {.max = REACH_ANSWER_MAX};
	enum reach_result result = REACH_FAILED;
	int err = ENOMEM;

	if (wire_append(&line, &(struct wire_request){.verb = WIRE_LIST}))
		err = reach_talk(conf->pipe, &line, 1, talk_deadline(LIST_MS), &answer, &result);
	if (err == ENOENT || err == ECONNREFUSED)
		log_error(token, "no timer runs: nobody serves PIPEFN %s", conf->pipe);
	else if (err)
		log_errno(token, err, "cannot speak to the timer daemon at PIPEFN %s", conf->pipe);
	else if (result != REACH_OK)
		log_error(token, "the timer daemon that runs cannot list its timers");
	else
		print_list(buffer_string(&answer));
	buffer_free(&line);
	buffer_free(&answer);
	return !err && result == REACH_OK;
}
