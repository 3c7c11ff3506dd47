/*
 * page: the one page of upsweb: the script's, and for browsers without one a
 * table of all UPSes.
 */
#ifndef CLIENTS_UPSWEB_PAGE_H
#define CLIENTS_UPSWEB_PAGE_H

#include "clients/upsweb/devices.h"
#include "clients/upsweb/http.h"

void page_send(struct http_call *c, const struct fleet *f);

#endif
