/* api/ticket_json: see api/tickets.h. */
#include <string.h>

#include "api/cert_json.h"
#include "api/page.h"
#include "api/tickets.h"
#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "store/approval.h"
#include "store/endpoint.h"
#include "store/expected.h"
#include "store/order.h"
#include "store/profile.h"
#include "store/request.h"
#include "store/watcher.h"
#include "x509/pem.h"

static void write_people_and_times(struct json_out *out, const struct ticket_row *ticket)
{
    json_str(out, "reporter", ticket->reporter);
    json_str(out, "assignee", ticket->assignee);
    json_str(out, "priority", ticket->priority);
    json_split(out, "labels", ticket->labels, ' ');
    json_time_or_null(out, "due_at", ticket->due_at);
    json_time_or_null(out, "snoozed_until", ticket->snoozed_until);
    json_time_or_null(out, "acknowledged_at", ticket->acknowledged_at);
    json_str(out, "acknowledged_by", ticket->acknowledged_by);
    json_time(out, "created_at", ticket->created_at);
    json_time(out, "updated_at", ticket->updated_at);
    json_time_or_null(out, "resolved_at", ticket->resolved_at);
    json_str(out, "resolution", ticket->resolution[0] ? ticket->resolution : NULL);
}

static void write_fields(struct json_out *out, const struct ticket_row *ticket)
{
    json_str(out, "key", ticket->key);
    json_str(out, "project", ticket->project);
    json_str(out, "type", ticket->type);
    json_str(out, "status", ticket->status);
    json_str(out, "summary", ticket->summary);
    json_str(out, "description", ticket->description);
    cert_json_ref(out, "certificate", ticket->certificate_id, ticket->certificate);
    json_str(out, "certificate_id", ticket->ca_certificate_id);
    json_str(out, "profile", ticket->profile);
    json_str(out, "domain", ticket->domain[0] ? ticket->domain : NULL);
    json_time_or_null(out, "expires_at", ticket->expires_at);
    write_people_and_times(out, ticket);
}

/* `may_approve`: their word to the request counts. */
static void write_may(struct api_call *call, unsigned relations, bool may_approve)
{
    struct json_out *const out = &call->reply;

    json_begin_array(out, "may");
    if (permission_allows(&call->who, ACTION_COMMENT, relations))
        json_str(out, NULL, "comment");
    if (permission_allows(&call->who, ACTION_EDIT, relations))
        json_str(out, NULL, "edit");
    if (may_approve && (call->who.scopes & SCOPE_WRITE))
        json_str(out, NULL, "approve");
    if (call->who.account_id && (call->who.scopes & SCOPE_WRITE))
        json_str(out, NULL, "watch");
    json_end(out);
}

bool ticket_json_write(struct api_call *call, const struct ticket_row *ticket, struct err *err)
{
    unsigned relations;

    if (!life_relations(call->tx, &call->who, ticket, &relations, err))
        return false;
    write_fields(&call->reply, ticket);
    write_may(call, relations, false);
    page_write_etag(&call->reply, ticket->row_version);
    return true;
}

/* ---- all of one ticket ---- */

/* It was parsed when it came, and need not be to be shown. */
static void write_csr(struct api_call *call, const struct request_row *request)
{
    autodone(buf) struct buf pem = BUF_INIT(2 * LIFE_CSR_MAX);

    if (request && request->csr.size > 0)
        pem_write(buf_span(&request->csr), "CERTIFICATE REQUEST", &pem);
    json_str(&call->reply, "csr", pem.size > 0 ? buf_text(&pem) : NULL);
}

static bool write_approvals(struct api_call *call, const struct ticket_row *ticket,
    const struct request_row *request, const struct profile_row *profile, bool *ret_may,
    struct err *err)
{
    autodone(approval_rows) struct approval_rows rows = { 0 };
    struct json_out *const out = &call->reply;
    struct err ignored = { 0 };
    bool is_in_group = false;

    *ret_may = false;
    if (!store_approvals(call->tx, ticket->id, &rows, err))
        return false;
    json_begin_object(out, "approvals");
    json_i64(out, "needed", profile ? profile->n_approvals : 0);
    json_str(out, "group", profile ? profile->approver_group : NULL);
    json_begin_array(out, "given");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(out, NULL);
        json_str(out, "account", rows.items[i].account);
        json_bool(out, "approved", rows.items[i].is_approved);
        json_time(out, "at", rows.items[i].created_at);
        json_str(out, "comment", rows.items[i].comment);
        json_end(out);
    }
    json_end(out);
    json_end(out);
    if (!profile || profile->n_approvals == 0 ||
        strcmp(ticket->status, ticket_status_name(STATUS_CERTIFICATE_REQUEST)) != 0)
        return true;
    if (!store_profile_is_approver(call->tx, profile, call->who.account_id, &is_in_group, err))
        return false;
    *ret_may = policy_may_approve(profile, is_in_group,
        life_has_asked(ticket, request, call->who.account_id), &ignored);
    return true;
}

