#include "config.h"

#include "clients/report/redact.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clients/report/guess.h"
#include "common/base/conffile.h"
#include "common/base/secretword.h"
#include "common/base/str.h"
#include "common/base/words.h"

enum { FILE_MAX = 1024 * 1024, NAME_MAX_LEN = 512, ODD_WORD = 6 };

static const char left_out[] = "<left-out>";

/* A number, with a unit of time or a sign perhaps, or one of few words. */
static bool is_simple(const char *value)
{
	static const char *const words[] = {"yes",     "no",       "on",   "off", "true",
					    "false",   "never",    "auto", "tls", "tls-required",
					    "enabled", "disabled", "y",    "n"};
	double number;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_caseequal(words[i], value))
			return true;
	}
	/* More digits are a telephone's number, or a serial one. */
	return strlen(value) <= 8 && str_to_double(value, &number);
}

/* ups@host:port, host:port, [address]:port, host/24: the host gets another name. */
static void show_host(struct cloak *c, const char *value, struct buffer *out)
{
	const char *at = strrchr(value, '@'), *from = at ? at + 1 : value;
	const char *end = from + strcspn(from, ":/");
	char host[NAME_MAX_LEN];

	if (*from == '[') {
		end = strchr(from, ']');
		end = end ? end + 1 : from + strlen(from);
	} else if (strchr(from, ':') && strchr(from, ':') != strrchr(from, ':')) {
		end = from + strcspn(from, "/"); /* a bare address of IPv6 */
	}
	if (str_starts(value, "unix:")) {
		words_append_word(out, "unix:<left-out>");
		return;
	}
	if ((size_t)(end - from) >= sizeof(host)) {
		words_append_word(out, left_out);
		return;
	}
	memcpy(host, from, (size_t)(end - from));
	host[end - from] = '\0';
	buffer_append(out, value, (size_t)(from - value));
	buffer_append_str(out, !at && from == value && *end == '\0' && !strpbrk(value, ".:[")
				       ? value
				       : cloak_add(c, CLOAK_HOST, host));
	buffer_append_str(out, end);
}

/* A host alone: here a name without a dot is one, too. */
static void show_address(struct cloak *c, const char *value, struct buffer *out)
{
	size_t len = strcspn(value, "/");
	char host[NAME_MAX_LEN];

	if (str_starts(value, "unix:") || len >= sizeof(host)) {
		words_append_word(out, left_out);
		return;
	}
	memcpy(host, value, len);
	host[len] = '\0';
	buffer_append_str(out, cloak_add(c, CLOAK_HOST, host));
	buffer_append_str(out, value + len);
}

static void show_port(struct cloak *c, const char *value, struct buffer *out)
{
	if (*value == '/' || str_caseequal(value, "auto"))
		words_append_word(out, value);
	else if (strstr(value, "://")) {
		guess_secrets(c, value, strlen(value));
		words_append_word(out, cloak_add(c, CLOAK_SECRET, value));
	} else if (strchr(value, '@') || strchr(value, ':'))
		show_host(c, value, out);
	else if (str_starts(value, "dummy") || strstr(value, ".dev") || strstr(value, ".seq") ||
		 strchr(value, '-'))
		words_append_word(out, value);
	else
		show_address(c, value, out);
}

/*
 * A text that is left out may stand in other parts, word by word.  Words of letters
 * alone say little, and hiding them would make all unreadable.
 */
static void hide_text(struct cloak *c, enum cloak_kind kind, const char *text)
{
	char word[NAME_MAX_LEN];

	guess_secrets(c, text, strlen(text));
	while (*text) {
		size_t run = strcspn(text, " \t\r\n\"'");
		bool mixed = false;

		if (run >= ODD_WORD && run < sizeof(word)) {
			memcpy(word, text, run);
			word[run] = '\0';
			mixed = strpbrk(word, "0123456789") &&
				strspn(word, "0123456789.:-/%+") < run && word[0] != '/';
		}
		if (mixed)
			cloak_add(c, kind, word);
		text += run + (text[run] != '\0');
	}
	secret_wipe(word, sizeof(word));
}

