#include "config.h"

#include "clients/upsweb/devices.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/json.h"
#include "common/base/str.h"
#include "common/ups/status.h"

enum { GONE_KEPT = 256 };

struct devices {
	struct device *oldest, *newest; /* by their last changes */
	uint64_t changes, forgotten;
	size_t gone;
	devices_event_fn *happened;
	void *arg;
};

double devices_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

const char *device_value(const struct device *d, const char *variable)
{
	const char *value = state_get(fleet_device_values(d->fleet), variable);

	return value && *value ? value : NULL;
}

/* ---------------------------------------------------------------------- order */

static void unlink_device(struct devices *s, struct device *d)
{
	*(d->older ? &d->older->newer : &s->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &s->newest) = d->older;
	d->newer = d->older = NULL;
}

static void append_device(struct devices *s, struct device *d)
{
	d->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = d;
	s->newest = d;
	d->changed = ++s->changes;
	buffer_free(&d->json);
}

static void free_device(struct device *d)
{
	free(d->id);
	free(d->status);
	free(d->alarm);
	buffer_free(&d->json);
	free(d);
}

/* The one that has been gone for longest. */
static void forget_one(struct devices *s)
{
	struct device *d = s->oldest;

	while (d->fleet)
		d = d->newer;
	s->forgotten = d->changed;
	s->gone--;
	unlink_device(s, d);
	free_device(d);
}

uint64_t devices_last_change(const struct devices *s)
{
	return s->changes;
}

uint64_t devices_forgotten(const struct devices *s)
{
	return s->forgotten;
}

struct device *devices_after(struct devices *s, uint64_t seen)
{
	struct device *first = NULL;

	for (struct device *d = s->newest; d && d->changed > seen; d = d->older)
		first = d;
	return first;
}

/* --------------------------------------------------------------------- events */

static void tell(struct devices *s, struct device *d, const char *kind, const char *text,
		 const char *from, const char *to, const char *cause)
{
	const struct history_event e = {
		.time = devices_now(),
		.id = d->id,
		.kind = kind,
		.text = text,
		.from = from ? from : "",
		.to = to ? to : "",
		.cause = cause ? cause : "",
	};

	s->happened(s->arg, &e);
}

static void append_cause(struct buffer *out, const struct device *d, const char *variable)
{
	const char *value = device_value(d, variable);

	if (value)
		buffer_appendf(out, "%s%s %s", out->len ? ", " : "", variable, value);
}

/* Which values belong to what has come. */
static void find_cause(const struct device *d, uint32_t come, struct buffer *out)
{
	if (come & STATUS_OB) {
		append_cause(out, d, "input.transfer.reason");
		append_cause(out, d, "input.voltage");
	}
	if (come & (STATUS_LB | STATUS_FSD)) {
		append_cause(out, d, "battery.charge");
		append_cause(out, d, "battery.runtime");
	}
	if (come & STATUS_OVER)
		append_cause(out, d, "ups.load");
	if (come & STATUS_RB)
		append_cause(out, d, "ups.test.result");
	if (come & STATUS_ALARM)
		append_cause(out, d, "ups.alarm");
}

static void note_status(struct devices *s, struct device *d)
{
	const char *now = device_value(d, "ups.status"), *before = d->status;
	struct buffer text = {0}, cause = {0};

	if (!now || str_equal(now, before))
		return;
	d->since = devices_now();
	if (!before) {
		tell(s, d, "start", "is watched from now on", "", now, "");
	} else {
		wording_change(before, now, &text);
		find_cause(d, status_parse(now, NULL) & ~status_parse(before, NULL), &cause);
		if (text.len)
			tell(s, d, "status", buffer_string(&text), before, now,
			     buffer_string(&cause));
	}
	buffer_free(&text);
	buffer_free(&cause);
	str_replace(&d->status, now);
}

static void note_alarm(struct devices *s, struct device *d)
{
	const char *now = device_value(d, "ups.alarm");

	if (str_equal(now, d->alarm))
		return;
	if (now && d->known)
		tell(s, d, "alarm", "the UPS gives an alarm", d->alarm, now, "");
	str_replace(&d->alarm, now);
}

