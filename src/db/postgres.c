/*
 * db/postgres: the driver for PostgreSQL, on libpq.
 *
 * Statements are prepared on the server once for each connection. Parameters travel as text but for
 * bytea, which travels as it is; results come as text. After an error PostgreSQL refuses everything
 * until ROLLBACK, so the first failure of a transaction is the one that is told.
 */
#include <libpq-fe.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "db/cache.h"
#include "db/driver.h"

#define MAX_PARAMETERS 64

struct postgres_db {
    struct db db;
    PGconn *connection;
    struct stmt_cache cache;
    int64_t n_prepared;
    char version[64];
};

/* What the server knows by a name; or, with a text, what is sent to it as it is. */
struct prepared {
    char name[24];
    int n_parameters;
    char *text; /* NULL: it has a name */
};

struct postgres_stmt {
    struct stmt stmt;
    struct prepared *prepared;
    char *values[MAX_PARAMETERS];
    int lengths[MAX_PARAMETERS];
    int formats[MAX_PARAMETERS]; /* 1: binary */
    PGresult *result;
    int row;               /* -1: not run yet */
    struct span blobs[64]; /* bytea columns of this row that were asked for */
};

static bool fail_postgres(struct err *err, const struct postgres_db *self, const PGresult *result,
    const char *what)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *words = result ? PQresultErrorMessage(result) : PQerrorMessage(self->connection);

    if (!state || PQstatus(self->connection) != CONNECTION_OK)
        fail(err, ERR_UNAVAILABLE, "the connection to the database was lost");
    else if (strcmp(state, "23505") == 0)
        fail(err, ERR_CONFLICT, "it is there already");
    else if (strcmp(state, "23503") == 0)
        fail(err, ERR_CONFLICT, "something else still needs it");
    else if (strncmp(state, "40", 2) == 0 || strcmp(state, "55P03") == 0)
        fail(err, ERR_UNAVAILABLE, "the database wants the transaction to be tried again");
    else if (strncmp(state, "53", 2) == 0)
        fail(err, ERR_UNAVAILABLE, "the database is out of disk, memory or connections");
    else if (strncmp(state, "57", 2) == 0 || strncmp(state, "08", 2) == 0)
        fail(err, ERR_UNAVAILABLE, "the database is shutting down or was lost");
    else
        fail(err, ERR_INTERNAL, "the database failed");
    return err_detail(err, "%s: %s: %s", state ? state : "-", words, what);
}

