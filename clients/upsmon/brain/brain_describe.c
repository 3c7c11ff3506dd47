/*
 * brain_describe: what `upsmon -c status` shows: every UPS, the timers that
 * run, and what would happen next, and when, if nothing changed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/brain/brain_impl.h"
#include "common/base/json.h"
#include "common/base/str.h"
#include "common/ups/status.h"

static const char *const comm_words[] = {
	[MONITOR_NEW] = "new", [MONITOR_OK] = "ok", [MONITOR_LOST] = "lost"};

static const char *const phase_words[] = {
	[SHUTDOWN_IDLE] = "none",
	[SHUTDOWN_FSD] = "setting FSD",
	[SHUTDOWN_SYNC] = "waiting for secondaries",
	[SHUTDOWN_FINAL] = "final delay and hooks",
	[SHUTDOWN_RUN] = "the shutdown command runs",
};

/* What comes next by itself. */
struct forecast {
	long long ms; /* from now; MONITOR_NEVER = nothing */
	char text[512];
};

static void keep_sooner(struct forecast *f, long long ms, const char *text)
{
	if (f->ms != MONITOR_NEVER && f->ms <= ms)
		return;
	f->ms = ms > 0 ? ms : 0;
	str_copy(f->text, sizeof(f->text), text);
}

/* What the rules for a timer would do, "WALL, SHUTDOWNCMD". */
static void append_verbs(const struct brain *b, const struct timer *t, struct buffer *out)
{
	const char *comma = "";

	for (size_t i = 0; i < b->conf->book.count; i++) {
		const struct rule *r = &b->conf->book.rules[i];

		if (r->trigger != TRIGGER_TIMEOUT || !str_equal(r->timer, t->name) ||
		    !str_equal(b->ups[r->ups].monitor.system, t->owner))
			continue;
		for (size_t k = 0; k < r->action_count; k++) {
			buffer_appendf(out, "%s%s", comma, verb_name(r->actions[k].verb));
			comma = ", ";
		}
	}
}

static void forecast_timer(const struct brain *b, struct forecast *f)
{
	struct buffer text = {.max = 4096};

	if (!b->timers.count)
		return;
	buffer_appendf(&text, "timer %s of %s runs out: ", b->timers.list[0].name,
		       b->timers.list[0].owner);
	append_verbs(b, &b->timers.list[0], &text);
	keep_sooner(f, b->timers.list[0].due_ms - b->now_ms, buffer_string(&text));
	buffer_free(&text);
}

/* Whether the host would still be fed if that UPS were critical too. */
static bool would_shut_down(const struct brain *b, size_t ups)
{
	long have = 0;

	for (size_t i = 0; i < b->count; i++)
		if (i != ups &&
		    !rule_is_critical(rules_judge(&b->ups[i].monitor, &b->conf->policy, b->now_ms)))
			have += b->ups[i].monitor.power;
	return have < b->conf->policy.min_supplies;
}

static void forecast_rules(const struct brain *b, struct forecast *f)
{
	for (size_t i = 0; i < b->count && b->conf->classic; i++) {
		enum ruling then = RULE_NOT_LOW;
		long long ms = rules_next(&b->ups[i].monitor, &b->conf->policy, b->now_ms, &then);
		char text[512];

		if (ms == MONITOR_NEVER)
			continue;
		str_format(text, sizeof(text), "UPS %s: %s%s", b->ups[i].monitor.system,
			   rule_text(then),
			   rule_is_critical(then) && would_shut_down(b, i)
				   ? ": this host shuts down"
				   : "");
		keep_sooner(f, ms - b->now_ms, text);
	}
}

static void forecast_shutdown(const struct brain *b, struct forecast *f)
{
	static const char *const texts[] = {
		[SHUTDOWN_FSD] = "no answer about FSD is waited for any more",
		[SHUTDOWN_SYNC] = "secondaries are counted once more, or have had their HOSTSYNC",
		[SHUTDOWN_FINAL] = "the shutdown command runs",
	};
	long long due = shutdown_due_ms(&b->shutdown);

	if (due >= 0)
		keep_sooner(f, due - b->now_ms, texts[b->shutdown.phase]);
}

static struct forecast forecast(const struct brain *b)
{
	struct forecast f = {.ms = MONITOR_NEVER};
	long long wake = brain_wake_due_ms(b);

	if (b->shutdown.phase != SHUTDOWN_IDLE) {
		forecast_shutdown(b, &f);
		return f;
	}
	forecast_rules(b, &f);
	forecast_timer(b, &f);
	if (wake != MONITOR_NEVER)
		keep_sooner(&f, wake - b->now_ms, "other machines are woken");
	return f;
}

/* One that waits for readings after a sleep has no time left, not less. */
static double seconds_left(const struct brain *b, const struct timer *t)
{
	return t->due_ms > b->now_ms ? (double)(t->due_ms - b->now_ms) / 1000 : 0;
}

/* --------------------------------------------------------------------- text */

