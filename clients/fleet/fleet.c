#include "config.h"

#include "clients/fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/asyncclient.h"

enum {
	DEFAULT_POLL_MS = 5000,
	DEFAULT_LIST_MS = 30000,
	RETRY_MAX_MS = 30000,
	SERVER_PORT = 3493,
	ID_MAX = 600,
};

static const char token[] = "fleet";

struct site {
	struct site *next;
	struct fleet *fleet;
	struct fleet_site cfg;         /* strings owned */
	struct asyncclient *directory; /* of a site of all */
	char why[256];                 /* it cannot be listed */
};

struct fleet_device {
	struct site *site;
	char *id, *ups, *text;
	struct asyncclient *client;
	enum fleet_condition condition;
	char why[256];
	size_t place; /* in fleet->devices */
	void *mark;
};

struct fleet {
	struct loop *loop;
	struct resolver *resolver;
	unsigned poll_ms, list_ms;
	const struct fleet_ops *ops;
	void *arg;
	struct site *sites, **last_site;
	struct fleet_device **devices; /* in order */
	struct fleet_device **by_id;   /* sorted */
	size_t count, room;
};

const char *fleet_condition_word(enum fleet_condition c)
{
	static const char *const words[FLEET_CONDITION_COUNT] = {
		"connecting", "ok", "stale", "disconnected", "unreachable", "refused"};

	return words[c];
}

/* ------------------------------------------------------------------ one UPS */

static void set_condition(struct fleet_device *d, enum fleet_condition c, const char *why)
{
	struct fleet *f = d->site->fleet;

	d->condition = c;
	str_copy(d->why, sizeof(d->why), why ? why : "");
	if (f->ops->changed)
		f->ops->changed(f->arg, d);
}

/* What upsd says of a UPS that ups.conf does not describe is no description. */
static const char *description(const char *text)
{
	return str_equal(text, "Description unavailable") ? "" : text;
}

static void take_description(struct fleet_device *d, const char *text)
{
	struct fleet *f = d->site->fleet;
	char *copy;

	if (d->site->cfg.text || str_equal(d->text, text))
		return;
	copy = str_dup(text);
	if (!copy)
		return;
	free(d->text);
	d->text = copy;
	if (f->ops->changed)
		f->ops->changed(f->arg, d);
}

/* UPSDESC <ups> <text> */
static void device_described(void *arg, enum netwire_error e, const struct words *w)
{
	if (!e && w && words_count(w) >= 3 && str_caseequal(words_at(w, 0), "UPSDESC"))
		take_description(arg, description(words_at(w, 2)));
}

static void ask_description(struct fleet_device *d)
{
	const char *const words[] = {"GET", "UPSDESC", d->ups};

	/* In a site of all the list has it. */
	if (d->site->cfg.ups && !d->site->cfg.text)
		asyncclient_request(d->client, 3, words, device_described, d);
}

static void device_link(void *arg, enum asyncclient_state state, const char *why)
{
	struct fleet_device *d = arg;

	/* The first attempts, too, are "connecting" until one failed. */
	if (state == ASYNCCLIENT_UP)
		ask_description(d);
	if (state == ASYNCCLIENT_IDLE && why)
		set_condition(d, FLEET_UNREACHABLE, why);
}

static void device_update(void *arg, enum netwire_availability availability)
{
	struct fleet_device *d = arg;

	switch (availability) {
	case NETWIRE_AVAIL_OK:
		set_condition(d, FLEET_OK, NULL);
		break;
	case NETWIRE_AVAIL_STALE:
		if (d->condition == FLEET_REFUSED)
			break;
		set_condition(d, FLEET_STALE, "the driver has no fresh data");
		break;
	case NETWIRE_AVAIL_DISCONNECTED:
		set_condition(d, FLEET_DISCONNECTED, "upsd has no link to the driver");
		break;
	}
}

