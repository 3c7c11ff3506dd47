/*
 * Whole conversations with a upsd inside this process.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "server/command.h"
#include "tests/unit/upsd_site.h"

static const char ups_conf[] = "[rack]\ndriver = dummy\nport = x\ndesc = \"The \\\"rack\\\"\"\n"
			       "alias = ups\n[dead]\ndriver = dummy\nport = y\n";
static const char upsd_users[] = "[mon]\npassword = pw\nupsmon primary\n"
				 "[admin]\npassword = secret\nactions = SET\n"
				 "instcmds = test.panel\n"
				 "[sec]\npassword = pw\nupsmon secondary\n";
static const char dump[] =
	"SETINFO battery.charge \"100\"\nSETFLAGS battery.charge RW STRING\n"
	"SETAUX battery.charge 3\n"
	"SETINFO input.sensitivity \"low\"\nADDENUM input.sensitivity \"low\"\n"
	"ADDENUM input.sensitivity \"a\\#b\"\nSETFLAGS input.sensitivity RW NUMBER\n"
	"SETINFO ups.delay \"20\"\nADDRANGE ups.delay 10 30\n"
	"ADDRANGE ups.delay 50 60\nSETFLAGS ups.delay RW NUMBER\n"
	"SETINFO ups.mfr \"A \\\"B\\\" \\\\ \\# C\"\nSETINFO ups.status \"OL\"\n"
	"ADDCMD test.panel\nADDCMD load.off\nDATAOK\nDUMPDONE\n";

static int set_up(void **state)
{
	*state = upsd_fixture_new(ups_conf, upsd_users, dump);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	upsd_fixture_free(*state);
	return 0;
}

#define ASK(f, text) upsd_site_ask((f)->site, (f)->client, text)

struct exchange {
	const char *request;
	const char *answer;
};

static void assert_exchanges(struct upsd_fixture *f, const struct exchange *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *answer = ASK(f, rows[i].request);

		if (strcmp(answer, rows[i].answer) != 0)
			fail_msg("%s answered %s instead of %s", rows[i].request, answer,
				 rows[i].answer);
	}
}

#define ASSERT_EXCHANGES(f, rows) assert_exchanges(f, rows, sizeof(rows) / sizeof((rows)[0]))

#define IA          "ERR INVALID-ARGUMENT\n"
#define CREDENTIALS "USERNAME mon\nPASSWORD pw\n"

/* ----------------------------------------------------------------- commands */

#if defined(TLS_OPENSSL) || defined(TLS_NSS)
#define NO_TLS "ERR FEATURE-NOT-CONFIGURED\n"
#else
#define NO_TLS "ERR FEATURE-NOT-SUPPORTED\n"
#endif

static void what_needs_nobody_is_answered(void **state)
{
	static const struct exchange rows[] = {
		{"VER\n", UPSD_VERSION_LINE "\n"},
		{"ver\r\n", UPSD_VERSION_LINE "\n"},
		{"VER x\n", IA},
		{"NETVER\n", "1.3\n"},
		{"PROTVER\n", "1.3\n"},
		{"PROTVER x\n", IA},
		{"HELP\n", "Commands: HELP VER PROTVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME "
			   "PASSWORD STARTTLS SUBSCRIBE UNSUBSCRIBE PING\n"},
		{"STARTTLS\n", NO_TLS},
		{"STARTTLS now\n", NO_TLS},
		{"PING\n", "PONG\n"},
		{"PING x\n", IA},
		{"\n", "ERR UNKNOWN-COMMAND\n"},
		{"# nothing\n", "ERR UNKNOWN-COMMAND\n"},
		{"\"\"\n", "ERR UNKNOWN-COMMAND\n"},
		{"GETVAR\n", "ERR UNKNOWN-COMMAND\n"},
		{"ATTACH rack\n", "ERR UNKNOWN-COMMAND\n"},
	};

	ASSERT_EXCHANGES((struct upsd_fixture *)*state, rows);
}

