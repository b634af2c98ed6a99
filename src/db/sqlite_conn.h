/*
 * db/sqlite_conn: a connection of SQLite's, with the statements that are kept prepared on it.
 *
 * "$1" is a named parameter to SQLite, numbered by first appearance, so parameters are looked up by
 * name. One thread at a time may use a connection. For db/sqlite alone.
 */
#pragma once

#include <sqlite3.h>

#include "base/base.h"
#include "db/cache.h"
#include "db/db.h"
#include "db/sqlite_parts.h"

#define SQLITE_MAX_PARAMETERS 64

enum sqlite_word {
    SQLITE_WORD_BEGIN,
    SQLITE_WORD_BEGIN_IMMEDIATE,
    SQLITE_WORD_COMMIT,
    SQLITE_WORD_ROLLBACK,
    SQLITE_WORD_SAVEPOINT,
    SQLITE_WORD_RELEASE,
    SQLITE_WORD_ROLLBACK_TO,
    N_SQLITE_WORDS
};

struct sqlite_conn {
    sqlite3 *handle;
    struct sqlite_map *map; /* NULL: the file is not mapped */
    struct stmt_cache cache;
    int64_t cache_kib;        /* as configured */
    int64_t used_kib;         /* as it is now */
    struct sqlite_use *noted; /* of the statement that is being prepared; else NULL */

    /* What stands around transactions, kept prepared; NULL until the first of its kind. */
    sqlite3_stmt *words[N_SQLITE_WORDS];
    sqlite3_stmt *state; /* the same, of sqlite_conn_state() */
};

struct sqlite_prepared {
    sqlite3_stmt *handle;
    int parameters[SQLITE_MAX_PARAMETERS + 1]; /* $N to SQLite's index; 0: not in the text */
    struct sqlite_use use;
    bool in_use;
    bool is_cached;

    /* It inserts one row and wants its id, which the connection knows without RETURNING: for that
     * SQLite would make a table to keep the rows in, and a journal of the statement's own. */
    bool wants_id;
};

/* Makes the file where there is none. */
bool sqlite_conn_open(const char *path, const struct db_conf *conf, int64_t busy_ms,
    struct sqlite_conn **ret, struct err *err) must_check;
void sqlite_conn_free(struct sqlite_conn *conn);

/* Pages may come from the map: where sqlite_map_use() says so. Whoever writes would only ask for
 * them in vain. */
bool sqlite_conn_use_map(struct sqlite_conn *conn, struct err *err) must_check;

/* The error that the connection has just met, with `sql` for the log. False. */
bool sqlite_conn_fail(sqlite3 *handle, const char *sql, struct err *err);

/* The file, or a transaction that was only meant to read? False. */
bool sqlite_conn_fail_read_only(sqlite3 *handle, struct err *err);

/* A cache of that size, or of the configured one if that is larger; from now on, and not within a
 * transaction. */
void sqlite_conn_use_memory(struct sqlite_conn *conn, int64_t kib);

/* Has a transaction changed more pages than the cache holds, since its size was last said? */
bool sqlite_conn_has_spilled(const struct sqlite_conn *conn);

bool sqlite_conn_say(struct sqlite_conn *conn, enum sqlite_word word, struct err *err) must_check;
bool sqlite_conn_in_transaction(const struct sqlite_conn *conn);

/* Which state of the database a transaction sees that only reads; see db_ops.state. */
bool sqlite_conn_state(struct sqlite_conn *conn, int64_t *ret, struct err *err) must_check;

/* Whatever transaction there is; where even that fails, SQLite has done it itself. */
void sqlite_conn_roll_back(struct sqlite_conn *conn);

/* Several statements, without parameters or rows. */
bool sqlite_conn_script(struct sqlite_conn *conn, const char *sql, struct err *err) must_check;

/* Ready to be bound, and the caller's until sqlite_conn_release(). NULL: `err` says why. */
struct sqlite_prepared *sqlite_conn_prepare(struct sqlite_conn *conn, const char *sql,
    struct err *err) must_check;
void sqlite_conn_release(struct sqlite_prepared *prepared);

DEFINE_AUTOFREE(sqlite_conn);
