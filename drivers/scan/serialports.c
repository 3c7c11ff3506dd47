#include "config.h"

#include "drivers/scan/serialports.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

enum { NUMBER_MAX = 9999 };

static bool add(struct serialports *p, const char *path)
{
	for (size_t i = 0; i < p->count; i++)
		if (str_equal(p->paths[i], path))
			return true;
	return p->count < SERIALPORTS_MAX &&
	       str_copy(p->paths[p->count], sizeof(p->paths[0]), path) && ++p->count;
}

/* ------------------------------------------------------------------------- of this host */

/* The system lists a port for each that there could be; one without hardware is of type 0. */
static bool has_hardware(const char *path)
{
	char name[SERIALPORTS_PATH_MAX + 32], type = '1';
	int fd;

	str_format(name, sizeof(name), "/sys/class/tty/%s/type", path + strlen("/dev/"));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (read(fd, &type, 1) != 1)
		type = '1';
	close(fd);
	return type != '0';
}

static void add_own(struct serialports *p)
{
	static const char *const patterns[] = {
#if defined(__FreeBSD__) || defined(__DragonFly__)
		"/dev/cuau[0-9]*",
		"/dev/cuaU[0-9]",
#elif defined(__OpenBSD__)
		"/dev/cua0[0-9]",
		"/dev/cuaU[0-9]",
#elif defined(__NetBSD__)
		"/dev/dty0[0-9]",
		"/dev/dtyU[0-9]",
#else
		"/dev/ttyS[0-9]*",
		"/dev/ttyUSB[0-9]*",
		"/dev/ttyACM[0-9]*",
		"/dev/ttyAMA[0-9]*",
#endif
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		glob_t found;

		if (glob(patterns[i], 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++)
			if (has_hardware(found.gl_pathv[k]))
				add(p, found.gl_pathv[k]);
		globfree(&found);
	}
}

/* ------------------------------------------------------------------------------- a list */

/* "ttyS0-3": where its last number begins, and the one behind the hyphen. */
static bool read_range(char *word, char **number, long *first, long *last)
{
	char *hyphen = strrchr(word, '-'), *at = hyphen;

	while (at && at > word && isdigit((unsigned char)at[-1]))
		at--;
	if (!at || at == hyphen || !str_to_long(hyphen + 1, 0, NUMBER_MAX, last))
		return false;
	*hyphen = '\0';
	if (!str_to_long(at, 0, NUMBER_MAX, first) || *first > *last) {
		*hyphen = '-';
		return false;
	}
	*number = at;
	return true;
}

static bool add_named(struct serialports *p, const char *word)
{
	char path[SERIALPORTS_PATH_MAX];
	const char *before = "";

	if (isdigit((unsigned char)*word))
		before = "/dev/ttyS";
	else if (*word != '/')
		before = "/dev/";
	return str_format(path, sizeof(path), "%s%s", before, word) && add(p, path);
}

static bool add_word(struct serialports *p, char *word)
{
	char name[SERIALPORTS_PATH_MAX], *number;
	long first, last;
	bool ok = true;

	if (!read_range(word, &number, &first, &last))
		return add_named(p, word);
	*number = '\0';
	for (long i = first; ok && i <= last; i++)
		ok = str_format(name, sizeof(name), "%s%ld", word, i) && add_named(p, name);
	return ok;
}

bool serialports_read(const char *text, struct serialports *p, char *why, size_t size)
{
	char *copy = str_dup(text), *rest = NULL;
	bool ok = copy != NULL;

	p->count = 0;
	for (char *word = copy ? strtok_r(copy, ", ", &rest) : NULL; ok && word;
	     word = strtok_r(NULL, ", ", &rest)) {
		if (str_caseequal(word, "auto"))
			add_own(p);
		else
			ok = add_word(p, word);
	}
	free(copy);
	if (!ok)
		str_format(
			why, size,
			"\"%s\": there are more than %d serial ports, or one has too long a name",
			text, SERIALPORTS_MAX);
	return ok;
}
