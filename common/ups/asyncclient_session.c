#include "config.h"

#include "common/ups/asyncclient_private.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/tlsconn.h"
#include "common/net/tlspolicy.h"

enum { WORDS_MAX = 32 };

static const char token[] = "upsclient";

const struct lineconn_limits session_limits = {
	/* As netwire_reply_limits, with room for what other servers may say. */
	.words = {.max_words = 256, .max_line = 32 * 1024},
	.max_backlog = 64 * 1024,
};

typedef void answered_fn(struct asyncclient *c, const struct request *q, enum netwire_reply reply,
			 enum netwire_error e, const struct words *w);

static void next_step(struct asyncclient *c);

/* --------------------------------------------------------------- requests */

/* The server owes answers: each must come within the dead time. */
static void watch_for_answers(struct asyncclient *c)
{
	if (c->state != ASYNCCLIENT_UP)
		return;
	if (c->first)
		loop_timer_set(c->phase, c->cfg.dead_ms);
	else
		loop_timer_cancel(c->phase);
}

static struct request *ask(struct asyncclient *c, size_t count, const char *const *words,
			   answered_fn *answered)
{
	struct request *q = calloc(1, sizeof(*q));

	if (!q) {
		/* A request less, nothing more: the next one may find memory. */
		log_error(token, "out of memory");
		return NULL;
	}
	netwire_append_request(lineconn_out(c->conn), count, words);
	q->answered = answered;
	*c->last = q;
	c->last = &q->next;
	if (c->first == q)
		watch_for_answers(c);
	return q;
}

static void forget_first(struct asyncclient *c)
{
	struct request *q = c->first;

	c->first = q->next;
	if (!c->first)
		c->last = &c->first;
	free(q);
}

/* True when the answer to the first request goes on. */
static bool goes_on(struct request *q, enum netwire_reply reply)
{
	if (!q->list)
		return false;
	if (!q->begun && reply == NETWIRE_R_BEGIN) {
		q->begun = true;
		return true;
	}
	return q->begun && reply == NETWIRE_R_DATA;
}

static void take_answer(struct asyncclient *c, enum netwire_reply reply, enum netwire_error e,
			const struct words *w)
{
	struct request q;

	if (!c->first) {
		log_debug(1, token, "%s: an answer to nothing: %s", c->cfg.host, words_at(w, 0));
		return;
	}
	if (!goes_on(c->first, reply)) {
		q = *c->first;
		forget_first(c);
	} else {
		q = *c->first;
	}
	watch_for_answers(c);
	/* The last thing done here: the callee may end the connection, the owner even more. */
	q.answered(c, &q, reply, e, w);
}

/* ----------------------------------------------------------------- values */

static void unknown_ups(struct asyncclient *c, const char *what)
{
	asyncclient_note_refused(c, what, NETWIRE_UNKNOWN_UPS);
	asyncclient_drop(c, "%s does not know UPS \"%s\"", c->cfg.host,
			 c->cfg.ups ? c->cfg.ups : "");
}

static enum netwire_availability availability_of(enum netwire_error e)
{
	return e == NETWIRE_DRIVER_NOT_CONNECTED ? NETWIRE_AVAIL_DISCONNECTED : NETWIRE_AVAIL_STALE;
}

static bool is_wanted(const struct asyncclient *c, const char *name)
{
	const char *p = c->cfg.patterns;
	char pattern[STATE_MAX_NAME + 1];

	if (!p)
		return true;
	for (; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		str_format(pattern, sizeof(pattern), "%.*s", (int)len, p);
		if (str_glob(pattern, name))
			return true;
		p += len;
	}
	return false;
}

/* A server may tell more than it was asked for, or a value that is too long: then what was known
 * before is not true any more, either. */
static void take_value(struct asyncclient *c, const char *name, const char *value)
{
	if (is_wanted(c, name) && state_set(c->values, name, value) == STATE_REFUSED)
		state_delete(c->values, name);
}

/* An answer that says nothing about the UPS, only that we may not read. */
static bool is_refusal(enum netwire_error e)
{
	return e != NETWIRE_DATA_STALE && e != NETWIRE_DRIVER_NOT_CONNECTED;
}

