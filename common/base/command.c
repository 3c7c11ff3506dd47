#include "config.h"

#include "common/base/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/base/words.h"

/* With room for one more. */
static char **copy(size_t count, char *const *words)
{
	char **list = calloc(count + 2, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		list[i] = str_dup(words[i]);
		if (!list[i]) {
			command_free(list);
			return NULL;
		}
	}
	return list;
}

static char **split(const char *text)
{
	static const struct words_limits limits = {.max_words = 64, .max_line = 8192};
	struct words *w = words_new(WORDS_FILE, &limits);
	size_t len = strlen(text);
	char **list = NULL;
	enum words_result result;

	if (!w)
		return NULL;
	result = words_feed(w, &text, &len);
	if (result == WORDS_MORE)
		result = words_end(w);
	if (result == WORDS_LINE && words_count(w) > 0)
		list = copy(words_count(w), words_all(w));
	words_free(w);
	return list;
}

char **command_new(size_t count, char *const *words)
{
	char **list = NULL;

	if (count == 1 && strpbrk(words[0], " \t") && access(words[0], F_OK) != 0)
		list = split(words[0]);
	return list ? list : copy(count, words);
}

char **command_with(char *const *command, const char *argument)
{
	size_t count = 0;
	char **list;

	while (command[count])
		count++;
	list = copy(count, command);
	if (list)
		list[count] = str_dup(argument);
	if (list && !list[count]) {
		command_free(list);
		return NULL;
	}
	return list;
}

void command_free(char **command)
{
	for (char **p = command; p && *p; p++)
		free(*p);
	free(command);
}
