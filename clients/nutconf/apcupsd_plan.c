#include "config.h"

#include <ctype.h>
#include <string.h>

#include "clients/nutconf/apcupsd.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/base/words.h"

enum { NUMBER_MAX = 1000 * 1000, POLL_MAX = 15, NIS_PORT = 3551 };

struct work {
	struct apcupsd_plan *plan;
	const struct apcupsd_conf *conf;
	char ups[64];
};

/* ------------------------------------------------------------------- messages */

static void note(struct work *w, const struct apcupsd_line *line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct work *w, const struct apcupsd_line *line, const char *fmt, ...)
{
	struct buffer *out = &w->plan->notes;
	va_list ap;

	if (line)
		buffer_appendf(out, "%s:%u: %s%s%s: ", w->conf->path, line->number, line->name,
			       *line->value ? " " : "", line->value);
	else
		buffer_appendf(out, "%s: ", w->conf->path);
	va_start(ap, fmt);
	buffer_vappendf(out, fmt, ap);
	va_end(ap);
	buffer_append_char(out, '\n');
}

/* Nothing can be made of this file. */
static void give_up(struct work *w, const struct apcupsd_line *line, const char *why)
{
	w->plan->possible = false;
	note(w, line, "NOT POSSIBLE: %s", why);
}

static bool number_of(struct work *w, const char *name, long min, long *out)
{
	const struct apcupsd_line *line = apcupsd_find(w->conf, name);

	if (!line)
		return false;
	if (str_to_long(line->value, min, NUMBER_MAX, out))
		return true;
	note(w, line, "NOT CARRIED OVER: is no number from %ld to %d", min, NUMBER_MAX);
	w->plan->not_carried++;
	return false;
}

/* -------------------------------------------------------------------- ups.conf */

/* `\tkey = "value"`, escaped. */
static void put(struct work *w, const char *key, const char *value)
{
	buffer_appendf(&w->plan->ups_conf, "\t%s = ", key);
	words_append_word(&w->plan->ups_conf, value);
	buffer_append_char(&w->plan->ups_conf, '\n');
}

static void put_driver(struct work *w, const char *driver, const char *port)
{
	const struct apcupsd_line *type = apcupsd_find(w->conf, "UPSTYPE");

	put(w, "driver", driver);
	put(w, "port", port);
	note(w, type, "ups.conf: driver = %s, port = %s", driver, port);
}

static void make_usb(struct work *w, const struct apcupsd_line *type)
{
	const struct apcupsd_line *device = apcupsd_find(w->conf, "DEVICE");

	(void)type;
	put_driver(w, "usbhid-ups", "auto");
	if (device)
		note(w, device,
		     "not needed: usbhid-ups finds the UPS; of several, `serial = ...` "
		     "or `busport = ...` in ups.conf chooses");
}

/* Serial lines want a device. */
static const char *device_of(struct work *w, const struct apcupsd_line *type)
{
	const struct apcupsd_line *device = apcupsd_find(w->conf, "DEVICE");

	if (device && device->value[0] == '/')
		return device->value;
	give_up(w, device ? device : type, "DEVICE has to be a serial line, such as /dev/ttyS0");
	return NULL;
}

static void make_apcsmart(struct work *w, const struct apcupsd_line *type)
{
	const struct apcupsd_line *cable = apcupsd_find(w->conf, "UPSCABLE");
	const char *port = device_of(w, type);

	if (!port)
		return;
	put_driver(w, "apcsmart", port);
	if (cable && str_casestarts(cable->value, "940-0095"))
		put(w, "cable", "940-0095B");
	if (cable)
		note(w, cable, "%s",
		     str_casestarts(cable->value, "940-0095")
			     ? "ups.conf: cable = 940-0095B"
			     : "not needed: apcsmart has cables of the type 940-0024C");
}

/* host:port:vendor:community; what is left out has its default. */
static void split_snmp(char *text, char **parts)
{
	for (int i = 0; i < 4; i++) {
		char *colon = strchr(text, ':');

		parts[i] = text;
		if (i < 3 && colon) {
			*colon = '\0';
			text = colon + 1;
		} else if (i < 3) {
			text += strlen(text);
		}
	}
}

