/*
 * db/driver: what a database must be able to do for db/.
 *
 * One const struct db_ops for each kind, listed in registry.c. A driver embeds struct db, struct tx
 * is db.c's, and struct stmt is embedded in its own statement. All functions run on the
 * connection's thread. Those that can fail fill in the err they are given.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"
#include "db/kept.h"

enum db_type { DB_NULL, DB_I64, DB_BOOL, DB_TEXT, DB_BLOB };

#define DB_ROWS_MAX_COLUMNS 20

/* Rows in memory, one after the other (db/many). */
struct db_rows {
    size_t n;
    size_t n_columns; /* 1 to DB_ROWS_MAX_COLUMNS */
    const struct db_cell {
        int64_t number; /* of a text: where in `texts` it begins */
        uint32_t size;  /* of a text */
        enum db_type type;
    } * cells;
    const uint8_t *texts;
};

struct db_ops {
    const char *name;

    /* Is this a URL of ours? */
    bool (*accepts)(const char *url);
    bool (*open)(const struct db_conf *conf, struct db **ret, struct err *err) must_check;
    void (*close)(struct db *db);
    const char *(*version)(struct db *db);

    bool (*begin)(struct db *db, enum tx_mode mode, struct err *err) must_check;
    bool (*commit)(struct db *db, bool is_soon, struct err *err) must_check; /* tx_commit_soon() */
    void (*rollback)(struct db *db);

    /* Which state of the database the transaction under way, which only reads, sees: another number
     * after any change. NULL: it cannot be said for less than what it would save. */
    bool (*state)(struct db *db, int64_t *ret, struct err *err) must_check;

    /* Do others wait until the transaction under way has ended? NULL: they never do. */
    bool (*is_waited_for)(const struct db *db);

    /* What db_write_much() and tx_is_large() say. NULL: it needs no preparation, and never is. */
    void (*write_much)(struct db *db, bool is_much);
    bool (*is_large)(const struct db *db);

    /* Run a script of several statements, without parameters or rows: migrations. */
    bool (*script)(struct db *db, const char *sql, struct err *err) must_check;

    /* A statement ready to be bound. Never NULL; a failure is left in stmt->err. `for_values`: as
     * tx_prepare_for_values() says. */
    struct stmt *(*prepare)(struct db *db, const char *sql, bool for_values);
    void (*bind)(struct stmt *stmt, int parameter, enum db_type type, int64_t number,
        struct span bytes);

    /* Rows that the statement reads as many_rows($parameter), the columns of which are p1, p2, ….
     * They stay where they are until it has been run. NULL: it takes arrays for them. */
    void (*bind_rows)(struct stmt *stmt, int parameter, const struct db_rows *rows);
    bool (*next)(struct stmt *stmt);

    /* What stmt_stamp() says. NULL: it never can. */
    bool (*stamp)(const struct stmt *stmt, struct stmt_stamp *ret);

    /* What stmt_send() says; what goes wrong at once is left in stmt->err. NULL: it is run. */
    void (*send)(struct stmt *stmt);

    /* What stmt_ask() says, likewise. NULL: nothing is done. */
    void (*ask)(struct stmt *stmt);
    int64_t (*i64)(struct stmt *stmt, int column);       /* NULL is 0 */
    struct span (*bytes)(struct stmt *stmt, int column); /* text and blobs; followed by a NUL */
    bool (*is_null)(struct stmt *stmt, int column);
    void (*reset)(struct stmt *stmt);
    void (*release)(struct stmt *stmt);
};

/* May it not write? */
static inline bool tx_mode_reads(enum tx_mode mode)
{
    return mode == TX_READ || mode == TX_READ_FEW;
}

/* See db/kept.h. */
struct db_kept {
    const void *key;
    void *value;
    void (*release)(void *value);
    int64_t state; /* in which it was read; 0: not to be found again */
};

/* The first member of each driver's own struct. */
struct db {
    const struct db_ops *ops;
    int64_t fail_countdown; /* 0: nothing is to fail */
    bool in_tx;
    bool has_failed; /* a statement of this transaction has: nothing more is run, nor committed */
    bool is_unsure;  /* the connection was lost while the last transaction was committed */
    uint64_t place;  /* of its URL: another one for another database */
    struct db_kept kept[DB_KEPT_MAX];
};

struct stmt {
    const struct db_ops *ops;
    struct db *db;
    struct err err; /* the first failure; ERR_NONE so far */
    int64_t n_changed;
    int64_t max_steps; /* 0: as many as it takes */
    bool has_begun;
    bool is_cut; /* it took more */
};

struct tx {
    struct db *db;
    int64_t n_commits;    /* of this process before it began; -1: it writes */
    struct tx_work *work; /* to be written before the commit; NULL: none */
    int64_t state;        /* db_ops.state; 0: not asked for yet, or there is none */
    bool has_state;       /* it was asked for */
};

extern const struct db_ops sqlite_ops;
extern const struct db_ops postgres_ops;

/* Before a connection is closed. */
void db_forget_kept(struct db *db);

/* What db_ops.bind_rows says, on a database that has it. */
void stmt_bind_rows(struct stmt *stmt, int parameter, const struct db_rows *rows);

/* The driver for a URL, or NULL. */
const struct db_ops *db_registry_find(const char *url);
