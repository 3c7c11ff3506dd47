/* nut-report: a bundle for a bug report, without what is nobody's business (nut-report(8)). */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "clients/report/collect.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

enum { OPT_DIRECTORY = 256, OPT_KEEP_SERIALS, OPT_LOG, OPT_LINES, OPT_SERVER };
enum { LINES_DEFAULT = 300, LINES_MAX = 20000 };

static const struct option_row rows[] = {
	{'o', "output", "FILE", "write it there (nut-report-DATE.tar.gz)"},
	{OPT_DIRECTORY, "directory", "DIR", "write a folder instead, which must not exist"},
	{OPT_SERVER, "server", "HOST[:PORT]", "the upsd to ask (as upsd.conf says)"},
	{OPT_LOG, "log", "FILE", "take lines of that log (the journal, or syslog's)"},
	{OPT_LINES, "lines", "COUNT", "so many lines of the log (300)"},
	{OPT_KEEP_SERIALS, "keep-serials", NULL, "show serial numbers"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct request {
	const char *directory;
	char output[PATH_MAX]; /* "" = a name with the date */
	struct collect collect;
};

static bool take_lines(struct request *r, const char *value)
{
	long lines;

	if (!str_to_long(value, 1, LINES_MAX, &lines)) {
		fprintf(stderr, "nut-report: --lines wants a number from 1 to %d, not \"%s\"\n",
			LINES_MAX, value);
		return false;
	}
	r->collect.lines = (unsigned)lines;
	return true;
}

static bool take_option(struct request *r, int letter, const char *value)
{
	switch (letter) {
	case 'o':
		return str_copy(r->output, sizeof(r->output), value);
	case OPT_DIRECTORY:
		r->directory = value;
		return true;
	case OPT_SERVER:
		r->collect.server = value;
		return true;
	case OPT_LOG:
		r->collect.log = value;
		return true;
	case OPT_LINES:
		return take_lines(r, value);
	case OPT_KEEP_SERIALS:
		r->collect.keep_serials = true;
		return true;
	default:
		return false;
	}
}

static void collect_all(struct collect *c)
{
	collect_conf(c);
	collect_system(c);
	collect_permissions(c);
	collect_programs(c);
	collect_upses(c);
	collect_maps(c);
	collect_usb(c);
	collect_log(c);
}

/* The list, which is shown and goes into the bundle. */
static void write_list(const struct bundle *b, const struct cloak *cloak, struct buffer *out)
{
	buffer_appendf(out, "nut-report of %s\n\n", NUT_VERSION);
	for (size_t i = 0; i < b->count; i++) {
		const struct bundle_part *p = &b->parts[i];

		if (p->left_out)
			buffer_appendf(out, "%-20s LEFT OUT: %.*s\n", p->name, (int)p->text.len,
				       p->text.data ? p->text.data : "");
		else
			buffer_appendf(out, "%-20s %7zu bytes: %s\n", p->name, p->text.len,
				       p->about);
	}
	buffer_append_str(out, "\ntaken out:\n");
	for (int kind = 0; kind < CLOAK_KINDS; kind++)
		buffer_appendf(out, "  %-8s %4u known, %4u times\n",
			       cloak_kind_name((enum cloak_kind)kind),
			       cloak_count(cloak, (enum cloak_kind)kind),
			       cloak_hits(cloak, (enum cloak_kind)kind));
	buffer_append_str(out, "  comments of all configuration files\n");
}

static bool add_list(struct bundle *b, const struct cloak *cloak)
{
	struct buffer list = {0};
	struct bundle_part *p;

	write_list(b, cloak, &list);
	printf("%s\n", buffer_string(&list));
	p = bundle_add(b, "README", "this list");
	if (p)
		p->text = list;
	else
		buffer_free(&list);
	return p && !p->text.failed;
}

static bool publish(struct request *r, const struct bundle *b)
{
	char name[64];
	time_t now = time(NULL);
	struct tm tm;
	bool pack = !*r->output, done;

	gmtime_r(&now, &tm);
	strftime(name, sizeof(name), "nut-report-%Y%m%d-%H%M%S", &tm);
	if (r->directory) {
		str_copy(r->output, sizeof(r->output), r->directory);
		done = bundle_write_folder(b, r->output);
	} else {
		char *end = r->output + strlen(r->output);

		if (!*r->output) {
			str_format(r->output, sizeof(r->output), "%s.tar", name);
		} else if (end - r->output > 3 && str_equal(end - 3, ".gz")) {
			end[-3] = '\0';
			pack = true;
		}
		done = bundle_write_tar(b, r->output, sizeof(r->output), name, pack);
	}
	if (done)
		printf("%s is written. Look through it before you send it.\n", r->output);
	return done;
}

static int run(struct request *r)
{
	struct bundle *b = calloc(1, sizeof(*b));
	struct cloak *cloak = cloak_new();
	int status = EXIT_FAILURE;

	r->collect.bundle = b;
	r->collect.cloak = cloak;
	if (b && cloak) {
		collect_all(&r->collect);
		if (bundle_scrub(b, cloak) && add_list(b, cloak))
			status = publish(r, b) ? EXIT_SUCCESS : EXIT_FAILURE;
		else
			fprintf(stderr, "nut-report: out of memory: nothing is written\n");
	}
	if (b)
		bundle_free(b);
	free(b);
	cloak_free(cloak);
	return status;
}

int main(int argc, char **argv)
{
	struct request request = {.collect = {.lines = LINES_DEFAULT}};
	struct option_parser p;
	const char *value;
	int letter;

	log_init("nut-report");
	privilege_hide_memory();
	umask(077);
	options_begin(&p, rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		if (letter == 'h' || letter == 'V') {
			log_banner("nut-report", true);
			if (letter == 'h')
				options_print(rows, stdout);
			return EXIT_SUCCESS;
		}
		if (!take_option(&request, letter, value))
			return EXIT_FAILURE;
	}
	if (options_operand_count(&p) > 0) {
		fprintf(stderr, "nut-report: \"%s\" is no option; nut-report -h tells them\n",
			options_operands(&p)[0]);
		return EXIT_FAILURE;
	}
	return run(&request);
}
