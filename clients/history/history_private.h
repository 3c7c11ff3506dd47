/*
 * What the two processes of the history say to each other, in lines of words.
 *
 * To the keeper:    VALUE id var number      GONE id [var]
 *                   EVENT time id kind text from to cause
 *                   ASK n points|csv id from to points var...
 *                   ASK n log id before limit
 * From the keeper:  BODY n text              a part of the answer
 *                   LINE n text              the same, and a line ends there
 *                   DONE n why               the answer is whole, or why there is none
 *                   TROUBLE text             nothing is kept at present
 *                   WELL                     again it is
 *                   ASIDE text               a broken file was put aside
 */
#ifndef CLIENTS_HISTORY_PRIVATE_H
#define CLIENTS_HISTORY_PRIVATE_H

enum {
	HISTORY_WORDS = 64,
	HISTORY_LINE = 64 * 1024,
	HISTORY_BACKLOG = 1024 * 1024,
};

/* The whole life of the process that keeps the file; HELPER_FD is its parent. Never returns. */
void history_keeper(const char *path) __attribute__((noreturn));

#endif
