#include "config.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/qx/qxserial.h"
#include "drivers/transport/serial.h"

static const char token[] = "qx";

enum { BAUD = 2400, CABLE_POWER_MS = 100, SETTLE_MS = 1000 };

struct qx_serial {
	struct serial *line;
};

static const struct {
	const char *name;
	unsigned lines;
} powers[] = {
	{"normal", SERIAL_DTR},
	{"reverse", SERIAL_RTS},
	{"both", SERIAL_DTR | SERIAL_RTS},
	{"none", 0},
};

static bool find_power(struct core *c, unsigned *lines)
{
	const char *name = core_option(c, "cablepower");

	for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		if (str_equal(name ? name : "normal", powers[i].name)) {
			*lines = powers[i].lines;
			return true;
		}
	}
	log_error(token, "%s: cablepower = %s: it is normal, reverse, both or none", core_ups(c),
		  name);
	return false;
}

enum driver_result qx_serial_open(struct core *c, struct qx_serial **out)
{
	struct serial_settings how = {
		.baud = core_option_long(c, "baudrate", BAUD),
		.no_lock = core_flag(c, "nolock"),
	};
	struct qx_serial *s;
	enum driver_result r;
	unsigned lines;

	if (!find_power(c, &lines))
		return DRIVER_FATAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return DRIVER_FAILED;
	r = serial_open(c, core_port(c), &how, &s->line);
	/* A line without modem lines, such as a network's, does without. */
	if (r == DRIVER_OK && serial_set_lines(s->line, lines) != SERIAL_OK)
		log_debug(1, token, "%s has no lines to power a cable by", core_port(c));
	if (r == DRIVER_OK && !core_wait(c, CABLE_POWER_MS))
		r = DRIVER_FAILED;
	if (r == DRIVER_OK) {
		*out = s;
		return r;
	}
	qx_serial_close(s);
	return r;
}

void qx_serial_close(struct qx_serial *s)
{
	if (!s)
		return;
	serial_close(s->line);
	free(s);
}

static enum carrier_result carried(enum serial_result r, size_t got)
{
	switch (r) {
	case SERIAL_OK:
		return CARRIER_OK;
	case SERIAL_TIMEOUT:
		return got > 0 ? CARRIER_FAILED : CARRIER_SILENCE;
	case SERIAL_GONE:
		return CARRIER_GONE;
	case SERIAL_ENDING:
		return CARRIER_ENDING;
	default:
		return CARRIER_FAILED;
	}
}

static enum carrier_result serial_ask(void *arg, const struct carrier_query *q, char *answer,
				      size_t size, size_t *got)
{
	struct qx_serial *s = arg;
	enum serial_result r;

	*got = 0;
	serial_flush(s->line);
	r = serial_write(s->line, q->text, q->length, 0);
	if (r == SERIAL_OK)
		r = serial_read_until(s->line, q->end, answer, size, got, q->timeout_ms);
	return carried(r, *got);
}

static void serial_settle(void *arg)
{
	struct qx_serial *s = arg;
	char late[CARRIER_ANSWER_MAX];
	size_t got;

	serial_read(s->line, late, sizeof(late), &got, SETTLE_MS);
}

struct carrier qx_serial_carrier(struct qx_serial *s)
{
	return (struct carrier){.ask = serial_ask, .settle = serial_settle, .arg = s};
}
