#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/usbhid/hidreports.h"
#include "drivers/usbhid/hidvalue.h"

static const char token[] = "hid";

enum {
	MAXIMUM_ASKED = 256, /* bytes, for devices that answer only then */
	LONGEST_PAUSE = 64,  /* polls that a report which is refused is left alone */
	STRING_SIZE = 256,   /* a string descriptor has at most 126 characters */
	STRINGS = 256,
};

struct report {
	uint8_t *bytes;         /* as they came */
	size_t size;            /* room */
	size_t undescribed;     /* bytes to ask for, where the descriptor does not know it */
	size_t len;             /* of what is there; 0 = nothing */
	unsigned long poll;     /* in which it came; 0 = not good for reading */
	unsigned long written;  /* the poll in which we wrote it; 0 = never */
	unsigned long sequence; /* orders arrivals */
	unsigned long tried;    /* the poll of the last try, good or not */
	unsigned long retry;    /* the poll of the next try, after refusals */
	unsigned pause;
	bool refused;    /* the last try */
	bool overflowed; /* once: ask for more ever since */
};

struct string {
	bool asked;
	char *text;
};

struct hid_reports {
	const struct hid_desc *d;
	struct hid_io io;
	struct report *reports[HID_TYPES][256];
	const struct hid_field **twins; /* per field of the descriptor: the input with its path */
	struct string strings[STRINGS];
	unsigned long poll, sequence;
	bool ask_maximum, never_ask;
	bool skipped[256];
	struct hid_doubt doubt;
	struct hid_statistics stats;
};

/* ------------------------------------------------------------------------ life of all */

struct hid_reports *hid_reports_new(const struct hid_desc *d, const struct hid_io *io)
{
	struct hid_reports *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->twins = calloc(d->count + 1, sizeof(const struct hid_field *));
	if (!r->twins) {
		free(r);
		return NULL;
	}
	r->d = d;
	r->io = *io;
	r->poll = 1;
	for (size_t i = 0; i < d->count; i++) {
		const struct hid_field *f = &d->fields[i];

		if (f->type == HID_FEATURE)
			r->twins[i] = hid_desc_find(d, HID_INPUT, f->path, f->depth);
	}
	return r;
}

void hid_reports_free(struct hid_reports *r)
{
	if (!r)
		return;
	for (int type = 0; type < HID_TYPES; type++) {
		for (int i = 0; i < 256; i++) {
			if (r->reports[type][i])
				free(r->reports[type][i]->bytes);
			free(r->reports[type][i]);
		}
	}
	for (int i = 0; i < STRINGS; i++)
		free(r->strings[i].text);
	free(r->twins);
	free(r);
}

void hid_reports_ask_maximum(struct hid_reports *r, bool on)
{
	r->ask_maximum = on;
}

void hid_reports_never_ask(struct hid_reports *r, bool on)
{
	r->never_ask = on;
}

void hid_reports_doubt(struct hid_reports *r, const struct hid_doubt *x)
{
	r->doubt = *x;
}

void hid_reports_skip(struct hid_reports *r, uint8_t report)
{
	r->skipped[report] = true;
}

unsigned long hid_reports_begin(struct hid_reports *r)
{
	return ++r->poll;
}

unsigned long hid_reports_poll(const struct hid_reports *r)
{
	return r->poll;
}

const struct hid_statistics *hid_reports_statistics(const struct hid_reports *r)
{
	return &r->stats;
}

/* As many bytes of a report as are of use. */
static size_t length_of(const struct hid_reports *r, enum hid_type type, uint8_t number,
			const struct report *report)
{
	size_t size = hid_desc_report_size(r->d, type, number);

	return size ? size : report->undescribed;
}

static struct report *report_of_size(struct hid_reports *r, enum hid_type type, uint8_t number,
				     size_t size)
{
	struct report **at = &r->reports[type][number];

	if (*at || size == 0)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (!*at)
		return NULL;
	(*at)->size = size > MAXIMUM_ASKED ? size : MAXIMUM_ASKED;
	(*at)->bytes = calloc(1, (*at)->size);
	if (!(*at)->bytes) {
		free(*at);
		*at = NULL;
	}
	return *at;
}

/* NULL: the device has no such report, or no memory. */
static struct report *report_of(struct hid_reports *r, enum hid_type type, uint8_t number)
{
	size_t size = hid_desc_report_size(r->d, type, number);

	return size ? report_of_size(r, type, number, size) : NULL;
}

/* ----------------------------------------------------------------------------- reading */

/* Another report of this device came for the one asked for.  A number that no report has is only
 * careless firmware. */
static bool is_stray(const struct hid_reports *r, enum hid_type type, uint8_t number,
		     const uint8_t *bytes)
{
	return r->d->numbered && bytes[0] != number && r->d->bits[type][bytes[0]] > 0;
}

/* Counts what is odd about an answer, and keeps what belongs to the report. */
static void keep(struct hid_reports *r, struct report *report, size_t expected, size_t len)
{
	if (len > expected) {
		r->stats.longs++;
		len = expected;
	} else if (len < expected) {
		r->stats.shorts++;
	}
	report->len = len;
	report->poll = r->poll;
	report->sequence = ++r->sequence;
	report->pause = 0;
	report->retry = 0;
}

