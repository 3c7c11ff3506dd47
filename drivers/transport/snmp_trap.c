#include "config.h"

#include "drivers/transport/snmp_trap.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
/* after net-snmp-config.h */
#include <net-snmp/library/large_fd_set.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/transport/snmp_private.h"

static const char token[] = "snmp";

enum {
	BURST = 20,           /* packets looked at in one second; the others wait in the system */
	PAUSE_MS = 1000,      /* between two calls */
	LOG_EVERY_S = 60,     /* one line about what is refused */
	GENERIC_SPECIFIC = 6, /* SNMPv1: the number that counts is the specific one */
};

struct agent_traps {
	struct agent *a;
	agent_trap_fn *fn;
	void *arg;
	int fd;
	void *session;
	struct loop_watch *watch;
	struct loop_timer *pause;
	unsigned seen; /* packets since the pause began */
	bool waiting;  /* `what` is to be told when the pause ends */
	struct snmp_oid what;
	struct log_throttle foreign, refused;
	struct agent_trap_counts counts;
};

const struct agent_trap_counts *agent_traps_counts(const struct agent_traps *t)
{
	return &t->counts;
}

/* ---------------------------------------------------------------------------- transport */

static bool is_agent(const struct agent_traps *t, const struct sockaddr_storage *from)
{
	char theirs[64], ours[64];

	return netaddr_host(from, theirs, sizeof(theirs)) &&
	       netaddr_host(&t->a->addr.ss, ours, sizeof(ours)) && str_equal(theirs, ours);
}

static void say_foreign(struct agent_traps *t, const struct sockaddr_storage *from)
{
	char host[64] = "?";
	unsigned missed;

	t->counts.foreign++;
	netaddr_host(from, host, sizeof(host));
	if (log_throttle_pass(&t->foreign, LOG_EVERY_S, &missed))
		log_info(token, "a trap of %s was dropped: it is not the agent (and %u more)", host,
			 missed);
}

static int on_recv(netsnmp_transport *nt, void *data, int size, void **opaque, int *olength)
{
	struct agent_traps *t = *(struct agent_traps **)nt->data;
	struct netaddr from = {.len = sizeof(from.ss)};
	ssize_t n = recvfrom(t->fd, data, (size_t)size, 0, (struct sockaddr *)&from.ss, &from.len);

	*opaque = NULL;
	*olength = 0;
	if (n < 0)
		return -1;
	if (!is_agent(t, &from.ss)) {
		say_foreign(t, &from.ss);
		return -1;
	}
	/* Whom an inform is to be confirmed to. */
	*opaque = malloc(sizeof(from));
	if (!*opaque)
		return -1;
	memcpy(*opaque, &from, sizeof(from));
	*olength = sizeof(from);
	return (int)n;
}

static int on_send(netsnmp_transport *nt, const void *data, int size, void **opaque, int *olength)
{
	struct agent_traps *t = *(struct agent_traps **)nt->data;
	const struct netaddr *to = opaque ? *opaque : NULL;

	if (to && *olength == (int)sizeof(*to))
		sendto(t->fd, data, (size_t)size, MSG_NOSIGNAL, (const struct sockaddr *)&to->ss,
		       to->len);
	return size;
}

static int on_close(netsnmp_transport *nt)
{
	nt->sock = -1;
	return 0;
}

static netsnmp_transport *transport_new(struct agent_traps *t)
{
	netsnmp_transport *nt = calloc(1, sizeof(*nt));
	struct agent_traps **self = malloc(sizeof(struct agent_traps *));

	if (!nt || !self) {
		free(nt);
		free(self);
		return NULL;
	}
	*self = t;
	nt->data = self;
	nt->data_length = sizeof(struct agent_traps *);
	nt->domain = netsnmpUDPDomain;
	nt->domain_length = (int)netsnmpUDPDomain_len;
	nt->sock = t->fd;
	nt->msgMaxSize = 65507;
	nt->f_recv = on_recv;
	nt->f_send = on_send;
	nt->f_close = on_close;
	return nt;
}

/* -------------------------------------------------------------------------------- traps */

