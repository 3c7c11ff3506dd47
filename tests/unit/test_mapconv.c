/* The conversions of map files, both ways, and the functions that they can call. */
#include "config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/maps/map.h"
#include "drivers/maps/mapconv.h"
#include "drivers/maps/mapfun.h"

/* ------------------------------------------------------------------ a device to ask */

struct pair {
	const char *name, *text;
};

static struct device {
	struct pair places[8];
	struct pair variables[8];
	const char *strings[8];
	unsigned report_id;
	unsigned char report[16];
	size_t report_len;
	struct mapnumbers numbers;
} device;

static const char *find(const struct pair *pairs, const char *name)
{
	for (; pairs->name; pairs++)
		if (str_caseequal(pairs->name, name))
			return pairs->text;
	return NULL;
}

static bool ask_place(void *arg, const char *where, double *value)
{
	struct device *d = arg;
	const char *text = find(d->places, where);

	return text && str_to_double(text, value);
}

static bool ask_variable(void *arg, const char *name, char *dst, size_t size)
{
	struct device *d = arg;
	const char *text = find(d->variables, name);

	return text && str_copy(dst, size, text);
}

static bool ask_string(void *arg, unsigned index, char *dst, size_t size)
{
	struct device *d = arg;

	return index < 8 && d->strings[index] && str_copy(dst, size, d->strings[index]);
}

static bool ask_report(void *arg, unsigned id, unsigned char *dst, size_t size, size_t *len)
{
	struct device *d = arg;

	if (id != d->report_id)
		return false;
	*len = d->report_len < size ? d->report_len : size;
	memcpy(dst, d->report, *len);
	return true;
}

/* --------------------------------------------------------------- a map of one row */

static struct map *map;
static struct mapconv_context context;

static void count_mistakes(void *arg, enum conf_severity severity, const char *text)
{
	(void)severity;
	(void)arg;
	print_message("%s\n", text);
}

static void load(const char *tables, const char *items)
{
	struct conf_report report = {.emit = count_mistakes};
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_true(fd >= 0);
	map_free(map);
	dprintf(fd, "MAP test Test\nDRIVER test\n%s\nVAR place name %s\n", tables, items);
	lseek(fd, 0, SEEK_SET);
	map = map_load_fd(fd, "test.map", &report);
	close(fd);
	assert_non_null(map);
	assert_int_equal(report.errors, 0);
	assert_int_equal(map->row_count, 1);
	context = (struct mapconv_context){
		.map = map,
		.numbers = &device.numbers,
		.arg = &device,
		.place = ask_place,
		.variable = ask_variable,
		.string = ask_string,
		.report = ask_report,
	};
}

static const char *read_value(double number)
{
	static struct mapvalue v;

	assert_true(mapvalue_set_number(&v, number));
	if (!mapconv_read(map->rows[0].steps, map->rows[0].step_count, &v, &context))
		return "(nothing)";
	return mapvalue_text(&v);
}

static const char *write_text(const char *text)
{
	static struct mapvalue v;

	assert_true(mapvalue_set_text(&v, text));
	if (!mapconv_write(map->rows[0].steps, map->rows[0].step_count, &v, &context))
		return "(nothing)";
	return mapvalue_text(&v);
}

static void reads(const char *items, double number, const char *text)
{
	load("", items);
	assert_string_equal(read_value(number), text);
}

static void writes(const char *items, const char *text, const char *number)
{
	load("", items);
	assert_string_equal(write_text(text), number);
}

static int fresh_device(void **state)
{
	(void)state;
	device = (struct device){.report_id = 0};
	return 0;
}

static int drop_map(void **state)
{
	(void)state;
	map_free(map);
	map = NULL;
	return 0;
}

/* ----------------------------------------------------------------------- conversions */

static void formats_print_and_are_read_back(void **state)
{
	(void)state;
	reads("format(%.0f)", 41.5, "42");
	reads("format(%.1f)", 230.04, "230.0");
	reads("format(%.6f)", 1.0 / 3, "0.333333");
	reads("format(%d)", 12, "12");
	reads("format(%x)", 254, "fe");
	reads("format(%s)", 1.5, "1.5");
	reads("\"format(at %.1f V)\"", 3, "at 3.0 V");
	reads("format(%.0f%%)", 87, "87%");
	reads("format(%.0f)", -0.2, "0");
	reads("format(%.0f)", -0.7, "-1");
	writes("format(%.1f)", "42.5", "42.5");
	writes("\"format(at %.1f V)\"", "at 42.5 V", "42.5");
	writes("\"format(at %.1f V)\"", "42.5", "42.5");
	writes("format(%.0f%%)", "87%", "87");
	writes("format(%x)", "ff", "255");
	writes("format(%.0f)", "ten", "(nothing)");
	writes("format(%.0f)", "", "(nothing)");
}

