#include "config.h"

#include "common/base/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "privilege";

bool privilege_lookup(const char *user, const char *group, struct privilege *out)
{
	const struct passwd *pw = getpwnam(user);
	const struct group *gr;

	if (!pw) {
		log_error(token,
			  "user \"%s\" does not exist; create it (useradd --system %s) or name "
			  "another one with -u",
			  user, user);
		return false;
	}
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	str_copy(out->user, sizeof(out->user), user);
	if (!group)
		return true;
	gr = getgrnam(group);
	if (!gr) {
		log_error(token,
			  "group \"%s\" does not exist; create it (groupadd --system %s) or name "
			  "another one",
			  group, group);
		return false;
	}
	out->gid = gr->gr_gid;
	return true;
}

bool privilege_drop(const struct privilege *p)
{
	if (geteuid() != 0)
		return true;
	if (initgroups(p->user, p->gid) != 0 || setgid(p->gid) != 0 || setuid(p->uid) != 0) {
		log_errno(token, errno, "cannot become user \"%s\"", p->user);
		return false;
	}
	if (p->uid != 0 && setuid(0) == 0) {
		log_error(token, "root came back after becoming \"%s\"", p->user);
		return false;
	}
	return true;
}

bool privilege_chroot(const char *path)
{
	if (chroot(path) != 0 || chdir("/") != 0) {
		log_errno(token, errno, "cannot make %s the root directory", path);
		return false;
	}
	return true;
}

size_t privilege_raise_files(size_t want)
{
	struct rlimit limit;
	rlim_t target;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	target = want == 0 || (limit.rlim_max != RLIM_INFINITY && want > limit.rlim_max)
			 ? limit.rlim_max
			 : (rlim_t)want;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= target)
		return (size_t)limit.rlim_cur;
	limit.rlim_cur = target;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn_errno(token, errno, "cannot raise the limit of open files to %zu", want);
	return (size_t)limit.rlim_cur;
}

void privilege_hide_memory(void)
{
	struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		log_warn_errno(token, errno, "cannot forbid core dumps");
#if defined(PR_SET_DUMPABLE) && !defined(PRIVILEGE_WATCHED_BUILD)
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		log_warn_errno(token, errno, "cannot hide memory from other processes");
#endif
}

void privilege_no_new(void)
{
#ifdef PR_SET_NO_NEW_PRIVS
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		log_warn_errno(token, errno, "cannot give up gaining privileges");
#endif
}
