/*
 * probe-scan: looks for SNMP agents, for the tests of the scan.
 *
 *   probe-scan PORT PARALLEL PER_SECOND OPTION=VALUE... -- RANGE...
 *
 * Options are those of ups.conf.  Prints "found HOST OBJECTID NAME" for each, and at the end
 * "end ASKED ANSWERED".
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/scan/snmpscan.h"

enum { RANGES_MAX = 16 };

static char **options;
static int option_count;

static const char *option(void *arg, const char *name)
{
	size_t len = strlen(name);

	(void)arg;
	for (int i = 0; i < option_count; i++)
		if (str_starts(options[i], name) && options[i][len] == '=')
			return options[i] + len + 1;
	return NULL;
}

static void on_found(void *arg, const struct snmpscan_device *d)
{
	char object_id[1024], name[1024];

	(void)arg;
	agent_value_show(&d->object_id, object_id, sizeof(object_id));
	agent_value_show(&d->name, name, sizeof(name));
	printf("found %s %s %s\n", d->host, object_id, name);
	fflush(stdout);
}

static void on_end(void *arg, uint64_t asked, uint64_t answered)
{
	printf("end %llu %llu\n", (unsigned long long)asked, (unsigned long long)answered);
	loop_stop(arg);
}

static bool scan(struct loop *l, const struct snmpscan_options *o, char **words, int count)
{
	struct addrrange ranges[RANGES_MAX];
	char why[256];

	for (int i = 0; i < count && i < RANGES_MAX; i++) {
		if (addrrange_read(words[i], &ranges[i], why, sizeof(why)))
			continue;
		fprintf(stderr, "%s\n", why);
		return false;
	}
	if (!snmpscan_start(l, o, ranges, (size_t)count, on_found, on_end, l, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	return loop_run(l) == 0;
}

int main(int argc, char **argv)
{
	struct snmpscan_options o;
	struct agent_config cfg;
	struct loop *l = loop_new();
	char why[256], port[64];
	bool good;

	log_init("probe-scan");
	if (argc < 6 || !l)
		return 2;
	options = argv + 4;
	while (4 + option_count < argc && !str_equal(options[option_count], "--"))
		option_count++;
	str_format(port, sizeof(port), "anybody:%s", argv[1]);
	if (!agent_config_read(&cfg, option, NULL, port, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return 2;
	}
	o = (struct snmpscan_options){
		.cfg = &cfg,
		.parallel = (unsigned)strtoul(argv[2], NULL, 10),
		.per_second = (unsigned)strtoul(argv[3], NULL, 10),
	};
	good = scan(l, &o, options + option_count + 1, argc - 5 - option_count);
	agent_config_free(&cfg);
	loop_free(l);
	return good ? 0 : 1;
}