/* Refused: it is tried again after 1, 2, 4 ... polls; at once, if it was given before. */
static void leave_alone(struct hid_reports *r, struct report *report)
{
	if (report->len > 0)
		return;
	report->pause = report->pause ? report->pause * 2 : 1;
	if (report->pause > LONGEST_PAUSE)
		report->pause = LONGEST_PAUSE;
	report->retry = r->poll + report->pause + 1;
}

static int transfer(struct hid_reports *r, enum hid_type type, uint8_t number,
		    struct report *report, uint8_t *buf)
{
	size_t expected = length_of(r, type, number, report), size;
	int got;

	size = r->ask_maximum || report->overflowed ? report->size : expected;
	r->stats.gets++;
	got = r->io.get_report(r->io.arg, type, number, buf, size);
	if (got != HID_IO_OVERFLOW)
		return got;
	r->stats.overflows++;
	if (size == report->size)
		return HID_IO_FAILED;
	r->stats.gets++;
	got = r->io.get_report(r->io.arg, type, number, buf, report->size);
	report->overflowed = got > 0;
	return got == HID_IO_OVERFLOW ? HID_IO_FAILED : got;
}

/* In place of a state that is not believed what was known before holds. */
static int believable(struct hid_reports *r, enum hid_type type, uint8_t number,
		      struct report *report, uint8_t *buf)
{
	int got = transfer(r, type, number, report, buf);

	if (got <= 0)
		return got;
	if (is_stray(r, type, number, buf)) {
		r->stats.strays++;
		return HID_IO_FAILED;
	}
	if (hid_doubt_believes(&r->doubt, buf, (size_t)got, true))
		return got;
	r->stats.doubts++;
	log_debug(1, token, "report 0x%02x: a state that is not believed", number);
	if (r->doubt.good_len == 0)
		return HID_IO_FAILED;
	memcpy(buf, r->doubt.good, r->doubt.good_len);
	return (int)r->doubt.good_len;
}

static enum hid_result failed(struct hid_reports *r, struct report *report, uint8_t number, int err)
{
	if (err == HID_IO_GONE)
		return HID_GONE;
	if (err == HID_IO_STALL) {
		r->stats.stalls++;
		report->refused = true;
		leave_alone(r, report);
		log_debug(3, token, "report 0x%02x: the device does not give it", number);
		return HID_REFUSED;
	}
	r->stats.failures++;
	log_debug(3, token, "report 0x%02x: not read", number);
	return HID_NONE;
}

/* Fetches a report.  What was known before stays where that fails. */
static enum hid_result fetch(struct hid_reports *r, enum hid_type type, uint8_t number,
			     struct report *report)
{
	uint8_t *buf;
	int got;

	if (r->skipped[number] || report->retry > r->poll ||
	    (report->refused && report->tried == r->poll))
		return HID_REFUSED;
	if (r->never_ask || report->tried == r->poll)
		return HID_NONE;
	buf = calloc(1, report->size);
	if (!buf)
		return HID_NONE;
	report->tried = r->poll;
	report->refused = false;
	got = believable(r, type, number, report, buf);
	if (got <= 0) {
		free(buf);
		return failed(r, report, number, got ? got : HID_IO_FAILED);
	}
	free(report->bytes);
	report->bytes = buf;
	keep(r, report, length_of(r, type, number, report), (size_t)got);
	return HID_OK;
}

static bool fresh(const struct report *report, unsigned long since)
{
	return report && report->len > 0 && report->poll > 0 && report->poll >= since;
}

static bool value_in(const struct hid_reports *r, const struct report *report,
		     const struct hid_field *f, double *value)
{
	size_t offset = hid_desc_data_offset(r->d);

	return report->len > offset &&
	       hid_value_get(f, report->bytes + offset, report->len - offset, value);
}

/* The input field that goes with a feature, if its report is here. */
static const struct hid_field *twin_of(const struct hid_reports *r, const struct hid_field *f)
{
	return f >= r->d->fields && f < r->d->fields + r->d->count ? r->twins[f - r->d->fields]
								   : NULL;
}

/* From what is here already. */
static bool known_value(struct hid_reports *r, const struct hid_field *f, unsigned long since,
			double *value)
{
	const struct hid_field *twin = twin_of(r, f);
	const struct report *own = r->reports[f->type][f->report];
	const struct report *sent = twin ? r->reports[twin->type][twin->report] : NULL;
	bool own_good = fresh(own, since), sent_good = fresh(sent, since);

	if (sent_good && (!own || !own->len || sent->sequence > own->sequence) &&
	    value_in(r, sent, twin, value))
		return true;
	return own_good && value_in(r, own, f, value);
}

bool hid_reports_here(const struct hid_reports *r, const struct hid_field *f, unsigned long since)
{
	const struct hid_field *twin = twin_of(r, f);

	return fresh(r->reports[f->type][f->report], since) ||
	       (twin && fresh(r->reports[twin->type][twin->report], since));
}

