#include "config.h"

#include "tests/unit/upsd_site.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/clock.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum { PATH_SIZE = 128, MAXAGE_S = 15, QUIET_TURNS = 16, RETRY_MS = 2000 };

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "upsd_site: %s: %s\n", what, strerror(errno));
	abort();
}

static void write_file(const struct upsd_site *s, const char *name, const char *text,
		       char path[PATH_SIZE])
{
	FILE *file;

	need(str_format(path, PATH_SIZE, "%s/%s", s->dir, name), "path");
	file = fopen(path, "w");
	need(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "write");
}

static void tick(struct upsd_site *s)
{
	upses_tick(&s->upsd.upses, clock_ms(), MAXAGE_S);
	upsd_site_settle(s);
}

struct upsd_site *upsd_site_new(const char *ups_conf, const char *upsd_users)
{
	struct upsd_site *s = calloc(1, sizeof(*s));
	struct conf_report report = {0};
	struct upsd *u;
	char path[PATH_SIZE];

	need(s != NULL, "memory");
	str_copy(s->dir, sizeof(s->dir), "/tmp/upsd-site-XXXXXX");
	need(mkdtemp(s->dir) != NULL, "mkdtemp");
	setenv("NUT_STATEPATH", s->dir, 1);
	u = &s->upsd;
	u->options = &s->options;
	u->loop = loop_new();
	u->conf = upsd_conf_new();
	u->tracking = tracking_new(16);
	rendered_cache_init(&u->cache, 64 * 1024);
	clients_init(&u->clients, u, u->loop);
	u->clients.max = 8;
	u->upses.loop = u->loop;
	u->upses.tracking = u->tracking;
	u->upses.cache = &u->cache;
	write_file(s, "cmdvartab",
		   "VARDESC ups.status \"UPS status\"\n"
		   "CMDDESC test.panel \"Test the panel\"\n",
		   path);
	u->names = names_load(path, &report);
	write_file(s, "upsd.users", upsd_users, path);
	u->users = users_load(path, &report);
	u->users_generation = 1;
	need(u->loop && u->conf && u->tracking && u->names && u->users, "set up");
	upsd_site_reload(s, ups_conf);
	return s;
}

void upsd_site_reload(struct upsd_site *s, const char *ups_conf)
{
	struct upsd_conf *next = upsd_conf_new();
	struct conf_report report = {0};
	char path[PATH_SIZE];

	write_file(s, "ups.conf", ups_conf, path);
	need(next && upsd_conf_read_devices(next, path, &report), "ups.conf");
	need(upses_apply(&s->upsd.upses, s->upsd.conf, next), "apply");
	upsd_conf_free(s->upsd.conf);
	s->upsd.conf = next;
	upsd_site_settle(s);
}

void upsd_site_free(struct upsd_site *s)
{
	static const char *const files[] = {"cmdvartab", "upsd.users", "ups.conf"};
	struct upsd *u = &s->upsd;
	char path[PATH_SIZE];

	clients_free(&u->clients);
	upses_free(&u->upses);
	tracking_free(u->tracking);
	names_free(u->names);
	users_free(u->users);
	upsd_conf_free(u->conf);
	loop_free(u->loop);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (str_format(path, sizeof(path), "%s/%s", s->dir, files[i]))
			unlink(path);
	rmdir(s->dir);
	free(s);
}

void upsd_site_settle(struct upsd_site *s)
{
	for (int i = 0; i < QUIET_TURNS; i++)
		loop_turn(s->upsd.loop, 0);
}

int upsd_site_client(struct upsd_site *s)
{
	struct sockaddr_storage peer = {.ss_family = AF_INET};
	int fds[2];

	((struct sockaddr_in *)&peer)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0, "socketpair");
	clients_accept(&s->upsd.clients, fds[1], &peer, UPSD_CONF_OFFERED);
	return fds[0];
}

int upsd_site_driver(struct upsd_site *s, const char *name, const char *lines)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int fd;

	need(str_format(sa.sun_path, sizeof(sa.sun_path), "%s/%s", s->dir, name), "path");
	need(listener >= 0 && bind(listener, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
		     listen(listener, 1) == 0,
	     "listen");
	clock_fake_advance(RETRY_MS);
	tick(s);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	need(fd >= 0, "upsd connects");
	close(listener);
	unlink(sa.sun_path);
	upsd_site_settle(s);
	if (strcmp(upsd_site_read(s, fd), "DUMPALL\n") != 0)
		need(false, "upsd asks for a dump");
	upsd_site_send(s, fd, lines);
	return fd;
}

void upsd_site_send(struct upsd_site *s, int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		need(n >= 0 || errno == EAGAIN, "send");
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
		upsd_site_settle(s);
	}
}

const char *upsd_site_read(struct upsd_site *s, int fd)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = recv(fd, s->answer + len, sizeof(s->answer) - 1 - len, MSG_DONTWAIT);
		if (n > 0)
			len += (size_t)n;
		upsd_site_settle(s);
	} while (n > 0);
	s->answer[len] = '\0';
	return s->answer;
}

const char *upsd_site_ask(struct upsd_site *s, int fd, const char *text)
{
	upsd_site_send(s, fd, text);
	return upsd_site_read(s, fd);
}

bool upsd_site_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void no_log(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

struct upsd_fixture *upsd_fixture_new(const char *ups_conf, const char *upsd_users,
				      const char *dump)
{
	struct upsd_fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	clock_fake(true, 1000000);
	log_set_sink(no_log, NULL);
	f->site = upsd_site_new(ups_conf, upsd_users);
	f->driver = upsd_site_driver(f->site, "dummy-rack", dump);
	f->client = upsd_site_client(f->site);
	return f;
}

void upsd_fixture_free(struct upsd_fixture *f)
{
	close(f->client);
	close(f->driver);
	upsd_site_free(f->site);
	clock_fake(false, 0);
	free(f);
}