static void get_answers_and_checks_in_order(void **state)
{
	static const struct exchange rows[] = {
		{"GET\n", IA},
		{"GET VAR\n", IA},
		{"GET VAR rack\n", IA},
		{"GET NONSENSE rack ups.status\n", IA},
		{"GET VAR none ups.status\n", "ERR UNKNOWN-UPS\n"},
		{"GET VAR dead ups.status\n", "ERR DRIVER-NOT-CONNECTED\n"},
		{"GET VAR rack none\n", "ERR VAR-NOT-SUPPORTED\n"},
		{"GET VAR rack ups.status\n", "VAR rack ups.status \"OL\"\n"},
		{"get var RACK UPS.Status more words\n", "VAR RACK UPS.Status \"OL\"\n"},
		{"GET VAR ups ups.status\n", "VAR ups ups.status \"OL\"\n"},
		{"GET VAR rack ups.mfr\n", "VAR rack ups.mfr \"A \\\"B\\\" \\\\ \\# C\"\n"},
		{"GET VAR none SERVER.Info\n", "VAR none server.info \"" UPSD_VERSION_LINE "\"\n"},
		{"GET VAR none server.version\n", "VAR none server.version \"" NUT_VERSION "\"\n"},
		{"GET VAR rack server.none\n", "ERR VAR-NOT-SUPPORTED\n"},
		{"GET TYPE rack battery.charge\n", "TYPE rack battery.charge RW STRING:3\n"},
		{"GET TYPE rack input.sensitivity\n",
		 "TYPE rack input.sensitivity RW ENUM NUMBER\n"},
		{"GET TYPE rack ups.delay\n", "TYPE rack ups.delay RW RANGE NUMBER\n"},
		{"GET TYPE rack ups.mfr\n", "TYPE rack ups.mfr NUMBER\n"},
		{"GET DESC rack ups.status\n", "DESC rack ups.status \"UPS status\"\n"},
		{"GET DESC rack no.such\n", "DESC rack no.such \"Description unavailable\"\n"},
		{"GET DESC rack \"a b\\\"\"\n",
		 "DESC rack \"a b\\\"\" \"Description unavailable\"\n"},
		{"GET DESC dead ups.status\n", "ERR DRIVER-NOT-CONNECTED\n"},
		{"GET CMDDESC rack test.panel\n", "CMDDESC rack test.panel \"Test the panel\"\n"},
		{"GET UPSDESC rack\n", "UPSDESC rack \"The \\\"rack\\\"\"\n"},
		{"GET UPSDESC dead\n", "UPSDESC dead \"Unavailable\"\n"},
		{"GET UPSDESC none\n", "ERR UNKNOWN-UPS\n"},
		{"GET NUMLOGINS rack\n", "NUMLOGINS rack 0\n"},
		{"GET NUMLOGINS dead\n", "ERR DRIVER-NOT-CONNECTED\n"},
		{"GET TRACKING\n", "OFF\n"},
		{"GET TRACKING x\n", "ERR FEATURE-NOT-CONFIGURED\n"},
	};

	ASSERT_EXCHANGES((struct upsd_fixture *)*state, rows);
}

