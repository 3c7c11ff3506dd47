/*
 * clone: the computers on one outlet of a UPS, as if that outlet were a UPS of
 * its own: with limits of the battery, a shutdown and a power cycle of their own.
 */
#include "config.h"

#include <limits.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/ups/status.h"
#include "drivers/virtual/cloneplan.h"
#include "drivers/virtual/follower.h"

struct clone {
	struct core *core;
	struct follower follower;
	struct cloneplan plan;
	char *status; /* of the source, as it was known last */
	bool checked; /* that the source has what the options name */
};

enum { OFFDELAY_S = 120, ONDELAY_S = 30, LONGEST_S = INT_MAX / 1000 };

static const struct driver_option options[] = {
	{.name = "offdelay",
	 .argument = "secs",
	 .help = "from the warning of the clients to the cut of the outlet (120)",
	 .max = LONGEST_S},
	{.name = "ondelay",
	 .argument = "secs",
	 .help = "from the power's return to switching the outlet on (30)",
	 .max = LONGEST_S},
	{.name = "mincharge",
	 .argument = "percent",
	 .help = "on battery below that, the clients are shut down",
	 .max = 100},
	{.name = "minruntime",
	 .argument = "secs",
	 .help = "on battery below that, the clients are shut down",
	 .max = LONGEST_S},
	{.name = "load.off", .argument = "command", .help = "of the source, to cut the outlet"},
	{.name = "load.on", .argument = "command", .help = "of the source, to switch it on"},
	{.name = "load.status",
	 .argument = "variable",
	 .help = "of the source, that says whether the outlet is on"},
	{.name = NULL},
};

/* ------------------------------------------------------------------------- what is copied */

static bool starts_with_one_of(const char *name, const char *const *starts)
{
	for (; *starts; starts++) {
		if (str_casestarts(name, *starts))
			return true;
	}
	return false;
}

static bool keep_variable(void *arg, const char *theirs, char *ours, size_t size)
{
	static const char *const own[] = {"driver.", "ups.delay.", "ups.timer.", NULL};

	(void)arg;
	return !starts_with_one_of(theirs, own) && !str_caseequal(theirs, "battery.charge.low") &&
	       !str_caseequal(theirs, "battery.runtime.low") && str_copy(ours, size, theirs);
}

/* Nothing that takes the power, or its backing, from those who are not on this outlet. */
static bool keep_command(void *arg, const char *theirs, char *ours, size_t size)
{
	static const char *const others[] = {"driver.", "load.",   "shutdown.",
					     "outlet.", "bypass.", NULL};

	(void)arg;
	return !starts_with_one_of(theirs, others) && str_copy(ours, size, theirs);
}

static const struct mirror_rules rules = {.variable = keep_variable, .command = keep_command};

/* ------------------------------------------------------------------------------ own values */

/* The clone's own limit appears with the value that it is a limit for. */
static void publish_limit(struct clone *cl, const char *of, const char *name, const char *option,
			  long length)
{
	struct state *s = core_state(cl->core);

	if (!follower_get(&cl->follower, of) || state_find(s, name))
		return;
	state_setf(s, name, "%ld", core_option_long(cl->core, option, 0));
	state_set_flags(s, name, STATE_RW | STATE_STRING);
	state_set_aux(s, name, length);
}

static void publish_timers(struct clone *cl, long long now_ms)
{
	struct state *s = core_state(cl->core);

	state_setf(s, "ups.timer.shutdown", "%ld", cloneplan_shutdown_timer(&cl->plan, now_ms));
	state_setf(s, "ups.timer.start", "%ld", cloneplan_start_timer(&cl->plan, now_ms));
}

static bool is_below(const struct clone *cl, const char *name, const char *limit_name)
{
	const char *text = follower_get(&cl->follower, name);
	const char *limit_text = state_get(core_state(cl->core), limit_name);
	double value, limit;

	return text && limit_text && str_to_double(text, &value) &&
	       str_to_double(limit_text, &limit) && value < limit;
}

static bool outlet_state(const struct clone *cl, bool *on)
{
	const char *name = core_option(cl->core, "load.status");
	const char *text = name ? follower_get(&cl->follower, name) : NULL;

	*on = str_caseequal(text, "on") || str_caseequal(text, "yes");
	return *on || str_caseequal(text, "off") || str_caseequal(text, "no");
}

/* ---------------------------------------------------------------------------------- orders */

struct order {
	struct clone *clone;
	unsigned number;
	const char *command; /* an option's value */
};

static void on_ordered(void *arg, enum driverwire_result result)
{
	struct order *o = arg;
	struct clone *cl = o->clone;

	if (result != DRIVERWIRE_HANDLED)
		log_error("clone", "%s was not done by %s (result %d)", o->command,
			  source_name(cl->follower.source), (int)result);
	cloneplan_answer(&cl->plan, o->number, result == DRIVERWIRE_HANDLED, clock_ms());
	free(o);
	core_poll_now(cl->core);
}

