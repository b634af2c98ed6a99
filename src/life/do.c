/* life/do: the transitions by name, those that need no CA, and what people say to a request. */
#include <string.h>

#include "base/err.h"
#include "codec/json.h"
#include "core/policy_use.h"
#include "db/db.h"
#include "life/work.h"
#include "store/approval.h"
#include "store/ca_certificate.h"
#include "store/cert.h"
#include "store/life.h"
#include "store/profile.h"
#include "store/request.h"
#include "x509/csr.h"

/* One step that is a transaction and nothing else. */
struct step {
    struct life *life;
    int64_t ticket_id;
    const struct life_ask *ask;
    const struct csr *parsed;
    bool is_approved;
    const char *comment;
};

/* No profile issues it any more; what has issued it so far is not forgotten. */
static bool end_life(struct life *life, struct tx *tx, const struct life_case *c,
    const struct cert_row *cert, struct err *err)
{
    static const bool no = false;
    const bool is_ours = cert->is_imported || (cert->version_id && !cert->n_endpoints);
    const struct cert_edit edit = { .is_managed = &no, .is_imported = &is_ours };
    autofree(ca_certificate_row) struct ca_certificate_row *issued = NULL;
    autofree(life_row) struct life_row *row = NULL;

    if (!store_life_find(tx, cert->id, &row, err))
        return false;
    if (!row || row->ticket_id != c->ticket->id)
        return true;
    if (!store_life_delete(tx, cert->id, err) ||
        (cert->version_id && !store_ca_certificate_of_version(tx, cert->version_id, &issued, err)))
        return false;
    return issued || store_cert_edit(tx, cert->id, &edit, life->now, err);
}

/* The record that the ticket brought, while nothing else hangs on it. */
static bool forget_record(struct life *life, struct tx *tx, const struct life_case *c,
    struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    const int64_t id = c->ticket->certificate_id;
    autofree(cert_row) struct cert_row *cert = NULL;
    struct audit_entry entry = { .action = "certificate.delete",
        .object_type = "certificate",
        .object_id = id };

    if (!id || c->type != TICKET_CERTIFICATE)
        return true;
    if (!store_cert_get(tx, &system, id, &cert, err))
        return false;
    if (cert->version_id || cert->n_endpoints || cert->resources[0] || cert->is_imported ||
        cert->created_at != c->ticket->created_at)
        return end_life(life, tx, c, cert, err);
    entry.object_name = cert->name;
    return store_cert_delete(tx, id, 0, err) && life_audit(life, tx, &entry, err);
}

/* A transition that asks nobody else: cancel, resolve, reopen. */
static bool move_only(struct tx *tx, void *arg, struct err *err)
{
    struct step *const step = arg;
    const struct life_ask *const ask = step->ask;
    struct life *const life = step->life;
    autodone(life_case) struct life_case c = { 0 };
    const struct transition *transition;
    struct ticket_edit edit = { 0 };

    if (!life_case_lock(life, tx, step->ticket_id, ask, &c, err) ||
        !life_case_require(life, &c, ACTION_EDIT, err))
        return false;
    if (c.status == STATUS_CANCELLED && strcmp(ask->transition, "cancel") == 0)
        return life_note(life, tx, err);
    if (!lifecycle_find(c.type, c.status, ask->transition, BY_PERSON, &transition, err) ||
        !life_note(life, tx, err))
        return false;
    if (c.type == TICKET_CERTIFICATE_EXPIRY && ticket_status_is_resolved(transition->to))
        edit.resolution = "resolved by hand";
    return life_move(life, tx, &c, transition->to, &edit, err) &&
           life_comment(life, tx, c.ticket->id, ask->comment, err) &&
           life_audit_ticket(life, tx, c.ticket, "ticket.transition", c.ticket->status,
               ticket_status_name(transition->to), err) &&
           (transition->to != STATUS_CANCELLED || forget_record(life, tx, &c, err));
}

bool life_do(struct life *life, int64_t ticket_id, const struct life_ask *ask, struct err *err)
{
    struct step step = { .life = life, .ticket_id = ticket_id, .ask = ask };

    if (strcmp(ask->transition, "enroll") == 0 || strcmp(ask->transition, "renew") == 0)
        return life_obtain(life, ticket_id, ask, err);
    if (strcmp(ask->transition, "revoke") == 0)
        return life_revoke(life, ticket_id, ask, err);
    return tx_run(life->db, TX_WRITE, move_only, &step, err);
}

bool life_delete(struct life *life, struct tx *tx, int64_t ticket_id, struct err *err)
{
    autodone(life_case) struct life_case c = { 0 };

    if (!life_case_lock(life, tx, ticket_id, NULL, &c, err) ||
        !life_case_require(life, &c, ACTION_SEE, err))
        return false;
    if (life->who->role != ROLE_ADMIN && c.ticket->reporter_id != life->who->account_id)
        return fail(err, ERR_DENIED, "only admins and who reported a ticket may delete it");
    return life_audit_ticket(life, tx, c.ticket, "ticket.delete", c.ticket->summary, "", err) &&
           store_ticket_delete(tx, c.ticket, err) && forget_record(life, tx, &c, err);
}

/* ---- another request ---- */

