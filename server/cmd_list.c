/*
 * LIST (spec/net-protocol.md section 3.2).  The first and last line echo the
 * query: its keywords in capitals, the names as the client spelled them.
 */
#include "config.h"

#include "common/base/str.h"
#include "common/ups/state.h"
#include "server/command.h"
#include "server/reply.h"
#include "server/upsd.h"

static void frame(struct buffer *out, const char *edge, const char *keyword, const char *ups,
		  const char *name)
{
	buffer_append_str(out, edge);
	reply_begin(out, keyword, ups, name);
	reply_end(out);
}

static enum netwire_error list_ups(const struct request *rq)
{
	struct upses *set = &rq->server->upses;
	size_t start = rq->out->len;

	if (rendered_append(set->cache, &set->list_ups, "", set->revision, rq->out))
		return NETWIRE_OK;
	frame(rq->out, "BEGIN LIST ", "UPS", NULL, NULL);
	for (size_t i = 0; i < set->count; i++) {
		const struct ups *ups = set->list[i];

		reply_begin(rq->out, "UPS", ups->name, NULL);
		reply_text(rq->out, ups->desc ? ups->desc : "Description unavailable");
		reply_end(rq->out);
	}
	frame(rq->out, "END LIST ", "UPS", NULL, NULL);
	if (!rq->out->failed)
		rendered_keep(set->cache, &set->list_ups, "", set->revision, rq->out->data + start,
			      rq->out->len - start);
	return NETWIRE_OK;
}

static enum netwire_error list_var(const struct request *rq)
{
	struct rendered_cache *cache = rq->server->upses.cache;
	const char *name = request_word(rq, 2);
	size_t start = rq->out->len;
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_AVAILABLE, &ups);
	uint64_t generation;

	if (error != NETWIRE_OK)
		return error;
	generation = state_generation(ups->state);
	if (rendered_append(cache, &ups->list_var, name, generation, rq->out))
		return NETWIRE_OK;
	frame(rq->out, "BEGIN LIST ", "VAR", name, NULL);
	for (size_t i = 0; i < state_count(ups->state); i++) {
		const struct state_var *var = state_at(ups->state, i);

		reply_begin(rq->out, "VAR", name, state_var_name(var));
		buffer_append_char(rq->out, ' ');
		ups_append_value(ups, var, rq->out);
		reply_end(rq->out);
	}
	frame(rq->out, "END LIST ", "VAR", name, NULL);
	if (!rq->out->failed)
		rendered_keep(cache, &ups->list_var, name, generation, rq->out->data + start,
			      rq->out->len - start);
	return NETWIRE_OK;
}

/* What can be set shows what the driver has, without the FSD latch. */
static enum netwire_error list_rw(const struct request *rq)
{
	const char *name = request_word(rq, 2);
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_AVAILABLE, &ups);

	if (error != NETWIRE_OK)
		return error;
	frame(rq->out, "BEGIN LIST ", "RW", name, NULL);
	for (size_t i = 0; i < state_count(ups->state); i++) {
		const struct state_var *var = state_at(ups->state, i);

		if (!(state_var_flags(var) & STATE_RW))
			continue;
		reply_begin(rq->out, "RW", name, state_var_name(var));
		reply_text(rq->out, state_var_value(var));
		reply_end(rq->out);
	}
	frame(rq->out, "END LIST ", "RW", name, NULL);
	return NETWIRE_OK;
}

static enum netwire_error list_cmd(const struct request *rq)
{
	const char *name = request_word(rq, 2);
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_AVAILABLE, &ups);

	if (error != NETWIRE_OK)
		return error;
	frame(rq->out, "BEGIN LIST ", "CMD", name, NULL);
	for (size_t i = 0; i < state_command_count(ups->state); i++) {
		reply_begin(rq->out, "CMD", name, state_command(ups->state, i));
		reply_end(rq->out);
	}
	frame(rq->out, "END LIST ", "CMD", name, NULL);
	return NETWIRE_OK;
}

static enum netwire_error list_clients_as(const struct request *rq, const char *keyword)
{
	const char *name = request_word(rq, 2);
	const struct session *s;
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_ANY, &ups);

	if (error != NETWIRE_OK)
		return error;
	frame(rq->out, "BEGIN LIST ", keyword, name, NULL);
	LIST_FOREACH(s, &ups->logins, of_ups)
	{
		reply_begin(rq->out, "CLIENT", ups->name, client_host(s->client));
		reply_end(rq->out);
	}
	frame(rq->out, "END LIST ", keyword, name, NULL);
	return NETWIRE_OK;
}

static enum netwire_error list_client(const struct request *rq)
{
	return list_clients_as(rq, "CLIENT");
}

/* nut2.py says CLIENTS and waits for that word in the answer (spec/peers.md 9). */
static enum netwire_error list_clients(const struct request *rq)
{
	return list_clients_as(rq, "CLIENTS");
}

static enum netwire_error list_enum(const struct request *rq)
{
	const char *name = request_word(rq, 2), *var_name = request_word(rq, 3);
	const struct state_var *var;
	struct ups *ups;
	enum netwire_error error = request_find_var(rq, 2, &ups, &var);

	if (error != NETWIRE_OK)
		return error;
	frame(rq->out, "BEGIN LIST ", "ENUM", name, var_name);
	for (size_t i = 0; i < state_var_enum_count(var); i++) {
		reply_begin(rq->out, "ENUM", name, var_name);
		reply_text(rq->out, state_var_enum(var, i));
		reply_end(rq->out);
	}
	frame(rq->out, "END LIST ", "ENUM", name, var_name);
	return NETWIRE_OK;
}

static enum netwire_error list_range(const struct request *rq)
{
	const char *name = request_word(rq, 2), *var_name = request_word(rq, 3);
	const struct state_var *var;
	struct ups *ups;
	enum netwire_error error = request_find_var(rq, 2, &ups, &var);

	if (error != NETWIRE_OK)
		return error;
	frame(rq->out, "BEGIN LIST ", "RANGE", name, var_name);
	for (size_t i = 0; i < state_var_range_count(var); i++) {
		struct state_range range = state_var_range(var, i);

		reply_begin(rq->out, "RANGE", name, var_name);
		buffer_appendf(rq->out, " \"%ld\" \"%ld\"", range.min, range.max);
		reply_end(rq->out);
	}
	frame(rq->out, "END LIST ", "RANGE", name, var_name);
	return NETWIRE_OK;
}

enum netwire_error cmd_list(const struct request *rq)
{
	static const struct subcommand rows[] = {
		{"VAR", 2, list_var},     {"UPS", 1, list_ups},         {"RW", 2, list_rw},
		{"CMD", 2, list_cmd},     {"CLIENT", 2, list_client},   {"ENUM", 3, list_enum},
		{"RANGE", 3, list_range}, {"CLIENTS", 2, list_clients},
	};

	return request_dispatch(rq, rows, sizeof(rows) / sizeof(rows[0]));
}