static void make_snmp(struct work *w, const struct apcupsd_line *type)
{
	const struct apcupsd_line *device = apcupsd_find(w->conf, "DEVICE");
	char text[256] = "", port[300], *parts[4];

	if (device)
		str_copy(text, sizeof(text), device->value);
	split_snmp(text, parts);
	if (!*parts[0]) {
		give_up(w, device ? device : type, "DEVICE has to be host:port:vendor:community");
		return;
	}
	str_format(port, sizeof(port), *parts[1] && !str_equal(parts[1], "161") ? "%s:%s" : "%s",
		   parts[0], parts[1]);
	put_driver(w, "snmp-ups", port);
	put(w, "snmp_version", "v1");
	put(w, "community", *parts[3] ? parts[3] : "private");
	if (str_casestarts(parts[2], "APC"))
		put(w, "mibs", "apcc");
	else if (str_casestarts(parts[2], "RFC"))
		put(w, "mibs", "ietf");
	if (*parts[2] && !str_caseequal(parts[2], "APC"))
		note(w, type, "vendor \"%s\": traps are told by `traps = PORT`, see snmp-ups(8)",
		     parts[2]);
	secret_wipe(text, sizeof(text));
}

static void make_net(struct work *w, const struct apcupsd_line *type)
{
	const struct apcupsd_line *device = apcupsd_find(w->conf, "DEVICE");

	if (!device) {
		give_up(w, type, "DEVICE has to be host:port of the other apcupsd");
		return;
	}
	put_driver(w, "apcupsd-ups", device->value);
	note(w, type,
	     "when the other machine moves to NUT, too, this one needs no driver: "
	     "MONITOR ups@%.*s 1 user password secondary",
	     (int)strcspn(device->value, ":"), device->value);
}

/*
 * What Debian's apcupsd 3.14.14 makes of the lines of each cable was seen by giving it all
 * combinations (tests/interop/test_from_apcupsd.py).
 */
static const struct {
	const char *cable, *upstype, *lines, *remark;
} cables[] = {
	{"simple", "9", "\tCP = DTR\n\tOL = -DCD\n\tLB = -CTS\n\tSD = \"DTR RTS\"\n", NULL},
	{"940-0020B", "2", "", NULL},
	{"940-0020C", "2", "", NULL},
	{"940-0119A", "2", "", NULL},
	{"940-0127A", "2", "", NULL},
	{"940-0128A", "2", "", NULL},
	{"940-0023A", "9", "",
	 "apcupsd knew no low battery on this cable; genericups takes CTS "
	 "for it"},
	{"940-0095A", "1", "", NULL},
	{"940-0095B", "1", "",
	 "apcupsd knew no low battery on this cable; genericups takes DCD "
	 "for it"},
	{"940-0095C", "1", "", NULL},
};

static void make_dumb(struct work *w, const struct apcupsd_line *type)
{
	const struct apcupsd_line *cable = apcupsd_find(w->conf, "UPSCABLE");
	const char *port = device_of(w, type);

	for (size_t i = 0; port && cable && i < sizeof(cables) / sizeof(cables[0]); i++) {
		if (!str_caseequal(cables[i].cable, cable->value))
			continue;
		put_driver(w, "genericups", port);
		put(w, "upstype", cables[i].upstype);
		buffer_append_str(&w->plan->ups_conf, cables[i].lines);
		note(w, cable, "ups.conf: upstype = %s%s%s", cables[i].upstype,
		     *cables[i].lines ? " with the lines of this cable" : "",
		     *cables[i].lines ? "; try how it is cut off before you rely on it" : "");
		if (cables[i].remark)
			note(w, cable, "%s", cables[i].remark);
		return;
	}
	if (port)
		give_up(w, cable ? cable : type,
			"no such cable is known; genericups(8) tells how one is described");
}

static void make_modbus(struct work *w, const struct apcupsd_line *type)
{
	const struct apcupsd_line *device = apcupsd_find(w->conf, "DEVICE");

	if (device) {
		give_up(w, type,
			"there is no driver for APC's Modbus on a serial line; connect "
			"the UPS by USB (usbhid-ups) or by its network card (snmp-ups)");
		return;
	}
	put_driver(w, "usbhid-ups", "auto");
	note(w, type, "usbhid-ups reads the same UPS without Modbus, which shows fewer values");
}

