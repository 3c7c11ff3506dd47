#include "config.h"

#include "clients/upsweb/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/clock.h"
#include "common/base/str.h"

enum {
	TRIES = 5,        /* that fail without a pause */
	PAUSE_MS = 10000, /* the first; it doubles */
	PAUSE_MAX_MS = 900000,
	ADDRESSES = 256,
	COOKIE_MAX = 200,
};

static const char cookie_name[] = "upsweb";

struct address {
	char text[HTTP_ADDRESS];
	unsigned failures;
	long long until_ms, last_ms;
};

struct sessions {
	struct session *first;
	size_t count;
	struct address addresses[ADDRESSES];
};

/* -------------------------------------------------------------------- sessions */

bool session_token(char *token, size_t size)
{
	unsigned char bytes[(SESSION_TOKEN - 1) / 2];
	size_t count = (size - 1) / 2;

	if (count > sizeof(bytes) || getrandom(bytes, count, 0) != (ssize_t)count)
		return false;
	for (size_t i = 0; i < count; i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	secret_wipe(bytes, sizeof(bytes));
	return true;
}

static void free_session(struct session *one)
{
	free(one->user);
	secret_free(&one->password);
	secret_wipe(one, sizeof(*one));
	free(one);
}

void sessions_close(struct sessions *s, struct session *one)
{
	struct session **at = &s->first;

	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	s->count--;
	free_session(one);
}

static bool is_over(const struct session *one, long long now)
{
	return now - one->used_ms > SESSION_IDLE_S * 1000LL ||
	       now - one->born_ms > SESSION_LIFE_S * 1000LL;
}

static void close_old(struct sessions *s, long long now)
{
	struct session *idlest = NULL;

	for (struct session *one = s->first, *next; one; one = next) {
		next = one->next;
		if (is_over(one, now))
			sessions_close(s, one);
		else if (!idlest || one->used_ms < idlest->used_ms)
			idlest = one;
	}
	if (s->count >= SESSIONS_MAX)
		sessions_close(s, idlest);
}

struct session *sessions_open(struct sessions *s, const char *user, const char *password)
{
	long long now = clock_ms();
	struct session *one = calloc(1, sizeof(*one));

	if (!one)
		return NULL;
	one->user = str_dup(user);
	one->password = str_dup(password);
	one->born_ms = one->used_ms = now;
	if (!one->user || !one->password || !session_token(one->id, sizeof(one->id)) ||
	    !session_token(one->csrf, sizeof(one->csrf))) {
		free_session(one);
		return NULL;
	}
	close_old(s, now);
	one->next = s->first;
	s->first = one;
	s->count++;
	return one;
}

/* The value of our cookie in the head, or false. */
static bool find_cookie(const struct http_call *c, char *value, size_t size)
{
	const char *all = http_header(c, "Cookie");
	size_t name = strlen(cookie_name);

	for (const char *at = all; at && *at; at = strchr(at, ';')) {
		size_t len;

		at += strspn(at, "; ");
		if (!str_starts(at, cookie_name) || at[name] != '=')
			continue;
		len = strcspn(at + name + 1, "; ");
		if (len + 1 > size)
			return false;
		memcpy(value, at + name + 1, len);
		value[len] = '\0';
		return true;
	}
	return false;
}

struct session *sessions_find(struct sessions *s, const struct http_call *c)
{
	long long now = clock_ms();
	char id[COOKIE_MAX];

	if (!find_cookie(c, id, sizeof(id)))
		return NULL;
	for (struct session *one = s->first; one; one = one->next) {
		if (!secret_equal(one->id, id))
			continue;
		if (is_over(one, now)) {
			sessions_close(s, one);
			return NULL;
		}
		one->used_ms = now;
		return one;
	}
	return NULL;
}

struct session *sessions_find_sure(struct sessions *s, const struct http_call *c)
{
	struct session *one = sessions_find(s, c);
	const char *shown = http_header(c, "X-CSRF-Token");

	return one && shown && secret_equal(one->csrf, shown) ? one : NULL;
}

void sessions_set_cookie(const struct http_call *c, const struct session *one)
{
	char text[COOKIE_MAX];

	str_format(text, sizeof(text), "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
		   cookie_name, one ? one->id : "", one ? SESSION_LIFE_S : 0,
		   c->tls ? "; Secure" : "");
	evhttp_add_header(evhttp_request_get_output_headers(c->req), "Set-Cookie", text);
}

/* ------------------------------------------------------------------ rate limit */

static struct address *find_address(const struct sessions *s, const char *text)
{
	for (size_t i = 0; i < ADDRESSES; i++)
		if (str_equal(s->addresses[i].text, text))
			return (struct address *)&s->addresses[i];
	return NULL;
}

long sessions_wait(const struct sessions *s, const char *address)
{
	const struct address *a = find_address(s, address);
	long long left = a ? a->until_ms - clock_ms() : 0;

	return left > 0 ? (long)((left + 999) / 1000) : 0;
}

/* A new row takes the place of the one that has been quiet for longest. */
static struct address *make_address(struct sessions *s, const char *text)
{
	struct address *quiet = &s->addresses[0];

	for (size_t i = 1; i < ADDRESSES; i++)
		if (s->addresses[i].last_ms < quiet->last_ms)
			quiet = &s->addresses[i];
	*quiet = (struct address){.failures = 0};
	str_copy(quiet->text, sizeof(quiet->text), text);
	return quiet;
}

void sessions_failed(struct sessions *s, const char *address)
{
	struct address *a = find_address(s, address);
	long long pause = PAUSE_MS;

	a = a ? a : make_address(s, address);
	a->last_ms = clock_ms();
	a->failures++;
	if (a->failures < TRIES)
		return;
	for (unsigned i = TRIES; i < a->failures && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	a->until_ms = a->last_ms + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
}

void sessions_forgive(struct sessions *s, const char *address)
{
	struct address *a = find_address(s, address);

	if (!a || !a->failures)
		return;
	a->failures--;
	a->until_ms = 0;
}

void sessions_went_well(struct sessions *s, const char *address)
{
	struct address *a = find_address(s, address);

	if (a)
		*a = (struct address){.failures = 0};
}

/* ------------------------------------------------------------------------ life */

struct sessions *sessions_new(void)
{
	return calloc(1, sizeof(struct sessions));
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	while (s->first)
		sessions_close(s, s->first);
	free(s);
}