/* Of a command only what it runs: arguments may be anything. */
static void show_command(struct cloak *c, const char *value, struct buffer *out)
{
	size_t len = strcspn(value, " \t");
	bool more = value[len] != '\0';

	if (str_starts(value, "/sbin/shutdown ") && !strpbrk(value, ";&|")) {
		words_append_word(out, value);
		return;
	}
	hide_text(c, CLOAK_SECRET, value);
	buffer_append_char(out, '"');
	if (*value == '/')
		buffer_append(out, value, len);
	else
		buffer_append_str(out, left_out);
	buffer_append_str(out, more ? " <left-out>\"" : "\"");
}

static void show(struct cloak *c, enum policy policy, const char *value, struct buffer *out)
{
	switch (policy) {
	case POLICY_KEEP:
		words_append_word(out, value);
		break;
	case POLICY_SIMPLE:
		words_append_word(out, is_simple(value) ? value : left_out);
		if (!is_simple(value))
			hide_text(c, CLOAK_SECRET, value);
		break;
	case POLICY_SECRET:
		words_append_word(out, cloak_add(c, CLOAK_SECRET, value));
		break;
	case POLICY_USER:
		words_append_word(out, cloak_add(c, CLOAK_USER, value));
		break;
	case POLICY_SERIAL:
		words_append_word(out, cloak_add(c, CLOAK_SERIAL, value));
		break;
	case POLICY_HOST:
		show_host(c, value, out);
		break;
	case POLICY_ADDRESS:
		show_address(c, value, out);
		break;
	case POLICY_PORT:
		show_port(c, value, out);
		break;
	case POLICY_COMMAND:
		show_command(c, value, out);
		break;
	case POLICY_PLACE:
	case POLICY_END:
		words_append_word(out, left_out);
		hide_text(c, CLOAK_PLACE, value);
		cloak_note(c, CLOAK_PLACE);
		break;
	}
}

/* ------------------------------------------------------------------- a line */

struct file {
	struct cloak *cloak;
	const struct policy_file *policy;
	struct buffer *out;
	unsigned line; /* of the output, the number of the next */
	char section[NAME_MAX_LEN];
};

static void go_to_line(struct file *f, unsigned line)
{
	for (; f->line < line; f->line++)
		buffer_append_char(f->out, '\n');
}

static void end_line(struct file *f)
{
	buffer_append_char(f->out, '\n');
	f->line++;
}

/* What nobody knows the meaning of: it is not shown, and it is hidden wherever it stands else. */
static void hide_words(struct file *f, const struct words *w, size_t from)
{
	for (size_t i = from; i < words_count(w); i++) {
		const char *word = words_at(w, i);

		hide_text(f->cloak, CLOAK_SECRET, word);
		if (strlen(word) >= 4 && !is_simple(word))
			cloak_add(f->cloak, CLOAK_SECRET, word);
	}
	cloak_note(f->cloak, CLOAK_SECRET);
}

static void show_section(struct file *f, const char *header)
{
	size_t len = strlen(header);
	char name[NAME_MAX_LEN];

	if (len < 2 || len - 1 >= sizeof(name))
		return;
	memcpy(name, header + 1, len - 2);
	name[len - 2] = '\0';
	str_copy(f->section, sizeof(f->section), name);
	buffer_append_char(f->out, '[');
	show(f->cloak, f->policy->section, name, f->out);
	buffer_append_char(f->out, ']');
}

static void show_setting(struct file *f, const struct words *w)
{
	const char *rules = policy_of(f->policy, words_at(w, 0));
	bool equals = words_count(w) > 1 && words_is_equals(w, 1);
	size_t first = equals ? 2 : 1;

	if (f->policy->sections)
		buffer_append_char(f->out, '\t');
	if (!rules) {
		buffer_append_str(f->out, "# <left-out>: not known here");
		hide_words(f, w, 0);
		return;
	}
	buffer_append_str(f->out, words_at(w, 0));
	if (equals)
		buffer_append_str(f->out, " =");
	for (size_t i = first; i < words_count(w); i++) {
		buffer_append_char(f->out, ' ');
		show(f->cloak, policy_at(rules, i - first), words_at(w, i), f->out);
	}
}

