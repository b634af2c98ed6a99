/* job/types/deploy_load: see the header. */
#include "job/types/deploy_load.h"

#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "db/db.h"
#include "store/deployment.h"
#include "store/sealed_key.h"
#include "store/version.h"
#include "vault/client_keys.h"

void deploy_load_done(struct deploy_load *load)
{
    cert_free(load->leaf);
    buf_done(&load->chain_pem);
    secret_free(load->key);
}

static bool load_cert(struct tx *tx, int64_t version_id, struct cert **ret, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);

    return store_version_der(tx, version_id, &der, err) && cert_from_der(buf_span(&der), ret, err);
}

static void add(struct deploy_load *load, const struct cert *cert)
{
    cert_to_pem(cert, &load->chain_pem);
    memcpy(load->chain.sha256[load->chain.n++], cert_sha256(cert), SHA256_SIZE);
}

static bool load_members(struct tx *tx, int64_t chain_id, struct deploy_load *load, struct err *err)
{
    autodone(version_rows) struct version_rows members = { 0 };

    if (!store_chain_members(tx, chain_id, &members, err))
        return false;
    for (size_t i = 0; i < members.n && load->chain.n < PROOF_CHAIN_MAX; i++) {
        autofree(cert) struct cert *cert = NULL;

        if (!load_cert(tx, members.items[i].id, &cert, err))
            return false;
        /* Whoever trusts a root has it (RFC 8446, 4.4.2). */
        if (!cert_is_self_signed(cert))
            add(load, cert);
    }
    return true;
}

bool deploy_load_chain(struct db *db, const struct deployment_row *row, int64_t version_id,
    struct deploy_load *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t chain_id = 0;

    if (!tx_begin(db, TX_READ, &tx, err) ||
        !store_deployment_key(tx, row, version_id, &ret->sealed_key_id, &chain_id, err) ||
        !load_cert(tx, version_id, &ret->leaf, err))
        return false;
    ret->chain.slot = cert_slot(ret->leaf);
    add(ret, ret->leaf);
    return (!chain_id || load_members(tx, chain_id, ret, err)) &&
           buf_check(&ret->chain_pem, "the chain", err);
}

bool deploy_load_key(struct db *db, struct vault_client *vault, struct deploy_load *load,
    struct err *err)
{
    autodone(sealed_key_row) struct sealed_key_row row;
    autofree(tx) struct tx *tx = NULL;

    sealed_key_row_init(&row);
    if (!load->sealed_key_id)
        return fail(err, ERR_CONFLICT, "its private key is not here");
    if (!tx_begin(db, TX_READ, &tx, err) ||
        !store_sealed_key_get(tx, load->sealed_key_id, &row, err))
        return false;
    tx_free(take(&tx));
    const struct vault_binding binding = sealed_key_binding(&row);

    if (vault_open_key(vault, buf_span(&row.blob), &binding, cert_der(load->leaf), &load->key, err))
        return true;
    /* So many a second, and no more: there is another second. */
    if (err->kind == ERR_LIMIT)
        err->kind = ERR_UNAVAILABLE;
    return false;
}

struct deploy_material deploy_load_material(const struct deploy_load *load)
{
    return (struct deploy_material){ .chain_pem = buf_span(&load->chain_pem),
        .pkcs8 = load->key,
        .serial = cert_serial(load->leaf),
        .sha1 = cert_sha1(load->leaf) };
}
