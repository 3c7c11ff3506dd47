/*
 * nutconf setup: from nothing to a suite that runs.
 */
#include "config.h"

#include <stdio.h>

#include "clients/nutconf/check.h"
#include "clients/nutconf/setup.h"
#include "clients/nutconf/verbs.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

static const char token[] = "setup";

/* What would be written; the number of files that were configured by somebody. */
static unsigned show_changes(struct changes *c)
{
	unsigned changed = 0, configured = 0;

	for (size_t f = 0; f < CHANGES_FILES; f++) {
		if (!changes_differ(c, f))
			continue;
		if (!changed++)
			printf("\nTo be written:\n\n");
		configured += setup_overwrites(c, f);
		changes_print(c, f, stdout);
	}
	if (!changed)
		printf("\nThe files in %s say all that already.\n", paths_conf());
	return configured;
}

static bool consent(const struct setup *s, unsigned configured)
{
	if (!s->interactive) {
		if (!configured || s->force)
			return true;
		log_error(token,
			  "%u of these files %s configured already; --force changes them, and "
			  "keeps the old ones as .bak",
			  configured, configured == 1 ? "is" : "are");
		return false;
	}
	putchar('\n');
	if (configured)
		printf("Old files are kept as .bak.\n");
	return setup_confirm(s->no_start ? "Write this" : "Write this, and start");
}

/* 0: written, or nothing to write. */
static int write_files(struct setup *s)
{
	struct changes c;
	unsigned configured;
	int status = 1;

	if (changes_begin(&c) && setup_plan(s, &c)) {
		configured = show_changes(&c);
		if (s->dry_run)
			status = 0;
		else if (consent(s, configured))
			status = changes_write(&c, true) ? 0 : 1;
	}
	changes_end(&c);
	return status;
}

/* Errors that would only show in a log. */
static bool look_through(const struct setup *s)
{
	unsigned errors = check_print_problems(s->run_as, stdout);

	if (errors)
		log_error(token,
			  "the files have %u error%s, so nothing was started; mend %s and run "
			  "this again",
			  errors, errors == 1 ? "" : "s", errors == 1 ? "it" : "them");
	return !errors;
}

static int run(struct setup *s)
{
	if (!setup_make_folders(s) || !setup_find_answers(s) || write_files(s) != 0)
		return 1;
	if (s->dry_run)
		return 0;
	if (s->no_start) {
		setup_tell_next(s, false);
		return 0;
	}
	if (!setup_make_state(s) || !look_through(s) || !setup_start(s))
		return 1;
	setup_tell_next(s, true);
	return 0;
}

int verb_setup(int argc, char **argv)
{
	struct setup s = {.after_s = -1, .runtime_s = -1, .charge = -1, .wait_s = 45};
	int status;

	s.port = setup_usual_port();
	privilege_hide_memory();
	status = setup_read_options(&s, argc, argv);
	if (status < 0)
		status = run(&s);
	secret_wipe(s.password, sizeof(s.password));
	device_free(&s.device);
	return status;
}