static void show_line(struct file *f, const struct words *w)
{
	const char *first = words_at(w, 0);
	size_t len = strlen(first);

	if (words_count(w) == 0)
		return;
	go_to_line(f, words_line_number(w));
	if (f->policy->sections && len > 1 && first[0] == '[' && first[len - 1] == ']')
		show_section(f, first);
	else
		show_setting(f, w);
	end_line(f);
}

/* ------------------------------------------------------------------- a file */

/* What a comment sets is secret like what the file sets: its words go through the same table, and
 * what is shown of it goes nowhere. */
static void learn_comment(struct file *f, const char *text, size_t len)
{
	struct words *w = words_new(WORDS_FILE, &(struct words_limits){256, 65536});
	struct buffer nowhere = {0}, copy = {0};
	struct file aside = *f;

	aside.out = &nowhere;
	buffer_append(&copy, text, len);
	hide_text(f->cloak, CLOAK_SECRET, buffer_string(&copy));
	if (w && (words_feed(w, &text, &len) == WORDS_LINE || words_end(w) == WORDS_LINE) &&
	    words_count(w) > 1 && policy_of(f->policy, words_at(w, 0)))
		show_setting(&aside, w);
	words_free(w);
	if (copy.data)
		secret_wipe(copy.data, copy.size);
	buffer_free(&copy);
	buffer_free(&nowhere);
}

/* People comment out an old password. */
static void learn_comments(struct file *f, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *hash;

		eol = eol ? eol : end;
		hash = memchr(text, '#', (size_t)(eol - text));
		if (hash)
			learn_comment(f, hash + 1, (size_t)(eol - hash - 1));
		text = eol + 1;
	}
}

static bool read_words(struct file *f, const char *text, size_t len)
{
	struct words *w = words_new(WORDS_FILE, &(struct words_limits){1024, 65536});
	enum words_result result;

	if (!w)
		return false;
	do {
		result = len ? words_feed(w, &text, &len) : words_end(w);
		if (result == WORDS_LINE)
			show_line(f, w);
		else if (result == WORDS_BAD || result == WORDS_TOO_LONG) {
			go_to_line(f, words_line_number(w));
			buffer_appendf(f->out, "# <left-out>: %s", words_error(w));
			end_line(f);
		}
	} while (len || result == WORDS_LINE || result == WORDS_BAD);
	words_free(w);
	return true;
}

static int slurp(const char *path, struct buffer *text)
{
	int fd = conffile_open(path), err = 0;
	ssize_t n = 1;

	if (fd < 0)
		return errno;
	text->max = FILE_MAX;
	while (n > 0 && !err) {
		char *to = buffer_reserve(text, 4096);

		n = to ? read(fd, to, 4096) : -1;
		if (n > 0)
			text->len += (size_t)n;
		else if (n < 0)
			err = to ? errno : EFBIG;
	}
	close(fd);
	return err;
}

int redact_text(struct cloak *c, const struct policy_file *policy, const char *text, size_t len,
		struct buffer *out)
{
	struct file f = {.cloak = c, .policy = policy, .out = out, .line = 1};

	if (memchr(text, '\0', len))
		return EINVAL;
	learn_comments(&f, text, len);
	return read_words(&f, text, len) && !out->failed ? 0 : ENOMEM;
}

int redact_file(struct cloak *c, const struct policy_file *policy, const char *path,
		struct buffer *out)
{
	struct buffer text = {0};
	int err = slurp(path, &text);

	if (!err)
		err = redact_text(c, policy, text.data ? text.data : "", text.len, out);
	if (text.data)
		secret_wipe(text.data, text.size);
	buffer_free(&text);
	return err;
}

void redact_hide_file(struct cloak *c, const char *path)
{
	struct buffer text = {0};

	if (slurp(path, &text) == 0)
		hide_text(c, CLOAK_SECRET, buffer_string(&text));
	if (text.data)
		secret_wipe(text.data, text.size);
	buffer_free(&text);
}

