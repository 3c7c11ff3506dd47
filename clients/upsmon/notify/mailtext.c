#include "config.h"

#include "clients/upsmon/notify/mailtext.h"

#include <string.h>

#include "common/base/str.h"

enum {
	ENCODED_MAX = 45, /* bytes in an encoded word, so that the line has at most 76 characters */
	LINE_MAX_CHARS = 76,
	HEADER_PLAIN_MAX = 200, /* a longer text is encoded, in pieces */
	HOST_MAX = 255,
};

/* ---------------------------------------------------------------- addresses */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Beyond letters and digits, what an address without quotes may hold (RFC 5322 3.2.3). */
static bool is_address_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("@.-_+!#$%&'*/=?^`{|}~:[]", c));
}

static bool is_address(const char *s)
{
	const char *at = strrchr(s, '@');

	for (const char *p = s; *p; p++)
		if (!is_address_char(*p))
			return false;
	/* Without a domain it is one of the relay's own accounts. */
	return *s && *s != '-' && (!at || (at != s && at[1]));
}

/* Copies without blanks at both ends. */
static bool copy_trimmed(char *dst, size_t size, const char *from, size_t len)
{
	while (len > 0 && is_blank(*from))
		from++, len--;
	while (len > 0 && is_blank(from[len - 1]))
		len--;
	return str_format(dst, size, "%.*s", (int)len, from);
}

/* In place: "A \"B\" C" becomes A "B" C. */
static void unquote(char *s)
{
	char *to = s;

	if (*s != '"')
		return;
	for (const char *from = s + 1; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

static bool read_address(const char *text, size_t len, struct mail_address *out)
{
	const char *open = memchr(text, '<', len), *close;
	bool fits = true;

	out->name[0] = '\0';
	if (open) {
		close = memchr(open, '>', len - (size_t)(open - text));
		if (!close)
			return false;
		/* A name may be cut. */
		(void)copy_trimmed(out->name, sizeof(out->name), text, (size_t)(open - text));
		unquote(out->name);
		fits = copy_trimmed(out->address, sizeof(out->address), open + 1,
				    (size_t)(close - open - 1));
		for (close++; close < text + len; close++)
			fits &= is_blank(*close);
	} else {
		fits = copy_trimmed(out->address, sizeof(out->address), text, len);
	}
	return fits && is_address(out->address);
}

/* Up to a comma outside of quotes. */
static size_t length_of_one(const char *list)
{
	bool quoted = false;
	size_t i;

	for (i = 0; list[i] && (quoted || list[i] != ','); i++) {
		if (list[i] == '"')
			quoted = !quoted;
		else if (quoted && list[i] == '\\' && list[i + 1])
			i++;
	}
	return i;
}

int mailtext_addresses(const char *list, struct mail_address *out, size_t max, const char **why)
{
	size_t count = 0;

	for (;;) {
		size_t len = length_of_one(list);

		if (strspn(list, " \t\r\n") < len) {
			*why = "there are too many addresses";
			if (count == max)
				return -1;
			*why = "an address is not of the form name@host";
			if (!read_address(list, len, &out[count]))
				return -1;
			count++;
		}
		if (!list[len])
			break;
		list += len + 1;
	}
	*why = "there is no address";
	return count ? (int)count : -1;
}

/* ------------------------------------------------------------------ headers */

/* The next character of a text as it may stand in a header; its bytes, and how many were used. */
static size_t take_char(const char *s, char out[4], size_t *len)
{
	size_t n = str_utf8_length(s);

	*len = n ? n : 1;
	if (!n)
		out[0] = '?';
	else if (n == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f))
		out[0] = ' ';
	else
		memcpy(out, s, n);
	return n ? n : 1;
}

static void append_base64(struct buffer *b, const unsigned char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned v = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) |
			     (left > 2 ? (unsigned)data[i + 2] : 0);

		buffer_append_char(b, digits[v >> 18]);
		buffer_append_char(b, digits[v >> 12 & 63]);
		buffer_append_char(b, left > 1 ? digits[v >> 6 & 63] : '=');
		buffer_append_char(b, left > 2 ? digits[v & 63] : '=');
	}
}

