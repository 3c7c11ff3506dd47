#include "config.h"

#include "drivers/transport/snmp_link.h"

#include <net-snmp/library/large_fd_set.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "snmp";

enum {
	TICK_MS = 10, /* net-snmp's clock and ours need not agree */
	GRACE_MS = 1000,
	UDP_MAX = 65507,
	READS_MAX = 16, /* packets of one turn of the loop */
};

struct question {
	struct question *next, **prev;
	struct snmp_link *link;
	snmp_answer_fn *done;
	void *arg;
	long long due_ms;
	bool discovery;
	bool clock_set; /* the agent's time was learned for it, and it was sent again */
};

struct snmp_link {
	struct loop *loop;
	const struct agent_config *cfg;
	const struct snmp_keys *keys;
	void *session; /* net-snmp's */
	int fd;
	struct loop_watch *watch;
	struct loop_timer *tick;
	struct loop_deferred end; /* of all questions, at the end of the turn */
	struct question *questions;
	bool broken, strange; /* strange: the engine is to be found anew */
	bool answered;        /* the packet that is being read was one of ours */
	bool puzzled;         /* a packet came that cannot be read, and no answer since */
	enum snmp_trouble trouble;
	int err;
	struct agent_counts counts;
};

/* ---------------------------------------------------------------------------- transport */

static int on_send(netsnmp_transport *t, const void *data, int size, void **opaque, int *olength)
{
	struct snmp_link *k = *(struct snmp_link **)t->data;
	ssize_t n = -1;

	(void)opaque, (void)olength;
	/* The first attempt may fail for what became of the last packet. */
	for (int i = 0; i < 2 && n < 0; i++)
		n = send(k->fd, data, (size_t)size, MSG_NOSIGNAL);
	k->counts.requests++;
	if (n < 0 && errno == ECONNREFUSED) {
		k->trouble = SNMP_TROUBLE_NO_PORT;
	} else if (n < 0 && errno != EAGAIN) {
		k->trouble = SNMP_TROUBLE_NETWORK;
		k->err = errno;
	}
	if (k->cfg->tcp && n != size)
		k->broken = true;
	/* As if it were lost on the way: the question runs out of time, and is asked again. */
	return size;
}

static int on_recv(netsnmp_transport *t, void *data, int size, void **opaque, int *olength)
{
	struct snmp_link *k = *(struct snmp_link **)t->data;
	ssize_t n;

	*opaque = NULL;
	*olength = 0;
	do
		n = recv(k->fd, data, (size_t)size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ECONNREFUSED)
		k->trouble = SNMP_TROUBLE_NO_PORT;
	return (int)n;
}

/* The socket is the link's. */
static int on_close(netsnmp_transport *t)
{
	t->sock = -1;
	return 0;
}

static netsnmp_transport *transport_new(struct snmp_link *k)
{
	netsnmp_transport *t = calloc(1, sizeof(*t));
	struct snmp_link **self = malloc(sizeof(struct snmp_link *));

	if (!t || !self) {
		free(t);
		free(self);
		return NULL;
	}
	*self = k;
	t->data = self;
	t->data_length = sizeof(struct snmp_link *);
	t->domain = netsnmpUDPDomain;
	t->domain_length = (int)netsnmpUDPDomain_len;
	t->sock = k->fd;
	t->flags = k->cfg->tcp ? NETSNMP_TRANSPORT_FLAG_STREAM : 0;
	t->msgMaxSize = UDP_MAX;
	t->f_recv = on_recv;
	t->f_send = on_send;
	t->f_close = on_close;
	return t;
}

/* ---------------------------------------------------------------------------- questions */

static void unlink_question(struct question *q)
{
	*q->prev = q->next;
	if (q->next)
		q->next->prev = q->prev;
	free(q);
}

/* Once.  The question stays until net-snmp, which points at it, has done with it. */
static void tell(struct question *q, enum agent_result r, const netsnmp_pdu *pdu)
{
	snmp_answer_fn *done = q->done;

	q->done = NULL;
	if (done)
		done(q->arg, r, pdu);
}

static void finish(struct question *q, enum agent_result r, const netsnmp_pdu *pdu)
{
	tell(q, r, pdu);
	unlink_question(q);
}

/* Those that are still waited for; `done` may ask anew meanwhile, which is not among them. */
static void tell_all(struct snmp_link *k, long long until_ms)
{
	struct question *next;

	for (struct question *q = k->questions; q; q = next) {
		next = q->next;
		if (q->due_ms <= until_ms)
			tell(q, k->broken ? AGENT_FAILED : AGENT_TIMEOUT, NULL);
	}
}

