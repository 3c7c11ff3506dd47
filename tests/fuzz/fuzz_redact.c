/*
 * Any bytes may stand in a configuration file: nut-report takes it apart without
 * harm, and a password of which it knows that it is one is not in what it shows.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/report/guess.h"
#include "clients/report/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Begins with the number of the file; a line of upsd.users with a password stands at its end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char tail[] = "\n\"\n[q]\n\tpassword = Zq7XyW\n";
	struct buffer text = {0}, shown = {0}, clean = {0};
	struct cloak *c = cloak_new();
	size_t files = 0;

	while (policy_files[files].name)
		files++;
	if (size && c) {
		const struct policy_file *file = &policy_files[data[0] % files];

		buffer_append(&text, data + 1, size - 1);
		buffer_append_str(&text, tail);
		cloak_add(c, CLOAK_SECRET, "Zq7XyW");
		if (redact_text(c, file, text.data, text.len, &shown) == 0) {
			guess_secrets(c, buffer_string(&shown), shown.len);
			cloak_apply(c, shown.data ? shown.data : "", shown.len, &clean);
			if (strstr(buffer_string(&clean), "Zq7XyW"))
				abort();
		}
	}
	cloak_free(c);
	buffer_free(&text);
	buffer_free(&shown);
	buffer_free(&clean);
	return 0;
}
