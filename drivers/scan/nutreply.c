/* What a server says to LIST UPS. */
#include "config.h"

#include <stdlib.h>

#include "common/base/str.h"
#include "drivers/scan/nutscan.h"

enum { GROWTH = 16 };

static bool is_list(const struct words *w)
{
	return words_count(w) == 3 && str_equal(words_at(w, 1), "LIST") &&
	       str_equal(words_at(w, 2), "UPS");
}

/* False: no memory.  A name that was cut would be another's. */
static bool keep(struct nutscan_reply *reply, const char *name, const char *description)
{
	struct nutscan_ups *ups;
	char text[NUTSCAN_TEXT_MAX];

	if (!str_copy(text, sizeof(text), name))
		return true;
	str_copy(text, sizeof(text), description);

	if (reply->count == reply->room) {
		ups = realloc(reply->upses, (reply->room + GROWTH) * sizeof(*ups));
		if (!ups)
			return false;
		reply->upses = ups;
		reply->room += GROWTH;
	}
	ups = &reply->upses[reply->count];
	*ups = (struct nutscan_ups){str_dup(name), str_dup(text)};
	reply->count++;
	return ups->name && ups->description;
}

static enum nutscan_progress take_ups(struct nutscan_reply *reply, const struct words *w)
{
	if (!reply->begun || words_count(w) < 2 || !str_equal(words_at(w, 0), "UPS") ||
	    !*words_at(w, 1))
		return NUTSCAN_NO_SERVER;
	if (!keep(reply, words_at(w, 1), words_at(w, 2)))
		return NUTSCAN_NO_SERVER;
	return reply->count < NUTSCAN_UPSES_MAX ? NUTSCAN_MORE : NUTSCAN_DONE;
}

enum nutscan_progress nutscan_reply_line(struct nutscan_reply *reply, const struct words *w)
{
	enum netwire_error error = NETWIRE_OK;

	switch (netwire_classify(w, &error)) {
	case NETWIRE_R_BEGIN:
		if (!is_list(w) || reply->begun)
			return NUTSCAN_NO_SERVER;
		reply->begun = true;
		return NUTSCAN_MORE;
	case NETWIRE_R_END:
		return is_list(w) && reply->begun ? NUTSCAN_DONE : NUTSCAN_NO_SERVER;
	case NETWIRE_R_ERR:
		/* Others say ERR as well; only NUT's names for what is wrong are a sign of it. */
		if (reply->begun || error == NETWIRE_UNKNOWN_ERROR)
			return NUTSCAN_NO_SERVER;
		reply->refused = error;
		return NUTSCAN_DONE;
	case NETWIRE_R_DATA:
		return take_ups(reply, w);
	default:
		return NUTSCAN_NO_SERVER;
	}
}

void nutscan_reply_free(struct nutscan_reply *reply)
{
	for (size_t i = 0; i < reply->count; i++) {
		free(reply->upses[i].name);
		free(reply->upses[i].description);
	}
	free(reply->upses);
	*reply = (struct nutscan_reply){NULL, 0, 0, false, NETWIRE_OK};
}
