#include "config.h"

#include "clients/upsmqtt/orders.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "order";

enum {
	AT_ONCE = 16, /* that upsd has not answered yet */
	TEXT_MAX = 256,
};

/* On its way to upsd. */
struct pending {
	struct pending *next;
	struct orders *orders;
	struct fleet_device *device;
	bool set;
	char command[TEXT_MAX], value[TEXT_MAX];
	bool has_value;
};

struct orders {
	const struct mqtt_conf *conf;
	orders_done *done;
	void *arg;
	struct pending *pending;
	size_t count;
};

/* A text that upsd's protocol and our log can take whole. */
static bool is_plain(const char *text, size_t len)
{
	if (len >= TEXT_MAX || strlen(text) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

static struct order order_of(const struct pending *p)
{
	return (struct order){.command = p->set ? "set" : p->command,
			      .name = p->set ? p->command : NULL,
			      .value = p->has_value ? p->value : NULL};
}

static void tell(struct orders *o, struct fleet_device *d, const struct order *order,
		 const char *error)
{
	const char *name = order->name ? order->name : order->command;

	log_notice(token, "%s: %s%s: %s", fleet_device_id(d), order->name ? "set " : "", name,
		   error ? error : "taken");
	o->done(o->arg, d, order, error);
}

static void unlink_pending(struct pending *p)
{
	struct pending **at = &p->orders->pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->orders->count--;
}

static void on_reply(void *arg, enum netwire_error error, const struct words *w)
{
	struct pending *p = arg;
	const struct order order = order_of(p);
	const char *why = NULL;

	if (!w)
		why = "the link to upsd broke";
	else if (error)
		why = netwire_error_name(error);
	unlink_pending(p);
	tell(p->orders, p->device, &order, why);
	free(p);
}

/* Passes it on.  The reason why not, or NULL. */
static const char *pass(struct pending *p)
{
	const char *ups = fleet_device_ups(p->device);
	const char *const set[] = {"SET", "VAR", ups, p->command, p->value};
	const char *const run[] = {"INSTCMD", ups, p->command, p->value};
	size_t count = p->has_value ? 4 : 3;

	if (p->orders->count >= AT_ONCE)
		return "too many at once";
	p->next = p->orders->pending;
	p->orders->pending = p;
	p->orders->count++;
	if (p->set ? fleet_device_request(p->device, 5, set, on_reply, p)
		   : fleet_device_request(p->device, count, run, on_reply, p))
		return NULL;
	unlink_pending(p);
	return "there is no link to upsd";
}

static void take(struct orders *o, struct fleet_device *d, const struct order *order)
{
	const struct mqtt_patterns *allowed = order->name ? &o->conf->settings : &o->conf->commands;
	const char *word = order->name ? order->name : order->command;
	struct pending *p;
	const char *why;

	if (!mqtt_patterns_match(allowed, word)) {
		tell(o, d, order, "not allowed by upsmqtt.conf");
		return;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		tell(o, d, order, "out of memory");
		return;
	}
	p->orders = o;
	p->device = d;
	p->set = order->name != NULL;
	p->has_value = order->value != NULL;
	str_copy(p->command, sizeof(p->command), word);
	str_copy(p->value, sizeof(p->value), order->value ? order->value : "");
	why = pass(p);
	if (!why)
		return;
	free(p);
	tell(o, d, order, why);
}

void orders_command(struct orders *o, struct fleet_device *d, const char *payload, size_t len)
{
	char text[TEXT_MAX] = "?";
	struct order order = {.command = text};
	char *blank;

	if (!is_plain(payload, len) || len == 0) {
		tell(o, d, &order, "it cannot be read");
		return;
	}
	str_copy(text, sizeof(text), payload);
	blank = strchr(text, ' ');
	if (blank) {
		*blank = '\0';
		order.value = blank + 1 + strspn(blank + 1, " ");
	}
	if (order.value && !order.value[0])
		order.value = NULL;
	take(o, d, &order);
}

void orders_set(struct orders *o, struct fleet_device *d, const char *name, const char *payload,
		size_t len)
{
	struct order order = {.command = "set", .name = name, .value = payload};

	if (is_plain(payload, len) && is_plain(name, strlen(name))) {
		take(o, d, &order);
		return;
	}
	order.name = "?";
	order.value = NULL;
	tell(o, d, &order, "it cannot be read");
}

void orders_forget(struct orders *o, const struct fleet_device *d)
{
	for (struct pending *p = o->pending, *next; p; p = next) {
		next = p->next;
		if (p->device != d)
			continue;
		unlink_pending(p);
		free(p);
	}
}

struct orders *orders_new(const struct mqtt_conf *conf, orders_done *done, void *arg)
{
	struct orders *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->conf = conf;
	o->done = done;
	o->arg = arg;
	return o;
}

void orders_free(struct orders *o)
{
	if (!o)
		return;
	while (o->pending) {
		struct pending *p = o->pending;

		o->pending = p->next;
		free(p);
	}
	free(o);
}
