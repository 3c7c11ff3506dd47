/* upsmon: watches UPSes and shuts this host down while there is time (upsmon(8)). */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/upsmon/conf/conf.h"
#include "clients/upsmon/confine.h"
#include "clients/upsmon/control.h"
#include "clients/upsmon/engine.h"
#include "clients/upsmon/hold.h"
#include "clients/upsmon/notify/notifier.h"
#include "clients/upsmon/parent.h"
#include "clients/upsmon/powerflag.h"
#include "clients/upsmon/rehearse.h"
#include "clients/upsmon/remote.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/net/tls.h"

static const char token[] = "upsmon";
static const char program[] = "upsmon";

enum { CONNECT_DEFAULT_S = 10, CONNECT_MAX_S = 3600, PLAY_MAX_S = 7 * 24 * 3600 };

enum {
	LONG_JSON = 256,
	LONG_REHEARSE,
	LONG_OUTAGE,
	LONG_BATTERY,
	LONG_LOW,
	LONG_ONLY,
	LONG_HOLD,
};

static const struct option_row option_rows[] = {
	{'c', "command", "CMD",
	 "send a command to the running process:\n"
	 " - fsd: shutdown all primary-mode UPSes (use with caution)\n"
	 " - reload: reread configuration\n"
	 " - stop: stop monitoring and exit\n"
	 " - status: tell what is known, and what would happen next\n"
	 " - test-event EVENT [UPS]: rehearse a notification"},
	{'P', "pid", "PID", "send it to this process instead of that of the PID file"},
	{'K', "check-flag", NULL, "checks POWERDOWNFLAG, sets exit code to 0 if set"},
	{'p', "privileged", NULL, "always run privileged (disable privileged parent)"},
	{'u', "user", "USER", "run child as user <user> (RUN_AS_USER goes before; not with -p)"},
	{'f', "config", "FILE", "configuration file instead of upsmon.conf"},
	{'4', "ipv4", NULL, "IPv4 only"},
	{'6', "ipv6", NULL, "IPv6 only"},
	{'W', "timeout", "SECS", "network timeout, 10 s by default"},
	{'D', "debug", NULL, "raise debugging level (and stay foreground by default)"},
	{'F', "foreground", NULL, "stay foregrounded even if no debugging is enabled"},
	{'B', "background", NULL, "stay backgrounded even if debugging is bumped"},
	{'t', "check-config", NULL,
	 "check the configuration, tell all that is wrong with it, and exit"},
	{LONG_JSON, "json", NULL, "with -c status: as JSON"},
	{LONG_REHEARSE, "rehearse", NULL,
	 "play a power failure against the configuration, print what would happen and when"},
	{LONG_OUTAGE, "outage", "SECS", "with --rehearse: how long it lasts, 3600 s by default"},
	{LONG_BATTERY, "battery", "SECS", "and how long a full battery does, 1200 s by default"},
	{LONG_LOW, "low", "PERCENT", "and at which charge it counts as low, 20 by default"},
	{LONG_ONLY, "only", "UPS", "and which UPS alone it hits"},
	{LONG_HOLD, "hold", NULL, "at boot: wait until the batteries have BOOTCHARGE"},
	{'V', "version", NULL, "display the version of this software"},
	{'h', "help", NULL, "display this help"},
	{0, NULL, NULL, NULL},
};

struct arguments {
	const char *command; /* -c */
	const char *pid;
	const char *user;
	const char *timeout;
	char conf_path[PATH_MAX];
	int debug;
	int family;
	bool check_flag, privileged, foreground, background;
	bool check_conf, json, rehearse, hold;
	struct rehearse_options play;
	int operand_count;
	char *const *operands;
};

static void print_help(const struct arguments *a)
{
	log_banner(program, true);
	printf("Monitors UPS servers and may initiate shutdown if necessary.\n\n"
	       "usage: %s [OPTIONS]\n\n",
	       program);
	options_print(option_rows, stdout);
	if (a->debug)
		printf("\nUsing NUT libupsclient library version %s built %s\n", NUT_VERSION,
		       tls_build_phrase());
}

