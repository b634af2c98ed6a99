/*
 * db/sqlite: the driver for SQLite.
 *
 * Each struct db reads on a connection of its own, where a transaction runs no statement that could
 * write. All that write to a file share one connection, which goes with the turn (db/turn): what
 * one has written the next finds in its cache, and may be committed with theirs. Whoever joins a
 * transaction does so behind a savepoint, so that a failure undoes nothing of others. Writers of
 * other processes are waited for by busy_timeout.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "db/driver.h"
#include "db/sqlite_checkpoint.h"
#include "db/sqlite_conn.h"
#include "db/sqlite_log.h"
#include "db/sqlite_map.h"
#include "db/sqlite_rows.h"
#include "db/sqlite_sync.h"
#include "db/turn.h"

#define DEFAULT_BUSY_MS 10000

struct sqlite_db {
    struct db db;
    struct sqlite_conn *reader;
    struct sqlite_conn *writer;     /* the turn's: not ours but while we have that */
    struct sqlite_sync *sync;       /* of all who write */
    struct sqlite_commits *commits; /* and what they have changed */
    int64_t seen;                   /* of these, before the transaction began to read */
    struct turn *turn;
    int64_t busy_ms;
    struct sqlite_stmt *in_use; /* of this transaction */
    struct sqlite_stmt *spare;
    bool is_reading; /* the transaction may not write */
    bool is_alone;   /* it is not to be committed together with others */
    bool has_joined; /* it stands behind a savepoint, in somebody else's */
    bool has_turn;
    bool writes_much;
    char version[32];
};

/* What is prepared belongs to the connection, and goes back to it with the end of the transaction:
 * a statement may be freed later than that, when somebody else has the connection. */
struct sqlite_stmt {
    struct stmt stmt;
    struct sqlite_prepared *prepared; /* NULL: it could not be, or its transaction has ended */
    struct sqlite_stmt *next;
    struct sqlite_stmt **link; /* what points here */
    bool is_done;
    bool has_id; /* the row that it is at is `id`, of the one that was inserted */
    int64_t id;
};

static struct sqlite_conn *conn_of(const struct sqlite_db *self)
{
    return self->has_turn ? self->writer : self->reader;
}

static bool sqlite_accepts(const char *url)
{
    return strncmp(url, "sqlite:", 7) == 0 || !strstr(url, "://");
}

/* What all who write to a file have in common: the turn's baggage. */
struct shared {
    struct sqlite_conn *writer;
    struct sqlite_log *log; /* the writer's */
    struct sqlite_checkpoint *checkpoint;
    struct sqlite_sync *sync;
    struct sqlite_commits commits;
    struct sqlite_parts changed; /* by the transaction under way: whoever has the turn adds to it */
};

static void release_shared(void *baggage)
{
    struct shared *const shared = baggage;

    (void)sqlite3_wal_hook(shared->writer->handle, NULL, NULL);
    sqlite_checkpoint_free(shared->checkpoint);
    sqlite_sync_free(shared->sync);
    sqlite_conn_free(shared->writer);
    sqlite_log_free(shared->log);
    free(shared);
}

/* SQLite calls this after every commit that has written something. */
static int note_commit(void *context, sqlite3 *writer, const char *name, int n_pages)
{
    const struct shared *const shared = context;

    (void)writer;
    (void)name;
    sqlite_sync_note(shared->sync);
    sqlite_checkpoint_note(shared->checkpoint, n_pages);
    return SQLITE_OK;
}

static bool open_shared(struct sqlite_db *self, const char *path, const struct db_conf *conf,
    struct err *err)
{
    struct sqlite_conn *writer;

    if (!sqlite_conn_open(path, conf, self->busy_ms, &writer, err))
        return false;
    if (!sqlite_conn_script(writer, "PRAGMA synchronous = NORMAL", err)) {
        sqlite_conn_free(writer);
        return false;
    }
    struct shared *shared = xcalloc(1, sizeof *shared);

    shared->writer = writer;
    sqlite_commits_init(&shared->commits);
    shared->checkpoint = sqlite_checkpoint_new(path, writer->handle, self->turn);
    shared->log = sqlite_log_new(writer->handle);
    shared->sync = sqlite_sync_new(shared->log);
    (void)sqlite3_wal_hook(writer->handle, note_commit, shared);
    turn_set_baggage(self->turn, shared, release_shared);
    return true;
}

/* The first that opens the file brings the connection that all write on. */
static bool find_writer(struct sqlite_db *self, const char *path, const struct db_conf *conf,
    struct err *err)
{
    bool goes_on;
    bool ok = true;

