/*
 * api/ticket_moves: transitions of tickets, and renewing and revoking a certificate by its record,
 * which are transitions of the ticket that it lives by.
 *
 * No transaction is open here: life/ asks CAs and the vault between its own.
 */
#include <string.h>

#include "api/cert_json.h"
#include "api/idempotency.h"
#include "api/page.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/err.h"
#include "db/db.h"
#include "store/life.h"

#define COMMENT_MAX 32000

static bool where_it_stands(const struct ticket_row *ticket, enum ticket_type *type,
    enum ticket_status *status, struct err *err)
{
    if (!ticket_type_from_name(ticket->type, type) ||
        !ticket_status_from_name(ticket->status, status))
        return fail(err, ERR_INTERNAL, "%s has an unknown type or status", ticket->key);
    return true;
}

static bool transitions_list(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    enum ticket_type type;
    enum ticket_status status;
    const struct transition *transition;
    unsigned relations;

    if (!ticket_require(call, ACTION_SEE, &ticket, err) ||
        !life_relations(call->tx, &call->who, ticket, &relations, err) ||
        !where_it_stands(ticket, &type, &status, err))
        return false;
    const bool may = permission_allows(&call->who, ACTION_EDIT, relations);

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; may && (transition = lifecycle_nth(type, status, BY_PERSON, i)); i++) {
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "transition", transition->name);
        json_str(&call->reply, "name", transition->title);
        json_str(&call->reply, "to", ticket_status_name(transition->to));
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* Which ticket {key} is, told before the body is looked at. */
static bool find_ticket(struct api_call *call, enum action action, int64_t *ret_id, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    const bool ok = ticket_require(call, action, &ticket, err);

    call->tx = NULL;
    *ret_id = ok ? ticket->id : 0;
    return ok;
}

void ticket_read_reason(struct json_in *in, enum ca_reason *ret)
{
    const char *const reason = json_in_text_opt(in, "reason", 1, 64, "unspecified");
    autodone(buf) struct buf all = BUF_INIT(256);

    if (ca_reason_from_name(reason, ret))
        return;
    for (size_t i = 0; ca_reason_nth(i); i++)
        buf_addf(&all, "%s%s", i ? ", " : "", ca_reason_nth(i));
    json_in_complain(in, "reason", "there is no reason \"%s\"; there are %s", reason,
        buf_text(&all));
}

static void read_ask(struct api_call *call, struct json_in *in, struct life_ask *ask)
{
    const char *const csr = json_in_text_opt(in, "csr", 1, LIFE_CSR_MAX, NULL);

    ask->comment = json_in_text_opt(in, "comment", 1, COMMENT_MAX, NULL);
    ask->is_forced = json_in_bool_opt(in, "force", false);
    if (csr)
        ask->csr = span_text(csr);
    ticket_read_reason(in, &ask->reason);
    ask->expected_row_version = call->if_match;
}

/* Whoever repeats the request with its Idempotency-Key finds that it was done. */
static struct life noted_life(struct api_call *call)
{
    struct life life = ticket_life(call);

    life.note = idempotency_note;
    life.note_arg = call;
    return life;
}

/* It was done: how the ticket is now. */
static bool ticket_done(struct api_call *call, struct err *err)
{
    int64_t id;

    return find_ticket(call, ACTION_SEE, &id, err) && ticket_answer(call, id, TICKET_UPDATED, err);
}

static bool do_and_answer(struct api_call *call, int64_t id, const struct life_ask *ask,
    struct err *err)
{
    struct life life = noted_life(call);
    const bool ok = life_do(&life, id, ask, err);

    call->wakes_jobs = life.wakes_jobs;
    return ok ? ticket_answer(call, id, TICKET_UPDATED, err) : api_stale(call, err);
}