static void list_answers_and_checks_in_order(void **state)
{
	static const struct exchange rows[] = {
		{"LIST\n", IA},
		{"LIST NONSENSE rack\n", IA},
		{"LIST VAR\n", IA},
		{"LIST ENUM rack\n", IA},
		{"LIST VAR none\n", "ERR UNKNOWN-UPS\n"},
		{"LIST VAR dead\n", "ERR DRIVER-NOT-CONNECTED\n"},
		{"LIST UPS\n", "BEGIN LIST UPS\nUPS rack \"The \\\"rack\\\"\"\n"
			       "UPS dead \"Description unavailable\"\nEND LIST UPS\n"},
		{"list var UPS\n",
		 "BEGIN LIST VAR UPS\nVAR UPS battery.charge \"100\"\nVAR UPS input.sensitivity "
		 "\"low\"\nVAR UPS ups.delay \"20\"\nVAR UPS ups.mfr \"A \\\"B\\\" \\\\ \\# C\"\n"
		 "VAR UPS ups.status \"OL\"\nEND LIST VAR UPS\n"},
		{"LIST RW rack\n",
		 "BEGIN LIST RW rack\nRW rack battery.charge \"100\"\nRW rack input.sensitivity "
		 "\"low\"\nRW rack ups.delay \"20\"\nEND LIST RW rack\n"},
		{"LIST CMD rack\n", "BEGIN LIST CMD rack\nCMD rack load.off\nCMD rack test.panel\n"
				    "END LIST CMD rack\n"},
		{"LIST ENUM rack input.SENSITIVITY\n",
		 "BEGIN LIST ENUM rack input.SENSITIVITY\nENUM rack input.SENSITIVITY \"low\"\n"
		 "ENUM rack input.SENSITIVITY \"a\\#b\"\nEND LIST ENUM rack input.SENSITIVITY\n"},
		{"LIST ENUM rack none\n", "ERR VAR-NOT-SUPPORTED\n"},
		{"LIST RANGE rack ups.delay\n",
		 "BEGIN LIST RANGE rack ups.delay\nRANGE rack ups.delay \"10\" \"30\"\n"
		 "RANGE rack ups.delay \"50\" \"60\"\nEND LIST RANGE rack ups.delay\n"},
		{"LIST RANGE rack ups.mfr\n",
		 "BEGIN LIST RANGE rack ups.mfr\nEND LIST RANGE rack ups.mfr\n"},
		{"LIST CLIENT dead\n", "BEGIN LIST CLIENT dead\nEND LIST CLIENT dead\n"},
		{"LIST CLIENTS rack\n", "BEGIN LIST CLIENTS rack\nEND LIST CLIENTS rack\n"},
	};

	ASSERT_EXCHANGES((struct upsd_fixture *)*state, rows);
}

static void privileged_commands_ask_for_credentials_first(void **state)
{
	static const char *const commands[] = {"LOGIN", "PRIMARY", "MASTER",
					       "FSD",   "SET",     "INSTCMD"};
	struct upsd_fixture *f = *state;
	char line[32];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(line, sizeof(line), "%s\n", commands[i]);
		assert_string_equal(ASK(f, line), "ERR USERNAME-REQUIRED\n");
	}
	assert_string_equal(ASK(f, "USERNAME mon\n"), "OK\n");
	assert_string_equal(ASK(f, "USERNAME mon\n"), "ERR ALREADY-SET-USERNAME\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(line, sizeof(line), "%s\n", commands[i]);
		assert_string_equal(ASK(f, line), "ERR PASSWORD-REQUIRED\n");
	}
	assert_string_equal(ASK(f, "PASSWORD wrong\n"), "OK\n");
	assert_string_equal(ASK(f, "PASSWORD pw\n"), "ERR ALREADY-SET-PASSWORD\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(line, sizeof(line), "%s\n", commands[i]);
		assert_string_equal(ASK(f, line), IA);
	}
	assert_string_equal(ASK(f, "LOGIN rack\n"), "ERR ACCESS-DENIED\n");
}

