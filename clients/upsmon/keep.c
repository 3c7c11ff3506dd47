#include "config.h"

#include "clients/upsmon/keep.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { PLACE_BYTES = 4 * 1024 * 1024, PLACES = 2 };

struct header {
	uint64_t number; /* the higher is the newer; 0 = nothing was written here */
	int64_t written_ms;
	uint64_t len;
	uint64_t sum; /* of text and number */
};

/* FNV-1a: against cut texts, not against foes. */
static uint64_t sum_of(const char *data, size_t len, uint64_t number)
{
	uint64_t sum = 0xcbf29ce484222325u ^ number;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)data[i]) * 0x100000001b3u;
	return sum;
}

static off_t place(size_t i)
{
	return (off_t)i * PLACE_BYTES;
}

static bool read_header(int fd, size_t i, struct header *h)
{
	return pread(fd, h, sizeof(*h), place(i)) == (ssize_t)sizeof(*h) && h->number > 0 &&
	       h->len <= PLACE_BYTES - sizeof(*h);
}

static bool read_text(int fd, size_t i, const struct header *h, struct buffer *b)
{
	size_t before = b->len;
	char *to = buffer_reserve(b, h->len + 1);

	if (!to || pread(fd, to, h->len, place(i) + (off_t)sizeof(*h)) != (ssize_t)h->len ||
	    sum_of(to, h->len, h->number) != h->sum)
		return false;
	b->len = before + h->len;
	return true;
}

/* The place of the newest whole text, and its header; PLACES = there is none.  Appends the text. */
static size_t find_newest(int fd, struct buffer *b, struct header *newest)
{
	struct header h[PLACES];
	size_t order[PLACES] = {0, 1};
	bool there[PLACES];

	for (size_t i = 0; i < PLACES; i++)
		there[i] = read_header(fd, i, &h[i]);
	if (there[1] && (!there[0] || h[1].number > h[0].number)) {
		order[0] = 1;
		order[1] = 0;
	}
	for (size_t i = 0; i < PLACES; i++) {
		if (!there[order[i]] || !read_text(fd, order[i], &h[order[i]], b))
			continue;
		*newest = h[order[i]];
		return order[i];
	}
	return PLACES;
}

/* Never over the newest whole text: the other may be the rest of a write that was cut. */
int keep_write(int fd, const struct buffer *text, long long now_ms)
{
	struct header new = {.written_ms = now_ms, .len = text->len}, newest = {0};
	struct buffer old = {0};
	size_t to;

	if (text->failed || text->len > PLACE_BYTES - sizeof(new))
		return EFBIG;
	to = find_newest(fd, &old, &newest) == 0 ? 1 : 0;
	buffer_free(&old);
	new.number = newest.number + 1;
	new.sum = sum_of(text->data, text->len, new.number);
	if (pwrite(fd, text->data, text->len, place(to) + (off_t)sizeof(new)) !=
		    (ssize_t)text->len ||
	    pwrite(fd, &new, sizeof(new), place(to)) != (ssize_t)sizeof(new))
		return errno ? errno : EIO;
	return 0;
}

bool keep_read(int fd, struct buffer *b, long long *written_ms)
{
	struct header newest;

	if (find_newest(fd, b, &newest) == PLACES)
		return false;
	*written_ms = newest.written_ms;
	return true;
}
