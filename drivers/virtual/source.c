#include "config.h"

#include "drivers/virtual/source.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/ups/driverlink.h"

enum {
	ANSWER_MS = 60 * 1000,   /* devices take their time */
	MAX_REQUESTS = 64,       /* unanswered */
	MAX_UPSTREAM = 4 * 1024, /* bytes of driver.upstream */
	SYNC_LOOK_MS = 100,
};

struct request {
	struct request *next;
	unsigned long id;
	long long until_ms;
	source_answer_fn *fn;
	void *arg;
};

struct source {
	struct core *core;
	struct driverlink link;
	struct state *state;
	struct loop_deferred flush;
	char *path;
	const char *name; /* within path */
	struct source_config cfg;
	struct request *requests;
	size_t request_count;
	unsigned long last_id;
	unsigned failures_seen, failures; /* of the link; since the last rest */
	long long rest_until_ms;
};

/* ----------------------------------------------------------------------------- requests */

static void finish_request(struct source *s, struct request **at, enum driverwire_result result)
{
	struct request *r = *at;
	source_answer_fn *fn = r->fn;
	void *arg = r->arg;

	*at = r->next;
	s->request_count--;
	free(r);
	fn(arg, result);
}

static void fail_requests(struct source *s, long long before_ms)
{
	struct request **at = &s->requests;

	while (*at) {
		if ((*at)->until_ms < before_ms)
			finish_request(s, at, DRIVERWIRE_R_FAILED);
		else
			at = &(*at)->next;
	}
}

static enum driverwire_result result_of(long number)
{
	return number >= DRIVERWIRE_HANDLED && number <= DRIVERWIRE_R_CONVERSION
		       ? (enum driverwire_result)number
		       : DRIVERWIRE_R_FAILED;
}

static void on_tracked(void *arg, const char *id, long result)
{
	struct source *s = arg;
	long number;

	if (!str_to_long(id, 1, LONG_MAX, &number))
		return;
	for (struct request **at = &s->requests; *at; at = &(*at)->next) {
		if ((*at)->id == (unsigned long)number) {
			finish_request(s, at, result_of(result));
			return;
		}
	}
}

bool source_ask(struct source *s, bool is_set, const char *name, const char *value,
		source_answer_fn *fn, void *arg)
{
	struct request *r = s->request_count < MAX_REQUESTS ? calloc(1, sizeof(*r)) : NULL;
	char id[32];
	bool sent;

	if (!r)
		return false;
	if (s->last_id >= LONG_MAX)
		s->last_id = 0;
	*r = (struct request){.next = s->requests,
			      .id = ++s->last_id,
			      .until_ms = clock_ms() + ANSWER_MS,
			      .fn = fn,
			      .arg = arg};
	str_format(id, sizeof(id), "%lu", r->id);
	sent = is_set ? driverlink_set(&s->link, name, value, id)
		      : driverlink_instcmd(&s->link, name, value, id);
	if (!sent) {
		free(r);
		return false;
	}
	s->requests = r;
	s->request_count++;
	return true;
}

/* A request of a client of ours, whom the core will tell. */
struct handed_on {
	struct core *core;
	unsigned long number;
	source_answer_fn *also;
	void *arg;
};

static void tell_core(void *arg, enum driverwire_result result)
{
	struct handed_on *h = arg;

	if (h->also)
		h->also(h->arg, result);
	core_answer(h->core, h->number, result);
	free(h);
}

/* When it has to be known at once; left behind if the process ends meanwhile. */
struct awaited {
	bool done, abandoned;
	enum driverwire_result result;
};

static void on_awaited(void *arg, enum driverwire_result result)
{
	struct awaited *a = arg;

	if (a->abandoned) {
		free(a);
		return;
	}
	a->result = result;
	a->done = true;
}

static enum driverwire_result ask_and_wait(struct source *s, bool is_set, const char *name,
					   const char *value)
{
	struct awaited *a = calloc(1, sizeof(*a));
	enum driverwire_result result;

	if (!a || !source_ask(s, is_set, name, value, on_awaited, a)) {
		free(a);
		return DRIVERWIRE_R_FAILED;
	}
	for (long long end = clock_ms() + ANSWER_MS; !a->done && clock_ms() < end;) {
		if (!core_wait_for(s->core, &a->done, SYNC_LOOK_MS))
			break;
	}
	if (!a->done) {
		a->abandoned = true;
		return DRIVERWIRE_R_FAILED;
	}
	result = a->result;
	free(a);
	return result;
}

static enum driverwire_result ask_for_core(struct source *s, unsigned long number, bool is_set,
					   const char *name, const char *value,
					   source_answer_fn *also, void *arg)
{
	struct handed_on *h = calloc(1, sizeof(*h));

	if (!h)
		return DRIVERWIRE_R_FAILED;
	*h = (struct handed_on){s->core, number, also, arg};
	if (source_ask(s, is_set, name, value, tell_core, h))
		return DRIVERWIRE_PENDING;
	free(h);
	log_warn("source", "%s is not handed on: %s is not connected, or does not listen", name,
		 s->name);
	return DRIVERWIRE_R_FAILED;
}

enum driverwire_result source_hand_on(struct source *s, bool is_set, const char *name,
				      const char *value, source_answer_fn *also, void *arg)
{
	unsigned long number = core_answer_later(s->core);
	enum driverwire_result result;

	if (number != 0)
		return ask_for_core(s, number, is_set, name, value, also, arg);
	result = ask_and_wait(s, is_set, name, value);
	if (also)
		also(arg, result);
	return result;
}

