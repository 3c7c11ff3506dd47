#include "config.h"

#include "common/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#include <sys/syscall.h>
#endif
#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

static const char token[] = "sandbox";

bool sandbox_wanted(bool wanted)
{
#ifdef PRIVILEGE_WATCHED_BUILD
	(void)wanted;
	return false;
#else
	const char *said = getenv("NUT_SANDBOX");

	/* Whoever can set root's environment needs no way around a sandbox. */
	if (said && str_caseequal(said, "off") && getuid() != 0)
		return false;
	return wanted;
#endif
}

/* ---- seccomp ---- */

#ifdef HAVE_LIBSECCOMP

/* Nothing here is of use to a daemon that is set up; each is to somebody who has broken in. */
static const char *const never[] = {
	"acct",
	"add_key",
	"bpf",
	"chroot",
	"delete_module",
	"fanotify_init",
	"finit_module",
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"init_module",
	"ioperm",
	"iopl",
	"kcmp",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"lookup_dcookie",
	"mount",
	"mount_setattr",
	"move_mount",
	"name_to_handle_at",
	"nfsservctl",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"personality",
	"pidfd_getfd",
	"pivot_root",
	"process_vm_readv",
	"process_vm_writev",
	"ptrace",
	"quotactl",
	"reboot",
	"request_key",
	"setdomainname",
	"sethostname",
	"setns",
	"swapoff",
	"swapon",
	"umount",
	"umount2",
	"unshare",
	"uselib",
	"userfaultfd",
	"vhangup",
	"vmsplice",
};

static const char *const programs[] = {"execve", "execveat"};

/* Families that the suite speaks; others have been a door into the kernel more than once. */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static int forbid(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		int err;

		/* Calls that this machine does not have need no fence. */
		if (number == __NR_SCMP_ERROR)
			continue;
		err = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, number, 0);
		if (err)
			return -err;
	}
	return 0;
}

/* Every family below the highest that Linux has, but ours. */
static int forbid_families(scmp_filter_ctx filter)
{
	for (int family = 0; family < 64; family++) {
		bool ours = false;
		int err;

		for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
			ours = ours || families[i] == family;
		if (ours)
			continue;
		/* Refused, not killed: libraries try families to see what there is. */
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
		if (err)
			return -err;
	}
	return 0;
}

static bool enter_seccomp(enum sandbox_calls calls)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err = filter ? 0 : ENOMEM;

	if (!err)
		err = forbid(filter, never, sizeof(never) / sizeof(*never));
	if (!err && calls == SANDBOX_NO_PROGRAMS)
		err = forbid(filter, programs, sizeof(programs) / sizeof(*programs));
	if (!err)
		err = forbid_families(filter);
	if (!err)
		err = -seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	if (err)
		log_warn_errno(token, err, "system calls stay as they are");
	return !err;
}

#else

static bool enter_seccomp(enum sandbox_calls calls)
{
	(void)calls;
	return false;
}

#endif

/* ---- landlock ---- */

#ifdef HAVE_LINUX_LANDLOCK_H

#define READING                                                                                    \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)
/* What the first kernels with landlock know; newer ones may forbid more, which we do not use. */
#define EVERYTHING                                                                                 \
	(READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                 \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                           \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define WRITING                                                                                    \
	(READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* Rights that mean something for a file by itself. */
#define OF_FILES                                                                                   \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE)

static const struct sandbox_path for_everybody[] = {
	{"/usr", SANDBOX_READ},
	{"/lib", SANDBOX_READ},
	{"/lib64", SANDBOX_READ},
	{"/etc", SANDBOX_READ},
	{"/proc", SANDBOX_READ},
	{"/sys", SANDBOX_READ},
	{"/run/systemd/resolve", SANDBOX_READ},
	{"/run/systemd/notify", SANDBOX_WRITE},
	{"/run/systemd/journal", SANDBOX_WRITE},
	{"/var/run/nscd", SANDBOX_READ},
	{"/dev/null", SANDBOX_WRITE},
	{"/dev/log", SANDBOX_WRITE},
	{"/dev/random", SANDBOX_READ},
	{"/dev/urandom", SANDBOX_READ},
};

static bool allow(int rules, const struct sandbox_path *p)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = p->access == SANDBOX_WRITE ? WRITING : READING,
	};
	struct stat st;
	long ret;

	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	ret = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return ret == 0;
}

static bool allow_all(int rules, const struct sandbox_path *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!allow(rules, &paths[i]))
			return false;
	return true;
}

static bool enter_landlock(const struct sandbox_path *paths, size_t count)
{
	struct landlock_ruleset_attr all = {.handled_access_fs = EVERYTHING};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	bool closed;

	if (rules < 0) {
		if (errno != ENOSYS && errno != EOPNOTSUPP)
			log_warn_errno(token, errno, "files stay as they are");
		return false;
	}
	closed = allow_all(rules, for_everybody, sizeof(for_everybody) / sizeof(*for_everybody)) &&
		 allow_all(rules, paths, count) &&
		 syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	if (!closed)
		log_warn_errno(token, errno, "files stay as they are");
	close(rules);
	return closed;
}

#else

static bool enter_landlock(const struct sandbox_path *paths, size_t count)
{
	(void)paths;
	(void)count;
	return false;
}

#endif

const char *sandbox_enter(enum sandbox_calls calls, const struct sandbox_path *paths, size_t count)
{
	static const char *const texts[2][2] = {{"none", "seccomp"},
						{"landlock", "seccomp, landlock"}};
	bool files, filtered;

	/* Both need it of processes without root's rights. */
	privilege_no_new();
	files = enter_landlock(paths, count);
	filtered = enter_seccomp(calls);
	return texts[files][filtered];
}
