/*
 * GET (spec/net-protocol.md section 3.1).
 */
#include "config.h"

#include "common/base/str.h"
#include "common/ups/names.h"
#include "common/ups/state.h"
#include "server/command.h"
#include "server/reply.h"
#include "server/tracking.h"
#include "server/upsd.h"

/* server.*: of upsd itself, whatever UPS is named. */
static enum netwire_error get_server_var(const struct request *rq, const char *var)
{
	static const struct {
		const char *name;
		const char *value;
	} rows[] = {{"server.info", UPSD_VERSION_LINE}, {"server.version", NUT_VERSION}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_caseequal(rows[i].name, var))
			continue;
		reply_begin(rq->out, "VAR", request_word(rq, 2), rows[i].name);
		reply_text(rq->out, rows[i].value);
		reply_end(rq->out);
		return NETWIRE_OK;
	}
	return NETWIRE_VAR_NOT_SUPPORTED;
}

static enum netwire_error get_var(const struct request *rq)
{
	const char *name = request_word(rq, 3);
	const struct state_var *var;
	enum netwire_error error;
	struct ups *ups;

	if (str_casestarts(name, "server."))
		return get_server_var(rq, name);
	error = request_find_var(rq, 2, &ups, &var);
	if (error != NETWIRE_OK)
		return error;
	reply_begin(rq->out, "VAR", request_word(rq, 2), name);
	buffer_append_char(rq->out, ' ');
	ups_append_value(ups, var, rq->out);
	reply_end(rq->out);
	return NETWIRE_OK;
}

/* There is always one word after RW: some clients index it (spec/peers.md). */
static enum netwire_error get_type(const struct request *rq)
{
	const struct state_var *var;
	struct ups *ups;
	enum netwire_error error = request_find_var(rq, 2, &ups, &var);

	if (error != NETWIRE_OK)
		return error;
	reply_begin(rq->out, "TYPE", request_word(rq, 2), request_word(rq, 3));
	if (state_var_flags(var) & STATE_RW)
		buffer_append_str(rq->out, " RW");
	if (state_var_enum_count(var))
		buffer_append_str(rq->out, " ENUM");
	if (state_var_range_count(var))
		buffer_append_str(rq->out, " RANGE");
	if (state_var_flags(var) & STATE_STRING)
		buffer_appendf(rq->out, " STRING:%ld", state_var_aux(var));
	else
		buffer_append_str(rq->out, " NUMBER");
	reply_end(rq->out);
	return NETWIRE_OK;
}

static enum netwire_error describe(const struct request *rq, const char *keyword,
				   const char *(*find)(const struct names *, const char *))
{
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_AVAILABLE, &ups);
	const char *text;

	if (error != NETWIRE_OK)
		return error;
	text = find(rq->server->names, request_word(rq, 3));
	reply_begin(rq->out, keyword, request_word(rq, 2), request_word(rq, 3));
	reply_text(rq->out, text ? text : "Description unavailable");
	reply_end(rq->out);
	return NETWIRE_OK;
}

static enum netwire_error get_desc(const struct request *rq)
{
	return describe(rq, "DESC", names_variable);
}

static enum netwire_error get_cmddesc(const struct request *rq)
{
	return describe(rq, "CMDDESC", names_command);
}

static enum netwire_error get_upsdesc(const struct request *rq)
{
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_ANY, &ups);

	if (error != NETWIRE_OK)
		return error;
	reply_begin(rq->out, "UPSDESC", request_word(rq, 2), NULL);
	reply_text(rq->out, ups->desc ? ups->desc : "Unavailable");
	reply_end(rq->out);
	return NETWIRE_OK;
}

static enum netwire_error get_numlogins(const struct request *rq)
{
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_AVAILABLE, &ups);

	if (error != NETWIRE_OK)
		return error;
	reply_begin(rq->out, "NUMLOGINS", request_word(rq, 2), NULL);
	buffer_appendf(rq->out, " %u", ups->login_count);
	reply_end(rq->out);
	return NETWIRE_OK;
}

static enum netwire_error get_tracking(const struct request *rq)
{
	const struct session *s = rq->client->session;
	bool on = s && s->tracking;

	if (request_args(rq) < 2) {
		reply_line(rq->out, on ? "ON" : "OFF");
		return NETWIRE_OK;
	}
	if (!on)
		return NETWIRE_FEATURE_NOT_CONFIGURED;
	reply_line(rq->out, tracking_answer(rq->server->tracking, request_word(rq, 2)));
	return NETWIRE_OK;
}

enum netwire_error cmd_get(const struct request *rq)
{
	static const struct subcommand rows[] = {
		{"VAR", 3, get_var},           {"TYPE", 3, get_type},
		{"DESC", 3, get_desc},         {"CMDDESC", 3, get_cmddesc},
		{"UPSDESC", 2, get_upsdesc},   {"NUMLOGINS", 2, get_numlogins},
		{"TRACKING", 1, get_tracking},
	};

	return request_dispatch(rq, rows, sizeof(rows) / sizeof(rows[0]));
}
