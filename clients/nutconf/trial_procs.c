#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/nutconf/tools.h"
#include "clients/nutconf/trial_hands.h"
#include "common/base/clock.h"
#include "common/base/conffile.h"
#include "common/base/daemon.h"
#include "common/base/paths.h"
#include "common/base/run.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"

/* What the programs give themselves: a driver may hear from its device only after a while. */
enum {
	STOP_MS = 20 * 1000,
	STOP_SOON_MS = 5 * 1000,
	START_MS = 100 * 1000,
	AGAIN_MS = 1000,
	WORDS_MAX = 256
};

static const char *const part_names[] = {"driver", "upsd", "upsmon"};

/* ---------------------------------------------------------------------- of /proc */

/* Its executable; a package that was upgraded meanwhile leaves " (deleted)". */
static bool exe_of(pid_t pid, char *dst, size_t size)
{
	static const char gone[] = " (deleted)";
	char path[64];
	ssize_t len;

	str_format(path, sizeof(path), "/proc/%d/exe", (int)pid);
	len = readlink(path, dst, size - 1);
	if (len <= 0)
		return false;
	dst[len] = '\0';
	if ((size_t)len > sizeof(gone) - 1 &&
	    str_equal(dst + len - (ssize_t)(sizeof(gone) - 1), gone))
		dst[len - (ssize_t)(sizeof(gone) - 1)] = '\0';
	return true;
}

/* The words of a file with a NUL behind each; `keep` NULL = all. */
static char **read_list(pid_t pid, const char *name, bool (*keep)(const char *word))
{
	struct buffer text = {0};
	char **list = calloc(WORDS_MAX + 1, sizeof(*list));
	char path[64];
	size_t count = 0;

	str_format(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if (list && wholefile_read(path, &text) == 0) {
		for (size_t at = 0; at < text.len && count < WORDS_MAX;) {
			size_t len = strnlen(text.data + at, text.len - at);
			char *word = strndup(text.data + at, len);

			if (word && (!keep || keep(word)))
				list[count++] = word;
			else
				free(word);
			at += len + 1;
		}
	}
	if (text.data)
		secret_wipe(text.data, text.size);
	buffer_free(&text);
	return list;
}

/* Of the environment, what a daemon of NUT looks at and what the loader does. */
static bool is_wanted(const char *variable)
{
	static const char *const names[] = {
		"NUT_", "LD_LIBRARY_PATH=", "PATH=",         "LANG=", "LC_",
		"TZ=",  "ASAN_OPTIONS=",    "UBSAN_OPTIONS="};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_starts(variable, names[i]))
			return true;
	}
	return false;
}

static pid_t parent_of(pid_t pid)
{
	struct buffer text = {0};
	const char *paren;
	char path[64];
	int parent = 0;

	str_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (wholefile_read(path, &text) == 0) {
		paren = strrchr(buffer_string(&text), ')');
		if (paren && sscanf(paren + 1, " %*c %d", &parent) != 1)
			parent = 0;
	}
	buffer_free(&text);
	return parent;
}

static const char *value_in(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; env && env[i]; i++) {
		if (strncmp(env[i], name, len) == 0 && env[i][len] == '=')
			return env[i] + len + 1;
	}
	return NULL;
}

/* Gone, or a zombie, which does nothing any more. */
static bool is_gone(pid_t pid)
{
	struct buffer text = {0};
	const char *paren;
	char path[64];
	bool gone;

	str_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	gone = wholefile_read(path, &text) != 0;
	paren = gone ? NULL : strrchr(buffer_string(&text), ')');
	gone = gone || !paren || paren[2] == 'Z' || paren[2] == 'X';
	buffer_free(&text);
	return gone;
}

/* ------------------------------------------------------------------------- find */

static bool is_alive(const char *pidfile, const char *program, pid_t *pid)
{
	return daemon_signal_file(pidfile, program, 0) == DAEMON_PID_OK &&
	       daemon_pidfile_read(pidfile, pid) == DAEMON_PID_OK;
}

