/* Map files: reading them, finding them, what is wrong with them, and for which device they are. */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/str.h"
#include "drivers/maps/map.h"
#include "drivers/maps/mapcheck.h"
#include "drivers/maps/mapprint.h"
#include "drivers/maps/mapset.h"
#include "drivers/maps/mapwhere.h"

static char folder[64];
static char told[64 * 1024]; /* all that was reported, a line each */
static struct conf_report report;

static void remember(void *arg, enum conf_severity severity, const char *text)
{
	size_t used = strlen(told);

	(void)arg;
	(void)severity;
	str_format(told + used, sizeof(told) - used, "%s\n", text);
}

static void forget(void)
{
	told[0] = '\0';
	report = (struct conf_report){.emit = remember};
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	str_format(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void wipe(const char *part)
{
	char path[256];
	struct dirent *e;
	DIR *dir;

	str_format(path, sizeof(path), "%s/%s", folder, part);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

#define DATA "data/maps/usbhid-ups/"
#define CONF "conf/maps/usbhid-ups/"

static int make_folders(void **state)
{
	static const char *const parts[] = {
		"data", "data/maps", "data/maps/usbhid-ups",
		"conf", "conf/maps", "conf/maps/usbhid-ups",
	};
	char path[256];

	(void)state;
	str_copy(folder, sizeof(folder), "/tmp/test_map.XXXXXX");
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		str_format(path, sizeof(path), "%s/%s", folder, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	str_format(path, sizeof(path), "%s/data", folder);
	setenv("NUT_DATAPATH", path, 1);
	str_format(path, sizeof(path), "%s/conf", folder);
	setenv("NUT_CONFPATH", path, 1);
	return 0;
}

static int remove_folders(void **state)
{
	static const char *const parts[] = {
		"data/maps/usbhid-ups",
		"conf/maps/usbhid-ups",
		"data/maps",
		"conf/maps",
		"data",
		"conf",
		"",
	};
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		str_format(path, sizeof(path), "%s/%s", folder, parts[i]);
		rmdir(path);
	}
	return 0;
}

static int clean(void **state)
{
	(void)state;
	wipe(DATA);
	wipe(CONF);
	forget();
	return 0;
}

static struct map *read_text(const char *text)
{
	struct map *m;
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	m = map_load_fd(fd, "test.map", &report);
	close(fd);
	return m;
}

#define HEAD   "MAP test \"A test\"\nDRIVER usbhid-ups\n"
#define USAGES "USAGE UPS 840004\nUSAGE Voltage 840030\nUSAGE Input 84001a\n"

/* Reads and checks a text; what is told has to hold `expected`. */
static void complains(const char *text, const char *expected)
{
	struct map *m;

	forget();
	m = read_text(text);
	if (m) {
		mapcheck_map(m, NULL, &report);
		mapcheck_set(&m, 1, &report);
	}
	if (!strstr(told, expected))
		fail_msg("\"%s\" is not in:\n%s", expected, told);
	map_free(m);
}

/* --------------------------------------------------------------------------- reading */

static void a_map_holds_what_its_file_says(void **state)
{
	struct map *m = read_text(
		"MAP test \"A test\"\nDRIVER usbhid-ups\nVERSION 1.2\n"
		"MATCH usb 051D:0002 \"product(Back-UPS CS*)\" quirk(max-report) set(x,0x10) "
		"order(3)\n"
		"QUIRK no-interrupt\nSET pollfreq 12\n" USAGES
		"VAR UPS.Input.Voltage input.voltage scale(0.1) format(%.1f) quick if(UPS.Input)\n"
		"VAR UPS.Voltage ups.delay.start \"own(30)\" rw(10) limits(0,600)\n"
		"VAR - device.type constant(ups) static\n"
		"STATUS UPS.Input !online\nALARM UPS.Input \"Too hot!\" bit(4)\n"
		"CMD UPS.Voltage load.off value(1) unless(UPS)\n"
		"SEQUENCE shutdown.return load.on.delay(ups.delay.start) wait(125) "
		"load.off.delay(-1)\n"
		"ALIAS beeper.on beeper.enable\n");

	(void)state;
	assert_non_null(m);
	assert_string_equal(told, "");
	assert_string_equal(m->name, "test");
	assert_string_equal(m->version, "1.2");
	assert_int_equal(m->matches[0].vendor, 0x51d);
	assert_int_equal(m->matches[0].product, 2);
	assert_int_equal(m->matches[0].order, 3);
	assert_string_equal(m->matches[0].model, "Back-UPS CS*");
	assert_true(map_quirk(m, &m->matches[0], "max-report"));
	assert_false(map_quirk(m, NULL, "max-report"));
	assert_true(map_quirk(m, NULL, "no-interrupt"));
	assert_int_equal(m->row_count, 6);
	assert_int_equal(m->rows[0].step_count, 2);
	assert_int_equal(m->rows[0].flags, MAP_QUICK);
	assert_string_equal(m->rows[0].only_if, "UPS.Input");
	assert_int_equal(m->rows[0].line, 10);
	assert_string_equal(m->rows[1].own, "30");
	assert_int_equal(m->rows[1].length, 10);
	assert_true(m->rows[1].high == 600);
	assert_string_equal(m->rows[2].constant, "ups");
	assert_int_equal(m->rows[3].word, MAPWORD_ONLINE);
	assert_int_equal(m->rows[3].flags, MAP_NEGATED);
	assert_string_equal(m->rows[4].name, "Too hot!");
	assert_string_equal(m->rows[5].value, "1");
	assert_string_equal(m->rows[5].unless, "UPS");
	assert_string_equal(m->sequences[0].steps[0].value, "ups.delay.start");
	assert_int_equal(m->sequences[0].steps[1].ms, 125);
	assert_true(m->sequences[1].alias);
	map_free(m);
}

static void numbers_of_a_match_come_after_those_of_its_map(void **state)
{
	struct mapnumbers n = {.count = 0};
	double value;
	struct map *m = read_text(HEAD "SET a 1\nSET b 2\nMATCH usb 0001:0002 set(b,3)\n");

	(void)state;
	assert_true(map_numbers(m, &m->matches[0], &n));
	assert_true(mapnumbers_get(&n, "a", &value) && value == 1);
	assert_true(mapnumbers_get(&n, "B", &value) && value == 3);
	assert_false(mapnumbers_get(&n, "c", &value));
	map_free(m);
}

static void templates_queries_and_blocks_are_read(void **state)
{
	struct map *m = read_text("MAP t T\nDRIVER snmp-ups\n"
				  "QUERY Q1 Q1%r begin(() length(47) end(%r)\n"
				  "BLOCK holding 0x10 24\n"
				  "VAR .1.3.%i.%j outlet.%i.desc for(i,1,outlet.count) walk(j)\n");

	(void)state;
	assert_string_equal(told, "");
	assert_string_equal(m->queries[0].begin, "(");
	assert_int_equal(m->queries[0].length, 47);
	assert_int_equal(m->blocks[0].start, 16);
	assert_int_equal(m->rows[0].loop_count, 2);
	assert_string_equal(m->rows[0].loops[0].to, "outlet.count");
	assert_null(m->rows[0].loops[1].from);
	map_free(m);
}

static void all_mistakes_of_a_file_are_told_at_once(void **state)
{
	struct map *m = read_text(HEAD "VARR x y\nVAR x\nVAR x y scale(a)\nVAR x y scal(1)\n"
				       "STATUS x onlin\nMATCH usb 12\nLOOKUP a\n");

	(void)state;
	assert_non_null(m);
	assert_int_equal(m->errors, 7);
	assert_non_null(
		strstr(told, "test.map:3: there is no directive \"VARR\"; did you mean \"VAR\"?"));
	assert_non_null(strstr(told, "test.map:4: there are too few words"));
	assert_non_null(strstr(told, "test.map:5: scale(a) cannot be done; it takes a number"));
	assert_non_null(strstr(told, "test.map:6: there is no conversion or flag \"scal\"; did you "
				     "mean \"scale\"?"));
	assert_non_null(strstr(told, "test.map:7: there is no status word \"onlin\""));
	assert_non_null(strstr(told, "test.map:8: this is no match"));
	assert_non_null(strstr(told, "test.map:9: the table \"a\" has no end"));
	map_free(m);
}

static void each_mistake_has_its_line_and_its_mend(void **state)
{
	static const char *const cases[][2] = {
		{"VAR x y\n", "nothing says which driver this is for"},
		{"DRIVER a\nMAP x y\n", "MAP is out of place"},
		{HEAD "MAP x y\n", "MAP is out of place"},
		{HEAD "DRIVER other\n", "DRIVER is \"other\""},
		{HEAD "VAR x y lookup(t)\n", "there is no table \"t\""},
		{HEAD "LOOKUP table\n1 a\nEND\nVAR x y lookup(tabel)\n", "did you mean \"table\"?"},
		{HEAD "LOOKUP t\nEND\n", "the table \"t\" has no rows"},
		{HEAD "LOOKUP t\n1 a\nEND\nLOOKUP T\n1 a\nEND\n", "the table \"T\" is at"},
		{HEAD "LOOKUP t\n1\nEND\n", "this is no row of the table"},
		{HEAD "LOOKUP t\n1 a b\nEND\n", "this is no row of the table"},
		{HEAD "LOOKUP t\n1 a\nVAR x y lookup(t)\n", "the table \"t\" has no end"},
		{HEAD "VAR x y bits(1) rw\n", "y cannot be set"},
		{HEAD "VAR x y rw(0)\n", "\"rw(0)\" cannot be done"},
		{HEAD "VAR x y limits(1,2)\n", "for what can be set"},
		{HEAD "VAR x y values(t)\n", "there is no table"},
		{HEAD "VAR x y static(1)\n", "\"static(1)\" cannot be done"},
		{HEAD "VAR x y call(nix)\n", "there is no function \"nix\""},
		{HEAD "VAR x y call(raw8)\n", "call(raw8) cannot be done"},
		{HEAD "VAR x y call(mge-abm,3)\n", "call(mge-abm,3) cannot be done"},
		{HEAD "VAR x y call(mge-model)\n", "mge-model needs the table \"mge-models\""},
		{HEAD "VAR x y \"format(%s %s)\"\n", "cannot be done"},
		{HEAD "VAR x y scale(1\n", "parenthesis is not closed"},
		{HEAD "VAR x y value(1)\n", "value() is for commands"},
		{HEAD "VAR - y\n", "without a place says nothing"},
		{HEAD "STATUS x *\n", "nothing says which it is"},
		{HEAD "STATUS x online rw\n", "only variables can be set"},
		{HEAD "CMD x y bit(1)\n", "y cannot be written"},
		{HEAD "USAGE a 123456789\n", "is no usage"},
		{HEAD "USAGE a 12g\n", "is no usage"},
		{HEAD "SET a b\n", "\"b\" is no number"},
		{HEAD "BLOCK holding 65535 2\n", "is no block"},
		{HEAD "QUERY a b foo(1)\n", "\"foo(1)\" says nothing here"},
		{HEAD "SEQUENCE a wait(-1)\n", "\"wait(-1)\" is no step"},
		{HEAD "MATCH usb 051d:0002 foo\n", "\"foo\" says nothing here"},
		{HEAD "MATCH usb 051d:*\n", "this is no match"},
		{HEAD "MATCH probe x scale(\n", "cannot be read"},
		{HEAD "INCLUDE nix.map\n", "there is no \"nix.map\""},
		{HEAD "INCLUDE ../../etc/passwd\n", "there is no \"../../etc/passwd\""},
		{HEAD "INCLUDE test.map\n", "\"test.map\" includes itself"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (i != 0)
			complains(cases[i][0], cases[i][1]);
	complains("MAP x y\nVAR x y\n", cases[0][1]);
}

static void a_map_has_its_limits(void **state)
{
	size_t size = 3 << 20;
	char *text = malloc(size);
	struct map *m;
	size_t used;

	(void)state;
	used = (size_t)snprintf(text, size, "%s", HEAD);
	for (int i = 0; i < MAP_LINES_MAX + 10; i++)
		used += (size_t)snprintf(text + used, size - used, "SET n%d 1\n", i);
	m = read_text(text);
	assert_non_null(m);
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(told, "more than 20000 lines"));
	map_free(m);

	forget();
	used = (size_t)snprintf(text, size, "%sLOOKUP t\n", HEAD);
	for (int i = 0; i < MAP_LOOKUP_ROWS_MAX + 1; i++)
		used += (size_t)snprintf(text + used, size - used, " %d x\n", i);
	snprintf(text + used, size - used, "END\n");
	m = read_text(text);
	assert_non_null(m);
	assert_non_null(strstr(told, "more than 4096 rows"));
	map_free(m);

	forget();
	used = (size_t)snprintf(text, size, "%sVAR x y", HEAD);
	for (int i = 0; i < 12; i++)
		used += (size_t)snprintf(text + used, size - used, " scale(1)");
	snprintf(text + used, size - used, "\nVAR x %0600d\n", 1);
	m = read_text(text);
	assert_non_null(strstr(told, "more than 8 conversions"));
	assert_non_null(strstr(told, "a word has more than 511 bytes"));
	map_free(m);
	free(text);
}

static void a_map_that_needs_too_much_memory_is_none(void **state)
{
	size_t size = 16 << 20;
	char *text = malloc(size);
	size_t used;

	(void)state;
	used = (size_t)snprintf(text, size, "%s", HEAD);
	for (int i = 0; i < 15000; i++)
		used += (size_t)snprintf(text + used, size - used, "SET %0400d 1\n", i);
	assert_null(read_text(text));
	assert_non_null(strstr(told, "over its limit"));
	free(text);
}

/* --------------------------------------------------------------------------- folders */

static void the_administrators_file_wins(void **state)
{
	struct map *m;

	(void)state;
	put(DATA "a.map", "MAP a Data\nDRIVER usbhid-ups\nINCLUDE part.map\n");
	put(DATA "part.map", "QUIRK from-data\n");
	m = map_load("usbhid-ups", "a.map", &report);
	assert_string_equal(m->title, "Data");
	assert_true(map_quirk(m, NULL, "from-data"));
	map_free(m);

	put(CONF "part.map", "QUIRK from-conf\n");
	m = map_load("usbhid-ups", "a.map", &report);
	assert_string_equal(m->title, "Data");
	assert_true(map_quirk(m, NULL, "from-conf"));
	map_free(m);

	put(CONF "a.map", "MAP a Conf\nDRIVER usbhid-ups\n");
	m = map_load("usbhid-ups", "a.map", &report);
	assert_string_equal(m->title, "Conf");
	map_free(m);
	assert_string_equal(told, "");
}

static void a_file_outside_the_folders_is_no_map(void **state)
{
	(void)state;
	put(DATA "a.map", "MAP a A\nDRIVER usbhid-ups\n");
	assert_null(map_load("usbhid-ups", "../usbhid-ups/a.map", &report));
	assert_null(map_load("../maps/usbhid-ups", "a.map", &report));
	assert_null(map_load("usbhid-ups", "a", &report));
	assert_null(map_load("usbhid-ups", ".map", &report));
	assert_null(map_load("", "a.map", &report));
	assert_int_equal(report.errors, 5);
}

static void files_that_include_in_a_circle_come_to_an_end(void **state)
{
	struct map *m;

	(void)state;
	put(DATA "a.map", "MAP a A\nDRIVER usbhid-ups\nINCLUDE b.map\n");
	put(DATA "b.map", "QUIRK b\nINCLUDE c.map\n");
	put(DATA "c.map", "INCLUDE b.map\nINCLUDE a.map\n");
	m = map_load("usbhid-ups", "a.map", &report);
	assert_int_equal(report.errors, 2);
	assert_int_equal(m->quirk_count, 1);
	assert_non_null(strstr(told, "c.map:1: \"b.map\" includes itself"));
	map_free(m);
}

static void files_are_included_to_a_depth_and_each_once(void **state)
{
	struct map *m;

	(void)state;
	put(DATA "a.map", "MAP a A\nDRIVER usbhid-ups\nINCLUDE b.map\nINCLUDE d.map\n");
	put(DATA "b.map", "INCLUDE c.map\n");
	put(DATA "c.map", "INCLUDE d.map\n");
	put(DATA "d.map", "QUIRK d\n");
	m = map_load("usbhid-ups", "a.map", &report);
	assert_string_equal(told, "");
	assert_int_equal(m->quirk_count, 1);
	map_free(m);

	put(DATA "d.map", "INCLUDE e.map\n");
	put(DATA "e.map", "QUIRK e\n");
	m = map_load("usbhid-ups", "a.map", &report);
	assert_non_null(strstr(told, "d.map:1: \"e.map\" is included too deep"));
	map_free(m);
}

static void an_included_file_has_no_map_line_and_ends_its_tables(void **state)
{
	struct map *m;

	(void)state;
	put(DATA "a.map", "MAP a A\nDRIVER usbhid-ups\nINCLUDE b.map\nQUIRK after\n");
	put(DATA "b.map", "MAP b B\nLOOKUP t\n1 a\n");
	m = map_load("usbhid-ups", "a.map", &report);
	assert_int_equal(report.errors, 2);
	assert_non_null(strstr(told, "b.map:1: MAP is out of place"));
	assert_non_null(strstr(told, "b.map:2: the table \"t\" has no end"));
	assert_true(map_quirk(m, NULL, "after"));
	map_free(m);
}

static void a_set_leaves_bad_maps_and_parts_out(void **state)
{
	struct mapset set;

	(void)state;
	put(DATA "good.map", "MAP good \"Good HID\"\nDRIVER usbhid-ups\n");
	put(DATA "part.map", "QUIRK x\n");
	put(DATA "bad.map", "MAP bad Bad\nDRIVER usbhid-ups\nNONSENSE\n");
	put(DATA "README", "no map\n");
	put(CONF "mine.map", "MAP mine \"My own\"\nDRIVER usbhid-ups\n");
	assert_true(mapset_load(&set, "usbhid-ups", &report));
	assert_int_equal(set.count, 2);
	assert_int_equal(report.errors, 1);
	assert_string_equal(mapset_find(&set, "GOOD")->name, "good");
	assert_string_equal(mapset_find(&set, "my*")->name, "mine");
	assert_string_equal(mapset_find(&set, "good hid 0.98")->name, "good");
	assert_string_equal(mapset_find(&set, "HID")->name, "good");
	assert_null(mapset_find(&set, "O")); /* of both */
	assert_null(mapset_find(&set, "Good HID of old"));
	assert_null(mapset_find(&set, "bad"));
	mapset_free(&set);
}

static void a_driver_without_maps_has_an_empty_set(void **state)
{
	struct mapset set;

	(void)state;
	assert_true(mapset_load(&set, "nothing", &report));
	assert_int_equal(set.count, 0);
	mapset_free(&set);
	assert_true(mapset_load(&set, "../maps", &report));
	assert_int_equal(set.count, 0);
	mapset_free(&set);
}

/* -------------------------------------------------------------------------- matching */

static const char *match_name(const struct mapset *set, uint16_t vendor, uint16_t product,
			      const char *mfr, const char *model, bool any)
{
	struct mapset_usb usb = {vendor, product, mfr, model, NULL, any};
	const struct map *map = NULL;

	return mapset_match_usb(set, &usb, NULL, &map) ? map->name : "none";
}

static void a_device_gets_the_map_that_knows_it_best(void **state)
{
	struct mapset set;

	(void)state;
	put(DATA "a.map", "MAP fallback F\nDRIVER usbhid-ups\nMATCH usb 06da:ffff order(90)\n"
			  "MATCH usb 06da:0001\n");
	put(DATA "b.map", "MAP aeg A\nDRIVER usbhid-ups\nMATCH usb 06da:ffff mfr(*AEG*) order(10)\n"
			  "MATCH usb 06da:ffff product(*aeg*) order(10)\n");
	assert_true(mapset_load(&set, "usbhid-ups", &report));
	assert_string_equal(match_name(&set, 0x6da, 0xffff, "AEG Power", "x", false), "aeg");
	assert_string_equal(match_name(&set, 0x6da, 0xffff, NULL, "my AEG", false), "aeg");
	assert_string_equal(match_name(&set, 0x6da, 0xffff, NULL, NULL, false), "fallback");
	assert_string_equal(match_name(&set, 0x6da, 0x1234, NULL, NULL, false), "none");
	assert_string_equal(match_name(&set, 0x6da, 0x1234, NULL, NULL, true), "fallback");
	assert_string_equal(match_name(&set, 0x6db, 0x1234, NULL, NULL, true), "none");
	mapset_free(&set);
}

static void one_map_can_be_asked_alone(void **state)
{
	struct mapset_usb usb = {.vendor = 1, .product = 2};
	const struct map *map = NULL;
	struct mapset set;

	(void)state;
	put(DATA "a.map", "MAP a A\nDRIVER usbhid-ups\nMATCH usb 0001:0002\n");
	put(DATA "b.map", "MAP b B\nDRIVER usbhid-ups\nMATCH usb 0001:0002 order(99)\n");
	assert_true(mapset_load(&set, "usbhid-ups", &report));
	assert_non_null(mapset_match_usb(&set, &usb, mapset_find(&set, "b"), &map));
	assert_string_equal(map->name, "b");
	mapset_free(&set);
}

static const struct map_match *shipped_match(const struct mapset *set, uint16_t vendor,
					     uint16_t product, const char *mfr, const char *model,
					     const char *name)
{
	struct mapset_usb usb = {vendor, product, mfr, model, NULL, false};
	const struct map *map = NULL;
	const struct map_match *match = mapset_match_usb(set, &usb, NULL, &map);

	assert_non_null(match);
	assert_string_equal(map->name, name);
	return match;
}

static double shipped_number(const struct mapset *set, const char *map,
			     const struct map_match *match, const char *name)
{
	struct mapnumbers n = {.count = 0};
	double value = 0;

	assert_true(map_numbers(mapset_find(set, map), match, &n));
	assert_true(mapnumbers_get(&n, name, &value));
	return value;
}

static void the_maps_that_we_ship_find_their_devices(void **state)
{
	const char *source = getenv("abs_top_srcdir");
	const struct map_match *match;
	struct mapset set;
	char path[4096];
	bool loaded;

	(void)state;
	if (!source)
		skip(); /* "make check" tells where the source is */
	str_format(path, sizeof(path), "%s/data", source);
	setenv("NUT_DATAPATH", path, 1);
	loaded = mapset_load(&set, "usbhid-ups", &report);
	str_format(path, sizeof(path), "%s/data", folder);
	setenv("NUT_DATAPATH", path, 1);
	assert_true(loaded);
	assert_string_equal(told, "");
	assert_int_equal(set.count, 16);

	match = shipped_match(&set, 0x51d, 2, "APC", "Back-UPS CS 500 FW:808", "apc");
	assert_true(map_quirk(mapset_find(&set, "apc"), match, "max-report"));
	match = shipped_match(&set, 0x51d, 2, "APC", "Back-UPS RS 1000G", "apc");
	assert_false(map_quirk(mapset_find(&set, "apc"), match, "max-report"));
	shipped_match(&set, 0x6da, 0xffff, "AEG", "PROTECT", "mge");
	shipped_match(&set, 0x6da, 0xffff, "x", "Smart-Battery 1", "idowell");
	shipped_match(&set, 0x6da, 0xffff, NULL, NULL, "liebert");
	shipped_match(&set, 0x463, 0xffff, "EATON", "5P", "mge");
	match = shipped_match(&set, 0x9ae, 0x3016, NULL, NULL, "tripplite");
	assert_true(shipped_number(&set, "tripplite", match, "battery-scale") == 100000);
	match = shipped_match(&set, 0x9ae, 0x1330, NULL, NULL, "tripplite");
	assert_true(shipped_number(&set, "tripplite", match, "battery-scale") == 1);
	assert_true(shipped_number(&set, "tripplite", match, "skip-report") == 0x54);
	match = shipped_match(&set, 0x4d8, 0xd004, NULL, NULL, "openups");
	assert_true(shipped_number(&set, "openups", match, "vin-scale") == 3.545);
	mapset_free(&set);
}

/* ----------------------------------------------------------------------------- where */

static void hid_paths_become_usages(void **state)
{
	struct map *m = read_text(HEAD USAGES "USAGE Face facade\n");
	uint32_t nodes[MAPWHERE_NODES_MAX];

	(void)state;
	assert_int_equal(mapwhere_hid(m, "ups.INPUT.[12].ffff0057", nodes), 4);
	assert_int_equal(nodes[0], 0x840004);
	assert_int_equal(nodes[2], 0xff000c);
	assert_int_equal(nodes[3], 0xffff0057);
	assert_int_equal(mapwhere_hid(m, "Face", nodes), 1);
	assert_int_equal(nodes[0], 0xfacade);
	assert_int_equal(mapwhere_hid(m, "UPS..Input", nodes), 0);
	assert_int_equal(mapwhere_hid(m, "UPS.", nodes), 0);
	assert_int_equal(mapwhere_hid(m, "", nodes), 0);
	assert_int_equal(mapwhere_hid(m, "UPS.[a]", nodes), 0);
	assert_int_equal(mapwhere_hid(m, "UPS.[1", nodes), 0);
	assert_int_equal(mapwhere_hid(m, "UPS.[99999]", nodes), 0);
	assert_int_equal(mapwhere_hid(m, "123456789", nodes), 0);
	assert_int_equal(mapwhere_hid(m, "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6", nodes), 16);
	assert_int_equal(mapwhere_hid(m, "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7", nodes), 0);
	assert_string_equal(map_usage_name(m, 0x84001a), "Input");
	map_free(m);
}

static void each_kind_of_driver_has_its_way_to_write_a_place(void **state)
{
	static const struct {
		const char *driver, *where;
		bool valid;
	} cases[] = {
		{"snmp-ups", ".1.3.6.1.%i.2.%j", true},
		{"snmp-ups", "1.3.6", false},
		{"snmp-ups", ".1..3", false},
		{"snmp-ups", ".1.%k", false},
		{"nutdrv_qx", "Q1", true},
		{"nutdrv_qx", "Q1[1-5]", true},
		{"nutdrv_qx", "Q1[38]", true},
		{"nutdrv_qx", "Q1{2}", true},
		{"nutdrv_qx", "Q2[1]", false},
		{"nutdrv_qx", "Q1[1-]", true},
		{"nutdrv_qx", "Q1[-1]", false},
		{"nutdrv_qx", "Q1[1}", false},
		{"nutdrv_qx", "Q1{}", false},
		{"apc_modbus", "holding:0x10:u16", true},
		{"apc_modbus", "coil:3", true},
		{"apc_modbus", "input:4:str(16)", true},
		{"apc_modbus", "input:4:u32:swap", true},
		{"apc_modbus", "input:70000", false},
		{"apc_modbus", "inputs:4", false},
		{"apc_modbus", "input:4:u64", false},
		{"apc_modbus", "input:4:u32:sw", false},
		{"apc_modbus", "input", false},
		{"unheard-of", "any thing", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = NULL;
		char text[128];
		struct map *m;

		str_format(text, sizeof(text), "MAP a A\nDRIVER %s\nQUERY Q1 Q1\n",
			   cases[i].driver);
		m = read_text(text);
		if (mapwhere_valid(m, cases[i].where, &why) != cases[i].valid)
			fail_msg("%s %s", cases[i].driver, cases[i].where);
		assert_true(cases[i].valid || why);
		map_free(m);
	}
}

/* ---------------------------------------------------------------------------- checks */

static void checks_find_what_the_reader_lets_pass(void **state)
{
	static const char *const cases[][2] = {
		{HEAD USAGES "VAR UPS.Nix a\n", "\"UPS.Nix\" is no place of usbhid-ups"},
		{HEAD USAGES "VAR UPS a if(UPS.Nix)\n", "\"UPS.Nix\" is no place"},
		{HEAD USAGES "STATUS - online\n", "STATUS online has no place"},
		{HEAD USAGES "VAR UPS a\nVAR UPS a\n", "VAR a is the same as line 6"},
		{HEAD USAGES "VAR UPS a\nVAR UPS a scale(2)\n", "never counts behind line 6"},
		{HEAD USAGES "CMD UPS a value(1)\nCMD UPS a value(2)\n", "never counts behind"},
		{HEAD USAGES "LOOKUP t\n1 a\nEND\nCMD UPS a value(b) lookup(t)\n",
		 "\"b\" cannot be written"},
		{HEAD USAGES "LOOKUP t\n1 onlin\nEND\nSTATUS UPS * lookup(t)\n",
		 "which is no status word"},
		{HEAD USAGES "VAR UPS a scale(k(x))\n", "\"x\" is not set for all devices"},
		{HEAD USAGES
		 "MATCH usb 0001:0001 set(x,1)\nMATCH usb 0001:0002\nVAR UPS a scale(k(x))\n",
		 "\"x\" is not set for all devices"},
		{HEAD "SET x 1\n", "nothing uses the number \"x\""},
		{HEAD "QUIRK x\n", "usbhid-ups has no quirk \"x\""},
		{HEAD "MATCH usb 0001:0001 quirk(x)\n", "usbhid-ups has no quirk \"x\""},
		{HEAD "LOOKUP t\n1-5 a\n3 b\nEND\n", "row 2 of the table \"t\" never counts"},
		{HEAD "LOOKUP t\n* a\n3 b\nEND\n", "row 2 of the table \"t\" never counts"},
		{HEAD "LOOKUP t\n1 a\nEND\n", "nothing uses the table \"t\""},
		{HEAD USAGES "USAGE ups 840004\n", "USAGE ups is there twice"},
		{HEAD "SEQUENCE a b\nSEQUENCE b c\n", "a runs b, which is a sequence itself"},
		{HEAD "SEQUENCE a b\nSEQUENCE a c\n", "a is there twice"},
		{HEAD "MATCH usb 0001:0001\nMATCH usb 0001:0001 mfr(x)\n",
		 "is the map \"test\" already"},
		{HEAD "MATCH usb 0001:0001 mfr(x)\nMATCH usb 0001:0001 mfr(x)\n",
		 "already, by line 3"},
		{HEAD "MATCH usb 0001:0001 mfr(x)\nMATCH usb 0001:0001 order(1)\n",
		 "already, by line 4"},
		{HEAD, "this map is for no device"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		complains(cases[i][0], cases[i][1]);
}

static void checks_let_good_maps_pass(void **state)
{
	struct map *m = read_text(HEAD USAGES
				  "MATCH usb 0001:0001 mfr(x)\nMATCH usb 0001:0001\n"
				  "LOOKUP t\n0 off\n1 !off\nEND\nSTATUS UPS * lookup(t)\n"
				  "VAR UPS a lookup(t)\nVAR UPS a format(%.0f)\n"
				  "VAR UPS.Input a\nCMD UPS b value(1)\nCMD UPS.Input b value(1)\n"
				  "ALIAS x y\nSEQUENCE y z\n");

	(void)state;
	mapcheck_map(m, NULL, &report);
	mapcheck_set(&m, 1, &report);
	assert_string_equal(told, "");
	map_free(m);
}

static void names_are_looked_up(void **state)
{
	struct names *names;
	char path[256];
	struct map *m;

	(void)state;
	put("data/names", "VARDESC input.voltage \"x\"\nVARDESC outlet.n.desc \"x\"\n"
			  "CMDDESC load.off \"x\"\n");
	str_format(path, sizeof(path), "%s/data/names", folder);
	names = names_load(path, &report);
	m = read_text(HEAD USAGES "MATCH never\nVAR UPS input.voltage\nVAR UPS input.voltag\n"
				  "VAR UPS outlet.%i.desc\nVAR UPS experimental.x\n"
				  "VAR UPS secret hidden\nCMD UPS load.off\nCMD UPS load.of\n");
	mapcheck_map(m, names, &report);
	assert_int_equal(report.errors, 2);
	assert_non_null(strstr(told, "there is no variable \"input.voltag\""));
	assert_non_null(strstr(told, "there is no command \"load.of\""));
	map_free(m);
	names_free(names);
	unlink(path);
}

static void two_maps_cannot_have_one_device(void **state)
{
	struct map *maps[2];

	(void)state;
	maps[0] = read_text("MAP a A\nDRIVER d\nMATCH usb 0001:0001\n");
	maps[1] = read_text("MAP A A\nDRIVER d\nMATCH usb 0001:0001\nMATCH usb 0001:0002\n");
	mapcheck_set(maps, 2, &report);
	assert_int_equal(report.errors, 2);
	assert_non_null(strstr(told, "0001:0001 is the map \"a\" already"));
	assert_non_null(strstr(told, "has the name \"A\", too"));
	map_free(maps[0]);
	map_free(maps[1]);
}

/* ---------------------------------------------------------------------------- print */

static char *print(const struct map *m)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	mapprint(m, out);
	fclose(out);
	return text;
}

static void a_printed_map_reads_as_the_same_map(void **state)
{
	struct map *m = read_text(
		HEAD
		"VERSION \"1 \\#2\"\n" USAGES
		"MATCH usb 0001:0001 \"mfr(A B*)\" set(x,1.5)\nMATCH never order(3)\nQUIRK q\n"
		"SET y 100000\nLOOKUP t\n1,2 \"a b\"\n3-4 c 0x10\n&0x18:8 d\n&2 e\n\"some text\" "
		"f\n"
		"* g\nEND\nQUERY Q1 Q1%r begin(() length(3)\nBLOCK coil 1 2\n"
		"VAR UPS a lookup(t) \"default(not known)\"\nSTATUS UPS !off\n"
		"ALARM UPS \"Oh no!\"\nCMD UPS b value(1)\nSEQUENCE c d wait(10)\nALIAS e f\n");
	char *first = print(m), *second;
	struct map *again = read_text(first);

	(void)state;
	second = print(again);
	assert_string_equal(told, "");
	assert_string_equal(first, second);
	assert_int_equal(again->lookups[0]->count, 7);
	assert_string_equal(again->rows[0].otherwise, "not known");
	free(first);
	free(second);
	map_free(m);
	map_free(again);
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_map_holds_what_its_file_says),
		TEST(numbers_of_a_match_come_after_those_of_its_map),
		TEST(templates_queries_and_blocks_are_read),
		TEST(all_mistakes_of_a_file_are_told_at_once),
		TEST(each_mistake_has_its_line_and_its_mend),
		TEST(a_map_has_its_limits),
		TEST(a_map_that_needs_too_much_memory_is_none),
		TEST(the_administrators_file_wins),
		TEST(a_file_outside_the_folders_is_no_map),
		TEST(files_that_include_in_a_circle_come_to_an_end),
		TEST(files_are_included_to_a_depth_and_each_once),
		TEST(an_included_file_has_no_map_line_and_ends_its_tables),
		TEST(a_set_leaves_bad_maps_and_parts_out),
		TEST(a_driver_without_maps_has_an_empty_set),
		TEST(a_device_gets_the_map_that_knows_it_best),
		TEST(one_map_can_be_asked_alone),
		TEST(the_maps_that_we_ship_find_their_devices),
		TEST(hid_paths_become_usages),
		TEST(each_kind_of_driver_has_its_way_to_write_a_place),
		TEST(checks_find_what_the_reader_lets_pass),
		TEST(checks_let_good_maps_pass),
		TEST(names_are_looked_up),
		TEST(two_maps_cannot_have_one_device),
		TEST(a_printed_map_reads_as_the_same_map),
	};
	int failed = cmocka_run_group_tests(tests, make_folders, NULL);

	clean(NULL);
	remove_folders(NULL);
	return failed;
}
