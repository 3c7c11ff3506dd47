/*
 * libupsclient's interface over sessions.  Facts: spec/libupsclient.md, and
 * tests/interop/test_clients_library.py, which runs one program on Debian's
 * library and on this one.
 */
#include "config.h"

#include "clients/libupsclient/upsclient.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/libupsclient/dial.h"
#include "clients/libupsclient/export.h"
#include "clients/libupsclient/fault.h"
#include "clients/libupsclient/hostrules.h"
#include "clients/libupsclient/private.h"
#include "clients/libupsclient/secure.h"
#include "clients/libupsclient/session.h"
#include "clients/libupsclient/transport.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

enum {
	MAGIC = 0x19980308, /* as NUT's: a structure that was through upscli_connect() */
	REPLY_S = 5,        /* how long a reply is waited for */
};

_Static_assert(sizeof(void *) != 8 || sizeof(UPSCONN_t) == 744,
	       "the structure of libupsclient.so.6");
_Static_assert(sizeof(void *) != 8 || offsetof(UPSCONN_t, errbuf) == 400, "its parts");

static atomic_bool initialised;

/*
 * The session hides in the room of the read buffer, which callers have no
 * business with; copied, because that room is not aligned for a pointer.
 */
static struct session *session_of(const UPSCONN_t *ups)
{
	struct session *s;

	memcpy(&s, ups->readbuf, sizeof(s));
	return s;
}

static void set_session(UPSCONN_t *ups, struct session *s)
{
	memcpy(ups->readbuf, &s, sizeof(s));
	ups->fd = s ? s->transport.fd : -1;
}

static bool is_connection(const UPSCONN_t *ups)
{
	return ups && ups->upsclient_magic == MAGIC;
}

/* Closes without a word. */
static void drop(UPSCONN_t *ups)
{
	session_free(session_of(ups));
	set_session(ups, NULL);
	free(ups->host);
	ups->host = NULL;
}

/* Keeps the words of a FAULT_NOTED; the parser, whose place that is, is not ours to use. */
static void note(UPSCONN_t *ups, const char *text)
{
	str_copy(ups->pc_ctx.errmsg, sizeof(ups->pc_ctx.errmsg), text);
}

/* Tells the caller; after a fault of the connection itself there is no connection any more. */
static int fail(UPSCONN_t *ups, struct fault fault)
{
	struct session *s = session_of(ups);

	ups->upserror = fault.number;
	ups->syserrno = fault.sys;
	if (fault.number == UPSCLI_ERR_PARSE && s)
		note(ups, words_error(s->words));
	if (fault.number == UPSCLI_ERR_SSLERR && s && s->transport.tls)
		note(ups, tls_session_error(s->transport.tls));
	if (fault.number == UPSCLI_ERR_SRVDISC || fault.number == UPSCLI_ERR_READ ||
	    fault.number == UPSCLI_ERR_WRITE || fault.number == UPSCLI_ERR_SSLERR)
		drop(ups);
	return -1;
}

static int fail_with(UPSCONN_t *ups, int number)
{
	return fail(ups, fault_make(number, 0));
}

/* ---------------------------------------------------------------- set-up */

EXPORT int upscli_init(int certverify, const char *certpath, const char *certname,
		       const char *certpasswd)
{
	if (atomic_exchange(&initialised, true)) {
		log_warn("upsclient", "upscli already initialized");
		return -1;
	}
	if (secure_configure(certverify, certpath, certname, certpasswd))
		return 1;
	atomic_store(&initialised, false);
	return -1;
}

EXPORT int upscli_cleanup(void)
{
	host_rules_clear();
	secure_forget();
	atomic_store(&initialised, false);
	return 1;
}

