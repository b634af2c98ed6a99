/*
 * x509/chain: certificates put in order, and completed. What a chain is worth is x509/verify's.
 */
#include "x509/chain.h"

#include <openssl/objects.h>
#include <openssl/pkcs7.h>

#include "base/alloc.h"
#include "base/err.h"
#include "x509/cert_struct.h"
#include "x509/chain_struct.h"
#include "x509/pem.h"

static const char *const pem_labels[] = { "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE",
    NULL };

static const struct {
    const char *name;
    int rank;
} statuses[N_CHAIN_STATUS] = {
    [CHAIN_TRUSTED] = { "trusted", 0 },
    [CHAIN_NOT_YET_VALID] = { "not_yet_valid", 1 },
    [CHAIN_EXPIRED] = { "expired", 1 },
    [CHAIN_INCOMPLETE] = { "incomplete", 2 },
    [CHAIN_UNTRUSTED_ROOT] = { "untrusted_root", 2 },
    [CHAIN_SELF_SIGNED] = { "self_signed", 3 },
    [CHAIN_BAD_SIGNATURE] = { "bad_signature", 4 },
    [CHAIN_INVALID] = { "invalid", 4 },
};

const char *chain_status_name(enum chain_status status)
{
    return statuses[status].name;
}

bool chain_status_from_name(const char *name, enum chain_status *ret)
{
    for (size_t i = 0; i < countof(statuses); i++) {
        if (strcmp(name, statuses[i].name) == 0) {
            *ret = (enum chain_status)i;
            return true;
        }
    }
    return false;
}

int chain_status_rank(const char *name)
{
    enum chain_status status;

    return chain_status_from_name(name, &status) ? statuses[status].rank : 5;
}

/* ---- parts ---- */

void chain_free(struct chain *chain)
{
    if (!chain)
        return;
    for (size_t i = 0; i < chain->n; i++)
        cert_free(chain->certs[i]);
    free(chain);
}

size_t chain_size(const struct chain *chain)
{
    return chain->n;
}

const struct cert *chain_cert(const struct chain *chain, size_t i)
{
    ASSERT(i < chain->n);
    return chain->certs[i];
}

const struct cert *chain_leaf(const struct chain *chain)
{
    return chain->certs[0];
}

void chain_to_pem(const struct chain *chain, struct buf *pem)
{
    for (size_t i = 0; i < chain->n; i++)
        cert_to_pem(chain->certs[i], pem);
}

/* A SignedData that nobody signed. */
static PKCS7 *signed_by_nobody(const struct chain *chain)
{
    PKCS7 *const pkcs7 = PKCS7_new();
    bool ok = pkcs7 && PKCS7_set_type(pkcs7, NID_pkcs7_signed) == 1 &&
              PKCS7_content_new(pkcs7, NID_pkcs7_data) == 1;

    for (size_t i = 0; ok && i < chain->n; i++)
        ok = PKCS7_add_certificate(pkcs7, chain->certs[i]->x509) == 1;
    if (ok && PKCS7_set_detached(pkcs7, 1) == 1)
        return pkcs7;
    PKCS7_free(pkcs7);
    return NULL;
}

bool chain_to_pkcs7(const struct chain *chain, struct buf *der)
{
    PKCS7 *const pkcs7 = signed_by_nobody(chain);
    unsigned char *bytes = NULL;
    const int size = pkcs7 ? i2d_PKCS7(pkcs7, &bytes) : -1;

    if (size > 0)
        buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    PKCS7_free(pkcs7);
    return size > 0;
}

static bool has(const struct chain *chain, const struct cert *cert)
{
    for (size_t i = 0; i < chain->n; i++)
        if (memcmp(cert_sha256(chain->certs[i]), cert_sha256(cert), CERT_SHA256_SIZE) == 0)
            return true;
    return false;
}

/* Parse it and put it at the end. `skip_known`: not twice. */
static bool add(struct chain *chain, struct span der, bool skip_known, struct err *err)
{
    autofree(cert) struct cert *cert = NULL;

    if (!cert_from_der(der, &cert, err))
        return err_wrap(err, "certificate %zu", chain->n + 1);
    if (skip_known && has(chain, cert))
        return true;
    if (chain->n == CHAIN_MAX_CERTS)
        return fail(err, ERR_LIMIT, "there are more than %d certificates", CHAIN_MAX_CERTS);
    chain->certs[chain->n++] = take(&cert);
    return true;
}

