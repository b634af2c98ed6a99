/*
 * daemon/desk: what the server does, wired: jobs, schedules, the API.
 *
 * Loop, workers, prober and vault are the server's; the desk is what it runs on them. The workers'
 * state must be their struct db.
 */
#pragma once

#include "base/base.h"

struct conf;
struct db;
struct desk;
struct err;
struct http_app;
struct http_server;
struct import_client;
struct loop;
struct probe_client;
struct probe_conf;
struct vault_client;
struct workers;

struct desk_conf {
    struct conf *conf;
    struct loop *loop;
    struct workers *workers;
    struct probe_client *prober;
    struct vault_client *vault;
    struct import_client *importer;

    /* Make a connection to the database for the loop, when it first needs one. NULL: it has none.
     */
    bool (*open_db)(void *arg, struct db **ret, struct err *err);
    void *open_db_arg;
};

/* What `conf` points to outlives it; the settings are counted, not borrowed. */
bool desk_new(const struct desk_conf *conf, struct desk **ret, struct err *err) must_check;

/* This process, as leases and the database name it. */
const char *desk_node(const struct desk *desk);

/* New settings for the prober: told with the next check. */
void desk_set_probe_conf(struct desk *desk, const struct probe_conf *conf);

/* New settings for mails and webhooks: for the next message. */
void desk_set_conf(struct desk *desk, struct conf *conf);

const struct http_app *desk_app(const struct desk *desk);

/* Who serves desk_app(), for metrics: it outlives what the workers do. Before anybody is served. */
void desk_set_http(struct desk *desk, const struct http_server *http);

/* Begin with jobs and schedules. On the loop's thread. */
void desk_start(struct desk *desk);

/* Does the scheduler still look, or has it stopped for some reason? From any thread. */
bool desk_is_working(const struct desk *desk, int64_t now, struct err *err) must_check;

/* Take up no more work. On the loop's thread. */
void desk_stop(struct desk *desk);

/* After the workers have stopped. */
void desk_free(struct desk *desk);

DEFINE_AUTOFREE(desk);
