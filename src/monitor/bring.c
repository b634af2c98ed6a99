/* monitor/bring: see the header. */
#include "monitor/bring.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "monitor/facts.h"
#include "store/cert.h"
#include "store/record_version.h"
#include "store/trust_bundle.h"
#include "store/version.h"
#include "x509/trust_store.h"

#define PEM_MAX (16u << 20)

/* CA certificates of one name, of which there are a few when a CA renews itself. */
#define ISSUERS_MAX 20

bool bring_trust(struct tx *tx, struct trust_store **ret, struct err *err)
{
    autodone(buf) struct buf pem = BUF_INIT(PEM_MAX);

    return store_trust_bundles_pem(tx, &pem, err) &&
           trust_store_new(NULL, buf_span(&pem), ret, err);
}

static bool load_issuers(struct tx *tx, const char *subject, struct cert **certs, size_t *n,
    struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };

    if (!store_version_issuers(tx, subject, ISSUERS_MAX, &ids, err))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);

        if (!store_version_der(tx, ids.items[i], &der, err) ||
            !cert_from_der(buf_span(&der), &certs[*n], err))
            return false;
        (*n)++;
    }
    return true;
}

/* One step up. *ret_added: there was an issuer that is no root. */
static bool add_issuer(struct tx *tx, struct chain *chain, bool *ret_added, struct err *err)
{
    const struct cert *last = chain_cert(chain, chain_size(chain) - 1);
    struct cert *certs[ISSUERS_MAX] = { NULL };
    size_t n = 0;

    *ret_added = false;
    if (cert_is_self_signed(last) || cert_issuer(last)[0] == '\0')
        return true;
    bool ok = load_issuers(tx, cert_issuer(last), certs, &n, err);

    if (ok)
        *ret_added = chain_complete(chain, (const struct cert *const *)certs, n) > 0;
    for (size_t i = 0; i < n; i++)
        cert_free(certs[i]);
    return ok;
}

bool bring_judge(struct tx *tx, struct trust_store *trust, struct brought *brought, int64_t now,
    struct err *err)
{
    struct chain_verdict verdict;
    bool is_added = true;

    while (is_added)
        if (!add_issuer(tx, brought->chain, &is_added, err))
            return false;
    chain_verify(brought->chain, trust, now, &verdict);
    brought->status = verdict.status;
    brought->path_expires_at = verdict.path_expires_at;
    return true;
}

bool bring_versions(struct tx *tx, struct brought *brought, int64_t now, struct err *err)
{
    int64_t above[CHAIN_MAX_CERTS];
    size_t n = chain_size(brought->chain);

    if (!facts_put_cert(tx, chain_leaf(brought->chain), now, &brought->version_id, &brought->slot,
            err))
        return false;
    for (size_t i = 1; i < n; i++)
        if (!facts_put_cert(tx, chain_cert(brought->chain, i), now, &above[i - 1], NULL, err))
            return false;
    return store_chain_put(tx, above, n - 1, now, &brought->chain_id, err);
}

bool bring_find_record(struct tx *tx, const struct store_viewer *viewer, int64_t version_id,
    int64_t *ret_id, struct err *err)
{
    autodone(id_list) struct id_list records = { 0 };
    bool is_current = false;

    *ret_id = 0;
    if (!store_version_records(tx, version_id, &records, err))
        return false;
    for (size_t i = 0; i < records.n && !is_current; i++) {
        autofree(record_version_row) struct record_version_row *own = NULL;
        autofree(cert_row) struct cert_row *cert = NULL;
        struct err hidden = { 0 };

        if (!store_cert_get(tx, viewer, records.items[i], &cert, &hidden)) {
            if (hidden.kind == ERR_NOT_FOUND)
                continue;
            *err = hidden;
            return false;
        }
        if (!store_record_version_find(tx, cert->id, version_id, &own, err))
            return false;
        is_current = own && own->role == VERSION_CURRENT;
        if (is_current || *ret_id == 0)
            *ret_id = cert->id;
    }
    return true;
}

/* Where a key was just sealed, its row; *ret_id is 0 where none came. */
static bool keep_key(struct tx *tx, const struct brought *brought, int64_t now, int64_t *ret_id,
    struct err *err)
{
    *ret_id = brought->sealed_key_id;
    return !brought->new_key || store_sealed_key_add(tx, brought->new_key, now, ret_id, err);
}

bool bring_put(struct tx *tx, int64_t certificate_id, const struct brought *brought,
    enum version_role role, enum version_origin origin, int64_t now, struct err *err)
{
    struct record_version_new row = { .certificate_id = certificate_id,
        .version_id = brought->version_id,
        .slot = brought->slot,
        .role = role,
        .origin = origin,
        .ca_certificate_id = brought->ca_certificate_id,
        .chain_id = brought->chain_id,
        .chain_status = chain_status_name(brought->status),
        .path_expires_at = brought->path_expires_at };
    int64_t id;

    return keep_key(tx, brought, now, &row.sealed_key_id, err) &&
           store_record_version_put(tx, &row, now, &id, err);
}

bool bring_key(struct tx *tx, const struct record_version_row *own, const struct brought *brought,
    int64_t now, struct err *err)
{
    struct record_version_new row = { .certificate_id = own->certificate_id,
        .version_id = own->version_id,
        .slot = own->slot,
        .role = own->role,
        .origin = own->origin,
        .ca_certificate_id = own->ca_certificate_id,
        .chain_id = own->chain_id,
        .chain_status = own->chain_status,
        .path_expires_at = own->path_expires_at };
    int64_t id;

    ASSERT(own->sealed_key_id == 0);
    return keep_key(tx, brought, now, &row.sealed_key_id, err) &&
           store_record_version_put(tx, &row, now, &id, err);
}