static bool parse_play(const char *option, const char *text, long max, long *out)
{
	if (str_to_long(text, 1, max, out))
		return true;
	log_error(token, "%s wants a number from 1 to %ld, not \"%s\"", option, max, text);
	return false;
}

/* Returns -1 to go on, or the exit status. */
static int parse_arguments(struct arguments *a, int argc, char **argv)
{
	struct option_parser p;
	const char *value;
	int letter;

	options_begin(&p, option_rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		switch (letter) {
		case 'c':
			a->command = value;
			break;
		case 'P':
			a->pid = value;
			break;
		case 'K':
			a->check_flag = true;
			break;
		case 'p':
			a->privileged = true;
			break;
		case 'u':
			a->user = value;
			break;
		case 'f':
			if (!str_copy(a->conf_path, sizeof(a->conf_path), value))
				return EXIT_FAILURE;
			break;
		case '4':
			a->family = AF_INET;
			break;
		case '6':
			a->family = AF_INET6;
			break;
		case 'W':
			a->timeout = value;
			break;
		case 'D':
			a->debug++;
			break;
		case 'F':
			a->foreground = true;
			break;
		case 'B':
			a->background = true;
			break;
		case 't':
			a->check_conf = true;
			break;
		case LONG_JSON:
			a->json = true;
			break;
		case LONG_REHEARSE:
			a->rehearse = true;
			break;
		case LONG_HOLD:
			a->hold = true;
			break;
		case LONG_ONLY:
			a->play.only = value;
			break;
		case LONG_OUTAGE:
			if (!parse_play("--outage", value, PLAY_MAX_S, &a->play.outage_s))
				return EXIT_FAILURE;
			break;
		case LONG_BATTERY:
			if (!parse_play("--battery", value, PLAY_MAX_S, &a->play.battery_s))
				return EXIT_FAILURE;
			break;
		case LONG_LOW:
			if (!parse_play("--low", value, 100, &a->play.low))
				return EXIT_FAILURE;
			break;
		case 'V':
			log_banner(program, true);
			return EXIT_SUCCESS;
		default:
			print_help(a);
			return EXIT_SUCCESS;
		}
	}
	a->operand_count = options_operand_count(&p);
	a->operands = options_operands(&p);
	return -1;
}

/* -W, NUT_DEFAULT_CONNECT_TIMEOUT, or 10 s; 0 when -W makes no sense. */
static unsigned connect_limit_ms(const struct arguments *a)
{
	const char *env = getenv("NUT_DEFAULT_CONNECT_TIMEOUT");
	long seconds = CONNECT_DEFAULT_S;

	if (a->timeout) {
		if (!str_to_long(a->timeout, 1, CONNECT_MAX_S, &seconds))
			return 0;
	} else if (env) {
		str_to_long(env, 1, CONNECT_MAX_S, &seconds);
	}
	return (unsigned)seconds * 1000;
}

/* ---------------------------------------------------------- running process */

static bool is_running(const struct arguments *a)
{
	if (a->check_flag || !remote_is_running())
		return false;
	printf("Fatal error: A previous upsmon instance is already running!\n"
	       "Either stop the previous instance first, or use the 'reload' command.\n");
	return true;
}

static void write_pid_file(void)
{
	char path[PATH_MAX];
	int err;

	str_format(path, sizeof(path), "%s/upsmon.pid", paths_pid());
	err = daemon_pidfile_write(path);
	if (!err)
		return;
	log_warn_errno(token, err, "cannot write %s", path);
	if (geteuid() == 0)
		return;
	str_format(path, sizeof(path), "%s/upsmon.pid", paths_altpid());
	err = daemon_pidfile_write(path);
	if (err)
		log_warn_errno(token, err, "cannot write %s", path);
}

/* ------------------------------------------------------------ configuration */

static int check_flag(const struct upsmon_conf *conf)
{
	if (!conf->powerdown_flag || powerflag_check(conf->powerdown_flag) != POWERFLAG_SET) {
		log_info(token, "Power down flag is not set");
		return EXIT_FAILURE;
	}
	log_info(token, "Power down flag is set");
	return EXIT_SUCCESS;
}

