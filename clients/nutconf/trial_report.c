#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients/nutconf/trial.h"
#include "clients/nutconf/trial_events.h"
#include "clients/nutconf/trial_values.h"
#include "common/base/str.h"

/* Events further apart than this are not one. */
enum { WINDOW_MS = 60 * 1000 };

enum verdict { SAME = 0, DIFFERENT = 1, NO_TRIAL = 2 };

static void print_time(FILE *out, long long ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[32];
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(out, "%s.%03lld", text, ms % 1000);
}

static void print_span(FILE *out, long long ms)
{
	long long s = ms / 1000;

	if (s >= 2 * 3600)
		fprintf(out, "%lld h %lld min", s / 3600, s / 60 % 60);
	else if (s >= 120)
		fprintf(out, "%lld min", s / 60);
	else
		fprintf(out, "%lld s", s);
}

static void print_head(FILE *out, const struct trial_plan *p, const char *dir)
{
	fprintf(out, "trial in %s: since ", dir);
	print_time(out, p->started_ms);
	fprintf(out, " (");
	print_span(out, trial_now_ms() - p->started_ms);
	fprintf(out, "), %s\n", trial_watcher(dir) ? "running" : "NOT running");
}

/* ----------------------------------------------------------------------- values */

static unsigned print_differences(FILE *out, const struct trial_values *v)
{
	unsigned lasting = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct trial_value *r = &v->rows[i];

		if (!trial_value_lasted(r))
			continue;
		lasting++;
		fprintf(out, "  %s %s: live \"%s\", ours \"%s\", ", r->ups, r->var, r->live,
			r->ours);
		fprintf(out, trial_value_lasts(r) ? "since " : "no more; from ");
		print_time(out, r->lasted_from_ms);
		if (!trial_value_lasts(r)) {
			fprintf(out, " to ");
			print_time(out, r->lasted_to_ms);
		}
		fprintf(out, "\n");
	}
	return lasting;
}

/* The number of lasting differences. */
static unsigned print_values(FILE *out, const struct trial_plan *p, const struct trial_values *v)
{
	fprintf(out, "\nvalues\n  %-20s %10s %10s %10s %10s\n", "UPS", "variables", "looks",
		"passing", "lasting");
	for (size_t u = 0; u < p->count; u++) {
		unsigned vars = 0, looks = 0, passing = 0, lasting = 0;

		for (size_t i = 0; i < v->count; i++) {
			const struct trial_value *r = &v->rows[i];

			if (!str_equal(r->ups, p->upses[u].name))
				continue;
			vars++;
			looks += r->looks;
			lasting += trial_value_lasted(r);
			passing += !trial_value_lasted(r) && r->looks > r->equal;
		}
		fprintf(out, "  %-20s %10u %10u %10u %10u\n", p->upses[u].name, vars, looks,
			passing, lasting);
	}
	fprintf(out,
		"  (Not compared: driver.*, and what can be set or commanded, as a repeater has "
		"none; `trial switch` does.)\n");
	return print_differences(out, v);
}

/* ----------------------------------------------------------------------- events */

struct tally {
	unsigned paired, only_live, only_ours;
	long long worst_ms;
};

static void print_pair(FILE *out, const struct trial_events *e, const struct trial_event *live,
		       struct tally *t)
{
	const struct trial_event *ours = live->other >= 0 ? &e->rows[live->other] : NULL;
	long long late = ours ? ours->ms - live->ms : 0;

	fprintf(out, "  ");
	print_time(out, live->ms);
	fprintf(out, "  %-10s %-16s live by its %s", live->type, live->ups, live->how);
	if (!ours) {
		fprintf(out, ", NOT ours\n");
		t->only_live++;
		return;
	}
	fprintf(out, ", ours %lld.%03lld s %s\n", llabs(late) / 1000, llabs(late) % 1000,
		late < 0 ? "earlier" : "later");
	t->paired++;
	if (llabs(late) > llabs(t->worst_ms))
		t->worst_ms = late;
}

/* What came only after the live side had said FSD was not decided by ours alone. */
static bool follows_fsd(const struct trial_events *e, const struct trial_event *one)
{
	for (size_t i = 0; i < e->count; i++) {
		if (!e->rows[i].ours && str_equal(e->rows[i].type, "FSD") &&
		    e->rows[i].ms <= one->ms && one->ms - e->rows[i].ms < WINDOW_MS)
			return true;
	}
	return false;
}