/* RFC 3584, section 3.1: what a trap of SNMPv1 is called since. */
static bool name_v1(const netsnmp_pdu *pdu, struct snmp_oid *out)
{
	static const struct snmp_oid standard = {{1, 3, 6, 1, 6, 3, 1, 1, 5}, 9};

	if (pdu->trap_type != GENERIC_SPECIFIC) {
		*out = standard;
		return snmp_oid_append(out, (uint32_t)pdu->trap_type + 1);
	}
	return snmp_oid_from(pdu->enterprise, pdu->enterprise_length, out) &&
	       snmp_oid_append(out, 0) && snmp_oid_append(out, (uint32_t)pdu->specific_type);
}

static bool name_v2(const netsnmp_pdu *pdu, struct snmp_oid *out)
{
	static const struct snmp_oid trap_oid = {{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}, 11};

	for (const netsnmp_variable_list *v = pdu->variables; v; v = v->next_variable) {
		struct snmp_oid name;

		if (snmp_oid_from(v->name, v->name_length, &name) &&
		    snmp_oid_same(&name, &trap_oid) && v->type == ASN_OBJECT_ID && v->val.objid)
			return snmp_oid_from(v->val.objid, v->val_len / sizeof(oid), out);
	}
	return false;
}

/* The rules of the questions hold for traps, too. */
static bool is_allowed(const struct agent_config *cfg, const netsnmp_pdu *pdu)
{
	static const int levels[] = {
		[AGENT_NOAUTH] = SNMP_SEC_LEVEL_NOAUTH,
		[AGENT_AUTH_NOPRIV] = SNMP_SEC_LEVEL_AUTHNOPRIV,
		[AGENT_AUTH_PRIV] = SNMP_SEC_LEVEL_AUTHPRIV,
	};
	char community[256];

	if (cfg->version == AGENT_V3)
		return pdu->version == SNMP_VERSION_3 && pdu->securityName &&
		       str_equal(pdu->securityName, cfg->user) &&
		       pdu->securityLevel >= levels[cfg->level];
	if (pdu->version == SNMP_VERSION_3 || !pdu->community ||
	    pdu->community_len >= sizeof(community))
		return false;
	memcpy(community, pdu->community, pdu->community_len);
	community[pdu->community_len] = '\0';
	return secret_equal(cfg->community, community);
}

static void tell(struct agent_traps *t)
{
	char name[SNMP_OID_TEXT_MAX];

	t->waiting = false;
	snmp_oid_text(&t->what, name, sizeof(name));
	log_info(token, "%s: trap %s", t->a->where, name);
	t->fn(t->arg, &t->what);
}

static void confirm(struct agent_traps *t, netsnmp_pdu *pdu)
{
	netsnmp_pdu *answer = snmp_clone_pdu(pdu);

	if (!answer)
		return;
	answer->command = SNMP_MSG_RESPONSE;
	answer->errstat = 0;
	answer->errindex = 0;
	if (!snmp_sess_send(t->session, answer))
		snmp_free_pdu(answer);
}

static void refuse(struct agent_traps *t)
{
	unsigned missed;

	t->counts.refused++;
	if (log_throttle_pass(&t->refused, LOG_EVERY_S, &missed))
		log_info(token,
			 "%s: a trap was dropped: its community or user is not that of ups.conf "
			 "(and "
			 "%u more)",
			 t->a->where, missed);
}

static int on_event(int operation, netsnmp_session *s, int reqid, netsnmp_pdu *pdu, void *arg)
{
	struct agent_traps *t = arg;
	bool named = false;

	(void)s, (void)reqid;
	if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || !pdu)
		return 1;
	if (!is_allowed(&t->a->cfg, pdu)) {
		refuse(t);
		return 1;
	}
	if (pdu->command == SNMP_MSG_TRAP)
		named = name_v1(pdu, &t->what);
	else if (pdu->command == SNMP_MSG_TRAP2 || pdu->command == SNMP_MSG_INFORM)
		named = name_v2(pdu, &t->what);
	if (!named)
		return 1;
	if (pdu->command == SNMP_MSG_INFORM)
		confirm(t, pdu);
	t->counts.taken++;
	if (loop_timer_pending(t->pause))
		t->waiting = true;
	else
		tell(t);
	return 1;
}

