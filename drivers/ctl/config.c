#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/ctl/ctl.h"

enum { START_DELAY_S = 75, RETRY_DELAY_S = 5 };

/* The numbers that stand in a section or, for all, above the first one. */
struct numbers {
	long maxstartdelay, maxretry, retrydelay;
	bool nowait;
};

struct reading {
	struct ctl_config *cfg;
	struct numbers global;
};

/* True when the key was one of these; a value which makes no sense was reported. */
static bool take_number(struct numbers *n, const struct conf_setting *s,
			const struct conf_where *at, struct conf_report *r)
{
	const struct {
		const char *key;
		long *to;
	} rows[] = {
		{"maxstartdelay", &n->maxstartdelay},
		{"maxretry", &n->maxretry},
		{"retrydelay", &n->retrydelay},
	};

	if (str_equal(s->key, "nowait")) {
		bool yes = true;

		n->nowait = s->count == 0 || !str_to_bool(s->values[0], &yes) || yes;
		return true;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_equal(s->key, rows[i].key))
			continue;
		conf_parse_number(r, at, s->key, s->count > 0 ? s->values[0] : "", -1,
				  INT_MAX / 1000, rows[i].to);
		return true;
	}
	return false;
}

static void take_global(struct reading *rd, const struct conf_where *at,
			const struct conf_setting *s, struct conf_report *r)
{
	if (take_number(&rd->global, s, at, r) || s->count == 0)
		return;
	if (str_equal(s->key, "driverpath") && !str_replace(&rd->cfg->driverpath, s->values[0]))
		conf_error(r, at, NULL, "out of memory");
	else if (str_caseequal(s->key, "statepath"))
		paths_set_state(s->values[0]);
}

static struct ctl_ups *find(const struct ctl_config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->count; i++) {
		if (str_equal(cfg->upses[i].name, name))
			return &cfg->upses[i];
	}
	return NULL;
}

static struct ctl_ups *find_or_add(struct reading *rd, const char *name, unsigned line)
{
	struct ctl_config *cfg = rd->cfg;
	struct ctl_ups *ups, *grown;

	/* Nearly always it is the last one. */
	if (cfg->count > 0 && str_equal(cfg->upses[cfg->count - 1].name, name))
		return &cfg->upses[cfg->count - 1];
	if ((ups = find(cfg, name)))
		return ups;
	grown = realloc(cfg->upses, (cfg->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	cfg->upses = grown;
	ups = &grown[cfg->count];
	/* -1 and INT_MIN stand for "not said here" until the end of the file. */
	*ups = (struct ctl_ups){.name = str_dup(name),
				.line = line,
				.maxstartdelay = -1,
				.maxretry = -1,
				.retrydelay = -1};
	if (!ups->name)
		return NULL;
	cfg->count++;
	return ups;
}

static void take_own(struct ctl_ups *ups, const struct conf_where *at, const struct conf_setting *s,
		     struct conf_report *r)
{
	struct numbers n = {ups->maxstartdelay, ups->maxretry, ups->retrydelay, ups->nowait};
	const char *value = s->count > 0 ? s->values[0] : "";

	if (take_number(&n, s, at, r)) {
		ups->maxstartdelay = n.maxstartdelay;
		ups->maxretry = n.maxretry;
		ups->retrydelay = n.retrydelay;
		ups->nowait = n.nowait;
	} else if (str_equal(s->key, "driver") && !str_replace(&ups->driver, value)) {
		conf_error(r, at, NULL, "out of memory");
	} else if (str_equal(s->key, "port")) {
		ups->has_port = true;
	} else if (str_equal(s->key, "sdorder")) {
		conf_parse_number(r, at, "sdorder", value, INT_MIN, INT_MAX, &ups->sdorder);
	}
}

static void on_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
		       struct conf_report *r)
{
	struct reading *rd = arg;
	struct ctl_ups *ups;

	/* `maxretry =`, `maxretry 3`: nothing, of which the driver warns. */
	if (s->key && s->has_equals != (s->count > 0))
		return;
	if (!s->section) {
		take_global(rd, at, s, r);
		return;
	}
	ups = find_or_add(rd, s->section, at->line);
	if (!ups)
		conf_error(r, at, NULL, "out of memory");
	else if (s->key)
		take_own(ups, at, s, r);
}

/* For units that have to know when a driver is up, whatever the file says. */
static bool ignore_nowait(void)
{
	const char *said = getenv("NUT_IGNORE_NOWAIT");
	bool yes;

	return said && str_to_bool(said, &yes) && yes;
}

static void fill_in(struct ctl_ups *ups, const struct numbers *global)
{
	if (ups->maxstartdelay < 0)
		ups->maxstartdelay = global->maxstartdelay;
	if (ups->maxretry < 0)
		ups->maxretry = global->maxretry < 0 ? 1 : global->maxretry;
	if (ups->retrydelay < 0)
		ups->retrydelay = global->retrydelay < 0 ? RETRY_DELAY_S : global->retrydelay;
	ups->nowait = (ups->nowait || global->nowait) && !ignore_nowait();
}

bool ctl_config_read(struct ctl_config *cfg, struct conf_report *r)
{
	struct reading rd = {
		.cfg = cfg,
		.global = {.maxstartdelay = START_DELAY_S,
			   .maxretry = 1,
			   .retrydelay = RETRY_DELAY_S},
	};
	char path[CTL_PATH_MAX];
	struct conf_where at = {path, 0};
	int err;

	*cfg = (struct ctl_config){0};
	if (!paths_conf_file(path, sizeof(path), "ups.conf"))
		return false;
	err = conffile_read_settings(path, on_setting, &rd, r);
	if (err) {
		conf_error(r, &at, NULL, "cannot be read: %s", conffile_why(err));
		ctl_config_free(cfg);
		return false;
	}
	for (size_t i = 0; i < cfg->count; i++)
		fill_in(&cfg->upses[i], &rd.global);
	return true;
}

void ctl_config_free(struct ctl_config *cfg)
{
	for (size_t i = 0; i < cfg->count; i++) {
		free(cfg->upses[i].name);
		free(cfg->upses[i].driver);
	}
	free(cfg->upses);
	free(cfg->driverpath);
	*cfg = (struct ctl_config){0};
}

const struct ctl_ups *ctl_config_find(const struct ctl_config *cfg, const char *name)
{
	return find(cfg, name);
}
