/* nut.conf, and whether the files fit what it asks for. */
#include "config.h"

#include <string.h>

#include "clients/nutconf/check.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static bool is_mode(const struct check *c, const char *mode)
{
	return str_equal(c->said.mode, mode);
}

static bool has_section(const struct sayings_file *f)
{
	size_t at = 0;

	return sayings_next_section(f, &at);
}

/* Nobody has begun yet: the samples of a package, or nothing at all. */
static bool is_bare(const struct check *c)
{
	const struct sayings *f = &c->said;

	return (!*f->mode || is_mode(c, "none")) && !has_section(&f->ups) &&
	       !has_section(&f->users) && !c->upsmon.ups_count;
}

static bool look_at_word(struct check *c)
{
	static const char *const modes[] = {"none",       "standalone", "netserver", "netclient",
					    "controlled", "manual",     NULL};
	const struct sayings *f = &c->said;
	const char *guess = str_closest(f->mode, modes);
	char mend[128];

	for (size_t i = 0; modes[i]; i++)
		if (is_mode(c, modes[i]))
			return true;
	str_format(mend, sizeof(mend),
		   guess ? "did you mean \"%s\"?"
			 : "it is none, standalone, netserver or netclient%s",
		   guess ? guess : "");
	check_add(c, CHECK_ERROR, "mode-unknown", f->nut_path, f->mode_line, mend,
		  "there is no MODE \"%s\", so nothing is started at boot", f->mode);
	return false;
}

static void look_for_nothing(struct check *c)
{
	const struct sayings *f = &c->said;

	if (!*f->mode)
		check_add(c, CHECK_HINT, "mode-missing", f->nut_path, 0,
			  "write MODE=standalone, netserver or netclient",
			  f->has_nut_conf ? "no MODE is said, which start scripts take as none"
					  : "there is no nut.conf, which start scripts take as "
					    "MODE=none");
	else if (is_mode(c, "none"))
		check_add(c, CHECK_WARNING, "mode-none", f->nut_path, f->mode_line,
			  "write MODE=standalone, netserver or netclient",
			  "MODE=none: nothing of what is configured is started at boot");
}

static bool listens_to_others(const struct check *c)
{
	const struct sayings_file *upsd = &c->said.upsd;
	const struct saying *l;
	size_t at = 0;

	while ((l = sayings_next(upsd, &at, NULL, "LISTEN")))
		if (l->count && !sayings_is_loopback(l->values[0]) &&
		    !str_starts(l->values[0], "unix:"))
			return true;
	return false;
}

static void look_at_server(struct check *c)
{
	const struct sayings *f = &c->said;

	if (!has_section(&f->ups) && !sayings_last(&f->upsd, NULL, "ALLOW_NO_DEVICE"))
		check_add(c, CHECK_ERROR, "mode-without-ups", f->nut_path, f->mode_line,
			  "add one to ups.conf, or write MODE=netclient",
			  "MODE=%s is for a machine with a UPS, and ups.conf has none", f->mode);
	if (is_mode(c, "netserver") && !listens_to_others(c))
		check_add(c, CHECK_WARNING, "mode-server-alone", f->nut_path, f->mode_line,
			  "write LISTEN * into upsd.conf, or MODE=standalone",
			  "MODE=netserver, and upsd listens to this machine only");
	if (is_mode(c, "standalone") && listens_to_others(c))
		check_add(c, CHECK_HINT, "mode-standalone-listens", f->nut_path, f->mode_line,
			  "write MODE=netserver",
			  "MODE=standalone, and upsd listens to other machines");
}

static void look_at_client(struct check *c)
{
	const struct sayings *f = &c->said;

	if (has_section(&f->ups))
		check_add(c, CHECK_WARNING, "mode-client-has-ups", f->nut_path, f->mode_line,
			  "write MODE=standalone or netserver",
			  "MODE=netclient starts no driver and no upsd, and ups.conf has a UPS");
	/* Without a UPS in the files it is somebody else's upsd that runs here. */
	for (size_t i = 0; has_section(&f->ups) && i < c->upsmon.ups_count; i++) {
		const struct conf_ups *u = &c->upsmon.ups[i];

		if (sayings_is_loopback(u->target.host))
			check_add(c, CHECK_ERROR, "mode-client-asks-itself", f->upsmon.path,
				  sayings_line_of(&f->upsmon, "MONITOR", u->system),
				  "name the server, or write MODE=standalone into nut.conf",
				  "UPS %s is this machine's own, and MODE=netclient starts no upsd",
				  u->system);
	}
}

static void look_for_upsmon(struct check *c)
{
	if (!c->said.upsmon.exists)
		check_add(c, CHECK_ERROR, "upsmon-conf-missing", c->said.upsmon.path, 0,
			  "nutconf setup writes it",
			  "it is not there, and nothing will shut this machine down");
}

void check_mode(struct check *c)
{
	if (is_bare(c)) {
		check_add(c, CHECK_HINT, "not-configured", paths_conf(), 0, "nutconf setup does it",
			  "nothing is configured yet");
		return;
	}
	if (!*c->said.mode || is_mode(c, "none")) {
		look_for_nothing(c);
		return;
	}
	if (!look_at_word(c))
		return;
	if (is_mode(c, "standalone") || is_mode(c, "netserver"))
		look_at_server(c);
	if (is_mode(c, "netclient"))
		look_at_client(c);
	look_for_upsmon(c);
}
