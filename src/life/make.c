/* life/make: a new ticket of type Certificate or Revoke Certificate, with all that it comes with.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "db/db.h"
#include "life/work.h"
#include "monitor/add.h"
#include "store/cert.h"
#include "store/cert_people.h"
#include "store/profile.h"
#include "store/project.h"
#include "store/request.h"
#include "store/version.h"
#include "x509/cert.h"
#include "x509/csr.h"

#define NAMES_MAX (1U << 20)

struct life_made {
    struct life_wish wish; /* borrows what it borrowed */
    struct profile_row *profile;
    struct csr *csr;
    struct life_key key;
    struct buf names;
    char domain[LIFE_DOMAIN_SIZE];
    struct buf words; /* what the ticket is found by */
};

void life_made_free(struct life_made *made)
{
    if (!made)
        return;
    profile_row_free(made->profile);
    csr_free(made->csr);
    life_key_done(&made->key);
    buf_done(&made->names);
    buf_done(&made->words);
    free(made);
}

static bool complain(struct life *life, const char *field, struct err *err, enum err_kind kind,
    const char *message)
{
    if (life->problems)
        json_problems_add(life->problems, field, message);
    return fail(err, kind, "%s: %s", field, message);
}

/* What they may not see is not there. */
static bool find_profile(struct life *life, struct tx *tx, struct life_made *made, struct err *err)
{
    struct policy_use use = { 0 };
    char message[PROFILE_NAME_MAX + 64];

    if (!made->wish.profile || !made->wish.profile[0])
        return complain(life, "profile", err, ERR_INVALID, "this is needed");
    if (!store_profile_find(tx, made->wish.profile, &made->profile, err))
        return false;
    if (made->profile &&
        !store_profile_use(tx, made->profile->id, life->who->account_id, &use, err))
        return false;
    use.is_admin = life->who->role == ROLE_ADMIN;
    use.is_system = life->who->account_id == 0;
    if (!made->profile || !policy_use_sees(&use, life->who->role == ROLE_AUDITOR)) {
        (void)snprintf(message, sizeof message, "there is no profile \"%.100s\"",
            made->wish.profile);
        return complain(life, "profile", err, ERR_INVALID, message);
    }
    return policy_use_check(made->profile, &use, err);
}

static bool find_project(struct life *life, struct tx *tx, const struct life_made *made,
    struct err *err)
{
    autofree(project_row) struct project_row *project = NULL;
    struct err cause = { 0 };

    if (!made->wish.project || store_project_get(tx, made->wish.project, &project, &cause))
        return true;
    if (cause.kind == ERR_NOT_FOUND)
        return complain(life, "project", err, ERR_INVALID, cause.msg);
    *err = cause;
    return false;
}

/* A profile issues what servers and people show, and would put that in the authority's place. */
static bool check_no_authority(struct tx *tx, const struct cert_row *row, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
    autofree(cert) struct cert *cert = NULL;

    if (!row->version_id)
        return true;
    if (!store_version_der(tx, row->version_id, &der, err) ||
        !cert_from_der(buf_span(&der), &cert, err))
        return false;
    return !cert_is_ca(cert) ||
           fail(err, ERR_CONFLICT,
               "certificate %" PRId64 " is that of a certificate authority: no profile issues it",
               row->id);
}

/* The record that the ticket is for is one that they may change, and that can be renewed so. */
static bool find_record(struct life *life, struct tx *tx, const struct life_made *made,
    struct err *err)
{
    const struct store_viewer viewer = life_viewer(life);
    autofree(cert_row) struct cert_row *cert = NULL;
    unsigned relations = 0;

    if (!made->wish.certificate_id)
        return true;
    if (!store_cert_get(tx, &viewer, made->wish.certificate_id, &cert, err) ||
        !store_cert_relations(tx, cert->id, life->who->account_id, &relations, err))
        return false;
    if (!permission_allows(life->who, ACTION_EDIT, relations))
        return fail(err, ERR_DENIED, "you may not change this certificate");
    if (cert->revoked_at)
        return fail(err, ERR_CONFLICT, "certificate %" PRId64 " is revoked", cert->id);
    return check_no_authority(tx, cert, err);
}

static bool look(struct life *life, struct life_made *made, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(life->db, TX_READ, &tx, err) && find_project(life, tx, made, err) &&
           find_profile(life, tx, made, err) && find_record(life, tx, made, err);
}

static bool check_key(struct life *life, const struct csr *csr, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct err cause = { 0 };

    if (!tx_begin(life->db, TX_READ, &tx, err))
        return false;
    return life_key_check(tx, csr, &cause) ||
           complain(life, "csr", err, cause.kind == ERR_CONFLICT ? ERR_INVALID : cause.kind,
               cause.msg);
}

static bool judge_csr(struct life *life, struct life_made *made, struct err *err)
{
    autodone(policy_input) struct policy_input input = { 0 };
    struct err cause = { 0 };

    if (!csr_from_any(made->wish.csr, &made->csr, &cause))
        return complain(life, "csr", err, cause.kind, cause.msg);
    if (!check_key(life, made->csr, err))
        return false;
    policy_input_from_csr(made->csr, &input);
    return policy_require(made->profile->rules, &input, life->problems, err);
}

