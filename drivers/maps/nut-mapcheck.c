/*
 * nut-mapcheck: looks for mistakes in map files; prints what of them udev and devd have to know.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/maps/mapcheck.h"
#include "drivers/maps/mapdevices.h"
#include "drivers/maps/mapfun.h"
#include "drivers/maps/mapprint.h"
#include "drivers/maps/mapquirk.h"
#include "drivers/maps/mapset.h"
#include "drivers/serial/cables.h"

static const char usage[] = "usage: nut-mapcheck [options] FILE...      these files\n"
			    "       nut-mapcheck [options] DRIVER...    all maps of these drivers\n"
			    "       nut-mapcheck [options]              all maps\n";

/* 1 is mistakes. */
enum { EXIT_USAGE = 64 };
enum { OPT_PRINT = 256, OPT_FUNCTIONS, OPT_UDEV, OPT_HWDB, OPT_DEVD, OPT_GROUP };
enum { PATH_SIZE = 4096 };

static const struct option_row rows[] = {
	{OPT_PRINT, "print", NULL, "print the maps in one order, with what they include"},
	{OPT_FUNCTIONS, "functions", NULL, "list conversions, functions, quirks and status words"},
	{OPT_UDEV, "udev", NULL, "print udev's rules for the USB devices of the maps"},
	{OPT_HWDB, "hwdb", NULL, "print udev's hardware database for them"},
	{OPT_DEVD, "devd", NULL, "print devd's rules for them (FreeBSD)"},
	{OPT_GROUP, "group", "name", "the group that these rules give them to; " RUN_AS_GROUP},
	{'q', "quiet", NULL, "say nothing of what is right"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct run {
	struct conf_report report;
	struct names *names;
	bool print, quiet;
	struct mapdevices *devices; /* to be printed in `format`, for `group` */
	enum mapdevices_format format;
	const char *group;
	size_t files;
};

static void emit(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s%s\n", severity == CONF_WARNING ? "warning: " : "", text);
}

static void look_at(struct run *run, const struct map *m)
{
	run->files++;
	mapcheck_map(m, run->names, &run->report);
	if (run->devices && !mapdevices_add(run->devices, m))
		conf_error(&run->report, NULL, NULL, "out of memory");
	if (run->print)
		mapprint(m, stdout);
}

static bool is_file(const char *operand)
{
	return strchr(operand, '/') || str_ends(operand, mapset_suffix) ||
	       str_ends(operand, cables_suffix);
}

/* Of a file, or of all that there are. */
static void check_cables(struct run *run, const char *path)
{
	struct cables cables;
	char **files = path ? NULL : mapset_files(cables_driver, cables_suffix);

	if (!(path ? cables_load_path(&cables, path, &run->report)
		   : cables_load(&cables, &run->report)))
		conf_error(&run->report, NULL, NULL, "out of memory");
	cables_free(&cables);
	for (size_t i = 0; files && files[i]; i++)
		run->files++;
	run->files += path ? 1 : 0;
	mapset_files_free(files);
}

static void check_file(struct run *run, const char *path)
{
	struct map *m;

	if (str_ends(path, cables_suffix)) {
		check_cables(run, path);
		return;
	}
	m = map_load_path(path, &run->report);
	if (m) {
		look_at(run, m);
		mapcheck_set(&m, 1, &run->report);
	}
	map_free(m);
}

/* A folder without maps is a mistake of him who named it; others hold what is no map. */
static void check_driver(struct run *run, const char *driver, bool named)
{
	char **files = mapset_files(driver, mapset_suffix);
	bool has_cables = str_equal(driver, cables_driver);
	struct map **maps = calloc(MAPSET_MAX, sizeof(*maps));
	size_t count = 0;

	if (has_cables)
		check_cables(run, NULL);
	else if (named && files && !files[0])
		conf_error(&run->report, NULL, NULL,
			   "there are no maps of %s in %s/maps and %s/maps", driver, paths_conf(),
			   paths_data());
	for (size_t i = 0; files && maps && files[i]; i++) {
		struct map *m = map_load(driver, files[i], &run->report);

		if (m) {
			look_at(run, m);
			maps[count++] = m;
		}
	}
	if (maps)
		mapcheck_set(maps, count, &run->report);
	while (count > 0)
		map_free(maps[--count]);
	free(maps);
	mapset_files_free(files);
}

/* Each folder that has maps is a driver's. */
static void check_folder(struct run *run, const char *base, const char *skip_in)
{
	char path[PATH_SIZE], other[PATH_SIZE];
	DIR *dir, *twin;

	if (!str_format(path, sizeof(path), "%s/maps", base) || !(dir = opendir(path)))
		return;
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		twin = skip_in && str_format(other, sizeof(other), "%s/maps/%s", skip_in, e->d_name)
			       ? opendir(other)
			       : NULL;
		if (twin)
			closedir(twin);
		else
			check_driver(run, e->d_name, false);
	}
	closedir(dir);
}

static int list_functions(void)
{
	puts("Conversions:");
	for (const struct mapconv *c = mapconv_table; c->name; c++)
		printf("  %s%s\n", c->name, c->write ? "" : "  (no way back)");
	puts("Functions:");
	for (const struct mapfun *f = mapfun_table; f->name; f++)
		printf("  %s%s%s: %s\n", f->name, f->takes_number ? ",number" : "",
		       f->write ? "" : "  (no way back)", f->what);
	puts("Codecs:");
	for (const struct mapcodec *c = mapcodec_table; c->name; c++)
		printf("  %s: %s\n", c->name, c->what);
	puts("Quirks and numbers:");
	for (const struct mapquirk *q = mapquirk_table; q->name; q++)
		printf("  %s %s(%s%s): %s\n", q->driver, q->is_number ? "set" : "quirk", q->name,
		       q->is_number ? ",number" : "", q->what);
	puts("Status words:");
	for (size_t i = 0; mapword_names[i]; i++)
		printf("  %s\n", mapword_names[i]);
	return EXIT_SUCCESS;
}

static int check_all(struct run *run, int count, char **operands)
{
	char path[PATH_SIZE];

	/* Without the list, names are not checked. */
	if (str_format(path, sizeof(path), "%s/cmdvartab", paths_data()) && access(path, R_OK) == 0)
		run->names = names_load(path, &run->report);
	else
		conf_warning(&run->report, &(struct conf_where){.file = path}, NULL,
			     "cannot be read, names are not checked");
	for (int i = 0; i < count; i++) {
		if (is_file(operands[i]))
			check_file(run, operands[i]);
		else
			check_driver(run, operands[i], true);
	}
	if (count == 0) {
		check_folder(run, paths_conf(), NULL);
		check_folder(run, paths_data(), paths_conf());
	}
	names_free(run->names);
	/* All of it or nothing: half a list takes devices away from their drivers. */
	if (run->devices && !run->report.errors)
		mapdevices_print(run->devices, run->format, run->group, stdout);
	if (!run->quiet)
		fprintf(run->print || run->devices ? stderr : stdout,
			"%zu files, %u errors, %u warnings\n", run->files, run->report.errors,
			run->report.warnings);
	return run->report.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct run run = {.report = {.emit = emit}, .group = RUN_AS_GROUP};
	struct option_parser p;
	const char *value;
	int letter, status;

	log_init("nut-mapcheck");
	options_begin(&p, rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		switch (letter) {
		case OPT_PRINT:
			run.print = true;
			break;
		case OPT_FUNCTIONS:
			return list_functions();
		case OPT_UDEV:
		case OPT_HWDB:
		case OPT_DEVD:
			mapdevices_free(run.devices);
			run.devices = mapdevices_new();
			run.format = letter == OPT_UDEV   ? MAPDEVICES_UDEV
				     : letter == OPT_HWDB ? MAPDEVICES_HWDB
							  : MAPDEVICES_DEVD;
			if (!run.devices)
				return EXIT_FAILURE;
			break;
		case OPT_GROUP:
			if (!mapdevices_group_valid(value)) {
				fprintf(stderr, "nut-mapcheck: \"%s\" is no name of a group\n",
					value);
				mapdevices_free(run.devices);
				return EXIT_USAGE;
			}
			run.group = value;
			break;
		case 'q':
			run.quiet = true;
			break;
		case 'V':
			puts("nut-mapcheck " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			options_print(rows, stdout);
			return EXIT_SUCCESS;
		default:
			mapdevices_free(run.devices);
			return EXIT_USAGE;
		}
	}
	status = check_all(&run, options_operand_count(&p), options_operands(&p));
	mapdevices_free(run.devices);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("nut-mapcheck: the output cannot be written\n", stderr);
		return EXIT_FAILURE;
	}
	return status;
}