/* RFC 2047: pieces that end between characters, each on a line of its own but the first. */
static void append_encoded(struct buffer *b, const char *text)
{
	bool first = true;

	while (*text) {
		char piece[ENCODED_MAX + 4];
		size_t len = 0, used, n;

		while (*text) {
			n = take_char(text, piece + len, &used);
			if (len + n > ENCODED_MAX)
				break;
			len += n;
			text += used;
		}
		if (!first)
			buffer_append_str(b, "\r\n ");
		first = false;
		buffer_append_str(b, "=?UTF-8?B?");
		append_base64(b, (const unsigned char *)piece, len);
		buffer_append_str(b, "?=");
	}
}

static bool is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			return false;
	return strlen(text) <= HEADER_PLAIN_MAX && !strstr(text, "=?");
}

static void append_unstructured(struct buffer *b, const char *name, const char *text)
{
	buffer_appendf(b, "%s: ", name);
	if (is_plain(text))
		buffer_append_str(b, text);
	else
		append_encoded(b, text);
	buffer_append_str(b, "\r\n");
}

static void append_quoted(struct buffer *b, const char *text)
{
	buffer_append_char(b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buffer_append_char(b, '\\');
		buffer_append_char(b, *text);
	}
	buffer_append_char(b, '"');
}

static void append_addresses(struct buffer *b, const char *name, const struct mail_address *a,
			     size_t count)
{
	buffer_appendf(b, "%s: ", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_str(b, ",\r\n ");
		if (!a[i].name[0]) {
			buffer_append_str(b, a[i].address);
			continue;
		}
		if (is_plain(a[i].name))
			append_quoted(b, a[i].name);
		else
			append_encoded(b, a[i].name);
		buffer_appendf(b, " <%s>", a[i].address);
	}
	buffer_append_str(b, "\r\n");
}

/* English names whatever the locale: strftime() would ask it. */
static void append_date(struct buffer *b, time_t now)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm = {0};
	char zone[8] = "";

	localtime_r(&now, &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	buffer_appendf(b, "Date: %s, %02d %s %04d %02d:%02d:%02d %s\r\n", days[tm.tm_wday % 7],
		       tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		       tm.tm_sec, zone);
}

static void append_message_id(struct buffer *b, const char *id, const char *host)
{
	char clean[HOST_MAX + 1];
	size_t len = 0;

	for (; *host && len < HOST_MAX; host++)
		if (is_address_char(*host) && !strchr("@[]:", *host))
			clean[len++] = *host;
	clean[len] = '\0';
	buffer_appendf(b, "Message-ID: <%s@%s>\r\n", id, len ? clean : "localhost");
}

/* --------------------------------------------------------------------- body */

/* Quoted-printable (RFC 2045 6.7): what is in a line, without its end. */
static void append_body_line(struct buffer *b, const char *line, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; i < len;) {
		char bytes[4];
		size_t used, n = take_char(line + i, bytes, &used);
		bool tab = line[i] == '\t';
		bool last = i + used >= len;
		bool plain = n == 1 && bytes[0] != '=' && !(last && bytes[0] == ' ') && !tab;
		size_t width = plain ? 1 : 3 * n;

		if (column + width >= LINE_MAX_CHARS) {
			buffer_append_str(b, "=\r\n");
			column = 0;
		}
		for (size_t k = 0; k < n; k++) {
			if (plain)
				buffer_append_char(b, bytes[k]);
			else
				buffer_appendf(b, "=%02X", tab ? '\t' : (unsigned char)bytes[k]);
		}
		column += width;
		i += used;
	}
	buffer_append_str(b, "\r\n");
}

static void append_body(struct buffer *b, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), shown = len;

		if (shown > 0 && text[shown - 1] == '\r' && text[len])
			shown--;
		append_body_line(b, text, shown);
		text += len + (text[len] == '\n');
	}
}

bool mailtext_append(struct buffer *b, const struct mail_parts *m)
{
	append_date(b, m->now);
	append_message_id(b, m->id, m->host);
	append_addresses(b, "From", m->from, 1);
	append_addresses(b, "To", m->to, m->to_count);
	append_unstructured(b, "Subject", m->subject);
	buffer_append_str(b, "MIME-Version: 1.0\r\n"
			     "Content-Type: text/plain; charset=UTF-8\r\n"
			     "Content-Transfer-Encoding: quoted-printable\r\n"
			     "Auto-Submitted: auto-generated\r\n"
			     "User-Agent: upsmon " NUT_VERSION "\r\n"
			     "\r\n");
	append_body(b, m->text);
	return !b->failed;
}
