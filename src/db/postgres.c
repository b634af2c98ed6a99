/*
 * db/postgres: the driver for PostgreSQL, on libpq.
 *
 * Statements are prepared on the server once for each connection. Parameters travel as text but for
 * bytea, which travels as it is; results come as text. After an error PostgreSQL refuses everything
 * until ROLLBACK, so the first failure of a transaction is the one that is told.
 *
 * Each message that is waited for costs more than what most of them ask, so several travel
 * together, in a pipeline: BEGIN with the first statement, and statements the answers of which
 * nobody asks for (stmt_send) with what comes after them, COMMIT at last. Their answers are unread
 * until then.
 */
#include <libpq-fe.h>
#include <poll.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "db/cache.h"
#include "db/driver.h"

#define MAX_PARAMETERS 64

/* So many answers are left unread at most: they take memory. */
#define MAX_UNREAD 64

/* Numbers of the types that are treated differently; from PostgreSQL's catalog, never to change. */
#define OID_BOOL 16
#define OID_BYTEA 17

struct postgres_db {
    struct db db;
    PGconn *connection;
    struct stmt_cache cache;
    int64_t n_prepared;
    bool reads_only;   /* the present transaction */
    bool is_to_begin;  /* it has, but the server has not been told */
    bool is_forgetful; /* our prepared statements are too many, or not as the server knows them */
    size_t n_unread;
    char *unread[MAX_UNREAD]; /* what was sent, for the log */
    char version[64];
};

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
    PGresult *result;
    int row;               /* -1: not run yet */
    struct span blobs[64]; /* bytea columns of this row that were asked for … */
    size_t n_blobs;        /* … among the first so many */
};

/* What the five letters of SQLSTATE mean to us; the longer beginning comes first. */
static const struct {
    const char *state;
    enum err_kind kind;
    const char *says;
} states[] = {
    { "23505", ERR_CONFLICT, "it is there already" },
    { "23503", ERR_CONFLICT, "something else still needs it" },
    { "23", ERR_INTERNAL, "the database refused a value" },
    { "40", ERR_UNAVAILABLE, "the database wants the transaction to be tried again" },
    { "55P03", ERR_UNAVAILABLE, "the database is busy" },
    { "53100", ERR_UNAVAILABLE, "the disk of the database is full" },
    { "53", ERR_UNAVAILABLE, "the database is out of memory or connections" },
    { "57", ERR_UNAVAILABLE, "the database is starting, stopping or has cancelled the statement" },
    { "58", ERR_UNAVAILABLE, "the database could not read or write its files" },
    { "08", ERR_UNAVAILABLE, "the connection to the database was lost" },
    { "0A000", ERR_UNAVAILABLE, "the tables of the database have just been changed" },
    { "26000", ERR_UNAVAILABLE, "the database has forgotten a statement" },
    { "42501", ERR_INTERNAL, "the user of the database may not do that" },
};

