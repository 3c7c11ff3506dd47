/* What map files say of SNMP: names, matches, counts, chains, and the items of rows. */
#include "config.h"

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
#include "drivers/maps/mapcheck.h"
#include "drivers/maps/mapprint.h"
#include "drivers/maps/mapset.h"
#include "drivers/maps/mapwhere.h"

static char told[16 * 1024]; /* all that was reported, a line each */
static struct conf_report report;

static void remember(void *arg, enum conf_severity severity, const char *text)
{
	size_t used = strlen(told);

	(void)arg;
	(void)severity;
	str_format(told + used, sizeof(told) - used, "%s\n", text);
}

static int forget(void **state)
{
	(void)state;
	told[0] = '\0';
	report = (struct conf_report){.emit = remember};
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
	assert_non_null(m);
	return m;
}

#define HEAD "MAP test \"A test\"\nDRIVER snmp-ups\nMATCH never\n"

/* Reads and checks a text; what is told has to hold `expected`. */
static void complains(const char *text, const char *expected)
{
	struct map *m;

	forget(NULL);
	m = read_text(text);
	mapcheck_map(m, NULL, &report);
	mapcheck_set(&m, 1, &report);
	if (!strstr(told, expected))
		fail_msg("\"%s\" is not in:\n%s", expected, told);
	map_free(m);
}

static void is_fine(const char *text)
{
	struct map *m;

	forget(NULL);
	m = read_text(text);
	mapcheck_map(m, NULL, &report);
	mapcheck_set(&m, 1, &report);
	assert_string_equal(told, "");
	map_free(m);
}

/* --------------------------------------------------------------------------- reading */

static const char everything[] =
	"MAP test \"A test\"\nDRIVER snmp-ups\nNAME other\nNAME third\n"
	"MATCH oid .1.3.6.1.4.1.1 order(2) probe(.1.3.6.1.4.1.1.1.0)\n"
	"MATCH probe .1.3.6.1.4.1.1.1.0 order(2)\n"
	"LOOKUP t\n\t.1.3.6.1.1 \"too hot\"\nEND\n"
	"LOOKUP s\n\t.1.3.6.1.1 overload\nEND\n"
	"CHAIN device.count .1.3.6.1.4.1.2.%d\n"
	"COUNT outlet.count .1.3.6.1.4.1.3.%d.%i\n"
	"VAR .1.3.1 input.voltage scale(0.1) number phases(input,1)\n"
	"VAR .1.3.2 input.bypass.L1-N.voltage number phases(bypass,3)\n"
	"VAR .1.3.3.0 ups.delay.start number rw as(ticks)\n"
	"VAR .1.3.4.%d.%i outlet.%i.desc rw(32) for(i,1,outlet.count)\n"
	"VAR - outlet.%i.id constant(%i) for(i,1,outlet.count)\n"
	"VAR - outlet.desc \"own(All outlets)\" rw(20)\n"
	"VAR .1.3.5.0 ambient.temperature number first\n"
	"STATUS .1.3.6.1.* * lookup(s) while(.1.3.6.0)\n"
	"ALARM .1.3.6.1.* \"alarm: *\" lookup(t) while(.1.3.6.0)\n"
	"CMD .1.3.7.%i+1.0 outlet.%i.load.off value(2) for(i,1,outlet.count)\n"
	"CMD .1.3.8.0 test.battery.start value(.1.3.9) as(oid)\n";

