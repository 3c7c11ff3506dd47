/*
 * tlsload: TLS clients of one upsd, a thread for each.
 *
 *   tlsload -p PORT [-c CLIENTS] [-k | -r] [-d DEPTH] [-i IDLE] [-t SECONDS] [-P PID] REQUEST
 *
 * Each client connects, says STARTTLS, shakes hands, asks and hangs up, again
 * and again; with -r from the second time on it resumes its session.  With -k it
 * stays and only asks, DEPTH requests in each record.  IDLE more have asked once
 * and stay.  Answers have the length of the first one.  Certificates are not
 * verified: what is measured is the server.  Prints what bench/load prints;
 * a reply is a whole visit, or with -k an answer.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/timing.h"

enum { ANSWER_MAX = 1024 * 1024, STACK = 256 * 1024 };

static struct {
	unsigned port;
	size_t clients, idle, depth;
	double seconds;
	bool keep, resume;
	long pid;
} opt = {.clients = 1, .depth = 1, .seconds = 1};

static SSL_CTX *ctx;
static char *request; /* DEPTH times a line */
static size_t request_len, answer_len;
static struct timing_histogram latencies;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool measuring, ended;
static atomic_size_t answered;

struct visit {
	int fd;
	SSL *ssl;
};

static void fail(const char *what)
{
	fprintf(stderr, "tlsload: %s: %s\n", what, errno ? strerror(errno) : "no success");
	exit(1);
}

static int dial(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0)
		fail("socket");
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		fail("connect");
	return fd;
}

static struct visit begin_visit(SSL_SESSION *session)
{
	struct visit v = {.fd = dial(), .ssl = SSL_new(ctx)};
	char line[64];

	if (write(v.fd, "STARTTLS\n", 9) != 9 || read(v.fd, line, sizeof(line)) < 3 ||
	    memcmp(line, "OK ", 3) != 0)
		fail("STARTTLS");
	if (session)
		SSL_set_session(v.ssl, session);
	SSL_set_fd(v.ssl, v.fd);
	if (SSL_connect(v.ssl) != 1)
		fail("handshake");
	return v;
}

static void ask(const struct visit *v)
{
	char in[16384];
	size_t have = 0;

	if (SSL_write(v->ssl, request, (int)request_len) != (int)request_len)
		fail("write");
	while (have < answer_len) {
		int n = SSL_read(v->ssl, in, sizeof(in));

		if (n <= 0)
			fail("the server hung up");
		have += (size_t)n;
	}
}

static void end_visit(const struct visit *v)
{
	SSL_shutdown(v->ssl);
	SSL_free(v->ssl);
	close(v->fd);
}

/* Asks once, line by line of the answer, to learn its length. */
static void probe(void)
{
	struct visit v = begin_visit(NULL);
	size_t len = request_len / opt.depth, have = 0;
	char *in = malloc(ANSWER_MAX);

	if (!in || SSL_write(v.ssl, request, (int)len) != (int)len)
		fail("write");
	do {
		int n = SSL_read(v.ssl, in + have, (int)(ANSWER_MAX - have));

		if (n <= 0)
			fail("no answer to the first request");
		have += (size_t)n;
	} while (in[have - 1] != '\n');
	if (memcmp(in, "VAR ", 4) != 0) {
		fprintf(stderr, "tlsload: %.*s", (int)have, in);
		exit(1);
	}
	answer_len = have * opt.depth;
	end_visit(&v);
	free(in);
}

static void note(uint64_t begin, size_t *own)
{
	uint64_t now = timing_now_ns();

	(*own)++;
	if (*own == 1)
		answered++;
	if (!measuring)
		return;
	pthread_mutex_lock(&lock);
	timing_record(&latencies, now - begin);
	pthread_mutex_unlock(&lock);
}

static void *run_client(void *arg)
{
	SSL_SESSION *session = NULL;
	struct visit v = {0};
	size_t own = 0;

	(void)arg;
	while (!ended) {
		uint64_t begin = timing_now_ns();

		if (!v.ssl)
			v = begin_visit(session);
		ask(&v);
		note(begin, &own);
		if (opt.keep)
			continue;
		if (opt.resume) {
			SSL_SESSION_free(session);
			session = SSL_get1_session(v.ssl);
		}
		end_visit(&v);
		v.ssl = NULL;
	}
	SSL_SESSION_free(session);
	return NULL;
}

static void open_idle(void)
{
	for (size_t i = 0; i < opt.idle; i++) {
		struct visit v = begin_visit(NULL);

		ask(&v);
	}
}

static void measure(void)
{
	pthread_t *threads = calloc(opt.clients, sizeof(*threads));
	uint64_t begin = timing_now_ns(), cpu;
	double connect_s, seconds, replies, cpu_us;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (size_t i = 0; i < opt.clients; i++)
		if (pthread_create(&threads[i], &attr, run_client, NULL) != 0)
			fail("pthread_create");
	while (answered < opt.clients)
		usleep(1000);
	connect_s = (double)(timing_now_ns() - begin) / 1e9;
	begin = timing_now_ns();
	cpu = timing_cpu_ns(opt.pid);
	measuring = true;
	usleep((useconds_t)(opt.seconds * 1e6));
	measuring = false;
	seconds = (double)(timing_now_ns() - begin) / 1e9;
	cpu_us = (double)(timing_cpu_ns(opt.pid) - cpu) / 1000;
	ended = true;
	for (size_t i = 0; i < opt.clients; i++)
		pthread_join(threads[i], NULL);
	replies = (double)latencies.count * (double)opt.depth;
	printf("replies=%.0f rate=%.1f p50=%.1f p99=%.1f cpu=%.3f load=%.5f connect=%.4f\n",
	       replies, replies / seconds, timing_share_us(&latencies, 0.5),
	       timing_share_us(&latencies, 0.99), replies > 0 ? cpu_us / replies : 0,
	       cpu_us / 1e6 / seconds, connect_s);
	free(threads);
}

static void set_request(const char *text)
{
	size_t len = strlen(text) + 1;

	request_len = len * opt.depth;
	request = malloc(request_len);
	if (!request)
		fail("request");
	for (size_t i = 0; i < opt.depth; i++) {
		memcpy(request + i * len, text, len - 1);
		request[i * len + len - 1] = '\n';
	}
}

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "p:c:krd:i:t:P:")) != -1) {
		switch (o) {
		case 'p':
			opt.port = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			opt.clients = strtoul(optarg, NULL, 10);
			break;
		case 'k':
			opt.keep = true;
			break;
		case 'r':
			opt.resume = true;
			break;
		case 'd':
			opt.depth = strtoul(optarg, NULL, 10);
			break;
		case 'i':
			opt.idle = strtoul(optarg, NULL, 10);
			break;
		case 't':
			opt.seconds = strtod(optarg, NULL);
			break;
		case 'P':
			opt.pid = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	ctx = SSL_CTX_new(TLS_client_method());
	if (!opt.port || !opt.depth || !opt.clients || optind + 1 != argc || !ctx) {
		fprintf(stderr, "usage: tlsload -p PORT [-c CLIENTS] [-k | -r] [-d DEPTH] "
				"[-i IDLE] [-t SECONDS] [-P PID] REQUEST\n");
		return 2;
	}
	timing_raise_files();
	set_request(argv[optind]);
	probe();
	open_idle();
	measure();
	return 0;
}
