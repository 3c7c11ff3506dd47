/*
 * upsd_site: a upsd inside the test's own process, without ports: its clients
 * are socket pairs, its drivers' sockets lie in a private directory.
 * Its time is clock_fake()'s, which the test has to switch on.
 */
#ifndef TESTS_UNIT_UPSD_SITE_H
#define TESTS_UNIT_UPSD_SITE_H

#include <stdbool.h>

#include "server/upsd.h"

struct upsd_site {
	struct upsd upsd;
	struct upsd_options options;
	char dir[64];
	char answer[1 << 18]; /* of upsd_site_ask() */
};

/* With such files. Fails the test (abort) when anything is missing. */
struct upsd_site *upsd_site_new(const char *ups_conf, const char *upsd_users);
void upsd_site_free(struct upsd_site *s);

/* Applies another ups.conf, as a reload does. */
void upsd_site_reload(struct upsd_site *s, const char *ups_conf);

/* Turns the loop until nothing is left to do. */
void upsd_site_settle(struct upsd_site *s);

/* A new client; the test's end of it. */
int upsd_site_client(struct upsd_site *s);

/* Listens as the driver of that socket name ("driver-ups"), lets upsd connect (two seconds of the
 * fake clock later, when it tries again), and sends it `lines` in place of a dump; the test's end.
 */
int upsd_site_driver(struct upsd_site *s, const char *name, const char *lines);

/* Sends text to upsd and settles. */
void upsd_site_send(struct upsd_site *s, int fd, const char *text);

/* What has come from upsd since the last look; NUL-terminated, in s->answer. */
const char *upsd_site_read(struct upsd_site *s, int fd);

/* Both of them. */
const char *upsd_site_ask(struct upsd_site *s, int fd, const char *text);

/* True when upsd has closed the connection and everything has been read. */
bool upsd_site_closed(int fd);

/* What most tests need: a site whose UPS has a driver, and one client; the clock is a fake one, the
 * log is silent. */
struct upsd_fixture {
	struct upsd_site *site;
	int driver;
	int client;
};

/* The driver listens at "dummy-rack" and sends `dump`. NULL: no memory. */
struct upsd_fixture *upsd_fixture_new(const char *ups_conf, const char *upsd_users,
				      const char *dump);
void upsd_fixture_free(struct upsd_fixture *f);

#endif