static bool choose_algorithm(struct life_made *made, struct err *err)
{
    autofree(policy) struct policy *policy = NULL;
    enum policy_key key;

    if (!policy_from_json(made->profile->rules, &policy, err))
        return false;
    if (policy_default_key(policy, &key) &&
        vault_algorithm_from_name(span_text(policy_key_name(key)), &made->wish.algorithm))
        return true;
    return fail(err, ERR_INVALID, "key: the profile %s allows no key that the server can make",
        made->profile->name);
}

/* The server makes the key, where the profile lets it: everything is judged before. */
static bool make_key(struct life *life, struct life_made *made, struct err *err)
{
    autodone(policy_input) struct policy_input input = { 0 };
    enum policy_key key = N_POLICY_KEYS;

    if (!made->wish.names)
        return complain(life, "csr", err, ERR_INVALID,
            "this is needed, or names (subject, sans) that the server makes a key and a request "
            "for");
    if (!made->wish.has_algorithm && !choose_algorithm(made, err))
        return false;
    if (!policy_key_from_name(vault_algorithm_name(made->wish.algorithm), &key))
        return fail(err, ERR_INTERNAL, "no policy knows this kind of key");
    life_names_write(made->wish.names, &made->names);
    if (!buf_check(&made->names, "the list of names", err) ||
        !policy_input_from_names(buf_text(&made->names), key, &input, err) ||
        !policy_require(made->profile->rules, &input, life->problems, err))
        return false;
    return life_key_make(life, made->wish.algorithm, made->wish.names, &made->key, err) &&
           csr_from_any(buf_span(&made->key.csr), &made->csr, err);
}

static bool prepare_certificate(struct life *life, struct life_made *made, struct err *err)
{
    if (made->wish.csr.size > 0 && made->wish.names)
        return complain(life, "csr", err, ERR_INVALID,
            "there is a request (CSR), and names to make one of: which?");
    if (!(made->wish.csr.size > 0 ? judge_csr(life, made, err) : make_key(life, made, err)))
        return false;
    life_domain(made->csr, made->domain);
    life_words(made->csr, &made->words);
    return true;
}

/* Whether there is such a certificate is found out when it is to be revoked. */
static bool prepare_revocation(struct life *life, struct life_made *made, struct err *err)
{
    if (!made->wish.ca_certificate_id || !made->wish.ca_certificate_id[0])
        return complain(life, "certificate_id", err, ERR_INVALID, "this is needed");
    if (!made->wish.domain || !made->wish.domain[0])
        return complain(life, "domain", err, ERR_INVALID, "this is needed");
    span_copy_text(span_text(made->wish.domain), made->domain, sizeof made->domain);
    buf_add_text(&made->words, made->domain);
    return true;
}

bool life_prepare(struct life *life, const struct life_wish *wish, struct life_made **ret,
    struct err *err)
{
    autofree(life_made) struct life_made *made = xcalloc(1, sizeof *made);

    made->wish = *wish;
    made->names = (struct buf)BUF_INIT(NAMES_MAX);
    made->words = (struct buf)BUF_INIT(LIFE_WORDS_MAX);
    life_key_init(&made->key);
    if (!look(life, made, err) ||
        !(wish->type == TICKET_CERTIFICATE ? prepare_certificate(life, made, err)
                                           : prepare_revocation(life, made, err)))
        return false;
    *ret = take(&made);
    return true;
}

struct life_wish *life_made_wish(struct life_made *made)
{
    return &made->wish;
}

/* ---- in the transaction ---- */

static bool make_record(struct life *life, struct tx *tx, const struct life_made *made,
    int64_t *ret_id, struct err *err)
{
    const struct watch_new watch = {
        .cert = { .name = made->wish.name ? made->wish.name : made->domain,
            .is_managed = true,
            .owner_id = made->wish.reporter_id,
            .assignee_id = made->wish.assignee_id,
            .business_group_id = made->wish.business_group_id,
            .shares = made->wish.shares,
            .n_shares = made->wish.n_shares },
        .account_id = life->who->account_id,
    };
    struct audit_entry entry = { .action = "certificate.create",
        .object_type = "certificate",
        .object_name = watch.cert.name };
    int64_t job;

    if (!watch_add(tx, &watch, life->now, ret_id, &job, err))
        return false;
    entry.object_id = *ret_id;
    return life_audit(life, tx, &entry, err);
}

static bool manage_record(struct life *life, struct tx *tx, int64_t id, struct err *err)
{
    const bool yes = true;
    const struct cert_edit edit = { .is_managed = &yes };

    return store_cert_edit(tx, id, &edit, life->now, err);
}

/* Does the record live by another ticket, whose certificate counts until this one has its own? */
static bool lives_by_another(struct tx *tx, int64_t certificate_id, bool *ret, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(life_row) struct life_row *row = NULL;
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    enum ticket_status status;

    *ret = false;
    if (!store_life_find(tx, certificate_id, &row, err))
        return false;
    if (!row || !row->ticket_id)
        return true;
    if (!store_ticket_get(tx, &system, row->ticket_id, &ticket, err))
        return false;
    *ret = ticket_status_from_name(ticket->status, &status) && status != STATUS_CANCELLED &&
           status != STATUS_CERTIFICATE_REVOKED;
    return true;
}

