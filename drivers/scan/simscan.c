#include "config.h"

#include "drivers/scan/simscan.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

static int is_recording(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return end && end != e->d_name && (str_equal(end, ".dev") || str_equal(end, ".seq"));
}

bool simscan_run(const char *folder, struct findings *all, char *why, size_t size)
{
	struct dirent **list = NULL;
	int count = scandir(folder, &list, is_recording, alphasort);

	if (count < 0)
		str_format(why, size, "%s cannot be read: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		findings_add(all, FINDING_SIMULATION, "dummy-ups", list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return count >= 0;
}
