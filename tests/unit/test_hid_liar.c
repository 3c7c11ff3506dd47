/* The engine with a HID device that lies in everything: a short run of fuzz_usbhid's, with seeds.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "tests/lib/hidliar.h"

enum { SEEDS = 3000, BYTES = 4000 };

static uint8_t next_byte(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint8_t)(*seed >> 24);
}

static void no_lie_is_a_reading_and_none_breaks_the_engine(void **state)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (char[]){"map"}};
	struct hid_liar_counts counts = {0};
	struct mapset maps;

	(void)state;
	assert_true(mapset_load(&maps, "usbhid-ups", &report));
	assert_true(maps.count > 10);
	for (uint32_t i = 0; i < SEEDS; i++) {
		uint8_t bytes[BYTES];
		uint32_t seed = i;

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = next_byte(&seed);
		bytes[0] = (uint8_t)i;
		hid_liar_run(&maps, bytes, sizeof(bytes), &counts);
	}
	print_message("%lu rows, %lu polls, %lu good, %lu orders\n", counts.rows, counts.polls,
		      counts.good, counts.commands);
	/* It was a play of the whole engine, not of its refusals. */
	assert_true(counts.rows > SEEDS);
	assert_true(counts.good > SEEDS);
	assert_true(counts.polls > counts.good);
	assert_true(counts.commands > SEEDS);
	mapset_free(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_lie_is_a_reading_and_none_breaks_the_engine),
	};
	char path[4096];
	const char *top = getenv("abs_top_srcdir");

	log_to_stderr(false);
	snprintf(path, sizeof(path), "%s/data", top ? top : ".");
	setenv("NUT_DATAPATH", path, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