EXPORT void upscli_add_host_cert(const char *hostname, const char *certname, int certverify,
				 int forcessl)
{
	struct host_rule rule = {.certverify = certverify, .forcessl = forcessl};

	if (!str_copy(rule.certname, sizeof(rule.certname), certname ? certname : ""))
		log_error("upsclient",
			  "no rule for server \"%s\": the name of its certificate is "
			  "too long",
			  hostname ? hostname : "");
	else if (!host_rules_add(hostname, &rule))
		log_error("upsclient", "no rule for server \"%s\": not host or host:port",
			  hostname ? hostname : "");
}

/* ------------------------------------------------------------- connecting */

/* `terms` NULL: those of upscli_init(), the host's rule and the flags. */
static struct fault secure(UPSCONN_t *ups, int flags, struct upsclient_terms *terms,
			   long long deadline_ms)
{
	struct upsclient_terms usual = {.trust = NULL};
	struct upsclient_terms *t = terms ? terms : &usual;
	struct tlspolicy *policy =
		terms ? secure_policy_on(t, ups->host, ups->port, t->why, sizeof(t->why))
		      : secure_policy(ups->host, ups->port, flags, t->why, sizeof(t->why));
	struct fault fault;

	if (policy)
		fault = secure_session(session_of(ups), policy, ups->host, ups->port, t,
				       deadline_ms);
	else
		fault = fault_make(UPSCLI_ERR_SSLFAIL, 0);
	secure_policy_free(policy);
	if (fault_is(fault))
		note(ups, t->why);
	/* The interface has no place for it, and nobody would know what to mend. */
	if (fault.number == UPSCLI_ERR_SSLFAIL && !terms)
		log_debug(1, "upsclient", "%s:%u: %s", ups->host, (unsigned)ups->port, t->why);
	return fault;
}

static struct fault open_session(UPSCONN_t *ups, int flags, struct upsclient_terms *terms,
				 long long deadline_ms)
{
	struct fault fault;
	struct session *s;
	int fd;

	fault = dial(ups->host, ups->port, flags, deadline_ms, &fd);
	if (fault_is(fault))
		return fault;
	s = session_new(fd);
	if (!s) {
		struct transport t;

		transport_open_plain(&t, fd);
		t.ops->close(&t);
		return fault_make(UPSCLI_ERR_NOMEM, 0);
	}
	set_session(ups, s);
	return secure(ups, flags, terms, deadline_ms);
}

static int connect_until(UPSCONN_t *ups, const char *host, uint16_t port, int flags,
			 struct upsclient_terms *terms, long long deadline_ms)
{
	struct fault fault;

	if (!ups)
		return -1;
	memset(ups, 0, sizeof(*ups));
	ups->upsclient_magic = MAGIC;
	ups->fd = -1;
	ups->port = port;
	if (!host)
		return fail_with(ups, UPSCLI_ERR_NOSUCHHOST);
	ups->host = str_dup(host);
	if (!ups->host)
		return fail_with(ups, UPSCLI_ERR_NOMEM);
	fault = open_session(ups, flags, terms, deadline_ms);
	if (fault_is(fault)) {
		drop(ups);
		return fail(ups, fault);
	}
	return 0;
}

EXPORT int upscli_tryconnect(UPSCONN_t *ups, const char *host, uint16_t port, int flags,
			     struct timeval *tv)
{
	long long deadline_ms = TRANSPORT_FOR_EVER;

	if (tv && (tv->tv_sec > 0 || tv->tv_usec > 0))
		deadline_ms = transport_deadline_in((double)tv->tv_sec + (double)tv->tv_usec / 1e6);
	return connect_until(ups, host, port, flags, NULL, deadline_ms);
}

/* FOR_EVER unless the environment says otherwise. */
static long long default_deadline(void)
{
	const char *text = getenv("NUT_DEFAULT_CONNECT_TIMEOUT");
	double seconds = 0;

	if (text && (!str_to_double(text, &seconds) || seconds < 0)) {
		log_warn("upsclient",
			 "NUT_DEFAULT_CONNECT_TIMEOUT=%s is not a number of seconds: ignored",
			 text);
		seconds = 0;
	}
	return transport_deadline_in(seconds);
}

