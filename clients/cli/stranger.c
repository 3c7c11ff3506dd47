#include "config.h"

#include "clients/cli/stranger.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/secure/visible.h"
#include "common/base/str.h"
#include "common/net/truststore.h"

enum { TRIES = 3 };

static void show(const char *what, const char *text)
{
	fprintf(stderr, "  %-12s ", what);
	visible_print(stderr, text);
	fputc('\n', stderr);
}

static void show_dates(const struct tls_peer *peer)
{
	struct tm from, to;
	char text[64] = "?";

	if (gmtime_r(&peer->not_before, &from) && gmtime_r(&peer->not_after, &to))
		str_format(text, sizeof(text), "%04d-%02d-%02d to %04d-%02d-%02d",
			   from.tm_year + 1900, from.tm_mon + 1, from.tm_mday, to.tm_year + 1900,
			   to.tm_mon + 1, to.tm_mday);
	show("valid:", text);
}

static void show_stranger(const struct upsclient_stranger *s, const char *pin)
{
	char certificate[80];

	truststore_print_pin(certificate, sizeof(certificate), s->peer->certificate_sha256);
	fprintf(stderr, "Nobody vouches for the server %s:%u. It shows this certificate:\n",
		s->host, s->port);
	show("subject:", s->peer->subject);
	show("issuer:", s->peer->issuer);
	show("names:", s->peer->names[0] ? s->peer->names : "-");
	show_dates(s->peer);
	show("key:", pin);
	show("certificate:", certificate);
}

/* Byte by byte: what stands behind the line is for whoever reads stdin next. */
static bool read_answer(char *line, size_t size)
{
	size_t len = 0;
	ssize_t got;
	char c;

	while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
		if (len + 1 < size)
			line[len++] = c;
	line[len] = '\0';
	return got == 1;
}

static bool is_yes(const char *answer)
{
	return str_caseequal(answer, "y") || str_caseequal(answer, "yes");
}

static bool is_no(const char *answer)
{
	return !answer[0] || str_caseequal(answer, "n") || str_caseequal(answer, "no");
}

static bool is_pin(const char *text, const unsigned char *sha256)
{
	unsigned char typed[TLS_SHA256_BYTES];

	return truststore_parse_pin(text, typed) && memcmp(typed, sha256, sizeof(typed)) == 0;
}

static bool ask(const char *question, const struct tls_peer *peer)
{
	unsigned char other[TLS_SHA256_BYTES];
	char answer[256];

	for (int i = 0; i < TRIES; i++) {
		fprintf(stderr, "%s [y/N/fingerprint] ", question);
		if (!read_answer(answer, sizeof(answer)) || is_no(answer))
			return false;
		if (is_yes(answer) || is_pin(answer, peer->key_sha256) ||
		    is_pin(answer, peer->certificate_sha256))
			return true;
		if (truststore_parse_pin(answer, other)) {
			fputs("That is not its fingerprint: this is another server.\n", stderr);
			return false;
		}
		fputs("Answer y, n, or the fingerprint that its administrator gave you.\n", stderr);
	}
	return false;
}

bool stranger_ask(void *arg, const struct upsclient_stranger *stranger)
{
	char question[400], pin[80];

	(void)arg;
	truststore_print_pin(pin, sizeof(pin), stranger->peer->key_sha256);
	show_stranger(stranger, pin);
	if (!stranger->name_ok) {
		str_format(question, sizeof(question),
			   "This certificate is not for %s. Take it all the same?", stranger->host);
		if (!ask(question, stranger->peer))
			return false;
	}
	return ask("Trust this server from now on?", stranger->peer);
}
