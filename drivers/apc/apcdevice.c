#include "config.h"

#include "drivers/apc/apcdevice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/maps/mapwhere.h"

static const char token[] = "apc";

enum {
	STATUS_TRIES = 5, /* until two in a row are the same */
	CYCLE_MAX = 80,   /* values of one setting */
	EDIT_LENGTH = 8,  /* of a text that is set */
	LIST_TRIES = 3,
	KEY_CHANGE = '-',
	KEY_FIRMWARE = 'V',
	KEY_FIRMWARE_NEW = 'b',
};

/* A letter, and what came of it. */
struct letter {
	struct letter *next;
	unsigned code;
	char text[APCLINE_ANSWER_MAX];
	unsigned long poll;        /* when that came; 0: never */
	unsigned long asked;       /* the poll that asked last */
	enum device_result result; /* of that */
	bool editable;             /* a text that can be set */
};

struct place {
	struct place *next;
	char *where;
	struct mapwhere_apc at;
	struct letter *letter;
};

struct apcdevice {
	const struct map *map;
	struct apcline *line;
	struct letter *letters;
	struct place *places;
	struct apcset set;
	struct apccaps caps;
	char firmware[APCLINE_ANSWER_MAX];
	bool unknown;
	bool status_known;
	unsigned status; /* as it was last believed */
	unsigned long poll;
	struct device_counts counts;
};

/* ------------------------------------------------------------------------------ places */

static struct letter *take_letter(struct apcdevice *d, unsigned code)
{
	struct letter *l = d->letters;

	while (l && l->code != code)
		l = l->next;
	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->code = code;
	l->next = d->letters;
	d->letters = l;
	return l;
}

static struct place *make_place(struct apcdevice *d, const char *where)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (mapwhere_apc(where, &p->at)) {
		p->letter = take_letter(d, p->at.code);
		p->where = str_dup(where);
	}
	if (p->letter && p->where) {
		p->next = d->places;
		d->places = p;
		return p;
	}
	free(p->where);
	free(p);
	return NULL;
}

/* What the UPS has not is no place. */
static const void *device_place(void *arg, const char *where)
{
	struct apcdevice *d = arg;
	struct place *p = d->places;

	while (p && !str_equal(p->where, where))
		p = p->next;
	if (!p)
		p = make_place(d, where);
	return p && apcset_has(&d->set, p->at.code) ? p : NULL;
}

/* ----------------------------------------------------------------------------- answers */

static enum device_result from_line(enum apcline_result r)
{
	switch (r) {
	case APCLINE_OK:
		return DEVICE_OK;
	case APCLINE_REFUSED:
		return DEVICE_REFUSED;
	case APCLINE_GONE:
		return DEVICE_GONE;
	default:
		return DEVICE_NONE;
	}
}

static bool parse_status(const char *text, unsigned *bits)
{
	if (strlen(text) != 2 || !isxdigit((unsigned char)text[0]) ||
	    !isxdigit((unsigned char)text[1]))
		return false;
	*bits = (unsigned)strtoul(text, NULL, 16);
	/* Some say so while the front panel is tested. */
	return (*bits & APCDEVICE_ONLINE) == 0 || (*bits & APCDEVICE_BATTERY) == 0;
}

enum apcline_result apcdevice_status(struct apcdevice *d, unsigned *bits)
{
	bool known = d->status_known;
	unsigned last = d->status;
	enum apcline_result r = APCLINE_SILENCE;

	d->status_known = false;
	for (int i = 0; i < STATUS_TRIES; i++) {
		char text[APCLINE_ANSWER_MAX];

		r = apcline_ask(d->line, APCDEVICE_STATUS, text, sizeof(text));
		if (r == APCLINE_GONE || r == APCLINE_ENDING)
			return r;
		if (r == APCLINE_OK && !parse_status(text, bits)) {
			d->line->astray = true;
			r = APCLINE_GARBAGE;
		}
		if (r == APCLINE_OK && known && last == *bits) {
			d->status_known = true;
			d->status = *bits;
			return r;
		}
		/* One that is silent twice is not asked five times. */
		if (r == APCLINE_SILENCE && i > 0)
			return r;
		known = r == APCLINE_OK;
		last = *bits;
	}
	return r == APCLINE_OK ? APCLINE_GARBAGE : r;
}

