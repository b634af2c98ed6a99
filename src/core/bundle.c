/*
 * core/bundle: see the header.
 *
 * Who issued whom is told by signatures, and a stranger may bring hundreds of certificates of one
 * name: so names are compared first, and the signatures that are looked at are counted.
 */
#include "core/bundle.h"

#include <string.h>

#include "base/err.h"
#include "x509/chain.h"

#define SIGNATURES_MAX 1000

struct sorting {
    const struct bundle_cert *certs;
    size_t n_certs;
    bool has_others;     /* not all were given as the chain */
    size_t n_signatures; /* looked at so far */
    bool is_used[512];
};

static bool is_issued_by(struct sorting *s, size_t subject, size_t issuer)
{
    const struct cert *one = s->certs[subject].cert, *other = s->certs[issuer].cert;

    if (subject == issuer || strcmp(cert_issuer(one), cert_subject(other)) != 0 ||
        s->n_signatures >= SIGNATURES_MAX)
        return false;
    s->n_signatures++;
    return cert_is_issued_by(one, other);
}

static bool issued_another(struct sorting *s, size_t which)
{
    for (size_t i = 0; i < s->n_certs; i++)
        if (is_issued_by(s, i, which))
            return true;
    return false;
}

/* Leaf first, then each one's issuer, up to one that signed itself or whose issuer is not here. */
static size_t walk_up(struct sorting *s, size_t leaf, size_t order[static CHAIN_MAX_CERTS])
{
    bool is_on_it[countof(s->is_used)] = { 0 };
    size_t n = 0, at = leaf;

    for (;;) {
        size_t next = s->n_certs;

        order[n++] = at;
        is_on_it[at] = s->is_used[at] = true;
        for (size_t i = 0; i < s->n_certs && next == s->n_certs; i++)
            if (!is_on_it[i] && is_issued_by(s, at, i))
                next = i;
        if (next == s->n_certs || n == CHAIN_MAX_CERTS || cert_is_self_signed(s->certs[at].cert))
            return n;
        at = next;
    }
}

static bool add_leaf(struct sorting *s, size_t leaf, size_t key, struct bundle *ret,
    struct err *err)
{
    struct span ders[CHAIN_MAX_CERTS];
    size_t order[CHAIN_MAX_CERTS];
    bool is_reordered = false;

    if (ret->n_leaves == BUNDLE_LEAVES_MAX)
        return fail(err, ERR_LIMIT, "there are more than %d certificates to keep",
            BUNDLE_LEAVES_MAX);
    size_t n = walk_up(s, leaf, order);

    for (size_t i = 0; i < n; i++) {
        ders[i] = cert_der(s->certs[order[i]].cert);
        is_reordered |= i > 0 && order[i] < order[i - 1];
    }
    struct bundle_leaf *added = &ret->leaves[ret->n_leaves];

    if (!chain_from_ders(ders, n, &added->chain, err))
        return false;
    added->key = key;
    added->is_reordered = is_reordered;
    ret->n_leaves++;
    return true;
}

/* The newest certificate of a key; n_certs where there is none. */
static size_t find_certificate(const struct sorting *s, const struct bundle_key *key)
{
    size_t best = s->n_certs;

    for (size_t i = 0; i < s->n_certs; i++) {
        const struct cert *cert = s->certs[i].cert;

        if ((s->certs[i].is_chain && s->has_others) || !cert_is_for_key(cert, key->spki_sha256))
            continue;
        if (best == s->n_certs || cert_not_before(cert) > cert_not_before(s->certs[best].cert))
            best = i;
    }
    return best;
}

static bool sort_by_keys(struct sorting *s, const struct bundle_key *keys, size_t n_keys,
    struct bundle *ret, struct err *err)
{
    for (size_t k = 0; k < n_keys; k++) {
        size_t leaf = find_certificate(s, &keys[k]);

        if (leaf == s->n_certs)
            return fail(err, ERR_INVALID,
                s->n_certs == 1 && n_keys == 1
                    ? "the private key does not belong to the certificate"
                    : "a private key belongs to none of the certificates");
        if (!add_leaf(s, leaf, k, ret, err))
            return false;
    }
    return true;
}

static bool sort_without_keys(struct sorting *s, struct bundle *ret, struct err *err)
{
    size_t n_tops = 0, top = 0;

    for (size_t i = 0; i < s->n_certs; i++) {
        if ((s->certs[i].is_chain && s->has_others) || issued_another(s, i))
            continue;
        if (cert_is_ca(s->certs[i].cert)) {
            top = n_tops++ == 0 ? i : top;
            continue;
        }
        if (!add_leaf(s, i, BUNDLE_NO_KEY, ret, err))
            return false;
    }
    if (ret->n_leaves > 0 || n_tops == 0)
        return true;
    if (n_tops > 1)
        return fail(err, ERR_INVALID,
            "there are %zu CA certificates that none of the others issued; bring one at a time",
            n_tops);
    return add_leaf(s, top, BUNDLE_NO_KEY, ret, err);
}

static bool sort(struct sorting *s, const struct bundle_key *keys, size_t n_keys,
    struct bundle *ret, struct err *err)
{
    if (n_keys > 0) {
        if (!sort_by_keys(s, keys, n_keys, ret, err))
            return false;
    } else if (!sort_without_keys(s, ret, err)) {
        return false;
    }
    if (s->n_signatures >= SIGNATURES_MAX)
        return fail(err, ERR_LIMIT, "there are too many certificates of the same issuer");
    if (ret->n_leaves == 0)
        return fail(err, ERR_INVALID, "the certificates issued each other in a circle");
    for (size_t i = 0; i < s->n_certs; i++)
        ret->n_extra += !s->is_used[i];
    return true;
}

bool bundle_sort(const struct bundle_cert *certs, size_t n_certs, const struct bundle_key *keys,
    size_t n_keys, struct bundle *ret, struct err *err)
{
    autodone(bundle) struct bundle bundle = { 0 };
    struct sorting s = { .certs = certs, .n_certs = n_certs };

    if (n_certs == 0)
        return fail(err, ERR_INVALID,
            n_keys > 0 ? "there is a private key, but no certificate" : "there is no certificate");
    if (n_certs > countof(s.is_used))
        return fail(err, ERR_LIMIT, "there are more than %zu certificates", countof(s.is_used));
    for (size_t i = 0; i < n_certs; i++)
        s.has_others |= !certs[i].is_chain;
    if (!sort(&s, keys, n_keys, &bundle, err))
        return false;
    *ret = bundle;
    bundle.n_leaves = 0;
    return true;
}

void bundle_done(struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->n_leaves; i++)
        chain_free(bundle->leaves[i].chain);
    bundle->n_leaves = 0;
}
