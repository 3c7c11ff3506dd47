/*
 * Each receiver has a transaction of its own, so that one who is refused stands in
 * nobody's way, and so that it is known who has the message and must not get it
 * again.
 */
#include "config.h"

#include "clients/upsmon/notify/mail.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "clients/upsmon/notify/mailtext.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

enum {
	PORT_IMPLICIT_TLS = 465,
	PAUSE_MS = 1000, /* before the second attempt; doubled each time */
	PAUSE_MAX_MS = 16000,
	CONNECT_MS = 15000,
	REFUSED_FOR_NOW = 400, /* replies of SMTP: below 400 yes, below 500 not now, else no */
	REFUSED = 500,
};

static const char token[] = "mail";

const bool mail_available = true;

enum fate {
	WAITING,
	SENT,
	GIVEN_UP,
};

struct sending {
	const struct delivery_mail *mail;
	struct mail_address from;
	struct mail_address to[MAIL_RECEIVERS_MAX];
	enum fate fate[MAIL_RECEIVERS_MAX];
	size_t count;
	struct buffer message;
	char url[320];
	char why[CURL_ERROR_SIZE + 192]; /* the last attempt failed; "" = it has not */
	long long end_ms;                /* of all attempts */
	long long attempt_ms;            /* one may take */
};

/* ------------------------------------------------------------ one transaction */

struct body {
	const struct buffer *message;
	size_t at;
	bool all_given; /* the relay may have taken it, whatever it says afterwards */
};

static size_t give_bytes(char *to, size_t size, size_t count, void *arg)
{
	struct body *body = arg;
	size_t len = body->message->len - body->at;

	if (len > size * count)
		len = size * count;
	memcpy(to, body->message->data + body->at, len);
	body->at += len;
	body->all_given |= len == 0;
	return len;
}

/* What the relay said when it last said no: it may tell why. */
struct reply {
	char text[160];
};

static size_t note_reply(char *line, size_t size, size_t count, void *arg)
{
	struct reply *reply = arg;
	size_t len = size * count;

	if (len == 0 || (line[0] != '4' && line[0] != '5'))
		return len;
	str_format(reply->text, sizeof(reply->text), "%.*s", (int)len, line);
	reply->text[strcspn(reply->text, "\r\n")] = '\0';
	return len;
}

static void set_relay(CURL *curl, const struct sending *s)
{
	const struct delivery_mail *m = s->mail;

	curl_easy_setopt(curl, CURLOPT_URL, s->url);
	/* What the environment says of proxies is meant for browsers. */
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (m->authorities && *m->authorities) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, m->authorities);
		/* Not those of the system beside. */
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (m->user && *m->user) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, m->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, m->password ? m->password : "");
	}
}

static void set_limits(CURL *curl, const struct sending *s)
{
	long long left_ms = s->end_ms - clock_ms();

	if (left_ms > s->attempt_ms)
		left_ms = s->attempt_ms;
	/* 0 would be no limit. */
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
}

/* Worth another attempt: the network, a name server or the relay may be on their way back. */
static bool may_pass(CURLcode code, long reply)
{
	if (reply >= REFUSED_FOR_NOW)
		return reply < REFUSED;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
		return true;
	default:
		return false;
	}
}

static enum fate judge(struct sending *s, CURL *curl, CURLcode code, const char *detail,
		       const struct body *body, const struct reply *said)
{
	long reply = 0;

	if (code == CURLE_OK)
		return SENT;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
	if (!*detail)
		detail = curl_easy_strerror(code);
	if (body->all_given && reply < REFUSED_FOR_NOW) {
		str_format(s->why, sizeof(s->why), "%s after all was sent: it may have arrived",
			   detail);
		return GIVEN_UP;
	}
	if (reply >= REFUSED_FOR_NOW)
		str_format(s->why, sizeof(s->why), "%s (%s)", detail, said->text);
	else
		str_copy(s->why, sizeof(s->why), detail);
	return may_pass(code, reply) ? WAITING : GIVEN_UP;
}

static enum fate send_to(struct sending *s, CURL *curl, const struct mail_address *to)
{
	struct curl_slist *receivers = curl_slist_append(NULL, to->address);
	struct body body = {.message = &s->message};
	char detail[CURL_ERROR_SIZE] = "";
	struct reply said = {.text = ""};
	enum fate fate;

	if (!receivers)
		return WAITING;
	set_relay(curl, s);
	set_limits(curl, s);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, s->from.address);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, receivers);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_bytes);
	curl_easy_setopt(curl, CURLOPT_READDATA, &body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, note_reply);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &said);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	fate = judge(s, curl, curl_easy_perform(curl), detail, &body, &said);
	/* What is borrowed must not outlive us; connections stay. */
	curl_easy_reset(curl);
	curl_slist_free_all(receivers);
	return fate;
}