static void end_all(void *arg)
{
	tell_all(arg, LLONG_MAX);
}

/* Not from inside net-snmp: questions are asked again by those who are told. */
static void end_soon(struct snmp_link *k)
{
	loop_defer(k->loop, &k->end, end_all, k);
}

static void hang_up(struct snmp_link *k)
{
	k->broken = true;
	k->trouble = SNMP_TROUBLE_HANG_UP;
	loop_watch_set(k->watch, 0);
	end_soon(k);
}

/* ------------------------------------------------------------------------------ answers */

static enum snmp_trouble trouble_of(int code)
{
	static const struct {
		int code;
		enum snmp_trouble trouble;
	} rows[] = {
		{SNMPERR_UNKNOWN_USER_NAME, SNMP_TROUBLE_USER},
		{SNMPERR_USM_UNKNOWNSECURITYNAME, SNMP_TROUBLE_USER},
		{SNMPERR_AUTHENTICATION_FAILURE, SNMP_TROUBLE_DIGEST},
		{SNMPERR_USM_AUTHENTICATIONFAILURE, SNMP_TROUBLE_DIGEST},
		{SNMPERR_DECRYPTION_ERR, SNMP_TROUBLE_DECRYPTION},
		{SNMPERR_USM_DECRYPTIONERROR, SNMP_TROUBLE_DECRYPTION},
		{SNMPERR_UNSUPPORTED_SEC_LEVEL, SNMP_TROUBLE_LEVEL},
		{SNMPERR_USM_UNSUPPORTEDSECURITYLEVEL, SNMP_TROUBLE_LEVEL},
		{SNMPERR_NOT_IN_TIME_WINDOW, SNMP_TROUBLE_CLOCK},
		{SNMPERR_USM_NOTINTIMEWINDOW, SNMP_TROUBLE_CLOCK},
		{SNMPERR_UNKNOWN_ENG_ID, SNMP_TROUBLE_CLOCK},
		{SNMPERR_USM_UNKNOWNENGINEID, SNMP_TROUBLE_CLOCK},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].code == code)
			return rows[i].trouble;
	return SNMP_TROUBLE_OTHER;
}

/* The engine is another one, or its clock went backwards: what we know of it is wrong. */
static void doubt_engine(struct snmp_link *k)
{
	k->strange = true;
	k->trouble = SNMP_TROUBLE_CLOCK;
	end_soon(k);
}

/* net-snmp repeats a question itself, once, after it has learned the time. */
static int on_report(struct question *q, netsnmp_pdu *pdu)
{
	struct snmp_link *k = q->link;
	int code = snmpv3_get_report_type(pdu);

	log_debug(3, token, "report: %s", snmp_api_errstring(code));
	if (code == SNMPERR_NOT_IN_TIME_WINDOW && !q->clock_set) {
		q->clock_set = true;
		return 1;
	}
	if (q->discovery) {
		finish(q, AGENT_OK, NULL);
	} else if (trouble_of(code) == SNMP_TROUBLE_CLOCK) {
		doubt_engine(k);
		finish(q, AGENT_TIMEOUT, NULL);
	} else {
		k->trouble = trouble_of(code);
		finish(q, AGENT_AUTH, NULL);
	}
	return 1;
}

static int on_event(int operation, netsnmp_session *s, int reqid, netsnmp_pdu *pdu, void *magic)
{
	struct question *q = magic;
	struct snmp_link *k = q->link;

	(void)s, (void)reqid;
	if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu) {
		k->answered = true;
		k->puzzled = false;
		k->counts.answers++;
		if (pdu->command == SNMP_MSG_REPORT)
			return on_report(q, pdu);
		if (pdu->command != SNMP_MSG_RESPONSE)
			return 0;
		k->trouble = SNMP_TROUBLE_NONE;
		finish(q, AGENT_OK, pdu);
	} else if (operation == NETSNMP_CALLBACK_OP_TIMED_OUT ||
		   operation == NETSNMP_CALLBACK_OP_SEND_FAILED) {
		k->counts.timeouts++;
		/* net-snmp cannot read what an agent says that has another engine by now. */
		if (k->puzzled && k->cfg->version == AGENT_V3 && !q->discovery)
			doubt_engine(k);
		k->puzzled = false;
		finish(q, AGENT_TIMEOUT, NULL);
	}
	return 1;
}

/* What concerns no question: the end of a TCP connection. */
static int on_stray(int operation, netsnmp_session *s, int reqid, netsnmp_pdu *pdu, void *magic)
{
	(void)s, (void)reqid, (void)pdu;
	if (operation == NETSNMP_CALLBACK_OP_DISCONNECT)
		hang_up(magic);
	return 1;
}

