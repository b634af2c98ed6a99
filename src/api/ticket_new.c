/*
 * api/ticket_new: tickets of type Certificate and Revoke Certificate: POST /tickets, and POST
 * /certificates/{id}/enroll, which makes one for a record and enrolls it.
 *
 * The body is read and judged, and a key made, before the transaction; a CA is asked after it.
 */
#include <string.h>

#include "api/cert_json.h"
#include "api/cert_new.h"
#include "api/csr_new.h"
#include "api/page.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/alloc.h"
#include "base/err.h"
#include "core/window.h"
#include "db/db.h"
#include "store/business_group.h"

#define DESCRIPTION_MAX 32000
#define LABELS_MAX 50

/* A ticket in the making. */
struct making {
    struct life_wish wish;
    struct csr_wish csr;
    struct cert_people_edit people;
    struct buf labels;
    const char *business_group;
    enum ca_reason reason;
    struct life_made *made;
    int64_t ticket_id;
    bool enrolls;
};

static void making_free(void *arg)
{
    struct making *const m = arg;

    csr_wish_done(&m->csr);
    buf_done(&m->labels);
    life_made_free(m->made);
    free(m);
}

static void read_labels(struct json_in *in, struct making *m)
{
    const size_t n = json_in_array_opt(in, "labels", LABELS_MAX);

    for (size_t i = 0; i < n; i++) {
        const char *const label = json_in_item_text(in, "labels", i, 1, 64);

        if (strpbrk(label, " \t\r\n"))
            json_in_complain(in, "labels", "the label '%s' contains spaces", label);
        buf_add_text(&m->labels, i ? " " : "");
        buf_add_text(&m->labels, label);
    }
    m->wish.labels = buf_text(&m->labels);
}

static void read_ticket(struct json_in *in, struct making *m)
{
    const char *const priority = json_in_text_opt(in, "priority", 1, 16, NULL);
    enum priority ignored;

    m->wish.project = json_in_text_opt(in, "project", 1, 15, NULL);
    m->wish.summary = ticket_read_summary(in);
    m->wish.description = json_in_text_opt(in, "description", 0, DESCRIPTION_MAX, NULL);
    m->wish.due_at = json_in_time_opt(in, "due_at", 0);
    if (priority && !priority_from_name(priority, &ignored))
        json_in_complain(in, "priority", "there is no priority \"%s\"", priority);
    m->wish.priority = priority;
    read_labels(in, m);
}

static bool read_request(struct json_in *in, struct making *m, struct err *err)
{
    const char *const csr = json_in_text_opt(in, "csr", 1, LIFE_CSR_MAX, NULL);
    bool has_names = false;

    m->wish.profile = json_in_text_opt(in, "profile", 1, 100, NULL);
    if (csr)
        m->wish.csr = span_text(csr);
    if (!csr_wish_read_names(in, &m->csr, &has_names, &m->wish.has_algorithm, err))
        return false;
    m->wish.algorithm = m->csr.algorithm;
    m->wish.names = has_names ? &m->csr.subject : NULL;
    return true;
}

static void read_revocation(struct json_in *in, struct making *m)
{
    m->wish.profile = json_in_text_opt(in, "profile", 1, 100, NULL);
    m->wish.ca_certificate_id = json_in_text_opt(in, "certificate_id", 1, 200, NULL);
    m->wish.domain = json_in_text_opt(in, "domain", 1, 255, NULL);
    ticket_read_reason(in, &m->reason);
}

/* The record that the request makes, or is for. */
static bool read_record(struct api_call *call, struct json_in *in, struct making *m,
    struct err *err)
{
    if (!m->wish.certificate_id)
        m->wish.certificate_id = json_in_i64_opt(in, "certificate", 1, INT64_MAX, 0);
    m->wish.name = json_in_text_opt(in, "name", 1, 200, NULL);
    m->business_group = json_in_text_opt(in, "business_group", 0, 200, "");
    if (!cert_new_read_people(call, in, NULL, &m->people, err))
        return false;
    if (m->people.has_owner && m->people.owner_id != call->who.account_id)
        json_in_complain(in, "owner", "whoever reports the ticket owns what comes of it");
    m->wish.assignee_id = m->people.assignee_id;
    m->wish.shares = m->people.shares;
    m->wish.n_shares = m->people.n_shares;
    return true;
}

static bool read_assignee(struct api_call *call, struct json_in *in, struct making *m,
    struct err *err)
{
    const char *const name = json_in_text_opt(in, "assignee", 1, 64, NULL);

