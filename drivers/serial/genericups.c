/*
 * genericups: UPSes that have contacts and no protocol: the modem lines of a serial
 * port say OL, OB, LB, and cut the load off.  Which line means what is in cables.h.
 */
#include "config.h"

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/core/driver.h"
#include "drivers/serial/cables.h"
#include "drivers/transport/serial.h"

enum {
	BAUD = 1200,    /* nothing is sent; it has to be something */
	SETTLE_MS = 50, /* contacts bounce: lines count once they are the same after this */
	SETTLE_TRIES = 10,
	BREAK_MS = 4901,
	STOP_MAX_S = 600,
};

static const char token[] = "genericups";

struct genericups {
	struct cable cable; /* with what ups.conf says otherwise */
	bool chosen;
	struct serial *line; /* while it is open */
	unsigned lines;      /* as they were last believed */
	bool known;
};

static const struct driver_option options[] = {
	{.name = "upstype",
	 .argument = "number",
	 .help = "which cable; see genericups(8)",
	 .max = 9999},
	{.name = "mfr", .argument = "text", .help = "ups.mfr, instead of the cable's"},
	{.name = "model", .argument = "text", .help = "ups.model, instead of the cable's"},
	{.name = "serial", .argument = "text", .help = "ups.serial"},
	{.name = "CP", .argument = "lines", .help = "outputs that power the cable: DTR, RTS, ST"},
	{.name = "OL", .argument = "lines", .help = "inputs while on line: CTS, DCD, DSR, RNG"},
	{.name = "LB", .argument = "lines", .help = "inputs while the battery is low"},
	{.name = "RB", .argument = "lines", .help = "inputs while the battery has to be replaced"},
	{.name = "BYPASS", .argument = "lines", .help = "inputs while on bypass"},
	{.name = "SD",
	 .argument = "lines",
	 .help = "outputs that cut the load off; BREAK is a break"},
	{.name = "sdtime",
	 .argument = "seconds",
	 .help = "how long these are held at -k; for good",
	 .max = STOP_MAX_S},
	{.name = NULL},
};

/* ------------------------------------------------------------------ the configuration */

static bool refuse(struct core *c, const char *option, const char *mend)
{
	log_error(token, "%s: %s = %s: %s", core_ups(c), option, core_option(c, option), mend);
	return false;
}

static bool take_options(struct core *c, struct cable *cable)
{
	static const char *const senses[CABLE_SENSES] = {"OL", "LB", "RB", "BYPASS"};

	for (size_t i = 0; i < CABLE_SENSES; i++) {
		const char *text = core_option(c, senses[i]);

		if (text && !cables_parse_inputs(text, &cable->tests[i]))
			return refuse(c, senses[i], "name CTS, DCD, DSR or RNG, -CTS for low");
	}
	if (core_option(c, "CP") &&
	    !cables_parse_outputs(core_option(c, "CP"), &cable->power_lines))
		return refuse(c, "CP", "name DTR, RTS or ST, or none");
	if (core_option(c, "SD") && !cables_parse_shutdown(core_option(c, "SD"), cable))
		return refuse(c, "SD", "name DTR, RTS or ST, none, or BREAK");
	return true;
}

static bool take_cable(struct core *c, const struct cables *all, struct cable *cable)
{
	const struct cable *found;

	if (!core_option(c, "upstype")) {
		log_error(token,
			  "%s: upstype = number is needed: which cable it is, see genericups(8)",
			  core_ups(c));
		return false;
	}
	found = cables_find(all, core_option_long(c, "upstype", 0));
	if (!found)
		return refuse(c, "upstype", "there is no such cable; see genericups(8)");
	*cable = *found;
	return take_options(c, cable);
}

static bool choose(struct core *c, struct genericups *g)
{
	static char conf[] = "conf";
	struct conf_report report = {.emit = conf_emit_log, .arg = conf};
	struct cables all;

	if (g->chosen)
		return true;
	if (!cables_load(&all, &report))
		log_error(token, "out of memory");
	else
		g->chosen = take_cable(c, &all, &g->cable);
	cables_free(&all);
	return g->chosen;
}

/* ----------------------------------------------------------------------------- driver */

