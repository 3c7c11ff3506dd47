#include "config.h"

#include "clients/history/store.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/ups/status.h"

enum {
	WHY_SIZE = 200,
	PATH_SIZE = 4096,
	DAY = 86400,
	EVENTS_KEPT_S = 400 * DAY,
	SCALE = 1000, /* values are kept as whole thousandths, which take two or three bytes */
	BUSY_MS = 5000,
};

/*
 * A year of 20 devices with eight values each is some 107 MB; see
 * docs/performance.md.
 */
static const struct level {
	const char *table;
	long step, keep;
} levels[] = {
	{"fine", HISTORY_STEP_S, 3 * 3600},
	{"minutes", 60, 7 * DAY},
	{"tens", 600, 60 * DAY},
	{"hours", 3600, 400 * DAY},
};

enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

enum statement {
	PUT_SERIES,
	GET_SERIES,
	PUT_SAMPLE,
	PUT_EVENT,
	GET_EVENTS,
	GET_EVENTS_OF,
	GET_STATUS_BEFORE,
	GET_STATUS,
	STATEMENTS
};

static const char *const texts[STATEMENTS] = {
	[PUT_SERIES] = "INSERT OR IGNORE INTO series (id, var) VALUES (?1, ?2)",
	[GET_SERIES] = "SELECT n FROM series WHERE id = ?1 AND var = ?2",
	[PUT_SAMPLE] = "INSERT OR REPLACE INTO fine (series, t, avg, low, high) "
		       "VALUES (?1, ?2, ?3, ?4, ?5)",
	[PUT_EVENT] = "INSERT INTO events (t, id, kind, text, was, becomes, cause) "
		      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[GET_EVENTS] = "SELECT n, t, id, kind, text, was, becomes, cause FROM events "
		       "WHERE n < ?1 ORDER BY n DESC LIMIT ?2",
	[GET_EVENTS_OF] = "SELECT n, t, id, kind, text, was, becomes, cause FROM events "
			  "WHERE n < ?1 AND id = ?3 ORDER BY n DESC LIMIT ?2",
	[GET_STATUS_BEFORE] = "SELECT becomes FROM events WHERE id = ?1 AND kind IN ('status', 'start') AND "
			      "t < ?2 ORDER BY n DESC LIMIT 1",
	[GET_STATUS] = "SELECT t, becomes FROM events WHERE id = ?1 AND kind IN ('status', 'start') AND "
		       "t >= ?2 AND t <= ?3 ORDER BY n",
};

struct history_store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	char why[WHY_SIZE];
};

static const char schema[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	"CREATE TABLE IF NOT EXISTS series (n INTEGER PRIMARY KEY, id TEXT NOT NULL, "
	"var TEXT NOT NULL, UNIQUE (id, var));"
	"CREATE TABLE IF NOT EXISTS events (n INTEGER PRIMARY KEY AUTOINCREMENT, t REAL NOT NULL, "
	"id TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, was TEXT NOT NULL, "
	"becomes TEXT NOT NULL, cause TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS sums (name TEXT PRIMARY KEY, t INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS events_of ON events (id, n);"
	"CREATE INDEX IF NOT EXISTS events_at ON events (t);"
	"PRAGMA user_version = 1;";

/* ------------------------------------------------------------------ results */

static enum history_result meaning(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return HISTORY_OK;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return HISTORY_NO_ROOM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return HISTORY_BROKEN;
	default:
		return HISTORY_FAILED;
	}
}

static enum history_result result(struct history_store *s, int code)
{
	enum history_result r = meaning(code);

	if (r != HISTORY_OK)
		str_copy(s->why, sizeof(s->why), sqlite3_errmsg(s->db));
	return r;
}

const char *history_store_why(const struct history_store *s)
{
	return s->why;
}

static enum history_result run(struct history_store *s, const char *sql)
{
	return result(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/* The statement, ready for new values; NULL with the reason kept. */
static sqlite3_stmt *take(struct history_store *s, enum statement which)
{
	sqlite3_stmt **st = &s->statements[which];

	if (!*st && result(s, sqlite3_prepare_v3(s->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
						 st, NULL)) != HISTORY_OK)
		return NULL;
	sqlite3_reset(*st);
	return *st;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text ? text : "", -1, SQLITE_TRANSIENT);
}

/* Runs a statement that gives no rows. */
static enum history_result finish(struct history_store *s, sqlite3_stmt *st)
{
	enum history_result r = result(s, sqlite3_step(st));

	sqlite3_reset(st);
	return r;
}

/* ------------------------------------------------------------------- the file */

static enum history_result make_tables(struct history_store *s)
{
	enum history_result r = run(s, schema);