static bool transitions_do(struct api_call *call, struct err *err)
{
    struct life_ask ask = { 0 };
    struct json_in in;
    int64_t id;

    if (!find_ticket(call, ACTION_EDIT, &id, err))
        return false;
    api_body(call, &in);
    ask.transition = json_in_text(&in, "transition", 1, 64);
    read_ask(call, &in, &ask);
    return json_in_end(&in, err) && do_and_answer(call, id, &ask, err);
}

static bool csr_give(struct api_call *call, struct err *err)
{
    struct life life = noted_life(call);
    struct json_in in;
    int64_t id;

    if (!find_ticket(call, ACTION_EDIT, &id, err))
        return false;
    api_body(call, &in);
    const char *const csr = json_in_text(&in, "csr", 1, LIFE_CSR_MAX);

    if (!json_in_end(&in, err) || !life_set_csr(&life, id, span_text(csr), err))
        return false;
    call->wakes_jobs = life.wakes_jobs;
    return ticket_answer(call, id, TICKET_UPDATED, err);
}

static bool approval_give(struct api_call *call, struct err *err)
{
    struct life life = noted_life(call);
    struct json_in in;
    int64_t id;

    if (!find_ticket(call, ACTION_SEE, &id, err))
        return false;
    api_body(call, &in);
    const bool is_approved = json_in_bool(&in, "approved");
    const char *const comment = json_in_text_opt(&in, "comment", 0, 2000, "");

    if (!json_in_end(&in, err))
        return false;
    return life_approve(&life, id, is_approved, comment, call->if_match, err)
               ? ticket_answer(call, id, TICKET_UPDATED, err)
               : api_stale(call, err);
}

/* ---- by the record ---- */

/* The ticket that a record lives by. Only managed ones have one. */
static bool find_life(struct api_call *call, int64_t *ret_ticket, struct err *err)
{
    autofree(life_row) struct life_row *life = NULL;
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    const bool ok = cert_require(call, call->path_id, ACTION_EDIT, &cert, err) &&
                    page_check_match(call, cert->row_version, "certificate", err) &&
                    store_life_find(tx, call->path_id, &life, err);

    call->tx = NULL;
    if (!ok)
        return false;
    if (!life || !life->ticket_id)
        return fail(err, ERR_CONFLICT,
            "this certificate is not managed here: it lives by no ticket of type Certificate");
    *ret_ticket = life->ticket_id;
    return true;
}

static bool record_do(struct api_call *call, const char *transition, struct err *err)
{
    struct life_ask ask = { .transition = transition };
    struct json_in in;
    int64_t id;

    if (!find_life(call, &id, err))
        return false;
    api_body(call, &in);
    read_ask(call, &in, &ask);
    ask.expected_row_version = 0;
    return json_in_end(&in, err) && do_and_answer(call, id, &ask, err);
}

static bool record_renew(struct api_call *call, struct err *err)
{
    return record_do(call, "renew", err);
}

static bool record_revoke(struct api_call *call, struct err *err)
{
    return record_do(call, "revoke", err);
}

static bool record_done(struct api_call *call, struct err *err)
{
    int64_t id;

    return find_life(call, &id, err) && ticket_answer(call, id, TICKET_UPDATED, err);
}

#define MOVES (API_WRITES | API_NO_TX | API_IDEMPOTENT)

const struct api_route ticket_move_routes[] = {
    { "GET", "/tickets/{key}/transitions", ROLE_USER, API_READS, transitions_list, 0 },
    { "POST", "/tickets/{key}/transitions", ROLE_USER, MOVES, transitions_do, 0, NULL,
        ticket_done },
    { "POST", "/tickets/{key}/csr", ROLE_USER, MOVES, csr_give, 0, NULL, ticket_done },
    { "POST", "/tickets/{key}/approval", ROLE_USER, MOVES, approval_give, 0, NULL, ticket_done },
    { "POST", "/certificates/{id}/renew", ROLE_USER, MOVES, record_renew, 0, NULL, record_done },
    { "POST", "/certificates/{id}/revoke", ROLE_USER, MOVES, record_revoke, 0, NULL, record_done },
    { 0 },
};
