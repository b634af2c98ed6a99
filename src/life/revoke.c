/*
 * life/revoke: the end before the end. A ticket of type Certificate revokes what it lives by; one
 * of type Revoke Certificate whatever certificate ID and domain together name.
 *
 * The built-in CA's rows are its revocation: one transaction. Others are asked between two, and
 * again by a job until they have answered.
 */
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "db/db.h"
#include "life/work.h"
#include "store/ca.h"
#include "store/ca_certificate.h"
#include "store/cert.h"
#include "store/cert_people.h"
#include "store/job.h"
#include "store/record_version.h"
#include "store/version.h"
#include "x509/cert.h"

#define JOB_PATIENCE_SECONDS 60

struct revoke {
    struct life *life;
    const struct life_ask *ask;
    int64_t ticket_id;
    struct life_case c;
    int64_t version_id;
    struct ca_certificate_row *issued; /* NULL: no CA of ours issued it */
    struct ca_row *ca;
    struct buf der;
    enum ticket_status back_to; /* of a ticket in a working status */
    bool is_done;               /* it is revoked */
    bool is_begun;              /* it stands in the database that it shall be */
    struct err cause;
};

static void revoke_done(struct revoke *r)
{
    life_case_done(&r->c);
    ca_certificate_row_free(r->issued);
    ca_row_free(r->ca);
    buf_done(&r->der);
}
DEFINE_AUTODONE(revoke);

static bool is_by_number(const struct revoke *r)
{
    return r->c.type == TICKET_REVOKE_CERTIFICATE;
}

/* ---- which certificate ---- */

static bool names_it(const struct cert *cert, const char *domain)
{
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];

    if (strcasecmp(cert_common_name(cert), domain) == 0)
        return true;
    for (size_t at = 0; cert_next_san(cert, &at, &san);)
        if (strcasecmp(cert_san_text(&san, text), domain) == 0)
            return true;
    return false;
}

/*
 * Everybody can have a record of what everybody can see. To end a certificate it takes a record for
 * which it was issued, or, as with RFC 8555 (7.6), its key.
 */
static bool is_theirs(const struct revoke *r, const struct record_version_row *own,
    unsigned relations)
{
    const struct principal *const who = r->life->who;

    return permission_allows(who, ACTION_EDIT, relations) &&
           (own->origin == VERSION_ISSUED ||
               (own->sealed_key_id && permission_allows(who, ACTION_USE_KEY, relations)));
}

/* May they who ask end it? Whoever may change every record may. */
static bool may_revoke(struct revoke *r, struct tx *tx, int64_t version_id, bool *ret,
    struct err *err)
{
    autodone(id_list) struct id_list records = { 0 };

    *ret = permission_allows(r->life->who, ACTION_EDIT, 0);
    if (!store_version_records(tx, version_id, &records, err))
        return false;
    for (size_t i = 0; i < records.n && !*ret; i++) {
        autofree(record_version_row) struct record_version_row *own = NULL;
        unsigned relations = 0;

        if (!store_cert_relations(tx, records.items[i], r->life->who->account_id, &relations,
                err) ||
            !store_record_version_find(tx, records.items[i], version_id, &own, err))
            return false;
        *ret = own && is_theirs(r, own, relations);
    }
    return true;
}

/* Both must match; what is a stranger's is told of like what does not exist. */
static bool find_by_number(struct revoke *r, struct tx *tx, struct err *err)
{
    const struct request_row *const request = r->c.request;
    autodone(id_list) struct id_list found = { 0 };

    if (!store_version_ids_by_number(tx, r->c.ca->id, request->ca_certificate_id, &found, err))
        return false;
    for (size_t i = 0; i < found.n && !r->version_id; i++) {
        autofree(cert) struct cert *cert = NULL;
        bool may = false;

        buf_clear(&r->der);
        if (!store_version_der(tx, found.items[i], &r->der, err) ||
            !cert_from_der(buf_span(&r->der), &cert, err) ||
            !may_revoke(r, tx, found.items[i], &may, err))
            return false;
        if (may && names_it(cert, request->domain))
            r->version_id = found.items[i];
    }
    return r->version_id ||
           fail(err, ERR_CONFLICT,
               "there is no certificate %s for %s that you may revoke with the profile %s",
               request->ca_certificate_id, request->domain, r->c.profile->name);
}

