/*
 * x509/trust_store: X509_verify_cert() with a callback that lets everything pass and takes notes.
 *
 * OpenSSL stops at the first fault, and a chain that has ended and comes from nobody we know is,
 * above all, from nobody we know. So all are noted, and the weightiest is the verdict.
 */
#include "x509/trust_store.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/err.h"
#include "x509/cert_struct.h"
#include "x509/chain_struct.h"
#include "x509/name.h"
#include "x509/pem.h"
#include "x509/trust_judge.h"

static const char *const pem_labels[] = { "CERTIFICATE", "X509 CERTIFICATE", NULL };

struct trust_store {
    X509_STORE *store;
};

/* ---- anchors ---- */

static bool look_into(X509_STORE *store, const char *folder)
{
    X509_LOOKUP *const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());

    return lookup && X509_LOOKUP_add_dir(lookup, folder, X509_FILETYPE_PEM) == 1;
}

static const char *system_folder(void)
{
    const char *const named = getenv(X509_get_default_cert_dir_env());

    return named ? named : X509_get_default_cert_dir();
}

static bool add_anchors(X509_STORE *store, struct span pem, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
    bool found = true;

    while (found) {
        autofree(cert) struct cert *cert = NULL;

        if (!pem_next(&pem, pem_labels, &der, &found, err))
            return false;
        if (!found)
            return true;
        if (!cert_from_der(buf_span(&der), &cert, err))
            return false;
        /* What OpenSSL keeps of its extensions is worked out before threads share it. */
        (void)X509_check_purpose(cert->x509, -1, 0);
        X509_STORE_add_cert(store, cert->x509);
    }
    return true;
}

bool trust_store_new(const char *system_dir, struct span pem, struct trust_store **ret,
    struct err *err)
{
    autofree(trust_store) struct trust_store *store = xcalloc(1, sizeof *store);
    const char *const folder = system_dir ? system_dir : system_folder();

    store->store = X509_STORE_new();
    /* An intermediate or a leaf that an admin trusts is an anchor, too. */
    X509_STORE_set_flags(store->store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK);
    /* Signatures over MD5 and SHA-1 are worth nothing any more. */
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store->store), 1);
    /* Any policy suits us (RFC 5280, 6.1.1); without this OpenSSL takes it that none does. */
    X509_VERIFY_PARAM_add0_policy(X509_STORE_get0_param(store->store), OBJ_nid2obj(NID_any_policy));
    if (folder[0] && !look_into(store->store, folder)) {
        ERR_clear_error();
        return fail(err, ERR_INTERNAL, "could not look for trusted certificates in \"%s\"", folder);
    }
    if (!add_anchors(store->store, pem, err))
        return err_wrap(err, "the trusted certificates");
    *ret = take(&store);
    return true;
}

void trust_store_free(struct trust_store *store)
{
    if (!store)
        return;
    X509_STORE_free(store->store);
    free(store);
}

/* ---- verdicts ---- */

/* Heaviest first. */
static const enum chain_status by_weight[] = {
    CHAIN_BAD_SIGNATURE,
    CHAIN_SELF_SIGNED,
    CHAIN_UNTRUSTED_ROOT,
    CHAIN_INCOMPLETE,
    CHAIN_INVALID,
    CHAIN_EXPIRED,
    CHAIN_NOT_YET_VALID,
};

static enum chain_status status_of(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
        return CHAIN_BAD_SIGNATURE;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return CHAIN_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return CHAIN_UNTRUSTED_ROOT;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return CHAIN_INCOMPLETE;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return CHAIN_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CHAIN_NOT_YET_VALID;
    default:
        return CHAIN_INVALID;
    }
}

struct notes {
    struct {
        int code; /* the first X509_V_ERR_ of its kind; 0: none */
        int depth;
    } of[N_CHAIN_STATUS];
};

