/*
 * nut-scanner: looks for UPSes and prints what ups.conf has to say of them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "drivers/scan/scanner.h"
#include "drivers/scan/scanprint.h"

static const char token[] = "nut-scanner";

enum { PATH_SIZE = 4096, EXIT_BAD_OPTION = 255 };

static bool is_taken(void *arg, const char *name)
{
	return scancheck_has_section(arg, name);
}

static bool print(const struct scan_options *o, struct scancheck *conf, struct findings *all)
{
	struct buffer out = {0};
	bool ok;

	if (o->format == SCAN_CHECKED_CONF)
		scancheck_run(conf, all);
	if (o->format == SCAN_PARSABLE)
		scanprint_parsable(all, &out);
	else
		scanprint_conf(all, is_taken, conf, &out);
	ok = !out.failed && !all->failed;
	if (!ok)
		log_error(token, "out of memory: something is missing from the output");
	if (out.len > 0) {
		fwrite(out.data, 1, out.len, stdout);
		/* Communities and passwords of SNMP are among it. */
		secret_wipe(out.data, out.len);
	}
	ok = fflush(stdout) == 0 && ok;
	buffer_free(&out);
	return ok;
}

static int scan(const struct scan_options *o)
{
	struct findings all = {NULL, false};
	struct scancheck *conf;
	char path[PATH_SIZE];
	bool ok;

	paths_conf_file(path, sizeof(path), "ups.conf");
	conf = scancheck_new(path);
	if (!conf) {
		log_error(token, "out of memory");
		return EXIT_FAILURE;
	}
	ok = scanner_run(o, conf, &all);
	ok = print(o, conf, &all) && ok;
	findings_free(&all);
	scancheck_free(conf);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct scan_options o;
	int status = EXIT_SUCCESS;

	log_init("nut-scanner");
	privilege_hide_memory();
	switch (scanopts_read(&o, argc, argv)) {
	case SCANOPTS_GO:
		status = scan(&o);
		break;
	case SCANOPTS_AVAILABLE:
		scanner_available();
		break;
	case SCANOPTS_DONE:
		break;
	case SCANOPTS_BAD:
		status = EXIT_BAD_OPTION;
		break;
	}
	scanopts_free(&o);
	return status;
}
