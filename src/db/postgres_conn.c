/* db/postgres_conn: see the header. */
#include "db/postgres_conn.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

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

bool postgres_conn_fail(struct err *err, struct postgres_db *self, const PGresult *result,
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

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

bool postgres_conn_run(struct postgres_db *self, const char *sql, struct err *err)
{
    PGresult *result = PQexec(self->connection, sql);
    ExecStatusType status = PQresultStatus(result);
    bool works = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

    if (!works)
        postgres_conn_fail(err, self, result, sql);
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
    const char *const encoding = PQparameterStatus(self->connection, "server_encoding");

    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return fail(err, ERR_INVALID,
            "the database has the encoding %s, and not UTF8: not every name could be kept there",
            encoding ? encoding : "unknown");
    self->is_forgetful = false;
    (void)PQsetNoticeProcessor(self->connection, ignore_notice, NULL);
    (void)snprintf(self->version, sizeof self->version, "PostgreSQL %d.%d",
        PQserverVersion(self->connection) / 10000, PQserverVersion(self->connection) % 10000);
    return postgres_conn_run(self,
        "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;"
        " SET jit = off; SET max_parallel_workers_per_gather = 0; SET random_page_cost = 1.1;"
        " SET join_collapse_limit = 4;"
        " SET bytea_output = 'hex'; SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '10min'",
        err);
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

bool postgres_conn_open(struct postgres_db *self, const char *url, struct err *err)
{
    if (!check_url(url, err))
        return false;
    self->connection = connect_to(url);
    if (PQstatus(self->connection) != CONNECTION_OK)
        return fail_connect(self, err);
    return set_up(self, err);
}

bool postgres_conn_reopen(struct postgres_db *self, struct err *err)
{
    postgres_pipe_forget(self);
    stmt_cache_done(&self->cache);
    PQreset(self->connection);
    if (PQstatus(self->connection) != CONNECTION_OK)
        return fail_connect(self, err);
    return set_up(self, err);
}

bool postgres_conn_is_open(struct postgres_db *self)
{
    struct pollfd has_sent = { .fd = PQsocket(self->connection), .events = POLLIN };

    while (PQstatus(self->connection) == CONNECTION_OK && poll(&has_sent, 1, 0) > 0) {
        if (PQconsumeInput(self->connection) != 1)
            break;
    }
    return PQstatus(self->connection) == CONNECTION_OK &&
           PQpipelineStatus(self->connection) == PQ_PIPELINE_OFF;
}
