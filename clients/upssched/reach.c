#include "config.h"

#include "clients/upssched/reach.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/upssched/lock.h"
#include "clients/upssched/timerd.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/talk.h"

static const char token[] = "upssched";

enum {
	PAUSE_MS = 10, /* at first */
	PAUSE_MAX_MS = 250,
	STARTS = 3, /* tries to start a daemon */
};

/* ------------------------------------------------------------- conversation */

/* OK, or ERR and a reason; a timer in a list may have any name, but has tabulators behind it. */
static bool is_answer(const char *line, size_t len)
{
	return (len == 2 && memcmp(line, "OK", 2) == 0) ||
	       (len >= 3 && memcmp(line, "ERR", 3) == 0 && !memchr(line, '\t', len));
}

/* Counts the answers among the whole lines from *seen on. */
static size_t count_answers(const struct buffer *b, size_t *seen, enum reach_result *result)
{
	size_t found = 0;
	const char *end;

	while (*seen < b->len && (end = memchr(b->data + *seen, '\n', b->len - *seen))) {
		const char *line = b->data + *seen;
		size_t len = (size_t)(end - line);

		*seen += len + 1;
		if (!is_answer(line, len))
			continue;
		found++;
		*result = line[0] == 'O'                                  ? REACH_OK
			  : len == 11 && !memcmp(line, "ERR UNKNOWN", 11) ? REACH_UNKNOWN
									  : REACH_FAILED;
	}
	return found;
}

static int await_answers(int fd, size_t answers, long long deadline, struct buffer *b,
			 enum reach_result *result)
{
	size_t seen = b->len, have = 0;

	while (have < answers) {
		char *to = buffer_reserve(b, 4096);
		ssize_t n = to ? talk_receive(fd, to, 4096, deadline) : -1;

		if (!to)
			return ENOBUFS;
		if (n < 0)
			return errno;
		if (n == 0)
			return EPIPE;
		b->len += (size_t)n;
		have += count_answers(b, &seen, result);
	}
	return 0;
}

static bool is_no_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode) && !S_ISLNK(st.st_mode);
}

int reach_talk(const char *path, const struct buffer *lines, size_t answers, long long deadline,
	       struct buffer *answer, enum reach_result *result)
{
	int err, fd = talk_connect(path, deadline);

	if (fd < 0)
		return errno == ECONNREFUSED && is_no_socket(path) ? ENOTSOCK : errno;
	err = talk_send(fd, lines->data, lines->len, deadline)
		      ? await_answers(fd, answers, deadline, answer, result)
		      : errno;
	close(fd);
	return err == ECONNRESET ? EPIPE : err;
}

/* -------------------------------------------------------------------- reach */

/* One request on its way. */
struct errand {
	const struct upssched_conf *conf;
	const struct wire_request *request;
	struct buffer line;
	struct lock lock;
	long long deadline;
	int starts, pause_ms;
};

static bool is_nobody(int err)
{
	return err == ENOENT || err == ECONNREFUSED;
}

static bool needs_daemon(const struct wire_request *r)
{
	switch (r->verb) {
	case WIRE_START:
	case WIRE_START_SHARED:
		return true;
	default:
		return *r->command != '\0';
	}
}

static bool somebody_serves(const char *path, long long deadline)
{
	int fd = talk_connect(path, deadline);

	if (fd < 0)
		return !is_nobody(errno);
	close(fd);
	return true;
}

/* True: try again. */
static bool start_daemon(struct errand *e)
{
	bool started;

	/* It may have come up between our look and our lock. */
	if (somebody_serves(e->conf->pipe, e->deadline)) {
		lock_release(&e->lock);
		return true;
	}
	started = timerd_start(e->conf, &e->lock);
	lock_release(&e->lock);
	e->pause_ms = started ? 0 : PAUSE_MS;
	return started || ++e->starts < STARTS;
}

/* Nobody serves the socket. True: try again; false: *result tells why not. */
static bool find_daemon(struct errand *e, enum reach_result *result)
{
	bool needed = needs_daemon(e->request);
	int err;

	*result = needed ? REACH_FAILED : REACH_NOBODY;
	/* What is just being started must not miss what it has to cancel. */
	if (!needed)
		return lock_look(&e->lock, clock_ms()) == LOCK_HELD;
	err = lock_take(&e->lock);
	if (!err)
		return start_daemon(e);
	if (err != EEXIST) {
		log_errno(token, err, "cannot make LOCKFN %s: may its folder be written to?",
			  e->conf->lock);
		return false;
	}
	if (lock_look(&e->lock, clock_ms()) != LOCK_FOREIGN)
		return true;
	log_error(token, "LOCKFN %s is a file of somebody else's; give upssched one of its own",
		  e->conf->lock);
	return false;
}

/* True: try again; false: *result holds. */
static bool try_once(struct errand *e, struct buffer *answer, enum reach_result *result)
{
	int err;

	buffer_clear(answer);
	err = reach_talk(e->conf->pipe, &e->line, 1, e->deadline, answer, result);
	if (is_nobody(err))
		return find_daemon(e, result);
	if (err == 0) {
		if (*result == REACH_FAILED)
			log_error(token, "the timer daemon refuses: %s", buffer_string(answer));
		return false;
	}
	*result = REACH_FAILED;
	/* It ended before it had read the request: what it did read, it would have answered. */
	if (err == EPIPE)
		return true;
	/* One that sleeps will find the request: a second one would be a second timer. */
	if (err == ENOTSOCK)
		log_error(token, "PIPEFN %s is there and is no socket: choose another name",
			  e->conf->pipe);
	else
		log_errno(token, err, "cannot speak to the timer daemon at PIPEFN %s",
			  e->conf->pipe);
	return false;
}

static void pause_between(struct errand *e)
{
	clock_sleep_ms(e->pause_ms);
	e->pause_ms = e->pause_ms ? e->pause_ms * 2 : PAUSE_MS;
	if (e->pause_ms > PAUSE_MAX_MS)
		e->pause_ms = PAUSE_MAX_MS;
}

enum reach_result reach_daemon(const struct upssched_conf *conf, const struct wire_request *request,
			       struct buffer *answer)
{
	struct errand e = {
		.conf = conf,
		.request = request,
		.lock = {.path = conf->lock, .fd = -1},
		.deadline = clock_ms() + REACH_PATIENCE_MS,
		.pause_ms = PAUSE_MS,
	};
	enum reach_result result = REACH_FAILED;

	answer->max = REACH_ANSWER_MAX;
	if (!wire_append(&e.line, request)) {
		log_errno(token, ENOMEM, "cannot speak to the timer daemon");
		return REACH_FAILED;
	}
	while (try_once(&e, answer, &result)) {
		pause_between(&e);
		if (clock_ms() < e.deadline)
			continue;
		log_error(token,
			  "no timer daemon runs and none can be started: somebody else has "
			  "been at it for long (LOCKFN %s)",
			  conf->lock);
		result = REACH_FAILED;
		break;
	}
	buffer_free(&e.line);
	return result;
}
