/*
 * hooks: what runs before SHUTDOWNCMD: the programs in a folder, for virtual
 * machines, storage, containers, each with a deadline.
 *
 * In order of their names; those that begin with the same number run at the
 * same time.  Only programs count that root (or who runs us) owns and nobody
 * else may change, in a folder of the same kind; hidden files, backups (`~`) and
 * names with a dot in them are left out, as run-parts does.
 */
#ifndef CLIENTS_UPSMON_HOOKS_H
#define CLIENTS_UPSMON_HOOKS_H

/*
 * The whole life of a process forked for it: runs them all, for limit_s seconds
 * at most.  A hook that is over its time (each_s) gets SIGTERM, and SIGKILL a
 * second later, with all that is in its process group; what is left of this ends
 * with the hook.  Returns the exit status: 0, or 1 when any of them failed or was
 * ended.
 */
int hooks_run(const char *dir, long each_s, long limit_s);

#endif