static void note_condition(struct devices *s, struct device *d)
{
	enum fleet_condition now = fleet_device_condition(d->fleet);

	if (now == d->condition)
		return;
	if (d->known || (now != FLEET_OK && now != FLEET_CONNECTING)) {
		tell(s, d, "condition", wording_condition(now), fleet_condition_word(d->condition),
		     fleet_condition_word(now), fleet_device_why(d->fleet));
		d->since = devices_now();
	}
	d->condition = now;
}

/* ---------------------------------------------------------------------- fleet */

void devices_added(struct devices *s, struct fleet_device *fleet)
{
	struct device *d = calloc(1, sizeof(*d));

	if (!d || !(d->id = str_dup(fleet_device_id(fleet)))) {
		free(d);
		return;
	}
	d->fleet = fleet;
	d->level = WORDING_UNKNOWN;
	fleet_device_set_mark(fleet, d);
	append_device(s, d);
}

/* What has changed is none of what DEVICE has: then nobody needs to be told. */
static bool looks_the_same(struct device *d)
{
	struct buffer before = d->json;
	bool same;

	if (!before.len)
		return false; /* nobody has looked since */
	d->json = (struct buffer){0};
	device_json(d);
	same = d->json.len == before.len && memcmp(d->json.data, before.data, before.len) == 0;
	buffer_free(&before);
	return same;
}

void devices_changed(struct devices *s, struct fleet_device *fleet)
{
	struct device *d = fleet_device_mark(fleet);

	if (!d)
		return;
	note_condition(s, d);
	if (d->condition == FLEET_OK) {
		note_status(s, d);
		note_alarm(s, d);
		d->known = true;
	}
	d->level = wording_level(d->condition, device_value(d, "ups.status"), d->known);
	if (looks_the_same(d))
		return;
	unlink_device(s, d);
	append_device(s, d);
}

void devices_removed(struct devices *s, struct fleet_device *fleet)
{
	struct device *d = fleet_device_mark(fleet);

	if (!d)
		return;
	fleet_device_set_mark(fleet, NULL);
	d->fleet = NULL;
	unlink_device(s, d);
	append_device(s, d);
	if (++s->gone > GONE_KEPT)
		forget_one(s);
}

struct devices *devices_new(devices_event_fn *happened, void *arg)
{
	struct devices *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->happened = happened;
	s->arg = arg;
	return s;
}

void devices_free(struct devices *s)
{
	if (!s)
		return;
	while (s->oldest) {
		struct device *d = s->oldest;

		unlink_device(s, d);
		free_device(d);
	}
	free(s);
}

/* ----------------------------------------------------------------------- JSON */

static void append_member(struct buffer *b, const char *name, const char *value)
{
	buffer_appendf(b, ",\"%s\":", name);
	json_append_string(b, value ? value : "");
}

static void append_word(void *arg, const char *text)
{
	struct buffer *b = arg;

	if (b->data[b->len - 1] != '[')
		buffer_append_char(b, ',');
	json_append_string(b, text);
}

static void append_values(struct buffer *b, const struct device *d)
{
	static const char *const members[][2] = {
		{"alarm", "ups.alarm"},         {"charge", "battery.charge"},
		{"runtime", "battery.runtime"}, {"load", "ups.load"},
		{"input", "input.voltage"},     {"output", "output.voltage"},
		{"battery", "battery.voltage"}, {"temperature", "ups.temperature"},
		{"model", "device.model"},      {"mfr", "device.mfr"},
		{"status", "ups.status"},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		append_member(b, members[i][0], device_value(d, members[i][1]));
	buffer_append_str(b, ",\"words\":[");
	if (device_value(d, "ups.status"))
		wording_words(device_value(d, "ups.status"), append_word, b);
	buffer_append_char(b, ']');
}

const struct buffer *device_json(struct device *d)
{
	struct buffer *b = &d->json;

	if (b->len)
		return b;
	buffer_append_str(b, "{\"id\":");
	json_append_string(b, d->id);
	append_member(b, "ups", fleet_device_ups(d->fleet));
	append_member(b, "host", fleet_device_host(d->fleet));
	buffer_appendf(b, ",\"port\":%u", fleet_device_port(d->fleet));
	append_member(b, "text", fleet_device_text(d->fleet));
	append_member(b, "condition", fleet_condition_word(d->condition));
	append_member(b, "why", fleet_device_why(d->fleet));
	append_member(b, "level", wording_level_name(d->level));
	append_values(b, d);
	buffer_appendf(b, ",\"since\":%.3f}", d->since);
	return b;
}