static void device_refused(void *arg, const char *what, enum netwire_error e)
{
	struct fleet_device *d = arg;
	char why[128];

	/* An unknown UPS ends the link, whose words are better; a strange greeting ends nothing. */
	if (e == NETWIRE_UNKNOWN_UPS || str_equal(what, "USERNAME") || str_equal(what, "PASSWORD"))
		return;
	str_format(why, sizeof(why), "%s was refused: %s", what, netwire_error_name(e));
	set_condition(d, FLEET_REFUSED, why);
}

static const struct asyncclient_ops device_ops = {device_link, device_update, device_refused};

static struct asyncclient *call(const struct site *s, const char *ups, unsigned poll_ms,
				const struct asyncclient_ops *ops, void *arg)
{
	const struct asyncclient_config cfg = {
		.host = s->cfg.host,
		.port = s->cfg.port,
		.ups = ups,
		.user = s->cfg.user,
		.password = s->cfg.password,
		.poll_ms = poll_ms,
		.retry_max_ms = RETRY_MAX_MS,
		.tls = s->cfg.tls,
	};

	return asyncclient_new(s->fleet->loop, s->fleet->resolver, &cfg, ops, arg);
}

static char *make_id(const struct site *s, const char *ups)
{
	char id[ID_MAX], port[16] = "";
	bool v6 = strchr(s->cfg.host, ':') != NULL;

	if (s->cfg.port != SERVER_PORT)
		str_format(port, sizeof(port), ":%u", s->cfg.port);
	str_format(id, sizeof(id), "%s@%s%s%s%s", ups, v6 ? "[" : "", s->cfg.host, v6 ? "]" : "",
		   port);
	return str_dup(id);
}

static void device_free(struct fleet_device *d)
{
	if (!d)
		return;
	asyncclient_free(d->client);
	free(d->id);
	free(d->ups);
	free(d->text);
	free(d);
}

static struct fleet_device *device_new(struct site *s, const char *ups, const char *text)
{
	struct fleet_device *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->site = s;
	d->ups = str_dup(ups);
	d->id = make_id(s, ups);
	d->text = str_dup(text);
	if (d->ups && d->id && d->text)
		d->client = call(s, ups, s->fleet->poll_ms, &device_ops, d);
	if (d->client)
		return d;
	device_free(d);
	return NULL;
}

/* --------------------------------------------------------------- the fleet */