    return !name || api_find_account(call, "assignee", name, &m->wish.assignee_id, err);
}

static bool read_reporter(struct api_call *call, struct json_in *in, struct making *m,
    struct err *err)
{
    const char *const name = json_in_text_opt(in, "reporter", 1, 64, NULL);

    m->wish.reporter_id = call->who.account_id;
    if (!name)
        return true;
    if (!api_find_account(call, "reporter", name, &m->wish.reporter_id, err))
        return false;
    return m->wish.reporter_id == call->who.account_id || call->who.role == ROLE_ADMIN ||
           fail(err, ERR_DENIED, "only admins report in the name of others");
}

static bool read_all(struct api_call *call, struct making *m, struct err *err)
{
    static const char *const types[] = { "certificate", "revoke_certificate" };
    struct json_in in;

    api_body(call, &in);
    const int type = m->enrolls ? 0 : json_in_enum(&in, "type", types, countof(types));

    m->wish.type = type == 1 ? TICKET_REVOKE_CERTIFICATE : TICKET_CERTIFICATE;
    read_ticket(&in, m);
    if (!read_reporter(call, &in, m, err))
        return false;
    if (m->wish.type == TICKET_REVOKE_CERTIFICATE) {
        read_revocation(&in, m);
        if (!read_assignee(call, &in, m, err))
            return false;
    } else if (!read_request(&in, m, err) || !read_record(call, &in, m, err)) {
        return false;
    }
    return json_in_end(&in, err);
}

static bool find_record(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;

    return cert_require(call, call->path_id, ACTION_EDIT, &cert, err) &&
           page_check_match(call, cert->row_version, "certificate", err);
}

/* Names become ids: the reading wants to see the database. */
static bool read_body(struct api_call *call, struct making *m, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    const bool ok = (!m->enrolls || find_record(call, err)) && read_all(call, m, err);

    call->tx = NULL;
    return ok;
}

static bool make(struct api_call *call, bool enrolls, struct err *err)
{
    struct making *const m = xcalloc(1, sizeof *m);
    struct life life = ticket_life(call);

    m->labels = (struct buf)BUF_INIT(8192);
    m->csr.sans_json = (struct buf)BUF_INIT(1);
    m->enrolls = enrolls;
    m->wish.certificate_id = enrolls ? call->path_id : 0;
    call->prepared = m;
    call->free_prepared = making_free;
    return read_body(call, m, err) && life_prepare(&life, &m->wish, &m->made, err);
}

static bool new_prepare(struct api_call *call, struct err *err)
{
    return make(call, false, err);
}

static bool enroll_prepare(struct api_call *call, struct err *err)
{
    return make(call, true, err);
}

static bool new_run(struct api_call *call, struct err *err)
{
    struct making *const m = call->prepared;
    struct life_wish *const wish = life_made_wish(m->made);
    struct life life = ticket_life(call);

    if (m->business_group && m->business_group[0] &&
        !store_business_group_put(call->tx, m->business_group, &wish->business_group_id, err))
        return false;
    call->wants_finish = m->enrolls || m->wish.type == TICKET_REVOKE_CERTIFICATE;
    return life_create(&life, call->tx, m->made, &m->ticket_id, err) &&
           ticket_answer(call, m->ticket_id, TICKET_CREATED, err);
}

/* Whatever the CA says now, the ticket is there, and its comments tell. */
static bool new_finish(struct api_call *call, struct err *err)
{
    const struct making *const m = call->prepared;
    const struct life_ask ask = { .transition = "enroll" };
    struct life life = ticket_life(call);
    struct err cause = { 0 };
    bool is_revoked;

    if (m->enrolls) {
        life.problems = NULL;
        if (!life_do(&life, m->ticket_id, &ask, &cause) && cause.kind == ERR_INTERNAL) {
            *err = cause;
            return false;
        }
    } else if (!life_after_create(&life, m->ticket_id, m->reason, &is_revoked, err)) {
        return false;
    }
    call->wakes_jobs = life.wakes_jobs;
    return ticket_answer(call, m->ticket_id, TICKET_CREATED, err);
}

const struct api_route ticket_new_routes[] = {
    { "POST", "/tickets", ROLE_USER, API_WRITES | API_IDEMPOTENT, new_run, 0, new_prepare,
        new_finish },
    { "POST", "/certificates/{id}/enroll", ROLE_USER, API_WRITES | API_IDEMPOTENT, new_run, 0,
        enroll_prepare, new_finish },
    { 0 },
};