static void formats_with_anything_else_are_refused(void **state)
{
	static const char *const bad[] = {"",      "text", "%",    "%n",    "%.7f", "%.10f",
					  "%5d",   "%.f",  "%s%s", "%d %d", "%*d",  "%ld",
					  "%.0f%", "%c",   "%.0e", "%1$s",  "%%d"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(mapconv_format_valid(bad[i]));
	assert_true(mapconv_format_valid("%.0f"));
}

static void numbers_are_scaled_and_back(void **state)
{
	(void)state;
	reads("scale(0.1)", 2304, "230.4");
	writes("scale(0.1)", "230.4", "2304");
	reads("divide(3600) format(%.2f)", 25920, "7.20");
	writes("divide(3600)", "7.2", "25920");
	reads("offset(-40)", 65, "25");
	writes("offset(-40)", "25", "65");
	reads("max(100)", 104, "100");
	reads("max(100)", 99, "99");
	reads("min(0)", -3, "0");
	reads("integer", 2.5, "3");
	reads("range(0,100)", 100, "100");
	reads("range(0,100)", 101, "(nothing)");
	writes("range(0,100)", "-1", "(nothing)");
	reads("equal(8)", 8, "1");
	reads("equal(8)", 9, "0");
	writes("scale(0)", "1", "(nothing)");
}

static void a_chain_is_written_from_its_end(void **state)
{
	(void)state;
	reads("offset(10) scale(2) format(%.0f)", 5, "30");
	writes("offset(10) scale(2) format(%.0f)", "30", "5");
}

static void numbers_of_the_device_are_used_by_name(void **state)
{
	(void)state;
	load("", "scale(k(factor)) format(%.1f)");
	assert_string_equal(read_value(12), "(nothing)");
	mapnumbers_set(&device.numbers, "factor", 0.1);
	assert_string_equal(read_value(123), "12.3");
	assert_string_equal(write_text("12.3"), "123");
}

static void bits_are_taken_out(void **state)
{
	(void)state;
	reads("bits(0xf0)", 0xab, "160");
	reads("bits(0xfffffff0,4)", 0xab, "10");
	reads("bit(0x18)", 0x18, "1");
	reads("bit(0x18)", 0x10, "0");
	reads("nobit(0x18)", 0x10, "0");
	reads("nobit(0x18)", 0x07, "1");
	reads("bit(0x80000000)", -1, "1");
	reads("bit(1)", 1e12, "(nothing)");
	reads("swap16", 0x1234, "13330");
	writes("swap16", "13330", "4660");
	reads("signed(16)", 0xffff, "-1");
	reads("signed(8)", 0x7f, "127");
	reads("signed(32)", 4294967295.0, "-1");
	writes("signed(16)", "-2", "65534");
	writes("signed(16)", "32768", "(nothing)");
	reads("hex(8)", 0xbeef, "0000beef");
}

static void temperatures_in_kelvin_are_told_from_others(void **state)
{
	(void)state;
	reads("kelvin format(%.1f)", 298.15, "25.0");
	reads("kelvin format(%.1f)", 25, "25.0");
	reads("kelvin format(%.1f)", 374, "374.0");
}

static void tables_speak_both_ways(void **state)
{
	(void)state;
	load("LOOKUP t\n -1 less\n 1,2 low\n 3-5 middle\n &0x40 \"bit six\"\n 9 nine\n 9 NEUF\n"
	     " * other\nEND",
	     "lookup(t)");
	assert_string_equal(read_value(2), "low");
	assert_string_equal(read_value(4.5), "middle");
	assert_string_equal(read_value(0x41), "bit six");
	assert_string_equal(read_value(-1), "less");
	assert_string_equal(read_value(9), "nine");
	assert_string_equal(read_value(7), "other");
	assert_string_equal(write_text("LOW"), "1");
	assert_string_equal(write_text("neuf"), "9");
	assert_string_equal(write_text("middle"), "(nothing)");
	assert_string_equal(write_text("bit six"), "(nothing)");
	assert_string_equal(write_text(""), "(nothing)");
}

static void a_table_can_be_of_texts(void **state)
{
	(void)state;
	load("LOOKUP t\n \"Ellipse 300\" small 0x10\n a,b both\nEND", "format(%s) lookup(t)");
	assert_string_equal(read_value(1), "(nothing)");
	assert_string_equal(maplookup_text(map_lookup(map, "T"), "ELLIPSE 300")->text, "small");
	assert_true(maplookup_text(map_lookup(map, "t"), "ellipse 300")->number == 16);
	assert_string_equal(maplookup_text(map_lookup(map, "t"), "a,b")->text, "both");
}

static const char *read_answer(const char *text)
{
	static struct mapvalue v;

	assert_true(mapvalue_set_text(&v, text));
	if (!mapconv_read(map->rows[0].steps, map->rows[0].step_count, &v, &context))
		return "(nothing)";
	return mapvalue_text(&v);
}

static void a_number_that_is_text_finds_its_row_before_the_one_for_all_else(void **state)
{
	(void)state;
	load("LOOKUP t\n OK \"\"\n 43 Overload\n 1A L1\n * Unknown\nEND", "lookup(t)");
	assert_string_equal(read_answer("43"), "Overload");
	assert_string_equal(read_answer("1a"), "L1");
	assert_string_equal(read_answer("OK"), "");
	assert_string_equal(read_answer("44"), "Unknown");
	assert_string_equal(read_answer("x"), "Unknown");
}

static void letters_of_an_answer_are_looked_for(void **state)
{
	(void)state;
	load("", "any(ACM)");
	assert_string_equal(read_answer("IM"), "1");
	assert_string_equal(read_answer("IJ"), "0");
	load("LOOKUP t\n E first\n AB second\nEND", "letter(t)");
	assert_string_equal(read_answer("xABy"), "second");
	assert_string_equal(read_answer("ABE"), "first");
	assert_string_equal(read_answer("BA"), "(nothing)");
}

static void each_word_is_looked_up_by_itself(void **state)
{
	(void)state;
	load("LOOKUP t\n ONLINE online\n CAL cal\n LOST \"\"\nEND", "words(t)");
	assert_string_equal(read_answer("ONLINE"), "online");
	assert_string_equal(read_answer(" cal  strange ONLINE "), "cal online");
	assert_string_equal(read_answer("ONLINES"), "(nothing)");
	assert_string_equal(read_answer("ONLINE LOST"), "(nothing)");
	assert_string_equal(read_answer(""), "(nothing)");
}

static void switches_are_on_before_the_d_and_off_behind_it(void **state)
{
	(void)state;
	load("LOOKUP t\n 0 no\n 1 yes\nEND", "switch(b) lookup(t)");
	assert_string_equal(read_answer("EabDcd"), "yes");
	assert_string_equal(read_answer("EacDbd"), "no");
	assert_string_equal(read_answer("EacDd"), "(nothing)");
	assert_string_equal(read_answer("Eab"), "yes");
	assert_string_equal(write_text("yes"), "E");
	assert_string_equal(write_text("no"), "D");
	assert_string_equal(write_text("maybe"), "(nothing)");
}

static void places_of_ones_are_told_as_far_as_there_is_room(void **state)
{
	char rows[2048] = "LOOKUP t\n", ones[65];

	(void)state;
	for (int i = 0; i < 64; i++)
		str_format(rows + strlen(rows), sizeof(rows) - strlen(rows), " %d warning%02d\n", i,
			   i);
	str_format(rows + strlen(rows), sizeof(rows) - strlen(rows), "END");
	load(rows, "places(t)");
	assert_string_equal(read_answer("0100"), "warning01");
	assert_string_equal(read_answer("1001"), "warning00, warning03");
	assert_string_equal(read_answer("0000"), "(nothing)");
	assert_string_equal(read_answer("xy"), "(nothing)");
	memset(ones, '1', 64);
	ones[64] = '\0';
	assert_true(strlen(read_answer(ones)) < MAPVALUE_TEXT_MAX);
}

static void zeros_fill_a_number_up_on_its_way_back(void **state)
{
	(void)state;
	writes("zeros(0,3) format(%.0f)", "7", "007");
	writes("zeros(1,4) format(%.1f)", "7", "07.0");
	writes("zeros(0,2) scale(60)", "120", "02");
	writes("zeros(0,3)", "x", "(nothing)");
}

static void texts_are_stripped_and_zeros_are_none(void **state)
{
	(void)state;
	load("", "\"strip( x)\"");
	assert_string_equal(read_answer("xx a x b x"), "a x b");
	assert_string_equal(read_answer("xx"), "");
	load("", "nonzero");
	assert_string_equal(read_answer("00 0"), "(nothing)");
	assert_string_equal(read_answer("0010"), "0010");
	load("", "unhex");
	assert_string_equal(read_answer("1F"), "31");
	assert_string_equal(read_answer("1G"), "(nothing)");
}

static void a_number_is_kept_for_others_and_compared(void **state)
{
	(void)state;
	load("", "keep(address)");
	assert_string_equal(read_answer("007"), "007");
	assert_string_equal(read_answer("x"), "(nothing)");
	load("", "agrees(address)");
	assert_string_equal(read_answer("7"), "7");
	assert_string_equal(read_answer("8"), "(nothing)");
	device.numbers.count = 0;
	assert_string_equal(read_answer("8"), "8");
}

static void masterguards_times_are_seconds(void **state)
{
	(void)state;
	load("", "call(masterguard-minutes)");
	assert_string_equal(read_answer("012.30"), "750");
	assert_string_equal(read_answer("12.30"), "(nothing)");
	assert_string_equal(read_answer("0x2.30"), "(nothing)");
	load("", "call(masterguard-uptime)");
	assert_string_equal(read_answer("0012:03:04:05"), "1047845");
	assert_string_equal(read_answer("0012:03:04"), "(nothing)");
	assert_string_equal(write_text("1047845"), "0012:03:04:05");
	assert_string_equal(write_text("-1"), "(nothing)");
	assert_string_equal(write_text("864000000"), "(nothing)");
	load("", "call(masterguard-return)");
	assert_string_equal(write_text("90"), "01R0003");
	device.variables[0] = (struct pair){"ups.delay.start", "30"};
	assert_string_equal(write_text("90"), "(nothing)");
	load("", "call(masterguard-test)");
	assert_string_equal(write_text("10"), "");
	assert_string_equal(write_text("120"), "02");
}

static void megatecs_delays_are_tenths_or_minutes(void **state)
{
	(void)state;
	load("", "call(megatec-off)");
	assert_string_equal(write_text("5"), "(nothing)");
	assert_string_equal(write_text("6"), ".1");
	assert_string_equal(write_text("59"), ".9");
	assert_string_equal(write_text("60"), "01");
	assert_string_equal(write_text("5940"), "99");
	assert_string_equal(write_text("5941"), "(nothing)");
	assert_string_equal(write_text("x"), "(nothing)");
	load("", "call(megatec-return)");
	assert_string_equal(write_text("30"), ".5R0003");
	device.variables[0] = (struct pair){"ups.delay.start", "0"};
	assert_string_equal(write_text("30"), ".5");
	device.variables[0] = (struct pair){"ups.delay.start", "600000"};
	assert_string_equal(write_text("30"), "(nothing)");
	load("", "call(megatec-off-delay)");
	assert_string_equal(write_text("59"), "54");
	assert_string_equal(write_text("119"), "60");
	load("", "call(megatec-test)");
	assert_string_equal(write_text(""), "10");
	assert_string_equal(write_text("59"), "(nothing)");
	load("", "call(megatec-test-short)");
	assert_string_equal(write_text("12"), ".2");
	assert_string_equal(write_text("11"), "(nothing)");
}

static void all_bits_of_a_word_are_named_once(void **state)
{
	(void)state;
	load("LOOKUP f\n &1 ONE\n &2,&4 TWO\n &0x18:0x08 EIGHT\n * none\nEND", "flags(f)");
	assert_string_equal(read_value(7), "ONE TWO");
	assert_string_equal(read_value(9), "ONE EIGHT");
	assert_string_equal(read_value(0x18), "none");
	assert_string_equal(read_value(0), "none");
}

static void strings_come_from_the_device(void **state)
{
	(void)state;
	device.strings[3] = "  PbAc ";
	reads("string", 3, "  PbAc ");
	reads("string trim upper", 3, "PBAC");
	reads("string", 0, "(nothing)");
	reads("string", 4, "(nothing)");
	reads("string", 300, "(nothing)");
}

static void dates_are_of_three_kinds(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	reads("date(packed)", (2024 - 1980) * 512 + 2 * 32 + 29, "2024/02/29");
	reads("date(packed)", 0, "not set");
	reads("date(packed)", 13 * 32 + 1, "(nothing)");
	writes("date(packed)", "2024/02/29", "22621");
	writes("date(packed)", "2023/02/29", "(nothing)");
	writes("date(packed)", "1979/01/01", "(nothing)");
	writes("date(packed)", "2024-02-29", "(nothing)");
	reads("date(bcd)", 0x102399, "1999/10/23");
	reads("date(bcd)", 0x010207, "2007/01/02");
	writes("date(bcd)", "1999/10/23", "1057689");
	writes("date(bcd)", "2070/01/01", "(nothing)");
	reads("date(unix)", 86400 * 365.0, "1971/01/01");
	reads("time(unix)", 3661, "01:01:01");
	reads("date(unix)", -1, "(nothing)");
}

/* ------------------------------------------------------------------ what agents say */

static const char *read_text(const char *items, const char *text)
{
	static struct mapvalue v;

	load("", items);
	assert_true(mapvalue_set_text(&v, text));
	if (!mapconv_read(map->rows[0].steps, map->rows[0].step_count, &v, &context))
		return "(nothing)";
	return mapvalue_text(&v);
}

static void numbers_of_agents_are_whole_or_have_two_decimals(void **state)
{
	(void)state;
	reads("number", 230, "230");
	reads("scale(0.1) number", 2303, "230.30");
	reads("scale(0.1) number", 2300, "230");
	reads("scale(0.001) number", 1234567, "1234.57");
	reads("scale(0.001) number", 3000, "3");
	reads("number", -0.0, "0");
	reads("number", -12, "-12");
	reads("number", 9007199254740991.0, "9007199254740991");
	assert_string_equal(read_text("number", "12.5"), "12.50");
	assert_string_equal(read_text("number", "twelve"), "(nothing)");
	assert_string_equal(read_text("number", ""), "(nothing)");
	writes("scale(0.1) number", "230.30", "2303");
	writes("number", "x", "(nothing)");
}

static void values_that_mean_nothing_are_left_out(void **state)
{
	(void)state;
	reads("nonnegative", -1, "(nothing)");
	reads("nonnegative", 0, "0");
	writes("nonnegative", "-3", "(nothing)");
	writes("nonnegative", "3", "3");
	reads("not(0)", 0, "(nothing)");
	reads("not(0)", 10, "10");
	assert_string_equal(read_text("not(N/A)", "n/a"), "(nothing)");
	assert_string_equal(read_text("not(N/A)", "none"), "none");
	writes("not(N/A)", "N/A", "(nothing)");
}

static void lists_are_counted_and_oids_end_in_a_number(void **state)
{
	(void)state;
	assert_string_equal(read_text("entries", "0,1,2"), "3");
	assert_string_equal(read_text("entries", "0, 1,,"), "2");
	assert_string_equal(read_text("entries", ","), "(nothing)");
	assert_string_equal(read_text("entries", ""), "(nothing)");
	reads("entries", 0, "1");
	assert_string_equal(read_text("arc", ".1.3.6.1.2.1.33.1.7.7.5"), "5");
	assert_string_equal(read_text("arc", "7"), "7");
	assert_string_equal(read_text("arc", ".1.3."), "(nothing)");
	assert_string_equal(read_text("arc", ".1.x3"), "(nothing)");
	reads("arc", 4, "4");
}

static void american_dates_are_turned_round(void **state)
{
	(void)state;
	assert_string_equal(read_text("isodate", "12/31/2024"), "2024-12-31");
	assert_string_equal(read_text("isodate", "1/2/2024"), "2024-01-02");
	assert_string_equal(read_text("isodate", "31/12/2024"), "31/12/2024");
	assert_string_equal(read_text("isodate", "12/31/24x"), "12/31/24x");
	assert_string_equal(read_text("isodate", "never"), "never");
	writes("isodate", "2024-12-31", "12/31/2024");
	writes("isodate", "2024/02/03", "02/03/2024");
	writes("isodate", "31.12.2024", "(nothing)");
	writes("isodate", "2024-13-01", "(nothing)");
}

static void hardware_addresses_have_one_form(void **state)
{
	(void)state;
	assert_string_equal(read_text("mac", "00 20 85 E3 1F 00"), "00:20:85:e3:1f:00");
	assert_string_equal(read_text("mac", "00-20-85-e3-1f-00"), "00:20:85:e3:1f:00");
	assert_string_equal(read_text("mac", "00:20:85:e3:1f"), "00:20:85:e3:1f");
	assert_string_equal(read_text("mac", "no hardware here"), "no hardware here");
	assert_string_equal(read_text("mac", ""), "");
}

static void one_half_of_a_clock_leaves_the_other_alone(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	device.variables[0] = (struct pair){"ups.time", "01:00:00"};
	device.variables[1] = (struct pair){"ups.date", "1970/01/02"};
	writes("date(unix)", "1970/01/03", "176400");
	writes("time(unix)", "02:30", "95400");
	writes("time(unix)", "24:00", "(nothing)");
	writes("time(unix)", "", "(nothing)");
}

static void nothing_stays_that_is_no_number(void **state)
{
	(void)state;
	reads("scale(1e308) scale(1e308)", 2, "(nothing)");
	reads("divide(0)", 2, "(nothing)");
}

/* ------------------------------------------------------------------------- functions */

static void every_function_survives_a_device_that_says_nothing(void **state)
{
	static const double numbers[] = {0, 1, -1, 1e300, 65536, 0.5};
	struct mapconv_context nobody = {0};

	(void)state;
	for (const struct mapfun *f = mapfun_table; f->name; f++)
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
			struct mapvalue v = {.kind = MAPVALUE_NUMBER, .number = numbers[i]};

			assert_ptr_equal(mapfun_find(f->name), f);
			assert_true(f->read || f->write);
			if (f->read)
				f->read(&v, 255, &nobody);
			mapvalue_set_text(&v, "");
			if (f->write)
				f->write(&v, 255, &nobody);
		}
}

