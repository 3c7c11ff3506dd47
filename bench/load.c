/*
 * load: many clients of one upsd in one process.
 *
 *   load -p PORT [-c CLIENTS] [-i IDLE] [-d DEPTH] [-t SECONDS] [-e MS] [-P PID] REQUEST...
 *
 * Each client sends DEPTH requests at a time (the REQUESTs in turn) and waits
 * for all answers before it sends the next, at once or every MS milliseconds;
 * IDLE more connections only exist.  Answers have the length that the first
 * one of each request has: what is measured must not change meanwhile.
 * Prints one line of key=value: replies, rate (1/s), p50, p99 (us), cpu (us of
 * process PID per reply), connect (s until the first answer of every client).
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/timing.h"

enum { EVENTS = 512, READ_SIZE = 256 * 1024, REQUESTS_MAX = 4096, CONNECT_LIMIT_S = 30 };

struct client {
	int fd;
	size_t request; /* the next one */
	size_t wanted;  /* bytes still to come */
	uint64_t sent_ns, due_ns;
	bool connected, answered, waiting;
};

static struct {
	unsigned port;
	size_t clients, idle, depth;
	double seconds;
	uint64_t every_ns;
	long pid;
} opt = {.clients = 1, .depth = 1, .seconds = 1};

static struct {
	char *text; /* DEPTH times a line */
	size_t len;
	size_t answer_len;
} request[REQUESTS_MAX];
static size_t request_count;

static struct client *clients;
static struct timing_histogram latencies;
static uint64_t replies;
static size_t answered;
static int epoll_fd;
static char in[READ_SIZE];

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int dial(int flags)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0), on = 1;

	if (fd < 0)
		fail("socket");
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 && errno != EINPROGRESS)
		fail("connect");
	return fd;
}

static bool is_whole(const char *answer, size_t len)
{
	const char *last = answer;

	if (len == 0 || answer[len - 1] != '\n')
		return false;
	if (strncmp(answer, "BEGIN ", 6) != 0)
		return true;
	for (const char *p = answer; p < answer + len - 1; p++)
		if (*p == '\n')
			last = p + 1;
	return strncmp(last, "END ", 4) == 0;
}

/* Asks each request once, to learn the lengths of the answers. */
static void probe(void)
{
	int fd = dial(0);

	for (size_t i = 0; i < request_count; i++) {
		size_t len = request[i].len / opt.depth, have = 0;

		if (write(fd, request[i].text, len) != (ssize_t)len)
			fail("write");
		while (!is_whole(in, have)) {
			ssize_t n = read(fd, in + have, sizeof(in) - 1 - have);

			if (n <= 0)
				fail("no answer to the first request");
			have += (size_t)n;
			in[have] = '\0';
		}
		if (strncmp(in, "ERR", 3) == 0) {
			fprintf(stderr, "load: %s", in);
			exit(1);
		}
		request[i].answer_len = have * opt.depth;
	}
	close(fd);
}

static void send_request(struct client *c, uint64_t now)
{
	size_t i = c->request;

	c->request = (i + 1) % request_count;
	c->wanted = request[i].answer_len;
	c->sent_ns = now;
	c->due_ns += opt.every_ns;
	c->waiting = false;
	if (send(c->fd, request[i].text, request[i].len, MSG_NOSIGNAL) != (ssize_t)request[i].len)
		fail("send");
}

static void whole_answer(struct client *c)
{
	uint64_t now = timing_now_ns();

	timing_record(&latencies, now - c->sent_ns);
	replies += opt.depth;
	if (!c->answered) {
		c->answered = true;
		answered++;
	}
	if (opt.every_ns && now < c->due_ns)
		c->waiting = true;
	else
		send_request(c, now);
}

static void take_event(const struct epoll_event *ev)
{
	struct client *c = ev->data.ptr;
	struct epoll_event readable = {.events = EPOLLIN, .data.ptr = c};
	ssize_t n;

	if (!c->connected) {
		c->connected = true;
		epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &readable);
		send_request(c, timing_now_ns());
		return;
	}
	n = read(c->fd, in, sizeof(in));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		fail("the server hung up");
	if ((size_t)n > c->wanted) {
		fprintf(stderr, "load: an answer is longer than the first one\n");
		exit(1);
	}
	c->wanted -= (size_t)n;
	if (c->wanted == 0)
		whole_answer(c);
}

