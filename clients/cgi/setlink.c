#include "config.h"

#include "clients/cgi/setlink.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/str.h"

enum {
	LIST_MAX = 1024 * 1024,  /* bytes of a list */
	PATIENCE_MS = 10 * 1000, /* for the driver */
	POLL_FIRST_MS = 50,
	POLL_LAST_MS = 1000,
};

const char *setlist_next(const struct setlist *list, const char *from)
{
	const char *end = list->text.data + list->text.len;

	if (list->count == 0)
		return NULL;
	if (!from)
		return list->text.data;
	from += strlen(from) + 1;
	return from < end ? from : NULL;
}

void setlist_free(struct setlist *list)
{
	buffer_free(&list->text);
	*list = (struct setlist){0};
}

static bool add(struct setlist *list, const char *text)
{
	list->text.max = LIST_MAX;
	list->count++;
	return buffer_append(&list->text, text, strlen(text) + 1);
}

static bool fail(struct setlink *s)
{
	str_copy(s->why, sizeof(s->why), upscli_strerror(upslink_conn(s->link)));
	return false;
}

/* ----------------------------------------------------------------- logging in */

static bool say(struct setlink *s, const char *verb, const char *word)
{
	char reply[UPSCLI_NETBUF_LEN];

	if (!upslink_exchange(s->link, 2, (const char *[]){verb, word}, reply, sizeof(reply))) {
		str_copy(s->why, sizeof(s->why), upslink_why(s->link));
		return false;
	}
	if (str_casestarts(reply, "OK"))
		return true;
	str_copy(s->why, sizeof(s->why), reply);
	return false;
}

static bool login(struct setlink *s)
{
	if (!s->logged_in)
		s->logged_in = say(s, "USERNAME", s->user) && say(s, "PASSWORD", s->password);
	return s->logged_in;
}

/* After a question that failed: true, if it is worth asking again. */
static bool login_to_read(struct setlink *s)
{
	return upscli_upserror(upslink_conn(s->link)) == UPSCLI_ERR_USERREQUIRED && !s->logged_in &&
	       login(s);
}

/* -------------------------------------------------------------------- asking */

bool setlink_list(struct setlink *s, const char *kind, const char *variable, size_t word,
		  struct setlist *list)
{
	const char *query[] = {kind, upslink_ups(s->link), variable};
	size_t query_words = variable ? 3 : 2, count;
	UPSCONN_t *conn = upslink_conn(s->link);
	char **item;
	int more;

	*list = (struct setlist){0};
	if (upscli_list_start(conn, query_words, query) < 0 &&
	    (!login_to_read(s) || upscli_list_start(conn, query_words, query) < 0))
		return fail(s);
	while ((more = upscli_list_next(conn, query_words, query, &count, &item)) == 1)
		if (count > word)
			add(list, item[word]);
	if (more == 0 && !list->text.failed)
		return true;
	fail(s);
	setlist_free(list);
	return false;
}

bool setlink_get(struct setlink *s, const char *kind, const char *name, struct setlist *words)
{
	const char *query[] = {kind, upslink_ups(s->link), name};
	UPSCONN_t *conn = upslink_conn(s->link);
	size_t count;
	char **answer;

	*words = (struct setlist){0};
	if (upscli_get(conn, 3, query, &count, &answer) < 0 &&
	    (!login_to_read(s) || upscli_get(conn, 3, query, &count, &answer) < 0))
		return fail(s);
	for (size_t i = 3; i < count; i++)
		add(words, answer[i]);
	if (words->count > 0 && !words->text.failed)
		return true;
	setlist_free(words);
	str_copy(s->why, sizeof(s->why), "the server's answer is too short");
	return false;
}

/* -------------------------------------------------------------------- orders */

/* Asks for what became of an order until that is known, or patience ends. */
static void await_result(struct setlink *s, const char *id, char *reply, size_t size)
{
	const char *question[] = {"GET", "TRACKING", id};
	long long end_ms = clock_ms() + PATIENCE_MS, pause_ms = POLL_FIRST_MS;
	char result[UPSCLI_NETBUF_LEN];

	while (upslink_exchange(s->link, 3, question, result, sizeof(result))) {
		if (!str_starts(result, "PENDING")) {
			str_copy(reply, size, str_equal(result, "SUCCESS") ? "OK" : result);
			return;
		}
		if (clock_ms() >= end_ms)
			break;
		clock_sleep_ms(pause_ms);
		pause_ms = pause_ms * 2 < POLL_LAST_MS ? pause_ms * 2 : POLL_LAST_MS;
	}
	str_copy(reply, size, "OK, and the driver has not told yet what became of it");
}

bool setlink_order(struct setlink *s, size_t count, const char *const *words, char *reply,
		   size_t size)
{
	static const char tracked[] = "OK TRACKING ";
	const char *enable[] = {"SET", "TRACKING", "ON"};
	char id[UPSCLI_NETBUF_LEN];

	if (!login(s)) {
		str_copy(reply, size, s->why);
		return false;
	}
	/* An old server refuses, and says OK to the order itself. */
	if (!upslink_exchange(s->link, 3, enable, reply, size) ||
	    !upslink_exchange(s->link, count, words, reply, size)) {
		str_copy(reply, size, upslink_why(s->link));
		return false;
	}
	if (str_casestarts(reply, tracked)) {
		str_copy(id, sizeof(id), reply + sizeof(tracked) - 1);
		await_result(s, id, reply, size);
	}
	return str_casestarts(reply, "OK");
}