/* ---------------------------------------------------------------- a variable */

/* What may be shown though it is no number; `x.*` = all that begin so. */
static const char *const shown_values[] = {
	"ups.status",
	"ups.mfr",
	"ups.model",
	"ups.model.aux",
	"ups.mfr.date",
	"ups.firmware",
	"ups.firmware.aux",
	"ups.alarm",
	"ups.type",
	"ups.mode",
	"ups.test.result",
	"ups.test.date",
	"ups.date",
	"ups.time",
	"ups.beeper.status",
	"ups.vendorid",
	"ups.productid",
	"ups.start.auto",
	"ups.start.battery",
	"ups.start.reboot",
	"ups.shutdown",
	"ups.watchdog.status",
	"ups.passthrough",
	"ups.contacts",
	"device.mfr",
	"device.model",
	"device.type",
	"device.firmware",
	"device.firmware.aux",
	"device.version",
	"device.usb.version",
	"device.part",
	"device.revision",
	"device.model.type",
	"battery.type",
	"battery.date",
	"battery.mfr.date",
	"battery.status",
	"battery.charger.status",
	"battery.protection",
	"battery.date.maintenance",
	"input.sensitivity",
	"input.transfer.reason",
	"input.quality",
	"input.voltage.status",
	"input.source",
	"input.source.preferred",
	"input.bypass.switchable",
	"ambient.present",
	"driver.name",
	"driver.state",
	"driver.version",
	"driver.version.data",
	"driver.version.internal",
	"driver.version.usb",
	"driver.upstream",
	"server.info",
	"server.version",
	"experimental.ups.mode.buzzwords",
	"ups.mode.buzzwords",
};

static const char *const serial_values[] = {
	"serial", "macaddr", "ups.id", "device.name", "asset", ".name",
};

static const char *const place_values[] = {
	"location", "contact", "description", ".desc", "address", "dns", "hostname",
};

static bool holds_one(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strstr(name, list[i]))
			return true;
	}
	return false;
}

static bool is_listed(const char *name)
{
	for (size_t i = 0; i < sizeof(shown_values) / sizeof(shown_values[0]); i++) {
		if (str_caseequal(shown_values[i], name))
			return true;
	}
	return false;
}

static const struct policy_file *ups_policy(void)
{
	const struct policy_file *file = policy_files;

	while (!str_equal(file->name, "ups.conf"))
		file++;
	return file;
}

/* A key of ups.conf that the driver shows. */
static enum policy policy_of_parameter(const char *name)
{
	const char *key = str_starts(name, "driver.parameter.") ? name + 17
			  : str_starts(name, "driver.flag.")    ? name + 12
								: NULL;
	const char *rules = key ? policy_of(ups_policy(), key) : NULL;

	return !key ? POLICY_END : rules ? policy_at(rules, 0) : POLICY_SECRET;
}

void redact_value(struct cloak *c, const char *name, const char *value, bool keep_serials,
		  struct buffer *out)
{
	enum policy policy = policy_of_parameter(name);
	bool serial =
		policy == POLICY_SERIAL ||
		(!is_listed(name) && policy == POLICY_END &&
		 holds_one(name, serial_values, sizeof(serial_values) / sizeof(serial_values[0])));

	buffer_appendf(out, "%s: ", name);
	if (serial)
		buffer_append_str(out, keep_serials ? value : cloak_add(c, CLOAK_SERIAL, value));
	else if (policy != POLICY_END)
		show(c, policy, value, out);
	else if (secretword_within(name))
		buffer_append_str(out, cloak_add(c, CLOAK_SECRET, value));
	else if (is_listed(name) || is_simple(value))
		buffer_append_str(out, value);
	else if (holds_one(name, place_values, sizeof(place_values) / sizeof(place_values[0]))) {
		hide_text(c, CLOAK_PLACE, value);
		buffer_append_str(out, cloak_add(c, CLOAK_PLACE, value));
	} else {
		show(c, POLICY_PLACE, value, out);
	}
	buffer_append_char(out, '\n');
}
