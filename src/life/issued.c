/*
 * life/issued: what follows from an answer of a CA, in the transaction that stores it: the version
 * and its part in the record, the ticket's stage, summary, file and comments, the next renewal.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "life/work.h"
#include "monitor/add.h"
#include "monitor/bring.h"
#include "monitor/replace.h"
#include "store/attachment.h"
#include "store/ca_certificate.h"
#include "store/cert.h"
#include "store/cert_refresh.h"
#include "store/deployment.h"
#include "store/order.h"
#include "store/request.h"
#include "store/sealed_key.h"
#include "store/settings.h"
#include "store/ticket_talk.h"
#include "x509/cert.h"

#define CHAIN_PEM_MAX (1U << 20)

static bool is_renewal(const struct order_row *order)
{
    return strcmp(order->kind, "renew") == 0;
}

bool life_say_requested(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);

    buf_addf(&body, "%s requested from %s with the profile %s.",
        is_renewal(order) ? "Renewal" : "Certificate", c->ca->name, c->profile->name);
    if (strcmp(order->reason, "window") == 0)
        buf_add_text(&body, " Its expiry window is open.");
    else if (strcmp(order->reason, "expired") == 0)
        buf_add_text(&body, " It has expired.");
    else if (strcmp(order->reason, "forced") == 0)
        buf_add_text(&body, " Force Renewal is on.");
    return life_say(life, tx, c->ticket->id, &body, err);
}

/* A record that was deleted while its order was under way: what was issued is kept all the same. */
static bool make_record_again(struct life *life, struct tx *tx, const struct life_case *c,
    int64_t *ret_id, struct err *err)
{
    const struct cert_new cert = { .name = c->request->domain[0] ? c->request->domain
                                                                 : c->ticket->summary,
        .is_managed = true,
        .owner_id = c->ticket->reporter_id };
    const struct life_row row = { .profile_id = c->profile->id, .ticket_id = c->ticket->id };
    struct life_row made = row;

    if (!store_cert_add(tx, &cert, life->now, ret_id, err))
        return false;
    made.certificate_id = *ret_id;
    return store_life_put(tx, &made, err);
}

/* A record that lived by another ticket lives by this one from now on. */
static bool take_over(struct life *life, struct tx *tx, const struct life_case *c,
    int64_t certificate_id, struct err *err)
{
    const struct life_row ours = { .certificate_id = certificate_id,
        .profile_id = c->profile->id,
        .ticket_id = c->ticket->id };
    autofree(life_row) struct life_row *row = NULL;
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);

    if (!store_life_find(tx, certificate_id, &row, err))
        return false;
    if (row && row->ticket_id == ours.ticket_id)
        return true;
    buf_addf(&body, "The record lives by %s from now on: it is renewed there.", c->ticket->key);
    return store_life_put(tx, &ours, err) &&
           (!row || !row->ticket_id || life_say(life, tx, row->ticket_id, &body, err));
}

/* The first version of a record that nothing is known of yet: no question who takes whose place. */
static bool put_first(struct life *life, struct tx *tx, const struct cert_row *cert,
    const struct brought *brought, struct err *err)
{
    struct display_rule rule;

    return bring_put(tx, cert->id, brought, VERSION_CURRENT, VERSION_ISSUED, life->now, err) &&
           store_display_rule(tx, &rule, NULL, err) &&
           store_cert_refresh(tx, cert->id, "", &rule, life->now, NULL, err);
}

/* A key that somebody moved to another request in the database would be deployed beside a
 * certificate that is not its own. */
static bool check_key(struct tx *tx, const struct order_row *order, const struct cert *leaf,
    struct err *err)
{
    autodone(buf) struct buf spki = BUF_INIT(VAULT_SEALED_MAX);
    uint8_t sha256[SHA256_SIZE];

    if (!order->sealed_key_id)
        return true;
    if (!store_sealed_key_public(tx, order->sealed_key_id, &spki, err))
        return false;
    digest_sha256(buf_span(&spki), sha256);
    return cert_is_for_key(leaf, sha256) ||
           fail(err, ERR_INTERNAL, "the key that order %" PRId64 " names is not its request's",
               order->id);
}

