/* db/postgres_pipe: see the header. */
#include "db/postgres_pipe.h"

#include "base/alloc.h"
#include "base/err.h"
#include "db/postgres_conn.h"

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

void postgres_pipe_note(struct postgres_db *self, const char *sql, PGresult **into)
{
    struct postgres_pipe *const pipe = &self->pipe;

    ASSERT(pipe->n_unread < POSTGRES_PIPE_MAX);
    pipe->unread[pipe->n_unread++] = (struct postgres_unread){ xstrdup(sql), into };
}

void postgres_pipe_disown(struct postgres_db *self, PGresult **into)
{
    for (size_t i = 0; i < self->pipe.n_unread; i++) {
        if (self->pipe.unread[i].into == into)
            self->pipe.unread[i].into = NULL;
    }
}

bool postgres_pipe_is_full(const struct postgres_db *self)
{
    return self->pipe.n_unread + 2 > POSTGRES_PIPE_MAX;
}

void postgres_pipe_forget(struct postgres_db *self)
{
    while (self->pipe.n_unread > 0)
        free(self->pipe.unread[--self->pipe.n_unread].sql);
}

static bool send_word(struct postgres_db *self, const char *sql)
{
    if (PQsendQueryParams(self->connection, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return false;
    postgres_pipe_note(self, sql, NULL);
    return true;
}

bool postgres_pipe_enter(struct postgres_db *self)
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
 * What was sent before the last and failed is not what the caller asks for, who might take a broken
 * rule for its own.
 */
static bool fail_unread(struct err *err, struct postgres_db *self, const PGresult *result, size_t i)
{
    const bool is_last = i + 1 == self->pipe.n_unread;

    postgres_conn_fail(err, self, result, self->pipe.unread[i].sql);
    if (!is_last && err->kind != ERR_UNAVAILABLE)
        err->kind = ERR_INTERNAL;
    return false;
}

bool postgres_pipe_settle(struct postgres_db *self, struct err *err)
{
    struct postgres_pipe *const pipe = &self->pipe;

    if (pipe->n_unread == 0)
        return true;
    bool works = PQpipelineSync(self->connection) == 1 || postgres_conn_fail(err, self, NULL, "-");

    for (size_t i = 0; i < pipe->n_unread; i++) {
        PGresult *answer = read_answer(self->connection);

        if (works && !has_worked(answer))
            works = fail_unread(err, self, answer, i);
        if (works && pipe->unread[i].into)
            *pipe->unread[i].into = answer;
        else
            PQclear(answer);
    }
    PQclear(PQgetResult(self->connection)); /* the end of the pipeline */
    (void)PQexitPipelineMode(self->connection);
    postgres_pipe_forget(self);
    return works;
}

bool postgres_pipe_commit(struct postgres_db *self, struct err *err)
{
    return (send_word(self, "COMMIT") || postgres_conn_fail(err, self, NULL, "COMMIT")) &&
           postgres_pipe_settle(self, err);
}
