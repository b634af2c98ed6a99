/*
 * db/db: what both databases have in common: remembering failures, checking text, transactions'
 * bounds.
 */
#include "db/db.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "db/driver.h"

#define MAX_TRIES 4

static _Atomic int64_t n_commits; /* of what wrote, in this process */

/* FNV-1a: one URL is told from another. */
static uint64_t place_of(const char *url)
{
    uint64_t hash = 0xCBF29CE484222325u;

    for (const char *c = url; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001B3u;
    return hash;
}

bool db_open(const struct db_conf *conf, struct db **ret, struct err *err)
{
    const struct db_ops *ops = db_registry_find(conf->url);

    if (!ops)
        return fail(err, ERR_INVALID,
            "the database URL is neither a path, sqlite:PATH nor postgresql://…");
    if (!ops->open(conf, ret, err))
        return false;
    (*ret)->ops = ops;
    (*ret)->place = place_of(conf->url);
    return true;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    if (db->in_tx)
        db->ops->rollback(db);
    db_forget_kept(db);
    db->ops->close(db);
}

bool db_is_postgres(const struct db *db)
{
    return db->ops == &postgres_ops;
}

const char *db_version(struct db *db)
{
    return db->ops->version(db);
}

void db_fail_nth(struct db *db, int64_t n)
{
    db->fail_countdown = n;
}

/* Is this the one that the test wants to fail? */
static bool fails_by_wish(struct db *db, struct err *err)
{
    if (db->fail_countdown == 0 || --db->fail_countdown > 0)
        return false;
    fail(err, ERR_UNAVAILABLE, "the database failed, as the test wanted");
    return true;
}

bool tx_begin(struct db *db, enum tx_mode mode, struct tx **ret, struct err *err)
{
    ASSERT(!db->in_tx);
    int64_t n = tx_mode_reads(mode) ? atomic_load(&n_commits) : -1;

    if (!db->ops->begin(db, mode, err))
        return err_wrap(err, "could not begin a transaction");
    struct tx *tx = xcalloc(1, sizeof *tx);

    tx->db = db;
    tx->n_commits = n;
    db->in_tx = true;
    db->has_failed = db->is_unsure = false;
    *ret = tx;
    return true;
}

static void end(struct tx *tx)
{
    if (tx->work)
        tx->work->free(tx->work);
    tx->db->in_tx = false;
    free(tx);
}

static bool commit(struct tx *tx, bool is_soon, struct err *err)
{
    struct db *db = tx->db;

    if (!db->has_failed && tx->work && !tx->work->write(tx, tx->work, err))
        return false;
    if (db->has_failed)
        return fail(err, ERR_INTERNAL, "a statement of the transaction had failed");
    return !fails_by_wish(db, err) && db->ops->commit(db, is_soon, err);
}

static bool commit_and_end(struct tx *tx, bool is_soon, struct err *err)
{
    struct db *db = tx->db;
    bool works = commit(tx, is_soon, err);

    if (!works)
        db->ops->rollback(db);
    else if (tx->n_commits < 0)
        atomic_fetch_add(&n_commits, 1);
    end(tx);
    return works ||
           err_wrap(err, db->is_unsure ? "could not see what was committed" : "could not commit");
}

bool db_is_unsure(const struct db *db)
{
    return db->is_unsure;
}

/* Whoever writes next, even nothing, waits for what was written before. */
bool db_settle(struct db *db, struct err *err)
{
    struct tx *tx;

    return tx_begin(db, TX_WRITE, &tx, err) && tx_commit(tx, err);
}

bool tx_commit(struct tx *tx, struct err *err)
{
    return commit_and_end(tx, false, err);
}

bool tx_commit_soon(struct tx *tx, struct err *err)
{
    return commit_and_end(tx, true, err);
}

/* PostgreSQL numbers its transactions: those that count as done, and those that were at work. */
static bool read_snapshot(struct tx *tx, char ret[static TX_STAMP_SIZE], struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT CAST(pg_current_snapshot() AS TEXT)");

    while (stmt_next(q)) {
        const char *text = stmt_text(q, 0);

        if (snprintf(ret, TX_STAMP_SIZE, "%" PRIx64 " %s", tx->db->place, text) >= TX_STAMP_SIZE)
            ret[0] = '\0';
    }
    return stmt_end(q, err);
}

bool tx_stamp(struct tx *tx, char ret[static TX_STAMP_SIZE], struct err *err)
{
    ret[0] = '\0';
    if (tx->n_commits < 0)
        return true;
    if (db_is_postgres(tx->db))
        return read_snapshot(tx, ret, err);
    (void)snprintf(ret, TX_STAMP_SIZE, "%" PRIx64 " %" PRId64, tx->db->place, tx->n_commits);
    return true;
}

void tx_set_work(struct tx *tx, struct tx_work *work)
{
    ASSERT(!tx->work);
    tx->work = work;
}

struct tx_work *tx_work(const struct tx *tx)
{
    return tx->work;
}

static bool try_once(struct db *db, enum tx_mode mode,
    bool (*run)(struct tx *tx, void *arg, struct err *err), void *arg, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, mode, &tx, err) && run(tx, arg, err) && tx_commit(take(&tx), err);
}

