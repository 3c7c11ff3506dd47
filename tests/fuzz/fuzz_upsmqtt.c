/*
 * What comes from a broker: the first line is a topic, the rest its payload, for a UPS
 * that takes all orders; and the whole once more as upsmqtt.conf.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clients/upsmqtt/orders.h"
#include "clients/upsmqtt/payload.h"
#include "clients/upsmqtt/topics.h"
#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mqtt_conf *load(const char *text, size_t len)
{
	struct conf_report report = {.emit = NULL};
	struct mqtt_conf *conf = NULL;
	char path[64];
	int fd = memfd_create("upsmqtt", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	str_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	conf = mqtt_conf_load(path, &report);
	close(fd);
	return conf;
}

static void done(void *arg, struct fleet_device *d, const struct order *o, const char *error)
{
	struct buffer b = {.data = NULL};

	(void)arg, (void)d;
	if (!o->command || strchr(o->command, '\n'))
		abort();
	payload_result(&b, o->command, o->name, o->value, error, 0);
	if (b.failed || b.data[b.len - 1] != '}')
		abort();
	buffer_free(&b);
}

static struct fleet *fleet;
static struct orders *orders;

static void set_up(void)
{
	static const char all[] = "MONITOR a@127.0.0.1:1\nCOMMANDS *\nSETTINGS *\nPREFIX nut\n";
	static const struct fleet_ops ops = {NULL, NULL, NULL};
	static const struct fleet_site site = {.ups = "a", .host = "127.0.0.1", .port = 1};
	struct loop *loop = loop_new();
	struct resolver *resolver = loop ? resolver_new(loop) : NULL;
	struct mqtt_conf *conf = load(all, sizeof(all) - 1);

	fleet = resolver ? fleet_new(loop, resolver, 0, 0, &ops, NULL) : NULL;
	orders = conf ? orders_new(conf, done, NULL) : NULL;
	if (!fleet || !orders || !fleet_watch(fleet, &site))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t len = line ? (size_t)(line - data) : size;
	char *topic = malloc(len + 1), *payload = malloc(size + 1);
	size_t rest = line ? size - len - 1 : 0;
	struct topics_parsed p;

	if (!topic || !payload)
		abort();
	if (!fleet)
		set_up();
	memcpy(topic, data, len);
	topic[len] = '\0';
	memcpy(payload, data + size - rest, rest);
	payload[rest] = '\0';
	topics_parse("nut", topic, &p);
	if (p.kind == TOPICS_COMMAND)
		orders_command(orders, fleet_at(fleet, 0), payload, rest);
	else if (p.kind == TOPICS_SET)
		orders_set(orders, fleet_at(fleet, 0), p.name, payload, rest);
	topics_clean(topic);
	if (strpbrk(topic, "/+#"))
		abort();
	mqtt_conf_free(load((const char *)data, size));
	free(topic);
	free(payload);
	return 0;
}
