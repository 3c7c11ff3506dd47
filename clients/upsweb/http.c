#include "config.h"

#include "clients/upsweb/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/upsweb/https.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/listener.h"
#include "common/net/netaddr.h"

enum {
	TIMEOUT_S = 60,
	BACKLOG = 128,
	ERROR_MAX = 512,
	/* More than a head needs; and all that a peer can have us keep that sends while it is being
	 * answered. */
	INPUT_MAX = 65536,
	REST_MS = 500,
	COMPLAIN_S = 60,
};

static const char token[] = "http";
static const char unix_prefix[] = "unix:";
/* Whose ports they are: libevent tells that to itself only. */
static struct http *serving;

struct http_port {
	struct http_port *next;
	struct http *http;
	struct evhttp *server;
	struct evconnlistener *listener;
	bool tls, is_unix;
	char *path; /* of a unix socket that is ours */
};

struct http_hold {
	struct http_hold *next, **prev;
	struct evhttp_request *req;
	http_lost_fn *lost;
	void *arg;
};

struct http {
	struct loop *loop;
	struct http_hold *holds;
	struct http_port *ports;
	struct https *https;
	struct loop_timer *rest;
	struct log_throttle complaint;
	http_fn *fn;
	void *arg;
};

/* ------------------------------------------------------------------ requests */

const char *http_header(const struct http_call *c, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(c->req), name);
}

const char *http_query(const struct http_call *c, const char *name)
{
	return evhttp_find_header(c->query, name);
}

static bool is_local(const char *address)
{
	return str_starts(address, "127.") || str_equal(address, "::1") ||
	       str_starts(address, "::ffff:127.");
}

/* What the proxy itself has put there; the rest is what it was told. */
static const char *last_of(const char *list)
{
	const char *comma = strrchr(list, ',');

	if (!comma)
		return list;
	return comma + 1 + strspn(comma + 1, " \t");
}

/* Who asks, and whether what he tells us has been open to others on its way. */
static void look_at_peer(struct http_call *c, const struct http_port *port)
{
	const char *proxied = http_header(c, "X-Forwarded-For");
	const char *scheme = http_header(c, "X-Forwarded-Proto");
	char *address = NULL;
	uint16_t number = 0;

	evhttp_connection_get_peer(evhttp_request_get_connection(c->req), &address, &number);
	str_copy(c->address, sizeof(c->address), port->is_unix || !address ? "local" : address);
	c->tls = port->tls;
	c->secure = c->tls || port->is_unix || is_local(c->address);
	/* Only this host's own proxy is believed. */
	if (proxied && (port->is_unix || is_local(c->address))) {
		c->secure = c->tls = scheme && str_caseequal(scheme, "https");
		str_copy(c->address, sizeof(c->address), last_of(proxied));
	}
}

/* "strict" is "strict=", which libevent insists on. False: no memory, or it cannot be read. */
static bool parse_query(const char *query, struct evkeyvalq *parts)
{
	struct buffer whole = {.max = 2 * HTTP_HEAD_MAX};
	bool ok;

	while (*query) {
		size_t len = strcspn(query, "&");

		if (len && whole.len)
			buffer_append_char(&whole, '&');
		buffer_append(&whole, query, len);
		if (len && !memchr(query, '=', len))
			buffer_append_char(&whole, '=');
		query += len + (query[len] == '&');
	}
	ok = !whole.failed &&
	     (!whole.len || evhttp_parse_query_str(buffer_string(&whole), parts) == 0);
	buffer_free(&whole);
	return ok;
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct http_port *port = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	struct evkeyvalq parts = {NULL};
	struct http_call call = {.req = req, .method = evhttp_request_get_command(req)};
	size_t size = 0;
	char *decoded = path ? evhttp_uridecode(path, 0, &size) : NULL;

	call.query = &parts;
	if (port->tls && !https_protects(evhttp_connection_get_bufferevent(
				 evhttp_request_get_connection(req)))) {
		/* There was no memory for TLS, and libevent has gone on without. */
		http_reply_error(req, HTTP_SERVUNAVAIL, "no TLS at the moment");
	} else if (!decoded || strlen(decoded) != size || (query && !parse_query(query, &parts))) {
		http_reply_error(req, HTTP_BADREQUEST, "the address cannot be read");
	} else {
		call.path = *decoded ? decoded : "/";
		look_at_peer(&call, port);
		port->http->fn(port->http->arg, &call);
	}
	evhttp_clear_headers(&parts);
	free(decoded);
}