static bool write_order(struct api_call *call, const struct ticket_row *ticket, struct err *err)
{
    autofree(order_row) struct order_row *order = NULL;
    struct json_out *const out = &call->reply;

    if (!store_order_last(call->tx, ticket->id, &order, err))
        return false;
    json_str(out, "certificate_link", order && order->link[0] ? order->link : NULL);
    if (!order) {
        json_put_null(out, "order");
        return true;
    }
    json_begin_object(out, "order");
    json_str(out, "kind", order->kind);
    json_str(out, "reason", order->reason);
    json_str(out, "state", order->state);
    json_str(out, "error", order->error[0] ? order->error : NULL);
    json_time_or_null(out, "next_at", order->next_at);
    json_end(out);
    return true;
}

static bool write_expected(struct api_call *call, const struct ticket_row *ticket, struct err *err)
{
    autodone(expected_rows) struct expected_rows rows = { 0 };
    struct json_out *const out = &call->reply;

    if (ticket->version_id &&
        !store_expected_at(call->tx, ticket->certificate_id, ticket->version_id, &rows, err))
        return false;
    json_begin_array(out, "expected_at");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(out, NULL);
        json_str(out, "endpoint", rows.items[i].endpoint);
        json_bool(out, "seen", rows.items[i].is_seen);
        json_end(out);
    }
    json_end(out);
    return true;
}

static bool write_watchers(struct api_call *call, const struct ticket_row *ticket, struct err *err)
{
    autodone(watcher_rows) struct watcher_rows rows = { 0 };
    bool watches = false;

    if (!store_watchers(call->tx, ticket->id, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++)
        watches |= rows.items[i].account_id == call->who.account_id;
    json_i64(&call->reply, "watchers", (int64_t)rows.n);
    json_bool(&call->reply, "is_watching", watches);
    return true;
}

bool ticket_json_write_full(struct api_call *call, const struct ticket_row *ticket, struct err *err)
{
    autofree(request_row) struct request_row *request = NULL;
    autofree(profile_row) struct profile_row *profile = NULL;
    bool may_approve = false;
    unsigned relations;

    if (!life_relations(call->tx, &call->who, ticket, &relations, err) ||
        !store_request_find(call->tx, ticket->id, &request, err))
        return false;
    if (request && request->profile_id &&
        !store_profile_get(call->tx, request->profile_id, &profile, err))
        return false;
    write_fields(&call->reply, ticket);
    json_bool(&call->reply, "wants_csr", request && request->wants_csr);
    write_csr(call, request);
    if (!write_approvals(call, ticket, request, profile, &may_approve, err) ||
        !write_order(call, ticket, err) || !write_expected(call, ticket, err) ||
        !write_watchers(call, ticket, err))
        return false;
    write_may(call, relations, may_approve);
    page_write_etag(&call->reply, ticket->row_version);
    return true;
}

/* ---- for all routes ---- */

bool ticket_require(struct api_call *call, enum action action, struct ticket_row **ret,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    unsigned relations;

    if (!store_ticket_get_by_key(call->tx, &viewer, call->path_text, &ticket, err) ||
        !life_relations(call->tx, &call->who, ticket, &relations, err))
        return false;
    if (action != ACTION_SEE && !permission_allows(&call->who, action, relations))
        return fail(err, ERR_DENIED, "you may not %s this ticket",
            action == ACTION_COMMENT ? "comment on" : "change");
    *ret = take(&ticket);
    return true;
}

static bool write_answer(struct api_call *call, int64_t id, enum ticket_message message,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    char text[LIFE_MESSAGE_SIZE];

    if (!store_ticket_get(call->tx, &viewer, id, &ticket, err))
        return false;
    call->etag = ticket->row_version;
    if (message == TICKET_CREATED)
        life_message_created(ticket, text);
    else
        life_message_updated(ticket, text);
    if (message != TICKET_NO_MESSAGE)
        json_str(&call->reply, "message", text);
    if (message == TICKET_CREATED) {
        call->status = 201;
        (void)snprintf(call->location, sizeof call->location, "/api/v1/tickets/%s", ticket->key);
    }
    return ticket_json_write_full(call, ticket, err);
}

bool ticket_answer(struct api_call *call, int64_t id, enum ticket_message message, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (call->tx)
        return write_answer(call, id, message, err);
    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    const bool ok = write_answer(call, id, message, err);

    call->tx = NULL;
    return ok;
}

struct life ticket_life(struct api_call *call)
{
    return (struct life){ .db = call->db,
        .cas = call->services->cas,
        .who = &call->who,
        .address = call->address,
        .now = call->now,
        .problems = call->problems,
        .patience_ms = LIFE_PATIENCE_MS };
}
