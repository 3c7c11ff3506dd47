#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clients/report/bundle.h"
#include "clients/report/cloak.h"
#include "clients/report/guess.h"
#include "clients/report/redact.h"
#include "common/base/str.h"

static struct buffer out;

static const char *apply(struct cloak *c, const char *text)
{
	buffer_clear(&out);
	cloak_apply(c, text, strlen(text), &out);
	return buffer_string(&out);
}

static void a_secret_is_taken_out_however_it_is_written(void **state)
{
	struct cloak *c = cloak_new();

	(void)state;
	assert_string_equal(cloak_add(c, CLOAK_SECRET, "Open#Sesame 7"), "<secret>");
	assert_string_equal(apply(c, "say \"Open#Sesame 7\"!"), "say \"<secret>\"!");
	assert_string_equal(apply(c, "OPEN#SESAME 7"), "<secret>");
	assert_string_equal(apply(c, "Open\\#Sesame 7"), "<secret>");
	assert_string_equal(apply(c, "?p=Open%23Sesame%207&x"), "?p=<secret>&x");
	assert_string_equal(apply(c, "4f70656e23536573616d652037"), "<secret>");
	assert_null(strstr(apply(c, "T3BlbiNTZXNhbWUgNw=="), "W4jU2VzYW"));
	/* user:Open#Sesame 7, me:Open#Sesame 7 and you:Open#Sesame 7 */
	assert_non_null(strstr(apply(c, "dXNlcjpPcGVuI1Nlc2FtZSA3"), "<secret>"));
	assert_non_null(strstr(apply(c, "bWU6T3BlbiNTZXNhbWUgNw=="), "<secret>"));
	assert_non_null(strstr(apply(c, "eW91Ok9wZW4jU2VzYW1lIDc="), "<secret>"));
	assert_int_equal(cloak_hits(c, CLOAK_SECRET), 9);
	cloak_free(c);
}

static void short_secrets_and_names_count_as_whole_words(void **state)
{
	struct cloak *c = cloak_new();

	(void)state;
	cloak_add(c, CLOAK_SECRET, "abc");
	assert_string_equal(cloak_add(c, CLOAK_USER, "eve"), "<user-1>");
	assert_string_equal(cloak_add(c, CLOAK_USER, "EVE"), "<user-1>");
	assert_string_equal(cloak_add(c, CLOAK_HOST, "nas"), "<host-1>");
	assert_string_equal(apply(c, "abc xabc (abc) event eve@nas nasty"),
			    "<secret> xabc (<secret>) event <user-1>@<host-1> nasty");
	cloak_free(c);
}

static void names_that_everybody_has_stay(void **state)
{
	struct cloak *c = cloak_new();

	(void)state;
	assert_string_equal(cloak_add(c, CLOAK_HOST, "localhost"), "localhost");
	assert_string_equal(cloak_add(c, CLOAK_SERIAL, "000000000000"), "000000000000");
	assert_string_equal(cloak_add(c, CLOAK_SECRET, "ups"), "<secret>");
	cloak_free(c);
}

static const char *guessed(const char *text)
{
	struct cloak *c = cloak_new();
	const char *result;

	guess_secrets(c, text, strlen(text));
	result = apply(c, text);
	cloak_free(c);
	return result;
}

static void what_looks_like_a_secret_is_found(void **state)
{
	(void)state;
	assert_string_equal(guessed("password=tiger"), "password=<secret>");
	assert_string_equal(guessed("the password is tiger."), "the password is <secret>.");
	assert_string_equal(guessed("password: \"tiger\""), "password: \"<secret>\"");
	assert_string_equal(guessed("MQTT_TOKEN=tiger"), "MQTT_TOKEN=<secret>");
	assert_string_equal(guessed("Authorization: Bearer a.b.c"),
			    "Authorization: <secret> <secret>");
	assert_string_equal(guessed("http://me:tiger@nas/x"), "http://<secret>@nas/x");
	assert_string_equal(guessed("$6$salt$hashhash"), "<secret>");
	assert_string_equal(guessed("id 9f86d081884c7d659a2feaa0c55ad015"), "id <secret>");
	assert_string_equal(guessed("from 192.0.2.7, fe80::1 and 192.0.2.7"),
			    "from <host-1>, <host-2> and <host-1>");
	assert_string_equal(guessed("02:00:5e:10:00:01"), "<host-1>");
	assert_string_equal(guessed("mail to ann@example.org"), "mail to <user-1>");
	assert_string_equal(guessed("password: ..."), "password: ...");
}