static void publish_identity(struct core *c, const struct genericups *g)
{
	const char *mfr = core_option(c, "mfr"), *model = core_option(c, "model");

	core_set_text(c, "ups.mfr", mfr ? mfr : g->cable.mfr);
	core_set_text(c, "ups.model", model ? model : g->cable.model);
	if (core_option(c, "serial"))
		core_set_text(c, "ups.serial", core_option(c, "serial"));
	state_set(core_state(c), "device.type", "ups");
	core_set_text(c, "driver.version.data", g->cable.title);
}

static void generic_close(struct core *c)
{
	struct genericups *g = core_data(c);

	serial_close(g->line);
	g->line = NULL;
}

static enum driver_result generic_open(struct core *c)
{
	struct genericups *g = core_data(c);
	const struct serial_settings how = {.baud = BAUD, .no_lock = core_flag(c, "nolock")};
	enum driver_result r;

	if (!choose(c, g))
		return DRIVER_FATAL;
	r = serial_open(c, core_port(c), &how, &g->line);
	if (r != DRIVER_OK)
		return r;
	g->known = false;
	if (serial_set_lines(g->line, g->cable.power_lines) != SERIAL_OK) {
		log_error(token, "%s: the lines of %s cannot be set: is it a serial port?",
			  core_ups(c), core_port(c));
		generic_close(c);
		return DRIVER_FAILED;
	}
	core_forget(c);
	publish_identity(c, g);
	return DRIVER_OK;
}

static bool holds(const struct cable_test *test, unsigned lines)
{
	return test->mask && (lines & test->mask) == test->value;
}

/* Lines that differ from the last ones count once they stand still. */
static enum serial_result read_lines(struct core *c, struct genericups *g, unsigned *lines)
{
	enum serial_result r = serial_get_lines(g->line, lines);

	for (int i = 0; r == SERIAL_OK && (!g->known || *lines != g->lines); i++) {
		unsigned before = *lines;

		if (i == SETTLE_TRIES)
			return SERIAL_TIMEOUT;
		if (!core_wait(c, SETTLE_MS))
			return SERIAL_ENDING;
		r = serial_get_lines(g->line, lines);
		if (r == SERIAL_OK && *lines == before)
			break;
	}
	return r;
}

static enum driver_result generic_poll(struct core *c)
{
	struct genericups *g = core_data(c);
	const struct cable_test *tests = g->cable.tests;
	unsigned lines;
	enum serial_result r = read_lines(c, g, &lines);

	if (r != SERIAL_OK) {
		log_debug(1, token, "%s: lines: %s", core_ups(c), serial_result_name(r));
		return serial_driver_result(r);
	}
	g->lines = lines;
	g->known = true;
	core_status_begin(c);
	if (holds(&tests[CABLE_LB], lines))
		core_status_add(c, "LB");
	core_status_add(c, holds(&tests[CABLE_OL], lines) ? "OL" : "OB");
	if (holds(&tests[CABLE_RB], lines))
		core_status_add(c, "RB");
	if (holds(&tests[CABLE_BYPASS], lines))
		core_status_add(c, "BYPASS");
	return DRIVER_OK;
}

static enum driverwire_result generic_shutdown(struct core *c)
{
	struct genericups *g = core_data(c);
	enum serial_result r;

	switch (g->cable.shutdown) {
	case CABLE_NO_SHUTDOWN:
		log_error(token, "%s: cable %ld has no line that cuts the load off", core_ups(c),
			  g->cable.type);
		return DRIVERWIRE_R_FAILED;
	case CABLE_BREAK:
		r = serial_break(g->line, BREAK_MS);
		break;
	case CABLE_LINES:
		r = serial_set_lines(g->line, g->cable.shutdown_lines);
		break;
	default:
		return DRIVERWIRE_R_FAILED;
	}
	if (r == SERIAL_OK)
		core_wait(c, 1000 * (int)core_option_long(c, "sdtime", 0));
	return r == SERIAL_OK ? DRIVERWIRE_HANDLED : DRIVERWIRE_R_FAILED;
}

static const struct driver generic_driver = {
	.name = "genericups",
	.description = "UPSes with contacts on a serial port",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct genericups),
	.open = generic_open,
	.poll = generic_poll,
	.shutdown = generic_shutdown,
	.close = generic_close,
};

int main(int argc, char **argv)
{
	return core_main(&generic_driver, argc, argv);
}
