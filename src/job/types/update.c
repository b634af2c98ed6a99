/* job/update: look at many records: those named, or those that a filter finds, as far as whoever
 * asked may change them. */
#include <string.h>

#include "auth/permission.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "db/db.h"
#include "job/types/selection.h"
#include "job/types/types.h"
#include "job/types/updates.h"
#include "monitor/trust.h"
#include "store/cert.h"
#include "store/cert_people.h"
#include "store/endpoint.h"

#define BATCH 500

bool update_progress_tell(void *context, int64_t n_done, struct err *err)
{
    struct update_progress *progress = context;
    int64_t done = progress->done + n_done;

    return job_run_progress(progress->run, done, done > progress->total ? done : progress->total,
        err);
}

static void write_name(struct tx *tx, struct json_out *out, int64_t id)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(cert_row) struct cert_row *cert = NULL;
    struct err gone = { 0 };

    json_i64(out, "id", id);
    json_str(out, "name", store_cert_get(tx, &system, id, &cert, &gone) ? cert->name : "");
}

bool update_write_result(struct job_run *run, const struct check_totals *totals, int64_t n_skipped,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct json_out out;
    int64_t unchanged = totals->n_checked - totals->n_failed - (int64_t)totals->n_changes;

    if (!tx_begin(run->db, TX_READ, &tx, err))
        return false;
    json_out_init(&out, &run->result);
    json_begin_object(&out, NULL);
    json_i64(&out, "checked", totals->n_checked);
    json_i64(&out, "unchanged", unchanged > 0 ? unchanged : 0);
    json_i64(&out, "skipped", n_skipped);
    json_begin_array(&out, "changed");
    for (size_t i = 0; i < totals->n_changes; i++) {
        json_begin_object(&out, NULL);
        write_name(tx, &out, totals->changes[i].certificate_id);
        json_str(&out, "what", totals->changes[i].what);
        json_end(&out);
    }
    json_end(&out);
    json_begin_array(&out, "failed");
    for (size_t i = 0; i < totals->n_failures; i++) {
        json_begin_object(&out, NULL);
        write_name(tx, &out, totals->failures[i].certificate_id);
        json_str(&out, "message", totals->failures[i].what);
        json_end(&out);
    }
    json_end(&out);
    json_end(&out);
    return json_out_check(&out, err);
}

struct updating {
    struct job_run *run;
    struct principal who;
    struct selection selection;
    struct check_totals totals;
    int64_t n_skipped;
    int64_t n_done;
    int64_t n_total;
};

/* The endpoints of those records of a batch that may be changed; each endpoint once. */
static bool gather(struct tx *tx, struct updating *u, const struct id_list *ids,
    struct endpoint_rows *endpoints, struct err *err)
{
    autodone(id_list) struct id_list known = { 0 };

    for (size_t i = 0; i < ids->n; i++) {
        autodone(endpoint_rows) struct endpoint_rows rows = { 0 };
        unsigned relations;

        if (!store_cert_relations(tx, ids->items[i], u->who.account_id, &relations, err))
            return false;
        if (!permission_allows(&u->who, ACTION_EDIT, relations)) {
            u->n_skipped++;
            continue;
        }
        if (!store_endpoints_of_cert(tx, ids->items[i], &rows, err))
            return false;
        u->n_skipped += rows.n == 0;
        for (size_t e = 0; e < rows.n; e++) {
            if (id_list_has(&known, rows.items[e].id))
                continue;
            id_list_add(&known, rows.items[e].id);
            *endpoint_rows_add(endpoints) = rows.items[e];
            rows.items[e] = (struct endpoint_row){ 0 }; /* moved */
        }
    }
    return true;
}

static bool next_batch(struct updating *u, struct endpoint_rows *endpoints, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autodone(id_list) struct id_list ids = { 0 };

    return tx_begin(u->run->db, TX_READ, &tx, err) &&
           selection_next(tx, &u->selection, &u->who, BATCH, &ids, err) &&
           gather(tx, u, &ids, endpoints, err);
}

static bool run_batches(struct updating *u, struct err *err)
{
    while (!u->selection.is_done) {
        autodone(endpoint_rows) struct endpoint_rows endpoints = { 0 };
        struct update_progress progress = { .run = u->run, .done = u->n_done };

        if (!next_batch(u, &endpoints, err))
            return false;
        if (u->n_total < u->n_done + (int64_t)endpoints.n)
            u->n_total = u->n_done + (int64_t)endpoints.n;
        progress.total = u->n_total;
        if (!job_run_progress(u->run, u->n_done, u->n_total, err) ||
            !check_endpoints(u->run->db, u->run->services->prober, &endpoints, update_progress_tell,
                &progress, &u->totals, err))
            return false;
        u->n_done += (int64_t)endpoints.n;
    }
    return true;
}

bool job_update_run(struct job_run *run, struct err *err)
{
    autofree(json) struct json *payload = NULL;
    autofree(tx) struct tx *tx = NULL;
    struct updating u = { .run = run };

    if (!json_parse_within(span_text(run->row->payload), 4u << 20, JSON_MAX_DEPTH, &payload, err) ||
        !trust_keeper_refresh(run->services->trust, run->db, err) ||
        !tx_begin(run->db, TX_READ, &tx, err) ||
        !job_principal(tx, run->row->account_id, &u.who, err))
        return false;
    tx_free(take(&tx));
    selection_read(&u.selection, payload, run->now);
    bool works = run_batches(&u, err);

    works = works && update_write_result(run, &u.totals, u.n_skipped, err);
    check_totals_done(&u.totals);
    selection_done(&u.selection);
    return works;
}
