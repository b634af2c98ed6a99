/*
 * api/ca_make: making the built-in authority, and giving an intermediate the certificate that
 * somebody else signed.
 *
 * The vault is asked before the transaction. The authority's own certificate becomes a record like
 * any other, owned by whoever made it, so that its end is watched.
 */
#include <string.h>

#include "api/ca_json.h"
#include "api/ca_new.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "ca/local/local.h"
#include "db/db.h"
#include "monitor/add.h"
#include "monitor/bring.h"
#include "monitor/move.h"
#include "store/ca.h"
#include "store/job.h"
#include "store/local_ca.h"
#include "store/sealed_key.h"
#include "x509/chain.h"
#include "x509/csr.h"

#define DER_MAX 65536
#define PEM_MAX 1000000

/* What was made, or brought, before the rows are written. */
struct prepared {
    struct ca_wish wish;
    struct local_ca ca; /* that a certificate is for */
    struct chain *chain;
    char row[VAULT_ROW_NAME_SIZE];
    struct buf sealed;
    struct buf spki;
    struct buf der;
};

static void prepared_free(void *arg)
{
    struct prepared *p = arg;

    ca_wish_done(&p->wish);
    local_ca_done(&p->ca);
    chain_free(p->chain);
    buf_done(&p->sealed);
    buf_done(&p->spki);
    buf_done(&p->der);
    free(p);
}

static struct prepared *prepared_new(struct api_call *call)
{
    struct prepared *p = xcalloc(1, sizeof *p);

    call->prepared = p;
    call->free_prepared = prepared_free;
    buf_init(&p->sealed, VAULT_SEALED_MAX);
    buf_init(&p->spki, VAULT_SEALED_MAX);
    buf_init(&p->der, DER_MAX);
    return p;
}

/* ---- making one ---- */

static bool check_is_new(struct api_call *call, const char *name, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(ca_row) struct ca_row *row = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err) || !store_ca_find(tx, name, &row, err))
        return false;
    return !row || fail(err, ERR_CONFLICT, "there is a certificate authority \"%s\" already", name);
}

static bool make_prepare(struct api_call *call, struct err *err)
{
    struct prepared *p = prepared_new(call);
    struct vault_binding binding = { VAULT_CA, p->row };
    uint8_t serial[LOCAL_SERIAL_BYTES];

    if (!ca_wish_read(call, &p->wish, err) || !check_is_new(call, p->wish.name, err))
        return false;
    autofree(str) char *label = xasprintf("certdesk CA %s", p->wish.name);
    struct vault_ca_new new = { .algorithm = p->wish.algorithm,
        .is_in_token = p->wish.is_in_token,
        .token_label = label,
        .token_key = p->wish.token_key,
        .subject = &p->wish.subject,
        .permitted = (const char *const *)p->wish.permitted.items,
        .n_permitted = p->wish.permitted.n,
        .excluded = (const char *const *)p->wish.excluded.items,
        .n_excluded = p->wish.excluded.n,
        .is_root = p->wish.is_root,
        .serial = span_of(serial, sizeof serial),
        .not_before = call->now - LOCAL_BACKDATE_SECONDS,
        .not_after = call->now + p->wish.lifetime_seconds };

    local_ca_serial(serial);
    vault_row_new(p->row);
    return vault_ca_make(call->services->vault, &new, &binding, &p->sealed, &p->spki, &p->der, err);
}

/* The record of the authority's own certificate. `own` gets all that comes with it. */
static bool keep_certificate(struct api_call *call, const char *ca_name, struct chain *chain,
    struct local_ca_row *own, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    const struct cert *cert = chain_leaf(chain);
    struct brought brought = { .chain = chain,
        .status = CHAIN_TRUSTED, /* it is an anchor of ours */
        .path_expires_at = cert_not_after(cert) };
    autofree(str) char *name = xasprintf("CA %s", ca_name);
    struct watch_new watch = { .cert = { .name = name,
                                   .description = "The certificate of a built-in CA.",
                                   .is_imported = true,
                                   .owner_id = call->who.account_id },
        .account_id = call->who.account_id };
    int64_t job = 0;

    own->state = LOCAL_CA_ACTIVE;
    own->not_before = cert_not_before(cert);
    own->not_after = cert_not_after(cert);
    own->path_length = cert_path_length(cert);
    buf_clear(&own->certificate);
    buf_add_span(&own->certificate, cert_der(cert));
    if (!bring_versions(call->tx, &brought, call->now, err))
        return false;
    own->version_id = brought.version_id;
    if (own->certificate_id == 0 &&
        !bring_find_record(call->tx, &viewer, brought.version_id, &own->certificate_id, err))
        return false;
    if (own->certificate_id == 0 &&
        !watch_add(call->tx, &watch, call->now, &own->certificate_id, &job, err))
        return false;
    return true;
}

