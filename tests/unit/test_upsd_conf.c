/*
 * upsd.conf, ups.conf and upsd.users: what is taken, what is reported.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "server/conf.h"
#include "common/net/netaddr.h"
#include "server/users.h"

/* A file in a private place, and what was reported about it. */
struct fixture {
	char path[64];
	struct buffer problems;
	struct conf_report report;
	struct upsd_conf *conf;
	struct users *users;
};

static void note(void *arg, enum conf_severity severity, const char *text)
{
	struct fixture *f = arg;

	(void)severity;
	buffer_append_str(&f->problems, text);
	buffer_append_char(&f->problems, '\n');
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	if (!f)
		return -1;
	strcpy(f->path, "/tmp/test-conf-XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0)
		return -1;
	close(fd);
	f->report = (struct conf_report){.emit = note, .arg = f};
	f->conf = upsd_conf_new();
	*state = f;
	return f->conf ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	buffer_free(&f->problems);
	upsd_conf_free(f->conf);
	users_free(f->users);
	free(f);
	return 0;
}

static void write_file(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void read_server(struct fixture *f, const char *text)
{
	write_file(f, text);
	assert_true(upsd_conf_read_server(f->conf, f->path, &f->report));
}

static void read_devices(struct fixture *f, const char *text)
{
	write_file(f, text);
	assert_true(upsd_conf_read_devices(f->conf, f->path, &f->report));
}

static void read_users(struct fixture *f, const char *text)
{
	write_file(f, text);
	f->users = users_load(f->path, &f->report);
	assert_non_null(f->users);
}

static bool right(const struct fixture *f, const char *name, const char *password)
{
	const struct users_claim claim = {.name = name, .password = password};
	const char *hash;

	return users_check(f->users, &claim, &hash) == USERS_RIGHT;
}

static bool may(const struct fixture *f, const char *name, const char *password,
		enum user_action action)
{
	return right(f, name, password) && users_permit(f->users, name, action, "ups");
}

static bool may_command(const struct fixture *f, const char *name, const char *password,
			const char *command)
{
	return right(f, name, password) && users_permit_instcmd(f->users, name, "ups", command);
}

static void assert_problem(struct fixture *f, const char *part)
{
	if (!strstr(buffer_string(&f->problems), part))
		fail_msg("no \"%s\" in: %s", part, buffer_string(&f->problems));
}

/* ---------------------------------------------------------------- upsd.conf */

static void an_empty_file_gives_the_defaults(void **state)
{
	struct fixture *f = *state;

	read_server(f, "# nothing\n");
	assert_int_equal(f->conf->maxage_s, 15);
	assert_int_equal(f->conf->tracking_delay_s, 3600);
	assert_int_equal(f->conf->max_connections, 0);
	assert_int_equal(f->conf->debug_min, -1);
	assert_int_equal(f->conf->listen_count, 0);
	assert_int_equal(f->report.errors + f->report.warnings, 0);
}

static void each_directive_is_taken(void **state)
{
	struct fixture *f = *state;

	read_server(f, "MAXAGE 30\nTRACKINGDELAY 60\nMAXCONN 100\ndebug_min 2\n"
		       "ALLOW_NO_DEVICE yes\nREAD_NEEDS_LOGIN yes\nALLOW_NOT_ALL_LISTENERS "
		       "1\nSTATEPATH /run/x\n"
		       "DATAPATH /usr/x\nLISTEN ::1\nLISTEN host 1234\n");
	assert_int_equal(f->report.errors + f->report.warnings, 0);
	assert_int_equal(f->conf->maxage_s, 30);
	assert_int_equal(f->conf->tracking_delay_s, 60);
	assert_int_equal(f->conf->max_connections, 100);
	assert_true(f->conf->read_needs_login);
	assert_int_equal(f->conf->debug_min, 2);
	assert_true(f->conf->allow_no_device);
	assert_true(f->conf->allow_not_all_listeners);
	assert_string_equal(f->conf->statepath, "/run/x");
	assert_string_equal(f->conf->datapath, "/usr/x");
	assert_int_equal(f->conf->listen_count, 2);
	assert_string_equal(f->conf->listens[0].host, "::1");
	assert_int_equal(f->conf->listens[1].port, 1234);
}

static void all_mistakes_of_a_file_are_reported_with_their_lines(void **state)
{
	struct fixture *f = *state;

	read_server(f, "MAXAGE soon\nLISTEN x 99999\nMAXAGE = 3\nMAXCONN\nSTATEPATH run\n"
		       "MAXAGE 20\n");
	assert_int_equal(f->report.errors, 5);
	assert_problem(f, ":1: ");
	assert_problem(f, ":2: ");
	assert_problem(f, ":3: MAXAGE and its value are separated by a space; leave the = out");
	assert_problem(f, ":4: MAXCONN wants a value");
	assert_problem(f, ":5: STATEPATH wants an absolute path");
	assert_int_equal(f->conf->maxage_s, 20);
	assert_int_equal(f->conf->listen_count, 0);
}

static void an_unknown_directive_only_warns(void **state)
{
	struct fixture *f = *state;

	read_server(f, "MAXAEG 3\nACL all 0.0.0.0/0\nDISABLE_WEAK_SSL no\n");
	assert_int_equal(f->report.errors, 0);
	assert_int_equal(f->report.warnings, 3);
	assert_problem(f, "MAXAGE");
}

static void the_environment_wins_over_the_file(void **state)
{
	struct fixture *f = *state;

	setenv("ALLOW_NO_DEVICE", "true", 1);
	read_server(f, "ALLOW_NO_DEVICE no\n");
	unsetenv("ALLOW_NO_DEVICE");
	assert_true(f->conf->allow_no_device);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
	struct fixture *f = *state;

	assert_false(upsd_conf_read_server(f->conf, "/nonexistent/upsd.conf", &f->report));
	assert_false(upsd_conf_read_devices(f->conf, "/nonexistent/ups.conf", &f->report));
	assert_null(users_load("/nonexistent/upsd.users", &f->report));
	assert_int_equal(f->report.errors, 3);
	assert_problem(f, "cannot be read: No such file or directory; create it");
}

/* ----------------------------------------------------------------- ups.conf */

static void sections_become_upses_in_their_order(void **state)
{
	struct fixture *f = *state;

	read_devices(f, "maxretry = 3\nstatepath = /run/y\n[b]\ndriver = usbhid-ups\nport = auto\n"
			"desc = \"The rack\"\n[a]\n  driver = dummy-ups\n  port = x.dev\n"
			"  pollinterval = 3\n");
	assert_int_equal(f->report.errors + f->report.warnings, 0);
	assert_int_equal(f->conf->ups_count, 2);
	assert_string_equal(f->conf->upses[0].name, "b");
	assert_string_equal(f->conf->upses[0].desc, "The rack");
	assert_string_equal(f->conf->upses[1].driver, "dummy-ups");
	assert_null(f->conf->upses[1].desc);
	assert_string_equal(f->conf->statepath, "/run/y");
}

static void sections_of_one_name_are_merged_and_later_keys_win(void **state)
{
	struct fixture *f = *state;

	read_devices(f, "[a]\ndriver = x\nport = 1\n[b]\ndriver = y\nport = 2\n[a]\nport = 3\n");
	assert_int_equal(f->report.errors, 0);
	assert_int_equal(f->conf->ups_count, 2);
	assert_string_equal(f->conf->upses[0].port, "3");
}

static void names_that_differ_in_letter_case_only_are_an_error(void **state)
{
	struct fixture *f = *state;

	read_devices(f, "[ups]\ndriver = x\nport = 1\n[UPS]\ndriver = y\nport = 2\n");
	assert_int_equal(f->report.errors, 1);
	assert_problem(f, ":4: [UPS] differs from [ups] of line 1");
	assert_int_equal(f->conf->ups_count, 1);
	assert_string_equal(f->conf->upses[0].driver, "x");
}

static void a_section_without_driver_or_port_is_left_out(void **state)
{
	struct fixture *f = *state;

	read_devices(f, "[a]\nport = 1\nalias = q\n[b]\ndriver = y\n[c]\ndriver = z\nport = 3\n");
	assert_int_equal(f->report.errors, 2);
	assert_problem(f, ":1: UPS [a] has no \"driver = ...\"");
	assert_problem(f, ":4: UPS [b] has no \"port = ...\"");
	assert_int_equal(f->conf->ups_count, 1);
	assert_string_equal(f->conf->upses[0].name, "c");
}

static void a_name_cannot_lead_out_of_the_state_directory(void **state)
{
	struct fixture *f = *state;

	read_devices(f, "[../x]\ndriver = a\nport = 1\n[y]\ndriver = ../b\nport = 1\n");
	assert_int_equal(f->report.errors, 2);
	assert_int_equal(f->conf->ups_count, 0);
}

static void aliases_are_further_names(void **state)
{
	struct fixture *f = *state;

	read_devices(f, "[rack]\ndriver = x\nport = 1\nalias = ups qnapups\nalias = third\n");
	assert_int_equal(f->report.errors, 0);
	assert_int_equal(f->conf->upses[0].alias_count, 3);
	assert_string_equal(f->conf->upses[0].aliases[1], "qnapups");
}

static void an_alias_that_is_a_name_already_is_left_out(void **state)
{
	struct fixture *f = *state;

	read_devices(f, "[a]\ndriver = x\nport = 1\nalias = B c\n[b]\ndriver = x\nport = 2\n"
			"alias = C d\n");
	assert_int_equal(f->report.errors, 2);
	assert_problem(f, "alias \"B\" of [a] is a name already");
	assert_problem(f, "alias \"C\" of [b] is a name already");
	assert_int_equal(f->conf->upses[0].alias_count, 1);
	assert_int_equal(f->conf->upses[1].alias_count, 1);
	assert_string_equal(f->conf->upses[1].aliases[0], "d");
}

/* --------------------------------------------------------------- comparison */

static void list_change(void *arg, enum upsd_conf_change change, const struct upsd_conf_ups *before,
			const struct upsd_conf_ups *after)
{
	static const char letters[] = "+-~=";

	buffer_appendf(arg, "%c%s ", letters[change], after ? after->name : before->name);
}

static void a_reload_is_told_what_came_went_and_changed(void **state)
{
	struct fixture *f = *state;
	struct upsd_conf *after = upsd_conf_new();
	struct buffer changes = {0};

	read_devices(f, "[a]\ndriver = x\nport = 1\n[b]\ndriver = x\nport = 1\n"
			"[c]\ndriver = x\nport = 1\n[d]\ndriver = x\nport = 1\n"
			"[e]\ndriver = x\nport = 1\n");
	write_file(f, "[new]\ndriver = x\nport = 1\n[E]\ndriver = x\nport = 1\n"
		      "[d]\ndriver = x\nport = 2\n[c]\ndriver = x\nport = 1\nalias = q\n"
		      "[b]\ndriver = y\nport = 1\n");
	assert_true(upsd_conf_read_devices(after, f->path, &f->report));
	assert_true(upsd_conf_diff(f->conf, after, list_change, &changes));
	assert_string_equal(buffer_string(&changes), "-a +new ~E =d ~c ~b ");
	upsd_conf_free(after);
	buffer_free(&changes);
}

/* --------------------------------------------------------------- upsd.users */

static void a_user_may_do_what_the_file_says(void **state)
{
	struct fixture *f = *state;

	read_users(f, "[admin]\npassword = secret\nactions = SET FSD\ninstcmds = ALL\n"
		      "[mon]\npassword=pw\nupsmon primary\n[sec]\npassword = \"a b\"\n"
		      "upsmon = slave\ninstcmds = test.panel beeper.mute\n");
	assert_int_equal(f->report.errors + f->report.warnings, 0);
	assert_true(may(f, "admin", "secret", USER_SET));
	assert_true(may(f, "admin", "secret", USER_FSD));
	assert_false(may(f, "admin", "secret", USER_LOGIN));
	assert_true(may_command(f, "admin", "secret", "load.off"));
	assert_true(may(f, "mon", "pw", USER_LOGIN));
	assert_true(may(f, "mon", "pw", USER_PRIMARY));
	assert_true(may(f, "mon", "pw", USER_FSD));
	assert_true(may(f, "sec", "a b", USER_LOGIN));
	assert_false(may(f, "sec", "a b", USER_PRIMARY));
	assert_true(may_command(f, "sec", "a b", "TEST.panel"));
	assert_false(may_command(f, "sec", "a b", "load.off"));
}

static void wrong_credentials_permit_nothing(void **state)
{
	struct fixture *f = *state;

	read_users(f, "[admin]\npassword = secret\nactions = SET\n[none]\nactions = SET\n");
	assert_int_equal(f->report.warnings, 1);
	assert_false(may(f, "admin", "Secret", USER_SET));
	assert_false(may(f, "admin", "", USER_SET));
	assert_false(may(f, "Admin", "secret", USER_SET));
	assert_false(may(f, "none", "", USER_SET));
	assert_false(may(f, "nobody", "", USER_SET));
	assert_false(may_command(f, "nobody", "", "x"));
}

static void a_user_defined_twice_keeps_the_first_definition(void **state)
{
	struct fixture *f = *state;

	read_users(f, "[a]\npassword = one\n[b]\npassword = two\n[a]\npassword = three\n"
		      "actions = SET\n");
	assert_int_equal(f->report.errors, 1);
	assert_problem(f, ":5: user [a] was defined already in line 1");
	assert_false(may(f, "a", "one", USER_SET));
	assert_false(may(f, "b", "two", USER_SET));
	assert_false(may(f, "a", "three", USER_SET));
}

/* What a name, a password and an address come to. */
static enum users_verdict verdict(const struct fixture *f, const char *name, const char *password,
				  const char *address, const char **hash)
{
	struct netaddr from;
	const struct users_claim claim = {
		.name = name, .password = password, .from = (const struct sockaddr *)&from.ss};

	assert_true(netaddr_from_numeric(address, 1, &from));
	*hash = NULL;
	return users_check(f->users, &claim, hash);
}

static void a_hashed_password_is_left_to_who_can_wait(void **state)
{
	struct fixture *f = *state;
	const char *hash;

	read_users(f, "[a]\npasswordhash = $5$saltsalt$tAFEDy6y6VMsmz\n[b]\npassword = $5$x\n");
	assert_int_equal(f->report.errors + f->report.warnings, 0);
	assert_int_equal(verdict(f, "a", "x", "::1", &hash), USERS_HASHED);
	assert_string_equal(hash, "$5$saltsalt$tAFEDy6y6VMsmz");
	assert_int_equal(verdict(f, "a", NULL, "::1", &hash), USERS_WRONG);
	/* A plain password may look like a hash. */
	assert_int_equal(verdict(f, "b", "$5$x", "::1", &hash), USERS_RIGHT);
	assert_int_equal(verdict(f, "b", "x", "::1", &hash), USERS_WRONG);
}

static void an_unknown_name_is_checked_against_what_nothing_fits(void **state)
{
	struct fixture *f = *state;
	const char *hash;

	read_users(f, "[a]\npasswordhash = $5$saltsalt$tAFEDy6y6VMsmz\n");
	assert_int_equal(verdict(f, "nobody", "x", "::1", &hash), USERS_HASHED);
	assert_string_equal(hash, "$5$saltsalt$tAFEDy6y6VMsm.");
}

static void what_is_no_hash_is_an_error(void **state)
{
	struct fixture *f = *state;

	read_users(f, "[a]\npasswordhash = secret\n[b]\npassword = x\npasswordhash = $5$a$b\n");
	assert_int_equal(f->report.errors, 2);
	assert_problem(f, "passwordhash of [a] cannot be used");
	assert_problem(f, "a second password of [b] is ignored");
	assert_null(strstr(buffer_string(&f->problems), "secret"));
}

static void a_user_comes_from_its_addresses_only(void **state)
{
	struct fixture *f = *state;
	const char *hash;

	read_users(f, "[a]\npassword = x\nfrom = 192.0.2.0/24\nfrom = local\n"
		      "[b]\npassword = x\nfrom = example.org\n");
	assert_int_equal(f->report.errors, 1);
	assert_problem(f, "from of [b] does not know \"example.org\"");
	assert_int_equal(verdict(f, "a", "x", "192.0.2.9", &hash), USERS_RIGHT);
	assert_int_equal(verdict(f, "a", "x", "::1", &hash), USERS_RIGHT);
	assert_int_equal(verdict(f, "a", "x", "192.0.3.9", &hash), USERS_WRONG);
	assert_int_equal(verdict(f, "b", "x", "::1", &hash), USERS_WRONG);
	assert_false(right(f, "a", "x")); /* from nowhere known */
}

static void limits_narrow_what_actions_and_instcmds_give(void **state)
{
	struct fixture *f = *state;

	read_users(f, "[a]\npassword = x\nactions = SET\ninstcmds = ALL\nups = lab-* hall\n"
		      "vars = outlet.*\ncmds = test.*\n"
		      "[b]\npassword = x\nups = *\nvars = *\ncmds = *\n");
	assert_int_equal(f->report.errors + f->report.warnings, 0);
	assert_true(users_permit_var(f->users, "a", "lab-1", "outlet.1.desc"));
	assert_true(users_permit_var(f->users, "a", "Hall", "outlet.1.desc"));
	assert_false(users_permit_var(f->users, "a", "shed", "outlet.1.desc"));
	assert_false(users_permit_var(f->users, "a", "lab-1", "ups.id"));
	assert_true(users_permit_instcmd(f->users, "a", "lab-1", "test.panel"));
	assert_false(users_permit_instcmd(f->users, "a", "lab-1", "load.off"));
	assert_false(users_permit_instcmd(f->users, "a", "shed", "test.panel"));
	assert_false(users_permit_var(f->users, "b", "lab-1", "ups.id"));
	assert_false(users_permit_instcmd(f->users, "b", "lab-1", "test.panel"));
	assert_false(users_permit(f->users, "nobody", USER_SET, "lab-1"));
}

static void an_account_stands_in_for_one_user_only(void **state)
{
	struct fixture *f = *state;

	read_users(f, "[a]\npeer = 1234\n[b]\npeer = root\n[c]\npassword = x\n"
		      "[d]\npeer = no-such-account-here\n");
	assert_int_equal(f->report.errors, 1);
	assert_problem(f, "no-such-account-here");
	assert_true(users_trust_peer(f->users, "a", 1234));
	assert_false(users_trust_peer(f->users, "a", 0));
	assert_true(users_trust_peer(f->users, "b", 0));
	assert_false(users_trust_peer(f->users, "c", 0));
	assert_false(users_trust_peer(f->users, "d", 0));
}

static void mistakes_in_users_are_reported(void **state)
{
	struct fixture *f = *state;

	read_users(f, "password = x\n[a]\npassword = x\npassword = y\nupsmon leader\n"
		      "actions = JUMP\npasword = z\nallowfrom = localhost\nuser = old\n");
	assert_int_equal(f->report.errors, 2);
	assert_int_equal(f->report.warnings, 4);
	assert_problem(f, ":4: a second password");
	assert_problem(f, ":5: unknown upsmon role \"leader\"");
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(an_empty_file_gives_the_defaults),
		WITH_FILE(each_directive_is_taken),
		WITH_FILE(all_mistakes_of_a_file_are_reported_with_their_lines),
		WITH_FILE(an_unknown_directive_only_warns),
		WITH_FILE(the_environment_wins_over_the_file),
		WITH_FILE(a_file_that_is_not_there_is_an_error),
		WITH_FILE(sections_become_upses_in_their_order),
		WITH_FILE(sections_of_one_name_are_merged_and_later_keys_win),
		WITH_FILE(names_that_differ_in_letter_case_only_are_an_error),
		WITH_FILE(a_section_without_driver_or_port_is_left_out),
		WITH_FILE(a_name_cannot_lead_out_of_the_state_directory),
		WITH_FILE(aliases_are_further_names),
		WITH_FILE(an_alias_that_is_a_name_already_is_left_out),
		WITH_FILE(a_reload_is_told_what_came_went_and_changed),
		WITH_FILE(a_user_may_do_what_the_file_says),
		WITH_FILE(wrong_credentials_permit_nothing),
		WITH_FILE(a_user_defined_twice_keeps_the_first_definition),
		WITH_FILE(a_hashed_password_is_left_to_who_can_wait),
		WITH_FILE(an_unknown_name_is_checked_against_what_nothing_fits),
		WITH_FILE(what_is_no_hash_is_an_error),
		WITH_FILE(a_user_comes_from_its_addresses_only),
		WITH_FILE(limits_narrow_what_actions_and_instcmds_give),
		WITH_FILE(an_account_stands_in_for_one_user_only),
		WITH_FILE(mistakes_in_users_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