    if (!turn_baggage(self->turn)) {
        if (!turn_take(self->turn, TURN_ALONE, self->busy_ms, &goes_on))
            return fail(err, ERR_UNAVAILABLE, "the database is busy");
        ok = turn_baggage(self->turn) || open_shared(self, path, conf, err);
        turn_give(self->turn);
    }
    if (ok) {
        struct shared *const shared = turn_baggage(self->turn);

        self->writer = shared->writer;
        self->sync = shared->sync;
        self->commits = &shared->commits;
    }
    return ok;
}

static void free_stmts(struct sqlite_stmt *stmt)
{
    while (stmt) {
        struct sqlite_stmt *const next = stmt->next;

        free(stmt);
        stmt = next;
    }
}

static void sqlite_close(struct db *db)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    free_stmts(self->spare);
    sqlite_conn_free(self->reader);
    turn_close(self->turn);
    free(self);
}

static bool sqlite_open(const struct db_conf *conf, struct db **ret, struct err *err)
{
    const char *path = strncmp(conf->url, "sqlite:", 7) == 0 ? conf->url + 7 : conf->url;
    struct sqlite_db *self = xcalloc(1, sizeof *self);

    self->busy_ms = conf->busy_ms ? conf->busy_ms : DEFAULT_BUSY_MS;
    if (sqlite_conn_open(path, conf, self->busy_ms, &self->reader, err) &&
        sqlite_conn_use_map(self->reader, err)) {
        self->turn = turn_open(path);
        if (self->turn && find_writer(self, path, conf, err)) {
            *ret = &self->db;
            return true;
        }
    }
    sqlite_close(&self->db);
    return err_wrap(err, "could not open the database \"%s\"", path);
}

static const char *sqlite_version(struct db *db)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    (void)snprintf(self->version, sizeof self->version, "SQLite %s", sqlite3_libversion());
    return self->version;
}

/* ---- transactions ---- */

static void leave_turn(struct sqlite_db *self)
{
    self->has_turn = self->has_joined = false;
    turn_give(self->turn);
}

/* Nothing of those who share this transaction is in the database. It was no fault of theirs: they
 * may try again. */
static void give_up(struct sqlite_db *self, struct err *why)
{
    struct turn_row row;

    if (self->has_joined)
        why->kind = ERR_UNAVAILABLE;
    sqlite_conn_roll_back(self->writer);
    turn_end_row(self->turn, &row);
    leave_turn(self);
    turn_tell(self->turn, &row, why);
}

/* For all whose work is in the transaction. The next may write while the disk is waited for. */
static bool commit_all(struct sqlite_db *self, bool is_soon, struct err *err)
{
    struct shared *const shared = turn_baggage(self->turn);
    struct turn_row row;

    sqlite_commits_begin(self->commits, &shared->changed);
    sqlite_log_begin(shared->log);
    const bool works = sqlite_conn_say(self->writer, SQLITE_WORD_COMMIT, err);

    sqlite_log_end(shared->log, works);
    sqlite_commits_end(self->commits, &shared->changed);
    if (!works) {
        give_up(self, err);
        return false;
    }
    const int64_t mark = sqlite_sync_mark(self->sync);

    turn_end_row(self->turn, &row);
    leave_turn(self);
    if (!is_soon)
        sqlite_sync_wait(self->sync, mark);
    turn_tell(self->turn, &row, NULL);
    return true;
}

static bool begin_write(struct sqlite_db *self, struct err *err)
{
    bool goes_on;

    if (!turn_take(self->turn, self->is_alone ? TURN_ALONE : TURN_SHARED, self->busy_ms, &goes_on))
        return fail(err, ERR_UNAVAILABLE, "the database is busy");
    self->has_turn = true;
    self->has_joined = goes_on;
    if (self->writes_much && !goes_on)
        sqlite_conn_use_memory(self->writer, DB_MUCH_KIB);
    if (sqlite_conn_say(self->writer, goes_on ? SQLITE_WORD_SAVEPOINT : SQLITE_WORD_BEGIN_IMMEDIATE,
            err))
        return true;
    give_up(self, err);
    return false;
}

static bool sqlite_begin(struct db *db, enum tx_mode mode, struct err *err)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    self->is_reading = tx_mode_reads(mode);
    self->seen = sqlite_commits_seen(self->commits);
    sqlite_map_use(self->reader->map, mode == TX_READ_FEW);
    self->is_alone = mode == TX_WRITE_LONG;
    return self->is_reading ? sqlite_conn_say(self->reader, SQLITE_WORD_BEGIN, err)
                            : begin_write(self, err);
}