static void poll_failed(struct asyncclient *c, const char *what, enum netwire_error e)
{
	if (is_refusal(e) && !c->reading_refused) {
		c->reading_refused = true;
		asyncclient_note_refused(c, what, e);
	}
	asyncclient_went_up(c);
	asyncclient_note_update(c, availability_of(e));
}

static void poll_succeeded(struct asyncclient *c)
{
	c->reading_refused = false;
	asyncclient_went_up(c);
	asyncclient_note_update(c, NETWIRE_AVAIL_OK);
}

static void get_answered(struct asyncclient *c, const struct request *q, enum netwire_reply reply,
			 enum netwire_error e, const struct words *w)
{
	char name[STATE_MAX_NAME + 1];

	if (e == NETWIRE_UNKNOWN_UPS) {
		unknown_ups(c, "GET VAR");
		return;
	}
	str_format(name, sizeof(name), "%.*s", (int)q->name_len, q->name);
	if (reply == NETWIRE_R_DATA && words_count(w) >= 4 &&
	    str_caseequal(words_at(w, 0), "VAR") && str_caseequal(words_at(w, 2), name)) {
		take_value(c, name, words_at(w, 3));
		c->poll_good = true;
	} else if (e == NETWIRE_VAR_NOT_SUPPORTED) {
		state_delete(c->values, name);
		c->poll_good = true;
	} else {
		c->poll_error = e ? e : NETWIRE_UNKNOWN_ERROR;
	}
	if (--c->poll_left > 0)
		return;
	if (c->poll_good)
		poll_succeeded(c);
	else
		poll_failed(c, "GET VAR", c->poll_error);
}

/* VAR <ups> <name> <value>, or UPS <name> <description>. */
static bool take_listed(struct asyncclient *c, const struct words *w)
{
	size_t count = c->cfg.ups ? 4 : 3;

	if (words_count(w) < count || !str_caseequal(words_at(w, 0), c->cfg.ups ? "VAR" : "UPS"))
		return false;
	take_value(c, words_at(w, count - 2), words_at(w, count - 1));
	return true;
}

static void list_answered(struct asyncclient *c, const struct request *q, enum netwire_reply reply,
			  enum netwire_error e, const struct words *w)
{
	(void)q;
	switch (reply) {
	case NETWIRE_R_BEGIN:
		state_resync_begin(c->values);
		c->poll_good = true;
		return;
	case NETWIRE_R_DATA:
		if (c->poll_good && take_listed(c, w))
			return;
		break;
	case NETWIRE_R_END:
		if (!c->poll_good)
			break;
		c->poll_left = 0;
		state_resync_end(c->values);
		poll_succeeded(c);
		return;
	default:
		break;
	}
	/* A strange line inside a list is skipped; the list goes on. */
	if (q->begun && reply == NETWIRE_R_DATA)
		return;
	c->poll_left = 0;
	state_resync_abort(c->values);
	if (e == NETWIRE_UNKNOWN_UPS)
		unknown_ups(c, "LIST VAR");
	else
		poll_failed(c, c->cfg.ups ? "LIST VAR" : "LIST UPS",
			    e ? e : NETWIRE_UNKNOWN_ERROR);
}

static void poll_list(struct asyncclient *c)
{
	const char *const words[] = {"LIST", c->cfg.ups ? "VAR" : "UPS", c->cfg.ups};
	struct request *q = ask(c, c->cfg.ups ? 3 : 2, words, list_answered);

	if (!q)
		return;
	q->list = true;
	c->poll_left = 1;
}

static void poll_variables(struct asyncclient *c)
{
	const char *p = c->cfg.variables;

	while (*(p += strspn(p, " "))) {
		size_t len = strcspn(p, " ");
		char name[STATE_MAX_NAME + 1];
		const char *const words[] = {"GET", "VAR", c->cfg.ups, name};
		struct request *q;

		str_format(name, sizeof(name), "%.*s", (int)len, p);
		q = ask(c, 4, words, get_answered);
		if (q) {
			q->name = p;
			q->name_len = len;
			c->poll_left++;
		}
		p += len;
	}
}