static void a_login_counts_until_the_connection_ends(void **state)
{
	static const struct exchange rows[] = {
		{CREDENTIALS, "OK\nOK\n"},
		{"LOGIN none\n", "ERR UNKNOWN-UPS\n"},
		{"LOGIN rack\n", "OK\n"},
		{"LOGIN none\n", "ERR ALREADY-LOGGED-IN\n"},
		{"GET NUMLOGINS rack\n", "NUMLOGINS rack 1\n"},
		{"LIST CLIENT ups\n",
		 "BEGIN LIST CLIENT ups\nCLIENT rack 127.0.0.1\nEND LIST CLIENT ups\n"},
		{"PRIMARY rack\n", "OK PRIMARY-GRANTED\n"},
		{"MASTER rack\n", "OK MASTER-GRANTED\n"},
		{"LOGOUT x\n", IA},
	};
	struct upsd_fixture *f = *state;
	int other = upsd_site_client(f->site);

	ASSERT_EXCHANGES(f, rows);
	assert_string_equal(ASK(f, "LOGOUT\nVER\n"), "OK Goodbye\n");
	assert_true(upsd_site_closed(f->client));
	assert_string_equal(upsd_site_ask(f->site, other, "GET NUMLOGINS rack\n"),
			    "NUMLOGINS rack 0\n");
	close(other);
}

static void a_login_works_while_the_driver_is_away(void **state)
{
	static const struct exchange rows[] = {{CREDENTIALS, "OK\nOK\n"},
					       {"LOGIN dead\n", "OK\n"},
					       {"FSD dead\n", "OK FSD-SET\n"}};

	ASSERT_EXCHANGES((struct upsd_fixture *)*state, rows);
}

static void rights_are_those_of_the_user(void **state)
{
	static const struct exchange rows[] = {
		{"USERNAME sec\nPASSWORD pw\n", "OK\nOK\n"},
		{"LOGIN rack\n", "OK\n"},
		{"PRIMARY rack\n", "ERR ACCESS-DENIED\n"},
		{"FSD none\n", "ERR UNKNOWN-UPS\n"},
		{"FSD rack\n", "ERR ACCESS-DENIED\n"},
		{"SET VAR rack none 1\n", "ERR ACCESS-DENIED\n"},
		{"INSTCMD rack none\n", "ERR CMD-NOT-SUPPORTED\n"},
		{"INSTCMD rack test.panel\n", "ERR ACCESS-DENIED\n"},
		{"SET TRACKING ON\n", "OK\n"},
	};

	ASSERT_EXCHANGES((struct upsd_fixture *)*state, rows);
}

static void fsd_is_latched_and_shown_in_front_of_the_status(void **state)
{
	static const struct exchange rows[] = {
		{"LIST VAR rack\n", NULL},
		{CREDENTIALS, "OK\nOK\n"},
		{"FSD rack\n", "OK FSD-SET\n"},
		{"GET VAR rack ups.status\n", "VAR rack ups.status \"FSD OL\"\n"},
		{"FSD rack\n", "OK FSD-SET\n"},
	};
	struct upsd_fixture *f = *state;

	ASK(f, rows[0].request); /* kept before the latch is set */
	assert_exchanges(f, rows + 1, 4);
	assert_non_null(strstr(ASK(f, "LIST VAR rack\n"), "VAR rack ups.status \"FSD OL\"\n"));
	upsd_site_send(f->site, f->driver, "SETINFO ups.status \"OB\"\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"),
			    "VAR rack ups.status \"FSD OB\"\n");
}