/* For -K even a file with mistakes will do, if it names the flag. */
static bool read_conf(const struct arguments *a, struct upsmon_conf *conf)
{
	struct conf_report report = {.emit = a->check_flag ? NULL : conf_emit_log,
				     .arg = (void *)(uintptr_t)token};
	int err = upsmon_conf_read(conf, a->conf_path, &report);

	if (err) {
		log_error(token, "cannot read %s: %s", a->conf_path, conffile_why(err));
		return false;
	}
	if (report.errors && !a->check_flag) {
		log_error(token, "%s has %u errors: nothing is started", a->conf_path,
			  report.errors);
		return false;
	}
	if (conf->debug_min > log_debug_level())
		log_set_debug((int)conf->debug_min);
	return true;
}

/* The file is fine; are the certificates, and the user? */
static int check_whole_conf(const struct arguments *a, const struct upsmon_conf *conf)
{
	const char *user = conf->run_as_user ? conf->run_as_user : a->user ? a->user : RUN_AS_USER;
	struct tlspolicy *first = NULL;
	struct privilege p;
	int result = EXIT_SUCCESS;
	char why[512];

	for (size_t i = 0; i < conf->ups_count; i++) {
		const struct netwire_target *server = &conf->ups[i].target;
		bool alike = i && tls_demands_alike(&conf->tls, &conf->ups[0].target, server);
		struct tlspolicy *policy = tls_demands_policy(
			&conf->tls, server, alike ? first : NULL, why, sizeof(why));

		if (!policy) {
			log_error(token, "%s: UPS [%s]: TLS cannot be set up: %s", a->conf_path,
				  conf->ups[i].system, why);
			result = EXIT_FAILURE;
		}
		if (i)
			tlspolicy_free(policy);
		else
			first = policy;
	}
	tlspolicy_free(first);
	if (!a->privileged && !privilege_lookup(user, NULL, &p))
		result = EXIT_FAILURE;
	if (result == EXIT_SUCCESS)
		printf("%s is fine: %zu UPSes, %zu rules\n", a->conf_path, conf->ups_count,
		       conf->book.count);
	return result;
}

static int rehearse(const struct arguments *a, const struct upsmon_conf *conf)
{
	if (a->play.only && !upsmon_conf_find(conf, a->play.only)) {
		log_error(token, "--only %s: no such UPS is monitored", a->play.only);
		return EXIT_FAILURE;
	}
	return rehearse_run(conf, &a->play, stdout);
}

static void print_conf(const struct upsmon_conf *conf)
{
	for (size_t i = 0; i < conf->ups_count; i++) {
		const struct conf_ups *u = &conf->ups[i];

		if (u->power)
			printf("UPS: %s (%s) (power value %ld)\n", u->system,
			       u->primary ? "primary" : "secondary", u->power);
		else
			printf("UPS: %s (monitoring only)\n", u->system);
	}
	if (conf->powerdown_flag)
		printf("Using power down flag file %s\n", conf->powerdown_flag);
	fflush(stdout);
}

/* A flag from the last shutdown has done its work. A file that is not ours is never touched. */
static void clear_old_flag(struct upsmon_conf *conf)
{
	int err;

	if (!conf->powerdown_flag)
		return;
	switch (powerflag_check(conf->powerdown_flag)) {
	case POWERFLAG_SET:
		err = powerflag_clear(conf->powerdown_flag);
		if (err)
			log_errno(token, err, "cannot remove the old POWERDOWNFLAG %s",
				  conf->powerdown_flag);
		break;
	case POWERFLAG_FOREIGN:
		log_error(
			token,
			"POWERDOWNFLAG (%s) does not contain the upsmon magic string - disabling!",
			conf->powerdown_flag);
		free(conf->powerdown_flag);
		conf->powerdown_flag = NULL;
		break;
	case POWERFLAG_ABSENT:
		break;
	}
}

/* -------------------------------------------------------------------- start */