void session_poll(struct asyncclient *c)
{
	/* An overdue poll is the dead time's business. */
	if (c->poll_left > 0)
		return;
	c->poll_good = false;
	c->poll_error = NETWIRE_OK;
	c->polled_ms = clock_ms();
	if (c->cfg.variables)
		poll_variables(c);
	else
		poll_list(c);
}

static void ignore_answer(struct asyncclient *c, const struct request *q, enum netwire_reply reply,
			  enum netwire_error e, const struct words *w)
{
	(void)c, (void)q, (void)reply, (void)e, (void)w;
}

void session_keep_alive(struct asyncclient *c)
{
	/* Servers without push do not know PING, but any line keeps the connection. */
	const char *const words[] = {c->subscribed ? "PING" : "VER"};

	ask(c, 1, words, ignore_answer);
}

/* ------------------------------------------------------------------- push */

static void subscribe_answered(struct asyncclient *c, const struct request *q,
			       enum netwire_reply reply, enum netwire_error e,
			       const struct words *w)
{
	(void)q, (void)w;
	if (e == NETWIRE_UNKNOWN_UPS) {
		unknown_ups(c, "SUBSCRIBE");
	} else if (reply == NETWIRE_R_OK) {
		c->subscribed = true;
		c->availability = NETWIRE_AVAIL_STALE; /* until it says better */
		state_resync_begin(c->values);
	} else {
		log_debug(1, token, "%s offers no push; polling", c->cfg.host);
		session_poll(c);
	}
}

static void subscribe(struct asyncclient *c)
{
	const char *words[WORDS_MAX] = {"SUBSCRIBE", c->cfg.ups};
	char *patterns = str_dup(c->cfg.patterns ? c->cfg.patterns : ""), *save, *p;
	size_t count = 2;

	if (!patterns)
		return;
	for (p = strtok_r(patterns, " ", &save); p && count < WORDS_MAX;
	     p = strtok_r(NULL, " ", &save))
		words[count++] = p;
	ask(c, count, words, subscribe_answered);
	free(patterns);
}

static void take_event(struct asyncclient *c, const struct words *w)
{
	struct netwire_event ev = netwire_parse_event(w);

	if (!c->subscribed || ev.kind == NETWIRE_EVENT_BAD || !str_caseequal(ev.ups, c->cfg.ups))
		return;
	switch (ev.kind) {
	case NETWIRE_EVENT_VAR:
		take_value(c, ev.var, ev.value);
		break;
	case NETWIRE_EVENT_DELVAR:
		state_delete(c->values, ev.var);
		break;
	case NETWIRE_EVENT_STATE:
		c->availability = ev.availability;
		break;
	case NETWIRE_EVENT_SYNC:
		if (!c->synced)
			state_resync_end(c->values);
		c->synced = true;
		asyncclient_went_up(c);
		break;
	case NETWIRE_EVENT_GONE:
		unknown_ups(c, "SUBSCRIBE");
		return;
	case NETWIRE_EVENT_BAD:
		return;
	}
	if (c->synced)
		asyncclient_note_update(c, c->availability);
}

/* --------------------------------------------------------------- greeting */

static bool wants_tls(const struct asyncclient *c)
{
	return c->cfg.tls && tlspolicy_mode(c->cfg.tls) != TLSPOLICY_OFF;
}

static bool has_user(const struct asyncclient *c)
{
	return c->cfg.user != NULL;
}

static bool has_password(const struct asyncclient *c)
{
	return c->cfg.user && c->cfg.password;
}

static bool wants_login(const struct asyncclient *c)
{
	return c->cfg.login;
}

static bool wants_primary(const struct asyncclient *c)
{
	return c->cfg.primary && c->logged_in && !c->primary;
}

static const char *user_of(const struct asyncclient *c)
{
	return c->cfg.user;
}

static const char *password_of(const struct asyncclient *c)
{
	return c->cfg.password;
}

static const char *ups_of(const struct asyncclient *c)
{
	return c->cfg.ups;
}