static void describe_text(const struct brain *b, struct buffer *out)
{
	struct forecast f = forecast(b);

	for (size_t i = 0; i < b->count; i++) {
		rules_explain(out, &b->ups[i].monitor, &b->conf->policy, b->now_ms);
		buffer_append_char(out, '\n');
	}
	for (size_t i = 0; i < b->timers.count; i++) {
		const struct timer *t = &b->timers.list[i];

		buffer_appendf(out, "timer %s of %s: %.1f s left: ", t->name, t->owner,
			       seconds_left(b, t));
		append_verbs(b, t, out);
		buffer_append_char(out, '\n');
	}
	buffer_appendf(out, "shutdown: %s\n", phase_words[b->shutdown.phase]);
	if (f.ms == MONITOR_NEVER)
		buffer_append_str(out, "next: nothing, unless a UPS changes\n");
	else
		buffer_appendf(out, "next: in %.1f s: %s\n", (double)f.ms / 1000, f.text);
}

/* --------------------------------------------------------------------- JSON */

static void append_member(struct buffer *out, const char *name, const char *text)
{
	buffer_appendf(out, "\"%s\": ", name);
	json_append_string(out, text);
}

static void append_number(struct buffer *out, const char *name, double value)
{
	if (value >= 0)
		buffer_appendf(out, ", \"%s\": %.10g", name, value);
	else
		buffer_appendf(out, ", \"%s\": null", name);
}

static double seconds_since(const struct brain *b, long long ms)
{
	return ms == MONITOR_NEVER ? -1 : (double)(b->now_ms - ms) / 1000;
}

static void append_status(struct buffer *out, const struct monitor *m)
{
	const char *comma = "";

	buffer_append_str(out, ", \"status\": [");
	for (int i = 0; i < 32; i++) {
		const char *word = m->flags & (uint32_t)1 << i
					   ? status_word((enum status_bit)((uint32_t)1 << i))
					   : NULL;

		if (!word)
			continue;
		buffer_append_str(out, comma);
		json_append_string(out, word);
		comma = ", ";
	}
	buffer_append_char(out, ']');
}

static void append_ups(const struct brain *b, const struct brain_ups *u, struct buffer *out)
{
	const struct monitor *m = &u->monitor;
	enum ruling r = rules_judge(m, &b->conf->policy, b->now_ms);

	buffer_append_str(out, "{");
	append_member(out, "ups", m->system);
	buffer_append_str(out, ", ");
	append_member(out, "role", m->primary ? "primary" : "secondary");
	append_number(out, "power", (double)m->power);
	buffer_append_str(out, ", ");
	append_member(out, "communication", comm_words[m->comm]);
	append_status(out, m);
	append_number(out, "heard_s", seconds_since(b, m->heard_ms));
	append_number(out, "on_battery_s", seconds_since(b, m->ob_ms));
	append_number(out, "low_s", seconds_since(b, m->low_ms));
	append_number(out, "charge", m->charge);
	append_number(out, "runtime_s", m->runtime);
	buffer_appendf(out, ", \"critical\": %s, ", rule_is_critical(r) ? "true" : "false");
	append_member(out, "rule", rule_text(r));
	buffer_append_str(out, "}");
}

static void append_timer(const struct brain *b, const struct timer *t, struct buffer *out)
{
	struct buffer verbs = {.max = 4096};

	append_verbs(b, t, &verbs);
	buffer_append_str(out, "{");
	append_member(out, "timer", t->name);
	buffer_append_str(out, ", ");
	append_member(out, "ups", t->owner);
	append_number(out, "left_s", seconds_left(b, t));
	buffer_append_str(out, ", ");
	append_member(out, "then", buffer_string(&verbs));
	buffer_append_str(out, "}");
	buffer_free(&verbs);
}

static void describe_json(const struct brain *b, struct buffer *out)
{
	struct forecast f = forecast(b);

	buffer_append_str(out, "{\"ups\": [");
	for (size_t i = 0; i < b->count; i++) {
		buffer_append_str(out, i ? ",\n  " : "\n  ");
		append_ups(b, &b->ups[i], out);
	}
	buffer_append_str(out, "\n], \"timers\": [");
	for (size_t i = 0; i < b->timers.count; i++) {
		buffer_append_str(out, i ? ",\n  " : "\n  ");
		append_timer(b, &b->timers.list[i], out);
	}
	buffer_append_str(out, b->timers.count ? "\n], " : "], ");
	append_member(out, "shutdown", phase_words[b->shutdown.phase]);
	buffer_append_str(out, ", \"next\": ");
	if (f.ms == MONITOR_NEVER) {
		buffer_append_str(out, "null}\n");
		return;
	}
	buffer_appendf(out, "{\"in_s\": %.3f, ", (double)f.ms / 1000);
	append_member(out, "what", f.text);
	buffer_append_str(out, "}}\n");
}

void brain_describe(const struct brain *b, struct buffer *out, bool json, long long now_ms)
{
	/* A look is no event: the brain's own time stays where it was. */
	struct brain view = *b;

	view.now_ms = now_ms;
	if (json)
		describe_json(&view, out);
	else
		describe_text(&view, out);
}
