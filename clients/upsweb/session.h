/*
 * sessions: who is logged in. Held in memory only, with the password, which is
 * shown to upsd at each command.
 */
#ifndef CLIENTS_UPSWEB_SESSION_H
#define CLIENTS_UPSWEB_SESSION_H

#include <stdbool.h>

#include "clients/upsweb/http.h"

enum { SESSION_TOKEN = 65, SESSIONS_MAX = 256, SESSION_IDLE_S = 1800, SESSION_LIFE_S = 43200 };

struct session {
	struct session *next;
	char id[SESSION_TOKEN], csrf[SESSION_TOKEN];
	char *user, *password;
	long long born_ms, used_ms;
};

struct sessions;

/* Random, in hexadecimal digits; `size` is odd, for the NUL. False: no random numbers. */
bool session_token(char *token, size_t size);

struct sessions *sessions_new(void);
void sessions_free(struct sessions *s); /* passwords are wiped; NULL is fine */

/* NULL: no memory, or no random numbers. */
struct session *sessions_open(struct sessions *s, const char *user, const char *password);
void sessions_close(struct sessions *s, struct session *one);

/* Of the call's cookie, or NULL; its time begins anew. */
struct session *sessions_find(struct sessions *s, const struct http_call *c);
/* The same, and the call has proved by its head that it comes from our page. */
struct session *sessions_find_sure(struct sessions *s, const struct http_call *c);

/* Puts the cookie on the answer; NULL takes it away. */
void sessions_set_cookie(const struct http_call *c, const struct session *one);

/* Attempts to log in, by address: seconds that it has to wait, 0 = it may try. */
long sessions_wait(const struct sessions *s, const char *address);
void sessions_failed(struct sessions *s, const char *address);
/* That attempt proves nothing: the server could not be asked. */
void sessions_forgive(struct sessions *s, const char *address);
void sessions_went_well(struct sessions *s, const char *address);

#endif
