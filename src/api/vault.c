/*
 * api/vault: which master key there is, how much is sealed under each, and how to have another.
 *
 * Shows ids, never a key: they are derived from the keys, and say nothing about them.
 */
#include <stdlib.h>
#include <string.h>

#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/job.h"
#include "store/vault_state.h"
#include "vault/client.h"

#define ROTATION_KEY "vault:rotate"

/* While a rotation is under way, how recently a node must have said something to be shown. */
#define NODE_SECONDS 60

struct keys_writer {
    struct json_out *out;
    int64_t total;
    const char *current;
    char previous[VAULT_KEY_ID_SIZE]; /* what was current last before it; "" where there was none */
    int64_t previous_at;
};

static void write_key(void *context, const struct master_use *use)
{
    struct keys_writer *writer = context;
    const struct vault_master *master = use->master;

    writer->total += use->n_sealed;
    if (master->state != VAULT_CURRENT && use->current_at > writer->previous_at) {
        writer->previous_at = use->current_at;
        span_copy_text(span_text(master->identity.key_id), writer->previous,
            sizeof writer->previous);
    }
    json_begin_object(writer->out, NULL);
    json_str(writer->out, "key_id", master->identity.key_id);
    json_str(writer->out, "source", vault_source_name(master->source));
    json_str(writer->out, "state", vault_state_name(master->state));
    json_i64(writer->out, "count", use->n_sealed);
    json_time(writer->out, "created_at", use->created_at);
    json_time_or_null(writer->out, "current_at", use->current_at);
    json_time_or_null(writer->out, "retired_at", use->retired_at);
    json_end(writer->out);
}

static void write_node(void *context, const struct vault_node *node)
{
    struct json_out *out = context;

    json_begin_object(out, NULL);
    json_str(out, "name", node->name);
    json_split(out, "key_ids", node->key_ids, ' ');
    json_str(out, "seals_with", node->sealing_id[0] ? node->sealing_id : NULL);
    json_str(out, "problem", node->problem[0] ? node->problem : NULL);
    json_time(out, "seen_at", node->seen_at);
    json_end(out);
}

static bool write_rotation(struct api_call *call, struct err *err)
{
    autofree(job_row) struct job_row *job = NULL;
    struct json_out *out = &call->reply;
    int64_t id = 0;

    if (!store_job_unfinished(call->tx, ROTATION_KEY, &id, err))
        return false;
    if (!id) {
        json_put_null(out, "rotation");
        return true;
    }
    if (!store_job_get(call->tx, id, &job, err))
        return false;
    json_begin_object(out, "rotation");
    json_i64(out, "job", job->id);
    json_i64(out, "done", job->progress_done);
    json_i64(out, "total", job->progress_total);
    json_str(out, "error", job->error[0] ? job->error : NULL);
    json_begin_array(out, "nodes");
    if (!store_vault_nodes(call->tx, call->now - NODE_SECONDS, write_node, out, err))
        return false;
    json_end(out);
    json_end(out);
    return true;
}

/* Before the transaction: asking the vault may take a while. */
static bool vault_ask(struct api_call *call, struct err *err)
{
    struct err *why = xcalloc(1, sizeof *why);

    (void)err;
    call->prepared = why;
    call->free_prepared = free;
    if (vault_is_ready(call->services->vault, why))
        err_clear(why);
    return true;
}

static void write_state(struct json_out *out, const struct err *why)
{
    json_bool(out, "ready", !why->kind);
    json_str(out, "problem", why->kind ? why->msg : NULL);
}

static bool vault_get(struct api_call *call, struct err *err)
{
    struct json_out *out = &call->reply;
    struct keys_writer writer = { .out = out };
    const struct vault_master *current;
    struct vault_masters masters;

    if (!store_masters_get(call->tx, &masters, err))
        return false;
    write_state(out, call->prepared);
    current = vault_masters_in(&masters, VAULT_CURRENT);
    json_str(out, "source", current ? vault_source_name(current->source) : NULL);
    json_str(out, "key_id", current ? current->identity.key_id : NULL);
    json_begin_object(out, "keys");
    json_begin_array(out, "by_key");
    if (!store_master_uses(call->tx, write_key, &writer, err))
        return false;
    json_end(out);
    json_i64(out, "total", writer.total);
    json_end(out);
    json_str(out, "previous_key_id", writer.previous[0] ? writer.previous : NULL);
    return write_rotation(call, err);
}

static bool vault_rotate(struct api_call *call, struct err *err)
{
    autofree(str) char *payload = NULL;
    const struct vault_master *current;
    struct vault_masters masters;
    int64_t id = 0;

    if (!store_masters_get(call->tx, &masters, err) ||
        !store_job_unfinished(call->tx, ROTATION_KEY, &id, err))
        return false;
    if (id)
        return fail(err, ERR_CONFLICT, "a rotation is under way already, as job %" PRId64, id);
    current = vault_masters_in(&masters, VAULT_CURRENT);
    if (!current)
        return fail(err, ERR_UNAVAILABLE, "the vault has no master key yet");
    payload = xasprintf("{\"from\":\"%s\"}", current->identity.key_id);
    struct job_new job = { .type = "rewrap",
        .dedupe_key = ROTATION_KEY,
        .payload = payload,
        .due_at = call->now,
        .account_id = call->who.account_id };

    if (!store_job_add(call->tx, &job, call->now, &id, err))
        return false;
    call->status = 202;
    call->wakes_jobs = true;
    json_i64(&call->reply, "job", id);
    return api_audit(call, "vault.rotate", id, current->identity.key_id, NULL, NULL, err);
}

const struct api_route vault_routes[] = {
    { "GET", "/vault", ROLE_AUDITOR, API_READS, vault_get, 0, vault_ask },
    { "POST", "/vault/rotate", ROLE_ADMIN, API_WRITES | API_BODY_NONE | API_IDEMPOTENT,
        vault_rotate, 0 },
    { 0 },
};