/* --------------------------------------------------------------------------------- pace */

static void on_pause_over(void *arg)
{
	struct agent_traps *t = arg;

	t->seen = 0;
	loop_watch_set(t->watch, LOOP_READ);
	if (!t->waiting)
		return;
	loop_timer_set(t->pause, PAUSE_MS);
	tell(t);
}

static void on_ready(void *arg, int events)
{
	struct agent_traps *t = arg;
	netsnmp_large_fd_set set;

	(void)events;
	netsnmp_large_fd_set_init(&set, t->fd + 1);
	NETSNMP_LARGE_FD_SET(t->fd, &set);
	snmp_sess_read2(t->session, &set);
	netsnmp_large_fd_set_cleanup(&set);
	if (!loop_timer_pending(t->pause))
		loop_timer_set(t->pause, PAUSE_MS);
	if (++t->seen >= BURST)
		loop_watch_set(t->watch, 0);
}

/* ------------------------------------------------------------------------ open and close */

static int open_port(int family, unsigned port)
{
	struct netaddr any;
	int fd = -1, on = 1, err;

	if (netaddr_from_numeric(family == AF_INET6 ? "::" : "0.0.0.0", port, &any))
		fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&any.ss, any.len) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* Informs go by our engine: the user needs keys for it. */
static void add_user(const struct agent *a)
{
	netsnmp_session s;
	u_char engine[64];

	if (a->cfg.version != AGENT_V3)
		return;
	snmp_session_fill(&s, &a->cfg, &a->keys);
	s.securityEngineID = engine;
	s.securityEngineIDLen = snmpv3_get_engineID(engine, sizeof(engine));
	if (usm_create_user_from_session(&s) != SNMPERR_SUCCESS)
		log_debug(1, token, "informs of SNMPv3 cannot be taken");
	secret_wipe(&s, sizeof(s));
}

static void remove_user(const struct agent *a)
{
	u_char engine[64];
	size_t len;
	struct usmUser *user;

	if (a->cfg.version != AGENT_V3)
		return;
	len = snmpv3_get_engineID(engine, sizeof(engine));
	user = usm_get_user(engine, len, a->cfg.user);
	if (!user)
		return;
	usm_remove_user(user);
	usm_free_user(user);
}

static bool session_open(struct agent_traps *t)
{
	netsnmp_transport *nt = transport_new(t);
	netsnmp_session s;

	if (!nt)
		return false;
	snmp_sess_init(&s);
	s.version = SNMP_DEFAULT_VERSION;
	s.isAuthoritative = SNMP_SESS_UNKNOWNAUTH;
	s.callback = on_event;
	s.callback_magic = t;
	t->session = snmp_sess_add(&s, nt, NULL, NULL);
	if (t->session)
		add_user(t->a);
	return t->session != NULL;
}

struct agent_traps *agent_traps_open(struct agent *a, unsigned port, agent_trap_fn *fn, void *arg)
{
	struct agent_traps *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->a = a;
	t->fn = fn;
	t->arg = arg;
	t->fd = open_port(a->addr.ss.ss_family, port);
	if (t->fd < 0) {
		log_warn_errno(token, errno, "traps = %u: that port is not to be had%s", port,
			       port < 1024 ? "; one from 1024 on needs no root" : "");
	} else if (session_open(t)) {
		t->watch = loop_watch_new(a->host.loop, t->fd, LOOP_READ, on_ready, t);
		t->pause = loop_timer_new(a->host.loop, on_pause_over, t);
	}
	if (t->watch && t->pause)
		return t;
	agent_traps_close(t);
	return NULL;
}

void agent_traps_close(struct agent_traps *t)
{
	if (!t)
		return;
	loop_watch_free(t->watch);
	loop_timer_free(t->pause);
	if (t->session)
		remove_user(t->a);
	snmp_sess_close(t->session);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}