static bool sqlite_state(struct db *db, int64_t *ret, struct err *err)
{
    return sqlite_conn_state(((struct sqlite_db *)db)->reader, ret, err);
}

/* What has not been read to its end would keep the transaction open behind our back. */
static void take_back_all(struct sqlite_db *self)
{
    for (struct sqlite_stmt *stmt = self->in_use; stmt; stmt = stmt->next) {
        if (stmt->prepared)
            sqlite_conn_release(take(&stmt->prepared));
        stmt->is_done = true;
    }
}

/* Ours is in the transaction: does somebody go on with it, or are we the last? */
static bool commit_write(struct sqlite_db *self, bool is_soon, struct err *err)
{
    struct err verdict = { 0 };

    if (self->has_joined && !sqlite_conn_say(self->writer, SQLITE_WORD_RELEASE, err))
        return false;
    if (self->is_alone || !turn_pass(self->turn, &verdict))
        return commit_all(self, is_soon && self->is_alone, err);
    self->has_turn = self->has_joined = false;
    if (verdict.kind == ERR_NONE)
        return true;
    *err = verdict;
    return false;
}

static bool sqlite_commit(struct db *db, bool is_soon, struct err *err)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    take_back_all(self);
    return self->is_reading ? sqlite_conn_say(self->reader, SQLITE_WORD_COMMIT, err)
                            : commit_write(self, is_soon, err);
}

/* What others have written stays. SQLite itself rolls everything back where the disk is full or
 * fails: then it is lost to them too. */
static void undo_joined(struct sqlite_db *self)
{
    struct err err = { 0 };

    if (!sqlite_conn_in_transaction(self->writer)) {
        fail(&err, ERR_UNAVAILABLE, "the database gave the transaction up");
        give_up(self, &err);
    } else if (!sqlite_conn_say(self->writer, SQLITE_WORD_ROLLBACK_TO, &err) ||
               !sqlite_conn_say(self->writer, SQLITE_WORD_RELEASE, &err)) {
        give_up(self, &err);
    } else if (turn_pass(self->turn, NULL)) {
        self->has_turn = self->has_joined = false;
    } else if (!commit_all(self, false, &err)) {
        err_clear(&err); /* those who wait have been told */
    }
}

static void sqlite_rollback(struct db *db)
{
    struct sqlite_db *self = (struct sqlite_db *)db;
    struct err why = { 0 };

    take_back_all(self);
    if (self->has_joined)
        undo_joined(self);
    else if (self->has_turn)
        give_up(self, &why); /* nobody waits for what has not been handed on */
    else
        sqlite_conn_roll_back(self->reader);
}

static bool sqlite_is_waited_for(const struct db *db)
{
    const struct sqlite_db *const self = (const struct sqlite_db *)db;

    return self->has_turn && turn_n_waiting(self->turn) > 0;
}

/* Who writes next may have much, too, and takes the memory anew. Where the turn does not come, it
 * stays with the connection. */
static void give_memory_back(struct sqlite_db *self)
{
    bool goes_on;

    if (!turn_take(self->turn, TURN_ALONE, self->busy_ms, &goes_on))
        return;
    sqlite_conn_use_memory(self->writer, 0);
    turn_give(self->turn);
}

static void sqlite_write_much(struct db *db, bool is_much)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    if (self->writes_much && !is_much)
        give_memory_back(self);
    self->writes_much = is_much;
}

static bool sqlite_is_large(const struct db *db)
{
    const struct sqlite_db *const self = (const struct sqlite_db *)db;

    return self->has_turn && sqlite_conn_has_spilled(self->writer);
}

static bool sqlite_script(struct db *db, const char *sql, struct err *err)
{
    struct sqlite_db *self = (struct sqlite_db *)db;
    struct shared *const shared = turn_baggage(self->turn);
    bool goes_on;

    if (db->in_tx && self->is_reading)
        return sqlite_conn_fail_read_only(self->reader->handle, err);
    if (db->in_tx) {
        sqlite_parts_add_all(&shared->changed);
        return sqlite_conn_script(self->writer, sql, err);
    }
    if (!turn_take(self->turn, TURN_ALONE, self->busy_ms, &goes_on))
        return fail(err, ERR_UNAVAILABLE, "the database is busy");
    sqlite_parts_add_all(&shared->changed);
    sqlite_commits_begin(self->commits, &shared->changed);
    const bool ok = sqlite_conn_script(self->writer, sql, err);

    sqlite_commits_end(self->commits, &shared->changed);
    const int64_t mark = sqlite_sync_mark(self->sync);

    turn_give(self->turn);
    sqlite_sync_wait(self->sync, mark);
    return ok;
}