static void make_pcnet(struct work *w, const struct apcupsd_line *type)
{
	give_up(w, type,
		"there is no driver for PowerChute Network Shutdown; the same card speaks "
		"SNMP: `UPSTYPE snmp` with `DEVICE host:161:APC:community` here, or "
		"snmp-ups(8) by hand");
}

static void make_test(struct work *w, const struct apcupsd_line *type)
{
	give_up(w, type, "is apcupsd's test without a UPS; dummy-ups(8) plays files");
}

static const struct {
	const char *type;
	void (*make)(struct work *w, const struct apcupsd_line *type);
} types[] = {
	{"usb", make_usb},      {"apcsmart", make_apcsmart}, {"smartups", make_apcsmart},
	{"snmp", make_snmp},    {"net", make_net},           {"dumb", make_dumb},
	{"backups", make_dumb}, {"modbus", make_modbus},     {"pcnet", make_pcnet},
	{"test", make_test},
};

static bool is_net(const struct work *w)
{
	return str_caseequal(apcupsd_value(w->conf, "UPSTYPE", ""), "net");
}

/* A name that all programs take, made of UPSNAME. */
static void choose_name(struct work *w)
{
	const char *name = apcupsd_value(w->conf, "UPSNAME", "ups");
	size_t len = 0;

	for (; *name && len + 1 < sizeof(w->ups); name++) {
		if (isalnum((unsigned char)*name) || strchr("-_.", *name))
			w->ups[len++] = (char)tolower((unsigned char)*name);
	}
	w->ups[len] = '\0';
	if (!len)
		str_copy(w->ups, sizeof(w->ups), "ups");
}

static void make_ups_conf(struct work *w)
{
	const struct apcupsd_line *type = apcupsd_find(w->conf, "UPSTYPE");
	const struct apcupsd_line *name = apcupsd_find(w->conf, "UPSNAME");
	long seconds;

	choose_name(w);
	buffer_appendf(&w->plan->ups_conf, "[%s]\n", w->ups);
	if (name)
		note(w, name, "ups.conf: [%s]", w->ups);
	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_caseequal(types[i].type, type->value)) {
			types[i].make(w, type);
			break;
		}
		if (i + 1 == sizeof(types) / sizeof(types[0]))
			give_up(w, type, "no driver is known for this type");
	}
	if (!type)
		give_up(w, NULL, "there is no UPSTYPE");
	if (number_of(w, "POLLTIME", 1, &seconds)) {
		const struct apcupsd_line *line = apcupsd_find(w->conf, "POLLTIME");

		if (seconds <= POLL_MAX) {
			buffer_appendf(&w->plan->ups_conf, "\tpollinterval = %ld\n", seconds);
			note(w, line, "ups.conf: pollinterval = %ld", seconds);
		} else {
			note(w, line,
			     "not carried over: drivers ask every 2 s, or as their page "
			     "says; longer than %d s would make data stale",
			     POLL_MAX);
		}
	}
}

/* ------------------------------------------------------------------ upsmon.conf */

static void carry_limit(struct work *w, const char *name, long factor, const char *directive,
			const char *never)
{
	const struct apcupsd_line *line = apcupsd_find(w->conf, name);
	long value;

	if (!line || !number_of(w, name, -1, &value))
		return;
	if (value > 0) {
		buffer_appendf(&w->plan->upsmon_conf, "%s %ld\n", directive, value * factor);
		note(w, line, "upsmon.conf: %s %ld", directive, value * factor);
	} else {
		note(w, line, "%s", never);
	}
}

/* Events of apccontrol(8) and the notices that are nearest. */
static const struct {
	const char *script, *notice;
} events[] = {
	{"powerout", "ONBATT"},   {"onbattery", "ONBATT"},    {"mainsback", "ONLINE"},
	{"offbattery", "ONLINE"}, {"commfailure", "COMMBAD"}, {"commok", "COMMOK"},
	{"changeme", "REPLBATT"}, {"failing", "LOWBATT"},     {"doshutdown", "SHUTDOWN"},
	{"emergency", "FSD"},     {"startselftest", "CAL"},   {"endselftest", "NOTCAL"},
};

