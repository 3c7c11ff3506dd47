/* A text that outlives its process: whoever dies in the middle of a write leaves the last one. */
#include "config.h"

#include <errno.h>
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

#include "clients/upsmon/keep.h"
#include "common/base/str.h"

enum { HEADER_BYTES = 32, PLACE_BYTES = 4 * 1024 * 1024 };

static int fd = -1;

static int begin(void **state)
{
	char path[] = "/tmp/keepXXXXXX";

	(void)state;
	fd = mkstemp(path);
	return fd >= 0 ? unlink(path) : -1;
}

static int end(void **state)
{
	(void)state;
	return close(fd);
}

static int write_text(int to, const char *text, long long now_ms)
{
	struct buffer b = {0};
	int err;

	buffer_append_str(&b, text);
	err = keep_write(to, &b, now_ms);
	buffer_free(&b);
	return err;
}

static void expect_text(int from, const char *text, long long written_ms)
{
	struct buffer b = {0};
	long long found_ms = -1;

	assert_true(keep_read(from, &b, &found_ms));
	assert_string_equal(buffer_string(&b), text);
	assert_int_equal(found_ms, written_ms);
	buffer_free(&b);
}

static void expect_nothing(int from)
{
	struct buffer b = {0};
	long long found_ms;

	assert_false(keep_read(from, &b, &found_ms));
	assert_int_equal(b.len, 0);
	buffer_free(&b);
}

static void fresh_memory_holds_nothing(void **state)
{
	(void)state;
	expect_nothing(fd);
	assert_int_equal(ftruncate(fd, 2 * PLACE_BYTES), 0);
	expect_nothing(fd);
}

static void the_newest_text_is_read(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < 9; i++) {
		/* Longer and shorter ones, so that none ends with the rest of another. */
		str_format(text, sizeof(text), "%.*s %d", i * 5 % 7, "abcdefg", i);
		assert_int_equal(write_text(fd, text, i * 1000), 0);
		expect_text(fd, text, i * 1000);
		expect_text(fd, text, i * 1000);
	}
}

static void an_empty_text_is_a_text(void **state)
{
	(void)state;
	assert_int_equal(write_text(fd, "before", 1), 0);
	assert_int_equal(write_text(fd, "", 2), 0);
	expect_text(fd, "", 2);
}

static void what_is_read_is_appended(void **state)
{
	struct buffer b = {0};
	long long written_ms;

	(void)state;
	assert_int_equal(write_text(fd, "two", 1), 0);
	buffer_append_str(&b, "one ");
	assert_true(keep_read(fd, &b, &written_ms));
	assert_string_equal(buffer_string(&b), "one two");
	buffer_free(&b);
}

static void a_text_that_is_too_long_leaves_the_last_one(void **state)
{
	struct buffer b = {0};
	char *room = buffer_reserve(&b, PLACE_BYTES);

	(void)state;
	assert_non_null(room);
	memset(room, 'x', PLACE_BYTES);
	assert_int_equal(write_text(fd, "short", 7), 0);
	b.len = PLACE_BYTES - HEADER_BYTES + 1;
	assert_int_equal(keep_write(fd, &b, 8), EFBIG);
	expect_text(fd, "short", 7);
	b.len = PLACE_BYTES - HEADER_BYTES;
	assert_int_equal(keep_write(fd, &b, 9), 0);
	assert_int_equal(write_text(fd, "next to it", 10), 0);
	expect_text(fd, "next to it", 10);
	b.failed = true;
	assert_int_equal(keep_write(fd, &b, 11), EFBIG);
	expect_text(fd, "next to it", 10);
	buffer_free(&b);
}

static void memory_that_cannot_be_written_is_told(void **state)
{
	int null = dup(fd);

	(void)state;
	close(null);
	assert_int_equal(write_text(null, "x", 1), EBADF);
	expect_nothing(null);
}

/* ---------------------------------------------------------------- torn writes */

enum { SMALL = 64 }; /* more than all texts in here */

struct image {
	char bytes[2][HEADER_BYTES + SMALL];
};

static void take(struct image *i)
{
	memset(i, 0, sizeof(*i));
	for (int p = 0; p < 2; p++)
		assert_true(pread(fd, i->bytes[p], sizeof(i->bytes[p]), (off_t)p * PLACE_BYTES) >=
			    0);
}

