/* upsmqtt: topics, its configuration, what happened, and what Home Assistant is told. */
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

#include "clients/upsmqtt/conf.h"
#include "clients/upsmqtt/discovery.h"
#include "clients/upsmqtt/happenings.h"
#include "clients/upsmqtt/payload.h"
#include "clients/upsmqtt/topics.h"
#include "common/base/str.h"

/* ----------------------------------------------------------------------------- topics */

static void what_is_no_part_of_a_topic_is_an_underscore(void **state)
{
	char topic[TOPIC_MAX];

	(void)state;
	assert_true(topics_make(topic, sizeof(topic), "nut/x", "a/b+c#d e@h\xc3\xbc", "state"));
	assert_string_equal(topic, "nut/x/a_b_c_d_e@h__/state");
	assert_true(topics_make(topic, sizeof(topic), "nut", "$SYS", NULL));
	assert_string_equal(topic, "nut/_SYS");
	assert_false(topics_make(topic, 10, "nut", "ups@localhost", "state"));
}

static void a_prefix_has_no_wildcards_and_no_empty_levels(void **state)
{
	static const char *const bad[] = {"",  "/a",  "a/",   "a//b",     "a/+",
					  "#", "a b", "$SYS", "\xc3\xbc", NULL};

	(void)state;
	for (size_t i = 0; bad[i]; i++)
		assert_false(topics_valid(bad[i]));
	assert_true(topics_valid("nut"));
	assert_true(topics_valid("site/rack-1/nut"));
}

static enum topics_kind kind_of(const char *topic, const char *device, const char *name)
{
	struct topics_parsed p;

	topics_parse("nut/x", topic, &p);
	if (device)
		assert_string_equal(p.device, device);
	if (name)
		assert_string_equal(p.name, name);
	return p.kind;
}

static void a_topic_comes_apart_as_it_was_made(void **state)
{
	(void)state;
	assert_int_equal(kind_of("nut/x/a@b/command", "a@b", ""), TOPICS_COMMAND);
	assert_int_equal(kind_of("nut/x/a@b/set/ups.id", "a@b", "ups.id"), TOPICS_SET);
	assert_int_equal(kind_of("nut/x/a@b/availability", "a@b", ""), TOPICS_AVAILABILITY);
	assert_int_equal(kind_of("nut/x/a@b/set/", NULL, NULL), TOPICS_OTHER);
	assert_int_equal(kind_of("nut/x/a@b/set/a/b", NULL, NULL), TOPICS_OTHER);
	assert_int_equal(kind_of("nut/x/a@b/command/x", NULL, NULL), TOPICS_OTHER);
	assert_int_equal(kind_of("nut/xy/a@b/command", NULL, NULL), TOPICS_OTHER);
	assert_int_equal(kind_of("nut/x//command", NULL, NULL), TOPICS_OTHER);
	assert_int_equal(kind_of("nut/x", NULL, NULL), TOPICS_OTHER);
	assert_int_equal(kind_of("", NULL, NULL), TOPICS_OTHER);
}

/* ----------------------------------------------------------------------- configuration */

static struct mqtt_conf *load(const char *text, unsigned *errors)
{
	char path[] = "/tmp/test_upsmqtt.XXXXXX";
	struct conf_report report = {.emit = NULL};
	struct mqtt_conf *conf;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	conf = mqtt_conf_load(path, &report);
	unlink(path);
	*errors = report.errors;
	return conf;
}

static void what_is_not_said_has_a_value_of_its_own(void **state)
{
	unsigned errors;
	struct mqtt_conf *conf = load("MONITOR *@[::1]:4000 text\n", &errors);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->monitor_count, 1);
	assert_string_equal(conf->monitors[0].ups, "*");
	assert_string_equal(conf->monitors[0].host, "::1");
	assert_int_equal(conf->monitors[0].port, 4000);
	assert_string_equal(conf->broker_host, "localhost");
	assert_int_equal(mqtt_conf_port(conf), 1883);
	assert_true(str_starts(conf->prefix, "nut/"));
	assert_true(str_starts(conf->client_id, "upsmqtt-"));
	assert_true(conf->each && conf->json && conf->sandbox && !conf->tls && !conf->discovery);
	assert_false(mqtt_patterns_match(&conf->commands, "load.off"));
	mqtt_conf_free(conf);
}

static void all_that_can_be_said_is_taken(void **state)
{
	unsigned errors;
	struct mqtt_conf *conf = load("MONITOR a@h\nMONITOR b@h\nBROKER [fe80::1]\nTLS yes\n"
				      "PREFIX p\nCLIENTID c\nUSER u\nPASSWORDFILE /f\nCAFILE /c\n"
				      "CERTFILE /d\nKEYFILE /e\nKEEPALIVE 60\nQOS 0\n"
				      "COMMANDS test.* beeper.mute\nCOMMANDS load.on\n"
				      "SETTINGS ups.id\nVARIABLES ups.*\nJSON no\nDISCOVERY ha/x\n"
				      "RUN_AS_USER n\nDEBUG_MIN 2\nSANDBOX no\nAUTHCONF /a\n",
				      &errors);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->monitor_count, 2);
	assert_string_equal(conf->broker_host, "fe80::1");
	assert_int_equal(mqtt_conf_port(conf), 8883);
	assert_string_equal(conf->discovery, "ha/x");
	assert_int_equal(conf->commands.count, 3);
	assert_true(mqtt_patterns_match(&conf->commands, "Test.battery.start"));
	assert_true(mqtt_patterns_match(&conf->commands, "load.on"));
	assert_false(mqtt_patterns_match(&conf->commands, "load.off"));
	assert_false(mqtt_patterns_match(&conf->commands, "beeper.mute.not"));
	mqtt_conf_free(conf);
}