enum { EVENT_COUNT = sizeof(events) / sizeof(events[0]) };

static bool has_script(const char *const *scripts, const char *name)
{
	for (size_t i = 0; scripts && scripts[i]; i++) {
		if (str_equal(scripts[i], name))
			return true;
	}
	return false;
}

/* A word for a shell. */
static void append_shell_word(struct buffer *b, const char *word)
{
	buffer_append_char(b, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buffer_append_str(b, "'\\''");
		else
			buffer_append_char(b, *word);
	}
	buffer_append_char(b, '\'');
}

static void begin_script(struct work *w)
{
	struct buffer *s = &w->plan->script;

	buffer_append_str(s, "#!/bin/sh\n# Runs apcupsd's event scripts for upsmon's notices: "
			     "upsmon.conf's NOTIFYCMD.\ncd ");
	append_shell_word(s, apcupsd_value(w->conf, "SCRIPTDIR", "/etc/apcupsd"));
	buffer_append_str(s, " || exit 1\nexport SYSADMIN=root APCUPSD_MAIL=mail\n"
			     "[ -f config ] && . ./config\nrun() {\n"
			     "\t[ -x \"./$1\" ] && \"./$1\" \"${UPSNAME%%@*}\" 1 1\n}\n"
			     "case $NOTIFYTYPE in\n");
}

/* A type of notice once, with all its scripts. */
static void add_event(struct work *w, const char *const *scripts, size_t at)
{
	struct buffer *s = &w->plan->script, *conf = &w->plan->upsmon_conf;

	for (size_t i = 0; i < at; i++) {
		if (str_equal(events[i].notice, events[at].notice) &&
		    has_script(scripts, events[i].script))
			return;
	}
	if (!s->len) {
		begin_script(w);
	}
	buffer_appendf(s, "%s)", events[at].notice);
	for (size_t i = at; i < EVENT_COUNT; i++) {
		if (str_equal(events[i].notice, events[at].notice) &&
		    has_script(scripts, events[i].script))
			buffer_appendf(s, " run %s;", events[i].script);
	}
	buffer_append_str(s, ";\n");
	buffer_appendf(conf, "NOTIFYFLAG %s SYSLOG+WALL+EXEC\n", events[at].notice);
}

static void carry_scripts(struct work *w, const char *const *scripts, const char *folder)
{
	const char *script_dir = apcupsd_value(w->conf, "SCRIPTDIR", "/etc/apcupsd");

	for (size_t i = 0; i < EVENT_COUNT; i++) {
		if (!has_script(scripts, events[i].script))
			continue;
		add_event(w, scripts, i);
		note(w, NULL, "%s/%s: run by apcupsd-events at %s", script_dir, events[i].script,
		     events[i].notice);
	}
	for (size_t i = 0; scripts && scripts[i]; i++) {
		bool known = false;

		for (size_t k = 0; k < EVENT_COUNT; k++)
			known |= str_equal(events[k].script, scripts[i]);
		if (!known) {
			note(w, NULL, "%s/%s: NOT CARRIED OVER: upsmon has no such event",
			     script_dir, scripts[i]);
			w->plan->not_carried++;
		}
	}
	if (!w->plan->script.len)
		return;
	buffer_append_str(&w->plan->script, "esac\n");
	buffer_append_str(&w->plan->upsmon_conf, "NOTIFYCMD ");
	words_append_word(&w->plan->upsmon_conf, folder);
	buffer_append_str(&w->plan->upsmon_conf, "/apcupsd-events\n");
}

static void make_upsmon_conf(struct work *w, const char *password)
{
	struct buffer *out = &w->plan->upsmon_conf;

	buffer_appendf(out, "MONITOR %s@localhost 1 upsmon %s primary\n", w->ups, password);
	buffer_append_str(out, "SHUTDOWNCMD \"/sbin/shutdown -h +0\"\nSHUTDOWNEXIT no\n");
	if (is_net(w))
		note(w, NULL, "no POWERDOWNFLAG: the other apcupsd switches the UPS off");
	else
		buffer_appendf(out, "POWERDOWNFLAG %s/killpower\n", paths_state());
	carry_limit(w, "BATTERYLEVEL", 1, "OBCHARGE", "never: no limit of the charge");
	carry_limit(w, "MINUTES", 60, "OBRUNTIME", "never: no limit of the runtime");
	carry_limit(w, "TIMEOUT", 1, "OBDURATION", "never: no limit of the time on battery");
}

