/* nut-announce: tells the network by multicast DNS that upsd is here (nut-announce(8)). */
#include "config.h"

#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/simple-watch.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"

enum { DEFAULT_PORT = 3493, NAME_MAX_LEN = 63, AGAIN_S = 2 };

static const char token[] = "announce";
static const char type[] = "_nut._tcp";

struct announce {
	AvahiSimplePoll *poll;
	AvahiClient *client;
	AvahiEntryGroup *group;
	char *name;
	uint16_t port;
	bool restart; /* the daemon has gone */
	bool fatal;
};

static const struct option_row rows[] = {
	{'n', "name", "NAME", "what it is called; else \"UPSes of\" and this host's name"},
	{'p', "port", "PORT", "upsd's port; 3493"},
	{'D', "debug", NULL, "show more"},
	{'V', "version", NULL, "show the version and end"},
	{'h', "help", NULL, "show this and end"},
	{0},
};

static void publish(struct announce *a);

static void give_up(struct announce *a, const char *what, int error)
{
	log_error(token, "%s: %s", what, avahi_strerror(error));
	a->fatal = true;
	avahi_simple_poll_quit(a->poll);
}

/* Somebody else has it: another number behind the name. */
static void rename_service(struct announce *a)
{
	char *other = avahi_alternative_service_name(a->name);

	log_notice(token, "\"%s\" is taken in this network: it is \"%s\" now", a->name, other);
	avahi_free(a->name);
	a->name = other;
	publish(a);
}

static void on_group(AvahiEntryGroup *g, AvahiEntryGroupState state, void *arg)
{
	struct announce *a = arg;

	a->group = g;
	if (state == AVAHI_ENTRY_GROUP_ESTABLISHED) {
		log_info(token, "\"%s\", port %u, is announced", a->name, a->port);
		daemon_notify("READY=1");
	} else if (state == AVAHI_ENTRY_GROUP_COLLISION) {
		rename_service(a);
	} else if (state == AVAHI_ENTRY_GROUP_FAILURE) {
		give_up(a, "it cannot be announced",
			avahi_client_errno(avahi_entry_group_get_client(g)));
	}
}

static void publish(struct announce *a)
{
	int error;

	if (!a->group)
		a->group = avahi_entry_group_new(a->client, on_group, a);
	if (!a->group) {
		give_up(a, "it cannot be announced", avahi_client_errno(a->client));
		return;
	}
	avahi_entry_group_reset(a->group);
	error = avahi_entry_group_add_service(a->group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, 0,
					      a->name, type, NULL, NULL, a->port, "txtvers=1",
					      NULL);
	if (error == AVAHI_ERR_COLLISION) {
		rename_service(a);
		return;
	}
	if (error == 0)
		error = avahi_entry_group_commit(a->group);
	if (error)
		give_up(a, "it cannot be announced", error);
}

static void on_client(AvahiClient *c, AvahiClientState state, void *arg)
{
	struct announce *a = arg;

	a->client = c;
	switch (state) {
	case AVAHI_CLIENT_S_RUNNING:
		publish(a);
		break;
	case AVAHI_CLIENT_S_COLLISION:
	case AVAHI_CLIENT_S_REGISTERING:
		/* The host gets another name; then it is said anew. */
		if (a->group)
			avahi_entry_group_reset(a->group);
		break;
	case AVAHI_CLIENT_FAILURE:
		a->restart = avahi_client_errno(c) == AVAHI_ERR_DISCONNECTED;
		if (a->restart)
			avahi_simple_poll_quit(a->poll);
		else
			give_up(a, "avahi's daemon", avahi_client_errno(c));
		break;
	case AVAHI_CLIENT_CONNECTING:
		log_notice(token, "avahi's daemon does not run; it is waited for");
		break;
	}
}

/* Until the daemon goes. True: once more, with the next one. */
static bool run_once(struct announce *a)
{
	int error;

	a->restart = false;
	a->group = NULL;
	a->client = NULL;
	a->poll = avahi_simple_poll_new();
	if (!a->poll) {
		log_error(token, "out of memory");
		return false;
	}
	if (!avahi_client_new(avahi_simple_poll_get(a->poll), AVAHI_CLIENT_NO_FAIL, on_client, a,
			      &error)) {
		/* No system bus yet. */
		log_error(token, "avahi's daemon cannot be reached: %s", avahi_strerror(error));
		a->restart = true;
	} else {
		avahi_simple_poll_loop(a->poll);
	}
	if (a->client)
		avahi_client_free(a->client);
	avahi_simple_poll_free(a->poll);
	return a->restart && !a->fatal;
}

static char *default_name(void)
{
	char host[NAME_MAX_LEN - 8] = "", name[NAME_MAX_LEN + 1];

	gethostname(host, sizeof(host) - 1);
	str_format(name, sizeof(name), "UPSes of %s", *host ? host : "this host");
	return avahi_strdup(name);
}

static int help(FILE *out, int status)
{
	fprintf(out, "Tells the network by multicast DNS that upsd is here.\n\n"
		     "usage: nut-announce [OPTIONS]\n\n");
	options_print(rows, out);
	return status;
}

/* Returns -1 to go on, or the exit status. */
static int take_option(struct announce *a, int letter, const char *value)
{
	long port;

	switch (letter) {
	case 'n':
		avahi_free(a->name);
		a->name = avahi_strndup(value, NAME_MAX_LEN);
		return -1;
	case 'p':
		if (!str_to_long(value, 1, UINT16_MAX, &port)) {
			log_error(token, "\"%s\" is no port", value);
			return EXIT_FAILURE;
		}
		a->port = (uint16_t)port;
		return -1;
	case 'D':
		log_set_debug(1);
		return -1;
	case 'V':
		log_banner("nut-announce", true);
		return EXIT_SUCCESS;
	case 'h':
		log_banner("nut-announce", true);
		return help(stdout, EXIT_SUCCESS);
	default:
		return help(stderr, EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	struct announce a = {.port = DEFAULT_PORT};
	struct option_parser parser;
	const char *value;
	int letter, status;

	log_init("nut-announce");
	options_begin(&parser, rows, argc, argv);
	while ((letter = options_next(&parser, &value)) != OPTION_END) {
		status = take_option(&a, letter, value);
		if (status >= 0)
			return status;
	}
	if (options_operand_count(&parser))
		return help(stderr, EXIT_FAILURE);
	if (!a.name)
		a.name = default_name();
	while (run_once(&a))
		sleep(AGAIN_S);
	avahi_free(a.name);
	return a.fatal ? EXIT_FAILURE : EXIT_SUCCESS;
}