static void print_ours(FILE *out, const struct trial_events *e, const struct trial_event *one,
		       struct tally *t)
{
	if (str_equal(one->type, "SHUTDOWNCMD")) {
		fprintf(out, "  ");
		print_time(out, one->ms);
		fprintf(out, "  SHUTDOWN of this machine by ours (only noted)%s\n",
			follows_fsd(e, one) ? ", after FSD was seen at the live side"
					    : ", before or without FSD of the live side");
		return;
	}
	/* Of FSD and the end of our own machine the live side need not know. */
	if (one->other >= 0 || !trial_event_counts(one) || str_equal(one->type, "SHUTDOWN"))
		return;
	fprintf(out, "  ");
	print_time(out, one->ms);
	fprintf(out, "  %-10s %-16s ours, NOT live\n", one->type, one->ups);
	t->only_ours++;
}

static struct tally print_events(FILE *out, struct trial_events *e)
{
	struct tally t = {0, 0, 0, 0};

	trial_events_pair(e, WINDOW_MS);
	fprintf(out, "\nevents\n");
	for (size_t i = 0; i < e->count; i++) {
		const struct trial_event *one = &e->rows[i];

		if (one->ours)
			print_ours(out, e, one, &t);
		else
			print_pair(out, e, one, &t);
	}
	if (!e->count)
		fprintf(out,
			"  none: nothing is known of decisions yet. Pull the plug of the UPS for a "
			"minute.\n");
	return t;
}

/* ---------------------------------------------------------------------- verdict */

static bool load(const char *dir, struct trial_plan *p, struct trial_values *v,
		 struct trial_events *e)
{
	char path[PATH_MAX];
	int err = trial_plan_read(p, dir);

	if (err || !p->port) {
		fprintf(stderr, "nutconf: there is no trial in %s: %s\n", dir,
			err ? strerror(err) : "its file is damaged");
		return false;
	}
	if (trial_path(path, sizeof(path), dir, "values"))
		trial_values_read(v, path);
	if (trial_path(path, sizeof(path), dir, "events"))
		trial_events_read(e, path);
	return true;
}

int trial_report_print(const char *dir, FILE *out)
{
	struct trial_values v = {NULL, 0};
	struct trial_events e = {NULL, 0};
	struct trial_plan p;
	int result = NO_TRIAL;

	if (load(dir, &p, &v, &e)) {
		unsigned differences;
		struct tally t;

		print_head(out, &p, dir);
		differences = print_values(out, &p, &v);
		t = print_events(out, &e);
		fprintf(out, "\nverdict\n  values:    %s",
			!v.count      ? "NOT COMPARED yet\n"
			: differences ? "DIFFERENT: "
				      : "equal\n");
		if (differences)
			fprintf(out, "%u lasting\n", differences);
		if (t.only_live || t.only_ours)
			fprintf(out,
				"  decisions: DIFFERENT: %u only live, %u only ours, %u the same\n",
				t.only_live, t.only_ours, t.paired);
		else if (t.paired)
			fprintf(out, "  decisions: the same: %u, at most %lld.%03lld s apart\n",
				t.paired, llabs(t.worst_ms) / 1000, llabs(t.worst_ms) % 1000);
		else
			fprintf(out, "  decisions: none seen\n");
		result = differences || t.only_live || t.only_ours ? DIFFERENT : SAME;
	}
	trial_values_free(&v);
	trial_events_free(&e);
	return result;
}

int trial_status_print(const char *dir, FILE *out)
{
	struct trial_server ours = {"127.0.0.1", 0};
	char live[256], mine[256];
	struct trial_plan p;
	int result = SAME;

	if (trial_plan_read(&p, dir) != 0 || !p.port) {
		fprintf(stderr, "nutconf: there is no trial in %s\n", dir);
		return NO_TRIAL;
	}
	print_head(out, &p, dir);
	ours.port = p.port;
	for (size_t i = 0; i < p.count; i++) {
		const struct trial_ups *u = &p.upses[i];

		if (!trial_ask_status(&u->server, u->ups, live, sizeof(live)))
			str_format(live, sizeof(live), "(%s)", trial_ask_error());
		if (!trial_ask_status(&ours, u->name, mine, sizeof(mine)))
			str_format(mine, sizeof(mine), "(%s)", trial_ask_error());
		fprintf(out, "  %-20s live: %-20s ours: %s\n", u->name, live, mine);
		if (!str_equal(live, mine))
			result = DIFFERENT;
	}
	return result;
}
