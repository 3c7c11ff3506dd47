/* Maps at work on a device that is a struct. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/engine/engine.h"
#include "drivers/usbhid/hiddevice.h"

/* clang-format off */
/*
 * Report 1, feature and input: charge (1), status bits online (2), discharging
 * (3), low (4), overload (5); report 2: voltage (6), and beeper (7); report 3:
 * delays of shutdown (8) and start (9), 16 bits with a sign; report 4: a string
 * (10); report 5: an alternative for the voltage (11); report 6: temperature (12).
 */
static const uint8_t descriptor[] = {
	0x05, 0x84, 0x09, 0x04, 0xa1, 0x00,
	0x85, 0x01, 0x15, 0x00, 0x25, 0x64, 0x75, 0x08, 0x95, 0x01, 0x09, 0x01, 0xb1, 0x02,
	0x09, 0x01, 0x81, 0x02,
	0x25, 0x01, 0x75, 0x01, 0x95, 0x04, 0x19, 0x02, 0x29, 0x05, 0xb1, 0x02,
	0x19, 0x02, 0x29, 0x05, 0x81, 0x02, 0xb1, 0x03, 0x81, 0x03,
	0x85, 0x02, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x02, 0x19, 0x06, 0x29, 0x07, 0xb1, 0x02,
	0x85, 0x03, 0x16, 0xff, 0xff, 0x26, 0xff, 0x7f, 0x75, 0x10, 0x95, 0x02,
	0x19, 0x08, 0x29, 0x09, 0xb1, 0x02,
	0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x01,
	0x85, 0x04, 0x09, 0x0a, 0xb1, 0x02, 0x85, 0x05, 0x09, 0x0b, 0xb1, 0x02,
	0x85, 0x06, 0x09, 0x0c, 0xb1, 0x02,
	0xc0,
};
/* clang-format on */

static const char map_text[] =
	"MAP test \"Test HID\"\nDRIVER usbhid-ups\nMATCH usb 0001:0001\n"
	"USAGE UPS 00840004\nUSAGE Charge 00840001\nUSAGE AC 00840002\n"
	"USAGE Discharging 00840003\nUSAGE Low 00840004\nUSAGE Over 00840005\n"
	"USAGE Voltage 00840006\nUSAGE Beeper 00840007\nUSAGE DelayOff 00840008\n"
	"USAGE DelayOn 00840009\nUSAGE Chemistry 0084000a\nUSAGE Other 0084000b\n"
	"USAGE Heat 0084000c\n"
	"LOOKUP beeper\n1 disabled\n2 enabled\n3 muted\nEND\n"
	"VAR UPS.Charge battery.charge format(%.0f)\n"
	"VAR UPS.Nowhere battery.voltage format(%.1f)\n"
	"VAR UPS.Other battery.voltage format(%.1f)\n"
	"VAR UPS.Voltage battery.voltage scale(0.1) format(%.1f)\n"
	"VAR UPS.Beeper ups.beeper.status lookup(beeper) rw(10) values(beeper) slow\n"
	"VAR UPS.DelayOff ups.delay.shutdown own(20) rw(10)\n"
	"VAR UPS.DelayOn ups.delay.start own(30) rw(10)\n"
	"VAR UPS.DelayOff ups.timer.shutdown format(%.0f) quick\n"
	"VAR UPS.Chemistry battery.type string static\n"
	"VAR UPS.Heat ups.temperature format(%.0f)\n"
	"VAR - ups.type constant(offline)\n"
	"STATUS UPS.AC online quick\nSTATUS UPS.Discharging dischrg quick\n"
	"STATUS UPS.Low lowbatt quick\nSTATUS UPS.Over overload\n"
	"ALARM UPS.Over \"Too much!\"\n"
	"CMD UPS.Beeper beeper.disable value(1)\n"
	"CMD UPS.Nowhere test.panel.start value(1)\n"
	"CMD UPS.DelayOff load.off.delay value(20)\nCMD UPS.DelayOn load.on.delay value(30)\n"
	"CMD UPS.DelayOff shutdown.stop value(-1)\n";

