#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* before cmocka.h, which needs them */
#include <cmocka.h>

#include "common/base/conffile.h"
#include "common/base/str.h"
#include "drivers/scan/autorange.h"
#include "drivers/scan/nutscan.h"
#include "drivers/scan/scancheck.h"
#include "drivers/scan/scanopts.h"
#include "drivers/scan/scanprint.h"
#include "drivers/scan/serialports.h"
#include "drivers/scan/usbknown.h"

static void assert_conf(const struct findings *all, const char *text)
{
	struct buffer out = {0};

	scanprint_conf(all, NULL, NULL, &out);
	assert_string_equal(buffer_string(&out), text);
	buffer_free(&out);
}

static void assert_parsable(const struct findings *all, const char *text)
{
	struct buffer out = {0};

	scanprint_parsable(all, &out);
	assert_string_equal(buffer_string(&out), text);
	buffer_free(&out);
}

/* ------------------------------------------------------------------------------ printing */

static void sections_have_one_number_over_all_kinds(void **state)
{
	struct findings all = {0};
	struct finding *f = findings_add(&all, FINDING_SNMP, "snmp-ups", "192.0.2.7");

	(void)state;
	finding_set(&all, f, "mibs", "apcc");
	f = findings_add(&all, FINDING_USB, "usbhid-ups", "auto");
	f->alternates = "nutdrv_qx";
	finding_set(&all, f, "vendorid", "0463");
	finding_set(&all, f, "serial", "");
	finding_comment(&all, f, "", "bus", "001");
	finding_comment(&all, f, "TAG", "bcdDevice", "0100");
	finding_remark(&all, findings_add(&all, FINDING_USB, NULL, NULL), "a device %d", 7);
	finding_remark(&all, f, "a remark");
	assert_conf(&all, "[nutdev-usb1]\n"
			  "\t# a remark\n"
			  "\tdriver = \"usbhid-ups\"\t# alternately: nutdrv_qx\n"
			  "\tport = \"auto\"\n"
			  "\tvendorid = \"0463\"\n"
			  "\t# bus = \"001\"\n"
			  "\t###TAG### bcdDevice = \"0100\"\n"
			  "# a device 7\n"
			  "[nutdev-snmp2]\n"
			  "\tdriver = \"snmp-ups\"\n"
			  "\tport = \"192.0.2.7\"\n"
			  "\tmibs = \"apcc\"\n");
	assert_parsable(&all, "USB:driver=\"usbhid-ups\",port=\"auto\",vendorid=\"0463\"\n"
			      "SNMP:driver=\"snmp-ups\",port=\"192.0.2.7\",mibs=\"apcc\"\n");
	findings_free(&all);
}

static bool is_first(void *arg, const char *name)
{
	(void)arg;
	return str_equal(name, "nutdev-usb1");
}

static void names_that_are_taken_are_passed_over(void **state)
{
	struct findings all = {0};
	struct buffer out = {0};

	(void)state;
	findings_add(&all, FINDING_USB, "usbhid-ups", "auto");
	scanprint_conf(&all, is_first, NULL, &out);
	assert_true(str_starts(buffer_string(&out), "[nutdev-usb2]\n"));
	buffer_free(&out);
	findings_free(&all);
}

/* What a file says when it is read again. */
struct reading {
	size_t sections, settings;
	char product[256], desc[256];
};

static void on_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
		       struct conf_report *r)
{
	struct reading *rd = arg;

	(void)at, (void)r;
	rd->sections += s->key == NULL;
	rd->settings += s->key != NULL;
	if (str_equal(s->key, "product"))
		str_copy(rd->product, sizeof(rd->product), s->values[0]);
	if (str_equal(s->key, "desc"))
		str_copy(rd->desc, sizeof(rd->desc), s->values[0]);
}

