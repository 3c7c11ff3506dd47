#include "config.h"

#include "clients/nutconf/server.h"

#include <string.h>
#include <sys/time.h>

#include "clients/libupsclient/upsclient.h"
#include "common/base/buffer.h"
#include "common/base/str.h"
#include "common/base/words.h"

enum { CONNECT_S = 10, ANSWER_S = 10 };

static bool fail(struct server *s, UPSCONN_t *c)
{
	str_copy(s->why, sizeof(s->why), upscli_strerror(c));
	upscli_disconnect(c);
	return false;
}

static bool reach(struct server *s, UPSCONN_t *c)
{
	struct timeval limit = {.tv_sec = CONNECT_S};
	static bool ready;

	/* Nobody's certificate is looked at: what is asked here is no secret, or goes where the
	 * configuration will send it. */
	if (!ready)
		upscli_init(0, NULL, NULL, NULL);
	ready = true;
	memset(c, 0, sizeof(*c));
	if (upscli_tryconnect(c, s->host, (uint16_t)s->port, UPSCLI_CONN_TRYSSL, &limit) == 0)
		return true;
	return fail(s, c);
}

int server_list(struct server *s, char names[SERVER_UPS_MAX][SERVER_NAME_MAX])
{
	const char *query[] = {"UPS"};
	size_t words;
	char **answer;
	UPSCONN_t c;
	int count = 0, more;

	if (!reach(s, &c))
		return -1;
	more = upscli_list_start(&c, 1, query) == 0 ? 1 : -1;
	while (more > 0 && (more = upscli_list_next(&c, 1, query, &words, &answer)) > 0)
		if (words > 1 && count < SERVER_UPS_MAX)
			str_copy(names[count++], SERVER_NAME_MAX, answer[1]);
	if (more < 0) {
		fail(s, &c);
		return -1;
	}
	upscli_disconnect(&c);
	return count;
}

bool server_get(struct server *s, const char *ups, const char *variable, char *value, size_t size)
{
	const char *query[] = {"VAR", ups, variable};
	size_t words;
	char **answer;
	UPSCONN_t c;

	if (!reach(s, &c))
		return false;
	if (upscli_get(&c, 3, query, &words, &answer) != 0 || words < 4)
		return fail(s, &c);
	str_copy(value, size, answer[3]);
	upscli_disconnect(&c);
	return true;
}

/* A command and one word for it; the answer has to begin with OK. */
static bool say(struct server *s, UPSCONN_t *c, const char *command, const char *word)
{
	char answer[UPSCLI_NETBUF_LEN];
	struct buffer line = {0};
	bool ok;

	buffer_appendf(&line, "%s ", command);
	words_append_word(&line, word);
	buffer_append_char(&line, '\n');
	ok = !line.failed && upscli_sendline_timeout(c, line.data, line.len, ANSWER_S) == 0 &&
	     upscli_readline_timeout(c, answer, sizeof(answer), ANSWER_S) == 0;
	if (line.data)
		secret_wipe(line.data, line.len);
	buffer_free(&line);
	if (!ok) {
		str_copy(s->why, sizeof(s->why), upscli_strerror(c));
		return false;
	}
	if (str_starts(answer, "OK"))
		return true;
	str_format(s->why, sizeof(s->why), "it answers %s with \"%s\"", command, answer);
	return false;
}

bool server_try_login(struct server *s, const char *ups, const char *user, const char *password)
{
	UPSCONN_t c;
	bool ok;

	if (!reach(s, &c))
		return false;
	ok = say(s, &c, "USERNAME", user) && say(s, &c, "PASSWORD", password) &&
	     say(s, &c, "LOGIN", ups);
	upscli_disconnect(&c);
	return ok;
}