static void cps_finds_its_scales_out_once(void **state)
{
	(void)state;
	mapnumbers_set(&device.numbers, "autoscale", 1);
	load("", "call(cps-battery-voltage) format(%.1f)");
	assert_string_equal(read_value(18), "18.0");
	device.variables[0] = (struct pair){"battery.voltage.nominal", "12"};
	assert_string_equal(read_value(20.7), "13.8");
	assert_string_equal(read_value(15), "10.0");
	load("", "call(cps-input-frequency) format(%.1f)");
	assert_string_equal(read_value(0), "0.0");
	assert_string_equal(read_value(499), "49.9");
	assert_string_equal(read_value(501), "50.1");
	load("", "call(cps-output-frequency) format(%.1f)");
	assert_string_equal(read_value(60), "60.0");
	assert_string_equal(read_value(600), "600.0");
}

static void cps_may_count_tenths_of_a_volt(void **state)
{
	(void)state;
	mapnumbers_set(&device.numbers, "autoscale", 1);
	device.variables[0] = (struct pair){"battery.voltage.nominal", "12"};
	load("", "call(cps-battery-voltage) format(%.1f)");
	assert_string_equal(read_value(137), "13.7");
	assert_string_equal(read_value(80), "8.0");
}

static void cps_leaves_other_products_alone(void **state)
{
	(void)state;
	device.variables[0] = (struct pair){"battery.voltage.nominal", "12"};
	reads("call(cps-battery-voltage)", 20.7, "20.7");
	reads("call(cps-input-frequency)", 499, "499");
}