struct play {
	struct hid_desc d;
	struct map *map;
	struct hid_reports *reports;
	struct state *state;
	struct hid_device *device;
	struct engine *engine;
	uint8_t bytes[8][8];
	int lens[8];
	int gets, sets, waited_ms, alive;
	bool deaf; /* takes settings, and forgets them */
	char status[128], alarm[128], written[256];
	long long now_ms;
};

/* ------------------------------------------------------------------------- the device */

static int get(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size)
{
	struct play *p = arg;
	int len = p->lens[report];

	(void)type;
	p->gets++;
	if (len > 0)
		memcpy(buf, p->bytes[report], (size_t)len < size ? (size_t)len : size);
	return len;
}

static int set(void *arg, enum hid_type type, uint8_t report, const uint8_t *buf, size_t size)
{
	struct play *p = arg;
	size_t len = strlen(p->written);

	(void)type;
	p->sets++;
	for (size_t i = 0; i < size; i++)
		len += (size_t)snprintf(p->written + len, sizeof(p->written) - len, "%02x", buf[i]);
	snprintf(p->written + len, sizeof(p->written) - len, " ");
	if (!p->deaf)
		memcpy(p->bytes[report], buf, size);
	return (int)size;
}

static int get_string(void *arg, unsigned index, char *text, size_t size)
{
	(void)arg;
	return index == 3 && str_copy(text, size, "PbAc") ? 4 : HID_IO_STALL;
}

/* --------------------------------------------------------------------------- the host */

static void set_text(void *arg, const char *name, const char *text)
{
	struct play *p = arg;

	assert_int_not_equal(state_set(p->state, name, text), STATE_REFUSED);
}

static void status_begin(void *arg)
{
	struct play *p = arg;

	p->status[0] = p->alarm[0] = '\0';
}

static void append(char *text, size_t size, const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len ? " " : "", word);
}

static void status(void *arg, const char *word)
{
	struct play *p = arg;

	append(p->status, sizeof(p->status), word);
}

static void alarm_text(void *arg, const char *text)
{
	struct play *p = arg;

	append(p->alarm, sizeof(p->alarm), text);
}

static bool wait_for(void *arg, int ms)
{
	struct play *p = arg;

	p->waited_ms += ms;
	return true;
}

static void alive(void *arg)
{
	struct play *p = arg;

	p->alive++;
}

/* ----------------------------------------------------------------------------- set-up */

static struct map *read_map(const char *text)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (char[]){"map"}};
	FILE *f = tmpfile();
	struct map *m;

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	rewind(f);
	m = map_load_fd(fileno(f), "test.map", &report);
	fclose(f);
	assert_non_null(m);
	assert_int_equal(m->errors, 0);
	return m;
}

static void begin(struct play *p, const char *text, bool interrupt_only)
{
	struct hid_io io = {get, set, get_string, p};
	struct engine_host host = {p->state,   set_text, status_begin, status,
				   alarm_text, wait_for, alive,        p};
	struct engine_options options = {.full_s = 30,
					 .quick_s = 2,
					 .passive = interrupt_only,
					 .rules = {.hover_charge = 101, .low_delay_s = -1}};
	struct hid_device_options how = {.passive = interrupt_only};
	struct engine_device device;

	p->map = read_map(text);
	p->reports = hid_reports_new(&p->d, &io);
	p->device = hid_device_new(p->map, NULL, &p->d, p->reports, &how);
	assert_non_null(p->device);
	device = hid_device_ops(p->device);
	p->engine = engine_new(p->map, NULL, &device, &host, &options);
	assert_non_null(p->engine);
}

static void put(struct play *p, uint8_t report, const char *bytes, int len)
{
	p->bytes[report][0] = report;
	memcpy(p->bytes[report] + 1, bytes, (size_t)len);
	p->lens[report] = len + 1;
}

