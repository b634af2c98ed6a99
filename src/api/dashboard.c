/* api/dashboard: what the first page shows, in one answer. */
#include "store/dashboard.h"
#include "api/ca_json.h"
#include "api/cert_json.h"
#include "api/schedules.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/err.h"
#include "base/parse.h"
#include "store/cert.h"
#include "store/cert_list.h"
#include "store/endpoint.h"

#define WEEKS 27
#define SHOWN 10

static bool write_counts(struct api_call *call, const struct store_viewer *viewer, struct err *err)
{
    struct cert_counts counts;

    if (!store_cert_counts(call->tx, viewer, call->now, &counts, err))
        return false;
    json_begin_object(&call->reply, "counts");
    json_i64(&call->reply, "total", counts.total);
    for (int i = 0; i < N_CERT_STATUS; i++)
        json_i64(&call->reply, cert_status_name((enum cert_status)i), counts.of[i]);
    json_bool(&call->reply, "is_estimate", counts.is_estimate);
    json_end(&call->reply);
    return true;
}

static bool write_timeline(struct api_call *call, const struct store_viewer *viewer,
    struct err *err)
{
    int64_t weeks[WEEKS] = { 0 };
    int64_t from = call->now - call->now % 86400;

    if (!store_dashboard_timeline(call->tx, viewer, from, WEEKS, weeks, err))
        return false;
    json_begin_array(&call->reply, "timeline");
    for (int64_t i = 0; i < WEEKS; i++) {
        json_begin_object(&call->reply, NULL);
        json_time(&call->reply, "from", from + i * 7 * 86400);
        json_i64(&call->reply, "count", weeks[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool write_needs_me(struct api_call *call, const struct store_viewer *viewer,
    struct err *err)
{
    autodone(ticket_rows) struct ticket_rows rows = { 0 };
    int64_t n_open;

    if (!store_dashboard_needs_me(call->tx, call->who.account_id, call->now, SHOWN, &rows, err) ||
        !store_dashboard_open_tickets(call->tx, viewer, &n_open, err))
        return false;
    json_begin_array(&call->reply, "needs_me");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        if (!ticket_json_write(call, &rows.items[i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    json_i64(&call->reply, "open_tickets", n_open);
    return true;
}

static bool write_failing_one(struct api_call *call, const struct store_viewer *viewer,
    const struct endpoint_row *endpoint, struct err *err)
{
    autodone(id_list) struct id_list records = { 0 };
    struct json_out *out = &call->reply;

    if (!store_endpoint_records(call->tx, viewer, endpoint->id, &records, err))
        return false;
    json_begin_object(out, NULL);
    json_i64(out, "id", endpoint->id);
    json_str(out, "host", endpoint->host);
    json_i64(out, "port", endpoint->port);
    json_str(out, "sni", endpoint->sni);
    json_str(out, "protocol", endpoint->protocol);
    json_time_or_null(out, "failing_since", endpoint->failing_since_at);
    cert_json_error(out, "error", endpoint->error_class, endpoint->error);
    json_begin_array(out, "certificates");
    for (size_t i = 0; i < records.n && i < SHOWN; i++) {
        autofree(cert_row) struct cert_row *cert = NULL;

        if (!store_cert_get(call->tx, viewer, records.items[i], &cert, err))
            return false;
        cert_json_ref(out, NULL, cert->id, cert->name);
    }
    json_end(out);
    json_end(out);
    return true;
}

static bool write_failing(struct api_call *call, const struct store_viewer *viewer, struct err *err)
{
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };
    int64_t n;

    if (!store_dashboard_failing(call->tx, viewer, SHOWN, &rows, &n, err))
        return false;
    json_begin_object(&call->reply, "failing");
    json_i64(&call->reply, "total", n);
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++)
        if (!write_failing_one(call, viewer, &rows.items[i], err))
            return false;
    json_end(&call->reply);
    json_end(&call->reply);
    return true;
}

static bool write_issuers(struct api_call *call, const struct store_viewer *viewer, struct err *err)
{
    autodone(top_rows) struct top_rows top = { 0 };

    if (!store_dashboard_top(call->tx, viewer, TOP_BY_ISSUER, &top, err))
        return false;
    json_begin_array(&call->reply, "issuers");
    for (size_t i = 0; i < top.n; i++) {
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "name", top.items[i].name);
        json_i64(&call->reply, "count", top.items[i].n);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* "rsa 2048": the algorithm's name, and the size. */
static void write_key_type(struct json_out *out, const char *key_type)
{
    struct span rest = span_text(key_type);
    struct span algorithm;
    struct err ignored = { 0 };
    int64_t size = 0;

    (void)span_split(&rest, ' ', &algorithm);
    (void)!parse_i64(rest, 0, INT64_MAX, &size, &ignored);
    json_str_span(out, "algorithm", algorithm);
    json_i64(out, "size", size);
}

static bool write_key_types(struct api_call *call, const struct store_viewer *viewer,
    struct err *err)
{
    autodone(top_rows) struct top_rows top = { 0 };

    if (!store_dashboard_top(call->tx, viewer, TOP_BY_KEY_TYPE, &top, err))
        return false;
    json_begin_array(&call->reply, "key_types");
    for (size_t i = 0; i < top.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_key_type(&call->reply, top.items[i].name);
        json_i64(&call->reply, "count", top.items[i].n);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool dashboard_get(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);

    return write_counts(call, &viewer, err) && write_timeline(call, &viewer, err) &&
           write_needs_me(call, &viewer, err) && write_failing(call, &viewer, err) &&
           write_issuers(call, &viewer, err) && write_key_types(call, &viewer, err) &&
           ca_json_write_troubles(call, err) && schedules_write(call, "schedules", err);
}

const struct api_route dashboard_routes[] = {
    { "GET", "/dashboard", ROLE_USER, API_READS, dashboard_get, 0 },
    { 0 },
};
