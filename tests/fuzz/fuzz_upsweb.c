/*
 * What browsers may say to upsweb: the input is sent as it is on one connection,
 * which then ends.  A user is logged in (cookie and token: see the seeds), and
 * there is a UPS whose server nobody reaches.  Whatever comes, the answers are
 * those of a web server, and the next caller is served.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/upsweb/api.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum { TURNS = 40, ANSWER_MAX = 1 << 20 };

static struct upsweb web;
static char socket_path[64];
static char answer[ANSWER_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_log(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

static void happened(void *arg, const struct history_event *e)
{
	upsweb_happened(arg, e);
}

static void added(void *arg, struct fleet_device *d)
{
	struct upsweb *u = arg;
	struct state *s = fleet_device_values(d);

	state_set(s, "ups.status", "OL CHRG");
	state_set(s, "battery.charge", "98");
	state_set(s, "device.model", "<b>\"&'\xb0");
	devices_added(u->devices, d);
	streams_wake(u->streams);
}

static void changed(void *arg, struct fleet_device *d)
{
	struct upsweb *u = arg;

	devices_changed(u->devices, d);
	streams_wake(u->streams);
}

static void must(int ok)
{
	if (!ok)
		abort();
}

static void make_conf(void)
{
	struct upsweb_listen *listen = calloc(1, sizeof(*listen));

	web.conf = calloc(1, sizeof(*web.conf));
	must(web.conf && listen);
	str_format(socket_path, sizeof(socket_path), "/tmp/fuzz-upsweb-%d", (int)getpid());
	listen->host = malloc(sizeof(socket_path) + 8);
	must(listen->host != NULL);
	str_format(listen->host, sizeof(socket_path) + 8, "unix:%s", socket_path);
	web.conf->listens = listen;
	web.conf->control = true;
}

static void remove_socket(void)
{
	unlink(socket_path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct fleet_ops ops = {.added = added, .changed = changed};
	const struct fleet_site site = {.ups = "rack", .host = "127.0.0.1", .port = 1};
	struct conf_report quiet = {.emit = NULL};

	(void)argc, (void)argv;
	log_set_sink(no_log, NULL);
	make_conf();
	web.loop = loop_new();
	must(web.loop != NULL);
	web.names = names_load("/nonexistent", &quiet);
	web.sessions = sessions_new();
	web.resolver = resolver_new_remote(web.loop);
	web.devices = devices_new(happened, &web);
	must(web.names && web.sessions && web.resolver && web.devices);
	web.streams = streams_new(web.loop, web.devices);
	web.fleet = fleet_new(web.loop, web.resolver, 0, 0, &ops, &web);
	must(web.streams && web.fleet && fleet_watch(web.fleet, &site));
	web.http = http_new(web.loop, web.conf, api_call, &web);
	must(web.http != NULL);
	atexit(remove_socket);
	return 0;
}

/* Another input may have logged him out, or opened many. */
static void log_in(void)
{
	struct session *one;

	sessions_free(web.sessions);
	web.sessions = sessions_new();
	one = web.sessions ? sessions_open(web.sessions, "u", "p") : NULL;
	must(one != NULL);
	memset(one->id, 'a', SESSION_TOKEN - 1);
	memset(one->csrf, 'b', SESSION_TOKEN - 1);
}

static int call_it(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && str_copy(un.sun_path, sizeof(un.sun_path), socket_path));
	must(connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
	return fd;
}

/* What is there now; false when it has hung up. */
static int take_part(int fd, size_t *len)
{
	ssize_t got;

	while ((got = recv(fd, answer + *len, sizeof(answer) - *len, MSG_DONTWAIT)) > 0) {
		*len += (size_t)got;
		if (*len == sizeof(answer))
			*len = 0;
	}
	return got < 0 && errno == EAGAIN;
}

/* Until it hangs up, or says nothing more. */
static size_t take_answer(int fd)
{
	size_t len = 0;

	for (int i = 0; i < TURNS && take_part(fd, &len); i++)
		loop_turn(web.loop, 1);
	return len;
}

static size_t say(const uint8_t *data, size_t size)
{
	int fd = call_it();
	size_t sent = 0, len;

	while (sent < size) {
		ssize_t n = send(fd, data + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (loop_turn(web.loop, 0) != 0 || errno != EAGAIN)
			break;
	}
	shutdown(fd, SHUT_WR);
	len = take_answer(fd);
	close(fd);
	loop_turn(web.loop, 0);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char healthy[] = "GET /healthz HTTP/1.0\r\n\r\n";
	static const char start[] = "HTTP/";
	size_t len;

	if (size > 65536)
		return 0;
	log_in();
	len = say(data, size);
	must(!len || len >= ANSWER_MAX / 2 ||
	     (len > sizeof(start) && memcmp(answer, start, sizeof(start) - 1) == 0));
	len = say((const uint8_t *)healthy, sizeof(healthy) - 1);
	must(len > 12 && memcmp(answer + 9, "200", 3) == 0);
	return 0;
}