/* A packet that was for no question: late, doubled, or one that the keys do not fit. */
static void on_dropped(struct snmp_link *k)
{
	netsnmp_session *s = snmp_sess_session(k->session);
	enum snmp_trouble t;

	k->counts.dropped++;
	if (!s || s->s_snmp_errno == SNMPERR_SUCCESS)
		return;
	t = trouble_of(s->s_snmp_errno);
	log_debug(2, token, "a packet was dropped: %s", snmp_api_errstring(s->s_snmp_errno));
	k->puzzled = k->puzzled || t == SNMP_TROUBLE_OTHER;
	if (t == SNMP_TROUBLE_CLOCK)
		doubt_engine(k);
	else
		k->trouble = t == SNMP_TROUBLE_OTHER ? SNMP_TROUBLE_GARBAGE : t;
}

static bool is_readable(struct snmp_link *k)
{
	char byte;

	return recv(k->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static void on_ready(void *arg, int events)
{
	struct snmp_link *k = arg;
	netsnmp_large_fd_set set;

	(void)events;
	netsnmp_large_fd_set_init(&set, k->fd + 1);
	for (int i = 0; i < READS_MAX && !k->broken; i++) {
		NETSNMP_LARGE_FD_SET(k->fd, &set);
		k->answered = false;
		snmp_sess_read2(k->session, &set);
		if (!k->answered && k->trouble != SNMP_TROUBLE_NO_PORT && !k->cfg->tcp)
			on_dropped(k);
		if (k->cfg->tcp || !is_readable(k))
			break;
	}
	netsnmp_large_fd_set_cleanup(&set);
}

static void arm(struct snmp_link *k)
{
	long long first = -1, now = clock_ms();

	for (const struct question *q = k->questions; q; q = q->next)
		if ((q->done || q->due_ms + GRACE_MS > now) && (first < 0 || q->due_ms < first))
			first = q->due_ms;
	if (first < 0)
		loop_timer_cancel(k->tick);
	else
		loop_timer_set(k->tick, first > now ? first - now : TICK_MS);
}

static void on_tick(void *arg)
{
	struct snmp_link *k = arg;

	snmp_sess_timeout(k->session);
	/* Whatever net-snmp thinks of it. */
	tell_all(k, clock_ms() - GRACE_MS);
	arm(k);
}

/* ------------------------------------------------------------------------------ sessions */

static bool session_open(struct snmp_link *k)
{
	netsnmp_session s;
	netsnmp_transport *t = transport_new(k);

	if (!t)
		return false;
	snmp_session_fill(&s, k->cfg, k->keys);
	s.callback = on_stray;
	s.callback_magic = k;
	k->session = snmp_sess_add(&s, t, NULL, NULL);
	secret_wipe(s.securityAuthKey, sizeof(s.securityAuthKey));
	secret_wipe(s.securityPrivKey, sizeof(s.securityPrivKey));
	/* Else it would find the engine itself, and wait for that. */
	if (k->session)
		snmp_sess_session(k->session)->flags |= SNMP_FLAGS_DONT_PROBE;
	return k->session != NULL;
}

/* net-snmp keeps users and clocks of engines apart from its sessions. */
static void forget_engine(netsnmp_session *s)
{
	struct usmUser *user;

	if (s->version != SNMP_VERSION_3 || !s->securityEngineIDLen)
		return;
	free_enginetime(s->securityEngineID, s->securityEngineIDLen);
	user = usm_get_user(s->securityEngineID, s->securityEngineIDLen, s->securityName);
	if (!user)
		return;
	usm_remove_user(user);
	usm_free_user(user);
}

static void session_close(struct snmp_link *k)
{
	netsnmp_session *s = k->session ? snmp_sess_session(k->session) : NULL;

	if (s) {
		forget_engine(s);
		secret_wipe(s->securityAuthKey, sizeof(s->securityAuthKey));
		secret_wipe(s->securityPrivKey, sizeof(s->securityPrivKey));
		if (s->community)
			secret_wipe(s->community, s->community_len);
	}
	snmp_sess_close(k->session);
	k->session = NULL;
	while (k->questions)
		unlink_question(k->questions);
}

void snmp_link_forget(struct snmp_link *k)
{
	for (struct question *q = k->questions; q; q = q->next)
		q->done = NULL;
}

static int open_udp(const struct netaddr *to)
{
	int fd = socket(to->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to->ss, to->len) != 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

struct snmp_link *snmp_link_new(struct loop *l, const struct agent_config *cfg,
				const struct snmp_keys *keys, const struct netaddr *to, int fd)
{
	struct snmp_link *k = calloc(1, sizeof(*k));
	int err;

	if (!k) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	k->loop = l;
	k->cfg = cfg;
	k->keys = keys;
	k->fd = fd >= 0 ? fd : open_udp(to);
	if (k->fd >= 0 && session_open(k)) {
		k->watch = loop_watch_new(l, k->fd, LOOP_READ, on_ready, k);
		k->tick = loop_timer_new(l, on_tick, k);
	}
	if (k->watch && k->tick)
		return k;
	err = errno ? errno : ENOMEM;
	snmp_link_free(k);
	errno = err;
	return NULL;
}

void snmp_link_free(struct snmp_link *k)
{
	if (!k)
		return;
	loop_watch_free(k->watch);
	loop_timer_free(k->tick);
	/* Those that are still open end with the session, each by a call of net-snmp's. */
	snmp_link_forget(k);
	session_close(k);
	loop_defer_cancel(&k->end);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
}

/* -------------------------------------------------------------------------------- asking */

/* The user's keys for this engine, once it is known; nothing if they were made. */
static bool localize(struct snmp_link *k)
{
	return k->session &&
	       usm_create_user_from_session(snmp_sess_session(k->session)) == SNMPERR_SUCCESS;
}

static bool ask(struct snmp_link *k, netsnmp_pdu *pdu, int timeout_ms, snmp_answer_fn *done,
		void *arg, bool discovery)
{
	struct question *q = pdu && localize(k) ? calloc(1, sizeof(*q)) : NULL;

	if (!q) {
		snmp_free_pdu(pdu);
		return false;
	}
	*q = (struct question){.next = k->questions, .prev = &k->questions, .link = k};
	if (q->next)
		q->next->prev = &q->next;
	k->questions = q;
	q->done = done;
	q->arg = arg;
	q->discovery = discovery;
	q->due_ms = clock_ms() + timeout_ms + TICK_MS;
	snmp_sess_session(k->session)->timeout = timeout_ms * 1000L;
	for (const netsnmp_variable_list *v = pdu->variables; v; v = v->next_variable)
		k->counts.varbinds++;
	if (!snmp_sess_async_send(k->session, pdu, on_event, q)) {
		log_debug(1, token, "a question cannot be sent: %s",
			  snmp_api_errstring(snmp_sess_session(k->session)->s_snmp_errno));
		snmp_free_pdu(pdu);
		unlink_question(q);
		return false;
	}
	arm(k);
	return true;
}

bool snmp_link_ask(struct snmp_link *k, netsnmp_pdu *pdu, int timeout_ms, snmp_answer_fn *done,
		   void *arg)
{
	return ask(k, pdu, timeout_ms, done, arg, false);
}

bool snmp_link_is_ready(struct snmp_link *k)
{
	if (k->cfg->version != AGENT_V3)
		return true;
	return k->session && !k->strange && snmp_sess_session(k->session)->securityEngineIDLen > 0;
}

/* RFC 3414, section 4: an empty question for nobody, which the agent answers with its name. */
static netsnmp_pdu *discovery(void)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	if (!pdu)
		return NULL;
	pdu->version = SNMP_VERSION_3;
	pdu->securityName = strdup("");
	pdu->securityNameLen = 0;
	pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	pdu->securityModel = SNMP_SEC_MODEL_USM;
	return pdu;
}

bool snmp_link_discover(struct snmp_link *k, int timeout_ms, snmp_answer_fn *done, void *arg)
{
	if (k->strange) {
		loop_defer_cancel(&k->end);
		end_all(k);
		session_close(k);
		if (!session_open(k))
			return false;
		k->strange = false;
	}
	return ask(k, discovery(), timeout_ms, done, arg, true);
}

/* --------------------------------------------------------------------------------- facts */

bool snmp_link_is_broken(const struct snmp_link *k)
{
	return k->broken;
}

enum snmp_trouble snmp_link_trouble(const struct snmp_link *k)
{
	return k->trouble;
}

int snmp_link_errno(const struct snmp_link *k)
{
	return k->err;
}

void snmp_link_clear_trouble(struct snmp_link *k)
{
	k->trouble = SNMP_TROUBLE_NONE;
}

struct agent_counts *snmp_link_counts(struct snmp_link *k)
{
	return &k->counts;
}

const u_char *snmp_link_engine(struct snmp_link *k, size_t *len)
{
	const netsnmp_session *s = k->session ? snmp_sess_session(k->session) : NULL;

	*len = s ? s->securityEngineIDLen : 0;
	return s ? s->securityEngineID : NULL;
}