static bool find(struct revoke *r, struct tx *tx, struct err *err)
{
    if (!is_by_number(r))
        r->version_id = r->c.ticket->version_id;
    else if (!r->c.profile)
        return fail(err, ERR_CONFLICT, "%s has no profile", r->c.ticket->key);
    else if (!find_by_number(r, tx, err))
        return false;
    if (!r->version_id)
        return fail(err, ERR_CONFLICT, "%s has no certificate", r->c.ticket->key);
    if (!store_ca_certificate_of_version(tx, r->version_id, &r->issued, err))
        return false;
    if (!r->issued)
        return fail(err, ERR_CONFLICT,
            "no certificate authority that is set up here has issued this certificate");
    buf_clear(&r->der);
    return store_version_der(tx, r->version_id, &r->der, err) &&
           store_ca_get(tx, r->issued->ca_id, &r->ca, err);
}

/* ---- what follows ---- */

/* Every record in which it is what counts. */
static bool mark_records(struct revoke *r, struct tx *tx, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autodone(id_list) struct id_list records = { 0 };

    if (!store_version_records(tx, r->version_id, &records, err))
        return false;
    for (size_t i = 0; i < records.n; i++) {
        autofree(cert_row) struct cert_row *cert = NULL;
        struct audit_entry entry = { .action = "certificate.revoke",
            .object_type = "certificate",
            .object_id = records.items[i],
            .after = ca_reason_name(r->ask->reason) };

        if (!store_cert_get(tx, &system, records.items[i], &cert, err))
            return false;
        if (cert->version_id != r->version_id || cert->revoked_at)
            continue;
        entry.object_name = cert->name;
        if (!store_cert_set_revoked(tx, cert->id, r->life->now, r->life->now, err) ||
            !store_life_replan(tx, cert->id, r->life->now, NULL, err) ||
            !life_audit(r->life, tx, &entry, err))
            return false;
    }
    return true;
}

/* The tickets that lived by it, when another revokes it. */
static bool move_others(struct revoke *r, struct tx *tx, struct err *err)
{
    autodone(ticket_rows) struct ticket_rows tickets = { 0 };

    if (!store_tickets_by_version(tx, r->version_id, ticket_type_name(TICKET_CERTIFICATE), &tickets,
            err))
        return false;
    for (size_t i = 0; i < tickets.n; i++) {
        autodone(life_case) struct life_case other = { 0 };
        autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);
        struct life system = *r->life;
        const struct principal certdesk = { .name = "certdesk",
            .role = ROLE_ADMIN,
            .scopes = SCOPE_ALL };

        system.who = &certdesk;
        if (tickets.items[i].id == r->c.ticket->id)
            continue;
        if (!life_case_load(&system, tx, tickets.items[i].id, &other, err))
            return false;
        if (other.status != STATUS_CERTIFICATE_ENROLLED &&
            other.status != STATUS_CERTIFICATE_RENEWED)
            continue;
        buf_addf(&body, "The certificate was revoked by %s.", r->c.ticket->key);
        if (!life_move(&system, tx, &other, STATUS_CERTIFICATE_REVOKED, NULL, err) ||
            !life_say(&system, tx, other.ticket->id, &body, err))
            return false;
    }
    return true;
}

static bool queue_crl(struct revoke *r, struct tx *tx, const struct ca_ops *ops, struct err *err)
{
    int64_t job;

    if (!ops->job_after_revoke)
        return true;
    /* One each: one that is under way may have read what is revoked before this was. */
    const struct job_new new = { .type = ops->job_after_revoke,
        .object_id = r->ca->id,
        .due_at = r->life->now };

    return store_job_add(tx, &new, r->life->now, &job, err);
}

static bool say_revoked(struct revoke *r, struct tx *tx, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);

    buf_addf(&body, "Certificate revoked: serial %s, reason %s.", r->issued->serial,
        ca_reason_name(r->ask->reason));
    return life_say(r->life, tx, r->c.ticket->id, &body, err);
}