/* ------------------------------------------------------------------- answers */

void http_head(struct evhttp_request *req, const char *type)
{
	static const char *const always[][2] = {
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Frame-Options", "DENY"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Cache-Control", "no-store"},
	};
	struct evkeyvalq *out = evhttp_request_get_output_headers(req);

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		evhttp_add_header(out, always[i][0], always[i][1]);
	evhttp_add_header(out, "Content-Type", type);
	if (!evhttp_find_header(out, "Content-Security-Policy"))
		evhttp_add_header(out, "Content-Security-Policy",
				  "default-src 'none'; frame-ancestors 'none'");
}

void http_reply(struct evhttp_request *req, int status, const char *type, struct buffer *body)
{
	struct evbuffer *out = evbuffer_new();

	http_head(req, type);
	if (!out || body->failed || evbuffer_add(out, body->data, body->len) != 0)
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	else
		evhttp_send_reply(req, status, NULL, out);
	if (out)
		evbuffer_free(out);
	buffer_free(body);
}

void http_reply_json(struct evhttp_request *req, int status, struct buffer *body)
{
	http_reply(req, status, "application/json", body);
}

void http_reply_error(struct evhttp_request *req, int status, const char *fmt, ...)
{
	struct buffer body = {0};
	char text[ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buffer_append_str(&body, "{\"error\":");
	json_append_string(&body, text);
	buffer_append_char(&body, '}');
	http_reply_json(req, status, &body);
}

/* ----------------------------------------------------------------- held calls */

static void lose(struct http_hold *hold)
{
	http_lost_fn *lost = hold->lost;
	void *arg = hold->arg;

	http_hold_end(hold);
	lost(arg);
}

/* libevent has taken the request from its connection, and leaves it to us. */
static void on_hangup(struct evhttp_connection *c, void *arg)
{
	struct http_hold *hold = arg;
	struct evhttp_request *req = hold->req;

	(void)c;
	lose(hold);
	evhttp_send_reply_end(req);
}

struct http_hold *http_hold(struct http *h, struct evhttp_request *req, http_lost_fn *lost,
			    void *arg)
{
	struct http_hold *hold = calloc(1, sizeof(*hold));

	if (!hold)
		return NULL;
	*hold = (struct http_hold){.req = req, .lost = lost, .arg = arg, .next = h->holds};
	hold->prev = &h->holds;
	if (hold->next)
		hold->next->prev = &hold->next;
	h->holds = hold;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_hangup, hold);
	return hold;
}

void http_hold_end(struct http_hold *hold)
{
	struct evhttp_connection *c = evhttp_request_get_connection(hold->req);

	if (c)
		evhttp_connection_set_closecb(c, NULL, NULL);
	if (hold->next)
		hold->next->prev = hold->prev;
	*hold->prev = hold->next;
	free(hold);
}

/* ------------------------------------------------------------------ addresses */

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct http_port *port = arg;
	struct bufferevent *bev = port->tls
					  ? https_connection(port->http->https, base)
					  : bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (bev)
		bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
	return bev;
}

static void pause_ports(struct http *h, bool pause)
{
	for (struct http_port *p = h->ports; p; p = p->next)
		(pause ? evconnlistener_disable : evconnlistener_enable)(p->listener);
}

static void on_rested(void *arg)
{
	pause_ports(arg, false);
}

/* Out of descriptors: else it would be tried again at once, and so on. */
static void on_accept_failed(struct evconnlistener *listener, void *arg)
{
	struct http *h = serving;
	unsigned missed;

	(void)listener;
	(void)arg;
	if (log_throttle_pass(&h->complaint, COMPLAIN_S, &missed))
		log_warn_errno(token, errno,
			       "no more connections are taken for now; raise the limit of open "
			       "files (ulimit -n, LimitNOFILE=)");
	pause_ports(h, true);
	loop_timer_set(h->rest, REST_MS);
}