const struct hid_field *hid_reports_twin(const struct hid_reports *r, const struct hid_field *f)
{
	return twin_of(r, f);
}

enum hid_result hid_reports_value(struct hid_reports *r, const struct hid_field *f,
				  unsigned long since, double *value)
{
	struct report *report = report_of(r, f->type, f->report);
	enum hid_result result;

	if (!report)
		return HID_NONE;
	if (known_value(r, f, since, value)) {
		r->stats.saved++;
		return HID_OK;
	}
	if (fresh(report, since)) /* it is here, and too short */
		return HID_NONE;
	result = fetch(r, f->type, f->report, report);
	if (result != HID_OK)
		return result;
	return value_in(r, report, f, value) ? HID_OK : HID_NONE;
}

enum hid_result hid_reports_bytes(struct hid_reports *r, enum hid_type type, uint8_t report,
				  size_t wanted, unsigned long since, const uint8_t **bytes,
				  size_t *len)
{
	size_t described = hid_desc_report_size(r->d, type, report);
	struct report *known = report_of_size(r, type, report, described ? described : wanted);
	enum hid_result result = HID_OK;

	if (!known)
		return HID_NONE;
	if (wanted > known->undescribed)
		known->undescribed = wanted < known->size ? wanted : known->size;
	if (!fresh(known, since))
		result = fetch(r, type, report, known);
	if (result != HID_OK)
		return result;
	*bytes = known->bytes;
	*len = known->len;
	return HID_OK;
}

/* ----------------------------------------------------------------------------- writing */

/*
 * What to change the field in.  A report that was written in this poll is taken
 * as it was written: devices need a while until they read back what was set,
 * and the first of two settings in one report would be undone by the second.
 */
static enum hid_result base_for_writing(struct hid_reports *r, const struct hid_field *f,
					struct report *report)
{
	if (report->written == r->poll || fresh(report, r->poll))
		return HID_OK;
	report->tried = 0;
	/* What can only be written begins with zeros. */
	return fetch(r, f->type, f->report, report) == HID_GONE ? HID_GONE : HID_OK;
}

enum hid_result hid_reports_write(struct hid_reports *r, const struct hid_field *f, double value,
				  bool force)
{
	struct report *report = report_of(r, f->type, f->report);
	size_t offset = hid_desc_data_offset(r->d);
	size_t size = hid_desc_report_size(r->d, f->type, f->report);
	int sent;

	if (!report)
		return HID_NONE;
	if (base_for_writing(r, f, report) == HID_GONE)
		return HID_GONE;
	if (!(force ? hid_value_force : hid_value_set)(f, report->bytes + offset, size - offset,
						       value))
		return HID_RANGE;
	if (offset)
		report->bytes[0] = f->report;
	r->stats.sets++;
	sent = r->io.set_report(r->io.arg, f->type, f->report, report->bytes, size);
	report->poll = 0;
	report->tried = 0;
	report->retry = 0;
	if (sent < 0) {
		report->len = 0;
		report->written = 0;
		return sent == HID_IO_GONE ? HID_GONE : HID_NONE;
	}
	report->len = size;
	report->written = r->poll;
	report->sequence = ++r->sequence;
	return HID_OK;
}

void hid_reports_forget(struct hid_reports *r)
{
	for (int type = 0; type < HID_TYPES; type++) {
		for (int i = 0; i < 256; i++) {
			struct report *report = r->reports[type][i];

			if (report)
				report->poll = report->tried = report->retry = 0;
		}
	}
}

/* -------------------------------------------------------------------------- interrupts */

bool hid_reports_interrupt(struct hid_reports *r, const uint8_t *bytes, size_t len, uint8_t *number)
{
	struct report *report;
	size_t expected;

	r->stats.interrupts++;
	if (len == 0)
		return false;
	*number = r->d->numbered ? bytes[0] : 0;
	expected = hid_desc_report_size(r->d, HID_INPUT, *number);
	report = report_of(r, HID_INPUT, *number);
	if (!report) {
		r->stats.strays++;
		return false;
	}
	if (!hid_doubt_believes(&r->doubt, bytes, len < expected ? len : expected, false)) {
		r->stats.doubts++;
		return false;
	}
	memset(report->bytes, 0, report->size);
	memcpy(report->bytes, bytes, len < expected ? len : expected);
	keep(r, report, expected, len);
	return true;
}

/* ----------------------------------------------------------------------------- strings */

const char *hid_reports_string(struct hid_reports *r, unsigned index)
{
	struct string *s = index > 0 && index < STRINGS ? &r->strings[index] : NULL;
	char text[STRING_SIZE];

	if (!s || s->asked)
		return s ? s->text : NULL;
	r->stats.strings++;
	text[0] = '\0';
	if (r->io.get_string(r->io.arg, index, text, sizeof(text)) < 0)
		return NULL;
	text[sizeof(text) - 1] = '\0';
	s->text = str_dup(text);
	s->asked = s->text != NULL;
	return s->text;
}