/* ---- statements ---- */

static struct sqlite_stmt *new_stmt(struct sqlite_db *self)
{
    struct sqlite_stmt *stmt = self->spare;

    if (stmt)
        self->spare = stmt->next;
    else
        stmt = xcalloc(1, sizeof *stmt);
    err_clear(&stmt->stmt.err);
    stmt->stmt.n_changed = 0;
    stmt->is_done = stmt->has_id = false;
    stmt->next = self->in_use;
    stmt->link = &self->in_use;
    if (stmt->next)
        stmt->next->link = &stmt->next;
    self->in_use = stmt;
    return stmt;
}

static struct stmt *sqlite_prepare(struct db *db, const char *sql, bool for_values)
{
    struct sqlite_db *owner = (struct sqlite_db *)db;
    struct sqlite_stmt *self = new_stmt(owner);

    (void)for_values; /* there are no statistics to plan by */
    self->prepared = sqlite_conn_prepare(conn_of(owner), sql, &self->stmt.err);
    return &self->stmt;
}

static void sqlite_bind(struct stmt *stmt, int parameter, enum db_type type, int64_t number,
    struct span bytes)
{
    const struct sqlite_prepared *prepared = ((struct sqlite_stmt *)stmt)->prepared;
    int index;
    int code = SQLITE_OK;

    ASSERT(parameter >= 1 && parameter <= SQLITE_MAX_PARAMETERS);
    if (!prepared)
        return;
    index = prepared->parameters[parameter];
    if (index == 0)
        return; /* one text serves both databases, but not every variant uses every parameter */
    switch (type) {
    case DB_NULL:
        code = sqlite3_bind_null(prepared->handle, index);
        break;
    case DB_I64:
    case DB_BOOL:
        code = sqlite3_bind_int64(prepared->handle, index, number);
        break;
    case DB_TEXT:
        code = sqlite3_bind_text64(prepared->handle, index,
            bytes.data ? (const char *)bytes.data : "", bytes.size, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case DB_BLOB:
        code = sqlite3_bind_blob64(prepared->handle, index,
            bytes.data ? bytes.data : (const uint8_t *)"", bytes.size, SQLITE_TRANSIENT);
        break;
    }
    if (code != SQLITE_OK)
        sqlite_conn_fail(sqlite3_db_handle(prepared->handle), sqlite3_sql(prepared->handle),
            &stmt->err);
}

static void sqlite_bind_rows(struct stmt *stmt, int parameter, const struct db_rows *rows)
{
    const struct sqlite_prepared *prepared = ((struct sqlite_stmt *)stmt)->prepared;

    if (prepared &&
        sqlite_rows_bind(prepared->handle, prepared->parameters[parameter], rows) != SQLITE_OK)
        sqlite_conn_fail(sqlite3_db_handle(prepared->handle), sqlite3_sql(prepared->handle),
            &stmt->err);
}

/* It has not changed anything yet, and will be undone together with what it changes. */
static void note_changes(const struct sqlite_db *self, const struct sqlite_prepared *prepared)
{
    struct shared *shared;

    if (!self->has_turn || sqlite3_stmt_readonly(prepared->handle))
        return;
    shared = turn_baggage(self->turn);
    sqlite_parts_add(&shared->changed, &prepared->use.changed);
}

static int cut(void *context)
{
    (void)context;
    return 1;
}

/* SQLite counts the steps of a statement over all its rows. */
static int step(const struct stmt *stmt, sqlite3_stmt *prepared)
{
    sqlite3 *const handle = sqlite3_db_handle(prepared);
    int code;

    if (stmt->max_steps == 0)
        return sqlite3_step(prepared);
    sqlite3_progress_handler(handle, (int)stmt->max_steps, cut, NULL);
    code = sqlite3_step(prepared);
    sqlite3_progress_handler(handle, 0, NULL, NULL);
    return code;
}

static bool sqlite_next(struct stmt *stmt)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;

    self->has_id = false;
    if (self->is_done || !self->prepared)
        return false;
    sqlite3_stmt *const prepared = self->prepared->handle;
    sqlite3 *const handle = sqlite3_db_handle(prepared);

