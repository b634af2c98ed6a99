/*
 * db/db: connections, transactions and statements, on SQLite or PostgreSQL alike.
 *
 * A struct db belongs to one thread. Statements are literals with $1, $2, … parameters, kept
 * prepared for each connection. Everything about a statement that can fail is remembered by it and
 * told once, by stmt_end() or stmt_run(): the loop over its rows needs no checks.
 *
 * Errors: a broken UNIQUE rule is ERR_CONFLICT; a lost connection, a deadlock, a busy or full
 * database is ERR_UNAVAILABLE; text that is not UTF-8 or holds a NUL is ERR_INVALID; the rest is
 * ERR_INTERNAL. SQL and the database's own words go to err->detail.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct db;
struct err;
struct stmt;
struct tx;

struct db_conf {
    const char *url;   /* a path, "sqlite:PATH", or "postgresql://…" */
    int64_t cache_kib; /* SQLite's page cache for each connection; 0 is 8 MiB */
    int64_t map_bytes; /* so much of SQLite's file may be mapped; 0 is none */
    int64_t busy_ms;   /* how long to wait for another writer; 0 is 10 s */
};

bool db_open(const struct db_conf *conf, struct db **ret, struct err *err) must_check;
void db_close(struct db *db);

bool db_is_postgres(const struct db *db);

/* "SQLite 3.40.1", "PostgreSQL 15.18": for people. */
const char *db_version(struct db *db);

/* Make the n-th run of a statement, or commit, from now (1 is the next) fail with ERR_UNAVAILABLE;
 * 0 makes none fail. For tests. */
void db_fail_nth(struct db *db, int64_t n);

/*
 * TX_READ_FEW: a few of many records; SQLite's file is looked at through a map (db/sqlite_map).
 * TX_WRITE_LONG: of many rows, or of rows that take their time. Nobody else waits for its end.
 */
enum tx_mode { TX_READ, TX_READ_FEW, TX_WRITE, TX_WRITE_LONG };

/*
 * One transaction at a time on a connection. TX_READ, like TX_READ_FEW, sees one state of the
 * database and cannot write. On SQLite those that write do so one after the other, and several of
 * TX_WRITE may be committed together, each undone for itself where it fails (adr/0018). A lost
 * connection to PostgreSQL is made anew here.
 */
bool tx_begin(struct db *db, enum tx_mode mode, struct tx **ret, struct err *err) must_check;

/*
 * Consumes `tx`, whatever comes of it. It is on the disk when this returns. After a failure nothing
 * of it is in the database, unless the connection was lost while PostgreSQL committed: then it may
 * be (db_is_unsure). Once a statement has failed, the transaction runs no others and does not
 * commit.
 */
bool tx_commit(struct tx *tx, struct err *err) must_check;

/* Did the last tx_commit() fail without anybody knowing whether it was committed? Whoever did all
 * of it again might do it twice. */
bool db_is_unsure(const struct db *db);

/*
 * What anybody has seen so far is on the disk when this returns. For those who answer for another:
 * on SQLite a record can be read before whoever wrote it has been told that it is safe.
 */
bool db_settle(struct db *db, struct err *err) must_check;

/* Roll back what was not committed. NULL is fine. */
void tx_free(struct tx *tx);

/*
 * The same for one of many transactions that only count together: on SQLite it is not waited for
 * the disk. Whoever reads sees what was written; should the power fail, it may be lost, but not
 * without all that was committed later by anybody. The last of them is for tx_commit().
 */
bool tx_commit_soon(struct tx *tx, struct err *err) must_check;

struct db *tx_db(const struct tx *tx);

/* Does somebody of this process wait for a transaction that writes to end? Never on PostgreSQL. */
bool tx_is_waited_for(const struct tx *tx);

/*
 * This `db` is about to write so much that it is worth memory: SQLite keeps what its transactions
 * have changed there, up to DB_MUCH_KIB, instead of writing it to the log before the commit and
 * reading it again. Said with false, the memory is given back.
 */
#define DB_MUCH_KIB 43008
void db_write_much(struct db *db, bool is_much);

/* Has it changed more than there is memory for? It had better end. Never on PostgreSQL. */
bool tx_is_large(const struct tx *tx);

/*
 * What the transaction sees, as a short text: whoever reads with the same stamp sees the same, give
 * or take what is being committed just then by others who have not been told yet. "" where that
 * cannot be said: in a transaction that writes, and in much traffic. Writers of other processes are
 * not noticed on SQLite: there are none beside the server.
 */
#define TX_STAMP_SIZE 512
bool tx_stamp(struct tx *tx, char ret[static TX_STAMP_SIZE], struct err *err) must_check;

/*
 * Work that is put off to the end of a transaction, so that it is done once, in one order, and its
 * locks are held for as short as can be. tx_commit() has it written first; rolled back, it is
 * forgotten. There is one for each transaction, and it belongs to store/pending.
 */
struct tx_work {
    bool (*write)(struct tx *tx, struct tx_work *work, struct err *err) must_check;
    void (*free)(struct tx_work *work);
};
void tx_set_work(struct tx *tx, struct tx_work *work); /* the transaction's from now on */
struct tx_work *tx_work(const struct tx *tx);          /* NULL: none */

/*
 * Run `run` in a transaction and commit it; again, a few times, when the database has given it up
 * (ERR_UNAVAILABLE: a deadlock, a lost race), but never after it may have been committed. What
 * `run` keeps outside of the database must bear that.
 */