/* Make the certificate the record's current one. */
static bool put_certificate(struct api_call *call, struct chain *chain,
    const struct local_ca_row *own, struct err *err)
{
    struct brought brought = { .chain = chain,
        .status = CHAIN_TRUSTED,
        .path_expires_at = cert_not_after(chain_leaf(chain)) };

    return bring_versions(call->tx, &brought, call->now, err) &&
           bring_put(call->tx, own->certificate_id, &brought, VERSION_CURRENT, VERSION_ISSUED,
               call->now, err) &&
           move_record(call->tx, own->certificate_id, call->now, NULL, err);
}

static bool queue_crl(struct api_call *call, int64_t ca_id, struct err *err)
{
    struct job_new job = { .type = "crl",
        .object_id = ca_id,
        .due_at = call->now,
        .account_id = call->who.account_id };
    int64_t id;

    call->wakes_jobs = true;
    return store_job_add(call->tx, &job, call->now, &id, err);
}

static bool describe(struct prepared *p, struct local_ca_row *own, struct err *err)
{
    autodone(buf) struct buf names = BUF_INIT(VAULT_SECRET_MAX);

    own->is_root = p->wish.is_root;
    own->path_length = -1;
    own->key_algorithm = xstrdup(vault_algorithm_name(p->wish.algorithm));
    own->key_storage = xstrdup(p->wish.is_in_token ? "pkcs11" : "sealed");
    own->public_url = xstrdup(p->wish.public_url);
    buf_init(&own->csr, DER_MAX);
    buf_init(&own->certificate, DER_MAX);
    ca_wish_write_names(&p->wish, &names);
    own->names = buf_take_text(&names);
    if (own->is_root) {
        autodone(buf) struct buf pem = BUF_INIT(PEM_MAX);
        autofree(cert) struct cert *cert = NULL;

        if (!cert_from_der(buf_span(&p->der), &cert, err))
            return false;
        cert_to_pem(cert, &pem);
        own->subject = xstrdup(cert_subject(cert));
        return chain_from_pem(buf_span(&pem), &p->chain, err);
    }
    autofree(csr) struct csr *csr = NULL;

    if (!csr_from_any(buf_span(&p->der), &csr, err))
        return false;
    own->subject = xstrdup(csr_subject(csr));
    buf_add_span(&own->csr, buf_span(&p->der));
    return true;
}

static bool add_rows(struct api_call *call, struct prepared *p, struct local_ca_row *own,
    struct err *err)
{
    struct ca_row row = { .name = (char *)(uintptr_t)p->wish.name,
        .description = (char *)(uintptr_t)p->wish.description,
        .type = (char *)(uintptr_t) "local" };
    const struct sealed_key_new key = { .purpose = VAULT_CA,
        .bound_to = p->row,
        .algorithm = own->key_algorithm,
        .public_key = buf_span(&p->spki),
        .blob = buf_span(&p->sealed) };

    if (!store_ca_add(call->tx, &row, call->now, &own->ca_id, err) ||
        !store_sealed_key_add(call->tx, &key, call->now, &own->sealed_key_id, err))
        return false;
    if (!p->chain)
        return store_local_ca_add(call->tx, own, err);
    return keep_certificate(call, p->wish.name, p->chain, own, err) &&
           store_local_ca_add(call->tx, own, err) && put_certificate(call, p->chain, own, err) &&
           queue_crl(call, own->ca_id, err);
}

static bool cas_create(struct api_call *call, struct err *err)
{
    struct prepared *p = call->prepared;
    autodone(local_ca_row) struct local_ca_row own = { 0 };
    autodone(buf) struct buf after = BUF_INIT(JSON_MAX_BYTES);

    chain_free(take(&p->chain)); /* of an earlier try */
    if (call->json)
        json_write(call->json, &after);
    if (!describe(p, &own, err) || !add_rows(call, p, &own, err) ||
        !api_audit(call, "ca.create", own.ca_id, p->wish.name, NULL, buf_text(&after), err))
        return false;
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/cas/%s", p->wish.name);
    return ca_json_answer(call, p->wish.name, err);
}

/* ---- the certificate of an intermediate ---- */

