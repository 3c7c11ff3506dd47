/* LOCKFN: held, left behind, or somebody else's. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/upssched/lock.h"

static char folder[64], path[96];
static struct lock ours, theirs;

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/lockXXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/lock", folder);
	ours = theirs = (struct lock){.path = path, .fd = -1};
	return 0;
}

static int end(void **state)
{
	(void)state;
	lock_release(&ours);
	lock_release(&theirs);
	unlink(path);
	rmdir(folder);
	return 0;
}

static void write_file(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static bool exists(void)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void only_one_can_have_it(void **state)
{
	(void)state;
	assert_int_equal(lock_look(&theirs, 0), LOCK_FREE);
	assert_int_equal(lock_take(&ours), 0);
	assert_int_equal(lock_take(&theirs), EEXIST);
	assert_int_equal(lock_look(&theirs, 0), LOCK_HELD);
	lock_release(&ours);
	assert_false(exists());
	assert_int_equal(lock_take(&theirs), 0);
}

static void a_holder_that_lives_keeps_it_for_ever(void **state)
{
	(void)state;
	assert_int_equal(lock_take(&ours), 0);
	for (long long now = 0; now < 100 * LOCK_GRACE_MS; now += LOCK_GRACE_MS)
		assert_int_equal(lock_look(&theirs, now), LOCK_HELD);
	assert_true(exists());
}

static void that_of_a_dead_holder_is_known_at_once(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(lock_take(&ours) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(exists());
	assert_int_equal(lock_take(&ours), EEXIST);
	assert_int_equal(lock_look(&ours, 0), LOCK_FREE);
	assert_int_equal(lock_take(&ours), 0);
}

static void it_lasts_while_a_child_of_the_holder_has_it(void **state)
{
	int ends[2], status;
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(lock_take(&ours), 0);
	pid = fork();
	if (pid == 0) { /* the daemon that is on its way up */
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(ours.fd);
	ours.fd = -1;
	assert_int_equal(lock_look(&theirs, 0), LOCK_HELD);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(lock_look(&theirs, 0), LOCK_FREE);
}

static void nuts_has_no_owner_and_gets_time(void **state)
{
	char aside[128];

	(void)state;
	write_file("", 0);
	assert_int_equal(lock_look(&ours, 1000), LOCK_HELD);
	assert_int_equal(lock_look(&ours, 1000 + LOCK_GRACE_MS - 1), LOCK_HELD);
	/* A new one in its place gets its own time; the old one is kept, or its number might come
	 * again. */
	snprintf(aside, sizeof(aside), "%s/aside", folder);
	assert_int_equal(rename(path, aside), 0);
	write_file("", 0);
	assert_int_equal(lock_look(&ours, 1000 + LOCK_GRACE_MS), LOCK_HELD);
	unlink(aside);
	assert_int_equal(lock_look(&ours, 1000 + 2 * LOCK_GRACE_MS), LOCK_FREE);
	assert_false(exists());
}

static void a_file_with_other_content_is_never_removed(void **state)
{
	static const char *const contents[] = {
		"precious\n", "12", "12 13\n",
		"-1\n",       "\n", "11111111111111111111111111111111111111111\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		write_file(contents[i], 0600);
		assert_int_equal(lock_look(&ours, 0), LOCK_FOREIGN);
		assert_int_equal(lock_look(&ours, 100 * LOCK_GRACE_MS), LOCK_FOREIGN);
		assert_true(exists());
		unlink(path);
	}
}

static void what_is_no_file_is_never_removed(void **state)
{
	(void)state;
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(lock_take(&ours), EEXIST);
	assert_int_equal(lock_look(&ours, 100 * LOCK_GRACE_MS), LOCK_FOREIGN);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(lock_look(&ours, 200 * LOCK_GRACE_MS), LOCK_FOREIGN);
	assert_int_equal(rmdir(path), 0);
}

static void a_lock_that_was_taken_away_is_not_released_twice(void **state)
{
	(void)state;
	assert_int_equal(lock_take(&ours), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(lock_take(&theirs), 0);
	lock_release(&ours);
	assert_true(exists());
	lock_release(&theirs);
	assert_false(exists());
	lock_release(&theirs);
}

static void without_a_folder_it_is_an_errno(void **state)
{
	struct lock nowhere = {.path = "/no/such/folder/lock", .fd = -1};

	(void)state;
	assert_int_equal(lock_take(&nowhere), ENOENT);
	assert_int_equal(lock_look(&nowhere, 0), LOCK_FREE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_one_can_have_it),
		TEST(a_holder_that_lives_keeps_it_for_ever),
		TEST(that_of_a_dead_holder_is_known_at_once),
		TEST(it_lasts_while_a_child_of_the_holder_has_it),
		TEST(nuts_has_no_owner_and_gets_time),
		TEST(a_file_with_other_content_is_never_removed),
		TEST(what_is_no_file_is_never_removed),
		TEST(a_lock_that_was_taken_away_is_not_released_twice),
		TEST(without_a_folder_it_is_an_errno),
	};

	return cmocka_run_group_tests_name("LOCKFN", tests, NULL, NULL);
}
