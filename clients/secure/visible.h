/*
 * visible: text of strangers (names in certificates, a server's answers) on a
 * terminal: no control byte of theirs gets there.
 */
#ifndef CLIENTS_SECURE_VISIBLE_H
#define CLIENTS_SECURE_VISIBLE_H

#include <stdio.h>

/* Prints the text, control bytes as `\xNN`. */
void visible_print(FILE *out, const char *text);

#endif