static void a_file_with_mistakes_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"MONITOR\n",
		"MONITOR @h\n",
		"MONITOR a@h b c\n",
		"MONITOR a@h\nTOPICS no\nJSON no\n",
		"MONITOR a@h\nTOPICS no\nDISCOVERY yes\n",
		"MONITOR a@h\nTLS yes\nCERTFILE /c\n",
		"MONITOR a@h\nPASSWORDFILE /c\n",
		"MONITOR a@h\nBROKER h:0\n",
		"MONITOR a@h\nKEEPALIVE 1\n",
		"MONITOR a@h\nDISCOVERY a//b\n",
		NULL,
	};
	unsigned errors;

	(void)state;
	for (size_t i = 0; bad[i]; i++) {
		assert_null(load(bad[i], &errors));
		assert_true(errors > 0);
	}
}

/* -------------------------------------------------------------------------- happenings */

static void note(void *arg, const char *event)
{
	char *said = arg;
	size_t used = strlen(said);

	str_format(said + used, 256 - used, "%s%s", used ? " " : "", event);
}

static const char *look(struct happenings *h, bool talks, const char *status)
{
	static char said[256];

	said[0] = '\0';
	happenings_look(h, talks, status, note, said);
	return said;
}

static void what_is_seen_first_has_not_happened(void **state)
{
	struct happenings h = {false};

	(void)state;
	assert_string_equal(look(&h, false, NULL), "");
	assert_string_equal(look(&h, true, "OB LB"), "");
	assert_string_equal(look(&h, true, "OB LB"), "");
}

static void a_power_failure_has_its_events(void **state)
{
	struct happenings h = {false};

	(void)state;
	look(&h, true, "OL CHRG");
	assert_string_equal(look(&h, true, "OB DISCHRG"), "ONBATT");
	assert_string_equal(look(&h, true, "OB DISCHRG LB"), "LOWBATT");
	assert_string_equal(look(&h, true, "FSD OB LB"), "FSD");
	assert_string_equal(look(&h, true, "OL BYPASS OVER"), "ONLINE BYPASS OVER");
	assert_string_equal(look(&h, true, "OL"), "NOTBYPASS NOTOVER");
}

static void what_happened_while_it_was_silent_is_told_once_it_talks(void **state)
{
	struct happenings h = {false};

	(void)state;
	look(&h, true, "OL");
	assert_string_equal(look(&h, false, "OL"), "COMMBAD");
	assert_string_equal(look(&h, false, "OB LB"), "");
	assert_string_equal(look(&h, true, "OB"), "COMMOK ONBATT");
}

/* ----------------------------------------------------------------------------- payloads */

static void an_object_has_no_comma_too_many(void **state)
{
	struct buffer b = {.data = NULL};

	(void)state;
	payload_result(&b, "set", "ups.id", "a \"b\"\n", NULL, 5);
	assert_string_equal(buffer_string(&b), "{\"command\":\"set\",\"name\":\"ups.id\",\"value\":"
					       "\"a \\\"b\\\"\\n\",\"result\":\"ok\",\"time\":5}");
	buffer_clear(&b);
	payload_result(&b, "load.off", NULL, NULL, "no", 5);
	assert_string_equal(buffer_string(&b), "{\"command\":\"load.off\",\"result\":\"error\","
					       "\"error\":\"no\",\"time\":5}");
	buffer_clear(&b);
	buffer_append_char(&b, '{');
	payload_close(&b, '}');
	assert_string_equal(buffer_string(&b), "{}");
	buffer_free(&b);
}

static void no_two_entities_have_one_topic(void **state)
{
	static char topics[80][TOPIC_MAX];
	unsigned errors;
	struct mqtt_conf *conf =
		load("MONITOR a@h\nDISCOVERY yes\nCOMMANDS load.off beeper.*\n", &errors);
	struct loop *loop = loop_new();
	struct resolver *resolver = resolver_new(loop);
	static const struct fleet_ops ops = {NULL, NULL, NULL};
	struct fleet *fleet = fleet_new(loop, resolver, 0, 0, &ops, NULL);
	const struct fleet_site site = {.ups = "a", .host = "h", .port = 1};
	const struct fleet_device *d;
	size_t count;

	(void)state;
	assert_non_null(conf);
	assert_true(fleet_watch(fleet, &site));
	d = fleet_at(fleet, 0);
	count = discovery_count(conf);
	assert_true(count < 80);
	for (size_t i = 0; i < count; i++) {
		assert_true(discovery_topic(conf, d, i, topics[i], sizeof(topics[i])));
		assert_null(strpbrk(topics[i], "+# @:."));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(topics[i], topics[k]);
	}
	/* Without a value there is no sensor; a pattern is no button. */
	for (size_t i = 0; i < count; i++)
		assert_int_equal(discovery_has(conf, d, i), i == count - 2);
	fleet_free(fleet);
	resolver_free(resolver);
	loop_free(loop);
	mqtt_conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_part_of_a_topic_is_an_underscore),
		cmocka_unit_test(a_prefix_has_no_wildcards_and_no_empty_levels),
		cmocka_unit_test(a_topic_comes_apart_as_it_was_made),
		cmocka_unit_test(what_is_not_said_has_a_value_of_its_own),
		cmocka_unit_test(all_that_can_be_said_is_taken),
		cmocka_unit_test(a_file_with_mistakes_is_none),
		cmocka_unit_test(what_is_seen_first_has_not_happened),
		cmocka_unit_test(a_power_failure_has_its_events),
		cmocka_unit_test(what_happened_while_it_was_silent_is_told_once_it_talks),
		cmocka_unit_test(an_object_has_no_comma_too_many),
		cmocka_unit_test(no_two_entities_have_one_topic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