/* What the processes are made of; the parent keeps it for as long as it lives. */
struct suite {
	const struct arguments *args;
	struct upsmon_conf conf; /* for the first child; later ones read the file themselves */
	struct parent_plan plan;
	char **commands; /* owned, as all that the plan points to */
	char *owned[4 + OPENER_PATHS_MAX];
	size_t owned_count;
	int handle;    /* of daemon_fork(), -1 in the foreground */
	char user[64]; /* to become; "" = we stay who we are */
	char control[PATH_MAX];
};

/* A copy that lives as long as the suite; NULL of NULL. */
static const char *keep_text(struct suite *s, const char *text)
{
	char *copy = str_dup(text);

	if (copy && s->owned_count < sizeof(s->owned) / sizeof(s->owned[0]))
		s->owned[s->owned_count++] = copy;
	return copy;
}

static bool keep_orders(struct suite *s)
{
	const struct upsmon_conf *conf = &s->conf;
	struct priv_orders *o = &s->plan.orders;
	struct opener_list files = {0};

	s->commands = calloc(conf->command_count + 1, sizeof(*s->commands));
	if (!s->commands)
		return false;
	for (; o->command_count < conf->command_count; o->command_count++) {
		s->commands[o->command_count] = str_dup(conf->commands[o->command_count]);
		if (!s->commands[o->command_count])
			return false;
	}
	o->commands = s->commands;
	o->powerdown_flag = keep_text(s, conf->powerdown_flag);
	o->hook_dir = keep_text(s, conf->hook_dir);
	o->hook_each = conf->policy.hook_each;
	confine_list_files(conf, s->args->conf_path, &files);
	for (size_t i = 0; i < files.path_count; i++)
		opener_list_path(&s->plan.files, keep_text(s, files.paths[i]));
	return !conf->powerdown_flag == !o->powerdown_flag && !conf->hook_dir == !o->hook_dir;
}

static void free_suite(struct suite *s)
{
	upsmon_conf_free(&s->conf);
	for (size_t i = 0; s->commands && s->commands[i]; i++)
		free(s->commands[i]);
	free(s->commands);
	for (size_t i = 0; i < s->owned_count; i++)
		free(s->owned[i]);
}

static void forget_conf(void *arg)
{
	struct suite *s = arg;

	/* Those that are forked from now on have no starter. */
	s->handle = -1;
	upsmon_conf_free(&s->conf);
}

static const char *user_of(const struct suite *s)
{
	return *s->user ? s->user : NULL;
}

/* Takes what is in *conf over. */
static int run_engine(struct suite *s, const struct parent_ends *ends, struct upsmon_conf *conf)
{
	const struct arguments *a = s->args;
	struct engine_options o = {
		.conf_path = a->conf_path,
		.family = a->family,
		.connect_ms = connect_limit_ms(a),
		.debug = log_debug_level(),
		/* It is this process that is watched; in its name the child speaks. */
		.watchdog_ms = daemon_watchdog_ms(),
		.parent_fd = ends ? ends->parent : -1,
		.orders = s->plan.orders,
		.ends = ends,
		.files = &s->plan.files,
		.control_path = s->control,
		.control_group = (gid_t)-1,
	};
	struct confine c;
	struct engine *e;
	int result;

	if (!confine_prepare(&c, conf, a->conf_path, user_of(s), ends && ends->notifier))
		return EXIT_FAILURE;
	if (c.drop)
		o.control_group = c.user.gid;
	o.no_store = !c.no_chroot;
	write_pid_file();
	e = engine_new(&o, conf);
	/* With a parent it is that which tells the starter, when it hears us. */
	if (e && s->handle >= 0 && ends)
		daemon_detach(s->handle);
	if (!e || !confine_enter(&c)) {
		engine_free(e);
		return EXIT_FAILURE;
	}
	if (s->handle >= 0 && !ends)
		daemon_ready(s->handle);
	result = engine_run(e);
	engine_free(e);
	return result;
}

static int child_life(void *arg, const struct parent_ends *ends)
{
	struct suite *s = arg;
	int result = EXIT_FAILURE;

	if (!ends->again || read_conf(s->args, &s->conf))
		result = run_engine(s, ends, &s->conf);
	free_suite(s);
	return result;
}