bool tx_run(struct db *db, enum tx_mode mode,
    bool (*run)(struct tx *tx, void *arg, struct err *err), void *arg, struct err *err)
{
    for (int i = 1; !try_once(db, mode, run, arg, err); i++) {
        if (err->kind != ERR_UNAVAILABLE || db->is_unsure || i == MAX_TRIES)
            return false;
    }
    return true;
}

void tx_free(struct tx *tx)
{
    if (!tx)
        return;
    tx->db->ops->rollback(tx->db);
    end(tx);
}

bool tx_is_waited_for(const struct tx *tx)
{
    return tx->db->ops->is_waited_for && tx->db->ops->is_waited_for(tx->db);
}

void db_write_much(struct db *db, bool is_much)
{
    ASSERT(!db->in_tx);
    if (db->ops->write_much)
        db->ops->write_much(db, is_much);
}

bool tx_is_large(const struct tx *tx)
{
    return tx->db->ops->is_large && tx->db->ops->is_large(tx->db);
}

struct db *tx_db(const struct tx *tx)
{
    return tx->db;
}

void sql_add_parameter(struct sql *sql, int n)
{
    buf_add_char(&sql->text, '$');
    buf_add_i64(&sql->text, n);
}

void sql_done(struct sql *sql)
{
    buf_done(&sql->text);
}

static struct stmt *prepare(struct tx *tx, const char *sql, bool for_values)
{
    struct stmt *stmt = tx->db->ops->prepare(tx->db, sql, for_values);

    stmt->ops = tx->db->ops;
    stmt->db = tx->db;
    stmt->has_begun = stmt->is_cut = false;
    stmt->max_steps = 0;
    if (stmt->err.kind != ERR_NONE)
        tx->db->has_failed = true;
    return stmt;
}

struct stmt *tx_prepare_text(struct tx *tx, const char *sql)
{
    return prepare(tx, sql, false);
}

struct stmt *tx_prepare_sql(struct tx *tx, const struct sql *sql)
{
    ASSERT(buf_ok(&sql->text));
    return prepare(tx, buf_text(&sql->text), false);
}

struct stmt *tx_prepare_for_values(struct tx *tx, const struct sql *sql)
{
    ASSERT(buf_ok(&sql->text));
    return prepare(tx, buf_text(&sql->text), true);
}

static void bind(struct stmt *stmt, int parameter, enum db_type type, int64_t number,
    struct span bytes)
{
    if (stmt->err.kind == ERR_NONE)
        stmt->ops->bind(stmt, parameter, type, number, bytes);
}

void stmt_bind_i64(struct stmt *stmt, int parameter, int64_t value)
{
    bind(stmt, parameter, DB_I64, value, SPAN_EMPTY);
}

void stmt_bind_bool(struct stmt *stmt, int parameter, bool value)
{
    bind(stmt, parameter, DB_BOOL, value, SPAN_EMPTY);
}

void stmt_bind_span(struct stmt *stmt, int parameter, struct span text)
{
    if (stmt->err.kind == ERR_NONE && !parse_is_utf8(text))
        fail(&stmt->err, ERR_INVALID, "a text is not valid UTF-8, or holds a NUL");
    bind(stmt, parameter, DB_TEXT, 0, text);
}

