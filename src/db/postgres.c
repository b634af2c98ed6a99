/*
 * db/postgres: the driver for PostgreSQL, on libpq: transactions and statements. Connections are
 * db/postgres_conn's, and what is sent without waiting db/postgres_pipe's.
 *
 * Statements are prepared on the server once for each connection. Parameters travel as text but for
 * bytea, which travels as it is; results come as text. After an error PostgreSQL refuses everything
 * until ROLLBACK, so the first failure of a transaction is the one that is told.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "db/cache.h"
#include "db/driver.h"
#include "db/postgres_conn.h"
#include "db/postgres_pipe.h"

#define MAX_PARAMETERS 64

/* Numbers of the types that are treated differently; from PostgreSQL's catalog, never to change. */
#define OID_BOOL 16
#define OID_BYTEA 17

/* What the server knows by a name. */
struct prepared {
    char name[24];
    int n_parameters;
};

struct postgres_stmt {
    struct stmt stmt;
    const struct prepared *prepared; /* NULL: `sql` is sent each time */
    char *sql;
    int n_parameters;
    char *values[MAX_PARAMETERS]; /* each on the heap, or in `numbers` */
    char numbers[MAX_PARAMETERS][24];
    int lengths[MAX_PARAMETERS];
    int formats[MAX_PARAMETERS]; /* 1: binary */
    bool is_asked;               /* sent, and to be read with whatever is run next */
    PGresult *result;
    int row;               /* -1: not run yet */
    struct span blobs[64]; /* bytea columns of this row that were asked for … */
    size_t n_blobs;        /* … among the first so many */
};

static bool postgres_accepts(const char *url)
{
    return strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0;
}

static void postgres_close(struct db *db)
{
    struct postgres_db *self = (struct postgres_db *)db;

    postgres_pipe_forget(self);
    stmt_cache_done(&self->cache);
    PQfinish(self->connection);
    free(self);
}

static bool postgres_open(const struct db_conf *conf, struct db **ret, struct err *err)
{
    struct postgres_db *self = xcalloc(1, sizeof *self);

    stmt_cache_init(&self->cache, free);
    if (postgres_conn_open(self, conf->url, err)) {
        *ret = &self->db;
        return true;
    }
    postgres_close(&self->db);
    return false;
}

static const char *postgres_version(struct db *db)
{
    return ((struct postgres_db *)db)->version;
}

static bool forget_statements(struct postgres_db *self, struct err *err)
{
    if (!self->is_forgetful)
        return true;
    stmt_cache_done(&self->cache);
    if (!postgres_conn_run(self, "DEALLOCATE ALL", err))
        return false;
    self->is_forgetful = false;
    return true;
}

static bool postgres_begin(struct db *db, enum tx_mode mode, struct err *err)
{
    struct postgres_db *self = (struct postgres_db *)db;

    self->reads_only = tx_mode_reads(mode);
    self->is_to_begin = postgres_conn_is_open(self) ? forget_statements(self, err)
                                                    : postgres_conn_reopen(self, err);
    return self->is_to_begin;
}

/* Nothing hangs on how a transaction that only read ends: it is not waited for. libpq reads the
 * answer before whatever is sent next. */
static bool end_reading(struct postgres_db *self, struct err *err)
{
    if (!postgres_pipe_settle(self, err))
        return false;
    return PQsendQuery(self->connection, "ROLLBACK") == 1 ||
           postgres_conn_fail(err, self, NULL, "ROLLBACK");
}

/* A transaction that failed answers COMMIT with ROLLBACK, and with success. */
static bool commit_alone(struct postgres_db *self, struct err *err)
{
    if (PQtransactionStatus(self->connection) == PQTRANS_INERROR)
        return fail(err, ERR_INTERNAL, "a statement of the transaction had failed");
    return postgres_conn_run(self, "COMMIT", err);
}

static bool postgres_commit(struct db *db, bool is_soon, struct err *err)
{
    (void)is_soon;
    struct postgres_db *self = (struct postgres_db *)db;

    if (self->is_to_begin) {
        self->is_to_begin = false;
        return true;
    }
    if (self->reads_only)
        return end_reading(self, err);
    const bool works =
        self->pipe.n_unread > 0 ? postgres_pipe_commit(self, err) : commit_alone(self, err);

    db->is_unsure = !works && PQstatus(self->connection) != CONNECTION_OK;
    return works;
}

static void postgres_rollback(struct db *db)
{
    struct postgres_db *self = (struct postgres_db *)db;
    struct err ignored = { 0 };

    (void)!postgres_pipe_settle(self, &ignored);
    if (self->is_to_begin || PQtransactionStatus(self->connection) == PQTRANS_IDLE) {
        self->is_to_begin = false;
        return;
    }
    if (self->reads_only)
        (void)!end_reading(self, &ignored);
    else
        (void)!postgres_conn_run(self, "ROLLBACK", &ignored);
}