/* Where the id is in by_id, or belongs. */
static size_t place_of(const struct fleet *f, const char *id)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(f->by_id[mid]->id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool make_room(struct fleet *f)
{
	size_t room = f->room ? f->room * 2 : 16;
	void *grown;

	if (f->count < f->room)
		return true;
	grown = realloc(f->devices, room * sizeof(struct fleet_device *));
	if (!grown)
		return false;
	f->devices = grown;
	grown = realloc(f->by_id, room * sizeof(struct fleet_device *));
	if (!grown)
		return false;
	f->by_id = grown;
	f->room = room;
	return true;
}

static void insert_at(struct fleet_device **list, size_t count, size_t at, struct fleet_device *d)
{
	memmove(list + at + 1, list + at, (count - at) * sizeof(struct fleet_device *));
	list[at] = d;
}

static void remove_at(struct fleet_device **list, size_t count, size_t at)
{
	memmove(list + at, list + at + 1, (count - at - 1) * sizeof(struct fleet_device *));
}

static void number_from(struct fleet *f, size_t at)
{
	for (; at < f->count; at++)
		f->devices[at]->place = at;
}

/* Behind the devices of its site and of those before, by name within a site of all. */
static size_t order_of(const struct fleet *f, const struct fleet_device *d)
{
	const struct site *s = f->sites;
	size_t at = 0;

	for (; s; s = s->next) {
		while (at < f->count && f->devices[at]->site == s &&
		       (s != d->site || strcmp(f->devices[at]->ups, d->ups) < 0))
			at++;
		if (s == d->site)
			break;
	}
	return at;
}

/* True unless there is no memory: one that is watched already is a success. */
static bool add_device(struct site *s, const char *ups, const char *text)
{
	struct fleet *f = s->fleet;
	struct fleet_device *d;
	char *id = make_id(s, ups);
	bool known = id && fleet_find(f, id);

	free(id);
	if (known)
		return true;
	d = make_room(f) ? device_new(s, ups, text) : NULL;
	if (!d) {
		log_error(token, "%s@%s is not watched: out of memory", ups, s->cfg.host);
		return false;
	}
	d->place = order_of(f, d);
	insert_at(f->devices, f->count, d->place, d);
	insert_at(f->by_id, f->count, place_of(f, d->id), d);
	f->count++;
	number_from(f, d->place);
	if (f->ops->added)
		f->ops->added(f->arg, d);
	return true;
}

static void remove_device(struct fleet *f, struct fleet_device *d)
{
	size_t place = d->place;

	if (f->ops->removed)
		f->ops->removed(f->arg, d);
	remove_at(f->by_id, f->count, place_of(f, d->id));
	remove_at(f->devices, f->count, place);
	f->count--;
	number_from(f, place);
	device_free(d);
}

/* ------------------------------------------------------------ sites of all */

static void remove_missing(struct site *s, const struct state *list)
{
	struct fleet *f = s->fleet;

	for (size_t i = f->count; i-- > 0;)
		if (f->devices[i]->site == s && !state_find(list, f->devices[i]->ups))
			remove_device(f, f->devices[i]);
}

static void directory_update(void *arg, enum netwire_availability availability)
{
	struct site *s = arg;
	const struct state *list = asyncclient_values(s->directory);

	if (availability != NETWIRE_AVAIL_OK)
		return;
	s->why[0] = '\0';
	remove_missing(s, list);
	for (size_t i = 0; i < state_count(list); i++) {
		const struct state_var *v = state_at(list, i);
		const char *text = s->cfg.text ? s->cfg.text : description(state_var_value(v));
		char *id = make_id(s, state_var_name(v));
		struct fleet_device *d = id ? fleet_find(s->fleet, id) : NULL;

		free(id);
		if (d)
			take_description(d, text);
		else
			add_device(s, state_var_name(v), text);
	}
}

static void directory_refused(void *arg, const char *what, enum netwire_error e)
{
	struct site *s = arg;

	str_format(s->why, sizeof(s->why), "%s was refused: %s", what, netwire_error_name(e));
	log_warn(token, "%s port %u does not list its UPSes: %s", s->cfg.host, s->cfg.port, s->why);
}

static void directory_link(void *arg, enum asyncclient_state state, const char *why)
{
	struct site *s = arg;

	if (state == ASYNCCLIENT_IDLE && why)
		str_copy(s->why, sizeof(s->why), why);
}

static const struct asyncclient_ops directory_ops = {directory_link, directory_update,
						     directory_refused};

/* ---------------------------------------------------------------- interface */

struct fleet *fleet_new(struct loop *l, struct resolver *r, unsigned poll_ms, unsigned list_ms,
			const struct fleet_ops *ops, void *arg)
{
	struct fleet *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->loop = l;
	f->resolver = r;
	f->poll_ms = poll_ms ? poll_ms : DEFAULT_POLL_MS;
	f->list_ms = list_ms ? list_ms : DEFAULT_LIST_MS;
	f->ops = ops;
	f->arg = arg;
	f->last_site = &f->sites;
	return f;
}

static void site_free(struct site *s)
{
	asyncclient_free(s->directory);
	free((char *)s->cfg.ups);
	free((char *)s->cfg.host);
	free((char *)s->cfg.text);
	free((char *)s->cfg.user);
	secret_free((char **)&s->cfg.password);
	free(s);
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		device_free(f->devices[i]);
	while (f->sites) {
		struct site *s = f->sites;

		f->sites = s->next;
		site_free(s);
	}
	free(f->devices);
	free(f->by_id);
	free(f);
}

static bool copy_text(const char **text)
{
	if (!*text)
		return true;
	*text = str_dup(*text);
	return *text != NULL;
}

static struct site *site_new(struct fleet *f, const struct fleet_site *cfg)
{
	struct site *s = calloc(1, sizeof(*s));
	bool ok;

	if (!s)
		return NULL;
	s->fleet = f;
	s->cfg = *cfg;
	if (s->cfg.ups && str_equal(s->cfg.ups, "*"))
		s->cfg.ups = NULL;
	/* All are copied even if one fails, so that site_free() frees copies only. */
	ok = copy_text(&s->cfg.ups);
	ok &= copy_text(&s->cfg.host);
	ok &= copy_text(&s->cfg.text);
	ok &= copy_text(&s->cfg.user);
	ok &= copy_text(&s->cfg.password);
	if (ok && !s->cfg.ups)
		s->directory = call(s, NULL, f->list_ms, &directory_ops, s);
	if (ok && (s->cfg.ups || s->directory))
		return s;
	site_free(s);
	return NULL;
}

bool fleet_watch(struct fleet *f, const struct fleet_site *cfg)
{
	struct site *s = site_new(f, cfg);

	if (!s)
		return false;
	*f->last_site = s;
	f->last_site = &s->next;
	return !s->cfg.ups || add_device(s, s->cfg.ups, s->cfg.text ? s->cfg.text : "");
}

size_t fleet_count(const struct fleet *f)
{
	return f->count;
}

struct fleet_device *fleet_at(const struct fleet *f, size_t i)
{
	return i < f->count ? f->devices[i] : NULL;
}

struct fleet_device *fleet_find(const struct fleet *f, const char *id)
{
	size_t at = place_of(f, id);

	return at < f->count && str_equal(f->by_id[at]->id, id) ? f->by_id[at] : NULL;
}

void fleet_look(struct fleet *f)
{
	for (const struct site *s = f->sites; s; s = s->next)
		if (s->directory)
			asyncclient_poll_now(s->directory);
}

static const struct site *site_at(const struct fleet *f, size_t i)
{
	const struct site *s = f->sites;

	while (s && i-- > 0)
		s = s->next;
	return s;
}

size_t fleet_site_count(const struct fleet *f)
{
	size_t count = 0;

	for (const struct site *s = f->sites; s; s = s->next)
		count++;
	return count;
}

const struct fleet_site *fleet_site_at(const struct fleet *f, size_t i)
{
	const struct site *s = site_at(f, i);

	return s ? &s->cfg : NULL;
}

const char *fleet_site_why(const struct fleet *f, size_t i)
{
	const struct site *s = site_at(f, i);

	return s ? s->why : "";
}

const char *fleet_device_id(const struct fleet_device *d)
{
	return d->id;
}

const char *fleet_device_ups(const struct fleet_device *d)
{
	return d->ups;
}

const char *fleet_device_host(const struct fleet_device *d)
{
	return d->site->cfg.host;
}

unsigned fleet_device_port(const struct fleet_device *d)
{
	return d->site->cfg.port;
}

const char *fleet_device_text(const struct fleet_device *d)
{
	return d->text;
}

const struct fleet_site *fleet_device_site(const struct fleet_device *d)
{
	return &d->site->cfg;
}

enum fleet_condition fleet_device_condition(const struct fleet_device *d)
{
	return d->condition;
}

const char *fleet_device_why(const struct fleet_device *d)
{
	return d->why;
}

struct state *fleet_device_values(const struct fleet_device *d)
{
	/* Observing changes the tree's list of observers, nothing else. */
	return (struct state *)asyncclient_values(d->client);
}

bool fleet_device_request(struct fleet_device *d, size_t count, const char *const *words,
			  asyncclient_reply_fn *done, void *arg)
{
	return asyncclient_request(d->client, count, words, done, arg);
}

void fleet_device_set_mark(struct fleet_device *d, void *mark)
{
	d->mark = mark;
}

void *fleet_device_mark(const struct fleet_device *d)
{
	return d->mark;
}
