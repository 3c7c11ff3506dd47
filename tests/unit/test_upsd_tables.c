/*
 * upsd's small tables: names, kept answers, tracked requests.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/nametable.h"
#include "server/rendered.h"
#include "server/tracking.h"

/* -------------------------------------------------------------------- names */

static void a_name_is_found_whatever_its_letter_case(void **state)
{
	struct nametable t = {0};
	int value;

	(void)state;
	assert_int_equal(nametable_add(&t, "Rack1", &value), NAMETABLE_ADDED);
	assert_ptr_equal(nametable_find(&t, "rACK1"), &value);
	assert_null(nametable_find(&t, "rack2"));
	nametable_clear(&t);
}

static void a_name_is_taken_once(void **state)
{
	struct nametable t = {0};
	int first, second;

	(void)state;
	nametable_add(&t, "ups", &first);
	assert_int_equal(nametable_add(&t, "UPS", &second), NAMETABLE_TAKEN);
	assert_ptr_equal(nametable_find(&t, "ups"), &first);
	nametable_clear(&t);
}

static void thousands_of_names_are_all_found(void **state)
{
	static char names[5000][16];
	struct nametable t = {0};

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		snprintf(names[i], sizeof(names[i]), "ups%zu", i);
		assert_int_equal(nametable_add(&t, names[i], names[i]), NAMETABLE_ADDED);
	}
	for (size_t i = 0; i < 5000; i++)
		assert_ptr_equal(nametable_find(&t, names[i]), names[i]);
	nametable_clear(&t);
	assert_null(nametable_find(&t, "ups1"));
}

/* ------------------------------------------------------------- kept answers */

static void an_answer_is_kept_until_its_generation_passes(void **state)
{
	struct rendered_cache cache;
	struct rendered *slot = NULL;
	struct buffer out = {0};

	(void)state;
	rendered_cache_init(&cache, 1000);
	assert_false(rendered_append(&cache, &slot, "ups", 1, &out));
	rendered_keep(&cache, &slot, "ups", 1, "text\n", 5);
	assert_true(rendered_append(&cache, &slot, "ups", 1, &out));
	assert_string_equal(buffer_string(&out), "text\n");
	assert_false(rendered_append(&cache, &slot, "ups", 2, &out));
	rendered_drop(&cache, &slot);
	assert_int_equal(cache.bytes, 0);
	buffer_free(&out);
}

static void an_answer_is_not_given_to_who_spells_the_name_otherwise(void **state)
{
	struct rendered_cache cache;
	struct rendered *slot = NULL;
	struct buffer out = {0};

	(void)state;
	rendered_cache_init(&cache, 1000);
	rendered_keep(&cache, &slot, "ups", 1, "VAR ups", 7);
	assert_false(rendered_append(&cache, &slot, "UPS", 1, &out));
	assert_false(rendered_append(&cache, &slot, "up", 1, &out));
	rendered_drop(&cache, &slot);
}

static void the_answer_used_longest_ago_makes_room(void **state)
{
	struct rendered_cache cache;
	struct rendered *slots[3] = {NULL, NULL, NULL};
	struct buffer out = {0};
	char text[300] = {0};

	(void)state;
	rendered_cache_init(&cache, 900);
	rendered_keep(&cache, &slots[0], "a", 1, text, sizeof(text));
	rendered_keep(&cache, &slots[1], "b", 1, text, sizeof(text));
	assert_true(rendered_append(&cache, &slots[0], "a", 1, &out));
	rendered_keep(&cache, &slots[2], "c", 1, text, sizeof(text));
	assert_non_null(slots[0]);
	assert_null(slots[1]);
	assert_non_null(slots[2]);
	for (int i = 0; i < 3; i++)
		rendered_drop(&cache, &slots[i]);
	buffer_free(&out);
}

static void an_answer_too_large_for_the_cache_is_not_kept(void **state)
{
	struct rendered_cache cache;
	struct rendered *slot = NULL;
	char text[600] = {0};

	(void)state;
	rendered_cache_init(&cache, 1000);
	rendered_keep(&cache, &slot, "a", 1, text, sizeof(text));
	assert_null(slot);
	assert_int_equal(cache.bytes, 0);
}

/* ----------------------------------------------------------------- tracking */

static void a_request_is_pending_until_the_driver_reports(void **state)
{
	struct tracking *t = tracking_new(10);
	char id[TRACKING_ID_SIZE];

	(void)state;
	assert_true(tracking_begin(t, 0, id));
	assert_string_equal(tracking_answer(t, id), "PENDING");
	tracking_finish(t, id, 0);
	assert_string_equal(tracking_answer(t, id), "SUCCESS");
	tracking_free(t);
}

