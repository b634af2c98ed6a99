/*
 * daemon/health: /healthz and /readyz, in front of everything else that is served.
 *
 * /healthz says that the process serves, and is answered without a worker. /readyz says that work
 * can be done: the database answers, the vault has its key, a prober is there, jobs are looked for;
 * 503 and the reasons otherwise. Neither asks who is asking, nor tells more than that.
 */
#pragma once

#include "base/base.h"
#include "net/http_server.h"

struct desk;
struct health;
struct probe_client;
struct vault_client;

struct health_conf {
    struct vault_client *vault;
    struct probe_client *prober;
    const struct desk *desk;
    const struct http_app *next; /* gets all other requests */
};

/* What `conf` points to outlives it. The workers' state must be their struct db. */
struct health *health_new(const struct health_conf *conf) must_check;
void health_free(struct health *health);

const struct http_app *health_app(const struct health *health);

DEFINE_AUTOFREE(health);
