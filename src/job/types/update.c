/* job/update: look at many records: those named, or those that a filter finds, as far as whoever
 * asked may change them. */
#include <string.h>

#include "auth/permission.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "db/db.h"
#include "job/types/types.h"
#include "job/types/updates.h"
#include "monitor/trust.h"
#include "store/account.h"
#include "store/cert.h"
#include "store/cert_list.h"
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

/* On whose behalf it runs; what they may do is asked again for each record, as it is now. */
static bool find_principal(struct tx *tx, int64_t account_id, struct principal *ret,
    struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    memset(ret, 0, sizeof *ret);
    if (account_id == 0) {
        ret->role = ROLE_ADMIN;
        ret->scopes = SCOPE_ALL;
        return true;
    }
    if (!store_account_get(tx, account_id, &account, err))
        return false;
    ret->account_id = account_id;
    ret->scopes = SCOPE_ALL;
    if (account->is_disabled || !role_from_name(account->role, &ret->role))
        return fail(err, ERR_DENIED, "the user \"%s\" may not do anything any more", account->name);
    return true;
}

static void add_statuses(const struct json *list, struct cert_filter *filter)
{
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *word = json_as_text(json_list_item(list, i));
        enum cert_status status;

        if (word && cert_status_from_name(word, &status))
            filter->statuses |= 1U << status;
    }
}

static void add_sources(const struct json *list, struct cert_filter *filter)
{
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *word = json_as_text(json_list_item(list, i));
        enum cert_source source;

        if (word && cert_source_from_name(word, &source))
            filter->sources |= 1U << source;
    }
}

/* The API has checked it; the texts live as long as the JSON. */
static void read_filter(const struct json *json, struct cert_filter *ret)
{
    struct json_problems ignored = { 0 };
    struct json_in in;
    const char *assignee;

    memset(ret, 0, sizeof *ret);
    json_in_init(&in, json, &ignored);
    add_statuses(json_member(json, "status"), ret);
    add_sources(json_member(json, "source"), ret);
    ret->q = json_as_text(json_member(json, "q"));
    ret->business_group = json_as_text(json_member(json, "business_group"));
    ret->owner = json_as_text(json_member(json, "owner"));
    assignee = json_as_text(json_member(json, "assignee"));
    ret->assignee = assignee && strcmp(assignee, "-") == 0 ? "" : assignee;
    ret->resource = json_as_text(json_member(json, "resource"));
    ret->tag = json_as_text(json_member(json, "tag"));
    ret->issuer = json_as_text(json_member(json, "issuer"));
    ret->alert = json_as_text(json_member(json, "flag"));
    ret->expires_before = json_in_time_opt(&in, "expires_before", 0);
    ret->expires_after = json_in_time_opt(&in, "expires_after", 0);
    ret->is_unused = json_in_bool_opt(&in, "unused", false);
    if (json_as_text(json_member(json, "seen")))
        ret->statuses |= 1U << CERT_UNKNOWN;
    json_problems_clear(&ignored);
}

struct updating {
    struct job_run *run;
    struct principal who;
    struct cert_filter filter;
    bool has_ids;
    struct id_list ids; /* of the request; empty with a filter */
    size_t n_taken;     /* of these, how many were taken up */
    struct check_totals totals;
    int64_t n_skipped;
    int64_t n_done;
    int64_t n_total;
};

static void read_ids(const struct json *list, struct id_list *ids)
{
    for (size_t i = 0; i < json_list_size(list); i++)
        id_list_add(ids, json_as_i64(json_list_item(list, i), 0));
}

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

/* The next ids of the request, or of its filter; none when all are done. */
static bool next_ids(struct tx *tx, struct updating *u, const struct store_viewer *viewer,
    int64_t after, struct id_list *ids, struct err *err)
{
    struct cert_ids_request request = { .filter = &u->filter,
        .now = u->run->now,
        .after_id = after,
        .limit = BATCH };
    size_t n = u->ids.n - u->n_taken < BATCH ? u->ids.n - u->n_taken : BATCH;

    if (!u->has_ids)
        return store_cert_ids(tx, viewer, &request, ids, err);
    u->n_taken += n;
    return n == 0 || store_cert_ids_visible(tx, viewer, u->ids.items + u->n_taken - n, n, ids, err);
}

static bool next_batch(struct updating *u, int64_t after, struct id_list *ids,
    struct endpoint_rows *endpoints, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct store_viewer viewer = { .account_id = u->who.account_id,
        .sees_all = permission_sees_all(&u->who) };

    return tx_begin(u->run->db, TX_READ, &tx, err) && next_ids(tx, u, &viewer, after, ids, err) &&
           gather(tx, u, ids, endpoints, err);
}

static bool run_batches(struct updating *u, struct err *err)
{
    int64_t after = 0;

    for (;;) {
        autodone(id_list) struct id_list ids = { 0 };
        autodone(endpoint_rows) struct endpoint_rows endpoints = { 0 };
        struct update_progress progress = { .run = u->run, .done = u->n_done };

        if (!next_batch(u, after, &ids, &endpoints, err))
            return false;
        if (ids.n == 0 && u->n_taken == u->ids.n)
            return true;
        after = ids.n ? ids.items[ids.n - 1] : after;
        if (u->n_total < u->n_done + (int64_t)endpoints.n)
            u->n_total = u->n_done + (int64_t)endpoints.n;
        progress.total = u->n_total;
        if (!job_run_progress(u->run, u->n_done, u->n_total, err) ||
            !check_endpoints(u->run->db, u->run->services->prober, &endpoints, update_progress_tell,
                &progress, &u->totals, err))
            return false;
        u->n_done += (int64_t)endpoints.n;
    }
}

bool job_update_run(struct job_run *run, struct err *err)
{
    autofree(json) struct json *payload = NULL;
    autofree(tx) struct tx *tx = NULL;
    struct updating u = { .run = run };

    if (!json_parse_within(span_text(run->row->payload), 4u << 20, JSON_MAX_DEPTH, &payload, err) ||
        !trust_keeper_refresh(run->services->trust, run->db, err) ||
        !tx_begin(run->db, TX_READ, &tx, err) ||
        !find_principal(tx, run->row->account_id, &u.who, err))
        return false;
    tx_free(take(&tx));
    read_filter(json_member(payload, "filter"), &u.filter);
    read_ids(json_member(payload, "ids"), &u.ids);
    u.has_ids = json_member(payload, "ids") != NULL;
    bool works = run_batches(&u, err);

    works = works && update_write_result(run, &u.totals, u.n_skipped, err);
    check_totals_done(&u.totals);
    id_list_done(&u.ids);
    return works;
}