void stmt_bind_text(struct stmt *stmt, int parameter, const char *text)
{
    if (text)
        stmt_bind_span(stmt, parameter, span_text(text));
    else
        stmt_bind_null(stmt, parameter);
}

void stmt_bind_blob(struct stmt *stmt, int parameter, struct span bytes)
{
    bind(stmt, parameter, DB_BLOB, 0, bytes);
}

void stmt_bind_null(struct stmt *stmt, int parameter)
{
    bind(stmt, parameter, DB_NULL, 0, SPAN_EMPTY);
}

void stmt_bind_rows(struct stmt *stmt, int parameter, const struct db_rows *rows)
{
    if (stmt->err.kind == ERR_NONE)
        stmt->ops->bind_rows(stmt, parameter, rows);
}

static bool may_begin(struct stmt *stmt)
{
    if (stmt->has_begun)
        return true;
    stmt->has_begun = true;
    if (stmt->db->has_failed)
        return fail(&stmt->err, ERR_INTERNAL, "a statement of the transaction had failed");
    return !fails_by_wish(stmt->db, &stmt->err);
}

/* PostgreSQL takes no statement after one that failed, so nobody gets to rely on SQLite's doing. */
bool stmt_next(struct stmt *stmt)
{
    ASSERT(stmt->db->in_tx);
    if (stmt->err.kind != ERR_NONE)
        return false;
    if (may_begin(stmt) && stmt->ops->next(stmt))
        return true;
    if (stmt->err.kind != ERR_NONE)
        stmt->db->has_failed = true;
    return false;
}

int64_t stmt_i64(struct stmt *stmt, int column)
{
    return stmt->ops->i64(stmt, column);
}

bool stmt_bool(struct stmt *stmt, int column)
{
    return stmt_i64(stmt, column) != 0;
}

const char *stmt_text(struct stmt *stmt, int column)
{
    struct span text = stmt->ops->bytes(stmt, column);

    return text.data ? (const char *)text.data : "";
}

struct span stmt_blob(struct stmt *stmt, int column)
{
    return stmt->ops->bytes(stmt, column);
}

bool stmt_is_null(struct stmt *stmt, int column)
{
    return stmt->ops->is_null(stmt, column);
}

bool stmt_end(struct stmt *stmt, struct err *err)
{
    if (stmt->err.kind == ERR_NONE)
        return true;
    if (err)
        *err = stmt->err;
    return false;
}

void stmt_limit(struct stmt *stmt, int64_t n_steps)
{
    stmt->max_steps = n_steps;
}

bool stmt_is_cut(const struct stmt *stmt)
{
    return stmt->is_cut;
}

bool stmt_stamp(const struct stmt *stmt, struct stmt_stamp *ret)
{
    return stmt->err.kind == ERR_NONE && stmt->ops->stamp && stmt->ops->stamp(stmt, ret);
}

bool stmt_run(struct stmt *stmt, struct err *err)
{
    while (stmt_next(stmt))
        ;
    return stmt_end(stmt, err);
}

bool stmt_send(struct stmt *stmt, struct err *err)
{
    if (!stmt->ops->send)
        return stmt_run(stmt, err);
    ASSERT(stmt->db->in_tx);
    if (stmt->err.kind == ERR_NONE && may_begin(stmt))
        stmt->ops->send(stmt);
    if (stmt->err.kind != ERR_NONE)
        stmt->db->has_failed = true;
    return stmt_end(stmt, err);
}

void stmt_ask(struct stmt *stmt)
{
    if (!stmt->ops->ask)
        return;
    ASSERT(stmt->db->in_tx);
    if (stmt->err.kind == ERR_NONE && may_begin(stmt))
        stmt->ops->ask(stmt);
    if (stmt->err.kind != ERR_NONE)
        stmt->db->has_failed = true;
}

int64_t stmt_n_changed(const struct stmt *stmt)
{
    return stmt->n_changed;
}

void stmt_reset(struct stmt *stmt)
{
    stmt->ops->reset(stmt);
    err_clear(&stmt->err);
    stmt->n_changed = 0;
    stmt->has_begun = false;
}

void stmt_free(struct stmt *stmt)
{
    if (stmt)
        stmt->ops->release(stmt);
}