static bool fail_state(struct err *err, const char *state)
{
    for (size_t i = 0; i < countof(states); i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return fail(err, states[i].kind, "%s", states[i].says);
    return fail(err, ERR_INTERNAL, "the database failed");
}

static bool fail_postgres(struct err *err, struct postgres_db *self, const PGresult *result,
    const char *what)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *words = result ? PQresultErrorMessage(result) : PQerrorMessage(self->connection);

    if (!state || PQstatus(self->connection) != CONNECTION_OK)
        fail(err, ERR_UNAVAILABLE, "the connection to the database was lost");
    else if (strcmp(state, "25006") == 0 && self->reads_only)
        fail(err, ERR_INTERNAL, "a transaction that only reads was about to write");
    else if (strcmp(state, "25006") == 0)
        fail(err, ERR_UNAVAILABLE, "the database is a copy that only reads");
    else
        fail_state(err, state);
    if (state && (strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0))
        self->is_forgetful = true;
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

/*
 * For every new connection: what it must agree with us about. Our statements are many and short,
 * and what they touch is mostly in memory: compiling them, sharing them out or shying away from
 * indexes would cost more than they do, and so would trying all orders of ten tables: joins are
 * written in a good one.
 */
static bool set_up(struct postgres_db *self, struct err *err)
{
    self->is_forgetful = false;
    (void)PQsetNoticeProcessor(self->connection, ignore_notice, NULL);
    (void)snprintf(self->version, sizeof self->version, "PostgreSQL %d.%d",
        PQserverVersion(self->connection) / 10000, PQserverVersion(self->connection) % 10000);
    return run_simple(self,
        "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;"
        " SET jit = off; SET max_parallel_workers_per_gather = 0; SET random_page_cost = 1.1;"
        " SET join_collapse_limit = 4;"
        " SET bytea_output = 'hex'; SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '10min'",
        err);
}

static void forget_unread(struct postgres_db *self)
{
    while (self->n_unread > 0)
        free(self->unread[--self->n_unread]);
}

static void postgres_close(struct db *db)
{
    struct postgres_db *self = (struct postgres_db *)db;

    forget_unread(self);
    stmt_cache_done(&self->cache);
    PQfinish(self->connection);
    free(self);
}

/* libpq's own words would quote parts of the URL, and it may hold a password. */
static bool check_url(const char *url, struct err *err)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);

    if (!options)
        return fail(err, ERR_INVALID, "the URL of the database is malformed");
    PQconninfoFree(options);
    return true;
}

/* What the URL says wins over what stands before it. */
static PGconn *connect_to(const char *url)
{
    static const char *const names[] = { "connect_timeout", "tcp_user_timeout", "keepalives_idle",
        "fallback_application_name", "dbname", NULL };
    const char *const values[] = { "10", "30000", "30", "certdesk", url, NULL };

    return PQconnectdbParams(names, values, 1);
}

static bool fail_connect(const struct postgres_db *self, struct err *err)
{
    fail(err, ERR_UNAVAILABLE, "could not connect to the database");
    return err_detail(err, "%s", PQerrorMessage(self->connection));
}

