/*
 * Any bytes may stand in a trust store: what is read from it can be written,
 * and is the same when it is read again.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/net/truststore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

/* Bytes as a store, which wants a path. */
static unsigned read_bytes(const void *data, size_t size, struct truststore *t)
{
	static int fd = -1;
	struct conf_report report = {0};
	char path[64];

	if (fd < 0)
		fd = memfd_create("store", MFD_CLOEXEC);
	expect(fd >= 0);
	expect(ftruncate(fd, 0) == 0);
	expect(pwrite(fd, data, size, 0) == (ssize_t)size);
	str_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect(truststore_read(path, t, &report) == 0);
	return report.errors;
}

static void expect_same(const struct trust_entry *a, const struct trust_entry *b)
{
	expect(str_equal(a->host, b->host) && a->port == b->port && a->flags == b->flags);
	expect(memcmp(a->key_sha256, b->key_sha256, sizeof(a->key_sha256)) == 0);
	expect(a->first_seen == b->first_seen && a->last_seen == b->last_seen);
	expect(a->not_after == b->not_after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct truststore t, again;
	struct buffer b = {0};

	read_bytes(data, size, &t);
	for (size_t i = 0; i < t.count; i++) {
		expect(truststore_find(&t, t.entries[i].host, t.entries[i].port) == &t.entries[i]);
		truststore_append(&b, &t.entries[i]);
	}
	expect(!b.failed);
	expect(read_bytes(b.data ? b.data : "", b.len, &again) == 0);
	expect(again.count == t.count);
	for (size_t i = 0; i < t.count; i++)
		expect_same(&t.entries[i], &again.entries[i]);
	truststore_free(&again);
	truststore_free(&t);
	buffer_free(&b);
	return 0;
}