/* Refusing ends the connection: on_closed() tells why. */
static bool handshake_over(void *arg, struct tls_session *session, bool ok)
{
	struct asyncclient *c = arg;

	if (!ok) {
		str_format(c->tls_why, sizeof(c->tls_why), "TLS with %s failed: %s", c->cfg.host,
			   tls_session_error(session));
		return false;
	}
	/* Nobody sits at a terminal here: a server that would have to be asked about is refused. */
	if (tlspolicy_judge(c->cfg.tls, session, c->tls_why, sizeof(c->tls_why)) !=
	    TLSPOLICY_ACCEPT)
		return false;
	log_debug(1, token, "%s: %s, %s", c->cfg.host, tls_session_protocol(session),
		  tls_session_cipher(session));
	c->secure = true;
	c->step++;
	next_step(c);
	return true;
}

static bool starttls_answered(struct asyncclient *c, enum netwire_error e)
{
	char why[512];

	if (!e) {
		if (!tlsconn_upgrade(c->conn, tlspolicy_context(c->cfg.tls), c->cfg.host,
				     handshake_over, c))
			asyncclient_drop(c,
					 "%s sent bytes in the clear behind its answer to STARTTLS",
					 c->cfg.host);
		return false; /* what comes next waits for the handshake */
	}
	if (!tlspolicy_may_go_clear(c->cfg.tls, why, sizeof(why))) {
		asyncclient_drop(c, "%s", why);
		return false;
	}
	return true;
}

/* Some servers (Synology's) answer oddly here and serve well all the same: LOGIN will tell. */
static bool user_answered(struct asyncclient *c, enum netwire_error e)
{
	if (e && !c->cfg.login)
		asyncclient_note_refused(c, "USERNAME", e);
	return true;
}

static bool password_answered(struct asyncclient *c, enum netwire_error e)
{
	if (e && !c->cfg.login)
		asyncclient_note_refused(c, "PASSWORD", e);
	return true;
}

static bool login_answered(struct asyncclient *c, enum netwire_error e)
{
	c->logged_in = e == NETWIRE_OK || e == NETWIRE_ALREADY_LOGGED_IN;
	if (!c->logged_in)
		asyncclient_note_refused(c, "LOGIN", e);
	return true;
}

static bool primary_answered(struct asyncclient *c, enum netwire_error e)
{
	c->primary = e == NETWIRE_OK;
	c->primary_error = e;
	return true;
}

/* Servers from before NUT 2.8 know only the old word; otherwise the first answer was the true one.
 */
static bool master_answered(struct asyncclient *c, enum netwire_error e)
{
	c->primary = e == NETWIRE_OK;
	if (!c->primary)
		asyncclient_note_refused(
			c, "PRIMARY",
			c->primary_error == NETWIRE_UNKNOWN_COMMAND ? e : c->primary_error);
	return true;
}

static const struct step {
	const char *verb;
	bool (*wanted)(const struct asyncclient *c);
	const char *(*word)(const struct asyncclient *c);
	bool (*answered)(struct asyncclient *c, enum netwire_error e); /* true: on to the next */
} steps[] = {
	/* Before anything secret. */
	{"STARTTLS", wants_tls, NULL, starttls_answered},
	{"USERNAME", has_user, user_of, user_answered},
	{"PASSWORD", has_password, password_of, password_answered},
	{"LOGIN", wants_login, ups_of, login_answered},
	{"PRIMARY", wants_primary, ups_of, primary_answered},
	{"MASTER", wants_primary, ups_of, master_answered},
};

enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void step_answered(struct asyncclient *c, const struct request *q, enum netwire_reply reply,
			  enum netwire_error e, const struct words *w)
{
	const struct step *step = &steps[c->step];

	(void)q, (void)w;
	if (e == NETWIRE_UNKNOWN_UPS) {
		unknown_ups(c, step->verb);
		return;
	}
	if (reply != NETWIRE_R_OK && !e)
		e = NETWIRE_UNKNOWN_ERROR;
	if (!step->answered(c, e))
		return;
	c->step++;
	next_step(c);
}