static void texts_of_devices_stay_within_their_quotes(void **state)
{
	static const char *const texts[] = {
		"plain",         "a\"b",     "a\\",       "\\\"",           "#",      "a # b",
		"[evil]\n[x]",   "a\nport=", "\"\n[x]\n", "\r\n\t\v\f\x01", "=",      "\"",
		"\xff\xfe\xc3(", "'",        "$(id)",     "%s%n",           "a\\\nb", "\\",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf_report report = {NULL, NULL, 0, 0};
		struct findings all = {0};
		struct buffer out = {0};
		struct reading rd = {0};
		struct finding *f = findings_add(&all, FINDING_USB, "usbhid-ups", "auto");
		FILE *file = tmpfile();

		finding_set_pattern(&all, f, "product", texts[i]);
		finding_comment(&all, f, "", "vendor", texts[i]);
		finding_remark(&all, f, "%s", texts[i]);
		finding_remark(&all, findings_add(&all, FINDING_USB, NULL, NULL), "%s", texts[i]);
		findings_add(&all, FINDING_USB, "usbhid-ups", "auto");
		scanprint_conf(&all, NULL, NULL, &out);
		assert_int_equal(fwrite(out.data, 1, out.len, file), out.len);
		rewind(file);
		assert_int_equal(
			conffile_read_settings_fd(fileno(file), "it", on_setting, &rd, &report), 0);
		assert_int_equal(report.errors, 0);
		assert_int_equal(rd.sections, 2);
		assert_int_equal(rd.settings, 5);
		fclose(file);
		buffer_clear(&out);
		scanprint_parsable(&all, &out);
		assert_ptr_equal(strchr(strchr(buffer_string(&out), '\n') + 1, '\n') + 1,
				 out.data + out.len);
		buffer_free(&out);
		findings_free(&all);
	}
}

static void patterns_mean_the_text_itself(void **state)
{
	struct findings all = {0};
	struct finding *f = findings_add(&all, FINDING_USB, "usbhid-ups", "auto");

	(void)state;
	finding_set_pattern(&all, f, "product", "Smart-UPS (1.5) [x] a|b\\");
	assert_string_equal(f->options[0].value, "Smart-UPS \\(1.5\\) \\[x\\] a\\|b\\\\");
	assert_string_equal(finding_text(f, "product"), "Smart-UPS (1.5) [x] a|b\\");
	findings_free(&all);
}

/* ------------------------------------------------------------------------------- checking */

static struct scancheck *conf_of(const char *text)
{
	char path[] = "/tmp/test-scan-XXXXXX";
	int fd = mkstemp(path);
	struct scancheck *c;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	c = scancheck_new(path);
	unlink(path);
	assert_non_null(c);
	return c;
}

static size_t remarks_beside(const char *conf, const char *serial)
{
	struct scancheck *c = conf_of(conf);
	struct findings all = {0};
	struct finding *f = findings_add(&all, FINDING_USB, "usbhid-ups", "auto");
	size_t count;

	f->place = str_dup("1-4.2");
	finding_set(&all, f, "vendorid", "051D");
	finding_set_pattern(&all, f, "serial", serial);
	finding_comment(&all, f, "", "busport", "002");
	scancheck_run(c, &all);
	count = f->remark_count;
	findings_free(&all);
	scancheck_free(c);
	return count;
}

static void what_a_section_means_is_known(void **state)
{
	(void)state;
	assert_int_equal(remarks_beside("", "A1"), 0);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nport = auto\n", "A1"), 1);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nserial = a.\n", "A1"), 1);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nserial = A\n", "A1"), 0);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nserial = \"(\"\n", "A1"), 0);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nproduct = x\n", "A1"), 0);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nbusport = 002\n", "A1"), 1);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nbusport = 1-4.2\n", "A1"), 1);
	assert_int_equal(remarks_beside("[x]\ndriver = usbhid-ups\nbusport = 003\n", "A1"), 0);
	assert_int_equal(remarks_beside("[x]\ndriver = nutdrv_qx\n", "A1"), 0);
	assert_int_equal(remarks_beside("driver = usbhid-ups\n", "A1"), 0);
}

static void twins_are_remarked_once(void **state)
{
	struct scancheck *c = conf_of("");
	struct findings all = {0};
	struct finding *one = findings_add(&all, FINDING_NUT, "dummy-ups", "a@h");
	struct finding *two = findings_add(&all, FINDING_AVAHI, "dummy-ups", "a@h");

	(void)state;
	findings_add(&all, FINDING_SERIAL, "apcsmart", "a@h");
	scancheck_run(c, &all);
	assert_int_equal(one->remark_count, 0);
	assert_int_equal(two->remark_count, 1);
	assert_int_equal(all.first->next->next->remark_count, 0);
	findings_free(&all);
	scancheck_free(c);
}

static void the_section_of_a_port_is_found(void **state)
{
	struct scancheck *c = conf_of("[a]\ndriver = apcsmart\nport = /dev/ttyS0\n");

	(void)state;
	assert_string_equal(scancheck_port(c, "/dev/ttyS0"), "a");
	assert_null(scancheck_port(c, "/dev/ttyS1"));
	assert_true(scancheck_has_section(c, "a"));
	assert_false(scancheck_has_section(c, "b"));
	scancheck_free(c);
}

