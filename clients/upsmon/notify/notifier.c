#include "config.h"

#include "clients/upsmon/notify/notifier.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/upsmon/notify/courier.h"
#include "clients/upsmon/notify/inhibitor.h"
#include "clients/upsmon/notify/link.h"
#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/net/lineconn.h"
#include "common/net/resolver.h"

enum {
	LEAVE_MS = 60 * 1000, /* for a mail under way, when all else has ended */
	LAST_TURNS = 64,      /* to take what waits in the link */
};

static const char token[] = "notify";

struct notifier {
	struct loop *loop;
	struct courier *courier;
	struct inhibitor *inhibitor; /* NULL when the link is closed */
	struct lineconn *link;       /* NULL when it is closed */
	struct loop_timer *leave;
	struct loop_signal *child_ended;
	pid_t helper; /* that looks names up; 0 = none */
	int status;
};

/* -------------------------------------------------------------------- lines */

static void say(struct lineconn *c, const char *word)
{
	buffer_appendf(lineconn_out(c), "%s\n", word);
}

/* Taken before it is carried out: if we die of it, the next notifier must not try. */
static void take(struct lineconn *c)
{
	say(c, LINK_TAKEN);
	lineconn_flush(c);
}

static void wipe(const struct words *w)
{
	for (size_t i = 0; i < words_count(w); i++)
		secret_wipe(words_all(w)[i], strlen(words_at(w, i)));
}

static void hold_shutdown(struct notifier *n)
{
	inhibitor_hold_shutdown(n->inhibitor, true);
}

static void let_shutdown(struct notifier *n)
{
	inhibitor_hold_shutdown(n->inhibitor, false);
}

static void let_sleep(struct notifier *n)
{
	inhibitor_release(n->inhibitor);
}

/* False: it is no order but a delivery. */
static bool obey(struct notifier *n, const char *word)
{
	static const struct {
		const char *word;
		void (*act)(struct notifier *n);
	} orders[] = {
		{LINK_HOLD_SHUTDOWN, hold_shutdown},
		{LINK_LET_SHUTDOWN, let_shutdown},
		{LINK_SLEEP_READY, let_sleep},
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (!str_equal(orders[i].word, word))
			continue;
		orders[i].act(n);
		return true;
	}
	return false;
}

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct notifier *n = arg;
	struct delivery d;

	if (obey(n, words_at(w, 0)))
		return;
	take(c);
	if (!delivery_parse(w, &d)) {
		log_error(token, "the network process sends nonsense: \"%.32s\"", words_at(w, 0));
		return;
	}
	courier_deliver(n->courier, &d);
	if (d.kind == DELIVERY_MAIL)
		wipe(w);
}

static void on_bad_line(struct lineconn *c, void *arg, enum words_result why, const char *text)
{
	(void)arg, (void)why;
	take(c);
	log_error(token, "the network process sends nonsense: %s", text);
}

/* -------------------------------------------------------------------- sleep */

static void tell_sleep(struct notifier *n, const char *what)
{
	if (!n->link)
		return;
	buffer_appendf(lineconn_out(n->link), "%s %s\n", LINK_SLEEP, what);
	lineconn_flush(n->link);
}

static void on_sleep_begins(void *arg)
{
	tell_sleep(arg, LINK_BEGINS);
}

static void on_sleep_ends(void *arg)
{
	tell_sleep(arg, LINK_ENDS);
}

/* ---------------------------------------------------------------------- end */

static void stop(void *arg)
{
	struct notifier *n = arg;

	loop_stop(n->loop);
}

static void stop_when_left_alone(void *arg)
{
	struct notifier *n = arg;

	if (!n->link)
		loop_stop(n->loop);
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	struct notifier *n = arg;

	(void)why, (void)err;
	lineconn_free(c);
	n->link = NULL;
	/* Nobody is left for whose sake a sleep or a shutdown should wait. */
	inhibitor_free(n->inhibitor);
	n->inhibitor = NULL;
	if (courier_running(n->courier) + courier_waiting(n->courier) == 0)
		loop_stop(n->loop);
	else
		loop_timer_set(n->leave, LEAVE_MS);
}

/* With 0 it has ended because the network process is going, too. */
static void look_after_helper(void *arg)
{
	struct notifier *n = arg;
	int status;

	if (n->helper <= 0 || waitpid(n->helper, &status, WNOHANG) != n->helper)
		return;
	n->helper = 0;
	if (status == 0)
		return;
	log_warn(token, "the process that looks names up has died");
	n->status = 1;
	loop_stop(n->loop);
}

/* What was sent to us already: the next notifier has a link of its own. */
static void take_last_lines(struct notifier *n)
{
	for (int i = 0; n->link && i < LAST_TURNS; i++) {
		struct pollfd in = {.fd = lineconn_fd(n->link), .events = POLLIN};

		if (poll(&in, 1, 0) <= 0)
			break;
		loop_turn(n->loop, 0);
	}
}

/* -------------------------------------------------------------------- start */

/* Those are meant for the others, whose end is ours. */
static void set_signals(void)
{
	static const int deaf_to[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	for (size_t i = 0; i < sizeof(deaf_to) / sizeof(deaf_to[0]); i++)
		signal(deaf_to[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool open_link(struct notifier *n, int fd)
{
	static const struct lineconn_ops ops = {
		.line = on_line, .bad_line = on_bad_line, .closed = on_closed};
	static struct lineconn_limits limits = {.max_backlog = 64 * 1024};

	limits.words = delivery_limits;
	n->link = lineconn_new(n->loop, fd, &ops, &limits, n);
	if (!n->link)
		return false;
	say(n->link, LINK_READY);
	return true;
}

/* Forked before there is a loop, whose descriptors it has no business with. */
static bool start_helper(struct notifier *n, int fd)
{
	if (fd < 0)
		return true;
	n->helper = resolver_serve(fd);
	close(fd);
	return n->helper > 0;
}

static const struct inhibitor_ops sleep_ops = {on_sleep_begins, on_sleep_ends};

static bool start(struct notifier *n, int link_fd, int names_fd)
{
	set_signals();
	prctl(PR_SET_NAME, "upsmon-notify");
	privilege_hide_memory();
	if (!start_helper(n, names_fd))
		return false;
	n->loop = loop_new();
	n->courier = n->loop ? courier_new(n->loop) : NULL;
	if (!n->courier)
		return false;
	n->leave = loop_timer_new(n->loop, stop, n);
	n->child_ended = loop_signal_new(n->loop, SIGCHLD, look_after_helper, n);
	if (!n->leave || !n->child_ended)
		return false;
	courier_when_idle(n->courier, stop_when_left_alone, n);
	n->inhibitor = inhibitor_new(n->loop, &sleep_ops, n);
	if (!n->inhibitor)
		return false;
	/* It may have died before we listened. */
	look_after_helper(n);
	return n->status == 0 && open_link(n, link_fd);
}

static void clean_up(struct notifier *n)
{
	lineconn_free(n->link);
	courier_free(n->courier);
	inhibitor_free(n->inhibitor);
	loop_timer_free(n->leave);
	loop_signal_free(n->child_ended);
	loop_free(n->loop);
}

int notifier_run(int link_fd, int names_fd)
{
	struct notifier n = {.status = 0};

	if (start(&n, link_fd, names_fd)) {
		loop_run(n.loop);
		take_last_lines(&n);
	} else {
		log_errno(token, errno, "cannot start the process that notifies");
		n.status = 1;
	}
	clean_up(&n);
	return n.status;
}
