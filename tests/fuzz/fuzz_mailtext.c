/*
 * Mails of three hostile texts, receivers, subject and body, each ended by a LF of
 * its own in the input: no header but ours, no line that a relay would not take.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/notify/mailtext.h"
#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line, size_t len, bool in_body)
{
	static const char *const known[] = {"Date: ",
					    "Message-ID: ",
					    "From: ",
					    "To: ",
					    "Subject: ",
					    "MIME-Version: ",
					    "Content-Type: ",
					    "Content-Transfer-Encoding: ",
					    "Auto-Submitted: ",
					    "User-Agent: ",
					    " "};
	bool found = in_body;

	if (len > (in_body ? 76 : 998))
		abort();
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f)
			abort();
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		found |= str_starts(line, known[i]);
	if (!found)
		abort();
}

static void check_message(const char *m)
{
	bool in_body = false;

	while (*m) {
		const char *stop = strstr(m, "\r\n");

		if (!stop)
			abort();
		if (stop == m)
			in_body = true;
		else
			check_line(m, (size_t)(stop - m), in_body);
		m = stop + 2;
	}
	if (!in_body)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mail_address from = {.address = "ups@office.example"};
	struct mail_address to[MAIL_RECEIVERS_MAX];
	char *text = malloc(size + 1), *part[3] = {NULL, NULL, NULL}, *rest = text;
	struct buffer b = {0};
	const char *why;
	int count;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (int i = 0; i < 3; i++)
		part[i] = i < 2 && rest ? strsep(&rest, "\n") : rest;
	count = mailtext_addresses(part[0], to, MAIL_RECEIVERS_MAX, &why);
	if (count > 0 && mailtext_append(&b, &(struct mail_parts){.from = &from,
								  .to = to,
								  .to_count = (size_t)count,
								  .subject = part[1] ? part[1] : "",
								  .text = part[2] ? part[2] : "",
								  .id = "1",
								  .host = part[1] ? part[1] : ""}))
		check_message(buffer_string(&b));
	buffer_free(&b);
	free(text);
	return 0;
}
