/* api/audit: the log, for auditors and admins; and the part of it about one certificate, for
 * whoever sees that. */
#include "api/audit.h"

#include <stdlib.h>

#include "api/page.h"
#include "api/table_stream.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/csv.h"
#include "store/audit_proof.h"

struct listing {
    struct json_out *out;
    int64_t n;
    int64_t limit;
    int64_t last_id; /* of the last one shown */
};

/* JSON as it is; anything else as text. */
static void write_value(struct json_out *out, const char *key, const char *value)
{
    if (!value[0])
        json_put_null(out, key);
    else if (value[0] == '{' || value[0] == '[')
        json_raw(out, key, span_text(value));
    else
        json_str(out, key, value);
}

static void write_entry(void *context, const struct audit_entry *entry)
{
    struct listing *listing = context;
    struct json_out *out = listing->out;

    if (listing->n++ >= listing->limit)
        return;
    listing->last_id = entry->id;
    json_begin_object(out, NULL);
    json_i64(out, "id", entry->id);
    json_time(out, "at", entry->at);
    json_str(out, "actor", entry->actor);
    json_str(out, "address", entry->address);
    json_str(out, "action", entry->action);
    json_str(out, "object_type", entry->object_type);
    json_i64_or_null(out, "object_id", entry->object_id);
    json_str(out, "object_name", entry->object_name);
    write_value(out, "before", entry->before);
    write_value(out, "after", entry->after);
    json_end(out);
}

bool audit_write_page(struct api_call *call, const struct audit_filter *filter, int64_t limit,
    struct err *err)
{
    struct listing listing = { .out = &call->reply, .limit = limit };

    json_begin_array(&call->reply, "items");
    if (!store_audit_list(call->tx, filter, limit + 1, write_entry, &listing, err))
        return false;
    json_end(&call->reply);
    char cursor[24];

    (void)snprintf(cursor, sizeof cursor, "%" PRId64, listing.last_id);
    json_str(&call->reply, "next_cursor", listing.n > limit ? cursor : NULL);
    json_put_null(&call->reply, "total");
    json_bool(&call->reply, "total_is_estimate", true);
    return true;
}

/* What it points to is the query's. */
static struct audit_filter read_filter(struct query *query)
{
    return (struct audit_filter){
        .object_type = query_text(query, "object_type", 64),
        .object_id = query_i64(query, "object_id", 1, INT64_MAX, 0),
        .action = query_text(query, "action", 64),
        .actor = query_text(query, "actor", 64),
        .from_at = query_time(query, "from", 0),
        .to_at = query_time(query, "to", 0),
    };
}

static bool audit_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct audit_filter filter = read_filter(query);
    int64_t limit = page_limit(query);

    filter.before_id = page_after_id(query);
    return query_end(query, err) && audit_write_page(call, &filter, limit, err);
}

/* ---- as a table ---- */

#define ENTRIES_AT_ONCE 200

struct exporting {
    struct query *query;
    struct audit_filter filter;
    struct csv_out out;
    int64_t n; /* of this piece */
};

static void exporting_free(void *state)
{
    struct exporting *const e = state;

    query_free(e->query);
    free(e);
}

static void put_row(void *context, const struct audit_entry *entry)
{
    struct exporting *const e = context;
    struct csv_out *const out = &e->out;
    char at[CLOCK_RFC3339_SIZE];

    e->n++;
    e->filter.before_id = entry->id;
    csv_i64(out, entry->id);
    csv_text(out, clock_rfc3339(entry->at, at));
    csv_text(out, entry->actor);
    csv_text(out, entry->address);
    csv_text(out, entry->action);
    csv_text(out, entry->object_type);
    if (entry->object_id)
        csv_i64(out, entry->object_id);
    else
        csv_text(out, "");
    csv_text(out, entry->object_name);
    csv_text(out, entry->before);
    csv_text(out, entry->after);
    csv_end_row(out);
}

static bool fill(void *state, struct tx *tx, struct buf *rows, bool *ret_done, struct err *err)
{
    struct exporting *const e = state;

    e->n = 0;
    csv_out_init(&e->out, rows);
    if (!store_audit_list(tx, &e->filter, ENTRIES_AT_ONCE, put_row, e, err))
        return false;
    *ret_done = e->n < ENTRIES_AT_ONCE;
    return true;
}

static bool audit_csv(struct api_call *call, struct err *err)
{
    struct exporting *e = xcalloc(1, sizeof *e);
    const struct table_stream stream = { .state = e, .fill = fill, .release = exporting_free };

    e->query = query_new(call);
    e->filter = read_filter(e->query);
    if (!query_end(e->query, err)) {
        exporting_free(e);
        return false;
    }
    table_stream_answer(call, &stream, "audit.csv",
        SPAN_LITERAL(
            "id,at,actor,address,action,object_type,object_id,object_name,before,after\r\n"));
    return true;
}

static void write_checkpoints(struct json_out *out, const struct audit_proof *proof)
{
    json_begin_object(out, "checkpoints");
    json_i64(out, "count", proof->n_checkpoints);
    json_i64_or_null(out, "verified_up_to", proof->vouched_seq);
    json_time_or_null(out, "last_at", proof->vouched_at);
    json_str(out, "signer", proof->signer[0] ? proof->signer : NULL);
    json_end(out);
}

static bool audit_verify(struct api_call *call, struct err *err)
{
    struct audit_proof proof;

    if (!store_audit_prove(call->tx, NULL, &proof, err))
        return false;
    json_bool(&call->reply, "intact", proof.chain.broken_seq == 0);
    json_i64(&call->reply, "links", proof.chain.n_links);
    json_i64(&call->reply, "waiting", proof.chain.n_waiting);
    json_i64_or_null(&call->reply, "broken_at", proof.chain.broken_seq);
    json_str(&call->reply, "reason", proof.chain.broken_seq ? proof.chain.reason : NULL);
    write_checkpoints(&call->reply, &proof);
    return true;
}

const struct api_route audit_routes[] = {
    { "GET", "/audit", ROLE_AUDITOR, API_READS, audit_list, 0 },
    { "GET", "/audit.csv", ROLE_AUDITOR, API_NO_TX | API_REPLY_RAW, audit_csv, 0 },
    { "GET", "/audit/verify", ROLE_AUDITOR, API_READS, audit_verify, 0 },
    { 0 },
};