/* ---- in order ---- */

static bool issued_another(const struct chain *chain, size_t which)
{
    for (size_t i = 0; i < chain->n; i++)
        if (i != which && cert_is_issued_by(chain->certs[i], chain->certs[which]))
            return true;
    return false;
}

/*
 * The leaf issued none of the others. An unrelated CA certificate did not either, so that one which
 * is no CA goes first; two of those are two chains.
 */
static bool find_leaf(const struct chain *chain, size_t *ret, struct err *err)
{
    size_t n_leaves = 0;
    size_t n_tops = 0;
    size_t top = 0;

    for (size_t i = 0; i < chain->n; i++) {
        if (issued_another(chain, i))
            continue;
        if (!cert_is_ca(chain->certs[i])) {
            *ret = i;
            n_leaves++;
        } else if (n_tops++ == 0) {
            top = i;
        }
    }
    if (n_leaves > 1)
        return fail(err, ERR_INVALID,
            "there are %zu certificates that none of the others issued; one chain is needed",
            n_leaves);
    if (n_leaves == 0)
        *ret = top;
    return true;
}

static void swap(struct chain *chain, size_t a, size_t b)
{
    struct cert *const cert = chain->certs[a];

    chain->certs[a] = chain->certs[b];
    chain->certs[b] = cert;
}

/* From the leaf at the front upward; what does not belong is dropped. */
static void put_in_order(struct chain *chain)
{
    size_t n = 1;
    bool is_found = true;

    while (is_found && !cert_is_self_signed(chain->certs[n - 1])) {
        is_found = false;
        for (size_t i = n; i < chain->n && !is_found; i++) {
            is_found = cert_is_issued_by(chain->certs[n - 1], chain->certs[i]);
            if (is_found)
                swap(chain, n, i);
        }
        n += is_found;
    }
    while (chain->n > n)
        cert_free(chain->certs[--chain->n]);
}

bool chain_from_pem(struct span pem, struct chain **ret, struct err *err)
{
    autofree(chain) struct chain *chain = xcalloc(1, sizeof *chain);
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
    bool found = true;
    size_t leaf = 0;

    if (pem.size > CHAIN_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the chain is larger than %u bytes", CHAIN_MAX_BYTES);
    while (found) {
        if (!pem_next(&pem, pem_labels, &der, &found, err))
            return false;
        if (found && !add(chain, buf_span(&der), true, err))
            return false;
    }
    if (chain->n == 0)
        return fail(err, ERR_INVALID, "there is no certificate in the PEM text");
    if (!find_leaf(chain, &leaf, err))
        return false;
    swap(chain, 0, leaf);
    put_in_order(chain);
    *ret = take(&chain);
    return true;
}

bool chain_from_ders(const struct span *ders, size_t n, struct chain **ret, struct err *err)
{
    autofree(chain) struct chain *chain = xcalloc(1, sizeof *chain);

    if (n == 0)
        return fail(err, ERR_INVALID, "there is no certificate");
    for (size_t i = 0; i < n; i++)
        if (!add(chain, ders[i], false, err))
            return false;
    *ret = take(&chain);
    return true;
}

static const struct cert *issuer_in(const struct cert *const *pool, size_t n_pool,
    const struct chain *chain)
{
    const struct cert *const last = chain->certs[chain->n - 1];

    for (size_t i = 0; i < n_pool; i++)
        if (!cert_is_self_signed(pool[i]) && cert_is_issued_by(last, pool[i]) &&
            !has(chain, pool[i]))
            return pool[i];
    return NULL;
}

size_t chain_complete(struct chain *chain, const struct cert *const *pool, size_t n_pool)
{
    const size_t before = chain->n;
    bool is_added = true;

    while (is_added && chain->n < CHAIN_MAX_CERTS) {
        const struct cert *const issuer = issuer_in(pool, n_pool, chain);
        struct err ignored = { 0 };

        is_added = issuer && add(chain, cert_der(issuer), true, &ignored);
    }
    return chain->n - before;
}