static void liebert_mends_exponents(void **state)
{
	(void)state;
	load("", "call(liebert-line-voltage) format(%.1f)");
	assert_string_equal(read_value(120), "120.0");
	assert_string_equal(read_value(1.2e-5), "120.0");
	fresh_device(NULL);
	assert_string_equal(read_value(1.2e-3), "120.0");
	fresh_device(NULL);
	load("", "call(liebert-config-voltage) format(%.1f)");
	assert_string_equal(read_value(24), "24.0");
	assert_string_equal(read_value(1e-7), "10.0");
	assert_string_equal(read_value(2.4e-7), "24.0");
}

static void openups_looks_its_thermistor_up(void **state)
{
	(void)state;
	load("", "call(openups-temperature) format(%.1f)");
	assert_string_equal(read_value(4.63), "20.0");
	assert_string_equal(read_value(4.875), "22.5");
	assert_string_equal(read_value(0), "-40.0");
	assert_string_equal(read_value(0.49), "-40.0");
	assert_string_equal(read_value(9.72), "125.0");
	assert_string_equal(read_value(50), "125.0");
}

static void ever_reads_reports_without_a_description(void **state)
{
	(void)state;
	device.report_id = 210;
	memcpy(device.report, "\xd2\x02\x00\x5e\x10\xff\x01\x09", 8);
	device.report_len = 7;
	reads("call(ever-mac,210)", 0, "02:00:5e:10:ff:01");
	reads("call(ever-ip,210)", 0, "2.0.94.16");
	reads("call(raw8,210)", 0, "2");
	reads("call(raw16,210)", 0, "2");
	reads("call(raw32,210)", 0, "274595842");
	reads("call(raw8,211)", 0, "(nothing)");
	device.report_len = 4;
	reads("call(ever-mac,210)", 0, "(nothing)");
	reads("call(raw32,210)", 0, "(nothing)");
	reads("call(ever-version)", 0x1203, "v1.2b03");
	reads("call(ever-hardware)", 0x0207, "rev.Bv07");
	reads("call(ever-hardware)", 0x0007, "rev.0v07");
	reads("call(ever-hardware)", 0xff07, "(nothing)");
}