static void a_map_holds_what_its_file_says_of_snmp(void **state)
{
	struct map *m = read_text(everything);

	(void)state;
	assert_string_equal(told, "");
	assert_int_equal(m->name_count, 2);
	assert_string_equal(m->matches[0].probe, ".1.3.6.1.4.1.1.1.0");
	assert_null(m->matches[1].probe);
	assert_string_equal(m->chain.count, "device.count");
	assert_string_equal(m->chain.where, ".1.3.6.1.4.1.2.%d");
	assert_string_equal(map_count_find(m, "Outlet.Count")->where, ".1.3.6.1.4.1.3.%d.%i");
	assert_null(map_count_find(m, "ambient.count"));
	assert_string_equal(m->rows[0].phases_of, "input.phases");
	assert_int_equal(m->rows[0].phases, 1);
	assert_string_equal(m->rows[1].phases_of, "input.bypass.phases");
	assert_int_equal(m->rows[1].phases, 3);
	assert_null(m->rows[2].phases_of);
	assert_int_equal(m->rows[2].type, MAP_AS_TICKS);
	assert_int_equal(m->rows[3].type, MAP_AS_IT_IS);
	assert_int_equal(m->rows[6].flags, MAP_FIRST);
	assert_string_equal(m->rows[7].asked_if, ".1.3.6.0");
	assert_true(mapwhere_is_list(m->rows[7].where));
	assert_int_equal(m->rows[10].type, MAP_AS_OID);
	map_free(m);
	is_fine(everything);
}

static char *print(const struct map *m)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	mapprint(m, out);
	fclose(out);
	return text;
}

static void all_of_it_is_printed_and_read_again(void **state)
{
	struct map *m = read_text(everything), *again;
	char *first = print(m), *second;

	(void)state;
	again = read_text(first);
	second = print(again);
	assert_string_equal(told, "");
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "NAME third\n"));
	assert_non_null(strstr(first, "CHAIN device.count .1.3.6.1.4.1.2.%d\n"));
	assert_non_null(strstr(first, "COUNT outlet.count .1.3.6.1.4.1.3.%d.%i\n"));
	free(first);
	free(second);
	map_free(again);
	map_free(m);
}

/* ---------------------------------------------------------------------------- mistakes */

static void mistakes_in_lines_are_told(void **state)
{
	(void)state;
	complains(HEAD "NAME\n", "write: NAME name");
	complains(HEAD "NAME TEST\n", "the map has the name \"TEST\" already");
	complains(HEAD "NAME a\nNAME A\n", "the map has the name \"A\" already");
	complains(HEAD "COUNT a .1\nCOUNT A .1\n", "A has a COUNT at test.map:4 already");
	complains(HEAD "CHAIN a .1\nCHAIN b .1\n", "there is a CHAIN at test.map:4 already");
	complains(HEAD "COUNT outlet.count\n", "write: COUNT outlet.count where");
	complains(HEAD "CHAIN a\n", "write: CHAIN device.count where");
	complains(HEAD "MATCH probe .1.3 probe(.1.4)\n", "\"probe(.1.4)\" says nothing here");
	complains(HEAD "MATCH oid .1.3 probe()\n", "\"probe()\" says nothing here");
}

static void mistakes_in_items_are_told(void **state)
{
	(void)state;
	complains(HEAD "VAR .1.3 a phases(input,2)\n", "\"phases(input,2)\" cannot be done");
	complains(HEAD "VAR .1.3 a phases(inpt,3)\n", "\"phases(inpt,3)\" cannot be done");
	complains(HEAD "VAR .1.3 a phases\n", "phases(input,3) or as(ticks)");
	complains(HEAD "VAR .1.3 a rw as(float)\n", "\"as(float)\" cannot be done");
	complains(HEAD "VAR .1.3 a as(ticks)\n", "as() is for what is written");
	complains(HEAD "VAR .1.3 a while()\n", "write: while(where)");
	complains(HEAD "VAR .1.3 a first(1)\n", "it takes nothing in parentheses");
	complains(HEAD "VAR .1.3 a not()\n", "it takes a text");
	complains(HEAD "VAR - a rw\n", "a variable without a place says nothing");
	complains(HEAD "ALARM .1.3 \"x: *\"\n", "nothing says which it is");
	is_fine(HEAD "ALARM .1.3 \"Oh no!\"\n");
}