static bool postgres_script(struct db *db, const char *sql, struct err *err)
{
    struct postgres_db *self = (struct postgres_db *)db;

    if (self->is_to_begin && !postgres_pipe_enter(self))
        return postgres_conn_fail(err, self, NULL, "BEGIN");
    return postgres_pipe_settle(self, err) && postgres_conn_run(self, sql, err);
}

/* The highest $N in the text: libpq wants to know how many there are. */
static int count_parameters(const char *sql)
{
    int highest = 0;

    for (const char *p = sql; (p = strchr(p, '$')); p++) {
        int n = 0;

        for (const char *digit = p + 1; *digit >= '0' && *digit <= '9' && n < MAX_PARAMETERS;
             digit++)
            n = n * 10 + (*digit - '0');
        if (n > highest)
            highest = n;
    }
    ASSERT(highest <= MAX_PARAMETERS);
    return highest;
}

/* NULL with nothing in `err` when the cache is full. */
static const struct prepared *prepare_on_server(struct postgres_db *self, const char *sql,
    struct err *err)
{
    struct prepared *prepared = stmt_cache_find(&self->cache, sql);
    PGresult *result;
    bool works;

    if (prepared)
        return prepared;
    if (stmt_cache_is_full(&self->cache)) {
        self->is_forgetful = true; /* from the next transaction on there is room again */
        return NULL;
    }
    if (!postgres_pipe_settle(self, err))
        return NULL;
    prepared = xcalloc(1, sizeof *prepared);
    (void)snprintf(prepared->name, sizeof prepared->name, "s%" PRId64, self->n_prepared++);
    prepared->n_parameters = count_parameters(sql);
    result = PQprepare(self->connection, prepared->name, sql, 0, NULL);
    works = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!works)
        postgres_conn_fail(err, self, result, sql);
    PQclear(result);
    if (works && stmt_cache_add(&self->cache, sql, prepared))
        return prepared;
    free(prepared);
    return NULL;
}

static struct stmt *postgres_prepare(struct db *db, const char *sql, bool for_values)
{
    struct postgres_stmt *self = xcalloc(1, sizeof *self);

    if (!for_values)
        self->prepared = prepare_on_server((struct postgres_db *)db, sql, &self->stmt.err);
    self->sql = xstrdup(sql);
    self->n_parameters = self->prepared ? self->prepared->n_parameters : count_parameters(sql);
    self->row = -1;
    return &self->stmt;
}

static void drop_value(struct postgres_stmt *self, int i)
{
    if (self->values[i] != self->numbers[i])
        free(self->values[i]);
    self->values[i] = NULL;
}

/* A short text that needs no place of its own on the heap. */
static void set_number(struct postgres_stmt *self, int i, enum db_type type, int64_t number)
{
    char *const text = self->numbers[i];

    if (type == DB_BOOL)
        (void)snprintf(text, sizeof self->numbers[i], "%s", number ? "t" : "f");
    else
        (void)snprintf(text, sizeof self->numbers[i], "%" PRId64, number);
    self->values[i] = text;
}

static void postgres_bind(struct stmt *stmt, int parameter, enum db_type type, int64_t number,
    struct span bytes)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;
    int i = parameter - 1;

    ASSERT(i >= 0 && i < self->n_parameters);
    drop_value(self, i);
    self->lengths[i] = 0;
    self->formats[i] = 0;
    switch (type) {
    case DB_NULL:
        break;
    case DB_I64:
    case DB_BOOL:
        set_number(self, i, type, number);
        break;
    case DB_TEXT:
        self->values[i] = span_dup(bytes);
        break;
    case DB_BLOB:
        if (bytes.size > INT32_MAX) {
            fail(&stmt->err, ERR_LIMIT, "more than 2 GiB in one value");
            return;
        }
        self->values[i] = span_dup(bytes);
        self->lengths[i] = (int)bytes.size;
        self->formats[i] = 1;
        break;
    }
}

static void drop_blobs(struct postgres_stmt *self)
{
    for (size_t i = 0; i < self->n_blobs; i++) {
        PQfreemem((void *)(uintptr_t)self->blobs[i].data);
        self->blobs[i] = SPAN_EMPTY;
    }
    self->n_blobs = 0;
}

static bool send(struct postgres_stmt *self, struct postgres_db *owner, PGresult **into)
{
    const char *const *values = (const char *const *)self->values;
    int sent;

    if (!postgres_pipe_enter(owner))
        return false;
    if (self->prepared)
        sent = PQsendQueryPrepared(owner->connection, self->prepared->name, self->n_parameters,
            values, self->lengths, self->formats, 0);
    else
        sent = PQsendQueryParams(owner->connection, self->sql, self->n_parameters, NULL, values,
            self->lengths, self->formats, 0);
    if (sent == 1)
        postgres_pipe_note(owner, self->sql, into);
    return sent == 1;
}

static void send_ahead(struct postgres_stmt *self, PGresult **into)
{
    struct postgres_db *owner = (struct postgres_db *)self->stmt.db;

    if (!send(self, owner, into))
        postgres_conn_fail(&self->stmt.err, owner, NULL, self->sql);
    else if (postgres_pipe_is_full(owner))
        (void)!postgres_pipe_settle(owner, &self->stmt.err);
}