static enum apcline_result ask_letter(struct apcdevice *d, struct letter *l, char *text,
				      size_t size)
{
	unsigned bits = 0;
	enum apcline_result r;

	if (l->code != APCDEVICE_STATUS)
		return apcline_ask(d->line, l->code, text, size);
	r = apcdevice_status(d, &bits);
	if (r == APCLINE_OK)
		str_format(text, size, "%02X", bits);
	return r;
}

static enum device_result ask(struct apcdevice *d, struct letter *l)
{
	char text[APCLINE_ANSWER_MAX];

	if (l->asked == d->poll && l->asked > 0)
		return l->result;
	l->result = from_line(ask_letter(d, l, text, sizeof(text)));
	l->asked = d->poll;
	if (l->result == DEVICE_OK) {
		d->counts.good++;
		l->poll = d->poll;
		str_copy(l->text, sizeof(l->text), text);
	} else if (l->result == DEVICE_NONE) {
		d->counts.failed++;
	}
	return l->result;
}

/* Once an alert came the next poll is due: the rest of this one can wait. */
static bool can_wait(const struct apcdevice *d, const struct letter *l)
{
	return d->line->alerted && l->code != APCDEVICE_STATUS && l->poll > 0;
}

static enum device_result device_read(void *arg, const void *place, unsigned long since,
				      struct mapvalue *v)
{
	struct apcdevice *d = arg;
	struct letter *l = ((const struct place *)place)->letter;
	enum device_result r = DEVICE_OK;

	if ((l->poll == 0 || l->poll < since) && !can_wait(d, l))
		r = ask(d, l);
	if (r == DEVICE_OK && !mapvalue_set_text(v, l->text))
		r = DEVICE_NONE;
	return r;
}

static bool device_here(void *arg, const void *place, unsigned long since)
{
	const struct letter *l = ((const struct place *)place)->letter;

	(void)arg;
	return l->poll > 0 && l->poll >= since;
}

static unsigned long device_begin(void *arg)
{
	struct apcdevice *d = arg;

	return ++d->poll;
}

static void device_forget(void *arg)
{
	struct apcdevice *d = arg;

	for (struct letter *l = d->letters; l; l = l->next)
		l->poll = 0;
}

static void device_counts(void *arg, struct device_counts *counts)
{
	const struct apcdevice *d = arg;

	*counts = d->counts;
}

/* ---------------------------------------------------------------------------- settings */

static enum apcline_result is_ok(struct apcdevice *d, unsigned code, const char *text)
{
	char answer[APCLINE_ANSWER_MAX];
	const struct apcline_order o = {.code = code, .text = text};
	enum apcline_result r = apcline_order(d->line, &o, answer, sizeof(answer));

	return r == APCLINE_OK && !str_equal(answer, "OK") ? APCLINE_GARBAGE : r;
}

/* "020" and 20, "OFF" and OFF. */
static bool same_value(const char *a, const char *b)
{
	double x, y;

	return str_to_double(a, &x) && str_to_double(b, &y) ? x == y : str_caseequal(a, b);
}

static bool is_choice(const struct apcdevice *d, const struct apccap *cap, const char *wanted)
{
	char value[APCSET_WIDTH_MAX + 1];

	for (size_t i = 0; i < cap->count; i++) {
		apccaps_value(&d->caps, cap, i, value);
		if (same_value(value, wanted))
			return true;
	}
	return false;
}

/* Each `-` brings the next of the values that the UPS has, and it may have more than it told. */
static enum apcline_result cycle(struct apcdevice *d, const struct letter *l, const char *wanted)
{
	char now[APCLINE_ANSWER_MAX], first[APCLINE_ANSWER_MAX];
	enum apcline_result r;

