#include "config.h"

#include "clients/upsmqtt/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/ups/nutauth.h"

static const char token[] = "sites";

struct sites {
	const struct mqtt_conf *conf;
	struct site {
		struct nutauth auth;
		struct tlspolicy *tls;
	} * list; /* one for each MONITOR */
};

static int open_file(void *arg, const char *path)
{
	(void)arg;
	return conffile_open(path);
}

static bool find_account(const struct mqtt_conf *conf, const struct mqtt_monitor *m,
			 struct nutauth *auth)
{
	bool found;
	int fd;

	if (!conf->auth_file)
		return nutauth_find("none", NULL, m->host, m->port, auth);
	fd = conffile_open(conf->auth_file);
	if (fd < 0) {
		log_error(token, "AUTHCONF %s cannot be read: %s", conf->auth_file,
			  conffile_why(errno));
		return false;
	}
	found = nutauth_find_fd(fd, conf->auth_file, NULL, m->host, m->port, auth);
	close(fd);
	return found;
}

static bool set_up(const struct mqtt_conf *conf, const struct mqtt_monitor *m, struct site *s)
{
	struct tlspolicy_source demands;
	char why[512];

	if (!find_account(conf, m, &s->auth))
		return false;
	demands = nutauth_demands(&s->auth, true);
	demands.open = open_file;
	s->tls = tlspolicy_new(&demands, m->host, m->port, why, sizeof(why));
	if (!s->tls)
		log_error(token, "TLS with %s cannot be set up: %s", m->host, why);
	return s->tls != NULL;
}

struct sites *sites_new(const struct mqtt_conf *conf)
{
	struct sites *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = conf;
	s->list = calloc(conf->monitor_count, sizeof(*s->list));
	for (size_t i = 0; s->list && i < conf->monitor_count; i++)
		if (!set_up(conf, &conf->monitors[i], &s->list[i])) {
			sites_free(s);
			return NULL;
		}
	return s;
}

bool sites_watch(const struct sites *s, struct fleet *f)
{
	for (size_t i = 0; i < s->conf->monitor_count; i++) {
		const struct mqtt_monitor *m = &s->conf->monitors[i];
		const struct fleet_site site = {.ups = m->ups,
						.host = m->host,
						.port = m->port,
						.text = m->text,
						.user = s->list[i].auth.user,
						.password = s->list[i].auth.password,
						.tls = s->list[i].tls};

		if (!fleet_watch(f, &site))
			return false;
	}
	return true;
}

void sites_free(struct sites *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->list && i < s->conf->monitor_count; i++) {
		tlspolicy_free(s->list[i].tls);
		nutauth_free(&s->list[i].auth);
	}
	free(s->list);
	free(s);
}