/* ----------------------------------------------------------------- upsd, nut.conf */

static void make_upsd_conf(struct work *w)
{
	const struct apcupsd_line *server = apcupsd_find(w->conf, "NETSERVER");
	const struct apcupsd_line *address = apcupsd_find(w->conf, "NISIP");
	bool on = server && str_caseequal(server->value, "on");
	const char *host = address ? address->value : "0.0.0.0";
	bool local = !on || str_equal(host, "127.0.0.1") || str_caseequal(host, "localhost");

	if (!local) {
		buffer_append_str(&w->plan->upsd_conf, "LISTEN ");
		words_append_word(&w->plan->upsd_conf, host);
		buffer_append_str(&w->plan->upsd_conf, " " NUT_PORT "\n");
	}
	buffer_appendf(&w->plan->nut_conf, "MODE=%s\n", local ? "standalone" : "netserver");
	if (server)
		note(w, server,
		     on ? "upsd serves NUT's clients on port %s; those of apcupsd "
			  "(apcaccess, UPSTYPE net) do not understand it"
			: "upsd serves this machine alone (port %s)",
		     NUT_PORT);
	if (address)
		note(w, address, "upsd.conf: %s%s", local ? "this machine alone" : "LISTEN ",
		     local ? "" : host);
}

/* ------------------------------------------------------------ what has no word here */

static const struct {
	const char *name;
	const char *harmless; /* said when the value is this one; NULL = always */
	bool lost;            /* something changes for people */
	const char *what;
} others[] = {
	{"ONBATTERYDELAY", NULL, true,
	 "not carried over: ONBATT is told at once; upssched.conf(5) can wait (START-TIMER)"},
	{"ANNOY", "0", true, "not carried over: people are warned once, not again and again"},
	{"ANNOYDELAY", NULL, false, "not needed: belongs to ANNOY"},
	{"NOLOGON", "disable", true,
	 "not carried over: logins are not refused; shutdown(8) does so in its last minutes"},
	{"KILLDELAY", "0", true,
	 "not carried over: the UPS is switched off at the end of the shutdown, by "
	 "`upsdrvctl shutdown` if `upsmon -K` says so"},
	{"LOCKFILE", NULL, false, "not needed"},
	{"PWRFAILDIR", NULL, false, "not needed: see POWERDOWNFLAG in upsmon.conf"},
	{"NOLOGINDIR", NULL, false, "not needed: belongs to NOLOGON"},
	{"EVENTSFILE", NULL, true, "not carried over: events go to syslog, or the journal"},
	{"EVENTSFILEMAX", NULL, false, "not needed: belongs to EVENTSFILE"},
	{"UPSCLASS", "standalone", true, "not carried over: sharing by a cable is not possible"},
	{"UPSMODE", "disable", true, "not carried over: sharing by a cable is not possible"},
	{"NISPORT", "3551", false, "not needed: upsd has its own port"},
	{"STATTIME", "0", true, "not carried over: `upsc UPS` shows the state at any time"},
	{"STATFILE", NULL, false, "not needed: belongs to STATTIME"},
	{"LOGSTATS", "off", true, "not carried over: upslog(8) writes values to a file"},
	{"DATATIME", "0", true, "not carried over: `upslog -i SECONDS` writes values to a file"},
	{"FACILITY", "DAEMON", true, "not carried over: the suite logs as daemon"},
	{"SELFTEST", NULL, true, "in the UPS itself: `upsrw -s ups.test.interval=SECONDS`"},
	{"BATTDATE", NULL, true, "in the UPS itself: `upsrw -s battery.date=...`"},
	{"SENSITIVITY", NULL, true, "in the UPS itself: `upsrw -s input.sensitivity=...`"},
	{"WAKEUP", NULL, true, "in the UPS itself: `upsrw -s ups.delay.start=...`"},
	{"SLEEP", NULL, true, "in the UPS itself: `upsrw -s ups.delay.shutdown=...`"},
	{"LOTRANSFER", NULL, true, "in the UPS itself: `upsrw -s input.transfer.low=...`"},
	{"HITRANSFER", NULL, true, "in the UPS itself: `upsrw -s input.transfer.high=...`"},
	{"RETURNCHARGE", NULL, true, "in the UPS itself: `upsrw -s battery.charge.restart=...`"},
	{"LOWBATT", NULL, true, "in the UPS itself: `upsrw -s battery.runtime.low=SECONDS`"},
	{"BEEPSTATE", NULL, true, "in the UPS itself: `upscmd UPS beeper.disable`, or upsrw"},
	{"OUTPUTVOLTS", NULL, true, "in the UPS itself: `upsrw -s output.voltage.nominal=...`"},
	{"USERMAGIC", NULL, true, "not carried over: belongs to a network mode that is gone"},
	{"NETPORT", NULL, true, "not carried over: belongs to a network mode that is gone"},
	{"MASTER", NULL, true, "not carried over: MONITOR in upsmon.conf takes its place"},
	{"SLAVE", NULL, true, "not carried over: a user of upsd.users takes its place"},
};