static void a_list_is_for_rows_that_are_made_of_it(void **state)
{
	(void)state;
	complains(HEAD "VAR .1.3.* a\n", "can have a list");
	complains(HEAD "STATUS .1.3.* online\n", "can have a list");
	complains(HEAD "ALARM .1.3.* hot\n", "can have a list");
	complains(HEAD "CMD .1.3.* a value(1)\n", "can have a list");
	complains(HEAD "STATUS .1.3.%i.* * arc for(i,1,3)\n", "can have a list");
	is_fine(HEAD "STATUS .1.3.* * arc\nALARM .1.3.* * arc\n");
}

static void places_that_are_none_are_told(void **state)
{
	static const char *const bad[] = {"1.3",     ".1..3",    ".1.3.",         ".1.%k",
					  ".1.%i+0", ".1.%i+12", ".1.*.3",        ".1.4294967296",
					  ".*",      ".1.%",     ".1.-3",         ".1.%i%j",
					  "",        ".1.3*",    ".1.12345678901"};
	static const char *const good[] = {".1.3", ".1.%i+9.0", ".1.%d.%i.%j", ".1.4294967295"};
	struct map *m = read_text(HEAD);
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (mapwhere_valid(m, bad[i], &why))
			fail_msg("%s is taken", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!mapwhere_valid(m, good[i], &why))
			fail_msg("%s is not taken", good[i]);
	assert_true(mapwhere_is_list(".1.*"));
	assert_false(mapwhere_is_list(".1.3"));
	assert_false(mapwhere_is_list(".*"));
	assert_false(mapwhere_is_list("*"));
	map_free(m);
	complains("MAP t T\nDRIVER snmp-ups\nMATCH oid 1.3\n", "\"1.3\" is no place of snmp-ups");
	complains("MAP t T\nDRIVER snmp-ups\nMATCH oid .1 probe(x)\n", "\"x\" is no place");
	complains(HEAD "STATUS .1.3 online while(x)\n", "\"x\" is no place of snmp-ups");
}

static void every_index_is_somebodys(void **state)
{
	(void)state;
	complains(HEAD "VAR .1.3.%i a\n", "nothing says what %i is");
	complains(HEAD "VAR .1.3 outlet.%i.a\n", "nothing says what %i is");
	complains(HEAD "VAR - a constant(%j)\n", "nothing says what %j is");
	complains(HEAD "VAR .1.3 a for(i,1,3)\n", "nothing in this row has the index %i");
	complains(HEAD "VAR .1.3.%i a.%i walk(i) walk(j)\n",
		  "nothing in this row has the index %j");
	complains(HEAD "VAR .1.3.%d a\n", "%d is for devices of a chain");
	complains(HEAD "CHAIN device.count .1.3.0\n", "\".1.3.0\" has no %d");
	complains(HEAD "COUNT outlet.count .1.3.0\nVAR .1.%i a.%i for(i,1,outlet.count)\n",
		  "\".1.3.0\" has no index");
	complains(HEAD "COUNT outlet.count .1.3.%i\n", "nothing is counted by outlet.count");
	/* In a query a percent sign is another thing. */
	is_fine("MAP t T\nDRIVER nutdrv_qx\nMATCH never\nQUERY F F%r\nVAR F a format(%d%%)\n");
}

/* ----------------------------------------------------------------------------- matching */

static void a_map_is_found_by_each_of_its_names(void **state)
{
	struct map *maps[] = {
		read_text("MAP apc A\nDRIVER snmp-ups\nMATCH never\n"),
		read_text("MAP ietf B\nDRIVER snmp-ups\nNAME tripplite\nMATCH never\n")};
	struct mapset s = {maps, 2};

	(void)state;
	assert_ptr_equal(mapset_find(&s, "TrippLite"), maps[1]);
	assert_ptr_equal(mapset_find(&s, "ietf"), maps[1]);
	assert_ptr_equal(mapset_find(&s, "apc"), maps[0]);
	assert_null(mapset_find(&s, "nothing"));
	map_free(maps[0]);
	map_free(maps[1]);
}

