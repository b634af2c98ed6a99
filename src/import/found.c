/* import/found: see the header. */
#include "import/found.h"

#include "base/err.h"
#include "base/secret.h"

#define CERT_BYTES_MAX (1U << 20)
#define SPKI_BYTES_MAX (64U << 10)

void found_done(struct found *found)
{
    for (size_t i = 0; i < found->n_certs; i++)
        buf_done(&found->certs[i].der);
    for (size_t i = 0; i < found->n_keys; i++) {
        secret_free(found->keys[i].pkcs8);
        buf_done(&found->keys[i].spki);
    }
    found->n_certs = found->n_keys = 0;
}

bool found_add_cert(struct found *found, enum import_part part, struct span der, struct err *err)
{
    found->has_certs[part] = true;
    for (size_t i = 0; i < found->n_certs; i++)
        if (span_equal(buf_span(&found->certs[i].der), der))
            return true;
    if (found->n_certs == IMPORT_CERTS_MAX)
        return fail(err, ERR_LIMIT, "there are more than %d certificates", IMPORT_CERTS_MAX);
    if (der.size > CERT_BYTES_MAX)
        return fail(err, ERR_LIMIT, "a certificate is larger than %u bytes", CERT_BYTES_MAX);
    struct found_cert *cert = &found->certs[found->n_certs++];

    cert->part = part;
    buf_init(&cert->der, CERT_BYTES_MAX);
    buf_add_span(&cert->der, der);
    return true;
}

bool found_add_key(struct found *found, enum import_part part, struct secret *pkcs8,
    struct span spki, struct err *err)
{
    for (size_t i = 0; i < found->n_keys; i++) {
        if (!span_equal(buf_span(&found->keys[i].spki), spki))
            continue;
        secret_free(pkcs8);
        return true;
    }
    if (found->n_keys == IMPORT_KEYS_MAX || spki.size > SPKI_BYTES_MAX) {
        secret_free(pkcs8);
        return fail(err, ERR_LIMIT,
            "there are more than %d private keys, or one is larger than %u bytes", IMPORT_KEYS_MAX,
            SPKI_BYTES_MAX);
    }
    struct found_key *key = &found->keys[found->n_keys++];

    key->part = part;
    key->pkcs8 = pkcs8;
    buf_init(&key->spki, SPKI_BYTES_MAX);
    buf_add_span(&key->spki, spki);
    return true;
}
