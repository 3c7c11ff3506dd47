/*
 * abi_client: a host of libupsclient that does what its standard input says,
 * one call a line, and prints what came back.
 *
 * test_clients_library.py compiles it against Debian's header and against
 * ours, and runs each on both libraries: the four outputs must be the same.
 * Nothing here may depend on whose header it is.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>

#include <upsclient.h>

#define MAX_WORDS 16

/* Guarded on both sides: a library that knows a larger struct writes into a fence. */
static struct {
	unsigned char before[64];
	UPSCONN_t ups;
	unsigned char after[64];
} place;

static void check_fences(void)
{
	for (size_t i = 0; i < sizeof(place.before); i++) {
		if (place.before[i] != 0xa5 || place.after[i] != 0xa5) {
			puts("FENCE BROKEN");
			exit(2);
		}
	}
}

static void print_state(const char *call, long result)
{
	printf("%s: %ld", call, result);
	if (result < 0)
		printf(" error %d \"%s\"", upscli_upserror(&place.ups),
		       upscli_strerror(&place.ups));
	printf(" %s\n", upscli_fd(&place.ups) >= 0 ? "open" : "closed");
}

static void print_answer(size_t count, char **answer)
{
	for (size_t i = 0; i < count; i++)
		printf("  [%s]\n", answer[i]);
}

static void do_connect(size_t count, char **words)
{
	struct timeval timeout = {0, 0};
	uint16_t port = (uint16_t)atoi(words[2]);
	int flags = count > 3 ? atoi(words[3]) : 0;
	int result;

	if (count > 4) {
		timeout.tv_sec = atoi(words[4]);
		result = upscli_tryconnect(&place.ups, words[1], port, flags, &timeout);
	} else {
		result = upscli_connect(&place.ups, words[1], port, flags);
	}
	print_state("connect", result);
	if (result == 0)
		printf("  ssl %d error %d\n", upscli_ssl(&place.ups), upscli_upserror(&place.ups));
}

static void do_get(size_t count, char **words)
{
	size_t found = 0;
	char **answer = NULL;
	int result = upscli_get(&place.ups, count - 1, (const char **)words + 1, &found, &answer);

	print_state("get", result);
	if (result == 0)
		print_answer(found, answer);
}

static void do_list(size_t count, char **words)
{
	const char **query = (const char **)words + 1;
	size_t found = 0;
	char **answer = NULL;
	int result = upscli_list_start(&place.ups, count - 1, query);

	print_state("list_start", result);
	while (result >= 0) {
		result = upscli_list_next(&place.ups, count - 1, query, &found, &answer);
		print_state("list_next", result);
		if (result != 1)
			return;
		print_answer(found, answer);
	}
}

static void do_send(size_t count, char **words)
{
	char line[1024] = "";

	for (size_t i = 1; i < count; i++) {
		strncat(line, words[i], sizeof(line) - strlen(line) - 2);
		strcat(line, i + 1 < count ? " " : "\n");
	}
	print_state("send", upscli_sendline(&place.ups, line, strlen(line)));
}

static void do_read(size_t count, char **words)
{
	char line[1024] = "";
	size_t size = count > 1 ? (size_t)atoi(words[1]) : sizeof(line);
	long result;

	if (count > 2)
		result = upscli_readline_timeout(&place.ups, line, size, atoi(words[2]));
	else
		result = upscli_readline(&place.ups, line, size);
	print_state("read", result);
	if (result == 0)
		printf("  [%s]\n", line);
}

static void do_splitname(size_t count, char **words)
{
	char *ups = NULL, *host = NULL;
	uint16_t port = 0;
	int result = upscli_splitname(count > 1 ? words[1] : "", &ups, &host, &port);

	printf("splitname: %d", result);
	if (result == 0)
		printf(" [%s] [%s] %u", ups, host, port);
	puts("");
	free(ups);
	free(host);
}

static void do_splitaddr(size_t count, char **words)
{
	char *host = NULL;
	uint16_t port = 0;
	int result = upscli_splitaddr(count > 1 ? words[1] : "", &host, &port);

	printf("splitaddr: %d", result);
	if (result == 0)
		printf(" [%s] %u", host, port);
	puts("");
	free(host);
}