static struct engine_votes said;

static int prepare(void **state)
{
	static struct play p;

	memset(&p, 0, sizeof(p));
	said = (struct engine_votes){0};
	assert_true(hid_desc_parse(&p.d, descriptor, sizeof(descriptor)));
	p.state = state_new();
	p.now_ms = 1000000;
	put(&p, 1, "\x64\x01", 2);
	put(&p, 2, "\x87\x02", 2);
	put(&p, 3, "\xff\xff\xff\xff", 4);
	put(&p, 4, "\x03", 1);
	p.lens[5] = HID_IO_STALL;
	put(&p, 6, "\x19", 1);
	*state = &p;
	return 0;
}

static int start(void **state)
{
	prepare(state);
	begin(*state, map_text, false);
	return 0;
}

static int stop(void **state)
{
	struct play *p = *state;

	engine_free(p->engine);
	hid_device_free(p->device);
	hid_reports_free(p->reports);
	map_free(p->map);
	hid_desc_free(&p->d);
	state_free(p->state);
	return 0;
}

static void poll_after(struct play *p, long ms, enum engine_result expected)
{
	p->now_ms += ms;
	assert_int_equal(engine_poll(p->engine, p->now_ms), expected);
}

static bool packet(struct play *p, const char *bytes, size_t len)
{
	uint8_t number;

	if (!hid_reports_interrupt(p->reports, (const uint8_t *)bytes, len, &number))
		return false;
	engine_news(p->engine);
	return true;
}

static const char *value(struct play *p, const char *name)
{
	const char *text = state_get(p->state, name);

	return text ? text : "(none)";
}

/* ------------------------------------------------------------------------------ tests */

static void the_first_poll_publishes_what_the_map_says(void **state)
{
	struct play *p = *state;

	assert_string_equal(value(p, "ups.type"), "offline");
	assert_string_equal(value(p, "ups.delay.shutdown"), "20");
	assert_int_equal(p->gets, 0);
	poll_after(p, 0, ENGINE_OK);
	assert_string_equal(value(p, "battery.charge"), "100");
	assert_string_equal(value(p, "ups.beeper.status"), "enabled");
	assert_string_equal(value(p, "battery.type"), "PbAc");
	assert_string_equal(value(p, "ups.timer.shutdown"), "-1");
	assert_string_equal(p->status, "OL");
	assert_string_equal(p->alarm, "");
	assert_int_equal(p->gets, 6);
}

static void a_place_that_is_refused_leaves_its_variable_to_the_next_row(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	assert_string_equal(value(p, "battery.voltage"), "13.5");
	put(p, 5, "\x63", 1);
	poll_after(p, 31000, ENGINE_OK);
	assert_string_equal(value(p, "battery.voltage"), "13.5");
}

static void quick_polls_fetch_only_the_reports_of_quick_rows(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->gets = 0;
	put(p, 1, "\x50\x0e", 2);
	put(p, 2, "\x80\x02", 2);
	poll_after(p, 2000, ENGINE_OK);
	assert_int_equal(p->gets, 1);
	assert_string_equal(p->status, "OB DISCHRG LB OVER");
	assert_string_equal(p->alarm, "Too much!");
	/* It came along in the same report. */
	assert_string_equal(value(p, "battery.charge"), "80");
	assert_string_equal(value(p, "battery.voltage"), "13.5");
	poll_after(p, 30000, ENGINE_OK);
	assert_string_equal(value(p, "battery.voltage"), "12.8");
}

