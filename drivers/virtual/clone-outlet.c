/*
 * clone-outlet: a UPS as those see it who are on one of its outlets.  For
 * monitoring: nothing can be set or ordered.
 */
#include "config.h"

#include "common/base/str.h"
#include "drivers/virtual/follower.h"
#include "drivers/virtual/outletwords.h"

struct outlet {
	struct follower follower;
	bool checked; /* that the source has such an outlet */
};

static const struct driver_option options[] = {
	{.name = "prefix",
	 .argument = "outlet.N",
	 .help = "what the names of the outlet's variables begin with (required)"},
	{.name = NULL},
};

static bool keep_variable(void *arg, const char *theirs, char *ours, size_t size)
{
	(void)arg;
	return !str_casestarts(theirs, "driver.") && str_copy(ours, size, theirs);
}

static const struct mirror_rules rules = {.variable = keep_variable, .read_only = true};

static enum driver_result outlet_open(struct core *c)
{
	struct outlet *o = core_data(c);
	const char *prefix = core_option(c, "prefix");

	if (!prefix || !*prefix) {
		log_error("outlet",
			  "[%s] has no prefix: add \"prefix = outlet.1\", or whichever "
			  "outlet it is",
			  core_ups(c));
		return DRIVER_FATAL;
	}
	return follower_open(c, &o->follower, &rules, NULL);
}

static const char *outlet_get(struct core *c, struct outlet *o, const char *what)
{
	char name[STATE_MAX_NAME];

	if (!str_format(name, sizeof(name), "%s.%s", core_option(c, "prefix"), what))
		return NULL;
	return follower_get(&o->follower, name);
}

static void check_source(struct core *c, struct outlet *o)
{
	if (o->checked)
		return;
	o->checked = true;
	if (!outlet_get(c, o, "status") && !outlet_get(c, o, "timer.shutdown"))
		log_warn("outlet",
			 "prefix = %s: %s has neither %s.status nor %s.timer.shutdown, so that "
			 "nothing will be known of the outlet",
			 core_option(c, "prefix"), source_name(o->follower.source),
			 core_option(c, "prefix"), core_option(c, "prefix"));
}

static void compose_status(struct core *c, struct outlet *o)
{
	const char *status = follower_get(&o->follower, "ups.status");
	struct outletwords words =
		outletwords_of(outlet_get(c, o, "status"), outlet_get(c, o, "timer.shutdown"),
			       outlet_get(c, o, "delay.shutdown"));

	core_status_begin(c);
	if (words.fsd)
		core_status_add(c, "FSD");
	core_status_add(c, status ? status : "");
	if (words.off)
		core_status_add(c, "OFF");
}

static enum driver_result outlet_poll(struct core *c)
{
	struct outlet *o = core_data(c);
	enum driver_result r = follower_update(&o->follower);

	if (r != DRIVER_FAILED) {
		check_source(c, o);
		compose_status(c, o);
	}
	return follower_finish(&o->follower, r);
}

static enum driverwire_result outlet_shutdown(struct core *c)
{
	struct outlet *o = core_data(c);

	log_error("outlet", "the power of an outlet is not cut by its clone: that is for %s",
		  source_name(o->follower.source));
	return DRIVERWIRE_R_FAILED;
}

static void outlet_close(struct core *c)
{
	struct outlet *o = core_data(c);

	follower_close(&o->follower);
}

static const struct driver outlet_driver = {
	.name = "clone-outlet",
	.description = "A UPS as one of its outlets has it, for monitoring",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct outlet),
	.status_verbatim = true,
	.open = outlet_open,
	.poll = outlet_poll,
	.shutdown = outlet_shutdown,
	.close = outlet_close,
};

int main(int argc, char **argv)
{
	return core_main(&outlet_driver, argc, argv);
}
