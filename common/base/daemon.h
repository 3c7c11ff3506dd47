/*
 * daemon: background, pid files, `-c` signals, and the words to systemd.
 */
#ifndef COMMON_BASE_DAEMON_H
#define COMMON_BASE_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Goes to the background in two steps, so that the starter learns how it went:
 * daemon_fork() returns in the child with a handle; the parent waits in it and
 * exits with the status that daemon_ready() or daemon_failed() sends (1 when
 * the child dies without a word, or after `patience_s` seconds; 0 = no limit).
 * Returns -1 (errno) when it cannot fork.
 */
int daemon_fork(int *handle, unsigned patience_s);
void daemon_ready(int handle);  /* parent exits 0; stdin/out/err go to /dev/null, cwd stays */
void daemon_failed(int handle); /* parent exits 1 */
/* For another process of ours, which is not to keep the starter waiting: the same without a word.
 */
void daemon_detach(int handle);

/*
 * Pid files: "<pid>\n", written whole under another name and renamed, mode 0644.
 * All return 0 or an errno value.
 */
int daemon_pidfile_write(const char *path);
int daemon_pidfile_remove(const char *path);
enum daemon_pid_result {
	DAEMON_PID_OK = 0,
	DAEMON_PID_FAILED = -1,     /* no such process, not permitted, or another program */
	DAEMON_PID_UNREADABLE = -2, /* exists, but holds no usable pid */
	DAEMON_PID_ABSENT = -3,     /* no such file */
};
enum daemon_pid_result daemon_pidfile_read(const char *path, pid_t *pid);

/*
 * Sends `signo` (0 = only look) to the process of a pid file, or to `pid`.
 * Refuses pids 0 and 1 and a process whose executable is not called `program`
 * (NULL, or NUT_IGNORE_CHECKPROCNAME set: no such check).
 */
enum daemon_pid_result daemon_signal_file(const char *path, const char *program, int signo);
enum daemon_pid_result daemon_signal_pid(pid_t pid, const char *program, int signo);

/*
 * A daemon's `-c reload` and `-c stop`, which may be shortened: tells the one of that pid file, or
 * process `pid` (a text from the command line; NULL: by the file).  `pidfile` NULL: it has no name.
 * Says what is wrong; returns an exit status.
 */
int daemon_command(const char *program, const char *command, const char *pid, const char *pidfile);

/* sd_notify(3) protocol by NOTIFY_SOCKET; nothing happens without it. `state` e.g. "READY=1". */
void daemon_notify(const char *state);

/* Before a chroot: keeps the way to NOTIFY_SOCKET open, whose path will not be there any more. */
void daemon_notify_keep(void);

/* Half of WATCHDOG_USEC in ms if the watchdog is meant for this process, else 0. */
long daemon_watchdog_ms(void);

/* Closes what the parent left open above stderr. */
void daemon_close_inherited(void);

#endif