	for (int i = 0; r == HISTORY_OK && i < LEVELS; i++) {
		char sql[400];

		str_format(sql, sizeof(sql),
			   "CREATE TABLE IF NOT EXISTS %s (series INTEGER NOT NULL, t INTEGER NOT "
			   "NULL, avg INTEGER NOT NULL, low INTEGER, high INTEGER, PRIMARY KEY "
			   "(series, t)) WITHOUT ROWID",
			   levels[i].table);
		r = run(s, sql);
	}
	return r;
}

/* What a torn write left behind is found before anything is built on it. */
static enum history_result check_whole(struct history_store *s)
{
	sqlite3_stmt *st = NULL;
	enum history_result r =
		result(s, sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &st, NULL));

	if (r == HISTORY_OK)
		r = result(s, sqlite3_step(st));
	if (r == HISTORY_OK && strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0) {
		str_copy(s->why, sizeof(s->why), (const char *)sqlite3_column_text(st, 0));
		r = HISTORY_BROKEN;
	}
	sqlite3_finalize(st);
	return r;
}

static enum history_result open_file(struct history_store *s, const char *path)
{
	enum history_result r = result(
		s, sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));

	if (r != HISTORY_OK)
		return r;
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	r = check_whole(s);
	return r == HISTORY_OK ? make_tables(s) : r;
}

