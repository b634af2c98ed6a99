/* api/deliveries: the delivery log: what was sent to whom, and what became of it. */
#include "api/page.h"
#include "api/tables.h"
#include "base/err.h"
#include "core/rows_delivery.h"
#include "notify/notify.h"
#include "notify/outbox.h"
#include "store/delivery.h"
#include "store/delivery_item.h"

static void write_delivery(struct json_out *out, const struct delivery_row *row)
{
    json_i64(out, "id", row->id);
    json_str(out, "channel", row->channel);
    json_str(out, "recipient", row->recipient);
    json_str(out, "event", row->event);
    json_str(out, "subject", row->subject);
    json_str(out, "state", delivery_state_name(row->state));
    json_i64(out, "attempts", row->attempts);
    json_time(out, "created_at", row->created_at);
    json_time(out, "due_at", row->due_at);
    json_time_or_null(out, "sent_at", row->sent_at);
    json_str(out, "error", row->error[0] ? row->error : NULL);
}

static void read_filter(struct query *query, struct delivery_filter *filter)
{
    const char *state = query_text(query, "state", 20);
    enum delivery_state which;

    filter->channel = query_text(query, "channel", 20);
    filter->recipient = query_text(query, "recipient", 254);
    filter->event = query_text(query, "event", 20);
    filter->before_id = page_after_id(query);
    filter->state = -1;
    if (filter->channel && !channel_find(filter->channel))
        query_complain(query, "channel", "this is neither email nor webhook");
    if (state && !delivery_state_from_name(state, &which))
        query_complain(query, "state", "this is none of queued, sending, sent and failed");
    else if (state)
        filter->state = (int)which;
}

static bool deliveries_list(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(query) struct query *query = query_new(call);
    autodone(delivery_rows) struct delivery_rows rows = { 0 };
    int64_t limit = page_limit(query);
    struct delivery_filter filter = { 0 };
    int64_t total = 0;

    read_filter(query, &filter);
    if (!query_end(query, err) ||
        !store_delivery_list(call->tx, &viewer, &filter, limit + 1, &rows, err) ||
        !store_delivery_count(call->tx, &viewer, &filter, &total, err))
        return false;
    size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++) {
        json_begin_object(&call->reply, NULL);
        write_delivery(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].id : 0, total, false);
    return true;
}

static bool deliveries_get(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(delivery_row) struct delivery_row *row = NULL;
    autodone(delivery_item_rows) struct delivery_item_rows items = { 0 };
    int64_t total = 0;

    if (!store_delivery_get(call->tx, &viewer, call->path_id, &row, err) ||
        !store_items_of(call->tx, &viewer, row->id, NOTICE_ITEMS_MAX, &items, &total, err))
        return false;
    write_delivery(&call->reply, row);
    json_str(&call->reply, "body", row->body);
    json_begin_array(&call->reply, "certificates");
    for (size_t i = 0; i < items.n; i++) {
        if (!items.items[i].certificate_id)
            continue;
        json_begin_object(&call->reply, NULL);
        json_i64(&call->reply, "id", items.items[i].certificate_id);
        json_str(&call->reply, "name", items.items[i].certificate);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    json_begin_array(&call->reply, "tickets");
    for (size_t i = 0; i < items.n; i++)
        if (items.items[i].ticket[0])
            json_str(&call->reply, NULL, items.items[i].ticket);
    json_end(&call->reply);
    return true;
}

static bool deliveries_retry(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(delivery_row) struct delivery_row *row = NULL;

    if (!store_delivery_get(call->tx, &viewer, call->path_id, &row, err) ||
        !store_delivery_retry(call->tx, row->id, call->now, err))
        return false;
    const struct delivery_lane lane = {
        .channel = row->webhook_id ? CHANNEL_WEBHOOK : CHANNEL_EMAIL,
        .webhook_id = row->webhook_id,
    };

    outbox_wake(call->tx, &lane, call->now);
    if (!api_audit(call, "delivery.retry", row->id, row->recipient, NULL, NULL, err))
        return false;
    row->state = DELIVERY_QUEUED;
    row->due_at = call->now;
    write_delivery(&call->reply, row);
    call->status = 202;
    call->wakes_jobs = true;
    return true;
}

const struct api_route delivery_routes[] = {
    { "GET", "/deliveries", ROLE_USER, API_READS, deliveries_list, 0 },
    { "GET", "/deliveries/{id}", ROLE_USER, API_READS, deliveries_get, 0 },
    { "POST", "/deliveries/{id}/retry", ROLE_ADMIN, API_WRITES | API_BODY_NONE, deliveries_retry,
        0 },
    { 0 },
};