static void powercom_counts_in_its_own_way(void **state)
{
	(void)state;
	reads("call(powercom-startup)", 0x0200, "120");
	writes("call(powercom-startup)", "180", "768");
	reads("call(powercom-shutdown)", 0x011e, "90");
	writes("call(powercom-shutdown)", "90", "350"); /* 0x015e */
	writes("call(powercom-stayoff)", "90", "414");  /* 0x019e */
	writes("call(powercom-shutdown)", "0", "65");   /* 1 s */
	writes("call(powercom-shutdown)", "", "320");   /* a minute */
	device.variables[0] = (struct pair){"ups.delay.shutdown", "20"};
	device.variables[1] = (struct pair){"ups.delay.start", "60"};
	writes("call(powercom-shutdown)", "", "84"); /* 0x0054 */
	writes("call(powercom-startup)", "", "256");
	writes("call(powercom-shutdown)", "-1", "(nothing)");
	writes("call(powercom-shutdown)", "99999", "(nothing)");
	mapnumbers_set(&device.numbers, "powercom-byte-order-fallback", 1);
	writes("call(powercom-shutdown)", "90", "24065"); /* 0x5e01 */
	reads("call(powercom-shutdown)", 0x1e01, "90");
	mapnumbers_set(&device.numbers, "powercom-byte-order-fallback", 0);
	mapnumbers_set(&device.numbers, "powercom-discrete-delay", 1);
	writes("call(powercom-startup)", "180", "3");
}