static void names_and_matches_of_two_maps_are_their_own(void **state)
{
	struct map *maps[] = {
		read_text("MAP a A\nDRIVER snmp-ups\nNAME x\nMATCH oid .1.3 probe(.1)\n"
			  "MATCH probe .1.9\n"),
		read_text("MAP x B\nDRIVER snmp-ups\nNAME a\nMATCH oid .1.3 probe(.2)\n"
			  "MATCH oid .1.3 probe(.1)\nMATCH probe .1.9\nMATCH probe .1.8 equal(1)\n"
			  "MATCH probe .1.8 equal(2)\n")};

	(void)state;
	mapcheck_set(maps, 2, &report);
	assert_non_null(strstr(told, "has the name \"x\", too"));
	assert_non_null(strstr(told, "test.map:3: test.map has the name \"a\", too"));
	assert_non_null(strstr(told, "test.map:5: .1.3 is the map \"a\" already"));
	assert_non_null(strstr(told, "test.map:6: .1.9 is the map \"a\" already"));
	assert_int_equal(report.errors, 4);
	map_free(maps[0]);
	map_free(maps[1]);
}

static const char *candidates(const struct mapset *s, const char *oid)
{
	static char names[128];
	struct mapset_candidate list[4];
	size_t count = mapset_match_oid(s, oid, list, 4);

	names[0] = '\0';
	for (size_t i = 0; i < count; i++)
		str_format(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			   i ? " " : "", list[i].map->name);
	return names;
}

static void the_longest_oid_is_tried_first(void **state)
{
	struct map *maps[] = {
		read_text("MAP vendor A\nDRIVER snmp-ups\nMATCH oid .1.3.1 order(1)\n"),
		read_text("MAP pdu B\nDRIVER snmp-ups\nMATCH oid .1.3.1.4 order(9)\n"),
		read_text("MAP ups C\nDRIVER snmp-ups\nMATCH oid .1.3.1.4 order(3)\n"
			  "MATCH oid .1.3.1.44\nMATCH probe .1.3.1\n")};
	struct mapset s = {maps, 3};

	(void)state;
	assert_string_equal(candidates(&s, ".1.3.1.4"), "ups pdu vendor");
	assert_string_equal(candidates(&s, ".1.3.1.4.7"), "ups pdu vendor");
	assert_string_equal(candidates(&s, ".1.3.1.44"), "ups vendor");
	assert_string_equal(candidates(&s, ".1.3.1.5"), "vendor");
	assert_string_equal(candidates(&s, ".1.3.11"), "");
	assert_string_equal(candidates(&s, ".1.3"), "");
	for (size_t i = 0; i < 3; i++)
		map_free(maps[i]);
}

static void there_are_no_more_candidates_than_asked_for(void **state)
{
	struct map *m = read_text("MAP t T\nDRIVER snmp-ups\nMATCH oid .1 order(9)\n"
				  "MATCH oid .1.2 order(1)\nMATCH oid .1.2.3 order(5)\n");
	struct map *maps[] = {m};
	struct mapset s = {maps, 1};
	struct mapset_candidate list[2];

	(void)state;
	assert_int_equal(mapset_match_oid(&s, ".1.2.3", list, 2), 2);
	map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_map_holds_what_its_file_says_of_snmp, forget),
		cmocka_unit_test_setup(all_of_it_is_printed_and_read_again, forget),
		cmocka_unit_test_setup(mistakes_in_lines_are_told, forget),
		cmocka_unit_test_setup(mistakes_in_items_are_told, forget),
		cmocka_unit_test_setup(a_list_is_for_rows_that_are_made_of_it, forget),
		cmocka_unit_test_setup(places_that_are_none_are_told, forget),
		cmocka_unit_test_setup(every_index_is_somebodys, forget),
		cmocka_unit_test_setup(a_map_is_found_by_each_of_its_names, forget),
		cmocka_unit_test_setup(names_and_matches_of_two_maps_are_their_own, forget),
		cmocka_unit_test_setup(the_longest_oid_is_tried_first, forget),
		cmocka_unit_test_setup(there_are_no_more_candidates_than_asked_for, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
