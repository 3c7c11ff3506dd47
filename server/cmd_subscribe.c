/*
 * SUBSCRIBE, UNSUBSCRIBE, PING: our extension of the protocol (docs/push.md).
 */
#include "config.h"

#include "server/command.h"
#include "server/reply.h"
#include "server/subscription.h"
#include "server/upsd.h"

static void unsubscribe(struct session *s, const struct ups *ups)
{
	struct subscription *old = s ? subscription_find(&s->subscriptions, ups) : NULL;

	if (old)
		subscription_free(old);
}

enum netwire_error cmd_subscribe(const struct request *rq)
{
	const char *name = request_word(rq, 1);
	size_t pattern_count = request_args(rq) - 1;
	struct session *s = client_session(rq->client);
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 1, REQUEST_ANY, &ups);

	if (error != NETWIRE_OK)
		return error;
	for (size_t i = 0; i < pattern_count; i++)
		if (!subscription_pattern_ok(request_word(rq, 2 + i)))
			return NETWIRE_INVALID_ARGUMENT;
	if (!s)
		return NETWIRE_ACCESS_DENIED;
	unsubscribe(s, ups);
	reply_begin(rq->out, "OK SUBSCRIBE", name, NULL);
	reply_end(rq->out);
	if (!subscription_new(ups, rq->client->conn, &s->subscriptions, name, pattern_count,
			      words_all(rq->words) + 2))
		rq->out->failed = true; /* the answer promised events: end the connection */
	return NETWIRE_OK;
}

enum netwire_error cmd_unsubscribe(const struct request *rq)
{
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 1, REQUEST_ANY, &ups);

	if (error != NETWIRE_OK)
		return error;
	unsubscribe(rq->client->session, ups);
	reply_begin(rq->out, "OK UNSUBSCRIBE", request_word(rq, 1), NULL);
	reply_end(rq->out);
	return NETWIRE_OK;
}

enum netwire_error cmd_ping(const struct request *rq)
{
	reply_line(rq->out, "PONG");
	return NETWIRE_OK;
}