static void a_setting_is_checked_and_handed_to_the_driver(void **state)
{
	static const struct exchange rows[] = {
		{"USERNAME admin\nPASSWORD secret\n", "OK\nOK\n"},
		{"SET\n", IA},
		{"SET VAR rack battery.charge\n", IA},
		{"SET NONSENSE rack battery.charge 1\n", IA},
		{"SET VAR none battery.charge 1\n", "ERR UNKNOWN-UPS\n"},
		{"SET VAR dead battery.charge 1\n", "ERR DRIVER-NOT-CONNECTED\n"},
		{"SET VAR rack none 1\n", "ERR VAR-NOT-SUPPORTED\n"},
		{"SET VAR rack ups.status 1\n", "ERR READONLY\n"},
		{"SET VAR rack battery.charge 1000\n", "ERR TOO-LONG\n"},
		{"SET VAR rack input.sensitivity high\n", "ERR INVALID-VALUE\n"},
		{"SET VAR rack input.sensitivity LOW\n", "ERR INVALID-VALUE\n"},
		{"SET VAR rack ups.delay 40\n", "ERR INVALID-VALUE\n"},
		{"SET VAR rack ups.delay soon\n", "ERR INVALID-VALUE\n"},
		{"SET VAR rack BATTERY.charge \"a b\"\n", "OK\n"},
		{"SET VAR rack input.sensitivity \"a\\#b\"\n", "OK\n"},
		{"SET VAR rack ups.delay 55\n", "OK\n"},
	};
	struct upsd_fixture *f = *state;

	ASSERT_EXCHANGES(f, rows);
	assert_string_equal(upsd_site_read(f->site, f->driver),
			    "SET battery.charge \"a b\"\nSET input.sensitivity \"a\\#b\"\n"
			    "SET ups.delay \"55\"\n");
}

static void a_command_is_checked_and_handed_to_the_driver(void **state)
{
	static const struct exchange rows[] = {
		{"USERNAME admin\nPASSWORD secret\n", "OK\nOK\n"},
		{"INSTCMD rack\n", IA},
		{"INSTCMD none test.panel\n", "ERR UNKNOWN-UPS\n"},
		{"INSTCMD dead test.panel\n", "ERR DRIVER-NOT-CONNECTED\n"},
		{"INSTCMD rack none\n", "ERR CMD-NOT-SUPPORTED\n"},
		{"INSTCMD rack load.off\n", "ERR ACCESS-DENIED\n"},
		{"INSTCMD rack TEST.panel\n", "OK\n"},
		{"INSTCMD rack test.panel 10\n", "OK\n"},
		{"INSTCMD rack test.panel 10 20\n", "OK\n"},
	};
	struct upsd_fixture *f = *state;

	ASSERT_EXCHANGES(f, rows);
	assert_string_equal(upsd_site_read(f->site, f->driver),
			    "INSTCMD test.panel\nINSTCMD test.panel \"10\"\nINSTCMD test.panel\n");
}

static void a_tracked_request_is_followed_by_its_id(void **state)
{
	struct upsd_fixture *f = *state;
	char id[64] = "", line[128];
	int other;

	ASK(f, "USERNAME admin\nPASSWORD secret\n");
	assert_string_equal(ASK(f, "SET TRACKING maybe\n"), IA);
	assert_string_equal(ASK(f, "SET TRACKING on\n"), "OK\n");
	assert_string_equal(ASK(f, "GET TRACKING\n"), "ON\n");
	assert_int_equal(sscanf(ASK(f, "INSTCMD rack test.panel\n"), "OK TRACKING %63s", id), 1);
	snprintf(line, sizeof(line), "INSTCMD test.panel TRACKING %s\n", id);
	assert_string_equal(upsd_site_read(f->site, f->driver), line);
	snprintf(line, sizeof(line), "GET TRACKING %s\n", id);
	assert_string_equal(ASK(f, line), "PENDING\n");
	snprintf(line, sizeof(line), "TRACKING %s 3\n", id);
	upsd_site_send(f->site, f->driver, line);
	snprintf(line, sizeof(line), "GET TRACKING %s\n", id);
	assert_string_equal(ASK(f, line), "ERR FAILED\n");
	assert_string_equal(ASK(f, "GET TRACKING x\n"), "ERR UNKNOWN\n");
	/* Ids are everybody's who tracks, and the state is each connection's own. */
	other = upsd_site_client(f->site);
	assert_string_equal(upsd_site_ask(f->site, other, line), "ERR FEATURE-NOT-CONFIGURED\n");
	close(other);
	assert_string_equal(ASK(f, "SET TRACKING OFF\nGET TRACKING\n"), "OK\nOFF\n");
}

/* -------------------------------------------------------------------- lines */

