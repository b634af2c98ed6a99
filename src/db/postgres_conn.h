/*
 * db/postgres_conn: a connection to PostgreSQL, and what its errors mean to us. Not for others than
 * the driver.
 */
#pragma once

#include <libpq-fe.h>

#include "db/cache.h"
#include "db/driver.h"
#include "db/postgres_pipe.h"

struct postgres_db {
    struct db db;
    PGconn *connection;
    struct stmt_cache cache;
    int64_t n_prepared;
    bool reads_only;   /* the present transaction */
    bool is_to_begin;  /* it has, but the server has not been told */
    bool is_forgetful; /* our prepared statements are too many, or not as the server knows them */
    struct postgres_pipe pipe;
    char version[64];
};

/* The connection is closed by the caller, whatever comes of it. */
bool postgres_conn_open(struct postgres_db *self, const char *url, struct err *err) must_check;

/* After it was lost; nothing that was prepared is there. */
bool postgres_conn_reopen(struct postgres_db *self, struct err *err) must_check;

/* Reads what the server may have sent since: that it has closed the connection is told by that. */
bool postgres_conn_is_open(struct postgres_db *self);

/* Statements without parameters, one or several. */
bool postgres_conn_run(struct postgres_db *self, const char *sql, struct err *err) must_check;

/* `result` NULL: the connection itself failed. `what` was run, for the log. Returns false. */
bool postgres_conn_fail(struct err *err, struct postgres_db *self, const PGresult *result,
    const char *what);
