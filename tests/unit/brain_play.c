#include "config.h"

#include "tests/unit/brain_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/log.h"
#include "common/base/str.h"

enum { BEGAN_MS = 5000000, DENSE_MS = 50, TICK_MS = 1000, AT_ONCE_MAX = 20 };

/* --------------------------------------------------------------------- acts */

__attribute__((format(printf, 2, 3))) static void note(struct brain_play *p, const char *fmt, ...)
{
	va_list ap;

	if (p->said.len)
		buffer_append_str(&p->said, "; ");
	if (p->timed)
		buffer_appendf(&p->said, "%g ", (double)(p->now_ms - p->began_ms) / 1000);
	va_start(ap, fmt);
	buffer_vappendf(&p->said, fmt, ap);
	va_end(ap);
}

static void deliver(void *arg, const struct delivery *d)
{
	struct brain_play *p = arg;

	if (p->quiet)
		return;
	if (d->kind == DELIVERY_LOG)
		note(p, "LOG%d %s", d->priority, d->text);
	else if (d->kind == DELIVERY_MAIL)
		note(p, "MAIL %s:%u %s>%s [%s] %s", d->mail.host, d->mail.port, d->mail.from,
		     d->mail.to, d->mail.subject, d->text);
	else if (d->kind == DELIVERY_EXEC || d->kind == DELIVERY_NUTLOG)
		note(p, "%s %s %s %s: %s", delivery_name(d->kind), d->argc ? d->argv[0] : "-",
		     d->type, d->ups, d->text);
	else
		note(p, "%s %s", delivery_name(d->kind), d->text);
}

static bool send_fsd(void *arg, size_t ups)
{
	struct brain_play *p = arg;

	note(p, "FSD %zu", ups);
	if (p->deaf)
		return false;
	p->fsd_pending++;
	return true;
}

static bool ask_logins(void *arg, size_t ups)
{
	struct brain_play *p = arg;

	(void)ups;
	if (p->deaf)
		return false;
	p->logins_pending++;
	return true;
}

static void decided(void *arg, int command, long limit_s)
{
	note(arg, "DECIDED %d in %ld", command, limit_s);
}

static void run_hooks(void *arg, long limit_s)
{
	struct brain_play *p = arg;

	note(p, "HOOKS %ld", limit_s);
	p->hooks_until_ms = p->hooks_s < 0 ? 0 : p->now_ms + p->hooks_s * 1000LL;
}

static void execute(void *arg, int command)
{
	note(arg, "EXECUTE %d", command);
}

static void wake(void *arg, const char *target)
{
	note(arg, "WAKE %s", target);
}

static const struct brain_acts acts = {
	.deliver = deliver,
	.send_fsd = send_fsd,
	.ask_logins = ask_logins,
	.decided = decided,
	.run_hooks = run_hooks,
	.execute = execute,
	.wake = wake,
};

/* --------------------------------------------------------------------- life */

