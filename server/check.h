/*
 * check: `upsd -t`, which reads all of upsd's files and says what is wrong with
 * them, without starting anything.
 */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

/* Prints `file:line: problem; mend` lines and a summary on stdout; 0 when there is no error,
 * else 1. Warnings alone give 0. */
int check_run(void);

#endif