/* One at a time: the answer to one decides on the next. */
static void next_step(struct asyncclient *c)
{
	while (c->step < STEPS && !steps[c->step].wanted(c))
		c->step++;
	if (c->step < STEPS) {
		const struct step *step = &steps[c->step];
		const char *const words[] = {step->verb, step->word ? step->word(c) : NULL};

		ask(c, step->word ? 2 : 1, words, step_answered);
	} else if (c->cfg.no_push || !c->cfg.ups) {
		session_poll(c);
	} else {
		subscribe(c);
	}
}

void session_start(struct asyncclient *c)
{
	c->step = 0;
	c->primary_error = NETWIRE_OK;
	c->reading_refused = false;
	c->poll_left = 0;
	c->tls_why[0] = '\0';
	next_step(c);
}

void session_stop(struct asyncclient *c)
{
	struct request **tail = &c->failed;

	while (*tail)
		tail = &(*tail)->next;
	while (c->first) {
		struct request *q = c->first;

		c->first = q->next;
		q->next = NULL;
		if (q->done) {
			*tail = q;
			tail = &q->next;
		} else {
			free(q);
		}
	}
	c->last = &c->first;
	state_resync_abort(c->values);
	state_set_fresh(c->values, false);
	c->logged_in = c->primary = c->subscribed = c->synced = c->secure = false;
	c->poll_left = 0;
}

/* ------------------------------------------------------------- the stream */

static void on_line(struct lineconn *conn, void *arg, const struct words *w)
{
	struct asyncclient *c = arg;
	enum netwire_error e;
	enum netwire_reply reply = netwire_classify(w, &e);

	(void)conn;
	c->heard_ms = clock_ms();
	if (reply == NETWIRE_R_EVENT)
		take_event(c, w);
	else if (words_count(w) > 0)
		take_answer(c, reply, e, w);
}

/* A line is an answer, even if nobody can read it. */
static void on_bad_line(struct lineconn *conn, void *arg, enum words_result why, const char *text)
{
	struct asyncclient *c = arg;

	(void)conn, (void)why;
	log_debug(1, token, "%s: a line that cannot be read: %s", c->cfg.host, text);
	c->heard_ms = clock_ms();
	if (c->first && !c->first->begun)
		take_answer(c, NETWIRE_R_ERR, NETWIRE_UNKNOWN_ERROR, NULL);
}

static void on_closed(struct lineconn *conn, void *arg, enum lineconn_end why, int err)
{
	struct asyncclient *c = arg;

	(void)conn;
	if (c->tls_why[0])
		asyncclient_drop(c, "%s", c->tls_why);
	else if (why == LINECONN_ERROR)
		asyncclient_drop(c, "connection to %s lost: %s", c->cfg.host, strerror(err));
	else
		asyncclient_drop(c, "%s closed the connection", c->cfg.host);
}

const struct lineconn_ops session_ops = {
	.line = on_line,
	.bad_line = on_bad_line,
	.closed = on_closed,
};

/* ---------------------------------------------------- requests of the owner */

static void owner_answered(struct asyncclient *c, const struct request *q, enum netwire_reply reply,
			   enum netwire_error e, const struct words *w)
{
	(void)c, (void)reply;
	q->done(q->arg, e, w);
}

static struct request *owner_asks(struct asyncclient *c, size_t count, const char *const *words,
				  asyncclient_reply_fn *done, void *arg)
{
	struct request *q;

	if (c->state != ASYNCCLIENT_UP)
		return NULL;
	q = ask(c, count, words, owner_answered);
	if (!q)
		return NULL;
	q->done = done;
	q->arg = arg;
	return q;
}

bool asyncclient_request(struct asyncclient *c, size_t count, const char *const *words,
			 asyncclient_reply_fn *done, void *arg)
{
	return owner_asks(c, count, words, done, arg) != NULL;
}

bool asyncclient_request_list(struct asyncclient *c, size_t count, const char *const *words,
			      asyncclient_reply_fn *done, void *arg)
{
	struct request *q = owner_asks(c, count, words, done, arg);

	if (q)
		q->list = true;
	return q != NULL;
}