static void ordinary_lines_of_a_log_stay_as_they_are(void **state)
{
	static const char *const lines[] = {
		"UPS rack@localhost on battery",
		"listening on 127.0.0.1 port 3493",
		"usbhid-ups: 051d:0002 Back-UPS ES 700G FW:871.O4 .I USB FW:O4",
		"Network UPS Tools upsd 2.8.0-chestnut-0.1.0",
		"/usr/lib/x86_64-linux-gnu/libusb-1.0.so.0.3.0",
		"connected to driver dummy-ups-rack",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(guessed(lines[i]), lines[i]);
}

static const struct policy_file *file_of(const char *name)
{
	const struct policy_file *file = policy_files;

	while (!str_equal(file->name, name))
		file++;
	return file;
}

static const char *redacted(const char *name, const char *text)
{
	struct cloak *c = cloak_new();
	struct buffer b = {0};

	assert_int_equal(redact_text(c, file_of(name), text, strlen(text), &b), 0);
	apply(c, buffer_string(&b));
	buffer_free(&b);
	cloak_free(c);
	return buffer_string(&out);
}

static void lines_stay_where_they_were_and_comments_go(void **state)
{
	(void)state;
	assert_string_equal(redacted("upsd.users", "# old password: tiger\n\n[ann]\n"
						   "  password = lion # was tiger\n"
						   "  upsmon primary\n"),
			    "\n\n[<user-1>]\n\tpassword = <secret>\n\tupsmon primary\n");
}

static void what_is_not_known_is_left_out(void **state)
{
	(void)state;
	assert_string_equal(redacted("upsd.conf", "MAXAGE 20\nMAXAGES tiger\nMAXAGE tiger\n"),
			    "MAXAGE 20\n# <left-out>: not known here\nMAXAGE <left-out>\n");
	assert_string_equal(redacted("ups.conf", "[u]\nport = auto\ntiger\ndesc = attic\n"),
			    "[u]\n\tport = auto\n\t# <left-out>: not known here\n"
			    "\tdesc = <left-out>\n");
}

static void monitor_lines_keep_what_matters(void **state)
{
	(void)state;
	assert_string_equal(redacted("upsmon.conf",
				     "MONITOR ups@nas.example:3493 1 ann tiger primary\n"
				     "SHUTDOWNCMD \"/sbin/shutdown -h +0\"\n"
				     "NOTIFYCMD \"/bin/tell --to lion\"\n"
				     "WAKEONLAN 02:00:5e:10:00:01 192.0.2.255\n"),
			    "MONITOR ups@<host-1>:3493 1 <user-1> <secret> primary\n"
			    "SHUTDOWNCMD \"/sbin/shutdown -h +0\"\n"
			    "NOTIFYCMD \"/bin/tell <left-out>\"\n"
			    "WAKEONLAN <host-2> <host-3>\n");
}

static void a_line_with_an_open_quote_is_not_shown(void **state)
{
	(void)state;
	assert_null(strstr(redacted("upsd.users", "[u]\npassword = \"tig#er\n"), "tig"));
}

static const char *value(const char *name, const char *text)
{
	struct cloak *c = cloak_new();

	buffer_clear(&out);
	redact_value(c, name, text, false, &out);
	cloak_free(c);
	return buffer_string(&out);
}

static void variables_are_shown_by_what_they_mean(void **state)
{
	(void)state;
	assert_string_equal(value("ups.status", "OL CHRG"), "ups.status: OL CHRG\n");
	assert_string_equal(value("battery.charge", "100"), "battery.charge: 100\n");
	assert_string_equal(value("ups.serial", "AS0812"), "ups.serial: <serial-1>\n");
	assert_string_equal(value("device.location", "attic"), "device.location: <place-1>\n");
	assert_string_equal(value("ups.contacts", "0E"), "ups.contacts: 0E\n");
	assert_string_equal(value("driver.parameter.community", "tiger"),
			    "driver.parameter.community: <secret>\n");
	assert_string_equal(value("driver.parameter.what", "tiger"),
			    "driver.parameter.what: <secret>\n");
	assert_string_equal(value("driver.parameter.pollinterval", "2"),
			    "driver.parameter.pollinterval: 2\n");
	assert_string_equal(value("odd.text", "tiger"), "odd.text: <left-out>\n");
}

static void one_part_hides_what_another_one_betrays(void **state)
{
	struct bundle *b = calloc(1, sizeof(*b));
	struct cloak *c = cloak_new();

	(void)state;
	buffer_append_str(&bundle_add(b, "a", "")->text, "tiger");
	buffer_append_str(&bundle_add(b, "b", "")->text, "password tiger");
	b->parts[1].foreign = true;
	assert_true(bundle_scrub(b, c));
	assert_string_equal(buffer_string(&b->parts[0].text), "<secret>");
	bundle_free(b);
	free(b);
	cloak_free(c);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_taken_out_however_it_is_written),
		cmocka_unit_test(short_secrets_and_names_count_as_whole_words),
		cmocka_unit_test(names_that_everybody_has_stay),
		cmocka_unit_test(what_looks_like_a_secret_is_found),
		cmocka_unit_test(ordinary_lines_of_a_log_stay_as_they_are),
		cmocka_unit_test(lines_stay_where_they_were_and_comments_go),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(monitor_lines_keep_what_matters),
		cmocka_unit_test(a_line_with_an_open_quote_is_not_shown),
		cmocka_unit_test(variables_are_shown_by_what_they_mean),
		cmocka_unit_test(one_part_hides_what_another_one_betrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