static void postgres_send(struct stmt *stmt)
{
    send_ahead((struct postgres_stmt *)stmt, NULL);
}

static void postgres_ask(struct stmt *stmt)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;

    self->is_asked = true;
    send_ahead(self, &self->result);
}

/* It may have come with the answer to something else, and that may have failed. */
static bool read_asked(struct postgres_stmt *self, struct postgres_db *owner)
{
    self->is_asked = false;
    if (!self->result && !postgres_pipe_settle(owner, &self->stmt.err))
        return false;
    return self->result ||
           fail(&self->stmt.err, ERR_INTERNAL, "a statement of the transaction had failed");
}

/* What is to be sent goes with it. */
static bool run_in_pipeline(struct postgres_stmt *self, struct postgres_db *owner)
{
    if (!send(self, owner, &self->result))
        return postgres_conn_fail(&self->stmt.err, owner, NULL, self->sql);
    return postgres_pipe_settle(owner, &self->stmt.err);
}

static bool run_alone(struct postgres_stmt *self, struct postgres_db *owner)
{
    const char *const *values = (const char *const *)self->values;
    ExecStatusType status;

    if (self->prepared)
        self->result = PQexecPrepared(owner->connection, self->prepared->name, self->n_parameters,
            values, self->lengths, self->formats, 0);
    else
        self->result = PQexecParams(owner->connection, self->sql, self->n_parameters, NULL, values,
            self->lengths, self->formats, 0);
    status = PQresultStatus(self->result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
           postgres_conn_fail(&self->stmt.err, owner, self->result, self->sql);
}

static bool run(struct postgres_stmt *self)
{
    struct postgres_db *owner = (struct postgres_db *)self->stmt.db;

    if (!(self->is_asked                                     ? read_asked(self, owner)
            : owner->is_to_begin || owner->pipe.n_unread > 0 ? run_in_pipeline(self, owner)
                                                             : run_alone(self, owner)))
        return false;

    struct span changed = span_text(PQcmdTuples(self->result));

    if (changed.size > 0)
        (void)!parse_i64(changed, 0, INT64_MAX, &self->stmt.n_changed, NULL);
    return true;
}

static bool postgres_next(struct stmt *stmt)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;

    if (self->row < 0 && !run(self))
        return false;
    drop_blobs(self);
    self->row++;
    return self->row < PQntuples(self->result);
}

static int64_t postgres_i64(struct stmt *stmt, int column)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;
    const char *text = PQgetvalue(self->result, self->row, column);
    int64_t value = 0;

    if (PQftype(self->result, column) == OID_BOOL)
        return text[0] == 't';
    if (PQgetisnull(self->result, self->row, column))
        return 0;
    if (!parse_i64(span_of(text, (size_t)PQgetlength(self->result, self->row, column)), INT64_MIN,
            INT64_MAX, &value, NULL))
        fail(&stmt->err, ERR_INTERNAL, "column %d is not a number", column);
    return value;
}

static struct span postgres_bytes(struct stmt *stmt, int column)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;
    const char *text;

    if (PQgetisnull(self->result, self->row, column))
        return SPAN_EMPTY;
    text = PQgetvalue(self->result, self->row, column);
    if (PQftype(self->result, column) != OID_BYTEA)
        return span_of(text, (size_t)PQgetlength(self->result, self->row, column));
    ASSERT((size_t)column < countof(self->blobs));
    if (!self->blobs[column].data) {
        size_t size = 0;
        uint8_t *bytes = PQunescapeBytea((const unsigned char *)text, &size);

        self->blobs[column] = span_of(bytes, bytes ? size : 0);
        if (self->n_blobs <= (size_t)column)
            self->n_blobs = (size_t)column + 1;
    }
    return self->blobs[column];
}

static bool postgres_is_null(struct stmt *stmt, int column)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;

    return PQgetisnull(self->result, self->row, column);
}

static void postgres_reset(struct stmt *stmt)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;

    if (self->is_asked)
        postgres_pipe_disown((struct postgres_db *)stmt->db, &self->result);
    self->is_asked = false;
    drop_blobs(self);
    PQclear(self->result);
    self->result = NULL;
    self->row = -1;
}

static void postgres_release(struct stmt *stmt)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;

    postgres_reset(stmt);
    for (int i = 0; i < self->n_parameters; i++)
        drop_value(self, i);
    free(self->sql);
    free(self);
}

const struct db_ops postgres_ops = {
    .name = "postgresql",
    .accepts = postgres_accepts,
    .open = postgres_open,
    .close = postgres_close,
    .version = postgres_version,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .script = postgres_script,
    .prepare = postgres_prepare,
    .bind = postgres_bind,
    .send = postgres_send,
    .ask = postgres_ask,
    .next = postgres_next,
    .i64 = postgres_i64,
    .bytes = postgres_bytes,
    .is_null = postgres_is_null,
    .reset = postgres_reset,
    .release = postgres_release,
};
