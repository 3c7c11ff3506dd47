/*
 * drivers: the sockets of many drivers in one process.
 *
 *   drivers STATEPATH COUNT VARIABLES [UPDATE_MS]
 *
 * Serves STATEPATH/dummy-ups-u0 to -u(COUNT-1), each with that many variables;
 * with UPDATE_MS every driver changes three values that often.  Prints "ready".
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/timing.h"

enum { EVENTS = 256, LINKS = 4, DUMP_MAX = 64 * 1024 };

/* One for each descriptor: a listening socket, or a link of upsd's. */
struct end {
	int fd;
	size_t driver;
	bool listening;
};

struct driver {
	int links[LINKS]; /* 0 = free */
	unsigned beats;
};

static size_t count, variables;
static struct driver *drivers;
static int epoll_fd;
static char dump[DUMP_MAX];
static size_t dump_len;

static void fail(const char *what)
{
	fprintf(stderr, "drivers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(const char *text)
{
	size_t len = strlen(text);

	if (dump_len + len > sizeof(dump))
		fail("too many variables");
	memcpy(dump + dump_len, text, len);
	dump_len += len;
}

/* Names as a driver has them: the ones that clients ask for, and a tail. */
static void make_dump(void)
{
	static const char *const known[][2] = {
		{"ups.status", "OL"},           {"ups.load", "23"},
		{"battery.charge", "100"},      {"battery.runtime", "2400"},
		{"input.voltage", "230.1"},     {"output.voltage", "230.0"},
		{"device.model", "Bench 1000"}, {"device.mfr", "Chestnut"},
	};
	char line[256];

	for (size_t i = 0; i < variables; i++) {
		if (i < sizeof(known) / sizeof(known[0]))
			snprintf(line, sizeof(line), "SETINFO %s \"%s\"\n", known[i][0],
				 known[i][1]);
		else
			snprintf(line, sizeof(line), "SETINFO outlet.%zu.desc \"value %zu\"\n", i,
				 i);
		add(line);
	}
	add("ADDCMD beeper.toggle\nADDCMD load.off\nDATAOK\nDUMPDONE\n");
}

static void watch(int fd, size_t driver, bool listening)
{
	struct end *e = malloc(sizeof(*e));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = e};

	if (!e)
		fail("memory");
	*e = (struct end){.fd = fd, .driver = driver, .listening = listening};
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		fail("epoll_ctl");
}

static void serve(const char *statepath, size_t i)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/dummy-ups-u%zu", statepath, i);
	unlink(un.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(un)) != 0 || listen(fd, 16) != 0)
		fail(un.sun_path);
	watch(fd, i, true);
}

static void take_link(const struct end *e)
{
	int fd = accept4(e->fd, NULL, NULL, SOCK_NONBLOCK);
	struct driver *d = &drivers[e->driver];

	if (fd < 0)
		return;
	for (int i = 0; i < LINKS; i++) {
		if (d->links[i])
			continue;
		d->links[i] = fd;
		watch(fd, e->driver, false);
		return;
	}
	close(fd);
}

static void say(int fd, const char *text, size_t len)
{
	/* A socket that is full belongs to a server that is being stopped. */
	if (send(fd, text, len, MSG_NOSIGNAL) < 0 && errno != EAGAIN && errno != EPIPE)
		fail("send");
}

static void take_line(struct end *e)
{
	char in[1024];
	ssize_t n = read(e->fd, in, sizeof(in) - 1);

	if (n <= 0) {
		for (int i = 0; i < LINKS; i++)
			if (drivers[e->driver].links[i] == e->fd)
				drivers[e->driver].links[i] = 0;
		close(e->fd);
		free(e);
		return;
	}
	in[n] = '\0';
	if (strstr(in, "DUMPALL"))
		say(e->fd, dump, dump_len);
	if (strstr(in, "PING"))
		say(e->fd, "PONG\n", 5);
}

static void update(struct driver *d)
{
	char line[256];
	int len;

	d->beats++;
	len = snprintf(line, sizeof(line),
		       "SETINFO input.voltage \"23%u.%u\"\nSETINFO ups.load \"2%u\"\n"
		       "SETINFO output.voltage \"23%u.0\"\n",
		       d->beats % 10, d->beats % 7, d->beats % 10, d->beats % 3);
	for (int i = 0; i < LINKS; i++)
		if (d->links[i])
			say(d->links[i], line, (size_t)len);
}

/* The updates of all drivers spread over the interval. */
static void update_what_is_due(uint64_t interval_ns)
{
	static uint64_t begin, done;
	uint64_t now = timing_now_ns();

	if (!begin)
		begin = now;
	while (done < (now - begin) * count / interval_ns)
		update(&drivers[done++ % count]);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	uint64_t interval_ns;

	if (argc < 4) {
		fprintf(stderr, "usage: drivers STATEPATH COUNT VARIABLES [UPDATE_MS]\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 10);
	variables = strtoul(argv[3], NULL, 10);
	interval_ns = argc > 4 ? strtoul(argv[4], NULL, 10) * 1000000ull : 0;
	timing_raise_files();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	drivers = calloc(count, sizeof(*drivers));
	if (epoll_fd < 0 || !drivers)
		fail("start");
	make_dump();
	for (size_t i = 0; i < count; i++)
		serve(argv[1], i);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, interval_ns ? 5 : -1);

		for (int i = 0; i < n; i++) {
			struct end *e = events[i].data.ptr;

			if (e->listening)
				take_link(e);
			else
				take_line(e);
		}
		if (interval_ns)
			update_what_is_due(interval_ns);
	}
}