static bool put_version(struct life *life, struct tx *tx, int64_t certificate_id,
    const struct order_row *order, struct brought *brought, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(cert_row) struct cert_row *cert = NULL;
    struct replace_outcome ignored;

    brought->is_issued = true;
    brought->sealed_key_id = order->sealed_key_id;
    if (!check_key(tx, order, chain_leaf(brought->chain), err) ||
        !bring_versions(tx, brought, life->now, err) ||
        !store_cert_get(tx, &system, certificate_id, &cert, err))
        return false;
    if (!cert->version_id && !cert->n_endpoints)
        return put_first(life, tx, cert, brought, err);
    return replace_current(tx, certificate_id, brought, false, life->now, &ignored, err);
}

static bool add_ca_certificate(struct life *life, struct tx *tx, const struct order_row *order,
    const struct life_issue *issue, int64_t version_id, struct err *err)
{
    const struct cert *const leaf = chain_leaf(issue->chain);
    char serial[CERT_SERIAL_MAX + 1];
    char number[sizeof issue->number];
    const struct ca_certificate_row row = { .ca_id = order->ca_id,
        .serial = serial,
        .number = number,
        .version_id = version_id,
        .order_id = order->id,
        .not_after = cert_not_after(leaf),
        .issued_at = life->now };
    int64_t id;

    span_copy_text(span_text(cert_serial(leaf)), serial, sizeof serial);
    span_copy_text(span_text(issue->number), number, sizeof number);
    return store_ca_certificate_add(tx, &row, &id, err);
}

/* "*" is no part of a file's name everywhere; what is no name of a host at all is made one. */
static void name_file(const char *domain, char field[static ATTACHMENT_NAME_MAX + 1])
{
    char name[LIFE_DOMAIN_SIZE + 16];
    size_t n = 0;

    for (const char *p = domain; *p && n < ATTACHMENT_NAME_MAX - 20; p++) {
        if (*p == '*')
            n += (size_t)snprintf(name + n, sizeof name - n, "_wildcard");
        else
            name[n++] = strchr("/\\ :", *p) ? '_' : *p;
    }
    name[n] = '\0';
    (void)snprintf(name + n, sizeof name - n, ".pem");
    attachment_name(name, field);
}

static bool attach(struct life *life, struct tx *tx, const struct life_case *c,
    const struct life_issue *issue, struct err *err)
{
    autodone(buf) struct buf pem = BUF_INIT(CHAIN_PEM_MAX);
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);
    char name[ATTACHMENT_NAME_MAX + 1];
    int64_t id;

    name_file(c->request->domain, name);
    chain_to_pem(issue->chain, &pem);
    const struct attachment_new file = { .ticket_id = c->ticket->id,
        .name = name,
        .media_type = "application/x-pem-file",
        .content = buf_span(&pem) };

    buf_addf(&body, "Attached %s: the certificate, then its chain.", name);
    return buf_check(&pem, "the chain", err) &&
           store_attachment_add(tx, &file, life->now, &id, err) &&
           life_say(life, tx, c->ticket->id, &body, err);
}

static bool say_issued(struct life *life, struct tx *tx, int64_t ticket_id,
    const struct order_row *order, const struct life_issue *issue, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);
    const struct cert *const leaf = chain_leaf(issue->chain);
    char until[CLOCK_RFC3339_SIZE];

    buf_addf(&body, "Certificate %s: serial %s, valid until %s.",
        is_renewal(order) ? "renewed" : "enrolled", cert_serial(leaf),
        clock_rfc3339(cert_not_after(leaf), until));
    if (issue->number[0])
        buf_addf(&body, " Its certificate ID at the authority is %s.", issue->number);
    return life_say(life, tx, ticket_id, &body, err);
}

/* A renewal goes through Certificate Renew, also where it takes no time: the history shows it. */
static bool pass_through(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, struct err *err)
{
    return !is_renewal(order) || ticket_status_is_working(c->status) ||
           life_move(life, tx, c, STATUS_CERTIFICATE_RENEW, NULL, err);
}

/* Issued is not served: where it is brought somewhere, the ticket is resolved once it was seen
 * there (job/types/deploy_tell). */
static bool move_ticket(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, int64_t certificate_id, int64_t version_id, struct err *err)
{
    autofree(str) char *summary = xasprintf("Certificate enrolled:%s", c->request->domain);
    struct ticket_edit edit = { .summary = summary,
        .certificate_id = &certificate_id,
        .version_id = &version_id };
    int64_t n_places;

    if (!deployment_queue(tx, certificate_id, version_id, c->ticket->id, life->now, &n_places, err))
        return false;
    if (n_places > 0)
        edit.resolution = "";

    return life_move(life, tx, c,
        is_renewal(order) ? STATUS_CERTIFICATE_RENEWED : STATUS_CERTIFICATE_ENROLLED, &edit, err);
}

