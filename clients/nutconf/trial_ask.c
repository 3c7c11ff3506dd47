#include "config.h"

#include "clients/nutconf/trial_ask.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "clients/libupsclient/upsclient.h"
#include "common/base/str.h"

enum { LIMIT_S = 5, ITEMS_MAX = 4096 };

static char last_error[UPSCLI_ERRBUF_LEN];

const char *trial_ask_error(void)
{
	return last_error;
}

void trial_list_free(struct trial_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i].name);
		free(l->items[i].value);
	}
	free(l->items);
	*l = (struct trial_list){NULL, 0};
}

bool trial_list_add(struct trial_list *l, const char *name, const char *value)
{
	struct trial_pair *more;

	if (l->count == ITEMS_MAX)
		return false;
	more = realloc(l->items, (l->count + 1) * sizeof(*more));
	if (!more)
		return false;
	l->items = more;
	more[l->count] = (struct trial_pair){str_dup(name), str_dup(value)};
	if (more[l->count].name && more[l->count].value) {
		l->count++;
		return true;
	}
	free(more[l->count].name);
	free(more[l->count].value);
	return false;
}

const char *trial_list_find(const struct trial_list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++) {
		if (str_equal(l->items[i].name, name))
			return l->items[i].value;
	}
	return NULL;
}

static bool fail(UPSCONN_t *conn)
{
	str_copy(last_error, sizeof(last_error), upscli_strerror(conn));
	return false;
}

static bool dial(UPSCONN_t *conn, const struct trial_server *s)
{
	struct timeval limit = {.tv_sec = LIMIT_S};

	memset(conn, 0, sizeof(*conn));
	last_error[0] = '\0';
	return upscli_tryconnect(conn, s->host, (uint16_t)s->port, UPSCLI_CONN_TRYSSL, &limit) ==
		       0 ||
	       fail(conn);
}

/* LIST <query>: words `name` and `value` of each answer go to the list (value 0: none). */
static bool list(UPSCONN_t *conn, size_t count, const char **query, size_t name, size_t value,
		 struct trial_list *out)
{
	size_t got;
	char **answer;
	int result;

	if (upscli_list_start(conn, count, query) < 0)
		return fail(conn);
	while ((result = upscli_list_next(conn, count, query, &got, &answer)) == 1) {
		if (got > name &&
		    !trial_list_add(out, answer[name], value && got > value ? answer[value] : ""))
			return false;
	}
	return result == 0 || fail(conn);
}

static bool list_once(const struct trial_server *s, size_t count, const char **query, size_t name,
		      size_t value, struct trial_list *out)
{
	UPSCONN_t conn;
	bool ok;

	if (!dial(&conn, s))
		return false;
	ok = list(&conn, count, query, name, value, out);
	upscli_disconnect(&conn);
	return ok;
}

bool trial_ask_upses(const struct trial_server *s, struct trial_list *out)
{
	const char *query[] = {"UPS"};

	return list_once(s, 1, query, 1, 2, out);
}

bool trial_ask_values(const struct trial_server *s, const char *ups, struct trial_list *out)
{
	const char *query[] = {"VAR", ups};

	return list_once(s, 2, query, 2, 3, out);
}

bool trial_ask_clients(const struct trial_server *s, const char *ups, struct trial_list *out)
{
	const char *query[] = {"CLIENT", ups};

	return list_once(s, 2, query, 2, 0, out);
}

bool trial_ask_status(const struct trial_server *s, const char *ups, char *dst, size_t size)
{
	const char *query[] = {"VAR", ups, "ups.status"};
	UPSCONN_t conn;
	size_t count;
	char **answer;
	bool ok;

	if (!dial(&conn, s))
		return false;
	ok = upscli_get(&conn, 3, query, &count, &answer) == 0 || fail(&conn);
	if (ok)
		str_copy(dst, size, count > 3 ? answer[3] : "");
	upscli_disconnect(&conn);
	return ok;
}

/* The type of one variable, its choices and ranges. */
static bool add_ability(UPSCONN_t *conn, const char *ups, const char *var, struct trial_list *out)
{
	const char *type[] = {"TYPE", ups, var}, *choice[] = {"ENUM", ups, var},
		   *range[] = {"RANGE", ups, var};
	struct trial_list more = {NULL, 0};
	char name[300], text[1024] = "";
	size_t count;
	char **answer;
	bool ok;

	if (upscli_get(conn, 3, type, &count, &answer) < 0)
		return fail(conn);
	for (size_t i = 3; i < count; i++)
		str_format(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			   i > 3 ? " " : "", answer[i]);
	ok = list(conn, 3, choice, 3, 0, &more) && list(conn, 3, range, 3, 4, &more);
	for (size_t i = 0; ok && i < more.count; i++)
		str_format(text + strlen(text), sizeof(text) - strlen(text), " %s%s%s",
			   more.items[i].name, *more.items[i].value ? "-" : "",
			   more.items[i].value);
	trial_list_free(&more);
	str_format(name, sizeof(name), "SET %s", var);
	return ok && trial_list_add(out, name, text);
}

bool trial_ask_abilities(const struct trial_server *s, const char *ups, struct trial_list *out)
{
	const char *rw[] = {"RW", ups}, *cmd[] = {"CMD", ups};
	struct trial_list vars = {NULL, 0}, cmds = {NULL, 0};
	UPSCONN_t conn;
	char name[300];
	bool ok;

	if (!dial(&conn, s))
		return false;
	ok = list(&conn, 2, rw, 2, 0, &vars) && list(&conn, 2, cmd, 2, 0, &cmds);
	for (size_t i = 0; ok && i < vars.count; i++)
		ok = add_ability(&conn, ups, vars.items[i].name, out);
	for (size_t i = 0; ok && i < cmds.count; i++)
		ok = str_format(name, sizeof(name), "COMMAND %s", cmds.items[i].name) &&
		     trial_list_add(out, name, "");
	upscli_disconnect(&conn);
	trial_list_free(&vars);
	trial_list_free(&cmds);
	return ok;
}