static void a_timer_is_read_quickly_only_while_it_runs(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	put(p, 3, "\x3c\x00\xff\xff", 4);
	poll_after(p, 2000, ENGINE_OK);
	assert_string_equal(value(p, "ups.timer.shutdown"), "-1");
	poll_after(p, 30000, ENGINE_OK);
	assert_string_equal(value(p, "ups.timer.shutdown"), "60");
	put(p, 3, "\x3a\x00\xff\xff", 4);
	poll_after(p, 2000, ENGINE_OK);
	assert_string_equal(value(p, "ups.timer.shutdown"), "58");
	put(p, 3, "\xff\xff\xff\xff", 4);
	poll_after(p, 2000, ENGINE_OK);
	assert_string_equal(value(p, "ups.timer.shutdown"), "-1");
	/* One that we set off ourselves is seen at once. */
	assert_int_equal(engine_instcmd(p->engine, "load.off.delay", "90"), DRIVERWIRE_HANDLED);
	poll_after(p, 0, ENGINE_OK);
	assert_string_equal(value(p, "ups.timer.shutdown"), "90");
}

static void static_values_are_read_once(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->gets = 0;
	poll_after(p, 31000, ENGINE_OK);
	assert_int_equal(p->gets, 4); /* 1, 2, 3, 6; not 4, and not 5, which was refused */
}

static void a_packet_is_published_without_a_transfer(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->gets = 0;
	assert_true(packet(p, "\x01\x62\x02", 3));
	poll_after(p, 100, ENGINE_OK);
	assert_int_equal(p->gets, 0);
	assert_string_equal(p->status, "OB DISCHRG");
	assert_string_equal(value(p, "battery.charge"), "98");
	assert_false(packet(p, "\x09\x00", 2));
}

static void a_packet_that_comes_when_a_poll_is_due_is_not_lost(void **state)
{
	static const char text[] = "MAP test \"Test HID\"\nDRIVER usbhid-ups\nMATCH usb 0001:0001\n"
				   "USAGE UPS 00840004\nUSAGE AC 00840002\nUSAGE Over 00840005\n"
				   "STATUS UPS.AC online\nSTATUS UPS.Over overload\n";
	struct play *p = *state;

	begin(p, text, false);
	poll_after(p, 0, ENGINE_OK);
	assert_true(packet(p, "\x01\x62\x09", 3));
	poll_after(p, 5000, ENGINE_OK);
	assert_string_equal(p->status, "OL OVER");
}

static void packets_without_end_do_not_keep_polls_away(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->gets = 0;
	for (int i = 0; i < 10; i++) {
		packet(p, "\x01\x62\x01", 3);
		poll_after(p, 500, ENGINE_OK);
	}
	assert_int_equal(p->gets, 2);
}

static void there_is_no_status_before_the_device_said_one(void **state)
{
	struct play *p = *state;

	p->lens[1] = HID_IO_STALL;
	poll_after(p, 0, ENGINE_UNKNOWN);
	assert_string_equal(p->status, "");
	put(p, 1, "\x64\x02", 2);
	for (int i = 0; i < 3 && p->status[0] == '\0'; i++) {
		p->now_ms += 31000;
		engine_poll(p->engine, p->now_ms);
	}
	assert_string_equal(p->status, "OB DISCHRG");
}

static void a_device_that_does_not_answer_gives_no_reading(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	for (int i = 1; i < 7; i++)
		p->lens[i] = HID_IO_FAILED;
	p->gets = 0;
	poll_after(p, 2000, ENGINE_FAILED);
	assert_string_equal(p->status, "OL");
	poll_after(p, 31000, ENGINE_FAILED);
	assert_in_range(p->gets, 1, 5); /* the quick poll, and no more than three of the full one */
	p->lens[1] = HID_IO_GONE;
	poll_after(p, 2000, ENGINE_GONE);
}

static void a_status_that_is_refused_after_it_was_given_is_no_reading(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->lens[1] = HID_IO_STALL;
	poll_after(p, 2000, ENGINE_FAILED);
	poll_after(p, 2000, ENGINE_FAILED);
	poll_after(p, 31000, ENGINE_FAILED);
	put(p, 1, "\x64\x02", 2);
	poll_after(p, 2000, ENGINE_OK);
	assert_string_equal(p->status, "OB DISCHRG");
}