static void close_file(struct history_store *s)
{
	for (int i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

/* With its journal, which would be played into the new file. */
static bool put_file_aside(const char *path)
{
	static const char *const tails[] = {"-wal", "-shm", ""};
	char from[PATH_SIZE], to[PATH_SIZE];

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		if (!str_format(from, sizeof(from), "%s%s", path, tails[i]) ||
		    !str_format(to, sizeof(to), "%s.broken%s", path, tails[i]) ||
		    (rename(from, to) != 0 && errno != ENOENT))
			return false;
	return true;
}

enum history_result history_store_open(struct history_store **out, const char *path,
				       bool *put_aside, char *why, size_t why_size)
{
	struct history_store *s = calloc(1, sizeof(*s));
	enum history_result r = HISTORY_FAILED;

	*out = NULL;
	*put_aside = false;
	str_copy(why, why_size, "out of memory");
	if (!s)
		return r;
	r = open_file(s, path);
	if (r == HISTORY_BROKEN) {
		close_file(s);
		*put_aside = put_file_aside(path);
		r = *put_aside ? open_file(s, path) : HISTORY_BROKEN;
	}
	if (r == HISTORY_OK) {
		*out = s;
		return r;
	}
	str_copy(why, why_size, s->why);
	history_store_close(s);
	return r;
}

void history_store_close(struct history_store *s)
{
	if (!s)
		return;
	close_file(s);
	free(s);
}

/* -------------------------------------------------------------------- writing */

enum history_result history_store_begin(struct history_store *s)
{
	return run(s, "BEGIN IMMEDIATE");
}

enum history_result history_store_commit(struct history_store *s)
{
	enum history_result r = run(s, "COMMIT");

	if (r != HISTORY_OK)
		history_store_rollback(s);
	return r;
}

void history_store_rollback(struct history_store *s)
{
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* The number of the series; 0 if there is none, or on a fault. */
static long long series_number(struct history_store *s, const char *id, const char *var)
{
	sqlite3_stmt *st = take(s, GET_SERIES);
	long long n = 0;

	if (!st)
		return 0;
	bind_text(st, 1, id);
	bind_text(st, 2, var);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return n;
}

static long long series_made(struct history_store *s, const char *id, const char *var)
{
	long long n = series_number(s, id, var);
	sqlite3_stmt *st;

	if (n || !(st = take(s, PUT_SERIES)))
		return n;
	bind_text(st, 1, id);
	bind_text(st, 2, var);
	return finish(s, st) == HISTORY_OK ? series_number(s, id, var) : 0;
}

/* False: nothing that can be kept. */
static bool scaled(double v, long long *n)
{
	if (!isfinite(v) || fabs(v) > 1e12)
		return false;
	*n = llround(v * SCALE);
	return true;
}

enum history_result history_store_sample(struct history_store *s, const char *id, const char *var,
					 const struct history_point *p)
{
	long long avg, low, high, series;
	sqlite3_stmt *st;

	if (!scaled(p->avg, &avg) || !scaled(p->min, &low) || !scaled(p->max, &high))
		return HISTORY_OK;
	series = series_made(s, id, var);
	if (!series || !(st = take(s, PUT_SAMPLE)))
		return result(s, sqlite3_extended_errcode(s->db)) == HISTORY_OK
			       ? HISTORY_FAILED
			       : meaning(sqlite3_extended_errcode(s->db));
	sqlite3_bind_int64(st, 1, series);
	sqlite3_bind_int64(st, 2, p->time - p->time % HISTORY_STEP_S);
	sqlite3_bind_int64(st, 3, avg);
	/* A value that stood still takes no room for its ends. */
	if (low == avg)
		sqlite3_bind_null(st, 4);
	else
		sqlite3_bind_int64(st, 4, low);
	if (high == avg)
		sqlite3_bind_null(st, 5);
	else
		sqlite3_bind_int64(st, 5, high);
	return finish(s, st);
}

enum history_result history_store_event(struct history_store *s, const struct history_event *e)
{
	sqlite3_stmt *st = take(s, PUT_EVENT);

	if (!st)
		return meaning(sqlite3_extended_errcode(s->db));
	sqlite3_bind_double(st, 1, e->time);
	bind_text(st, 2, e->id);
	bind_text(st, 3, e->kind);
	bind_text(st, 4, e->text);
	bind_text(st, 5, e->from);
	bind_text(st, 6, e->to);
	bind_text(st, 7, e->cause);
	return finish(s, st);
}

/*
 * The coarser level's last span and those after it, anew: the last one was not
 * complete when it was summed up.  By series, so that no index by time is needed.
 */
static enum history_result sum_up(struct history_store *s, const struct level *fine,
				  const struct level *coarse, long long now)
{
	char sql[900];
	enum history_result r;

	str_format(sql, sizeof(sql),
		   "INSERT OR REPLACE INTO %s (series, t, avg, low, high) SELECT f.series, f.t / "
		   "%ld * %ld AS at, CAST(round(avg(f.avg)) AS INTEGER), "
		   "nullif(min(coalesce(f.low, f.avg)), CAST(round(avg(f.avg)) AS INTEGER)), "
		   "nullif(max(coalesce(f.high, f.avg)), CAST(round(avg(f.avg)) AS INTEGER)) "
		   "FROM series CROSS JOIN %s AS f ON f.series = series.n AND f.t >= "
		   "coalesce((SELECT t FROM sums WHERE name = '%s'), 0) GROUP BY f.series, at",
		   coarse->table, coarse->step, coarse->step, fine->table, coarse->table);
	r = run(s, sql);
	if (r != HISTORY_OK)
		return r;
	str_format(sql, sizeof(sql), "INSERT OR REPLACE INTO sums (name, t) VALUES ('%s', %lld)",
		   coarse->table, now - now % coarse->step);
	return run(s, sql);
}

static enum history_result forget_values(struct history_store *s, const struct level *level,
					 long long now)
{
	char sql[300];

	str_format(sql, sizeof(sql),
		   "DELETE FROM %s WHERE (series, t) IN (SELECT f.series, f.t FROM series CROSS "
		   "JOIN %s AS f ON f.series = series.n AND f.t < %lld)",
		   level->table, level->table, now - level->keep);
	return run(s, sql);
}

static enum history_result forget_events(struct history_store *s, long long now)
{
	char sql[100];

	str_format(sql, sizeof(sql), "DELETE FROM events WHERE t < %lld", now - EVENTS_KEPT_S);
	return run(s, sql);
}

enum history_result history_store_tidy(struct history_store *s, long long now)
{
	enum history_result r = history_store_begin(s);

	if (r != HISTORY_OK)
		return r;
	for (int i = 1; r == HISTORY_OK && i < LEVELS; i++)
		r = sum_up(s, &levels[i - 1], &levels[i], now);
	for (int i = 0; r == HISTORY_OK && i < LEVELS; i++)
		r = forget_values(s, &levels[i], now);
	if (r == HISTORY_OK)
		r = forget_events(s, now);
	if (r == HISTORY_OK)
		return history_store_commit(s);
	history_store_rollback(s);
	return r;
}

/* -------------------------------------------------------------------- reading */

/* The newest moment of which there are values; 0 for none. */
static long long newest(struct history_store *s, long long series)
{
	char sql[200];
	sqlite3_stmt *st = NULL;
	long long t = 0;

	str_format(sql, sizeof(sql),
		   "SELECT max(t) FROM (SELECT max(t) AS t FROM %s WHERE series = %lld UNION ALL "
		   "SELECT max(t) FROM %s WHERE series = %lld)",
		   levels[0].table, series, levels[LEVELS - 1].table, series);
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		t = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return t;
}

/* The coarsest level that is fine enough, of those that reach back to `from`. */
static const struct level *choose_level(long long now, long long from, long step)
{
	const struct level *best = NULL;

	for (int i = 0; i < LEVELS; i++) {
		if (i + 1 < LEVELS && from < now - levels[i].keep)
			continue;
		if (!best || levels[i].step <= step)
			best = &levels[i];
	}
	return best;
}

enum history_result history_store_points(struct history_store *s, const char *id, const char *var,
					 long long from, long long to, long points, long *step,
					 history_point_fn *fn, void *arg)
{
	long long series = series_number(s, id, var);
	long wanted = points > 0 && to > from ? (long)((to - from + points - 1) / points) : 1;
	const struct level *level = choose_level(newest(s, series), from, wanted);
	char sql[1000];
	sqlite3_stmt *st = NULL;
	enum history_result r;
	int code;

	*step = (wanted + level->step - 1) / level->step * level->step;
	/* What the level was not told yet is taken from the finest one; each counts as it lasts. */
	str_format(sql, sizeof(sql),
		   "WITH done AS (SELECT coalesce((SELECT t FROM sums WHERE name = '%s'), 0) AS t) "
		   "SELECT at, min(low), sum(avg * w) / sum(w), max(high) FROM ("
		   "SELECT t / %ld * %ld AS at, avg, coalesce(low, avg) AS low, "
		   "coalesce(high, avg) AS high, %ld AS w FROM %s WHERE series = ?1 AND t >= ?2 "
		   "AND t <= ?3 AND t < (SELECT t FROM done) UNION ALL "
		   "SELECT t / %ld * %ld, avg, coalesce(low, avg), coalesce(high, avg), %d FROM %s "
		   "WHERE series = ?1 AND t >= max(?2, (SELECT t FROM done)) AND t <= ?3) "
		   "GROUP BY at ORDER BY at",
		   level->table, *step, *step, level->step, level->table, *step, *step,
		   HISTORY_STEP_S, levels[0].table);
	r = result(s, sqlite3_prepare_v2(s->db, sql, -1, &st, NULL));
	if (r != HISTORY_OK)
		return r;
	sqlite3_bind_int64(st, 1, series);
	sqlite3_bind_int64(st, 2, from);
	sqlite3_bind_int64(st, 3, to);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		const struct history_point p = {
			.time = sqlite3_column_int64(st, 0),
			.min = (double)sqlite3_column_int64(st, 1) / SCALE,
			.avg = sqlite3_column_double(st, 2) / SCALE,
			.max = (double)sqlite3_column_int64(st, 3) / SCALE,
		};

		fn(arg, &p);
	}
	r = result(s, code);
	sqlite3_finalize(st);
	return r;
}

static const char *column_text(sqlite3_stmt *st, int at)
{
	const char *text = (const char *)sqlite3_column_text(st, at);

	return text ? text : "";
}

enum history_result history_store_events(struct history_store *s, const char *id, long long before,
					 long limit, history_event_fn *fn, void *arg)
{
	sqlite3_stmt *st = take(s, id ? GET_EVENTS_OF : GET_EVENTS);
	enum history_result r;
	int code;

	if (!st)
		return meaning(sqlite3_extended_errcode(s->db));
	sqlite3_bind_int64(st, 1, before > 0 ? before : INT64_MAX);
	sqlite3_bind_int64(st, 2, limit);
	if (id)
		bind_text(st, 3, id);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		const struct history_event e = {
			.n = sqlite3_column_int64(st, 0),
			.time = sqlite3_column_double(st, 1),
			.id = column_text(st, 2),
			.kind = column_text(st, 3),
			.text = column_text(st, 4),
			.from = column_text(st, 5),
			.to = column_text(st, 6),
			.cause = column_text(st, 7),
		};

		fn(arg, &e);
	}
	r = result(s, code);
	sqlite3_reset(st);
	return r;
}

static bool on_battery(const char *status)
{
	return status_parse(status, NULL) & STATUS_OB;
}

/* Was it on battery when `from` came? */
static bool began_on_battery(struct history_store *s, const char *id, long long from)
{
	sqlite3_stmt *st = take(s, GET_STATUS_BEFORE);
	bool is = false;

	if (!st)
		return false;
	bind_text(st, 1, id);
	sqlite3_bind_int64(st, 2, from);
	if (sqlite3_step(st) == SQLITE_ROW)
		is = on_battery(column_text(st, 0));
	sqlite3_reset(st);
	return is;
}

enum history_result history_store_outages(struct history_store *s, const char *id, long long from,
					  long long to, history_outage_fn *fn, void *arg)
{
	bool out = began_on_battery(s, id, from);
	double since = (double)from;
	sqlite3_stmt *st = take(s, GET_STATUS);
	enum history_result r;
	int code;

	if (!st)
		return meaning(sqlite3_extended_errcode(s->db));
	bind_text(st, 1, id);
	sqlite3_bind_int64(st, 2, from);
	sqlite3_bind_int64(st, 3, to);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		double t = sqlite3_column_double(st, 0);
		bool now = on_battery(column_text(st, 1));

		if (now && !out)
			since = t;
		if (out && !now)
			fn(arg, since, t);
		out = now;
	}
	if (out)
		fn(arg, since, (double)to);
	r = result(s, code);
	sqlite3_reset(st);
	return r;
}