/* The pid file of upsmon is its child's, who dropped root's rights: its parent is to be started. */
static pid_t head_of_family(pid_t pid, const char *exe)
{
	pid_t parent = parent_of(pid);
	char other[PATH_MAX];

	return parent > 1 && exe_of(parent, other, sizeof(other)) && str_equal(other, exe) ? parent
											   : pid;
}

/* A live daemon that has another configuration is none of this suite. */
static bool has_conf(const struct trial_change *c, pid_t pid)
{
	char **env = read_list(pid, "environ", is_wanted);
	const char *conf = value_in(env, "NUT_CONFPATH");
	bool same = conf ? str_equal(conf, c->how->conf)
			 : str_equal(c->how->conf, "/etc/nut") || str_equal(c->how->conf, CONFPATH);

	trial_list_of_texts_free(env);
	return same;
}

/* Whether it serves that UPS, `-a rack`. */
static bool has_ups(pid_t pid, const char *ups)
{
	char **argv = read_list(pid, "cmdline", NULL);
	bool found = !*ups;

	for (size_t i = 0; !found && argv && argv[i]; i++)
		found = str_equal(argv[i], "-a") && argv[i + 1] && str_equal(argv[i + 1], ups);
	trial_list_of_texts_free(argv);
	return found;
}

/* How many of its forebears run the same program, up to 2. */
static unsigned depth_of(pid_t pid, const char *exe)
{
	pid_t head = head_of_family(pid, exe);

	return head == pid ? 0 : head_of_family(head, exe) == head ? 1 : 2;
}

/*
 * Without a PID file, as under supervisors that want their daemons in the foreground: by
 * the list of processes.  Of upsmon the child counts, as in its file; what is below that is on its
 * way to become a NOTIFYCMD.
 */
static bool find_in_list(const struct trial_change *c, const struct trial_proc *p, pid_t *pid)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir))) {
		char exe[PATH_MAX];
		const char *slash;
		long number;

		if (!str_to_long(entry->d_name, 2, INT_MAX, &number) ||
		    !exe_of((pid_t)number, exe, sizeof(exe)))
			continue;
		slash = strrchr(exe, '/');
		if (!slash || !str_equal(slash + 1, p->program) || is_gone((pid_t)number) ||
		    depth_of((pid_t)number, exe) > 1 || !has_conf(c, (pid_t)number) ||
		    !has_ups((pid_t)number, p->ups))
			continue;
		if (!found || depth_of((pid_t)number, exe) == 1)
			*pid = (pid_t)number;
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool find_running(const struct trial_change *c, const struct trial_proc *p, pid_t *pid)
{
	return is_alive(p->pidfile, p->program, pid) || find_in_list(c, p, pid);
}

static bool find_proc(struct trial_change *c, enum trial_part part, const char *folder,
		      const char *ups, const char *program)
{
	struct trial_proc *p = &c->procs[c->proc_count];
	struct stat st;
	char path[64];
	pid_t pid;

	if (c->proc_count == TRIAL_PROCS_MAX)
		return false;
	*p = (struct trial_proc){.part = part};
	str_copy(p->ups, sizeof(p->ups), ups);
	str_copy(p->program, sizeof(p->program), program);
	if (!str_format(p->pidfile, sizeof(p->pidfile), *ups ? "%s/%s-%s.pid" : "%s/%s.pid", folder,
			program, ups) ||
	    !find_running(c, p, &pid))
		return false;
	if (!exe_of(pid, p->exe, sizeof(p->exe))) {
		trial_say(c, "%s (pid %d) cannot be looked at: only root can", program, (int)pid);
		return false;
	}
	pid = head_of_family(pid, p->exe);
	str_format(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st) != 0)
		return false;
	p->uid = st.st_uid;
	p->gid = st.st_gid;
	p->argv = read_list(pid, "cmdline", NULL);
	p->env = read_list(pid, "environ", is_wanted);
	c->proc_count++;
	return true;
}

struct sections {
	struct trial_change *change;
	const char *folder;
};