static bool check_takes_csr(const struct life_case *c, struct err *err)
{
    const bool takes =
        c->type == TICKET_CERTIFICATE &&
        (c->status == STATUS_CERTIFICATE_REQUEST || c->status == STATUS_CERTIFICATE_ENROLLED ||
            c->status == STATUS_CERTIFICATE_RENEWED);

    return takes || fail(err, ERR_CONFLICT, "a ticket of type %s in status %s takes no request",
                        ticket_type_title(c->type), ticket_status_title(c->status));
}

static bool write_csr(struct tx *tx, void *arg, struct err *err)
{
    struct step *const step = arg;
    struct life *const life = step->life;
    autodone(life_case) struct life_case c = { 0 };
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);
    autodone(buf) struct buf words = BUF_INIT(LIFE_WORDS_MAX);
    char domain[LIFE_DOMAIN_SIZE];

    if (!life_case_lock(life, tx, step->ticket_id, NULL, &c, err) ||
        !life_case_require(life, &c, ACTION_EDIT, err) || !check_takes_csr(&c, err) ||
        (c.status != STATUS_CERTIFICATE_REQUEST && !life_check_agreed(&c, step->parsed, err)) ||
        !life_check_use(life, tx, &c, false, err) || !life_key_check(tx, step->parsed, err) ||
        !life_judge(life, &c, step->parsed, false, err) || !life_note(life, tx, err))
        return false;
    life_domain(step->parsed, domain);
    buf_addf(&body, "A new request (CSR) was given: %s, %s with %d bits.",
        csr_subject(step->parsed), csr_key_algorithm(step->parsed), csr_key_bits(step->parsed));
    life_words(step->parsed, &words);
    const struct request_csr csr = { .der = csr_der(step->parsed),
        .domain = domain,
        .names = buf_text(&words),
        .asked_by = life->who->account_id };

    return store_request_set_csr(tx, c.ticket->id, &csr, err) &&
           (c.status != STATUS_CERTIFICATE_REQUEST ||
               (store_approvals_forget(tx, c.ticket->id, err) &&
                   life_ask_approvers(tx, c.ticket, c.profile, life->now, err))) &&
           life_say(life, tx, c.ticket->id, &body, err) &&
           (!c.ticket->certificate_id ||
               store_life_replan(tx, c.ticket->certificate_id, life->now, NULL, err)) &&
           life_audit_ticket(life, tx, c.ticket, "ticket.csr", NULL, NULL, err);
}

bool life_set_csr(struct life *life, int64_t ticket_id, struct span csr, struct err *err)
{
    struct step step = { .life = life, .ticket_id = ticket_id };
    autofree(csr) struct csr *parsed = NULL;
    struct err cause = { 0 };

    if (!csr_from_any(csr, &parsed, &cause)) {
        if (life->problems)
            json_problems_add(life->problems, "csr", cause.msg);
        return fail(err, cause.kind, "csr: %s", cause.msg);
    }
    step.parsed = parsed;
    if (!tx_run(life->db, TX_WRITE, write_csr, &step, err))
        return false;
    life->wakes_jobs = true;
    return true;
}

/* ---- approvals ---- */

/* An approver may see the ticket for that, and say something about it, and nothing more. */
static bool write_approval(struct tx *tx, void *arg, struct err *err)
{
    struct step *const step = arg;
    struct life *const life = step->life;
    const struct principal *const who = life->who;
    autodone(life_case) struct life_case c = { 0 };
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);
    bool is_in_group = false;

    if (!life_case_lock(life, tx, step->ticket_id, step->ask, &c, err))
        return false;
    if (!c.profile || c.profile->n_approvals == 0)
        return fail(err, ERR_CONFLICT, "%s needs no approval", c.ticket->key);
    if (c.status != STATUS_CERTIFICATE_REQUEST)
        return fail(err, ERR_CONFLICT, "%s is in status %s: there is nothing to approve",
            c.ticket->key, ticket_status_title(c.status));
    if (!store_profile_is_approver(tx, c.profile, who->account_id, &is_in_group, err) ||
        !policy_may_approve(c.profile, is_in_group,
            life_has_asked(c.ticket, c.request, who->account_id), err) ||
        !life_note(life, tx, err))
        return false;
    buf_addf(&body, "%s %s this request.%s%s", who->name,
        step->is_approved ? "approves" : "refuses", step->comment && step->comment[0] ? "\n" : "",
        step->comment ? step->comment : "");
    return store_approval_put(tx, c.ticket->id, who->account_id, step->is_approved, step->comment,
               life->now, err) &&
           life_say(life, tx, c.ticket->id, &body, err) &&
           life_audit_ticket(life, tx, c.ticket,
               step->is_approved ? "ticket.approve" : "ticket.refuse", NULL, NULL, err);
}

bool life_approve(struct life *life, int64_t ticket_id, bool is_approved, const char *comment,
    int64_t expected_row_version, struct err *err)
{
    const struct life_ask seen = { .expected_row_version = expected_row_version };
    struct step step = { .life = life,
        .ticket_id = ticket_id,
        .ask = &seen,
        .is_approved = is_approved,
        .comment = comment };

    return tx_run(life->db, TX_WRITE, write_approval, &step, err);
}
