/*
 * https: the certificate that upsweb shows, and connections under it.  Without
 * OpenSSL there is none (conf.c refuses "tls").
 */
#ifndef CLIENTS_UPSWEB_HTTPS_H
#define CLIENTS_UPSWEB_HTTPS_H

#include <stdbool.h>

struct https;
struct bufferevent;
struct event_base;

/* A PEM file with the certificate, those above it, and the key (or key in its own file), opened by
 * conffile_open(). NULL: it has been logged why. */
struct https *https_new(const char *certificate, const char *key);
/* Reads the same files anew, for connections to come. False: the old ones stay, it has been logged
 * why. */
bool https_reload(struct https *s);
void https_free(struct https *s); /* NULL is fine */

/* For evhttp: a connection that is about to be accepted; NULL: no memory. */
struct bufferevent *https_connection(struct https *s, struct event_base *base);

/* Is that connection under TLS? */
bool https_protects(struct bufferevent *b);

#endif
