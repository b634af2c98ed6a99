/* store/deployment: see the header. Lists are in deployment_list.c. */
#include "store/deployment.h"

#include <string.h>

#include "base/err.h"
#include "store/deployment_read.h"
#include "store/job.h"
#include "store/read.h"

#define JOB_KEY_SIZE 64

/* A job for each attempt, so that one which is just ending is never taken for the next. */
static const char *job_key(int64_t id, int64_t attempt, char ret[static JOB_KEY_SIZE])
{
    (void)snprintf(ret, JOB_KEY_SIZE, "deploy/%" PRId64 "/%" PRId64, id, attempt);
    return ret;
}

static bool queue_job(struct tx *tx, const struct job_new *who, int64_t attempt, int64_t now,
    struct err *err)
{
    char key[JOB_KEY_SIZE];
    autofree(str) char *payload = xasprintf("{\"attempt\":%" PRId64 "}", attempt);
    struct job_new job = *who;
    int64_t job_id;

    job.type = "deploy";
    job.dedupe_key = job_key(who->object_id, attempt, key);
    job.payload = payload;
    job.due_at = now;
    return store_job_add(tx, &job, now, &job_id, err);
}

/* What waits there has not begun: the newer one is what is wanted. */
static bool replace_waiting(struct tx *tx, int64_t resource_id, const char *slot, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE deployment SET state = 'failed', updated_at = $3, finished_at = $3,"
                       " error = 'a newer deployment took its place before it began'"
                       " WHERE resource_id = $1 AND slot = $2 AND state = 'queued'");

    stmt_bind_i64(q, 1, resource_id);
    stmt_bind_text(q, 2, slot);
    stmt_bind_i64(q, 3, now);
    return stmt_run(q, err);
}

/* What failed there before is not tried again: it is not what is wanted any more. */
static bool forget_retries(struct tx *tx, int64_t resource_id, const char *slot, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE deployment SET retry_at = NULL"
                       " WHERE resource_id = $1 AND slot = $2 AND retry_at IS NOT NULL");

    stmt_bind_i64(q, 1, resource_id);
    stmt_bind_text(q, 2, slot);
    return stmt_run(q, err);
}

bool store_deployment_add(struct tx *tx, const struct deployment_new *deployment, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (!replace_waiting(tx, deployment->resource_id, deployment->slot, now, err) ||
        !forget_retries(tx, deployment->resource_id, deployment->slot, err))
        return false;
    q = tx_prepare(tx,
        "INSERT INTO deployment(resource_id, slot, certificate_id, version_id, ticket_id,"
        " account_id, state, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $7) RETURNING id");
    stmt_bind_i64(q, 1, deployment->resource_id);
    stmt_bind_text(q, 2, deployment->slot);
    stmt_bind_i64(q, 3, deployment->certificate_id);
    stmt_bind_i64(q, 4, deployment->version_id);
    bind_or_null(q, 5, deployment->ticket_id);
    bind_or_null(q, 6, deployment->account_id);
    stmt_bind_i64(q, 7, now);
    if (!read_number(q, ret_id, err))
        return false;
    const struct job_new job = { .object_id = *ret_id, .account_id = deployment->account_id };

    return queue_job(tx, &job, 1, now, err);
}

/* Where a record belongs. */
struct place {
    int64_t resource_id;
    char *slot;
};

struct places {
    struct place *items;
    size_t n;
    size_t room;
};

static void places_done(struct places *places)
{
    for (size_t i = 0; i < places->n; i++)
        free(places->items[i].slot);
    free(places->items);
}
DEFINE_AUTODONE(places);

static bool read_places(struct tx *tx, int64_t certificate_id, struct places *places,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT s.resource_id, s.slot FROM association s JOIN resource r ON r.id = s.resource_id"
        " WHERE s.certificate_id = $1 AND r.type <> '" RESOURCE_MANUAL
        "' ORDER BY s.resource_id, s.slot");

    stmt_bind_i64(q, 1, certificate_id);
    while (stmt_next(q)) {
        places->items =
            rows_make_room(places->items, places->n, &places->room, sizeof *places->items);
        places->items[places->n++] =
            (struct place){ .resource_id = stmt_i64(q, 0), .slot = read_text(q, 1) };
    }
    return stmt_end(q, err);
}

