/* db/sqlite_conn: see the header. */
#include "db/sqlite_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "db/sqlite_map.h"
#include "db/sqlite_rows.h"

#define DEFAULT_CACHE_KIB 8192

static bool fail_constraint(struct err *err, int code)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return fail(err, ERR_CONFLICT, "it is there already");
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
        return fail(err, ERR_CONFLICT, "something else still needs it");
    return fail(err, ERR_INTERNAL, "the database refused a value");
}

bool sqlite_conn_fail_read_only(sqlite3 *handle, struct err *err)
{
    if (sqlite3_db_readonly(handle, "main") == 1)
        return fail(err, ERR_UNAVAILABLE, "the database file is read-only");
    return fail(err, ERR_INTERNAL, "a transaction that only reads was about to write");
}

bool sqlite_conn_fail(sqlite3 *handle, const char *sql, struct err *err)
{
    int code = handle ? sqlite3_extended_errcode(handle) : SQLITE_NOMEM;
    const char *words = handle ? sqlite3_errmsg(handle) : "out of memory";

    switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
        fail_constraint(err, code);
        break;
    case SQLITE_FULL:
        fail(err, ERR_UNAVAILABLE, "the disk of the database is full");
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        fail(err, ERR_UNAVAILABLE, "the database is busy");
        break;
    case SQLITE_READONLY:
        sqlite_conn_fail_read_only(handle, err);
        break;
    case SQLITE_IOERR:
        fail(err, ERR_UNAVAILABLE, "the database file could not be read or written");
        break;
    case SQLITE_CANTOPEN:
        fail(err, ERR_UNAVAILABLE, "the database file could not be opened");
        break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        fail(err, ERR_INTERNAL, "the database file is damaged, or is no SQLite database");
        break;
    default:
        fail(err, ERR_INTERNAL, "the database failed");
        break;
    }
    return err_detail(err, "%s (%d): %s", words, code, sql);
}