static void powercom_has_a_table_of_delays(void **state)
{
	static const struct {
		const char *seconds;
		int step;
	} steps[] = {{"0", 1},   {"12", 1},   {"13", 2},   {"18", 2},   {"24", 3},   {"60", 9},
		     {"61", 10}, {"120", 10}, {"180", 11}, {"540", 17}, {"541", 18}, {"6000", 18}};

	(void)state;
	mapnumbers_set(&device.numbers, "powercom-discrete-delay", 1);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		char expected[16];

		str_format(expected, sizeof(expected), "%d", steps[i].step | 0x40);
		writes("call(powercom-shutdown)", steps[i].seconds, expected);
	}
}

static void powercom_has_its_voltage_in_a_text(void **state)
{
	(void)state;
	device.report_id = 0xa4;
	memcpy(device.report, "\xa4 27.3V", 7);
	device.report_len = 7;
	reads("call(powercom-battery-voltage)", 0, "27.3");
	memcpy(device.report, "\xa4 ..  V", 7);
	reads("call(powercom-battery-voltage)", 0, "(nothing)");
	device.report_len = 0;
	reads("call(powercom-battery-voltage)", 0, "(nothing)");
}

static void tripplite_has_products_without_a_chemistry(void **state)
{
	(void)state;
	device.strings[2] = "PbAc";
	reads("call(tripplite-chemistry) string", 2, "PbAc");
	mapnumbers_set(&device.numbers, "no-chemistry", 1);
	reads("call(tripplite-chemistry) string", 2, "unknown");
}