static bool read_chain(struct api_call *call, struct chain **ret, struct err *err)
{
    struct json_in in;
    struct err wrong = { 0 };

    api_body(call, &in);
    const char *pem = json_in_text(&in, "chain", 1, PEM_MAX);

    if (pem[0] && !chain_from_pem(span_text(pem), ret, &wrong))
        json_in_complain(&in, "chain", "%s", wrong.msg);
    return json_in_end(&in, err);
}

static bool refuse_chain(struct api_call *call, struct err *err)
{
    json_problems_add(call->problems, "chain", err->msg);
    return false;
}

static bool check_chain(struct prepared *p, int64_t now, struct err *err)
{
    const struct cert *cert = chain_leaf(p->chain);
    autofree(csr) struct csr *csr = NULL;

    if (p->ca.own->is_root)
        return fail(err, ERR_CONFLICT, "%s is a root, and takes no other certificate",
            p->ca.row->name);
    if (!csr_from_any(buf_span(&p->ca.own->csr), &csr, err))
        return false;
    if (!cert_is_for_key(cert, csr_spki_sha256(csr)))
        return fail(err, ERR_INVALID, "the first certificate is for another key than the request");
    if (cert_not_after(cert) <= now)
        return fail(err, ERR_INVALID, "the certificate has ended already");
    if (cert_is_self_signed(cert))
        return fail(err, ERR_INVALID, "the certificate signed itself");
    return chain_size(p->chain) < 2 || cert_is_issued_by(cert, chain_cert(p->chain, 1)) ||
           fail(err, ERR_INVALID, "the second certificate did not sign the first");
}

static bool load_ca(struct api_call *call, struct local_ca *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    sealed_key_row_init(&ret->key);
    return tx_begin(call->db, TX_READ, &tx, err) && ca_json_find(call, tx, &ret->row, err) &&
           store_local_ca_get(tx, ret->row->id, &ret->own, err) &&
           store_sealed_key_get(tx, ret->own->sealed_key_id, &ret->key, err);
}

static bool install_prepare(struct api_call *call, struct err *err)
{
    struct prepared *p = prepared_new(call);

    if (!load_ca(call, &p->ca, err) || !read_chain(call, &p->chain, err))
        return false;
    struct vault_binding binding = sealed_key_binding(&p->ca.key);

    if (check_chain(p, call->now, err) &&
        vault_ca_install(call->services->vault, buf_span(&p->ca.key.blob), &binding,
            cert_der(chain_leaf(p->chain)), &p->sealed, err))
        return true;
    return err->kind == ERR_INVALID ? refuse_chain(call, err) : false;
}

/* What stands above, without a root: that is not sent to anybody. */
static void write_above(const struct chain *chain, struct buf *pem)
{
    for (size_t i = 1; i < chain_size(chain); i++)
        if (!cert_is_self_signed(chain_cert(chain, i)))
            cert_to_pem(chain_cert(chain, i), pem);
}

static bool cas_install(struct api_call *call, struct err *err)
{
    struct prepared *p = call->prepared;
    autofree(ca_row) struct ca_row *row = NULL;
    autofree(local_ca_row) struct local_ca_row *own = NULL;
    autodone(buf) struct buf above = BUF_INIT(2 * PEM_MAX);
    bool is_changed = false;

    if (!ca_json_find(call, call->tx, &row, err) ||
        !store_local_ca_get(call->tx, row->id, &own, err) ||
        !store_sealed_key_rewrap(call->tx, &p->ca.key, buf_span(&p->sealed), &is_changed, err))
        return false;
    if (!is_changed || row->id != p->ca.row->id)
        return fail(err, ERR_CONFLICT, "the authority was changed meanwhile: try again");
    write_above(p->chain, &above);
    free(own->chain_pem);
    own->chain_pem = buf_take_text(&above);
    return keep_certificate(call, row->name, p->chain, own, err) &&
           store_local_ca_install(call->tx, own, err) &&
           put_certificate(call, p->chain, own, err) && queue_crl(call, row->id, err) &&
           api_audit(call, "ca.install", row->id, row->name, NULL,
               cert_serial(chain_leaf(p->chain)), err) &&
           ca_json_answer(call, row->name, err);
}

const struct api_route ca_make_routes[] = {
    { "POST", "/cas", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, cas_create, 0, make_prepare },
    { "POST", "/cas/{name}/certificate", ROLE_ADMIN, API_WRITES, cas_install, 0, install_prepare },
    { 0 },
};