/* The texts of all numbers: a host may set them itself. */
static void do_texts(size_t count, char **words)
{
	(void)count;
	(void)words;
	for (int i = 0; i <= UPSCLI_ERR_MAX + 1; i++) {
		if (i == UPSCLI_ERR_PARSE || i == UPSCLI_ERR_SSLERR)
			continue; /* speak of a line, of a TLS library */
		place.ups.upserror = i;
		place.ups.syserrno = 2;
		printf("%d: %s\n", i, upscli_strerror(&place.ups));
	}
}

static void do_init(size_t count, char **words)
{
	(void)count;
	(void)words;
	printf("init: %d\n", upscli_init(0, NULL, NULL, NULL));
}

static void do_cleanup(size_t count, char **words)
{
	(void)count;
	(void)words;
	printf("cleanup: %d\n", upscli_cleanup());
}

static void do_disconnect(size_t count, char **words)
{
	(void)count;
	(void)words;
	printf("disconnect: %d\n", upscli_disconnect(&place.ups));
}

/* No object, and one that never was connected. */
static void do_bad(size_t count, char **words)
{
	static UPSCONN_t blank;
	UPSCONN_t *bad[] = {NULL, &blank};
	const char *query[] = {"VAR", "x"};
	size_t found;
	char **answer, line[8];

	(void)count;
	(void)words;
	for (int i = 0; i < 2; i++) {
		printf("bad: fd %d", upscli_fd(bad[i]));
		printf(" error %d", upscli_upserror(bad[i]));
		printf(" ssl %d", upscli_ssl(bad[i]));
		printf(" get %d", upscli_get(bad[i], 2, query, &found, &answer));
		printf(" list %d", upscli_list_start(bad[i], 2, query));
		printf(" next %d", upscli_list_next(bad[i], 2, query, &found, &answer));
		printf(" send %d", (int)upscli_sendline(bad[i], "x\n", 2));
		printf(" read %d", (int)upscli_readline(bad[i], line, sizeof(line)));
		printf(" disconnect %d", upscli_disconnect(bad[i]));
		printf(" strerror \"%s\"\n", upscli_strerror(bad[i]));
	}
}

static void do_layout(size_t count, char **words)
{
	(void)count;
	(void)words;
	printf("layout: %zu %zu %zu %zu %zu %zu %zu\n", sizeof(UPSCONN_t), sizeof(PCONF_CTX_t),
	       offsetof(UPSCONN_t, port), offsetof(UPSCONN_t, upserror),
	       offsetof(UPSCONN_t, pc_ctx), offsetof(UPSCONN_t, errbuf),
	       offsetof(UPSCONN_t, readidx));
}

static const struct verb {
	const char *word;
	size_t least;
	void (*run)(size_t count, char **words);
} verbs[] = {
	{"connect", 3, do_connect},
	{"get", 1, do_get},
	{"list", 1, do_list},
	{"send", 2, do_send},
	{"read", 1, do_read},
	{"splitname", 1, do_splitname},
	{"splitaddr", 1, do_splitaddr},
	{"texts", 1, do_texts},
	{"init", 1, do_init},
	{"cleanup", 1, do_cleanup},
	{"disconnect", 1, do_disconnect},
	{"bad", 1, do_bad},
	{"layout", 1, do_layout},
};

static void run_line(char *line)
{
	char *words[MAX_WORDS];
	size_t count = 0;

	/* Words are separated by TAB, so that they may hold spaces. */
	for (char *word = strtok(line, "\t\n"); word && count < MAX_WORDS;
	     word = strtok(NULL, "\t\n"))
		words[count++] = word;
	if (!count)
		return;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(words[0], verbs[i].word) && count >= verbs[i].least) {
			verbs[i].run(count, words);
			check_fences();
			fflush(stdout);
			return;
		}
	}
	printf("what is %s?\n", words[0]);
	exit(2);
}

int main(void)
{
	char line[4096];

	memset(&place, 0xa5, sizeof(place));
	memset(&place.ups, 0, sizeof(place.ups));
	while (fgets(line, sizeof(line), stdin))
		run_line(line);
	return 0;
}