static int notifier_life(void *arg, int link, int names)
{
	struct suite *s = arg;
	struct privilege p;
	int result = EXIT_FAILURE;

	upsmon_conf_free(&s->conf);
	if (s->handle >= 0)
		daemon_detach(s->handle);
	if (!user_of(s) || (privilege_lookup(s->user, NULL, &p) && privilege_drop(&p)))
		result = notifier_run(link, names);
	free_suite(s);
	return result;
}

static int run_family(struct suite *s)
{
	s->plan.child = child_life;
	s->plan.notifier = s->conf.sandbox ? notifier_life : NULL;
	s->plan.forked = forget_conf;
	s->plan.arg = s;
	s->plan.socket_path = s->control;
	return parent_run(&s->plan, s->handle);
}

static int start(struct suite *s)
{
	const struct arguments *a = s->args;

	if (a->background || (!a->foreground && !a->debug)) {
		if (daemon_fork(&s->handle, 0) != 0) {
			log_errno(token, errno, "cannot go to the background");
			return EXIT_FAILURE;
		}
	}
	log_to_syslog(true);
	umask(022);
	if (!a->privileged)
		return run_family(s);
	log_info(token, "Warning: running as one big root process by request (upsmon -p)");
	return run_engine(s, NULL, &s->conf);
}

static void choose_user(struct suite *s)
{
	const struct arguments *a = s->args;
	const char *user = s->conf.run_as_user ? s->conf.run_as_user
			   : a->user           ? a->user
					       : RUN_AS_USER;

	if (geteuid() == 0 && !a->privileged)
		str_copy(s->user, sizeof(s->user), user);
}

/* What is done with a configuration other than watching by it. */
static int use_conf(const struct arguments *a, struct upsmon_conf *conf)
{
	if (a->check_flag)
		return check_flag(conf);
	if (a->rehearse)
		return rehearse(a, conf);
	if (a->hold)
		return hold_run(conf, a->family, connect_limit_ms(a));
	return check_whole_conf(a, conf);
}

static int watch_over(const struct arguments *a)
{
	struct suite s = {.args = a, .handle = -1};
	int result = EXIT_FAILURE;

	if (!read_conf(a, &s.conf))
		goto out;
	if (a->check_flag || a->check_conf || a->rehearse || a->hold) {
		result = use_conf(a, &s.conf);
		goto out;
	}
	print_conf(&s.conf);
	if (geteuid() != 0)
		log_warn(token, "Not root, shutdown may fail");
	clear_old_flag(&s.conf);
	choose_user(&s);
	control_path(s.control, sizeof(s.control));
	if (keep_orders(&s))
		result = start(&s);
out:
	free_suite(&s);
	return result;
}

/* A site that came from UPSmon.py has its file under that name, and no upsmon.conf. */
static void prefer_existing(char *path, size_t size)
{
	char other[PATH_MAX];

	if (access(path, F_OK) != 0 && errno == ENOENT &&
	    paths_conf_file(other, sizeof(other), "UPSmon.conf") && access(other, F_OK) == 0)
		str_copy(path, size, other);
}

int main(int argc, char **argv)
{
	struct arguments a = {.family = AF_UNSPEC,
			      .play = {.outage_s = 3600, .battery_s = 1200, .low = 20}};
	int status;

	log_init(program);
	paths_conf_file(a.conf_path, sizeof(a.conf_path), "upsmon.conf");
	prefer_existing(a.conf_path, sizeof(a.conf_path));
	status = parse_arguments(&a, argc, argv);
	if (status >= 0)
		return status;
	if (a.debug)
		log_set_debug(a.debug);
	if (a.command)
		return remote_command(&(struct remote_options){a.command, a.pid, a.json,
							       a.operand_count, a.operands});
	if (!a.rehearse)
		log_banner(program, false);
	if (!connect_limit_ms(&a)) {
		log_error(token, "-W wants seconds from 1 to %d, not \"%s\"", CONNECT_MAX_S,
			  a.timeout);
		return EXIT_FAILURE;
	}
	if (!a.check_conf && !a.rehearse && !a.hold && is_running(&a))
		return EXIT_FAILURE;
	return watch_over(&a);
}
