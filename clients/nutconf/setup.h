/*
 * setup: what the parts of `nutconf setup` share: the answers, the files made
 * of them, and what is started with them.
 */
#ifndef CLIENTS_NUTCONF_SETUP_H
#define CLIENTS_NUTCONF_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/nutconf/changes.h"
#include "clients/nutconf/device.h"
#include "clients/nutconf/server.h"

enum setup_role { SETUP_UNSAID, SETUP_STANDALONE, SETUP_SERVER, SETUP_CLIENT };

enum { SETUP_PASSWORD_MAX = 128 };

struct setup {
	/* As the command line has it; NULL and -1: not said. */
	enum setup_role role;
	const char *local, *listen, *run_as, *shutdown_command, *password_file;
	bool yes, force, network, no_start, dry_run;
	long after_s, runtime_s, charge; /* OBDURATION, OBRUNTIME, OBCHARGE */
	long wait_s;                     /* for the UPS to be seen */
	unsigned port;

	/* Asked for, or as the command line has it; "" = not known yet. */
	char ups[128];
	char server[256]; /* of a client: without the port */
	unsigned server_port;
	char user[128];
	char password[SETUP_PASSWORD_MAX]; /* wiped at the end */
	struct device device;
	bool has_device;

	bool interactive; /* somebody is there to answer */
};

/* ----------------------------------------------------------- setup_options.c */

/* Reads the command line. -1: go on; else the exit status. */
int setup_read_options(struct setup *s, int argc, char **argv);

/* The name of a UPS that a server has; [UPS@]HOST[:PORT]. What cannot be is reported. */
bool setup_take_name(struct setup *s, const char *name);
bool setup_take_server(struct setup *s, const char *text);

/* ----------------------------------------------------------- setup_answers.c */

/* Asks for what is not said, and looks for devices; false is reported. */
bool setup_find_answers(struct setup *s);

/* The port that is not said in files and addresses. */
unsigned setup_usual_port(void);

/* Enter or y: true. */
bool setup_confirm(const char *question);

/* -------------------------------------------------------------- setup_plan.c */

/* Chooses the folders of a private site, makes its own, and looks whether files can be written.
 * False is reported. */
bool setup_make_folders(const struct setup *s);

/* Makes the folder of the sockets, if it is not there. */
bool setup_make_state(const struct setup *s);

/* Edits the files so that they say what the answers say. */
bool setup_plan(struct setup *s, struct changes *c);

/* True for a file that somebody has configured already, and the plan changes. */
bool setup_overwrites(struct changes *c, enum changes_file f);

/* ------------------------------------------------------------- setup_start.c */

/* Starts what the role needs, waits until the UPS is seen, shows it, and rehearses a shutdown.
 * False is reported. */
bool setup_start(const struct setup *s);

/* Tells what can be done now. */
void setup_tell_next(const struct setup *s, bool started);

#endif
