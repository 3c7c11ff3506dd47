/*
 * nut-scanner with a hostile server of NUT: what it says becomes sections of ups.conf, which are
 * read again.  There are no more of them than UPSes, and their values are what was said.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/str.h"
#include "drivers/scan/nutscan.h"
#include "drivers/scan/scanprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	const struct finding *next; /* whose section has not come yet */
	const struct finding *here;
};

static void on_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
		       struct conf_report *r)
{
	struct reading *rd = arg;

	(void)at, (void)r;
	if (!s->key) {
		rd->here = rd->next;
		if (!rd->here)
			abort();
		rd->next = rd->here->next;
		return;
	}
	if (!rd->here || s->count != 1)
		abort();
	if (str_equal(s->key, "port") && !str_equal(s->values[0], rd->here->port))
		abort();
	for (size_t i = 0; i < rd->here->option_count; i++) {
		const struct finding_option *o = &rd->here->options[i];

		if (str_equal(s->key, o->name) && !str_equal(s->values[0], o->value))
			abort();
	}
}

static void read_again(const struct findings *all, struct buffer *out)
{
	struct conf_report report = {NULL, NULL, 0, 0};
	struct reading rd = {all->first, NULL};
	int fd = memfd_create("ups.conf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, out->data, out->len) != (ssize_t)out->len ||
	    lseek(fd, 0, SEEK_SET) != 0 ||
	    conffile_read_settings_fd(fd, "ups.conf", on_setting, &rd, &report) != 0 ||
	    report.errors || rd.next)
		abort();
	close(fd);
}

static void print(const struct nutscan_reply *reply)
{
	struct findings all = {NULL, false};
	struct buffer out = {0};

	for (size_t i = 0; i < reply->count; i++) {
		struct finding *f =
			findings_add(&all, FINDING_NUT, "dummy-ups", reply->upses[i].name);

		finding_set(&all, f, "desc", reply->upses[i].description);
		finding_set_pattern(&all, f, "product", reply->upses[i].description);
		finding_comment(&all, f, "", "vendor", reply->upses[i].description);
		finding_remark(&all, f, "%s", reply->upses[i].description);
	}
	scanprint_conf(&all, NULL, NULL, &out);
	read_again(&all, &out);
	buffer_free(&out);
	findings_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct words *w = words_new(WORDS_WIRE, &netwire_reply_limits);
	struct nutscan_reply reply = {0};
	const char *at = (const char *)data;
	enum nutscan_progress progress = NUTSCAN_MORE;

	while (w && progress == NUTSCAN_MORE && words_feed(w, &at, &size) == WORDS_LINE)
		if (words_count(w) > 0)
			progress = nutscan_reply_line(&reply, w);
	if (progress != NUTSCAN_NO_SERVER && reply.count > 0)
		print(&reply);
	nutscan_reply_free(&reply);
	words_free(w);
	return 0;
}