/* True while somebody still waits for another attempt. */
static bool attempt(struct sending *s)
{
	CURL *curl = curl_easy_init();
	bool waiting = false;

	if (!curl) {
		str_copy(s->why, sizeof(s->why), strerror(ENOMEM));
		return true;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (s->fate[i] == WAITING)
			s->fate[i] = send_to(s, curl, &s->to[i]);
		waiting |= s->fate[i] == WAITING;
	}
	curl_easy_cleanup(curl);
	return waiting;
}

/* --------------------------------------------------------------- all attempts */

static void try_until_the_end(struct sending *s)
{
	long long pause_ms = PAUSE_MS;

	while (attempt(s) && clock_ms() + pause_ms < s->end_ms) {
		log_debug(1, token, "EMAIL by %s: %s; trying again", s->url, s->why);
		clock_sleep_ms(pause_ms);
		if (pause_ms < PAUSE_MAX_MS)
			pause_ms *= 2;
	}
}

static bool log_result(const struct sending *s)
{
	struct buffer missed = {0};

	for (size_t i = 0; i < s->count; i++)
		if (s->fate[i] != SENT)
			buffer_appendf(&missed, "%s%s", missed.len ? ", " : "", s->to[i].address);
	if (missed.len == 0 && !missed.failed) {
		log_debug(1, token, "EMAIL by %s: taken", s->url);
		return true;
	}
	log_error(token, "EMAIL to %s by %s failed: %s", buffer_string(&missed), s->url,
		  s->why[0] ? s->why : "no time left");
	buffer_free(&missed);
	return false;
}

static bool complain(const char *what, const char *value, const char *why)
{
	log_error(token, "EMAIL: %s \"%s\": %s", what, value, why);
	return false;
}

/* Nothing but a host may get into the URL. */
static bool write_url(struct sending *s)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
	const char *host = s->mail->host ? s->mail->host : "";
	bool bare_v6 = strchr(host, ':') && host[0] != '[';

	if (!*host || host[strspn(host, allowed)])
		return complain("the relay", host, "is no host name or address");
	return str_format(s->url, sizeof(s->url), "%s://%s%s%s:%u",
			  s->mail->port == PORT_IMPLICIT_TLS ? "smtps" : "smtp", bare_v6 ? "[" : "",
			  host, bare_v6 ? "]" : "", s->mail->port);
}

static bool read_addresses(struct sending *s)
{
	const char *from = s->mail->from ? s->mail->from : "", *why;
	const char *to = s->mail->to ? s->mail->to : "";
	int count;

	if (mailtext_addresses(from, &s->from, 1, &why) < 0)
		return complain("the sender", from, why);
	count = mailtext_addresses(to, s->to, MAIL_RECEIVERS_MAX, &why);
	if (count < 0)
		return complain("the receivers", to, why);
	s->count = (size_t)count;
	return true;
}

static bool write_message(struct sending *s, const char *text)
{
	char host[256] = "", id[64];
	struct mail_parts parts = {
		.from = &s->from,
		.to = s->to,
		.to_count = s->count,
		.subject = s->mail->subject ? s->mail->subject : "",
		.text = text,
		.id = id,
		.host = host,
		.now = time(NULL),
	};
	uint64_t random = 0;

	gethostname(host, sizeof(host) - 1);
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint64_t)clock_ms();
	str_format(id, sizeof(id), "%llx.%ld.%llx", (unsigned long long)parts.now, (long)getpid(),
		   (unsigned long long)random);
	if (mailtext_append(&s->message, &parts))
		return true;
	log_errno(token, ENOMEM, "EMAIL");
	return false;
}

static int send_mail(const struct delivery_mail *m, const char *text, unsigned limit_ms)
{
	struct sending s = {.mail = m};
	bool sent;

	/* A tenth of the time is for what curl cannot interrupt; the alarm ends the rest. */
	s.end_ms = clock_ms() + limit_ms - limit_ms / 10;
	s.attempt_ms = limit_ms / 2;
	if (!write_url(&s) || !read_addresses(&s) || !write_message(&s, text))
		return 1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		log_error(token, "EMAIL: libcurl does not start");
		return 1;
	}
	try_until_the_end(&s);
	sent = log_result(&s);
	buffer_free(&s.message);
	return sent ? 0 : 1;
}

/* --------------------------------------------------------------- the process */

/* It goes on when the notifier is told to end: mail is what the last minute is for. */
static void set_signals(void)
{
	static const int deaf_to[] = {SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGPIPE};
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	for (size_t i = 0; i < sizeof(deaf_to) / sizeof(deaf_to[0]); i++)
		signal(deaf_to[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void live(const struct delivery_mail *m, const char *text, unsigned limit_ms)
{
	set_signals();
	alarm((limit_ms + 999) / 1000);
	prctl(PR_SET_NAME, "upsmon-mail");
	log_forget_descriptors();
	daemon_close_inherited();
	privilege_no_new();
	_exit(send_mail(m, text, limit_ms));
}

pid_t mail_start(const struct delivery_mail *m, const char *text, unsigned limit_ms)
{
	sigset_t all, old;
	pid_t pid;
	int err;

	/* The child must not run our handlers, which write to the loop's own pipe. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		live(m, text, limit_ms);
	err = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return pid;
}