static void find_driver(void *arg, const struct conf_where *at, const struct conf_setting *s,
			struct conf_report *r)
{
	struct sections *x = arg;

	(void)at;
	(void)r;
	if (s->section && s->key && str_caseequal(s->key, "driver") && s->count)
		find_proc(x->change, TRIAL_DRIVERS, x->folder, s->section, s->values[0]);
}

/* The folder of the live PID files: the one where an upsd, or an upsmon, has one. */
static const char *find_folder(const struct trial_switch *how)
{
	const char *const places[] = {"/run/nut", "/var/run/nut", paths_altpid(), paths_pid()};
	char path[PATH_MAX];
	pid_t pid;

	for (size_t i = 0; !how->state && i < sizeof(places) / sizeof(places[0]); i++) {
		if ((str_format(path, sizeof(path), "%s/upsmon.pid", places[i]) &&
		     is_alive(path, "upsmon", &pid)) ||
		    (str_format(path, sizeof(path), "%s/upsd.pid", places[i]) &&
		     is_alive(path, "upsd", &pid)))
			return places[i];
	}
	return how->state ? how->state : places[0];
}

bool trial_procs_find(struct trial_change *c)
{
	struct conf_report quiet = {.emit = NULL};
	struct sections x = {c, find_folder(c->how)};
	char path[PATH_MAX];

	if (str_format(path, sizeof(path), "%s/ups.conf", c->how->conf))
		conffile_read_settings(path, find_driver, &x, &quiet);
	find_proc(c, TRIAL_UPSD, x.folder, "", "upsd");
	find_proc(c, TRIAL_UPSMON, x.folder, "", "upsmon");
	if (!c->proc_count)
		trial_say(c, "no daemon of NUT runs with the configuration in %s", c->how->conf);
	return c->proc_count > 0;
}

/* ------------------------------------------------------------------------- stop */

static bool stop_proc(struct trial_change *c, const struct trial_proc *p, pid_t pid,
		      const char *exe)
{
	pid_t head = head_of_family(pid, exe);
	long long limit = p->part == TRIAL_DRIVERS ? STOP_MS : STOP_SOON_MS;
	long long start = clock_ms(), again = start;

	while (!is_gone(pid) || !is_gone(head)) {
		long long now = clock_ms();

		if (now - start > 2 * limit) {
			trial_say(c, "%s %s (pid %d) does not end", p->program, p->ups, (int)pid);
			return false;
		}
		if (now >= again) {
			kill(pid, now - start > limit ? SIGKILL : SIGTERM);
			if (now - start > limit && head != pid)
				kill(head, SIGKILL);
			again = now + AGAIN_MS;
		}
		clock_sleep_ms(10);
	}
	unlink(p->pidfile);
	return true;
}

/* ------------------------------------------------------------------------ start */

/* Options of the foreground are of no use here: what is started goes to the background. */
static bool is_for_foreground(const char *word)
{
	return *word == '-' && word[1] && strspn(word + 1, "FD") == strlen(word + 1);
}

static void become_owner(const struct trial_proc *p)
{
	if (geteuid() != 0 || p->uid == 0)
		return;
	if (setgroups(1, &p->gid) != 0 || setgid(p->gid) != 0 || setuid(p->uid) != 0)
		_exit(126);
}

static _Noreturn void exec_list(const struct trial_change *c, const char *exe, char **argv,
				char **env)
{
	char path[PATH_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = -1;

	setsid();
	run_fresh_signals();
	if (str_format(path, sizeof(path), "%s/switch.out", c->how->dir))
		log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	dup2(null, STDIN_FILENO);
	dup2(log >= 0 ? log : null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
	execve(exe, argv, env);
	_exit(127);
}

/* It ends when the daemon behind it is up. */
static bool wait_for(struct trial_change *c, pid_t pid, const char *what)
{
	long long deadline = clock_ms() + START_MS;
	int status = 0;

	if (pid < 0)
		return false;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_ms() > deadline) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			trial_say(c, "%s does not start: no word of it", what);
			return false;
		}
		clock_sleep_ms(5);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	trial_say(c, "%s does not start (%s %d); what it said is in %s/switch.out", what,
		  WIFEXITED(status) ? "status" : "signal",
		  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), c->how->dir);
	return false;
}

