/*
 * upsmon's brain: bytes become a play of readings, losses, time, restarts and
 * reloads, on a classic site or one in the group language.  It must not crash
 * or hang, never order anything after the command, and never want to be asked
 * without end; what it saves must come back as it was.
 *
 * The first byte is the site; then each line is one thing that happens:
 *
 *   r<n><status>|<charge>|<runtime>|<alarm>   a reading of UPS n
 *   l<n>  lost        h<n>  heard      F<n>  our FSD was taken
 *   t<tenths of a second>              time passes
 *   s  sleep          k  restart       c  reload of the other configuration
 *   x<text>           restart with `text` in place of what was saved; `;` is LF
 *   f  FSD answered   g<others>  logins answered      e  hooks ended
 *   !  by hand        .  told to stop  d  described    T<event>  rehearsed
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/upsmon/brain/brain.h"
#include "common/base/log.h"
#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	LINES_MAX = 300,
	LINE_MAX_BYTES = 2048,
	TURNS_MAX = 3000,
	TICK_MS = 1000,
	PASS_MAX_S = 1800
};

static const char *const texts[] = {
	"MONITOR a 1 u p primary\nMONITOR b@h 1 u p secondary\nMONITOR c 0 u p primary\n"
	"MINSUPPLIES 1\nSHUTDOWNCMD /x\nOBDURATION 300 a\nOBCHARGE 20\nOBRUNTIME 60 b@h\n"
	"OBLBDURATION 3\nSHUTDOWNHOOKS /x 5 50\nWAKEONLAN 52:54:00:00:00:01 127.0.0.1 5\n"
	"WAKEONLAN 52:54:00:00:00:02\nWAKESTABLE 20\nNOTIFYCMD /n\nNOTIFYFLAG ALARM EXEC\n",

	"SMTPSERVER 'm' PORT 465 USER 'u' PASSWORD 'p' LET w = '%(u)s %(c)s %(e)s '\n"
	"GROUP LOCAL CERTFILE '' MONITOR a POWERVAL 1 UPSDUSER u PASSWORD 'p' TYPE primary\n"
	"MONITOR b POWERVAL 1 UPSDUSER u PASSWORD 'p' TYPE secondary MINSUPPLIES 1\n"
	"WHEN a REPORTS OL->OB : STARTTIMER t 5 WALL w EMAIL FROM 'f' TO 't' SUBJECT w MESSAGE w\n"
	"WHEN a REPORTS OB->OL : CANCELTIMER t CANCELTIMER u SYSLOG w NOTIFY w\n"
	"WHEN a TIMEOUT t : STARTTIMER t 0.1 STARTTIMER u 60 IF CHARGE BELOW 50 PRINT w\n"
	"WHEN a TIMEOUT u : IF OL->OB AND ONBATTERY OVER 60 SHUTDOWNCMD '/x' NUTLOG w\n"
	"WHEN b REPORTS None->LS : STARTTIMER t 30 SHELLCMD w WHEN b TIMEOUT t : SETFSD a\n"
	"WHEN b REPORTS None->FSD : SHUTDOWNCMD '/y' WAKE '52:54:00:00:00:01'\n"
	"WHEN b CHARGE BELOW 30 : PRINT w WHEN b RUNTIME BELOW 100 : EPRINT w CANCELTIMER t\n"
	"WHEN a REPORTS None->TICK : STARTTIMER k 9 WHEN a TIMEOUT start : PRINT w\n"
	"GROUP B MONITOR c POWERVAL 0 UPSDUSER u PASSWORD 'p' TYPE primary MINSUPPLIES 0\n"
	"WHEN c REPORTS COMM->NOCOMM : IF NOT RUNTIME BELOW 5 PRINT w DEBUG 0\n",
};

static struct upsmon_conf confs[2];

struct play {
	struct brain *brain;
	size_t conf;
	long long now_ms;
	size_t executed, decided, hooks;
	bool stopped, turned; /* less than TURNS_MAX times are left */
	size_t turns;
};

static void expect(bool ok)
{
	if (!ok)
		abort();
}

/* ---------------------------------------------------------------------- acts */

static void deliver(void *arg, const struct delivery *d)
{
	(void)arg;
	expect(d->text != NULL);
}

static bool send_fsd(void *arg, size_t ups)
{
	struct play *p = arg;

	expect(ups < confs[p->conf].ups_count);
	return ups == 0;
}

static bool ask_logins(void *arg, size_t ups)
{
	struct play *p = arg;

	expect(ups < confs[p->conf].ups_count && !p->executed);
	return ups == 0;
}

static void decided(void *arg, int command, long limit_s)
{
	struct play *p = arg;

	expect(!p->decided++ && !p->stopped && limit_s >= 0 && command >= 0);
}

static void run_hooks(void *arg, long limit_s)
{
	struct play *p = arg;

	expect(!p->hooks++ && p->decided && !p->executed && !p->stopped && limit_s > 0);
}

static void execute(void *arg, int command)
{
	struct play *p = arg;

	expect(!p->executed++ && p->decided && !p->stopped);
	expect(command >= 0 && (size_t)command < confs[p->conf].command_count);
}