static int take_note(int ok, X509_STORE_CTX *ctx)
{
    struct notes *const notes = X509_STORE_CTX_get_app_data(ctx);
    const int code = X509_STORE_CTX_get_error(ctx);

    if (ok)
        return 1;
    const enum chain_status status = status_of(code);

    if (notes->of[status].code == 0) {
        notes->of[status].code = code;
        notes->of[status].depth = X509_STORE_CTX_get_error_depth(ctx);
    }
    return 1;
}

/* The earliest end along the path, whose last member, the anchor, does not count. */
static int64_t path_end(const STACK_OF(X509) * path, int64_t leaf_end)
{
    int64_t end = leaf_end;

    for (int i = 1; i < sk_X509_num(path) - 1; i++) {
        int64_t at = end;

        if (cert_read_instant(X509_get0_notAfter(sk_X509_value(path, i)), &at) && at < end)
            end = at;
    }
    return end;
}

static void explain(const struct notes *notes, enum chain_status status, X509_STORE_CTX *ctx,
    struct chain_verdict *ret)
{
    const int depth = notes->of[status].depth;
    X509 *const at = sk_X509_value(X509_STORE_CTX_get0_chain(ctx), depth);
    const char *const words = X509_verify_cert_error_string(notes->of[status].code);
    autodone(buf) struct buf name = BUF_INIT(4096);

    if (depth == 0 || !at) {
        (void)snprintf(ret->message, sizeof ret->message, "%s", words);
        return;
    }
    name_write(X509_get_subject_name(at), &name);
    name_cut(&name, 80);
    (void)snprintf(ret->message, sizeof ret->message, "%s (%s)", words, buf_text(&name));
}

static void conclude(const struct notes *notes, X509_STORE_CTX *ctx, struct chain_verdict *ret)
{
    for (size_t i = 0; i < countof(by_weight) && ret->status == CHAIN_TRUSTED; i++) {
        if (notes->of[by_weight[i]].code == 0)
            continue;
        ret->status = by_weight[i];
        explain(notes, by_weight[i], ctx, ret);
    }
    ret->is_complete_path =
        notes->of[CHAIN_BAD_SIGNATURE].code == 0 && notes->of[CHAIN_SELF_SIGNED].code == 0 &&
        notes->of[CHAIN_UNTRUSTED_ROOT].code == 0 && notes->of[CHAIN_INCOMPLETE].code == 0;
    if (ret->is_complete_path)
        ret->path_expires_at = path_end(X509_STORE_CTX_get0_chain(ctx), ret->path_expires_at);
}

static bool verify(X509 *leaf, X509_STORE_CTX *ctx, STACK_OF(X509) * sent,
    const struct trust_store *store, int64_t now, struct notes *notes)
{
    if (!X509_STORE_CTX_init(ctx, store->store, leaf, sent))
        return false;
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)now);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    X509_STORE_CTX_set_app_data(ctx, notes);
    X509_STORE_CTX_set_verify_cb(ctx, take_note);
    return X509_verify_cert(ctx) == 1;
}

void trust_store_judge(struct trust_store *store, X509 *leaf, STACK_OF(X509) * sent, int64_t now,
    struct chain_verdict *ret)
{
    X509_STORE_CTX *const ctx = X509_STORE_CTX_new();
    struct notes notes = { 0 };

    *ret = (struct chain_verdict){ .status = CHAIN_TRUSTED };
    ASSERT(ctx);
    (void)cert_read_instant(X509_get0_notAfter(leaf), &ret->path_expires_at);
    if (verify(leaf, ctx, sent, store, now, &notes)) {
        conclude(&notes, ctx, ret);
    } else {
        ret->status = CHAIN_INVALID;
        (void)snprintf(ret->message, sizeof ret->message, "%s",
            X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
}

void chain_verify(const struct chain *chain, struct trust_store *store, int64_t now,
    struct chain_verdict *ret)
{
    STACK_OF(X509) *const above = sk_X509_new_null();

    ASSERT(above);
    for (size_t i = 1; i < chain->n; i++)
        sk_X509_push(above, chain->certs[i]->x509);
    trust_store_judge(store, chain->certs[0]->x509, above, now, ret);
    sk_X509_free(above);
}