static void silence(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

static void complain(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	if (severity == CONF_ERROR)
		fprintf(stderr, "%s\n", text);
}

void brain_play_conf(struct upsmon_conf *conf, const char *text)
{
	struct conf_report report = {.emit = complain};
	char path[] = "/tmp/brainXXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(upsmon_conf_read(conf, path, &report), 0);
	unlink(path);
	if (report.errors)
		fail_msg("the test's configuration is wrong:\n%s", text);
}

void brain_play_begin(struct brain_play *p, const char *text)
{
	log_set_sink(silence, NULL);
	*p = (struct brain_play){.began_ms = BEGAN_MS, .now_ms = BEGAN_MS};
	brain_play_conf(&p->conf, text);
	p->brain = brain_new(&acts, p, p->now_ms);
	assert_non_null(p->brain);
	assert_true(brain_adopt(p->brain, &p->conf, p->now_ms));
	brain_begin(p->brain, p->now_ms);
}

void brain_play_end(struct brain_play *p)
{
	brain_free(p->brain);
	upsmon_conf_free(&p->conf);
	buffer_free(&p->said);
}

void brain_play_restart(struct brain_play *p, long long passed_ms)
{
	struct buffer text = {0};

	brain_save(p->brain, &text, p->now_ms);
	brain_free(p->brain);
	p->now_ms += passed_ms;
	p->fsd_pending = p->logins_pending = 0;
	memset(p->heard, 0, sizeof(p->heard));
	p->brain = brain_new(&acts, p, p->now_ms);
	assert_non_null(p->brain);
	assert_true(brain_adopt(p->brain, &p->conf, p->now_ms));
	brain_restore(p->brain, buffer_string(&text), passed_ms, p->now_ms);
	buffer_free(&text);
}

void brain_play_reload(struct brain_play *p, const char *text)
{
	struct upsmon_conf old = p->conf;

	brain_play_conf(&p->conf, text);
	assert_true(brain_adopt(p->brain, &p->conf, p->now_ms));
	upsmon_conf_free(&old);
}

/* -------------------------------------------------------------------- events */

void brain_play_values(struct brain_play *p, size_t ups, const char *status, const char *charge,
		       const char *runtime)
{
	brain_read(
		p->brain, ups,
		&(struct monitor_reading){.status = status, .charge = charge, .runtime = runtime},
		p->now_ms);
	p->heard[ups] = !str_equal(status, "WAIT");
}

void brain_play_read(struct brain_play *p, size_t ups, const char *status)
{
	brain_play_values(p, ups, status, NULL, NULL);
}

void brain_play_lose(struct brain_play *p, size_t ups)
{
	if (p->heard[ups])
		brain_heard(p->brain, ups, p->now_ms);
	p->heard[ups] = false;
	brain_lose(p->brain, ups, p->now_ms);
}

static void answer(struct brain_play *p)
{
	if (p->hooks_until_ms && p->now_ms >= p->hooks_until_ms) {
		p->hooks_until_ms = 0;
		brain_hooks_ended(p->brain, p->now_ms);
	}
	for (; !p->mute && p->fsd_pending; p->fsd_pending--)
		brain_fsd_answered(p->brain, true, p->now_ms);
	for (; !p->mute && p->logins_pending; p->logins_pending--)
		brain_logins_answered(p->brain, p->others, p->now_ms);
}

static void sooner(long long *next, long long ms)
{
	if (ms != MONITOR_NEVER && ms < *next)
		*next = ms;
}

static void turn(struct brain_play *p)
{
	brain_turn(p->brain, p->now_ms);
	answer(p);
}

/* Whatever is due at this moment. */
static void turn_while_due(struct brain_play *p)
{
	for (int i = 0; p->pace != BRAIN_DENSE; i++) {
		long long due = brain_due_ms(p->brain);

		if (due == MONITOR_NEVER || due > p->now_ms)
			return;
		if (i == AT_ONCE_MAX)
			fail_msg("the brain wants to be asked without end");
		turn(p);
	}
}

static long long next_ms(const struct brain_play *p, long long until_ms)
{
	long long next = until_ms;

	if (p->pace == BRAIN_DENSE)
		sooner(&next, p->now_ms + DENSE_MS);
	else
		sooner(&next, brain_due_ms(p->brain));
	if (p->pace == BRAIN_USUAL)
		sooner(&next, p->now_ms + TICK_MS);
	if (p->hooks_until_ms)
		sooner(&next, p->hooks_until_ms);
	return next;
}

void brain_play_pass(struct brain_play *p, double seconds)
{
	long long until = p->now_ms + (long long)(seconds * 1000 + 0.5);

	answer(p);
	if (p->pace == BRAIN_DENSE)
		turn(p);
	turn_while_due(p);
	while (p->now_ms < until) {
		p->now_ms = next_ms(p, until);
		for (size_t i = 0; i < p->conf.ups_count; i++)
			if (p->heard[i])
				brain_heard(p->brain, i, p->now_ms);
		turn(p);
		turn_while_due(p);
	}
}

void brain_play_expect(struct brain_play *p, const char *said)
{
	char *found = str_dup(buffer_string(&p->said));

	buffer_clear(&p->said);
	if (!str_equal(found, said))
		fail_msg("expected: %s\nordered:  %s", said, found);
	free(found);
}