static void wake(void *arg, const char *target)
{
	(void)arg;
	expect(*target != '\0');
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

/* ---------------------------------------------------------------------- events */

static void turn(struct play *p)
{
	brain_turn(p->brain, p->now_ms);
	p->turns++;
}

static void pass(struct play *p, long tenths)
{
	long long until = p->now_ms + tenths * 100;
	int at_once = 0;

	while (p->now_ms < until && p->turns < TURNS_MAX) {
		long long due = brain_due_ms(p->brain), next = p->now_ms + TICK_MS;

		if (due != MONITOR_NEVER && due < next)
			next = due;
		at_once = next <= p->now_ms ? at_once + 1 : 0;
		expect(at_once < 20);
		p->now_ms = next > p->now_ms ? next : p->now_ms;
		turn(p);
	}
}

static void make(struct play *p)
{
	p->brain = brain_new(&acts, p, p->now_ms);
	expect(p->brain && brain_adopt(p->brain, &confs[p->conf], p->now_ms));
}

/* Another brain goes on by that text; it is saved again. */
static void go_on(struct play *p, const char *text, struct buffer *again)
{
	brain_free(p->brain);
	make(p);
	brain_restore(p->brain, text, 0, p->now_ms);
	brain_save(p->brain, again, p->now_ms);
}

/* `text` NULL = what was saved.  Whatever it was, it comes back as it is from then on. */
static void restart(struct play *p, const char *text)
{
	struct buffer saved = {0}, first = {0}, second = {0};

	if (brain_phase(p->brain) != SHUTDOWN_IDLE || p->stopped)
		return;
	brain_save(p->brain, &saved, p->now_ms);
	go_on(p, text ? text : buffer_string(&saved), &first);
	go_on(p, buffer_string(&first), &second);
	expect(str_equal(buffer_string(&first), buffer_string(&second)));
	buffer_free(&saved);
	buffer_free(&first);
	buffer_free(&second);
}

static void restart_with(struct play *p, char *text)
{
	for (char *c = text; *c; c++)
		if (*c == ';')
			*c = '\n';
	restart(p, text);
}

static void reload(struct play *p)
{
	if (brain_phase(p->brain) != SHUTDOWN_IDLE)
		return;
	p->conf = !p->conf;
	expect(brain_adopt(p->brain, &confs[p->conf], p->now_ms));
}

static void describe(struct play *p)
{
	struct buffer b = {0};

	brain_describe(p->brain, &b, false, p->now_ms);
	brain_describe(p->brain, &b, true, p->now_ms + 1000);
	expect(!b.failed);
	buffer_free(&b);
}

static void rehearse(struct play *p, const char *event)
{
	struct buffer b = {0};

	brain_test(p->brain, event, NULL, &b, p->now_ms);
	expect(b.len > 0);
	buffer_free(&b);
}

static void read_one(struct play *p, size_t ups, char *text)
{
	char *status = strsep(&text, "|"), *charge = strsep(&text, "|");
	char *runtime = strsep(&text, "|"), *alarm = text;

	if (*status)
		brain_read(p->brain, ups,
			   &(struct monitor_reading){.status = status,
						     .charge = charge,
						     .runtime = runtime,
						     .alarm = alarm,
						     .eco = alarm != NULL},
			   p->now_ms);
}

static long number(const char *text, long max)
{
	long value;

	return str_to_long(text, -1, max, &value) ? value : 1;
}

static void happen_to(struct play *p, char what, char *text)
{
	size_t ups = *text ? (unsigned char)*text % confs[p->conf].ups_count : 0;

	text += *text != '\0';
	if (what == 'r')
		read_one(p, ups, text);
	else if (what == 'l')
		brain_lose(p->brain, ups, p->now_ms);
	else if (what == 'h')
		brain_heard(p->brain, ups, p->now_ms);
	else
		brain_fsd_set(p->brain, ups);
}

static void happen(struct play *p, char *line)
{
	char what = *line ? *line++ : '\0';

	if (strchr("rlhF", what))
		happen_to(p, what, line);
	else if (what == 't')
		pass(p, number(line, PASS_MAX_S * 10));
	else if (what == 's')
		brain_forget(p->brain, p->now_ms);
	else if (what == 'k')
		restart(p, NULL);
	else if (what == 'x')
		restart_with(p, line);
	else if (what == 'c')
		reload(p);
	else if (what == 'f')
		brain_fsd_answered(p->brain, number(line, 2), p->now_ms);
	else if (what == 'g')
		brain_logins_answered(p->brain, number(line, 10), p->now_ms);
	else if (what == 'e')
		brain_hooks_ended(p->brain, p->now_ms);
	else if (what == '!')
		brain_force(p->brain, "by hand", p->now_ms);
	else if (what == 'd')
		describe(p);
	else if (what == 'T')
		rehearse(p, line);
	else if (what == '.') {
		p->stopped = true;
		brain_stop(p->brain);
	}
}

/* ----------------------------------------------------------------------- input */

static void silence(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

static void read_confs(void)
{
	for (size_t i = 0; i < 2 && !confs[i].ups_count; i++) {
		struct conf_report report = {0};
		char path[] = "/tmp/fuzz-brainXXXXXX";
		int fd = mkstemp(path);

		expect(fd >= 0 &&
		       write(fd, texts[i], strlen(texts[i])) == (ssize_t)strlen(texts[i]));
		expect(upsmon_conf_read(&confs[i], path, &report) == 0 && !report.errors);
		close(fd);
		unlink(path);
	}
	log_set_sink(silence, NULL);
}

static bool next_line(const uint8_t **data, size_t *size, char *line)
{
	const uint8_t *end = memchr(*data, '\n', *size);
	size_t len = end ? (size_t)(end - *data) : *size;
	size_t used = len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES - 1;

	if (!*size)
		return false;
	memcpy(line, *data, used);
	line[used] = '\0';
	len += end != NULL;
	*data += len;
	*size -= len;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play p = {.now_ms = 0};
	char line[LINE_MAX_BYTES];

	if (!size)
		return 0;
	read_confs();
	p.conf = *data++ & 1;
	size--;
	make(&p);
	brain_begin(p.brain, p.now_ms);
	for (int i = 0; i < LINES_MAX && next_line(&data, &size, line); i++)
		happen(&p, line);
	pass(&p, 600);
	brain_free(p.brain);
	return 0;
}
