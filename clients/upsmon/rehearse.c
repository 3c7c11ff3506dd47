#include "config.h"

#include "clients/upsmon/rehearse.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/brain/brain.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum {
	STEP_MS = 50,
	FAIL_MS = 10000,          /* when the mains fail */
	READ_MS = 1000,           /* how often a UPS is heard */
	AFTER_MS = 5 * 60 * 1000, /* how long it is looked on after power is back */
	FSD_MS = 1000,            /* a primary elsewhere sets FSD so long after LB */
	HOOKS_MS = 1000,          /* what hooks take in this play */
};

struct fsd {
	bool set;     /* the server does not forget it */
	bool pending; /* we asked for it, and hear of it at the next step */
};

struct play {
	const struct upsmon_conf *conf;
	const struct rehearse_options *options;
	FILE *out;
	struct brain *brain;
	long long now_ms;
	long long *low_ms; /* since when each UPS says LB; -1 = it does not */
	struct fsd *fsd;   /* of each UPS */
	size_t logins_pending;
	long long hooks_ms;    /* when they end; -1 = they do not run */
	long long executed_ms; /* -1 = not yet */
};

/* ----------------------------------------------------------------- timeline */

__attribute__((format(printf, 2, 3))) static void say(struct play *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(p->out, "%3lld:%02lld.%lld  ", p->now_ms / 60000, p->now_ms / 1000 % 60,
		p->now_ms / 100 % 10);
	va_start(ap, fmt);
	vfprintf(p->out, fmt, ap);
	va_end(ap);
	fputc('\n', p->out);
}

static void note_log(void *arg, enum log_level level, const char *token, const char *text)
{
	struct play *p = arg;

	if (level != LOG_L_DEBUG && level != LOG_L_INFO)
		say(p, "%s: %s", token, text);
}

/* --------------------------------------------------------------------- acts */

static void deliver(void *arg, const struct delivery *d)
{
	struct play *p = arg;

	if (d->kind == DELIVERY_MAIL)
		say(p, "MAIL to %s, \"%s\": %s", d->mail.to, d->mail.subject, d->text);
	else if (d->kind == DELIVERY_EXEC)
		say(p, "EXEC %s with NOTIFYTYPE=%s UPSNAME=%s: %s", d->argv[0], d->type, d->ups,
		    d->text);
	else
		say(p, "%s: %s", d->kind == DELIVERY_LOG ? "SYSLOG" : delivery_name(d->kind),
		    d->text);
}

static bool send_fsd(void *arg, size_t ups)
{
	struct play *p = arg;

	say(p, "FSD is set on UPS %s: secondaries shut down", p->conf->ups[ups].system);
	p->fsd[ups] = (struct fsd){.set = true, .pending = true};
	return true;
}

static bool ask_logins(void *arg, size_t ups)
{
	struct play *p = arg;

	(void)ups;
	p->logins_pending++;
	return true;
}

static void decided(void *arg, int command, long limit_s)
{
	(void)command;
	say(arg, "the shutdown is decided, the command runs in %ld s at the latest", limit_s);
}

static void run_hooks(void *arg, long limit_s)
{
	struct play *p = arg;

	say(p, "hooks of %s run, for %ld s at most", p->conf->hook_dir, limit_s);
	p->hooks_ms = p->now_ms + HOOKS_MS;
}

static void execute(void *arg, int command)
{
	struct play *p = arg;

	if (p->conf->powerdown_flag)
		say(p, "POWERDOWNFLAG %s is written", p->conf->powerdown_flag);
	if (command >= 0 && (size_t)command < p->conf->command_count)
		say(p, "SHUTDOWNCMD: %s", p->conf->commands[command]);
	else
		say(p, "there is no SHUTDOWNCMD: nothing is run");
	p->executed_ms = p->now_ms;
}

static void wake(void *arg, const char *target)
{
	say(arg, "a magic packet wakes %s", target);
}

/* --------------------------------------------------------------- the devices */

static bool mains_off(const struct play *p, size_t ups)
{
	const struct rehearse_options *o = p->options;

	return p->now_ms >= FAIL_MS && p->now_ms < FAIL_MS + o->outage_s * 1000LL &&
	       (!o->only || str_equal(o->only, p->conf->ups[ups].system));
}

/* Percent left of a battery that fails with the mains. A charge that comes back slowly is no part
 * of the play. */
static double charge_of(const struct play *p, size_t ups)
{
	double used = (double)(p->now_ms - FAIL_MS) / (double)(p->options->battery_s * 10);

	if (!mains_off(p, ups))
		return 100;
	return used < 100 ? 100 - used : 0;
}