static void a_line_that_cannot_be_read_gets_one_answer(void **state)
{
	struct upsd_fixture *f = *state;
	struct buffer line = {0};

	assert_string_equal(ASK(f, "GET VAR rack \"ups.status\nVER\n"), IA UPSD_VERSION_LINE "\n");
	assert_string_equal(ASK(f, "GET \"VAR # rack\" x y \"\nPING\n"), IA "PONG\n");
	for (int i = 0; i < 200; i++)
		buffer_append_str(&line, "x ");
	buffer_append_str(&line, "\nPING\n");
	assert_string_equal(ASK(f, buffer_string(&line)), IA "PONG\n");
	buffer_clear(&line);
	for (int i = 0; i < 200000; i++)
		buffer_append_char(&line, 'x');
	buffer_append_str(&line, "\nPING\n");
	assert_string_equal(ASK(f, buffer_string(&line)), IA "PONG\n");
	buffer_free(&line);
}

static void commands_in_one_segment_are_answered_in_order(void **state)
{
	struct upsd_fixture *f = *state;

	assert_string_equal(ASK(f, "PING\nNETVER\nGET VAR rack ups.status\nPI"),
			    "PONG\n1.3\nVAR rack ups.status \"OL\"\n");
	assert_string_equal(ASK(f, "NG\n"), "PONG\n");
}

static void a_value_of_thousands_of_bytes_is_passed_on_whole(void **state)
{
	struct upsd_fixture *f = *state;
	struct buffer set = {0}, answer = {0};

	buffer_append_str(&set, "SETINFO long.value \"");
	buffer_append_str(&answer, "VAR rack long.value \"");
	for (int i = 0; i < 4000; i++) {
		buffer_append_char(&set, (char)('a' + i % 26));
		buffer_append_char(&answer, (char)('a' + i % 26));
	}
	buffer_append_str(&set, "\"\n");
	buffer_append_str(&answer, "\"\n");
	upsd_site_send(f->site, f->driver, buffer_string(&set));
	assert_string_equal(ASK(f, "GET VAR rack long.value\n"), buffer_string(&answer));
	buffer_free(&set);
	buffer_free(&answer);
}

static void a_kept_list_is_renewed_when_a_value_changes(void **state)
{
	struct upsd_fixture *f = *state;

	ASK(f, "LIST VAR rack\n");
	assert_non_null(strstr(ASK(f, "LIST VAR rack\n"), "\nVAR rack battery.charge \"100\"\n"));
	upsd_site_send(f->site, f->driver, "SETINFO battery.charge \"99\"\n");
	assert_non_null(strstr(ASK(f, "LIST VAR rack\n"), "\nVAR rack battery.charge \"99\"\n"));
	assert_non_null(strstr(ASK(f, "LIST VAR Rack\n"), "\nVAR Rack battery.charge \"99\"\n"));
}

/* ------------------------------------------------------------------ drivers */