static const char *const carried[] = {
	"UPSTYPE", "UPSCABLE",  "UPSNAME", "POLLTIME", "BATTERYLEVEL", "MINUTES",
	"TIMEOUT", "NETSERVER", "NISIP",   "DEVICE",   "SCRIPTDIR",    NULL,
};

static bool is_carried(const char *name)
{
	for (size_t i = 0; carried[i]; i++) {
		if (str_caseequal(carried[i], name))
			return true;
	}
	return false;
}

static void tell_other(struct work *w, const struct apcupsd_line *line)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!str_caseequal(others[i].name, line->name))
			continue;
		if (others[i].harmless && str_caseequal(others[i].harmless, line->value)) {
			note(w, line, "nothing to do");
			return;
		}
		w->plan->not_carried += others[i].lost;
		note(w, line, "%s", others[i].what);
		return;
	}
	w->plan->not_carried++;
	note(w, line, "NOT CARRIED OVER: this directive is not known");
}

static void tell_others(struct work *w)
{
	for (size_t i = 0; i < w->conf->count; i++) {
		const struct apcupsd_line *line = &w->conf->lines[i];
		const struct apcupsd_line *last = apcupsd_find(w->conf, line->name);

		if (!*line->value)
			note(w, line, "nothing to do: it says nothing");
		else if (last && last != line)
			note(w, line, "does not count: line %u says it again", last->number);
		else if (!is_carried(line->name))
			tell_other(w, line);
	}
}

/* Not all ways of a type look at them. */
static void tell_unused(struct work *w)
{
	static const char *const names[] = {"UPSCABLE", "DEVICE", "SCRIPTDIR"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct apcupsd_line *line = apcupsd_find(w->conf, names[i]);
		char where[512];

		if (!line || !str_format(where, sizeof(where), ":%u: %s", line->number, line->name))
			continue;
		if (!strstr(buffer_string(&w->plan->notes), where))
			note(w, line, i == 0 ? "not needed by this driver" : "used as said above");
	}
}

void apcupsd_plan_make(struct apcupsd_plan *p, const struct apcupsd_conf *c, const char *password,
		       const char *const *scripts, const char *nut_folder)
{
	struct work w = {.plan = p, .conf = c};

	*p = (struct apcupsd_plan){.possible = true};
	make_ups_conf(&w);
	make_upsd_conf(&w);
	make_upsmon_conf(&w, password);
	carry_scripts(&w, scripts, nut_folder);
	buffer_appendf(&p->upsd_users, "[upsmon]\n\tpassword = %s\n\tupsmon primary\n", password);
	tell_others(&w);
	tell_unused(&w);
}

void apcupsd_plan_free(struct apcupsd_plan *p)
{
	struct buffer *all[] = {&p->ups_conf, &p->upsd_conf, &p->upsd_users, &p->upsmon_conf,
				&p->nut_conf, &p->script,    &p->notes};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->data)
			secret_wipe(all[i]->data, all[i]->size);
		buffer_free(all[i]);
	}
}
