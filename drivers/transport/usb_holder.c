/*
 * Who is in the way: another driver (the lock), the kernel's driver or a process (the
 * interface), the permissions of the device's node.  In words that name the mend.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/transport/holder.h"
#include "drivers/transport/usb_private.h"

/* ------------------------------------------------------------------------------- lock */

/* A record lock: it tells its holder, and ends with it.  The file stays: removing it would race. */
int usb_lock(const char *way, pid_t *holder)
{
	char name[96], path[PATH_MAX];
	int fd, error;

	*holder = 0;
	str_format(name, sizeof(name), "usb-%s.lock", way);
	if (!paths_state_file(path, sizeof(path), name))
		return -2;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0)
		return -2;
	if (holder_lock(fd, holder))
		return fd;
	error = errno;
	close(fd);
	return *holder || error == EACCES || error == EAGAIN ? -1 : -2;
}

/* --------------------------------------------------------------------------- processes */

/*
 * What a process has open is hidden from other accounts, and in a sandbox from our own;
 * its name is not.  These are known to take UPSes, or whatever USB devices there are.
 */
static bool is_suspect(const char *name)
{
	static const char *const names[] = {
		"apcupsd",       "bcmxcp_usb", "blazer_usb",   "nutdrv_atcl_usb",
		"nutdrv_qx",     "pwrstatd",   "richcomm_usb", "riello_usb",
		"tripplite_usb", "upowerd",    "usbhid-ups",   "qemu-system-x86",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

/* "apcupsd (pid 12), upowerd (pid 30)", "" if there is none. */
static void find_suspects(char *dst, size_t size)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	char name[64];
	long number;

	*dst = '\0';
	while (d && (e = readdir(d))) {
		size_t at = strlen(dst);

		if (!str_to_long(e->d_name, 1, INT_MAX, &number) || number == getpid())
			continue;
		if (holder_command((pid_t)number, name, sizeof(name)) && is_suspect(name))
			str_format(dst + at, size - at, "%s%s (pid %ld)", at ? ", " : "", name,
				   number);
	}
	if (d)
		closedir(d);
}

/* ---------------------------------------------------------------------------- interface */

/* The kernel's driver of the interface ("usbfs" is a process's), by libusb or by sysfs. */
static bool kernel_driver(const struct usb *u, char *dst, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	str_format(path, sizeof(path), "/sys/bus/usb/devices/%s:%d.%d/driver", u->who.way,
		   u->configuration, u->interface);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	name = strrchr(target, '/');
	if (name && !str_equal(name + 1, "usbfs"))
		return str_copy(dst, size, name + 1);
	if (!name && libusb_kernel_driver_active(u->handle, u->interface) == 1)
		return str_copy(dst, size, "one that libusb does not name");
	return false;
}

void usb_holder_explain(const struct usb *u, char *dst, size_t size)
{
	char name[128], suspects[200];
	pid_t pid;

	if (kernel_driver(u, name, sizeof(name))) {
		str_format(
			dst, size,
			"the kernel's driver (%s) has it and could not be detached: only root or "
			"who may write to %s can do that; or unbind it by "
			"/sys/bus/usb/drivers/%s/unbind",
			name, u->node, name);
		return;
	}
	pid = holder_find(u->node);
	if (pid) {
		holder_name(pid, name, sizeof(name));
		str_format(dst, size,
			   "%s has it: end that, or tell the two apart by serial or "
			   "busport",
			   name);
		return;
	}
	find_suspects(suspects, sizeof(suspects));
	str_format(dst, size, "another program has it%s%s; \"fuser -v %s\", as root, names it",
		   *suspects ? ", perhaps " : "", suspects, u->node);
}

/* -------------------------------------------------------------------------- permission */

static void user_name(uid_t uid, char *dst, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		str_copy(dst, size, pw->pw_name);
	else
		str_format(dst, size, "%ld", (long)uid);
}

static void group_name(gid_t gid, char *dst, size_t size)
{
	const struct group *gr = getgrgid(gid);

	if (gr)
		str_copy(dst, size, gr->gr_name);
	else
		str_format(dst, size, "%ld", (long)gid);
}

static void describe_node(const char *node, char *dst, size_t size)
{
	char user[64], group[64];
	struct stat st;

	if (stat(node, &st) != 0) {
		str_format(dst, size, "%s", strerror(errno));
		return;
	}
	user_name(st.st_uid, user, sizeof(user));
	group_name(st.st_gid, group, sizeof(group));
	str_format(dst, size, "it belongs to %s:%s, mode %04o", user, group,
		   (unsigned)st.st_mode & 07777);
}

void usb_access_explain(const struct usb_identity *who, const char *node, char *dst, size_t size)
{
	char of_node[256], user[64], group[64];

	describe_node(node, of_node, sizeof(of_node));
	user_name(geteuid(), user, sizeof(user));
	group_name(getegid(), group, sizeof(group));
	str_format(dst, size,
		   "no permission for %s (%s; we are %s:%s). udev gives it to us by the "
		   "rules " UDEV_RULES_NAME ": \"udevadm control --reload\" and \"udevadm trigger "
		   "--subsystem-match=usb --action=add\" apply them, or plug it anew; for a map of "
		   "your own (%04x:%04x) \"nut-mapcheck --udev >/etc/udev/rules.d/" UDEV_RULES_NAME
		   "\" writes them first",
		   node, of_node, user, group, who->vendor_id, who->product_id);
}
