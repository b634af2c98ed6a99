/*
 * api/run: see the header.
 *
 * A transaction that the database gave up (a deadlock, a lost race) is run again a few times before
 * the caller hears of it.
 */
#include "api/run.h"

#include "api/idempotency.h"
#include "api/problem.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "db/db.h"

#define MAX_TRIES 4

/* Files that people send may hold many records. */
static enum tx_mode mode_of(const struct api_route *route)
{
    if (!(route->flags & API_WRITES))
        return TX_READ_FEW;
    return route->flags & API_BODY_RAW ? TX_WRITE_LONG : TX_WRITE;
}

/* *opened is taken over, and begun here where it is NULL. The answer is kept where the caller asked
 * for that. */
static bool within_transaction(struct api_call *call, const struct http_request *request,
    struct tx **opened, struct err *err)
{
    autofree(tx) struct tx *tx = take(opened);
    bool is_repeat = false;

    if (!tx && !tx_begin(call->db, mode_of(call->route), &tx, err))
        return false;
    call->tx = tx;
    if (call->route->flags & API_IDEMPOTENT && !idempotency_find(call, request, &is_repeat, err))
        return false;
    if (is_repeat) {
        call->tx = NULL;
        return tx_commit(take(&tx), err); /* with what it repeats */
    }
    if (!(call->route->flags & API_REPLY_RAW))
        json_begin_object(&call->reply, NULL);
    if (!call->route->run(call, err))
        return false;
    if (!(call->route->flags & API_REPLY_RAW))
        json_end(&call->reply);
    if (!json_out_check(&call->reply, err))
        return false;
    if (call->route->flags & API_IDEMPOTENT && !idempotency_keep(call, err))
        return false;
    call->tx = NULL;
    return tx_commit(take(&tx), err);
}

static bool without_transaction(struct api_call *call, api_handler run, struct err *err)
{
    if (!(call->route->flags & API_REPLY_RAW))
        json_begin_object(&call->reply, NULL);
    if (!run(call, err))
        return false;
    if (!(call->route->flags & API_REPLY_RAW))
        json_end(&call->reply);
    return json_out_check(&call->reply, err);
}

void run_release_reply(struct api_call *call)
{
    if (call->producer.produce && call->producer.release)
        call->producer.release(call->producer.arg);
    call->producer = (struct http_producer){ 0 };
    fd_close(call->reply_fd);
    call->reply_fd = -1;
}

static void forget_answer(struct api_call *call)
{
    run_release_reply(call);
    buf_clear(call->body_out);
    json_out_init(&call->reply, call->body_out);
    call->status = 200;
    call->etag = 0;
    call->retry_after = 0;
    call->max_age = 0;
    call->location[0] = call->set_cookie[0] = call->filename[0] = '\0';
    call->media_type = NULL;
    call->wakes_jobs = false;
    call->wants_finish = false;
    json_problems_clear(call->problems);
}

int run_failure_status(const struct api_call *call, const struct err *err)
{
    return call->status >= 400 ? call->status : problem_status(err->kind);
}

/* Has the caller been answered before? */
static bool look_for_answer(struct api_call *call, const struct http_request *request,
    bool *ret_repeat, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    *ret_repeat = false;
    if (!(call->route->flags & API_IDEMPOTENT) || !http_request_field(request, "idempotency-key"))
        return true;
    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    const bool ok = idempotency_find(call, request, ret_repeat, err);

    call->tx = NULL;
    tx_free(take(&tx));
    if (!ok || !*ret_repeat)
        return ok;
    *ret_repeat = db_settle(call->db, err); /* it may be younger than the disk's state */
    return *ret_repeat;
}

/* An answer that was given before needs nothing prepared. */
static bool prepare(struct api_call *call, const struct http_request *request, bool *ret_repeat,
    struct err *err)
{
    if (!look_for_answer(call, request, ret_repeat, err) || *ret_repeat)
        return *ret_repeat;
    return call->route->prepare(call, err);
}

/* The answer of a repeat is the last one: this, or the failure. */
static bool keep_last(struct api_call *call, const struct err *failure, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!call->idempotency_key)
        return true;
    if (!tx_begin(call->db, TX_WRITE, &tx, err))
        return false;
    call->tx = tx;
    const bool ok =
        failure ? idempotency_keep_failure(call, run_failure_status(call, failure), failure, err)
                : idempotency_keep_again(call, err);

    call->tx = NULL;
    return ok && tx_commit(take(&tx), err);
}

/* What comes after the commit. */
static bool finish(struct api_call *call, struct err *err)
{
    const bool wakes_jobs = call->wakes_jobs;

    forget_answer(call);
    json_begin_object(&call->reply, NULL);
    if (!call->route->finish(call, err))
        return false;
    json_end(&call->reply);
    call->wakes_jobs |= wakes_jobs;
    return json_out_check(&call->reply, err) && keep_last(call, NULL, err);
}

/* What went wrong on our side tells nothing about what was asked for: a repeat looks again. */
static bool keep_failure(struct api_call *call, const struct err *failure)
{
    struct err err = { 0 };

    if (failure->kind == ERR_INTERNAL || failure->kind == ERR_UNAVAILABLE ||
        keep_last(call, failure, &err))
        return false;
    log_warning("idempotency.lost", KV_ERR(&err));
    return false;
}

/* A handler with transactions of its own. One that loses a race for its key looks who won. */
static bool alone(struct api_call *call, const struct http_request *request, struct err *err)
{
    bool is_repeat;

    for (int i = 0; i < MAX_TRIES; i++) {
        forget_answer(call);
        call->key_is_taken = false;
        if (!look_for_answer(call, request, &is_repeat, err) || is_repeat)
            return is_repeat;
        const api_handler run = call->was_done ? call->route->finish : call->route->run;

        if (without_transaction(call, run, err))
            return keep_last(call, NULL, err);
        if (!call->key_is_taken)
            break;
    }
    return keep_failure(call, err);
}

bool run_handler(struct api_call *call, const struct http_request *request, struct tx **opened,
    struct err *err)
{
    bool is_repeat = false;

    if (call->route->flags & API_IDEMPOTENT && !idempotency_prepare(call, request, err))
        return false;
    if (call->route->flags & API_NO_TX)
        return alone(call, request, err);
    if (call->route->prepare && (!prepare(call, request, &is_repeat, err) || is_repeat))
        return is_repeat;
    for (int i = 0; i < MAX_TRIES; i++) {
        forget_answer(call);
        if (within_transaction(call, request, opened, err))
            return !call->wants_finish || finish(call, err);
        call->tx = NULL;
        if (err->kind != ERR_UNAVAILABLE || db_is_unsure(call->db))
            return false;
    }
    return false;
}