static void give_order(struct clone *cl, const char *option)
{
	const char *command = core_option(cl->core, option);
	struct order *o = calloc(1, sizeof(*o));

	if (o) {
		*o = (struct order){cl, cl->plan.order, command};
		log_notice("clone", "%s to %s", command, source_name(cl->follower.source));
		if (source_ask(cl->follower.source, false, command, NULL, on_ordered, o))
			return;
		free(o);
	}
	log_error("clone", "%s was not taken by %s", command, source_name(cl->follower.source));
	cloneplan_answer(&cl->plan, cl->plan.order, false, clock_ms());
}

static void follow_plan(struct clone *cl, bool fresh, uint32_t status, long long now_ms)
{
	bool fsd = cloneplan_fsd(&cl->plan);
	struct cloneplan_view view = {
		.now_ms = now_ms,
		.fresh = fresh,
		.on_line = status & STATUS_OL,
		.on_battery = status & STATUS_OB,
		.calibrating = status & STATUS_CAL,
		.low = is_below(cl, "battery.charge", "battery.charge.low") ||
		       is_below(cl, "battery.runtime", "battery.runtime.low"),
	};

	view.outlet_known = outlet_state(cl, &view.outlet_on);
	cl->plan.watched = view.outlet_known;
	switch (cloneplan_step(&cl->plan, &view)) {
	case CLONEPLAN_CUT:
		give_order(cl, "load.off");
		break;
	case CLONEPLAN_SWITCH_ON:
		give_order(cl, "load.on");
		break;
	case CLONEPLAN_NOTHING:
		break;
	}
	if (!fsd && cloneplan_fsd(&cl->plan))
		log_warn("clone", "the battery is below the limits of %s: FSD", core_ups(cl->core));
	else if (fsd && !cloneplan_fsd(&cl->plan))
		log_notice("clone", "the shutdown of %s is over: the outlet is %s",
			   core_ups(cl->core), cloneplan_off(&cl->plan) ? "off" : "on");
}

/* What is configured and is not there would be noticed when it is too late. */
static void check_source(struct clone *cl)
{
	static const char *const commands[] = {"load.off", "load.on"};
	const struct state *theirs = source_state(cl->follower.source);
	const char *status = core_option(cl->core, "load.status");

	if (cl->checked)
		return;
	cl->checked = true;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *command = core_option(cl->core, commands[i]);

		if (command && !state_find_command(theirs, command))
			log_warn("clone", "%s = %s: %s offers no such command", commands[i],
				 command, source_name(cl->follower.source));
	}
	if (status && !state_find(theirs, status))
		log_warn("clone", "load.status = %s: %s has no such variable", status,
			 source_name(cl->follower.source));
}

/* --------------------------------------------------------------------------------- driver */

static void publish_start(struct clone *cl)
{
	struct state *s = core_state(cl->core);

	state_setf(s, "ups.delay.shutdown", "%ld", cl->plan.offdelay_s);
	state_setf(s, "ups.delay.start", "%ld", cl->plan.ondelay_s);
	publish_timers(cl, clock_ms());
	state_add_command(s, "shutdown.return");
	state_add_command(s, "shutdown.stayoff");
	if (cl->plan.can_cut)
		state_add_command(s, "load.off");
	if (cl->plan.can_switch_on)
		state_add_command(s, "load.on");
}

static enum driver_result clone_open(struct core *c)
{
	struct clone *cl = core_data(c);
	enum driver_result r = follower_open(c, &cl->follower, &rules, cl);

	if (r != DRIVER_OK)
		return r;
	cl->core = c;
	cl->plan = (struct cloneplan){
		.offdelay_s = core_option_long(c, "offdelay", OFFDELAY_S),
		.ondelay_s = core_option_long(c, "ondelay", ONDELAY_S),
		.can_cut = core_option(c, "load.off") != NULL,
		.can_switch_on = core_option(c, "load.on") != NULL,
	};
	publish_start(cl);
	return DRIVER_OK;
}

static void compose_status(struct clone *cl)
{
	if (!cl->status)
		return;
	core_status_begin(cl->core);
	if (cloneplan_fsd(&cl->plan))
		core_status_add(cl->core, "FSD");
	core_status_add(cl->core, cl->status);
	if (cloneplan_off(&cl->plan))
		core_status_add(cl->core, "OFF");
}

static enum driver_result clone_poll(struct core *c)
{
	struct clone *cl = core_data(c);
	enum driver_result r = follower_update(&cl->follower);
	long long now_ms = clock_ms();
	const char *status;

