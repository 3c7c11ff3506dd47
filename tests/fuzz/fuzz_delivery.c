/*
 * Deliveries on their way between two processes of upsmon: what is read must be
 * the same when it is written and read once more.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "clients/upsmon/notify/delivery.h"
#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void expect_same(const struct delivery *a, const struct delivery *b)
{
	expect(a->kind == b->kind && a->priority == b->priority && a->argc == b->argc);
	expect(str_equal(a->text, b->text) && str_equal(a->type, b->type) &&
	       str_equal(a->ups, b->ups));
	for (size_t i = 0; i < a->argc; i++)
		expect(str_equal(a->argv[i], b->argv[i]));
	expect(a->mail.port == b->mail.port && str_equal(a->mail.host, b->mail.host) &&
	       str_equal(a->mail.user, b->mail.user) &&
	       str_equal(a->mail.password, b->mail.password) &&
	       str_equal(a->mail.authorities, b->mail.authorities) &&
	       str_equal(a->mail.from, b->mail.from) && str_equal(a->mail.to, b->mail.to) &&
	       str_equal(a->mail.subject, b->mail.subject));
}

static void send_on(const struct delivery *d)
{
	struct words *w = words_new(WORDS_WIRE, &delivery_limits);
	struct buffer b = {0};
	struct delivery again;
	const char *at;
	size_t len;

	expect(w != NULL);
	/* Escaped it may be longer than the bounds allow. */
	if (delivery_append(&b, d)) {
		at = b.data;
		len = b.len;
		expect(words_feed(w, &at, &len) == WORDS_LINE && len == 0);
		expect(delivery_parse(w, &again));
		expect_same(d, &again);
	}
	buffer_free(&b);
	words_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct words *w = words_new(WORDS_WIRE, &delivery_limits);
	const char *at = (const char *)data;
	struct delivery d;

	while (w && size > 0)
		if (words_feed(w, &at, &size) == WORDS_LINE && delivery_parse(w, &d))
			send_on(&d);
	words_free(w);
	return 0;
}