static void a_value_that_is_not_given_any_more_goes(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	assert_string_equal(value(p, "ups.temperature"), "25");
	p->lens[6] = HID_IO_FAILED;
	poll_after(p, 31000, ENGINE_OK);
	assert_string_equal(value(p, "ups.temperature"), "25");
	poll_after(p, 31000, ENGINE_OK);
	poll_after(p, 31000, ENGINE_OK);
	assert_string_equal(value(p, "ups.temperature"), "(none)");
	put(p, 6, "\x1a", 1);
	poll_after(p, 31000, ENGINE_OK);
	assert_string_equal(value(p, "ups.temperature"), "26");
}

static void a_device_that_is_silent_about_its_status_only_is_not_alive(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->alive = 0;
	poll_after(p, 31000, ENGINE_OK);
	assert_true(p->alive > 0);
	p->lens[1] = HID_IO_FAILED;
	poll_after(p, 31000, ENGINE_FAILED);
	p->alive = 0; /* what is read before the status may have said it, once */
	for (int i = 0; i < 3; i++)
		poll_after(p, 31000, ENGINE_FAILED);
	assert_int_equal(p->alive, 0);
	put(p, 1, "\x64\x01", 2);
	poll_after(p, 2000, ENGINE_OK);
	assert_int_equal(p->alive, 0); /* the whole poll says it */
	poll_after(p, 31000, ENGINE_OK);
	assert_true(p->alive > 0);
}

static void after_a_quick_poll_that_failed_only_a_whole_one_counts(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->lens[1] = HID_IO_FAILED;
	poll_after(p, 2000, ENGINE_FAILED);
	p->alive = 0;
	poll_after(p, 31000, ENGINE_FAILED);
	assert_int_equal(p->alive, 0);
}

static void interrupts_alone_are_enough(void **state)
{
	struct play *p = *state;

	begin(p, map_text, true);
	poll_after(p, 0, ENGINE_FAILED);
	packet(p, "\x01\x62\x02", 3);
	poll_after(p, 100, ENGINE_OK);
	assert_string_equal(p->status, "OB DISCHRG");
	poll_after(p, 31000, ENGINE_OK);
	assert_string_equal(value(p, "battery.charge"), "98");
	assert_int_equal(p->gets, 0);
}

static void a_setting_is_written_and_read_back(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	assert_int_equal(engine_setvar(p->engine, "UPS.beeper.status", "muted"),
			 DRIVERWIRE_HANDLED);
	assert_string_equal(p->written, "028703 ");
	assert_string_equal(value(p, "ups.beeper.status"), "muted");
	assert_int_equal(p->waited_ms, 0);
}

static void a_device_that_only_pretends_is_found_out(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	p->deaf = true;
	assert_int_equal(engine_setvar(p->engine, "ups.beeper.status", "muted"),
			 DRIVERWIRE_R_FAILED);
	assert_string_equal(value(p, "ups.beeper.status"), "enabled");
}

static void what_may_not_be_set_is_refused(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	assert_int_equal(engine_setvar(p->engine, "ups.beeper.status", "loud"),
			 DRIVERWIRE_R_INVALID);
	assert_int_equal(engine_setvar(p->engine, "ups.beeper.status", "enabled or so"),
			 DRIVERWIRE_R_INVALID);
	assert_int_equal(engine_setvar(p->engine, "battery.charge", "1"), DRIVERWIRE_R_UNKNOWN);
	assert_int_equal(engine_setvar(p->engine, "no.such", "1"), DRIVERWIRE_R_UNKNOWN);
	assert_int_equal(engine_setvar(p->engine, "ups.delay.shutdown", "soon"),
			 DRIVERWIRE_R_INVALID);
	assert_int_equal(p->sets, 0);
	assert_int_equal(engine_setvar(p->engine, "ups.delay.shutdown", "60"), DRIVERWIRE_HANDLED);
	assert_string_equal(value(p, "ups.delay.shutdown"), "60");
	assert_int_equal(p->sets, 0);
}