static bool put_life(struct life *life, struct tx *tx, const struct life_made *made,
    int64_t certificate_id, int64_t ticket_id, struct err *err)
{
    bool waits = false;

    if (made->wish.certificate_id && !lives_by_another(tx, certificate_id, &waits, err))
        return false;
    if (waits)
        return true;
    const struct life_row row = { .certificate_id = certificate_id,
        .profile_id = made->profile->id,
        .ticket_id = ticket_id,
        .forced_serial = made->profile->force_serial };

    /* What has no certificate yet is not due. */
    return store_life_put(tx, &row, err) &&
           (!made->wish.certificate_id ||
               store_life_replan(tx, certificate_id, life->now, NULL, err));
}

/* Whoever is said; else whoever looks after the record that the ticket is for. */
static bool find_assignee(struct tx *tx, const struct life_wish *wish, int64_t *ret,
    struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(cert_row) struct cert_row *cert = NULL;

    *ret = wish->assignee_id;
    if (wish->assignee_id || !wish->certificate_id)
        return true;
    if (!store_cert_get(tx, &system, wish->certificate_id, &cert, err))
        return false;
    *ret = cert->assignee_id;
    return true;
}

static bool add_ticket(struct life *life, struct tx *tx, const struct life_made *made,
    int64_t certificate_id, int64_t *ret_id, struct err *err)
{
    const struct life_wish *const wish = &made->wish;
    const bool is_revocation = wish->type == TICKET_REVOKE_CERTIFICATE;
    int64_t assignee_id;

    if (!find_assignee(tx, wish, &assignee_id, err))
        return false;
    autofree(str) char *summary =
        wish->summary && wish->summary[0]
            ? xstrdup(wish->summary)
            : xasprintf("%s %s", is_revocation ? "Revoke the certificate for" : "Certificate for",
                  made->domain);
    const struct ticket_new ticket = { .project = wish->project,
        .type = ticket_type_name(wish->type),
        .status = ticket_status_name(ticket_first_status(wish->type)),
        .summary = summary,
        .description = wish->description,
        .certificate_id = certificate_id,
        .reporter_id = wish->reporter_id,
        .assignee_id = assignee_id,
        .priority = wish->priority,
        .labels = wish->labels,
        .due_at = wish->due_at,
        .names = buf_text(&made->words) };

    return store_ticket_add(tx, &ticket, life->now, ret_id, err);
}

static bool add_request(struct life *life, struct tx *tx, const struct life_made *made,
    int64_t ticket_id, struct err *err)
{
    autofree(request_row) struct request_row *row = xcalloc(1, sizeof *row);

    row->ticket_id = ticket_id;
    row->profile_id = made->profile->id;
    row->csr = (struct buf)BUF_INIT(LIFE_CSR_MAX);
    if (made->csr)
        buf_add_span(&row->csr, csr_der(made->csr));
    row->names = xstrdup(made->names.size > 0 ? buf_text(&made->names) : "{}");
    row->domain = xstrdup(made->domain);
    row->asked_by = life->who->account_id;
    row->ca_certificate_id =
        xstrdup(made->wish.ca_certificate_id ? made->wish.ca_certificate_id : "");
    return (made->key.csr.size == 0 ||
               life_key_keep(life, tx, &made->key, &row->sealed_key_id, err)) &&
           store_request_add(tx, row, err);
}

static bool audit_ticket(struct life *life, struct tx *tx, const struct life_made *made,
    int64_t ticket_id, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(buf) struct buf after = BUF_INIT(8192);
    struct json_out out;

    if (!store_ticket_get(tx, &system, ticket_id, &ticket, err))
        return false;
    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    json_str(&out, "type", ticket->type);
    json_str(&out, "summary", ticket->summary);
    json_str(&out, "profile", made->profile->name);
    json_str(&out, "domain", made->domain);
    json_end(&out);
    return json_out_check(&out, err) &&
           life_audit_ticket(life, tx, ticket, "ticket.create", NULL, buf_text(&after), err) &&
           (made->wish.type != TICKET_CERTIFICATE ||
               life_ask_approvers(tx, ticket, made->profile, life->now, err));
}

bool life_create(struct life *life, struct tx *tx, const struct life_made *made, int64_t *ret_id,
    struct err *err)
{
    const struct life_wish *const wish = &made->wish;
    int64_t certificate_id = wish->certificate_id;
    const bool is_certificate = wish->type == TICKET_CERTIFICATE;

    if (is_certificate && !(certificate_id ? manage_record(life, tx, certificate_id, err)
                                           : make_record(life, tx, made, &certificate_id, err)))
        return false;
    return add_ticket(life, tx, made, certificate_id, ret_id, err) &&
           add_request(life, tx, made, *ret_id, err) &&
           (!is_certificate || put_life(life, tx, made, certificate_id, *ret_id, err)) &&
           audit_ticket(life, tx, made, *ret_id, err);
}
