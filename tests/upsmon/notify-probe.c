/*
 * notify-probe: the notifier and its mail alone, for the system tests.
 *
 *   notify-probe notifier LINK NAMES   the process itself, on these descriptors
 *   notify-probe mail LIMIT_MS         sends the MAIL line that stdin has; ends with
 *                                      the wait status of its process
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/upsmon/notify/mail.h"
#include "clients/upsmon/notify/notifier.h"
#include "common/base/log.h"
#include "common/base/str.h"

static int run_mail(unsigned limit_ms)
{
	struct words *w = words_new(WORDS_WIRE, &delivery_limits);
	static char line[65536];
	size_t len = fread(line, 1, sizeof(line), stdin);
	const char *at = line;
	struct delivery d;
	int status = -1;
	pid_t pid = -1;

	if (w && words_feed(w, &at, &len) == WORDS_LINE && delivery_parse(w, &d) &&
	    d.kind == DELIVERY_MAIL)
		pid = mail_start(&d.mail, d.text, limit_ms);
	words_free(w);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 99;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	long first, second;

	log_init("upsmon");
	if (argc == 4 && str_equal(argv[1], "notifier") &&
	    str_to_long(argv[2], 0, INT_MAX, &first) && str_to_long(argv[3], -1, INT_MAX, &second))
		return notifier_run((int)first, (int)second);
	if (argc == 3 && str_equal(argv[1], "mail") && str_to_long(argv[2], 1, INT_MAX, &first))
		return mail_available ? run_mail((unsigned)first) : 77;
	fprintf(stderr, "usage: notify-probe notifier LINK NAMES | mail LIMIT_MS\n");
	return 99;
}