EXPORT int upscli_connect(UPSCONN_t *ups, const char *host, uint16_t port, int flags)
{
	return connect_until(ups, host, port, flags, NULL, default_deadline());
}

int upsclient_connect_on(UPSCONN_t *ups, const char *host, uint16_t port, int flags,
			 struct upsclient_terms *terms)
{
	return connect_until(ups, host, port, flags, terms, default_deadline());
}

EXPORT int upscli_disconnect(UPSCONN_t *ups)
{
	struct session *s;

	if (!is_connection(ups))
		return -1;
	s = session_of(ups);
	if (s)
		session_say_goodbye(s);
	drop(ups);
	return 0;
}

/* --------------------------------------------------------- asking by words */

static struct fault ask(struct session *s, const char *verb, size_t numq, const char **query)
{
	return session_ask(s, verb, numq, query, TRANSPORT_FOR_EVER);
}

/* The next reply; an ERR is a fault. */
static struct fault hear(struct session *s)
{
	enum netwire_error error;
	struct fault fault = session_read_words(s, transport_deadline_in(REPLY_S));

	if (fault_is(fault))
		return fault;
	if (netwire_classify(s->words, &error) == NETWIRE_R_ERR)
		return fault_of_reply(error);
	return fault_none();
}

/* Whether the reply's words from `first` on begin with the query, letter case aside. */
static bool repeats_query(const struct words *w, size_t first, size_t numq, const char **query)
{
	if (words_count(w) < first + numq)
		return false;
	for (size_t i = 0; i < numq; i++)
		if (!str_caseequal(words_at(w, first + i), query[i]))
			return false;
	return true;
}

/* The interface gives out char **; the words are ours until the next call. */
static void give_answer(const struct words *w, size_t *numa, char ***answer)
{
	*numa = words_count(w);
	*answer = (char **)(void *)words_all(w);
}

EXPORT int upscli_get(UPSCONN_t *ups, size_t numq, const char **query, size_t *numa, char ***answer)
{
	struct session *s;
	struct fault fault;

	if (!is_connection(ups))
		return -1;
	if (numq < 1 || !query || !numa || !answer)
		return fail_with(ups, UPSCLI_ERR_INVALIDARG);
	s = session_of(ups);
	if (!s)
		return fail_with(ups, UPSCLI_ERR_DRVNOTCONN);
	fault = ask(s, "GET", numq, query);
	if (!fault_is(fault))
		fault = hear(s);
	if (!fault_is(fault) && !repeats_query(s->words, 0, numq, query))
		fault = fault_make(UPSCLI_ERR_PROTOCOL, 0);
	if (fault_is(fault))
		return fail(ups, fault);
	give_answer(s->words, numa, answer);
	return 0;
}

EXPORT int upscli_list_start(UPSCONN_t *ups, size_t numq, const char **query)
{
	struct session *s;
	struct fault fault;

	if (!is_connection(ups))
		return -1;
	if (numq < 1 || !query)
		return fail_with(ups, UPSCLI_ERR_INVALIDARG);
	s = session_of(ups);
	if (!s)
		return fail_with(ups, UPSCLI_ERR_DRVNOTCONN);
	fault = ask(s, "LIST", numq, query);
	if (!fault_is(fault))
		fault = hear(s);
	if (!fault_is(fault) && (!str_caseequal(words_at(s->words, 0), "BEGIN") ||
				 !str_caseequal(words_at(s->words, 1), "LIST") ||
				 !repeats_query(s->words, 2, numq, query)))
		fault = fault_make(UPSCLI_ERR_PROTOCOL, 0);
	return fault_is(fault) ? fail(ups, fault) : 0;
}