static void send_what_is_due(uint64_t now)
{
	if (!opt.every_ns)
		return;
	for (size_t i = 0; i < opt.clients; i++)
		if (clients[i].waiting && clients[i].due_ns <= now)
			send_request(&clients[i], now);
}

static void turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll_fd, events, EVENTS, opt.every_ns ? 1 : 1000);

	for (int i = 0; i < n; i++)
		take_event(&events[i]);
	send_what_is_due(timing_now_ns());
}

static void open_idle(void)
{
	for (size_t i = 0; i < opt.idle; i++)
		dial(SOCK_NONBLOCK);
	/* The server may not have taken them all yet: an answered request says that it has. */
	if (opt.idle)
		probe();
}

/* Returns the seconds until every client has its first answer. */
static double open_clients(void)
{
	uint64_t begin = timing_now_ns();

	clients = calloc(opt.clients, sizeof(*clients));
	for (size_t i = 0; i < opt.clients; i++) {
		struct client *c = &clients[i];
		struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};

		c->fd = dial(SOCK_NONBLOCK);
		c->request = i % request_count;
		/* Paced clients ask at different moments. */
		c->due_ns = begin + opt.every_ns * i / opt.clients;
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) != 0)
			fail("epoll_ctl");
	}
	while (answered < opt.clients) {
		turn();
		if (timing_now_ns() - begin > CONNECT_LIMIT_S * 1000000000ull) {
			fprintf(stderr, "load: %zu of %zu clients served in %d s\n", answered,
				opt.clients, CONNECT_LIMIT_S);
			exit(1);
		}
	}
	return (double)(timing_now_ns() - begin) / 1e9;
}

static void measure(double connect_s)
{
	uint64_t begin, cpu, end;
	double seconds, cpu_us;

	memset(&latencies, 0, sizeof(latencies));
	replies = 0;
	begin = timing_now_ns();
	cpu = timing_cpu_ns(opt.pid);
	end = begin + (uint64_t)(opt.seconds * 1e9);
	while (timing_now_ns() < end)
		turn();
	seconds = (double)(timing_now_ns() - begin) / 1e9;
	cpu_us = (double)(timing_cpu_ns(opt.pid) - cpu) / 1000;
	printf("replies=%llu rate=%.1f p50=%.1f p99=%.1f cpu=%.3f load=%.5f connect=%.4f\n",
	       (unsigned long long)replies, (double)replies / seconds,
	       timing_share_us(&latencies, 0.5), timing_share_us(&latencies, 0.99),
	       replies ? cpu_us / (double)replies : 0, cpu_us / 1e6 / seconds, connect_s);
}

static void add_request(const char *text)
{
	size_t len = strlen(text) + 1;
	char *p = malloc(len * opt.depth);

	if (!p || request_count == REQUESTS_MAX)
		fail("too many requests");
	for (size_t i = 0; i < opt.depth; i++) {
		memcpy(p + i * len, text, len - 1);
		p[i * len + len - 1] = '\n';
	}
	request[request_count].text = p;
	request[request_count++].len = len * opt.depth;
}

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "p:c:i:d:t:e:P:")) != -1) {
		switch (o) {
		case 'p':
			opt.port = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			opt.clients = strtoul(optarg, NULL, 10);
			break;
		case 'i':
			opt.idle = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			opt.depth = strtoul(optarg, NULL, 10);
			break;
		case 't':
			opt.seconds = strtod(optarg, NULL);
			break;
		case 'e':
			opt.every_ns = strtoul(optarg, NULL, 10) * 1000000ull;
			break;
		case 'P':
			opt.pid = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	for (; optind < argc; optind++)
		add_request(argv[optind]);
	if (!opt.port || !request_count || !opt.clients || !opt.depth) {
		fprintf(stderr, "usage: load -p PORT [-c CLIENTS] [-i IDLE] [-d DEPTH] "
				"[-t SECONDS] [-e MS] [-P PID] REQUEST...\n");
		return 2;
	}
	timing_raise_files();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		fail("epoll_create1");
	probe();
	open_idle();
	measure(open_clients());
	return 0;
}
