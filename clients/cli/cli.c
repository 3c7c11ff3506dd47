#include "config.h"

#include "clients/cli/cli.h"

#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/prompt.h"
#include "clients/cli/stranger.h"
#include "clients/libupsclient/private.h"
#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"
#include "common/ups/nutauth.h"

enum {
	WAIT_DEFAULT_S = 10,
	/* Most drivers are done at once; the others are not to be pestered. */
	POLL_FIRST_MS = 50,
	POLL_LAST_MS = 1000,
};

void cli_init(struct cli *c, const char *program)
{
	log_init(program);
	*c = (struct cli){.wait_s = WAIT_DEFAULT_S, .failure = EXIT_FAILURE};
}

static void print_library(void)
{
	const char *backend = tls_backend_name();

	if (str_equal(backend, "none"))
		printf("\nUsing NUT libupsclient library version %s built %s\n", NUT_VERSION,
		       tls_build_phrase());
	else
		printf("\nUsing NUT libupsclient library version %s built with SSL support: %s\n",
		       NUT_VERSION, backend);
}

void cli_print_help(const char *usage, const struct option_row *rows)
{
	log_banner(log_program(), true);
	printf("\n%s\n", usage);
	options_print(rows, stdout);
	if (log_debug_level() > 0)
		print_library();
}

static enum cli_option take_seconds(const char *letter, const char *value, long *seconds)
{
	if (str_to_long(value, 0, INT_MAX, seconds))
		return CLI_TAKEN;
	log_error("cli", "Error: %s wants a number of seconds, not \"%s\"", letter, value);
	return CLI_WRONG;
}

/* The library takes the time from the environment, whoever put it there. */
static enum cli_option take_connect_timeout(const char *value)
{
	double seconds;

	if (str_to_double(value, &seconds) && seconds >= 0 &&
	    setenv("NUT_DEFAULT_CONNECT_TIMEOUT", value, 1) == 0)
		return CLI_TAKEN;
	log_error("cli", "Error: -W wants a number of seconds, not \"%s\"", value);
	return CLI_WRONG;
}

/* Not for others to see in the process list longer than it must be. */
static enum cli_option take_password(struct cli *c, const char *value)
{
	char *shown = (char *)(size_t)value;

	secret_free(&c->password);
	c->password = str_dup(value);
	secret_wipe(shown, strlen(shown));
	return CLI_TAKEN;
}

enum cli_option cli_take_option(struct cli *c, int letter, const char *value, const char *usage,
				const struct option_row *rows)
{
	switch (letter) {
	case 'W':
		return take_connect_timeout(value);
	case 'A':
		c->authconf = value;
		return CLI_TAKEN;
	case 'D':
		log_set_debug(log_debug_level() + 1);
		return CLI_TAKEN;
	case 'u':
		return str_replace(&c->user, value) ? CLI_TAKEN : CLI_WRONG;
	case 'p':
		return take_password(c, value);
	case 'w':
		c->wait = true;
		return CLI_TAKEN;
	case 't':
		return take_seconds("-t", value, &c->wait_s);
	case 'V':
		log_banner(log_program(), true);
		return CLI_DONE;
	case 'h':
	case OPTION_UNKNOWN:
	case OPTION_NO_VALUE:
		cli_print_help(usage, rows);
		return CLI_DONE;
	default:
		return CLI_NOT_OURS;
	}
}

/* ------------------------------------------------------------- reaching it */

/* Fills the gaps of -u and -p. */
static void take_login(struct cli *c, struct nutauth *found)
{
	if (!c->user) {
		c->user = found->user;
		found->user = NULL;
	}
	if (!c->password) {
		c->password = found->password;
		found->password = NULL;
	}
}

static int fail_to_connect(struct cli *c, const struct upsclient_terms *terms)
{
	if (terms->untrusted)
		c->failure = CLI_EXIT_UNTRUSTED;
	/* The library's own texts have less room. */
	if (terms->why[0])
		return cli_fail(c, "%s: %s",
				upscli_upserror(&c->conn) == UPSCLI_ERR_SSLFAIL
					? "SSL is not available"
					: "SSL error",
				terms->why);
	return cli_fail_library(c);
}

static bool open_server(struct cli *c)
{
	struct upsclient_terms terms = {.trust = stranger_ask};
	struct nutauth found;

	if (!nutauth_find(c->authconf, c->user, c->host, c->port, &found)) {
		cli_fail(c, "nutauth.conf cannot be used");
		return false;
	}
	take_login(c, &found);
	terms.demands = nutauth_demands(&found, false);
	log_debug(1, "cli", "connecting to %s, port %u", c->host, (unsigned)c->port);
	c->connected = upsclient_connect_on(&c->conn, c->host, c->port, 0, &terms) == 0;
	if (!c->connected)
		fail_to_connect(c, &terms);
	nutauth_free(&found);
	return c->connected;
}

bool cli_open_ups(struct cli *c, const char *target)
{
	if (upscli_splitname(target, &c->ups, &c->host, &c->port) < 0) {
		cli_fail(c, "invalid UPS definition.");
		log_error("cli", "Required format: upsname[@hostname[:port]]");
		return false;
	}
	return open_server(c);
}

bool cli_open_host(struct cli *c, const char *address)
{
	if (upscli_splitaddr(address ? address : "localhost", &c->host, &c->port) < 0) {
		cli_fail(c, "invalid hostname.");
		log_error("cli", "Required format: [hostname[:port]]");
		return false;
	}
	return open_server(c);
}

void cli_close(struct cli *c)
{
	if (c->connected)
		upscli_disconnect(&c->conn);
	c->connected = false;
	free(c->user);
	free(c->ups);
	free(c->host);
	c->user = c->ups = c->host = NULL;
	secret_free(&c->password);
}