bool deployment_queue(struct tx *tx, int64_t certificate_id, int64_t version_id, int64_t ticket_id,
    int64_t now, int64_t *ret_n, struct err *err)
{
    autodone(places) struct places places = { 0 };

    if (!read_places(tx, certificate_id, &places, err))
        return false;
    for (size_t i = 0; i < places.n; i++) {
        const struct deployment_new deployment = { .resource_id = places.items[i].resource_id,
            .slot = places.items[i].slot,
            .certificate_id = certificate_id,
            .version_id = version_id,
            .ticket_id = ticket_id };
        int64_t id;

        if (!store_deployment_add(tx, &deployment, now, &id, err))
            return false;
    }
    if (ret_n)
        *ret_n = (int64_t)places.n;
    return true;
}

bool store_deployment_served(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct id_list *ticket_ids, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT DISTINCT t.id FROM deployment d JOIN ticket t ON t.id = d.ticket_id"
        " WHERE d.certificate_id = $1 AND d.version_id = $2 AND t.version_id = $2"
        "   AND t.resolved_at IS NULL"
        "   AND NOT EXISTS (SELECT 1 FROM deployment w"
        "     WHERE w.ticket_id = t.id AND w.version_id = $2 AND w.state <> 'seen'"
        "       AND NOT EXISTS (SELECT 1 FROM deployment n WHERE n.resource_id = w.resource_id"
        "         AND n.slot = w.slot AND n.version_id = $2 AND n.id > w.id AND n.state = 'seen'))"
        " ORDER BY t.id");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, version_id);
    while (stmt_next(q))
        id_list_add(ticket_ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}

bool store_deployment_wanted(struct tx *tx, int64_t certificate_id, int64_t *ret_version_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT r.version_id FROM record_version r"
        " WHERE r.certificate_id = $1 AND r.sealed_key_id IS NOT NULL"
        " AND r.role IN ('current', 'staged')"
        " AND NOT EXISTS (SELECT 1 FROM ca_certificate x"
        "   WHERE x.version_id = r.version_id AND x.revoked_at IS NOT NULL)"
        " ORDER BY CASE r.role WHEN 'staged' THEN 0 ELSE 1 END, r.since_at DESC, r.id DESC LIMIT 1");

    stmt_bind_i64(q, 1, certificate_id);
    return read_number(q, ret_version_id, err);
}

static void bind_step(struct stmt *q, const struct deployment_row *row, int64_t now)
{
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_text(q, 2, deployment_state_name(row->state));
    stmt_bind_bool(q, 3, row->is_putting_back);
    stmt_bind_i64(q, 4, row->attempts);
    stmt_bind_i64(q, 5, row->n_tries);
    stmt_bind_text(q, 6, row->error);
    stmt_bind_text(q, 7, row->addresses);
    bind_or_null(q, 8, row->prove_until);
    bind_or_null(q, 9, row->retry_at);
    bind_or_null(q, 10, row->started_at);
    bind_or_null(q, 11, row->finished_at);
    bind_or_null(q, 12, row->previous_version_id);
    stmt_bind_text(q, 13, row->previous_name);
    stmt_bind_i64(q, 14, now);
}

bool store_deployment_step(struct tx *tx, struct deployment_row *row, int64_t now, bool *ret_busy,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE deployment SET state = $2, is_putting_back = $3, attempts = $4, n_tries = $5,"
        " error = $6, addresses = $7, prove_until = $8, retry_at = $9, started_at = $10,"
        " finished_at = $11, previous_version_id = $12, previous_name = $13, updated_at = $14"
        " WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM deployment o"
        "   WHERE o.resource_id = deployment.resource_id AND o.id <> deployment.id"
        "    AND ((CAST($2 AS TEXT) = 'deploying' AND o.state = 'deploying')"
        "      OR (CAST($2 AS TEXT) IN ('deploying', 'proving') AND o.slot = deployment.slot"
        "       AND o.state IN ('deploying', 'proving'))))");

    bind_step(q, row, now);
    if (!stmt_run(q, err))
        return false;
    *ret_busy = stmt_n_changed(q) == 0;
    if (!*ret_busy)
        row->updated_at = now;
    return true;
}