static bool write_revoked(struct tx *tx, void *arg, struct err *err)
{
    struct revoke *const r = arg;
    const struct ca_ops *const ops = ca_ops_find(r->ca->type);
    const enum ticket_status to = is_by_number(r) ? STATUS_DONE : STATUS_CERTIFICATE_REVOKED;
    bool ignored;

    if (!life_case_lock(r->life, tx, r->ticket_id, r->is_begun ? NULL : r->ask, &r->c, err))
        return false;
    if (r->c.status == to)
        return true;
    const struct ticket_edit edit = { .resolution = "revoked", .version_id = &r->version_id };

    return (r->is_begun || life_note(r->life, tx, err)) &&
           store_ca_certificate_revoke(tx, r->issued->id, ca_reason_name(r->ask->reason),
               r->life->now, &ignored, err) &&
           life_move(r->life, tx, &r->c, to, &edit, err) &&
           life_comment(r->life, tx, r->ticket_id, r->ask->comment, err) &&
           say_revoked(r, tx, err) && mark_records(r, tx, err) && move_others(r, tx, err) &&
           (!ops || queue_crl(r, tx, ops, err)) &&
           life_audit_ticket(r->life, tx, r->c.ticket, "ticket.revoke", NULL,
               ca_reason_name(r->ask->reason), err);
}

/* ---- CAs that are asked ---- */

static void write_payload(const struct revoke *r, struct buf *payload)
{
    struct json_out out;

    json_out_init(&out, payload);
    json_begin_object(&out, NULL);
    json_str(&out, "reason", ca_reason_name(r->ask->reason));
    json_str(&out, "comment", r->ask->comment ? r->ask->comment : "");
    json_str(&out, "back_to", ticket_status_name(r->back_to));
    json_end(&out);
}

static void dedupe_key(const struct revoke *r, char field[static 64])
{
    (void)snprintf(field, 64, "revoke:%" PRId64, r->ticket_id);
}

/* The working status, and the job that goes on when whoever asks is gone. */
static bool write_begin(struct tx *tx, void *arg, struct err *err)
{
    struct revoke *const r = arg;
    autodone(buf) struct buf payload = BUF_INIT(LIFE_TEXT_MAX * 6);
    char dedupe[64];
    int64_t job;

    if (!life_case_lock(r->life, tx, r->ticket_id, r->ask, &r->c, err))
        return false;
    r->back_to = r->c.status;
    write_payload(r, &payload);
    dedupe_key(r, dedupe);
    const struct job_new new = { .type = "revoke",
        .object_id = r->ticket_id,
        .dedupe_key = dedupe,
        .payload = buf_text(&payload),
        .due_at = r->life->now + (r->life->patience_ms > 0 ? JOB_PATIENCE_SECONDS : 0),
        .account_id = r->life->who->account_id };

    return life_note(r->life, tx, err) && store_job_add(tx, &new, r->life->now, &job, err) &&
           (is_by_number(r) ||
               life_move(r->life, tx, &r->c, STATUS_CERTIFICATE_REVOKING, NULL, err)) &&
           life_audit_ticket(r->life, tx, r->c.ticket, "ticket.revoking", NULL,
               ca_reason_name(r->ask->reason), err);
}

static bool write_not_revoked(struct tx *tx, void *arg, struct err *err)
{
    struct revoke *const r = arg;
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);

    if (!life_case_lock(r->life, tx, r->ticket_id, NULL, &r->c, err))
        return false;
    buf_addf(&body, "The certificate could not be revoked: %s.", r->cause.msg);
    return (r->c.status != STATUS_CERTIFICATE_REVOKING ||
               life_move(r->life, tx, &r->c, r->back_to, NULL, err)) &&
           life_say(r->life, tx, r->ticket_id, &body, err) &&
           life_audit_ticket(r->life, tx, r->c.ticket, "ticket.not_revoked", NULL, NULL, err);
}

static bool ask_ca(struct revoke *r, struct err *err)
{
    autofree(ca) struct ca *ca = NULL;
    const struct ca_cert cert = { .der = buf_span(&r->der),
        .serial = r->issued->serial,
        .number = r->issued->number };

    if (r->issued->revoked_at)
        return true;
    if (!life_open_ca(r->life, r->ca, &ca, err))
        return false;
    if (!ca->ops->revoke)
        return fail(err, ERR_CONFLICT, "%s cannot revoke", r->ca->name);
    return ca->ops->revoke(ca, &cert, r->ask->reason, r->ask->comment ? r->ask->comment : "", err);
}

/* The job looks at once: it finds the work done, or takes it over. */
static bool hurry_job(struct revoke *r, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    char dedupe[64];

    dedupe_key(r, dedupe);
    return tx_begin(r->life->db, TX_WRITE, &tx, err) &&
           store_job_hurry(tx, dedupe, r->life->now, err) && tx_commit(take(&tx), err);
}