static void stale_data_are_refused_until_they_are_good_again(void **state)
{
	struct upsd_fixture *f = *state;

	upsd_site_send(f->site, f->driver, "DATASTALE\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "ERR DATA-STALE\n");
	assert_string_equal(ASK(f, "LIST VAR rack\n"), "ERR DATA-STALE\n");
	assert_string_equal(ASK(f, "GET UPSDESC rack\nLIST CLIENT rack\n"),
			    "UPSDESC rack \"The \\\"rack\\\"\"\nBEGIN LIST CLIENT rack\n"
			    "END LIST CLIENT rack\n");
	upsd_site_send(f->site, f->driver, "DATAOK\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"OL\"\n");
}

static void tick(struct upsd_fixture *f, long long ms)
{
	clock_fake_advance(ms);
	upses_tick(&f->site->upsd.upses, clock_ms(), 15);
	upsd_site_settle(f->site);
}

static void a_silent_driver_is_asked_and_then_taken_for_stale(void **state)
{
	struct upsd_fixture *f = *state;

	tick(f, 5000);
	assert_string_equal(upsd_site_read(f->site, f->driver), "");
	tick(f, 1000);
	assert_string_equal(upsd_site_read(f->site, f->driver), "PING\n");
	tick(f, 5000);
	assert_string_equal(upsd_site_read(f->site, f->driver), "");
	tick(f, 5000);
	assert_string_equal(upsd_site_read(f->site, f->driver), "PING\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"OL\"\n");
	tick(f, 1000);
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "ERR DATA-STALE\n");
	upsd_site_send(f->site, f->driver, "NONSENSE\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "ERR DATA-STALE\n");
	upsd_site_send(f->site, f->driver, "PONG\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"OL\"\n");
}

static void a_driver_that_ends_is_not_connected_and_comes_back(void **state)
{
	struct upsd_fixture *f = *state;

	close(f->driver);
	upsd_site_settle(f->site);
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "ERR DRIVER-NOT-CONNECTED\n");
	f->driver = upsd_site_driver(f->site, "dummy-rack", "");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"WAIT\"\n");
	upsd_site_send(f->site, f->driver, "SETINFO ups.status \"OB\"\nDATAOK\nDUMPDONE\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"OB\"\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.mfr\n"), "ERR VAR-NOT-SUPPORTED\n");
}

static void a_driver_that_never_ends_its_dump_goes_stale(void **state)
{
	struct upsd_fixture *f = *state;

	close(f->driver);
	upsd_site_settle(f->site);
	f->driver = upsd_site_driver(f->site, "dummy-rack", "SETINFO battery.charge \"5\"\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"WAIT\"\n");
	for (int i = 0; i < 4; i++) {
		tick(f, 5000);
		upsd_site_send(f->site, f->driver, "PONG\n");
	}
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "ERR DATA-STALE\n");
	upsd_site_send(f->site, f->driver, "SETINFO ups.status \"OL\"\nDATAOK\nDUMPDONE\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"OL\"\n");
}

static void requests_for_a_driver_that_reads_nothing_fail_in_the_end(void **state)
{
	struct upsd_fixture *f = *state;
	const char *answer = "OK\n";

	ASK(f, "USERNAME admin\nPASSWORD secret\n");
	for (int i = 0; i < 100000 && strcmp(answer, "OK\n") == 0; i++)
		answer = ASK(f, "INSTCMD rack test.panel\n");
	assert_string_equal(answer, "ERR INSTCMD-FAILED\n");
	assert_string_equal(ASK(f, "SET VAR rack battery.charge 1\n"), "ERR SET-FAILED\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"OL\"\n");
}

/* ------------------------------------------------------------- the end of it */

static void who_is_silent_for_a_minute_is_disconnected(void **state)
{
	struct upsd_fixture *f = *state;
	int other = upsd_site_client(f->site);

	clock_fake_advance(40000);
	assert_string_equal(upsd_site_ask(f->site, other, "PING\n"), "PONG\n");
	clock_fake_advance(22000);
	clients_tick(&f->site->upsd.clients, clock_ms());
	assert_true(upsd_site_closed(f->client));
	assert_string_equal(upsd_site_ask(f->site, other, "PING\n"), "PONG\n");
	close(other);
}

static void beyond_the_maximum_a_client_is_refused_with_a_line(void **state)
{
	struct upsd_fixture *f = *state;
	int fds[8], refused;

	for (int i = 0; i < 7; i++)
		fds[i] = upsd_site_client(f->site);
	refused = upsd_site_client(f->site);
	assert_string_equal(upsd_site_read(f->site, refused), "ERR CONNECTION-LIMIT\n");
	assert_true(upsd_site_closed(refused));
	close(refused);
	close(fds[0]);
	upsd_site_settle(f->site);
	fds[0] = upsd_site_client(f->site);
	assert_string_equal(upsd_site_ask(f->site, fds[0], "PING\n"), "PONG\n");
	for (int i = 0; i < 7; i++)
		close(fds[i]);
}