static void put(const struct image *i)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	for (int p = 0; p < 2; p++)
		assert_int_equal(
			pwrite(fd, i->bytes[p], sizeof(i->bytes[p]), (off_t)p * PLACE_BYTES),
			sizeof(i->bytes[p]));
}

/* Of what a write changed the first `bytes` have arrived, its text before its header. */
static void tear(struct image *torn, const struct image *before, const struct image *after,
		 size_t bytes)
{
	size_t place = memcmp(before->bytes[0], after->bytes[0], sizeof(after->bytes[0])) ? 0 : 1;

	*torn = *before;
	for (size_t n = 0; n < bytes; n++) {
		size_t at = n < SMALL ? HEADER_BYTES + n : n - SMALL;

		torn->bytes[place][at] = after->bytes[place][at];
	}
}

static const char *const texts[] = {"the first text", "another, longer than it", "third"};

static void a_write_that_is_cut_anywhere_leaves_the_old_or_the_new_text(void **state)
{
	struct image before, after, torn;

	(void)state;
	for (size_t older = 0; older < 2; older++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		for (size_t i = 0; i <= older; i++)
			assert_int_equal(write_text(fd, texts[i], (long long)i), 0);
		take(&before);
		assert_int_equal(write_text(fd, texts[older + 1], (long long)older + 1), 0);
		take(&after);
		for (size_t bytes = 0; bytes < HEADER_BYTES + SMALL; bytes++) {
			struct buffer b = {0};
			long long at;
			bool is_old, is_new;

			tear(&torn, &before, &after, bytes);
			put(&torn);
			assert_true(keep_read(fd, &b, &at));
			is_old = str_equal(buffer_string(&b), texts[older]);
			is_new = str_equal(buffer_string(&b), texts[older + 1]);
			buffer_free(&b);
			assert_true((is_old && at == (long long)older) ||
				    (is_new && at == (long long)older + 1));
		}
		put(&after);
		expect_text(fd, texts[older + 1], (long long)older + 1);
	}
}

/* One process dies in a write, and the one after it, too. */
static void two_writes_that_are_cut_leave_a_text(void **state)
{
	struct image before, first, torn, second, twice;

	(void)state;
	assert_int_equal(write_text(fd, texts[0], 0), 0);
	assert_int_equal(write_text(fd, texts[1], 1), 0);
	take(&before);
	assert_int_equal(write_text(fd, texts[2], 2), 0);
	take(&first);
	for (size_t bytes = 0; bytes < HEADER_BYTES + SMALL; bytes++) {
		tear(&torn, &before, &first, bytes);
		put(&torn);
		assert_int_equal(write_text(fd, "fourth", 3), 0);
		take(&second);
		for (size_t more = 0; more < HEADER_BYTES + SMALL; more++) {
			struct buffer b = {0};
			long long at;

			tear(&twice, &torn, &second, more);
			put(&twice);
			if (!keep_read(fd, &b, &at))
				fail_msg("cut after %zu bytes and %zu bytes: nothing is left",
					 bytes, more);
			buffer_free(&b);
		}
	}
}

/* Not a cut, but bytes that were never written by us. */
static void garbage_is_no_text(void **state)
{
	struct image good, bad;

	(void)state;
	assert_int_equal(write_text(fd, texts[0], 0), 0);
	take(&good);
	for (size_t at = 0; at < HEADER_BYTES + strlen(texts[0]); at++) {
		/* When it was written is not part of the sum: a wrong time is no wrong text. */
		if (at >= 8 && at < 16)
			continue;
		bad = good;
		bad.bytes[0][at] ^= 0x40;
		put(&bad);
		expect_nothing(fd);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(fresh_memory_holds_nothing),
		TEST(the_newest_text_is_read),
		TEST(an_empty_text_is_a_text),
		TEST(what_is_read_is_appended),
		TEST(a_text_that_is_too_long_leaves_the_last_one),
		TEST(memory_that_cannot_be_written_is_told),
		TEST(a_write_that_is_cut_anywhere_leaves_the_old_or_the_new_text),
		TEST(two_writes_that_are_cut_leave_a_text),
		TEST(garbage_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
