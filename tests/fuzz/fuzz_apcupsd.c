/*
 * Any bytes may stand in apcupsd.conf: what is made of them is files that our own
 * reader takes without an error of its grammar.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/nutconf/apcupsd.h"
#include "common/base/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_words(const struct buffer *text)
{
	struct words *w = words_new(WORDS_FILE, &(struct words_limits){32, 4096});
	const char *from = text->data;
	size_t len = text->len;

	while (w && len) {
		enum words_result result = words_feed(w, &from, &len);

		if (result == WORDS_BAD || result == WORDS_TOO_LONG)
			abort();
	}
	if (w && words_partial(w))
		abort();
	words_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const scripts[] = {"onbattery", "offbattery", "annoyme", NULL};
	static struct apcupsd_conf conf;
	struct apcupsd_plan plan;

	apcupsd_read(&conf, "f", (const char *)data, size);
	apcupsd_plan_make(&plan, &conf, "0123456789ab", scripts, "/etc/nut");
	expect_words(&plan.ups_conf);
	expect_words(&plan.upsd_conf);
	expect_words(&plan.upsd_users);
	expect_words(&plan.upsmon_conf);
	apcupsd_plan_free(&plan);
	buffer_free(&conf.problems);
	return 0;
}