	if (r != DRIVER_FAILED) {
		status = follower_get(&cl->follower, "ups.status");
		str_replace(&cl->status, status ? status : "");
		publish_limit(cl, "battery.charge", "battery.charge.low", "mincharge", 3);
		publish_limit(cl, "battery.runtime", "battery.runtime.low", "minruntime", 4);
		check_source(cl);
	}
	follow_plan(cl, r == DRIVER_OK, cl->status ? status_parse(cl->status, NULL) : 0, now_ms);
	publish_timers(cl, now_ms);
	compose_status(cl);
	return follower_finish(&cl->follower, r);
}

static enum driverwire_result shut_down(struct clone *cl, bool stay_off)
{
	/* The warning would not reach anybody. */
	if (!source_fresh(cl->follower.source)) {
		log_error("command", "no shutdown while the data of %s are stale",
			  source_name(cl->follower.source));
		return DRIVERWIRE_R_FAILED;
	}
	cloneplan_shut_down(&cl->plan, clock_ms(), stay_off);
	compose_status(cl);
	core_poll_now(cl->core);
	return DRIVERWIRE_HANDLED;
}

static void on_load_off(void *arg, enum driverwire_result result)
{
	struct clone *cl = arg;

	if (result == DRIVERWIRE_HANDLED)
		cloneplan_switched(&cl->plan, false);
}

static void on_load_on(void *arg, enum driverwire_result result)
{
	struct clone *cl = arg;

	if (result == DRIVERWIRE_HANDLED)
		cloneplan_switched(&cl->plan, true);
}

static enum driverwire_result switch_load(struct clone *cl, const char *option,
					  source_answer_fn *done)
{
	const char *command = core_option(cl->core, option);

	return command ? source_hand_on(cl->follower.source, false, command, NULL, done, cl)
		       : DRIVERWIRE_R_UNKNOWN;
}

static enum driverwire_result clone_instcmd(struct core *c, const char *name, const char *value)
{
	struct clone *cl = core_data(c);
	char theirs[STATE_MAX_NAME + 1];

	if (str_caseequal(name, "shutdown.return"))
		return shut_down(cl, false);
	if (str_caseequal(name, "shutdown.stayoff"))
		return shut_down(cl, true);
	if (str_caseequal(name, "load.off"))
		return switch_load(cl, "load.off", on_load_off);
	if (str_caseequal(name, "load.on"))
		return switch_load(cl, "load.on", on_load_on);
	if (!keep_command(NULL, name, theirs, sizeof(theirs)) ||
	    !state_find_command(source_state(cl->follower.source), name))
		return DRIVERWIRE_R_UNKNOWN;
	return source_hand_on(cl->follower.source, false, name, value, NULL, NULL);
}

static enum driverwire_result set_limit(struct clone *cl, const char *name, const char *value,
					long max)
{
	long number;

	if (!state_find(core_state(cl->core), name))
		return DRIVERWIRE_R_UNKNOWN;
	if (!str_to_long(value, 0, max, &number))
		return DRIVERWIRE_R_INVALID;
	return state_setf(core_state(cl->core), name, "%ld", number) == STATE_REFUSED
		       ? DRIVERWIRE_R_FAILED
		       : DRIVERWIRE_HANDLED;
}

static enum driverwire_result clone_setvar(struct core *c, const char *name, const char *value)
{
	struct clone *cl = core_data(c);
	const struct state_var *v = state_find(source_state(cl->follower.source), name);
	char theirs[STATE_MAX_NAME + 1];

	if (str_caseequal(name, "battery.charge.low"))
		return set_limit(cl, name, value, 100);
	if (str_caseequal(name, "battery.runtime.low"))
		return set_limit(cl, name, value, LONGEST_S);
	if (!v || !keep_variable(NULL, name, theirs, sizeof(theirs)))
		return DRIVERWIRE_R_UNKNOWN;
	if (!(state_var_flags(v) & STATE_RW))
		return DRIVERWIRE_R_INVALID;
	return source_hand_on(cl->follower.source, true, name, value, NULL, NULL);
}

static enum driverwire_result clone_shutdown(struct core *c)
{
	struct clone *cl = core_data(c);

	log_error("clone", "the power of a clone is not cut by itself: that is for %s",
		  source_name(cl->follower.source));
	return DRIVERWIRE_R_FAILED;
}

static void clone_close(struct core *c)
{
	struct clone *cl = core_data(c);

	follower_close(&cl->follower);
	str_replace(&cl->status, NULL);
}

static const struct driver clone_driver = {
	.name = "clone",
	.description = "The computers on one outlet of a UPS, as a UPS of their own",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct clone),
	.status_verbatim = true,
	.open = clone_open,
	.poll = clone_poll,
	.instcmd = clone_instcmd,
	.setvar = clone_setvar,
	.shutdown = clone_shutdown,
	.close = clone_close,
};

int main(int argc, char **argv)
{
	return core_main(&clone_driver, argc, argv);
}
