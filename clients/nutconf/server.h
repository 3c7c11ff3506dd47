/*
 * server: short questions to a upsd, each over a connection of its own.
 */
#ifndef CLIENTS_NUTCONF_SERVER_H
#define CLIENTS_NUTCONF_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVER_UPS_MAX = 64, SERVER_NAME_MAX = 128, SERVER_WHY_MAX = 256 };

struct server {
	const char *host;
	unsigned port;
	char why[SERVER_WHY_MAX]; /* after a failure: the reason, for people */
};

/* The names of its UPSes; their number, or -1. */
int server_list(struct server *s, char names[SERVER_UPS_MAX][SERVER_NAME_MAX]);

/* A variable of a UPS; false also when it has none of that name. */
bool server_get(struct server *s, const char *ups, const char *variable, char *value, size_t size);

/* Logs in to a UPS as upsmon does, and out again. */
bool server_try_login(struct server *s, const char *ups, const char *user, const char *password);

#endif