/* A socket that somebody serves stays his; one that was left behind is replaced. */
static int bind_unix(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || !str_copy(sun.sun_path, sizeof(sun.sun_path), path)) {
		errno = fd < 0 ? errno : ENAMETOOLONG;
	} else if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 || errno == EAGAIN) {
		errno = EADDRINUSE;
	} else {
		if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			unlink(path);
		if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 && chmod(path, 0660) == 0)
			return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static int bind_address(const struct upsweb_listen *n)
{
	struct netaddr addr;

	if (str_starts(n->host, unix_prefix))
		return bind_unix(n->host + sizeof(unix_prefix) - 1);
	if (!netaddr_from_numeric(n->host, n->port, &addr)) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	return listener_bind((struct sockaddr *)&addr.ss, addr.len);
}

static bool serve(struct http_port *port, int fd)
{
	struct evhttp_bound_socket *bound;

	port->server = evhttp_new(loop_base(port->http->loop));
	if (!port->server)
		return false;
	evhttp_set_max_headers_size(port->server, HTTP_HEAD_MAX);
	evhttp_set_max_body_size(port->server, HTTP_BODY_MAX);
	evhttp_set_timeout(port->server, TIMEOUT_S);
	evhttp_set_allowed_methods(port->server,
				   EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
	evhttp_set_default_content_type(port->server, NULL);
	evhttp_set_bevcb(port->server, on_connection, port);
	evhttp_set_gencb(port->server, on_request, port);
	bound = listen(fd, BACKLOG) == 0 ? evhttp_accept_socket_with_handle(port->server, fd)
					 : NULL;
	if (!bound)
		return false;
	port->listener = evhttp_bound_socket_get_listener(bound);
	evconnlistener_set_error_cb(port->listener, on_accept_failed);
	return true;
}

static bool add_port(struct http *h, const struct upsweb_listen *n)
{
	struct http_port *port = calloc(1, sizeof(*port));
	int fd = port ? bind_address(n) : -1;

	if (fd < 0) {
		log_errno(token, errno, "cannot listen on %s port %u", n->host, n->port);
		free(port);
		return false;
	}
	port->http = h;
	port->tls = n->tls;
	port->is_unix = str_starts(n->host, unix_prefix);
	port->next = h->ports;
	h->ports = port;
	if (port->is_unix)
		port->path = str_dup(n->host + sizeof(unix_prefix) - 1);
	if (!serve(port, fd)) {
		log_errno(token, errno, "cannot serve %s port %u", n->host, n->port);
		close(fd);
		return false;
	}
	if (port->is_unix)
		log_info(token, "listening on %s", port->path);
	else
		log_info(token, "listening on %s port %u%s", n->host, n->port,
			 n->tls ? ", TLS" : "");
	return true;
}

struct http *http_new(struct loop *l, const struct upsweb_conf *conf, http_fn *fn, void *arg)
{
	struct http *h = calloc(1, sizeof(*h));
	bool ok = false;

	if (!h)
		return NULL;
	serving = h;
	h->loop = l;
	h->rest = loop_timer_new(l, on_rested, h);
	ok = h->rest != NULL;
	h->fn = fn;
	h->arg = arg;
	if (ok && conf->certificate)
		ok = (h->https = https_new(conf->certificate, conf->key)) != NULL;
	for (const struct upsweb_listen *n = conf->listens; ok && n; n = n->next)
		ok = add_port(h, n);
	if (ok)
		return h;
	http_free(h);
	return NULL;
}

void http_reload(struct http *h)
{
	if (h->https && !https_reload(h->https))
		log_error(token, "the old certificate stays in use");
}

void http_give(struct http *h, gid_t group)
{
	for (const struct http_port *p = h->ports; p; p = p->next)
		if (p->path && chown(p->path, (uid_t)-1, group) != 0)
			log_warn_errno(token, errno, "%s cannot be given to our group", p->path);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->holds)
		lose(h->holds);
	while (h->ports) {
		struct http_port *port = h->ports;

		h->ports = port->next;
		if (port->server)
			evhttp_free(port->server);
		if (port->path)
			unlink(port->path);
		free(port->path);
		free(port);
	}
	https_free(h->https);
	loop_timer_free(h->rest);
	free(h);
}