static void how_a_variable_may_be_set_is_published(void **state)
{
	struct play *p = *state;
	const struct state_var *v;

	poll_after(p, 0, ENGINE_OK);
	v = state_find(p->state, "ups.beeper.status");
	assert_int_equal(state_var_flags(v), STATE_RW | STATE_STRING);
	assert_int_equal(state_var_aux(v), 10);
	assert_int_equal(state_var_enum_count(v), 3);
	assert_int_equal(state_var_flags(state_find(p->state, "battery.charge")), 0);
}

static void commands_write_their_value_or_the_caller_s(void **state)
{
	struct play *p = *state;

	assert_non_null(state_find_command(p->state, "beeper.disable"));
	assert_null(state_find_command(p->state, "test.panel.start"));
	assert_int_equal(engine_instcmd(p->engine, "beeper.disable", NULL), DRIVERWIRE_HANDLED);
	assert_string_equal(p->written, "028701 ");
	p->written[0] = '\0';
	assert_int_equal(engine_instcmd(p->engine, "load.off.delay", "300"), DRIVERWIRE_HANDLED);
	assert_string_equal(p->written, "032c01ffff ");
	assert_int_equal(engine_instcmd(p->engine, "load.off.delay", "70000"),
			 DRIVERWIRE_R_INVALID);
	assert_int_equal(engine_instcmd(p->engine, "load.off.delay", "now"),
			 DRIVERWIRE_R_CONVERSION);
	assert_int_equal(engine_instcmd(p->engine, "test.panel.start", NULL), DRIVERWIRE_R_UNKNOWN);
}

static void after_a_command_everything_is_read_again(void **state)
{
	struct play *p = *state;

	poll_after(p, 0, ENGINE_OK);
	assert_int_equal(engine_instcmd(p->engine, "beeper.disable", NULL), DRIVERWIRE_HANDLED);
	poll_after(p, 10, ENGINE_OK);
	assert_string_equal(value(p, "ups.beeper.status"), "disabled");
}

static void without_a_better_way_the_shutdown_is_load_off(void **state)
{
	struct play *p = *state;

	assert_int_equal(engine_shutdown(p->engine), DRIVERWIRE_HANDLED);
	assert_string_equal(p->written, "031400ffff ");
}

static void a_shutdown_with_return_starts_the_load_first(void **state)
{
	struct play *p = *state;
	char text[sizeof(map_text) + 256];

	str_format(text, sizeof(text), "%s%s", map_text,
		   "SEQUENCE shutdown.return load.on.delay(ups.delay.start) wait(125) "
		   "load.off.delay(ups.delay.shutdown)\n");
	begin(p, text, false);
	assert_int_equal(engine_setvar(p->engine, "ups.delay.shutdown", "60"), DRIVERWIRE_HANDLED);
	assert_non_null(state_find_command(p->state, "shutdown.return"));
	assert_int_equal(engine_shutdown(p->engine), DRIVERWIRE_HANDLED);
	assert_string_equal(p->written, "03ffff1e00 033c001e00 ");
	assert_int_equal(p->waited_ms, 125);
}

/* ----------------------------------------------------------------------- status words */

/* A row that goes on talking: its newest words count. */
static void says(struct engine_status *s, const char *text)
{
	engine_votes_take_text(&said, text);
	engine_status_forget(s);
	engine_status_count(s, &said);
}

static void compose(struct play *p, struct engine_status *s,
		    const struct engine_status_rules *rules, long long now_ms, const char *expected)
{
	const struct engine_status_sink sink = {status, alarm_text, p};

	status_begin(p);
	engine_status_compose(s, rules, 50, now_ms, &sink);
	assert_string_equal(p->status, expected);
}

