#include "config.h"

#include "drivers/maps/mapcodec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum { TEXT_MAX = 512 };

static bool replace(char *text, size_t *len, size_t size, const char *with, size_t with_len)
{
	if (with_len >= size)
		return false;
	memcpy(text, with, with_len);
	text[with_len] = '\0';
	*len = with_len;
	return true;
}

/* ------------------------------------------------------------------- Best Power's ID */

/* "FOR,750,120,120,20.0,27.6": fields between commas, each to its own column. */
static bool bestups_answer(char *text, size_t *len, size_t size, const struct mapnumbers *n)
{
	static const size_t widths[] = {3, 4, 3, 3, 4, 5};
	const size_t fields = sizeof(widths) / sizeof(widths[0]);
	char out[64];
	size_t used = 0, at = 0;

	(void)n;
	for (size_t i = 0; i < fields; i++) {
		size_t end = at;

		while (end < *len && text[end] != ',' && text[end] != '\r')
			end++;
		if (end - at == 0 || end - at > widths[i])
			return false;
		memset(out + used, ' ', widths[i] - (end - at));
		memcpy(out + used + widths[i] - (end - at), text + at, end - at);
		used += widths[i];
		out[used++] = i + 1 < fields ? ' ' : '\r';
		if (end >= *len || text[end] != (i + 1 < fields ? ',' : '\r'))
			return false;
		at = end + 1;
	}
	return replace(text, len, size, out, used);
}

/* ------------------------------------------------------------------ Voltronic's check */

/* CRC-16, polynomial 0x1021; bytes that would look like the frame's own are one more. */
static void voltronic_crc(const char *text, size_t len, unsigned char crc[2])
{
	uint16_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum ^= (uint16_t)((unsigned char)text[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			sum = (uint16_t)(sum & 0x8000 ? sum << 1 ^ 0x1021 : sum << 1);
	}
	crc[0] = (unsigned char)(sum >> 8);
	crc[1] = (unsigned char)sum;
	for (size_t i = 0; i < 2; i++)
		crc[i] += crc[i] == '(' || crc[i] == '\r' || crc[i] == '\n' ? 1 : 0;
}

static bool crc_query(char *text, size_t *len, size_t size, const struct mapnumbers *n)
{
	unsigned char crc[2];

	(void)n;
	if (*len == 0 || text[*len - 1] != '\r' || *len + 3 > size)
		return false;
	voltronic_crc(text, *len - 1, crc);
	memcpy(text + *len - 1, crc, 2);
	text[++*len] = '\r';
	text[++*len] = '\0';
	return true;
}

static bool crc_answer(char *text, size_t *len, size_t size, const struct mapnumbers *n)
{
	unsigned char crc[2];

	(void)n;
	(void)size;
	if (*len < 4 || text[*len - 1] != '\r')
		return false;
	voltronic_crc(text, *len - 3, crc);
	if (memcmp(text + *len - 3, crc, 2) != 0)
		return false;
	*len -= 2;
	text[*len - 1] = '\r';
	text[*len] = '\0';
	return true;
}

/* ---------------------------------------------------------------- Voltronic's QS, hex */

/* A byte that the frame needs for itself comes as '(' and a number. */
static size_t unescape(const char *text, size_t len, unsigned char *out, size_t size)
{
	static const unsigned char meant[] = {0x0d, 0x11, 0x13, 0x0a, 0x20};
	size_t n = 0;

	for (size_t i = 0; i < len && n < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte == '(' && i + 1 < len && (unsigned char)text[i + 1] < sizeof(meant))
			byte = meant[(unsigned char)text[++i]];
		out[n++] = byte;
	}
	return n;
}

static size_t write_byte(char *out, size_t room, unsigned char byte, bool bits)
{
	if (!bits)
		return room > 2 && str_format(out, room, "%02X", byte) ? 2 : 0;
	if (room <= 8)
		return 0;
	for (int i = 0; i < 8; i++)
		out[i] = byte & 0x80 >> i ? '1' : '0';
	return 8;
}

/* "#" and eleven words of bytes, most of which are numbers: in hexadecimal; the last two, in bits.
 * Without the last one it is whole only for the kind of device that has none. */
static bool qs_hex_answer(char *text, size_t *len, size_t size, const struct mapnumbers *n)
{
	enum { WORD_MAX = 16, WORDS_MAX = 11, FIRST_OF_BITS = 9 };
	char out[TEXT_MAX];
	size_t used = 0, at = 1, end = *len, word = 0;
	double has_last = 0;

	mapnumbers_get(n, "qs-hex-ratings", &has_last);
	if (end < 2 || text[0] != '#' || text[end - 1] != '\r')
		return false;
	end--;
	out[used++] = '#';
	for (; word < WORDS_MAX && at < end; word++) {
		const char *space = memchr(text + at, ' ', end - at);
		size_t stop = space ? (size_t)(space - text) : end;
		unsigned char bytes[WORD_MAX];
		size_t count = unescape(text + at, stop - at, bytes, sizeof(bytes));

		if (word > 0)
			out[used++] = ' ';
		for (size_t i = 0; i < count; i++)
			used += write_byte(out + used, sizeof(out) - used - 2, bytes[i],
					   word >= FIRST_OF_BITS);
		if (used + 4 > sizeof(out))
			return false;
		at = stop + 1;
	}
	out[used++] = '\r';
	return (word == WORDS_MAX || has_last == 0) && replace(text, len, size, out, used);
}

/* --------------------------------------------------------------- Masterguard's address */

/* ",XX" at the end is the address of the one that is meant. */
static bool masterguard_query(char *text, size_t *len, size_t size, const struct mapnumbers *n)
{
	double address = 0;
	char *at = strstr(text, ",XX");
	char digits[8];

	(void)size;
	if (!at || !mapnumbers_get(n, ".slave", &address) || address < 0 || address > 99)
		return !at;
	str_format(digits, sizeof(digits), "%02.0f", address);
	memcpy(at + 1, digits, 2);
	return *len > 0;
}

const struct mapcodec mapcodec_table[] = {
	{"bestups-id", "fields with commas between come to fixed columns", NULL, bestups_answer},
	{"voltronic-crc", "a check of two bytes before the end, both ways", crc_query, crc_answer},
	{"voltronic-qs-hex", "bytes become hexadecimal digits, the last two words bits", NULL,
	 qs_hex_answer},
	{"masterguard-address", ",XX becomes the address of the device", masterguard_query, NULL},
	{NULL, NULL, NULL, NULL},
};

const struct mapcodec *mapcodec_find(const char *name)
{
	for (const struct mapcodec *c = mapcodec_table; c->name; c++) {
		if (name && str_equal(c->name, name))
			return c;
	}
	return NULL;
}
