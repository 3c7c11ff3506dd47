/*
 * http: upsweb's face to browsers, on libevent's evhttp: addresses, HTTPS,
 * what every answer says in its head, and the parts of a request.
 */
#ifndef CLIENTS_UPSWEB_HTTP_H
#define CLIENTS_UPSWEB_HTTP_H

#include <stdbool.h>
#include <sys/types.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "clients/upsweb/conf.h"
#include "common/base/buffer.h"
#include "common/net/loop.h"

struct http;

enum { HTTP_BODY_MAX = 65536, HTTP_HEAD_MAX = 16384, HTTP_ADDRESS = 64 };

struct http_call {
	struct evhttp_request *req; /* answered exactly once */
	enum evhttp_cmd_type method;
	const char *path; /* decoded, begins with a slash */
	struct evkeyvalq *query;
	bool tls;    /* its connection is, or a proxy on this host says so */
	bool secure; /* under TLS, or from this host and not through a proxy that is not */
	char address[HTTP_ADDRESS]; /* the peer's, or what a proxy on this host says; for counting
				     */
};

typedef void http_fn(void *arg, struct http_call *call);

/* Binds all addresses and reads the certificate: before privileges are dropped. NULL: it has been
 * logged why. */
struct http *http_new(struct loop *l, const struct upsweb_conf *conf, http_fn *fn, void *arg);
void http_free(struct http *h); /* NULL is fine */
/* Reads the certificate anew; its fault is logged, and the old one stays. */
void http_reload(struct http *h);
/* Unix sockets become that group's, which may connect to them. */
void http_give(struct http *h, gid_t group);

/*
 * A call that is answered later.  `lost` is called when the browser hangs up, or
 * http_free() comes first: the request is gone then, and there is nothing to
 * answer.  NULL: no memory.  http_hold_end() comes before the answer's last part.
 */
struct http_hold;
typedef void http_lost_fn(void *arg);
struct http_hold *http_hold(struct http *h, struct evhttp_request *req, http_lost_fn *lost,
			    void *arg);
void http_hold_end(struct http_hold *hold);

/* The first value of that name, or NULL. */
const char *http_query(const struct http_call *c, const char *name);
const char *http_header(const struct http_call *c, const char *name); /* or NULL */

/* Puts on what every answer has. */
void http_head(struct evhttp_request *req, const char *type);
/* Whole answers. The buffer is taken, and empty afterwards. */
void http_reply(struct evhttp_request *req, int status, const char *type, struct buffer *body);
void http_reply_json(struct evhttp_request *req, int status, struct buffer *body);
/* {"error": text} */
void http_reply_error(struct evhttp_request *req, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