static void read_one(struct play *p, size_t ups)
{
	bool off = mains_off(p, ups);
	double charge = charge_of(p, ups);
	char charge_text[32], runtime_text[32], status[64];
	struct monitor_reading r = {
		.status = status, .charge = charge_text, .runtime = runtime_text};
	bool low = off && charge <= (double)p->options->low;

	if (!low)
		p->low_ms[ups] = -1;
	else if (p->low_ms[ups] < 0)
		p->low_ms[ups] = p->now_ms;
	if (low && !p->conf->ups[ups].primary && p->now_ms - p->low_ms[ups] >= FSD_MS)
		p->fsd[ups].set = true;
	str_format(status, sizeof(status), "%s%s%s", off ? "OB DISCHRG" : "OL", low ? " LB" : "",
		   p->fsd[ups].set ? " FSD" : "");
	str_format(charge_text, sizeof(charge_text), "%.0f", charge);
	str_format(runtime_text, sizeof(runtime_text), "%.0f",
		   charge * (double)p->options->battery_s / 100);
	brain_read(p->brain, ups, &r, p->now_ms);
}

static bool is_empty(const struct play *p)
{
	for (size_t i = 0; i < p->conf->ups_count; i++)
		if (p->conf->ups[i].power && (!mains_off(p, i) || charge_of(p, i) > 0))
			return false;
	return true;
}

/* ------------------------------------------------------------------ the play */

static void answer_fsd(struct play *p, size_t ups)
{
	if (!p->fsd[ups].pending)
		return;
	p->fsd[ups].pending = false;
	brain_fsd_set(p->brain, ups);
	brain_fsd_answered(p->brain, true, p->now_ms);
}

static void answer(struct play *p)
{
	for (size_t i = 0; i < p->conf->ups_count; i++)
		answer_fsd(p, i);
	for (; p->logins_pending; p->logins_pending--)
		brain_logins_answered(p->brain, 0, p->now_ms);
	if (p->hooks_ms >= 0 && p->now_ms >= p->hooks_ms) {
		p->hooks_ms = -1;
		brain_hooks_ended(p->brain, p->now_ms);
	}
}

/* In the weakest battery of those that feed this host. */
static double charge_left(const struct play *p)
{
	double least = 100;

	for (size_t i = 0; i < p->conf->ups_count; i++)
		if (p->conf->ups[i].power && charge_of(p, i) < least)
			least = charge_of(p, i);
	return least;
}

static int tell_end(struct play *p)
{
	long long passed_s = (p->executed_ms - FAIL_MS) / 1000;

	fputc('\n', p->out);
	if (p->executed_ms >= 0) {
		fprintf(p->out,
			"This host is shut down %lld min %lld s after the failure, with %.0f %% "
			"left "
			"in the battery.\n",
			passed_s / 60, passed_s % 60, charge_left(p));
		return EXIT_SUCCESS;
	}
	if (is_empty(p)) {
		fprintf(p->out,
			"The battery is EMPTY %lld min after the failure, and this host was "
			"not shut down.\n",
			(p->now_ms - FAIL_MS) / 60000);
		return EXIT_FAILURE;
	}
	fprintf(p->out, "Power was back after %ld s, and this host stayed up.\n",
		p->options->outage_s);
	return EXIT_SUCCESS;
}

static void step(struct play *p)
{
	const struct rehearse_options *o = p->options;

	if (p->now_ms == FAIL_MS)
		say(p, "--- the mains fail%s%s", o->only ? " at " : "", o->only ? o->only : "");
	if (p->now_ms == FAIL_MS + o->outage_s * 1000LL)
		say(p, "--- the mains are back");
	for (size_t i = 0; p->now_ms % READ_MS == 0 && i < p->conf->ups_count; i++)
		read_one(p, i);
	answer(p);
	brain_turn(p->brain, p->now_ms);
}

/* Until power was back for long enough to see what follows from it. */
static long long end_of(const struct upsmon_conf *conf, const struct rehearse_options *o)
{
	long long after_ms = AFTER_MS;

	if (conf->wake_count)
		after_ms += (conf->policy.wake_stable + conf->wakes[conf->wake_count - 1].after) *
			    1000LL;
	return FAIL_MS + o->outage_s * 1000LL + after_ms;
}

int rehearse_run(const struct upsmon_conf *conf, const struct rehearse_options *o, FILE *out)
{
	static const struct brain_acts acts = {
		.deliver = deliver,
		.send_fsd = send_fsd,
		.ask_logins = ask_logins,
		.decided = decided,
		.run_hooks = run_hooks,
		.execute = execute,
		.wake = wake,
	};
	struct play p = {.conf = conf, .options = o, .out = out, .hooks_ms = -1, .executed_ms = -1};
	long long end_ms = end_of(conf, o);
	int result = EXIT_FAILURE;

	p.low_ms = calloc(conf->ups_count + 1, sizeof(*p.low_ms));
	p.fsd = calloc(conf->ups_count + 1, sizeof(*p.fsd));
	p.brain = brain_new(&acts, &p, 0);
	if (!p.low_ms || !p.fsd || !p.brain || !brain_adopt(p.brain, conf, 0)) {
		log_error("rehearse", "out of memory");
		goto out;
	}
	log_set_sink(note_log, &p);
	brain_begin(p.brain, 0);
	for (; p.now_ms < end_ms && p.executed_ms < 0; p.now_ms += STEP_MS) {
		step(&p);
		if (is_empty(&p))
			break;
	}
	log_set_sink(NULL, NULL);
	result = tell_end(&p);
out:
	brain_free(p.brain);
	free(p.low_ms);
	free(p.fsd);
	return result;
}
