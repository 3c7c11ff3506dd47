/*
 * SET and INSTCMD: what reaches the device (spec/net-protocol.md 3.3, 3.4).
 * OK means that the driver was asked; TRACKING tells what came of it.
 */
#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/state.h"
#include "server/command.h"
#include "server/reply.h"
#include "server/tracking.h"
#include "server/upsd.h"

static bool in_enum(const struct state_var *var, const char *value)
{
	for (size_t i = 0; i < state_var_enum_count(var); i++)
		if (str_equal(state_var_enum(var, i), value))
			return true;
	return false;
}

static bool in_range(const struct state_var *var, const char *value)
{
	double number;

	if (!str_to_double(value, &number))
		return false;
	for (size_t i = 0; i < state_var_range_count(var); i++) {
		struct state_range range = state_var_range(var, i);

		if (number >= (double)range.min && number <= (double)range.max)
			return true;
	}
	return false;
}

static enum netwire_error check_value(const struct state_var *var, const char *value)
{
	if (state_var_flags(var) & STATE_STRING) {
		if (state_var_aux(var) < 1)
			return NETWIRE_SET_FAILED;
		if (strlen(value) > (size_t)state_var_aux(var))
			return NETWIRE_TOO_LONG;
	}
	if (state_var_enum_count(var) && !in_enum(var, value))
		return NETWIRE_INVALID_VALUE;
	if (state_var_range_count(var) && !in_range(var, value))
		return NETWIRE_INVALID_VALUE;
	return NETWIRE_OK;
}

/* An id for the request if the client tracks, else `id` is empty. False: no memory. */
static bool begin_tracking(const struct request *rq, char id[TRACKING_ID_SIZE])
{
	id[0] = '\0';
	return !rq->client->session->tracking ||
	       tracking_begin(rq->server->tracking, upsd_now_ms(rq->server), id);
}

static void answer_handed_over(const struct request *rq, const char *id)
{
	buffer_append_str(rq->out, "OK");
	if (*id)
		reply_begin(rq->out, " TRACKING", id, NULL);
	reply_end(rq->out);
}

/* An id as NUT's log has it. */
static const char *shown(const char *id)
{
	return *id ? id : "disabled";
}

static enum netwire_error set_var(const struct request *rq)
{
	const char *value = request_word(rq, 4);
	char id[TRACKING_ID_SIZE];
	const struct state_var *var;
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 2, REQUEST_AVAILABLE, &ups);

	if (error == NETWIRE_OK)
		error = request_permit_var(rq, ups, request_word(rq, 3));
	if (error != NETWIRE_OK)
		return error;
	var = state_find(ups->state, request_word(rq, 3));
	if (!var)
		return NETWIRE_VAR_NOT_SUPPORTED;
	if (!(state_var_flags(var) & STATE_RW))
		return NETWIRE_READONLY;
	error = check_value(var, value);
	if (error != NETWIRE_OK)
		return error;
	if (!begin_tracking(rq, id))
		return NETWIRE_SET_FAILED;
	if (!driverlink_set(&ups->link, state_var_name(var), value, *id ? id : NULL)) {
		tracking_cancel(rq->server->tracking, id);
		return NETWIRE_SET_FAILED;
	}
	log_info("command", "Set variable: %s set %s on %s to %s (tracking ID: %s)",
		 client_who(rq->client), state_var_name(var), ups->name, value, shown(id));
	answer_handed_over(rq, id);
	return NETWIRE_OK;
}

static enum netwire_error set_tracking(const struct request *rq)
{
	bool on = str_caseequal(request_word(rq, 2), "ON");

	if (!on && !str_caseequal(request_word(rq, 2), "OFF"))
		return NETWIRE_INVALID_ARGUMENT;
	rq->client->session->tracking = on;
	reply_line(rq->out, "OK");
	return NETWIRE_OK;
}

enum netwire_error cmd_set(const struct request *rq)
{
	static const struct subcommand rows[] = {
		{"VAR", 4, set_var},
		{"TRACKING", 2, set_tracking},
	};

	return request_dispatch(rq, rows, sizeof(rows) / sizeof(rows[0]));
}

enum netwire_error cmd_instcmd(const struct request *rq)
{
	/* NUT takes a value only when it is the last of three words; more words drop it. */
	const char *value = request_args(rq) == 3 ? request_word(rq, 3) : NULL;
	char id[TRACKING_ID_SIZE];
	const char *name;
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 1, REQUEST_AVAILABLE, &ups);

	if (error != NETWIRE_OK)
		return error;
	name = state_find_command(ups->state, request_word(rq, 2));
	if (!name)
		return NETWIRE_CMD_NOT_SUPPORTED;
	error = request_permit_instcmd(rq, ups, name);
	if (error != NETWIRE_OK)
		return error;
	if (!begin_tracking(rq, id))
		return NETWIRE_INSTCMD_FAILED;
	if (!driverlink_instcmd(&ups->link, name, value, *id ? id : NULL)) {
		tracking_cancel(rq->server->tracking, id);
		return NETWIRE_INSTCMD_FAILED;
	}
	log_info("command", "Instant command: %s did %s%s%s on %s (tracking ID: %s)",
		 client_who(rq->client), name, value ? " with value " : "", value ? value : "",
		 ups->name, shown(id));
	answer_handed_over(rq, id);
	return NETWIRE_OK;
}
