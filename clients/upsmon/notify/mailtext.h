/*
 * mailtext: a mail as it goes over the wire: headers and body (RFC 5322, 2045,
 * 2047), and the addresses in them.
 *
 * Nothing in a text can begin a header of its own: control bytes become blanks in
 * headers, and the body is quoted-printable.  What is not UTF-8 becomes "?".
 */
#ifndef CLIENTS_UPSMON_MAILTEXT_H
#define CLIENTS_UPSMON_MAILTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "clients/upsmon/notify/delivery.h"
#include "common/base/buffer.h"

enum { MAIL_RECEIVERS_MAX = 32, MAIL_ADDRESS_MAX = 254, MAIL_NAME_MAX = 127 };

struct mail_address {
	char name[MAIL_NAME_MAX + 1];       /* "" = none */
	char address[MAIL_ADDRESS_MAX + 1]; /* without brackets */
};

/*
 * Reads `a@b, Name <c@d>`.  How many there are (at most `max`), or -1 with a
 * constant text why: an address that a relay could take for something else, too
 * many, none.
 */
int mailtext_addresses(const char *list, struct mail_address *out, size_t max, const char **why);

/*
 * Appends the whole message, lines ended by CR LF.  `id` is what makes the
 * Message-ID unique, `host` the name of this machine; `now` is the date it bears.
 */
struct mail_parts {
	const struct mail_address *from;
	const struct mail_address *to;
	size_t to_count;
	const char *subject, *text;
	const char *id, *host;
	time_t now;
};
bool mailtext_append(struct buffer *b, const struct mail_parts *m);

#endif