static bool tell_not_revoked(struct revoke *r, struct err *err)
{
    if (!tx_run(r->life->db, TX_WRITE, write_not_revoked, r, err))
        return false;
    *err = r->cause;
    return false;
}

/* What is not reached now is left to the job, and no failure. */
static bool ask_and_write(struct revoke *r, struct err *err)
{
    r->life->wakes_jobs = true;
    if (ask_ca(r, &r->cause))
        return tx_run(r->life->db, TX_WRITE, write_revoked, r, err);
    return r->cause.kind == ERR_UNAVAILABLE || tell_not_revoked(r, err);
}

static bool look(struct revoke *r, struct err *err)
{
    const struct transition *transition;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(r->life->db, TX_READ, &tx, err) ||
        !life_case_load(r->life, tx, r->ticket_id, &r->c, err) ||
        !life_case_require(r->life, &r->c, ACTION_EDIT, err))
        return false;
    r->is_done = r->c.status == STATUS_CERTIFICATE_REVOKED ||
                 r->c.status == STATUS_CERTIFICATE_REVOKING ||
                 (is_by_number(r) && r->c.status == STATUS_DONE);
    return r->is_done ||
           (lifecycle_find(r->c.type, r->c.status, "revoke", BY_PERSON, &transition, err) &&
               find(r, tx, err));
}

bool life_revoke(struct life *life, int64_t ticket_id, const struct life_ask *ask, struct err *err)
{
    autodone(revoke) struct revoke r = { .life = life,
        .ask = ask,
        .ticket_id = ticket_id,
        .der = BUF_INIT(CERT_MAX_BYTES) };
    const struct ca_ops *ops;

    if (!look(&r, err) || r.is_done)
        return r.is_done;
    ops = ca_ops_find(r.ca->type);
    if (ops && ops->forgets) {
        life->wakes_jobs = true;
        return tx_run(life->db, TX_WRITE, write_revoked, &r, err);
    }
    if (!tx_run(life->db, TX_WRITE, write_begin, &r, err))
        return false;
    r.is_begun = true;
    if (life->patience_ms == 0)
        return true;
    return ask_and_write(&r, err) && hurry_job(&r, err);
}

/* ---- for the job, and after a ticket was made ---- */

bool life_revoke_again(struct life *life, int64_t ticket_id, const struct life_ask *ask,
    const char *back_to, struct err *err)
{
    autodone(revoke) struct revoke r = { .life = life,
        .ask = ask,
        .ticket_id = ticket_id,
        .der = BUF_INIT(CERT_MAX_BYTES) };
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(life->db, TX_READ, &tx, err) || !life_case_load(life, tx, ticket_id, &r.c, err))
        return false;
    if (r.c.status == STATUS_CERTIFICATE_REVOKED || r.c.status == STATUS_DONE ||
        !ticket_status_from_name(back_to, &r.back_to))
        return true;
    if (!find(&r, tx, err))
        return false;
    tx_free(take(&tx));
    if (!ask_ca(&r, &r.cause))
        return r.cause.kind == ERR_UNAVAILABLE ? (*err = r.cause, false)
                                               : tell_not_revoked(&r, err);
    return tx_run(life->db, TX_WRITE, write_revoked, &r, err);
}

static bool say_why_not(struct life *life, int64_t ticket_id, const struct err *cause,
    struct err *err)
{
    struct revoke r = { .life = life, .ticket_id = ticket_id, .cause = *cause };
    const bool ok = tx_run(life->db, TX_WRITE, write_not_revoked, &r, err);

    life_case_done(&r.c);
    return ok;
}

static bool is_revoked(struct life *life, int64_t ticket_id, bool *ret, struct err *err)
{
    autodone(life_case) struct life_case c = { 0 };
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(life->db, TX_READ, &tx, err) || !life_case_load(life, tx, ticket_id, &c, err))
        return false;
    *ret = c.status == STATUS_DONE;
    return true;
}

bool life_after_create(struct life *life, int64_t ticket_id, enum ca_reason reason, bool *ret_done,
    struct err *err)
{
    const struct life_ask ask = { .transition = "revoke", .reason = reason };
    struct err cause = { 0 };

    *ret_done = false;
    if (!life_revoke(life, ticket_id, &ask, &cause)) {
        if (cause.kind == ERR_INTERNAL) {
            *err = cause;
            return false;
        }
        return say_why_not(life, ticket_id, &cause, err);
    }
    return is_revoked(life, ticket_id, ret_done, err);
}