/* -------------------------------------------------------------------- errors */

int cli_fail(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	log_error("cli", "Error: %s", c->why);
	return EXIT_FAILURE;
}

int cli_fail_library(struct cli *c)
{
	return cli_fail(c, "%s", upscli_strerror(&c->conn));
}

int cli_fail_short(struct cli *c, size_t got, size_t least)
{
	return cli_fail(c, "insufficient data (got %zu args, need at least %zu)", got, least);
}

/* --------------------------------------------------------------- logging in */

bool cli_read_line(const char *prompt, char *line, size_t size)
{
	fputs(prompt, stdout);
	fflush(stdout);
	if (!fgets(line, (int)size, stdin))
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

/* An empty answer means the name that the system knows this user by. */
static bool ask_user(struct cli *c)
{
	const struct passwd *pw = getpwuid(getuid());
	char prompt[300], name[256];

	str_format(prompt, sizeof(prompt),
		   pw ? "Username (%s): " : "Username: ", pw ? pw->pw_name : "");
	if (!cli_read_line(prompt, name, sizeof(name))) {
		log_error("cli", "Error reading from stdin!");
		return false;
	}
	if (!name[0] && !pw) {
		cli_fail(c, "no user name given");
		return false;
	}
	return str_replace(&c->user, name[0] ? name : pw->pw_name);
}

static bool ask_password(struct cli *c)
{
	char password[256];

	if (!prompt_password("Password: ", password, sizeof(password))) {
		cli_fail(c, "no password given");
		return false;
	}
	c->password = str_dup(password);
	secret_wipe(password, sizeof(password));
	return c->password != NULL;
}

/* One line out, one in; false when the connection failed. */
static bool exchange(struct cli *c, size_t count, const char *const *words, char *reply,
		     size_t size)
{
	struct buffer line = {0};
	bool ok;

	netwire_append_request(&line, count, words);
	ok = !line.failed && upscli_sendline(&c->conn, line.data, line.len) >= 0 &&
	     upscli_readline(&c->conn, reply, size) >= 0;
	if (line.data)
		secret_wipe(line.data, line.len); /* it may be the password */
	buffer_free(&line);
	return ok;
}

bool cli_login(struct cli *c)
{
	char reply[UPSCLI_NETBUF_LEN];

	if ((!c->user && !ask_user(c)) || (!c->password && !ask_password(c)))
		return false;
	/* What the server thinks of them it says when the order comes. */
	if (!exchange(c, 2, (const char *[]){"USERNAME", c->user}, reply, sizeof(reply))) {
		log_error("cli", "Set username failed: %s", upscli_strerror(&c->conn));
		return false;
	}
	if (!exchange(c, 2, (const char *[]){"PASSWORD", c->password}, reply, sizeof(reply))) {
		log_error("cli", "Set password failed: %s", upscli_strerror(&c->conn));
		return false;
	}
	return true;
}

bool cli_login_to_read(struct cli *c)
{
	return upscli_upserror(&c->conn) == UPSCLI_ERR_USERREQUIRED && c->user && c->password &&
	       cli_login(c);
}

/* ------------------------------------------------------------------- orders */

static bool enable_tracking(struct cli *c)
{
	char reply[UPSCLI_NETBUF_LEN];

	if (!exchange(c, 3, (const char *[]){"SET", "TRACKING", "ON"}, reply, sizeof(reply))) {
		log_error("cli", "Enabling status tracking failed: %s", upscli_strerror(&c->conn));
		return false;
	}
	if (!str_casestarts(reply, "OK")) {
		log_error("cli", "Enabling status tracking failed. upsd answered: %s", reply);
		return false;
	}
	return true;
}

/* Asks for the result of an order until there is one: true, with it in `reply`. */
static bool await_result(struct cli *c, const char *id, char *reply, size_t size)
{
	long long end_ms = clock_ms() + (long long)c->wait_s * 1000;
	const char *question[] = {"GET", "TRACKING", id};
	long long pause_ms = POLL_FIRST_MS;

	for (;;) {
		if (!exchange(c, 3, question, reply, size)) {
			log_error("cli", "Can't receive status tracking information: %s",
				  upscli_strerror(&c->conn));
			return false;
		}
		if (!str_starts(reply, "PENDING"))
			return true;
		if (clock_ms() >= end_ms) {
			log_error("cli", "Can't receive status tracking information: timeout");
			return false;
		}
		clock_sleep_ms(pause_ms);
		pause_ms = pause_ms * 2 < POLL_LAST_MS ? pause_ms * 2 : POLL_LAST_MS;
	}
}

bool cli_order(struct cli *c, const char *what, size_t count, const char *const *words)
{
	static const char tracked[] = "OK TRACKING ";
	char reply[UPSCLI_NETBUF_LEN], id[UPSCLI_NETBUF_LEN];

	if (c->wait && !enable_tracking(c))
		return false;
	if (!exchange(c, count, words, reply, sizeof(reply))) {
		log_error("cli", "%s failed: %s", what, upscli_strerror(&c->conn));
		return false;
	}
	if (!str_casestarts(reply, "OK")) {
		log_error("cli", "Unexpected response from upsd: %s", reply);
		return false;
	}
	if (c->wait && str_casestarts(reply, tracked)) {
		str_copy(id, sizeof(id), reply + sizeof(tracked) - 1);
		if (!await_result(c, id, reply, sizeof(reply)))
			return false;
	}
	/* On stderr, and a success whatever the driver said: scripts count on both. */
	fprintf(stderr, "%s\n", reply);
	return true;
}