bool tx_run(struct db *db, enum tx_mode mode,
    bool (*run)(struct tx *tx, void *arg, struct err *err), void *arg, struct err *err) must_check;

/*
 * On SQLite statements may ask is_one_of(id, $n), where a blob is bound to $n: ascending int64_t
 * ids. Asked of each row, a list of ids is a quarter of the work that it is as "IN (SELECT …)".
 * And gather_ids(id) is all ids of a query as such a blob, in the order in which they come: half of
 * the work that a row for each of them is.
 */

/* Takes a literal only: no value can be formatted into a statement. */
#define tx_prepare(tx, literal) tx_prepare_text(tx, "" literal "")
struct stmt *tx_prepare_text(struct tx *tx, const char *sql) must_check;

/*
 * A query after which nobody else changes the rows that it has found, until the transaction ends.
 * SQLite has one writer, and no words for that.
 */
#define tx_prepare_locking(tx, literal)                                                            \
    (db_is_postgres(tx_db(tx)) ? tx_prepare(tx, literal " FOR UPDATE") : tx_prepare(tx, literal))

/* A statement put together from literals, where the parts depend on the question. */
struct sql {
    struct buf text;
};
#define SQL_INIT                                                                                   \
    {                                                                                              \
        .text = BUF_INIT(16384)                                                                    \
    }
#define sql_add(sql, literal) buf_add_text(&(sql)->text, "" literal "")
/* "$n" for a parameter the number of which is counted as one goes. */
void sql_add_parameter(struct sql *sql, int n);
void sql_done(struct sql *sql);
struct stmt *tx_prepare_sql(struct tx *tx, const struct sql *sql) must_check;

/*
 * The same for a query where the best way depends on the values that will be bound: of ranges, of
 * words, of limits. PostgreSQL plans it anew each time; one that is prepared it plans for any value
 * after a while, and may take a range of half the table for a few rows then.
 */
struct stmt *tx_prepare_for_values(struct tx *tx, const struct sql *sql) must_check;

/* Parameters count from 1. What is bound is copied or used before the call returns. */
void stmt_bind_i64(struct stmt *stmt, int parameter, int64_t value);
void stmt_bind_bool(struct stmt *stmt, int parameter, bool value);
void stmt_bind_text(struct stmt *stmt, int parameter, const char *text); /* NULL is NULL */
void stmt_bind_span(struct stmt *stmt, int parameter, struct span text);
void stmt_bind_blob(struct stmt *stmt, int parameter, struct span bytes);
void stmt_bind_null(struct stmt *stmt, int parameter);

/* The next row. False at the end and after a failure. */
bool stmt_next(struct stmt *stmt);

/*
 * Columns count from 0. NULL reads as 0, false, "" and the empty span. What is returned is borrowed
 * until the next stmt_next(), stmt_end() or stmt_free().
 */
int64_t stmt_i64(struct stmt *stmt, int column);
bool stmt_bool(struct stmt *stmt, int column);
const char *stmt_text(struct stmt *stmt, int column);
struct span stmt_blob(struct stmt *stmt, int column);
bool stmt_is_null(struct stmt *stmt, int column);

/*
 * Let it take about so many steps of SQLite's, some 20 ns each, over all of its rows; then the rows
 * end, and stmt_is_cut() says so. PostgreSQL knows no such limit.
 */
void stmt_limit(struct stmt *stmt, int64_t n_steps);
bool stmt_is_cut(const struct stmt *stmt);

/* Did all of it work? The first failure of anything since tx_prepare(). */
bool stmt_end(struct stmt *stmt, struct err *err) must_check;

/* A statement without rows: run it, and say whether it worked. */
bool stmt_run(struct stmt *stmt, struct err *err) must_check;

/*
 * The same where nobody asks how many rows it changed, and no rule can refuse it: PostgreSQL is not
 * waited for. That it failed is told by what is run next, or by tx_commit(), and is ERR_UNAVAILABLE
 * or ERR_INTERNAL there.
 */
bool stmt_send(struct stmt *stmt, struct err *err) must_check;

/*
 * Of which state of the database the rows are, as far as the statement reads it: until a commit
 * changes one of its tables, in a column that it asks for or by a row more or less, the same
 * statement with the same values has the same rows and the same stamp, on all connections to that
 * file. Only SQLite tells, in a transaction that reads, when something has been read in it already.
 * False: it cannot be said now.
 */
struct stmt_stamp {
    int64_t place;
    int64_t commit;
};
bool stmt_stamp(const struct stmt *stmt, struct stmt_stamp *ret);

/*
 * A query is about to be read, and others before it: PostgreSQL is sent it, and answers it with
 * whatever is run or read next. A failure is told by the query's own stmt_next(), or by what was
 * run next. Nothing that it could see is written in between.
 */
void stmt_ask(struct stmt *stmt);

/* How many rows stmt_run() inserted, updated or deleted. */
int64_t stmt_n_changed(const struct stmt *stmt);

/* Ready to be bound and run again. */
void stmt_reset(struct stmt *stmt);
void stmt_free(struct stmt *stmt);

DEFINE_AUTOFREE(tx);
DEFINE_AUTOFREE(stmt);
DEFINE_AUTODONE(sql);

static inline void db_free(struct db *db)
{
    db_close(db);
}
DEFINE_AUTOFREE(db);