/* --------------------------------------------------------------------------------- link */

static void on_link_changed(void *arg)
{
	struct source *s = arg;

	if (driverlink_availability(&s->link) == NETWIRE_AVAIL_DISCONNECTED)
		fail_requests(s, LLONG_MAX);
	s->cfg.changed(s->cfg.arg);
}

static const struct driverlink_ops link_ops = {.changed = on_link_changed, .tracked = on_tracked};

static void on_flush(void *arg)
{
	struct source *s = arg;

	state_flush(s->state);
	s->cfg.changed(s->cfg.arg);
}

static void on_dirty(void *arg)
{
	struct source *s = arg;

	loop_defer(core_loop(s->core), &s->flush, on_flush, s);
}

static char *path_of(const char *name)
{
	char path[4096];

	if (name[0] == '/')
		return str_dup(name);
	if (!*name || !str_format(path, sizeof(path), "%s/%s", paths_state(), name))
		return NULL;
	return str_dup(path);
}

struct source *source_new(struct core *c, const struct source_config *cfg)
{
	struct source *s = calloc(1, sizeof(*s));
	const char *slash;

	if (!s)
		return NULL;
	s->core = c;
	s->cfg = *cfg;
	s->path = path_of(cfg->name);
	s->state = state_new();
	slash = s->path ? strrchr(s->path, '/') : NULL;
	if (!slash || !slash[1] || !s->state) {
		log_error("source", "port: \"%s\" is no name of a driver's socket", cfg->name);
		source_free(s);
		return NULL;
	}
	s->name = slash + 1;
	state_on_dirty(s->state, on_dirty, s);
	if (!driverlink_init(&s->link, core_loop(c),
			     &(struct driverlink_config){.ups = s->name,
							 .complaint_s = cfg->complaint_s,
							 .path = s->path,
							 .state = s->state,
							 .ops = &link_ops,
							 .arg = s})) {
		source_free(s);
		return NULL;
	}
	s->failures_seen = driverlink_failures(&s->link);
	return s;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	if (s->link.path)
		driverlink_close(&s->link);
	fail_requests(s, LLONG_MAX);
	loop_defer_cancel(&s->flush);
	if (s->state)
		state_free(s->state);
	free(s->path);
	free(s);
}

/* A driver that cannot be reached again and again is left alone for a while. */
static void count_failures(struct source *s, long long now_ms)
{
	unsigned failures = driverlink_failures(&s->link);

	if (failures < s->failures_seen)
		s->failures = failures;
	else
		s->failures += failures - s->failures_seen;
	s->failures_seen = failures;
	if (s->cfg.max_failures == 0 || s->failures < s->cfg.max_failures)
		return;
	log_debug(1, "source", "%s: not reached %u times, trying again in %ld s", s->name,
		  s->failures, s->cfg.rest_s);
	s->failures = 0;
	s->rest_until_ms = now_ms + s->cfg.rest_s * 1000LL;
}

void source_tick(struct source *s)
{
	long long now_ms = clock_ms();

	fail_requests(s, now_ms);
	count_failures(s, now_ms);
	if (now_ms >= s->rest_until_ms)
		driverlink_tick(&s->link, now_ms, s->cfg.maxage_s);
}

/* ------------------------------------------------------------------------- what is known */

const char *source_name(const struct source *s)
{
	return s->name;
}

struct state *source_state(const struct source *s)
{
	return s->state;
}

bool source_complete(const struct source *s)
{
	return driverlink_complete(&s->link);
}

bool source_fresh(const struct source *s)
{
	return source_complete(s) && state_fresh(s->state);
}

/* ------------------------------------------------------------------------------- circles */

static bool own_name(const struct source *s, char *dst, size_t size)
{
	const char *driver = state_get(core_state(s->core), "driver.name");

	return driver && str_format(dst, size, "%s-%s", driver, core_ups(s->core));
}

static bool same_file(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

bool source_is_self(const struct source *s)
{
	char name[STATE_MAX_NAME], path[4096];

	if (!own_name(s, name, sizeof(name)) ||
	    !str_format(path, sizeof(path), "%s/%s", paths_state(), name))
		return false;
	return str_equal(path, s->path) || same_file(path, s->path);
}

/* Whether one of the words of `list` is the `len` bytes at `word`. */
static bool has_word(const char *list, const char *word, size_t len)
{
	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (n == len && strncmp(list, word, len) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

bool source_is_circular(const struct source *s)
{
	char name[STATE_MAX_NAME];

	return own_name(s, name, sizeof(name)) &&
	       has_word(state_get(s->state, "driver.upstream"), name, strlen(name));
}

static void add_word(struct buffer *list, const char *word, size_t len)
{
	if (len == 0 || list->len + len + 1 > MAX_UPSTREAM ||
	    has_word(buffer_string(list), word, len))
		return;
	if (list->len > 0)
		buffer_append_char(list, ' ');
	buffer_append(list, word, len);
}

void source_list_upstream(const struct source *s, struct buffer *list)
{
	const char *words = state_get(s->state, "driver.upstream");

	add_word(list, s->name, strlen(s->name));
	while (words && *words) {
		size_t len = strcspn(words, " ");

		add_word(list, words, len);
		words += len + strspn(words + len, " ");
	}
}