/* ------------------------------------------------------------------------- servers of NUT */

static enum nutscan_progress say(struct nutscan_reply *reply, const char *text)
{
	enum nutscan_progress progress = NUTSCAN_MORE;
	struct words *w = words_new(WORDS_WIRE, &netwire_reply_limits);
	size_t len = strlen(text);

	while (progress == NUTSCAN_MORE && words_feed(w, &text, &len) == WORDS_LINE)
		progress = nutscan_reply_line(reply, w);
	words_free(w);
	return progress;
}

static void lists_of_upses_are_read(void **state)
{
	struct nutscan_reply reply = {0};

	(void)state;
	assert_int_equal(say(&reply, "BEGIN LIST UPS\nUPS a \"b c\"\nUPS d\nEND LIST UPS\n"),
			 NUTSCAN_DONE);
	assert_int_equal(reply.count, 2);
	assert_string_equal(reply.upses[0].name, "a");
	assert_string_equal(reply.upses[0].description, "b c");
	assert_string_equal(reply.upses[1].description, "");
	nutscan_reply_free(&reply);
	assert_int_equal(say(&reply, "BEGIN LIST UPS\nEND LIST UPS\n"), NUTSCAN_DONE);
	assert_int_equal(reply.count, 0);
	nutscan_reply_free(&reply);
	assert_int_equal(say(&reply, "ERR ACCESS-DENIED\n"), NUTSCAN_DONE);
	assert_int_equal(reply.refused, NETWIRE_ACCESS_DENIED);
	nutscan_reply_free(&reply);
}

static void what_no_server_says_ends_it(void **state)
{
	static const char *const texts[] = {
		"OK\n",
		"ERR\n",
		"ERR 500 no\n",
		"UPS a b\n",
		"END LIST UPS\n",
		"BEGIN LIST VAR\n",
		"EVENT VAR a b c\n",
		"BEGIN LIST UPS\nBEGIN LIST UPS\n",
		"BEGIN LIST UPS\nERR ACCESS-DENIED\n",
		"BEGIN LIST UPS\nVAR a b c\n",
		"BEGIN LIST UPS\nUPS \"\" c\n",
		"BEGIN LIST UPS\nEND LIST VAR\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct nutscan_reply reply = {0};

		assert_int_equal(say(&reply, texts[i]), NUTSCAN_NO_SERVER);
		nutscan_reply_free(&reply);
	}
}

/* --------------------------------------------------------------------- ranges, ports, maps */

static void ranges_that_nobody_would_wait_for_are_refused(void **state)
{
	struct addrrange list[2];
	size_t count = 0;
	char why[256];

	(void)state;
	assert_true(autorange_read("192.0.2.0/24", list, 2, &count, why, sizeof(why)));
	assert_true(autorange_read("2001:db8::/112", list, 2, &count, why, sizeof(why)));
	assert_int_equal(count, 2);
	assert_false(autorange_read("192.0.2.1", list, 2, &count, why, sizeof(why)));
	count = 0;
	assert_false(autorange_read("10.0.0.0/11", list, 2, &count, why, sizeof(why)));
	assert_false(autorange_read("2001:db8::/64", list, 2, &count, why, sizeof(why)));
	assert_non_null(strstr(why, "smaller"));
	assert_false(autorange_read("automatic", list, 2, &count, why, sizeof(why)));
	assert_false(autorange_read("auto4/33", list, 2, &count, why, sizeof(why)));
	assert_true(autorange_read("auto4/30", list, 2, &count, why, sizeof(why)));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(addrrange_count(&list[i]), 2);
}

static void assert_ports(const char *text, const char *first, const char *last, size_t count)
{
	struct serialports *p = calloc(1, sizeof(*p));
	char why[256];

	assert_true(serialports_read(text, p, why, sizeof(why)));
	assert_int_equal(p->count, count);
	if (count > 0) {
		assert_string_equal(p->paths[0], first);
		assert_string_equal(p->paths[count - 1], last);
	}
	free(p);
}