static bool audit_issued(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, const struct life_issue *issue, struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(8192);
    const struct cert *const leaf = chain_leaf(issue->chain);
    struct json_out out;

    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    json_str(&out, "ca", c->ca->name);
    json_str(&out, "profile", c->profile->name);
    json_str(&out, "domain", c->request->domain);
    json_str(&out, "serial", cert_serial(leaf));
    json_hex(&out, "fingerprint_sha256", span_of(cert_sha256(leaf), CERT_SHA256_SIZE));
    json_time(&out, "not_after", cert_not_after(leaf));
    json_str(&out, "reason", order->reason);
    json_end(&out);
    return json_out_check(&out, err) &&
           life_audit_ticket(life, tx, c->ticket,
               is_renewal(order) ? "ticket.renew" : "ticket.enroll", NULL, buf_text(&after), err);
}

bool life_issued(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, const struct life_issue *issue, struct err *err)
{
    struct brought brought = { .chain = issue->chain,
        .status = issue->status,
        .path_expires_at = issue->path_expires_at,
        .ca_certificate_id = issue->number[0] ? issue->number : NULL };
    int64_t certificate_id = c->ticket->certificate_id;

    if (!certificate_id && !make_record_again(life, tx, c, &certificate_id, err))
        return false;
    return (is_renewal(order) || take_over(life, tx, c, certificate_id, err)) &&
           put_version(life, tx, certificate_id, order, &brought, err) &&
           add_ca_certificate(life, tx, order, issue, brought.version_id, err) &&
           store_order_issued(tx, order->id, brought.version_id, issue->link, life->now, err) &&
           pass_through(life, tx, c, order, err) &&
           move_ticket(life, tx, c, order, certificate_id, brought.version_id, err) &&
           say_issued(life, tx, c->ticket->id, order, issue, err) &&
           attach(life, tx, c, issue, err) &&
           store_life_issued(tx, certificate_id, life->now, err) &&
           audit_issued(life, tx, c, order, issue, err);
}

/* The status of before, resolved or open as that is. */
static bool restore(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, struct err *err)
{
    enum ticket_status back_to;

    if (!ticket_status_from_name(order->back_to, &back_to))
        return fail(err, ERR_INTERNAL, "order %" PRId64 " comes from no status", order->id);
    if (c->status == back_to)
        return true;
    if (!lifecycle_outcome(c->type, c->status, back_to))
        return fail(err, ERR_INTERNAL, "nothing leads from %s back to %s",
            ticket_status_name(c->status), order->back_to);
    return life_move(life, tx, c, back_to, NULL, err);
}

/* A CA that is down is not complained of anew with each attempt. */
static bool say_failed(struct life *life, struct tx *tx, const struct life_case *c, bool renewal,
    const struct err *cause, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);
    bool is_said = false;

    buf_addf(&body, "The certificate could not be %s: %s.", renewal ? "renewed" : "enrolled",
        cause->msg);
    if (life->who->account_id == 0 &&
        !store_comment_is_last(tx, c->ticket->id, buf_text(&body), &is_said, err))
        return false;
    return is_said || life_say(life, tx, c->ticket->id, &body, err);
}

bool life_refused(struct life *life, struct tx *tx, const struct life_case *c, bool renewal,
    const struct err *cause, struct err *err)
{
    return say_failed(life, tx, c, renewal, cause, err) &&
           (!renewal || !c->ticket->certificate_id ||
               store_life_failed(tx, c->ticket->certificate_id, cause->kind, cause->msg, life->now,
                   err)) &&
           life_tell(tx, c->ticket, 0, renewal ? "could not be renewed" : "could not be enrolled",
               life->now, err) &&
           life_audit_ticket(life, tx, c->ticket,
               renewal ? "ticket.not_renewed" : "ticket.not_enrolled", NULL, NULL, err);
}

bool life_failed(struct life *life, struct tx *tx, const struct life_case *c,
    const struct order_row *order, const struct err *cause, struct err *err)
{
    return store_order_failed(tx, order->id, cause->msg, life->now, err) &&
           restore(life, tx, c, order, err) &&
           life_refused(life, tx, c, is_renewal(order), cause, err);
}
