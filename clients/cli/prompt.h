/*
 * prompt: asking for a password.
 */
#ifndef CLIENTS_CLI_PROMPT_H
#define CLIENTS_CLI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Asks on the terminal without echo; without a terminal on stderr and stdin.
 * False when interrupted (^C) or when nothing can be read.
 */
bool prompt_password(const char *text, char *password, size_t size);

#endif