	for (int i = 0; i < CYCLE_MAX; i++) {
		r = apcline_ask(d->line, l->code, now, sizeof(now));
		if (r != APCLINE_OK)
			return r;
		if (same_value(now, wanted))
			return APCLINE_OK;
		if (i == 0)
			str_copy(first, sizeof(first), now);
		else if (str_equal(first, now))
			return APCLINE_REFUSED;
		r = is_ok(d, KEY_CHANGE, "");
		if (r != APCLINE_OK)
			return r;
	}
	return APCLINE_REFUSED;
}

static enum apcline_result edit(struct apcdevice *d, const struct letter *l, const char *wanted)
{
	char text[EDIT_LENGTH + 1], now[APCLINE_ANSWER_MAX];
	enum apcline_result r = apcline_ask(d->line, l->code, now, sizeof(now));

	memset(text, '\r', EDIT_LENGTH);
	text[EDIT_LENGTH] = '\0';
	memcpy(text, wanted, strlen(wanted));
	return r == APCLINE_OK ? is_ok(d, KEY_CHANGE, text) : r;
}

static enum device_result set(struct apcdevice *d, const struct letter *l, const char *wanted)
{
	const struct apccap *cap = apccaps_find(&d->caps, l->code);
	enum apcline_result r;

	if (cap && !is_choice(d, cap, wanted))
		return DEVICE_RANGE;
	if (!cap && (!l->editable || strlen(wanted) > EDIT_LENGTH))
		return DEVICE_REFUSED;
	for (const char *p = wanted; *p; p++)
		if (*p < ' ' || *p > '~')
			return DEVICE_RANGE;
	r = cap ? cycle(d, l, wanted) : edit(d, l, wanted);
	if (r == APCLINE_GARBAGE)
		d->line->astray = true;
	return from_line(r);
}

static bool device_choices(void *arg, const void *place,
			   void (*fn)(void *fn_arg, const struct mapvalue *v), void *fn_arg)
{
	const struct apcdevice *d = arg;
	const struct letter *l = ((const struct place *)place)->letter;
	const struct apccap *cap = apccaps_find(&d->caps, l->code);
	char value[APCSET_WIDTH_MAX + 1];
	struct mapvalue v = {.kind = MAPVALUE_TEXT};

	for (size_t i = 0; cap && i < cap->count; i++) {
		apccaps_value(&d->caps, cap, i, value);
		if (mapvalue_set_text(&v, value))
			fn(fn_arg, &v);
	}
	return cap || l->editable;
}

/* ---------------------------------------------------------------------------- commands */

static enum apcline_result run(struct apcdevice *d, const struct mapwhere_apc *at, const char *text)
{
	char answer[APCLINE_ANSWER_MAX];
	const struct apcline_order o = {.code = at->code,
					.text = text,
					.twice = at->twice,
					.may_be_silent = at->may_be_silent};
	const char *wanted = at->answer[0] ? at->answer : "OK";
	enum apcline_result r = APCLINE_REFUSED;

	/* A key that switches to and fro may have switched to the other side. */
	for (int i = 0; i < (at->answer[0] ? 2 : 1); i++) {
		r = apcline_order(d->line, &o, answer, sizeof(answer));
		log_debug(1, token, "0x%02x%s: \"%s\"", at->code, text, answer);
		if (r != APCLINE_OK || str_equal(answer, wanted) ||
		    (answer[0] == '\0' && at->may_be_silent))
			return r;
		r = APCLINE_REFUSED;
	}
	log_warn(token, "the UPS answered \"%s\" to 0x%02x", answer, at->code);
	return r;
}

static enum device_result device_write(void *arg, const void *place, const struct mapvalue *v,
				       enum map_type type, bool command)
{
	struct apcdevice *d = arg;
	const struct place *p = place;
	struct mapvalue copy = *v;
	const char *text = mapvalue_text(&copy);

