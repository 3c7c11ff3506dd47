/*
 * api: which address is answered by what (docs/api/upsweb.openapi.json).
 */
#ifndef CLIENTS_UPSWEB_API_H
#define CLIENTS_UPSWEB_API_H

#include "clients/upsweb/upsweb.h"

/* An http_fn; `arg` is the struct upsweb. */
void api_call(void *arg, struct http_call *c);
/* The last events, when there is no history. */
void api_keep_event(struct upsweb *u, const struct history_event *e);
void api_free_events(struct upsweb *u);

/* Orders of a logged-in user (api_control.c): login, logout, session, command, setting, commands,
 * settings. */
void api_login(struct upsweb *u, struct http_call *c);
void api_logout(struct upsweb *u, struct http_call *c);
void api_session(struct upsweb *u, struct http_call *c);
void api_command(struct upsweb *u, struct http_call *c);
void api_setting(struct upsweb *u, struct http_call *c);
void api_commands(struct upsweb *u, struct http_call *c);
void api_settings(struct upsweb *u, struct http_call *c);

/* Answers those that are on their way, as what they use goes. */
void api_cancel_orders(struct upsweb *u);

/* The device of ?id= or of that id; NULL: it has been answered with 404. */
struct device *api_device(struct upsweb *u, struct http_call *c, const char *id);

#endif