static void a_reload_keeps_what_stays_and_ends_what_goes(void **state)
{
	struct upsd_fixture *f = *state;
	int other = upsd_site_client(f->site);

	ASK(f, CREDENTIALS "LOGIN rack\n");
	upsd_site_ask(f->site, other, CREDENTIALS "LOGIN dead\n");
	upsd_site_reload(f->site, "[new]\ndriver = dummy\nport = z\nalias = UPS\n"
				  "[rack]\ndriver = dummy\nport = x\ndesc = other\n");
	assert_true(upsd_site_closed(other));
	close(other);
	assert_string_equal(ASK(f, "LIST UPS\n"), "BEGIN LIST UPS\nUPS new \"Description "
						  "unavailable\"\nUPS rack \"other\"\n"
						  "END LIST UPS\n");
	assert_string_equal(ASK(f, "GET NUMLOGINS rack\nGET VAR rack ups.status\n"),
			    "NUMLOGINS rack 1\nVAR rack ups.status \"OL\"\n");
	assert_string_equal(ASK(f, "GET VAR ups ups.status\n"), "ERR DRIVER-NOT-CONNECTED\n");
	upsd_site_reload(f->site, "[rack]\ndriver = moved\nport = x\n");
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "ERR DRIVER-NOT-CONNECTED\n");
	close(f->driver);
	f->driver = upsd_site_driver(f->site, "moved-rack", dump);
	assert_string_equal(ASK(f, "GET VAR rack ups.status\n"), "VAR rack ups.status \"OL\"\n");
}

/* -------------------------------------------------------------------- table */

static void every_command_is_found_in_any_letter_case(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; command_at(i); i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s", command_at(i)->name);
		name[0] = (char)(name[0] | 0x20);
		assert_ptr_equal(command_find(name), command_at(i));
		assert_true(command_at(i)->min_args <= command_at(i)->max_args);
	}
	assert_int_equal(i, 19);
	assert_null(command_find("NOPE"));
	assert_null(command_find(""));
}

#define IN_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SITE(what_needs_nobody_is_answered),
		IN_SITE(get_answers_and_checks_in_order),
		IN_SITE(list_answers_and_checks_in_order),
		IN_SITE(privileged_commands_ask_for_credentials_first),
		IN_SITE(a_login_counts_until_the_connection_ends),
		IN_SITE(a_login_works_while_the_driver_is_away),
		IN_SITE(rights_are_those_of_the_user),
		IN_SITE(fsd_is_latched_and_shown_in_front_of_the_status),
		IN_SITE(a_setting_is_checked_and_handed_to_the_driver),
		IN_SITE(a_command_is_checked_and_handed_to_the_driver),
		IN_SITE(a_tracked_request_is_followed_by_its_id),
		IN_SITE(a_line_that_cannot_be_read_gets_one_answer),
		IN_SITE(commands_in_one_segment_are_answered_in_order),
		IN_SITE(a_value_of_thousands_of_bytes_is_passed_on_whole),
		IN_SITE(a_kept_list_is_renewed_when_a_value_changes),
		IN_SITE(stale_data_are_refused_until_they_are_good_again),
		IN_SITE(a_silent_driver_is_asked_and_then_taken_for_stale),
		IN_SITE(a_driver_that_ends_is_not_connected_and_comes_back),
		IN_SITE(a_driver_that_never_ends_its_dump_goes_stale),
		IN_SITE(requests_for_a_driver_that_reads_nothing_fail_in_the_end),
		IN_SITE(who_is_silent_for_a_minute_is_disconnected),
		IN_SITE(beyond_the_maximum_a_client_is_refused_with_a_line),
		IN_SITE(a_reload_keeps_what_stays_and_ends_what_goes),
		cmocka_unit_test(every_command_is_found_in_any_letter_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