static void mains_with_discharge_is_what_the_options_say(void **state)
{
	struct play *p = *state;
	struct engine_status_rules rules = {.hover_charge = 101, .discharge_log_s = -1};
	struct engine_status s = {0};

	assert_false(engine_status_known(&s));
	says(&s, "online dischrg");
	assert_true(engine_status_known(&s));
	compose(p, &s, &rules, 0, "OL DISCHRG");
	rules.discharge_is_calibration = true;
	compose(p, &s, &rules, 0, "CAL OL DISCHRG");
	rules.discharge_is_calibration = false;
	rules.discharge_is_on_battery = true;
	compose(p, &s, &rules, 0, "OB DISCHRG");
	says(&s, "!online nonsense");
	compose(p, &s, &rules, 0, "OB DISCHRG");
}

static const char particular_map[] =
	"MAP test \"Test HID\"\nDRIVER usbhid-ups\nMATCH usb 0001:0001\nSET low-delay 3\n"
	"USAGE UPS 00840004\nUSAGE AC 00840002\nUSAGE Low 00840004\nUSAGE Over 00840005\n"
	"USAGE Voltage 00840006\nLOOKUP voltages\n100 100\n120 120\n230 230\nEND\n"
	"VAR UPS.Voltage output.voltage.nominal range(100,140) format(%.0f) rw(3) values(voltages)\n"
	"STATUS UPS.AC online quick\nSTATUS UPS.Low lowbatt quick\n"
	"STATUS UPS.Over cal quick\n";

static int start_particular(void **state)
{
	prepare(state);
	begin(*state, particular_map, false);
	return 0;
}

static void a_list_has_only_what_can_be_set(void **state)
{
	struct play *p = *state;
	const struct state_var *v;

	poll_after(p, 0, ENGINE_OK);
	v = state_find(p->state, "output.voltage.nominal");
	assert_non_null(v);
	assert_int_equal(state_var_enum_count(v), 2);
	assert_string_equal(state_var_enum(v, 1), "120");
}

static void a_map_can_say_how_long_low_has_to_last(void **state)
{
	struct play *p = *state;

	put(p, 1, "\x64\x0d", 2); /* on line, low, calibrating */
	poll_after(p, 0, ENGINE_OK);
	assert_string_equal(p->status, "CAL OL");
	poll_after(p, 2000, ENGINE_OK);
	assert_string_equal(p->status, "CAL OL");
	poll_after(p, 2000, ENGINE_OK);
	assert_string_equal(p->status, "CAL OL LB");
}

static void a_low_battery_on_mains_can_be_made_to_wait(void **state)
{
	struct play *p = *state;
	struct engine_status_rules rules = {.low_delay_s = 3};
	struct engine_status s = {0};

	says(&s, "online cal lowbatt replacebatt");
	compose(p, &s, &rules, 5000, "CAL OL");
	assert_string_equal(p->alarm, "");
	compose(p, &s, &rules, 7999, "CAL OL");
	compose(p, &s, &rules, 8000, "CAL OL LB RB");
	assert_string_equal(p->alarm, "Replace battery!");
	says(&s, "!cal !lowbatt !replacebatt");
	compose(p, &s, &rules, 9000, "OL");
	says(&s, "lowbatt");
	compose(p, &s, &rules, 10000, "OL LB");
	rules.low_delay_always = true;
	compose(p, &s, &rules, 10000, "OL");
	/* Never when it counts. */
	says(&s, "!online");
	compose(p, &s, &rules, 10000, "OB LB");
}

static void a_word_holds_if_one_row_says_so(void **state)
{
	struct engine_status s = {0};
	struct engine_votes a = {0}, b = {0};

	(void)state;
	engine_votes_take_text(&a, "lowbatt !overload !online");
	engine_votes_take_text(&b, "!lowbatt online");
	engine_status_count(&s, &a);
	engine_status_count(&s, &b);
	assert_true(engine_status_holds(&s, MAPWORD_LOWBATT));
	assert_false(engine_status_holds(&s, MAPWORD_OVERLOAD));
	/* Of the mains the last one is believed. */
	assert_true(engine_status_holds(&s, MAPWORD_ONLINE));
	engine_status_forget(&s);
	engine_status_count(&s, &b);
	engine_status_count(&s, &a);
	assert_true(engine_status_holds(&s, MAPWORD_LOWBATT));
	assert_false(engine_status_holds(&s, MAPWORD_ONLINE));
}