bool sqlite_conn_script(struct sqlite_conn *conn, const char *sql, struct err *err)
{
    if (sqlite3_exec(conn->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return sqlite_conn_fail(conn->handle, sql, err);
}

/*
 * The file, made by us if it is new: nobody else may read it, and SQLite gives its own files beside
 * it the same mode. One that is there is not opened here, because closing it would end the locks
 * that other connections of this process have on it.
 */
static bool make_file(const char *path, struct err *err)
{
    int fd;

    if (path[0] == '\0' || path[0] == ':')
        return fail(err, ERR_INVALID, "\"%s\" is no path of a database file", path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return fail_errno(err, ERR_INVALID, "cannot make the database file \"%s\"", path);
    if (fd < 0 && access(path, W_OK) != 0)
        return fail_errno(err, ERR_INVALID, "cannot write the database file \"%s\"", path);
    fd_close(fd);
    return true;
}

/* is_one_of(id, ids): see db/db.h. */
static void is_one_of(sqlite3_context *context, int n, sqlite3_value **values)
{
    const int64_t id = sqlite3_value_int64(values[0]);
    const int64_t *ids = sqlite3_value_blob(values[1]);
    size_t n_left = (size_t)sqlite3_value_bytes(values[1]) / sizeof *ids;

    (void)n;
    /* The half that can have it, without a branch to guess. */
    while (n_left > 1) {
        const size_t half = n_left / 2;

        ids += ids[half] <= id ? half : 0;
        n_left -= half;
    }
    sqlite3_result_int(context, n_left == 1 && ids[0] == id);
}

/* gather_ids(id): see db/db.h. Zeroed by SQLite, and kept by it until gather_end(). */
struct gathered {
    int64_t *items;
    size_t n;
    size_t room;
};

static void gather_id(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct gathered *const ids = sqlite3_aggregate_context(context, sizeof *ids);

    (void)n;
    if (!ids) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (ids->n == ids->room) {
        ids->room = ids->room ? 2 * ids->room : 512;
        ids->items = xreallocarray(ids->items, ids->room, sizeof *ids->items);
    }
    ids->items[ids->n++] = sqlite3_value_int64(values[0]);
}

/* Also called where the statement has failed: what was gathered is freed with its result. */
static void gather_end(sqlite3_context *context)
{
    const struct gathered *const ids = sqlite3_aggregate_context(context, 0);

    if (ids && ids->items)
        sqlite3_result_blob64(context, ids->items, ids->n * sizeof *ids->items, free);
    else
        sqlite3_result_zeroblob(context, 0);
}

static bool add_functions(struct sqlite_conn *conn, struct err *err)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;

    if (sqlite3_create_function_v2(conn->handle, "is_one_of", 2, flags, NULL, is_one_of, NULL, NULL,
            NULL) != SQLITE_OK)
        return sqlite_conn_fail(conn->handle, "is_one_of", err);
    return sqlite3_create_function_v2(conn->handle, "gather_ids", 1, flags, NULL, NULL, gather_id,
               gather_end, NULL) == SQLITE_OK ||
           sqlite_conn_fail(conn->handle, "gather_ids", err);
}

/* The log stays as long as one gets while much is written: to cut it each time it begins anew, and
 * to find space on the disk for it again, is a twentieth of an import (adr/0024). */
static bool set_up(struct sqlite_conn *conn, const struct db_conf *conf, int64_t busy_ms,
    struct err *err)
{
    char pragmas[512];

    conn->cache_kib = conn->used_kib = conf->cache_kib ? conf->cache_kib : DEFAULT_CACHE_KIB;
    (void)sqlite3_extended_result_codes(conn->handle, 1);
    (void)sqlite3_busy_timeout(conn->handle, (int)busy_ms);
    (void)sqlite3_db_config(conn->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(conn->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(conn->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(conn->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)snprintf(pragmas, sizeof pragmas,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%" PRId64 ";"
        "PRAGMA journal_size_limit = 134217728; PRAGMA mmap_size = 0;"
        "PRAGMA wal_autocheckpoint = 0;", /* db/sqlite_checkpoint does it */
        conn->cache_kib);
    return sqlite_conn_script(conn, pragmas, err);
}

/* How much is nothing to us: the map has a size of its own. */
bool sqlite_conn_use_map(struct sqlite_conn *conn, struct err *err)
{
    return !conn->map || sqlite_conn_script(conn, "PRAGMA mmap_size = 1", err);
}

/* SQLite would count the bytes of every allocation, behind a lock that all workers share: a tenth
 * of what a large import costs, for a number that nobody asks for. */
static void set_up_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void sqlite_conn_use_memory(struct sqlite_conn *conn, int64_t kib)
{
    struct err ignored = { 0 };
    char pragma[64];
    int spilled;
    int highest;

    (void)sqlite3_db_status(conn->handle, SQLITE_DBSTATUS_CACHE_SPILL, &spilled, &highest, 1);
    kib = kib > conn->cache_kib ? kib : conn->cache_kib;
    if (kib == conn->used_kib)
        return;
    (void)snprintf(pragma, sizeof pragma, "PRAGMA cache_size = -%" PRId64, kib);
    if (!sqlite_conn_script(conn, pragma, &ignored)) {
        err_clear(&ignored);
        return;
    }
    if (kib < conn->used_kib)
        (void)malloc_trim(0);
    conn->used_kib = kib;
}

bool sqlite_conn_has_spilled(const struct sqlite_conn *conn)
{
    int n = 0;
    int highest;

    (void)sqlite3_db_status(conn->handle, SQLITE_DBSTATUS_CACHE_SPILL, &n, &highest, 0);
    return n > 0;
}

static void release_prepared(void *value)
{
    struct sqlite_prepared *prepared = value;

    (void)sqlite3_finalize(prepared->handle);
    free(prepared);
}

bool sqlite_conn_open(const char *path, const struct db_conf *conf, int64_t busy_ms,
    struct sqlite_conn **ret, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, set_up_library);
    if (!make_file(path, err))
        return false;
    autofree(sqlite_conn) struct sqlite_conn *conn = xcalloc(1, sizeof *conn);

    stmt_cache_init(&conn->cache, release_prepared);
    if (sqlite3_open_v2(path, &conn->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return sqlite_conn_fail(conn->handle, "open", err);
    conn->map = sqlite_map_new(conn->handle, conf->map_bytes);
    if (sqlite_rows_register(conn->handle) != SQLITE_OK)
        return sqlite_conn_fail(conn->handle, "many_rows", err);
    if (!set_up(conn, conf, busy_ms, err) || !add_functions(conn, err))
        return false;
    (void)sqlite3_set_authorizer(conn->handle, sqlite_parts_note, &conn->noted);
    *ret = take(&conn);
    return true;
}

void sqlite_conn_free(struct sqlite_conn *conn)
{
    if (!conn)
        return;
    stmt_cache_done(&conn->cache);
    for (size_t i = 0; i < countof(conn->words); i++)
        (void)sqlite3_finalize(conn->words[i]);
    (void)sqlite3_finalize(conn->state);
    (void)sqlite3_close(conn->handle);
    sqlite_map_free(conn->map);
    free(conn);
}

/* The words around every transaction are not worth a parser's while each time. */
bool sqlite_conn_say(struct sqlite_conn *conn, enum sqlite_word word, struct err *err)
{
    static const char *const texts[N_SQLITE_WORDS] = { [SQLITE_WORD_BEGIN] = "BEGIN",
        [SQLITE_WORD_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
        [SQLITE_WORD_COMMIT] = "COMMIT",
        [SQLITE_WORD_ROLLBACK] = "ROLLBACK",
        [SQLITE_WORD_SAVEPOINT] = "SAVEPOINT ours",
        [SQLITE_WORD_RELEASE] = "RELEASE ours",
        [SQLITE_WORD_ROLLBACK_TO] = "ROLLBACK TO ours" };
    int code = SQLITE_OK;

    if (!conn->words[word])
        code = sqlite3_prepare_v3(conn->handle, texts[word], -1, SQLITE_PREPARE_PERSISTENT,
            &conn->words[word], NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(conn->words[word]);
    const bool ok = code == SQLITE_DONE || sqlite_conn_fail(conn->handle, texts[word], err);

    (void)sqlite3_reset(conn->words[word]);
    return ok;
}

/*
 * SQLite's own count of the changes that this connection has noticed as its transactions began, in
 * whichever process they were made. With the statement its transaction begins, if none has before.
 */
bool sqlite_conn_state(struct sqlite_conn *conn, int64_t *ret, struct err *err)
{
    static const char sql[] = "PRAGMA data_version";
    int code = SQLITE_OK;

    if (!conn->state)
        code = sqlite3_prepare_v3(conn->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &conn->state,
            NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(conn->state);
    if (code == SQLITE_ROW)
        *ret = sqlite3_column_int64(conn->state, 0);
    const bool ok = code == SQLITE_ROW || sqlite_conn_fail(conn->handle, sql, err);

    (void)sqlite3_reset(conn->state);
    return ok;
}

bool sqlite_conn_in_transaction(const struct sqlite_conn *conn)
{
    return !sqlite3_get_autocommit(conn->handle);
}

void sqlite_conn_roll_back(struct sqlite_conn *conn)
{
    struct err ignored = { 0 };

    if (sqlite_conn_in_transaction(conn) && !sqlite_conn_say(conn, SQLITE_WORD_ROLLBACK, &ignored))
        err_clear(&ignored);
}

static void find_parameters(struct sqlite_prepared *prepared)
{
    char name[16];

    for (int i = 1; i <= SQLITE_MAX_PARAMETERS; i++) {
        (void)snprintf(name, sizeof name, "$%d", i);
        prepared->parameters[i] = sqlite3_bind_parameter_index(prepared->handle, name);
    }
}

/* How long the text is without " RETURNING id", where it inserts one row of values. An id is the
 * rowid in all our tables (ID_PRIMARY_KEY). */
static size_t size_without_id(const char *sql)
{
    static const struct span tail = SPAN_LITERAL(" RETURNING id");
    const size_t size = strlen(sql);

    if (size < tail.size || strcmp(sql + size - tail.size, (const char *)tail.data) != 0 ||
        strncmp(sql, "INSERT ", 7) != 0 || strstr(sql, " ON CONFLICT") || strstr(sql, "SELECT ") ||
        strstr(sql, "), (") || !strstr(sql, " VALUES ("))
        return size;
    return size - tail.size;
}

struct sqlite_prepared *sqlite_conn_prepare(struct sqlite_conn *conn, const char *sql,
    struct err *err)
{
    struct sqlite_prepared *prepared = stmt_cache_find(&conn->cache, sql);
    const bool is_taken = prepared && prepared->in_use;

    if (!prepared || is_taken) {
        const size_t size = size_without_id(sql);

        prepared = xcalloc(1, sizeof *prepared);
        prepared->wants_id = sql[size] != '\0';
        conn->noted = &prepared->use;
        const int code = sqlite3_prepare_v3(conn->handle, sql, (int)size, SQLITE_PREPARE_PERSISTENT,
            &prepared->handle, NULL);

        conn->noted = NULL;
        if (code != SQLITE_OK) {
            free(prepared);
            sqlite_conn_fail(conn->handle, sql, err);
            return NULL;
        }
        if (!is_taken)
            prepared->is_cached = stmt_cache_add(&conn->cache, sql, prepared);
        find_parameters(prepared);
    }
    prepared->in_use = true;
    return prepared;
}

void sqlite_conn_release(struct sqlite_prepared *prepared)
{
    if (!prepared->is_cached) {
        release_prepared(prepared);
        return;
    }
    (void)sqlite3_reset(prepared->handle);
    (void)sqlite3_clear_bindings(prepared->handle);
    prepared->in_use = false;
}