static bool start_live(struct trial_change *c, const struct trial_proc *p)
{
	char *argv[WORDS_MAX + 2];
	char *none[] = {NULL};
	size_t count = 0;
	pid_t pid;

	argv[count++] = (char *)p->exe;
	for (size_t i = 1; p->argv && p->argv[0] && p->argv[i] && count < WORDS_MAX; i++) {
		if (!is_for_foreground(p->argv[i]))
			argv[count++] = p->argv[i];
	}
	argv[count] = NULL;
	pid = fork();
	if (pid == 0) {
		become_owner(p);
		exec_list(c, p->exe, argv, p->env ? p->env : none);
	}
	return wait_for(c, pid, p->exe);
}

/* Ours find all where the live ones have it. */
static void set_places(const struct trial_change *c, const struct trial_proc *p)
{
	static const char *const names[] = {"NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH"};
	char folder[PATH_MAX], *slash;

	str_copy(folder, sizeof(folder), p->pidfile);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	setenv("NUT_CONFPATH", c->how->conf, 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		setenv(names[i], value_in(p->env, names[i]) ? value_in(p->env, names[i]) : folder,
		       1);
}

/* `-u NAME` of the live command line holds for ours, too. */
static char *user_in(char *const *argv)
{
	for (size_t i = 1; argv && argv[0] && argv[i]; i++) {
		if (str_equal(argv[i], "-u"))
			return argv[i + 1];
	}
	return NULL;
}

static bool start_ours(struct trial_change *c, const struct trial_proc *p)
{
	char path[PATH_MAX], *argv[8], *user = user_in(p->argv);
	char minus_u[] = "-u", start[] = "start";
	size_t count = 0;
	pid_t pid;

	if (!tools_find(p->part == TRIAL_DRIVERS ? "upsdrvctl" : p->program, path, sizeof(path))) {
		trial_say(c, "our %s is not found", p->program);
		return false;
	}
	argv[count++] = path;
	if (user) {
		argv[count++] = minus_u;
		argv[count++] = user;
	}
	if (p->part == TRIAL_DRIVERS) {
		argv[count++] = start;
		argv[count++] = (char *)p->ups;
	}
	argv[count] = NULL;
	pid = fork();
	if (pid == 0) {
		set_places(c, p);
		become_owner(p);
		exec_list(c, path, argv, environ);
	}
	return wait_for(c, pid, path);
}

/* ------------------------------------------------------------------------- move */

static bool move_proc(struct trial_change *c, const struct trial_proc *p, bool ours)
{
	char exe[PATH_MAX] = "";
	pid_t pid = 0;
	bool runs = find_running(c, p, &pid) && exe_of(pid, exe, sizeof(exe));

	if (runs && str_equal(exe, p->exe) != ours)
		return true; /* it is so already */
	if (p->part == TRIAL_DRIVERS && !c->driver_stop_ms)
		c->driver_stop_ms = clock_ms();
	if (p->part == TRIAL_UPSMON)
		c->monitor_stop_ms = clock_ms();
	trial_say(c, "%s%s%s: %s", part_names[p->part], *p->ups ? " " : "", p->ups,
		  ours ? "ours" : p->exe);
	if (runs && !stop_proc(c, p, pid, exe))
		return false;
	return ours ? start_ours(c, p) : start_live(c, p);
}

bool trial_procs_move(struct trial_change *c, enum trial_part part, bool ours)
{
	bool ok = true;

	/* On the way back all are tried, whatever became of one. */
	for (size_t i = 0; i < c->proc_count && (ok || !ours); i++) {
		if (c->procs[i].part == part)
			ok = move_proc(c, &c->procs[i], ours) && ok;
	}
	return ok;
}
