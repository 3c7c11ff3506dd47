/*
 * paths: where configuration, sockets, pid files and data live; each a build
 * default, overridden by an environment variable (spec/cli.md section 1).
 * Returned strings are borrowed and constant for the life of the process,
 * apart from paths_set_state().
 */
#ifndef COMMON_BASE_PATHS_H
#define COMMON_BASE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

const char *paths_conf(void);	 /* NUT_CONFPATH, CONFPATH */
const char *paths_state(void);	 /* NUT_STATEPATH, paths_set_state(), STATEPATH */
const char *paths_pid(void);	 /* NUT_PIDPATH, PIDPATH */
const char *paths_altpid(void);	 /* NUT_ALTPIDPATH, NUT_STATEPATH, ALTPIDPATH */
const char *paths_data(void);	 /* NUT_DATAPATH, DATADIR */
const char *paths_driver(void);	 /* NUT_DRIVERPATH, DRVPATH */

/* A statepath from a configuration file; ignored (false) when NUT_STATEPATH is set. */
bool paths_set_state(const char *path);

/* `<conf>/<file>`, `<state>/<file>` into dst; an absolute file stays as it is. False if cut. */
bool paths_conf_file(char *dst, size_t size, const char *file);
bool paths_state_file(char *dst, size_t size, const char *file);

#endif
