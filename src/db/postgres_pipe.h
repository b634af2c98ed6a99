/*
 * db/postgres_pipe: what is sent to PostgreSQL without waiting for the answer to what was sent
 * before. Not for others than the driver.
 *
 * Each message that is waited for costs more than what most of them ask, so several travel
 * together: BEGIN with the first statement, statements whose answers nobody asks for with what
 * comes after them, queries that do not need each other's rows with one another, COMMIT at last.
 */
#pragma once

#include <libpq-fe.h>

#include "base/base.h"

struct err;
struct postgres_db;

/* So many answers are left unread at most: they take memory. */
#define POSTGRES_PIPE_MAX 64

struct postgres_pipe {
    size_t n_unread;
    struct postgres_unread {
        char *sql;       /* for the log */
        PGresult **into; /* where the answer goes; NULL: nobody asks for it */
    } unread[POSTGRES_PIPE_MAX];
};

/* From now on answers are left unread. BEGIN is the first of what is sent. */
bool postgres_pipe_enter(struct postgres_db *self) must_check;

/* `sql` has just been sent. *into is NULL until the answer has been read, and if it is a failure.
 */
void postgres_pipe_note(struct postgres_db *self, const char *sql, PGresult **into);

/* Whoever asked has gone. */
void postgres_pipe_disown(struct postgres_db *self, PGresult **into);

/* There is room for one more, and for COMMIT. */
bool postgres_pipe_is_full(const struct postgres_db *self);

/*
 * Wait for all answers, and leave the pipeline; without any, nothing is done. Fails as the first of
 * them that failed: what came after that has not been run.
 */
bool postgres_pipe_settle(struct postgres_db *self, struct err *err) must_check;

/* COMMIT, with what was sent before it, and after all of that has worked. */
bool postgres_pipe_commit(struct postgres_db *self, struct err *err) must_check;

/* The answers will not come: the connection is gone. */
void postgres_pipe_forget(struct postgres_db *self);