static void a_battery_that_is_missing_is_to_be_replaced(void **state)
{
	struct play *p = *state;
	struct engine_status_rules rules = {0};
	struct engine_status s = {0};

	says(&s, "online nobattery");
	compose(p, &s, &rules, 0, "OL RB");
	assert_string_equal(p->alarm, "No battery installed!");
}

static void a_full_battery_does_not_charge(void **state)
{
	struct play *p = *state;
	const struct engine_status_sink sink = {status, alarm_text, p};
	struct engine_status_rules rules = {0};
	struct engine_status s = {0};

	says(&s, "online chrg");
	compose(p, &s, &rules, 0, "OL CHRG");
	status_begin(p);
	engine_status_compose(&s, &rules, 100, 0, &sink);
	assert_string_equal(p->status, "OL");
	says(&s, "fullycharged");
	compose(p, &s, &rules, 0, "OL");
	says(&s, "shutdownimm trim boost bypassauto bypassman off overload");
	compose(p, &s, &rules, 0, "OL LB OVER TRIM BOOST BYPASS BYPASS OFF");
	says(&s, "frange");
	assert_string_equal(engine_status_transfer_reason(&s), "input frequency out of range");
	says(&s, "vrange");
	assert_string_equal(engine_status_transfer_reason(&s), "input voltage out of range");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define BARE(name) cmocka_unit_test_setup_teardown(name, prepare, stop)
	const struct CMUnitTest tests[] = {
		TEST(the_first_poll_publishes_what_the_map_says),
		TEST(a_place_that_is_refused_leaves_its_variable_to_the_next_row),
		TEST(quick_polls_fetch_only_the_reports_of_quick_rows),
		TEST(a_timer_is_read_quickly_only_while_it_runs),
		TEST(static_values_are_read_once),
		TEST(a_packet_is_published_without_a_transfer),
		BARE(a_packet_that_comes_when_a_poll_is_due_is_not_lost),
		TEST(packets_without_end_do_not_keep_polls_away),
		TEST(there_is_no_status_before_the_device_said_one),
		TEST(a_device_that_does_not_answer_gives_no_reading),
		TEST(a_status_that_is_refused_after_it_was_given_is_no_reading),
		TEST(a_value_that_is_not_given_any_more_goes),
		TEST(a_device_that_is_silent_about_its_status_only_is_not_alive),
		TEST(after_a_quick_poll_that_failed_only_a_whole_one_counts),
		BARE(interrupts_alone_are_enough),
		TEST(a_setting_is_written_and_read_back),
		TEST(a_device_that_only_pretends_is_found_out),
		TEST(what_may_not_be_set_is_refused),
		TEST(how_a_variable_may_be_set_is_published),
		TEST(commands_write_their_value_or_the_caller_s),
		TEST(after_a_command_everything_is_read_again),
		TEST(without_a_better_way_the_shutdown_is_load_off),
		BARE(a_shutdown_with_return_starts_the_load_first),
		TEST(mains_with_discharge_is_what_the_options_say),
		cmocka_unit_test_setup_teardown(a_list_has_only_what_can_be_set, start_particular,
						stop),
		cmocka_unit_test_setup_teardown(a_map_can_say_how_long_low_has_to_last,
						start_particular, stop),
		TEST(a_low_battery_on_mains_can_be_made_to_wait),
		TEST(a_word_holds_if_one_row_says_so),
		TEST(a_battery_that_is_missing_is_to_be_replaced),
		TEST(a_full_battery_does_not_charge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