/* ------------------------------------------------------------------------------- MGE */

static const char models[] = "LOOKUP mge-models\n"
			     " \"ELLIPSE 300\" \"ellipse 300\" 0x000\n"
			     " \"Evolution 650\" \"Evolution 650\" 0x301\n"
			     " \"Eaton 5P 1150\" \"5P 1150\" 0x500\n"
			     " \"Protection Station 500\" \"Protection Station 500\" 0x100\n"
			     " \"3S 700\" \"3S 700\" 0x110\n"
			     " \"unknown 1000\" \"9E1000i (presumed)\" 0x900\n"
			     "END";

static void be_model(const char *product, const char *model)
{
	fresh_device(NULL);
	device.strings[1] = product;
	device.strings[2] = model;
	device.places[0] = (struct pair){"UPS.PowerSummary.iProduct", "1"};
	device.places[1] = (struct pair){"UPS.PowerSummary.iModel", "2"};
}

static void mge_knows_its_models(void **state)
{
	(void)state;
	be_model("ellipse", "300");
	load(models, "call(mge-model)");
	assert_string_equal(read_value(0), "ellipse 300");
	be_model("Something", "new");
	assert_string_equal(read_value(0), "Something new");
	fresh_device(NULL);
	assert_string_equal(read_value(0), "(nothing)");
	device.places[0] = (struct pair){"UPS.Flow.[4].ConfigApparentPower", "1000"};
	assert_string_equal(read_value(0), "9E1000i (presumed)");
}

static void mge_measures_the_battery_of_some_families(void **state)
{
	(void)state;
	be_model("Eaton 5P", "1150");
	load(models, "call(mge-battery-voltage) format(%.1f)");
	assert_string_equal(read_value(27.3), "27.3");
	be_model("ELLIPSE", "300");
	assert_string_equal(read_value(27.3), "(nothing)");
	be_model("Evolution", "650");
	load(models, "call(mge-battery-voltage-nominal) format(%.0f)");
	assert_string_equal(read_value(24), "12");
}

static void mge_3s_is_pegasus_outside_europe(void **state)
{
	(void)state;
	be_model("Protection Station", "500");
	load(models, "call(mge-pegasus) format(%.0f)");
	assert_string_equal(read_value(25), "25");
	assert_string_equal(write_text("60"), "60");
	be_model("3S", "700");
	assert_string_equal(read_value(25), "25");
	device.places[2] = (struct pair){"UPS.PowerSummary.Country", "0"};
	assert_string_equal(read_value(25), "(nothing)");
	assert_string_equal(write_text("60"), "(nothing)");
}

static void mge_battery_management_speaks_for_the_charger(void **state)
{
	(void)state;
	reads("call(mge-abm)", 3, "(nothing)");
	reads("call(mge-without-abm)", 1, "1");
	reads("call(mge-charging)", 1, "1");
	device.variables[0] = (struct pair){"battery.charge", "100"};
	reads("call(mge-charging)", 1, "0");
	device.places[0] = (struct pair){"UPS.BatterySystem.Charger.ABMEnable", "1"};
	reads("call(mge-abm)", 3, "3");
	reads("call(mge-without-abm)", 1, "0");
	reads("call(mge-charging)", 1, "0");
}

static void mge_never_denies_that_the_mains_are_gone(void **state)
{
	(void)state;
	reads("call(mge-mains)", 0, "0");
	reads("call(mge-converter-online)", 1, "1");
	device.places[0] = (struct pair){"UPS.PowerSummary.PresentStatus.ACPresent", "0"};
	reads("call(mge-mains)", 0, "(nothing)");
	reads("call(mge-mains)", 1, "1");
	reads("call(mge-converter-online)", 1, "(nothing)");
	reads("call(mge-converter-online)", 0, "0");
}

static void mge_on_bypass_is_not_on_battery(void **state)
{
	(void)state;
	device.places[0] = (struct pair){"UPS.PowerConverter.Input.[2].PresentStatus.Used", "1"};
	reads("call(mge-converter-online)", 0, "(nothing)");
	device.places[0].text = "0";
	reads("call(mge-converter-online)", 0, "0");
	device.places[1] = (struct pair){"UPS.PowerSummary.PresentStatus.Good", "0"};
	reads("call(mge-converter-online)", 0, "(nothing)");
}

