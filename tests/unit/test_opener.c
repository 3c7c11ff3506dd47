#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/guarded.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/opener.h"

static char dir[] = "/tmp/chestnut-opener-XXXXXX";
static char secret[64], other[64], link_[64], folder[64], loop_[64];

static void hush(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg;
	(void)level;
	(void)token;
	(void)text;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int make_dir(void **state)
{
	(void)state;
	log_set_sink(hush, NULL);
	if (!mkdtemp(dir))
		return -1;
	str_format(secret, sizeof(secret), "%s/secret", dir);
	str_format(other, sizeof(other), "%s/other", dir);
	str_format(link_, sizeof(link_), "%s/link", dir);
	str_format(folder, sizeof(folder), "%s/folder", dir);
	str_format(loop_, sizeof(loop_), "%s/loop", dir);
	write_file(secret, "s");
	write_file(other, "o");
	return symlink("../../tmp", folder) == 0 && symlink(secret, link_) == 0 &&
			       symlink("loop", loop_) == 0
		       ? 0
		       : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(secret);
	unlink(other);
	unlink(link_);
	unlink(folder);
	unlink(loop_);
	return rmdir(dir);
}

/* The file's only byte; 0 and errno when it cannot be opened. */
static char read_one(int fd)
{
	char c = 0;

	if (fd < 0)
		return 0;
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	return c;
}

/* ------------------------------------------------------------------- guarded_open */

static void a_file_in_a_folder_of_ours_is_opened(void **state)
{
	char path[128];

	(void)state;
	assert_int_equal(read_one(guarded_open(secret)), 's');
	assert_int_equal(read_one(guarded_open(link_)), 's');
	str_format(path, sizeof(path), "%s/../%s//./secret", dir, strrchr(dir, '/') + 1);
	assert_int_equal(read_one(guarded_open(path)), 's');
	str_format(path, sizeof(path), "%s/%s/secret", folder, strrchr(dir, '/') + 1);
	assert_int_equal(read_one(guarded_open(path)), 's');
}

static void nothing_is_opened_where_others_can_change_names(void **state)
{
	(void)state;
	assert_int_equal(chmod(dir, 0770), 0);
	assert_int_equal(guarded_open(secret), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(guarded_open(link_), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(chmod(dir, 01777), 0);
	assert_int_equal(read_one(guarded_open(secret)), 's');
	if (geteuid() == 0) {
		assert_int_equal(lchown(link_, 12345, -1), 0);
		assert_int_equal(guarded_open(link_), -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(lchown(link_, 0, -1), 0);
	}
	assert_int_equal(chmod(dir, 0700), 0);
}

static void nothing_is_opened_in_a_folder_of_somebody_else(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(dir, 12345, -1), 0);
	assert_int_equal(guarded_open(secret), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(chown(dir, 0, -1), 0);
}

static void only_regular_files_that_exist_are_opened(void **state)
{
	char path[128];

	(void)state;
	assert_int_equal(guarded_open(dir), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(guarded_open("/dev/null"), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(guarded_open("relative"), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(guarded_open("/"), -1);
	assert_int_equal(guarded_open(loop_), -1);
	assert_int_equal(errno, ELOOP);
	str_format(path, sizeof(path), "%s/nothing", dir);
	assert_int_equal(guarded_open(path), -1);
	assert_int_equal(errno, ENOENT);
	str_format(path, sizeof(path), "%s/secret/x", dir);
	assert_int_equal(guarded_open(path), -1);
	assert_int_equal(errno, ENOTDIR);
}

/* ------------------------------------------------------------------------- opener */

enum { GOOD, BAD };

/* Runs `fn` in a child that has become an ordinary user; only root can lose rights. */
static int as_nobody(struct opener *o, int (*fn)(struct opener *o))
{
	pid_t pid;
	int status;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(setgid(65534) == 0 && setuid(65534) == 0 ? fn(o) : BAD);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : BAD;
}

static int opens_what_is_listed_and_no_more(struct opener *o)
{
	if (opener_open(NULL, secret) >= 0 || read_one(opener_open(o, secret)) != 's' ||
	    read_one(opener_open(o, link_)) != 's')
		return BAD;
	if (opener_open(o, other) >= 0 || errno != EACCES)
		return BAD;
	return read_one(opener_open(o, secret)) == 's' ? GOOD : BAD;
}

static struct opener *new_opener(bool sandbox)
{
	struct opener_list l = {.sandbox = sandbox};
	struct opener *o;

	opener_list_path(&l, NULL);
	opener_list_path(&l, secret);
	opener_list_path(&l, link_);
	o = opener_new(&l);
	assert_non_null(o);
	return o;
}

static void a_file_on_the_list_is_opened_for_who_may_not(void **state)
{
	struct opener *o;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (int sandbox = 0; sandbox < 2; sandbox++) {
		o = new_opener(sandbox);
		assert_int_equal(as_nobody(o, opens_what_is_listed_and_no_more), GOOD);
		opener_free(o);
	}
}

static void a_file_put_anew_is_the_one_that_is_opened(void **state)
{
	struct opener *o = new_opener(true);
	char fresh[80];

	(void)state;
	assert_int_equal(read_one(opener_open(o, secret)), 's');
	str_format(fresh, sizeof(fresh), "%s.new", secret);
	write_file(fresh, "s");
	assert_int_equal(rename(fresh, secret), 0);
	if (geteuid() == 0)
		assert_int_equal(as_nobody(o, opens_what_is_listed_and_no_more), GOOD);
	opener_free(o);
}

static void an_address_on_the_list_is_bound_and_no_other(void **state)
{
	struct opener_list l = {.sandbox = true};
	struct sockaddr_storage bound = {0};
	socklen_t len = sizeof(bound);
	struct netaddr here, there;
	struct opener *o;
	int fd;

	(void)state;
	assert_true(netaddr_from_numeric("127.0.0.1", 0, &here));
	assert_true(netaddr_from_numeric("127.0.0.2", 0, &there));
	opener_list_addr(&l, &here);
	o = opener_new(&l);
	assert_non_null(o);
	fd = opener_bind(o, &here);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
	assert_true(netaddr_port(&bound) > 0);
	close(fd);
	assert_int_equal(opener_bind(o, &there), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(opener_bind(NULL, &here), -1);
	opener_free(o);
}

static void lists_take_no_more_than_they_hold(void **state)
{
	struct opener_list l = {0};
	struct netaddr addr;

	(void)state;
	assert_true(netaddr_from_numeric("127.0.0.1", 0, &addr));
	for (int i = 0; i < 100; i++) {
		opener_list_path(&l, secret);
		opener_list_addr(&l, &addr);
	}
	assert_int_equal(l.path_count, OPENER_PATHS_MAX);
	assert_int_equal(l.addr_count, OPENER_ADDRS_MAX);
}

/* The pipe's other end is the opener's too, if it does not let go of everything. */
static void the_opener_holds_nothing_of_its_parent_and_ends_with_it(void **state)
{
	int ends[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct opener *o = new_opener(false);

		_exit(o && read_one(opener_open(o, secret)) == 's' ? GOOD : BAD);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == GOOD);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

/* ------------------------------------------------------------------------- remote */

/* Answers with a list of its own until nothing more comes; its pid. */
static pid_t start_remote(const char *path, int ends[2])
{
	struct opener_list l = {0};
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	opener_list_path(&l, path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		while (opener_answer(ends[1], &l))
			continue;
		_exit(GOOD);
	}
	close(ends[1]);
	return pid;
}

static struct opener *new_remote(int fd)
{
	struct opener_list l = {0};
	struct opener *o;

	opener_list_path(&l, secret);
	opener_list_path(&l, link_);
	o = opener_new_remote(&l, fd);
	assert_non_null(o);
	return o;
}

static int opens_the_first_twice_and_not_the_second(struct opener *o)
{
	if (read_one(opener_open(o, secret)) != 's' || opener_open(o, link_) >= 0 ||
	    errno != EACCES)
		return BAD;
	return read_one(opener_open(o, secret)) == 's' ? GOOD : BAD;
}

static void whoever_keeps_the_rights_answers_by_its_own_list(void **state)
{
	struct opener *o;
	int ends[2], status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = start_remote(secret, ends);
	o = new_remote(ends[0]);
	assert_int_equal(as_nobody(o, opens_the_first_twice_and_not_the_second), GOOD);
	/* The asker's end is the end of the answers, and nobody is waited for. */
	opener_free(o);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == GOOD);
}

static int opens_nothing(struct opener *o)
{
	for (int i = 0; i < 2; i++)
		if (opener_open(o, secret) >= 0 || errno != EACCES)
			return BAD;
	return GOOD;
}

static void one_that_is_gone_is_not_waited_for(void **state)
{
	struct opener *o;
	int ends[2];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	close(ends[1]);
	o = new_remote(ends[0]);
	assert_int_equal(as_nobody(o, opens_nothing), GOOD);
	opener_free(o);
}

static void what_is_no_question_ends_the_answers(void **state)
{
	static const uint32_t beyond[] = {0, 7}, unknown[] = {9, 0};
	struct opener_list l = {0};
	int ends[2];
	int32_t err;

	(void)state;
	opener_list_path(&l, secret);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(send(ends[0], beyond, sizeof(beyond), 0), sizeof(beyond));
	assert_true(opener_answer(ends[1], &l));
	assert_int_equal(recv(ends[0], &err, sizeof(err), 0), sizeof(err));
	assert_int_equal(err, EACCES);
	assert_int_equal(send(ends[0], unknown, sizeof(unknown), 0), sizeof(unknown));
	assert_true(opener_answer(ends[1], &l));
	assert_int_equal(recv(ends[0], &err, sizeof(err), 0), sizeof(err));
	assert_int_equal(err, EACCES);
	assert_int_equal(send(ends[0], "abc", 3, 0), 3);
	assert_false(opener_answer(ends[1], &l));
	close(ends[0]);
	assert_false(opener_answer(ends[1], &l));
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_in_a_folder_of_ours_is_opened),
		cmocka_unit_test(nothing_is_opened_where_others_can_change_names),
		cmocka_unit_test(nothing_is_opened_in_a_folder_of_somebody_else),
		cmocka_unit_test(only_regular_files_that_exist_are_opened),
		cmocka_unit_test(a_file_on_the_list_is_opened_for_who_may_not),
		cmocka_unit_test(a_file_put_anew_is_the_one_that_is_opened),
		cmocka_unit_test(an_address_on_the_list_is_bound_and_no_other),
		cmocka_unit_test(lists_take_no_more_than_they_hold),
		cmocka_unit_test(the_opener_holds_nothing_of_its_parent_and_ends_with_it),
		cmocka_unit_test(whoever_keeps_the_rights_answers_by_its_own_list),
		cmocka_unit_test(one_that_is_gone_is_not_waited_for),
		cmocka_unit_test(what_is_no_question_ends_the_answers),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