bool store_deployment_is_wanted(struct tx *tx, const struct deployment_row *row, bool *ret,
    struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM association s"
                       " WHERE s.resource_id = $1 AND s.slot = $2 AND s.certificate_id = $3"
                       " AND NOT EXISTS (SELECT 1 FROM deployment o"
                       "  WHERE o.resource_id = $1 AND o.slot = $2 AND o.id > $4)");

    stmt_bind_i64(q, 1, row->resource_id);
    stmt_bind_text(q, 2, row->slot);
    stmt_bind_i64(q, 3, row->certificate_id);
    stmt_bind_i64(q, 4, row->id);
    if (!read_number(q, &n, err))
        return false;
    *ret = n > 0;
    return true;
}

bool store_deployment_wake(struct tx *tx, const struct deployment_row *row, int64_t now,
    struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    autodone(id_list) struct id_list attempts = { 0 };
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id, attempts FROM deployment"
                       " WHERE resource_id = $1 AND id <> $2 AND state = 'queued'");

    stmt_bind_i64(q, 1, row->resource_id);
    stmt_bind_i64(q, 2, row->id);
    while (stmt_next(q)) {
        id_list_add(&ids, stmt_i64(q, 0));
        id_list_add(&attempts, stmt_i64(q, 1));
    }
    if (!stmt_end(q, err))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        char key[JOB_KEY_SIZE];

        if (!store_job_hurry(tx, job_key(ids.items[i], attempts.items[i] + 1, key), now, err))
            return false;
    }
    return true;
}

bool store_deployment_retry(struct tx *tx, struct deployment_row *row, int64_t account_id,
    int64_t now, struct err *err)
{
    bool is_wanted = false;
    bool is_busy = false;

    if (row->state != DEPLOYMENT_FAILED && row->state != DEPLOYMENT_PUT_BACK)
        return fail(err, ERR_CONFLICT, "the deployment is %s: only one that failed is tried again",
            deployment_state_name(row->state));
    if (!store_deployment_is_wanted(tx, row, &is_wanted, err))
        return false;
    if (!is_wanted)
        return fail(err, ERR_CONFLICT,
            "there is a newer deployment, or the certificate does not belong there any more");
    row->state = DEPLOYMENT_QUEUED;
    row->is_putting_back = false;
    row->n_tries = 0;
    row->retry_at = 0;
    row->finished_at = 0;
    const struct job_new job = { .object_id = row->id, .account_id = account_id };

    return store_deployment_step(tx, row, now, &is_busy, err) &&
           queue_job(tx, &job, row->attempts + 1, now, err);
}

bool store_deployment_by_serial(struct tx *tx, const char *serial, struct id_list *version_ids,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM version WHERE serial = $1 ORDER BY id LIMIT 100");

    stmt_bind_text(q, 1, serial);
    while (stmt_next(q))
        id_list_add(version_ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}

bool store_deployment_key(struct tx *tx, const struct deployment_row *row, int64_t version_id,
    int64_t *ret_key, int64_t *ret_chain, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT r.sealed_key_id, r.chain_id FROM record_version r WHERE r.version_id = $1"
        "  AND (r.certificate_id = $2 OR EXISTS (SELECT 1 FROM deployment d"
        "    WHERE d.resource_id = $3 AND d.slot = $4 AND d.certificate_id = r.certificate_id"
        "     AND d.version_id = r.version_id))"
        " ORDER BY CASE WHEN r.sealed_key_id IS NULL THEN 1 ELSE 0 END,"
        " CASE WHEN r.certificate_id = $2 THEN 0 ELSE 1 END, r.id LIMIT 1");

    stmt_bind_i64(q, 1, version_id);
    stmt_bind_i64(q, 2, row->certificate_id);
    stmt_bind_i64(q, 3, row->resource_id);
    stmt_bind_text(q, 4, row->slot);
    *ret_key = 0;
    *ret_chain = 0;
    while (stmt_next(q)) {
        *ret_key = stmt_i64(q, 0);
        *ret_chain = stmt_i64(q, 1);
    }
    return stmt_end(q, err);
}

bool store_deployment_shelve(struct tx *tx, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *open = tx_prepare(tx,
        "UPDATE deployment SET state = 'failed', updated_at = $1, finished_at = $1,"
        " error = 'what came of it is not in the backup that this server was made of'"
        " WHERE state IN ('queued', 'deploying', 'proving')");
    autofree(stmt) struct stmt *later =
        tx_prepare(tx, "UPDATE deployment SET retry_at = NULL WHERE retry_at IS NOT NULL");

    stmt_bind_i64(open, 1, now);
    return stmt_run(open, err) && stmt_run(later, err);
}