static void ports_are_named_in_many_ways(void **state)
{
	struct serialports *p = calloc(1, sizeof(*p));
	char why[256];

	(void)state;
	assert_ports("/dev/ttyS1", "/dev/ttyS1", "/dev/ttyS1", 1);
	assert_ports("/dev/ttyS0-3", "/dev/ttyS0", "/dev/ttyS3", 4);
	assert_ports("0-1, 7", "/dev/ttyS0", "/dev/ttyS7", 3);
	assert_ports("ttyUSB0,/dev/ttyUSB0 ttyACM1", "/dev/ttyUSB0", "/dev/ttyACM1", 2);
	assert_ports("/dev/serial/by-id/usb-x-1-if00-port0", "/dev/serial/by-id/usb-x-1-if00-port0",
		     "/dev/serial/by-id/usb-x-1-if00-port0", 1);
	assert_ports("/dev/ttyS3-1", "/dev/ttyS3-1", "/dev/ttyS3-1", 1);
	assert_ports("", NULL, NULL, 0);
	assert_false(serialports_read("/dev/ttyS0-9999", p, why, sizeof(why)));
	free(p);
}

static struct usbknown_answer ask(struct usbknown *k, uint16_t vendor, uint16_t product,
				  const char *mfr, const char *name, bool is_power)
{
	const struct usbknown_device d = {.vendor_id = vendor,
					  .product_id = product,
					  .has_texts = mfr != NULL,
					  .vendor = mfr,
					  .product = name,
					  .is_power = is_power};

	return usbknown_ask(k, &d);
}

static void the_driver_of_a_device_is_known(void **state)
{
	struct conf_report report = {NULL, NULL, 0, 0};
	struct usbknown *k;

	(void)state;
	setenv("NUT_DATAPATH", MAPS_DATA, 1);
	k = usbknown_new(&report);
	assert_non_null(k);
	assert_int_equal(report.errors, 0);
	assert_string_equal(ask(k, 0x0463, 0xffff, "EATON", "5E", true).driver, "usbhid-ups");
	assert_string_equal(ask(k, 0x0463, 0xffff, NULL, NULL, true).driver, "usbhid-ups");
	assert_string_equal(ask(k, 0x0665, 0x5161, "INNO TECH", "USB to Serial", false).driver,
			    "nutdrv_qx");
	assert_string_equal(ask(k, 0x0001, 0x0000, "ATCL FOR UPS", "ATCL FOR UPS", false).driver,
			    "nutdrv_qx");
	assert_null(ask(k, 0x0463, 0x1234, "EATON", "5E", true).driver);
	assert_null(ask(k, 0x09ae, 0x0001, "Tripp Lite", "x", false).driver);
	assert_string_equal(ask(k, 0x09ae, 0x0001, "Tripp Lite", "x", false).foreign,
			    "tripplite_usb");
	usbknown_free(k);
}

static void options_go_to_their_places(void **state)
{
	static const char *const words[] = {
		"nut-scanner", "-UU",       "-qP", "-m", "192.0.2.0/30", "-c",
		"mine",        "--timeout", "7",   "-E", "auto"};
	enum { WORDS = sizeof(words) / sizeof(words[0]) };
	struct scan_options o;
	char *argv[WORDS + 1] = {NULL};

	(void)state;
	for (size_t i = 0; i < WORDS; i++)
		argv[i] = str_dup(words[i]);
	assert_int_equal(scanopts_read(&o, WORDS, argv), SCANOPTS_GO);
	assert_int_equal(o.usb_detail, 2);
	assert_true(o.quiet && o.format == SCAN_PARSABLE && o.range_count == 1);
	assert_string_equal(scanopts_credential(&o, "community"), "mine");
	assert_string_equal(argv[6], "");
	assert_null(scanopts_credential(&o, "secName"));
	assert_int_equal(o.timeout_s, 7);
	assert_true(scanopts_wants(&o, SCAN_USB) && scanopts_wants(&o, SCAN_SERIAL));
	assert_false(scanopts_wants(&o, SCAN_SNMP));
	scanopts_free(&o);
	for (size_t i = 0; i < WORDS; i++)
		free(argv[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_have_one_number_over_all_kinds),
		cmocka_unit_test(names_that_are_taken_are_passed_over),
		cmocka_unit_test(texts_of_devices_stay_within_their_quotes),
		cmocka_unit_test(patterns_mean_the_text_itself),
		cmocka_unit_test(what_a_section_means_is_known),
		cmocka_unit_test(twins_are_remarked_once),
		cmocka_unit_test(the_section_of_a_port_is_found),
		cmocka_unit_test(lists_of_upses_are_read),
		cmocka_unit_test(what_no_server_says_ends_it),
		cmocka_unit_test(ranges_that_nobody_would_wait_for_are_refused),
		cmocka_unit_test(ports_are_named_in_many_ways),
		cmocka_unit_test(the_driver_of_a_device_is_known),
		cmocka_unit_test(options_go_to_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
