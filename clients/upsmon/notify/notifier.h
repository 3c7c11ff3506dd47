/*
 * notifier: the process of upsmon that reaches people and programs: unprivileged,
 * but neither chrooted nor without new privileges, since wall(1) is setgid and
 * scripts use sudo.  The network child's end of the link is outbox.h.
 */
#ifndef CLIENTS_UPSMON_NOTIFIER_H
#define CLIENTS_UPSMON_NOTIFIER_H

/*
 * The life of the process, which its caller has made unprivileged; takes over
 * both descriptors, and no other should be open but the standard ones.
 * `names_fd` is one end of a pair whose other end is for resolver_link();
 * -1 = no names are looked up.
 *
 * Deaf to signals, it ends when the other end of the link is closed and what it
 * has started has ended, after a minute at the latest.  Returns the exit status:
 * 0, or 1 when another notifier is needed (the process that looks names up died).
 */
int notifier_run(int link_fd, int names_fd);

#endif