static void mge_switches_only_a_good_bypass(void **state)
{
	(void)state;
	writes("call(mge-bypass-on)", "1", "(nothing)");
	writes("call(mge-bypass-on)", "0", "0");
	device.variables[0] = (struct pair){"input.bypass.voltage", "210"};
	device.variables[1] = (struct pair){"input.bypass.frequency", "50.4"};
	device.variables[2] = (struct pair){"output.voltage.nominal", "230"};
	device.variables[3] = (struct pair){"output.frequency.nominal", "50"};
	writes("call(mge-bypass-on)", "1", "1");
	writes("call(mge-eco)", "1", "(nothing)");
	reads("call(mge-eco)", 1, "0");
	writes("call(mge-eco-auto)", "1", "(nothing)");
	device.variables[0].text = "225";
	writes("call(mge-eco)", "1", "1");
	writes("call(mge-eco)", "2", "2");
	reads("call(mge-eco)", 1, "1");
	writes("call(mge-eco-auto)", "1", "1");
	writes("call(mge-eco-auto)", "0", "0");
	device.variables[4] = (struct pair){"input.transfer.eco.low", "226"};
	writes("call(mge-eco)", "1", "(nothing)");
}

static void mge_keeps_to_its_kind_of_voltage(void **state)
{
	(void)state;
	be_model("ELLIPSE", "300");
	load(models, "call(mge-nominal-output) format(%.0f)");
	assert_string_equal(write_text("230"), "(nothing)");
	assert_string_equal(read_value(230), "230");
	assert_string_equal(write_text("240"), "240");
	assert_string_equal(write_text("208"), "(nothing)");
	assert_string_equal(write_text("120"), "(nothing)");
	be_model("Eaton 5P", "1150");
	assert_string_equal(read_value(230), "230");
	assert_string_equal(write_text("208"), "208");
	assert_string_equal(write_text("120"), "(nothing)");
	assert_string_equal(write_text("231"), "(nothing)");
}

static void mge_computes_real_power(void **state)
{
	(void)state;
	reads("call(mge-realpower)", 1, "(nothing)");
	device.variables[0] = (struct pair){"ups.load", "50"};
	device.variables[1] = (struct pair){"ups.power.nominal", "1150"};
	reads("call(mge-realpower)", 1, "460");
	device.places[0] = (struct pair){"UPS.PowerConverter.Output.PowerFactor", "100"};
	reads("call(mge-realpower)", 1, "575");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_device, drop_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(formats_print_and_are_read_back),
		TEST(formats_with_anything_else_are_refused),
		TEST(numbers_are_scaled_and_back),
		TEST(a_chain_is_written_from_its_end),
		TEST(numbers_of_the_device_are_used_by_name),
		TEST(bits_are_taken_out),
		TEST(temperatures_in_kelvin_are_told_from_others),
		TEST(tables_speak_both_ways),
		TEST(a_table_can_be_of_texts),
		TEST(a_number_that_is_text_finds_its_row_before_the_one_for_all_else),
		TEST(letters_of_an_answer_are_looked_for),
		TEST(each_word_is_looked_up_by_itself),
		TEST(switches_are_on_before_the_d_and_off_behind_it),
		TEST(places_of_ones_are_told_as_far_as_there_is_room),
		TEST(zeros_fill_a_number_up_on_its_way_back),
		TEST(texts_are_stripped_and_zeros_are_none),
		TEST(a_number_is_kept_for_others_and_compared),
		TEST(masterguards_times_are_seconds),
		TEST(megatecs_delays_are_tenths_or_minutes),
		TEST(all_bits_of_a_word_are_named_once),
		TEST(strings_come_from_the_device),
		TEST(dates_are_of_three_kinds),
		TEST(numbers_of_agents_are_whole_or_have_two_decimals),
		TEST(values_that_mean_nothing_are_left_out),
		TEST(lists_are_counted_and_oids_end_in_a_number),
		TEST(american_dates_are_turned_round),
		TEST(hardware_addresses_have_one_form),
		TEST(one_half_of_a_clock_leaves_the_other_alone),
		TEST(nothing_stays_that_is_no_number),
		TEST(every_function_survives_a_device_that_says_nothing),
		TEST(cps_finds_its_scales_out_once),
		TEST(cps_may_count_tenths_of_a_volt),
		TEST(cps_leaves_other_products_alone),
		TEST(liebert_mends_exponents),
		TEST(openups_looks_its_thermistor_up),
		TEST(ever_reads_reports_without_a_description),
		TEST(powercom_counts_in_its_own_way),
		TEST(powercom_has_a_table_of_delays),
		TEST(powercom_has_its_voltage_in_a_text),
		TEST(tripplite_has_products_without_a_chemistry),
		TEST(mge_knows_its_models),
		TEST(mge_measures_the_battery_of_some_families),
		TEST(mge_3s_is_pegasus_outside_europe),
		TEST(mge_battery_management_speaks_for_the_charger),
		TEST(mge_never_denies_that_the_mains_are_gone),
		TEST(mge_on_bypass_is_not_on_battery),
		TEST(mge_switches_only_a_good_bypass),
		TEST(mge_keeps_to_its_kind_of_voltage),
		TEST(mge_computes_real_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
