/*
 * ceiling: the least that a server can do: for each line that comes it sends
 * the same bytes, with one read and one write for all lines of a wake-up.
 * What it costs is what the kernel costs.
 *
 *   ceiling FILE      (the answer; prints the port it listens on)
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/timing.h"

enum { EVENTS = 512, BURST = 256, ANSWER_MAX = 1024 * 1024 };

static char answers[BURST * (size_t)ANSWER_MAX / 16];
static size_t answer_len, burst;
static int epoll_fd, listen_fd;

static void fail(const char *what)
{
	fprintf(stderr, "ceiling: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The same answer, over and over, so that pipelined lines cost no copy. */
static void read_answer(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f)
		fail(path);
	answer_len = fread(answers, 1, ANSWER_MAX, f);
	fclose(f);
	if (answer_len == 0)
		fail("empty answer");
	burst = sizeof(answers) / answer_len;
	if (burst > BURST)
		burst = BURST;
	for (size_t i = 1; i < burst; i++)
		memcpy(answers + i * answer_len, answers, answer_len);
}

static void start_listening(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct epoll_event ev = {.events = EPOLLIN};
	socklen_t len = sizeof(sa);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ev.data.fd = listen_fd;
	if (bind(listen_fd, (struct sockaddr *)&sa, len) != 0 || listen(listen_fd, 4096) != 0 ||
	    getsockname(listen_fd, (struct sockaddr *)&sa, &len) != 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &ev) != 0)
		fail("cannot listen");
	printf("%u\n", ntohs(sa.sin_port));
	fflush(stdout);
}

static void take_connections(void)
{
	int fd, on = 1;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
			close(fd);
	}
}

static void answer(int fd)
{
	char in[16384];
	ssize_t n = read(fd, in, sizeof(in));
	size_t lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += in[i] == '\n';
	if (lines > burst)
		lines = burst;
	if (n <= 0 || send(fd, answers, lines * answer_len, MSG_NOSIGNAL) < 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	if (argc != 2) {
		fprintf(stderr, "usage: ceiling FILE\n");
		return 2;
	}
	timing_raise_files();
	read_answer(argv[1]);
	start_listening();
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listen_fd)
				take_connections();
			else
				answer(events[i].data.fd);
		}
	}
}