	(void)type;
	/* A name's argument, that no key of the UPS takes. */
	return command ? from_line(run(d, &p->at, "")) : set(d, p->letter, text);
}

static bool find_command(const struct apcdevice *d, const char *name, struct mapwhere_apc *at)
{
	for (size_t i = 0; i < d->map->row_count; i++) {
		const struct map_row *row = &d->map->rows[i];

		if (row->kind == MAP_CMD && str_equal(row->name, name) &&
		    mapwhere_apc(row->where, at))
			return apcset_has(&d->set, at->code);
	}
	return false;
}

bool apcdevice_has_command(const struct apcdevice *d, const char *name)
{
	struct mapwhere_apc at;

	return find_command(d, name, &at);
}

enum apcline_result apcdevice_command(struct apcdevice *d, const char *name, const char *text)
{
	struct mapwhere_apc at;

	return find_command(d, name, &at) ? run(d, &at, text) : APCLINE_REFUSED;
}

/* --------------------------------------------------------------------- what it can do */

static bool fatal(enum apcline_result r)
{
	return r == APCLINE_GONE || r == APCLINE_ENDING;
}

/* The table's row for it; one that fits whatever comes is for others. */
static const struct maplookup_row *known_firmware(const struct maplookup *table,
						  const char *firmware)
{
	const struct maplookup_row *row = table ? maplookup_text(table, firmware) : NULL;
	unsigned bits;

	if (row && row->key != MAPLOOKUP_ANY)
		return row;
	row = table && parse_status(firmware, &bits) ? maplookup_text(table, "hex") : NULL;
	return row && row->key != MAPLOOKUP_ANY ? row : NULL;
}

static enum apcline_result ask_firmware(struct apcdevice *d)
{
	enum apcline_result r =
		apcline_ask(d->line, KEY_FIRMWARE, d->firmware, sizeof(d->firmware));

	if (r != APCLINE_OK && !fatal(r))
		r = apcline_ask(d->line, KEY_FIRMWARE_NEW, d->firmware, sizeof(d->firmware));
	if (r != APCLINE_OK)
		d->firmware[0] = '\0';
	return fatal(r) ? r : APCLINE_OK;
}

/* A list that is cut would hide what the UPS has: it is asked for until two are the same. */
static enum apcline_result ask_bytes(struct apcdevice *d, unsigned code, char *answer, size_t size,
				     size_t *len)
{
	char last[APCSET_TEXT_MAX];
	size_t last_len = 0;
	enum apcline_result r = APCLINE_REFUSED;

	for (int i = 0; i < LIST_TRIES; i++) {
		r = apcline_ask_bytes(d->line, code, answer, size, len);
		if (fatal(r) || r == APCLINE_REFUSED || (r == APCLINE_SILENCE && i > 0))
			return r;
		if (r != APCLINE_OK)
			continue;
		if (last_len == *len && memcmp(last, answer, *len) == 0)
			return r;
		last_len = *len;
		memcpy(last, answer, *len);
	}
	return last_len > 0 && r == APCLINE_OK ? r : APCLINE_REFUSED;
}

static void set_fallback(struct apcdevice *d, const struct maplookup *table)
{
	const struct maplookup_row *row = table ? maplookup_text(table, "*") : NULL;

	d->unknown = true;
	if (row)
		apcset_parse_letters(&d->set, row->text);
}

static enum apcline_result ask_list(struct apcdevice *d, const struct maplookup *table)
{
	char answer[APCSET_TEXT_MAX];
	size_t len = 0;
	enum apcline_result r = ask_bytes(d, APCSET_LIST, answer, sizeof(answer), &len);

	if (fatal(r))
		return r;
	if (r != APCLINE_OK || !apcset_parse_list(&d->set, answer, len))
		set_fallback(d, table);
	return APCLINE_OK;
}