static void each_result_has_its_words(void **state)
{
	static const struct {
		long result;
		const char *words;
	} rows[] = {
		{-1, "PENDING"},    {0, "SUCCESS"},
		{1, "ERR UNKNOWN"}, {2, "ERR INVALID-ARGUMENT"},
		{3, "ERR FAILED"},  {4, "ERR INVALID-ARGUMENT"},
		{5, "ERR UNKNOWN"}, {-2, "ERR UNKNOWN"},
	};
	struct tracking *t = tracking_new(10);
	char id[TRACKING_ID_SIZE];

	(void)state;
	assert_true(tracking_begin(t, 0, id));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tracking_finish(t, id, rows[i].result);
		assert_string_equal(tracking_answer(t, id), rows[i].words);
	}
	tracking_free(t);
}

static void an_id_is_a_random_uuid_of_version_4(void **state)
{
	struct tracking *t = tracking_new(10);
	char id[TRACKING_ID_SIZE], other[TRACKING_ID_SIZE];

	(void)state;
	assert_true(tracking_begin(t, 0, id));
	assert_true(tracking_begin(t, 0, other));
	assert_string_not_equal(id, other);
	assert_int_equal(strlen(id), 36);
	assert_int_equal(id[8], '-');
	assert_int_equal(id[14], '4');
	assert_non_null(strchr("89AB", id[19]));
	tracking_free(t);
}

static void an_id_is_found_in_small_letters_too(void **state)
{
	struct tracking *t = tracking_new(10);
	char id[TRACKING_ID_SIZE];

	(void)state;
	assert_true(tracking_begin(t, 0, id));
	for (char *p = id; *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p += 'a' - 'A';
	assert_string_equal(tracking_answer(t, id), "PENDING");
	tracking_free(t);
}

static void nonsense_is_an_unknown_id(void **state)
{
	struct tracking *t = tracking_new(10);

	(void)state;
	assert_string_equal(tracking_answer(t, ""), "ERR UNKNOWN");
	assert_string_equal(tracking_answer(t, "x"), "ERR UNKNOWN");
	assert_string_equal(tracking_answer(t, "------------------------------------"),
			    "ERR UNKNOWN");
	assert_string_equal(tracking_answer(t, "35F034EF-7FAD-42F5-AD3E-7C58A57A63AA"),
			    "ERR UNKNOWN");
	tracking_finish(t, "nonsense", 0);
	tracking_free(t);
}

static void entries_go_when_they_are_older_than_the_delay(void **state)
{
	struct tracking *t = tracking_new(10);
	char old[TRACKING_ID_SIZE], young[TRACKING_ID_SIZE];

	(void)state;
	assert_true(tracking_begin(t, 1000, old));
	assert_true(tracking_begin(t, 5000, young));
	tracking_expire(t, 11001, 10);
	assert_string_equal(tracking_answer(t, old), "ERR UNKNOWN");
	assert_string_equal(tracking_answer(t, young), "PENDING");
	assert_int_equal(tracking_count(t), 1);
	tracking_free(t);
}

static void beyond_the_limit_the_oldest_entry_goes(void **state)
{
	struct tracking *t = tracking_new(2);
	char id[3][TRACKING_ID_SIZE];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(tracking_begin(t, i, id[i]));
	assert_int_equal(tracking_count(t), 2);
	assert_string_equal(tracking_answer(t, id[0]), "ERR UNKNOWN");
	assert_string_equal(tracking_answer(t, id[2]), "PENDING");
	tracking_cancel(t, id[2]);
	assert_string_equal(tracking_answer(t, id[2]), "ERR UNKNOWN");
	tracking_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_found_whatever_its_letter_case),
		cmocka_unit_test(a_name_is_taken_once),
		cmocka_unit_test(thousands_of_names_are_all_found),
		cmocka_unit_test(an_answer_is_kept_until_its_generation_passes),
		cmocka_unit_test(an_answer_is_not_given_to_who_spells_the_name_otherwise),
		cmocka_unit_test(the_answer_used_longest_ago_makes_room),
		cmocka_unit_test(an_answer_too_large_for_the_cache_is_not_kept),
		cmocka_unit_test(a_request_is_pending_until_the_driver_reports),
		cmocka_unit_test(each_result_has_its_words),
		cmocka_unit_test(an_id_is_a_random_uuid_of_version_4),
		cmocka_unit_test(an_id_is_found_in_small_letters_too),
		cmocka_unit_test(nonsense_is_an_unknown_id),
		cmocka_unit_test(entries_go_when_they_are_older_than_the_delay),
		cmocka_unit_test(beyond_the_limit_the_oldest_entry_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