static bool postgres_open(const struct db_conf *conf, struct db **ret, struct err *err)
{
    struct postgres_db *self;

    if (!check_url(conf->url, err))
        return false;
    self = xcalloc(1, sizeof *self);
    stmt_cache_init(&self->cache, free);
    self->connection = connect_to(conf->url);
    if (PQstatus(self->connection) != CONNECTION_OK) {
        fail_connect(self, err);
    } else if (set_up(self, err)) {
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

static bool connect_again(struct postgres_db *self, struct err *err)
{
    forget_unread(self);
    stmt_cache_done(&self->cache);
    PQreset(self->connection);
    if (PQstatus(self->connection) != CONNECTION_OK)
        return fail_connect(self, err);
    return set_up(self, err);
}

static bool forget_statements(struct postgres_db *self, struct err *err)
{
    if (!self->is_forgetful)
        return true;
    stmt_cache_done(&self->cache);
    if (!run_simple(self, "DEALLOCATE ALL", err))
        return false;
    self->is_forgetful = false;
    return true;
}

/* Reads what the server may have sent since: that it has closed the connection is told by that. */
static bool is_connected(struct postgres_db *self)
{
    struct pollfd has_sent = { .fd = PQsocket(self->connection), .events = POLLIN };

    while (PQstatus(self->connection) == CONNECTION_OK && poll(&has_sent, 1, 0) > 0) {
        if (PQconsumeInput(self->connection) != 1)
            break;
    }
    return PQstatus(self->connection) == CONNECTION_OK &&
           PQpipelineStatus(self->connection) == PQ_PIPELINE_OFF;
}

static bool postgres_begin(struct db *db, enum tx_mode mode, struct err *err)
{
    struct postgres_db *self = (struct postgres_db *)db;

    self->reads_only = tx_mode_reads(mode);
    self->is_to_begin =
        is_connected(self) ? forget_statements(self, err) : connect_again(self, err);
    return self->is_to_begin;
}

static const char *begin_sql(const struct postgres_db *self)
{
    return self->reads_only ? "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                            : "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE";
}

/* The answer to one message of a pipeline, without the NULL that ends it. */
static PGresult *read_answer(PGconn *connection)
{
    PGresult *answer = PQgetResult(connection);

    if (answer)
        PQclear(PQgetResult(connection));
    return answer;
}

static bool note_unread(struct postgres_db *self, const char *sql)
{
    self->unread[self->n_unread++] = xstrdup(sql);
    return true;
}

static bool send_word(struct postgres_db *self, const char *sql)
{
    return PQsendQueryParams(self->connection, sql, 0, NULL, NULL, NULL, NULL, 0) == 1 &&
           note_unread(self, sql);
}

/* From now on answers are left unread. BEGIN is the first of what is sent. */
static bool enter_pipeline(struct postgres_db *self)
{
    if (PQpipelineStatus(self->connection) != PQ_PIPELINE_OFF)
        return true;
    PQclear(read_answer(self->connection)); /* to the end of the last transaction */
    if (PQenterPipelineMode(self->connection) != 1)
        return false;
    if (!self->is_to_begin)
        return true;
    self->is_to_begin = false;
    return send_word(self, begin_sql(self));
}

static bool has_worked(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/*
 * What was sent before `sql` and failed is not what the caller asks for, who might take a broken
 * rule for its own.
 */
static bool fail_unread(struct err *err, struct postgres_db *self, const PGresult *result,
    const char *sql, bool is_last)
{
    fail_postgres(err, self, result, sql);
    if (!is_last && err->kind != ERR_UNAVAILABLE)
        err->kind = ERR_INTERNAL;
    return false;
}

/*
 * Wait for all answers, and leave the pipeline. *ret is the last of them, and the caller's. What
 * came after a statement that failed has not been run.
 */
static bool read_unread(struct postgres_db *self, PGresult **ret, struct err *err)
{
    bool works = PQpipelineSync(self->connection) == 1 || fail_postgres(err, self, NULL, "-");
    PGresult *last = NULL;

    for (size_t i = 0; i < self->n_unread; i++) {
        PQclear(last);
        last = read_answer(self->connection);
        if (works && !has_worked(last))
            works = fail_unread(err, self, last, self->unread[i], i + 1 == self->n_unread);
    }
    PQclear(PQgetResult(self->connection)); /* the end of the pipeline */
    (void)PQexitPipelineMode(self->connection);
    forget_unread(self);
    if (works)
        *ret = last;
    else
        PQclear(last);
    return works;
}

static bool settle(struct postgres_db *self, struct err *err)
{
    PGresult *last = NULL;
    bool works = self->n_unread == 0 || read_unread(self, &last, err);

    PQclear(last);
    return works;
}

/* Nothing hangs on how a transaction that only read ends: it is not waited for. libpq reads the
 * answer before whatever is sent next. */
static bool end_reading(struct postgres_db *self, struct err *err)
{
    if (!settle(self, err))
        return false;
    return PQsendQuery(self->connection, "ROLLBACK") == 1 ||
           fail_postgres(err, self, NULL, "ROLLBACK");
}

/* With what was sent before it, and after all of that has worked. */
static bool commit_pipeline(struct postgres_db *self, struct err *err)
{
    PGresult *last = NULL;
    bool works = (send_word(self, "COMMIT") || fail_postgres(err, self, NULL, "COMMIT")) &&
                 read_unread(self, &last, err);

    PQclear(last);
    return works;
}

/* A transaction that failed answers COMMIT with ROLLBACK, and with success. */
static bool commit_alone(struct postgres_db *self, struct err *err)
{
    if (PQtransactionStatus(self->connection) == PQTRANS_INERROR)
        return fail(err, ERR_INTERNAL, "a statement of the transaction had failed");
    return run_simple(self, "COMMIT", err);
}

static bool postgres_commit(struct db *db, struct err *err)
{
    struct postgres_db *self = (struct postgres_db *)db;

    if (self->is_to_begin) {
        self->is_to_begin = false;
        return true;
    }
    if (self->reads_only)
        return end_reading(self, err);
    const bool works = self->n_unread > 0 ? commit_pipeline(self, err) : commit_alone(self, err);

    db->is_unsure = !works && PQstatus(self->connection) != CONNECTION_OK;
    return works;
}

static void postgres_rollback(struct db *db)
{
    struct postgres_db *self = (struct postgres_db *)db;
    struct err ignored = { 0 };

    (void)!settle(self, &ignored);
    if (self->is_to_begin || PQtransactionStatus(self->connection) == PQTRANS_IDLE) {
        self->is_to_begin = false;
        return;
    }
    if (self->reads_only)
        (void)!end_reading(self, &ignored);
    else
        (void)!run_simple(self, "ROLLBACK", &ignored);
}

static bool postgres_script(struct db *db, const char *sql, struct err *err)
{
    struct postgres_db *self = (struct postgres_db *)db;

    if (!settle(self, err) || (self->is_to_begin && !run_simple(self, begin_sql(self), err)))
        return false;
    self->is_to_begin = false;
    return run_simple(self, sql, err);
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
    if (!settle(self, err))
        return NULL;
    prepared = xcalloc(1, sizeof *prepared);
    (void)snprintf(prepared->name, sizeof prepared->name, "s%" PRId64, self->n_prepared++);
    prepared->n_parameters = count_parameters(sql);
    result = PQprepare(self->connection, prepared->name, sql, 0, NULL);
    works = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!works)
        fail_postgres(err, self, result, sql);
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

static PGresult *execute(struct postgres_stmt *self, PGconn *connection)
{
    const char *const *values = (const char *const *)self->values;

    if (self->prepared)
        return PQexecPrepared(connection, self->prepared->name, self->n_parameters, values,
            self->lengths, self->formats, 0);
    return PQexecParams(connection, self->sql, self->n_parameters, NULL, values, self->lengths,
        self->formats, 0);
}

static bool send(struct postgres_stmt *self, struct postgres_db *owner)
{
    const char *const *values = (const char *const *)self->values;
    int sent;

    if (!enter_pipeline(owner))
        return false;
    if (self->prepared)
        sent = PQsendQueryPrepared(owner->connection, self->prepared->name, self->n_parameters,
            values, self->lengths, self->formats, 0);
    else
        sent = PQsendQueryParams(owner->connection, self->sql, self->n_parameters, NULL, values,
            self->lengths, self->formats, 0);
    return sent == 1 && note_unread(owner, self->sql);
}

static void postgres_send(struct stmt *stmt)
{
    struct postgres_stmt *self = (struct postgres_stmt *)stmt;
    struct postgres_db *owner = (struct postgres_db *)stmt->db;

    if (!send(self, owner))
        fail_postgres(&stmt->err, owner, NULL, self->sql);
    else if (owner->n_unread + 2 > MAX_UNREAD) /* there is room for one more, and for COMMIT */
        (void)!settle(owner, &stmt->err);
}

/* What is to be sent goes with it. */
static bool run_in_pipeline(struct postgres_stmt *self, struct postgres_db *owner)
{
    if (!send(self, owner))
        return fail_postgres(&self->stmt.err, owner, NULL, self->sql);
    return read_unread(owner, &self->result, &self->stmt.err);
}

static bool run_alone(struct postgres_stmt *self, struct postgres_db *owner)
{
    self->result = execute(self, owner->connection);
    return has_worked(self->result) ||
           fail_postgres(&self->stmt.err, owner, self->result, self->sql);
}

static bool run(struct postgres_stmt *self)
{
    struct postgres_db *owner = (struct postgres_db *)self->stmt.db;

    if (!(owner->is_to_begin || owner->n_unread > 0 ? run_in_pipeline(self, owner)
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
    .next = postgres_next,
    .i64 = postgres_i64,
    .bytes = postgres_bytes,
    .is_null = postgres_is_null,
    .reset = postgres_reset,
    .release = postgres_release,
};