EXPORT int upscli_list_next(UPSCONN_t *ups, size_t numq, const char **query, size_t *numa,
			    char ***answer)
{
	struct session *s;
	struct fault fault;
	bool ended;

	if (!is_connection(ups))
		return -1;
	if (numq < 1 || !query || !numa || !answer)
		return fail_with(ups, UPSCLI_ERR_INVALIDARG);
	s = session_of(ups);
	if (!s)
		return fail_with(ups, UPSCLI_ERR_DRVNOTCONN);
	fault = hear(s);
	ended = !fault_is(fault) && str_caseequal(words_at(s->words, 0), "END") &&
		str_caseequal(words_at(s->words, 1), "LIST");
	if (!fault_is(fault) && !ended && !repeats_query(s->words, 0, numq, query))
		fault = fault_make(UPSCLI_ERR_PROTOCOL, 0);
	if (fault_is(fault))
		return fail(ups, fault);
	give_answer(s->words, numa, answer);
	return ended ? 0 : 1;
}

/* ---------------------------------------------------------- lines as they are */

EXPORT ssize_t upscli_sendline_timeout(UPSCONN_t *ups, const char *buf, size_t buflen,
				       const time_t timeout)
{
	struct session *s;
	struct fault fault;

	if (!is_connection(ups))
		return -1;
	s = session_of(ups);
	if (!s)
		return fail_with(ups, UPSCLI_ERR_DRVNOTCONN);
	if (!buf || buflen < 1)
		return fail_with(ups, UPSCLI_ERR_INVALIDARG);
	fault = session_send(s, buf, buflen, transport_deadline_in((double)timeout));
	return fault_is(fault) ? fail(ups, fault) : 0;
}

EXPORT ssize_t upscli_sendline(UPSCONN_t *ups, const char *buf, size_t buflen)
{
	return upscli_sendline_timeout(ups, buf, buflen, 0);
}

EXPORT ssize_t upscli_readline_timeout(UPSCONN_t *ups, char *buf, size_t buflen,
				       const time_t timeout)
{
	struct session *s;
	struct fault fault;

	if (!is_connection(ups))
		return -1;
	s = session_of(ups);
	if (!s)
		return fail_with(ups, UPSCLI_ERR_DRVNOTCONN);
	if (!buf || buflen < 1)
		return fail_with(ups, UPSCLI_ERR_INVALIDARG);
	fault = session_read_text(s, buf, buflen, transport_deadline_in((double)timeout));
	return fault_is(fault) ? fail(ups, fault) : 0;
}

EXPORT ssize_t upscli_readline(UPSCONN_t *ups, char *buf, size_t buflen)
{
	return upscli_readline_timeout(ups, buf, buflen, REPLY_S);
}

/* ------------------------------------------------------------------ looking */

EXPORT int upscli_fd(UPSCONN_t *ups)
{
	return is_connection(ups) ? ups->fd : -1;
}

EXPORT int upscli_upserror(UPSCONN_t *ups)
{
	return is_connection(ups) ? ups->upserror : -1;
}

EXPORT int upscli_ssl(UPSCONN_t *ups)
{
	struct session *s;

	if (!is_connection(ups))
		return -1;
	s = session_of(ups);
	return s && s->transport.ops->secure ? 1 : 0;
}

/* What follows the text of the fault; NULL for most. */
static const char *reason_of(const UPSCONN_t *ups)
{
	switch (fault_reason(ups->upserror)) {
	case FAULT_ERRNO:
		return strerror(ups->syserrno);
	case FAULT_NOTED:
		return ups->pc_ctx.errmsg;
	case FAULT_NO_REASON:
		break;
	}
	return NULL;
}

EXPORT const char *upscli_strerror(UPSCONN_t *ups)
{
	const char *text, *reason;

	if (!is_connection(ups))
		return fault_text(UPSCLI_ERR_INVALIDARG);
	text = fault_text(ups->upserror);
	if (!text)
		return "Invalid error number";
	reason = reason_of(ups);
	if (!reason)
		return text;
	str_format(ups->errbuf, sizeof(ups->errbuf), "%s: %s", text, reason);
	return ups->errbuf;
}