/* The last character of the firmware is the part of the world that it was made for. */
static enum apcline_result ask_capabilities(struct apcdevice *d)
{
	char answer[APCSET_TEXT_MAX], firmware[APCLINE_ANSWER_MAX];
	size_t len = 0;
	enum apcline_result r = apcline_ask(d->line, KEY_FIRMWARE_NEW, firmware, sizeof(firmware));

	if (fatal(r))
		return r;
	if (r == APCLINE_OK && firmware[0])
		str_copy(d->firmware, sizeof(d->firmware), firmware);
	r = ask_bytes(d, APCSET_CAPABILITIES, answer, sizeof(answer), &len);
	if (r == APCLINE_OK && d->firmware[0])
		apccaps_parse(&d->caps, answer, len, d->firmware[strlen(d->firmware) - 1]);
	return fatal(r) ? r : APCLINE_OK;
}

/* Some claim what they then answer with NA. */
static enum apcline_result try_variables(struct apcdevice *d)
{
	for (size_t i = 0; i < d->map->row_count; i++) {
		const struct map_row *row = &d->map->rows[i];
		const struct place *p;
		enum device_result r;
		enum apcline_result alive;

		if (row->kind != MAP_VAR || str_equal(row->where, "-"))
			continue;
		p = device_place(d, row->where);
		if (!p || p->at.code == APCDEVICE_STATUS)
			continue;
		p->letter->editable = (row->flags & MAP_RW) && row->length > 0;
		d->poll = 1;
		r = ask(d, p->letter);
		if (r == DEVICE_NONE) {
			/* Does it not know this letter, or nothing any more? */
			alive = apcline_start(d->line, 1);
			if (alive != APCLINE_OK)
				return alive;
			p->letter->asked = 0;
			if (!d->unknown)
				r = ask(d, p->letter);
		}
		if (r == DEVICE_GONE)
			return APCLINE_GONE;
		if (r != DEVICE_OK)
			apcset_drop(&d->set, p->at.code);
		if (!d->line->port.wait(d->line->port.arg, 0))
			return APCLINE_ENDING;
	}
	d->poll = 0; /* what has come counts for the first poll */
	return APCLINE_OK;
}

enum apcline_result apcdevice_look(struct apcdevice *d)
{
	const struct maplookup *table = map_lookup(d->map, "firmware");
	const struct maplookup_row *row;
	enum apcline_result r = ask_firmware(d);

	if (r != APCLINE_OK)
		return r;
	row = known_firmware(table, d->firmware);
	if (row)
		apcset_parse_letters(&d->set, row->text);
	else
		r = ask_list(d, table);
	d->set.one[APCDEVICE_STATUS] = true;
	if (r == APCLINE_OK && apcset_has(&d->set, APCSET_CAPABILITIES))
		r = ask_capabilities(d);
	return r == APCLINE_OK ? try_variables(d) : r;
}

const char *apcdevice_firmware(const struct apcdevice *d)
{
	return d->firmware;
}

bool apcdevice_is_unknown(const struct apcdevice *d)
{
	return d->unknown;
}

/* -------------------------------------------------------------------------------- life */

struct apcdevice *apcdevice_new(const struct map *map, struct apcline *line)
{
	struct apcdevice *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->map = map;
	d->line = line;
	line->alerts = map_lookup(map, "alerts");
	return d;
}

void apcdevice_free(struct apcdevice *d)
{
	if (!d)
		return;
	while (d->places) {
		struct place *p = d->places;

		d->places = p->next;
		free(p->where);
		free(p);
	}
	while (d->letters) {
		struct letter *l = d->letters;

		d->letters = l->next;
		free(l);
	}
	free(d);
}

struct engine_device apcdevice_ops(struct apcdevice *d)
{
	return (struct engine_device){
		.place = device_place,
		.begin = device_begin,
		.read = device_read,
		.here = device_here,
		.write = device_write,
		.choices = device_choices,
		.forget = device_forget,
		.counts = device_counts,
		.arg = d,
	};
}