static bool postgres_accepts(const char *url)
{
    return strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0;
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static bool run_simple(struct postgres_db *self, const char *sql, struct err *err)
{
    PGresult *result = PQexec(self->connection, sql);
    ExecStatusType status = PQresultStatus(result);
    bool works = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

    if (!works)
        fail_postgres(err, self, result, sql);
    PQclear(result);
    return works;
}

/* For every new connection: what it must agree with us about. */
static bool set_up(struct postgres_db *self, struct err *err)
{
    (void)PQsetNoticeProcessor(self->connection, ignore_notice, NULL);
    (void)snprintf(self->version, sizeof self->version, "PostgreSQL %d.%d",
        PQserverVersion(self->connection) / 10000, PQserverVersion(self->connection) % 10000);
    return run_simple(self,
        "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;"
        " SET bytea_output = 'hex'; SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '10min'",
        err);
}

static void postgres_close(struct db *db)
{
    struct postgres_db *self = (struct postgres_db *)db;

    stmt_cache_done(&self->cache);
    PQfinish(self->connection);
    free(self);
}

static bool postgres_open(const struct db_conf *conf, struct db **ret, struct err *err)
{
    struct postgres_db *self = xcalloc(1, sizeof *self);

    stmt_cache_init(&self->cache, free);
    self->connection = PQconnectdb(conf->url);
    if (PQstatus(self->connection) != CONNECTION_OK) {
        fail(err, ERR_UNAVAILABLE, "could not connect to the database");
        err_detail(err, "%s", PQerrorMessage(self->connection));
        postgres_close(&self->db);
        return false;
    }
    if (!set_up(self, err)) {
        postgres_close(&self->db);
        return false;
    }
    *ret = &self->db;
    return true;
}

static const char *postgres_version(struct db *db)
{
    return ((struct postgres_db *)db)->version;
}

static bool connect_again(struct postgres_db *self, struct err *err)
{
    stmt_cache_done(&self->cache);
    PQreset(self->connection);
    if (PQstatus(self->connection) != CONNECTION_OK) {
        fail(err, ERR_UNAVAILABLE, "could not connect to the database");
        return err_detail(err, "%s", PQerrorMessage(self->connection));
    }
    return set_up(self, err);
}

static bool postgres_begin(struct db *db, enum tx_mode mode, struct err *err)
{
    struct postgres_db *self = (struct postgres_db *)db;
    const char *sql = mode == TX_READ ? "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                                      : "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE";

    if (PQstatus(self->connection) == CONNECTION_OK && run_simple(self, sql, err))
        return true;
    if (PQstatus(self->connection) == CONNECTION_OK)
        return false;
    return connect_again(self, err) && run_simple(self, sql, err);
}

/* A transaction that failed answers COMMIT with ROLLBACK, and with success. */
static bool postgres_commit(struct db *db, struct err *err)
{
    struct postgres_db *self = (struct postgres_db *)db;

    if (PQtransactionStatus(self->connection) == PQTRANS_INERROR)
        return fail(err, ERR_INTERNAL, "a statement of the transaction had failed");
    return run_simple(self, "COMMIT", err);
}

static void postgres_rollback(struct db *db)
{
    struct postgres_db *self = (struct postgres_db *)db;
    struct err ignored = { 0 };

    if (PQtransactionStatus(self->connection) != PQTRANS_IDLE)
        (void)!run_simple(self, "ROLLBACK", &ignored);
}

static bool postgres_script(struct db *db, const char *sql, struct err *err)
{
    return run_simple((struct postgres_db *)db, sql, err);
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

/* What is put together from parts has many forms: past what a connection keeps, they go unnamed. */
static struct prepared *prepare_unnamed(const char *sql)
{
    struct prepared *prepared = xcalloc(1, sizeof *prepared);

    prepared->n_parameters = count_parameters(sql);
    prepared->text = xstrdup(sql);
    return prepared;
}

static struct prepared *prepare_on_server(struct postgres_db *self, const char *sql,
    struct err *err)
{
    struct prepared *prepared = stmt_cache_find(&self->cache, sql);

    if (prepared)
        return prepared;
    if (stmt_cache_is_full(&self->cache))
        return prepare_unnamed(sql);
    prepared = xcalloc(1, sizeof *prepared);
    (void)snprintf(prepared->name, sizeof prepared->name, "s%" PRId64, self->n_prepared++);
    prepared->n_parameters = count_parameters(sql);
    PGresult *result = PQprepare(self->connection, prepared->name, sql, 0, NULL);
    bool works = PQresultStatus(result) == PGRES_COMMAND_OK;

    if (!works)
        fail_postgres(err, self, result, sql);
    PQclear(result);
    if (works) {
        ASSERT(stmt_cache_add(&self->cache, sql, prepared));
        return prepared;
    }
    free(prepared);
    return NULL;
}

static struct stmt *postgres_prepare(struct db *db, const char *sql)
{
    struct postgres_stmt *self = xcalloc(1, sizeof *self);

    self->prepared = prepare_on_server((struct postgres_db *)db, sql, &self->stmt.err);
    self->row = -1;
    return &self->stmt;
}

static void postgres_bind(struct stmt *stmt, int parameter, enum db_type type, int64_t number,
    struct span bytes)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;
    int i = parameter - 1;

    ASSERT(i >= 0 && i < MAX_PARAMETERS);
    free(self->values[i]);
    self->values[i] = NULL;
    self->lengths[i] = 0;
    self->formats[i] = 0;
    switch (type) {
    case DB_NULL:
        break;
    case DB_I64:
        self->values[i] = xasprintf("%" PRId64, number);
        break;
    case DB_BOOL:
        self->values[i] = xstrdup(number ? "t" : "f");
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
    for (size_t i = 0; i < countof(self->blobs); i++) {
        PQfreemem((void *)(uintptr_t)self->blobs[i].data);
        self->blobs[i] = SPAN_EMPTY;
    }
}

static bool run(struct postgres_stmt *self)
{
    struct postgres_db *owner = (struct postgres_db *)self->stmt.db;

    if (self->prepared->text)
        self->result =
            PQexecParams(owner->connection, self->prepared->text, self->prepared->n_parameters,
                NULL, (const char *const *)self->values, self->lengths, self->formats, 0);
    else
        self->result =
            PQexecPrepared(owner->connection, self->prepared->name, self->prepared->n_parameters,
                (const char *const *)self->values, self->lengths, self->formats, 0);
    ExecStatusType status = PQresultStatus(self->result);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return fail_postgres(&self->stmt.err, owner, self->result,
            self->prepared->text ? self->prepared->text : self->prepared->name);

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

    if (PQftype(self->result, column) == 16) /* bool */
        return text[0] == 't';
    if (!parse_i64(span_text(text), INT64_MIN, INT64_MAX, &value, NULL))
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
    if (PQftype(self->result, column) != 17) /* not bytea */
        return span_of(text, (size_t)PQgetlength(self->result, self->row, column));
    ASSERT((size_t)column < countof(self->blobs));
    if (!self->blobs[column].data) {
        size_t size = 0;
        uint8_t *bytes = PQunescapeBytea((const unsigned char *)text, &size);

        self->blobs[column] = span_of(bytes, bytes ? size : 0);
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

    drop_blobs(self);
    PQclear(self->result);
    self->result = NULL;
    self->row = -1;
}

static void postgres_release(struct stmt *stmt)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;

    postgres_reset(stmt);
    for (size_t i = 0; i < MAX_PARAMETERS; i++)
        free(self->values[i]);
    if (self->prepared && self->prepared->text) {
        free(self->prepared->text);
        free(self->prepared);
    }
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
    .next = postgres_next,
    .i64 = postgres_i64,
    .bytes = postgres_bytes,
    .is_null = postgres_is_null,
    .reset = postgres_reset,
    .release = postgres_release,
};
