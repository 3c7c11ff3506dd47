#include "config.h"

#include "clients/upsmon/notify/desktop.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-login.h>
#endif

#include "common/base/str.h"

static const char *only_utmp; /* of the tests */

void desktop_look_in(const char *utmp)
{
	only_utmp = utmp;
}

/* ----------------------------------------------------------------- sessions */

/* ":0", ":1.0" */
static bool is_display(const char *s)
{
	size_t digits = *s == ':' ? strspn(s + 1, "0123456789") : 0;

	s += 1 + digits;
	if (digits > 0 && *s == '.' && s[1])
		s += 1 + strspn(s + 1, "0123456789");
	return digits > 0 && !*s;
}

static bool is_listed(const struct desktop *list, size_t count, uid_t uid)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].uid == uid)
			return true;
	return false;
}

static size_t add(struct desktop *list, size_t count, const struct passwd *pw, const char *display)
{
	struct desktop *d = &list[count];

	if (!pw || is_listed(list, count, pw->pw_uid) ||
	    !str_copy(d->user, sizeof(d->user), pw->pw_name))
		return count;
	d->uid = pw->pw_uid;
	d->display[0] = '\0';
	if (is_display(display))
		(void)str_copy(d->display, sizeof(d->display), display);
	return count + 1;
}

#ifdef HAVE_LIBSYSTEMD
/* A text of a session's, one of `wanted`. */
static bool session_is(int (*get)(const char *session, char **text), const char *session,
		       const char *const *wanted)
{
	char *text = NULL;
	bool found = false;

	if (get(session, &text) >= 0)
		for (; *wanted && !found; wanted++)
			found = str_equal(text, *wanted);
	free(text);
	return found;
}

static size_t list_logind(struct desktop *out, size_t max)
{
	static const char *const graphical[] = {"x11", "wayland", "mir", NULL};
	static const char *const of_people[] = {"user", NULL};
	static const char *const ending[] = {"closing", NULL};
	char **sessions = NULL;
	size_t count = 0;

	if (sd_get_sessions(&sessions) < 0)
		return 0;
	for (char **s = sessions; s && *s; s++) {
		char *display = NULL;
		uid_t uid;

		if (count < max && session_is(sd_session_get_type, *s, graphical) &&
		    session_is(sd_session_get_class, *s, of_people) &&
		    !session_is(sd_session_get_state, *s, ending) &&
		    sd_session_get_uid(*s, &uid) >= 0) {
			if (sd_session_get_display(*s, &display) < 0)
				display = NULL;
			count = add(out, count, getpwuid(uid), display ? display : "");
		}
		free(display);
		free(*s);
	}
	free(sessions);
	return count;
}
#else
static size_t list_logind(struct desktop *out, size_t max)
{
	(void)out, (void)max;
	return 0;
}
#endif

static size_t list_utmp(struct desktop *out, size_t max)
{
	struct utmpx *entry;
	size_t count = 0;

#ifdef HAVE_UTMPXNAME
	if (only_utmp)
		utmpxname(only_utmp);
#endif
	setutxent();
	while (count < max && (entry = getutxent())) {
		char user[sizeof(entry->ut_user) + 1], host[sizeof(entry->ut_host) + 1],
			where[sizeof(entry->ut_line) + 1];

		if (entry->ut_type != USER_PROCESS)
			continue;
		/* Full fields have no NUL. */
		str_format(user, sizeof(user), "%.*s", (int)sizeof(entry->ut_user), entry->ut_user);
		str_format(host, sizeof(host), "%.*s", (int)sizeof(entry->ut_host), entry->ut_host);
		str_format(where, sizeof(where), "%.*s", (int)sizeof(entry->ut_line),
			   entry->ut_line);
		if (is_display(host) || is_display(where))
			count = add(out, count, getpwnam(user), is_display(host) ? host : where);
	}
	endutxent();
	return count;
}

size_t desktop_list(struct desktop *out, size_t max)
{
	size_t count = only_utmp ? 0 : list_logind(out, max);

	return count ? count : list_utmp(out, max);
}

/* ------------------------------------------------------------------ command */

static void add_word(struct desktop_command *cmd, const char *word)
{
	cmd->argv[cmd->count++] = (char *)word;
	cmd->argv[cmd->count] = NULL;
}

static void add_words(struct desktop_command *cmd, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_word(cmd, words[i]);
}

/* Becomes the user, with the two variables set. */
static void add_envoy(struct desktop_command *cmd, const struct desktop *to)
{
	if (to->uid == geteuid()) {
		add_word(cmd, "env");
	} else if (geteuid() == 0) {
		add_words(cmd, (const char *const[]){"runuser", "-u", to->user, "--", "env"}, 5);
	} else {
		add_words(cmd, (const char *const[]){"sudo", "-n", "-u", to->user}, 4);
	}
	if (cmd->display[0])
		add_word(cmd, cmd->display);
	add_word(cmd, cmd->bus);
}

void desktop_command(struct desktop_command *cmd, const struct desktop *to,
		     const struct delivery *d)
{
	static const char *const usual[] = {"notify-send", "-t", "0", "-u", "critical"};

	cmd->count = 0;
	cmd->display[0] = '\0';
	if (to->display[0])
		str_format(cmd->display, sizeof(cmd->display), "DISPLAY=%s", to->display);
	str_format(cmd->bus, sizeof(cmd->bus),
		   "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/%lu/bus", (unsigned long)to->uid);
	add_envoy(cmd, to);
	if (d->argc)
		add_words(cmd, d->argv, d->argc < DELIVERY_ARGS_MAX ? d->argc : DELIVERY_ARGS_MAX);
	else
		add_words(cmd, usual, sizeof(usual) / sizeof(usual[0]));
	if (d->text[0] == '-')
		add_word(cmd, "--");
	add_word(cmd, d->text);
}