    /* Not by "PRAGMA query_only": each change of it has every statement prepared anew. */
    if (((struct sqlite_db *)stmt->db)->is_reading && !sqlite3_stmt_readonly(prepared)) {
        self->is_done = true;
        return sqlite_conn_fail_read_only(handle, &stmt->err) ||
               err_detail(&stmt->err, "%s", sqlite3_sql(prepared));
    }
    note_changes((struct sqlite_db *)stmt->db, self->prepared);
    switch (step(stmt, prepared)) {
    case SQLITE_ROW:
        return true;
    case SQLITE_INTERRUPT: /* nobody else interrupts */
        self->is_done = stmt->is_cut = true;
        return false;
    case SQLITE_DONE:
        self->is_done = true;
        stmt->n_changed = sqlite3_stmt_readonly(prepared) ? 0 : sqlite3_changes64(handle);
        self->has_id = self->prepared->wants_id && stmt->n_changed == 1;
        self->id = sqlite3_last_insert_rowid(handle);
        return self->has_id;
    default:
        self->is_done = true;
        return sqlite_conn_fail(handle, sqlite3_sql(prepared), &stmt->err);
    }
}

/* Before the first row has been read, the transaction would see what is committed in between. */
static bool sqlite_stamp(const struct stmt *stmt, struct stmt_stamp *ret)
{
    const struct sqlite_db *const self = (const struct sqlite_db *)stmt->db;
    const struct sqlite_prepared *prepared = ((const struct sqlite_stmt *)stmt)->prepared;
    int64_t last;

    if (!prepared || !self->is_reading ||
        sqlite3_txn_state(self->reader->handle, "main") == SQLITE_TXN_NONE)
        return false;
    last = sqlite_commits_last(self->commits, &prepared->use.read, self->seen);
    *ret = (struct stmt_stamp){ .place = self->commits->place, .commit = last };
    return last >= 0;
}

static sqlite3_stmt *row_of(struct stmt *stmt)
{
    const struct sqlite_prepared *prepared = ((struct sqlite_stmt *)stmt)->prepared;

    ASSERT(prepared);
    return prepared->handle;
}

static int64_t sqlite_i64(struct stmt *stmt, int column)
{
    const struct sqlite_stmt *self = (const struct sqlite_stmt *)stmt;

    return self->has_id ? self->id : sqlite3_column_int64(row_of(stmt), column);
}

static struct span sqlite_bytes(struct stmt *stmt, int column)
{
    /* Found once, and asked three things. It is "unprotected", as this connection is: it has no
     * mutex, and is one thread's at a time. */
    sqlite3_value *const value = sqlite3_column_value(row_of(stmt), column);
    const void *data = sqlite3_value_type(value) == SQLITE_BLOB ? sqlite3_value_blob(value)
                                                                : sqlite3_value_text(value);

    ASSERT(!((const struct sqlite_stmt *)stmt)->has_id); /* a number, and never asked for as text */
    return span_of(data, data ? (size_t)sqlite3_value_bytes(value) : 0);
}

static bool sqlite_is_null(struct stmt *stmt, int column)
{
    return !((const struct sqlite_stmt *)stmt)->has_id &&
           sqlite3_column_type(row_of(stmt), column) == SQLITE_NULL;
}

static void sqlite_reset(struct stmt *stmt)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;

    if (!self->prepared)
        return;
    (void)sqlite3_reset(self->prepared->handle);
    self->is_done = false;
}

static void sqlite_release(struct stmt *stmt)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;
    struct sqlite_db *owner = (struct sqlite_db *)stmt->db;

    if (self->prepared)
        sqlite_conn_release(take(&self->prepared));
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    self->next = owner->spare;
    owner->spare = self;
}

const struct db_ops sqlite_ops = {
    .name = "sqlite",
    .accepts = sqlite_accepts,
    .open = sqlite_open,
    .close = sqlite_close,
    .version = sqlite_version,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .state = sqlite_state,
    .is_waited_for = sqlite_is_waited_for,
    .write_much = sqlite_write_much,
    .is_large = sqlite_is_large,
    .script = sqlite_script,
    .prepare = sqlite_prepare,
    .bind = sqlite_bind,
    .bind_rows = sqlite_bind_rows,
    .next = sqlite_next,
    .stamp = sqlite_stamp,
    .i64 = sqlite_i64,
    .bytes = sqlite_bytes,
    .is_null = sqlite_is_null,
    .reset = sqlite_reset,
    .release = sqlite_release,
};
